/* One dataset in two contexts: host/reference/crds/affected.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/affected_impl.h"
#include "host/reference/crds/query_impl.h"

/* ---- which types can differ ---- */

static const rp_instrument *instrument_of(const rp_context *context, const char *name)
{
    for (size_t i = 0; i < context->ninstruments; i++)
        if (strcmp(context->instrument[i].name, name) == 0)
            return &context->instrument[i];
    return NULL;
}

static const rp_rule *rule_of(const rp_context *context, const char *instrument, const char *type)
{
    const rp_instrument *in = instrument_of(context, instrument);
    const uint32_t number = in ? rp_intern_find(&in->type_number, type, strlen(type)) : 0;
    return number ? &in->rule[number - 1] : NULL;
}

static bool has_expressions(const rp_rule *rule)
{
    return rule->relevance || rule->omit || rule->nparkeys;
}

static bool same_rules(const rp_rule *a, const rp_rule *b)
{
    if (!a || !b)
        return false;
    if (a->special || b->special)
        return a->special && b->special && rp_is_na(a->special) == rp_is_na(b->special);
    const char *sum_a = rp_mapping_header(a->mapping, "sha1sum"), *sum_b = rp_mapping_header(b->mapping, "sha1sum");
    return strcmp(a->mapping->name, b->mapping->name) == 0 && sum_a && sum_b && strcmp(sum_a, sum_b) == 0 &&
           !has_expressions(a) && !has_expressions(b);
}

static bool named(const char *const *name, size_t count, const char *type)
{
    for (size_t i = 0; i < count; i++)
        if (rp_same_letters(name[i], type))
            return true;
    return false;
}

static bool unwanted(const rp_affected_options *o, const char *type)
{
    return (o->ntypes && !named(o->type, o->ntypes, type)) || named(o->skip_type, o->nskip_types, type);
}

static bool **make_skips(rp_affected_plan *plan, const rp_context *of, const rp_context *other)
{
    bool **skip = rp_arena_zero(&plan->arena, of->ninstruments + 1, sizeof *skip);
    for (size_t i = 0; skip && i < of->ninstruments; i++) {
        const rp_instrument *in = &of->instrument[i];
        skip[i] = rp_arena_zero(&plan->arena, in->nrules + 1, sizeof **skip);
        for (size_t k = 0; skip[i] && k < in->nrules; k++)
            skip[i][k] = unwanted(plan->options, in->rule[k].type) ||
                         same_rules(&in->rule[k], rule_of(other, in->name, in->rule[k].type));
    }
    return skip;
}

rp_code rp_affected_plan_make(rp_affected_plan *plan, rp_error *err)
{
    plan->skip_old = make_skips(plan, plan->old_context, plan->new_context);
    plan->skip_new = make_skips(plan, plan->new_context, plan->old_context);
    return plan->arena.failed ? rp_fail(err, RP_E_MEMORY, "no memory to compare contexts") : RP_OK;
}

rp_code rp_comparer_open(rp_comparer *c, const rp_affected_plan *plan, rp_error *err)
{
    *c = (rp_comparer){.plan = plan};
    rp_code code = rp_query_new(&c->old_query, plan->old_context, err);
    if (!code)
        code = rp_query_new(&c->new_query, plan->new_context, err);
    if (code) {
        rp_comparer_close(c);
        return code;
    }
    c->old_query->skip = (const bool *const *)plan->skip_old;
    c->new_query->skip = (const bool *const *)plan->skip_new;
    return RP_OK;
}

void rp_comparer_close(rp_comparer *c)
{
    rp_query_free(c->old_query);
    rp_query_free(c->new_query);
    *c = (rp_comparer){0};
}

/* ---- values ---- */

typedef struct value {
    const char *text;
    bool none; /* N/A, in the sense of the comparison */
    bool bad;
} value;

static const char *joined(rp_arena *arena, const rp_best *best)
{
    rp_buffer text = {0};
    for (size_t i = 0; i < best->count; i++) {
        rp_buffer_puts(&text, i ? "," : "");
        rp_buffer_puts(&text, best->text[i]);
    }
    const char *out = rp_buffer_keep(&text, arena);
    rp_buffer_clear(&text);
    return out ? out : "";
}

/* `best` NULL: the context has no such type, or a rule omits it. */
static value value_of(const rp_affected_options *o, rp_arena *arena, const rp_best *best)
{
    if (best && best->kind == RP_BEST_NA)
        return (value){"N/A", true, false};
    const bool no_match =
        !best || (best->kind == RP_BEST_NOT_FOUND && strcmp(best->text[0], "NOT FOUND No match found.") == 0);
    if (no_match && !o->undefined_matters)
        return (value){"N/A", true, false};
    if (!best)
        return (value){"UNDEFINED", true, true};
    if (best->kind == RP_BEST_FILE)
        return (value){best->text[0], false, false};
    if (best->kind == RP_BEST_FILES)
        return (value){joined(arena, best), false, false};
    return (value){rp_arena_copy(arena, best->text[0], strlen(best->text[0])), true, true};
}

static const char *mapping_of(const rp_context *context, const char *instrument, const char *type)
{
    const rp_rule *rule = rule_of(context, instrument, type);
    return !rule ? "none" : rule->special ? rule->special : rule->mapping->name;
}

/* Both contexts mostly list their types in one order, so the search begins where the last one ended. */
static const rp_best *find(const rp_bests *bests, const char *type, size_t *at)
{
    for (size_t i = 0; i < bests->count; i++) {
        const rp_best *best = &bests->best[(*at + i) % bests->count];
        if (strcmp(best->type, type) == 0) {
            *at = (*at + i + 1) % bests->count;
            return best;
        }
    }
    return NULL;
}

/* Adds the change of one type, if it is one. */
static void compare_type(const rp_comparer *c, rp_arena *arena, const char *instrument, const char *type,
                         const rp_best *before, const rp_best *after, rp_change *change, size_t *count)
{
    const rp_affected_options *o = c->plan->options;
    const value old = value_of(o, arena, before), new = value_of(o, arena, after);
    if (!new.bad && rp_same_letters(old.text, new.text))
        return;
    if (new.bad && old.bad &&old.text &&new.text &&rp_same_letters(old.text, new.text))
        return; /* it failed before in the same way */
    change[(*count)++] = (rp_change){.type = type,
                                     .kind = new.bad    ? RP_CHANGE_FAILED
                                             : new.none ? RP_CHANGE_LOST
                                             : old.none ? RP_CHANGE_FOUND
                                                        : RP_CHANGE_REPLACED,
                                     .before = old.text,
                                     .after = new.text,
                                     .old_mapping = mapping_of(c->plan->old_context, instrument, type),
                                     .new_mapping = mapping_of(c->plan->new_context, instrument, type)};
}

static int compare_changes(const void *a, const void *b)
{
    return strcmp(((const rp_change *)a)->type, ((const rp_change *)b)->type);
}

static rp_code ask(rp_query *query, const rp_dataset *d, rp_bests *out, rp_error *err)
{
    return rp_query_best(query, d->item, d->nitems, d->type, d->ntypes, out, err);
}

rp_code rp_comparer_compare(rp_comparer *c, const rp_dataset *dataset, rp_arena *arena, rp_affected *out, rp_error *err)
{
    rp_bests old, new;
    *out = (rp_affected){.id = dataset->id, .instrument = "", .problem = dataset->problem};
    if (dataset->problem)
        return RP_OK;
    rp_code code = ask(c->old_query, dataset, &old, err);
    if (!code)
        code = ask(c->new_query, dataset, &new, err);
    if (code)
        return code;
    const char *failure = new.failure ? new.failure : old.failure;
    if (failure) {
        out->problem = rp_arena_copy(arena, failure, strlen(failure));
        return out->problem ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory to compare datasets");
    }
    out->instrument = c->new_query->instrument->name;
    rp_change *change = rp_arena_get(arena, (old.count + new.count + 1) * sizeof *change);
    if (!change)
        return rp_fail(err, RP_E_MEMORY, "no memory to compare datasets");
    size_t at = 0;
    for (size_t i = 0; i < new.count; i++)
        compare_type(c, arena, out->instrument, new.best[i].type, find(&old, new.best[i].type, &at), &new.best[i],
                     change, &out->nchanges);
    at = 0;
    for (size_t i = 0; i < old.count; i++)
        if (!find(&new, old.best[i].type, &at))
            compare_type(c, arena, out->instrument, old.best[i].type, &old.best[i], NULL, change, &out->nchanges);
    for (size_t i = 1; i < out->nchanges; i++)
        if (compare_changes(&change[i - 1], &change[i]) > 0) { /* imaps are sorted already */
            qsort(change, out->nchanges, sizeof *change, compare_changes);
            break;
        }
    out->change = change;
    for (size_t i = 0; i < out->nchanges; i++)
        out->failed = out->failed || change[i].kind == RP_CHANGE_FAILED;
    return arena->failed ? rp_fail(err, RP_E_MEMORY, "no memory to compare datasets") : RP_OK;
}
