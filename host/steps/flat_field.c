/* flat_field of guide-star exposures.  Behaviour of jwst 3.0.0; the arithmetic is kernels/guider.h. */
#include "host/compute/chain.h"
#include "host/compute/kernels.h"
#include "host/steps/guider.h"
#include "host/steps/ops.h"

static rp_code is_smaller(const rp_guider_frames *frames, rp_reference *flat, bool *smaller, rp_error *err)
{
    rp_source *whole = NULL;
    const rp_code code = rp_reference_plane(flat, "SCI", false, &whole, err);
    if (code != RP_OK)
        return code;
    if (!whole)
        return rp_fail(err, RP_E_MISSING, "%s: no extension SCI; give flat_field another flat",
                       rp_reference_path(flat));
    *smaller = rp_shape_nx(&whole->shape) < frames->nx || rp_shape_ny(&whole->shape) < frames->ny;
    whole->close(whole);
    return RP_OK;
}

rp_code rp_guider_flat_field(rp_guider_frames *frames, rp_reference *flat, bool inverse, bool *applied,
                             const rp_guider_caller *caller, rp_error *err)
{
    rp_buffer *value = NULL, *error = NULL, *dq = NULL;
    bool smaller = false;
    *applied = false;
    rp_code code = is_smaller(frames, flat, &smaller, err);
    if (code == RP_OK && smaller) {
        rp_logf(caller->log, RP_WARNING, caller->log_name, "Reference data array is smaller than science data");
        rp_logf(caller->log, RP_WARNING, caller->log_name, "Step will be skipped");
        return RP_OK;
    }
    if (code != RP_OK || (code = rp_guider_plane(&value, frames, flat, "SCI", err)) != RP_OK ||
        (code = rp_guider_plane(&error, frames, flat, "ERR", err)) != RP_OK ||
        (code = rp_guider_dq_plane(&dq, frames, flat, err)) != RP_OK ||
        (code = rp_guider_buffer(&frames->var_flat, frames, (size_t)frames->nints * frames->stride, err)) != RP_OK)
        goto done;
    const rp_guider_flat_params params = {frames->stride, (rp_u32)frames->nints, inverse};
    rp_buffer *const buffers[] = {frames->sci, frames->err, frames->dq, value, error, dq, frames->var_flat};
    code = rp_queue_launch(frames->queue, RP_K_guider_flat, &params, sizeof params, buffers, 7,
                           (rp_range){.n = frames->stride}, err);
    if (code == RP_OK)
        code = rp_queue_finish(frames->queue, err);
    *applied = code == RP_OK;
done:
    rp_buffer_free(value);
    rp_buffer_free(error);
    rp_buffer_free(dq);
    return code;
}

/* Guide-star exposures do not go through the chain of ramps: host/pipelines/guider.c. */
static rp_code setup(rp_stage *stage, rp_error *err)
{
    return rp_fail(err, RP_E_UNSUPPORTED,
                   "step %s works on guide-star exposures (EXP_TYPE FGS_ID-IMAGE ... FGS_FINEGUIDE) only "
                   "in this release",
                   stage->step->name);
}

const struct rp_step_ops rp_ops_flat_field = {.setup = setup};
