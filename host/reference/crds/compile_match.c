/* The rows of Match selectors: host/reference/crds/rules.h.
 *
 * Keys are substituted, brought to normal form and sorted; the order of rows decides which names of a tie come first.
 */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/rules.h"

typedef struct row {
    const rp_literal *key; /* NULL: another key took its place */
    const rp_literal *value;
    const char **element;
    size_t count;
} row;

/* ---- substitutions ---- */

/* What crds.core.selectors substitutes in every mapping: GENERIC by N/A in the name of the subarray. */
static const rp_literal generic = {.kind = RP_LITERAL_TEXT, .text = "GENERIC", .length = 7},
                        na = {.kind = RP_LITERAL_TEXT, .text = "N/A", .length = 3};
static const rp_pair generic_pair = {&generic, &na};
static const rp_literal generic_dict = {.kind = RP_LITERAL_DICT, .pair = &generic_pair, .count = 1};

static const rp_literal *substitutions_of(const rp_compiler *c, const char *keyword)
{
    const rp_literal *own = rp_literal_get(c->substitutions, keyword);
    if (own)
        return own->kind == RP_LITERAL_DICT ? own : NULL;
    return strcmp(keyword, "META.SUBARRAY.NAME") == 0 || strcmp(keyword, "SUBARRAY") == 0 ? &generic_dict : NULL;
}

static const rp_literal *substitute(const rp_literal *substitutions, const rp_literal *value)
{
    for (size_t i = substitutions->count; i-- > 0;)
        if (rp_literal_equal(substitutions->pair[i].key, value))
            return substitutions->pair[i].value;
    return NULL;
}

/* The key with its element `which` replaced; NULL: no memory. */
static const rp_literal *replaced(rp_compiler *c, const rp_literal *key, size_t which, const rp_literal *by)
{
    if (key->kind != RP_LITERAL_TUPLE)
        return by;
    rp_literal *out = rp_arena_zero(&c->context->arena, 1, sizeof *out);
    const rp_literal **item = rp_arena_get(&c->context->arena, (key->count + 1) * sizeof *item);
    if (!out || !item)
        return NULL;
    memcpy(item, key->item, key->count * sizeof *item);
    item[which] = by;
    *out = *key;
    out->item = item;
    return out;
}

/* As in a Python dictionary: a key that exists already takes the value, and the old one disappears. */
static rp_code substitute_column(rp_compiler *c, row *rows, size_t *count, size_t which,
                                 const rp_literal *substitutions)
{
    const size_t before = *count;
    for (size_t i = 0; i < before; i++) {
        const rp_literal *key = rows[i].key;
        if (!key || (key->kind == RP_LITERAL_TUPLE && which >= key->count))
            continue;
        const rp_literal *by = substitute(substitutions, key->kind == RP_LITERAL_TUPLE ? key->item[which] : key);
        if (!by)
            continue;
        const rp_literal *made = replaced(c, key, which, by), *value = rows[i].value;
        if (!made)
            return rp_compile_no_memory(c);
        rows[i].key = NULL;
        size_t at = 0;
        while (at < *count && !(rows[at].key && rp_literal_equal(rows[at].key, made)))
            at++;
        if (at == *count)
            rows[(*count)++].key = made;
        rows[at].value = value;
    }
    return RP_OK;
}

/* ---- normal form ---- */

static void add_conditioned(rp_buffer *out, const char *text, size_t length)
{
    char *room = rp_buffer_room(out, length + RP_FLOAT_TEXT);
    if (room)
        out->size += rp_condition(room, text, length);
}

static bool condition_text(rp_arena *arena, rp_buffer *out, const char *text, size_t length)
{
    if (length > 1 && ((text[0] == '{' && text[length - 1] == '}') || (text[0] == '(' && text[length - 1] == ')'))) {
        rp_buffer_add(out, text, length);
        return true;
    }
    if (!strchr(text, '|')) {
        add_conditioned(out, text, length);
        return true;
    }
    size_t n;
    const char **part = rp_alternatives(arena, text, &n);
    for (size_t i = 0; part && i < n; i++) {
        if (i)
            rp_buffer_putc(out, '|');
        add_conditioned(out, part[i], strlen(part[i]));
    }
    return part != NULL;
}

const char *rp_condition_element(rp_arena *arena, const rp_literal *element)
{
    rp_buffer text = {0};
    bool good = true;
    if (element->kind == RP_LITERAL_TEXT)
        good = condition_text(arena, &text, element->text, element->length);
    else if (element->kind < RP_LITERAL_TEXT)
        add_conditioned(&text, element->text, element->length);
    for (size_t i = 0; element->kind > RP_LITERAL_TEXT && i < element->count; i++) {
        if (i)
            rp_buffer_putc(&text, '|');
        add_conditioned(&text, element->item[i]->text, element->item[i]->length);
    }
    const char *out = good ? rp_buffer_keep(&text, arena) : NULL;
    if (text.failed)
        out = NULL;
    rp_buffer_clear(&text);
    return out;
}

static rp_code condition_element(rp_compiler *c, const rp_literal *element, const char **out)
{
    if (element->kind > RP_LITERAL_LIST)
        return rp_compile_fail(c, element, "an element of a match key that is no text, number or tuple");
    *out = rp_condition_element(&c->context->arena, element);
    return *out ? RP_OK : rp_compile_no_memory(c);
}

static rp_code wrong_length(rp_compiler *c, const rp_selector *s, const row *r)
{
    rp_buffer key = {0};
    rp_literal_repr(&key, r->key);
    const rp_code code = rp_fail(c->err, RP_E_FORMAT, "%s:%d: Match key=%.300s is wrong length for parameters %.400s",
                                 c->mapping->name, r->key->line, rp_buffer_text(&key), s->slots_spelled);
    rp_buffer_clear(&key);
    return code;
}

static rp_code condition_row(rp_compiler *c, const rp_selector *s, row *r)
{
    const bool tuple = r->key->kind == RP_LITERAL_TUPLE;
    r->count = tuple ? r->key->count : 1;
    if (r->count < s->nslots)
        return wrong_length(c, s, r);
    r->element = rp_arena_zero(&c->context->arena, r->count + 1, sizeof *r->element);
    if (!r->element)
        return rp_compile_no_memory(c);
    rp_code code = RP_OK;
    for (size_t i = 0; i < r->count && !code; i++)
        code = condition_element(c, tuple ? r->key->item[i] : r->key, &r->element[i]);
    return code;
}

static int compare_rows(const void *a, const void *b)
{
    const row *x = a, *y = b;
    for (size_t i = 0; i < x->count && i < y->count; i++) {
        const int c = strcmp(x->element[i], y->element[i]);
        if (c)
            return c;
    }
    return (x->count > y->count) - (x->count < y->count);
}

/* crds 14.0.3 looks at the lengths of keys up to the first special element of a column; longer keys behind it are
 * taken, and their last elements mean nothing. */
static rp_code check_lengths(rp_compiler *c, const rp_selector *s, const row *rows, size_t count)
{
    for (size_t k = 0; k < (s->nslots ? s->nslots : 1); k++)
        for (size_t i = 0; i < count; i++) {
            if (rows[i].count != s->nslots)
                return wrong_length(c, s, &rows[i]);
            if (s->nslots && rp_is_esoteric(rows[i].element[k]))
                break;
        }
    return RP_OK;
}

static rp_code condition_rows(rp_compiler *c, const rp_selector *s, row *rows, size_t *count)
{
    size_t kept = 0;
    rp_code code = RP_OK;
    for (size_t i = 0; i < *count && !code; i++)
        if (rows[i].key) {
            rows[kept] = rows[i];
            code = condition_row(c, s, &rows[kept++]);
        }
    *count = kept;
    if (code)
        return code;
    qsort(rows, kept, sizeof *rows, compare_rows);
    for (size_t i = 1; i < kept; i++)
        if (compare_rows(&rows[i - 1], &rows[i]) == 0) {
            rp_buffer key = {0};
            rp_literal_repr(&key, rows[i].key);
            code = rp_fail(c->err, RP_E_FORMAT, "%s:%d: Key %.400s appears more than once", c->mapping->name,
                           rows[i].key->line, rp_buffer_text(&key));
            rp_buffer_clear(&key);
            return code;
        }
    return check_lengths(c, s, rows, kept);
}

/* ---- the lists of valid values ---- */

static rp_code list_values(rp_compiler *c, const rp_match *match, size_t nrows, size_t ncolumns, size_t which)
{
    rp_match_column *column = &match->column[which];
    const char **value = NULL;
    size_t n = 0, room = 0;
    rp_code code = RP_OK;
    for (size_t i = 0; i < nrows && !code && !column->unchecked; i++) {
        const char *element = match->element[i * ncolumns + which];
        column->unchecked = rp_is_esoteric(element);
        size_t parts;
        const char **part = rp_alternatives(&c->context->arena, element, &parts);
        for (size_t k = 0; part && k < parts && !code; k++) {
            if (rp_grow(&value, &room, n, sizeof *value))
                value[n++] = part[k];
            else
                code = rp_compile_no_memory(c);
        }
        if (!part)
            code = rp_compile_no_memory(c);
    }
    n = column->unchecked ? 0 : rp_names_sort(value, n);
    column->valid = rp_arena_zero(&c->context->arena, n + 1, sizeof *column->valid);
    rp_buffer complaint = {0};
    rp_buffer_puts(&complaint, " is not in [");
    for (size_t i = 0; i < n && column->valid && !code; i++) {
        column->valid[i] = value[i];
        column->has_na = column->has_na || strcmp(value[i], "N/A") == 0;
        column->unchecked = column->unchecked || column->has_na || !strcmp(value[i], "*") || !strcmp(value[i], "ANY");
        rp_buffer_puts(&complaint, i ? ", " : "");
        rp_python_quote(&complaint, value[i], strlen(value[i]));
    }
    rp_buffer_putc(&complaint, ']');
    column->nvalid = n;
    column->unchecked = column->unchecked || n == 0;
    column->complaint = rp_buffer_keep(&complaint, &c->context->arena);
    rp_buffer_clear(&complaint);
    free(value);
    return code || !c->context->arena.failed ? code : rp_compile_no_memory(c);
}

static rp_code name_column(rp_compiler *c, rp_match_column *column, const rp_literal *keyword)
{
    rp_buffer text = {0};
    rp_buffer_puts(&text, " parameter=");
    rp_python_quote(&text, keyword->text, keyword->length);
    rp_buffer_puts(&text, " value=");
    column->naming = rp_buffer_keep(&text, &c->context->arena);
    rp_buffer_clear(&text);
    return column->naming ? RP_OK : rp_compile_no_memory(c);
}

/* ---- all of it ---- */

static rp_code store_rows(rp_compiler *c, rp_selector *s, rp_match *match, const row *rows, size_t count,
                          const rp_literal *const *parkeys, size_t nparkeys)
{
    rp_arena *arena = &c->context->arena;
    const size_t n = s->nslots;
    match->words = (count + 63) / 64;
    match->column = rp_arena_zero(arena, n + 1, sizeof *match->column);
    match->pattern = rp_arena_zero(arena, count * n + 1, sizeof *match->pattern);
    match->element = rp_arena_zero(arena, count * n + 1, sizeof *match->element);
    s->choice = rp_arena_zero(arena, count + 1, sizeof *s->choice);
    if (arena->failed)
        return rp_compile_no_memory(c);
    s->nkeys = count;
    rp_code code = RP_OK;
    for (size_t i = 0; i < count && !code; i++) {
        for (size_t k = 0; k < n && !code; k++) {
            match->element[i * n + k] = rows[i].element[k];
            code =
                rp_pattern_compile(&match->pattern[i * n + k], arena, &c->context->regex, rows[i].element[k], c->err);
            if (code)
                rp_error_prefix(c->err, "%s:%d", c->mapping->name, rows[i].key->line);
        }
        if (!code)
            code = rp_compile_choice(c, &s->choice[i], rows[i].value, parkeys, nparkeys);
    }
    return code;
}

/* Values that the tables shall tell apart. */
static rp_code number_values(rp_compiler *c, const rp_selector *s, const rp_match *match)
{
    for (size_t k = 0; k < s->nslots; k++) {
        rp_intern *values = &c->instrument->slot[s->slot[k]].values;
        const rp_match_column *column = &match->column[k];
        for (size_t i = 0; i < column->nvalid; i++)
            if (!rp_intern_add(values, &c->context->arena, column->valid[i], strlen(column->valid[i])))
                return rp_compile_no_memory(c);
        for (size_t i = 0; i < s->nkeys; i++) {
            const rp_pattern *p = match->pattern[i * s->nslots + k];
            for (size_t j = 0; p->literal && j < p->nparts; j++)
                if (!rp_intern_add(values, &c->context->arena, p->part[j], strlen(p->part[j])))
                    return rp_compile_no_memory(c);
        }
    }
    return RP_OK;
}

rp_code rp_compile_match(rp_compiler *c, rp_selector *s, const rp_literal *keywords, const rp_pair *pair, size_t count,
                         const rp_literal *const *parkeys, size_t nparkeys)
{
    rp_code code = RP_OK;
    rp_match *match = rp_arena_zero(&c->context->arena, 1, sizeof *match);
    row *rows = calloc(2 * count + 1, sizeof *rows); /* a substitution adds at most one row for each that it takes */
    if (!match || !rows) {
        free(rows);
        return rp_compile_no_memory(c);
    }
    match->merges = c->merges;
    s->match = match;
    for (size_t i = 0; i < count; i++)
        rows[i] = (row){.key = pair[i].key, .value = pair[i].value};
    for (size_t k = 0; k < keywords->count && !code; k++) {
        const rp_literal *substitutions = substitutions_of(c, keywords->item[k]->text);
        size_t kept = 0;
        for (size_t i = 0; i < count; i++)
            if (rows[i].key)
                rows[kept++] = rows[i];
        count = kept;
        if (substitutions)
            code = substitute_column(c, rows, &count, k, substitutions);
    }
    if (!code)
        code = condition_rows(c, s, rows, &count);
    if (!code)
        code = store_rows(c, s, match, rows, count, parkeys, nparkeys);
    for (size_t k = 0; k < s->nslots && !code; k++) {
        code = name_column(c, &match->column[k], keywords->item[k]);
        match->column[k].substitutions = substitutions_of(c, keywords->item[k]->text);
        if (!code)
            code = list_values(c, match, count, s->nslots, k);
    }
    if (!code)
        code = number_values(c, s, match);
    free(rows);
    return code;
}
