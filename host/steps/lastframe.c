/* lastframe: flags the last group of MIRI ramps.  Behaviour of jwst 3.0.0. */
#include "host/steps/ramp_reference.h"

static rp_code setup(rp_stage *stage, rp_error *err)
{
    (void)err;
    rp_run *run = stage->run;
    if (!rp_step_is_miri(run))
        rp_step_skip(stage, "Last Frame Correction is only for MIRI data", "Last frame step");
    else if (run->ngroups <= 2)
        rp_step_skip(stage, "Too few groups to apply correction", "Step");
    else
        rp_step_unusable(run, 0, run->nints, run->ngroups - 1);
    return RP_OK;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    return rp_step_flag_group(b, stage->run->ngroups - 1, RP_DQ_DO_NOT_USE, err);
}

static void clear(rp_stage *stage)
{
    (void)stage;
}

const struct rp_step_ops rp_ops_lastframe = {.setup = setup, .block = block, .clear = clear};
