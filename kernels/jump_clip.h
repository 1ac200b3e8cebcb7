/* Jumps by sigma clipping, for long series.
 *
 *   Given     the differences of a pixel: of one group over the integrations (clip ints), or all of them (clip all)
 *   Formula   at most five rounds: centre = median, sigma = root of the mean square about the mean (float64) of what is
 *             left; bounds = centre -+ threshold sigma; values outside leave.  Jumps are the finite values outside the
 *             last bounds.
 *   Source    behaviour of jwst 3.0.0 (sigma_clip of astropy 8.0).  Its sums follow the order of a partial sort; here
 *             they follow the integrations: bounds may differ by an ulp of float64, values are float32.
 *             A group in which every pixel of the frame is JUMP_DET or DO_NOT_USE loses JUMP_DET where that is its
 *             only flag: see `seen` and `take_back`. */
#ifndef RP_JUMP_CLIP_H
#define RP_JUMP_CLIP_H

#include "jump_many.h"

#define RP_JUMP_CLIP_ROUNDS 5

RP_FN vi32 rp_jump_within(vf32 v, vf32 low, vf32 high)
{
    return RP_M32(v >= low) & RP_M32(v <= high);
}

/* The float32 values not under (over) a float64 bound are those not under (over) this one. */
RP_FN vf32 rp_jump_bound_up(vf64 bound)
{
    const vf32 near = rp_f32_of_f64(bound);
    return rp_sel32(rp_m32(RP_M64(rp_f64_of_f32(near) < bound)), rp_step_up32(near), near);
}

RP_FN vf32 rp_jump_bound_down(vf64 bound)
{
    const vf32 near = rp_f32_of_f64(bound);
    return rp_sel32(rp_m32(RP_M64(rp_f64_of_f32(near) > bound)), rp_step_down32(near), near);
}

/* Of the finite values in [low, high]: number, number below low, extremes, and the sum. */
typedef struct rp_jump_kept {
    vi32 count, below;
    vf32 least, most;
    vf64 sum;
} rp_jump_kept;

RP_FN_RARE void rp_jump_survey(RP_G(const float) column, rp_u32 n, vf32 low, vf32 high, rp_jump_kept *kept)
{
    vi32 count = rp_alli32(0), below = rp_alli32(0);
    vf32 least = rp_inf32(), most = -rp_inf32();
    vf64 sum = rp_all64(0.0);
    for (rp_u32 k = 0; k < n; k++) {
        const vf32 v = rp_column_at(column, k, 0);
        const vi32 in = rp_jump_within(v, low, high);
        count -= in;
        below -= RP_M32(v < low);
        least = rp_min32(rp_sel32(in, v, rp_inf32()), least);
        most = rp_max32(rp_sel32(in, v, -rp_inf32()), most);
        sum += rp_f64_of_f32(rp_sel32(in, v, rp_all32(0.0f)));
    }
    *kept = (rp_jump_kept){count, below, least, most, sum};
}

RP_FN_RARE vf64 rp_jump_spread(RP_G(const float) column, rp_u32 n, vf32 low, vf32 high, vf64 mean, vf64 count)
{
    vf64 sum = rp_all64(0.0);
    for (rp_u32 k = 0; k < n; k++) {
        const vf32 v = rp_column_at(column, k, 0);
        const vf64 off = rp_f64_of_f32(v) - mean;
        sum += rp_sel64(rp_m64(rp_jump_within(v, low, high)), off * off, rp_all64(0.0));
    }
    return rp_sqrt64(sum / count);
}

/* Clips a column: jumps are its finite values outside [*low, *high].  The last bounds count, for values that left in an
 * earlier round too. */
RP_FN_RARE void rp_jump_clip(RP_G(const float) column, rp_u32 n, double threshold, vf32 *low, vf32 *high)
{
    const vi32 one = rp_alli32(1);
    const vf32 largest = rp_all32(0x1.fffffep127f);
    vf32 from = -largest, to = largest; /* of what is left */
    rp_jump_kept kept;
    rp_jump_survey(column, n, from, to, &kept);
    vi32 live = RP_M32(kept.count > rp_alli32(0));
    *low = -rp_inf32();
    *high = rp_inf32();
    for (int round = 0; round < RP_JUMP_CLIP_ROUNDS && rp_any32(live); round++) {
        const vi32 before = kept.count, rank = kept.below + ((kept.count - one) >> 1);
        const vf64 count = rp_f64_of_i32(kept.count);
        vf32 next;
        const vf32 a = rp_column_select(column, n, 0, rank, kept.below + kept.count, kept.least, kept.most, &next);
        const vf64 centre = rp_jump_mean(a, rp_sel32(RP_M32((kept.count & one) == one), a, next));
        const vf64 reach = rp_all64(threshold) * rp_jump_spread(column, n, from, to, kept.sum / count, count);
        *low = rp_sel32(live, rp_jump_bound_up(centre - reach), *low);
        *high = rp_sel32(live, rp_jump_bound_down(centre + reach), *high);
        from = rp_sel32(live, rp_max32(*low, from), from);
        to = rp_sel32(live, rp_min32(*high, to), to);
        rp_jump_survey(column, n, from, to, &kept);
        live &= RP_M32(kept.count != before) & RP_M32(kept.count != rp_alli32(0));
    }
}

/* Clips the differences of each group over the integrations, or all of them; the column is sorted by group. */
RP_FN void rp_jump_clipped(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_pixel *pixel, rp_index p)
{
    rp_jump_bounds bounds = {0, -rp_inf32(), rp_inf32(), RP_NULL};
    rp_jump_column column;
    rp_jump_load_many(prm, io, pixel, p, 1, prm->nints, &column);
    if (prm->mode == RP_JUMP_CLIP_ALL) {
        rp_jump_clip(column.d, column.n, prm->threshold, &bounds.low, &bounds.high);
    } else {
        RP_G(float) by_group = column.d + (rp_index)column.n * RP_TILE;
        for (rp_u32 g = 0; g + 1 < prm->ngroups; g++) {
            vf32 low, high;
            rp_jump_clip(column.d + (rp_index)g * prm->nints * RP_TILE, prm->nints, prm->threshold, &low, &high);
            rp_store_f32(by_group, (rp_index)(2 * g) * RP_TILE, low);
            rp_store_f32(by_group, (rp_index)(2 * g + 1) * RP_TILE, high);
        }
        bounds.by_group = by_group;
    }
    vf64 m = rp_nan64();
    if (prm->flag_neighbours || prm->keep_median)
        m = rp_jump_median_many(&column);
    if (prm->keep_median)
        rp_jump_store_median(io, p, m);
    rp_jump_finish(prm, io, pixel, p, &bounds, m, rp_fabs64(m) + pixel->noise_variance);
}

#endif
