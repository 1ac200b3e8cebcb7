/* clean_flicker_noise: takes noise that varies along the slow axis (1/f noise) out of ramps.
 * Behaviour of jwst 3.0.0; algorithm: docs/algorithms/clean_flicker_noise.md. */
#include "host/steps/clean_flicker_noise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TABLE_CLEANED = 0, CLEANED_IN_MEMORY_BYTES = 32 << 20 };

/* ------------------------------------------------------------------ setup */
static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Exposures that the reference does not clean: the step fails, the run goes on. */
static bool is_possible(const rp_stage *stage, const char *type, bool fft)
{
    static const char *const for_fft[] = {"NRS_MSASPEC", "NRS_IFU", "NRS_FIXEDSLIT", "NRS_BRIGHTOBJ"};
    const rp_log *log = stage->run->log;
    bool ok = !starts_with(type, "MIR") || !strcmp(type, "MIR_IMAGE"), fft_ok = !fft;
    for (size_t k = 0; k < sizeof for_fft / sizeof *for_fft; k++)
        fft_ok = fft_ok || !strcmp(type, for_fft[k]);
    if (!fft_ok)
        rp_logf(log, RP_WARNING, stage->log_name, "Fit method 'fft' cannot be applied to exp_type %s", type);
    else if (!ok)
        rp_logf(log, RP_WARNING, stage->log_name, "EXP_TYPE %s is not supported", type);
    if (!ok || !fft_ok)
        rp_logf(log, RP_WARNING, stage->log_name, "Step will be skipped");
    return ok && fft_ok;
}

static rp_background_method method_of(const char *name)
{
    if (!name || !strcasecmp(name, "none"))
        return RP_BACKGROUND_NONE;
    return strcmp(name, "model") == 0 ? RP_BACKGROUND_MODEL : RP_BACKGROUND_MEDIAN;
}

static rp_code read_box(const rp_stage *stage, rp_flicker *f, rp_error *err)
{
    const rp_value *box = rp_values_find(stage->values, "background_box_size");
    if (!box || box->is_none || box->n != 2)
        return RP_OK;
    if (!(box->list[0] >= 1 && box->list[1] >= 1 && box->list[0] <= (double)f->shape.ny &&
          box->list[1] <= (double)f->shape.nx))
        return rp_fail(err, RP_E_ARGUMENT,
                       "background_box_size %s does not fit images of %zu x %zu pixels (rows, columns)", box->s,
                       f->shape.ny, f->shape.nx);
    f->box = (rp_background_box){(size_t)box->list[0], (size_t)box->list[1]};
    return RP_OK;
}

static rp_code read_options(const rp_stage *stage, rp_flicker *f, rp_error *err)
{
    const rp_values *v = stage->values;
    f->fft = !strcmp(rp_values_string(v, "fit_method"), "fft");
    f->by_channel = rp_values_bool(v, "fit_by_channel");
    f->single_mask = rp_values_bool(v, "single_mask");
    f->fit_histogram = rp_values_bool(v, "fit_histogram");
    f->mask_science = rp_values_bool(v, "mask_science_regions");
    f->n_sigma = rp_values_float(v, "n_sigma", 2.0);
    f->background = method_of(rp_values_string(v, "background_method"));
    const char *method = rp_values_string(v, "background_method");
    f->by_image = method && !strcmp(method, "median_image");
    f->user_mask = rp_values_string(v, "user_mask");
    if (f->user_mask && !strcasecmp(f->user_mask, "none"))
        f->user_mask = NULL;
    f->save_mask = rp_values_bool(v, "save_mask");
    f->save_background = rp_values_bool(v, "save_background");
    f->save_noise = rp_values_bool(v, "save_noise");
    f->apply_flat = rp_values_bool(v, "apply_flat_field");
    f->autoparam = rp_values_bool(v, "autoparam");
    return read_box(stage, f, err);
}

/* What needs the positions of spectra on the detector. */
static rp_code refuse(const rp_stage *stage, const rp_flicker *f, const char *type, rp_error *err)
{
    static const char *const light_curves[] = {"NIS_SOSS", "NRS_BRIGHTOBJ", "NRC_TSGRISM", "NRC_TSIMAGE"};
    const bool draws = !f->user_mask;
    bool tso = false,
         has_curve = !strcmp(type, "MIR_IMAGE") && rp_meta_get_bool(stage->run->meta, "TSOVISIT", &tso) && tso;
    for (size_t k = 0; k < sizeof light_curves / sizeof *light_curves; k++)
        has_curve = has_curve || !strcmp(type, light_curves[k]);
    if (f->by_image && has_curve)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "clean_flicker_noise: background_method median_image for %s needs a light curve, which is not "
                       "part of this release",
                       type);
    if (f->mask_science && draws && (starts_with(type, "NRS") || !strcmp(type, "NIS_SOSS")))
        return rp_fail(
            err, RP_E_UNSUPPORTED,
            "clean_flicker_noise: mask_science_regions for %s needs the positions of its spectra, which this release "
            "cannot find; give a user_mask",
            type);
    return RP_OK;
}

/* *fails: this exposure cannot be cleaned for want of a file. */
static rp_code consider_soss(rp_stage *stage, const char *type, bool *fails, rp_error *err)
{
    static const char *const supported[] = {"SUBSTRIP96", "SUBSTRIP256", "FULL"};
    const rp_run *run = stage->run;
    *fails = false;
    if (strcmp(type, "NIS_SOSS") != 0)
        return RP_OK;
    const char *method = rp_values_string(stage->values, "background_method"),
               *subarray = rp_meta_get_string(run->meta, "SUBARRAY");
    const bool by_image = method && !strcmp(method, "median_image");
    bool known = false;
    for (size_t k = 0; subarray && k < sizeof supported / sizeof *supported; k++)
        known = known || !strcmp(subarray, supported[k]);
    if (by_image && !known) {
        rp_logf(run->log, RP_WARNING, stage->log_name,
                "Skipping: median_image processing is not available for SOSS subarray %s.",
                subarray ? subarray : "None");
        *fails = true;
        return RP_OK;
    }
    char *path = NULL;
    const rp_code code = rp_run_reference_path(stage->run, stage, "pastasoss", &path, err);
    if (code == RP_OK && !path) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "No PASTASOSS reference file found");
        if (by_image)
            rp_logf(run->log, RP_WARNING, stage->log_name,
                    "Skipping: median_image processing is not available for SOSS without a pastasoss file.");
        *fails = by_image;
    }
    free(path);
    return code;
}

static rp_code find_axis(const rp_stage *stage, rp_flicker *f, const char *type, rp_error *err)
{
    const rp_run *run = stage->run;
    const char *subarray = rp_meta_get_string(run->meta, "SUBARRAY");
    int64_t slow = 0;
    const bool miri = starts_with(type, "MIR");
    if (!miri) {
        const rp_code code = rp_meta_need_int(run->meta, "SLOWAXIS", &slow, err);
        if (code != RP_OK)
            return code;
    }
    f->along_x = !miri && (slow == 2 || slow == -2);
    if (f->by_channel && (miri || !subarray || strcmp(subarray, "FULL") != 0)) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "Fit by channel can only be used for full-frame NIR data.");
        rp_logf(run->log, RP_WARNING, stage->log_name, "Setting fit_by_channel to False.");
        f->by_channel = false;
    }
    return RP_OK;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    const rp_run *run = stage->run;
    const char *type = NULL;
    if (rp_container_find(run->exposure->file, "VAR_RNOISE", 1) >= 0)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: clean_flicker_noise takes ramps, no rate images, in this release",
                       run->exposure->path);
    rp_code code = rp_meta_need_string(run->meta, "EXP_TYPE", &type, err);
    if (code != RP_OK)
        return code;
    rp_flicker *f = calloc(1, sizeof *f);
    if (!f)
        return rp_fail(err, RP_E_MEMORY, "clean_flicker_noise: no memory");
    stage->state = f;
    f->shape = (rp_image_shape){(size_t)run->ny, (size_t)run->nx};
    bool fails = false;
    code = read_options(stage, f, err);
    if (code == RP_OK)
        code = consider_soss(stage, type, &fails, err);
    if (code == RP_OK && (fails || !is_possible(stage, type, f->fft))) {
        stage->skip = stage->says_failed = true;
        return RP_OK;
    }
    if (code == RP_OK)
        code = refuse(stage, f, type, err);
    if (code == RP_OK)
        code = find_axis(stage, f, type, err);
    const bool may_choose = f->autoparam && (!strcmp(type, "NRC_IMAGE") || !strcmp(type, "NIS_IMAGE"));
    if (code == RP_OK && f->by_image && !may_choose) {
        if (f->single_mask)
            rp_logf(run->log, RP_WARNING, stage->log_name, "Setting single_mask to False.");
        f->single_mask = false;
        f->background = RP_BACKGROUND_NONE; /* of what is left */
        if (run->nints <= 1) {
            rp_logf(run->log, RP_WARNING, stage->log_name,
                    "The median_image background method cannot be used with nints=%lld", (long long)run->nints);
            stage->skip = stage->says_failed = true;
            return RP_OK;
        }
    }
    /* the choice of autoparam needs pixels; what it may want is recorded now */
    rp_reference *flat = NULL;
    if (code == RP_OK && (f->apply_flat || may_choose))
        code = rp_step_reference(stage, "flat", &flat, err);
    if (code == RP_OK && f->apply_flat && !flat)
        rp_logf(run->log, RP_WARNING, stage->log_name,
                "Flat correction is not available for exposure type %s without a user-supplied flat.", type);
    return code;
}

/* ------------------------------------------------------------------ frames */
static rp_code prepare(rp_stage *stage, rp_flicker *f, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_frames_shape shape = {run->nints, run->ngroups, run->ny, run->nx, false, false};
    rp_code code = RP_OK;
    f->is_cleaned = calloc((size_t)(run->nints * run->ngroups), sizeof *f->is_cleaned);
    if (!f->is_cleaned)
        code = rp_fail(err, RP_E_MEMORY, "clean_flicker_noise: no memory");
    if (code == RP_OK)
        code = rp_frames_new(&f->cleaned, &shape, CLEANED_IN_MEMORY_BYTES, run->scratch_dir, err);
    if (code == RP_OK)
        code = rp_frames_source(f->cleaned, RP_FRAMES_SCI, &f->cleaned_source, err);
    if (code == RP_OK && f->save_background)
        code = rp_step_ramp_product(stage, "flicker_bkg", &f->background_product, err);
    if (code == RP_OK && f->save_noise)
        code = rp_step_ramp_product(stage, "flicker_noise", &f->noise_product, err);
    return code;
}

static rp_code fail_step(rp_stage *stage, const char *why)
{
    rp_logf(stage->run->log, RP_WARNING, stage->log_name, "%s", why);
    stage->skip = stage->says_failed = true;
    return RP_OK;
}

static rp_code frames(rp_stage *stage, rp_frames *store, int threads, rp_error *err)
{
    rp_flicker *f = stage->state;
    bool fits = true, failed = false;
    f->threads = threads;
    f->scale = calloc((size_t)stage->run->nints, sizeof *f->scale);
    if (!f->scale)
        return rp_fail(err, RP_E_MEMORY, "clean_flicker_noise: no memory");
    rp_code code = f->autoparam ? rp_flicker_choose(stage, f, store, err) : RP_OK;
    if (code == RP_OK && f->apply_flat)
        code = rp_flicker_read_flat(stage, f->shape, &f->flat, err);
    if (code == RP_OK)
        code = rp_flicker_make_mask(stage, f, store, &fits, err);
    if (code == RP_OK && !fits)
        return fail_step(stage, "Mask does not match data shape. Step will be skipped.");
    if (code == RP_OK && f->by_image)
        code = rp_flicker_make_median(stage, f, store, &failed, err);
    if (code == RP_OK && failed) {
        rp_run_drop_side_products(stage->run, stage);
        return fail_step(stage, "A median image could not be created. The step will be skipped.");
    }
    if (code == RP_OK)
        code = prepare(stage, f, err);
    if (code == RP_OK)
        code = rp_flicker_clean_groups(stage, f, store, &failed, err);
    free(f->mask);
    free(f->flat);
    f->mask = NULL;
    f->flat = NULL;
    if (code == RP_OK && failed) {
        rp_run_drop_side_products(stage->run, stage);
        return fail_step(stage, "The ramp stays as it is.");
    }
    return code;
}

/* ------------------------------------------------------------------ blocks */
static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const rp_flicker *f = stage->state;
    const int64_t planes = b->run->nints * b->run->ngroups;
    rp_flicker_params params = {.stride = b->stride,
                                .nints = (uint32_t)b->run->nints,
                                .ngroups = (uint32_t)b->run->ngroups,
                                .has_noise = f->noise_product != NULL,
                                .is_whole = f->by_image};
    rp_bound cleaned = {0};
    rp_buffer *table = NULL, *noise = NULL;
    rp_code code = rp_block_bind(b, f->cleaned_source, 0, planes, &cleaned, err);
    if (code == RP_OK)
        code = rp_block_table(b, stage, TABLE_CLEANED, f->is_cleaned, (size_t)planes * sizeof *f->is_cleaned, 1, &table,
                              err);
    if (code == RP_OK && f->noise_product)
        code = rp_step_scratch(b, stage, 0, (uint64_t)planes, b->stride, sizeof(uint32_t), &noise, err);
    params.cleaned_offset = cleaned.offset;
    params.cleaned_stride = cleaned.stride;
    rp_buffer *const buffers[] = {b->data, cleaned.buffer, table, noise};
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_flicker_sum, &params, sizeof params, buffers, 4, err);
    return code == RP_OK && f->noise_product ? rp_step_write_ramp(b, f->noise_product, noise, err) : code;
}

static void clear(rp_stage *stage)
{
    rp_flicker *f = stage->state;
    if (f) {
        free(f->flat);
        free(f->mask);
        free(f->is_cleaned);
        free(f->scale);
        rp_frames_free(f->median);
        rp_step_close(f->cleaned_source);
        rp_frames_free(f->cleaned);
    }
    free(f);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_clean_flicker_noise = {
    .setup = setup, .frames = frames, .block = block, .clear = clear};
