/* linearity: makes the response linear by a polynomial for each pixel; read by read where the reference allows it.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/linearity.h. */
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

typedef struct linearity_state {
    rp_source *coeff, *inverse, *dq; /* inverse NULL: group by group */
    uint32_t ncoeff, ninverse, nframes;
    bool zeroframe;
} linearity_state;

static rp_code count_coefficients(const rp_source *source, uint32_t *n, rp_error *err)
{
    const int64_t planes = rp_shape_planes(&source->shape);
    if (planes < 2 || planes > 64)
        return rp_fail(err, RP_E_FORMAT, "%s: %lld coefficients per pixel; 2 to 64 make a polynomial", source->label,
                       (long long)planes);
    *n = (uint32_t)planes;
    return RP_OK;
}

/* The read-by-read correction needs inverse coefficients, several frames in a group, and a second group for a rate. */
static rp_code open_inverse(rp_stage *stage, linearity_state *state, rp_reference *reference, rp_error *err)
{
    const rp_run *run = stage->run;
    int64_t nframes = 1;
    rp_code code = rp_step_optional_plane(stage, reference, "INV_COEFFS", true, &state->inverse, err);
    if (code != RP_OK || !state->inverse)
        return code;
    code = rp_meta_need_int(run->meta, "NFRAMES", &nframes, err);
    if (code == RP_OK && (nframes <= 1 || run->ngroups < 2)) {
        if (nframes > 1)
            rp_logf(run->log, RP_WARNING, stage->log_name,
                    "One group gives no rate: inverse linearity coefficients are not used.");
        rp_step_close(state->inverse);
        state->inverse = NULL;
        return RP_OK;
    }
    if (code == RP_OK)
        code = count_coefficients(state->inverse, &state->ninverse, err);
    if (code == RP_OK && nframes > UINT16_MAX)
        code = rp_fail(err, RP_E_ARGUMENT, "%s: NFRAMES is %lld; correct the keyword", run->exposure->path,
                       (long long)nframes);
    if (code != RP_OK)
        return code;
    state->nframes = (uint32_t)nframes;
    rp_logf(run->log, RP_INFO, stage->log_name,
            "Providing inverse linearity coefficients and read_pattern to detailed linearity correction.");
    return RP_OK;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_reference *reference = NULL;
    rp_code code = rp_run_reference(stage->run, stage, "linearity", &reference, err);
    if (code != RP_OK)
        return code;
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "Using Linearity reference file %s",
            reference ? rp_reference_path(reference) : "N/A");
    if (!reference) {
        rp_step_skip(stage, "No Linearity reference file found", "Linearity step");
        return RP_OK;
    }
    linearity_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "linearity: no memory");
    stage->state = state;
    state->zeroframe = rp_step_has_zeroframe(stage);
    code = rp_step_plane(stage, reference, "COEFFS", true, &state->coeff, err);
    if (code == RP_OK)
        code = count_coefficients(state->coeff, &state->ncoeff, err);
    if (code == RP_OK)
        code = rp_step_dq(stage, reference, "DQ", true, &state->dq, err);
    return code == RP_OK ? open_inverse(stage, state, reference, err) : code;
}

static rp_code correct(rp_block *b, const linearity_state *state, rp_linearity_params *params, const rp_bound *coeff,
                       const rp_bound *dq, rp_error *err)
{
    if (!state->inverse) {
        rp_buffer *const buffers[] = {b->data, b->groupdq, b->pixeldq, coeff->buffer, dq->buffer};
        return rp_block_lanes(b, RP_K_linearity, params, sizeof *params, buffers, 5, err);
    }
    rp_bound inverse;
    const rp_code code = rp_block_bind(b, state->inverse, 0, state->ninverse, &inverse, err);
    if (code != RP_OK)
        return code;
    params->inverse_offset = inverse.offset;
    params->inverse_stride = inverse.stride;
    rp_buffer *const buffers[] = {b->data, b->groupdq, b->pixeldq, coeff->buffer, inverse.buffer, dq->buffer};
    return rp_block_lanes(b, RP_K_linearity_reads, params, sizeof *params, buffers, 6, err);
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const linearity_state *state = stage->state;
    rp_bound coeff, dq = {0};
    rp_code code = rp_block_bind(b, state->coeff, 0, state->ncoeff, &coeff, err);
    if (code == RP_OK && state->dq)
        code = rp_block_bind(b, state->dq, 0, 1, &dq, err);
    if (code != RP_OK)
        return code;
    rp_linearity_params params = {.stride = b->stride,
                                  .coeff_offset = coeff.offset,
                                  .coeff_stride = coeff.stride,
                                  .dq_offset = dq.offset,
                                  .nints = (uint32_t)b->run->nints,
                                  .ngroups = (uint32_t)b->run->ngroups,
                                  .ncoeff = state->ncoeff,
                                  .ninverse = state->ninverse,
                                  .nframes = state->nframes,
                                  .has_dq = state->dq != NULL};
    code = correct(b, state, &params, &coeff, &dq, err);
    if (code != RP_OK || !state->zeroframe || !b->zeroframe)
        return code;
    params.ngroups = 1;
    params.keep_zero = 1;
    rp_buffer *const buffers[] = {b->zeroframe, NULL, NULL, coeff.buffer, dq.buffer};
    return rp_block_lanes(b, RP_K_linearity, &params, sizeof params, buffers, 5, err);
}

static void clear(rp_stage *stage)
{
    linearity_state *state = stage->state;
    if (state) {
        rp_step_close(state->coeff);
        rp_step_close(state->inverse);
        rp_step_close(state->dq);
    }
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_linearity = {.setup = setup, .block = block, .clear = clear};
