/* Count rates by likelihood: the search for jumps, and the kernel that fits all integrations of a pixel. */
#ifndef RP_RAMP_LIKELY_JUMPS_H
#define RP_RAMP_LIKELY_JUMPS_H

#include "ramp_likely.h"

/* a > b ? a : b, NaN if either is. */
RP_FN vf64 rp_likely_max(vf64 a, vf64 b)
{
    return rp_sel64(rp_isnan64(a) | RP_M64(a > b), a, b);
}

/* ------------------------------------------------------------------ differences and their median */
/* GROUPDQ of group g of one integration; with a zero frame, group 0 stands for two. */
RP_FN vi32 rp_likely_flags(const rp_likely_params *prm, RP_G(const rp_u8) groupdq, rp_index at, rp_u32 g)
{
    const rp_u32 k = prm->has_zeroframe && g > 0 ? g - 1 : g;
    const vi32 q = rp_ols_load_u8(groupdq, at + k * prm->stride);
    return (rp_i32)k < prm->from || (rp_i32)k > prm->to ? q | rp_alli32(RP_DQ_DO_NOT_USE) : q;
}

/* Value of group g; the reads behind the zero frame are what is left of group 0. */
RP_FN vf32 rp_likely_value(const rp_likely_params *prm, RP_G(const float) data, RP_G(const float) zeroframe,
                           rp_index at, rp_index zero_at, rp_u32 g)
{
    if (!prm->has_zeroframe)
        return rp_load_f32(data, at + g * prm->stride);
    const vf32 zero = rp_load_f32(zeroframe, zero_at);
    if (g == 0)
        return zero;
    const vf32 x = rp_load_f32(data, at + (g - 1) * prm->stride);
    return g > 1 ? x : (x * rp_all32(prm->nframes) - zero) / rp_all32(prm->nframes - 1.0f);
}

/* Fills the differences and which of them are in use; the flags of the integration for *status. */
RP_FN void rp_likely_load(const rp_likely_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                          RP_G(const float) zeroframe, const rp_likely_ramp *r, rp_u32 integration, vi32 *status)
{
    const rp_index at = (rp_index)integration * prm->ngroups * prm->stride + r->p;
    const rp_index zero_at = (rp_index)integration * prm->stride + r->p;
    vi32 q = rp_likely_flags(prm, groupdq, at, 0), any = q;
    vi32 unusable = rp_ols_has(q, RP_DQ_SATURATED | RP_DQ_DO_NOT_USE);
    vf32 x = rp_likely_value(prm, data, zeroframe, at, zero_at, 0);
    for (rp_u32 k = 0; k < prm->ndiffs; k++) {
        const vi32 q1 = rp_likely_flags(prm, groupdq, at, k + 1);
        const vf32 x1 = rp_likely_value(prm, data, zeroframe, at, zero_at, k + 1);
        const vi64 in_use = rp_m64(RP_M32((q | q1) == rp_alli32(0)));
        rp_likely_set(prm, r, RP_LIKELY_D, k, rp_f64_of_f32(x1 - x) / rp_likely_row(prm, r, RP_LIKELY_DELTA, k));
        rp_likely_set(prm, r, RP_LIKELY_MASK, k, rp_sel64(in_use, rp_all64(1.0), rp_all64(0.0)));
        unusable = unusable & rp_ols_has(q1, RP_DQ_SATURATED | RP_DQ_DO_NOT_USE);
        any = any | q1;
        q = q1;
        x = x1;
    }
    *status = (unusable & rp_alli32(RP_DQ_DO_NOT_USE)) | (any & rp_alli32(RP_DQ_SATURATED | RP_DQ_JUMP_DET));
}

/* Median of all differences, in use or not, by rank; NaN if one of them is. */
RP_FN vf64 rp_likely_median(const rp_likely_params *prm, const rp_likely_ramp *r)
{
    const vi64 low_rank = rp_alli64((prm->ndiffs - 1) / 2), high_rank = rp_alli64(prm->ndiffs / 2);
    vf64 low = rp_all64(0.0), high = low;
    vi64 is_nan = rp_alli64(0);
    for (rp_u32 i = 0; i < prm->ndiffs; i++) {
        const vf64 v = rp_likely_get(prm, r, RP_LIKELY_D, i);
        vi64 less = rp_alli64(0), equal = less;
        for (rp_u32 k = 0; k < prm->ndiffs; k++) {
            const vf64 w = rp_likely_get(prm, r, RP_LIKELY_D, k);
            less = less - RP_M64(w < v);
            equal = equal - RP_M64(w == v);
        }
        low = rp_sel64(RP_M64(less <= low_rank) & RP_M64(less + equal > low_rank), v, low);
        high = rp_sel64(RP_M64(less <= high_rank) & RP_M64(less + equal > high_rank), v, high);
        is_nan = is_nan | rp_isnan64(v);
    }
    const vf64 median = prm->ndiffs % 2 ? low : (low + high) / rp_all64(2.0);
    return rp_sel64(is_nan, rp_nan64(), median);
}

/* ------------------------------------------------------------------ chi-square without some differences */
/* Rate and chi-square with a free amplitude at difference k; paper II, section 3.1. */
RP_FN vf64 rp_likely_without_one(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_sums *s,
                                 vf64 scale, rp_u32 k, vf64 *rate)
{
    const vf64 two = rp_all64(2.0);
    const vf64 dc = rp_likely_get(prm, r, RP_LIKELY_BIG, k), db = rp_likely_get(prm, r, RP_LIKELY_DB, k);
    const vf64 diagonal = rp_likely_get(prm, r, RP_LIKELY_DIAGONAL, k);
    const vf64 a = (diagonal * s->b - db * dc) / (s->c * diagonal - dc * dc);
    const vf64 b = (db - a * dc) / diagonal;
    *rate = a;
    return (s->a + a * a * s->c - two * a * s->b + b * b * diagonal - two * b * db + two * a * b * dc) / scale;
}

/* The same with two amplitudes, at k and k + 1; section 3.2. */
RP_FN vf64 rp_likely_without_two(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_sums *s,
                                 vf64 scale, rp_u32 k, vf64 *rate)
{
    const vf64 two = rp_all64(2.0);
    const vf64 dc0 = rp_likely_get(prm, r, RP_LIKELY_BIG, k), dc1 = rp_likely_get(prm, r, RP_LIKELY_BIG, k + 1);
    const vf64 db0 = rp_likely_get(prm, r, RP_LIKELY_DB, k), db1 = rp_likely_get(prm, r, RP_LIKELY_DB, k + 1);
    const vf64 v0 = rp_likely_get(prm, r, RP_LIKELY_DIAGONAL, k), v1 = rp_likely_get(prm, r, RP_LIKELY_DIAGONAL, k + 1);
    const vf64 beside = rp_likely_get(prm, r, RP_LIKELY_BESIDE, k);
    const vf64 own = dc0 * dc0 - s->c * v0, cross = dc0 * dc1 - s->c * beside, known = s->b * dc0 - db0 * s->c;
    vf64 c = known / own - (s->b * dc1 - db1 * s->c) / cross;
    c = c / (cross / own - (dc1 * dc1 - s->c * v1) / cross);
    const vf64 b = (known - c * cross) / own;
    const vf64 a = (s->b - b * dc0 - c * dc1) / s->c;
    *rate = a;
    vf64 chisq = s->a + a * a * s->c + b * b * v0 + c * c * v1;
    chisq = chisq - (two * a * s->b + two * b * db0 + two * c * db1);
    chisq = chisq + (two * a * b * dc0 + two * a * c * dc1 + two * b * c * beside);
    return chisq / scale;
}

/* Gains in chi-square and rates for every difference and pair, into scratch.  A difference that is out already gains
 * nothing; a pair with such a member gains what the other one does. */
RP_FN void rp_likely_try_all(const rp_likely_params *prm, const rp_likely_ramp *r, const rp_likely_model *m,
                             const rp_likely_sums *s, vf64 *best_one, vf64 *best_two)
{
    const vf64 chisq = rp_likely_chisq(s, m->scale), rate = s->b * (rp_all64(1.0) / s->c), zero = rp_all64(0.0);
    vf64 before = zero, rate_before = zero;
    vi64 out_before = rp_alli64(0);
    for (rp_u32 k = 0; k < prm->ndiffs; k++) {
        const vi64 is_out = RP_M64(rp_likely_get(prm, r, RP_LIKELY_MASK, k) == zero);
        vf64 own;
        vf64 one = rp_likely_without_one(prm, r, s, m->scale, k, &own);
        one = rp_sel64(is_out, chisq, one);
        own = rp_sel64(is_out, rate, own);
        rp_likely_set(prm, r, RP_LIKELY_THETA, k, chisq - one);
        rp_likely_set(prm, r, RP_LIKELY_RATE_ONE, k, own);
        *best_one = k == 0 ? chisq - one : rp_likely_max(*best_one, chisq - one);
        if (k > 0) {
            vf64 both;
            vf64 two = rp_likely_without_two(prm, r, s, m->scale, k - 1, &both);
            two = rp_sel64(out_before, one, rp_sel64(is_out, before, two));
            both = rp_sel64(out_before, own, rp_sel64(is_out, rate_before, both));
            rp_likely_set(prm, r, RP_LIKELY_BIG_D, k - 1, chisq - two);
            rp_likely_set(prm, r, RP_LIKELY_RATE_TWO, k - 1, both);
            const vf64 allowed = (chisq - two) * rp_likely_row(prm, r, RP_LIKELY_PAIR_OK, k - 1);
            *best_two = k == 1 ? allowed : rp_likely_max(*best_two, allowed);
        }
        before = one;
        rate_before = own;
        out_before = is_out;
    }
}

/* Drops the best difference or pair of the lanes in `open` where it gains enough; -1 where something was dropped.
 * *rate takes the rate without it, *left receives how many differences are still in use. */
RP_FN vi64 rp_likely_drop(const rp_likely_params *prm, const rp_likely_ramp *r, vi64 open, vf64 best_one, vf64 best_two,
                          vf64 *rate, vf64 *left)
{
    const vf64 zero = rp_all64(0.0), one = rp_all64(1.0), t1 = rp_all64(prm->threshold_one), t2 = rp_all64(prm->threshold_two);
    const vi64 prefers_one = RP_M64(best_one - t1 > best_two - t2);
    vf64 best = best_one * rp_sel64(RP_M64(best_one > t1) & prefers_one, one, zero) +
                best_two * rp_sel64(RP_M64(best_two > t2) & ~prefers_one, one, zero);
    best = rp_sel64(RP_M64(best == zero), rp_nan64(), best);
    vf64 sum_one = zero, sum_two = zero;
    vi64 any_one = rp_alli64(0), any_two = any_one, pair_before = any_one;
    *left = zero;
    for (rp_u32 k = 0; k < prm->ndiffs; k++) {
        const vi64 single = RP_M64(rp_likely_get(prm, r, RP_LIKELY_THETA, k) == best) & prefers_one;
        vi64 pair = rp_alli64(0);
        if (k + 1 < prm->ndiffs) {
            pair = RP_M64(rp_likely_get(prm, r, RP_LIKELY_BIG_D, k) == best) & ~prefers_one;
            sum_two = sum_two + rp_likely_get(prm, r, RP_LIKELY_RATE_TWO, k) * rp_sel64(pair, one, zero);
        }
        sum_one = sum_one + rp_likely_get(prm, r, RP_LIKELY_RATE_ONE, k) * rp_sel64(single, one, zero);
        const vf64 mask = rp_likely_get(prm, r, RP_LIKELY_MASK, k);
        const vf64 now = rp_sel64(open & (single | pair | pair_before), zero, mask);
        rp_likely_set(prm, r, RP_LIKELY_MASK, k, now);
        *left = *left + now;
        any_one = any_one | single;
        any_two = any_two | pair;
        pair_before = pair;
    }
    const vi64 dropped = open & (any_one | any_two);
    *rate = rp_sel64(open, *rate * rp_sel64(dropped, zero, one) + rp_sel64(any_two, sum_two, rp_sel64(any_one, sum_one, zero)),
                     *rate);
    return dropped;
}

/* Searches one integration for jumps; -1 where one was found.  *rate: best rate so far.  Stops for a pixel with nothing
 * left to drop, or three differences or fewer. */
RP_FN vi64 rp_likely_search(const rp_likely_params *prm, const rp_likely_ramp *r, vf64 *rate)
{
    vf64 guess = rp_likely_median(prm, r);
    guess = guess * rp_sel64(RP_M64(guess > rp_all64(0.0)), rp_all64(1.0), rp_all64(0.0));
    vi64 open = rp_alli64(-1), found = rp_alli64(0);
    for (rp_u32 turn = 0; turn < prm->ndiffs && rp_any64(open); turn++) {
        rp_likely_model m;
        vf64 best_one = rp_all64(0.0), best_two = best_one, left;
        const rp_likely_sums s = rp_likely_solve(prm, r, guess, &m);
        if (turn == 0)
            *rate = s.b * (rp_all64(1.0) / s.c);
        rp_likely_try_all(prm, r, &m, &s, &best_one, &best_two);
        const vi64 dropped = rp_likely_drop(prm, r, open, best_one, best_two, rate, &left);
        found = found | dropped;
        open = dropped & RP_M64(left > rp_all64(3.0));
    }
    return found;
}

/* ------------------------------------------------------------------ the kernel
 *   Given     data, groupdq [nints * ngroups][stride], zeroframe or null, table, work
 *   Returned  results of every integration, FITS float32; status in work; chi-square of the exposure, or null */
RP_FN void rp_likely_fit(const rp_likely_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                         RP_G(const float) zeroframe, RP_G(const double) table, RP_G(double) work, RP_G(rp_u32) sci,
                         RP_G(rp_u32) err, RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) chisq, rp_index p)
{
    RP_G(rp_u8) status = (RP_G(rp_u8))(work + prm->status_offset);
    rp_likely_ramp r;
    r.s = work + RP_LIKELY_WORK * prm->stride;
    r.table = table;
    r.p = p;
    r.gain = rp_ols_load(work, RP_LIKELY_GAIN * prm->stride + p);
    r.noise = rp_ols_load(work, RP_LIKELY_NOISE * prm->stride + p);
    r.dark = rp_ols_load(work, RP_LIKELY_DARK * prm->stride + p);
    vf32 total = rp_all32(0.0f);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index at = (rp_index)i * prm->stride + p;
        rp_likely_model m;
        vi32 flags;
        vf64 rate = rp_all64(0.0);
        rp_likely_load(prm, data, groupdq, zeroframe, &r, i, &flags);
        const vi64 found = rp_likely_search(prm, &r, &rate);
        const vf64 positive = rate * rp_sel64(RP_M64(rate > rp_all64(0.0)), rp_all64(1.0), rp_all64(0.0));
        const rp_likely_sums s = rp_likely_solve(prm, &r, positive + r.dark, &m);
        const rp_likely_result out = rp_likely_finish(prm, &r, &m, &s);
        rp_store_u32(sci, at, rp_ols_word(out.rate));
        rp_store_u32(err, at, rp_ols_word(out.error));
        rp_store_u32(var_p, at, rp_ols_word(out.var_p));
        rp_store_u32(var_r, at, rp_ols_word(out.var_r));
        rp_store_u8(status, at, flags | (rp_m32(found) & rp_alli32(RP_DQ_JUMP_DET)));
        total = i == 0 ? rp_f32_of_f64(out.chisq) : total + rp_f32_of_f64(out.chisq);
    }
    if (prm->want_chisq)
        rp_store_f32_fits(chisq, p, rp_sel32(rp_isnan32(total), rp_nan32(), total));
}

#endif
