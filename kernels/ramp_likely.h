/* Count rates by the likelihood of all differences (LIKELY): data, and the fit of one ramp.
 *
 * Differences d of neighbouring groups, in DN/s, have a tridiagonal covariance, photon noise that grows with the rate
 * and read noise.  Its inverse is never formed: forward sums (theta, Theta, ThetaD) and backward sums (phi, Phi, PhiD)
 * give the best rate, its variance and chi-square in one pass each.
 *
 * Kernels on a block, in order: ramp_likely_pixel, ramp_likely_fit (ramp_likely_jumps.h), ramp_likely_combine.
 * The buffer `work` carries between them:
 *   double  [RP_LIKELY_WORK][stride] constants of each pixel; then scratch; then, from status_offset on,
 *   uint8   status [nints][stride], bits as in dq
 * `table`: RP_LIKELY_TABLE rows of ndiffs doubles.
 *
 *   Source    Brandt 2024a, PASP 136, 045004 (fit) and 045005 (jumps), equations as numbered there; behaviour of
 *             jwst 3.0.0 with stcal 1.20.0: double arithmetic, sums in the order of the groups */
#ifndef RP_RAMP_LIKELY_H
#define RP_RAMP_LIKELY_H

#include "ramp_ols.h"
#include "ramp_likely_power.h"

typedef struct rp_likely_params {
    double threshold_one, threshold_two; /* gains in chi-square that make one or two differences a jump */
    rp_u64 stride;
    rp_u64 gain_offset, noise_offset;
    rp_u64 status_offset; /* in work, in doubles */
    rp_u32 nints, ngroups;
    rp_u32 ndiffs;
    rp_u32 has_zeroframe; /* the first read is its own group */
    rp_i32 from, to;      /* groups outside count as DO_NOT_USE */
    float nframes;
    rp_u32 want_chisq;
} rp_likely_params;

/* planes of work */
#define RP_LIKELY_GAIN 0
#define RP_LIKELY_NOISE 1 /* variance of one read, DN**2 */
#define RP_LIKELY_DARK 2
#define RP_LIKELY_WORK 3

/* rows of table */
#define RP_LIKELY_ALPHA_P 0 /* diagonal, photon noise for one DN/s and gain 1 */
#define RP_LIKELY_ALPHA_R 1 /* diagonal, read noise for variance 1 */
#define RP_LIKELY_BETA_P 2  /* beside the diagonal, ndiffs - 1 */
#define RP_LIKELY_BETA_R 3
#define RP_LIKELY_DELTA 4   /* time between the middles of two groups, s */
#define RP_LIKELY_PAIR_OK 5 /* 1: difference k and the next may be dropped together */
#define RP_LIKELY_TABLE 6

/* Scratch: slots of ndiffs + 1 doubles for each lane.  Hosts use the same few lines of cache for all pixels. */
#define RP_LIKELY_D 0      /* differences */
#define RP_LIKELY_MASK 1   /* 1: in use */
#define RP_LIKELY_THETA 2  /* later: terms of A; then gain in chi-square without one difference */
#define RP_LIKELY_BIG 3    /* Theta, later dC */
#define RP_LIKELY_BIG_D 4  /* ThetaD, later terms of A, one place up; then gain without two differences */
#define RP_LIKELY_DB 5
#define RP_LIKELY_DIAGONAL 6 /* of the inverse */
#define RP_LIKELY_BESIDE 7   /* beside its diagonal */
#define RP_LIKELY_RATE_ONE 8 /* rates without one and two differences */
#define RP_LIKELY_RATE_TWO 9
#define RP_LIKELY_SLOTS 10
#ifdef RP_DIALECT_HOST
#define RP_LIKELY_AT(prm, slot, k, p) (((slot) * ((prm)->ndiffs + 1) + (k)) * RP_LANES)
#else
#define RP_LIKELY_AT(prm, slot, k, p) ((rp_index)((slot) * ((prm)->ndiffs + 1) + (k)) * (prm)->stride + (p))
#endif

/* What one pixel's ramp is worked on with. */
typedef struct rp_likely_ramp {
    RP_G(double) s;           /* scratch */
    RP_G(const double) table;
    rp_index p;
    vf64 gain, noise, dark;
} rp_likely_ramp;

RP_FN vf64 rp_likely_get(const rp_likely_params *prm, const rp_likely_ramp *r, rp_u32 slot, rp_u32 k)
{
    return rp_ols_load(r->s, RP_LIKELY_AT(prm, slot, k, r->p));
}
RP_FN void rp_likely_set(const rp_likely_params *prm, const rp_likely_ramp *r, rp_u32 slot, rp_u32 k, vf64 v)
{
    rp_ols_store(r->s, RP_LIKELY_AT(prm, slot, k, r->p), v);
}
RP_FN vf64 rp_likely_row(const rp_likely_params *prm, const rp_likely_ramp *r, rp_u32 row, rp_u32 k)
{
    return rp_all64(r->table[row * prm->ndiffs + k]);
}

/* ------------------------------------------------------------------ constants of each pixel
 *   Given     gain [electron/DN], readnoise [DN, of a difference], FITS float32; dark current or null
 *   Returned  work */
RP_FN void rp_likely_pixel(const rp_likely_params *prm, RP_G(const rp_u32) gain, RP_G(const rp_u32) readnoise,
                           RP_G(const float) dark, RP_G(double) work, rp_index p)
{
    const vf64 rn = rp_f64_of_f32(rp_load_f32_fits(readnoise, prm->noise_offset + p)) / rp_all64(1.4142135623730951);
    rp_ols_store(work, RP_LIKELY_GAIN * prm->stride + p, rp_f64_of_f32(rp_load_f32_fits(gain, prm->gain_offset + p)));
    rp_ols_store(work, RP_LIKELY_NOISE * prm->stride + p, rn * rn);
    rp_ols_store(work, RP_LIKELY_DARK * prm->stride + p, dark ? rp_f64_of_f32(rp_load_f32(dark, p)) : rp_all64(0.0));
}

/* ------------------------------------------------------------------ covariance */
/* For a guess of the rate divided by the gain: elements before scaling. */
typedef struct rp_likely_model {
    vf64 photons; /* guess / gain */
    vf64 scale;   /* elements are divided by it, so that products of many stay in range */
    vf64 last;    /* theta of all differences: the determinant */
} rp_likely_model;

RP_FN vf64 rp_likely_alpha(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_model *m, rp_u32 k)
{
    return m->photons * rp_likely_row(prm, r, RP_LIKELY_ALPHA_P, k) + r->noise * rp_likely_row(prm, r, RP_LIKELY_ALPHA_R, k);
}
RP_FN vf64 rp_likely_beta(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_model *m, rp_u32 k)
{
    return m->photons * rp_likely_row(prm, r, RP_LIKELY_BETA_P, k) + r->noise * rp_likely_row(prm, r, RP_LIKELY_BETA_R, k);
}
/* scaled, and 0 where one of the two differences is not in use */
RP_FN vf64 rp_likely_beside(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_model *m, rp_u32 k)
{
    return rp_likely_beta(prm, r, m, k) / m->scale * rp_likely_get(prm, r, RP_LIKELY_MASK, k + 1) *
           rp_likely_get(prm, r, RP_LIKELY_MASK, k);
}

/* The scale that makes the determinant of the unmasked matrix 1, found in steps of ten differences. */
RP_FN rp_likely_model rp_likely_model_of(const rp_likely_params *prm, const rp_likely_ramp *r, vf64 guess)
{
    const vf64 one = rp_all64(1.0);
    rp_likely_model m;
    m.photons = guess / r->gain;
    m.scale = m.last = one;
    vf64 before = one, now = rp_likely_alpha(prm, r, &m, 0);
    for (rp_u32 i = 2; i <= prm->ndiffs; i++) {
        const vf64 beta = rp_likely_beta(prm, r, &m, i - 2);
        vf64 next = rp_likely_alpha(prm, r, &m, i - 1) / m.scale * now - beta * beta / (m.scale * m.scale) * before;
        if (i % 10 == 0 || i == prm->ndiffs) {
            const vf64 f = rp_power(next, 1.0 / (double)i), rest = next / f;
            m.scale = m.scale * f;
            now = now / rest;
            next = one;
        }
        before = now;
        now = next;
    }
    return m;
}

/* ------------------------------------------------------------------ the fit */
typedef struct rp_likely_sums {
    vf64 a, b, c;
} rp_likely_sums;

/* Even differences have sign -1 (counted from 0). */
RP_FN vf64 rp_likely_signed(rp_u32 k, vf64 v)
{
    return k % 2 ? v : -v;
}

/* Forward sums, equations 38-40, 47 and 48. */
RP_FN void rp_likely_forward(const rp_likely_params *prm, const rp_likely_ramp *r, rp_likely_model *m)
{
    const vf64 one = rp_all64(1.0), zero = rp_all64(0.0);
    const vf64 d0 = rp_likely_get(prm, r, RP_LIKELY_D, 0) * rp_likely_get(prm, r, RP_LIKELY_MASK, 0);
    vf64 before = one, now = rp_likely_alpha(prm, r, m, 0) / m->scale, big = -one, big_d = -d0 * one;
    rp_likely_set(prm, r, RP_LIKELY_THETA, 0, one);
    rp_likely_set(prm, r, RP_LIKELY_BIG, 0, big);
    rp_likely_set(prm, r, RP_LIKELY_BIG_D, 0, zero);
    rp_likely_set(prm, r, RP_LIKELY_BIG_D, 1, big_d);
    for (rp_u32 k = 1; k < prm->ndiffs; k++) { /* now = theta[k] */
        const vf64 beta = rp_likely_beside(prm, r, m, k - 1);
        const vf64 d = rp_likely_get(prm, r, RP_LIKELY_D, k) * rp_likely_get(prm, r, RP_LIKELY_MASK, k);
        big = big * beta + rp_likely_signed(k, now);
        big_d = beta * big_d + rp_likely_signed(k, d) * now;
        rp_likely_set(prm, r, RP_LIKELY_THETA, k, now);
        rp_likely_set(prm, r, RP_LIKELY_BIG, k, big);
        rp_likely_set(prm, r, RP_LIKELY_BIG_D, k + 1, big_d);
        const vf64 next = rp_likely_alpha(prm, r, m, k) / m->scale * now - beta * beta * before;
        before = now;
        now = next;
    }
    m->last = now;
}

/* Backward sums, equations 41-43 and 46, met with the forward ones: 61-63, 71, 75. */
RP_FN void rp_likely_backward(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_model *m)
{
    const vf64 one = rp_all64(1.0), zero = rp_all64(0.0), last = m->last;
    vf64 phi1 = one, phi2 = zero, big = zero, big_d = zero; /* phi[k+1], phi[k+2], Phi[k], PhiD[k] */
    vf64 beta = zero; /* between k and k+1 */
    for (rp_u32 k = prm->ndiffs; k-- > 0;) {
        const vf64 mask = rp_likely_get(prm, r, RP_LIKELY_MASK, k);
        const vf64 d = rp_likely_get(prm, r, RP_LIKELY_D, k) * mask;
        const vf64 theta = rp_likely_get(prm, r, RP_LIKELY_THETA, k), sign = rp_likely_signed(k, one);
        if (k + 1 < prm->ndiffs) {
            const vf64 d1 = rp_likely_get(prm, r, RP_LIKELY_D, k + 1) * rp_likely_get(prm, r, RP_LIKELY_MASK, k + 1);
            beta = rp_likely_beside(prm, r, m, k);
            big_d = (big_d + rp_likely_signed(k + 1, d1) * phi2) * beta;
            big = big * beta + rp_likely_signed(k + 1, beta) * phi2;
            rp_likely_set(prm, r, RP_LIKELY_BESIDE, k, -beta * theta * phi2 / last);
        }
        const vf64 before = k > 0 ? rp_likely_beside(prm, r, m, k - 1) : one;
        const vf64 theta_d = rp_likely_get(prm, r, RP_LIKELY_BIG_D, k), theta_d1 = rp_likely_get(prm, r, RP_LIKELY_BIG_D, k + 1);
        const vf64 dc = sign / last * (phi1 * rp_likely_get(prm, r, RP_LIKELY_BIG, k) + theta * big) * mask;
        rp_likely_set(prm, r, RP_LIKELY_BIG, k, dc);
        rp_likely_set(prm, r, RP_LIKELY_DB, k, sign / last * (phi1 * theta_d1 + theta * big_d));
        rp_likely_set(prm, r, RP_LIKELY_DIAGONAL, k, theta * phi1 / last * mask);
        rp_likely_set(prm, r, RP_LIKELY_BIG_D, k + 1, d * sign / last * before * phi1 * theta_d);
        rp_likely_set(prm, r, RP_LIKELY_THETA, k, d * d * theta * phi1 / last);
        const vf64 phi = rp_likely_alpha(prm, r, m, k) / m->scale * phi1 - beta * beta * phi2;
        phi2 = phi1;
        phi1 = phi;
    }
}

/* Sums over the differences, first to last. */
RP_FN rp_likely_sums rp_likely_sum(const rp_likely_params *prm, const rp_likely_ramp *r)
{
    rp_likely_sums s;
    vf64 mixed = rp_all64(0.0);
    s.a = s.b = s.c = mixed;
    for (rp_u32 k = 0; k < prm->ndiffs; k++) {
        const vf64 dc = rp_likely_get(prm, r, RP_LIKELY_BIG, k);
        const vf64 d = rp_likely_get(prm, r, RP_LIKELY_D, k) * rp_likely_get(prm, r, RP_LIKELY_MASK, k);
        mixed = mixed + rp_likely_get(prm, r, RP_LIKELY_BIG_D, k + 1);
        s.a = s.a + rp_likely_get(prm, r, RP_LIKELY_THETA, k);
        s.b = s.b + d * dc;
        s.c = s.c + dc;
    }
    s.a = rp_all64(2.0) * mixed + s.a;
    return s;
}

typedef struct rp_likely_result {
    vf64 rate, error, var_p, var_r, chisq;
} rp_likely_result;

/* The fit for a guess of the rate; leaves dB, dC and the inverse's elements in scratch. */
RP_FN rp_likely_sums rp_likely_solve(const rp_likely_params *prm, const rp_likely_ramp *r, vf64 guess, rp_likely_model *m)
{
    *m = rp_likely_model_of(prm, r, guess);
    rp_likely_forward(prm, r, m);
    rp_likely_backward(prm, r, m);
    return rp_likely_sum(prm, r);
}

RP_FN vf64 rp_likely_chisq(const rp_likely_sums *s, vf64 scale)
{
    return (s->a - s->b * s->b / s->c) / scale;
}

RP_FN rp_likely_result rp_likely_finish(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_model *m,
                                        const rp_likely_sums *s)
{
    const vf64 zero = rp_all64(0.0), two = rp_all64(2.0);
    rp_likely_result out;
    out.rate = s->b * (rp_all64(1.0) / s->c);
    out.chisq = rp_likely_chisq(s, m->scale);
    out.error = rp_sqrt64(m->scale / s->c);
    vf64 own_p = zero, own_r = zero, mixed_p = zero, mixed_r = zero, before = zero;
    for (rp_u32 k = 0; k < prm->ndiffs; k++) {
        const vf64 w = rp_likely_get(prm, r, RP_LIKELY_BIG, k) / s->c;
        own_p = own_p + w * w * (m->photons * rp_likely_row(prm, r, RP_LIKELY_ALPHA_P, k));
        own_r = own_r + w * w * (r->noise * rp_likely_row(prm, r, RP_LIKELY_ALPHA_R, k));
        if (k > 0) {
            mixed_p = mixed_p + w * before * (m->photons * rp_likely_row(prm, r, RP_LIKELY_BETA_P, k - 1));
            mixed_r = mixed_r + w * before * (r->noise * rp_likely_row(prm, r, RP_LIKELY_BETA_R, k - 1));
        }
        before = w;
    }
    out.var_p = own_p + two * mixed_p;
    out.var_r = own_r + two * mixed_r;
    return out;
}

#endif
