/* Invented headers: host/reference/crds/made.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/made.h"
#include "host/reference/crds/rules.h"

enum { VALUE_TEXT = 24 };

typedef struct source {
    rp_dataset_source base;
    const rp_context *context;
    uint64_t count, at, state;
    const rp_instrument **usable;
    size_t nusable;
    rp_header_item *item;
    char (*value)[VALUE_TEXT]; /* by slot, for what is not a text of the rules */
    char id[32];
} source;

/* splitmix64 */
static uint64_t draw(source *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

static size_t below(source *s, size_t n)
{
    return (size_t)(draw(s) % n);
}

/* A row of a Match: its literal elements. */
static void lay_row(source *s, const rp_selector *selector)
{
    const size_t row = below(s, selector->nkeys);
    for (size_t k = 0; k < selector->nslots; k++) {
        const rp_pattern *p = selector->match->pattern[row * selector->nslots + k];
        if (p->literal && p->nparts)
            s->item[selector->slot[k]].value = p->part[below(s, p->nparts)];
    }
}

static void put_date(source *s, const rp_instrument *in)
{
    for (size_t i = 0; i < in->ndates; i++) {
        if (in->date[i][0] != 2)
            continue;
        char *date = s->value[in->date[i][1]], *time = s->value[in->date[i][2]];
        (void)snprintf(date, VALUE_TEXT, "%04u-%02u-%02u", 2012 + (unsigned)below(s, 14), 1 + (unsigned)below(s, 12),
                       1 + (unsigned)below(s, 28));
        (void)snprintf(time, VALUE_TEXT, "%02u:%02u:%02u.%03u", (unsigned)below(s, 24), (unsigned)below(s, 60),
                       (unsigned)below(s, 60), (unsigned)below(s, 1000));
        s->item[in->date[i][1]].value = date;
        s->item[in->date[i][2]].value = time;
    }
}

static rp_code next(rp_dataset_source *base, rp_dataset *out, bool *end, rp_error *err)
{
    source *s = (source *)base;
    (void)err;
    *end = s->at == s->count;
    if (*end)
        return RP_OK;
    const rp_instrument *in = s->usable[below(s, s->nusable)];
    for (size_t i = 0; i < in->nslots; i++) {
        const rp_intern *values = &in->slot[i].values;
        s->item[i] = (rp_header_item){in->slot[i].name, "UNDEFINED"};
        if (values->count > RP_NUMBER_ANY)
            s->item[i].value = values->text[RP_NUMBER_ANY + below(s, values->count - RP_NUMBER_ANY)];
        if (s->context->instrument_key && strcmp(in->slot[i].name, s->context->instrument_key) == 0)
            s->item[i].value = in->name;
    }
    for (int k = 0; k < 2; k++) {
        const rp_rule *rule = &in->rule[below(s, in->nrules)];
        if (!rule->special && rule->selector->class == RP_MATCH && rule->selector->nkeys)
            lay_row(s, rule->selector);
    }
    put_date(s, in);
    (void)snprintf(s->id, sizeof s->id, "made-%llu", (unsigned long long)++s->at);
    *out = (rp_dataset){.id = s->id, .item = s->item, .nitems = in->nslots};
    return RP_OK;
}

static void close_source(rp_dataset_source *base)
{
    source *s = (source *)base;
    free(s->usable);
    free(s->item);
    free(s->value);
    free(s);
}

rp_code rp_source_made(rp_dataset_source **out, const rp_context *context, uint64_t count, uint64_t seed, rp_error *err)
{
    source *s = calloc(1, sizeof *s);
    size_t slots = 1;
    *out = NULL;
    if (!s)
        return rp_fail(err, RP_E_MEMORY, "no memory to make headers");
    *s = (source){.base = {next, close_source}, .context = context, .count = count, .state = seed};
    s->usable = calloc(context->ninstruments + 1, sizeof *s->usable);
    for (size_t i = 0; s->usable && i < context->ninstruments; i++) {
        const rp_instrument *in = &context->instrument[i];
        slots = in->nslots > slots ? in->nslots : slots;
        if (in->nrules && strcmp(in->name, "system") != 0)
            s->usable[s->nusable++] = in;
    }
    s->item = calloc(slots, sizeof *s->item);
    s->value = calloc(slots, sizeof *s->value);
    if (s->usable && s->item && s->value && s->nusable) {
        *out = &s->base;
        return RP_OK;
    }
    close_source(&s->base);
    return rp_fail(err, RP_E_MISSING, "%s: no rules, or no memory, to make headers for", context->name);
}
