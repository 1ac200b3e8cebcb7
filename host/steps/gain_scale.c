/* gain_scale: scales rates of exposures that were taken with another gain than the standard one.
 * Behaviour of jwst 3.0.0: GAINFACT of the exposure, else of the gain file, else the step is skipped. */
#include "host/steps/gain_scale.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "host/steps/ramp_reference.h"

/* The factor, or has = false. */
static rp_code find_factor(rp_stage *stage, bool *has, double *factor, rp_error *err)
{
    rp_run *run = stage->run;
    *has = rp_meta_get_double(run->meta, "GAINFACT", factor);
    if (*has)
        return RP_OK;
    rp_reference *gain = NULL;
    const rp_code code = rp_run_reference(run, stage, "gain", &gain, err);
    if (code != RP_OK || !gain)
        return code;
    rp_logf(run->log, RP_INFO, stage->log_name, "Using GAIN reference file: %s", rp_reference_path(gain));
    *has = rp_meta_get_double(rp_reference_meta(gain), "GAINFACT", factor);
    return RP_OK;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_run *run = stage->run;
    bool has = false;
    double factor = 1.0;
    const rp_code code = find_factor(stage, &has, &factor, err);
    if (code != RP_OK)
        return code;
    if (!has) {
        rp_logf(run->log, RP_INFO, stage->log_name, "GAINFACT not found in gain reference file");
        rp_logf(run->log, RP_INFO, stage->log_name, "Step will be skipped");
        stage->skip = true;
        return RP_OK;
    }
    rp_logf(run->log, RP_INFO, stage->log_name, "Rescaling by %.17g", factor);
    run->gain_factor = factor;
    return rp_meta_set_double(run->meta, "GAINFACT", factor, err);
}

/* The engine applies run->gain_factor to the results of the fit as it writes them. */
static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    (void)stage;
    (void)b;
    (void)err;
    return RP_OK;
}

void rp_gain_scale_plane(void *words, size_t n, double factor, bool is_variance)
{
    /* a float32 product; the square is taken in double precision first */
    const float by = (float)(is_variance ? factor * factor : factor);
    unsigned char *at = words;
    for (size_t k = 0; k < n; k++, at += 4) {
        uint32_t word;
        float value;
        memcpy(&word, at, sizeof word);
        word = __builtin_bswap32(word);
        memcpy(&value, &word, sizeof value);
        value *= by;
        memcpy(&word, &value, sizeof word);
        word = __builtin_bswap32(isnan(value) ? UINT32_C(0x7fc00000) : word);
        memcpy(at, &word, sizeof word);
    }
}

const struct rp_step_ops rp_ops_gain_scale = {.setup = setup, .block = block};
