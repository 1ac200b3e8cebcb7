/* The scene mask of clean_flicker_noise: what is background in all groups.  Behaviour of jwst 3.0.0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/clean_flicker_noise.h"
#include "host/steps/medians.h"

/* ------------------------------------------------------------------ from a file */
static int find_image(const rp_container *file)
{
    const int sci = rp_container_find(file, "SCI", 1);
    if (sci >= 0)
        return sci;
    for (size_t k = 0; k < file->nhdu; k++)
        if (file->hdu[k].is_image && file->hdu[k].shape.naxis >= 2)
            return (int)k;
    return -1;
}

static rp_code take_planes(rp_flicker *f, const rp_source *source, rp_error *err)
{
    const size_t n = f->shape.ny * f->shape.nx, element = rp_dtype_size(source->type);
    char *words = malloc(n * element);
    double *values = malloc(n * sizeof *values);
    f->mask = malloc(f->nmasks * n);
    rp_code code =
        words && values && f->mask ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory for a mask", source->label);
    for (size_t k = 0; code == RP_OK && k < f->nmasks; k++) {
        code =
            source->read(source, (int64_t)k, (rp_rect){0, 0, (int64_t)f->shape.ny, (int64_t)f->shape.nx}, words, err);
        if (code == RP_OK)
            rp_elements_to_f64(values, words, source->type, n);
        for (size_t p = 0; code == RP_OK && p < n; p++)
            f->mask[k * n + p] = values[p] != 0.0;
    }
    free(words);
    free(values);
    return code;
}

static rp_code read_user_mask(rp_stage *stage, rp_flicker *f, bool *fits, rp_error *err)
{
    rp_container *file = NULL;
    rp_source *source = NULL;
    rp_code code = rp_container_open(&file, f->user_mask, stage->run->scratch_dir, err);
    if (code != RP_OK)
        return code;
    const int hdu = find_image(file);
    if (hdu < 0)
        code = rp_fail(err, RP_E_MISSING, "%s: no image; give another user_mask", f->user_mask);
    if (code == RP_OK)
        code = file->open_source(file, (size_t)hdu, &source, err);
    if (code == RP_OK) {
        const rp_shape *s = &source->shape;
        f->nmasks = s->naxis == 3 ? (size_t)s->axis[0] : 1;
        *fits = (s->naxis == 2 || (s->naxis == 3 && s->axis[0] == stage->run->nints)) &&
                rp_shape_ny(s) == (int64_t)f->shape.ny && rp_shape_nx(s) == (int64_t)f->shape.nx;
        if (*fits)
            code = take_planes(f, source, err);
    }
    rp_step_close(source);
    file->close(file);
    return code;
}

/* ------------------------------------------------------------------ from a draft of the count rate */
/* Flags that flat_field would give: where the flat has them, and where it has no value to divide by. */
static rp_code read_flat_flags(rp_stage *stage, const rp_flicker *f, uint32_t *flags, float *flat, rp_error *err)
{
    const size_t n = f->shape.ny * f->shape.nx;
    const rp_rect all = {0, 0, (int64_t)f->shape.ny, (int64_t)f->shape.nx};
    rp_reference *reference = NULL;
    rp_source *sci = NULL, *dq = NULL;
    rp_code code = rp_run_reference(stage->run, stage, "flat", &reference, err);
    if (code != RP_OK || !reference)
        return code;
    code = rp_step_plane(stage, reference, "SCI", true, &sci, err);
    if (code == RP_OK)
        code = rp_step_dq(stage, reference, "DQ", true, &dq, err);
    if (code == RP_OK)
        code = sci->read(sci, 0, all, flat, err);
    if (code == RP_OK && dq)
        code = dq->read(dq, 0, all, flags, err);
    if (code == RP_OK) {
        rp_elements_to_f32(flat, flat, sci->type, n);
        if (dq)
            rp_elements_to_u32(flags, flags, RP_U32, n);
        for (size_t p = 0; p < n; p++)
            if (isnan(flat[p]) || flat[p] == 0.0f || (flags[p] & RP_DQ_NO_FLAT_FIELD))
                flags[p] |= RP_DQ_DO_NOT_USE;
    }
    rp_step_close(sci);
    rp_step_close(dq);
    return code;
}

/* MIRI: regions of the detector that no image falls on. */
static rp_code mask_non_science(rp_stage *stage, rp_flicker *f, const uint32_t *dq, uint8_t *mask, rp_error *err)
{
    const size_t n = f->shape.ny * f->shape.nx;
    uint32_t *flags = calloc(n, sizeof *flags);
    float *flat = malloc(n * sizeof *flat);
    rp_code code = flags && flat ? read_flat_flags(stage, f, flags, flat, err)
                                 : rp_fail(err, RP_E_MEMORY, "no memory for the flags of a flat");
    for (size_t p = 0; code == RP_OK && p < n; p++)
        if ((dq[p] | flags[p]) & (RP_DQ_DO_NOT_USE | RP_DQ_NON_SCIENCE))
            mask[p] = 0;
    free(flags);
    free(flat);
    return code;
}

/* The median of an image; NaN when it has no value. */
static float brightness(const float *rate, size_t n, float *scratch)
{
    size_t used = 0;
    for (size_t p = 0; p < n; p++)
        if (!isnan(rate[p]))
            scratch[used++] = rate[p];
    return rp_median_f32(scratch, used);
}

static rp_code mask_one(rp_stage *stage, rp_flicker *f, float *rate, const uint32_t *dq, uint8_t *mask,
                        rp_sorted *sorted, float *scratch, rp_error *err)
{
    const size_t n = f->shape.ny * f->shape.nx;
    memset(mask, 1, n);
    if (f->flat)
        for (size_t p = 0; p < n; p++)
            rate[p] /= f->flat[p];
    rp_code code = RP_OK;
    if (f->by_image)
        f->scale[(size_t)(mask - f->mask) / n] = brightness(rate, n, scratch);
    const char *type = rp_meta_get_string(stage->run->meta, "EXP_TYPE");
    if (f->mask_science && type && !strcmp(type, "MIR_IMAGE"))
        code = mask_non_science(stage, f, dq, mask, err);
    for (size_t p = 0; p < n; p++)
        mask[p] = mask[p] && !isnan(rate[p]) && rate[p] != 0.0f;
    if (code == RP_OK && f->n_sigma > 0) {
        const rp_clip_limits limits = {.lower = 3.0, .upper = f->n_sigma, .fit_histogram = f->fit_histogram};
        rp_sorted_take(sorted, rate, mask, n);
        rp_clip_to_background(rate, mask, n, &limits, sorted);
    }
    return code;
}

static rp_code mask_from_rate(rp_stage *stage, rp_flicker *f, const rp_frames *frames, rp_meta **meta, rp_error *err)
{
    const size_t n = f->shape.ny * f->shape.nx;
    f->nmasks = f->single_mask ? 1 : (size_t)stage->run->nints;
    float *rate = malloc(f->nmasks * n * sizeof *rate);
    uint32_t *dq = malloc(f->nmasks * n * sizeof *dq);
    rp_sorted *sorted = rp_sorted_new(n);
    float *scratch = malloc(n * sizeof *scratch);
    f->mask = malloc(f->nmasks * n);
    rp_code code =
        rate && dq && sorted && scratch && f->mask ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a scene mask");
    if (code == RP_OK)
        code = rp_run_draft_rate(stage->run, stage, frames, !f->single_mask, rate, dq, meta, err);
    for (size_t k = 0; code == RP_OK && k < f->nmasks; k++)
        code = mask_one(stage, f, rate + k * n, dq + k * n, f->mask + k * n, sorted, scratch, err);
    free(rate);
    free(dq);
    free(scratch);
    rp_sorted_free(sorted);
    return code;
}

/* ------------------------------------------------------------------ its product */
/* jwst 3.0.0: a cube comes with arrays for its errors and flags, all zero; an image has its values alone. */
static rp_code write_zeros(const rp_product *product, const rp_flicker *f, float *values, rp_error *err)
{
    const size_t n = f->shape.ny * f->shape.nx;
    const rp_rect all = {0, 0, (int64_t)f->shape.ny, (int64_t)f->shape.nx};
    const rp_sink *sci = rp_product_sink(product, "ERR"), *dq = rp_product_sink(product, "DQ");
    rp_code code = RP_OK;
    memset(values, 0, n * sizeof *values);
    for (size_t k = 0; code == RP_OK && k < f->nmasks; k++)
        code = sci->write(sci, (int64_t)k, all, values, err);
    uint32_t *flags = (uint32_t *)(void *)values;
    rp_elements_from_u32(flags, flags, n);
    for (size_t k = 0; code == RP_OK && k < f->nmasks; k++)
        code = dq->write(dq, (int64_t)k, all, flags, err);
    return code;
}

static rp_code save_mask(rp_stage *stage, const rp_flicker *f, const rp_meta *meta, bool is_cube, rp_error *err)
{
    const size_t n = f->shape.ny * f->shape.nx;
    const rp_shape frame = {.naxis = 2, .axis = {(int64_t)f->shape.ny, (int64_t)f->shape.nx}};
    const rp_shape cube = {.naxis = 3, .axis = {(int64_t)f->nmasks, (int64_t)f->shape.ny, (int64_t)f->shape.nx}};
    const rp_plane_spec image[] = {{"SCI", RP_F32, frame}},
                        planes[] = {{"SCI", RP_F32, cube}, {"ERR", RP_F32, cube}, {"DQ", RP_U32, cube}};
    rp_product *product = NULL;
    float *values = malloc(n * sizeof *values);
    rp_code code = values ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a mask");
    if (code == RP_OK)
        code = rp_run_side_product(stage->run, stage, "mask", is_cube ? RP_MODEL_CUBE : RP_MODEL_CHISQ, meta,
                                   is_cube ? planes : image, is_cube ? 3 : 1, &product, err);
    for (size_t k = 0; code == RP_OK && k < f->nmasks; k++) {
        for (size_t p = 0; p < n; p++)
            values[p] = f->mask[k * n + p];
        rp_elements_from_f32(values, values, n);
        const rp_sink *sink = rp_product_sink(product, "SCI");
        code = sink->write(sink, (int64_t)k, (rp_rect){0, 0, (int64_t)f->shape.ny, (int64_t)f->shape.nx}, values, err);
    }
    if (code == RP_OK && is_cube)
        code = write_zeros(product, f, values, err);
    free(values);
    return code;
}

rp_code rp_flicker_make_mask(rp_stage *stage, rp_flicker *f, const rp_frames *frames, bool *fits, rp_error *err)
{
    rp_meta *draft = NULL;
    *fits = true;
    rp_code code = !f->user_mask || f->by_image ? mask_from_rate(stage, f, frames, &draft, err) : RP_OK;
    if (code == RP_OK && f->user_mask) { /* of the draft only its brightness is wanted */
        free(f->mask);
        f->mask = NULL;
        code = read_user_mask(stage, f, fits, err);
    }
    if (code == RP_OK && *fits && f->save_mask)
        code = save_mask(stage, f, draft ? draft : stage->before, f->nmasks > 1 || (!f->user_mask && !f->single_mask),
                         err);
    rp_meta_free(draft);
    return code;
}
