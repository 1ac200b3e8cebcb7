/* Writing mappings: host/reference/crds/format.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/format.h"

/* ---- trees ---- */

bool rp_rows_tree_add(rp_arena *arena, rp_rows_tree *tree, struct rp_row row)
{
    if (tree->count == tree->room) {
        const size_t room = tree->room ? 2 * tree->room : 8;
        struct rp_row *wider = rp_arena_get(arena, room * sizeof *wider);
        if (!wider)
            return false;
        if (tree->count)
            memcpy(wider, tree->row, tree->count * sizeof *wider);
        tree->row = wider;
        tree->room = room;
    }
    tree->row[tree->count++] = row;
    return true;
}

rp_rows_tree *rp_rows_tree_make(rp_arena *arena, const rp_literal *call)
{
    size_t count;
    rp_rows_tree *tree = rp_arena_zero(arena, 1, sizeof *tree);
    const rp_pair *pair = rp_literal_unique(arena, call->item[0], &count, NULL, NULL);
    if (!tree || !pair)
        return NULL;
    tree->class_name = call->text;
    for (size_t i = 0; i < count; i++) {
        struct rp_row row = {.key = pair[i].key};
        if (pair[i].value->kind == RP_LITERAL_CALL)
            row.nested = rp_rows_tree_make(arena, pair[i].value);
        else
            row.value = pair[i].value;
        if ((!row.value && !row.nested) || !rp_rows_tree_add(arena, tree, row))
            return NULL;
    }
    return tree;
}

/* ---- text ---- */

static void indent(rp_buffer *out, size_t depth)
{
    for (size_t i = 0; i < depth; i++)
        rp_buffer_puts(out, "    ");
}

static const rp_literal *field(const rp_literal *key, size_t i)
{
    return key->kind == RP_LITERAL_TUPLE ? key->item[i] : key;
}

static int compare_rows(const void *a, const void *b)
{
    const rp_literal *x = ((const struct rp_row *)a)->key, *y = ((const struct rp_row *)b)->key;
    const size_t nx = x->kind == RP_LITERAL_TUPLE ? x->count : 1, ny = y->kind == RP_LITERAL_TUPLE ? y->count : 1;
    for (size_t i = 0; i < nx && i < ny; i++) {
        const int c = strcmp(field(x, i)->text, field(y, i)->text);
        if (c)
            return c;
    }
    return (nx > ny) - (nx < ny);
}

static void put_tree(rp_buffer *out, const rp_rows_tree *tree, size_t depth)
{
    rp_buffer_puts(out, tree->class_name);
    rp_buffer_puts(out, "({\n");
    if (tree->count)
        qsort(tree->row, tree->count, sizeof *tree->row, compare_rows);
    for (size_t i = 0; i < tree->count; i++) {
        indent(out, depth + 1);
        rp_literal_repr(out, tree->row[i].key);
        rp_buffer_puts(out, " : ");
        if (tree->row[i].nested)
            put_tree(out, tree->row[i].nested, depth + 1);
        else
            rp_literal_repr(out, tree->row[i].value);
        rp_buffer_puts(out, ",\n");
    }
    indent(out, depth);
    rp_buffer_puts(out, "})");
}

static int compare_pairs(const void *a, const void *b)
{
    const struct rp_row x = {.key = ((const rp_pair *)a)->key}, y = {.key = ((const rp_pair *)b)->key};
    return compare_rows(&x, &y);
}

/* crds 14.0.3: dictionaries are sorted, and the brackets of nested ones are indented less than their place. */
static void put_dict(rp_buffer *out, const rp_pair *pair, size_t count, size_t depth)
{
    rp_pair *sorted = malloc((count + 1) * sizeof *sorted);
    if (!sorted) {
        rp_buffer_fail(out);
        return;
    }
    memcpy(sorted, pair, count * sizeof *sorted);
    if (count)
        qsort(sorted, count, sizeof *sorted, compare_pairs);
    rp_buffer_puts(out, "{\n");
    for (size_t i = 0; i < count; i++) {
        indent(out, depth + 1);
        rp_literal_repr(out, sorted[i].key);
        rp_buffer_puts(out, " : ");
        if (sorted[i].value->kind == RP_LITERAL_DICT)
            put_dict(out, sorted[i].value->pair, sorted[i].value->count, depth + 1);
        else
            rp_literal_repr(out, sorted[i].value);
        rp_buffer_puts(out, ",\n");
    }
    indent(out, depth);
    rp_buffer_putc(out, '}');
    free(sorted);
}

static rp_literal text_literal(const char *text)
{
    return (rp_literal){.kind = RP_LITERAL_TEXT, .text = text, .length = strlen(text)};
}

/* The header's pairs with changes; `room` holds the literals that they need. */
static size_t changed_header(rp_pair *out, rp_literal *room, const rp_mapping *mapping, const rp_header_change *change,
                             size_t nchanges)
{
    const rp_literal *header = mapping->module.header;
    size_t n = 0;
    for (size_t i = 0; i < header->count; i++)
        if (rp_literal_get(header, header->pair[i].key->text) == header->pair[i].value) /* the last of repeated ones */
            out[n++] = header->pair[i];
    for (size_t i = 0; i < nchanges; i++) {
        rp_literal *key = &room[2 * i], *value = key + 1;
        *key = text_literal(change[i].key);
        *value = text_literal(change[i].value);
        size_t at = 0;
        while (at < n && !rp_literal_is(out[at].key, change[i].key))
            at++;
        out[at] = (rp_pair){key, value};
        n += at == n;
    }
    return n;
}

static void put_mapping(rp_buffer *out, const rp_mapping *mapping, const rp_header_change *change, size_t nchanges,
                        const rp_rows_tree *tree, const rp_pair *entry, size_t nentries)
{
    const size_t most = mapping->module.header->count + nchanges + 1;
    rp_pair *header = malloc(most * sizeof *header);
    rp_literal *room = malloc((2 * nchanges + 1) * sizeof *room);
    if (header && room) {
        const size_t n = changed_header(header, room, mapping, change, nchanges);
        rp_buffer_puts(out, "header = ");
        put_dict(out, header, n, 0);
        if (mapping->module.comment && mapping->module.comment->length) {
            rp_buffer_puts(out, "\n\ncomment = \"\"\"");
            rp_buffer_puts(out, mapping->module.comment->text);
            rp_buffer_puts(out, "\"\"\"");
        }
        rp_buffer_puts(out, "\n\nselector = ");
        if (tree)
            put_tree(out, tree, 0);
        else
            put_dict(out, entry, nentries, 0);
        rp_buffer_putc(out, '\n');
    } else {
        rp_buffer_fail(out);
    }
    free(header);
    free(room);
}

bool rp_mapping_format(rp_buffer *out, const rp_mapping *mapping, const rp_header_change *change, size_t nchanges,
                       const rp_rows_tree *tree, const rp_pair *entry, size_t nentries)
{
    char sum[RP_SHA1_TEXT] = "";
    rp_header_change all[16];
    if (nchanges + 1 > sizeof all / sizeof *all)
        return false;
    if (nchanges)
        memcpy(all, change, nchanges * sizeof *all);
    all[nchanges] = (rp_header_change){"sha1sum", sum};
    /* Twice: the sum is over all lines but its own. */
    put_mapping(out, mapping, all, nchanges + 1, tree, entry, nentries);
    rp_sha1_mapping(sum, rp_buffer_text(out), out->size);
    out->size = 0;
    put_mapping(out, mapping, all, nchanges + 1, tree, entry, nentries);
    return !out->failed;
}
