/* Count rates by least squares: pairs with flags, from the list.  Ramps are cut into segments at flagged groups; every
 * lane goes through its own segments. */
#ifndef RP_RAMP_OLS_GENERAL_H
#define RP_RAMP_OLS_GENERAL_H

#include "ramp_ols_fit.h"
#include "ramp_ols_median.h"

/* ------------------------------------------------------------------ segments
 * Maximal runs of groups without flag (PERSISTENCE does not count); a group whose only flag is JUMP_DET begins the run
 * behind it.  Runs of one group count only if there is no longer one, and then only the first. */
typedef struct rp_ols_extent {
    vi32 listed;  /* segments that the reference lists (it keeps counting short ones) */
    vi32 used;    /* segments that are fitted */
    vi32 is_long; /* -1: some segment has two groups or more */
} rp_ols_extent;

/* Flags that cut; `original`: those of the input, with groups of charge loss taken back. */
RP_FN vi32 rp_ols_cutting(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, const rp_ols_source *src, int original,
                          rp_u32 k)
{
    vi32 q;
    if (original) {
        q = rp_ols_raw_flags(prm, groupdq, src, k);
        q = q ^ (rp_ols_has(q, RP_DQ_CHARGELOSS) & rp_alli32(RP_DQ_CHARGELOSS | RP_DQ_DO_NOT_USE));
    } else {
        q = rp_ols_flags(prm, groupdq, src, k);
    }
    return q & rp_alli32(~(int)RP_DQ_PERSISTENCE);
}

RP_OLS_PART rp_ols_extent rp_ols_extent_of(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, const rp_ols_source *src,
                                     int original)
{
    const vi32 zero = rp_alli32(0), one = rp_alli32(1), two = rp_alli32(2);
    vi32 n_long = zero, n_short = zero, length = zero, before = zero;
    for (rp_u32 k = 0; k < prm->n; k++) {
        const vi32 q = rp_ols_cutting(prm, groupdq, src, original, k);
        const vi32 good = RP_M32(q == zero), opens = good & RP_M32(length == zero);
        const vi32 begin = rp_seli32(RP_M32(before == rp_alli32(RP_DQ_JUMP_DET)), two, one);
        const vi32 closes = ~good & RP_M32(length != zero);
        n_long = n_long - (closes & RP_M32(length > one));
        n_short = n_short - (closes & RP_M32(length == one));
        length = (good & rp_seli32(opens, begin, length + one));
        before = q;
    }
    n_long = n_long - RP_M32(length > one);
    n_short = n_short - RP_M32(length == one);
    rp_ols_extent e;
    e.is_long = RP_M32(n_long > zero);
    e.listed = rp_seli32(e.is_long, n_long, n_short);
    e.used = rp_seli32(e.is_long, n_long, rp_seli32(RP_M32(n_short > zero), one, zero));
    if (!original) { /* saturated from the start: nothing to fit */
        const vi32 none = rp_ols_has(rp_ols_flags(prm, groupdq, src, 0), RP_DQ_SATURATED);
        e.listed = e.listed & ~none;
        e.used = e.used & ~none;
    }
    return e;
}

/* A segment of every lane: groups [start, end), values of the first and the last. */
typedef struct rp_ols_span {
    vi32 active, start, end;
    vf32 first, last;
} rp_ols_span;

/* Moves lanes in `wanted` to their next segment, from span->end on. */
RP_OLS_PART void rp_ols_next(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                       const rp_ols_source *src, int original, const rp_ols_extent *extent, vi32 wanted,
                       rp_ols_span *span)
{
    const vi32 zero = rp_alli32(0), one = rp_alli32(1), from = span->end;
    vi32 open = wanted, inside = zero, before = zero;
    vf32 x_before = rp_all32(0.0f);
    for (rp_u32 k = 0; k < prm->n && rp_any32(open); k++) {
        const vi32 q = rp_ols_cutting(prm, groupdq, src, original, k), group = rp_alli32((rp_i32)k);
        const vf32 x = original ? x_before : rp_ols_value(prm, data, src, rp_ols_flags(prm, groupdq, src, k), k);
        const vi32 good = RP_M32(q == zero), here = open & RP_M32(group >= from);
        const vi32 opens = here & good & ~inside;
        const vi32 jumped = opens & RP_M32(before == rp_alli32(RP_DQ_JUMP_DET)) & (k > 0 ? rp_alli32(-1) : zero);
        span->start = rp_seli32(opens, group + jumped, span->start);
        span->first = rp_sel32(opens, rp_sel32(jumped, x_before, x), span->first);
        const vi32 closes = here & ~good & inside;
        const vi32 taken = closes & ~(extent->is_long & RP_M32(group - span->start == one));
        span->end = rp_seli32(taken, group, span->end);
        span->last = rp_sel32(taken, x_before, span->last);
        open = open & ~taken;
        inside = (inside | opens) & ~closes;
        before = q;
        x_before = x;
    }
    const vi32 reaches_end = open & inside;
    span->end = rp_seli32(reaches_end, rp_alli32((rp_i32)prm->n), span->end);
    span->last = rp_sel32(reaches_end, x_before, span->last);
    span->active = wanted;
}

/* ------------------------------------------------------------------ the fit of one segment */
/* What a pixel is like, and how long its first group lasts. */
typedef struct rp_ols_traits {
    vf64 noise, gain, dark, rate, first_time;
} rp_ols_traits;

RP_FN rp_ols_traits rp_ols_traits_of(const rp_ols_params *prm, RP_G(double) work, const rp_ols_source *src,
                                     vi32 bits)
{
    const vi64 zeroth = rp_m64(rp_ols_has(bits, RP_OLS_ZEROTH)), replaced = rp_m64(rp_ols_has(bits, RP_OLS_ZEROFRAME));
    RP_G(const float) constants = rp_ols_constants(prm, work);
    rp_ols_traits t;
    t.noise = rp_ols_wide(rp_ols_gather_f32(constants, src->pixel, RP_OLS_NOISE * prm->stride));
    t.gain = rp_ols_wide(rp_ols_gather_f32(constants, src->pixel, RP_OLS_GAIN * prm->stride));
    t.dark = rp_ols_wide(rp_ols_gather_f32(constants, src->pixel, RP_OLS_DARK * prm->stride));
    t.rate = rp_ols_gather_f64(work, src->pixel, RP_OLS_RATE * prm->stride);
    t.first_time = rp_sel64(zeroth, rp_all64(prm->one_group_time_s),
                            rp_sel64(replaced, rp_all64(prm->frame_time_s), rp_all64(prm->group_time_s)));
    return t;
}

/* Read-noise variance of segments of any length; gains that make no sense give 0 from three groups on. */
RP_FN vf64 rp_ols_read_of(const rp_ols_params *prm, const rp_ols_traits *t, vi32 length)
{
    const vi64 is_one = rp_m64(RP_M32(length == rp_alli32(1))), is_short = rp_m64(RP_M32(length < rp_alli32(3)));
    const vf64 n = rp_f64_of_i32(length), zero = rp_all64(0.0);
    const vf64 time = rp_sel64(is_one, t->first_time, rp_all64(prm->group_time_s));
    const vf64 read = rp_ols_read(t->noise, t->gain, time, rp_sel64(is_short, rp_all64(6.0), n * n * n - n));
    const vi64 no_gain = RP_M64(t->gain <= zero) | rp_isnan64(t->gain);
    return rp_sel64(no_gain & ~is_short, zero, read);
}

RP_FN vf64 rp_ols_shot_of(const rp_ols_params *prm, const rp_ols_traits *t, vi32 length)
{
    const vi64 is_one = rp_m64(RP_M32(length == rp_alli32(1)));
    const vf64 steps = rp_f64_of_i32(length) - rp_all64(1.0);
    const vf64 many = rp_all64(prm->group_time_s) * t->gain * steps;
    return rp_ols_shot(t->rate, t->dark, rp_sel64(is_one, t->first_time * t->gain, many));
}

/* table[at], lane by lane. */
RP_FN vf32 rp_ols_pick(RP_G(const float) table, vi32 at)
{
#if defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX2__) /* the instruction that gathers is slower */
    rp_i32 k[8];
    memcpy(k, &at, sizeof k);
    return (vf32)_mm256_setr_ps(table[k[0]], table[k[1]], table[k[2]], table[k[3]], table[k[4]], table[k[5]], table[k[6]], table[k[7]]);
#else
    vf32 v = rp_all32(0.0f);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, table[RP_LANE(at, k)]);
    return v;
#endif
}

/* Weighted sums over the lanes' segments of three groups and more. */
RP_FN rp_ols_sums rp_ols_sums_of(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                 RP_G(const float) table, const rp_ols_source *src, const rp_ols_traits *t,
                                 const rp_ols_span *span, vi32 length, vi32 fitted)
{
    const vf64 first = rp_ols_wide(span->first), last = rp_ols_wide(span->last);
    const vi32 class = rp_ols_class(last - first, t->gain, t->noise);
    const vf64 scale = rp_all64(1.0) / (t->noise * t->noise);
    const vi32 weights = (length >> 1) * ((length + rp_alli32(1)) >> 1);
    rp_ols_sums s;
    s.w = s.x = s.xx = s.y = s.xy = rp_all64(0.0);
    for (rp_u32 k = 0; k < prm->n; k++) {
        const vi32 group = rp_alli32((rp_i32)k), position = group - span->start;
        const vi32 here = fitted & RP_M32(group >= span->start) & RP_M32(group < span->end);
        if (!rp_any32(here))
            continue;
        const vi32 other = length - rp_alli32(1) - position;
        const vi32 row = weights + rp_seli32(RP_M32(position < other), position, other);
        const vi32 at = here & (row * rp_alli32(8) + class);
        /* other lanes add zeros */
        const vf32 w = rp_sel32(here, rp_ols_pick(table, at), rp_all32(0.0f));
        vf32 y = rp_ols_value(prm, data, src, rp_ols_flags(prm, groupdq, src, k), k);
        y = rp_sel32(here & ~rp_isnan32(y), y, rp_all32(0.0f));
        rp_ols_add(&s, rp_all64((double)k), rp_ols_wide(y), rp_ols_wide(w) * scale);
    }
    return s;
}

/* Fit of the lanes' present segments. */
RP_OLS_PART rp_ols_segment rp_ols_fit_segment(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                        RP_G(const float) table, const rp_ols_source *src, const rp_ols_traits *t,
                                        const rp_ols_span *span, int with_errors)
{
    const vi32 length = span->end - span->start, fitted = span->active & RP_M32(length > rp_alli32(2));
    const vi64 is_one = rp_m64(RP_M32(length == rp_alli32(1))), is_two = rp_m64(RP_M32(length == rp_alli32(2)));
    const vf64 y0 = rp_ols_wide(span->first), y1 = rp_ols_wide(span->last), zero = rp_all64(0.0);
    rp_ols_segment seg;
    seg.slope = seg.sigma_slope = seg.offset = seg.sigma_offset = zero;
    if (rp_any32(fitted)) {
        const rp_ols_sums s = rp_ols_sums_of(prm, data, groupdq, table, src, t, span, length, fitted);
        vf64 inverse;
        seg.slope = rp_ols_slope(prm, &s, &inverse);
        if (with_errors) {
            seg.sigma_slope = rp_sqrt64(s.w * inverse);
            seg.offset = (s.xx * s.y - s.x * s.xy) * inverse;
            seg.sigma_offset = rp_sqrt64(s.xx * inverse);
        }
    }
    seg.slope = rp_sel64(is_two, (y1 - y0) / rp_all64(prm->group_time_s), rp_sel64(is_one, y0 / t->first_time, seg.slope));
    if (with_errors) {
        const vf64 second = rp_f64_of_i32(span->start) + rp_all64(1.0), noise_two = rp_all64(1.41421356) * t->noise;
        seg.sigma_slope = rp_sel64(is_two, noise_two, rp_sel64(is_one, zero, seg.sigma_slope));
        seg.offset = rp_sel64(is_two, y1 * (rp_all64(1.0) - second) + y0 * second, rp_sel64(is_one, zero, seg.offset));
        seg.sigma_offset = rp_sel64(is_two, noise_two, rp_sel64(is_one, zero, seg.sigma_offset));
    }
    seg.var_p = rp_ols_shot_of(prm, t, length);
    seg.var_r = rp_ols_read_of(prm, t, length);
    return seg;
}

/* ------------------------------------------------------------------ listed pairs */
/* 1 / VAR_RNOISE of the integration as it would be without charge loss. */
RP_OLS_PART vf64 rp_ols_without_loss(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                               const rp_ols_source *src, const rp_ols_traits *t)
{
    const rp_ols_extent extent = rp_ols_extent_of(prm, groupdq, src, 1);
    rp_ols_span span;
    span.start = span.end = rp_alli32(0);
    span.first = span.last = rp_all32(0.0f);
    vf64 inv_r = rp_all64(0.0);
    for (rp_i32 k = 0;; k++) {
        const vi32 wanted = RP_M32(rp_alli32(k) < extent.used);
        if (!rp_any32(wanted))
            return inv_r;
        rp_ols_next(prm, data, groupdq, src, 1, &extent, wanted, &span);
        const vf64 read = rp_ols_read_of(prm, t, span.end - span.start);
        inv_r = rp_sel64(rp_m64(wanted) & RP_M64(read > rp_all64(0.0)), inv_r + rp_all64(1.0) / read, inv_r);
    }
}

/* Sums over the segments of the lanes' pairs. */
typedef struct rp_ols_totals {
    vf64 slope, inv_p, inv_r, inv_e;
} rp_ols_totals;

RP_FN rp_ols_totals rp_ols_fit_all(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                   RP_G(const float) table, const rp_ols_source *src, const rp_ols_traits *t,
                                   const rp_ols_extent *extent)
{
    const vf64 one = rp_all64(1.0), zero = rp_all64(0.0);
    rp_ols_totals sum;
    rp_ols_span span;
    span.start = span.end = rp_alli32(0);
    span.first = span.last = rp_all32(0.0f);
    sum.slope = sum.inv_p = sum.inv_r = sum.inv_e = zero;
    for (rp_i32 k = 0;; k++) {
        const vi32 wanted = RP_M32(rp_alli32(k) < extent->used);
        if (!rp_any32(wanted))
            return sum;
        rp_ols_next(prm, data, groupdq, src, 0, extent, wanted, &span);
        const rp_ols_segment seg = rp_ols_fit_segment(prm, data, groupdq, table, src, t, &span, 0);
        const vi64 m = rp_m64(wanted);
        sum.inv_r = rp_sel64(m, sum.inv_r + one / seg.var_r, sum.inv_r);
        sum.inv_p = rp_sel64(m & RP_M64(seg.var_p > zero), sum.inv_p + one / seg.var_p, sum.inv_p);
        sum.inv_e = rp_sel64(m, sum.inv_e + one / (seg.var_p + seg.var_r), sum.inv_e);
        sum.slope = rp_sel64(m, sum.slope + seg.slope / seg.var_r, sum.slope);
    }
}

/* Raises a counter for a pixel of the core; looks first, since most pixels come too late. */
RP_FN void rp_ols_note(const rp_ols_params *prm, RP_G(rp_u32) counters, int which, rp_u32 value, rp_index p)
{
    if (counters[prm->counter + (rp_u32)which] < value && rp_ols_in_core(prm, p))
        RP_MAX(&counters[prm->counter + (rp_u32)which], value);
}

/* What clean pairs are to the counters. */
RP_FN void rp_ols_count_clean(const rp_ols_params *prm, RP_G(const rp_u32) marks, RP_G(rp_u32) counters)
{
    if (!marks[1])
        return;
    RP_MAX(&counters[prm->counter + RP_OLS_COUNT_SEGMENTS], 1);
    RP_MAX(&counters[prm->counter + RP_OLS_COUNT_ALIVE], 1);
    RP_MAX(&counters[prm->counter + RP_OLS_COUNT_USABLE], 1);
}

/* Counters of listed pairs, pixel by pixel when something may be new. */
RP_OLS_PART void rp_ols_count_events(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, RP_G(rp_u32) counters,
                               const rp_ols_source *src, vi32 segments)
{
    if (!prm->count_extent && counters[prm->counter + RP_OLS_COUNT_ALIVE] && counters[prm->counter + RP_OLS_COUNT_USABLE])
        return;
    vi32 jumps = rp_alli32(0), alive = rp_alli32(-1), usable = rp_alli32(0);
    for (rp_u32 k = 0; k < prm->n; k++) {
        const vi32 raw = rp_ols_raw_flags(prm, groupdq, src, k);
        if (k == 0)
            alive = ~rp_ols_has(raw, RP_DQ_SATURATED);
        else
            jumps = jumps - rp_ols_has(raw, RP_DQ_JUMP_DET);
        usable = usable | ~(rp_ols_has(raw, RP_DQ_DO_NOT_USE) | src->suppressed);
    }
    for (int k = 0; k < RP_LANES; k++) {
        rp_ols_note(prm, counters, RP_OLS_COUNT_SEGMENTS, (rp_u32)RP_LANE(segments, k), src->pixel[k]);
        rp_ols_note(prm, counters, RP_OLS_COUNT_JUMPS, (rp_u32)RP_LANE(jumps, k), src->pixel[k]);
        if (RP_LANE(alive, k))
            rp_ols_note(prm, counters, RP_OLS_COUNT_ALIVE, 1, src->pixel[k]);
        if (RP_LANE(usable, k))
            rp_ols_note(prm, counters, RP_OLS_COUNT_USABLE, 1, src->pixel[k]);
    }
}

/* Results of an integration that may have no rate; `dq`: its flags when the fit is done. */
RP_FN rp_ols_result rp_ols_settle(const rp_ols_totals *sum, vi32 dq, vi32 has_fit, vi32 has_loss, vf64 inv_loss)
{
    const vi64 invalid = rp_m64(rp_ols_has(dq, RP_DQ_DO_NOT_USE | RP_DQ_SATURATED)), fit = rp_m64(has_fit);
    const vf64 zero = rp_all64(0.0);
    rp_ols_result r = rp_ols_integration(sum->slope, sum->inv_p, sum->inv_r, sum->inv_e, invalid);
    r.slope = rp_sel64(invalid, rp_nan64(), rp_sel64(fit, r.slope, zero));
    r.error = rp_sel64(fit, r.error, zero);
    r.var_p = rp_sel64(fit, r.var_p, zero);
    r.var_r = rp_sel64(fit, r.var_r, zero);
    const vf64 without_loss = rp_ols_without_large(rp_all64(1.0) / inv_loss);
    r.var_r = rp_sel64(rp_m64(has_loss), without_loss, r.var_r);
    return r;
}

/* Fits listed pairs whose status and median rate are settled. */
RP_FN void rp_ols_fit_listed(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                             RP_G(const float) table, RP_G(double) work, RP_G(rp_u32) sci, RP_G(rp_u32) err,
                             RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) counters, const rp_ols_source *src,
                             vi32 bits)
{
    RP_G(const rp_u32) marks = rp_ols_marks(prm, work);
    const rp_ols_traits t = rp_ols_traits_of(prm, work, src, bits);
    rp_ols_extent extent = rp_ols_extent_of(prm, groupdq, src, 0);
    rp_ols_count_events(prm, groupdq, counters, src, extent.listed);
    extent.used = extent.used & ~rp_ols_has(bits, RP_OLS_NO_RATE);
    const rp_ols_totals sum = rp_ols_fit_all(prm, data, groupdq, table, src, &t, &extent);
    const vi32 has_loss = rp_ols_has(bits, RP_OLS_LOSS);
    vf64 inv_loss = rp_all64(0.0);
    if (rp_any32(has_loss))
        inv_loss = rp_ols_without_loss(prm, data, groupdq, src, &t);
    const vi32 dq = rp_ols_gather_u32(marks, src->pixel, RP_OLS_HEAD) |
                    (rp_ols_has(bits, RP_OLS_NO_RATE) & rp_alli32(RP_DQ_DO_NOT_USE)) |
                    (rp_ols_has(bits, RP_OLS_FULL) & rp_alli32(RP_DQ_SATURATED));
    const rp_ols_result r = rp_ols_settle(&sum, dq, RP_M32(extent.used > rp_alli32(0)), has_loss, inv_loss);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_SLOPE * prm->stride, sum.slope);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_INV_P * prm->stride, sum.inv_p);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_INV_R * prm->stride, sum.inv_r);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_INV_LOSS * prm->stride, inv_loss);
    rp_ols_scatter_u32(sci, src->pair, rp_ols_word(r.slope));
    rp_ols_scatter_u32(err, src->pair, rp_ols_word(r.error));
    rp_ols_scatter_u32(var_p, src->pair, rp_ols_word(r.var_p));
    rp_ols_scatter_u32(var_r, src->pair, rp_ols_word(r.var_r));
}

/*   Given     data, groupdq, zeroframe or null, table, work (with status and median rates)
 *   Returned  for the pairs of the list: sums in work and results of the integration; counters */
RP_FN void rp_ols_fit_list(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                           RP_G(const float) zeroframe, RP_G(const float) table, RP_G(double) work, RP_G(rp_u32) sci,
                           RP_G(rp_u32) err, RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) counters, rp_index p)
{
    RP_G(const rp_u32) marks = rp_ols_marks(prm, work);
    if (p == 0)
        rp_ols_count_clean(prm, marks, counters);
    for (rp_index slot = p; slot < marks[0]; slot += prm->stride) {
        rp_ols_source src;
        rp_ols_listed(prm, &src, marks, slot);
        const vi32 bits = rp_ols_recall(prm, work, zeroframe, &src);
        rp_ols_fetch(prm, data, groupdq, &src);
        rp_ols_see(prm, &src);
        rp_ols_fit_listed(prm, data, groupdq, table, work, sci, err, var_p, var_r, counters, &src, bits);
    }
}

#endif
