/* HDUs and keyword cards of a product: io/product/build.h.
 *
 * The order is that of the reference's writer: an HDU appears with its first keyword or with its data, whichever comes
 * first; keywords below meta, then planes, then keywords of the root, unknown keywords, and HISTORY last. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/product/build.h"

void rp_build_free(rp_build *build)
{
    for (size_t k = 0; k < build->count; k++)
        rp_cards_free(&build->hdu[k].body);
    free(build->hdu);
    *build = (rp_build){0};
}

static rp_built *find_hdu(rp_build *build, const char *extname)
{
    for (size_t k = 0; k < build->count; k++)
        if (!strcmp(build->hdu[k].extname, extname))
            return &build->hdu[k];
    return NULL;
}

static rp_code add_hdu(rp_build *build, const char *extname, rp_built **out, rp_error *err)
{
    if (build->count == build->capacity) {
        const size_t capacity = build->capacity ? 2 * build->capacity : 16;
        rp_built *fresh = realloc(build->hdu, capacity * sizeof *fresh);
        if (!fresh)
            return rp_fail(err, RP_E_MEMORY, "no memory for headers");
        build->hdu = fresh;
        build->capacity = capacity;
    }
    rp_built *hdu = &build->hdu[build->count];
    *hdu = (rp_built){0};
    const size_t length = strlen(extname);
    if (length >= sizeof hdu->extname)
        return rp_fail(err, RP_E_ARGUMENT, "the HDU name \"%s\" is too long", extname);
    memcpy(hdu->extname, extname, length + 1);
    build->count++;
    *out = hdu;
    return RP_OK;
}

static rp_code get_hdu(rp_build *build, const char *extname, rp_built **out, rp_error *err)
{
    *out = find_hdu(build, extname);
    return *out ? RP_OK : add_hdu(build, extname, out, err);
}

static bool is_commentary(const char *keyword)
{
    return !strcmp(keyword, "COMMENT") || !strcmp(keyword, "HISTORY") || !*keyword;
}

/* FITS has no NaN and no infinity: such a value is left to the ASDF tree. */
static rp_code add_value(rp_cards *cards, const char *keyword, const rp_node *value, const char *comment, rp_error *err)
{
    switch (value->kind) {
    case RP_NODE_STRING:
        if (is_commentary(keyword))
            return rp_cards_add_commentary(cards, keyword, value->text, err);
        return rp_cards_add_string(cards, keyword, value->text, comment, err);
    case RP_NODE_BOOL:
        return rp_cards_add_bool(cards, keyword, value->truth, comment, err);
    case RP_NODE_INT:
        return rp_cards_add_int(cards, keyword, value->integer, comment, err);
    case RP_NODE_FLOAT:
        return isfinite(value->number) ? rp_cards_add_double(cards, keyword, value->number, comment, err) : RP_OK;
    case RP_NODE_NULL:
        return rp_cards_add_undefined(cards, keyword, comment, err);
    default:
        return RP_OK;
    }
}

static rp_code add_section(rp_cards *cards, const char *title, rp_error *err)
{
    rp_code code = rp_cards_add_commentary(cards, "", "", err);
    if (code == RP_OK)
        code = rp_cards_add_commentary(cards, "", title, err);
    return code == RP_OK ? rp_cards_add_commentary(cards, "", "", err) : code;
}

/* Finds the value of each keyword; the object that the last one lay in is remembered. */
typedef struct finder {
    const rp_node *root, *object;
    const char *path;
    size_t length;
} finder;

static const rp_node *find_value(finder *f, const char *path)
{
    const char *dot = strrchr(path, '.');
    if (!dot)
        return rp_map_get(f->root, path);
    const size_t length = (size_t)(dot - path);
    if (!f->path || length != f->length || memcmp(path, f->path, length)) {
        char object[128];
        f->object = NULL;
        f->path = path;
        f->length = length;
        if (length < sizeof object) {
            memcpy(object, path, length);
            object[length] = '\0';
            f->object = rp_path_get(f->root, object);
        }
    }
    return rp_map_get(f->object, dot + 1);
}

static rp_code add_keywords(rp_build *build, const rp_meta *meta, bool below_meta, rp_error *err)
{
    finder f = {.root = rp_tree_root(meta->tree)};
    const char *section = NULL;
    rp_code code = RP_OK;
    for (size_t k = 0; code == RP_OK && k < rp_keyword_count(); k++) {
        const rp_keyword *keyword = rp_keyword_at(k);
        if (!rp_keyword_in(keyword, meta->schema) || !strncmp(keyword->path, "meta.", 5) != below_meta)
            continue;
        const rp_node *value = find_value(&f, keyword->path);
        if (!value || value->kind == RP_NODE_NULL || value->kind > RP_NODE_STRING)
            continue;
        rp_built *hdu;
        code = get_hdu(build, keyword->hdu, &hdu, err);
        const bool fresh = keyword->section && (!section || strcmp(section, keyword->section));
        section = keyword->section;
        if (code == RP_OK && fresh)
            code = add_section(&hdu->body, section, err);
        if (code == RP_OK)
            code = add_value(&hdu->body, keyword->keyword, value, keyword->comment, err);
        if (code != RP_OK)
            rp_error_prefix(err, "keyword %s", keyword->keyword);
    }
    return code;
}

/* Values alone: what the reference keeps when it makes a table of an HDU that began as an image. */
static rp_code copy_values(rp_cards *to, const rp_cards *from, rp_error *err)
{
    rp_card card = {0};
    rp_code code = RP_OK;
    for (size_t k = 0; code == RP_OK && k < from->count; k += card.ncards) {
        code = rp_card_parse(&card, from->text + k * RP_CARD_BYTES, from->count - k, err);
        if (code != RP_OK || card.kind == RP_CARD_COMMENTARY)
            continue;
        if (card.kind == RP_CARD_STRING)
            code = rp_cards_add_string(to, card.keyword, card.text, NULL, err);
        else if (card.kind == RP_CARD_BOOL)
            code = rp_cards_add_bool(to, card.keyword, card.b, NULL, err);
        else if (card.kind == RP_CARD_INT)
            code = rp_cards_add_int(to, card.keyword, card.i, NULL, err);
        else if (card.kind == RP_CARD_FLOAT)
            code = rp_cards_add_double(to, card.keyword, card.f, NULL, err);
    }
    rp_card_clear(&card);
    return code;
}

static void remove_hdu(rp_build *build, size_t index)
{
    rp_cards_free(&build->hdu[index].body);
    memmove(&build->hdu[index], &build->hdu[index + 1], (build->count - index - 1) * sizeof *build->hdu);
    build->count--;
}

static rp_code add_version(rp_built *hdu, rp_error *err)
{
    return rp_cards_add_int(&hdu->body, "EXTVER", 1, "extension value", err);
}

/* A table in place of an HDU that so far had keywords alone: it comes last, with its version before them. */
static rp_code replace_by_table(rp_build *build, const char *extname, rp_built **hdu, rp_error *err)
{
    const size_t old = (size_t)(*hdu - build->hdu);
    rp_built *fresh;
    rp_code code = add_hdu(build, extname, &fresh, err);
    if (code == RP_OK)
        code = add_version(fresh, err);
    if (code == RP_OK)
        code = copy_values(&fresh->body, &build->hdu[old].body, err);
    if (code == RP_OK)
        remove_hdu(build, old);
    *hdu = &build->hdu[build->count - 1];
    return code;
}

static rp_code add_piece(rp_build *build, const rp_piece *piece, rp_error *err)
{
    rp_built *hdu = find_hdu(build, piece->extname);
    rp_code code = RP_OK;
    if (hdu && piece->kind == RP_PIECE_TABLE) {
        code = replace_by_table(build, piece->extname, &hdu, err);
    } else {
        if (!hdu)
            code = add_hdu(build, piece->extname, &hdu, err);
        if (code == RP_OK && piece->kind != RP_PIECE_FOREIGN)
            code = add_version(hdu, err);
    }
    if (code == RP_OK)
        hdu->piece = piece;
    return code;
}

static const rp_piece *foreign_piece(const rp_piece *pieces, size_t npieces, const char *extname)
{
    for (size_t k = 0; k < npieces; k++)
        if (pieces[k].kind == RP_PIECE_FOREIGN && !strcmp(pieces[k].extname, extname))
            return &pieces[k];
    return NULL;
}

static rp_code add_extra_cards(rp_build *build, const char *extname, const rp_node *list, rp_error *err)
{
    rp_built *hdu = NULL;
    rp_code code = list->count ? get_hdu(build, extname, &hdu, err) : RP_OK;
    for (size_t k = 0; code == RP_OK && k < list->count; k++) {
        const rp_node *card = list->items[k];
        const char *keyword = card->kind == RP_NODE_SEQUENCE && card->count >= 2 ? rp_node_text(card->items[0]) : NULL;
        const char *comment = keyword && card->count > 2 ? rp_node_text(card->items[2]) : NULL;
        if (!keyword || rp_is_structural(keyword))
            continue;
        code = add_value(&hdu->body, keyword, card->items[1], comment, err);
        if (code != RP_OK)
            rp_error_prefix(err, "keyword %s of %s", keyword, extname);
    }
    return code;
}

static rp_code add_extras(rp_build *build, const rp_meta *meta, const rp_piece *pieces, size_t npieces, rp_error *err)
{
    const rp_node *hdus = rp_map_get(rp_tree_root(meta->tree), "extra_fits");
    rp_code code = RP_OK;
    for (size_t k = 0; hdus && hdus->kind == RP_NODE_MAPPING && code == RP_OK && k < hdus->nentries; k++) {
        const rp_entry *entry = &hdus->entries[k];
        const rp_piece *piece = foreign_piece(pieces, npieces, entry->key);
        const rp_node *list = rp_map_get(entry->value, "header");
        if (piece)
            code = add_piece(build, piece, err);
        if (code == RP_OK && list && list->kind == RP_NODE_SEQUENCE)
            code = add_extra_cards(build, entry->key, list, err);
    }
    return code;
}

static rp_code add_history(rp_build *build, const rp_meta *meta, rp_error *err)
{
    const rp_node *history = rp_map_get(rp_tree_root(meta->tree), "history");
    const rp_node *entries = history && history->kind == RP_NODE_SEQUENCE ? history : rp_map_get(history, "entries");
    rp_code code = RP_OK;
    for (size_t k = 0; entries && entries->kind == RP_NODE_SEQUENCE && code == RP_OK && k < entries->count; k++) {
        const char *text = rp_node_text(rp_map_get(entries->items[k], "description"));
        if (!text)
            text = rp_node_text(entries->items[k]);
        if (text)
            code = rp_cards_add_commentary(&build->hdu[0].body, "HISTORY", text, err);
    }
    return code;
}

rp_code rp_build_headers(rp_build *out, const rp_meta *meta, const rp_piece *pieces, size_t npieces, rp_error *err)
{
    rp_built *primary;
    *out = (rp_build){0};
    rp_code code = add_hdu(out, "PRIMARY", &primary, err);
    if (code == RP_OK)
        code = add_keywords(out, meta, true, err);
    for (size_t k = 0; code == RP_OK && k < npieces; k++)
        if (pieces[k].kind != RP_PIECE_FOREIGN)
            code = add_piece(out, &pieces[k], err);
    if (code == RP_OK)
        code = add_keywords(out, meta, false, err);
    if (code == RP_OK)
        code = add_extras(out, meta, pieces, npieces, err);
    if (code == RP_OK)
        code = add_history(out, meta, err);
    if (code != RP_OK) {
        rp_build_free(out);
        rp_error_prefix(err, "%s", meta->file);
    }
    return code;
}
