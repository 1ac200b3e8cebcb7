/* Trials of the ramp fits, and of what guide-star exposures get instead.
 *
 * Kernels of a fit pass lists and sums to each other whose order a device is free to choose; so the trial of each runs
 * the whole fit, and its answer is the fit's results. */
#include <string.h>

#include "host/compute/kernels.h"
#include "host/compute/selftest_trial.h"

enum { STRIDE = RP_TRIAL_STRIDE, NINTS = RP_TRIAL_NINTS, NGROUPS = RP_TRIAL_NGROUPS, PLANES = 5, ROW = 8 };

/* Results: sci, err, var_poisson, var_rnoise, dq. */
typedef struct fit_results {
    rp_buffer *ints[PLANES], *rate[PLANES];
} fit_results;

static fit_results new_results(rp_trial *t)
{
    fit_results r;
    for (int i = 0; i < PLANES; i++) {
        r.ints[i] = rp_trial_zeros(t, NINTS * STRIDE * sizeof(rp_u32));
        r.rate[i] = rp_trial_zeros(t, STRIDE * sizeof(rp_u32));
    }
    return r;
}

/* Beyond the last pixel fits leave anything. */
static void hash_results(rp_trial *t, const fit_results *r, size_t nints)
{
    for (int i = 0; i < PLANES; i++) {
        rp_trial_hash_planes(t, r->ints[i], sizeof(rp_u32), nints);
        rp_trial_hash_planes(t, r->rate[i], sizeof(rp_u32), 1);
    }
}

/* Every third pixel has none. */
static rp_buffer *new_zeroframe(rp_trial *t)
{
    float values[NINTS * STRIDE];
    for (size_t p = 0; p < NINTS * STRIDE; p++)
        values[p] = p % 3 ? (float)(8000 + rp_trial_below(t, 4000)) : 0.0f;
    return rp_trial_copy(t, values, sizeof values);
}

/* ------------------------------------------------------------------ least squares */
typedef struct ols_trial {
    rp_ols_params prm;
    rp_buffer *data, *groupdq, *zeroframe, *pixeldq, *gain, *noise, *dark, *weights, *filters, *work, *counters;
    fit_results out;
} ols_trial;

/* Any weights that fall towards the middle will do. */
static void make_tables(rp_trial *t, ols_trial *o, double group_time_s)
{
    float weights[((NGROUPS + 1) / 2 * ((NGROUPS + 2) / 2) + 1) * ROW] = {0};
    double filters[NGROUPS / 2 * ROW] = {0};
    for (size_t length = 3; length <= NGROUPS; length++)
        for (size_t k = 0; k < (length + 1) / 2; k++)
            for (size_t c = 0; c < 6; c++)
                weights[RP_OLS_WEIGHTS(length) + k * ROW + c] = 1.0f / (float)(1u << (k * c));
    for (size_t c = 0; c < 6; c++) {
        const float *row = weights + RP_OLS_WEIGHTS(NGROUPS) + c;
        const double middle = (NGROUPS - 1) / 2.0;
        double sum = 0.0;
        for (size_t k = 0; k < NGROUPS / 2; k++)
            sum += 2.0 * (double)row[k * ROW] * (middle - (double)k) * (middle - (double)k);
        for (size_t k = 0; k < NGROUPS / 2; k++)
            filters[k * ROW + c] = (double)row[k * ROW] * (middle - (double)k) / sum / group_time_s;
    }
    o->weights = rp_trial_copy(t, weights, sizeof weights);
    o->filters = rp_trial_copy(t, filters, sizeof filters);
}

static rp_ols_params ols_params(rp_u32 nints)
{
    return (rp_ols_params){.group_time_s = 21.5,
                           .frame_time_s = 10.75,
                           .one_group_time_s = 16.125,
                           .inverse_time = 1.0 / 21.5,
                           .noise_scale = 2.0,
                           .pedestal_groups = 0.75,
                           .quick_shot = 1.0 / (21.5 * 8.0),
                           .quick_read = 12.0 / (21.5 * 21.5 * 720.0),
                           .quick_rate_slack = 0x1p-52 * 12.0 / 21.5,
                           .quick_slope_slack = 0x1p-52 * 40.0 / 21.5,
                           .quick_slope_part = 0x1p-52 * 204.0,
                           .stride = STRIDE,
                           .noise_offset = STRIDE,
                           .npix = RP_TRIAL_NPIX,
                           .nints = nints,
                           .ngroups = NGROUPS,
                           .n = NGROUPS,
                           .to = NGROUPS - 1,
                           .has_zeroframe = 1,
                           .keep_sums = nints > 1,
                           .count_extent = 1,
                           .nx = RP_TRIAL_NX,
                           .y0 = 1,
                           .y1 = RP_TRIAL_NY,
                           .x1 = RP_TRIAL_NX - 2,
                           .nsegments = 4,
                           .njumps = 3};
}

static ols_trial start_ols(rp_trial *t, rp_u32 nints)
{
    const size_t per_pair = RP_OLS_SUMS * sizeof(double) + 3 * sizeof(rp_u32) + 1;
    const size_t per_pixel = RP_OLS_WORK * sizeof(double) + sizeof(rp_u32);
    ols_trial o = {.prm = ols_params(nints),
                   .data = rp_trial_ramps(t),
                   .groupdq = rp_trial_groupdq(t),
                   .zeroframe = new_zeroframe(t),
                   .pixeldq = rp_trial_flag_words(t, STRIDE, 9, RP_DQ_DO_NOT_USE | RP_DQ_SATURATED | 0x400u, false),
                   .gain = rp_trial_words(t, STRIDE, 1, 3, true),
                   .noise = rp_trial_words(t, 2 * STRIDE, 4, 12, true),
                   .dark = rp_trial_f32(t, STRIDE, 0, 2, false),
                   .work = rp_trial_zeros(t, (nints * per_pair + per_pixel) * STRIDE + RP_OLS_HEAD * sizeof(rp_u32)),
                   .counters = rp_trial_counters(t),
                   .out = new_results(t)};
    make_tables(t, &o, o.prm.group_time_s);
    return o;
}

static void fit_long(rp_trial *t, const ols_trial *o)
{
    rp_buffer *const *i = o->out.ints, *const *r = o->out.rate;
    RP_LAUNCH(t, RP_K_ramp_ols_pixel, o->prm, o->gain, o->noise, o->pixeldq, o->dark, o->work, i[4], r[4]);
    RP_LAUNCH(t, RP_K_ramp_ols_median, o->prm, o->data, o->groupdq, o->work);
    RP_LAUNCH(t, RP_K_ramp_ols_median_list, o->prm, o->data, o->groupdq, o->zeroframe, o->work, i[4], r[4]);
    RP_LAUNCH(t, RP_K_ramp_ols_fit, o->prm, o->data, o->weights, o->work, i[0], i[1], i[2], i[3], r[0], r[1], r[2],
              r[3]);
    RP_LAUNCH(t, RP_K_ramp_ols_fit_list, o->prm, o->data, o->groupdq, o->zeroframe, o->weights, o->work, i[0], i[1],
              i[2], i[3], o->counters);
    RP_LAUNCH(t, RP_K_ramp_ols_combine, o->prm, o->work, i[4], r[0], r[1], r[2], r[3], r[4]);
}

/* Two integrations with a zero frame; then one, less its first group and its last, in which one group is none. */
static void try_long(rp_trial *t)
{
    ols_trial o = start_ols(t, NINTS);
    fit_long(t, &o);
    hash_results(t, &o.out, NINTS);
    RP_HASH(t, o.counters);
    rp_trial_clear(t);
    o = start_ols(t, 1);
    o.prm.first = o.prm.clear_jump = o.prm.suppress = 1;
    o.prm.n = NGROUPS - 1;
    o.prm.to = NGROUPS - 3;
    o.prm.has_zeroframe = 0;
    o.zeroframe = o.dark = NULL;
    fit_long(t, &o);
    hash_results(t, &o.out, 1);
    RP_HASH(t, o.counters);
}

static void try_quick(rp_trial *t)
{
    ols_trial o = start_ols(t, 1);
    rp_buffer *const *i = o.out.ints, *const *r = o.out.rate;
    o.prm.is_quick = 1;
    RP_LAUNCH(t, RP_K_ramp_ols_pixel, o.prm, o.gain, o.noise, o.pixeldq, o.dark, o.work, i[4], r[4]);
    RP_LAUNCH(t, RP_K_ramp_ols_quick, o.prm, o.data, o.groupdq, o.filters, o.work, i[0], i[1], i[2], i[3], r[0], r[1],
              r[2], r[3]);
    RP_LAUNCH(t, RP_K_ramp_ols_list, o.prm, o.data, o.groupdq, o.zeroframe, o.weights, o.work, i[0], i[1], i[2], i[3],
              i[4], r[4], o.counters);
    RP_LAUNCH(t, RP_K_ramp_ols_combine, o.prm, o.work, i[4], r[0], r[1], r[2], r[3], r[4]);
    hash_results(t, &o.out, 1);
    RP_HASH(t, o.counters);
}

/* Segments, their variances, and what is known of each integration besides. */
static void try_optional(rp_trial *t)
{
    const ols_trial o = start_ols(t, NINTS);
    const size_t nplanes = (size_t)NINTS * o.prm.nsegments, bytes = nplanes * STRIDE * sizeof(rp_u32);
    rp_buffer *out[4];
    for (int i = 0; i < 4; i++)
        out[i] = rp_trial_zeros(t, bytes);
    fit_long(t, &o);
    if (t->kernel == RP_K_ramp_ols_segments)
        RP_LAUNCH(t, t->kernel, o.prm, o.data, o.groupdq, o.zeroframe, o.weights, o.work, out[0], out[1], out[2],
                  out[3]);
    else if (t->kernel == RP_K_ramp_ols_variances)
        RP_LAUNCH(t, t->kernel, o.prm, o.data, o.groupdq, o.zeroframe, o.weights, o.work, out[0], out[1], out[2]);
    else
        RP_LAUNCH(t, t->kernel, o.prm, o.data, o.groupdq, o.zeroframe, o.work, out[0], out[1]);
    for (int i = 0; i < 4; i++)
        rp_trial_hash_planes(t, out[i], sizeof(rp_u32), nplanes);
}

#define RP_TRY(name, how)                                                                                              \
    void rp_trial_of_##name(rp_trial *t)                                                                               \
    {                                                                                                                  \
        how(t);                                                                                                        \
    }
RP_TRY(ramp_ols_pixel, try_long)
RP_TRY(ramp_ols_median, try_long)
RP_TRY(ramp_ols_median_list, try_long)
RP_TRY(ramp_ols_fit, try_long)
RP_TRY(ramp_ols_fit_list, try_long)
RP_TRY(ramp_ols_combine, try_long)
RP_TRY(ramp_ols_quick, try_quick)
RP_TRY(ramp_ols_list, try_quick)
RP_TRY(ramp_ols_segments, try_optional)
RP_TRY(ramp_ols_variances, try_optional)
RP_TRY(ramp_ols_pedestal, try_optional)

/* ------------------------------------------------------------------ likelihood */
/* Covariance of groups of four reads, without gaps: kernels/ramp_likely.h. */
static rp_buffer *new_covariance(rp_trial *t, size_t ndiffs)
{
    double table[RP_LIKELY_TABLE * NGROUPS] = {0};
    const double delta = 43.0, tau = 29.5625; /* tau: beyond the start of the group */
    for (size_t k = 0; k < ndiffs; k++) {
        const double mean = 26.875 + delta * (double)k;
        table[RP_LIKELY_DELTA * ndiffs + k] = delta;
        table[RP_LIKELY_ALPHA_R * ndiffs + k] = 0.5 / (delta * delta);
        table[RP_LIKELY_ALPHA_P * ndiffs + k] = (2.0 * delta - 2.0 * (mean - tau) / 64.0) / (delta * delta);
        table[RP_LIKELY_BETA_R * ndiffs + k] = -0.25 / (delta * delta);
        table[RP_LIKELY_BETA_P * ndiffs + k] = 6.5 / (delta * delta);
        table[RP_LIKELY_PAIR_OK * ndiffs + k] = k % 3 ? 1.0 : 0.0;
    }
    return rp_trial_copy(t, table, RP_LIKELY_TABLE * ndiffs * sizeof(double));
}

static void fit_likely(rp_trial *t, rp_u32 nints, rp_u32 has_zeroframe)
{
    const rp_u32 ndiffs = NGROUPS - 1 + has_zeroframe;
    const size_t doubles = ((size_t)RP_LIKELY_SLOTS * (ndiffs + 1) + RP_LIKELY_WORK) * STRIDE;
    const rp_likely_params prm = {.threshold_one = 20.25,
                                  .threshold_two = 23.8,
                                  .stride = STRIDE,
                                  .noise_offset = STRIDE,
                                  .status_offset = doubles,
                                  .nints = nints,
                                  .ngroups = NGROUPS,
                                  .ndiffs = ndiffs,
                                  .has_zeroframe = has_zeroframe,
                                  .from = (rp_i32)has_zeroframe,
                                  .to = NGROUPS - 1,
                                  .nframes = 4.0f,
                                  .want_chisq = 1};
    rp_buffer *data = rp_trial_ramps(t), *groupdq = rp_trial_groupdq(t), *zeroframe = new_zeroframe(t);
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 9, RP_DQ_DO_NOT_USE | 0x400u, false);
    rp_buffer *gain = rp_trial_words(t, STRIDE, 1, 3, false), *noise = rp_trial_words(t, 2 * STRIDE, 4, 12, false);
    rp_buffer *dark = rp_trial_f32(t, STRIDE, 0, 2, false), *table = new_covariance(t, ndiffs);
    rp_buffer *work = rp_trial_zeros(t, doubles * sizeof(double) + (size_t)nints * STRIDE);
    rp_buffer *chisq = rp_trial_zeros(t, STRIDE * sizeof(rp_u32));
    const fit_results out = new_results(t);
    rp_buffer *const *i = out.ints, *const *r = out.rate;
    RP_LAUNCH(t, RP_K_ramp_likely_pixel, prm, gain, noise, dark, work);
    RP_LAUNCH(t, RP_K_ramp_likely_fit, prm, data, groupdq, zeroframe, table, work, i[0], i[1], i[2], i[3], chisq);
    RP_LAUNCH(t, RP_K_ramp_likely_combine, prm, work, pixeldq, i[0], i[1], i[2], i[3], i[4], r[0], r[1], r[2], r[3],
              r[4]);
    hash_results(t, &out, nints);
    RP_HASH(t, chisq);
    rp_trial_clear(t);
}

static void try_likely(rp_trial *t)
{
    fit_likely(t, NINTS, 0);
    fit_likely(t, 1, 1);
}

RP_TRY(ramp_likely_pixel, try_likely)
RP_TRY(ramp_likely_fit, try_likely)
RP_TRY(ramp_likely_combine, try_likely)

/* ------------------------------------------------------------------ guide stars */
void rp_trial_of_guider_cds(rp_trial *t)
{
    rp_guider_cds_params prm = {
        .stride = STRIDE, .nints = NINTS, .ngroups = NGROUPS, .averaged = 4, .group_time_s = 0.3f};
    rp_buffer *data = rp_trial_ramps(t), *gain = rp_trial_f32(t, STRIDE, 1, 3, false);
    rp_buffer *noise = rp_trial_f32(t, STRIDE, 4, 12, false);
    rp_buffer *rate = rp_trial_zeros(t, NINTS * STRIDE * sizeof(float));
    rp_buffer *error = rp_trial_zeros(t, NINTS * STRIDE * sizeof(float));
    for (prm.mode = RP_GUIDER_DIFFERENCE; prm.mode <= RP_GUIDER_IDENTIFY; prm.mode++) {
        RP_LAUNCH(t, t->kernel, prm, data, gain, noise, rate, error);
        RP_HASH(t, rate, error);
    }
}

void rp_trial_of_guider_flat(rp_trial *t)
{
    rp_guider_flat_params prm = {.stride = STRIDE, .nrates = NINTS};
    for (prm.inverse = 0; prm.inverse < 2; prm.inverse++) {
        rp_buffer *rate = rp_trial_f32(t, NINTS * STRIDE, -5, 300, true);
        rp_buffer *error = rp_trial_f32(t, NINTS * STRIDE, 0, 20, true), *flat = rp_trial_f32(t, STRIDE, 0, 3, true);
        rp_buffer *flat_error = rp_trial_f32(t, STRIDE, 0, 2, true);
        rp_buffer *dq = rp_trial_flag_words(t, STRIDE, 5, 0xffffu, false);
        rp_buffer *flat_dq = rp_trial_flag_words(t, STRIDE, 5, RP_DQ_NO_FLAT_FIELD | RP_DQ_DO_NOT_USE, false);
        rp_buffer *variance = rp_trial_zeros(t, NINTS * STRIDE * sizeof(float));
        RP_LAUNCH(t, t->kernel, prm, rate, error, dq, flat, flat_error, flat_dq, variance);
        RP_HASH(t, rate, error, dq, variance);
        rp_trial_clear(t);
    }
}
