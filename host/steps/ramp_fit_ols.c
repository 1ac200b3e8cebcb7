/* ramp_fit by weighted least squares (OLS_C): tables, and the launches on a block. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/ramp_fit.h"

enum { CLASSES = 6, ROW = 8, MAX_GROUPS = 2048, SCRATCH_WORK = 0, TABLE_WEIGHTS = 0, TABLE_FILTERS = 1 };

/* Exponents of the weights, by class of the signal to noise ratio (Fixsen et al. 2000). */
static const float powers[CLASSES] = {0.0f, 0.4f, 1.0f, 3.0f, 6.0f, 10.0f};

/* Weights of segments of 3 .. n groups: |distance from the middle|^power, first half of the positions. */
static void fill_weights(float *weights, size_t n)
{
    for (size_t length = 3; length <= n; length++) {
        const double middle = (double)(length - 1) / 2.0, inverse = 1.0 / middle;
        for (size_t k = 0; k < (length + 1) / 2; k++) {
            const double distance = fabs(((double)k - middle) * inverse);
            float *row = weights + RP_OLS_WEIGHTS(length) + k * ROW;
            for (int c = 0; c < CLASSES; c++)
                row[c] = powf((float)distance, powers[c]);
        }
    }
}

/* Slope of n groups as a sum over pairs of groups at the same distance from the middle, in DN/s. */
static void fill_filters(double *filters, const float *weights, size_t n, double group_time_s)
{
    const float *rows = weights + RP_OLS_WEIGHTS(n);
    const double middle = (double)(n - 1) / 2.0;
    for (size_t c = 0; c < CLASSES; c++) {
        double sum = 0.0;
        for (size_t k = 0; k < n / 2; k++)
            sum += 2.0 * (double)rows[k * ROW + c] * (middle - (double)k) * (middle - (double)k);
        for (size_t k = 0; k < n / 2; k++)
            filters[k * ROW + c] = (double)rows[k * ROW + c] * (middle - (double)k) / sum / group_time_s;
    }
}

/* May the quick way be gone?  Its results are those of the long one; it just knows fewer cases. */
static bool can_be_quick(const rp_stage *stage)
{
    const rp_ramp_fit *fit = stage->state;
    const rp_run *run = stage->run;
    return run->nints == 1 && !fit->is_miri && !fit->is_cut && run->ngroups >= 3 && run->ngroups <= RP_OLS_QUICK_GROUPS;
}

rp_code rp_ramp_fit_ols_tables(rp_stage *stage, rp_error *err)
{
    rp_ramp_fit *fit = stage->state;
    const int64_t ngroups = stage->run->ngroups;
    if (ngroups > MAX_GROUPS)
        return rp_fail(err, RP_E_UNSUPPORTED, "ramp_fit: OLS_C fits up to %d groups, this exposure has %lld; use LIKELY",
                       MAX_GROUPS, (long long)ngroups);
    const size_t n = (size_t)(ngroups < 3 ? 3 : ngroups);
    fit->nweights = ((n + 1) / 2 * ((n + 2) / 2) + 1) * ROW;
    fit->weights = calloc(fit->nweights, sizeof *fit->weights);
    fit->nfilters = n / 2 * ROW;
    fit->filters = calloc(fit->nfilters, sizeof *fit->filters);
    if (!fit->weights || !fit->filters)
        return rp_fail(err, RP_E_MEMORY, "ramp_fit: no memory for the weights of %lld groups", (long long)ngroups);
    fill_weights(fit->weights, n);
    fill_filters(fit->filters, fit->weights, n, (double)fit->group_time_f32_s);
    return RP_OK;
}

/* ------------------------------------------------------------------ launches */
typedef struct ols_block {
    rp_stage *stage;
    rp_block *block;
    rp_ols_params params;
    rp_buffer *work, *weights, *filters;
    rp_buffer *ints[RP_FIT_PLANES], *rate[RP_FIT_PLANES];
    rp_error *err;
} ols_block;

static rp_code launch(const ols_block *o, rp_kernel kernel, rp_buffer *const *buffers, size_t n)
{
    return rp_block_lanes(o->block, kernel, &o->params, sizeof o->params, buffers, n, o->err);
}

/* Kernels that work on the list of pixels. */
static rp_code launch_list(const ols_block *o, rp_kernel kernel, rp_buffer *const *buffers, size_t n)
{
    return rp_block_slots(o->block, kernel, &o->params, sizeof o->params, buffers, n, o->err);
}

static void fill_params(ols_block *o, rp_fit_range range)
{
    const rp_stage *stage = o->stage;
    const rp_ramp_fit *fit = stage->state;
    const rp_run *run = stage->run;
    const rp_block *b = o->block;
    const rp_fit_optional *optional = rp_block_optional(b);
    const double group_time = (double)fit->group_time_f32_s, frame_time = (double)fit->frame_time_f32_s;
    const double nframes = (double)fit->nframes;
    o->params = (rp_ols_params){
        .group_time_s = group_time,
        .frame_time_s = frame_time,
        .one_group_time_s = (nframes + 1.0) * frame_time / 2.0,
        .inverse_time = 1.0 / group_time,
        .noise_scale = sqrt(2.0 * nframes),
        .pedestal_groups = ((nframes + 1.0) / 2.0 + (double)fit->dropframes) / (double)(fit->nframes + fit->groupgap),
        .stride = b->stride,
        .npix = (uint32_t)b->npix,
        .begin = (uint32_t)b->first,
        .nints = (uint32_t)run->nints,
        .ngroups = (uint32_t)run->ngroups,
        .first = (uint32_t)range.first,
        .n = (uint32_t)range.count,
        .from = (int32_t)(fit->first_group - range.first),
        .to = (int32_t)((fit->last_group < run->ngroups ? fit->last_group : run->ngroups - 1) - range.first),
        .clear_jump = range.first > 0,
        .suppress = fit->suppress_one_group,
        .has_zeroframe = b->zeroframe != NULL,
        .keep_sums = run->nints > 1 || optional,
        .count_extent = fit->save_opt,
        .nx = (uint32_t)b->rect.nx,
        .counter = rp_block_counter(b, stage),
        .nsegments = optional ? optional->nsegments : 0,
        .njumps = optional ? optional->njumps : 0,
    };
    rp_block_core(b, &o->params.y0, &o->params.y1, &o->params.x0, &o->params.x1);
}

/* Factors and bounds of the quick way: see kernels/ramp_ols_quick.h. */
static void fill_quick(rp_ols_params *p)
{
    const double n = (double)p->n, u = 0x1p-53;
    p->is_quick = 1;
    p->quick_shot = 1.0 / (p->group_time_s * (n - 1.0));
    p->quick_read = 12.0 / (p->group_time_s * p->group_time_s * (n * n * n - n));
    p->quick_rate_slack = 2.0 * u * 12.0 * p->inverse_time;
    p->quick_slope_slack = 2.0 * u * ((24.0 * n + 60.0) / (n + 1.0) + 12.0) * p->inverse_time;
    p->quick_slope_part = 2.0 * u * (16.0 * n + 60.0);
}

/* What passes between the kernels: see kernels/ramp_ols.h. */
static rp_code get_work(ols_block *o)
{
    const size_t nints = (size_t)o->stage->run->nints, stride = o->block->stride;
    size_t pairs, bytes;
    if (__builtin_mul_overflow(nints, stride, &pairs) || pairs > UINT32_MAX ||
        __builtin_mul_overflow(pairs, RP_OLS_SUMS * sizeof(double) + 3 * sizeof(uint32_t) + 1, &bytes))
        return rp_fail(o->err, RP_E_MEMORY, "ramp_fit: a block of %zu pixels and %zu integrations is too large", stride, nints);
    bytes += stride * (RP_OLS_WORK * sizeof(double) + sizeof(uint32_t)) + RP_OLS_HEAD * sizeof(uint32_t);
    return rp_block_scratch(o->block, o->stage, SCRATCH_WORK, bytes, &o->work, o->err);
}

static rp_code start(ols_block *o)
{
    const rp_ramp_fit *fit = o->stage->state;
    rp_block *b = o->block;
    rp_bound gain, noise;
    rp_code code = rp_block_bind(b, fit->gain, 0, 1, &gain, o->err);
    if (code == RP_OK)
        code = rp_block_bind(b, fit->readnoise, 0, 1, &noise, o->err);
    if (code == RP_OK)
        code = rp_block_table(b, o->stage, TABLE_WEIGHTS, fit->weights, fit->nweights * sizeof *fit->weights, 1,
                              &o->weights, o->err);
    if (code == RP_OK)
        code = rp_block_table(b, o->stage, TABLE_FILTERS, fit->filters, fit->nfilters * sizeof *fit->filters, 1,
                              &o->filters, o->err);
    if (code == RP_OK)
        code = get_work(o);
    if (code != RP_OK)
        return code;
    o->params.gain_offset = gain.offset;
    o->params.noise_offset = noise.offset;
    rp_buffer *const pixel[] = {gain.buffer, noise.buffer, b->pixeldq, b->dark_current, o->work, o->ints[RP_FIT_DQ], o->rate[RP_FIT_DQ]};
    return launch(o, RP_K_ramp_ols_pixel, pixel, 7);
}

static rp_code combine(const ols_block *o)
{
    rp_buffer *const *r = o->rate;
    rp_buffer *const buffers[] = {o->work, o->ints[RP_FIT_DQ], r[0], r[1], r[2], r[3], r[RP_FIT_DQ]};
    return o->params.nints > 1 ? launch(o, RP_K_ramp_ols_combine, buffers, 7)
                               : launch_list(o, RP_K_ramp_ols_combine, buffers, 7);
}

static rp_code fit_quickly(const ols_block *o)
{
    const rp_block *b = o->block;
    rp_buffer *const *i = o->ints, *const *r = o->rate, *w = o->work;
    rp_buffer *const quick[] = {b->data, b->groupdq, o->filters, w, i[0], i[1], i[2], i[3], r[0], r[1], r[2], r[3]};
    rp_buffer *const list[] = {b->data, b->groupdq, b->zeroframe, o->weights, w, i[0], i[1], i[2], i[3],
                               i[RP_FIT_DQ], r[RP_FIT_DQ], b->counters};
    rp_code code = launch(o, RP_K_ramp_ols_quick, quick, 12);
    if (code == RP_OK)
        code = launch_list(o, RP_K_ramp_ols_list, list, 12);
    return code == RP_OK ? combine(o) : code;
}

static rp_code fit_pixels(const ols_block *o)
{
    const rp_block *b = o->block;
    rp_buffer *const *i = o->ints, *const *r = o->rate, *w = o->work;
    rp_buffer *const median[] = {b->data, b->groupdq, w};
    rp_buffer *const median_list[] = {b->data, b->groupdq, b->zeroframe, w, i[RP_FIT_DQ], r[RP_FIT_DQ]};
    rp_buffer *const fit[] = {b->data, o->weights, w, i[0], i[1], i[2], i[3], r[0], r[1], r[2], r[3]};
    rp_buffer *const fit_list[] = {b->data, b->groupdq, b->zeroframe, o->weights, w, i[0], i[1], i[2], i[3], b->counters};
    rp_code code = launch(o, RP_K_ramp_ols_median, median, 3);
    if (code == RP_OK)
        code = launch_list(o, RP_K_ramp_ols_median_list, median_list, 6);
    if (code == RP_OK)
        code = launch(o, RP_K_ramp_ols_fit, fit, 11);
    if (code == RP_OK)
        code = launch_list(o, RP_K_ramp_ols_fit_list, fit_list, 10);
    return code == RP_OK ? combine(o) : code;
}

static rp_code optional_results(const ols_block *o)
{
    const rp_block *b = o->block;
    const rp_fit_optional *out = rp_block_optional(b);
    if (!out)
        return RP_OK;
    rp_buffer *const segments[] = {b->data,  b->groupdq, b->zeroframe,  o->weights, o->work,
                                   out->slope, out->sigslope, out->yint, out->sigyint};
    rp_buffer *const variances[] = {b->data,  b->groupdq, b->zeroframe, o->weights, o->work, out->var_poisson, out->var_rnoise, out->weights};
    rp_buffer *const pedestal[] = {b->data, b->groupdq, b->zeroframe, o->work, out->pedestal, out->crmag};
    rp_code code = launch(o, RP_K_ramp_ols_segments, segments, 9);
    if (code == RP_OK)
        code = launch(o, RP_K_ramp_ols_variances, variances, 8);
    return code == RP_OK ? launch(o, RP_K_ramp_ols_pedestal, pedestal, 6) : code;
}

rp_code rp_ramp_fit_ols_block(rp_stage *stage, rp_block *block, rp_error *err)
{
    const rp_fit_range range = rp_ramp_fit_range(stage);
    if (range.count < 1) /* nothing to fit: finish says so */
        return RP_OK;
    ols_block o = {.stage = stage, .block = block, .err = err};
    rp_ramp_fit_outputs(rp_block_rateints(block), o.ints);
    rp_ramp_fit_outputs(rp_block_rate(block), o.rate);
    fill_params(&o, range);
    if (can_be_quick(stage) && !rp_block_optional(block))
        fill_quick(&o.params);
    rp_code code = start(&o);
    if (code == RP_OK)
        code = o.params.is_quick ? fit_quickly(&o) : fit_pixels(&o);
    return code == RP_OK ? optional_results(&o) : code;
}
