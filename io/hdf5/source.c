/* Pixels of a dataset: rectangles as runs of its bytes. */
#include <stdlib.h>

#include "io/hdf5/container.h"

typedef struct h5_source {
    rp_source base;
    rp_h5_stream *stream;
    size_t element_bytes, row_bytes;
} h5_source;

static rp_code read_rect(const rp_source *self, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    const h5_source *const s = (const h5_source *)self;
    rp_code code = rp_fits_check_rect(&self->shape, plane, rect, self->label, err);
    if (code || rect.ny == 0 || rect.nx == 0)
        return code;
    const size_t width = (size_t)rect.nx * s->element_bytes;
    const int64_t offset =
        (plane * rp_shape_ny(&self->shape) + rect.y0) * (int64_t)s->row_bytes + rect.x0 * (int64_t)s->element_bytes;
    if (width == s->row_bytes)
        return rp_h5_stream_read(s->stream, offset, (size_t)rect.ny * width, dst, err);
    for (int64_t y = 0; y < rect.ny && !code; y++)
        code = rp_h5_stream_read(s->stream, offset + y * (int64_t)s->row_bytes, width, (char *)dst + (size_t)y * width,
                                 err);
    return code;
}

static void close_source(rp_source *self)
{
    h5_source *const s = (h5_source *)self;
    rp_h5_stream_close(s->stream);
    free(s);
}

rp_code rp_h5_source_new(rp_source **out, rp_h5_stream *stream, const rp_hdu *hdu, rp_error *err)
{
    h5_source *const s = calloc(1, sizeof *s);
    if (!s) {
        const rp_code code = rp_fail(err, RP_E_MEMORY, "no memory to read %s", rp_h5_stream_label(stream));
        rp_h5_stream_close(stream);
        return code;
    }
    s->base = (rp_source){.type = hdu->type, .shape = hdu->shape, .label = rp_h5_stream_label(stream), .read = read_rect, .close = close_source};
    s->stream = stream;
    s->element_bytes = rp_dtype_size(hdu->type);
    s->row_bytes = (size_t)rp_shape_nx(&hdu->shape) * s->element_bytes;
    *out = &s->base;
    return RP_OK;
}
