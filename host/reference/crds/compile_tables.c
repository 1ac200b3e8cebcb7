/* Tables of bits of Match selectors: host/reference/crds/rules.h.
 *
 * Values that no row of a column mentions share class 0.  Where a column has patterns, each known value has a class of
 * its own, and the rows with patterns are looked at again for unknown ones. */
#include <string.h>

#include "host/reference/crds/rules.h"

typedef struct builder {
    rp_compiler *c;
    const rp_selector *s;
    const rp_match *match;
    size_t which;
    const rp_intern *values;
    void *match_data;
    size_t room;
} builder;

static void set_bit(uint64_t *bits, size_t row)
{
    bits[row / 64] |= 1ULL << row % 64;
}

static const rp_pattern *pattern_of(const builder *b, size_t row)
{
    return b->match->pattern[row * b->s->nslots + b->which];
}

/* A new class with the bits of class 0; 0: no memory. */
static uint32_t add_class(builder *b, uint32_t *count)
{
    rp_match_column *column = &b->match->column[b->which];
    rp_arena *arena = &b->c->context->arena;
    const size_t bytes = b->match->words * sizeof(uint64_t);
    if (*count == b->room) {
        rp_match_class *wider = rp_arena_get(arena, 2 * b->room * sizeof *wider);
        if (!wider)
            return 0;
        memcpy(wider, column->classes, *count * sizeof *wider);
        column->classes = wider;
        b->room *= 2;
    }
    uint64_t *bits = rp_arena_get(arena, 2 * bytes);
    if (!bits)
        return 0;
    rp_match_class *made = &column->classes[*count];
    *made = (rp_match_class){.alive = bits, .full = bits + b->match->words};
    memcpy(made->alive, column->classes[0].alive, bytes);
    memcpy(made->full, column->classes[0].full, bytes);
    return (*count)++;
}

static bool class_of_value(builder *b, uint32_t number, uint32_t *count, uint32_t *out)
{
    rp_match_column *column = &b->match->column[b->which];
    if (!column->class_of[number])
        column->class_of[number] = add_class(b, count);
    *out = column->class_of[number];
    return *out != 0;
}

/* The class of a value to which every row is asked. */
static bool ask_all(builder *b, uint32_t number, uint32_t *count)
{
    uint32_t at;
    const char *text = b->values->text[number - 1];
    const size_t length = b->values->length[number - 1], bytes = b->match->words * sizeof(uint64_t);
    if (!class_of_value(b, number, count, &at))
        return false;
    rp_match_class *class = &b->match->column[b->which].classes[at];
    memset(class->alive, 0, bytes);
    memset(class->full, 0, bytes);
    for (size_t row = 0; row < b->s->nkeys; row++) {
        const int status = rp_pattern_match(pattern_of(b, row), b->match_data, text, length);
        if (status >= 0)
            set_bit(class->alive, row);
        if (status > 0)
            set_bit(class->full, row);
    }
    return true;
}

static bool add_literal_rows(builder *b, uint32_t *count)
{
    rp_match_column *column = &b->match->column[b->which];
    for (size_t row = 0; row < b->s->nkeys; row++) {
        const rp_pattern *p = pattern_of(b, row);
        for (size_t i = 0; p->literal && i < p->nparts; i++) {
            uint32_t at;
            const uint32_t number = rp_intern_find(b->values, p->part[i], strlen(p->part[i]));
            if (!number || !class_of_value(b, number, count, &at))
                return false;
            set_bit(column->classes[at].alive, row);
            set_bit(column->classes[at].full, row);
        }
    }
    return true;
}

/* Rows that take any value: a lone "*". */
static bool takes_all(const rp_pattern *p)
{
    return p->kind == RP_PATTERN_GLOB && p->nparts == 1 && strcmp(p->part[0], "*") == 0;
}

static bool begin_column(builder *b, uint32_t *count)
{
    rp_match_column *column = &b->match->column[b->which];
    rp_arena *arena = &b->c->context->arena;
    b->room = 8;
    column->class_of = rp_arena_zero(arena, b->values->count + 1, sizeof *column->class_of);
    column->classes = rp_arena_zero(arena, b->room, sizeof *column->classes);
    column->special = rp_arena_zero(arena, b->s->nkeys + 1, sizeof *column->special);
    uint64_t *bits = rp_arena_zero(arena, 2 * b->match->words + 1, sizeof *bits);
    if (arena->failed)
        return false;
    column->classes[0] = (rp_match_class){.alive = bits, .full = bits + b->match->words};
    *count = 1;
    for (size_t row = 0; row < b->s->nkeys; row++) {
        const rp_pattern *p = pattern_of(b, row);
        if (p->kind == RP_PATTERN_NA || takes_all(p))
            set_bit(column->classes[0].alive, row);
        if (takes_all(p))
            set_bit(column->classes[0].full, row);
        else if (p->kind != RP_PATTERN_NA && !p->literal)
            column->special[column->nspecial++] = row;
    }
    return true;
}

static bool build_column(builder *b)
{
    rp_match_column *column = &b->match->column[b->which];
    uint32_t count, at;
    if (!begin_column(b, &count))
        return false;
    if (column->nspecial) {
        for (uint32_t number = 1; number <= b->values->count; number++)
            if (!ask_all(b, number, &count))
                return false;
    } else if (!add_literal_rows(b, &count) || !ask_all(b, RP_NUMBER_NA, &count) ||
               !ask_all(b, RP_NUMBER_ANY, &count)) {
        return false;
    }
    for (size_t i = 0; i < column->nvalid; i++) {
        const uint32_t number = rp_intern_find(b->values, column->valid[i], strlen(column->valid[i]));
        if (!number || !class_of_value(b, number, &count, &at))
            return false;
        column->classes[at].listed = true;
    }
    return true;
}

rp_code rp_finish_matches(rp_compiler *c, const rp_selector *s)
{
    rp_code code = RP_OK;
    for (size_t i = 0; i < s->nkeys && !code; i++)
        if (s->choice[i].kind == RP_CHOICE_NESTED)
            code = rp_finish_matches(c, s->choice[i].selector);
    if (code || s->class != RP_MATCH)
        return code;
    builder b = {.c = c, .s = s, .match = s->match, .match_data = rp_match_data_new()};
    bool good = b.match_data != NULL;
    for (b.which = 0; good && b.which < s->nslots; b.which++) {
        b.values = &c->instrument->slot[s->slot[b.which]].values;
        good = build_column(&b);
    }
    rp_match_data_free(b.match_data);
    return good ? RP_OK : rp_compile_no_memory(c);
}
