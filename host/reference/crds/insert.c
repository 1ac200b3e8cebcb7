/* Inserting references: host/reference/crds/insert.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/insert.h"
#include "host/reference/crds/query_impl.h"
#include "host/reference/crds/version.h"
#include "host/reference/crds/walk.h"

/* ---- the header ---- */

static const rp_instrument *find_instrument(const rp_context *context, const char *name)
{
    for (size_t i = 0; i < context->ninstruments; i++)
        if (strcmp(context->instrument[i].name, name) == 0)
            return &context->instrument[i];
    return NULL;
}

static bool define(rp_reference_header *header, const char *name)
{
    return rp_reference_header_get(header, name) || rp_reference_header_set(header, name, "UNDEFINED");
}

static bool define_all(rp_reference_header *header, const rp_literal *names)
{
    bool good = true;
    for (size_t i = 0; names && names->item && i < names->count; i++)
        good = good && (names->item[i]->kind == RP_LITERAL_TEXT ? define(header, names->item[i]->text)
                                                                : define_all(header, names->item[i]));
    return good;
}

static rp_code mark(rp_reference_header *header, const rp_context *context, const rp_instrument *in,
                    const rp_rule *rule, const char *path, rp_error *err)
{
    rp_query *query = NULL;
    const char *why = NULL;
    bool *irrelevant = calloc(rule->nparkeys + 1, sizeof *irrelevant);
    rp_code code = irrelevant ? rp_query_new(&query, context, err) : rp_fail(err, RP_E_MEMORY, "no memory");
    if (!code && !rp_query_irrelevant(query, in, rule, header->item, header->count, irrelevant, &why))
        code = rp_fail(err, RP_E_FORMAT, "%s: parkey_relevance of %s fails: %s", path, rule->mapping->name, why);
    for (size_t i = 0; i < rule->nparkeys && !code; i++)
        if (irrelevant[i] && !rp_reference_header_set(header, in->slot[rule->parkey[i].slot].name, "N/A"))
            code = rp_fail(err, RP_E_MEMORY, "%s: no memory for its header", path);
    const rp_literal *extra = code ? NULL : rp_literal_get(rule->mapping->module.header, "extra_keys");
    for (size_t i = 0; extra && extra->item && i < extra->count && !code; i++)
        if (!rp_reference_header_set(header, extra->item[i]->text, "N/A"))
            code = rp_fail(err, RP_E_MEMORY, "%s: no memory for its header", path);
    rp_query_free(query);
    free(irrelevant);
    return code;
}

rp_code rp_insert_header(rp_reference_header *header, const rp_context *context, const char *instrument,
                         const char *type, const char *path, rp_error *err)
{
    const rp_instrument *in = find_instrument(context, instrument);
    const uint32_t number = in ? rp_intern_find(&in->type_number, type, strlen(type)) : 0;
    const rp_rule *rule = number ? &in->rule[number - 1] : NULL;
    if (!rule || rule->special)
        return rp_fail(err, RP_E_MISSING, "%s: %s has no rmap for %s %s that it could go into", path, context->name,
                       instrument, type);
    rp_code code = rp_reference_header_translate(header, rule->mapping, path, err);
    if (code)
        return code;
    if (!define_all(header, rp_literal_get(rule->mapping->module.header, "parkey")))
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its header", path);
    return mark(header, context, in, rule, path, err);
}

/* ---- keys ---- */

typedef struct insertion {
    rp_arena *arena;
    const rp_mapping *rmap;
    const rp_reference_header *header;
    const rp_literal *file, *comments;
    rp_insertion how;
    const char *replaced;
    rp_error *err;
} insertion;

static rp_code no_memory(const insertion *in)
{
    return rp_fail(in->err, RP_E_MEMORY, "%s: no memory to insert a reference", in->rmap->name);
}

static rp_literal *new_text(rp_arena *arena, const char *text, size_t length)
{
    rp_literal *out = rp_arena_zero(arena, 1, sizeof *out);
    char *kept = rp_arena_copy(arena, text, length);
    if (!out || !kept)
        return NULL;
    *out = (rp_literal){.kind = RP_LITERAL_TEXT, .text = kept, .length = length};
    return out;
}

/* "A |B|" is "A|B". */
static rp_literal *compressed(rp_arena *arena, const char *text)
{
    size_t n;
    const char **part = rp_alternatives(arena, text, &n);
    rp_buffer joined = {0};
    for (size_t i = 0; part && i < n; i++) {
        rp_buffer_puts(&joined, i ? "|" : "");
        rp_buffer_puts(&joined, part[i]);
    }
    rp_literal *out = part ? new_text(arena, rp_buffer_text(&joined), joined.size) : NULL;
    rp_buffer_clear(&joined);
    return out;
}

static const char *value_of(const insertion *in, const rp_literal *keyword)
{
    const char *value = rp_reference_header_get(in->header, keyword->text);
    return value ? value : "UNDEFINED";
}

static rp_literal *match_key(const insertion *in, const rp_literal *keywords)
{
    rp_literal *tuple = rp_arena_zero(in->arena, 1, sizeof *tuple);
    const rp_literal **item = rp_arena_zero(in->arena, keywords->count + 1, sizeof *item);
    if (!tuple || !item)
        return NULL;
    for (size_t i = 0; i < keywords->count; i++)
        if (!(item[i] = compressed(in->arena, value_of(in, keywords->item[i]))))
            return NULL;
    *tuple = (rp_literal){.kind = RP_LITERAL_TUPLE, .text = "", .item = item, .count = keywords->count};
    rp_literal *single = (rp_literal *)(keywords->count == 1 ? item[0] : tuple);
    return single;
}

static rp_literal *joined_key(const insertion *in, const rp_literal *keywords, char between)
{
    rp_buffer text = {0};
    for (size_t i = 0; i < keywords->count; i++) {
        if (i)
            rp_buffer_putc(&text, between);
        rp_buffer_puts(&text, value_of(in, keywords->item[i]));
    }
    rp_literal *out = between == '.' ? compressed(in->arena, rp_buffer_text(&text))
                                     : new_text(in->arena, rp_buffer_text(&text), text.size);
    rp_buffer_clear(&text);
    return out;
}

static rp_code make_key(insertion *in, rp_selector_class class, const rp_literal *keywords, const rp_literal **out)
{
    char text[RP_FLOAT_TEXT];
    double number;
    rp_literal *key = class == RP_USE_AFTER || class == RP_CLOSEST_TIME ? joined_key(in, keywords, ' ')
                      : class == RP_VERSION_AFTER                       ? joined_key(in, keywords, '.')
                                                                        : match_key(in, keywords);
    if (!key)
        return no_memory(in);
    *out = key;
    if (class != RP_NEAREST && class != RP_BRACKET)
        return RP_OK;
    const char *value = value_of(in, keywords->item[0]);
    if (!rp_python_parse_float(value, strlen(value), &number))
        return rp_fail(in->err, RP_E_FORMAT, "%s: %s is '%.100s', not a number", in->file->text,
                       keywords->item[0]->text, value);
    key = new_text(in->arena, text, rp_python_float(text, number));
    if (!key)
        return no_memory(in);
    key->kind = RP_LITERAL_FLOAT;
    key->number = number;
    *out = key;
    return RP_OK;
}

/* ---- equal keys ---- */

static const rp_literal *field(const rp_literal *key, size_t i)
{
    return key->kind == RP_LITERAL_TUPLE ? key->item[i] : key;
}

static size_t fields(const rp_literal *key)
{
    return key->kind == RP_LITERAL_TUPLE ? key->count : 1;
}

static bool is_comment(const insertion *in, const char *keyword)
{
    for (size_t i = 0; in->comments && in->comments->item && i < in->comments->count; i++)
        if (rp_same_letters(in->comments->item[i]->text, keyword))
            return true;
    return false;
}

static bool same_match_key(const insertion *in, const rp_literal *keywords, const rp_literal *a, const rp_literal *b)
{
    if (fields(a) != fields(b))
        return false;
    for (size_t i = 0; i < fields(a); i++) {
        const char *x = rp_condition_element(in->arena, field(a, i)), *y = rp_condition_element(in->arena, field(b, i));
        if (!x || !y || (strcmp(x, y) != 0 && !is_comment(in, keywords->item[i]->text)))
            return false;
    }
    return true;
}

static bool same_key(const insertion *in, rp_selector_class class, const rp_literal *keywords, const rp_literal *a,
                     const rp_literal *b)
{
    rp_version x, y;
    if (class == RP_MATCH)
        return same_match_key(in, keywords, a, b);
    if (class == RP_VERSION_AFTER && rp_version_parse(&x, a->text, a->length) &&
        rp_version_parse(&y, b->text, b->length))
        return rp_version_compare(&x, &y) == 0;
    return rp_literal_equal(a, b);
}

/* ---- equal weight ---- */

static bool contains(rp_arena *arena, const char *more, const char *less)
{
    size_t n, m;
    const char **a = rp_alternatives(arena, more, &n), **b = rp_alternatives(arena, less, &m);
    if (!a || !b || n <= m)
        return false;
    for (size_t i = 0; i < m; i++)
        if (!bsearch(&b[i], a, n, sizeof *a, rp_compare_names))
            return false;
    return true;
}

/* crds.core.selectors: match_superset and different_match_weight of two keys in normal form. */
static bool covers(rp_arena *arena, const char *const *super, const char *const *sub, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *a = super[i], *b = sub[i];
        if (!strcmp(a, b) || !strcmp(a, "*") || !strcmp(b, "N/A") || (!strcmp(a, "N/A") && !strcmp(b, "*")))
            continue;
        if (!strcmp(b, "*") || !contains(arena, a, b))
            return false;
    }
    return true;
}

static bool same_weight(const char *const *super, const char *const *sub, size_t n)
{
    long difference = 0;
    for (size_t i = 0; i < n; i++)
        difference += (strcmp(sub[i], "N/A") != 0) - (strcmp(super[i], "N/A") != 0);
    return difference == 0;
}

static const char **conditioned(rp_arena *arena, const rp_literal *key)
{
    const char **out = rp_arena_zero(arena, fields(key) + 1, sizeof *out);
    for (size_t i = 0; out && i < fields(key); i++)
        if (!(out[i] = rp_condition_element(arena, field(key, i))))
            return NULL;
    return out;
}

static rp_code check_overlaps(insertion *in, const rp_rows_tree *tree, const rp_literal *key)
{
    const char **own = conditioned(in->arena, key);
    if (!own)
        return no_memory(in);
    for (size_t i = 0; i < tree->count; i++) {
        const size_t n = fields(key);
        if (fields(tree->row[i].key) != n)
            continue;
        const char **other = conditioned(in->arena, tree->row[i].key);
        if (!other)
            return no_memory(in);
        bool equal = true;
        for (size_t k = 0; k < n; k++)
            equal = equal && strcmp(own[k], other[k]) == 0;
        if (equal || !covers(in->arena, other, own, n) || !same_weight(other, own, n))
            continue;
        rp_buffer text = {0};
        rp_literal_repr(&text, key);
        rp_buffer_puts(&text, " is an equal weight special case of ");
        rp_literal_repr(&text, tree->row[i].key);
        const rp_code code = rp_fail(in->err, RP_E_MISMATCH, "%s: match case %.600s of %s; change its parameters",
                                     in->file->text, rp_buffer_text(&text), in->rmap->name);
        rp_buffer_clear(&text);
        return code;
    }
    return RP_OK;
}

/* ---- the tree ---- */

static rp_code class_at(insertion *in, size_t depth, rp_selector_class *class, size_t *levels)
{
    static const char *const usual[] = {"Match", "UseAfter"};
    const rp_literal *classes = rp_literal_get(in->rmap->module.header, "classes");
    const char *name = NULL;
    if (!classes) { /* early rmaps say nothing, and have as many levels as parkey */
        *levels = rp_keywords_at(in->rmap, 1) ? 2 : 1;
        name = depth < *levels ? usual[depth] : NULL;
    } else if (classes->kind == RP_LITERAL_TUPLE || classes->kind == RP_LITERAL_LIST) {
        *levels = classes->count;
        name = depth < classes->count ? classes->item[depth]->text : NULL;
    }
    const rp_literal *keywords = rp_keywords_at(in->rmap, depth);
    if (!name || !rp_selector_find(name, class) || !keywords)
        return rp_fail(in->err, RP_E_FORMAT, "%s: its classes and parkey do not fit; it cannot be extended",
                       in->rmap->name);
    return RP_OK;
}

static rp_code new_tree(insertion *in, size_t depth, rp_rows_tree **out)
{
    rp_selector_class class = RP_MATCH;
    size_t levels = 0;
    const rp_literal *key = NULL;
    rp_code code = class_at(in, depth, &class, &levels);
    if (!code)
        code = make_key(in, class, rp_keywords_at(in->rmap, depth), &key);
    rp_rows_tree *tree = code ? NULL : rp_arena_zero(in->arena, 1, sizeof *tree);
    if (code)
        return code;
    struct rp_row row = {.key = key, .value = in->file};
    if (depth + 1 < levels) {
        row.value = NULL;
        code = new_tree(in, depth + 1, &row.nested);
    }
    if (code)
        return code;
    if (!tree || !rp_rows_tree_add(in->arena, tree, row))
        return no_memory(in);
    tree->class_name = rp_selector_name(class);
    *out = tree;
    return RP_OK;
}

static rp_code put_into(insertion *in, rp_rows_tree *tree, size_t depth)
{
    rp_selector_class class = RP_MATCH;
    size_t levels = 0, at = 0;
    const rp_literal *key = NULL, *keywords = rp_keywords_at(in->rmap, depth);
    rp_code code = class_at(in, depth, &class, &levels);
    if (!code && (strcmp(rp_selector_name(class), tree->class_name) != 0))
        code = rp_fail(in->err, RP_E_FORMAT, "%s: has a %s where its classes say %s", in->rmap->name, tree->class_name,
                       rp_selector_name(class));
    if (!code)
        code = make_key(in, class, keywords, &key);
    if (!code && class == RP_MATCH)
        code = check_overlaps(in, tree, key);
    if (code)
        return code;
    while (at < tree->count && !same_key(in, class, keywords, tree->row[at].key, key))
        at++;
    struct rp_row *row = at < tree->count ? &tree->row[at] : NULL;
    if (row && row->nested && depth + 1 < levels)
        return put_into(in, row->nested, depth + 1);
    struct rp_row made = {.key = key, .value = in->file};
    if (depth + 1 < levels) {
        made.value = NULL;
        code = new_tree(in, depth + 1, &made.nested);
        if (code)
            return code;
        made.key = row ? row->key : key;
    }
    if (row) {
        in->replaced = row->value ? row->value->text : NULL;
        in->how = RP_INSERT_REPLACES;
        *row = made;
        return RP_OK;
    }
    in->how = depth ? RP_INSERT_NEW_DATE : RP_INSERT_NEW_CASE;
    return rp_rows_tree_add(in->arena, tree, made) ? RP_OK : no_memory(in);
}

rp_code rp_insert_reference(rp_arena *arena, rp_rows_tree *tree, const rp_mapping *rmap,
                            const rp_reference_header *header, const char *file, rp_insertion *how,
                            const char **replaced, rp_error *err)
{
    insertion in = {.arena = arena,
                    .rmap = rmap,
                    .header = header,
                    .file = new_text(arena, file, strlen(file)),
                    .comments = rp_literal_get(rmap->module.header, "comment_parkeys"),
                    .err = err};
    const rp_code code = in.file ? put_into(&in, tree, 0) : no_memory(&in);
    *how = in.how;
    *replaced = in.replaced;
    return code;
}
