/* Inside of rp_meta: the reference's own metadata tree, arrays left out.
 *
 * Keywords live at their path of the dictionary, unknown ones at extra_fits.<HDU>.header as [keyword, value, comment]
 * like in the ASDF extension of a product.  Names with a dot are paths of the tree ("meta.exposure.read_times"). */
#ifndef RAMPART_IO_PRODUCT_META_H
#define RAMPART_IO_PRODUCT_META_H

#include "io/asdf/tree.h"
#include "io/product/dictionary.h"
#include "rampart/container.h"
#include "rampart/log.h"
#include "rampart/meta.h"

struct rp_meta {
    rp_tree *tree;
    rp_schema schema;
    char *file; /* for messages */
};

/* Empty metadata of a schema. */
rp_code rp_meta_new(rp_meta **out, rp_schema schema, const char *file, rp_error *err);

/* Reads headers and, unless `headers_only`, the ASDF extension.  `log` receives a warning for each dropped value. */
rp_code rp_meta_load(rp_meta **out, rp_container *file, rp_schema schema, bool headers_only, const rp_log *log,
                     rp_error *err);

rp_node *rp_meta_node(const rp_meta *meta, const char *name); /* NULL when absent */

/* The metadata that the reference's model of class `schema` takes over from `meta` (DataModel.update); a plain copy
 * when the schemas are the same. */
rp_code rp_meta_convert(rp_meta **out, const rp_meta *meta, rp_schema schema, rp_error *err);

/* ---- unknown keywords ---- */

rp_node *rp_extras_header(const rp_meta *meta, const char *hdu); /* the list of an HDU, NULL when there is none */
bool rp_extras_add(rp_meta *meta, const char *hdu, const char *keyword, rp_node *value, const char *comment);
/* The value of an unknown keyword; hdu NULL: PRIMARY, then SCI, then the others. */
rp_node *rp_extras_get(const rp_meta *meta, const char *hdu, const char *keyword);
bool rp_extras_set(rp_meta *meta, const char *hdu, const char *keyword, rp_node *value);
void rp_extras_unset(rp_meta *meta, const char *hdu, const char *keyword);

/* Keywords that describe the data themselves; they are never carried. */
bool rp_is_structural(const char *keyword);

/* sha256 of header blocks, as lower-case hexadecimal digits. */
enum { RP_HASH_TEXT = 65 };
typedef struct rp_hasher rp_hasher;
rp_hasher *rp_hasher_new(void); /* NULL: no memory */
void rp_hasher_add(rp_hasher *hasher, const char *bytes, size_t n);
void rp_hasher_end(rp_hasher *hasher, char out[RP_HASH_TEXT]); /* frees */

#endif
