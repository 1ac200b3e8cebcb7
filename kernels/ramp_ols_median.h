/* Count rates by least squares: the median rate of every integration, from which Poisson variances are estimated,
 * and what the flags of an integration amount to. */
#ifndef RP_RAMP_OLS_MEDIAN_H
#define RP_RAMP_OLS_MEDIAN_H

#include "ramp_ols_sort.h"

/* ------------------------------------------------------------------ pairs without flags */
/* GROUPDQ of group k of a lane group, firstgroup and lastgroup applied; `at`: element of group 0. */
RP_FN vi32 rp_ols_plain_flags(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, rp_index at, rp_u32 k)
{
    const vi32 q = rp_ols_load_u8(groupdq, at + k * prm->stride);
    return (rp_i32)k < prm->from || (rp_i32)k > prm->to ? q | rp_alli32(RP_DQ_DO_NOT_USE) : q;
}

/* Is group k not to be used in more than half of the lanes? */
RP_FN int rp_ols_mostly_unusable(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, rp_index at, rp_u32 k)
{
    const vi32 unusable = rp_ols_has(rp_ols_plain_flags(prm, groupdq, at, k), RP_DQ_DO_NOT_USE);
    if (!rp_any32(unusable))
        return 0;
    int count = 0;
    for (int lane = 0; lane < RP_LANES; lane++)
        count -= RP_LANE(unusable, lane);
    return 2 * count > RP_LANES;
}

/* The groups that a lane group shares: leading and trailing ones that most lanes cannot use do not belong to it.  The
 * choice has no influence on results; a pixel that does not fit goes to the list. */
typedef struct rp_ols_shared {
    rp_u32 start, length;
} rp_ols_shared;

RP_FN rp_ols_shared rp_ols_share(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, rp_index at)
{
    rp_u32 start = 0, end = prm->n;
    while (start < end && rp_ols_mostly_unusable(prm, groupdq, at, start))
        start++;
    while (end > start && rp_ols_mostly_unusable(prm, groupdq, at, end - 1))
        end--;
    rp_ols_shared shared;
    shared.start = start;
    shared.length = end - start;
    return shared;
}

/* Lanes that cannot be fitted as clean: any flag, or a value that is not finite, among the shared groups; anything but
 * DO_NOT_USE outside of them. */
RP_FN vi32 rp_ols_unclean(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq, rp_index at,
                          rp_ols_shared shared)
{
    const vi32 exponent = rp_alli32(0x7f800000), unusable = rp_alli32(RP_DQ_DO_NOT_USE);
    vi32 flags = rp_alli32(0), infinite = rp_alli32(0);
    for (rp_u32 k = 0; k < prm->n; k++) {
        const vi32 q = rp_ols_plain_flags(prm, groupdq, at, k);
        if (k < shared.start || k >= shared.start + shared.length) {
            flags = flags | (q ^ unusable);
            continue;
        }
        flags = flags | q;
        const vi32 bits = rp_bits32(rp_load_f32(data, at + k * prm->stride));
        infinite = infinite | RP_M32((bits & exponent) == exponent);
    }
    return RP_M32(flags != rp_alli32(0)) | infinite;
}

/* Median of n rates between neighbouring groups, n known to the compiler. */
RP_FN vf64 rp_ols_median_of(const rp_ols_params *prm, RP_G(const float) data, rp_index at, int n)
{
    vf64 v[RP_OLS_SORTED];
    vf64 level = rp_ols_quotient(rp_ols_wide(rp_load_f32(data, at)), prm->group_time_s, prm->inverse_time);
    for (int k = 0; k < n; k++) {
        const vf64 x = rp_ols_wide(rp_load_f32(data, at + (rp_index)(k + 1) * prm->stride));
        const vf64 next = rp_ols_quotient(x, prm->group_time_s, prm->inverse_time);
        v[k] = next - level;
        level = next;
    }
    rp_ols_sort(v, n);
    return n % 2 ? v[n / 2] : (v[n / 2] + v[n / 2 - 1]) / rp_all64(2.0);
}

RP_FN vf64 rp_ols_median_clean(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                               rp_u32 integration, rp_ols_shared shared, rp_index p)
{
#ifdef RP_OLS_UNROLLED
    const rp_index at = ((rp_index)integration * prm->ngroups + prm->first + shared.start) * prm->stride + p;
#define RP_OLS_CASE(n)                                                                                                 \
    case n + 1:                                                                                                        \
        return rp_ols_median_of(prm, data, at, n);
    switch (shared.length) {
        RP_OLS_CASE(1)
        RP_OLS_CASE(2)
        RP_OLS_CASE(3)
        RP_OLS_CASE(4)
        RP_OLS_CASE(5)
        RP_OLS_CASE(6)
        RP_OLS_CASE(7)
        RP_OLS_CASE(8)
        RP_OLS_CASE(9)
    default:
        break;
    }
#undef RP_OLS_CASE
#endif
    rp_ols_source src;
    rp_ols_rates rates;
    vi64 count;
    rp_ols_contiguous(prm, &src, integration, p);
    rates.start = shared.start;
    rates.n = shared.length - 1;
    rates.is_clean = 1;
    rp_ols_keep_rates(prm, data, groupdq, &src, &rates);
    return rp_ols_select(prm, data, groupdq, &src, &rates, &count);
}

/* Appends lanes to the list; the order in it does not matter. */
RP_FN void rp_ols_append(const rp_ols_params *prm, RP_G(rp_u32) marks, rp_u32 integration, vi32 which, rp_index p)
{
    for (int k = 0; k < RP_LANES; k++) {
        if (!RP_LANE(which, k) || p + (rp_index)k >= prm->npix)
            continue;
#ifdef RP_DIALECT_CL
        const rp_u32 slot = atomic_inc((volatile __global rp_u32 *)marks);
#else
        const rp_u32 slot = marks[0]++;
#endif
        marks[RP_OLS_LIST(prm) + slot] = (rp_u32)(p + (rp_index)k);
        marks[RP_OLS_LIST_INT(prm) + slot] = integration;
    }
}

/* Notes once that a lane of the core is clean. */
RP_FN void rp_ols_note_clean(const rp_ols_params *prm, RP_G(rp_u32) marks, vi32 listed, rp_index p)
{
    for (int k = 0; k < RP_LANES && !marks[1]; k++)
        if (!RP_LANE(listed, k) && p + (rp_index)k < prm->npix && rp_ols_in_core(prm, p + (rp_index)k))
            marks[1] = 1;
}

/*   Given     data, groupdq [nints * ngroups][stride], work
 *   Returned  work: median rate and span of clean pairs (of others: anything), list of the others */
RP_FN void rp_ols_median(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                         RP_G(double) work, rp_index p)
{
    RP_G(rp_u32) marks = rp_ols_marks(prm, work);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index at = ((rp_index)i * prm->ngroups + prm->first) * prm->stride + p;
        const rp_ols_shared shared = rp_ols_share(prm, groupdq, at);
        vi32 listed = rp_alli32(-1);
        if (shared.length >= 2) {
            listed = rp_ols_unclean(prm, data, groupdq, at, shared);
            rp_ols_store(work, RP_OLS_SUM_PLANE(prm, i, RP_OLS_MEDIAN) + p,
                         rp_ols_median_clean(prm, data, groupdq, i, shared, p));
        }
        marks[RP_OLS_SPAN(prm) + i * prm->stride + p] = shared.start << 16 | shared.length;
        if (rp_any32(listed))
            rp_ols_append(prm, marks, i, listed, p);
        rp_ols_note_clean(prm, marks, listed, p);
    }
}

/* ------------------------------------------------------------------ listed pairs */
/* How many groups of a pair have which flags. */
typedef struct rp_ols_counts {
    vi32 good, usable, unusable, saturated; /* no flag; none but PERSISTENCE; DO_NOT_USE or SATURATED; SATURATED */
    vi32 all, first;                        /* OR of all flags; flags of group 0 */
} rp_ols_counts;

RP_FN rp_ols_counts rp_ols_count(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, const rp_ols_source *src)
{
    rp_ols_counts c;
    c.good = c.usable = c.unusable = c.saturated = c.all = c.first = rp_alli32(0);
    for (rp_u32 k = 0; k < prm->n; k++) {
        const vi32 q = rp_ols_seen_flags(prm, src, rp_ols_raw_flags(prm, groupdq, src, k), k);
        if (k == 0)
            c.first = q;
        c.all = c.all | q;
        c.good = c.good - RP_M32(q == rp_alli32(0));
        c.usable = c.usable - RP_M32((q & rp_alli32(~(int)RP_DQ_PERSISTENCE)) == rp_alli32(0));
        c.unusable = c.unusable - rp_ols_has(q, RP_DQ_DO_NOT_USE | RP_DQ_SATURATED);
        c.saturated = c.saturated - rp_ols_has(q, RP_DQ_SATURATED);
    }
    return c;
}

/* Does the pair have just one usable group?  Judged before the first jump of a shortened ramp is forgotten. */
RP_FN vi32 rp_ols_only_one(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, const rp_ols_source *src)
{
    vi32 usable = rp_alli32(0);
    for (rp_u32 k = 0; k < prm->n; k++) {
        const vi32 q = rp_ols_raw_flags(prm, groupdq, src, k);
        usable = usable - RP_M32((q & rp_alli32(~(int)RP_DQ_PERSISTENCE)) == rp_alli32(0));
    }
    return RP_M32(usable == rp_alli32(1));
}

/* The status byte, and the flags of the integration. */
RP_OLS_PART vi32 rp_ols_judge(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, RP_G(const float) zeroframe,
                        rp_ols_source *src, vi32 *flags)
{
    const vi32 n = rp_alli32((rp_i32)prm->n), zero = rp_alli32(0);
    vi32 bits = zero, no_rate, full;
    if (prm->suppress)
        src->suppressed = rp_ols_only_one(prm, groupdq, src);
    rp_ols_counts c = rp_ols_count(prm, groupdq, src);
    if (!prm->suppress) {
        bits = RP_M32(c.good == rp_alli32(1)) & RP_M32(c.first == zero) & rp_alli32(RP_OLS_ZEROTH);
        if (prm->has_zeroframe) {
            src->zero = rp_ols_gather_f32(zeroframe, src->pair, 0);
            src->is_replaced = RP_M32(c.good == zero) & RP_M32(src->zero != rp_all32(0.0f));
            c.unusable = c.unusable + src->is_replaced; /* the reference does not ask whether group 0 was one of them */
            c.saturated = c.saturated + (src->is_replaced & RP_M32(c.saturated == n));
            c.first = c.first & ~src->is_replaced;
        }
    }
    full = rp_ols_has(c.first, RP_DQ_SATURATED) | (RP_M32(c.unusable == n) & RP_M32(c.saturated == n));
    no_rate = rp_ols_has(c.first, RP_DQ_SATURATED) | RP_M32(c.unusable == n);
    bits = bits | (src->suppressed & rp_alli32(RP_OLS_SUPPRESSED)) | (src->is_replaced & rp_alli32(RP_OLS_ZEROFRAME)) |
           (no_rate & rp_alli32(RP_OLS_NO_RATE)) | (full & rp_alli32(RP_OLS_FULL)) |
           (RP_M32(c.saturated > zero) & rp_alli32(RP_OLS_PARTIAL)) |
           (rp_ols_has(c.all, RP_DQ_CHARGELOSS) & rp_alli32(RP_OLS_LOSS));
    *flags = (c.all & rp_alli32(RP_DQ_JUMP_DET | RP_DQ_PERSISTENCE)) | (no_rate & rp_alli32(RP_DQ_DO_NOT_USE)) |
             ((full | RP_M32(c.saturated > zero)) & rp_alli32(RP_DQ_SATURATED));
    return bits;
}

/* Median rate of pairs with any flags.  Levels that are not to be used, and steps into a jump, do not count; if no
 * step is left, the level of group 0 itself does. */
RP_OLS_PART vf64 rp_ols_median_general(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                 const rp_ols_source *src)
{
    vi32 unused;
    vi64 count = rp_alli64(0);
    vf64 median;
    const vf64 first = rp_ols_level(prm, data, groupdq, src, 0, 0, &unused);
    const int n = (int)prm->n - 1;
    if (n < RP_OLS_SORTED) {
        const vf64 infinity = rp_from_bits64(rp_alli64(0x7ff0000000000000));
        vf64 v[RP_OLS_SORTED], level = first;
        for (int k = 0; k < RP_OLS_SORTED; k++) {
            v[k] = k < n ? rp_ols_step(prm, data, groupdq, src, 0, (rp_u32)k + 1, &level) : rp_nan64();
            const vi64 is_absent = rp_isnan64(v[k]);
            count = count + rp_alli64(1) + is_absent;
            v[k] = rp_sel64(is_absent, infinity, v[k]);
        }
        rp_ols_sort_some(v, n);
        vf64 low = rp_nan64(), high = rp_nan64();
        for (int k = 0; k < n; k++) {
            low = rp_sel64(RP_M64(rp_alli64(k) == ((count - rp_alli64(1)) >> 1)), v[k], low);
            high = rp_sel64(RP_M64(rp_alli64(k) == (count >> 1)), v[k], high);
        }
        const vi64 is_odd = RP_M64((count & rp_alli64(1)) != rp_alli64(0));
        median = rp_sel64(is_odd, high, (low + high) / rp_all64(2.0));
    } else {
        rp_ols_rates rates;
        rates.start = 0;
        rates.n = (rp_u32)n;
        rates.is_clean = 0;
        rp_ols_keep_rates(prm, data, groupdq, src, &rates);
        median = rp_ols_select(prm, data, groupdq, src, &rates, &count);
    }
    return rp_sel64(RP_M64(count == rp_alli64(0)), first, median);
}

/* Median rate of listed pairs whose status is settled. */
RP_FN vf64 rp_ols_median_listed(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                const rp_ols_source *src, vi32 bits)
{
    const vf64 first = rp_ols_wide(rp_ols_value(prm, data, src, rp_ols_flags(prm, groupdq, src, 0), 0));
    vf64 median = first / rp_all64(prm->one_group_time_s);
    if (prm->n == 1)
        return median;
    const vi64 is_zeroth = rp_m64(rp_ols_has(bits, RP_OLS_ZEROTH));
    const vf64 general = rp_sel64(rp_m64(src->is_replaced), first / rp_all64(prm->frame_time_s),
                                  rp_ols_median_general(prm, data, groupdq, src));
    median = rp_sel64(is_zeroth, median, general);
    return rp_sel64(rp_isnan64(median), rp_all64(0.0), median);
}

/* Dq of listed pairs, as FITS words. */
RP_FN vu32 rp_ols_dq_word(RP_G(const rp_u32) marks, const rp_ols_source *src, vi32 flags)
{
    const vi32 dq = flags | rp_ols_gather_u32(marks, src->pixel, RP_OLS_HEAD);
    return rp_swap32(rp_u32_of_i32(dq) ^ rp_allu32(0x80000000u));
}

/*   Given     as rp_ols_median, and zeroframe [nints][stride] or null
 *   Returned  for the pairs of the list: status, median rate, dq */
RP_FN void rp_ols_median_list(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                              RP_G(const float) zeroframe, RP_G(double) work, RP_G(rp_u32) dq_int, RP_G(rp_u32) dq_rate,
                              rp_index p)
{
    RP_G(rp_u32) marks = rp_ols_marks(prm, work);
    for (rp_index slot = p; slot < marks[0]; slot += prm->stride) {
        rp_ols_source src;
        vi32 flags;
        rp_ols_listed(prm, &src, marks, slot);
        rp_ols_fetch(prm, data, groupdq, &src);
        const vi32 bits = rp_ols_judge(prm, groupdq, zeroframe, &src, &flags);
        rp_ols_see(prm, &src);
        const vf64 median = rp_ols_median_listed(prm, data, groupdq, &src, bits);
        rp_ols_scatter_f64(work, src.sums, RP_OLS_MEDIAN * prm->stride, median);
        const vu32 word = rp_ols_dq_word(marks, &src, flags);
        rp_ols_scatter_u32(dq_int, src.pair, word);
        if (prm->nints == 1)
            rp_ols_scatter_u32(dq_rate, src.pixel, word);
        rp_ols_scatter_u8(rp_ols_status(prm, work), src.pair, bits);
    }
}

#endif
