/* Rules as they stand in the text: host/reference/crds/walk.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/rules.h"
#include "host/reference/crds/walk.h"

static const rp_literal *field(const rp_literal *key, size_t i)
{
    return key->kind == RP_LITERAL_TUPLE ? key->item[i] : key;
}

static size_t fields(const rp_literal *key)
{
    return key->kind == RP_LITERAL_TUPLE ? key->count : 1;
}

static int compare_pairs(const void *a, const void *b)
{
    const rp_literal *x = ((const rp_pair *)a)->key, *y = ((const rp_pair *)b)->key;
    const size_t nx = fields(x), ny = fields(y);
    for (size_t i = 0; i < nx && i < ny; i++) {
        const int c = strcmp(field(x, i)->text, field(y, i)->text);
        if (c)
            return c;
    }
    return (nx > ny) - (nx < ny);
}

const rp_pair *rp_rows(rp_arena *arena, const rp_literal *call, size_t *count)
{
    const rp_pair *unique = rp_literal_unique(arena, call->item[0], count, NULL, NULL);
    rp_pair *sorted = rp_arena_get(arena, (*count + 1) * sizeof *sorted);
    if (!unique || !sorted) {
        arena->failed = true;
        return NULL;
    }
    memcpy(sorted, unique, *count * sizeof *sorted);
    if (*count)
        qsort(sorted, *count, sizeof *sorted, compare_pairs);
    return sorted;
}

const rp_literal *rp_keywords_at(const rp_mapping *rmap, size_t depth)
{
    const rp_literal *parkey = rp_literal_get(rmap->module.header, "parkey");
    const rp_literal *level = parkey && parkey->item && depth < parkey->count ? parkey->item[depth] : NULL;
    return level && (level->kind == RP_LITERAL_TUPLE || level->kind == RP_LITERAL_LIST) ? level : NULL;
}

static const char *spelled(rp_arena *arena, const rp_literal *value)
{
    if (value->kind < RP_LITERAL_TUPLE)
        return value->text;
    rp_buffer text = {0};
    rp_literal_repr(&text, value);
    const char *out = rp_buffer_keep(&text, arena);
    rp_buffer_clear(&text);
    return out;
}

static rp_key_text split(rp_arena *arena, const char *text, const char *at, size_t most)
{
    rp_key_text out = {rp_arena_zero(arena, most + 1, sizeof *out.value), 0};
    while (out.value && out.count < most) {
        text += strspn(text, at);
        const size_t n = strcspn(text, at);
        if (!n)
            break;
        out.value[out.count++] = rp_arena_copy(arena, text, n);
        text += n;
    }
    return out;
}

rp_key_text rp_key_values(rp_arena *arena, const rp_literal *call, const rp_literal *keywords, const rp_literal *key)
{
    rp_selector_class class = RP_MATCH;
    const size_t most = keywords ? keywords->count : 0;
    (void)rp_selector_find(call->text, &class);
    if (most > 1 && key->kind == RP_LITERAL_TEXT && (class == RP_USE_AFTER || class == RP_CLOSEST_TIME))
        return split(arena, key->text, " \t\n\r\f\v", most);
    if (most > 1 && key->kind == RP_LITERAL_TEXT && class == RP_VERSION_AFTER)
        return split(arena, key->text, ".", most);
    rp_key_text out = {rp_arena_zero(arena, fields(key) + 1, sizeof *out.value), 0};
    for (size_t i = 0; out.value && i < fields(key) && i < most; i++)
        out.value[out.count++] = spelled(arena, field(key, i));
    return out;
}

/* ---- ways to a file ---- */

typedef struct search {
    rp_arena *arena;
    const rp_mapping *rmap;
    const char *file, *instrument, *type;
    rp_way *way;
    size_t count, room;
    bool failed;
} search;

enum { MAX_CRITERIA = 256 };

static const char *order_of(rp_arena *arena, const search *s, const rp_criterion *criterion, size_t count)
{
    rp_buffer text = {0};
    rp_buffer_puts(&text, s->instrument);
    rp_buffer_putc(&text, '\1');
    rp_buffer_puts(&text, s->type);
    for (size_t i = 0; i < count; i++) {
        rp_buffer_putc(&text, '\1');
        rp_buffer_puts(&text, criterion[i].value);
    }
    const char *out = rp_buffer_keep(&text, arena);
    rp_buffer_clear(&text);
    return out;
}

static void add_way(search *s, const rp_criterion *criterion, size_t count)
{
    rp_criterion *kept = rp_arena_get(s->arena, (count + 1) * sizeof *kept);
    if (!kept || !rp_grow(&s->way, &s->room, s->count, sizeof *s->way)) {
        s->failed = true;
        return;
    }
    memcpy(kept, criterion, count * sizeof *kept);
    s->way[s->count++] = (rp_way){.instrument = s->instrument,
                                  .type = s->type,
                                  .criterion = kept,
                                  .count = count,
                                  .order = order_of(s->arena, s, kept, count)};
}

static void search_selector(search *s, const rp_literal *call, size_t depth, rp_criterion *criterion, size_t count)
{
    size_t n;
    const rp_pair *row = rp_rows(s->arena, call, &n);
    const rp_literal *keywords = rp_keywords_at(s->rmap, depth);
    for (size_t i = 0; row && i < n; i++) {
        const rp_key_text key = rp_key_values(s->arena, call, keywords, row[i].key);
        size_t added = 0;
        for (; added < key.count && count + added < MAX_CRITERIA; added++)
            criterion[count + added] = (rp_criterion){keywords->item[added]->text, key.value[added]};
        if (row[i].value->kind == RP_LITERAL_CALL)
            search_selector(s, row[i].value, depth + 1, criterion, count + added);
        else if (rp_literal_is(row[i].value, s->file))
            add_way(s, criterion, count + added);
    }
    s->failed = s->failed || !row;
}

static int compare_ways(const void *a, const void *b)
{
    return strcmp(((const rp_way *)a)->order, ((const rp_way *)b)->order);
}

static bool names_file(const rp_mapping *rmap, const char *file)
{
    return rmap->children.count && bsearch(&file, rmap->children.name, rmap->children.count,
                                           sizeof *rmap->children.name, rp_compare_names) != NULL;
}

rp_code rp_ways_to(const rp_way **out, size_t *count, rp_arena *arena, const rp_context *context, const char *file,
                   rp_error *err)
{
    rp_criterion criterion[MAX_CRITERIA];
    search s = {.arena = arena, .file = file};
    for (size_t i = 0; i < context->ninstruments; i++)
        for (size_t k = 0; k < context->instrument[i].nrules; k++) {
            const rp_rule *rule = &context->instrument[i].rule[k];
            if (rule->special || !names_file(rule->mapping, file))
                continue;
            s.rmap = rule->mapping;
            s.instrument = context->instrument[i].name;
            s.type = rule->type;
            search_selector(&s, rule->mapping->module.selector, 0, criterion, 0);
        }
    if (s.count)
        qsort(s.way, s.count, sizeof *s.way, compare_ways);
    rp_way *kept = rp_arena_get(arena, (s.count + 1) * sizeof *kept);
    if (kept && s.count)
        memcpy(kept, s.way, s.count * sizeof *kept);
    free(s.way);
    *out = kept;
    *count = s.count;
    return kept && !s.failed && !arena->failed ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory to search %s", file);
}
