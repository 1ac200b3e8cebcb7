/* saturation: flags groups at or above the threshold of their pixel, their neighbours, and groups at or below zero.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/saturation.h. */
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

typedef struct saturation_state {
    rp_source *threshold, *dq, *bias;
    uint32_t grow, nframes; /* nframes 0: the read pattern is not used */
    bool zeroframe;
} saturation_state;

enum { SLOT_WORDS, SLOT_GROWN, SLOT_PARTIAL };

static rp_code open_planes(rp_stage *stage, saturation_state *state, rp_reference *saturation, rp_reference *superbias,
                           rp_error *err)
{
    rp_code code = rp_step_plane(stage, saturation, "SCI", true, &state->threshold, err);
    if (code == RP_OK)
        code = rp_step_dq(stage, saturation, "DQ", true, &state->dq, err);
    if (code == RP_OK && superbias)
        code = rp_step_plane(stage, superbias, "SCI", true, &state->bias, err);
    return code;
}

static rp_code read_parameters(rp_stage *stage, saturation_state *state, rp_error *err)
{
    const rp_run *run = stage->run;
    const long long grow = rp_values_int(stage->values, "n_pix_grow_sat", 1);
    const int64_t longest = run->ny > run->nx ? run->ny : run->nx;
    state->grow = grow < 0 ? 0 : (uint32_t)(grow < longest ? grow : longest);
    state->zeroframe = rp_step_has_zeroframe(stage);
    if (rp_values_bool(stage->values, "use_readpatt")) {
        int64_t nframes = 0;
        const rp_code code = rp_meta_need_int(run->meta, "NFRAMES", &nframes, err);
        if (code != RP_OK)
            return code;
        if (nframes < 1 || nframes > UINT16_MAX)
            return rp_fail(err, RP_E_ARGUMENT, "%s: NFRAMES is %lld; correct it or set use_readpatt to False",
                           run->exposure->path, (long long)nframes);
        rp_logf(run->log, RP_INFO, stage->log_name, "Using read_pattern with nframes %lld", (long long)nframes);
        state->nframes = (uint32_t)nframes;
    }
    /* saturated pixels grow, and so do the partly saturated ones that are found beside them */
    stage->halo = (int)(state->nframes > 1 ? 2 * state->grow : state->grow);
    return RP_OK;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_reference *saturation = NULL, *superbias = NULL;
    rp_code code = rp_step_refuse_irs2(stage, err);
    if (code == RP_OK)
        code = rp_step_reference(stage, "saturation", &saturation, err);
    if (code == RP_OK)
        code = rp_step_reference(stage, "superbias", &superbias, err);
    if (code != RP_OK)
        return code;
    if (!saturation) {
        rp_step_skip(stage, "No SATURATION reference file found", "Saturation step");
        return RP_OK;
    }
    saturation_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "saturation: no memory");
    stage->state = state;
    code = open_planes(stage, state, saturation, superbias, err);
    return code == RP_OK ? read_parameters(stage, state, err) : code;
}

typedef struct bound_planes {
    rp_bound threshold, dq, bias;
} bound_planes;

static rp_code bind_planes(const saturation_state *state, rp_block *b, bound_planes *bound, rp_error *err)
{
    rp_code code = rp_block_bind(b, state->threshold, 0, 1, &bound->threshold, err);
    if (code == RP_OK && state->dq)
        code = rp_block_bind(b, state->dq, 0, 1, &bound->dq, err);
    if (code == RP_OK && state->bias)
        code = rp_block_bind(b, state->bias, 0, 1, &bound->bias, err);
    return code;
}

static rp_code flag_ramp(rp_block *b, const rp_saturation_params *params, const bound_planes *bound,
                         rp_buffer *const scratch[3], rp_error *err)
{
    rp_buffer *const threshold = bound->threshold.buffer, *const dq = bound->dq.buffer;
    rp_buffer *const find[] = {b->data, b->groupdq, b->pixeldq, threshold, dq, scratch[SLOT_WORDS], b->counters};
    rp_buffer *const grow[] = {
        b->data, b->groupdq, threshold, dq, scratch[SLOT_WORDS], scratch[SLOT_GROWN], scratch[SLOT_PARTIAL]};
    rp_buffer *const mark[] = {
        b->data,    b->groupdq, threshold, dq, bound->bias.buffer, scratch[SLOT_GROWN], scratch[SLOT_PARTIAL],
        b->counters};
    rp_code code = rp_block_lanes(b, RP_K_saturation_find, params, sizeof *params, find, 7, err);
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_saturation_grow, params, sizeof *params, grow, 7, err);
    return code == RP_OK ? rp_block_lanes(b, RP_K_saturation_mark, params, sizeof *params, mark, 8, err) : code;
}

static rp_code clear_zeroframe(rp_block *b, const rp_saturation_params *params, const bound_planes *bound,
                               rp_buffer *words, rp_error *err)
{
    rp_buffer *const find[] = {b->zeroframe, bound->threshold.buffer, bound->dq.buffer, words};
    rp_buffer *const clear[] = {b->zeroframe, words};
    const rp_code code = rp_block_lanes(b, RP_K_saturation_zero_find, params, sizeof *params, find, 4, err);
    return code == RP_OK ? rp_block_lanes(b, RP_K_saturation_zero_clear, params, sizeof *params, clear, 2, err) : code;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const saturation_state *state = stage->state;
    const rp_run *run = stage->run;
    bound_planes bound = {0};
    rp_code code = bind_planes(state, b, &bound, err);
    rp_saturation_params params = {.stride = b->stride,
                                   .threshold_offset = bound.threshold.offset,
                                   .dq_offset = bound.dq.offset,
                                   .bias_offset = bound.bias.offset,
                                   .guard = rp_step_guard(b, state->grow),
                                   .extent = rp_step_extent(b),
                                   .nints = (uint32_t)run->nints,
                                   .ngroups = (uint32_t)run->ngroups,
                                   .nwords = (uint32_t)((run->ngroups + 31) / 32),
                                   .grow = state->grow,
                                   .nframes = state->nframes,
                                   .has_dq = state->dq != NULL,
                                   .has_bias = state->bias != NULL,
                                   .counter = rp_block_counter(b, stage)};
    params.word_stride = params.stride + 2 * params.guard;
    rp_buffer *scratch[3] = {NULL, NULL, NULL};
    for (int slot = 0; slot < 3 && code == RP_OK; slot++)
        code = rp_step_scratch(b, stage, slot, (uint64_t)params.nints * params.nwords, params.word_stride,
                               sizeof(uint32_t), &scratch[slot], err);
    if (code == RP_OK)
        code = flag_ramp(b, &params, &bound, scratch, err);
    if (code == RP_OK && state->zeroframe && b->zeroframe)
        code = clear_zeroframe(b, &params, &bound, scratch[SLOT_WORDS], err);
    return code;
}

static rp_code finish(rp_stage *stage, rp_error *err)
{
    (void)err;
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "Detected %llu saturated pixels",
            (unsigned long long)rp_stage_counter(stage, 0));
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "Detected %llu A/D floor pixels",
            (unsigned long long)rp_stage_counter(stage, 1));
    return RP_OK;
}

static void clear(rp_stage *stage)
{
    saturation_state *state = stage->state;
    if (state) {
        rp_step_close(state->threshold);
        rp_step_close(state->dq);
        rp_step_close(state->bias);
    }
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_saturation = {.setup = setup, .block = block, .finish = finish, .clear = clear};
