/* Lanes as pixels of a rectangle: their columns, their neighbours, and counting those of a core.
 *
 * Stencils of this folder that work on lanes read words[guard + p + dy * nx + dx]; `guard` elements before and after
 * the plane make every such load legal, and masks drop what lies outside the rectangle or beyond the end of a row. */
#ifndef RP_NEIGHBOURS_H
#define RP_NEIGHBOURS_H

#include "dialect.h"

/* Shape of a rectangle, and the rows and columns of it that count. */
typedef struct rp_extent {
    rp_u32 nx, npix;
    rp_u32 y0, y1, x0, x1; /* core */
} rp_extent;

/* 0, 1, 2 ... in the lanes. */
RP_FN vi32 rp_lane_numbers(void)
{
#if RP_LANES == 1
    return 0;
#elif defined(RP_DIALECT_CL) && RP_LANES == 8
    return (int8)(0, 1, 2, 3, 4, 5, 6, 7);
#elif defined(RP_DIALECT_CL)
    return (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    vi32 v;
    for (int k = 0; k < RP_LANES; k++)
        v[k] = k;
    return v;
#endif
}

/* The column of every lane; rows may be shorter than the lanes are many. */
RP_FN vi32 rp_lane_columns(rp_index p, rp_u32 nx)
{
    const rp_u32 first = (rp_u32)p % nx;
    vi32 x = rp_alli32((rp_i32)first) + rp_lane_numbers();
    for (rp_u32 end = nx; end < first + RP_LANES; end += nx)
        x -= RP_M32(x >= rp_alli32((rp_i32)nx)) & rp_alli32((rp_i32)nx);
    return x;
}

/* Where the lanes from p on stand: the row and column of the first. */
typedef struct rp_spot {
    rp_u32 y, x;
    int inner; /* all lanes, and `reach` columns to both sides, lie in one row */
} rp_spot;

RP_FN rp_spot rp_spot_of(const rp_extent *e, rp_index p, rp_u32 reach)
{
    rp_spot spot;
    spot.y = (rp_u32)p / e->nx;
    spot.x = (rp_u32)p - spot.y * e->nx;
    spot.inner = spot.x >= reach && spot.x + RP_LANES + reach <= e->nx && p < e->npix;
    return spot;
}

/* Lanes whose neighbour (dy, dx) lies in the rectangle; `x` are the columns of the lanes. */
RP_FN vi32 rp_has_neighbour(const rp_extent *e, rp_index p, vi32 x, rp_i32 dy, rp_i32 dx)
{
    const vi32 column = x + rp_alli32(dx);
    const vi32 flat = rp_lane_numbers() + rp_alli32((rp_i32)p + dy * (rp_i32)e->nx);
    const vi32 row_end = flat - x; /* first pixel of the neighbour's row */
    return RP_M32(column >= rp_alli32(0)) & RP_M32(column < rp_alli32((rp_i32)e->nx)) &
           RP_M32(row_end >= rp_alli32(0)) & RP_M32(row_end < rp_alli32((rp_i32)e->npix));
}

/* OR of the words from element `at` - reach to `at` + reach. */
RP_FN vi32 rp_row_or(RP_G(const rp_u32) words, rp_index at, rp_u32 reach)
{
    vi32 all = rp_i32_of_u32(rp_load_u32(words, at));
    for (rp_u32 dx = 1; dx <= reach; dx++)
        all |= rp_i32_of_u32(rp_load_u32(words, at - dx) | rp_load_u32(words, at + dx));
    return all;
}

/* The same over rows y - reach .. y + reach that exist; inner lanes only. */
RP_FN vi32 rp_inner_box_or(const rp_extent *e, const rp_spot *spot, RP_G(const rp_u32) words, rp_index at, rp_u32 reach)
{
    vi32 all = rp_row_or(words, at, reach);
    const rp_u32 below = e->npix - e->nx * (spot->y + 1); /* pixels of later rows */
    for (rp_u32 dy = 1; dy <= reach; dy++) {
        const rp_u32 shift = dy * e->nx;
        if (dy <= spot->y)
            all |= rp_row_or(words, at - shift, reach);
        if (shift <= below)
            all |= rp_row_or(words, at + shift, reach);
    }
    return all;
}

/* OR of words over the box of 2 * reach + 1 pixels; `at` is the element of pixel p. */
RP_FN vi32 rp_box_or(const rp_extent *e, const rp_spot *spot, RP_G(const rp_u32) words, rp_index at, rp_index p,
                     rp_u32 reach)
{
    if (spot->inner)
        return reach == 1 ? rp_inner_box_or(e, spot, words, at, 1) : rp_inner_box_or(e, spot, words, at, reach);
    const rp_i32 far = (rp_i32)reach, nx = (rp_i32)e->nx;
    const vi32 x = rp_lane_columns(p, e->nx);
    vi32 all = rp_alli32(0);
    for (rp_i32 dy = -far; dy <= far; dy++)
        for (rp_i32 dx = -far; dx <= far; dx++) {
            const vi32 word = rp_i32_of_u32(rp_load_u32(words, at + (rp_index)(rp_i64)(dy * nx + dx)));
            all |= rp_has_neighbour(e, p, x, dy, dx) & word;
        }
    return all;
}

/* Adds the number of marked lanes that lie in the core; for masks that are rarely set. */
RP_FN void rp_count_core(const rp_extent *e, RP_G(rp_u32) counter, vi32 marked, rp_index p)
{
    rp_u32 n = 0;
    if (!rp_any32(marked))
        return;
    for (int k = 0; k < RP_LANES; k++) {
        const rp_u32 at = (rp_u32)p + (rp_u32)k, y = at / e->nx, x = at % e->nx;
        n += RP_LANE(marked, k) && y >= e->y0 && y < e->y1 && x >= e->x0 && x < e->x1;
    }
    if (n)
        RP_ADD(counter, n);
}

/* Sets a counter to 1 when a marked lane lies in the core. */
RP_FN void rp_mark_core(const rp_extent *e, RP_G(rp_u32) counter, vi32 marked, rp_index p)
{
    if (!rp_any32(marked) || *counter)
        return;
    for (int k = 0; k < RP_LANES; k++) {
        const rp_u32 at = (rp_u32)p + (rp_u32)k, y = at / e->nx, x = at % e->nx;
        if (RP_LANE(marked, k) && y >= e->y0 && y < e->y1 && x >= e->x0 && x < e->x1)
            RP_MAX(counter, 1u);
    }
}

#endif
