/* Metadata of a file: its ASDF tree and its headers, as the reference's models merge them: io/product/meta.h.
 *
 * The tree is taken as it is when its hash fits the headers; else every known keyword of the headers replaces the
 * tree's value, unless the schema forbids it, and unknown keywords are collected anew. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/asdf/asdf.h"
#include "io/fits/cards.h"
#include "io/product/meta.h"

static const char logger[] = "rampart.product";

enum { SEEN_WORDS = 64, SEEN_BITS = 32 };

typedef struct loader {
    rp_container *file;
    rp_meta *meta;
    const rp_log *log;
    rp_error *err;
    rp_card card;
    uint32_t seen[SEEN_WORDS]; /* keywords of the dictionary met in headers */
} loader;

static rp_code no_memory(const loader *l)
{
    return rp_fail(l->err, RP_E_MEMORY, "%s: no memory for its metadata", l->meta->file);
}

static bool is_numbered(const char *keyword, const char *stem, size_t least, size_t most)
{
    const size_t length = strlen(stem);
    if (strncmp(keyword, stem, length))
        return false;
    const char *digits = keyword + length;
    const size_t n = strspn(digits, "0123456789");
    return n >= least && n <= most && digits[n] == '\0';
}

bool rp_is_structural(const char *keyword)
{
    static const char *const plain[] = {"",       "SIMPLE",  "BITPIX",  "XTENSION", "PCOUNT",   "GCOUNT",  "EXTEND",
                                        "BSCALE", "BZERO",   "BLANK",   "DATAMAX",  "DATAMIN",  "EXTNAME", "EXTVER",
                                        "GROUPS", "TFIELDS", "HISTORY", "EXTLEVEL", "CHECKSUM", "DATASUM"};
    static const char *const columns[] = {"TBCOL", "TDIM",  "TFORM", "TTYPE", "TUNIT",
                                          "TSCAL", "TZERO", "TNULL", "TDISP"};
    for (size_t k = 0; k < sizeof plain / sizeof *plain; k++)
        if (!strcmp(keyword, plain[k]))
            return true;
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        if (is_numbered(keyword, columns[k], 1, 3))
            return true;
    return is_numbered(keyword, "NAXIS", 0, 3) || is_numbered(keyword, "PSCAL", 1, 1) ||
           is_numbered(keyword, "PZERO", 1, 1);
}

static rp_node *card_value(rp_tree *tree, const rp_card *card)
{
    switch (card->kind) {
    case RP_CARD_BOOL:
        return rp_new_bool(tree, card->b);
    case RP_CARD_INT:
        return rp_new_int(tree, card->i);
    case RP_CARD_FLOAT:
        return rp_new_float(tree, card->f);
    case RP_CARD_UNDEFINED:
        return rp_new_null(tree);
    default:
        return rp_new_string(tree, card->text);
    }
}

/* A keyword of the dictionary: the header wins, but what the schema forbids is dropped, as the reference does. */
static rp_code take_known(loader *l, const rp_keyword *keyword)
{
    const size_t index = rp_keyword_index(keyword);
    uint32_t *word = &l->seen[index / SEEN_BITS % SEEN_WORDS];
    const uint32_t bit = 1u << index % SEEN_BITS;
    if (*word & bit || l->card.kind == RP_CARD_UNDEFINED)
        return RP_OK;
    *word |= bit;
    rp_node *value = card_value(l->meta->tree, &l->card);
    if (!value)
        return no_memory(l);
    const bool checked = l->meta->schema != RP_SCHEMA_ANY;
    if (l->card.kind == RP_CARD_OTHER || (checked && !rp_keyword_allows(keyword, value))) {
        rp_logf(l->log, RP_WARNING, logger, "%s: %s = %s is not what the keyword permits; the value is dropped",
                l->meta->file, keyword->keyword, l->card.text);
        return RP_OK;
    }
    return rp_path_set(l->meta->tree, rp_tree_root(l->meta->tree), keyword->path, value) ? RP_OK : no_memory(l);
}

static rp_code take_card(loader *l, const char *hdu)
{
    const char *name = l->card.keyword;
    const rp_keyword *keyword = rp_keyword_find(hdu, name, l->meta->schema);
    if (keyword)
        return take_known(l, keyword);
    if (rp_is_structural(name))
        return RP_OK;
    rp_node *value = card_value(l->meta->tree, &l->card);
    return rp_extras_add(l->meta, hdu, name, value, l->card.comment) ? RP_OK : no_memory(l);
}

static rp_code take_header(loader *l, const rp_hdu *hdu)
{
    const size_t count = rp_cards_count(hdu->header, hdu->header_bytes);
    rp_code code = RP_OK;
    for (size_t k = 0; code == RP_OK && k < count; k += l->card.ncards) {
        code = rp_card_parse(&l->card, hdu->header + k * RP_CARD_BYTES, count - k, l->err);
        if (code == RP_OK)
            code = take_card(l, hdu->extname);
    }
    return code;
}

/* HISTORY of the primary header replaces the entries of the tree. */
static rp_code take_history(loader *l)
{
    const rp_hdu *hdu = &l->file->hdu[0];
    const size_t count = rp_cards_count(hdu->header, hdu->header_bytes);
    rp_tree *tree = l->meta->tree;
    rp_node *entries = NULL;
    for (size_t k = 0; k < count; k++) {
        const char *record = hdu->header + k * RP_CARD_BYTES;
        if (memcmp(record, "HISTORY ", 8))
            continue;
        const rp_code code = rp_card_parse(&l->card, record, 1, l->err);
        if (code != RP_OK)
            return code;
        if (!entries) {
            entries = rp_new_sequence(tree);
            rp_node *history = rp_new_mapping(tree);
            if (!rp_map_set(tree, history, "entries", entries) ||
                !rp_map_set(tree, rp_tree_root(tree), "history", history))
                return no_memory(l);
        }
        rp_node *entry = rp_tagged(tree, rp_new_mapping(tree), "tag:stsci.edu:asdf/core/history_entry-1.0.0");
        if (!rp_map_set(tree, entry, "description", rp_new_string(tree, l->card.text)) ||
            !rp_seq_append(tree, entries, entry))
            return no_memory(l);
    }
    return RP_OK;
}

static bool is_fits_array(const rp_node *node)
{
    const char *source = rp_node_text(rp_map_get(node, "source"));
    return node->tag && strstr(node->tag, "/core/ndarray-") && source && !strncmp(source, "fits:", 5);
}

/* What describes the old file and not the exposure: arrays in its HDUs, the hash, the writer's signature. */
static void strip_tree(rp_node *root)
{
    (void)rp_map_remove(root, "asdf_library");
    (void)rp_map_remove(root, "_fits_hash");
    rp_node *history = rp_map_get(root, "history");
    (void)rp_map_remove(history, "extensions");
    (void)rp_map_remove(history, "rampart");
    if (history && history->kind == RP_NODE_MAPPING && !history->nentries)
        (void)rp_map_remove(root, "history");
    for (size_t k = root->nentries; k-- > 0;)
        if (is_fits_array(root->entries[k].value))
            (void)rp_map_remove(root, root->entries[k].key);
    const rp_node *hdus = rp_map_get(root, "extra_fits");
    for (size_t k = 0; hdus && hdus->kind == RP_NODE_MAPPING && k < hdus->nentries; k++)
        (void)rp_map_remove(hdus->entries[k].value, "data");
}

/* A null in the tree means the same as nothing. */
static void drop_nulls(rp_node *map)
{
    for (size_t k = map->nentries; k-- > 0;) {
        rp_node *value = map->entries[k].value;
        if (value->kind == RP_NODE_NULL)
            (void)rp_map_remove(map, map->entries[k].key);
        else if (value->kind == RP_NODE_MAPPING)
            drop_nulls(value);
    }
}

static rp_code load_tree(loader *l, size_t index)
{
    const rp_hdu *hdu = &l->file->hdu[index];
    if (hdu->data_bytes < 0 || (uint64_t)hdu->data_bytes > RP_ASDF_MAX_BYTES)
        return rp_fail(l->err, RP_E_FORMAT, "%s[ASDF]: absurd size of %lld bytes", l->meta->file,
                       (long long)hdu->data_bytes);
    const size_t size = (size_t)hdu->data_bytes;
    char *bytes = malloc(size ? size : 1);
    if (!bytes)
        return no_memory(l);
    char label[512];
    (void)snprintf(label, sizeof label, "%.500s[ASDF]", l->meta->file);
    rp_tree *tree = NULL;
    rp_code code = l->file->read_bytes(l->file, index, 0, size, bytes, l->err);
    if (code == RP_OK)
        code = rp_asdf_parse(&tree, bytes, size, label, l->err);
    free(bytes);
    if (code != RP_OK)
        return code;
    rp_tree_free(l->meta->tree);
    l->meta->tree = tree;
    return RP_OK;
}

/* Do the headers still have the hash that the tree was written with? */
static bool hash_fits(const loader *l, const char *expected)
{
    char hash[RP_HASH_TEXT];
    rp_hasher *hasher = rp_hasher_new();
    if (!hasher)
        return false;
    for (size_t k = 0; k < l->file->nhdu; k++)
        if (strcmp(l->file->hdu[k].extname, "ASDF"))
            rp_hasher_add(hasher, l->file->hdu[k].header, l->file->hdu[k].header_bytes);
    rp_hasher_end(hasher, hash);
    return *hash && !strcmp(hash, expected);
}

static bool tree_is_current(const loader *l)
{
    char datamodl[72];
    const rp_hdu *primary = &l->file->hdu[0];
    const char *expected = rp_node_text(rp_map_get(rp_tree_root(l->meta->tree), "_fits_hash"));
    const size_t count = rp_cards_count(primary->header, primary->header_bytes);
    return expected && rp_cards_get_string(primary->header, count, "DATAMODL", datamodl, sizeof datamodl) &&
           !strcmp(datamodl, rp_schema_class(l->meta->schema)) && hash_fits(l, expected);
}

static bool is_first_of_name(const rp_container *file, size_t index)
{
    for (size_t k = 0; k < index; k++)
        if (!strcmp(file->hdu[k].extname, file->hdu[index].extname))
            return false;
    return true;
}

/* A foreign HDU with data has an entry in extra_fits even when it has no keyword of its own. */
static rp_code note_foreign(loader *l, const rp_hdu *hdu)
{
    rp_node *root = rp_tree_root(l->meta->tree);
    if (!hdu->data_bytes || l->meta->schema == RP_SCHEMA_ANY || rp_schema_plane(l->meta->schema, hdu->extname))
        return RP_OK;
    rp_node *hdus = rp_map_get(root, "extra_fits");
    if (!hdus) {
        hdus = rp_new_mapping(l->meta->tree);
        if (!rp_map_set(l->meta->tree, root, "extra_fits", hdus))
            return no_memory(l);
    }
    if (rp_map_get(hdus, hdu->extname))
        return RP_OK;
    return rp_map_set(l->meta->tree, hdus, hdu->extname, rp_new_mapping(l->meta->tree)) ? RP_OK : no_memory(l);
}

static rp_code load_headers(loader *l)
{
    rp_code code = RP_OK;
    (void)rp_map_remove(rp_tree_root(l->meta->tree), "extra_fits");
    for (size_t k = 0; code == RP_OK && k < l->file->nhdu; k++) {
        const rp_hdu *hdu = &l->file->hdu[k];
        if (!strcmp(hdu->extname, "ASDF") || !is_first_of_name(l->file, k))
            continue;
        code = take_header(l, hdu);
        if (code == RP_OK && k)
            code = note_foreign(l, hdu);
    }
    return code;
}

static rp_code load(loader *l, bool headers_only)
{
    const int asdf = headers_only ? -1 : rp_container_find(l->file, "ASDF", 1);
    rp_code code = asdf > 0 ? load_tree(l, (size_t)asdf) : RP_OK;
    if (code != RP_OK)
        return code;
    const bool current = asdf > 0 && tree_is_current(l);
    strip_tree(rp_tree_root(l->meta->tree));
    if (!current)
        code = load_headers(l);
    if (code == RP_OK)
        code = take_history(l);
    drop_nulls(rp_tree_root(l->meta->tree));
    return code;
}

rp_code rp_meta_load(rp_meta **out, rp_container *file, rp_schema schema, bool headers_only, const rp_log *log,
                     rp_error *err)
{
    *out = NULL;
    loader l = {.file = file, .log = log, .err = err};
    rp_code code = file->nhdu ? rp_meta_new(&l.meta, schema, file->path, err)
                              : rp_fail(err, RP_E_FORMAT, "%s: no HDU at all", file->path);
    if (code != RP_OK)
        return code;
    code = load(&l, headers_only);
    rp_card_clear(&l.card);
    if (code == RP_OK)
        *out = l.meta;
    else
        rp_meta_free(l.meta);
    return code;
}
