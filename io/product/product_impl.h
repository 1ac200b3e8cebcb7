/* Inside of rp_product; used by io/product alone. */
#ifndef RAMPART_IO_PRODUCT_PRODUCT_IMPL_H
#define RAMPART_IO_PRODUCT_PRODUCT_IMPL_H

#include "io/product/build.h"
#include "rampart/product.h"

/* An HDU as it was laid out. */
typedef struct rp_laid {
    char extname[72];
    rp_cards cards; /* as last written */
} rp_laid;

struct rp_product {
    rp_schema schema;
    char *path;
    rp_meta *meta;
    const rp_exposure *from; /* of the caller; needed until commit */
    rp_piece *pieces;
    size_t npieces;
    rp_laid *laid;
    size_t nlaid;
    rp_writer *writer;
    bool finished; /* complete but for its name */
};

/* The pieces of a product: the caller's planes, and what the model carries over from the exposure. */
rp_code rp_pieces_plan(rp_product *product, bool same_content, const rp_plane_spec *planes, size_t nplanes,
                       rp_error *err);

/* All bytes of a table or foreign HDU; free(*bytes). */
rp_code rp_piece_bytes(const rp_product *product, const rp_piece *piece, void **bytes, size_t *size, rp_error *err);

/* Copies the images that the product carries over. */
rp_code rp_pieces_copy(rp_product *product, rp_error *err);

/* The bytes of the ASDF extension; changes the tree of product->meta.  `hash` is that of all headers.  free(*bytes). */
rp_code rp_product_tree(rp_product *product, const char *hash, char **bytes, size_t *size, rp_error *err);

#endif
