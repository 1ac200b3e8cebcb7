/* superbias: subtracts the bias frame of the detector.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/superbias.h. */
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

typedef struct superbias_state {
    rp_source *bias, *dq;
    bool zeroframe;
} superbias_state;

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_reference *reference = NULL;
    rp_code code = rp_step_reference(stage, "superbias", &reference, err);
    if (code != RP_OK)
        return code;
    if (!reference) {
        rp_step_skip(stage, "No SUPERBIAS reference file found", "Superbias step");
        return RP_OK;
    }
    superbias_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "superbias: no memory");
    stage->state = state;
    state->zeroframe = rp_step_has_zeroframe(stage);
    code = rp_step_plane(stage, reference, "SCI", true, &state->bias, err);
    return code == RP_OK ? rp_step_dq(stage, reference, "DQ", true, &state->dq, err) : code;
}

static rp_code subtract(rp_block *b, rp_buffer *data, const rp_bound *bias, int64_t nplanes, bool keep_zero,
                        rp_error *err)
{
    const rp_superbias_params params = {b->stride, bias->offset, (uint32_t)nplanes, keep_zero};
    rp_buffer *const buffers[] = {data, bias->buffer};
    return rp_block_lanes(b, RP_K_superbias, &params, sizeof params, buffers, 2, err);
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const superbias_state *state = stage->state;
    rp_bound bias;
    rp_code code = rp_block_bind(b, state->bias, 0, 1, &bias, err);
    if (code == RP_OK)
        code = rp_step_or_pixeldq(b, state->dq, 0, err);
    if (code == RP_OK)
        code = subtract(b, b->data, &bias, b->run->nints * b->run->ngroups, false, err);
    if (code == RP_OK && state->zeroframe && b->zeroframe)
        code = subtract(b, b->zeroframe, &bias, b->run->nints, true, err);
    return code;
}

static void clear(rp_stage *stage)
{
    superbias_state *state = stage->state;
    if (state) {
        rp_step_close(state->bias);
        rp_step_close(state->dq);
    }
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_superbias = {.setup = setup, .block = block, .clear = clear};
