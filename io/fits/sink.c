/* Pixels written to their place in a FITS file being made. */
#include <stdlib.h>
#include <string.h>

#include "io/fits/file.h"
#include "io/fits/layout.h"
#include "io/fits/writer.h"

typedef struct fits_sink {
    rp_sink base;
    const int *fd;
    const int64_t *data_offset;
    size_t element_bytes, row_bytes;
} fits_sink;

static rp_code write_rect(const rp_sink *self, int64_t plane, rp_rect rect, const void *src, rp_error *err)
{
    const fits_sink *const s = (const fits_sink *)self;
    rp_code code = rp_fits_check_rect(&self->shape, plane, rect, self->label, err);
    if (code || rect.ny == 0 || rect.nx == 0)
        return code;
    const int64_t offset = *s->data_offset + (plane * rp_shape_ny(&self->shape) + rect.y0) * (int64_t)s->row_bytes +
                           rect.x0 * (int64_t)s->element_bytes;
    const size_t width = (size_t)rect.nx * s->element_bytes;
    if (width == s->row_bytes)
        return rp_file_write_at(*s->fd, self->label, src, (size_t)rect.ny * width, offset, err);
    for (int64_t y = 0; y < rect.ny && !code; y++)
        code = rp_file_write_at(*s->fd, self->label, (const char *)src + (size_t)y * width, width,
                                offset + y * (int64_t)s->row_bytes, err);
    return code;
}

rp_code rp_writer_sink_new(rp_sink **out, const int *fd, const int64_t *data_offset, const char *path,
                           const rp_hdu_plan *plan, rp_error *err)
{
    rp_hdu named = {.extver = plan->extver};
    if (plan->extname)
        memcpy(named.extname, plan->extname, strnlen(plan->extname, sizeof named.extname - 1));
    fits_sink *const s = calloc(1, sizeof *s);
    char *const label = rp_fits_label(path, &named);
    if (!s || !label) {
        free(s);
        free(label);
        return rp_fail(err, RP_E_MEMORY, "no memory to write '%s'", path);
    }
    s->base = (rp_sink){plan->type, plan->shape, label, write_rect};
    s->fd = fd;
    s->data_offset = data_offset;
    s->element_bytes = rp_dtype_size(plan->type);
    s->row_bytes = (size_t)rp_shape_nx(&plan->shape) * s->element_bytes;
    *out = &s->base;
    return RP_OK;
}

void rp_writer_sink_free(rp_sink *sink)
{
    if (sink)
        free((char *)sink->label);
    free(sink);
}
