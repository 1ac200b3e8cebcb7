/* Medians in every lane: sorting networks for a handful of values, selection by counting for many.
 *
 *   rp_sort_few       sorts v[0..n-1], n up to RP_MAX_FEW: 2..16 with the shortest networks known, more (host only)
 *                     with Batcher's merge exchange
 *   rp_column_*       work on a column: element k of pixel p lies at column[k * RP_TILE], RP_TILE pixels side by side
 *   rp_column_select  value of a given rank and the one after it, by bisection on the value: no copy, few registers
 *
 * NaN counts as absent: networks want it replaced by infinity, selection skips it.
 *   Source    Batcher (1968), Green (1969), Dobbelaere's list of networks; all proved by the 0-1 principle in the tests
 */
#ifndef RP_MEDIAN_H
#define RP_MEDIAN_H

#include "dialect.h"

#define RP_TILE 16
#ifdef RP_DIALECT_CL
#define RP_MAX_FEW 16
#else
#define RP_MAX_FEW 128
#endif

/* Loops over a few values: on a device they are registers, so that the number must be a constant and the loop
 * unrolled; on the host they lie in the first cache, and one loop serves every number. */
#ifdef RP_DIALECT_CL
#define RP_UNROLL _Pragma("unroll")
#else
#define RP_UNROLL
#endif

/* A function that only rare pixels need: not copied into every caller. */
#ifdef RP_DIALECT_CL
#define RP_FN_RARE static
#else
#define RP_FN_RARE static __attribute__((noinline, unused))
#endif

/* clang-format off */
#define RP_NETWORK_2(X) X(0, 1)
#define RP_NETWORK_3(X) X(0, 2) X(0, 1) X(1, 2)
#define RP_NETWORK_4(X) X(0, 2) X(1, 3) X(0, 1) X(2, 3) X(1, 2)
#define RP_NETWORK_5(X) X(0, 4) X(0, 2) X(1, 3) X(2, 4) X(0, 1) X(2, 3) X(1, 4) X(1, 2) X(3, 4)
#define RP_NETWORK_6(X) X(0, 4) X(1, 5) X(0, 2) X(1, 3) X(2, 4) X(3, 5) X(0, 1) X(2, 3) X(4, 5) X(1, 4) X(1, 2) \
    X(3, 4)
#define RP_NETWORK_7(X) X(0, 4) X(1, 5) X(2, 6) X(0, 2) X(1, 3) X(4, 6) X(2, 4) X(3, 5) X(0, 1) X(2, 3) X(4, 5) \
    X(1, 4) X(3, 6) X(1, 2) X(3, 4) X(5, 6)
#define RP_NETWORK_8(X) X(0, 4) X(1, 5) X(2, 6) X(3, 7) X(0, 2) X(1, 3) X(4, 6) X(5, 7) X(2, 4) X(3, 5) X(0, 1) \
    X(2, 3) X(4, 5) X(6, 7) X(1, 4) X(3, 6) X(1, 2) X(3, 4) X(5, 6)
#define RP_NETWORK_9(X) X(0, 3) X(1, 7) X(2, 5) X(4, 8) X(0, 7) X(2, 4) X(3, 8) X(5, 6) X(0, 2) X(1, 3) X(4, 5) \
    X(7, 8) X(1, 4) X(3, 6) X(5, 7) X(0, 1) X(2, 4) X(3, 5) X(6, 8) X(2, 3) X(4, 5) X(6, 7) X(1, 2) X(3, 4) X(5, 6)
#define RP_NETWORK_10(X) X(0, 8) X(1, 9) X(2, 7) X(3, 5) X(4, 6) X(0, 2) X(1, 4) X(5, 8) X(7, 9) X(0, 3) X(2, 4) \
    X(5, 7) X(6, 9) X(0, 1) X(3, 6) X(8, 9) X(1, 5) X(2, 3) X(4, 8) X(6, 7) X(1, 2) X(3, 5) X(4, 6) X(7, 8) X(2, 3) \
    X(4, 5) X(6, 7) X(3, 4) X(5, 6)
#define RP_NETWORK_11(X) X(0, 8) X(1, 7) X(2, 6) X(4, 10) X(5, 9) X(0, 1) X(2, 5) X(3, 4) X(6, 9) X(7, 8) X(0, 2) \
    X(1, 6) X(5, 10) X(0, 3) X(1, 2) X(4, 6) X(5, 7) X(9, 10) X(1, 4) X(3, 5) X(6, 8) X(7, 10) X(1, 3) X(2, 5) \
    X(6, 9) X(8, 10) X(2, 3) X(4, 5) X(6, 7) X(8, 9) X(4, 6) X(5, 7) X(3, 4) X(5, 6) X(7, 8)
#define RP_NETWORK_12(X) X(0, 8) X(1, 7) X(2, 6) X(3, 11) X(4, 10) X(5, 9) X(0, 1) X(2, 5) X(3, 4) X(6, 9) X(7, 8) \
    X(10, 11) X(0, 2) X(1, 6) X(5, 10) X(9, 11) X(0, 3) X(1, 2) X(4, 6) X(5, 7) X(8, 11) X(9, 10) X(1, 4) X(3, 5) \
    X(6, 8) X(7, 10) X(1, 3) X(2, 5) X(6, 9) X(8, 10) X(2, 3) X(4, 5) X(6, 7) X(8, 9) X(4, 6) X(5, 7) X(3, 4) \
    X(5, 6) X(7, 8)
#define RP_NETWORK_13(X) X(0, 1) X(2, 3) X(4, 5) X(6, 7) X(8, 9) X(10, 11) X(0, 2) X(1, 3) X(4, 6) X(5, 7) X(8, 10) \
    X(9, 11) X(0, 4) X(1, 5) X(2, 6) X(3, 7) X(8, 12) X(0, 8) X(1, 9) X(2, 10) X(3, 11) X(4, 12) X(5, 10) X(6, 9) \
    X(3, 12) X(4, 8) X(7, 11) X(1, 2) X(1, 4) X(2, 8) X(2, 4) X(5, 6) X(9, 10) X(3, 8) X(7, 12) X(6, 8) X(10, 12) \
    X(3, 5) X(7, 9) X(3, 4) X(5, 6) X(7, 8) X(9, 10) X(11, 12) X(6, 7) X(8, 9)
#define RP_NETWORK_14(X) X(0, 1) X(2, 3) X(4, 5) X(6, 7) X(8, 9) X(10, 11) X(12, 13) X(0, 2) X(1, 3) X(4, 6) X(5, 7) \
    X(8, 10) X(9, 11) X(0, 4) X(1, 5) X(2, 6) X(3, 7) X(8, 12) X(9, 13) X(0, 8) X(1, 9) X(2, 10) X(3, 11) X(4, 12) \
    X(5, 13) X(5, 10) X(6, 9) X(3, 12) X(4, 8) X(7, 11) X(1, 2) X(1, 4) X(7, 13) X(2, 8) X(2, 4) X(5, 6) X(9, 10) \
    X(11, 13) X(3, 8) X(7, 12) X(6, 8) X(10, 12) X(3, 5) X(7, 9) X(3, 4) X(5, 6) X(7, 8) X(9, 10) X(11, 12) X(6, 7) \
    X(8, 9)
#define RP_NETWORK_15(X) X(0, 1) X(2, 3) X(4, 5) X(6, 7) X(8, 9) X(10, 11) X(12, 13) X(0, 2) X(1, 3) X(4, 6) X(5, 7) \
    X(8, 10) X(9, 11) X(12, 14) X(0, 4) X(1, 5) X(2, 6) X(3, 7) X(8, 12) X(9, 13) X(10, 14) X(0, 8) X(1, 9) X(2, 10) \
    X(3, 11) X(4, 12) X(5, 13) X(6, 14) X(5, 10) X(6, 9) X(3, 12) X(13, 14) X(4, 8) X(7, 11) X(1, 2) X(1, 4) \
    X(7, 13) X(2, 8) X(11, 14) X(2, 4) X(5, 6) X(9, 10) X(11, 13) X(3, 8) X(7, 12) X(6, 8) X(10, 12) X(3, 5) X(7, 9) \
    X(3, 4) X(5, 6) X(7, 8) X(9, 10) X(11, 12) X(6, 7) X(8, 9)
#define RP_NETWORK_16(X) X(0, 1) X(2, 3) X(4, 5) X(6, 7) X(8, 9) X(10, 11) X(12, 13) X(14, 15) X(0, 2) X(1, 3) \
    X(4, 6) X(5, 7) X(8, 10) X(9, 11) X(12, 14) X(13, 15) X(0, 4) X(1, 5) X(2, 6) X(3, 7) X(8, 12) X(9, 13) \
    X(10, 14) X(11, 15) X(0, 8) X(1, 9) X(2, 10) X(3, 11) X(4, 12) X(5, 13) X(6, 14) X(7, 15) X(5, 10) X(6, 9) \
    X(3, 12) X(13, 14) X(4, 8) X(7, 11) X(1, 2) X(1, 4) X(7, 13) X(2, 8) X(11, 14) X(2, 4) X(5, 6) X(9, 10) \
    X(11, 13) X(3, 8) X(7, 12) X(6, 8) X(10, 12) X(3, 5) X(7, 9) X(3, 4) X(5, 6) X(7, 8) X(9, 10) X(11, 12) X(6, 7) \
    X(8, 9)
/* clang-format on */

#define RP_EXCHANGE(i, j)                       \
    {                                           \
        const vf32 low_ = rp_min32(v[i], v[j]); \
        v[j] = rp_max32(v[i], v[j]);            \
        v[i] = low_;                            \
    }
#define RP_SORT_CASE(n) \
    case n:             \
        RP_NETWORK_##n(RP_EXCHANGE) break;

#ifndef RP_DIALECT_CL
/* Merge exchange (Knuth, algorithm 5.2.2 M): a network for any number. */
RP_FN void rp_merge_exchange(vf32 *v, int n)
{
    int top = 1;
    while (2 * top < n)
        top *= 2;
    for (int p = top; p > 0; p /= 2)
        for (int q = top, r = 0, distance = p;; distance = q - p, q /= 2, r = p) {
            for (int i = 0; i < n - distance; i++)
                if ((i & p) == r)
                    RP_EXCHANGE(i, i + distance)
            if (q == p)
                break;
        }
}
#endif

/* clang-format off */
RP_FN void rp_sort_few(vf32 *v, int n)
{
    switch (n) {
        RP_SORT_CASE(2) RP_SORT_CASE(3) RP_SORT_CASE(4) RP_SORT_CASE(5) RP_SORT_CASE(6)
        RP_SORT_CASE(7) RP_SORT_CASE(8) RP_SORT_CASE(9) RP_SORT_CASE(10) RP_SORT_CASE(11)
        RP_SORT_CASE(12) RP_SORT_CASE(13) RP_SORT_CASE(14) RP_SORT_CASE(15) RP_SORT_CASE(16)
#ifndef RP_DIALECT_CL
    default:
        rp_merge_exchange(v, n);
#endif
    }
}
/* clang-format on */

/* v[index] where index differs from lane to lane; v[0] when it is out of range. */
RP_FN vf32 rp_pick_few(const vf32 *v, int n, vi32 index)
{
    vf32 picked = v[0];
#if defined(RP_DIALECT_HOST) && RP_LANES > 1
    const vi32 inside = RP_M32(index >= rp_alli32(0)) & RP_M32(index < rp_alli32(n)), at = index & inside;
    const float *element = (const float *)v;
    for (int k = 0; k < RP_LANES; k++)
        picked[k] = element[at[k] * RP_LANES + k];
#else
    RP_UNROLL
    for (int k = 1; k < n; k++)
        picked = rp_sel32(RP_M32(index == rp_alli32(k)), v[k], picked);
#endif
    return picked;
}

/* ------------------------------------------------------------------ float32 as integers in the same order */
RP_FN vi32 rp_ordered32(vf32 v)
{
    const vi32 bits = rp_bits32(v);
    return bits ^ ((bits >> 31) & rp_alli32(0x7fffffff));
}

RP_FN vf32 rp_from_ordered32(vi32 order)
{
    return rp_from_bits32(order ^ ((order >> 31) & rp_alli32(0x7fffffff)));
}

RP_FN vf32 rp_step_up32(vf32 v)
{
    return rp_from_ordered32(rp_ordered32(v) + rp_alli32(1));
}
RP_FN vf32 rp_step_down32(vf32 v)
{
    return rp_from_ordered32(rp_ordered32(v) - rp_alli32(1));
}

#define rp_inf32() rp_from_bits32(rp_alli32(0x7f800000))

/* ------------------------------------------------------------------ columns
 * `magnitude` is a constant: 1 to look at absolute values. */
RP_FN vf32 rp_column_at(RP_G(const float) column, rp_u32 k, int magnitude)
{
    const vf32 v = rp_load_f32(column, (rp_index)k * RP_TILE);
    return magnitude ? rp_fabs32(v) : v;
}

/* How many values are below x. */
RP_FN vi32 rp_column_below(RP_G(const float) column, rp_u32 n, int magnitude, vf32 x)
{
    vi32 below = rp_alli32(0);
    for (rp_u32 k = 0; k < n; k++)
        below -= RP_M32(rp_column_at(column, k, magnitude) < x);
    return below;
}

/* Around x: how many values are below and equal, the largest below (-inf) and the smallest above (+inf). */
RP_FN void rp_column_around(RP_G(const float) column, rp_u32 n, int magnitude, vf32 x, vi32 *below, vi32 *equal,
                            vf32 *before, vf32 *after)
{
    const vf32 inf = rp_inf32();
    vi32 less = rp_alli32(0), same = rp_alli32(0);
    vf32 lower = -inf, upper = inf;
    for (rp_u32 k = 0; k < n; k++) {
        const vf32 v = rp_column_at(column, k, magnitude);
        const vi32 is_less = RP_M32(v < x), is_more = RP_M32(v > x);
        less -= is_less;
        same -= RP_M32(v == x);
        lower = rp_max32(rp_sel32(is_less, v, -inf), lower);
        upper = rp_min32(rp_sel32(is_more, v, inf), upper);
    }
    *below = less;
    *equal = same;
    *before = lower;
    *after = upper;
}

/* From x to the value of rank `rank` (0 is the smallest), one distinct value at a time: for a rank close by.
 * *next: the value of rank + 1, or +inf.  Lanes outside `active` come back as they were. */
RP_FN vf32 rp_column_walk(RP_G(const float) column, rp_u32 n, int magnitude, vf32 x, vi32 rank, vi32 active, vf32 *next)
{
    while (rp_any32(active)) {
        vi32 below, equal;
        vf32 before, after;
        rp_column_around(column, n, magnitude, x, &below, &equal, &before, &after);
        const vi32 up = active & RP_M32(rank >= below + equal), down = active & RP_M32(rank < below);
        *next = rp_sel32(active, rp_sel32(RP_M32(rank + rp_alli32(1) < below + equal), x, after), *next);
        x = rp_sel32(up, after, rp_sel32(down, before, x));
        /* beyond the ends there is nothing: a rank out of range ends there */
        active = (up | down) & RP_M32(rp_fabs32(x) < rp_inf32());
    }
    return x;
}

/* The value of rank `rank` among `count` values that lie in [low, high]; *next: the value of rank + 1, or +inf.
 * Bisection by value and by bit pattern in turn: [a, b) holds the answer until it holds one value, or copies of one. */
RP_FN vf32 rp_column_select(RP_G(const float) column, rp_u32 n, int magnitude, vi32 rank, vi32 count, vf32 low,
                            vf32 high, vf32 *next)
{
    const vf32 inf = rp_inf32();
    /* -0 + 0 is 0: a step up from -0 would otherwise pass no value */
    vf32 a = low, b = rp_sel32(RP_M32(high < inf), rp_step_up32(high + rp_all32(0.0f)), inf);
    vi32 below_a = rp_alli32(0), below_b = count;
    if (rp_any32(RP_M32(high == inf)))
        below_b = rp_column_below(column, n, magnitude, b);
    for (rp_u32 step = 0; step < 96; step++) {
        const vi32 oa = rp_ordered32(a), ob = rp_ordered32(b);
        const vf32 by_bits = rp_from_ordered32((oa & ob) + ((oa ^ ob) >> 1));
        const vf32 by_value = rp_all32(0.5f) * a + rp_all32(0.5f) * b;
        const vi32 use_value = RP_M32(by_value > a) & RP_M32(by_value < b) & rp_alli32(step & 1u ? 0 : -1);
        const vf32 middle = rp_sel32(use_value, by_value, by_bits);
        const vi32 open = RP_M32(below_b - below_a > rp_alli32(1)) & RP_M32(middle > a) & RP_M32(middle < b);
        if (!rp_any32(open))
            break;
        const vi32 below = rp_column_below(column, n, magnitude, middle);
        const vi32 right = open & RP_M32(below <= rank), left = open & ~right;
        a = rp_sel32(right, middle, a);
        below_a = rp_seli32(right, below, below_a);
        b = rp_sel32(left, middle, b);
        below_b = rp_seli32(left, below, below_b);
    }
    vf32 first = inf, second = inf; /* smallest value from a on, and from b on */
    for (rp_u32 k = 0; k < n; k++) {
        const vf32 v = rp_column_at(column, k, magnitude);
        first = rp_min32(rp_sel32(RP_M32(v >= a), v, inf), first);
        second = rp_min32(rp_sel32(RP_M32(v >= b), v, inf), second);
    }
    *next = rp_sel32(RP_M32(rank + rp_alli32(1) < below_b), first, second);
    return rp_sel32(RP_M32(rank < below_b), first, second);
}

#endif
