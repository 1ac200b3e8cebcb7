/* Queries: include/rampart/context.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/query_impl.h"

static const char not_applicable[] = "NOT FOUND n/a";

/* ---- creation ---- */

rp_code rp_query_new(rp_query **out, const rp_context *context, rp_error *err)
{
    size_t slots = 1, dates = 1, rules = 1;
    for (size_t i = 0; i < context->ninstruments; i++) {
        const rp_instrument *in = &context->instrument[i];
        slots = in->nslots > slots ? in->nslots : slots;
        dates = in->ndates > dates ? in->ndates : dates;
        rules = in->nrules > rules ? in->nrules : rules;
    }
    rp_query *q = *out = calloc(1, sizeof *q);
    if (q) {
        q->context = context;
        q->match_data = rp_match_data_new();
        q->given = calloc(context->nsymbols + 1, sizeof *q->given);
        q->stamp = calloc(context->nsymbols + 1, sizeof *q->stamp);
        q->value = calloc(slots, sizeof *q->value);
        q->na = calloc(slots, sizeof *q->na);
        q->date = calloc(dates, sizeof *q->date);
        q->best = calloc(rules, sizeof *q->best);
        q->text = calloc(rules, sizeof *q->text);
        q->best_room = rules;
        if (q->match_data && q->given && q->stamp && q->value && q->na && q->date && q->best && q->text &&
            rp_buffer_room(&q->scratch, 1024))
            return RP_OK;
    }
    rp_query_free(q);
    *out = NULL;
    return rp_fail(err, RP_E_MEMORY, "%s: no memory for a query", context->name);
}

void rp_query_free(rp_query *q)
{
    if (!q)
        return;
    rp_arena_clear(&q->arena);
    rp_buffer_clear(&q->scratch);
    rp_match_data_free(q->match_data);
    free(q->given);
    free(q->stamp);
    free(q->value);
    free(q->na);
    free(q->date);
    free(q->best);
    free(q->text);
    free(q);
}

void rp_query_keep_absent(rp_query *q, bool absent)
{
    q->keep_absent = absent;
}

/* ---- values ---- */

const rp_slot_value *rp_slot_value_of(rp_query *q, size_t slot)
{
    static const rp_slot_value na = {"N/A", 3, RP_NUMBER_NA, true}, none = {"UNDEFINED", 9, RP_NUMBER_UNDEFINED, true};
    const rp_slot *s = &q->instrument->slot[slot];
    rp_slot_value *value = &q->value[slot];
    if (q->na[slot])
        return &na;
    if (value->ready)
        return value;
    if (!s->from_header || q->stamp[s->symbol] != q->call)
        return &none;
    const char *given = q->given[s->symbol];
    const size_t length = strlen(given);
    char *text = rp_arena_get(&q->arena, length + RP_FLOAT_TEXT);
    if (!text)
        return &none; /* the arena has failed, and the call says so */
    value->text = text;
    value->length = rp_condition(text, given, length);
    value->number = rp_intern_find(&s->values, text, value->length);
    value->ready = true;
    return value;
}

static const char *lookup_text(void *payload, int slot, size_t *length)
{
    const rp_slot_value *value = rp_slot_value_of(payload, (size_t)slot);
    *length = value->length;
    return value->text;
}

/* ---- one rule ---- */

static void add_best(rp_query *q, rp_bests *out, const char *type, rp_best_kind kind, const char *const *text,
                     size_t count)
{
    q->best[out->count++] = (rp_best){.type = type, .kind = kind, .text = text, .count = count};
}

static void add_text(rp_query *q, rp_bests *out, const char *type, rp_best_kind kind, const char *text)
{
    const char **at = &q->text[out->count];
    *at = text;
    add_best(q, out, type, kind, at, 1);
}

static void add_not_found(rp_query *q, rp_bests *out, const char *type, const char *message)
{
    const size_t length = strlen(message);
    char *text = rp_arena_get(&q->arena, RP_FRAME_LENGTH + length + 1);
    if (!text)
        return;
    memcpy(text, RP_FRAME, RP_FRAME_LENGTH);
    memcpy(text + RP_FRAME_LENGTH, message, length + 1);
    add_text(q, out, type, RP_BEST_NOT_FOUND, text);
}

static void add_outcome(rp_query *q, rp_bests *out, const rp_rule *rule, const rp_outcome *outcome)
{
    const rp_choice *choice = &outcome->choice;
    if (outcome->kind == RP_ODD_RESULT || (outcome->kind == RP_ODD_ERROR && !rule->optional)) {
        add_text(q, out, rule->type, RP_BEST_ODD, outcome->message);
    } else if (outcome->kind != RP_FOUND) {
        if (rule->optional)
            add_text(q, out, rule->type, RP_BEST_NA, not_applicable);
        else if (outcome->framed)
            add_text(q, out, rule->type, RP_BEST_NOT_FOUND, outcome->message - RP_FRAME_LENGTH);
        else
            add_not_found(q, out, rule->type, outcome->message);
    } else if (choice->kind == RP_CHOICE_TEXT) {
        if (choice->text[0] == 'j' || (!rp_is_na(choice->text) && !rp_is_omit(choice->text)))
            add_text(q, out, rule->type, RP_BEST_FILE, choice->text);
        else if (rp_is_na(choice->text))
            add_text(q, out, rule->type, RP_BEST_NA, not_applicable);
    } else {
        const char **text = rp_arena_get(&q->arena, (choice->count + 1) * sizeof *text);
        if (!text)
            return;
        for (size_t i = 0; i < choice->count; i++)
            text[i] = choice->item[i].text;
        add_best(q, out, rule->type, RP_BEST_FILES, text, choice->count);
    }
}

/* Keywords that the rule makes N/A; NULL, or the message of an expression that fails. */
static const char *mark_irrelevant(rp_query *q, const rp_rule *rule)
{
    const rp_lookup lookup = {lookup_text, q};
    const char *why = NULL;
    bool relevant;
    bool few[32] = {false}, *irrelevant = few;
    if (rule->nparkeys > 32 && !(irrelevant = rp_arena_zero(&q->arena, rule->nparkeys, sizeof *irrelevant)))
        return "no memory";
    for (size_t i = 0; i < rule->nparkeys; i++) {
        relevant = false;
        if (rule->parkey[i].relevance &&
            !rp_expression_evaluate(rule->parkey[i].relevance, &lookup, &q->arena, &relevant, &why))
            return why;
        irrelevant[i] = !relevant;
    }
    for (size_t i = 0; i < rule->nparkeys; i++)
        if (irrelevant[i])
            q->na[rule->parkey[i].slot] = q->any_na = true;
    return NULL;
}

static void unmark(rp_query *q, const rp_rule *rule)
{
    for (size_t i = 0; q->any_na && i < rule->nparkeys; i++)
        q->na[rule->parkey[i].slot] = false;
    q->any_na = false;
}

static void apply(rp_query *q, const rp_rule *rule, rp_bests *out)
{
    const rp_lookup lookup = {lookup_text, q};
    const char *why;
    bool truth;
    if (rule->special) {
        if (rp_is_na(rule->special))
            add_text(q, out, rule->type, RP_BEST_NA, not_applicable);
        return;
    }
    /* An expression that fails leaves the type relevant. */
    if (rule->omit && rp_expression_evaluate(rule->omit, &lookup, &q->arena, &truth, &why) && truth)
        return;
    if (rule->relevance && rp_expression_evaluate(rule->relevance, &lookup, &q->arena, &truth, &why) && !truth) {
        add_text(q, out, rule->type, RP_BEST_NA, not_applicable);
        return;
    }
    if (rule->nparkeys && (why = mark_irrelevant(q, rule)) != NULL) {
        add_not_found(q, out, rule->type, why);
        return;
    }
    const rp_outcome outcome = rp_choose(q, rule->selector);
    if (rule->nparkeys)
        unmark(q, rule);
    add_outcome(q, out, rule, &outcome);
}

/* ---- the instrument ---- */

static void refuse(rp_query *q, rp_bests *out)
{
    out->failure = rp_buffer_keep(&q->scratch, &q->arena);
}

static void refuse_missing(rp_query *q, rp_bests *out)
{
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, "Missing '");
    rp_buffer_puts(&q->scratch, q->context->instrument_key);
    rp_buffer_puts(&q->scratch, "' keyword in header for determining instrument.");
    refuse(q, out);
}

static void refuse_unknown(rp_query *q, rp_bests *out, const char *name, size_t length)
{
    char *lower = rp_arena_copy(&q->arena, name, length);
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, "Unknown instrument ");
    for (size_t i = 0; lower && i < length; i++)
        lower[i] = rp_lower(lower[i]);
    rp_python_quote(&q->scratch, lower ? lower : "", lower ? length : 0);
    rp_buffer_puts(&q->scratch, " for context ");
    rp_python_quote(&q->scratch, q->context->name, strlen(q->context->name));
    refuse(q, out);
}

static const rp_instrument *find_instrument(const rp_context *context, const char *name)
{
    if (rp_same_letters(name, "wfii")) /* crds 14.0.3 */
        name = "wfpc2";
    for (size_t i = 0; i < context->ninstruments; i++)
        if (rp_same_letters(context->instrument[i].name, name))
            return &context->instrument[i];
    return NULL;
}

/* The instrument as the header gives it, then as the rules see it: the client looks twice. */
static bool set_instrument(rp_query *q, rp_bests *out)
{
    const rp_context *context = q->context;
    const char *name = NULL;
    for (size_t i = 0; i < context->ninstrument_symbols && !name; i++) {
        const size_t symbol = context->instrument_symbol[i];
        if (q->stamp[symbol] == q->call && !rp_same_letters(q->given[symbol], "UNDEFINED"))
            name = q->given[symbol];
    }
    if (!name) {
        refuse_missing(q, out);
        return false;
    }
    q->instrument = find_instrument(context, name);
    if (!q->instrument) {
        refuse_unknown(q, out, name, strlen(name));
        return false;
    }
    if (q->instrument->special) {
        out->failure = "'str' object has no attribute 'get_required_parkeys'";
        return false;
    }
    return true;
}

static bool check_instrument(rp_query *q, rp_bests *out)
{
    const rp_instrument *in = q->instrument;
    for (size_t i = 0; i < q->context->ninstrument_symbols; i++) {
        if (in->key_slot[i] == RP_NO_SLOT)
            continue;
        const rp_slot_value *value = rp_slot_value_of(q, in->key_slot[i]);
        if (value->number == RP_NUMBER_UNDEFINED)
            continue;
        const rp_instrument *again = find_instrument(q->context, value->text);
        if (again == in)
            return true;
        refuse_unknown(q, out, value->text, value->length);
        return false;
    }
    refuse_missing(q, out);
    return false;
}

/* ---- the call ---- */

static rp_code make_room(rp_query *q, size_t count, rp_error *err)
{
    if (count <= q->best_room)
        return RP_OK;
    rp_best *best = realloc(q->best, count * sizeof *best);
    if (best)
        q->best = best;
    const char **text = realloc(q->text, count * sizeof *text);
    if (text)
        q->text = text;
    if (!best || !text)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for %zu types", q->context->name, count);
    q->best_room = count;
    return RP_OK;
}

static void read_items(rp_query *q, const rp_header_item *items, size_t nitems)
{
    q->call++;
    for (size_t i = 0; i < nitems; i++) {
        const uint32_t number = rp_intern_find_upper(&q->context->symbols, items[i].name, strlen(items[i].name));
        if (number) {
            const size_t symbol = q->context->symbol_of[number];
            q->given[symbol] = items[i].value;
            q->stamp[symbol] = q->call;
        }
    }
}

static void begin(rp_query *q, rp_bests *out)
{
    *out = (rp_bests){0};
    rp_arena_reset(&q->arena);
    if (q->scratch.failed)
        rp_buffer_clear(&q->scratch);
    q->any_na = false;
}

static void forget_values(rp_query *q)
{
    for (size_t i = 0; i < q->instrument->nslots; i++)
        q->value[i].ready = q->na[i] = false;
    for (size_t i = 0; i < q->instrument->ndates; i++)
        q->date[i].ready = false;
}

static const char *lower_type(rp_query *q, const char *type, size_t *length)
{
    *length = strlen(type);
    bool lower = true;
    for (size_t i = 0; i < *length; i++)
        lower = lower && rp_lower(type[i]) == type[i];
    if (lower)
        return type;
    char *copy = rp_arena_copy(&q->arena, type, *length);
    for (size_t i = 0; copy && i < *length; i++)
        copy[i] = rp_lower(copy[i]);
    return copy;
}

static void add_type(rp_query *q, const char *wanted, rp_bests *out)
{
    size_t length;
    const char *type = lower_type(q, wanted, &length);
    if (!type)
        return;
    const uint32_t number = rp_intern_find(&q->instrument->type_number, type, length);
    if (number) {
        apply(q, &q->instrument->rule[number - 1], out);
        return;
    }
    rp_buffer message = {0};
    rp_buffer_puts(&message, "Unknown reference type ");
    rp_python_quote(&message, type, length);
    const char *kept = rp_arena_copy(&q->arena, type, length);
    if (kept)
        add_not_found(q, out, kept, rp_buffer_text(&message));
    rp_buffer_clear(&message);
}

static void add_all(rp_query *q, rp_bests *out)
{
    const bool *skip = q->skip ? q->skip[q->instrument - q->context->instrument] : NULL;
    for (size_t i = 0; i < q->instrument->nrules; i++)
        if (!skip || !skip[i])
            apply(q, &q->instrument->rule[i], out);
}

/* Of a type that is asked for twice, the client's dictionary has one entry. */
static bool asked_before(const char *const *types, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (rp_same_letters(types[k], types[i]))
            return true;
    return false;
}

/* crds 14.0.3: a lone rmap answers for its own type only, spelled in lower case. */
static bool check_rmap_type(rp_query *q, const char *const *types, size_t ntypes, rp_bests *out)
{
    const char *own = q->instrument->rule[0].type;
    for (size_t i = 0; i < ntypes; i++)
        if (strcmp(types[i], own) == 0)
            return true;
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, "ReferenceMapping ");
    rp_python_quote(&q->scratch, q->context->name, strlen(q->context->name));
    rp_buffer_puts(&q->scratch, " can only compute bestrefs for type ");
    rp_python_quote(&q->scratch, own, strlen(own));
    rp_buffer_puts(&q->scratch, " not [");
    for (size_t i = 0; i < ntypes; i++) {
        rp_buffer_puts(&q->scratch, i ? ", " : "");
        rp_python_quote(&q->scratch, types[i], strlen(types[i]));
    }
    rp_buffer_putc(&q->scratch, ']');
    refuse(q, out);
    return false;
}

bool rp_query_irrelevant(rp_query *q, const rp_instrument *instrument, const rp_rule *rule, const rp_header_item *items,
                         size_t nitems, bool *irrelevant, const char **why)
{
    rp_bests unused;
    const rp_lookup lookup = {lookup_text, q};
    bool relevant = true, good = true;
    begin(q, &unused);
    read_items(q, items, nitems);
    q->instrument = instrument;
    forget_values(q);
    for (size_t i = 0; i < rule->nparkeys && good; i++) {
        irrelevant[i] = false;
        if (rule->parkey[i].relevance) {
            good = rp_expression_evaluate(rule->parkey[i].relevance, &lookup, &q->arena, &relevant, why);
            irrelevant[i] = good && !relevant;
        }
    }
    return good;
}

rp_code rp_query_best(rp_query *q, const rp_header_item *items, size_t nitems, const char *const *types, size_t ntypes,
                      rp_bests *out, rp_error *err)
{
    begin(q, out);
    rp_code code = make_room(q, ntypes, err);
    if (code)
        return code;
    read_items(q, items, nitems);
    bool known = true;
    if (q->context->instrument_key)
        known = set_instrument(q, out);
    else
        q->instrument = &q->context->instrument[0];
    if (known)
        forget_values(q);
    if (known && q->context->instrument_key)
        known = check_instrument(q, out);
    const bool lone = q->context->root->kind == RP_RMAP;
    if (known && lone && ntypes)
        known = check_rmap_type(q, types, ntypes, out);
    if (known && ntypes && !lone)
        for (size_t i = 0; i < ntypes; i++) {
            if (!asked_before(types, i))
                add_type(q, types[i], out);
        }
    else if (known)
        add_all(q, out);
    out->best = q->best;
    if (q->arena.failed || q->scratch.failed || (!known && !out->failure))
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for a query", q->context->name);
    return RP_OK;
}
