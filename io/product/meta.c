/* Metadata by keyword: include/rampart/meta.h. */
#include <stdlib.h>
#include <string.h>

#include "io/product/meta.h"

enum { HDU_TEXT = 72 };

rp_code rp_meta_new(rp_meta **out, rp_schema schema, const char *file, rp_error *err)
{
    *out = NULL;
    rp_meta *meta = calloc(1, sizeof *meta);
    if (meta) {
        meta->schema = schema;
        meta->tree = rp_tree_new();
        meta->file = strdup(file);
        if (meta->tree)
            rp_tree_set_root(meta->tree, rp_new_mapping(meta->tree));
    }
    if (!meta || !meta->tree || !meta->file || !rp_tree_root(meta->tree)) {
        rp_meta_free(meta);
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata", file);
    }
    *out = meta;
    return RP_OK;
}

void rp_meta_free(rp_meta *meta)
{
    if (!meta)
        return;
    rp_tree_free(meta->tree);
    free(meta->file);
    free(meta);
}

rp_code rp_meta_copy(rp_meta **out, const rp_meta *meta, rp_error *err)
{
    *out = NULL;
    rp_meta *copy;
    const rp_code code = rp_meta_new(&copy, meta->schema, meta->file, err);
    if (code != RP_OK)
        return code;
    rp_node *root = rp_node_copy(copy->tree, rp_tree_root(meta->tree));
    if (!root) {
        rp_meta_free(copy);
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata", meta->file);
    }
    rp_tree_set_root(copy->tree, root);
    *out = copy;
    return RP_OK;
}

/* "ERR:BUNIT" -> "ERR" and "BUNIT"; "NINTS" -> "" and "NINTS". */
static const char *split_name(const char *name, char hdu[HDU_TEXT])
{
    const char *colon = strchr(name, ':');
    const size_t length = colon ? (size_t)(colon - name) : 0;
    const size_t kept = length < HDU_TEXT ? length : HDU_TEXT - 1;
    memcpy(hdu, name, kept);
    hdu[kept] = '\0';
    return colon ? colon + 1 : name;
}

/* The dictionary's entry that a name means: of the given HDU, else one with a value, else the first of the schema. */
static const rp_keyword *entry_of(const rp_meta *meta, const char *hdu, const char *keyword)
{
    size_t first;
    const size_t count = rp_keyword_range(keyword, &first);
    const rp_keyword *best = NULL;
    for (size_t k = 0; k < count; k++) {
        const rp_keyword *entry = rp_keyword_named(first + k);
        if (!rp_keyword_in(entry, meta->schema) || (*hdu && strcmp(entry->hdu, hdu)))
            continue;
        if (rp_path_get(rp_tree_root(meta->tree), entry->path))
            return entry;
        if (!best)
            best = entry;
    }
    return best;
}

rp_node *rp_meta_node(const rp_meta *meta, const char *name)
{
    char hdu[HDU_TEXT];
    if (strchr(name, '.'))
        return rp_path_get(rp_tree_root(meta->tree), name);
    const char *keyword = split_name(name, hdu);
    const rp_keyword *entry = entry_of(meta, hdu, keyword);
    if (entry)
        return rp_path_get(rp_tree_root(meta->tree), entry->path);
    return rp_extras_get(meta, *hdu ? hdu : NULL, keyword);
}

bool rp_meta_has(const rp_meta *meta, const char *name)
{
    const rp_node *node = rp_meta_node(meta, name);
    return node && node->kind != RP_NODE_NULL;
}

bool rp_meta_get_int(const rp_meta *meta, const char *name, int64_t *out)
{
    return rp_node_integer(rp_meta_node(meta, name), out);
}

bool rp_meta_get_double(const rp_meta *meta, const char *name, double *out)
{
    return rp_node_number(rp_meta_node(meta, name), out);
}

bool rp_meta_get_bool(const rp_meta *meta, const char *name, bool *out)
{
    const rp_node *node = rp_meta_node(meta, name);
    if (!node || node->kind != RP_NODE_BOOL)
        return false;
    *out = node->truth;
    return true;
}

const char *rp_meta_get_string(const rp_meta *meta, const char *name)
{
    return rp_node_text(rp_meta_node(meta, name));
}

static rp_code missing(const rp_meta *meta, const char *name, const char *kind, rp_error *err)
{
    if (rp_meta_has(meta, name))
        return rp_fail(err, RP_E_FORMAT, "%s: keyword %s is no %s; correct it in the file's header", meta->file, name,
                       kind);
    return rp_fail(err, RP_E_MISSING, "%s: keyword %s (%s) is missing; add it to the file's header", meta->file, name,
                   kind);
}

rp_code rp_meta_need_int(const rp_meta *meta, const char *name, int64_t *out, rp_error *err)
{
    return rp_meta_get_int(meta, name, out) ? RP_OK : missing(meta, name, "integer", err);
}

rp_code rp_meta_need_double(const rp_meta *meta, const char *name, double *out, rp_error *err)
{
    return rp_meta_get_double(meta, name, out) ? RP_OK : missing(meta, name, "number", err);
}

rp_code rp_meta_need_string(const rp_meta *meta, const char *name, const char **out, rp_error *err)
{
    const char *text = rp_meta_get_string(meta, name);
    if (!text)
        return missing(meta, name, "text", err);
    *out = text;
    return RP_OK;
}

static rp_code set_node(rp_meta *meta, const char *name, rp_node *node, rp_error *err)
{
    char hdu[HDU_TEXT];
    const char *keyword = split_name(name, hdu);
    const bool is_path = strchr(name, '.') != NULL;
    const rp_keyword *entry = is_path ? NULL : entry_of(meta, hdu, keyword);
    bool done;
    if (is_path || entry)
        done = rp_path_set(meta->tree, rp_tree_root(meta->tree), is_path ? name : entry->path, node);
    else
        done = rp_extras_set(meta, *hdu ? hdu : NULL, keyword, node);
    return done ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory for keyword %s", meta->file, name);
}

rp_code rp_meta_set_int(rp_meta *meta, const char *name, int64_t value, rp_error *err)
{
    return set_node(meta, name, rp_new_int(meta->tree, value), err);
}

rp_code rp_meta_set_double(rp_meta *meta, const char *name, double value, rp_error *err)
{
    return set_node(meta, name, rp_new_float(meta->tree, value), err);
}

rp_code rp_meta_set_bool(rp_meta *meta, const char *name, bool value, rp_error *err)
{
    return set_node(meta, name, rp_new_bool(meta->tree, value), err);
}

rp_code rp_meta_set_string(rp_meta *meta, const char *name, const char *value, rp_error *err)
{
    return set_node(meta, name, rp_new_string(meta->tree, value), err);
}

void rp_meta_unset(rp_meta *meta, const char *name)
{
    char hdu[HDU_TEXT];
    const char *keyword = split_name(name, hdu);
    const bool is_path = strchr(name, '.') != NULL;
    const rp_keyword *entry = is_path ? NULL : entry_of(meta, hdu, keyword);
    if (is_path || entry)
        (void)rp_path_remove(rp_tree_root(meta->tree), is_path ? name : entry->path);
    else
        rp_extras_unset(meta, *hdu ? hdu : NULL, keyword);
}
