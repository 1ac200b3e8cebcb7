/* Unknown keywords, kept per HDU as the reference keeps them: io/product/meta.h. */
#include <string.h>

#include "io/product/meta.h"

static rp_node *extra_hdus(const rp_meta *meta)
{
    rp_node *map = rp_map_get(rp_tree_root(meta->tree), "extra_fits");
    return map && map->kind == RP_NODE_MAPPING ? map : NULL;
}

static rp_node *list_of(const rp_node *hdu)
{
    rp_node *list = rp_map_get(hdu, "header");
    return list && list->kind == RP_NODE_SEQUENCE ? list : NULL;
}

rp_node *rp_extras_header(const rp_meta *meta, const char *hdu)
{
    return list_of(rp_map_get(extra_hdus(meta), hdu));
}

static bool is_card(const rp_node *card, const char *keyword)
{
    const char *text = card->kind == RP_NODE_SEQUENCE && card->count >= 2 ? rp_node_text(card->items[0]) : NULL;
    return text && !strcmp(text, keyword);
}

static rp_node *find_card(const rp_node *list, const char *keyword)
{
    for (size_t k = 0; list && k < list->count; k++)
        if (is_card(list->items[k], keyword))
            return list->items[k];
    return NULL;
}

/* The first card of that name in the given HDU, or in PRIMARY, SCI and the others. */
static rp_node *find_anywhere(const rp_meta *meta, const char *hdu, const char *keyword)
{
    if (hdu)
        return find_card(rp_extras_header(meta, hdu), keyword);
    const rp_node *hdus = extra_hdus(meta);
    rp_node *card = find_card(rp_extras_header(meta, "PRIMARY"), keyword);
    if (!card)
        card = find_card(rp_extras_header(meta, "SCI"), keyword);
    for (size_t k = 0; !card && hdus && k < hdus->nentries; k++)
        card = find_card(list_of(hdus->entries[k].value), keyword);
    return card;
}

rp_node *rp_extras_get(const rp_meta *meta, const char *hdu, const char *keyword)
{
    const rp_node *card = find_anywhere(meta, hdu, keyword);
    return card ? card->items[1] : NULL;
}

bool rp_extras_add(rp_meta *meta, const char *hdu, const char *keyword, rp_node *value, const char *comment)
{
    rp_tree *tree = meta->tree;
    rp_node *root = rp_tree_root(tree), *hdus = extra_hdus(meta);
    if (!hdus) {
        hdus = rp_new_mapping(tree);
        if (!rp_map_set(tree, root, "extra_fits", hdus))
            return false;
    }
    rp_node *parts = rp_map_get(hdus, hdu);
    if (!parts || parts->kind != RP_NODE_MAPPING) {
        parts = rp_new_mapping(tree);
        if (!rp_map_set(tree, hdus, hdu, parts))
            return false;
    }
    rp_node *list = list_of(parts);
    if (!list) {
        list = rp_new_sequence(tree);
        if (!rp_map_set(tree, parts, "header", list))
            return false;
    }
    rp_node *card = rp_new_sequence(tree);
    return rp_seq_append(tree, card, rp_new_string(tree, keyword)) && rp_seq_append(tree, card, value) &&
           rp_seq_append(tree, card, rp_new_string(tree, comment)) && rp_seq_append(tree, list, card);
}

bool rp_extras_set(rp_meta *meta, const char *hdu, const char *keyword, rp_node *value)
{
    if (!value)
        return false;
    rp_node *card = find_anywhere(meta, hdu, keyword);
    if (!card)
        return rp_extras_add(meta, hdu ? hdu : "PRIMARY", keyword, value, "");
    card->items[1] = value;
    return true;
}

void rp_extras_unset(rp_meta *meta, const char *hdu, const char *keyword)
{
    const rp_node *hdus = extra_hdus(meta);
    for (size_t h = 0; hdus && h < hdus->nentries; h++) {
        rp_node *list = list_of(hdus->entries[h].value);
        if (!list || (hdu && strcmp(hdus->entries[h].key, hdu)))
            continue;
        size_t kept = 0;
        for (size_t k = 0; k < list->count; k++)
            if (!is_card(list->items[k], keyword))
                list->items[kept++] = list->items[k];
        list->count = kept;
    }
}
