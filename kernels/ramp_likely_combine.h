/* Count rates by likelihood: the exposure from its integrations, in float32. */
#ifndef RP_RAMP_LIKELY_COMBINE_H
#define RP_RAMP_LIKELY_COMBINE_H

#include "ramp_likely.h"

/* Median over the integrations that are numbers, by rank; NaN when there is none. */
RP_FN vf32 rp_likely_median_rate(const rp_likely_params *prm, RP_G(const rp_u32) sci, rp_index p)
{
    vi32 n = rp_alli32(0);
    for (rp_u32 i = 0; i < prm->nints; i++)
        n = n + rp_alli32(1) + rp_isnan32(rp_load_f32_fits(sci, i * prm->stride + p));
    const vi32 low_rank = (n - rp_alli32(1)) >> 1, high_rank = n >> 1;
    vf32 low = rp_nan32(), high = low;
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const vf32 v = rp_load_f32_fits(sci, i * prm->stride + p);
        vi32 less = rp_alli32(0), equal = less;
        for (rp_u32 k = 0; k < prm->nints; k++) {
            const vf32 w = rp_load_f32_fits(sci, k * prm->stride + p);
            less = less - RP_M32(w < v);
            equal = equal - RP_M32(w == v);
        }
        low = rp_sel32(RP_M32(less <= low_rank) & RP_M32(less + equal > low_rank), v, low);
        high = rp_sel32(RP_M32(less <= high_rank) & RP_M32(less + equal > high_rank), v, high);
    }
    const vi32 is_odd = RP_M32((n & rp_alli32(1)) != rp_alli32(0));
    return rp_sel32(is_odd, low, (low + high) / rp_all32(2.0f));
}

/* Poisson variance of an integration as the present rate would have it; a ratio that makes no sense counts as 0. */
RP_FN vf32 rp_likely_scaled(vf32 rate, vf32 own, vf32 var_p)
{
    const vf32 ratio = rate / own, zero = rp_all32(0.0f);
    const vi32 exponent = rp_alli32(0x7f800000);
    const vi32 is_finite = RP_M32((rp_bits32(ratio) & exponent) != exponent);
    return var_p * rp_sel32(is_finite & ~RP_M32(ratio < zero), ratio, zero);
}

/* A sum that leaves NaN out, and is NaN when nothing else came. */
typedef struct rp_likely_total {
    vf32 sum;
    vi32 is_empty;
} rp_likely_total;

RP_FN rp_likely_total rp_likely_empty(void)
{
    rp_likely_total t;
    t.sum = rp_all32(0.0f);
    t.is_empty = rp_alli32(-1);
    return t;
}
RP_FN void rp_likely_add(rp_likely_total *t, vf32 v)
{
    const vi32 is_nan = rp_isnan32(v);
    t->sum = t->sum + rp_sel32(is_nan, rp_all32(0.0f), v);
    t->is_empty = t->is_empty & is_nan;
}
RP_FN vf32 rp_likely_value_of(const rp_likely_total *t)
{
    return rp_sel32(t->is_empty, rp_nan32(), t->sum);
}

typedef struct rp_likely_exposure {
    vf32 rate, var_p, var_r;
} rp_likely_exposure;

/* One round of weighting: integrations by the inverse of their variances at the present rate. */
RP_FN rp_likely_exposure rp_likely_weigh(const rp_likely_params *prm, RP_G(const rp_u32) sci, RP_G(const rp_u32) var_p,
                                         RP_G(const rp_u32) var_r, vf32 rate, rp_index p)
{
    const vf32 one = rp_all32(1.0f);
    rp_likely_total weights = rp_likely_empty(), rates = weights, photons = weights, reads = weights;
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index at = (rp_index)i * prm->stride + p;
        const vf32 vp = rp_likely_scaled(rate, rp_load_f32_fits(sci, at), rp_load_f32_fits(var_p, at));
        rp_likely_add(&weights, one / (vp + rp_load_f32_fits(var_r, at)));
    }
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index at = (rp_index)i * prm->stride + p;
        const vf32 own = rp_load_f32_fits(sci, at), vr = rp_load_f32_fits(var_r, at);
        const vf32 vp = rp_likely_scaled(rate, own, rp_load_f32_fits(var_p, at));
        const vf32 weight = one / (vp + vr) / weights.sum;
        rp_likely_add(&rates, own * weight);
        rp_likely_add(&photons, vp * (weight * weight));
        rp_likely_add(&reads, vr * (weight * weight));
    }
    rp_likely_exposure e;
    e.rate = rp_likely_value_of(&rates);
    e.var_p = rp_likely_value_of(&photons);
    e.var_r = rp_likely_value_of(&reads);
    return e;
}

RP_FN void rp_likely_put(RP_G(rp_u32) words, rp_index p, vf32 v)
{
    rp_store_f32_fits(words, p, rp_sel32(rp_isnan32(v), rp_nan32(), v));
}

/* Flags: SATURATED and JUMP_DET of any integration, DO_NOT_USE only when all of them have it. */
RP_FN void rp_likely_combine_dq(const rp_likely_params *prm, RP_G(const double) work, RP_G(const rp_u32) pixeldq,
                                RP_G(rp_u32) dq_int, RP_G(rp_u32) dq, rp_index p)
{
    RP_G(const rp_u8) status = (RP_G(const rp_u8))(work + prm->status_offset);
    const vu32 own = rp_load_u32(pixeldq, p);
    vu32 any = rp_allu32(0), all = rp_allu32(0xffffffffu);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index at = (rp_index)i * prm->stride + p;
        const vu32 flags = own | rp_u32_of_i32(rp_ols_load_u8(status, at));
        rp_store_u32_fits(dq_int, at, flags);
        any = any | flags;
        all = all & flags;
    }
    rp_store_u32_fits(dq, p, (any & rp_allu32(~RP_DQ_DO_NOT_USE)) | (all & rp_allu32(RP_DQ_DO_NOT_USE)));
}

/*   Given     work (status), pixeldq, results of the integrations
 *   Returned  dq of the integrations; results of the exposure: those of its only integration, or the weighted mean after
 *             two rounds that start from the median */
RP_FN void rp_likely_combine(const rp_likely_params *prm, RP_G(const double) work, RP_G(const rp_u32) pixeldq,
                             RP_G(const rp_u32) sci_int, RP_G(const rp_u32) err_int, RP_G(const rp_u32) var_p_int,
                             RP_G(const rp_u32) var_r_int, RP_G(rp_u32) dq_int, RP_G(rp_u32) sci, RP_G(rp_u32) err,
                             RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) dq, rp_index p)
{
    rp_likely_combine_dq(prm, work, pixeldq, dq_int, dq, p);
    if (prm->nints == 1) {
        rp_store_u32(sci, p, rp_load_u32(sci_int, p));
        rp_store_u32(err, p, rp_load_u32(err_int, p));
        rp_store_u32(var_p, p, rp_load_u32(var_p_int, p));
        rp_store_u32(var_r, p, rp_load_u32(var_r_int, p));
        return;
    }
    rp_likely_exposure e;
    e.rate = rp_likely_median_rate(prm, sci_int, p);
    for (int round = 0; round < 2; round++)
        e = rp_likely_weigh(prm, sci_int, var_p_int, var_r_int, e.rate, p);
    rp_likely_put(sci, p, e.rate);
    rp_likely_put(err, p, rp_sqrt32(e.var_p + e.var_r));
    rp_likely_put(var_p, p, e.var_p);
    rp_likely_put(var_r, p, e.var_r);
}

#endif
