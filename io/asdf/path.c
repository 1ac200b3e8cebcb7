/* Dotted paths, copies and typed views of nodes: io/asdf/tree.h. */
#include <string.h>

#include "io/asdf/tree.h"

enum { KEY_BYTES = 256 };

/* The first part of a path into key; returns what follows the dot, or NULL at the last part (or when too long). */
static const char *split(const char *path, char key[KEY_BYTES], bool *fits)
{
    const char *dot = strchr(path, '.');
    const size_t length = dot ? (size_t)(dot - path) : strlen(path);
    *fits = length < KEY_BYTES;
    if (!*fits)
        return NULL;
    memcpy(key, path, length);
    key[length] = '\0';
    return dot ? dot + 1 : NULL;
}

rp_node *rp_path_get(const rp_node *root, const char *path)
{
    char key[KEY_BYTES];
    bool fits;
    const char *rest = split(path, key, &fits);
    if (!fits)
        return NULL;
    rp_node *child = rp_map_get(root, key);
    return rest && child ? rp_path_get(child, rest) : child;
}

bool rp_path_set(rp_tree *tree, rp_node *root, const char *path, rp_node *value)
{
    char key[KEY_BYTES];
    bool fits;
    const char *rest = split(path, key, &fits);
    if (!fits || !root || root->kind != RP_NODE_MAPPING)
        return false;
    if (!rest)
        return rp_map_set(tree, root, key, value);
    rp_node *child = rp_map_get(root, key);
    if (!child || child->kind != RP_NODE_MAPPING) {
        child = rp_new_mapping(tree);
        if (!rp_map_set(tree, root, key, child))
            return false;
    }
    return rp_path_set(tree, child, rest, value);
}

bool rp_path_remove(rp_node *root, const char *path)
{
    char key[KEY_BYTES];
    bool fits;
    const char *rest = split(path, key, &fits);
    if (!fits)
        return false;
    if (!rest)
        return rp_map_remove(root, key);
    rp_node *child = rp_map_get(root, key);
    return child && rp_path_remove(child, rest);
}

static rp_node *copy_sequence(rp_tree *into, const rp_node *node)
{
    rp_node *copy = rp_new_sequence(into);
    for (size_t k = 0; copy && k < node->count; k++)
        if (!rp_seq_append(into, copy, rp_node_copy(into, node->items[k])))
            return NULL;
    return copy;
}

static rp_node *copy_mapping(rp_tree *into, const rp_node *node)
{
    rp_node *copy = rp_new_mapping(into);
    if (!copy)
        return NULL;
    if (node->nentries) {
        copy->entries = rp_tree_alloc(into, node->nentries * sizeof *copy->entries);
        if (!copy->entries)
            return NULL;
        copy->entry_capacity = node->nentries;
    }
    for (size_t k = 0; k < node->nentries; k++) { /* keys of a mapping differ: no search needed */
        const rp_entry *entry = &node->entries[k];
        const char *key = rp_tree_text(into, entry->key, strlen(entry->key));
        rp_node *value = rp_node_copy(into, entry->value);
        if (!key || !value)
            return NULL;
        copy->entries[copy->nentries++] = (rp_entry){.key = key, .key_is_text = entry->key_is_text, .value = value};
    }
    return copy;
}

rp_node *rp_node_copy(rp_tree *into, const rp_node *node)
{
    rp_node *copy = NULL;
    switch (node->kind) {
    case RP_NODE_NULL:
        copy = rp_new_null(into);
        break;
    case RP_NODE_BOOL:
        copy = rp_new_bool(into, node->truth);
        break;
    case RP_NODE_INT:
        copy = rp_new_int(into, node->integer);
        break;
    case RP_NODE_FLOAT:
        copy = rp_new_float(into, node->number);
        break;
    case RP_NODE_STRING:
        copy = rp_new_string_n(into, node->text, node->length);
        break;
    case RP_NODE_SEQUENCE:
        copy = copy_sequence(into, node);
        break;
    case RP_NODE_MAPPING:
        copy = copy_mapping(into, node);
        break;
    case RP_NODE_ARRAY:
        copy = rp_new_array(into, node->array);
        break;
    }
    return node->tag ? rp_tagged(into, copy, node->tag) : copy;
}

size_t rp_node_count(const rp_node *node)
{
    size_t n = 1;
    if (node->kind == RP_NODE_SEQUENCE)
        for (size_t k = 0; k < node->count; k++)
            n += rp_node_count(node->items[k]);
    if (node->kind == RP_NODE_MAPPING)
        for (size_t k = 0; k < node->nentries; k++)
            n += rp_node_count(node->entries[k].value);
    return n;
}

size_t rp_node_depth(const rp_node *node)
{
    size_t deepest = 0;
    if (node->kind == RP_NODE_SEQUENCE)
        for (size_t k = 0; k < node->count; k++) {
            const size_t depth = rp_node_depth(node->items[k]);
            deepest = depth > deepest ? depth : deepest;
        }
    if (node->kind == RP_NODE_MAPPING)
        for (size_t k = 0; k < node->nentries; k++) {
            const size_t depth = rp_node_depth(node->entries[k].value);
            deepest = depth > deepest ? depth : deepest;
        }
    return deepest + 1;
}

const char *rp_node_text(const rp_node *node)
{
    return node && node->kind == RP_NODE_STRING ? node->text : NULL;
}

bool rp_node_number(const rp_node *node, double *out)
{
    if (node && node->kind == RP_NODE_INT) {
        *out = (double)node->integer;
        return true;
    }
    if (node && node->kind == RP_NODE_FLOAT) {
        *out = node->number;
        return true;
    }
    return false;
}

bool rp_node_integer(const rp_node *node, int64_t *out)
{
    if (!node || node->kind != RP_NODE_INT)
        return false;
    *out = node->integer;
    return true;
}
