/* A tree of values: what a YAML document, the ASDF extension of a product or a parameter file holds.
 *
 * All nodes, keys and texts of a tree live in one arena and are freed with it.  Nodes of one tree must not be
 * linked into another: rp_node_copy.  Constructors return NULL when memory runs out, and functions that take a
 * new node accept that NULL and report failure, so that calls can be nested and checked once.
 * Thread-safe for reading. */
#ifndef RAMPART_IO_ASDF_TREE_H
#define RAMPART_IO_ASDF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum rp_node_kind {
    RP_NODE_NULL,
    RP_NODE_BOOL,
    RP_NODE_INT,
    RP_NODE_FLOAT,
    RP_NODE_STRING,
    RP_NODE_SEQUENCE,
    RP_NODE_MAPPING,
    RP_NODE_ARRAY /* a !core/ndarray with its elements; one whose elements lie elsewhere ("fits:SCI,1") is a mapping */
} rp_node_kind;

typedef struct rp_node rp_node;

enum { RP_ARRAY_MAX_AXES = 8 };

/* Contiguous elements in C order. */
typedef struct rp_array {
    const char *datatype; /* "float32", "complex128" ...; "" for a structured type, whose fields are in `fields` */
    const rp_node *fields;
    size_t item_bytes;
    bool big_endian;
    int naxis;
    int64_t axis[RP_ARRAY_MAX_AXES];
    const void *data;
    size_t bytes;
} rp_array;

typedef struct rp_entry {
    const char *key;
    bool key_is_text; /* false: a plain scalar that YAML reads as a number, truth value or null */
    rp_node *value;
} rp_entry;

struct rp_node {
    rp_node_kind kind;
    const char *tag; /* full tag ("tag:stsci.edu:asdf/core/complex-1.0.0"); NULL for YAML's own kinds */
    union {
        bool truth;
        int64_t integer;
        double number;
        struct {
            const char *text; /* UTF-8, terminated; may hold NUL characters before text[length] */
            size_t length;
        };
        struct {
            rp_node **items;
            size_t count, capacity;
        };
        struct {
            rp_entry *entries;
            size_t nentries, entry_capacity;
        };
        const rp_array *array;
    };
};

typedef struct rp_tree rp_tree;

rp_tree *rp_tree_new(void);
void rp_tree_free(rp_tree *tree);           /* NULL is fine */
rp_node *rp_tree_root(const rp_tree *tree); /* NULL until set */
void rp_tree_set_root(rp_tree *tree, rp_node *root);

/* Memory that lives as long as the tree, aligned for any object; NULL when there is none. */
void *rp_tree_alloc(rp_tree *tree, size_t bytes);
const char *rp_tree_text(rp_tree *tree, const char *text, size_t length);

rp_node *rp_new_null(rp_tree *tree);
rp_node *rp_new_bool(rp_tree *tree, bool value);
rp_node *rp_new_int(rp_tree *tree, int64_t value);
rp_node *rp_new_float(rp_tree *tree, double value);
rp_node *rp_new_string(rp_tree *tree, const char *text);
rp_node *rp_new_string_n(rp_tree *tree, const char *text, size_t length);
rp_node *rp_new_sequence(rp_tree *tree);
rp_node *rp_new_mapping(rp_tree *tree);
rp_node *rp_new_array(rp_tree *tree, const rp_array *array); /* copies the elements */

/* Puts a tag on a node; returns the node, or NULL when memory runs out or node is NULL. */
rp_node *rp_tagged(rp_tree *tree, rp_node *node, const char *tag);

/* Mappings.  Setting a key again replaces its value in place.  false: no memory, or value NULL. */
rp_node *rp_map_get(const rp_node *map, const char *key); /* NULL when absent or map is no mapping */
bool rp_map_set(rp_tree *tree, rp_node *map, const char *key, rp_node *value);
bool rp_map_set_key(rp_tree *tree, rp_node *map, const char *key, bool key_is_text, rp_node *value);
/* As rp_map_set_key without looking for the key; rp_map_settle then drops all but the last value of equal keys. */
bool rp_map_append(rp_tree *tree, rp_node *map, const char *key, bool key_is_text, rp_node *value);
bool rp_map_settle(rp_node *map);
bool rp_map_remove(rp_node *map, const char *key); /* false: was not there */
void rp_map_clear(rp_node *map);

bool rp_seq_append(rp_tree *tree, rp_node *seq, rp_node *value);

/* "meta.instrument.name".  rp_path_set makes the mappings on the way (and replaces what is not a mapping). */
rp_node *rp_path_get(const rp_node *root, const char *path);
bool rp_path_set(rp_tree *tree, rp_node *root, const char *path, rp_node *value);
bool rp_path_remove(rp_node *root, const char *path);

rp_node *rp_node_copy(rp_tree *into, const rp_node *node);
size_t rp_node_count(const rp_node *node); /* nodes of the subtree, itself included */
size_t rp_node_depth(const rp_node *node); /* 1 for a scalar */

/* NULL when node is NULL or no string. */
const char *rp_node_text(const rp_node *node);
/* false (and *out untouched) when node is NULL or of another kind; an integer is accepted as a number. */
bool rp_node_number(const rp_node *node, double *out);
bool rp_node_integer(const rp_node *node, int64_t *out);

#endif
