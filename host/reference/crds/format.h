/* Writing mappings: the text that the client writes, with its checksum. */
#ifndef RP_HOST_REFERENCE_CRDS_FORMAT_H
#define RP_HOST_REFERENCE_CRDS_FORMAT_H

#include "host/reference/crds/mapping.h"

/* A selector that can be changed: rows of an rmap's tree. */
typedef struct rp_rows_tree rp_rows_tree;
struct rp_rows_tree {
    const char *class_name; /* "Match" */
    struct rp_row {
        const rp_literal *key;
        const rp_literal *value; /* a terminal, or NULL */
        rp_rows_tree *nested;
    } * row;
    size_t count, room; /* in the arena */
};

/* The tree below a selector call; NULL: no memory. */
rp_rows_tree *rp_rows_tree_make(rp_arena *arena, const rp_literal *call);
bool rp_rows_tree_add(rp_arena *arena, rp_rows_tree *tree, struct rp_row row);

/* Changes to the header: texts that take the place of old ones. */
typedef struct rp_header_change {
    const char *key, *value;
} rp_header_change;

/* The whole text: header sorted by key with the changes and a new sha1sum, comment, selector.  For a pmap or imap
 * `tree` is NULL and `entry` are the pairs of the selector.  Comments behind # are lost, as with the client. */
bool rp_mapping_format(rp_buffer *out, const rp_mapping *mapping, const rp_header_change *change, size_t nchanges,
                       const rp_rows_tree *tree, const rp_pair *entry, size_t nentries);

#endif
