/* Count rates by least squares, the quick way for exposures of one integration of 3 to 16 groups.
 *
 * The reference's results are float32, rounded from doubles.  Here clean pixels get the same doubles by a shorter
 * computation, with a bound on how far both may lie apart; where the bound leaves no doubt about the rounding, that is
 * the result, else the pixel joins the list and is done step by step (Ziv's rounding test).  So the bits are those of
 * the long way, for a third of its work:
 *   - the median is found among float32 differences, which keep the order of the exact ones;
 *   - the slope is a sum of C[class][k] * (y[n-1-k] - y[k]), since the weights are symmetric;
 *   - variances need no detour through their inverses.
 * Bounds, with u = 2**-53 and X the largest |y|: the median rate is off by less than 12 u X / group time, the slope by
 * less than u ((24 n + 60) / (n + 1) + 12) X + u (16 n + 60) |slope| per group; both are doubled below. */
#ifndef RP_RAMP_OLS_QUICK_H
#define RP_RAMP_OLS_QUICK_H

#include "ramp_ols_median.h"

#define RP_OLS_QUICK_GROUPS 16

/* -1 where a and b round to the same float32. */
RP_FN vi32 rp_ols_agree(vf64 a, vf64 b)
{
    return RP_M32(rp_f32_of_f64(a) == rp_f32_of_f64(b));
}

/* ------------------------------------------------------------------ the pixel */
typedef struct rp_ols_quick_pixel {
    vf64 shot;  /* factor of Poisson variances: 1 / (gain * time) */
    vf64 var_r; /* read-noise variance */
} rp_ols_quick_pixel;

/* No number where something is out of the ordinary, which sends the pixel to the list. */
RP_FN rp_ols_quick_pixel rp_ols_quick_pixel_of(const rp_ols_params *prm, vf32 gain, vf32 noise, vf32 dark, vi32 dq)
{
    const vf32 small = rp_all32(0x1p-20f), large = rp_all32(0x1p+20f);
    const vi32 is_plain = RP_M32(gain > small) & RP_M32(gain < large) & RP_M32(noise > small) & RP_M32(noise < large) &
                          RP_M32(dark >= rp_all32(0.0f)) & RP_M32(dark < large) &
                          ~rp_ols_has(dq, RP_DQ_DO_NOT_USE | RP_DQ_SATURATED);
    const vf64 inverse = rp_all64(1.0) / rp_ols_wide(rp_sel32(is_plain, gain, rp_nan32()));
    const vf64 ratio = rp_ols_wide(noise) * inverse;
    rp_ols_quick_pixel p;
    p.shot = inverse * rp_all64(prm->quick_shot);
    p.var_r = ratio * ratio * rp_all64(prm->quick_read);
    return p;
}

/* ------------------------------------------------------------------ the ramp */
typedef struct rp_ols_quick_ramp {
    vf32 x[RP_OLS_QUICK_GROUPS], d[RP_OLS_QUICK_GROUPS]; /* values, and what each adds to the one before */
    vf32 largest;
    vi32 flags;
} rp_ols_quick_ramp;

RP_FN void rp_ols_quick_load(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq, int n,
                             rp_index at, rp_ols_quick_ramp *r)
{
    r->flags = rp_alli32(0);
    r->largest = rp_all32(0.0f);
    for (int k = 0; k < RP_OLS_QUICK_GROUPS; k++)
        r->x[k] = r->d[k] = r->largest;
#define RP_OLS_TAKE(k)                                                                                                 \
    if (k < n) {                                                                                                       \
        r->x[k] = rp_load_f32(data, at + (rp_index)k * prm->stride);                                                   \
        r->flags = r->flags | rp_ols_load_u8(groupdq, at + (rp_index)k * prm->stride);                                     \
        r->largest = rp_max32(r->largest, rp_fabs32(r->x[k]));                                                         \
        if (k > 0)                                                                                                     \
            r->d[k - (k > 0)] = r->x[k] - r->x[k - (k > 0)];                                                           \
    }
    RP_OLS_TAKE(0) RP_OLS_TAKE(1) RP_OLS_TAKE(2) RP_OLS_TAKE(3) RP_OLS_TAKE(4) RP_OLS_TAKE(5) RP_OLS_TAKE(6)
    RP_OLS_TAKE(7) RP_OLS_TAKE(8) RP_OLS_TAKE(9) RP_OLS_TAKE(10) RP_OLS_TAKE(11) RP_OLS_TAKE(12) RP_OLS_TAKE(13)
    RP_OLS_TAKE(14) RP_OLS_TAKE(15)
#undef RP_OLS_TAKE
}

/* The exact difference whose float32 is `wanted`; *sure is cleared where several have it. */
RP_FN vf64 rp_ols_quick_exact(const rp_ols_quick_ramp *r, int n, vf32 wanted, vi32 *sure)
{
    vf32 x0 = rp_all32(0.0f), x1 = x0;
    vi32 seen = rp_alli32(0);
#define RP_OLS_MATCH(k)                                                                                                \
    if (k + 1 < n) {                                                                                                   \
        const vi32 is = RP_M32(r->d[k] == wanted);                                                                     \
        x0 = rp_sel32(is, r->x[k], x0);                                                                                \
        x1 = rp_sel32(is, r->x[k + 1], x1);                                                                            \
        seen = seen - is;                                                                                              \
    }
    RP_OLS_MATCH(0) RP_OLS_MATCH(1) RP_OLS_MATCH(2) RP_OLS_MATCH(3) RP_OLS_MATCH(4) RP_OLS_MATCH(5) RP_OLS_MATCH(6)
    RP_OLS_MATCH(7) RP_OLS_MATCH(8) RP_OLS_MATCH(9) RP_OLS_MATCH(10) RP_OLS_MATCH(11) RP_OLS_MATCH(12)
    RP_OLS_MATCH(13) RP_OLS_MATCH(14)
#undef RP_OLS_MATCH
    *sure = *sure & RP_M32(seen == rp_alli32(1));
    return rp_ols_wide(x1) - rp_ols_wide(x0);
}

/* Median rate, DN/s. */
RP_FN vf64 rp_ols_quick_median(const rp_ols_params *prm, const rp_ols_quick_ramp *r, int n, vi32 *sure)
{
    vf32 v[RP_OLS_QUICK_GROUPS];
    for (int k = 0; k < RP_OLS_QUICK_GROUPS; k++)
        v[k] = r->d[k];
#define RP_OLS_COMPARE(i, j)                                                                                           \
    if (j + 1 < n) {                                                                                                   \
        const vf32 low = rp_min32(v[i], v[j]);                                                                         \
        v[j] = rp_max32(v[i], v[j]);                                                                                   \
        v[i] = low;                                                                                                    \
    }
    RP_OLS_COMPARATORS(RP_OLS_COMPARE)
#undef RP_OLS_COMPARE
    const vf64 inverse = rp_all64(prm->inverse_time);
    const vf64 middle = rp_ols_quick_exact(r, n, v[(n - 1) / 2], sure);
    if (n % 2 == 0)
        return middle * inverse;
    return (middle + rp_ols_quick_exact(r, n, v[(n - 1) / 2 - 1], sure)) * rp_all64(0.5) * inverse;
}

/* Class of the weights; *sure is cleared near a bound. */
RP_FN vi32 rp_ols_quick_class(vf32 difference, vf32 gain, vf32 noise, vi32 *sure)
{
    const vf32 signal = difference * gain;
    const vf32 square = signal * signal / (noise * noise + signal);
    const vi32 positive = RP_M32(signal > rp_all32(0.0f));
    const vf32 low = square * rp_all32(1.0f - 0x1p-20f), high = square * rp_all32(1.0f + 0x1p-20f);
    const vi32 a = RP_M32(low >= rp_all32(25.0f)) + RP_M32(low >= rp_all32(100.0f)) + RP_M32(low >= rp_all32(400.0f)) +
                   RP_M32(low >= rp_all32(2500.0f)) + RP_M32(low >= rp_all32(10000.0f));
    const vi32 b = RP_M32(high >= rp_all32(25.0f)) + RP_M32(high >= rp_all32(100.0f)) + RP_M32(high >= rp_all32(400.0f)) +
                   RP_M32(high >= rp_all32(2500.0f)) + RP_M32(high >= rp_all32(10000.0f));
    *sure = *sure & (RP_M32(a == b) | ~positive);
    return -a & positive;
}

/* One coefficient of each lane's class from a row of 8. */
RP_FN vf64 rp_ols_coefficient(RP_G(const double) row, vi32 class)
{
#if defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX512F__)
    return (vf64)_mm512_permutexvar_pd(_mm512_cvtepi32_epi64((__m256i)class), _mm512_loadu_pd(row));
#else
    vf64 v = rp_all64(0.0);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, row[RP_LANE(class, k)]);
    return v;
#endif
}

/* Slope, DN/s. */
RP_FN vf64 rp_ols_quick_slope(const rp_ols_quick_ramp *r, RP_G(const double) filter, int n, vi32 class)
{
    vf64 slope = rp_all64(0.0);
#define RP_OLS_PAIR(k)                                                                                                 \
    if (2 * k + 1 < n)                                                                                                 \
        slope = slope + rp_ols_coefficient(filter + k * 8, class) *                                                    \
                            (rp_ols_wide(r->x[n - 1 - k > 0 ? n - 1 - k : 0]) - rp_ols_wide(r->x[k]));
    RP_OLS_PAIR(0) RP_OLS_PAIR(1) RP_OLS_PAIR(2) RP_OLS_PAIR(3) RP_OLS_PAIR(4) RP_OLS_PAIR(5) RP_OLS_PAIR(6) RP_OLS_PAIR(7)
#undef RP_OLS_PAIR
    if (n % 2) /* the middle one counts only if it is no number */
        slope = slope + rp_ols_wide(r->x[n / 2]) * rp_all64(0.0);
    return slope;
}

/* ------------------------------------------------------------------ the kernel */
RP_FN void rp_ols_quick_of(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                           RP_G(const double) filter, RP_G(double) work, RP_G(rp_u32) *out, int n, rp_index p)
{
    RP_G(rp_u32) marks = rp_ols_marks(prm, work);
    RP_G(const float) constants = rp_ols_constants(prm, work);
    const vf32 gain = rp_load_f32(constants, RP_OLS_GAIN * prm->stride + p), noise = rp_load_f32(constants, RP_OLS_NOISE * prm->stride + p);
    const vf32 dark32 = rp_load_f32(constants, RP_OLS_DARK * prm->stride + p);
    const vi32 dq = rp_i32_of_u32(rp_load_u32(marks, RP_OLS_HEAD + p));
    const rp_ols_quick_pixel pixel = rp_ols_quick_pixel_of(prm, gain, noise, dark32, dq);
    const vf64 dark = rp_ols_wide(dark32), factor = pixel.shot, var_r = pixel.var_r, zero = rp_all64(0.0);
    rp_ols_quick_ramp r;
    rp_ols_quick_load(prm, data, groupdq, n, (rp_index)prm->first * prm->stride + p, &r);
    vi32 sure = RP_M32(r.flags == rp_alli32(0));
    const vf64 median = rp_ols_quick_median(prm, &r, n, &sure);
    const vi32 class = rp_ols_quick_class(r.x[n - 1] - r.x[0], gain, noise, &sure);
    const vf64 slope = rp_ols_quick_slope(&r, filter, n, class), largest = rp_ols_wide(r.largest);
    const vf64 slack = largest * rp_all64(prm->quick_rate_slack), low = median - slack, high = median + slack;
    const vf64 var_p = (rp_sel64(RP_M64(median > zero), median, zero) + dark) * factor, var_e = var_p + var_r;
    const vf64 error = rp_sqrt64(var_e), narrow = rp_all64(1.0 - 0x1p-48), wide = rp_all64(1.0 + 0x1p-48);
    sure = sure & rp_ols_agree((rp_sel64(RP_M64(low > zero), low, zero) + dark) * factor * narrow,
                               (rp_sel64(RP_M64(high > zero), high, zero) + dark) * factor * wide);
    sure = sure & rp_ols_agree(var_r * narrow, var_r * wide);
    sure = sure & rp_ols_agree(error * rp_all64(1.0 - 0x1p-38), error * rp_all64(1.0 + 0x1p-38));
    const vf64 slope_slack = largest * rp_all64(prm->quick_slope_slack) + rp_fabs64(slope) * rp_all64(prm->quick_slope_part);
    sure = sure & rp_ols_agree(slope - slope_slack, slope + slope_slack);
    sure = sure & rp_m32(RP_M64(slack * factor < var_e * rp_all64(0x1p-38)) & RP_M64(var_e < rp_all64(1.0e5)));
    const vu32 words[4] = {rp_ols_word(slope), rp_ols_word(error), rp_ols_word(var_p), rp_ols_word(var_r)};
    for (int k = 0; k < 4; k++) {
        rp_store_u32(out[k], p, words[k]);
        rp_store_u32(out[k + 4], p, words[k]);
    }
    if (rp_any32(~sure))
        rp_ols_append(prm, marks, 0, ~sure, p);
    rp_ols_note_clean(prm, marks, ~sure, p);
}

/*   Given     data, groupdq, filter (coefficients for n groups: row k of 8 classes), work
 *   Returned  results of clean pixels, of the integration and of the exposure; work: list of the others */
RP_FN void rp_ols_quick(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                        RP_G(const double) filter, RP_G(double) work, RP_G(rp_u32) sci_int, RP_G(rp_u32) err_int,
                        RP_G(rp_u32) var_p_int, RP_G(rp_u32) var_r_int, RP_G(rp_u32) sci, RP_G(rp_u32) err,
                        RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, rp_index p)
{
    RP_G(rp_u32) out[8] = {sci_int, err_int, var_p_int, var_r_int, sci, err, var_p, var_r};
#if defined(RP_OLS_N) /* the build is for one number of groups */
    if (prm->n == RP_OLS_N) {
        rp_ols_quick_of(prm, data, groupdq, filter, work, out, RP_OLS_N, p);
        return;
    }
#elif defined(RP_OLS_UNROLLED)
#define RP_OLS_CASE(n)                                                                                                 \
    case n:                                                                                                            \
        rp_ols_quick_of(prm, data, groupdq, filter, work, out, n, p);                                                  \
        return;
    switch (prm->n) {
        RP_OLS_CASE(3)
        RP_OLS_CASE(4)
        RP_OLS_CASE(5)
        RP_OLS_CASE(6)
        RP_OLS_CASE(7)
        RP_OLS_CASE(8)
        RP_OLS_CASE(9)
        RP_OLS_CASE(10)
        RP_OLS_CASE(11)
        RP_OLS_CASE(12)
    default:
        break;
    }
#undef RP_OLS_CASE
#endif
    rp_ols_quick_of(prm, data, groupdq, filter, work, out, (int)prm->n, p);
}

#endif
