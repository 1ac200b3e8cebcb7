/* The forward model of one row: charge, nonlinear response, electronics, digitisation.  docs/simulator.md "Physics". */
#include <stdlib.h>
#include <string.h>

#include "host/simulate/internal.h"
#include "host/simulate/reference_bits.h"

static const double ktc_noise_e = 35.0; /* charge left by a reset */
static const float adc_top = 65535.0f;

rp_code rp_sim_scratch_new(rp_sim_scratch *scratch, const rp_sim *sim, rp_error *err)
{
    const size_t n = (size_t)sim->nx;
    *scratch = (rp_sim_scratch){.block = calloc(n, 2 * sizeof(rp_poisson) + sizeof(double) + 3 * sizeof(float))};
    if (!scratch->block)
        return rp_fail(err, RP_E_MEMORY, "no memory for a row of %zu pixels", n);
    scratch->first = scratch->block;
    scratch->later = scratch->first + n;
    scratch->electrons = (double *)(scratch->later + n);
    scratch->level_dn = (float *)(scratch->electrons + n);
    scratch->sum_dn = scratch->level_dn + n;
    scratch->linear_well_dn = scratch->sum_dn + n;
    return RP_OK;
}

void rp_sim_scratch_free(rp_sim_scratch *scratch)
{
    free(scratch->block);
    *scratch = (rp_sim_scratch){0};
}

/* Rates of arrival, and the charge a full well stands for. */
static void prepare_row(const rp_sim *sim, int64_t y, const rp_sim_row *row, rp_sim_scratch *s)
{
    for (int64_t x = 0; x < sim->nx; x++) {
        const double sky = (double)sim->scene_e_s[y * sim->nx + x] * (double)row->response[x];
        const double rate_e_s = sky + (double)row->dark_dn_s[x] * (double)row->gain[x];
        s->first[x] = rp_poisson_of(rate_e_s * sim->frame_time_s);
        s->later[x] = rp_poisson_of(rate_e_s * sim->frame_time_s * (double)(1 + sim->o.groupgap));
        const float u = row->well_dn[x];
        s->linear_well_dn[x] = u * (1.0f + u * (row->a2[x] + u * (row->a3[x] + u * row->a4[x])));
    }
}

static void reset_row(const rp_sim *sim, int64_t y, int64_t integration, const rp_sim_row *row, rp_sim_scratch *s)
{
    rp_random r = rp_random_stream(sim->o.seed, RP_SIM_KTC, (uint64_t)(sim->number * 65536 + integration), (uint64_t)y);
    for (int64_t x = 0; x < sim->nx; x++) {
        const double left = ktc_noise_e * rp_random_normal(&r);
        /* what differs from pixel to pixel in MIRI's pedestal is charge, since no bias is subtracted there */
        const double pattern = sim->miri ? (double)row->bias_dn[x] * (double)row->gain[x] : 0.0;
        s->electrons[x] = row->is_reference[x] ? 0.0 : left + pattern;
    }
}

static void expose_row(const rp_sim *sim, int64_t y, int64_t read, bool after_gap, const rp_sim_row *row,
                       rp_sim_scratch *s)
{
    const rp_poisson *arrivals = after_gap ? s->later : s->first;
    rp_random r =
        rp_random_stream(sim->o.seed, RP_SIM_PHOTONS, (uint64_t)sim->number << 40 | (uint64_t)read, (uint64_t)y);
    for (int64_t x = 0; x < sim->nx; x++)
        if (!row->is_reference[x])
            s->electrons[x] += rp_random_poisson(&r, &arrivals[x]);
}

/* Charge to DN above the pedestal: the inverse of the linearity polynomial, by Newton's method. */
static void respond_row(const rp_sim *sim, const rp_sim_row *row, rp_sim_scratch *s)
{
    for (int64_t x = 0; x < sim->nx; x++) {
        const float a2 = row->a2[x], a3 = row->a3[x], a4 = row->a4[x];
        float linear = (float)(s->electrons[x] / (double)row->gain[x]);
        linear = linear < s->linear_well_dn[x] ? linear : s->linear_well_dn[x];
        float u = linear * (1.0f - a2 * linear);
        for (int k = 0; k < 3; k++) {
            const float value = u * (1.0f + u * (a2 + u * (a3 + u * a4)));
            const float slope = 1.0f + u * (2.0f * a2 + u * (3.0f * a3 + u * 4.0f * a4));
            u -= (value - linear) / slope;
        }
        s->level_dn[x] = u;
    }
}

/* Offsets shared by many pixels, read noise, digitisation; added to the sum over the frames of a group. */
static void digitise_row(const rp_sim *sim, int64_t y, int64_t read, const rp_sim_row *row, rp_sim_scratch *s,
                         double transient_dn)
{
    const int64_t lines = sim->fast_is_x ? sim->ny : sim->nx;
    const float *drift = sim->one_over_f_dn + read * lines;
    const float *outputs = sim->amplifier_dn + read * sim->noutputs * 2;
    const int64_t fast = sim->fast_is_x ? sim->nx : sim->ny;
    const float base = (float)(sim->pedestal_dn + transient_dn);
    rp_random r =
        rp_random_stream(sim->o.seed, RP_SIM_READS, (uint64_t)sim->number << 40 | (uint64_t)read, (uint64_t)y);
    for (int64_t x = 0; x < sim->nx; x++) {
        const int64_t along = sim->fast_is_x ? x : y;
        const int64_t output = sim->miri ? x % 4 : along * sim->noutputs / fast;
        const int64_t parity = sim->miri ? y & 1 : along & 1;
        const double noise = (double)row->read_noise_dn[x] * M_SQRT1_2 * rp_random_normal(&r);
        float raw = base + s->level_dn[x] + drift[sim->fast_is_x ? y : x] + outputs[output * 2 + parity] + (float)noise;
        if (!sim->miri)
            raw += row->bias_dn[x];
        raw = floorf(raw + 0.5f);
        s->sum_dn[x] += raw < 0.0f ? 0.0f : raw > adc_top ? adc_top : raw;
    }
}

/* The group that leaves the observatory: the mean of its frames, cut to an integer on board. */
static void store_group(const rp_sim *sim, int64_t integration, int64_t group, const rp_sim_row *row,
                        const rp_sim_scratch *s, const rp_sim_output_row *out)
{
    uint16_t *raw = out->raw + (size_t)(integration * sim->o.ngroups + group) * out->stride;
    int16_t *saturated = out->saturated_group + (size_t)integration * out->stride;
    const float frames = (float)sim->o.nframes;
    for (int64_t x = 0; x < sim->nx; x++) {
        raw[x] = (uint16_t)(s->sum_dn[x] / frames);
        const bool checked = !(row->saturation_dq[x] & RP_SIM_SATURATION_NO_SAT_CHECK);
        if (saturated[x] == 0 && checked && (float)raw[x] >= row->saturation_dn[x])
            saturated[x] = (int16_t)(group + 1);
    }
}

void rp_sim_ramp_row(const rp_sim *sim, int64_t y, const rp_sim_row *row, rp_sim_scratch *s,
                     const rp_sim_output_row *out)
{
    const rp_sim_options *o = &sim->o;
    const size_t n = (size_t)sim->nx;
    size_t event = sim->row_events[y];
    prepare_row(sim, y, row, s);
    for (int64_t i = 0; i < o->nints; i++) {
        reset_row(sim, y, i, row, s);
        memset(out->saturated_group + (size_t)i * out->stride, 0, n * sizeof(int16_t));
        for (int64_t g = 0; g < o->ngroups; g++) {
            uint8_t *hit = out->events + (size_t)(i * o->ngroups + g) * out->stride;
            memset(hit, 0, n);
            memset(s->sum_dn, 0, n * sizeof(float));
            for (int64_t f = 0; f < o->nframes; f++) {
                const int64_t read = (i * o->ngroups + g) * o->nframes + f;
                expose_row(sim, y, read, g > 0 && f == 0, row, s);
                for (; event < sim->row_events[y + 1] && sim->events[event].read == read; event++) {
                    s->electrons[sim->events[event].x] += (double)sim->events[event].electrons;
                    hit[sim->events[event].x] |= sim->events[event].kind;
                }
                respond_row(sim, row, s);
                digitise_row(sim, y, read, row, s, rp_sim_reset_dn(sim, i, g));
                if (out->zeroframe && g == 0 && f == 0)
                    for (size_t x = 0; x < n; x++)
                        out->zeroframe[(size_t)i * out->stride + x] = (uint16_t)s->sum_dn[x];
            }
            store_group(sim, i, g, row, s, out);
        }
    }
}
