/* dark_current: subtracts the dark ramp of the detector, and notes the average dark current for the fit.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/subtract.h and kernels/dark.h. */
#include <stddef.h>
#include <stdlib.h>

#include "host/pipelines/job.h"
#include "host/steps/dark_frames.h"
#include "host/steps/dark_output.h"
#include "host/steps/ramp_reference.h"

typedef enum average_from { AVERAGE_UNCHANGED, AVERAGE_VALUE, AVERAGE_PLANE } average_from;

typedef struct dark_state {
    rp_source *dark, *dq, *average;
    rp_dark_plan plan;
    average_from average_from;
    float average_e_s;
    bool is_first_segment; /* INTSTART is 1: integrations of the dark and of the exposure correspond */
} dark_state;

/* ------------------------------------------------------------------ the average dark current */
/* Does the plane add up to zero?  Then the reference takes it for absent. */
static rp_code sums_to_zero(const rp_source *plane, bool *zero, rp_error *err)
{
    const int64_t ny = rp_shape_ny(&plane->shape), nx = rp_shape_nx(&plane->shape);
    void *raw = malloc((size_t)nx * rp_dtype_size(plane->type));
    float *row = malloc((size_t)nx * sizeof *row);
    rp_code code = raw && row ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory", plane->label);
    double sum = 0.0;
    for (int64_t y = 0; y < ny && code == RP_OK; y++) {
        code = plane->read(plane, 0, (rp_rect){y, 0, 1, nx}, raw, err);
        if (code == RP_OK)
            rp_elements_to_f32(row, raw, plane->type, (size_t)nx);
        for (int64_t x = 0; x < nx && code == RP_OK; x++)
            sum += (double)row[x];
    }
    free(raw);
    free(row);
    *zero = sum == 0.0;
    return code;
}

/* The reference's plane.  It is taken only where the exposure brings one of the same shape already: the reference
 * compares the two before it has made the exposure's. */
static rp_code use_plane(rp_stage *stage, dark_state *state, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_shape *shape = &state->average->shape;
    if (run->has_dark_current && shape->naxis == 2 && shape->axis[0] == run->ny && shape->axis[1] == run->nx) {
        state->average_from = AVERAGE_PLANE;
        return RP_OK;
    }
    (void)err;
    rp_logf(run->log, RP_WARNING, stage->log_name, "DarkModel average_dark_current does not match shape of data.");
    rp_logf(run->log, RP_WARNING, stage->log_name, "Dark current from reference file cannot be applied.");
    return RP_OK;
}

/* Parameter, else the plane of the dark, else its keyword, else 0. */
static rp_code find_average(rp_stage *stage, dark_state *state, rp_reference *reference, rp_error *err)
{
    const rp_value *given = rp_values_find(stage->values, "average_dark_current");
    if (given && !given->is_none) {
        rp_logf(stage->run->log, RP_INFO, stage->log_name, "Using Poisson noise from average dark current %s e-/sec",
                given->s);
        state->average_e_s = (float)given->f;
        state->average_from = AVERAGE_VALUE;
        return RP_OK;
    }
    bool zero = true;
    rp_code code = rp_reference_plane(reference, "AVDRKCUR", false, &state->average, err);
    if (code == RP_OK && state->average)
        code = sums_to_zero(state->average, &zero, err);
    if (code != RP_OK || !zero)
        return code == RP_OK ? use_plane(stage, state, err) : code;
    double scalar = 0.0;
    (void)rp_meta_get_double(rp_reference_meta(reference), "AVDRKCUR", &scalar);
    state->average_e_s = (float)scalar;
    state->average_from = AVERAGE_VALUE;
    return RP_OK;
}

/* ------------------------------------------------------------------ the step */
static rp_code open_dark(rp_stage *stage, dark_state *state, rp_reference *reference, rp_error *err)
{
    rp_code code = rp_step_plane(stage, reference, "SCI", false, &state->dark, err);
    if (code == RP_OK)
        code = rp_step_dq(stage, reference, "DQ", false, &state->dq, err);
    if (code == RP_OK)
        code = rp_dark_plan_make(&state->plan, stage, reference, state->dark, err);
    if (code == RP_OK && state->plan.use == RP_DARK_AVERAGED) {
        rp_source *dark = state->dark;
        state->dark = NULL;
        code = rp_dark_average_open(&state->dark, &state->plan, dark, err);
    }
    return code;
}

/* dark_output: the dark as it is subtracted, beside the products. */
static rp_code save_dark(const rp_stage *stage, const dark_state *state, rp_reference *reference, rp_error *err)
{
    const char *name = rp_values_string(stage->values, "dark_output");
    if (!name || state->plan.use == RP_DARK_UNUSABLE)
        return RP_OK;
    const rp_job *job = (const rp_job *)(const void *)((const char *)stage->run - offsetof(rp_job, run));
    char *path = NULL;
    rp_code code = rp_request_path_as(job->request, stage->step->name, name, -1, "", &path, err);
    if (code == RP_OK)
        code = rp_dark_output_write(path, &state->plan, reference, err);
    if (code == RP_OK)
        rp_logf(stage->run->log, RP_INFO, stage->log_name, "Saved dark in %s", path);
    free(path);
    return code;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_run *run = stage->run;
    rp_reference *reference = NULL;
    rp_code code = rp_step_reference(stage, "dark", &reference, err);
    if (code != RP_OK)
        return code;
    if (!reference) {
        rp_step_skip(stage, "No DARK reference file found", "Dark current step");
        return RP_OK;
    }
    dark_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "dark_current: no memory");
    stage->state = state;
    int64_t start = 1;
    (void)rp_meta_get_int(run->meta, "INTSTART", &start);
    state->is_first_segment = start == 1;
    code = find_average(stage, state, reference, err);
    if (code == RP_OK)
        code = open_dark(stage, state, reference, err);
    if (code == RP_OK)
        code = save_dark(stage, state, reference, err);
    if (code == RP_OK && state->average_from != AVERAGE_UNCHANGED)
        run->has_dark_current = true;
    if (code == RP_OK && state->plan.use == RP_DARK_UNUSABLE) {
        rp_logf(run->log, RP_WARNING, stage->log_name,
                "The value of nframes or groupgap in the dark data is greater than that of the science data."
                "Input will be returned without subtracting dark current.");
        stage->says_skipped = true;
    }
    return code;
}

/* pixeldq gets the flags of every integration of the dark. */
static rp_code mark_pixels(const dark_state *state, rp_block *b, rp_error *err)
{
    if (!state->dq)
        return RP_OK;
    const rp_shape *shape = &state->dq->shape;
    const int64_t nints = shape->naxis == 4 ? shape->axis[0] : 1, step = shape->naxis == 4 ? shape->axis[1] : 1;
    rp_code code = RP_OK;
    for (int64_t i = 0; i < nints && code == RP_OK; i++)
        code = rp_step_or_pixeldq(b, state->dq, i * step, err);
    return code;
}

/* Integrations of the exposure take those of the dark one by one, and its last one for all that follow. */
static rp_code subtract(const dark_state *state, rp_block *b, rp_error *err)
{
    const rp_dark_plan *plan = &state->plan;
    const int64_t groups = plan->use == RP_DARK_AVERAGED ? plan->science_groups : plan->groups, last = plan->nints - 1;
    rp_code code = RP_OK;
    for (int64_t i = 0; i < plan->science_nints && code == RP_OK;) {
        const bool own = state->is_first_segment && i < last;
        const int64_t integration = own ? i : last, n = own ? 1 : plan->science_nints - i;
        code = rp_step_subtract(b, state->dark, integration * groups, groups, plan->science_groups, i, n, err);
        i += n;
    }
    return code;
}

static rp_code set_average(const dark_state *state, rp_block *b, rp_error *err)
{
    if (state->average_from == AVERAGE_UNCHANGED || !b->dark_current)
        return RP_OK;
    rp_bound plane = {0};
    if (state->average_from == AVERAGE_PLANE) {
        const rp_code code = rp_block_bind(b, state->average, 0, 1, &plane, err);
        if (code != RP_OK)
            return code;
    }
    const rp_dark_average_params params = {plane.offset, state->average_from == AVERAGE_PLANE, state->average_e_s};
    rp_buffer *const buffers[] = {b->dark_current, plane.buffer};
    return rp_block_lanes(b, RP_K_dark_average, &params, sizeof params, buffers, 2, err);
}

/* The average of a dark that cannot be subtracted still reaches the fit. */
static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const dark_state *state = stage->state;
    rp_code code = set_average(state, b, err);
    if (code != RP_OK || state->plan.use == RP_DARK_UNUSABLE)
        return code;
    code = mark_pixels(state, b, err);
    return code == RP_OK ? subtract(state, b, err) : code;
}

static void clear(rp_stage *stage)
{
    dark_state *state = stage->state;
    if (state) {
        rp_step_close(state->dark);
        rp_step_close(state->dq);
        rp_step_close(state->average);
    }
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_dark_current = {.setup = setup, .block = block, .clear = clear};
