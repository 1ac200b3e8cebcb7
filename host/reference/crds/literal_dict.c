/* Dictionaries and the spelling of literals: host/reference/crds/literal.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/literal.h"

static bool is_number(const rp_literal *a)
{
    return a->kind == RP_LITERAL_INT || a->kind == RP_LITERAL_FLOAT || a->kind == RP_LITERAL_BOOL;
}

bool rp_literal_equal(const rp_literal *a, const rp_literal *b)
{
    if (is_number(a) && is_number(b))
        return a->kind == RP_LITERAL_INT && b->kind == RP_LITERAL_INT
                   ? strcmp(a->text, b->text) == 0
                   : !(a->number < b->number || a->number > b->number);
    if (a->kind != b->kind || a->count != b->count)
        return false;
    if (a->kind == RP_LITERAL_TUPLE || a->kind == RP_LITERAL_LIST) {
        for (size_t i = 0; i < a->count; i++)
            if (!rp_literal_equal(a->item[i], b->item[i]))
                return false;
        return true;
    }
    if (a->kind == RP_LITERAL_DICT || a->kind == RP_LITERAL_CALL)
        return a == b;
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

bool rp_literal_is(const rp_literal *a, const char *text)
{
    return a && a->kind == RP_LITERAL_TEXT && strcmp(a->text, text) == 0;
}

const rp_literal *rp_literal_get(const rp_literal *dict, const char *key)
{
    if (dict && dict->kind == RP_LITERAL_DICT)
        for (size_t i = dict->count; i-- > 0;)
            if (rp_literal_is(dict->pair[i].key, key))
                return dict->pair[i].value;
    return NULL;
}

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 1099511628211ULL;
    return h;
}

/* Equal literals hash alike. */
static uint64_t hash(uint64_t h, const rp_literal *a)
{
    if (is_number(a)) {
        const double value = a->number + 0.0; /* -0.0 is 0 */
        return hash_bytes(h, &value, sizeof value);
    }
    for (size_t i = 0; a->kind == RP_LITERAL_TUPLE && i < a->count; i++)
        h = hash(h + 1, a->item[i]);
    return hash_bytes(h, a->text, a->length);
}

const rp_pair *rp_literal_unique(rp_arena *arena, const rp_literal *dict, size_t *count,
                                 void (*twice)(void *payload, const rp_pair *pair, const rp_literal *before),
                                 void *payload)
{
    size_t buckets = 16;
    while (buckets < 2 * dict->count)
        buckets *= 2;
    rp_pair *out = rp_arena_get(arena, (dict->count + 1) * sizeof *out);
    size_t *bucket = calloc(buckets, sizeof *bucket); /* index + 1 into out */
    *count = 0;
    if (!out || !bucket) {
        free(bucket);
        return NULL;
    }
    for (size_t i = 0; i < dict->count; i++) {
        const rp_pair *pair = &dict->pair[i];
        size_t at = (size_t)hash(14695981039346656037ULL, pair->key) & (buckets - 1);
        while (bucket[at] && !rp_literal_equal(out[bucket[at] - 1].key, pair->key))
            at = (at + 1) & (buckets - 1);
        if (bucket[at]) {
            if (twice)
                twice(payload, pair, out[bucket[at] - 1].value);
            out[bucket[at] - 1].value = pair->value;
        } else {
            out[(*count)++] = *pair;
            bucket[at] = *count;
        }
    }
    free(bucket);
    return out;
}

static void repr_items(rp_buffer *out, const rp_literal *literal, char open, char close)
{
    rp_buffer_putc(out, open);
    for (size_t i = 0; i < literal->count; i++) {
        if (i)
            rp_buffer_puts(out, ", ");
        rp_literal_repr(out, literal->item[i]);
    }
    if (literal->kind == RP_LITERAL_TUPLE && literal->count == 1)
        rp_buffer_putc(out, ',');
    rp_buffer_putc(out, close);
}

void rp_literal_repr(rp_buffer *out, const rp_literal *literal)
{
    switch (literal->kind) {
    case RP_LITERAL_TEXT:
        rp_python_quote(out, literal->text, literal->length);
        break;
    case RP_LITERAL_TUPLE:
        repr_items(out, literal, '(', ')');
        break;
    case RP_LITERAL_LIST:
        repr_items(out, literal, '[', ']');
        break;
    case RP_LITERAL_DICT:
        rp_buffer_putc(out, '{');
        for (size_t i = 0; i < literal->count; i++) {
            if (i)
                rp_buffer_puts(out, ", ");
            rp_literal_repr(out, literal->pair[i].key);
            rp_buffer_puts(out, ": ");
            rp_literal_repr(out, literal->pair[i].value);
        }
        rp_buffer_putc(out, '}');
        break;
    case RP_LITERAL_CALL:
        rp_buffer_add(out, literal->text, literal->length);
        repr_items(out, literal, '(', ')');
        break;
    default:
        rp_buffer_add(out, literal->text, literal->length);
    }
}
