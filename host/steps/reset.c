/* reset: subtracts the drift after a reset of the MIRI detectors from the first groups.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/subtract.h. */
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

typedef struct reset_state {
    rp_source *ramp, *dq;
    int64_t available; /* groups of an integration in the file */
    int64_t nints;     /* integrations that the file has a drift of its own for; the last one serves all others */
    int64_t ngroups;   /* groups to correct */
    int64_t start;     /* number of the exposure's first integration in this file, from 0 */
    int64_t count;     /* integrations to correct */
} reset_state;

/* Integrations of this file within the exposure: INTSTART to INTEND, else all that NINTS says. */
static rp_code find_segment(const rp_run *run, reset_state *state, rp_error *err)
{
    int64_t start = 1, end = 0;
    const rp_code code = rp_meta_need_int(run->meta, "NINTS", &end, err);
    if (code != RP_OK)
        return code;
    (void)rp_meta_get_int(run->meta, "INTSTART", &start);
    (void)rp_meta_get_int(run->meta, "INTEND", &end);
    if (start < 1)
        return rp_fail(err, RP_E_ARGUMENT, "%s: INTSTART is %lld; integrations count from 1", run->exposure->path,
                       (long long)start);
    state->start = start - 1;
    state->count = end - state->start < run->nints ? end - state->start : run->nints;
    return RP_OK;
}

static rp_code find_shape(const rp_run *run, reset_state *state, const rp_reference *reference, rp_error *err)
{
    const rp_meta *meta = rp_reference_meta(reference);
    const rp_shape *shape = &state->ramp->shape;
    int64_t ngroups = 0;
    rp_code code = rp_meta_need_int(meta, "NINTS", &state->nints, err);
    if (code == RP_OK)
        code = rp_meta_need_int(meta, "NGROUPS", &ngroups, err);
    if (code != RP_OK)
        return code;
    state->ngroups = ngroups < run->ngroups ? ngroups : run->ngroups;
    state->available = shape->naxis == 4 ? shape->axis[1] : 0;
    if (state->nints < 1 || state->ngroups < 0 || shape->naxis != 4 || shape->axis[0] < state->nints ||
        state->available < state->ngroups)
        return rp_fail(err, RP_E_FORMAT,
                       "%s: the array does not hold the %lld integrations and %lld groups that its keywords NINTS and "
                       "NGROUPS name",
                       state->ramp->label, (long long)state->nints, (long long)ngroups);
    return RP_OK;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_reference *reference = NULL;
    if (!rp_step_is_miri(stage->run)) {
        rp_step_skip(stage, "Reset Correction is only for MIRI data", "Reset step");
        return RP_OK;
    }
    rp_code code = rp_step_reference(stage, "reset", &reference, err);
    if (code != RP_OK)
        return code;
    if (!reference) {
        rp_step_skip(stage, "No RESET reference file found", "Reset step");
        return RP_OK;
    }
    reset_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "reset: no memory");
    stage->state = state;
    code = rp_step_plane(stage, reference, "SCI", false, &state->ramp, err);
    if (code == RP_OK)
        code = rp_step_dq(stage, reference, "DQ", false, &state->dq, err);
    if (code == RP_OK)
        code = find_segment(stage->run, state, err);
    return code == RP_OK ? find_shape(stage->run, state, reference, err) : code;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const reset_state *state = stage->state;
    rp_code code = state->count > 0 ? rp_step_or_pixeldq(b, state->dq, 0, err) : RP_OK;
    for (int64_t i = 0; i < state->count && code == RP_OK;) {
        const int64_t last = state->nints - 1, own = state->start + i;
        const int64_t ramp = own < last ? own : last, n = own < last ? 1 : state->count - i;
        code = rp_step_subtract(b, state->ramp, ramp * state->available, state->ngroups, state->ngroups, i, n, err);
        i += n;
    }
    return code;
}

static void clear(rp_stage *stage)
{
    reset_state *state = stage->state;
    if (state) {
        rp_step_close(state->ramp);
        rp_step_close(state->dq);
    }
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_reset = {.setup = setup, .block = block, .clear = clear};
