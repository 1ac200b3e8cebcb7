/* Count rates by least squares: the fit of pairs without flags, one segment each. */
#ifndef RP_RAMP_OLS_FIT_H
#define RP_RAMP_OLS_FIT_H

#include "ramp_ols_sort.h"

/* Weights of a segment of `length` groups: row (position, counted from the nearer end) of 8 classes. */
#define RP_OLS_WEIGHTS(length) (((rp_index)(length) / 2) * (((rp_index)(length) + 1) / 2) * 8)

/* What the fit of one segment gives. */
typedef struct rp_ols_segment {
    vf64 slope, var_p, var_r;              /* DN/s, (DN/s)**2 */
    vf64 sigma_slope, offset, sigma_offset; /* optional results, where asked for */
} rp_ols_segment;

typedef struct rp_ols_sums {
    vf64 w, x, xx, y, xy;
} rp_ols_sums;

/* Class of the weights from the signal to noise ratio between the ends of a segment. */
RP_FN vi32 rp_ols_class(vf64 difference, vf64 gain, vf64 noise)
{
    const vf64 den = noise * noise + difference * gain, zero = rp_all64(0.0);
    const vf64 ratio = (difference * gain) / rp_sqrt64(den);
    const vi64 none = RP_M64(den <= zero) | RP_M64(gain == zero);
    const vf64 snr = rp_sel64(none | RP_M64(ratio < zero), zero, ratio);
    /* a ratio that is no number is below no bound */
    const vi64 above = RP_M64(snr < rp_all64(5.0)) + RP_M64(snr < rp_all64(10.0)) + RP_M64(snr < rp_all64(20.0)) +
                       RP_M64(snr < rp_all64(50.0)) + RP_M64(snr < rp_all64(100.0));
    return rp_i32_of_i64(rp_alli64(5) + above);
}

/* One weight of each lane's class from a row of 8. */
RP_FN vf32 rp_ols_weight(RP_G(const float) row, vi32 class)
{
#if defined(RP_DIALECT_HOST) && RP_LANES == 16 && defined(__AVX512F__)
    return (vf32)_mm512_permutexvar_ps((__m512i)class, _mm512_castps256_ps512(_mm256_loadu_ps(row)));
#elif defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX2__)
    return (vf32)_mm256_permutevar8x32_ps(_mm256_loadu_ps(row), (__m256i)class);
#else
    vf32 v = rp_all32(0.0f);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, row[RP_LANE(class, k)]);
    return v;
#endif
}

RP_FN void rp_ols_add(rp_ols_sums *s, vf64 x, vf64 y, vf64 weight)
{
    const vf64 xw = x * weight;
    s->w = s->w + weight;
    s->x = s->x + xw;
    s->xx = s->xx + x * xw;
    s->y = s->y + y * weight;
    s->xy = s->xy + y * xw;
}

/* Slope in DN per group, times 1 / group time. */
RP_FN vf64 rp_ols_slope(const rp_ols_params *prm, const rp_ols_sums *s, vf64 *inverse)
{
    *inverse = rp_all64(1.0) / (s->w * s->xx - s->x * s->x);
    return (s->w * s->xy - s->x * s->y) * *inverse / rp_all64(prm->group_time_s);
}

/* Variances of a segment: shot noise of the rate and the dark current, and read noise. */
RP_FN vf64 rp_ols_shot(vf64 rate, vf64 dark, vf64 time_gain)
{
    return rp_sel64(RP_M64(rate > rp_all64(0.0)), rate + dark, dark) / time_gain;
}
RP_FN vf64 rp_ols_read(vf64 noise, vf64 gain, vf64 time, vf64 cubic)
{
    const vf64 ratio = noise / time;
    return rp_all64(12.0) * ratio * ratio / (cubic * gain * gain);
}

/* Fit of `length` groups from element `at` on, the first of which is group `start`; length known to the compiler. */
RP_FN vf64 rp_ols_slope_clean(const rp_ols_params *prm, RP_G(const float) data, RP_G(const float) table, vf64 gain,
                              vf64 noise, rp_u32 start, int length, rp_index at)
{
    const vf64 y0 = rp_ols_wide(rp_load_f32(data, at));
    const vf64 y1 = rp_ols_wide(rp_load_f32(data, at + (rp_index)(length - 1) * prm->stride));
    if (length == 2)
        return (y1 - y0) / rp_all64(prm->group_time_s);
    const vi32 class = rp_ols_class(y1 - y0, gain, noise);
    const vf64 scale = rp_all64(1.0) / (noise * noise);
    RP_G(const float) weights = table + RP_OLS_WEIGHTS(length);
    rp_ols_sums s;
    s.w = s.x = s.xx = s.y = s.xy = rp_all64(0.0);
    for (int k = 0; k < length; k++) {
        const int row = k < length - 1 - k ? k : length - 1 - k;
        const vf64 y = rp_ols_wide(rp_load_f32(data, at + (rp_index)k * prm->stride));
        const vf64 weight = rp_ols_wide(rp_ols_weight(weights + row * 8, class)) * scale;
        rp_ols_add(&s, rp_all64((double)(start + (rp_u32)k)), y, weight);
    }
    vf64 inverse;
    return rp_ols_slope(prm, &s, &inverse);
}

RP_FN vf64 rp_ols_slope_any(const rp_ols_params *prm, RP_G(const float) data, RP_G(const float) table, vf64 gain,
                            vf64 noise, rp_u32 start, rp_u32 length, rp_index at)
{
#ifdef RP_OLS_UNROLLED
#define RP_OLS_CASE(n)                                                                                                 \
    case n:                                                                                                            \
        return rp_ols_slope_clean(prm, data, table, gain, noise, 0, n, at);
    switch (start == 0 ? length : 0) {
        RP_OLS_CASE(2)
        RP_OLS_CASE(3)
        RP_OLS_CASE(4)
        RP_OLS_CASE(5)
        RP_OLS_CASE(6)
        RP_OLS_CASE(7)
        RP_OLS_CASE(8)
        RP_OLS_CASE(9)
        RP_OLS_CASE(10)
    default:
        break;
    }
#undef RP_OLS_CASE
#endif
    return rp_ols_slope_clean(prm, data, table, gain, noise, start, (int)length, at);
}

/* Results of one integration, and of the exposure when there is no other. */
typedef struct rp_ols_result {
    vf64 slope, error, var_p, var_r;
} rp_ols_result;

RP_FN void rp_ols_put(RP_G(rp_u32) sci, RP_G(rp_u32) error, RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, rp_index p,
                      const rp_ols_result *r)
{
    rp_store_u32(sci, p, rp_ols_word(r->slope));
    rp_store_u32(error, p, rp_ols_word(r->error));
    rp_store_u32(var_p, p, rp_ols_word(r->var_p));
    rp_store_u32(var_r, p, rp_ols_word(r->var_r));
}

/* From sums over the segments of an integration; `invalid`: DO_NOT_USE or SATURATED. */
RP_FN rp_ols_result rp_ols_integration(vf64 sum_slope, vf64 inv_p, vf64 inv_r, vf64 inv_e, vi64 invalid)
{
    const vf64 one = rp_all64(1.0), zero = rp_all64(0.0);
    rp_ols_result r;
    const vf64 var_e = one / inv_e;
    r.var_p = rp_ols_without_large(rp_sel64(RP_M64(inv_p > zero), one / inv_p, zero));
    r.var_r = rp_ols_without_large(one / inv_r);
    r.slope = rp_sel64(invalid, rp_nan64(), sum_slope * r.var_r);
    r.error = rp_sel64(RP_M64(var_e > rp_all64(RP_OLS_LARGE)), zero, rp_sqrt64(var_e));
    r.error = rp_sel64(invalid, zero, r.error);
    r.var_p = rp_sel64(invalid, zero, r.var_p);
    r.var_r = rp_sel64(invalid, zero, r.var_r);
    return r;
}

/*   Given     data, table, work (noise, gain, dark current, dq, medians, spans)
 *   Returned  work: mean median rate, and the sums of clean pairs where they are kept; results of clean pairs: of each
 *             integration, and of the exposure when it has only one (of listed pairs: anything) */
RP_FN void rp_ols_fit(const rp_ols_params *prm, RP_G(const float) data, RP_G(const float) table, RP_G(double) work,
                      RP_G(rp_u32) sci_int, RP_G(rp_u32) err_int, RP_G(rp_u32) var_p_int, RP_G(rp_u32) var_r_int,
                      RP_G(rp_u32) sci, RP_G(rp_u32) err, RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, rp_index p)
{
    RP_G(const float) constants = rp_ols_constants(prm, work);
    const vf64 noise = rp_ols_wide(rp_load_f32(constants, RP_OLS_NOISE * prm->stride + p));
    const vf64 gain = rp_ols_wide(rp_load_f32(constants, RP_OLS_GAIN * prm->stride + p));
    const vf64 dark = rp_ols_wide(rp_load_f32(constants, RP_OLS_DARK * prm->stride + p)), one = rp_all64(1.0), zero = rp_all64(0.0);
    RP_G(const rp_u32) marks = rp_ols_marks(prm, work);
    const vi32 dq = rp_i32_of_u32(rp_load_u32(marks, RP_OLS_HEAD + p));
    const vi64 invalid = rp_m64(rp_ols_has(dq, RP_DQ_DO_NOT_USE | RP_DQ_SATURATED));
    vf64 rate = zero;
    for (rp_u32 i = 0; i < prm->nints; i++)
        rate = rate + rp_ols_load(work, RP_OLS_SUM_PLANE(prm, i, RP_OLS_MEDIAN) + p);
    rate = rate / rp_all64((double)(float)prm->nints);
    rp_ols_store(work, RP_OLS_RATE * prm->stride + p, rate);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_u32 span = marks[RP_OLS_SPAN(prm) + i * prm->stride + p], start = span >> 16, length = span & 0xffffu;
        if (length < 2)
            continue;
        const rp_index at = ((rp_index)i * prm->ngroups + prm->first + start) * prm->stride + p;
        const double count = (double)length;
        const vf64 slope = rp_ols_slope_any(prm, data, table, gain, noise, start, length, at);
        const vf64 shot = rp_ols_shot(rate, dark, rp_all64(prm->group_time_s) * gain * rp_all64(count - 1.0));
        const vf64 read = rp_ols_read(noise, gain, rp_all64(prm->group_time_s), rp_all64(count * count * count - count));
        const vf64 inv_p = rp_sel64(RP_M64(shot > zero), one / shot, zero), inv_r = one / read;
        const vf64 inv_e = one / (shot + read), sum_slope = slope / read;
        rp_ols_result r = rp_ols_integration(sum_slope, inv_p, inv_r, inv_e, invalid);
        rp_ols_put(sci_int, err_int, var_p_int, var_r_int, i * prm->stride + p, &r);
        if (prm->keep_sums) {
            rp_ols_store(work, RP_OLS_SUM_PLANE(prm, i, RP_OLS_SLOPE) + p, sum_slope);
            rp_ols_store(work, RP_OLS_SUM_PLANE(prm, i, RP_OLS_INV_P) + p, inv_p);
            rp_ols_store(work, RP_OLS_SUM_PLANE(prm, i, RP_OLS_INV_R) + p, inv_r);
        }
        if (prm->nints == 1) { /* the exposure differs in its error only */
            r.error = rp_sel64(invalid, zero, rp_sqrt64(r.var_p + r.var_r));
            rp_ols_put(sci, err, var_p, var_r, p, &r);
        }
    }
}

#endif
