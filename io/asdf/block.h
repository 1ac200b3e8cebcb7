/* Blocks of an ASDF file and the arrays in them; used by io/asdf alone. */
#ifndef RAMPART_IO_ASDF_BLOCK_H
#define RAMPART_IO_ASDF_BLOCK_H

#include "io/asdf/tree.h"
#include "rampart/status.h"

typedef struct rp_block {
    const unsigned char *used; /* as stored, inside the file's bytes */
    size_t used_bytes;
    size_t data_bytes; /* after decompression */
    char compression[5];
    unsigned char *unpacked; /* owned; NULL until asked for */
} rp_block;

typedef struct rp_blocks {
    rp_block *items;
    size_t count, capacity;
    size_t unfolded_bytes; /* of all arrays made so far */
} rp_blocks;

/* Finds the blocks in what follows the tree. */
rp_code rp_blocks_scan(rp_blocks *blocks, const unsigned char *bytes, size_t size, const char *label, rp_error *err);
void rp_blocks_free(rp_blocks *blocks);

/* Every ndarray below node whose elements lie in a block becomes an RP_NODE_ARRAY, in place. */
rp_code rp_blocks_resolve(rp_blocks *blocks, rp_tree *tree, rp_node *node, const char *label, rp_error *err);

/* Bytes of one element of a datatype node, 0 when it is none that we know. */
size_t rp_datatype_bytes(const rp_node *datatype);

#endif
