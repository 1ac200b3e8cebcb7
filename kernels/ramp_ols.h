/* Count rates by weighted least squares (OLS_C): what its kernels share.
 *
 * A "pair" is one integration of one pixel.  Most pairs have no flag at all: they are fitted side by side in whole
 * lanes (ramp_ols_median.h, ramp_ols_fit.h).  The others are put on a list and done densely, whatever their flags
 * (ramp_ols_general.h); the results of both are the same bits.  Order of the kernels on a block:
 *
 *   ramp_ols_pixel         constants of each pixel; empties the list
 *   ramp_ols_median        median rate of clean pairs; lists the others
 *   ramp_ols_median_list   flags and median rate of listed pairs
 *   ramp_ols_fit           mean of the medians; fit of clean pairs
 *   ramp_ols_fit_list      fit of listed pairs
 *   ramp_ols_combine       exposure from the integrations (one integration: of listed pixels only)
 *   ramp_ols_segments, ramp_ols_variances, ramp_ols_pedestal   optional results
 *
 * Short exposures of one integration go a quicker way: ramp_ols_pixel, ramp_ols_quick, ramp_ols_list, ramp_ols_combine.
 *
 * The buffer `work` carries everything between them:
 *   double  [RP_OLS_WORK + RP_OLS_SUMS * nints][stride]; the planes behind the first hold three of float
 *   uint32  RP_OLS_HEAD words: [0] length of the list, [1] 1 when some clean pair lies in the core; dq [stride]; list
 *           of pixels, list of their integrations, spans of clean pairs, each [nints][stride]
 *   uint8   status [nints][stride], bits RP_OLS_...
 * and `table` the weights: 8 classes (6 used) for each position in a segment.
 *
 *   Source  Fixsen et al. 2000 (optimal weights); behaviour of jwst 3.0.0 with stcal 1.20.0: double arithmetic
 *           throughout, in the order of its compiled fitter */
#ifndef RP_RAMP_OLS_H
#define RP_RAMP_OLS_H

#include "dialect.h"
#include "../include/rampart/dq.h"

typedef struct rp_ols_params {
    double group_time_s;     /* rounded to float32: the reference reads it so */
    double frame_time_s;     /* likewise */
    double one_group_time_s; /* from reset to the middle of the first group */
    double inverse_time;     /* 1 / group_time_s, correctly rounded */
    double noise_scale;      /* sqrt(2 * nframes): readnoise files hold the noise of a difference */
    double pedestal_groups;  /* from reset to the first group, in groups */
    /* the quick way: factors of the variances, bounds on errors of the median rate and the slope */
    double quick_shot, quick_read, quick_rate_slack, quick_slope_slack, quick_slope_part;
    rp_u64 stride;
    rp_u64 gain_offset, noise_offset;
    rp_u32 npix;
    rp_u32 nints;
    rp_u32 ngroups; /* planes per integration */
    rp_u32 first;   /* first group of the fit: leading groups without any usable pixel are dropped (MIRI) */
    rp_u32 n;       /* groups of the fit */
    rp_i32 from, to;    /* groups of the fit outside [from, to] count as DO_NOT_USE */
    rp_u32 clear_jump;  /* leading groups were dropped: no jump flag in the new first group */
    rp_u32 suppress;    /* one usable group is none */
    rp_u32 has_zeroframe;
    rp_u32 keep_sums;   /* of clean pairs as well */
    rp_u32 count_extent; /* leave the numbers of segments and jumps in the counters */
    rp_u32 nx, y0, y1, x0, x1; /* width of the rectangle and its core */
    rp_u32 counter;
    rp_u32 nsegments, njumps;
    rp_u32 is_quick;
    rp_u32 begin; /* first pixel of the launches */
} rp_ols_params;

/* planes of work: doubles */
#define RP_OLS_RATE 0 /* mean over integrations of the median rate, DN/s */
#define RP_OLS_WORK 3 /* two more planes hold these, as floats */
#define RP_OLS_NOISE 0 /* read noise, electron */
#define RP_OLS_GAIN 1
#define RP_OLS_DARK 2 /* average dark current */
/* then for each integration */
#define RP_OLS_MEDIAN 0  /* DN/s */
#define RP_OLS_SLOPE 1   /* sum over segments of slope / VAR_RNOISE */
#define RP_OLS_INV_P 2   /* sum of 1 / VAR_POISSON */
#define RP_OLS_INV_R 3   /* sum of 1 / VAR_RNOISE */
#define RP_OLS_INV_LOSS 4 /* the same with groups of charge loss taken back */
#define RP_OLS_SUMS 5

#define RP_OLS_HEAD 16

/* Builds in which loops over groups are unrolled for the usual numbers of groups: those that run doubles best. */
#if defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX2__)
#define RP_OLS_UNROLLED 1
#endif
/* Parts that several kernels share; hosts call them, devices have no calls. */
#ifdef RP_DIALECT_HOST
#define RP_OLS_PART static __attribute__((noinline, unused))
#else
#define RP_OLS_PART RP_FN
#endif

/* status of a pair */
#define RP_OLS_SUPPRESSED 1
#define RP_OLS_ZEROFRAME 2 /* the zero frame stands for group 0 */
#define RP_OLS_ZEROTH 4    /* group 0 is the only good one */
#define RP_OLS_NO_RATE 8   /* DO_NOT_USE for the integration */
#define RP_OLS_FULL 16     /* SATURATED before any rate is known */
#define RP_OLS_PARTIAL 32  /* some group is saturated */
#define RP_OLS_LOSS 64     /* some group lost charge to its neighbours */
#define RP_OLS_DONE 128    /* the sums hold the results of the exposure */

/* counters of the stage: maxima */
#define RP_OLS_COUNT_SEGMENTS 4
#define RP_OLS_COUNT_JUMPS 5
#define RP_OLS_COUNT_ALIVE 6 /* 1: some pixel is not saturated in the first group */
#define RP_OLS_COUNT_USABLE 7 /* 1: some pixel has a usable group */

/* variances from here on mean "no information" in the reference */
#define RP_OLS_LARGE 1.0e6

#define RP_OLS_SUM_PLANE(prm, integration, which)                                                                      \
    ((RP_OLS_WORK + (rp_index)(integration)*RP_OLS_SUMS + (which)) * (prm)->stride)
/* in the uint32 part */
#define RP_OLS_LIST(prm) (RP_OLS_HEAD + (prm)->stride)
#define RP_OLS_LIST_INT(prm) (RP_OLS_HEAD + (prm)->stride * (1 + (rp_index)(prm)->nints))
#define RP_OLS_SPAN(prm) (RP_OLS_HEAD + (prm)->stride * (1 + 2 * (rp_index)(prm)->nints))
#define RP_OLS_MARKS(prm) (RP_OLS_HEAD + (prm)->stride * (1 + 3 * (rp_index)(prm)->nints))

RP_FN RP_G(rp_u32) rp_ols_marks(const rp_ols_params *prm, RP_G(double) work)
{
    return (RP_G(rp_u32))(work + RP_OLS_SUM_PLANE(prm, prm->nints, 0));
}

RP_FN RP_G(float) rp_ols_constants(const rp_ols_params *prm, RP_G(double) work)
{
    return (RP_G(float))(work + prm->stride);
}

RP_FN RP_G(rp_u8) rp_ols_status(const rp_ols_params *prm, RP_G(double) work)
{
    return (RP_G(rp_u8))(rp_ols_marks(prm, work) + RP_OLS_MARKS(prm));
}

/* ------------------------------------------------------------------ double lanes in memory */
#if RP_LANES == 1
#define rp_ols_load(ptr, p) ((ptr)[p])
#define rp_ols_store(ptr, p, v) ((ptr)[p] = (v))
#elif defined(RP_DIALECT_CL)
#define rp_ols_load(ptr, p) RP_CAT(vload, RP_LANES)(0, (ptr) + (p))
#define rp_ols_store(ptr, p, v) RP_CAT(vstore, RP_LANES)((v), 0, (ptr) + (p))
#else
RP_FN vf64 rp_ols_load(const double *ptr, rp_index p) { vf64 v; memcpy(&v, ptr + p, sizeof v); return v; }
RP_FN void rp_ols_store(double *ptr, rp_index p, vf64 v) { memcpy(ptr + p, &v, sizeof v); }
#endif

/* ------------------------------------------------------------------ small pieces */
/* Conversions of which GCC makes many instructions instead of one. */
#if defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX512F__)
RP_FN vf64 rp_ols_wide(vf32 v) { return (vf64)_mm512_cvtps_pd((__m256)v); }
#else
#define rp_ols_wide(v) rp_f64_of_f32(v)
#endif
#if defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX2__)
RP_FN vi32 rp_ols_load_u8(const rp_u8 *ptr, rp_index p) { return (vi32)_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)(ptr + p))); }
#else
#define rp_ols_load_u8(ptr, p) rp_load_u8(ptr, p)
#endif

#if defined(RP_DIALECT_HOST) && RP_LANES == 16 && defined(__AVX512F__)
typedef struct rp_ols_halves { __m512d a, b; } rp_ols_halves;
RP_FN vf64 rp_ols_min(vf64 x, vf64 y)
{
    rp_ols_halves u, v;
    memcpy(&u, &x, sizeof u);
    memcpy(&v, &y, sizeof v);
    u.a = _mm512_min_pd(u.a, v.a);
    u.b = _mm512_min_pd(u.b, v.b);
    memcpy(&x, &u, sizeof x);
    return x;
}
RP_FN vf64 rp_ols_max(vf64 x, vf64 y)
{
    rp_ols_halves u, v;
    memcpy(&u, &x, sizeof u);
    memcpy(&v, &y, sizeof v);
    u.a = _mm512_max_pd(u.a, v.a);
    u.b = _mm512_max_pd(u.b, v.b);
    memcpy(&x, &u, sizeof x);
    return x;
}
#elif defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX512F__)
RP_FN vf64 rp_ols_min(vf64 x, vf64 y) { return (vf64)_mm512_min_pd((__m512d)x, (__m512d)y); }
RP_FN vf64 rp_ols_max(vf64 x, vf64 y) { return (vf64)_mm512_max_pd((__m512d)x, (__m512d)y); }
#else
RP_FN vf64 rp_ols_min(vf64 x, vf64 y) { return rp_min64(x, y); }
RP_FN vf64 rp_ols_max(vf64 x, vf64 y) { return rp_max64(x, y); }
#endif

/* x / time for a float32 x: the same bits as a division, three operations where there is a fused multiply-add.
 * The remainder is exact, and a quotient of two 24-bit numbers lies far from any rounding boundary of 53 bits. */
#if defined(RP_DIALECT_CL)
#define rp_ols_fma(a, b, c) fma(a, b, c)
#define RP_OLS_HAS_FMA 1
#elif defined(__FMA__) && RP_LANES == 1
#define rp_ols_fma(a, b, c) __builtin_fma(a, b, c)
#define RP_OLS_HAS_FMA 1
#elif defined(__FMA__)
RP_FN vf64 rp_ols_fma(vf64 a, vf64 b, vf64 c) { for (int k = 0; k < RP_LANES; k++) c[k] = __builtin_fma(a[k], b[k], c[k]); return c; }
#define RP_OLS_HAS_FMA 1
#endif
RP_FN vf64 rp_ols_quotient(vf64 x, double time, double inverse)
{
#ifdef RP_OLS_HAS_FMA
    const vf64 q = x * rp_all64(inverse);
    return rp_ols_fma(rp_ols_fma(-q, rp_all64(time), x), rp_all64(inverse), q);
#else
    (void)inverse;
    return x / rp_all64(time);
#endif
}

/* Where a sum of inverse variances becomes a variance: large ones mean nothing. */
RP_FN vf64 rp_ols_without_large(vf64 variance)
{
    return rp_sel64(RP_M64(variance >= rp_all64(RP_OLS_LARGE)), rp_all64(0.0), variance);
}

RP_FN vi32 rp_ols_has(vi32 flags, int bits)
{
    return RP_M32((flags & rp_alli32(bits)) != rp_alli32(0));
}

RP_FN vu32 rp_ols_word(vf64 value)
{
    const vf32 rounded = rp_f32_of_f64(value);
    return rp_swap32(rp_u32_of_i32(rp_bits32(rp_sel32(rp_isnan32(rounded), rp_nan32(), rounded))));
}

/* A pixel of the core, for the counters. */
RP_FN int rp_ols_in_core(const rp_ols_params *prm, rp_index p)
{
    const rp_u32 y = (rp_u32)(p / prm->nx), x = (rp_u32)(p % prm->nx);
    return y >= prm->y0 && y < prm->y1 && x >= prm->x0 && x < prm->x1;
}

/* ------------------------------------------------------------------ constants of each pixel
 *   Given     gain [electron/DN], readnoise [DN], FITS float32; pixeldq; dark current or null
 *   Returned  work: read noise in electrons, gain, dark current, dq with NO_GAIN_VALUE, empty list, status 0; the dq of
 *             pixels without group flags, for all integrations and the exposure */
RP_FN void rp_ols_pixel(const rp_ols_params *prm, RP_G(const rp_u32) gain, RP_G(const rp_u32) readnoise,
                        RP_G(const rp_u32) pixeldq, RP_G(const float) dark, RP_G(double) work, RP_G(rp_u32) dq_int,
                        RP_G(rp_u32) dq_rate, rp_index p)
{
    const vf32 g = rp_load_f32_fits(gain, prm->gain_offset + p);
    const vf64 rn = rp_ols_wide(rp_load_f32_fits(readnoise, prm->noise_offset + p));
    const vi32 no_gain = RP_M32(g <= rp_all32(0.0f)) | rp_isnan32(g);
    const vu32 dq = rp_load_u32(pixeldq, p) |
                    rp_u32_of_i32(no_gain & rp_alli32(RP_DQ_NO_GAIN_VALUE | RP_DQ_DO_NOT_USE));
    RP_G(float) constants = rp_ols_constants(prm, work);
    RP_G(rp_u32) marks = rp_ols_marks(prm, work);
    /* the reference keeps the product as float32 */
    rp_store_f32(constants, RP_OLS_NOISE * prm->stride + p, rp_f32_of_f64(rn * (rp_ols_wide(g) / rp_all64(prm->noise_scale))));
    rp_store_f32(constants, RP_OLS_GAIN * prm->stride + p, g);
    rp_store_f32(constants, RP_OLS_DARK * prm->stride + p, dark ? rp_load_f32(dark, p) : rp_all32(0.0f));
    rp_store_u32(marks, RP_OLS_HEAD + p, dq);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        if (!prm->is_quick) /* where only listed pixels have a status */
            rp_store_u8(rp_ols_status(prm, work), i * prm->stride + p, rp_alli32(0));
        rp_store_u32_fits(dq_int, i * prm->stride + p, dq);
    }
    rp_store_u32_fits(dq_rate, p, dq);
    if (p == prm->begin)
        marks[0] = marks[1] = 0;
}

#endif
