/* Jumps among many differences: they rest in memory, a tile of RP_TILE pixels side by side, and medians are selected
 * by counting.  See jump.h.  On the host one tile is used again and again and stays in the first cache; on a device
 * every 16 pixels have their own. */
#ifndef RP_JUMP_MANY_H
#define RP_JUMP_MANY_H

#include "jump.h"

/* Differences of the pixels: a column of `n`, and what one pass tells of them. */
typedef struct rp_jump_column {
    RP_G(float) d;
    rp_u32 n;
    vi32 usable;                          /* how many are no NaN */
    vf32 least, most;                     /* of d */
    vf32 least_magnitude, most_magnitude; /* of |d| */
} rp_jump_column;

/* Rows of a tile: the differences, and room for two bounds of each group. */
RP_FN rp_u32 rp_jump_tile_rows(const rp_jump_params *prm)
{
    return (prm->nints + 2) * (prm->ngroups - 1);
}

RP_FN RP_G(float) rp_jump_tile(rp_u32 rows, RP_G(float) tiles, rp_index p)
{
    const rp_index pixel = p & (RP_TILE - 1);
#ifdef RP_DIALECT_HOST
    (void)rows;
    return tiles + pixel;
#else
    return tiles + ((p - pixel) * rows + pixel);
#endif
}

RP_FN void rp_jump_put(rp_jump_column *column, rp_u32 k, vf32 d)
{
    rp_store_f32(column->d, (rp_index)k * RP_TILE, d);
    const vf32 inf = rp_inf32(), size = rp_fabs32(d);
    const vi32 absent = rp_isnan32(d);
    column->usable += rp_alli32(1) + absent;
    column->least = rp_min32(rp_sel32(absent, inf, d), column->least);
    column->most = rp_max32(rp_sel32(absent, -inf, d), column->most);
    column->least_magnitude = rp_min32(rp_sel32(absent, inf, size), column->least_magnitude);
    column->most_magnitude = rp_max32(rp_sel32(absent, rp_all32(0.0f), size), column->most_magnitude);
}

/* Difference of integration i and group g+1 goes to element i * per_int + g * per_group. */
RP_FN void rp_jump_load_many(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_pixel *pixel, rp_index p,
                             rp_u32 per_int, rp_u32 per_group, rp_jump_column *column)
{
    const vf32 inf = rp_inf32();
    column->n = prm->nints * (prm->ngroups - 1);
    column->d = rp_jump_tile(rp_jump_tile_rows(prm), io->differences, p);
    column->usable = rp_alli32(0);
    column->least = column->least_magnitude = inf;
    column->most = -inf;
    column->most_magnitude = rp_all32(0.0f);
    rp_u32 plane = 0;
    vi32 flags, seen = rp_alli32(0);
    for (rp_u32 i = 0; i < prm->nints; i++, plane++) {
        vf32 before = rp_jump_sample(prm, io, pixel, plane, p, &flags);
        seen |= flags;
        for (rp_u32 g = 0; g + 1 < prm->ngroups; g++) {
            const vf32 after = rp_jump_sample(prm, io, pixel, ++plane, p, &flags);
            seen |= flags;
            rp_jump_put(column, i * per_int + g * per_group, after - before);
            before = after;
        }
    }
    pixel->flags_seen = seen;
}

/* Median of all; NaN when there are none. */
RP_FN_RARE vf64 rp_jump_median_many(const rp_jump_column *column)
{
    const vi32 one = rp_alli32(1), lower = (column->usable - one) >> 1, upper = column->usable >> 1;
    vf32 next;
    const vf32 a = rp_column_select(column->d, column->n, 0, lower, column->usable, column->least, column->most, &next);
    const vf32 b = rp_sel32(RP_M32(lower == upper), a, next);
    return rp_sel64(rp_m64(RP_M32(column->usable == rp_alli32(0))), rp_nan64(), rp_jump_mean(a, b));
}

/* ------------------------------------------------------------------ iterative search
 * The values not yet taken off lie in [low, high]; `below` of all lie under low, `left` are in it. */
typedef struct rp_jump_search {
    vf32 low, high;
    vi32 below, left;
    vf32 middle, next; /* the value that was selected last, and the one after it */
} rp_jump_search;

/* Selects the lower and upper middle; the first time from scratch, then from the last one on. */
RP_FN vf64 rp_jump_clipped_median_many(const rp_jump_column *column, rp_jump_search *s, int from_scratch, vi32 live)
{
    const vi32 one = rp_alli32(1), many = RP_M32(s->left >= rp_alli32(4)), two = RP_M32(s->left == rp_alli32(2));
    vi32 under, same;
    vf32 before, after;
    rp_column_around(column->d, column->n, 1, s->high, &under, &same, &before, &after);
    const vi32 counted = s->left - (many & same), lower = (counted - one) >> 1, upper = ~two & (counted >> 1);
    const vi32 none = RP_M32(s->left < rp_alli32(2)) | RP_M32(counted < one);
    if (from_scratch)
        s->middle = rp_column_select(column->d, column->n, 1, lower, s->left, s->low, s->high, &s->next);
    else
        s->middle = rp_column_walk(column->d, column->n, 1, s->middle, s->below + lower, live & ~none, &s->next);
    const vf32 b = rp_sel32(RP_M32(lower == upper) | two, s->middle, s->next);
    return rp_sel64(rp_m64(none), rp_nan64(), rp_jump_mean(s->middle, b));
}

/* Takes the values at distance `far` from m off the ends. */
RP_FN void rp_jump_take_off_many(const rp_jump_column *column, rp_jump_search *s, vi32 top, vi32 bottom, vf64 m,
                                 vf32 far)
{
    while (rp_any32(top)) {
        vi32 under, same;
        vf32 before, after;
        rp_column_around(column->d, column->n, 1, s->high, &under, &same, &before, &after);
        s->left -= top & same;
        s->high = rp_sel32(top, before, s->high);
        top &= RP_M32(rp_jump_distance(before, m) == far) & RP_M32(s->left > rp_alli32(0));
    }
    while (rp_any32(bottom)) {
        vi32 under, same;
        vf32 before, after;
        rp_column_around(column->d, column->n, 1, s->low, &under, &same, &before, &after);
        s->left -= bottom & same;
        s->below += bottom & same;
        s->low = rp_sel32(bottom, after, s->low);
        bottom &= RP_M32(rp_jump_distance(after, m) == far) & RP_M32(s->left > rp_alli32(0));
    }
}

RP_FN_RARE vi32 rp_jump_iterate_many(const rp_jump_params *prm, const rp_jump_pixel *pixel,
                                     const rp_jump_column *column, vf32 *low, vf32 *high)
{
    rp_jump_search s = {column->least_magnitude, column->most_magnitude, rp_alli32(0),
                        column->usable,          rp_all32(0.0f),         rp_all32(0.0f)};
    vi32 live = rp_alli32(-1), found = rp_alli32(0);
    for (rp_u32 round = 0; round < column->n; round++) {
        vf64 m = rp_jump_clipped_median_many(column, &s, round == 0, live);
        if (round)
            m = rp_f64_of_f32(rp_f32_of_f64(m));
        const vf32 at_top = rp_jump_distance(s.high, m), at_bottom = rp_jump_distance(s.low, m);
        const vf32 far = rp_max32(at_top, at_bottom);
        live &= rp_m32(rp_jump_exceeds(rp_f64_of_f32(far), m + pixel->noise_variance, rp_jump_threshold(prm, s.left)));
        if (!rp_any32(live))
            break;
        found |= live;
        rp_jump_take_off_many(column, &s, live & RP_M32(at_top == far), live & RP_M32(at_bottom == far), m, far);
    }
    const vi32 kept = RP_M32(s.left > rp_alli32(0));
    *low = rp_sel32(found, rp_sel32(kept, s.low, rp_inf32()), -rp_inf32());
    *high = rp_sel32(found, rp_sel32(kept, s.high, rp_all32(-1.0f)), rp_inf32());
    return found;
}

/* ------------------------------------------------------------------ all modes but clipping */
RP_FN void rp_jump_many(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_pixel *pixel, rp_index p)
{
    const int iterative = prm->mode == RP_JUMP_ITERATIVE;
    rp_jump_bounds bounds = {iterative, -rp_inf32(), rp_inf32(), RP_NULL};
    rp_jump_column column;
    vi32 marked = rp_alli32(0);
    rp_jump_load_many(prm, io, pixel, p, prm->ngroups - 1, 1, &column);
    if (iterative)
        marked = rp_jump_iterate_many(prm, pixel, &column, &bounds.low, &bounds.high);
    marked |= RP_M32((pixel->flags_seen & rp_alli32(RP_DQ_JUMP_DET)) != rp_alli32(0));
    if (iterative && !prm->keep_median && !rp_any32(marked)) {
        rp_jump_no_candidates(prm, io, p);
        return;
    }
    const vf64 m = rp_jump_median_many(&column), variance = rp_fabs64(m) + pixel->noise_variance;
    if (!iterative) {
        rp_jump_set_bounds(prm, m, variance, &bounds);
        marked |= RP_M32(column.least < bounds.low) | RP_M32(column.most > bounds.high);
    }
    if (prm->keep_median)
        rp_jump_store_median(io, p, m);
    if (rp_any32(marked))
        rp_jump_finish(prm, io, pixel, p, &bounds, m, variance);
    else
        rp_jump_no_candidates(prm, io, p);
}

#endif
