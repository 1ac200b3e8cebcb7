/* Selectors from their text, Match left to compile_match.c: host/reference/crds/rules.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/rules.h"
#include "host/reference/crds/version.h"

static const char *const class_names[] = {
    "Match", "UseAfter", "VersionAfter", "SelectVersion", "ClosestTime", "GeometricallyNearest", "Bracket"};

const char *rp_selector_name(rp_selector_class class)
{
    return class_names[class];
}

bool rp_selector_find(const char *name, rp_selector_class *class)
{
    for (size_t i = 0; i < sizeof class_names / sizeof *class_names; i++)
        if (strcmp(name, class_names[i]) == 0) {
            *class = (rp_selector_class)i;
            return true;
        }
    return false;
}

bool rp_selector_merges(rp_selector_class class)
{
    return class == RP_USE_AFTER || class == RP_VERSION_AFTER || class == RP_CLOSEST_TIME;
}

rp_code rp_compile_fail(const rp_compiler *c, const rp_literal *at, const char *what)
{
    return rp_fail(c->err, RP_E_FORMAT, "%s:%d: %s", c->mapping->name, at ? at->line : 1, what);
}

rp_code rp_compile_no_memory(const rp_compiler *c)
{
    return rp_fail(c->err, RP_E_MEMORY, "%s: no memory for its rules", c->mapping->name);
}

/* ---- choices ---- */

static const char *python_type(const rp_literal *value)
{
    static const char *const names[] = {"NoneType", "bool", "int", "float", "str", "tuple", "list", "dict"};
    return value->kind < RP_LITERAL_CALL ? names[value->kind] : "object";
}

static rp_code compile_tuple(rp_compiler *c, rp_choice *out, const rp_literal *value)
{
    rp_choice *item = rp_arena_zero(&c->context->arena, value->count + 1, sizeof *item);
    if (!item)
        return rp_compile_no_memory(c);
    *out = (rp_choice){.kind = RP_CHOICE_TUPLE, .text = python_type(value), .item = item, .count = value->count};
    for (size_t i = 0; i < value->count; i++) {
        item[i].kind = value->item[i]->kind == RP_LITERAL_TEXT ? RP_CHOICE_TEXT : RP_CHOICE_ODD;
        item[i].text = item[i].kind == RP_CHOICE_TEXT ? value->item[i]->text : python_type(value->item[i]);
        if (item[i].kind == RP_CHOICE_ODD)
            out->kind = RP_CHOICE_ODD;
    }
    return RP_OK;
}

rp_code rp_compile_choice(rp_compiler *c, rp_choice *out, const rp_literal *value, const rp_literal *const *parkeys,
                          size_t nparkeys)
{
    *out = (rp_choice){.kind = RP_CHOICE_TEXT, .text = value->text};
    if (value->kind == RP_LITERAL_CALL) {
        out->kind = RP_CHOICE_NESTED;
        return rp_compile_selector(c, value, parkeys + 1, nparkeys - 1, &out->selector);
    }
    if (value->kind == RP_LITERAL_TUPLE || value->kind == RP_LITERAL_LIST)
        return compile_tuple(c, out, value);
    if (value->kind != RP_LITERAL_TEXT) {
        out->kind = RP_CHOICE_ODD;
        out->text = python_type(value);
    }
    return RP_OK;
}

/* ---- keys ---- */

/* A key on its way into order. */
typedef struct keyed {
    const rp_literal *key;
    const char *text;
    double number;
    rp_version version;
    rp_relation relation;
    rp_choice choice;
} keyed;

static int compare_texts(const void *a, const void *b)
{
    return strcmp(((const keyed *)a)->text, ((const keyed *)b)->text);
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = ((const keyed *)a)->number, y = ((const keyed *)b)->number;
    return (x > y) - (x < y);
}

static int compare_versions(const void *a, const void *b)
{
    return rp_version_compare(&((const keyed *)a)->version, &((const keyed *)b)->version);
}

static int compare_relations(const void *a, const void *b)
{
    return rp_relation_compare(&((const keyed *)a)->relation, &((const keyed *)b)->relation);
}

static int (*comparison(const rp_selector *s))(const void *, const void *)
{
    switch (s->class) {
    case RP_BRACKET:
        return s->key_error ? compare_texts : compare_numbers;
    case RP_VERSION_AFTER:
        return compare_versions;
    case RP_SELECT_VERSION:
        return compare_relations;
    default:
        return compare_texts;
    }
}

static rp_code read_bracket_key(rp_compiler *c, rp_selector *s, keyed *k)
{
    k->number = k->key->number;
    if (k->key->kind == RP_LITERAL_TEXT)
        s->key_error = "'>' not supported between instances of 'float' and 'str'";
    else if (k->key->kind == RP_LITERAL_TUPLE)
        return rp_compile_fail(c, k->key, "a key of Bracket is a number");
    return RP_OK;
}

static rp_code read_nearest_key(rp_compiler *c, rp_selector *s, keyed *k)
{
    rp_arena *arena = &c->context->arena;
    char *text = rp_arena_get(arena, k->key->length + RP_FLOAT_TEXT);
    if (!text)
        return rp_compile_no_memory(c);
    k->text = text;
    const size_t n = rp_condition(text, k->key->text, k->key->length);
    if (rp_python_parse_float(text, n, &k->number) || s->key_error)
        return RP_OK;
    rp_buffer why = {0};
    rp_buffer_puts(&why, "could not convert string to float: ");
    rp_python_quote(&why, text, n);
    s->key_error = rp_buffer_keep(&why, arena);
    rp_buffer_clear(&why);
    return s->key_error ? RP_OK : rp_compile_no_memory(c);
}

static rp_code read_key(rp_compiler *c, rp_selector *s, keyed *k)
{
    rp_error why = {0};
    k->text = k->key->text;
    switch (s->class) {
    case RP_BRACKET:
        return read_bracket_key(c, s, k);
    case RP_NEAREST:
        return read_nearest_key(c, s, k);
    case RP_VERSION_AFTER:
        if (k->key->kind != RP_LITERAL_TEXT || !rp_version_parse(&k->version, k->key->text, k->key->length))
            return rp_compile_fail(c, k->key, "a key of VersionAfter that is no version");
        return RP_OK;
    case RP_SELECT_VERSION:
        if (!rp_relation_parse(&k->relation, &c->context->arena, k->key->text, k->key->length, &why))
            return rp_fail(c->err, why.code, "%s:%d: %s", c->mapping->name, k->key->line, why.text);
        return RP_OK;
    default:
        return k->key->kind == RP_LITERAL_TEXT ? RP_OK : rp_compile_fail(c, k->key, "a date that is not a text");
    }
}

/* Keys that were different texts may be the same version or number. */
static rp_code check_order(rp_compiler *c, const rp_selector *s, const keyed *k, size_t count)
{
    int (*compare)(const void *, const void *) = comparison(s);
    for (size_t i = 1; i < count; i++) {
        if (compare(&k[i - 1], &k[i]) == 0)
            return rp_fail(c->err, RP_E_FORMAT, "%s:%d: Key '%.100s' appears more than once", c->mapping->name,
                           k[i].key->line, k[i].key->text);
        if (s->class == RP_SELECT_VERSION && k[i].relation.is_tuple != k[0].relation.is_tuple)
            return rp_fail(c->err, RP_E_FORMAT, "%s:%d: Incompatible version expression types: %s and %s",
                           c->mapping->name, k[i].key->line, k[i].relation.spelling, k[0].relation.spelling);
    }
    return RP_OK;
}

static bool make_room(rp_compiler *c, rp_selector *s, size_t count)
{
    rp_arena *arena = &c->context->arena;
    s->choice = rp_arena_zero(arena, count + 1, sizeof *s->choice);
    s->text = rp_arena_zero(arena, count + 1, sizeof *s->text);
    s->number = rp_arena_zero(arena, count + 1, sizeof *s->number);
    if (s->class == RP_VERSION_AFTER)
        s->version = rp_arena_zero(arena, count + 1, sizeof *s->version);
    if (s->class == RP_SELECT_VERSION)
        s->relation = rp_arena_zero(arena, count + 1, sizeof *s->relation);
    if (s->class == RP_CLOSEST_TIME)
        s->time = rp_arena_zero(arena, count + 1, sizeof *s->time);
    return !arena->failed;
}

static rp_code store_time(rp_compiler *c, rp_selector *s, size_t i)
{
    rp_buffer why = {0};
    if (!rp_date_parse(&s->time[i], s->text[i], strlen(s->text[i]), &why) && !s->key_error)
        s->key_error = rp_buffer_keep(&why, &c->context->arena);
    rp_buffer_clear(&why);
    return c->context->arena.failed ? rp_compile_no_memory(c) : RP_OK;
}

static rp_code compile_keys(rp_compiler *c, rp_selector *s, const rp_pair *pair, size_t count,
                            const rp_literal *const *parkeys, size_t nparkeys)
{
    rp_code code = RP_OK;
    keyed *k = calloc(count + 1, sizeof *k);
    if (!k)
        return rp_compile_no_memory(c);
    for (size_t i = 0; i < count && !code; i++) {
        k[i].key = pair[i].key;
        code = read_key(c, s, &k[i]);
        if (!code)
            code = rp_compile_choice(c, &k[i].choice, pair[i].value, parkeys, nparkeys);
    }
    if (!code) {
        qsort(k, count, sizeof *k, comparison(s));
        code = check_order(c, s, k, count);
    }
    if (!code && !make_room(c, s, count))
        code = rp_compile_no_memory(c);
    s->nkeys = count;
    s->plain = true;
    for (size_t i = 0; i < count && !code; i++) {
        s->choice[i] = k[i].choice;
        s->plain = s->plain && k[i].choice.kind == RP_CHOICE_TEXT;
        s->text[i] = k[i].text;
        s->number[i] = s->class == RP_NEAREST ? (double)(float)k[i].number : k[i].number;
        if (s->version)
            s->version[i] = k[i].version;
        if (s->relation)
            s->relation[i] = k[i].relation;
        if (s->time)
            code = store_time(c, s, i);
    }
    free(k);
    return code;
}

/* ---- the selector ---- */

static rp_code set_slots(rp_compiler *c, rp_selector *s, const rp_literal *keywords)
{
    rp_arena *arena = &c->context->arena;
    size_t *slot = rp_arena_zero(arena, keywords->count + 1, sizeof *slot);
    rp_buffer spelled = {0};
    if (!slot)
        return rp_compile_no_memory(c);
    rp_buffer_putc(&spelled, '(');
    for (size_t i = 0; i < keywords->count; i++) {
        const rp_literal *name = keywords->item[i];
        if (name->kind != RP_LITERAL_TEXT) {
            rp_buffer_clear(&spelled);
            return rp_compile_fail(c, name, "a keyword in parkey that is not a text");
        }
        slot[i] = rp_slot_of(c, name->text);
        rp_buffer_puts(&spelled, i ? ", " : "");
        rp_literal_repr(&spelled, name);
    }
    rp_buffer_puts(&spelled, keywords->count == 1 ? ",)" : ")");
    s->slot = slot;
    s->nslots = keywords->count;
    s->slots_spelled = rp_buffer_keep(&spelled, arena);
    rp_buffer_clear(&spelled);
    return arena->failed ? rp_compile_no_memory(c) : RP_OK;
}

/* Headers have their date read once for all selectors with the same keywords. */
static rp_code set_date(rp_compiler *c, rp_selector *s)
{
    rp_instrument *in = c->instrument;
    for (size_t i = 0; i < in->ndates; i++)
        if (in->date[i][0] == s->nslots && memcmp(in->date[i] + 1, s->slot, s->nslots * sizeof *s->slot) == 0) {
            s->date = i;
            return RP_OK;
        }
    const size_t **date = rp_arena_zero(&c->context->arena, in->ndates + 1, sizeof *date);
    size_t *list = rp_arena_zero(&c->context->arena, s->nslots + 1, sizeof *list);
    if (!date || !list)
        return rp_compile_no_memory(c);
    list[0] = s->nslots;
    memcpy(list + 1, s->slot, s->nslots * sizeof *s->slot);
    for (size_t i = 0; i < in->ndates; i++)
        date[i] = in->date[i];
    date[in->ndates] = list;
    in->date = date;
    s->date = in->ndates++;
    return RP_OK;
}

rp_code rp_compile_selector(rp_compiler *c, const rp_literal *call, const rp_literal *const *parkeys, size_t nparkeys,
                            const rp_selector **out)
{
    rp_arena *arena = &c->context->arena;
    rp_selector *s = rp_arena_zero(arena, 1, sizeof *s);
    size_t count;
    if (!s)
        return rp_compile_no_memory(c);
    if (!rp_selector_find(call->text, &s->class))
        return rp_fail(c->err, RP_E_FORMAT,
                       "%s:%d: selector '%.60s' is none of Match, UseAfter, VersionAfter, SelectVersion, ClosestTime, "
                       "GeometricallyNearest, Bracket",
                       c->mapping->name, call->line, call->text);
    if (nparkeys == 0)
        return rp_compile_fail(c, call, "selectors are nested more deeply than parkey says");
    if (parkeys[0]->kind != RP_LITERAL_TUPLE && parkeys[0]->kind != RP_LITERAL_LIST)
        return rp_compile_fail(c, parkeys[0], "parkey is a tuple of tuples of keywords");
    const rp_pair *pair = rp_literal_unique(arena, call->item[0], &count, NULL, NULL);
    rp_code code = pair ? set_slots(c, s, parkeys[0]) : rp_compile_no_memory(c);
    *out = s;
    if (!code && s->class != RP_MATCH && s->nslots == 0)
        code = rp_compile_fail(c, call, "a selector without keywords in parkey");
    if (!code && (s->class == RP_USE_AFTER || s->class == RP_CLOSEST_TIME))
        code = set_date(c, s);
    if (!code)
        code = s->class == RP_MATCH ? rp_compile_match(c, s, parkeys[0], pair, count, parkeys, nparkeys)
                                    : compile_keys(c, s, pair, count, parkeys, nparkeys);
    return code;
}
