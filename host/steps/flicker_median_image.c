/* The median image of clean_flicker_noise: what all integrations of a group have in common, scaled by their brightness.
 * Behaviour of jwst 3.0.0 for modes that are neither spectra nor time series: docs/algorithms/clean_flicker_noise.md.
 */
#include <math.h>
#include <stdlib.h>

#include "host/steps/clean_flicker_noise.h"
#include "host/steps/medians.h"

enum { STRIP_ROWS = 32, MEDIAN_IN_MEMORY_BYTES = 32 << 20 };

/* Brightnesses become factors about 1; integrations without one take the median factor. */
static rp_code make_scales(rp_stage *stage, rp_flicker *f, bool *failed, rp_error *err)
{
    const size_t nints = (size_t)stage->run->nints;
    float *finite = malloc(nints * sizeof *finite);
    size_t n = 0, bad = 0;
    if (!finite)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu integrations", nints);
    for (size_t i = 0; i < nints; i++)
        if (!isnan(f->scale[i]))
            finite[n++] = f->scale[i];
    const float middle = rp_median_f32(finite, n);
    n = 0;
    for (size_t i = 0; i < nints; i++) {
        f->scale[i] /= middle;
        if (isfinite(f->scale[i]))
            finite[n++] = f->scale[i];
    }
    *failed = n == 0;
    const float usual = rp_median_f32(finite, n);
    for (size_t i = 0; i < nints && n; i++)
        if (!isfinite(f->scale[i])) {
            f->scale[i] = usual;
            bad++;
        }
    if (bad)
        rp_logf(stage->run->log, RP_WARNING, stage->log_name,
                "%zu integration(s) out of %zu had non-finite extracted flux and will be scaled by the median flux "
                "instead.",
                bad, nints);
    free(finite);
    return RP_OK;
}

/* data [nints][pixels] of a strip; its medians go to the first integration. */
static void find_medians(float *data, size_t nints, size_t pixels, float *values)
{
    for (size_t p = 0; p < pixels; p++) {
        size_t n = 0;
        for (size_t i = 0; i < nints; i++)
            if (!isnan(data[i * pixels + p]))
                values[n++] = data[i * pixels + p];
        data[p] = rp_median_f32(values, n);
    }
}

static rp_code median_strip(const rp_run *run, const rp_flicker *f, const rp_frames *frames, size_t group,
                            rp_rect strip, float *data, float *values, rp_error *err)
{
    const size_t pixels = (size_t)(strip.ny * strip.nx), nints = (size_t)run->nints, ngroups = (size_t)run->ngroups;
    rp_code code = RP_OK;
    for (size_t i = 0; i < nints && code == RP_OK; i++)
        code = rp_frames_read(frames, RP_FRAMES_SCI, (int64_t)(i * ngroups + group), strip, data + i * pixels, err);
    if (code != RP_OK)
        return code;
    find_medians(data, nints, pixels, values);
    return rp_frames_write(f->median, RP_FRAMES_SCI, (int64_t)group, strip, data, err);
}

static rp_code median_groups(const rp_run *run, const rp_flicker *f, const rp_frames *frames, rp_error *err)
{
    const size_t strips = (f->shape.ny + STRIP_ROWS - 1) / STRIP_ROWS, items = strips * (size_t)run->ngroups;
    rp_code result = RP_OK;
#pragma omp parallel num_threads(f->threads)
    {
        float *data = malloc((size_t)run->nints * STRIP_ROWS * f->shape.nx * sizeof *data);
        float *values = malloc((size_t)run->nints * sizeof *values);
        rp_error error = {0};
#pragma omp for schedule(dynamic)
        for (size_t item = 0; item < items; item++) {
            const int64_t y0 = (int64_t)(item % strips * STRIP_ROWS), left = (int64_t)f->shape.ny - y0;
            const rp_rect strip = {y0, 0, left < STRIP_ROWS ? left : STRIP_ROWS, (int64_t)f->shape.nx};
            const rp_code code = data && values
                                     ? median_strip(run, f, frames, item / strips, strip, data, values, &error)
                                     : rp_fail(&error, RP_E_MEMORY, "clean_flicker_noise: no memory for some rows");
            if (code != RP_OK)
                rp_frames_note_failure(&result, err, code, &error);
        }
        free(data);
        free(values);
    }
    return result;
}

rp_code rp_flicker_make_median(rp_stage *stage, rp_flicker *f, const rp_frames *frames, bool *failed, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_frames_shape shape = {1, run->ngroups, run->ny, run->nx, false, false};
    rp_code code = make_scales(stage, f, failed, err);
    if (code != RP_OK || *failed)
        return code;
    rp_logf(run->log, RP_INFO, stage->log_name, "Making a scaled median image");
    code = rp_frames_new(&f->median, &shape, MEDIAN_IN_MEMORY_BYTES, run->scratch_dir, err);
    return code == RP_OK ? median_groups(run, f, frames, err) : code;
}
