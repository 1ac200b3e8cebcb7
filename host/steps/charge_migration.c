/* charge_migration: flags bright groups, all later ones, and those of the four neighbours.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/charge_migration.h. */
#include "host/steps/ramp_reference.h"

static rp_code setup(rp_stage *stage, rp_error *err)
{
    (void)err;
    rp_run *run = stage->run;
    if (run->ngroups < 3) {
        rp_logf(run->log, RP_INFO, stage->log_name, "Too few groups per integration; skipping charge_migration");
        stage->skip = true;
        return RP_OK;
    }
    rp_logf(run->log, RP_INFO, stage->log_name, "Using signal_threshold: %.2f",
            rp_values_float(stage->values, "signal_threshold", 25000.0));
    stage->halo = 1;
    run->has_charge_loss = true;
    return RP_OK;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    rp_charge_params params = {.stride = b->stride,
                               .guard = rp_step_guard(b, 1),
                               .extent = rp_step_extent(b),
                               .nints = (uint32_t)b->run->nints,
                               .ngroups = (uint32_t)b->run->ngroups,
                               .threshold = (float)rp_values_float(stage->values, "signal_threshold", 25000.0)};
    params.first_stride = params.stride + 2 * params.guard;
    rp_buffer *first = NULL;
    rp_code code = rp_step_scratch(b, stage, 0, params.nints, params.first_stride, sizeof(uint32_t), &first, err);
    rp_buffer *const find[] = {b->data, b->groupdq, first}, *const flag[] = {b->groupdq, first};
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_charge_find, &params, sizeof params, find, 3, err);
    return code == RP_OK ? rp_block_lanes(b, RP_K_charge_flag, &params, sizeof params, flag, 2, err) : code;
}

static void clear(rp_stage *stage)
{
    (void)stage;
}

const struct rp_step_ops rp_ops_charge_migration = {.setup = setup, .block = block, .clear = clear};
