/* guider_cds: count rates of guide-star exposures.  Behaviour of jwst 3.0.0; the arithmetic is kernels/guider.h. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/chain.h"
#include "host/compute/kernels.h"
#include "host/steps/guider.h"
#include "host/steps/ops.h"
#include "host/steps/pairwise.h"

enum { FINE_GROUPS = 4, SUM_CHUNK = 8192 };

rp_code rp_guider_buffer(rp_buffer **out, const rp_guider_frames *frames, size_t n, rp_error *err)
{
    if (n > SIZE_MAX / 4)
        return rp_fail(err, RP_E_MEMORY, "%zu pixels do not fit into memory", n);
    const rp_code code = rp_buffer_new(out, frames->device, n * 4, err);
    if (code == RP_OK)
        memset(rp_buffer_host(*out), 0, n * 4);
    return code;
}

/* The first plane of a source, converted by the caller; pixels are packed at the start of `out`. */
static rp_code read_words(rp_source *source, const rp_guider_frames *frames, void *out, rp_error *err)
{
    if (rp_shape_ny(&source->shape) != frames->ny || rp_shape_nx(&source->shape) != frames->nx)
        return rp_fail(err, RP_E_MISMATCH, "%s: %lld x %lld pixels, but the exposure has %lld x %lld", source->label,
                       (long long)rp_shape_nx(&source->shape), (long long)rp_shape_ny(&source->shape),
                       (long long)frames->nx, (long long)frames->ny);
    return source->read(source, 0, (rp_rect){0, 0, frames->ny, frames->nx}, out, err);
}

/* `is_dq`: uint32, else float. */
static rp_code plane_of(rp_buffer **out, const rp_guider_frames *frames, rp_source *source, bool is_dq, rp_error *err)
{
    const size_t npix = (size_t)(frames->ny * frames->nx);
    void *words = NULL;
    rp_code code = rp_guider_buffer(out, frames, frames->stride, err);
    if (code == RP_OK && source) {
        words = malloc(npix * 4);
        code = words ? read_words(source, frames, words, err)
                     : rp_fail(err, RP_E_MEMORY, "%s: no memory to read it", source->label);
    }
    if (code == RP_OK && source && is_dq)
        rp_elements_to_u32(rp_buffer_host(*out), words, RP_U32, npix);
    else if (code == RP_OK && source)
        rp_elements_to_f32(rp_buffer_host(*out), words, RP_F32, npix);
    if (code == RP_OK)
        code = rp_queue_push(frames->queue, *out, 0, frames->stride * 4, err);
    free(words);
    return code;
}

rp_code rp_guider_plane(rp_buffer **out, const rp_guider_frames *frames, rp_reference *reference, const char *extname,
                        rp_error *err)
{
    rp_source *source = NULL;
    rp_code code = rp_reference_plane(reference, extname, true, &source, err);
    if (code == RP_OK)
        code = plane_of(out, frames, source, false, err);
    if (source)
        source->close(source);
    return code;
}

rp_code rp_guider_dq_plane(rp_buffer **out, const rp_guider_frames *frames, rp_reference *reference, rp_error *err)
{
    rp_source *source = NULL;
    rp_code code = rp_reference_dq(reference, "DQ", true, &source, err);
    if (code == RP_OK)
        code = plane_of(out, frames, source, true, err);
    if (source)
        source->close(source);
    return code;
}

/* ------------------------------------------------------------------ stacked images */
/* Mean of a whole plane: numpy sums the words of a file in chunks of 8192, each of them pairwise. */
static rp_code mean_of_plane(rp_source *source, float *mean, rp_error *err)
{
    const rp_rect all = {0, 0, rp_shape_ny(&source->shape), rp_shape_nx(&source->shape)};
    const size_t n = (size_t)(all.ny * all.nx);
    void *words = malloc(n * 4);
    float *values = malloc(n * sizeof *values), sum = 0;
    rp_code code = words && values && n > 0 ? source->read(source, 0, all, words, err)
                                            : rp_fail(err, RP_E_MEMORY, "%s: no memory to read it", source->label);
    if (code == RP_OK) {
        rp_elements_to_f32(values, words, RP_F32, n);
        for (size_t k = 0; k < n; k += SUM_CHUNK)
            sum += rp_pairwise_sum_f32(values + k, n - k < SUM_CHUNK ? n - k : SUM_CHUNK);
        *mean = sum / (float)n;
    }
    free(words);
    free(values);
    return code;
}

/* A stack may have another size than any reference: then the mean stands for it. */
static rp_code stacked_plane(rp_buffer **out, const rp_guider_frames *frames, rp_reference *reference, rp_error *err)
{
    rp_source *source = NULL;
    float mean = 0;
    rp_code code = rp_reference_plane(reference, "SCI", false, &source, err);
    if (code == RP_OK && !source)
        code = rp_fail(err, RP_E_MISSING, "%s: no extension SCI", rp_reference_path(reference));
    if (code == RP_OK && rp_shape_ny(&source->shape) == frames->ny && rp_shape_nx(&source->shape) == frames->nx)
        code = rp_fail(err, RP_E_MISMATCH, "%s: as large as the exposure, but not of the same pixels",
                       rp_reference_path(reference));
    if (code == RP_OK)
        code = mean_of_plane(source, &mean, err);
    if (code == RP_OK)
        code = rp_guider_buffer(out, frames, frames->stride, err);
    if (code == RP_OK) {
        float *values = rp_buffer_host(*out);
        for (size_t p = 0; p < frames->stride; p++)
            values[p] = mean;
        code = rp_queue_push(frames->queue, *out, 0, frames->stride * 4, err);
    }
    if (source)
        source->close(source);
    return code;
}

static rp_code reference_plane(rp_buffer **out, const rp_guider_frames *frames, rp_reference *reference, bool is_stack,
                               rp_error *err)
{
    rp_code code = rp_guider_plane(out, frames, reference, "SCI", err);
    if (code != RP_E_MISMATCH || !is_stack)
        return code;
    rp_buffer_free(*out);
    *out = NULL;
    return stacked_plane(out, frames, reference, err);
}

/* ------------------------------------------------------------------ count rates */
static rp_code choose_mode(rp_guider_cds_params *params, const rp_guider_frames *frames, const char *type,
                           rp_error *err)
{
    params->mode = !strcmp(type, "FGS_FINEGUIDE") ? RP_GUIDER_FINE
                   : !strncmp(type, "FGS_ID", 6)  ? RP_GUIDER_IDENTIFY
                                                  : RP_GUIDER_DIFFERENCE;
    params->averaged = (rp_u32)(frames->ngroups < FINE_GROUPS ? frames->ngroups : FINE_GROUPS);
    if (params->mode != RP_GUIDER_FINE && frames->ngroups < 2)
        return rp_fail(err, RP_E_MISMATCH, "guider_cds: %s needs 2 groups, the exposure has %lld", type,
                       (long long)frames->ngroups);
    if (params->mode == RP_GUIDER_IDENTIFY && frames->nints < 2)
        return rp_fail(err, RP_E_MISMATCH, "guider_cds: %s needs 2 integrations, the exposure has %lld", type,
                       (long long)frames->nints);
    return RP_OK;
}

static rp_code set_parameters(rp_guider_cds_params *params, const rp_guider_frames *frames, const rp_meta *meta,
                              const char **type, rp_error *err)
{
    double group_time_s;
    *params = (rp_guider_cds_params){
        .stride = frames->stride, .nints = (rp_u32)frames->nints, .ngroups = (rp_u32)frames->ngroups};
    rp_code code = rp_meta_need_string(meta, "EXP_TYPE", type, err);
    if (code == RP_OK)
        code = rp_meta_need_double(meta, "TGROUP", &group_time_s, err);
    if (code == RP_OK) {
        params->group_time_s = (float)group_time_s;
        code = choose_mode(params, frames, *type, err);
    }
    return code;
}

rp_code rp_guider_count_rates(rp_guider_frames *frames, rp_meta *meta, rp_reference *gain, rp_reference *read_noise,
                              const rp_guider_caller *caller, rp_error *err)
{
    rp_guider_cds_params params;
    const char *type = NULL;
    rp_buffer *gain_plane = NULL, *noise_plane = NULL, *rate = NULL, *error = NULL;
    rp_code code = set_parameters(&params, frames, meta, &type, err);
    if (code != RP_OK)
        return code;
    rp_logf(caller->log, RP_DEBUG, caller->log_name, "Count rates of %lld integrations of %s", (long long)frames->nints,
            type);
    const int64_t nrates = params.mode == RP_GUIDER_IDENTIFY ? 1 : frames->nints;
    const size_t n = (size_t)nrates * frames->stride;
    const bool is_stack = strstr(type, "STACK") != NULL;
    if ((code = reference_plane(&gain_plane, frames, gain, is_stack, err)) != RP_OK ||
        (code = reference_plane(&noise_plane, frames, read_noise, is_stack, err)) != RP_OK ||
        (code = rp_guider_buffer(&rate, frames, n, err)) != RP_OK ||
        (code = rp_guider_buffer(&error, frames, n, err)) != RP_OK)
        goto done;
    rp_buffer *const buffers[] = {frames->sci, gain_plane, noise_plane, rate, error};
    code = rp_queue_launch(frames->queue, RP_K_guider_cds, &params, sizeof params, buffers, 5,
                           (rp_range){.n = frames->stride}, err);
    if (code == RP_OK)
        code = rp_meta_set_string(meta, "SCI:BUNIT", "DN/s", err);
    if (code == RP_OK)
        code = rp_queue_finish(frames->queue, err);
    if (code != RP_OK)
        goto done;
    rp_buffer_free(frames->sci);
    rp_buffer_free(frames->err);
    frames->sci = rate;
    frames->err = error;
    frames->is_rate = true;
    frames->nints = nrates;
    frames->ngroups = 1;
    rate = error = NULL;
done:
    rp_buffer_free(gain_plane);
    rp_buffer_free(noise_plane);
    rp_buffer_free(rate);
    rp_buffer_free(error);
    return code;
}

/* Guide-star exposures do not go through the chain of ramps: host/pipelines/guider.c. */
static rp_code setup(rp_stage *stage, rp_error *err)
{
    return rp_fail(err, RP_E_UNSUPPORTED,
                   "step %s works on guide-star exposures (EXP_TYPE FGS_ID-IMAGE ... FGS_FINEGUIDE) only",
                   stage->step->name);
}

const struct rp_step_ops rp_ops_guider_cds = {.setup = setup};
