/* Chunk geometry: io/hdf5/chunks.h. */
#include <string.h>

#include "io/hdf5/chunks.h"

/* Small, since a strip of rows needs one chunk of every group at a time. */
static const int64_t target_bytes = 256 * 1024;

static void finish(rp_chunks *c, int axis, int64_t piece)
{
    c->axis = axis;
    c->piece = piece;
    c->step_bytes = (int64_t)c->element_bytes;
    for (int i = axis + 1; i < c->shape.naxis; i++)
        c->step_bytes *= c->shape.axis[i];
    c->chunk_bytes = piece * c->step_bytes;
    c->per_row = (c->shape.axis[axis] + piece - 1) / piece;
    c->count = c->per_row;
    for (int i = 0; i < axis; i++)
        c->count *= c->shape.axis[i];
}

void rp_chunks_choose(rp_chunks *out, const rp_shape *shape, size_t element_bytes)
{
    int64_t inner = (int64_t)element_bytes;
    int axis = shape->naxis - 1;
    while (axis > 0 && inner * shape->axis[axis] <= target_bytes)
        inner *= shape->axis[axis--];
    int64_t piece = target_bytes / inner;
    if (piece < 1)
        piece = 1;
    if (piece > shape->axis[axis])
        piece = shape->axis[axis];
    /* As many chunks, but of nearly the same size. */
    const int64_t pieces = (shape->axis[axis] + piece - 1) / piece;
    piece = (shape->axis[axis] + pieces - 1) / pieces;
    out->shape = *shape;
    out->element_bytes = element_bytes;
    finish(out, axis, piece);
}

bool rp_chunks_match(rp_chunks *out, const rp_shape *shape, size_t element_bytes, const hsize_t *dims)
{
    int axis = 0;
    while (axis < shape->naxis - 1 && dims[axis] == 1)
        axis++;
    for (int i = axis + 1; i < shape->naxis; i++) {
        if (dims[i] != (hsize_t)shape->axis[i])
            return false;
    }
    if (dims[axis] < 1 || dims[axis] > (hsize_t)shape->axis[axis])
        return false;
    out->shape = *shape;
    out->element_bytes = element_bytes;
    finish(out, axis, (int64_t)dims[axis]);
    return true;
}

void rp_chunks_dims(const rp_chunks *chunks, hsize_t dims[RP_MAX_AXES])
{
    for (int i = 0; i < chunks->shape.naxis; i++)
        dims[i] = i < chunks->axis ? 1 : (hsize_t)(i == chunks->axis ? chunks->piece : chunks->shape.axis[i]);
}

int64_t rp_chunk_offset(const rp_chunks *chunks, int64_t index)
{
    const int64_t outer = index / chunks->per_row, piece = index % chunks->per_row;
    return (outer * chunks->shape.axis[chunks->axis] + piece * chunks->piece) * chunks->step_bytes;
}

int64_t rp_chunk_length(const rp_chunks *chunks, int64_t index)
{
    const int64_t left = chunks->shape.axis[chunks->axis] - index % chunks->per_row * chunks->piece;
    return (left < chunks->piece ? left : chunks->piece) * chunks->step_bytes;
}

int64_t rp_chunk_at(const rp_chunks *chunks, int64_t offset)
{
    const int64_t row_bytes = chunks->shape.axis[chunks->axis] * chunks->step_bytes;
    return offset / row_bytes * chunks->per_row + offset % row_bytes / chunks->chunk_bytes;
}

void rp_chunk_box(const rp_chunks *chunks, int64_t index, hsize_t start[RP_MAX_AXES], hsize_t extent[RP_MAX_AXES])
{
    int64_t outer = index / chunks->per_row;
    for (int i = chunks->shape.naxis - 1; i > chunks->axis; i--) {
        start[i] = 0;
        extent[i] = (hsize_t)chunks->shape.axis[i];
    }
    start[chunks->axis] = (hsize_t)(index % chunks->per_row * chunks->piece);
    extent[chunks->axis] = (hsize_t)(rp_chunk_length(chunks, index) / chunks->step_bytes);
    for (int i = chunks->axis - 1; i >= 0; i--) {
        start[i] = (hsize_t)(outer % chunks->shape.axis[i]);
        extent[i] = 1;
        outer /= chunks->shape.axis[i];
    }
}
