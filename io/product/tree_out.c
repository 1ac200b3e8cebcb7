/* The ASDF extension of a product: the metadata tree with an entry per plane, the logs and the hash of the headers:
 * io/product/product_impl.h. */
#include <stdlib.h>
#include <string.h>

#include "io/asdf/asdf.h"
#include "io/product/product_impl.h"
#include "rampart/provenance.h"

static rp_code no_memory(const rp_product *p, rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata", p->path);
}

static rp_node *shape_node(rp_tree *tree, const rp_piece *piece)
{
    rp_node *shape = rp_new_sequence(tree);
    bool done = shape != NULL;
    if (piece->hdu && !piece->hdu->is_image)
        done = rp_seq_append(tree, shape, rp_new_int(tree, rp_table_rows(piece->hdu)));
    else
        for (int k = 0; done && k < piece->shape.naxis; k++)
            done = rp_seq_append(tree, shape, rp_new_int(tree, piece->shape.axis[k]));
    return done ? shape : NULL;
}

static rp_node *array_node(rp_tree *tree, const rp_piece *piece)
{
    char source[96] = "fits:";
    const bool is_table = piece->hdu && !piece->hdu->is_image;
    strcat(strcat(source, piece->extname), ",1");
    rp_node *type = is_table ? rp_table_datatype(tree, piece->hdu) : rp_new_string(tree, rp_dtype_name(piece->type));
    rp_node *node = rp_tagged(tree, rp_new_mapping(tree), "tag:stsci.edu:asdf/core/ndarray-1.1.0");
    const bool done = rp_map_set(tree, node, "source", rp_new_string(tree, source)) &&
                      rp_map_set(tree, node, "datatype", type) &&
                      rp_map_set(tree, node, "byteorder", rp_new_string(tree, "big")) &&
                      rp_map_set(tree, node, "shape", shape_node(tree, piece));
    return done ? node : NULL;
}

static bool put_foreign(rp_tree *tree, const rp_piece *piece)
{
    rp_node *parts = rp_map_get(rp_map_get(rp_tree_root(tree), "extra_fits"), piece->extname);
    return rp_map_set(tree, parts, "data", array_node(tree, piece));
}

/* An entry of extra_fits that holds neither keywords nor data says nothing. */
static void drop_empty_extras(rp_node *root)
{
    rp_node *hdus = rp_map_get(root, "extra_fits");
    if (!hdus || hdus->kind != RP_NODE_MAPPING)
        return;
    for (size_t k = hdus->nentries; k-- > 0;) {
        const rp_node *parts = hdus->entries[k].value;
        if (parts->kind == RP_NODE_MAPPING && !parts->nentries)
            (void)rp_map_remove(hdus, hdus->entries[k].key);
    }
    if (!hdus->nentries)
        (void)rp_map_remove(root, "extra_fits");
}

rp_code rp_product_tree(rp_product *p, const char *hash, char **bytes, size_t *size, rp_error *err)
{
    rp_tree *tree = p->meta->tree;
    rp_node *root = rp_tree_root(tree);
    bool done = true;
    for (size_t k = 0; done && k < p->npieces; k++) {
        const rp_piece *piece = &p->pieces[k];
        done = piece->kind == RP_PIECE_FOREIGN ? put_foreign(tree, piece)
                                               : rp_map_set(tree, root, piece->layout->path, array_node(tree, piece));
    }
    if (!done)
        return no_memory(p, err);
    drop_empty_extras(root);
    rp_node *history = rp_map_get(root, "history");
    if (history && history->kind == RP_NODE_SEQUENCE) { /* the older form: the list of entries itself */
        rp_node *fresh = rp_new_mapping(tree);
        if (!rp_map_set(tree, fresh, "entries", history) || !rp_map_set(tree, root, "history", fresh))
            return no_memory(p, err);
    }
    const rp_code code = rp_asdf_sign(tree, root, err);
    if (code != RP_OK)
        return code;
    if (!rp_map_set(tree, root, "_fits_hash", rp_new_string(tree, hash)))
        return no_memory(p, err);
    return rp_asdf_format(bytes, size, root, true, err);
}

rp_code rp_product_provenance(rp_product *p, const char *key, const char *text, rp_error *err)
{
    rp_tree *tree = p->meta->tree;
    rp_node *root = rp_tree_root(tree), *history = rp_map_get(root, "history");
    if (!*key || key[strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")])
        return rp_fail(err, RP_E_ARGUMENT, "provenance key \"%s\": letters, digits, '_', '-' and '.' only", key);
    if (!history || history->kind == RP_NODE_SEQUENCE) {
        rp_node *fresh = rp_new_mapping(tree);
        if ((history && !rp_map_set(tree, fresh, "entries", history)) || !rp_map_set(tree, root, "history", fresh))
            return no_memory(p, err);
        history = fresh;
    }
    rp_node *ours = rp_map_get(history, "rampart");
    if (!ours) {
        ours = rp_new_mapping(tree);
        if (!rp_map_set(tree, history, "rampart", ours))
            return no_memory(p, err);
    }
    return rp_map_set(tree, ours, key, rp_new_string(tree, text)) ? RP_OK : no_memory(p, err);
}

rp_code rp_product_cal_logs(rp_product *p, const char *alias, const char *const *lines, size_t nlines, rp_error *err)
{
    rp_tree *tree = p->meta->tree;
    rp_node *root = rp_tree_root(tree), *logs = rp_map_get(root, "cal_logs"), *list = rp_new_sequence(tree);
    bool done = list != NULL;
    for (size_t k = 0; done && k < nlines; k++)
        done = rp_seq_append(tree, list, rp_new_string(tree, lines[k]));
    if (!logs || logs->kind != RP_NODE_MAPPING) {
        logs = rp_new_mapping(tree);
        done = done && rp_map_set(tree, root, "cal_logs", logs);
    }
    return done && rp_map_set(tree, logs, alias, list) ? RP_OK : no_memory(p, err);
}

rp_code rp_product_asdf_array(rp_product *p, const char *key, const float *data, const rp_shape *shape, rp_error *err)
{
    const uint16_t probe = 1;
    rp_array array = {.datatype = "float32",
                      .item_bytes = sizeof *data,
                      .naxis = shape->naxis,
                      .data = data,
                      .bytes = sizeof *data,
                      .big_endian = *(const unsigned char *)&probe == 0};
    for (int k = 0; k < shape->naxis; k++) {
        if (shape->axis[k] < 0 || (shape->axis[k] && array.bytes > RP_ASDF_MAX_BYTES / (size_t)shape->axis[k]))
            return rp_fail(err, RP_E_ARGUMENT, "%s: array %s is too large for the ASDF extension", p->path, key);
        array.axis[k] = shape->axis[k];
        array.bytes *= (size_t)shape->axis[k];
    }
    rp_tree *tree = p->meta->tree;
    rp_node *node = rp_new_array(tree, &array);
    return rp_map_set(tree, rp_tree_root(tree), key, node) ? RP_OK : no_memory(p, err);
}
