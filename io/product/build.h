/* From metadata and planes to the HDUs of a product: names, order and header cards as the reference writes them.
 * Used by io/product alone. */
#ifndef RAMPART_IO_PRODUCT_BUILD_H
#define RAMPART_IO_PRODUCT_BUILD_H

#include "io/fits/cards.h"
#include "io/product/meta.h"

typedef enum rp_piece_kind {
    RP_PIECE_SINK,   /* written by the caller */
    RP_PIECE_COPY,   /* an image of the exposure, in the type of the model */
    RP_PIECE_TABLE,  /* a table of the exposure that the model knows */
    RP_PIECE_FOREIGN /* an HDU of the exposure that the model does not know */
} rp_piece_kind;

/* Something with data. */
typedef struct rp_piece {
    rp_piece_kind kind;
    char extname[72];
    const rp_layout *layout; /* NULL for FOREIGN */
    rp_dtype type;           /* images: as written */
    rp_shape shape;
    size_t from;       /* index in the exposure's file; not for SINK */
    const rp_hdu *hdu; /* that HDU; NULL for SINK */
} rp_piece;

typedef struct rp_built {
    char extname[72];
    const rp_piece *piece; /* NULL: keywords alone */
    rp_cards body;         /* what follows EXTNAME */
} rp_built;

typedef struct rp_build {
    rp_built *hdu; /* PRIMARY first */
    size_t count, capacity;
} rp_build;

rp_code rp_build_headers(rp_build *out, const rp_meta *meta, const rp_piece *pieces, size_t npieces, rp_error *err);
void rp_build_free(rp_build *build);

/* The complete cards of an HDU, from SIMPLE or XTENSION on. */
rp_code rp_build_cards(rp_cards *out, const rp_built *hdu, bool primary, rp_error *err);

/* TTYPEn and so on of a table of another file, and its ASDF datatype. */
rp_code rp_table_cards(rp_cards *out, const rp_hdu *table, rp_error *err);
rp_node *rp_table_datatype(rp_tree *tree, const rp_hdu *table); /* NULL: no memory, or a type that ASDF lacks */
int64_t rp_table_rows(const rp_hdu *table);

#endif
