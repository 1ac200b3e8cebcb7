/* Frames put together from stripes of the detector: host/reference/reference_impl.h.
 *
 * Rows (along the slow axis) come in runs: some that are read before each stripe, then the stripe.  A list says for
 * each row of the exposure which row of the detector it is.  Behaviour of jwst 3.0.0 (multistripe_* keywords). */
#include <stdlib.h>
#include <string.h>

#include "host/reference/reference_impl.h"

enum { DETECTOR_SIZE = 2048 };

typedef struct striped {
    rp_source base;
    rp_source *inner; /* whole detector along the slow axis, the exposure's part along the other */
    bool slow_is_y;
    int32_t row[DETECTOR_SIZE]; /* of the detector, in the exposure's direction */
} striped;

/* ------------------------------------------------------------------ the list of rows */
static rp_code need(const rp_meta *meta, const char *name, int64_t *value, rp_error *err)
{
    return rp_meta_need_int(meta, name, value, err);
}

rp_code rp_stripes_read(rp_stripes *s, const rp_meta *exposure, int64_t ny, int64_t nx, rp_error *err)
{
    const char *subarray = rp_meta_get_string(exposure, "SUBARRAY");
    int64_t slow = 0, start = 0;
    rp_code code = need(exposure, "MSTR_RD1", &s->reads1, err);
    if (code == RP_OK)
        code = need(exposure, "MSTR_SK1", &s->skips1, err);
    if (code == RP_OK)
        code = need(exposure, "MSTR_RD2", &s->reads2, err);
    if (code == RP_OK)
        code = need(exposure, "MSTR_SK2", &s->skips2, err);
    if (code == RP_OK)
        code = need(exposure, "MSTR_RPT", &s->repeat, err);
    if (code == RP_OK)
        code = need(exposure, "MSTR_ILV", &s->interleave, err);
    if (code == RP_OK)
        code = need(exposure, "SLOWAXIS", &slow, err);
    s->slow_is_y = slow == 2 || slow == -2;
    if (code == RP_OK)
        code = need(exposure, s->slow_is_y ? "SUBSTRT2" : "SUBSTRT1", &start, err);
    s->reversed = slow < 0;
    s->size = s->slow_is_y ? ny : nx;
    s->start = !s->reversed ? start - 1 : start == 1 ? 0 : DETECTOR_SIZE - start;
    if (subarray && strstr(subarray, "DHS")) /* early exposures had other corners */
        s->start = 0;
    return code;
}

/* Adds a run of rows; false when they lie outside of the detector or the frame is full. */
static bool add_run(const rp_stripes *s, int32_t *row, int64_t *n, int64_t at, int64_t count)
{
    if (count < 0 || at < 0 || at + count > DETECTOR_SIZE || *n + count > s->size)
        return false;
    for (int64_t k = 0; k < count; k++)
        row[(*n)++] = (int32_t)(at + k);
    return true;
}

/* Rows in the order in which they are read, counted from the detector's first. */
static bool list_rows(const rp_stripes *s, int32_t *row)
{
    int64_t n = 0, skips = s->skips1, at = s->start;
    bool ok = s->reads2 > 0 && s->size <= DETECTOR_SIZE && add_run(s, row, &n, at, s->reads1);
    at += s->reads1 + s->skips1;
    while (ok) {
        ok = add_run(s, row, &n, at, s->reads2);
        if (n == s->size)
            return ok;
        at += s->reads2 + s->skips2;
        if (!s->repeat || !ok)
            continue;
        ok = add_run(s, row, &n, s->start, s->reads1);
        skips += s->interleave ? s->skips2 + s->reads2 : 0;
        at = s->start + s->reads1 + skips;
    }
    return false;
}

rp_code rp_stripes_rows(const rp_stripes *s, int32_t *row, const char *exposure, rp_error *err)
{
    int32_t read[DETECTOR_SIZE];
    if (!list_rows(s, read))
        return rp_fail(err, RP_E_MISMATCH,
                       "%s: MSTR_RD1, _SK1, _RD2, _SK2, _RPT and _ILV do not make frames of %lld rows", exposure,
                       (long long)s->size);
    for (int64_t k = 0; k < s->size; k++)
        row[k] = s->reversed ? DETECTOR_SIZE - 1 - read[s->size - 1 - k] : read[k];
    return RP_OK;
}

/* ------------------------------------------------------------------ the source */
/* Neighbouring rows of the exposure that are neighbours on the detector are read at once. */
static rp_code read_rows(const striped *w, int64_t plane, rp_rect rect, char *dst, rp_error *err)
{
    rp_code code = RP_OK;
    for (int64_t y = 0, run = 0; y < rect.ny && code == RP_OK; y += run) {
        const int32_t *row = w->row + rect.y0 + y;
        for (run = 1; y + run < rect.ny && row[run] == row[0] + run;)
            run++;
        code = w->inner->read(w->inner, plane, (rp_rect){row[0], rect.x0, run, rect.nx}, dst + y * rect.nx * 4, err);
    }
    return code;
}

static rp_code read_columns(const striped *w, int64_t plane, rp_rect rect, char *dst, rp_error *err)
{
    uint32_t *column = malloc((size_t)rect.ny * sizeof *column);
    rp_code code = column ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory for a column", w->base.label);
    for (int64_t x = 0; x < rect.nx && code == RP_OK; x++) {
        code = w->inner->read(w->inner, plane, (rp_rect){rect.y0, w->row[rect.x0 + x], rect.ny, 1}, column, err);
        for (int64_t y = 0; y < rect.ny && code == RP_OK; y++)
            memcpy(dst + (y * rect.nx + x) * 4, &column[y], 4);
    }
    free(column);
    return code;
}

static rp_code striped_read(const rp_source *self, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    const striped *w = (const striped *)(const void *)self;
    const int64_t ny = rp_shape_ny(&self->shape), nx = rp_shape_nx(&self->shape);
    if (rect.y0 < 0 || rect.x0 < 0 || rect.ny < 0 || rect.nx < 0 || rect.y0 > ny - rect.ny || rect.x0 > nx - rect.nx)
        return rp_fail(err, RP_E_ARGUMENT, "%s: a rectangle outside its stripes was asked for", self->label);
    return w->slow_is_y ? read_rows(w, plane, rect, dst, err) : read_columns(w, plane, rect, dst, err);
}

static void striped_close(rp_source *self)
{
    striped *w = (striped *)(void *)self;
    w->inner->close(w->inner);
    free(w);
}

rp_code rp_stripes_wrap(rp_source **out, rp_source *inner, const rp_stripes *stripes, const char *exposure,
                        rp_error *err)
{
    striped *w = calloc(1, sizeof *w);
    rp_code code = w ? rp_stripes_rows(stripes, w->row, exposure, err)
                     : rp_fail(err, RP_E_MEMORY, "%s: no memory to open it", inner->label);
    if (code != RP_OK) {
        free(w);
        inner->close(inner);
        return code;
    }
    w->base = *inner;
    w->base.read = striped_read;
    w->base.close = striped_close;
    w->base.shape.axis[inner->shape.naxis - (stripes->slow_is_y ? 2 : 1)] = stripes->size;
    w->inner = inner;
    w->slow_is_y = stripes->slow_is_y;
    *out = &w->base;
    return RP_OK;
}
