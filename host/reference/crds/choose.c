/* Selectors other than Match: host/reference/crds/query_impl.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "host/reference/crds/query_impl.h"
#include "host/reference/crds/version.h"

/* ---- outcomes ---- */

rp_outcome rp_outcome_fail(rp_outcome_kind kind, const char *message)
{
    return (rp_outcome){.kind = kind, .message = message};
}

rp_outcome rp_outcome_no_memory(void)
{
    return rp_outcome_fail(RP_OTHER_ERROR, "no memory");
}

rp_outcome rp_outcome_scratch(rp_query *q, rp_outcome_kind kind)
{
    char *text = rp_arena_get(&q->arena, RP_FRAME_LENGTH + q->scratch.size + 1);
    if (!text || q->scratch.failed)
        return rp_outcome_no_memory();
    memcpy(text, RP_FRAME, RP_FRAME_LENGTH);
    memcpy(text + RP_FRAME_LENGTH, q->scratch.data, q->scratch.size);
    text[RP_FRAME_LENGTH + q->scratch.size] = '\0';
    return (rp_outcome){.kind = kind, .message = text + RP_FRAME_LENGTH, .framed = true};
}

static const char *name_of(const rp_query *q, size_t slot)
{
    return q->instrument->slot[slot].name;
}

/* "UseAfter" or so, a text, the keyword, a text, and perhaps a value, all as messages have them. */
static rp_outcome complain(rp_query *q, const char *class, const char *before, size_t slot, const char *after,
                           const rp_slot_value *value)
{
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, class);
    rp_buffer_puts(&q->scratch, before);
    rp_python_quote(&q->scratch, name_of(q, slot), strlen(name_of(q, slot)));
    rp_buffer_puts(&q->scratch, after);
    if (value)
        rp_python_quote(&q->scratch, value->text, value->length);
    return rp_outcome_scratch(q, RP_OTHER_ERROR);
}

static bool undefined(rp_query *q, const rp_selector *s, rp_outcome *out)
{
    for (size_t k = 0; k < s->nslots; k++)
        if (!rp_slot_defined(q, s->slot[k])) {
            *out = complain(q, rp_selector_name(s->class), " required lookup parameter ", s->slot[k], " is undefined.",
                            NULL);
            return true;
        }
    return false;
}

rp_outcome rp_take(rp_query *q, const rp_choice *choice)
{
    if (choice->kind == RP_CHOICE_NESTED)
        return rp_choose(q, choice->selector);
    return (rp_outcome){.kind = choice->kind == RP_CHOICE_ODD ? RP_ODD_RESULT : RP_FOUND,
                        .choice = *choice,
                        .message = "a rule with a value that is no name"};
}

/* The only choice that a selector has to offer: when it fails, there is no other. */
static rp_outcome take_only(rp_query *q, const rp_choice *choice)
{
    const rp_outcome out = rp_take(q, choice);
    if (out.kind != RP_LOOKUP_ERROR)
        return out;
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, "All lookup attempts failed. last exception: ");
    rp_buffer_puts(&q->scratch, out.message);
    return rp_outcome_scratch(q, RP_LOOKUP_ERROR);
}

/* ---- dates ---- */

static void read_date(rp_query *q, const rp_selector *s, rp_header_date *out)
{
    char formatted[RP_DATE_TEXT];
    rp_date date;
    *out = (rp_header_date){.ready = true};
    rp_buffer *raw = &q->scratch;
    raw->size = 0;
    for (size_t k = 0; k < s->nslots; k++) {
        const rp_slot_value *value = rp_slot_value_of(q, s->slot[k]);
        if (value->number == RP_NUMBER_UNDEFINED) {
            out->undefined = k + 1;
            return;
        }
        if (k)
            rp_buffer_putc(raw, ' ');
        rp_buffer_add(raw, value->text, value->length);
    }
    const char *text = rp_buffer_text(raw);
    size_t length = raw->size;
    rp_python_strip(&text, &length);
    rp_buffer why = {0};
    if (rp_date_parse(&date, text, length, &why)) {
        out->text = rp_arena_copy(&q->arena, formatted, rp_date_format(formatted, &date));
    } else {
        out->raw = rp_arena_copy(&q->arena, text, length);
        out->why = rp_buffer_keep(&why, &q->arena);
    }
    rp_buffer_clear(&why);
}

/* The header's date, read once for all rules that change no keyword; false: *out is the error. */
static bool date_of(rp_query *q, const rp_selector *s, const char **text, rp_outcome *out)
{
    rp_header_date own, *date = q->any_na ? &own : &q->date[s->date];
    if (q->any_na || !date->ready)
        read_date(q, s, date);
    *text = date->text;
    if (date->text)
        return true;
    if (date->undefined) {
        *out = complain(q, "", "UseAfter parameter ", s->slot[date->undefined - 1], " is UNDEFINED.", NULL);
        return false;
    }
    if (!date->raw || !date->why) {
        *out = rp_outcome_no_memory();
        return false;
    }
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, rp_selector_name(s->class));
    rp_buffer_puts(&q->scratch, " Invalid date/time format for ");
    rp_buffer_puts(&q->scratch, s->slots_spelled);
    rp_buffer_puts(&q->scratch, " value = ");
    rp_python_quote(&q->scratch, date->raw, strlen(date->raw));
    rp_buffer_puts(&q->scratch, " exception is ");
    rp_python_quote(&q->scratch, date->why, strlen(date->why));
    *out = rp_outcome_scratch(q, RP_OTHER_ERROR);
    return false;
}

static rp_outcome none_before(rp_query *q, const char *key, bool quoted)
{
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, "No selection <= ");
    if (quoted)
        rp_python_quote(&q->scratch, key, strlen(key));
    else
        rp_buffer_puts(&q->scratch, key);
    return rp_outcome_scratch(q, RP_LOOKUP_ERROR);
}

static rp_outcome choose_use_after(rp_query *q, const rp_selector *s)
{
    rp_outcome bad;
    const char *date;
    if (undefined(q, s, &bad) || !date_of(q, s, &date, &bad))
        return bad;
    size_t low = 0, high = s->nkeys; /* the first key behind the date */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(s->text[middle], date) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? take_only(q, &s->choice[low - 1]) : none_before(q, date, true);
}

static rp_outcome choose_closest_time(rp_query *q, const rp_selector *s)
{
    rp_outcome bad;
    const char *text;
    rp_date date, key;
    rp_buffer why = {0};
    if (undefined(q, s, &bad) || !date_of(q, s, &text, &bad))
        return bad;
    if (!s->nkeys)
        return rp_outcome_fail(RP_OTHER_ERROR, "attempt to get argmin of an empty sequence");
    if (s->key_error)
        return rp_outcome_fail(RP_OTHER_ERROR, s->key_error);
    size_t best = 0;
    float nearest = INFINITY;
    bool good = rp_date_parse(&date, text, strlen(text), &why);
    for (size_t i = 0; i < s->nkeys && good; i++) {
        if (!s->time)
            good = rp_date_parse(&key, s->text[i], strlen(s->text[i]), &why);
        if (!good)
            break;
        const float distance_s = (float)rp_date_distance_s(&date, s->time ? &s->time[i] : &key);
        if (distance_s < nearest) {
            nearest = distance_s;
            best = i;
        }
    }
    if (!good) {
        q->scratch.size = 0;
        rp_buffer_add(&q->scratch, rp_buffer_text(&why), why.size);
    }
    rp_buffer_clear(&why);
    return good ? take_only(q, &s->choice[best]) : rp_outcome_scratch(q, RP_OTHER_ERROR);
}

/* ---- versions ---- */

static const char *joined_version(rp_query *q, const rp_selector *s)
{
    q->scratch.size = 0;
    for (size_t k = 0; k < s->nslots; k++) {
        const rp_slot_value *value = rp_slot_value_of(q, s->slot[k]);
        if (k)
            rp_buffer_putc(&q->scratch, '.');
        rp_buffer_add(&q->scratch, value->text, value->length);
    }
    const char *joined = rp_buffer_text(&q->scratch);
    if (!strchr(joined, '|'))
        return rp_arena_copy(&q->arena, joined, q->scratch.size);
    size_t n;
    const char **part = rp_alternatives(&q->arena, joined, &n);
    q->scratch.size = 0;
    for (size_t i = 0; part && i < n; i++) {
        if (i)
            rp_buffer_putc(&q->scratch, '|');
        rp_buffer_puts(&q->scratch, part[i]);
    }
    return part ? rp_buffer_keep(&q->scratch, &q->arena) : NULL;
}

static rp_outcome choose_version_after(rp_query *q, const rp_selector *s)
{
    rp_outcome bad;
    rp_version version;
    if (undefined(q, s, &bad))
        return bad;
    const char *text = joined_version(q, s);
    if (!text)
        return rp_outcome_no_memory();
    if (!rp_version_parse(&version, text, strlen(text))) {
        q->scratch.size = 0;
        rp_buffer_puts(&q->scratch, "Invalid version string ");
        rp_python_quote(&q->scratch, text, strlen(text));
        return rp_outcome_scratch(q, RP_OTHER_ERROR);
    }
    size_t n = 0;
    while (n < s->nkeys && rp_version_compare(&s->version[n], &version) <= 0)
        n++;
    if (n)
        return take_only(q, &s->choice[n - 1]);
    char spelled[96];
    (void)snprintf(spelled, sizeof spelled, "(%lld, %lld, %lld)", version.part[0], version.part[1], version.part[2]);
    return none_before(q, spelled, false);
}

/* ---- numbers ---- */

/* The value as float; false: *out is the error. */
static bool number_of(rp_query *q, const rp_selector *s, double *number, rp_outcome *out)
{
    const rp_slot_value *value = rp_slot_value_of(q, s->slot[0]);
    if (!rp_slot_defined(q, s->slot[0])) {
        *out = complain(q, "", "", s->slot[0], "", NULL); /* a KeyError is the key */
        return false;
    }
    if (rp_python_parse_float(value->text, value->length, number))
        return true;
    *out = complain(q, rp_selector_name(s->class), " Invalid number for ", s->slot[0], " value = ", value);
    return false;
}

static rp_outcome choose_nearest(rp_query *q, const rp_selector *s)
{
    rp_outcome bad;
    double number;
    if (undefined(q, s, &bad) || !number_of(q, s, &number, &bad))
        return bad;
    if (s->key_error)
        return rp_outcome_fail(RP_OTHER_ERROR, s->key_error);
    if (!s->nkeys)
        return rp_outcome_fail(RP_OTHER_ERROR, "attempt to get argmin of an empty sequence");
    size_t best = 0;
    float nearest = NAN;
    for (size_t i = 0; i < s->nkeys; i++) {
        const float distance = fabsf((float)s->number[i] - (float)number);
        if (isnan(distance)) { /* numpy: the first NaN is the least */
            best = i;
            break;
        }
        if (isnan(nearest) || distance < nearest) {
            nearest = distance;
            best = i;
        }
    }
    return take_only(q, &s->choice[best]);
}

static rp_outcome choose_bracket(rp_query *q, const rp_selector *s)
{
    rp_outcome bad;
    double number;
    if (!number_of(q, s, &number, &bad))
        return bad;
    if (!s->nkeys)
        return rp_outcome_fail(RP_OTHER_ERROR, "list index out of range");
    if (s->key_error)
        return rp_outcome_fail(RP_OTHER_ERROR, s->key_error);
    size_t above = 0, below;
    while (above < s->nkeys && number > s->number[above])
        above++;
    below = above;
    if (above == s->nkeys)
        above = below = s->nkeys - 1;
    else if (above && (number < s->number[above] || isnan(number)))
        below = above - 1;
    const rp_outcome low = take_only(q, &s->choice[below]);
    const rp_outcome high = low.kind == RP_FOUND && above != below ? take_only(q, &s->choice[above]) : low;
    if (high.kind != RP_FOUND)
        return high;
    rp_choice *item = rp_arena_zero(&q->arena, 2, sizeof *item);
    if (!item)
        return rp_outcome_no_memory();
    item[0] = low.choice;
    item[1] = high.choice;
    if (item[0].kind != RP_CHOICE_TEXT || item[1].kind != RP_CHOICE_TEXT)
        return rp_outcome_fail(RP_ODD_RESULT, "a bracket of what is no name");
    return (rp_outcome){.kind = RP_FOUND, .choice = {.kind = RP_CHOICE_TUPLE, .item = item, .count = 2}};
}

static rp_outcome choose_select_version(rp_query *q, const rp_selector *s)
{
    rp_outcome bad;
    double number;
    rp_relation version;
    rp_error err = {0};
    if (!number_of(q, s, &number, &bad))
        return bad;
    if (!s->nkeys)
        return rp_outcome_fail(RP_OTHER_ERROR, "list index out of range");
    const rp_slot_value *value = rp_slot_value_of(q, s->slot[0]);
    if (!rp_relation_parse(&version, &q->arena, value->text, value->length, &err)) {
        q->scratch.size = 0;
        rp_buffer_puts(&q->scratch, err.text);
        return rp_outcome_scratch(q, RP_OTHER_ERROR);
    }
    for (size_t i = 0; i < s->nkeys; i++) {
        const rp_relation *key = &s->relation[i];
        if (key->is_tuple) {
            q->scratch.size = 0;
            rp_buffer_puts(&q->scratch, "Incompatible version expression types: ");
            rp_buffer_puts(&q->scratch, key->spelling);
            rp_buffer_puts(&q->scratch, " and ");
            rp_buffer_puts(&q->scratch, version.spelling);
            return rp_outcome_scratch(q, RP_OTHER_ERROR);
        }
        if (rp_relation_compare(key, &version) >= 0)
            return take_only(q, &s->choice[i]);
    }
    return rp_outcome_fail(RP_OTHER_ERROR, "list index out of range");
}

rp_outcome rp_choose(rp_query *q, const rp_selector *s)
{
    switch (s->class) {
    case RP_MATCH:
        return rp_choose_match(q, s);
    case RP_USE_AFTER:
        return choose_use_after(q, s);
    case RP_VERSION_AFTER:
        return choose_version_after(q, s);
    case RP_SELECT_VERSION:
        return choose_select_version(q, s);
    case RP_CLOSEST_TIME:
        return choose_closest_time(q, s);
    case RP_NEAREST:
        return choose_nearest(q, s);
    default:
        return choose_bracket(q, s);
    }
}
