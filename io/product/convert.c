/* What a product of another model takes over from an exposure's metadata: io/product/meta.h.
 *
 * Follows the update method of the reference's models: keywords alone, and of those the ones whose HDU the new model
 * has and whose object (all of the path but its last part) it knows; of the rest of the tree only the logs. */
#include <string.h>

#include "io/product/meta.h"

static bool takes_over(const rp_keyword *keyword, rp_schema to)
{
    if (!rp_schema_has_hdu(to, keyword->hdu))
        return false;
    const char *dot = strrchr(keyword->path, '.');
    return !dot || rp_keyword_in(keyword, to) || rp_schema_has_object(to, keyword->path, (size_t)(dot - keyword->path));
}

/* An IFU image is an image of another class. */
static bool same_content(rp_schema from, rp_schema to)
{
    return from == to || to == RP_SCHEMA_ANY || (from == RP_SCHEMA_IMAGE && to == RP_SCHEMA_IFU_IMAGE);
}

static bool put_copy(rp_meta *to, const char *path, const rp_node *node)
{
    return rp_path_set(to->tree, rp_tree_root(to->tree), path, rp_node_copy(to->tree, node));
}

rp_code rp_meta_convert(rp_meta **out, const rp_meta *meta, rp_schema schema, rp_error *err)
{
    if (same_content(meta->schema, schema)) {
        const rp_code code = rp_meta_copy(out, meta, err);
        if (code == RP_OK)
            (*out)->schema = schema;
        return code;
    }
    rp_meta *fresh;
    const rp_schema through = schema == RP_SCHEMA_IFU_IMAGE ? RP_SCHEMA_IMAGE : schema;
    rp_code code = rp_meta_new(&fresh, schema, meta->file, err);
    if (code != RP_OK)
        return code;
    const rp_node *root = rp_tree_root(meta->tree), *logs = rp_map_get(root, "cal_logs");
    bool done = !logs || put_copy(fresh, "cal_logs", logs);
    for (size_t k = 0; done && k < rp_keyword_count(); k++) {
        const rp_keyword *keyword = rp_keyword_at(k);
        const rp_node *node = rp_keyword_in(keyword, meta->schema) ? rp_path_get(root, keyword->path) : NULL;
        if (node && takes_over(keyword, through))
            done = put_copy(fresh, keyword->path, node);
    }
    if (done) {
        *out = fresh;
        return RP_OK;
    }
    rp_meta_free(fresh);
    return rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata", meta->file);
}
