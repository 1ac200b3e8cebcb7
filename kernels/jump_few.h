/* Jumps among a few differences, sorted by a network.  See jump.h.
 *
 * The number of differences is a constant in a device's build; on the host only the networks are compiled for each. */
#ifndef RP_JUMP_FEW_H
#define RP_JUMP_FEW_H

#include "jump.h"

/* All differences of the pixels; *usable: how many are there. */
RP_FN void rp_jump_load_few(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_pixel *pixel, rp_index p, vf32 *d,
                            int n, vi32 *usable)
{
    rp_u32 plane = 0, g = 0;
    vi32 flags, count = rp_alli32(0);
    vf32 before = rp_jump_sample(prm, io, pixel, plane, p, &flags);
    pixel->flags_seen = flags;
    RP_UNROLL
    for (int k = 0; k < n; k++) {
        if (++g == prm->ngroups) { /* from one integration to the next there is no difference */
            before = rp_jump_sample(prm, io, pixel, ++plane, p, &flags);
            pixel->flags_seen |= flags;
            g = 1;
        }
        const vf32 after = rp_jump_sample(prm, io, pixel, ++plane, p, &flags);
        pixel->flags_seen |= flags;
        d[k] = after - before;
        count -= RP_M32(d[k] == d[k]);
        before = after;
    }
    *usable = count;
}

/* Sorted copy: of |d| when `magnitude`; absent ones come last, as infinity. */
RP_FN void rp_jump_sort_few(vf32 *sorted, const vf32 *d, int n, int magnitude)
{
    RP_UNROLL
    for (int k = 0; k < n; k++)
        sorted[k] = rp_sel32(rp_isnan32(d[k]), rp_inf32(), magnitude ? rp_fabs32(d[k]) : d[k]);
    rp_sort_few(sorted, n);
}

/* Median of the first `usable` of the sorted values, NaN when there are none. */
RP_FN_RARE vf64 rp_jump_median_gaps(const vf32 *sorted, int n, vi32 usable)
{
    const vf32 a = rp_pick_few(sorted, n, (usable - rp_alli32(1)) >> 1), b = rp_pick_few(sorted, n, usable >> 1);
    return rp_sel64(rp_m64(RP_M32(usable == rp_alli32(0))), rp_nan64(), rp_jump_mean(a, b));
}

RP_FN vf64 rp_jump_median_few(const vf32 *sorted, int n, vi32 usable)
{
    if (rp_any32(RP_M32(usable != rp_alli32(n))))
        return rp_jump_median_gaps(sorted, n, usable);
    return rp_jump_mean(sorted[(n - 1) / 2], sorted[n / 2]);
}

/* Median of the sorted values [first, last] as the iterative search wants it; NaN when fewer than two are left. */
RP_FN vf64 rp_jump_clipped_median_few(const vf32 *sorted, int n, vi32 first, vi32 last)
{
    const vi32 one = rp_alli32(1), nleft = last - first + one, many = RP_M32(nleft >= rp_alli32(4));
    const vf32 top = rp_pick_few(sorted, n, last);
    vi32 same = one; /* values at the maximum: all are left out */
    if (rp_any32(many & RP_M32(rp_pick_few(sorted, n, last - one) == top))) {
        same = rp_alli32(0);
        for (int k = 0; k < n; k++)
            same -= RP_M32(sorted[k] == top) & RP_M32(first <= rp_alli32(k)) & RP_M32(last >= rp_alli32(k));
    }
    const vi32 counted = nleft - (many & same), two = RP_M32(nleft == rp_alli32(2));
    const vf32 a = rp_pick_few(sorted, n, first + ((counted - one) >> 1));
    const vf32 b = rp_pick_few(sorted, n, first + (~two & (counted >> 1)));
    const vi32 none = RP_M32(nleft < rp_alli32(2)) | RP_M32(counted < one);
    return rp_sel64(rp_m64(none), rp_nan64(), rp_jump_mean(a, b));
}

/* Takes values at distance `far` from m off one end of the sorted values. */
RP_FN vi32 rp_jump_take_off_few(const vf32 *sorted, int n, vi32 end, vi32 step, vi32 taken, vf64 m, vf32 far)
{
    for (int k = 0; k < n && rp_any32(taken); k++) {
        end += taken & step;
        taken &= RP_M32(end >= rp_alli32(0)) & RP_M32(end < rp_alli32(n)) &
                 RP_M32(rp_jump_distance(rp_pick_few(sorted, n, end), m) == far);
    }
    return end;
}

/* The iterative search: the values that are no jumps lie in [*low, *high].  Returns the lanes that have jumps. */
RP_FN_RARE vi32 rp_jump_iterate_few(const rp_jump_params *prm, const rp_jump_pixel *pixel, const vf32 *sorted, int n,
                                    vi32 usable, vf32 *low, vf32 *high)
{
    const vi32 one = rp_alli32(1);
    vi32 first = rp_alli32(0), last = usable - one, live = rp_alli32(-1), found = rp_alli32(0);
    for (int round = 0; round < n; round++) {
        vf64 m = rp_jump_clipped_median_few(sorted, n, first, last);
        if (round)
            m = rp_f64_of_f32(rp_f32_of_f64(m));
        const vf32 at_top = rp_jump_distance(rp_pick_few(sorted, n, last), m);
        const vf32 at_bottom = rp_jump_distance(rp_pick_few(sorted, n, first), m), far = rp_max32(at_top, at_bottom);
        const vi64 over =
            rp_jump_exceeds(rp_f64_of_f32(far), m + pixel->noise_variance, rp_jump_threshold(prm, last - first + one));
        live &= rp_m32(over);
        if (!rp_any32(live))
            break;
        found |= live;
        const vi32 top = live & RP_M32(at_top == far), bottom = live & RP_M32(at_bottom == far);
        last = rp_jump_take_off_few(sorted, n, last, rp_alli32(-1), top, m, far);
        first = rp_jump_take_off_few(sorted, n, first, one, bottom, m, far);
    }
    if (rp_any32(found)) {
        const vi32 kept = RP_M32(first <= last);
        *low = rp_sel32(kept, rp_pick_few(sorted, n, first), rp_inf32());
        *high = rp_sel32(kept, rp_pick_few(sorted, n, last), rp_all32(-1.0f));
    }
    return found;
}

/* Surely no jump: bounds in float32, rounding errors on the safe side. */
RP_FN vi32 rp_jump_surely_quiet(const rp_jump_params *prm, vf32 noise_variance, vf32 top, vf32 bottom, vf32 a, vf32 b)
{
    const vf32 m = (a + b) * rp_all32(0.5f), up = rp_fabs32(top - m), down = rp_fabs32(bottom - m);
    const vf32 far = rp_max32(up, down) * rp_all32(1.0001f) + m * rp_all32(1e-6f);
    const float threshold = (float)prm->threshold;
    const vf32 limit = (m + noise_variance) * rp_all32(threshold * threshold * 0.9999f);
    return RP_M32(far * far < limit) & RP_M32(limit > rp_all32(1e-30f)) & RP_M32(limit < rp_all32(1e30f));
}

/* The usual pixel has all its differences, all different, and no jump: then one look at the extremes is enough. */
RP_FN int rp_jump_quiet_few(const rp_jump_params *prm, const rp_jump_pixel *pixel, const vf32 *sorted, int n,
                            vi32 usable)
{
    if (n < 4)
        return 0;
    const vf32 top = sorted[n - 1], bottom = sorted[0], a = sorted[(n - 2) / 2], b = sorted[(n - 1) / 2];
    if (rp_any32(RP_M32(usable != rp_alli32(n)) | RP_M32(top == sorted[n - 2])))
        return 0;
    const vf32 noise_variance = pixel->noise_variance_32;
    if (!rp_any32(~rp_jump_surely_quiet(prm, noise_variance, top, bottom, a, b)))
        return 1;
    const vf64 m = rp_jump_mean(a, b);
    const vf32 far = rp_max32(rp_jump_distance(top, m), rp_jump_distance(bottom, m));
    return !rp_any64(rp_jump_exceeds(rp_f64_of_f32(far), m + pixel->noise_variance, rp_all64(prm->threshold)));
}

RP_FN void rp_jump_few(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_pixel *pixel, rp_index p, int n)
{
    const int iterative = prm->mode == RP_JUMP_ITERATIVE;
    vf32 d[RP_MAX_FEW], sorted[RP_MAX_FEW];
    rp_jump_bounds bounds = {iterative, -rp_inf32(), rp_inf32(), RP_NULL};
    vi32 usable, marked = rp_alli32(0);
    rp_jump_load_few(prm, io, pixel, p, d, n, &usable);
    if (iterative) {
        rp_jump_sort_few(sorted, d, n, 1);
        if (!rp_jump_quiet_few(prm, pixel, sorted, n, usable))
            marked = rp_jump_iterate_few(prm, pixel, sorted, n, usable, &bounds.low, &bounds.high);
    }
    marked |= RP_M32((pixel->flags_seen & rp_alli32(RP_DQ_JUMP_DET)) != rp_alli32(0));
    if (iterative && !prm->keep_median && !rp_any32(marked)) {
        rp_jump_no_candidates(prm, io, p);
        return;
    }
    rp_jump_sort_few(sorted, d, n, 0);
    const vf64 m = rp_jump_median_few(sorted, n, usable), variance = rp_fabs64(m) + pixel->noise_variance;
    if (!iterative) {
        rp_jump_set_bounds(prm, m, variance, &bounds);
        const vf32 top = rp_pick_few(sorted, n, usable - rp_alli32(1));
        marked |= RP_M32(usable > rp_alli32(0)) & (RP_M32(sorted[0] < bounds.low) | RP_M32(top > bounds.high));
    }
    if (prm->keep_median)
        rp_jump_store_median(io, p, m);
    if (rp_any32(marked))
        rp_jump_finish(prm, io, pixel, p, &bounds, m, variance);
    else
        rp_jump_no_candidates(prm, io, p);
}

#endif
