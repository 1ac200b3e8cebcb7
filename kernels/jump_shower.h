/* Showers: faint extended emission after a cosmic ray (MIRI), found group by group in signal-to-noise images.
 *
 *   Given     data [nints*ngroups][stride] DN; groupdq as the jump search left it; pixeldq; gain and read noise, FITS
 *   Returned  statistics: median m and sigma of the differences of a pixel over all integrations (float32), or of each
 *             difference over the integrations when there are many; ratio: |d - m| / sigma of one integration, NaN
 * where the pixel is flagged; marks: 1 where the ratio, averaged over the good pixels of a ring, exceeds a threshold;
 * electrons: gain data, NaN where DO_NOT_USE, SATURATED or JUMP_DET Formula   sigma^2 = |m| + (gain noise)^2 / nframes;
 * ring: inner^2 <= dx^2 + dy^2 <= outer^2, what lies outside the frame counts as good and 0 many integrations: values
 * within 5 sigma of the median (five rounds), then their median and root mean square Source    behaviour of jwst 3.0.0
 * (stcal find_faint_extended).  The reference averages with Fourier transforms in float32 (errors of 4e-7); here sums
 * are float64.  A group counts as flagged for a difference when its flags are exactly DO_NOT_USE, SATURATED, JUMP_DET,
 * or the first with one of the others */
#ifndef RP_JUMP_SHOWER_H
#define RP_JUMP_SHOWER_H

#include "jump_clip.h"
#include "neighbours.h"

typedef struct rp_shower_params {
    double inner_squared, outer_squared; /* of the ring, pixels^2 */
    double threshold;                    /* of the averaged ratio */
    rp_u64 stride;
    rp_u64 gain_offset, noise_offset;
    rp_u64 ratio_stride, guard; /* of the planes of ratios; guards included */
    rp_extent extent;
    rp_u32 nints, ngroups;
    rp_u32 integration;   /* the one whose ratios are made */
    rp_u32 first_group;   /* groups up to this one have no ratio */
    rp_u32 by_difference; /* many integrations: statistics of each difference */
    rp_u32 exact_only;    /* no jumps were sought: flags are compared as a whole only */
    rp_u32 reach;         /* pixels: the largest whole number not above the ring's outer radius */
    float nframes;
} rp_shower_params;

/* ------------------------------------------------------------------ samples */
RP_FN vi32 rp_shower_flagged(const rp_shower_params *prm, vi32 flags)
{
    const vi32 unusable = RP_M32((flags & rp_alli32(RP_JUMP_UNUSABLE)) != rp_alli32(0));
    /* 1 to 5: DO_NOT_USE, SATURATED, both, JUMP_DET, JUMP_DET and DO_NOT_USE */
    const vi32 exactly = RP_M32(flags >= rp_alli32(1)) & RP_M32(flags <= rp_alli32(5));
    return prm->exact_only ? exactly : exactly | unusable;
}

RP_FN vf32 rp_shower_sample(const rp_shower_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                            rp_u32 plane, rp_index p, vf32 gain)
{
    const rp_index at = plane * prm->stride + p;
    const vi32 flagged = rp_shower_flagged(prm, rp_load_u8(groupdq, at));
    return rp_sel32(flagged, rp_nan32(), rp_load_f32(data, at) * gain);
}

/* ------------------------------------------------------------------ statistics */
RP_FN vf32 rp_shower_middle(vf32 a, vf32 b)
{
    return (a + b) / rp_all32(2.0f);
}

/* Median of a column of `count` numbers in [low, high], `below` of them below low. */
RP_FN vf32 rp_shower_median(RP_G(const float) column, rp_u32 n, vi32 below, vi32 count, vf32 low, vf32 high)
{
    const vi32 one = rp_alli32(1);
    vf32 next;
    const vf32 a = rp_column_select(column, n, 0, below + ((count - one) >> 1), below + count, low, high, &next);
    const vf32 m = rp_shower_middle(a, rp_sel32(RP_M32((count & one) == one), a, next));
    return rp_sel32(RP_M32(count == rp_alli32(0)), rp_nan32(), m);
}

/* Median and root mean square of what sigma clipping leaves of a column. */
RP_FN void rp_shower_clipped(RP_G(const float) column, rp_u32 n, vf32 *m, vf32 *sigma)
{
    const vf32 largest = rp_all32(0x1.fffffep127f);
    vf32 low, high, sum = rp_all32(0.0f), squares = rp_all32(0.0f);
    rp_jump_kept kept;
    rp_jump_clip(column, n, 5.0, &low, &high);
    low = rp_max32(low, -largest);
    high = rp_min32(high, largest);
    rp_jump_survey(column, n, low, high, &kept);
    *m = rp_shower_median(column, n, kept.below, kept.count, kept.least, kept.most);
    for (rp_u32 k = 0; k < n; k++) {
        const vf32 v = rp_column_at(column, k, 0);
        sum += rp_sel32(rp_jump_within(v, low, high), v, rp_all32(0.0f));
    }
    const vf64 count = rp_f64_of_i32(kept.count);
    const vf32 mean = rp_f32_of_f64(rp_f64_of_f32(sum) / count);
    for (rp_u32 k = 0; k < n; k++) {
        const vf32 v = rp_column_at(column, k, 0), off = v - mean;
        squares += rp_sel32(rp_jump_within(v, low, high), off * off, rp_all32(0.0f));
    }
    *sigma = rp_sqrt32(rp_f32_of_f64(rp_f64_of_f32(squares) / count));
}

/* The differences go into a column, sorted by group; see jump_many.h. */
RP_FN void rp_shower_load(const rp_shower_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq, vf32 gain,
                          rp_index p, rp_jump_column *column)
{
    const vf32 inf = rp_inf32();
    column->n = prm->nints * (prm->ngroups - 1);
    column->usable = rp_alli32(0);
    column->least = column->least_magnitude = inf;
    column->most = -inf;
    column->most_magnitude = rp_all32(0.0f);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        vf32 before = rp_shower_sample(prm, data, groupdq, i * prm->ngroups, p, gain);
        for (rp_u32 g = 0; g + 1 < prm->ngroups; g++) {
            const vf32 after = rp_shower_sample(prm, data, groupdq, i * prm->ngroups + g + 1, p, gain);
            rp_jump_put(column, g * prm->nints + i, after - before);
            before = after;
        }
    }
}

/* statistics [2][stride], or [2*(ngroups-1)][stride] by difference: medians at even planes, sigmas at odd ones. */
RP_FN void rp_shower_statistics(const rp_shower_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                RP_G(const rp_u32) gain, RP_G(const rp_u32) noise, RP_G(float) differences,
                                RP_G(float) statistics, rp_index p)
{
    const vf32 electrons = rp_load_f32_fits(gain, prm->gain_offset + p);
    const vf32 noise_e = rp_load_f32_fits(noise, prm->noise_offset + p) * electrons;
    rp_jump_column column;
    column.d = rp_jump_tile(prm->nints * (prm->ngroups - 1), differences, p);
    rp_shower_load(prm, data, groupdq, electrons, p, &column);
    if (!prm->by_difference) {
        const vf32 m = rp_shower_median(column.d, column.n, rp_alli32(0), column.usable, column.least, column.most);
        rp_store_f32(statistics, p, m);
        rp_store_f32(statistics, prm->stride + p, rp_sqrt32(rp_fabs32(m) + noise_e * noise_e / rp_all32(prm->nframes)));
        return;
    }
    for (rp_u32 g = 0; g + 1 < prm->ngroups; g++) {
        vf32 m, sigma;
        rp_shower_clipped(column.d + (rp_index)g * prm->nints * RP_TILE, prm->nints, &m, &sigma);
        rp_store_f32(statistics, (rp_index)(2 * g) * prm->stride + p, m);
        rp_store_f32(statistics, (rp_index)(2 * g + 1) * prm->stride + p, sigma);
    }
}

/* ------------------------------------------------------------------ signal-to-noise images */
/* Pixels that are reference pixels and nothing else are never looked at. */
RP_FN vi32 rp_shower_is_reference(vi32 pixel_flags)
{
    return RP_M32(pixel_flags == rp_alli32((rp_i32)RP_DQ_REFERENCE_PIXEL));
}

/* ratio [ngroups-1][ratio_stride] of one integration; NaN where there is none. */
RP_FN void rp_shower_ratio(const rp_shower_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                           RP_G(const rp_u32) pixeldq, RP_G(const rp_u32) gain, RP_G(const float) statistics,
                           RP_G(float) ratio, rp_index p)
{
    const vi32 bits = rp_alli32(RP_JUMP_UNUSABLE | RP_DQ_JUMP_DET), none = rp_alli32(0);
    const vf32 electrons = rp_load_f32_fits(gain, prm->gain_offset + p);
    const vi32 pixel_flags = rp_i32_of_u32(rp_load_u32(pixeldq, p));
    const vi32 pixel_bad = RP_M32((pixel_flags & bits) != none) | rp_shower_is_reference(pixel_flags);
    const rp_u32 plane = prm->integration * prm->ngroups;
    vf32 before = rp_shower_sample(prm, data, groupdq, plane, p, electrons);
    for (rp_u32 g = 0; g + 1 < prm->ngroups; g++) {
        const vf32 after = rp_shower_sample(prm, data, groupdq, plane + g + 1, p, electrons);
        const rp_index of = prm->by_difference ? (rp_index)(2 * g) * prm->stride : 0;
        const vf32 m = rp_load_f32(statistics, of + p), sigma = rp_load_f32(statistics, of + prm->stride + p);
        const vi32 flags = rp_load_u8(groupdq, (rp_index)(plane + g + 1) * prm->stride + p);
        vi32 bad = pixel_bad | RP_M32((flags & bits) != none);
        if (g < prm->first_group)
            bad = rp_alli32(-1);
        const vf32 value = rp_fabs32(after - before - m) / sigma;
        bad |= ~RP_M32(value < rp_inf32());
        rp_store_f32(ratio, g * prm->ratio_stride + prm->guard + p, rp_sel32(bad, rp_nan32(), value));
        before = after;
    }
}

/* ------------------------------------------------------------------ averages over the ring */
typedef struct rp_shower_sum {
    vf64 sum;
    vi32 good;
} rp_shower_sum;

RP_FN void rp_shower_add(rp_shower_sum *s, vf32 value)
{
    const vi32 good = RP_M32(value == value);
    s->good -= good;
    s->sum += rp_f64_of_f32(rp_sel32(good, value, rp_all32(0.0f)));
}

RP_FN int rp_shower_in_ring(const rp_shower_params *prm, rp_i32 dy, rp_i32 dx)
{
    const double squared = (double)(dy * dy + dx * dx);
    return squared >= prm->inner_squared && squared <= prm->outer_squared;
}

RP_FN_RARE void rp_shower_ring(const rp_shower_params *prm, RP_G(const float) ratio, rp_index at, rp_index p, int inner,
                               rp_shower_sum *s)
{
    const rp_extent *e = &prm->extent;
    const rp_i32 reach = (rp_i32)prm->reach, nx = (rp_i32)e->nx;
    const vi32 x = rp_lane_columns(p, e->nx);
    for (rp_i32 dy = -reach; dy <= reach; dy++)
        for (rp_i32 dx = -reach; dx <= reach; dx++) {
            if (!rp_shower_in_ring(prm, dy, dx))
                continue;
            const vf32 value = rp_load_f32(ratio, at + (rp_index)(rp_i64)(dy * nx + dx));
            const vi32 there = inner ? rp_alli32(-1) : rp_has_neighbour(e, p, x, dy, dx);
            rp_shower_add(s, rp_sel32(there, value, rp_all32(0.0f)));
        }
}

/* marks [ngroups-1][stride] of one integration. */
RP_FN void rp_shower_marks(const rp_shower_params *prm, RP_G(const float) ratio, RP_G(rp_u8) marks, rp_index p)
{
    const rp_extent *e = &prm->extent;
    const rp_spot spot = rp_spot_of(e, p, prm->reach);
    const int inner = spot.inner && spot.y >= prm->reach && (spot.y + prm->reach) * e->nx + e->nx <= e->npix;
    for (rp_u32 g = 0; g + 1 < prm->ngroups; g++) {
        const rp_index at = g * prm->ratio_stride + prm->guard + p;
        const vi32 good = RP_M32(rp_load_f32(ratio, at) >= rp_all32(0.0f));
        vi32 marked = rp_alli32(0);
        if (rp_any32(good)) {
            rp_shower_sum s = {rp_all64(0.0), rp_alli32(0)};
            rp_shower_ring(prm, ratio, at, p, inner, &s);
            const vf64 average = s.sum / rp_f64_of_i32(s.good);
            marked = good & RP_M32(s.good > rp_alli32(0)) & rp_m32(RP_M64(average > rp_all64(prm->threshold)));
        }
        rp_store_u8(marks, (rp_index)g * prm->stride + p, marked & rp_alli32(1));
    }
}

/* ------------------------------------------------------------------ ramps for the last look at flagged pixels */
RP_FN void rp_shower_electrons(const rp_shower_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                               RP_G(const rp_u32) pixeldq, RP_G(const rp_u32) gain, RP_G(float) electrons, rp_index p)
{
    const vi32 bits = rp_alli32(RP_JUMP_UNUSABLE | RP_DQ_JUMP_DET), none = rp_alli32(0);
    const vf32 gain_e = rp_load_f32_fits(gain, prm->gain_offset + p);
    const vi32 reference = rp_shower_is_reference(rp_i32_of_u32(rp_load_u32(pixeldq, p)));
    for (rp_u32 k = 0; k < prm->nints * prm->ngroups; k++) {
        const rp_index at = k * prm->stride + p;
        const vi32 bad = reference | RP_M32((rp_load_u8(groupdq, at) & bits) != none);
        rp_store_f32(electrons, at, rp_sel32(bad, rp_nan32(), rp_load_f32(data, at) * gain_e));
    }
}

#endif
