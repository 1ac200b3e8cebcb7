/* How a dataset is cut into chunks that are runs of bytes of the FITS data.
 *
 * One axis is cut into pieces, axes before it into single steps, axes after it are whole: so every chunk is one
 * contiguous range, and the last piece of the cut axis may be shorter (its chunk is filled up with zeros). */
#ifndef RAMPART_IO_HDF5_CHUNKS_H
#define RAMPART_IO_HDF5_CHUNKS_H

#include <hdf5.h>

#include "rampart/plane.h"

typedef struct rp_chunks {
    rp_shape shape;
    size_t element_bytes;
    int axis;            /* the cut one */
    int64_t piece;       /* its steps in a chunk */
    int64_t step_bytes;  /* of one step along it */
    int64_t chunk_bytes; /* piece * step_bytes */
    int64_t per_row;     /* chunks along the cut axis */
    int64_t count;       /* of the whole dataset */
} rp_chunks;

/* Chunks of about 256 KiB.  All axes must be positive and the size below 2^61. */
void rp_chunks_choose(rp_chunks *out, const rp_shape *shape, size_t element_bytes);

/* False when chunks of these dimensions are no runs of bytes. */
bool rp_chunks_match(rp_chunks *out, const rp_shape *shape, size_t element_bytes, const hsize_t *dims);

void rp_chunks_dims(const rp_chunks *chunks, hsize_t dims[RP_MAX_AXES]);

/* Byte range in the data: never empty, shorter than chunk_bytes only at an edge. */
int64_t rp_chunk_offset(const rp_chunks *chunks, int64_t index);
int64_t rp_chunk_length(const rp_chunks *chunks, int64_t index);
/* The chunk that holds a byte of the data. */
int64_t rp_chunk_at(const rp_chunks *chunks, int64_t offset);
/* First element and extent (cut at the edge) along every axis. */
void rp_chunk_box(const rp_chunks *chunks, int64_t index, hsize_t start[RP_MAX_AXES], hsize_t extent[RP_MAX_AXES]);

#endif
