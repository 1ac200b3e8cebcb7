/* Datasets from exposures: include/rampart/dataset.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/memory.h"
#include "host/reference/crds/python.h"
#include "io/fits/cards.h"
#include "rampart/container.h"
#include "rampart/dataset.h"

typedef struct source {
    rp_dataset_source base;
    const char *const *path;
    size_t count, at;
    rp_arena arena;
    rp_header_item *item;
    size_t nitems, room;
    rp_error problem;
} source;

/* str() of the value as Python reads it; NULL: none. */
static const char *value_text(rp_arena *arena, const rp_card *card)
{
    char number[RP_FLOAT_TEXT];
    switch (card->kind) {
    case RP_CARD_STRING:
        return rp_arena_copy(arena, card->text, strlen(card->text));
    case RP_CARD_BOOL:
        return card->b ? "True" : "False";
    case RP_CARD_INT:
        return rp_arena_copy(arena, number, (size_t)snprintf(number, sizeof number, "%lld", (long long)card->i));
    case RP_CARD_FLOAT:
        return rp_arena_copy(arena, number, rp_python_float(number, card->f));
    default:
        return NULL;
    }
}

static rp_code read_cards(source *s, const rp_hdu *hdu, rp_error *err)
{
    const size_t ncards = rp_cards_count(hdu->header, hdu->header_bytes);
    rp_card card = {0};
    rp_code code = RP_OK;
    for (size_t i = 0; i < ncards && !code; i += card.ncards) {
        code = rp_card_parse(&card, hdu->header + i * RP_CARD_BYTES, ncards - i, err);
        const char *value = code ? NULL : value_text(&s->arena, &card);
        if (!value)
            continue;
        const char *name = rp_arena_copy(&s->arena, card.keyword, strlen(card.keyword));
        if (!name || !rp_grow(&s->item, &s->room, s->nitems, sizeof *s->item))
            code = rp_fail(err, RP_E_MEMORY, "no memory for a header");
        else
            s->item[s->nitems++] = (rp_header_item){name, value};
    }
    rp_card_clear(&card);
    return code;
}

static rp_code next(rp_dataset_source *base, rp_dataset *out, bool *end, rp_error *err)
{
    source *s = (source *)base;
    rp_container *file = NULL;
    (void)err;
    *end = s->at == s->count;
    if (*end)
        return RP_OK;
    const char *path = s->path[s->at++];
    s->nitems = 0;
    rp_arena_reset(&s->arena);
    rp_code code = rp_container_open(&file, path, NULL, &s->problem);
    if (!code && file->nhdu)
        code = read_cards(s, &file->hdu[0], &s->problem);
    if (file)
        file->close(file);
    *out = (rp_dataset){.id = path, .item = s->item, .nitems = s->nitems, .problem = code ? s->problem.text : NULL};
    return RP_OK;
}

static void close_source(rp_dataset_source *base)
{
    source *s = (source *)base;
    rp_arena_clear(&s->arena);
    free(s->item);
    free(s);
}

rp_code rp_source_files(rp_dataset_source **out, const char *const *path, size_t count, rp_error *err)
{
    source *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return rp_fail(err, RP_E_MEMORY, "no memory to read headers");
    s->base = (rp_dataset_source){next, close_source};
    s->path = path;
    s->count = count;
    *out = &s->base;
    return RP_OK;
}
