/* Noise that many pixels of a read share: 1/f along the readout and drifts of the outputs. */
#include <stdlib.h>

#include "host/simulate/internal.h"

enum { OCTAVES = 6 };

/* Stationary noise with a spectrum near 1/f: first-order processes whose memories are 1, 4, 16 ... lines. */
static void fill_one_over_f(float *line, int64_t n, double rms, rp_random r)
{
    double state[OCTAVES], keep[OCTAVES], kick[OCTAVES];
    for (int k = 0; k < OCTAVES; k++) {
        keep[k] = exp(-pow(4.0, -k));
        kick[k] = sqrt(1.0 - keep[k] * keep[k]);
        state[k] = rp_random_normal(&r);
    }
    for (int64_t y = 0; y < n; y++) {
        double sum = 0.0;
        for (int k = 0; k < OCTAVES; k++) {
            sum += state[k];
            state[k] = keep[k] * state[k] + kick[k] * rp_random_normal(&r);
        }
        line[y] = (float)(rms * sum / sqrt(OCTAVES));
    }
}

rp_code rp_sim_make_noise(rp_sim *sim, rp_error *err)
{
    const rp_sim_options *o = &sim->o;
    const int64_t lines = sim->fast_is_x ? sim->ny : sim->nx;
    const int noutputs = sim->noutputs;
    sim->one_over_f_dn = malloc((size_t)(sim->nreads * lines) * sizeof(float));
    sim->amplifier_dn = malloc((size_t)(sim->nreads * noutputs) * 2 * sizeof(float));
    if (!sim->one_over_f_dn || !sim->amplifier_dn)
        return rp_fail(err, RP_E_MEMORY, "no memory for the correlated noise of %lld reads", (long long)sim->nreads);
    for (int64_t read = 0; read < sim->nreads; read++) {
        const uint64_t number = (uint64_t)sim->number;
        fill_one_over_f(sim->one_over_f_dn + read * lines, lines, o->one_over_f_dn,
                        rp_random_stream(o->seed, RP_SIM_ONE_OVER_F, number, (uint64_t)read));
        rp_random r = rp_random_stream(o->seed, RP_SIM_AMPLIFIERS, number, (uint64_t)read);
        for (int k = 0; k < noutputs; k++) {
            const double drift = o->amplifier_dn * rp_random_normal(&r);
            const double pair = o->odd_even_dn + 0.1 * o->amplifier_dn * rp_random_normal(&r);
            float *out = sim->amplifier_dn + (read * noutputs + k) * 2;
            out[0] = (float)(drift - pair);
            out[1] = (float)(drift + pair);
        }
    }
    return RP_OK;
}

double rp_sim_reset_dn(const rp_sim *sim, int64_t i, int64_t g)
{
    if (!sim->miri || g >= RP_SIM_RESET_GROUPS)
        return 0.0;
    return (i == 0 ? 30.0 : 24.0) * exp(-(double)g);
}
