/* Medians of doubles in lanes: a sorting network for few values, a selection by pivots for many. */
#ifndef RP_RAMP_OLS_SORT_H
#define RP_RAMP_OLS_SORT_H

#include "ramp_ols_source.h"

#define RP_OLS_SORTED 16

/* Batcher's odd-even merge sort of 16; comparators that reach beyond n fall away. */
#define RP_OLS_COMPARATORS(X)                                                                                          \
    X(0, 1) X(2, 3) X(4, 5) X(6, 7) X(8, 9) X(10, 11) X(12, 13) X(14, 15)                                              \
    X(0, 2) X(1, 3) X(4, 6) X(5, 7) X(8, 10) X(9, 11) X(12, 14) X(13, 15)                                              \
    X(1, 2) X(5, 6) X(9, 10) X(13, 14)                                                                                 \
    X(0, 4) X(1, 5) X(2, 6) X(3, 7) X(8, 12) X(9, 13) X(10, 14) X(11, 15)                                              \
    X(2, 4) X(3, 5) X(10, 12) X(11, 13)                                                                                \
    X(1, 2) X(3, 4) X(5, 6) X(9, 10) X(11, 12) X(13, 14)                                                               \
    X(0, 8) X(1, 9) X(2, 10) X(3, 11) X(4, 12) X(5, 13) X(6, 14) X(7, 15)                                              \
    X(4, 8) X(5, 9) X(6, 10) X(7, 11)                                                                                  \
    X(2, 4) X(3, 5) X(6, 8) X(7, 9) X(10, 12) X(11, 13)                                                                \
    X(1, 2) X(3, 4) X(5, 6) X(7, 8) X(9, 10) X(11, 12) X(13, 14)

/* Sorts v[0..n-1], n <= 16; NaN is not allowed. */
RP_FN void rp_ols_sort(vf64 *v, int n)
{
#define RP_OLS_COMPARE(i, j)                                                                                           \
    if (j < n) {                                                                                                       \
        const vf64 low = rp_ols_min(v[i], v[j]);                                                                       \
        v[j] = rp_ols_max(v[i], v[j]);                                                                                 \
        v[i] = low;                                                                                                    \
    }
    RP_OLS_COMPARATORS(RP_OLS_COMPARE)
#undef RP_OLS_COMPARE
}

/* The same with n known at run time only. */
RP_OLS_PART void rp_ols_sort_some(vf64 *v, int n)
{
    rp_ols_sort(v, n);
}

/* ------------------------------------------------------------------ rates between neighbouring groups */
/* Where rates come from: the groups [start, start + n] of a source, without flags when `is_clean`. */
typedef struct rp_ols_rates {
    rp_u32 start, n;
    int is_clean, is_kept;
    vf64 v[RP_OLS_KEPT];
} rp_ols_rates;

/* DN/s since reset; NaN for a group that is not to be used. */
RP_FN vf64 rp_ols_level(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                        const rp_ols_source *src, int is_clean, rp_u32 k, vi32 *jump)
{
    if (is_clean) {
        *jump = rp_alli32(0);
        return rp_ols_quotient(rp_ols_wide(rp_load_f32(data, src->at[0] + k * prm->stride)), prm->group_time_s,
                               prm->inverse_time);
    }
    const vi32 q = rp_ols_flags(prm, groupdq, src, k);
    const vf64 x = rp_ols_wide(rp_ols_value(prm, data, src, q, k));
    *jump = rp_ols_has(q, RP_DQ_JUMP_DET);
    const vf64 level = rp_ols_quotient(x, prm->group_time_s, prm->inverse_time);
    const vi64 is_infinite = RP_M64(rp_fabs64(x) == rp_from_bits64(rp_alli64(0x7ff0000000000000)));
    return rp_sel64(rp_m64(rp_ols_has(q, RP_DQ_DO_NOT_USE)), rp_nan64(), rp_sel64(is_infinite, x, level));
}

/* Rate from group k-1 (whose level is *level) to group k. */
RP_FN vf64 rp_ols_step(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                       const rp_ols_source *src, int is_clean, rp_u32 k, vf64 *level)
{
    vi32 jump;
    const vf64 now = rp_ols_level(prm, data, groupdq, src, is_clean, k, &jump);
    const vf64 rate = now - *level;
    *level = now;
    return is_clean ? rate : rp_sel64(rp_m64(jump), rp_nan64(), rate);
}

/* Keeps the rates in private memory if they are few. */
RP_FN void rp_ols_keep_rates(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                             const rp_ols_source *src, rp_ols_rates *rates)
{
    rates->is_kept = RP_OLS_KEPT > 1 && rates->n <= RP_OLS_KEPT;
    if (!rates->is_kept)
        return;
    vi32 unused;
    vf64 level = rp_ols_level(prm, data, groupdq, src, rates->is_clean, rates->start, &unused);
    for (rp_u32 k = 0; k < rates->n; k++)
        rates->v[k] = rp_ols_step(prm, data, groupdq, src, rates->is_clean, rates->start + k + 1, &level);
}

/* What one look at all rates tells about a pivot. */
typedef struct rp_ols_split {
    vi64 count;        /* rates <= pivot */
    vf64 below, above; /* the largest of them, and the smallest of the others */
} rp_ols_split;

RP_FN void rp_ols_split_one(rp_ols_split *s, vf64 v, vf64 pivot)
{
    const vi64 is_low = RP_M64(v <= pivot), is_high = RP_M64(v > pivot);
    s->count = s->count - is_low;
    s->below = rp_sel64(is_low & RP_M64(v > s->below), v, s->below);
    s->above = rp_sel64(is_high & RP_M64(v < s->above), v, s->above);
}

RP_FN void rp_ols_split_all(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                            const rp_ols_source *src, const rp_ols_rates *rates, vf64 pivot, rp_ols_split *s)
{
    const vf64 infinity = rp_from_bits64(rp_alli64(0x7ff0000000000000));
    s->count = rp_alli64(0);
    s->below = -infinity;
    s->above = infinity;
    if (rates->is_kept) {
        for (rp_u32 k = 0; k < rates->n; k++)
            rp_ols_split_one(s, rates->v[k], pivot);
        return;
    }
    vi32 unused;
    vf64 level = rp_ols_level(prm, data, groupdq, src, rates->is_clean, rates->start, &unused);
    for (rp_u32 k = 0; k < rates->n; k++)
        rp_ols_split_one(s, rp_ols_step(prm, data, groupdq, src, rates->is_clean, rates->start + k + 1, &level), pivot);
}

/* Median of the rates that are numbers; *count receives how many.  NaN when there are none.
 * Bounds [low, high] on the wanted value shrink with every look; the pivot is interpolated between the ranks of the
 * bounds, and halved every third time. */
RP_OLS_PART vf64 rp_ols_select(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                         const rp_ols_source *src, const rp_ols_rates *rates, vi64 *count)
{
    const vf64 infinity = rp_from_bits64(rp_alli64(0x7ff0000000000000)), middle = rp_all64(0.5);
    const vi64 one = rp_alli64(1);
    rp_ols_split s;
    rp_ols_split_all(prm, data, groupdq, src, rates, infinity, &s);
    const vi64 n = s.count, rank = (n - one) >> 1;
    vf64 high = s.below, found = rp_nan64();
    rp_ols_split_all(prm, data, groupdq, src, rates, -infinity, &s);
    vf64 low = rp_sel64(RP_M64(s.count > rp_alli64(0)), -infinity, s.above);
    vi64 n_low = rp_alli64(0), n_high = n, open = RP_M64(n > rp_alli64(0));
    for (int turn = 0; rp_any64(open); turn++) {
        const vi64 is_flat = open & RP_M64(low == high);
        found = rp_sel64(is_flat, low, found);
        open = open & ~is_flat;
        const vf64 part = rp_f64_of_i32(rp_i32_of_i64(rank - n_low)) + middle;
        const vf64 whole = rp_f64_of_i32(rp_i32_of_i64(n_high - n_low));
        vf64 pivot = low + (high - low) * (turn % 3 == 2 ? middle : part / whole);
        pivot = rp_sel64(RP_M64(pivot >= low) & RP_M64(pivot < high), pivot, low);
        rp_ols_split_all(prm, data, groupdq, src, rates, pivot, &s);
        const vi64 is_above = RP_M64(s.count <= rank); /* the wanted one is above the pivot */
        const vi64 hit_above = open & RP_M64(s.count == rank), hit_below = open & RP_M64(s.count == rank + one);
        found = rp_sel64(hit_above, s.above, rp_sel64(hit_below, s.below, found));
        open = open & ~(hit_above | hit_below);
        low = rp_sel64(open & is_above, s.above, low);
        n_low = rp_seli64(open & is_above, s.count, n_low);
        high = rp_sel64(open & ~is_above, s.below, high);
        n_high = rp_seli64(open & ~is_above, s.count, n_high);
    }
    *count = n;
    const vi64 is_even = RP_M64((n & one) == rp_alli64(0)) & RP_M64(n > rp_alli64(0));
    if (rp_any64(is_even)) { /* mean with the next larger one */
        rp_ols_split_all(prm, data, groupdq, src, rates, found, &s);
        const vf64 next = rp_sel64(RP_M64(s.count > rank + one), found, s.above);
        found = rp_sel64(is_even, (next + found) / rp_all64(2.0), found);
    }
    return found;
}

#endif
