/* YAML 1.1 as ASDF uses it: text to trees and back.
 *
 * Plain scalars mean what Python's loader makes of them (1e-05 is a string, 12:30:00 is 45000, NO is false).
 * The writer therefore quotes every string, and writes numbers with a point. */
#ifndef RAMPART_IO_ASDF_YAML_H
#define RAMPART_IO_ASDF_YAML_H

#include "io/asdf/tree.h"
#include "rampart/status.h"

enum { RP_YAML_MAX_DEPTH = 64, RP_YAML_MAX_NODES = 1 << 22 };

/* One document into the tree's arena and root.  Anchors are followed by copying; a node inside itself, keys that are
 * no scalars, nesting deeper than RP_YAML_MAX_DEPTH and more than RP_YAML_MAX_NODES nodes are RP_E_FORMAT.
 * `label` names the file in messages. */
rp_code rp_yaml_parse(rp_tree *tree, const char *text, size_t length, const char *label, rp_error *err);

/* What a plain scalar means; STRING when it is nothing else. *tag: set for a timestamp (kept as STRING), else NULL. */
rp_node_kind rp_yaml_resolve(const char *text, size_t length, bool *truth, int64_t *integer, double *number,
                             const char **tag);

/* Growing text. Start from {0}; free(text) at the end.  `failed` stays set once memory ran out. */
typedef struct rp_text {
    char *text; /* not terminated */
    size_t length, capacity;
    bool failed;
} rp_text;

void rp_text_add(rp_text *out, const char *text, size_t length);
void rp_text_puts(rp_text *out, const char *text);

/* Arrays met by the writer, in the order of their `source` numbers. */
typedef struct rp_array_list {
    const rp_array **items;
    size_t count, capacity;
    bool failed;
} rp_array_list;

/* The document of `root` (a mapping), from "%YAML" to "...\n"; keys in byte order as Python's writer has them when
 * sorted, else in the order of the tree.  `tag` is that of the root ("tag:stsci.edu:asdf/core/asdf-1.1.0"). */
void rp_yaml_emit(rp_text *out, const rp_node *root, const char *tag, bool sorted, rp_array_list *arrays);

#endif
