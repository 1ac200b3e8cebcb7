/* ASDF files: a YAML tree and blocks of array elements (ASDF 1.0.0, standard 1.6.0).
 *
 * Used for the ASDF extension of products, for parameter files and for references in ASDF form.
 * Reading accepts either byte order, any strides, and zlib-compressed blocks; what it cannot hold it refuses by name.
 */
#ifndef RAMPART_IO_ASDF_ASDF_H
#define RAMPART_IO_ASDF_ASDF_H

#include "io/asdf/tree.h"
#include "rampart/status.h"

/* Longest run of elements that one file may unfold into memory. */
#define RP_ASDF_MAX_BYTES ((size_t)1 << 30)

/* The tree of an ASDF file in memory (bytes may be freed afterwards); the root is a mapping.  Arrays with elements in
 * blocks become RP_NODE_ARRAY; arrays of a surrounding FITS file stay mappings with `source: fits:NAME,VER`, and
 * inline arrays stay sequences.  `label` names the file in messages.  Caller frees with rp_tree_free. */
rp_code rp_asdf_parse(rp_tree **out, const void *bytes, size_t size, const char *label, rp_error *err);
rp_code rp_asdf_read(rp_tree **out, const char *path, rp_error *err);

/* Elements of an array node, of an inline array or of a nested list of numbers, as doubles in C order; complex
 * numbers are pairs and add an axis of 2.  axis holds RP_ARRAY_MAX_AXES entries.  Caller frees *values. */
rp_code rp_asdf_numbers(const rp_node *node, const char *label, double **values, int *naxis, int64_t *axis,
                        rp_error *err);

/* The whole file as bytes: tree (a mapping), then a block for each array node.  `sorted`: keys in byte order.
 * Caller frees *bytes. */
rp_code rp_asdf_format(char **bytes, size_t *size, const rp_node *root, bool sorted, rp_error *err);

/* The same into a file, under a temporary name that is renamed when complete. */
rp_code rp_asdf_write(const char *path, const rp_node *root, bool sorted, rp_error *err);

/* "asdf_library" and "history.extensions" as readers expect them; replaces those of the tree the root came from. */
rp_code rp_asdf_sign(rp_tree *tree, rp_node *root, rp_error *err);

#endif
