/* The detector, row by row: what the reference files say and the ramps obey. */
#include <stdlib.h>

#include "host/simulate/internal.h"
#include "host/simulate/reference_bits.h"

enum { FLOAT_PLANES = 10, WORD_PLANES = 5 };

rp_code rp_sim_row_new(rp_sim_row *row, const rp_sim *sim, rp_error *err)
{
    const size_t n = (size_t)sim->nx;
    *row = (rp_sim_row){.block = calloc(n, FLOAT_PLANES * sizeof(float) + WORD_PLANES * sizeof(uint32_t) + 1)};
    if (!row->block)
        return rp_fail(err, RP_E_MEMORY, "no memory for a row of %zu pixels", n);
    float **planes[FLOAT_PLANES] = {&row->gain,      &row->read_noise_dn, &row->bias_dn, &row->saturation_dn,
                                    &row->dark_dn_s, &row->response,      &row->a2,      &row->a3,
                                    &row->a4,        &row->well_dn};
    for (size_t k = 0; k < FLOAT_PLANES; k++)
        *planes[k] = row->block + k * n;
    uint32_t *words = (uint32_t *)(row->block + FLOAT_PLANES * n);
    row->mask_dq = words;
    row->saturation_dq = words + n;
    row->linearity_dq = words + 2 * n;
    row->bias_dq = words + 3 * n;
    row->dark_dq = words + 4 * n;
    row->is_reference = (uint8_t *)(words + WORD_PLANES * n);
    return RP_OK;
}

void rp_sim_row_free(rp_sim_row *row)
{
    free(row->block);
    *row = (rp_sim_row){0};
}

static void fill_levels(rp_sim_row *row, const rp_sim *sim, int64_t y)
{
    const rp_sim_detector *d = sim->det;
    const uint64_t seed = sim->o.seed, line = (uint64_t)y;
    rp_random gain = rp_random_stream(seed, RP_SIM_GAIN, line, 0),
              noise = rp_random_stream(seed, RP_SIM_READ_NOISE, line, 0);
    rp_random bias = rp_random_stream(seed, RP_SIM_BIAS, line, 0), well = rp_random_stream(seed, RP_SIM_WELL, line, 0);
    rp_random dark = rp_random_stream(seed, RP_SIM_DARK, line, 0);
    for (int64_t x = 0; x < sim->nx; x++) {
        row->gain[x] = (float)(d->gain * (1.0 + 0.015 * rp_random_normal(&gain)));
        row->read_noise_dn[x] = (float)(d->read_noise_dn * fmax(0.3, 1.0 + 0.08 * rp_random_normal(&noise)));
        const double shade = 120.0 * sin(0.004 * (double)y) + 0.03 * (double)x;
        row->bias_dn[x] =
            (float)(sim->miri ? 60.0 * rp_random_normal(&bias) : d->bias_dn + shade + 250.0 * rp_random_normal(&bias));
        row->saturation_dn[x] = (float)(d->saturation_dn * (1.0 + 0.012 * rp_random_normal(&well)));
        row->dark_dn_s[x] = (float)(d->dark_e_s * fmax(0.0, 1.0 + 0.2 * rp_random_normal(&dark))) / row->gain[x];
        row->well_dn[x] =
            (float)(1.02 * (double)row->saturation_dn[x] - (sim->miri ? sim->pedestal_dn : (double)row->bias_dn[x]));
        row->response[x] = 1.0f;
    }
}

static void fill_linearity(rp_sim_row *row, const rp_sim *sim, int64_t y)
{
    rp_random r = rp_random_stream(sim->o.seed, RP_SIM_LINEARITY, (uint64_t)y, 0);
    for (int64_t x = 0; x < sim->nx; x++) {
        row->a2[x] = (float)(1.1e-6 * (1.0 + 0.08 * rp_random_normal(&r)));
        row->a3[x] = (float)(4.0e-12 * (1.0 + 0.08 * rp_random_normal(&r)));
        row->a4[x] = (float)(2.0e-17 * (1.0 + 0.08 * rp_random_normal(&r)));
    }
}

/* Dead, hot and doubtful pixels; one number decides, so that a pixel has one defect at most. */
static void fill_defects(rp_sim_row *row, const rp_sim *sim, int64_t y)
{
    rp_random r = rp_random_stream(sim->o.seed, RP_SIM_DEFECTS, (uint64_t)y, 0);
    const double bad = sim->o.bad_pixels;
    for (int64_t x = 0; x < sim->nx; x++) {
        const double u = rp_random_uniform(&r), strength = rp_random_exponential(&r);
        row->mask_dq[x] = row->saturation_dq[x] = row->linearity_dq[x] = row->bias_dq[x] = row->dark_dq[x] = 0;
        if (row->is_reference[x])
            continue;
        if (u < bad) {
            row->mask_dq[x] = RP_SIM_MASK_DO_NOT_USE | RP_SIM_MASK_DEAD;
            row->response[x] = 0.0f;
        } else if (u < 2.0 * bad) {
            row->mask_dq[x] = RP_SIM_MASK_HOT;
            row->dark_dn_s[x] += (float)(0.5 + 3.0 * strength);
        } else if (u < 2.3 * bad) {
            row->mask_dq[x] = RP_SIM_MASK_LOW_QE;
            row->response[x] = 0.6f;
        } else if (u < 2.5 * bad) {
            row->saturation_dq[x] = RP_SIM_SATURATION_NO_SAT_CHECK;
        } else if (u < 2.7 * bad) {
            row->linearity_dq[x] = RP_SIM_LINEARITY_NO_LIN_CORR;
        } else if (u < 3.0 * bad) {
            row->bias_dq[x] = RP_SIM_BIAS_UNRELIABLE;
        } else if (u < 3.3 * bad) {
            row->dark_dq[x] = RP_SIM_DARK_UNRELIABLE;
        }
    }
}

void rp_sim_row_fill(rp_sim_row *row, const rp_sim *sim, int64_t y)
{
    fill_levels(row, sim, y);
    fill_linearity(row, sim, y);
    for (int64_t x = 0; x < sim->nx; x++)
        row->is_reference[x] = rp_sim_is_reference(sim, y, x);
    fill_defects(row, sim, y);
    for (int64_t x = 0; x < sim->nx; x++) {
        if (!row->is_reference[x])
            continue;
        row->mask_dq[x] = RP_SIM_MASK_REFERENCE_PIXEL;
        row->linearity_dq[x] = RP_SIM_LINEARITY_NO_LIN_CORR;
        row->response[x] = row->dark_dn_s[x] = row->a2[x] = row->a3[x] = row->a4[x] = 0.0f;
    }
}
