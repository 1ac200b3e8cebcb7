/* firstframe: flags the first group of MIRI ramps; superseded by rscd.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/firstframe.h. */
#include "host/steps/ramp_reference.h"

static rp_code setup(rp_stage *stage, rp_error *err)
{
    (void)err;
    rp_run *run = stage->run;
    rp_logf(
        run->log, RP_WARNING, stage->log_name,
        "'FirstFrameStep' has been deprecated since 2.0.0 and will be removed in a future release. Flagging the first "
        "group has been added to the RSCD step.  ");
    if (!rp_step_is_miri(run)) {
        rp_step_skip(stage, "First Frame Correction is only for MIRI data", "First frame step");
        return RP_OK;
    }
    if (run->ngroups <= 3) {
        rp_step_skip(stage, "Too few groups to apply correction", "Step");
        return RP_OK;
    }
    /* an assumption with bright_use_group1: any saturated pixel makes the group usable */
    rp_step_unusable(run, 0, run->nints, 0);
    return RP_OK;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    if (!rp_values_bool(stage->values, "bright_use_group1"))
        return rp_step_flag_group(b, 0, RP_DQ_DO_NOT_USE, err);
    const rp_firstframe_params params = {.stride = b->stride,
                                         .extent = rp_step_extent(b),
                                         .nints = (uint32_t)b->run->nints,
                                         .ngroups = (uint32_t)b->run->ngroups,
                                         .counter = rp_block_counter(b, stage)};
    rp_buffer *const buffers[] = {b->groupdq, b->pixeldq, b->counters};
    return rp_block_lanes(b, RP_K_firstframe, &params, sizeof params, buffers, 3, err);
}

static rp_code finish(rp_stage *stage, rp_error *err)
{
    (void)err;
    if (rp_values_bool(stage->values, "bright_use_group1"))
        rp_logf(stage->run->log, RP_INFO, stage->log_name,
                "Number of usable bright pixels with first group not set to DO_NOT_USE: %llu",
                (unsigned long long)rp_stage_counter(stage, 0));
    return RP_OK;
}

static void clear(rp_stage *stage)
{
    (void)stage;
}

const struct rp_step_ops rp_ops_firstframe = {.setup = setup, .block = block, .finish = finish, .clear = clear};
