/* Planes made small enough to look at. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/preview/preview.h"
#include "rampart/dq.h"

typedef struct accumulator {
    int64_t nx;     /* of the plane */
    void *elements; /* one row as stored */
    double *row;
    uint32_t *row_flags;
    double *sum;    /* [view nx] */
    int64_t *count; /* [view nx] */
} accumulator;

static void accumulator_free(accumulator *a)
{
    free(a->elements);
    free(a->row);
    free(a->row_flags);
    free(a->sum);
    free(a->count);
}

static rp_code accumulator_new(accumulator *a, const rp_view *view, const rp_source *source, rp_error *err)
{
    const size_t nx = (size_t)rp_shape_nx(&source->shape), out = (size_t)view->nx;
    *a = (accumulator){.nx = (int64_t)nx,
                       .elements = malloc(nx * rp_dtype_size(source->type)),
                       .row = malloc(nx * sizeof(double)),
                       .row_flags = malloc(nx * sizeof(uint32_t)),
                       .sum = malloc(out * sizeof(double)),
                       .count = malloc(out * sizeof(int64_t))};
    if (!a->elements || !a->row || !a->row_flags || !a->sum || !a->count)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for a row of %zu pixels", source->label, nx);
    return RP_OK;
}

static void add_row(const rp_view *view, accumulator *a)
{
    for (int64_t x = 0; x < a->nx; x++) {
        const double v = a->row[x];
        if (isfinite(v)) {
            a->sum[x / view->factor] += v;
            a->count[x / view->factor]++;
        }
    }
}

static rp_code read_block_row(rp_view *view, const rp_source *source, int64_t plane, int64_t row, accumulator *a,
                              rp_error *err)
{
    const int64_t ny = rp_shape_ny(&source->shape);
    memset(a->sum, 0, (size_t)view->nx * sizeof *a->sum);
    memset(a->count, 0, (size_t)view->nx * sizeof *a->count);
    for (int64_t y = row * view->factor; y < (row + 1) * view->factor && y < ny; y++) {
        const rp_rect rect = {.y0 = y, .x0 = 0, .ny = 1, .nx = a->nx};
        const rp_code code = source->read(source, plane, rect, a->elements, err);
        if (code)
            return code;
        if (view->flags) {
            rp_elements_to_u32(a->row_flags, a->elements, source->type, (size_t)a->nx);
            for (int64_t x = 0; x < a->nx; x++)
                view->flags[row * view->nx + x / view->factor] |= a->row_flags[x];
        } else {
            rp_elements_to_f64(a->row, a->elements, source->type, (size_t)a->nx);
            add_row(view, a);
        }
    }
    for (int64_t x = 0; x < view->nx && view->values; x++)
        view->values[row * view->nx + x] = a->count[x] ? (float)(a->sum[x] / (double)a->count[x]) : NAN;
    return RP_OK;
}

rp_code rp_view_read(rp_view *out, const rp_source *source, int64_t plane, int64_t max_size, bool as_flags,
                     rp_error *err)
{
    const int64_t nx = rp_shape_nx(&source->shape), ny = rp_shape_ny(&source->shape);
    *out = (rp_view){.factor = 1};
    if (nx < 1 || ny < 1 || max_size < 1)
        return rp_fail(err, RP_E_ARGUMENT, "%s: a plane of %lld x %lld pixels cannot be shown", source->label,
                       (long long)nx, (long long)ny);
    const int64_t longest = nx > ny ? nx : ny;
    out->factor = longest / max_size + (longest % max_size != 0);
    out->nx = (nx + out->factor - 1) / out->factor;
    out->ny = (ny + out->factor - 1) / out->factor;
    if (as_flags)
        out->flags = calloc((size_t)(out->nx * out->ny), sizeof *out->flags);
    else
        out->values = calloc((size_t)(out->nx * out->ny), sizeof *out->values);
    rp_code code = RP_OK;
    accumulator a = {0};
    if (!out->flags && !out->values)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for a view of %lld x %lld pixels", source->label,
                       (long long)out->nx, (long long)out->ny);
    if (!code)
        code = accumulator_new(&a, out, source, err);
    for (int64_t row = 0; row < out->ny && !code; row++)
        code = read_block_row(out, source, plane, row, &a, err);
    accumulator_free(&a);
    if (code)
        rp_view_free(out);
    return code;
}

void rp_view_free(rp_view *view)
{
    free(view->values);
    free(view->flags);
    *view = (rp_view){0};
}

int rp_flag_census(const uint32_t *flags, size_t n, rp_flag_count out[RP_PREVIEW_FLAGS])
{
    int64_t counts[32] = {0};
    for (size_t k = 0; k < n; k++)
        for (uint32_t left = flags[k]; left; left &= left - 1)
            counts[__builtin_ctz(left)]++;
    int found = 0;
    while (found < RP_PREVIEW_FLAGS) {
        int best = -1;
        for (int bit = 0; bit < 32; bit++)
            if (counts[bit] && (best < 0 || counts[bit] > counts[best]))
                best = bit;
        if (best < 0)
            break;
        out[found++] = (rp_flag_count){.bit = best, .pixels = counts[best]};
        counts[best] = 0;
    }
    for (int i = 0, j = found - 1; i < j; i++, j--) {
        const rp_flag_count swap = out[i];
        out[i] = out[j];
        out[j] = swap;
    }
    return found;
}

const char *rp_flag_name(int bit)
{
    static const char *const names[32] = {
#define NAME(name, bit) [bit] = #name,
        RP_DQ_BITS(NAME)
#undef NAME
    };
    return bit >= 0 && bit < 32 && names[bit] ? names[bit] : "?";
}
