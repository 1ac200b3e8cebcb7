/* Match: host/reference/crds/query_impl.h. */
#include <string.h>

#include "host/reference/crds/query_impl.h"

static const char no_match[] = "No match found.";

/* ---- is the value one that the rules know? ---- */

static rp_outcome not_listed(rp_query *q, const rp_match_column *column, const char *value, size_t length)
{
    rp_buffer *out = &q->scratch;
    out->size = 0;
    rp_buffer_puts(out, column->naming);
    rp_python_quote(out, value, length);
    rp_buffer_puts(out, column->complaint);
    return rp_outcome_scratch(q, RP_OTHER_ERROR);
}

static bool in_list(const rp_match_column *column, const char *value, size_t length)
{
    for (size_t i = 0; i < column->nvalid; i++)
        if (strlen(column->valid[i]) == length && memcmp(column->valid[i], value, length) == 0)
            return true;
    return false;
}

static rp_outcome bad_float(rp_query *q, const char *text, size_t length)
{
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, "could not convert string to float: ");
    rp_python_quote(&q->scratch, text, length);
    return rp_outcome_scratch(q, RP_OTHER_ERROR);
}

/* crds 14.0.3: a list whose only value holds a colon is a range of numbers. */
static rp_outcome check_range(rp_query *q, const rp_match_column *column, const char *name, const char *value,
                              size_t length)
{
    double limit[2], number;
    char spelled[2][RP_FLOAT_TEXT];
    const char *part = column->valid[0];
    for (size_t i = 0;; i++) {
        const size_t n = strcspn(part, ":");
        if (i == 2)
            return rp_outcome_fail(RP_OTHER_ERROR, "too many values to unpack (expected 2)");
        if (!rp_python_parse_float(part, n, &limit[i]))
            return bad_float(q, part, n);
        (void)rp_python_float(spelled[i], limit[i]);
        if (!part[n])
            break;
        part += n + 1;
    }
    if (!rp_python_parse_float(value, length, &number))
        return bad_float(q, value, length);
    if (limit[0] <= number && number <= limit[1])
        return rp_outcome_fail(RP_FOUND, NULL);
    q->scratch.size = 0;
    rp_buffer_puts(&q->scratch, " parameter=");
    rp_python_quote(&q->scratch, name, strlen(name));
    rp_buffer_puts(&q->scratch, " value =");
    rp_python_quote(&q->scratch, value, length);
    rp_buffer_puts(&q->scratch, " is not in range [");
    rp_buffer_puts(&q->scratch, spelled[0]);
    rp_buffer_puts(&q->scratch, " .. ");
    rp_buffer_puts(&q->scratch, spelled[1]);
    rp_buffer_puts(&q->scratch, "]");
    return rp_outcome_scratch(q, RP_OTHER_ERROR);
}

static const rp_literal *substitute(const rp_literal *substitutions, const char *value)
{
    for (size_t i = substitutions ? substitutions->count : 0; i-- > 0;)
        if (rp_literal_is(substitutions->pair[i].key, value))
            return substitutions->pair[i].value;
    return NULL;
}

/* A value outside of the list; the column has no wildcards. */
static rp_outcome validate(rp_query *q, const rp_match_column *column, const char *name, const char *value,
                           size_t length)
{
    char *again = rp_arena_get(&q->arena, length + RP_FLOAT_TEXT);
    if (!again)
        return rp_outcome_no_memory();
    for (size_t turn = 0; turn < 8; turn++) {
        if (in_list(column, value, length) || in_list(column, again, rp_condition(again, value, length)))
            return rp_outcome_fail(RP_FOUND, NULL);
        if (length >= 3 && memcmp(value, "NOT", 3) == 0) {
            value += 3;
            length -= 3;
            rp_python_strip(&value, &length);
            turn = 0;
            continue;
        }
        const char *ended = rp_arena_copy(&q->arena, value, length);
        if (!ended)
            return rp_outcome_no_memory();
        if (rp_is_esoteric(ended) || !strcmp(ended, "*") || !strcmp(ended, "ANY") || !strcmp(ended, "N/A"))
            return rp_outcome_fail(RP_FOUND, NULL);
        if (column->nvalid == 1 && strchr(column->valid[0], ':'))
            return check_range(q, column, name, value, length);
        const rp_literal *by = substitute(column->substitutions, ended);
        if (!by)
            return not_listed(q, column, value, length);
        if (by->kind != RP_LITERAL_TEXT)
            return rp_outcome_fail(RP_ODD_ERROR, "a substitution by several values");
        value = by->text;
        length = by->length;
        if (!(again = rp_arena_get(&q->arena, length + RP_FLOAT_TEXT)))
            return rp_outcome_no_memory();
    }
    return rp_outcome_fail(RP_OTHER_ERROR, "maximum recursion depth exceeded");
}

/* ---- which rows are left? ---- */

/* Patterns meet a value that the tables do not know. */
static const rp_match_class *ask_special(rp_query *q, const rp_selector *s, size_t k, const rp_slot_value *value)
{
    const rp_match *match = s->match;
    const rp_match_column *column = &match->column[k];
    const size_t bytes = match->words * sizeof(uint64_t);
    uint64_t *bits = rp_arena_get(&q->arena, 2 * bytes);
    rp_match_class *out = rp_arena_get(&q->arena, sizeof *out);
    if (!bits || !out)
        return NULL;
    memcpy(bits, column->classes[0].alive, bytes);
    memcpy(bits + match->words, column->classes[0].full, bytes);
    *out = (rp_match_class){.alive = bits, .full = bits + match->words};
    for (size_t i = 0; i < column->nspecial; i++) {
        const size_t row = column->special[i];
        const int status =
            rp_pattern_match(match->pattern[row * s->nslots + k], q->match_data, value->text, value->length);
        if (status >= 0)
            out->alive[row / 64] |= 1ULL << row % 64;
        if (status > 0)
            out->full[row / 64] |= 1ULL << row % 64;
    }
    return out;
}

/* The class of each column's value; the outcome is an error, or RP_FOUND. */
static rp_outcome classify(rp_query *q, const rp_selector *s, const rp_match_class **class)
{
    for (size_t k = 0; k < s->nslots; k++)
        if (!rp_slot_defined(q, s->slot[k]) && !s->match->column[k].has_na) {
            const char *name = q->instrument->slot[s->slot[k]].name;
            q->scratch.size = 0;
            rp_buffer_puts(&q->scratch, "Match required lookup parameter ");
            rp_python_quote(&q->scratch, name, strlen(name));
            rp_buffer_puts(&q->scratch, " is undefined.");
            return rp_outcome_scratch(q, RP_OTHER_ERROR);
        }
    for (size_t k = 0; k < s->nslots; k++) {
        const rp_match_column *column = &s->match->column[k];
        const rp_slot_value *value = rp_slot_value_of(q, s->slot[k]);
        class[k] = &column->classes[column->class_of[value->number]];
        if (!column->unchecked && !class[k] -> listed) {
            const rp_outcome bad =
                validate(q, column, q->instrument->slot[s->slot[k]].name, value->text, value->length);
            if (bad.kind != RP_FOUND)
                return bad;
        }
        if (value->number == RP_NUMBER_UNKNOWN && column->nspecial && !(class[k] = ask_special(q, s, k, value)))
            return rp_outcome_no_memory();
    }
    return rp_outcome_fail(RP_FOUND, NULL);
}

/* ---- the best of them ---- */

typedef struct candidates {
    size_t *row;
    unsigned *weight;
    size_t count;
    unsigned best;
} candidates;

static unsigned weigh(const rp_match_class *const *class, size_t columns, size_t row)
{
    unsigned weight = 0;
    for (size_t k = 0; k < columns; k++)
        weight += (unsigned)(class[k] -> full[row / 64] >> row % 64 & 1U);
    return weight;
}

static bool collect(rp_query *q, const rp_selector *s, const rp_match_class *const *class, const uint64_t *alive,
                    size_t count, candidates *out)
{
    *out = (candidates){.row = rp_arena_get(&q->arena, 2 * count * sizeof(size_t)),
                        .weight = rp_arena_get(&q->arena, count * sizeof(unsigned))};
    if (!out->row || !out->weight)
        return false;
    for (size_t w = 0; w < s->match->words; w++)
        for (uint64_t left = alive[w]; left; left &= left - 1) {
            const size_t row = 64 * w + (size_t)__builtin_ctzll(left);
            out->row[out->count] = row;
            out->weight[out->count] = weigh(class, s->nslots, row);
            if (out->weight[out->count] > out->best)
                out->best = out->weight[out->count];
            out->count++;
        }
    return true;
}

/* Groups of equal weight, the heaviest first, until one gives an answer or an error that counts. */
static rp_outcome try_all(rp_query *q, const rp_selector *s, const candidates *c)
{
    size_t *tied = c->row + c->count; /* room was made behind the rows */
    for (unsigned weight = c->best;; weight--) {
        size_t n = 0;
        for (size_t i = 0; i < c->count; i++)
            if (c->weight[i] == weight)
                tied[n++] = c->row[i];
        if (n) {
            const rp_outcome out = n > 1 ? rp_take_tied(q, s, tied, n) : rp_take(q, &s->choice[tied[0]]);
            if (out.kind != RP_LOOKUP_ERROR)
                return out;
        }
        if (weight == 0)
            return rp_outcome_fail(RP_LOOKUP_ERROR, no_match);
    }
}

rp_outcome rp_choose_match(rp_query *q, const rp_selector *s)
{
    enum { FEW = 8 };
    const rp_match_class *few_classes[FEW], **class = few_classes;
    uint64_t few_words[FEW], *alive = few_words;
    const size_t words = s->match->words;
    if (s->nslots > FEW)
        class = rp_arena_get(&q->arena, s->nslots * sizeof *class);
    if (words > FEW)
        alive = rp_arena_get(&q->arena, words * sizeof *alive);
    if (!class || !alive)
        return rp_outcome_no_memory();
    const rp_outcome bad = classify(q, s, class);
    if (bad.kind != RP_FOUND)
        return bad;
    size_t count = 0, row = 0;
    for (size_t w = 0; w < words; w++) {
        const size_t left = s->nkeys - 64 * w;
        uint64_t bits = left < 64 ? (1ULL << left) - 1 : ~0ULL;
        for (size_t k = 0; k < s->nslots; k++)
            bits &= class[k]->alive[w];
        alive[w] = bits;
        if (bits) {
            row = 64 * w + (size_t)__builtin_ctzll(bits);
            count += bits & (bits - 1) ? 2 : 1; /* one, or several */
        }
    }
    if (count == 0)
        return rp_outcome_fail(RP_LOOKUP_ERROR, no_match);
    if (count == 1) {
        const rp_outcome out = rp_take(q, &s->choice[row]);
        return out.kind == RP_LOOKUP_ERROR ? rp_outcome_fail(RP_LOOKUP_ERROR, no_match) : out;
    }
    count = 0;
    for (size_t w = 0; w < words; w++)
        for (uint64_t left = alive[w]; left; left &= left - 1)
            count++;
    candidates c;
    return collect(q, s, class, alive, count, &c) ? try_all(q, s, &c) : rp_outcome_no_memory();
}
