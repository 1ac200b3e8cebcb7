/* group_scale: undoes an on-board division of frame sums by something else than the number of frames.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/group_scale.h. */
#include <stdio.h>
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

typedef struct group_scale_state {
    float factor;
} group_scale_state;

static bool is_power_of_two(int64_t n)
{
    return (n & (n - 1)) == 0;
}

/* Says why there is nothing to do; NULL: there is. */
static const char *why_not(bool has_nframes, int64_t nframes, bool has_divisor, int64_t divisor, char *text,
                           size_t size)
{
    if (!has_nframes)
        return "NFRAMES value not found";
    if (!has_divisor && is_power_of_two(nframes)) {
        (void)snprintf(text, size, "NFRAMES=%lld is a power of 2; correction not needed", (long long)nframes);
        return text;
    }
    if (!has_divisor)
        return "Necessary meta data not found";
    return nframes == divisor ? "NFRAMES and FRMDIVSR are equal; correction not needed" : NULL;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    const rp_run *run = stage->run;
    int64_t nframes = 0, divisor = 0;
    const bool has_nframes = rp_meta_get_int(run->meta, "NFRAMES", &nframes);
    const bool has_divisor = rp_meta_get_int(run->meta, "FRMDIVSR", &divisor);
    char text[96];
    const char *reason = why_not(has_nframes, nframes, has_divisor, divisor, text, sizeof text);
    if (reason) {
        const rp_level level = has_nframes && (has_divisor || is_power_of_two(nframes)) ? RP_INFO : RP_WARNING;
        rp_logf(run->log, level, stage->log_name, "%s", reason);
        rp_logf(run->log, level, stage->log_name, "Step will be skipped");
        stage->skip = true;
        return RP_OK;
    }
    if (nframes == 0)
        return rp_fail(err, RP_E_ARGUMENT, "%s: NFRAMES is 0; correct the keyword", run->exposure->path);
    rp_logf(run->log, RP_INFO, stage->log_name, "NFRAMES=%lld, FRMDIVSR=%lld", (long long)nframes, (long long)divisor);
    rp_logf(run->log, RP_INFO, stage->log_name, "Rescaling all groups by %lld/%lld", (long long)divisor,
            (long long)nframes);
    group_scale_state *state = malloc(sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "group_scale: no memory");
    state->factor = (float)((double)divisor / (double)nframes);
    stage->state = state;
    return RP_OK;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const group_scale_state *state = stage->state;
    const rp_group_scale_params params = {b->stride, (uint32_t)(b->run->nints * b->run->ngroups), state->factor};
    return rp_block_lanes(b, RP_K_group_scale, &params, sizeof params, &b->data, 1, err);
}

static void clear(rp_stage *stage)
{
    free(stage->state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_group_scale = {.setup = setup, .block = block, .clear = clear};
