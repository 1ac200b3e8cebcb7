/* Ties of a Match: host/reference/crds/query_impl.h.
 *
 * UseAfter and its relatives merge by key; where two have the same key, the greater file name wins. */
#include <string.h>

#include "host/reference/crds/query_impl.h"
#include "host/reference/crds/version.h"

static rp_outcome as_tuple(rp_query *q, const rp_selector *s, const size_t *row, size_t count)
{
    rp_choice *item = rp_arena_zero(&q->arena, count, sizeof *item);
    if (!item)
        return rp_outcome_no_memory();
    for (size_t i = 0; i < count; i++) {
        item[i] = s->choice[row[i]];
        if (item[i].kind != RP_CHOICE_TEXT)
            return rp_outcome_fail(RP_ODD_RESULT, "a tie of names with selectors or lists");
    }
    return (rp_outcome){.kind = RP_FOUND, .choice = {.kind = RP_CHOICE_TUPLE, .item = item, .count = count}};
}

static const char *python_type(rp_query *q, const rp_choice *choice)
{
    if (choice->kind == RP_CHOICE_TEXT)
        return "str";
    if (choice->kind != RP_CHOICE_NESTED)
        return choice->text;
    rp_buffer name = {0};
    rp_buffer_puts(&name, rp_selector_name(choice->selector->class));
    rp_buffer_puts(&name, "Selector");
    const char *out = rp_buffer_keep(&name, &q->arena);
    rp_buffer_clear(&name);
    return out ? out : "";
}

/* own >= other for choices; 2 where Python refuses. */
static int at_least(const rp_choice *own, const rp_choice *other)
{
    if (own->kind == RP_CHOICE_TEXT && other->kind == RP_CHOICE_TEXT)
        return strcmp(own->text, other->text) >= 0;
    if (own->kind != RP_CHOICE_TUPLE || other->kind != RP_CHOICE_TUPLE)
        return 2;
    for (size_t i = 0; i < own->count && i < other->count; i++) {
        const int c = strcmp(own->item[i].text, other->item[i].text);
        if (c)
            return c > 0;
    }
    return own->count >= other->count;
}

typedef enum key_kind { KEY_TEXT, KEY_VERSION, KEY_OTHER } key_kind;

static key_kind kind_of(const rp_selector *s)
{
    return s->class == RP_VERSION_AFTER                                                        ? KEY_VERSION
           : s->class == RP_USE_AFTER || s->class == RP_CLOSEST_TIME || s->class == RP_NEAREST ? KEY_TEXT
                                                                                               : KEY_OTHER;
}

static int compare_keys(const rp_selector *a, size_t i, const rp_selector *b, size_t j)
{
    return a->version ? rp_version_compare(&a->version[i], &b->version[j]) : strcmp(a->text[i], b->text[j]);
}

static void copy_key(rp_selector *to, const rp_selector *from, size_t i)
{
    const size_t n = to->nkeys++;
    to->choice[n] = from->choice[i];
    to->text[n] = from->text[i];
    if (to->version)
        to->version[n] = from->version[i];
    to->plain = to->plain && from->choice[i].kind == RP_CHOICE_TEXT;
}

static rp_selector *new_merged(rp_query *q, const rp_selector *like, size_t room)
{
    rp_selector *out = rp_arena_get(&q->arena, sizeof *out);
    if (!out)
        return NULL;
    *out = *like;
    out->nkeys = 0;
    out->plain = true;
    out->choice = rp_arena_get(&q->arena, room * sizeof *out->choice);
    out->text = rp_arena_get(&q->arena, room * sizeof *out->text);
    out->version = like->version ? rp_arena_get(&q->arena, room * sizeof *out->version) : NULL;
    out->time = NULL; /* read from the texts where it is needed */
    return out->choice && out->text && (!like->version || out->version) ? out : NULL;
}

/* own.merge(other); the error, or RP_FOUND and *out. */
static rp_outcome merge(rp_query *q, const rp_selector *own, const rp_selector *other, const rp_selector **out)
{
    if (!rp_selector_merges(own->class)) {
        q->scratch.size = 0;
        rp_buffer_puts(&q->scratch, "More than one match was found at the same weight and ");
        rp_buffer_puts(&q->scratch, rp_selector_name(own->class));
        rp_buffer_puts(&q->scratch, " does not support merging.");
        return rp_outcome_scratch(q, RP_OTHER_ERROR);
    }
    if (kind_of(own) != kind_of(other))
        return rp_outcome_fail(RP_ODD_ERROR, "a tie of selectors of different kinds");
    rp_selector *merged = new_merged(q, own, own->nkeys + other->nkeys + 1);
    if (!merged)
        return rp_outcome_no_memory();
    size_t i = 0, j = 0;
    while (i < own->nkeys && j < other->nkeys) {
        const int c = compare_keys(own, i, other, j);
        if (c < 0) {
            copy_key(merged, own, i++);
        } else if (c > 0) {
            copy_key(merged, other, j++);
        } else {
            const int keeps = at_least(&own->choice[i], &other->choice[j]);
            if (keeps == 2) {
                q->scratch.size = 0;
                rp_buffer_puts(&q->scratch, "'>=' not supported between instances of '");
                rp_buffer_puts(&q->scratch, python_type(q, &own->choice[i]));
                rp_buffer_puts(&q->scratch, "' and '");
                rp_buffer_puts(&q->scratch, python_type(q, &other->choice[j]));
                rp_buffer_puts(&q->scratch, "'");
                return rp_outcome_scratch(q, RP_OTHER_ERROR);
            }
            copy_key(merged, keeps ? own : other, keeps ? i : j);
            i++, j++;
        }
    }
    while (i < own->nkeys)
        copy_key(merged, own, i++);
    while (j < other->nkeys)
        copy_key(merged, other, j++);
    *out = merged;
    return rp_outcome_fail(RP_FOUND, NULL);
}

rp_outcome rp_take_tied(rp_query *q, const rp_selector *s, const size_t *row, size_t count)
{
    if (!s->match->merges)
        return rp_outcome_fail(RP_OTHER_ERROR, "More than one match clause matched.");
    if (s->choice[row[0]].kind != RP_CHOICE_NESTED)
        return as_tuple(q, s, row, count);
    const rp_selector *merged = s->choice[row[0]].selector;
    for (size_t i = 1; i < count; i++) {
        const rp_choice *other = &s->choice[row[i]];
        if (other->kind != RP_CHOICE_NESTED && rp_selector_merges(merged->class))
            return rp_outcome_fail(RP_ODD_ERROR, "a tie of selectors with names");
        const rp_outcome bad = merge(q, merged, other->kind == RP_CHOICE_NESTED ? other->selector : NULL, &merged);
        if (bad.kind != RP_FOUND)
            return bad;
    }
    return rp_choose(q, merged);
}
