/* ramp_fit by the likelihood of all differences (LIKELY): the covariance of a read pattern, and the launches. */
#include <stdlib.h>
#include <string.h>

#include "host/steps/ramp_fit.h"

enum { SCRATCH_WORK = 0, TABLE_COVARIANCE = 0, HOST_LANES = 16 };

/* Gains in chi-square that make one difference, or two in a row, a jump. */
static const double threshold_one = 20.25, threshold_two = 23.8;

/* ------------------------------------------------------------------ covariance of a read pattern */
/* Sum in numpy's order; patterns have far fewer than 128 reads. */
static double sum_of(const double *v, size_t n)
{
    double sum = 0.0;
    if (n < 8) {
        for (size_t k = 0; k < n; k++)
            sum += v[k];
        return sum;
    }
    double part[8];
    memcpy(part, v, sizeof part);
    size_t k = 8;
    for (; k + 8 <= n; k += 8)
        for (size_t j = 0; j < 8; j++)
            part[j] += v[k + j];
    sum = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    for (; k < n; k++)
        sum += v[k];
    return sum;
}

/* Reads of one group: how many, the first one (counted from 1), mean time and variance-weighted time (paper I, 4, 11). */
typedef struct read_group {
    double nreads, mean_s, tau_s;
} read_group;

static void fill_group(read_group *g, double *times, int64_t first, int64_t nreads, double frame_time_s)
{
    const size_t n = (size_t)nreads;
    for (size_t k = 0; k < n; k++)
        times[k] = (double)(first + (int64_t)k) * frame_time_s;
    g->nreads = (double)nreads;
    g->mean_s = sum_of(times, n) / (double)nreads;
    for (size_t k = 0; k < n; k++)
        times[k] *= (double)(2 * n + 1 - 2 * (k + 1));
    g->tau_s = sum_of(times, n) / (double)(nreads * nreads);
}

/* The table of kernels/ramp_likely.h (paper I, 28 and 29). */
static void fill_table(double *table, const read_group *g, size_t ndiffs)
{
    for (size_t k = 0; k < ndiffs; k++) {
        const double delta = g[k + 1].mean_s - g[k].mean_s;
        table[RP_LIKELY_DELTA * ndiffs + k] = delta;
        table[RP_LIKELY_ALPHA_R * ndiffs + k] = (1.0 / g[k].nreads + 1.0 / g[k + 1].nreads) / (delta * delta);
        table[RP_LIKELY_ALPHA_P * ndiffs + k] = (g[k].tau_s + g[k + 1].tau_s - 2.0 * g[k].mean_s) / (delta * delta);
    }
    for (size_t k = 0; k + 1 < ndiffs; k++) {
        const read_group *between = &g[k + 1];
        const double d0 = table[RP_LIKELY_DELTA * ndiffs + k], d1 = table[RP_LIKELY_DELTA * ndiffs + k + 1];
        table[RP_LIKELY_BETA_R * ndiffs + k] = -1.0 / (between->nreads * d1 * d0);
        table[RP_LIKELY_BETA_P * ndiffs + k] = (between->mean_s - between->tau_s) / (d1 * d0);
        table[RP_LIKELY_PAIR_OK * ndiffs + k] = between->nreads > 1.0 ? 1.0 : 0.0;
    }
}

/* The zero frame is the first read of group 0, taken out of it; that needs a second one. */
static bool uses_zeroframe(const rp_stage *stage)
{
    const rp_ramp_fit *fit = stage->state;
    return stage->run->has_zeroframe && fit->nframes > 1;
}

rp_code rp_ramp_fit_likely_tables(rp_stage *stage, rp_error *err)
{
    rp_ramp_fit *fit = stage->state;
    const rp_run *run = stage->run;
    if (run->has_zeroframe && fit->nframes < 2) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "Zero frame is present, but the first group has < 2 reads.");
        rp_logf(run->log, RP_WARNING, stage->log_name, "The zero frame will be ignored");
    }
    const bool split = uses_zeroframe(stage);
    const size_t n = (size_t)run->ngroups + split, ndiffs = n - 1;
    read_group *groups = calloc(n, sizeof *groups);
    double *times = calloc((size_t)fit->nframes, sizeof *times);
    fit->ncovariance = RP_LIKELY_TABLE * ndiffs;
    fit->covariance = calloc(fit->ncovariance, sizeof *fit->covariance);
    rp_code code = RP_OK;
    if (!groups || !times || !fit->covariance)
        code = rp_fail(err, RP_E_MEMORY, "ramp_fit: no memory for the covariance of %zu groups", n);
    for (size_t k = 0; k < n && code == RP_OK; k++) {
        const int64_t group = (int64_t)(k > 0 ? k - split : 0), start = 1 + group * (fit->nframes + fit->groupgap);
        if (split && k == 0)
            fill_group(&groups[k], times, 1, 1, fit->frame_time_s);
        else if (split && k == 1)
            fill_group(&groups[k], times, 2, fit->nframes - 1, fit->frame_time_s);
        else
            fill_group(&groups[k], times, start, fit->nframes, fit->frame_time_s);
    }
    if (code == RP_OK)
        fill_table(fit->covariance, groups, ndiffs);
    free(groups);
    free(times);
    return code;
}

/* ------------------------------------------------------------------ launches */
/* Scratch for the sums of one pixel: hosts reuse a few cache lines, devices need room for every pixel. */
static rp_code get_work(rp_stage *stage, rp_block *b, rp_likely_params *params, rp_buffer **work, rp_error *err)
{
    rp_device_info info;
    rp_device_describe(b->run->device, &info);
    const size_t lanes = strcmp(info.backend, "openmp") == 0 ? HOST_LANES : b->stride;
    size_t doubles, pairs, bytes;
    if (__builtin_mul_overflow((size_t)RP_LIKELY_SLOTS * (params->ndiffs + 1), lanes, &doubles) ||
        __builtin_add_overflow(doubles, RP_LIKELY_WORK * b->stride, &doubles) ||
        __builtin_mul_overflow((size_t)b->run->nints, b->stride, &pairs) ||
        __builtin_mul_overflow(doubles, sizeof(double), &bytes) || __builtin_add_overflow(bytes, pairs, &bytes))
        return rp_fail(err, RP_E_MEMORY, "ramp_fit: a block of %zu pixels is too large", b->stride);
    params->status_offset = doubles;
    return rp_block_scratch(b, stage, SCRATCH_WORK, bytes, work, err);
}

static rp_likely_params params_of(const rp_stage *stage, const rp_block *b)
{
    const rp_ramp_fit *fit = stage->state;
    const rp_run *run = stage->run;
    const bool split = b->zeroframe && fit->nframes > 1;
    return (rp_likely_params){
        .threshold_one = threshold_one,
        .threshold_two = threshold_two,
        .stride = b->stride,
        .nints = (uint32_t)run->nints,
        .ngroups = (uint32_t)run->ngroups,
        .ndiffs = (uint32_t)(run->ngroups - 1 + split),
        .has_zeroframe = split,
        .from = (int32_t)fit->first_group,
        .to = (int32_t)(fit->last_group < run->ngroups ? fit->last_group : run->ngroups - 1),
        .nframes = (float)fit->nframes,
        .want_chisq = rp_block_optional(b) != NULL,
    };
}

rp_code rp_ramp_fit_likely_block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const rp_ramp_fit *fit = stage->state;
    const rp_fit_optional *optional = rp_block_optional(b);
    rp_likely_params params = params_of(stage, b);
    rp_bound gain, noise;
    rp_buffer *work = NULL, *table = NULL, *i[RP_FIT_PLANES], *r[RP_FIT_PLANES];
    rp_ramp_fit_outputs(rp_block_rateints(b), i);
    rp_ramp_fit_outputs(rp_block_rate(b), r);
    if ((size_t)params.ndiffs * RP_LIKELY_TABLE != fit->ncovariance)
        return rp_fail(err, RP_E_INTERNAL, "ramp_fit: the zero frame came or went after setup");
    rp_code code = rp_block_bind(b, fit->gain, 0, 1, &gain, err);
    if (code == RP_OK)
        code = rp_block_bind(b, fit->readnoise, 0, 1, &noise, err);
    if (code == RP_OK)
        code = rp_block_table(b, stage, TABLE_COVARIANCE, fit->covariance, fit->ncovariance * sizeof(double), 1, &table, err);
    if (code == RP_OK)
        code = get_work(stage, b, &params, &work, err);
    if (code != RP_OK)
        return code;
    params.gain_offset = gain.offset;
    params.noise_offset = noise.offset;
    rp_buffer *const pixel[] = {gain.buffer, noise.buffer, b->dark_current, work};
    rp_buffer *const pixels[] = {b->data, b->groupdq, b->zeroframe, table, work, i[0], i[1], i[2], i[3], optional ? optional->chisq : NULL};
    rp_buffer *const combine[] = {work, b->pixeldq, i[0], i[1], i[2], i[3], i[RP_FIT_DQ], r[0], r[1], r[2], r[3], r[RP_FIT_DQ]};
    code = rp_block_lanes(b, RP_K_ramp_likely_pixel, &params, sizeof params, pixel, 4, err);
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_ramp_likely_fit, &params, sizeof params, pixels, 10, err);
    return code == RP_OK ? rp_block_lanes(b, RP_K_ramp_likely_combine, &params, sizeof params, combine, 12, err) : code;
}
