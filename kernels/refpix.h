/* Reference pixels: levels measured on pixels that see no light, subtracted from every pixel of a group.
 *
 * The tables come from the host (host/steps/refpix.c); here they are only applied.
 *
 *   refpix           near-infrared detectors read through four outputs
 *     Given      data [nplanes][stride] DN;
 *                level, double [nplanes][4][RP_REFPIX_PATTERN] DN: of each amplifier's even, odd, even ... detector
 *                columns, 0 where there is none;
 *                side, double [nplanes][side_length] DN: of detector rows, in the order of the frame's y or x, for each
 *                amplifier when side_step is not 0; not read when side_length is 0
 *     Returned   data = (data - level) - side, in double; the first plane is rounded to float between the two
 *   refpix_columns   near-infrared subarrays read through one output
 *     Given      data [nplanes][stride] DN; level, float [nplanes][2] DN: of even and of odd detector columns
 *     Returned   data -= level
 *   refpix_miri      MIRI full frame
 *     Given      data [nints*ngroups][stride] DN; level, double [nints*ngroups][2][RP_REFPIX_PATTERN] DN: of even and
 *                odd rows, for the four outputs in turn, again and again
 *     Returned   data = ((data - first) - level) + first, rounded to float at each step; first: group 0
 *   refpix_stray   counts usable reference pixels outside the rectangles in which the host looked for them
 *   Source       behaviour of jwst 3.0.0 (refpix step), order and widths of the arithmetic included
 *
 * Detector column j of a pixel: j_origin + j_step * (y or x of the block, whichever the fast axis is). */
#ifndef RP_REFPIX_H
#define RP_REFPIX_H

#include "../include/rampart/dq.h"
#include "dialect.h"

#define RP_REFPIX_AMPLIFIER_SHIFT 9 /* 512 detector columns each */
#define RP_REFPIX_PATTERN 24 /* levels of even, odd, even ... columns, so that lanes can be loaded from any of them */

typedef struct rp_refpix_params {
    rp_u64 stride; /* elements from plane to plane of data */
    rp_u32 nplanes;
    rp_u32 width, height; /* of the block */
    rp_u32 fast_is_y;     /* detector columns run along y of the frame */
    rp_i32 j_origin, j_step;
    rp_u32 side_length; /* 0: no side correction */
    rp_u32 side_origin; /* of the block in the side table */
    rp_u32 round_first; /* plane 0 is rounded to float after the level */
    rp_u32 keep_zero;   /* zero frame: 0 means "no value" and stays 0 */
    rp_u32 side_step;   /* from amplifier to amplifier in the side table; 0: one signal for all of them */
    rp_u32 unused;
} rp_refpix_params;

typedef struct rp_refpix_miri_params {
    rp_u64 stride;
    rp_u32 nints, ngroups;
    rp_u32 width, height;
    rp_u32 x0, y0; /* of the block in the frame */
} rp_refpix_miri_params;

#define RP_REFPIX_MAX_RECTS 6

typedef struct rp_refpix_stray_params {
    rp_u32 width;
    rp_u32 y0, y1, x0, x1; /* pixels that count, relative to the block */
    rp_u32 counter;
    rp_u32 nrects;
    rp_i32 rect[RP_REFPIX_MAX_RECTS][4]; /* y0, y1, x0, x1, relative to the block */
    rp_u32 reserved;
} rp_refpix_stray_params;

/* How the lanes lie: in one row of one amplifier with the fast axis along x or along y, or in several. */
#define RP_REFPIX_ALONG_X 0
#define RP_REFPIX_ALONG_Y 1
#define RP_REFPIX_MIXED 2

/* Where RP_LANES pixels from p on stand: once per pixel, then for every plane. */
typedef struct rp_refpix_at {
    int how;
    rp_u32 cell[RP_LANES]; /* elements of a plane's level table; but for mixed lanes the first counts */
    rp_u32 slot[RP_LANES]; /* elements of a plane's side table */
} rp_refpix_at;

/* RP_LANES doubles from index p */
RP_FN vf64 rp_refpix_load64(RP_G(const double) table, rp_index p)
{
#if RP_LANES == 1
    return table[p];
#elif defined(RP_DIALECT_CL)
    return RP_CAT(vload, RP_LANES)(0, table + p);
#else
    vf64 v;
    memcpy(&v, table + p, sizeof v);
    return v;
#endif
}

RP_FN vf64 rp_refpix_gather64(RP_G(const double) table, const rp_u32 *element)
{
    vf64 v = rp_all64(0.0);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, table[element[k]]);
    return v;
}

/* Cell and slot of lane k, at (y, x) of the block; pixels of the tail take the last row's. */
RP_FN void rp_refpix_place(const rp_refpix_params *prm, rp_refpix_at *at, int k, rp_u32 y, rp_u32 x)
{
    const rp_u32 row = y < prm->height ? y : prm->height - 1;
    const rp_i32 j = prm->j_origin + prm->j_step * (rp_i32)(prm->fast_is_y ? row : x);
    at->cell[k] = ((rp_u32)j >> RP_REFPIX_AMPLIFIER_SHIFT) * RP_REFPIX_PATTERN + ((rp_u32)j & 1u);
    at->slot[k] = ((rp_u32)j >> RP_REFPIX_AMPLIFIER_SHIFT) * prm->side_step + prm->side_origin + (prm->fast_is_y ? x : row);
}

RP_FN void rp_refpix_locate(const rp_refpix_params *prm, rp_refpix_at *at, rp_index p)
{
    rp_u32 y = (rp_u32)p / prm->width, x = (rp_u32)p - y * prm->width;
    rp_refpix_place(prm, at, 0, y, x);
    at->how = prm->fast_is_y ? RP_REFPIX_ALONG_Y : RP_REFPIX_ALONG_X;
#if RP_LANES > 1
    const rp_i32 j_last = prm->j_origin + prm->j_step * (rp_i32)(x + RP_LANES - 1);
    const rp_u32 amplifier_last = (rp_u32)j_last >> RP_REFPIX_AMPLIFIER_SHIFT;
    if (x + RP_LANES > prm->width || (!prm->fast_is_y && amplifier_last != at->cell[0] / RP_REFPIX_PATTERN))
        at->how = RP_REFPIX_MIXED;
    if (at->how != RP_REFPIX_MIXED)
        return;
    for (int k = 1; k < RP_LANES; k++) {
        if (++x == prm->width) {
            x = 0;
            y++;
        }
        rp_refpix_place(prm, at, k, y, x);
    }
#endif
}

/* One plane's correction of the values at `at`; level and side are those of the plane.
 * how: at->how, round: 1 for the plane that is rounded between the two; both given apart, to be known when compiled. */
RP_FN vf32 rp_refpix_value(const rp_refpix_at *at, int how, int round, int has_side, RP_G(const double) level,
                           RP_G(const double) side, vf32 value)
{
    vf64 v = rp_f64_of_f32(value);
    if (how == RP_REFPIX_MIXED)
        v = v - rp_refpix_gather64(level, at->cell);
    else if (how == RP_REFPIX_ALONG_Y)
        v = v - level[at->cell[0]];
    else
        v = v - rp_refpix_load64(level, at->cell[0]);
    if (round)
        v = rp_f64_of_f32(rp_f32_of_f64(v));
    if (!has_side)
        return rp_f32_of_f64(v);
    if (how == RP_REFPIX_MIXED)
        v = v - rp_refpix_gather64(side, at->slot);
    else if (how == RP_REFPIX_ALONG_Y)
        v = v - rp_refpix_load64(side, at->slot[0]);
    else
        v = v - side[at->slot[0]];
    return rp_f32_of_f64(v);
}

RP_FN void rp_refpix_plane(const rp_refpix_params *prm, const rp_refpix_at *at, int how, int round, int has_side,
                           RP_G(float) data, RP_G(const double) level, RP_G(const double) side, rp_u32 k, rp_index p)
{
    const rp_index e = k * prm->stride + p;
    const vf32 value = rp_load_f32(data, e);
    const vf32 result = rp_refpix_value(at, how, round, has_side, level + (rp_u64)k * 4 * RP_REFPIX_PATTERN,
                                        side + (rp_u64)k * prm->side_length, value);
    const vi32 absent = RP_M32(value == rp_all32(0.0f)) & rp_alli32(-(rp_i32)prm->keep_zero);
    rp_store_f32(data, e, rp_from_bits32(rp_bits32(result) & ~absent));
}

RP_FN void rp_refpix_planes(const rp_refpix_params *prm, const rp_refpix_at *at, int how, int has_side,
                            RP_G(float) data, RP_G(const double) level, RP_G(const double) side, rp_index p)
{
    rp_u32 k = 0;
    if (prm->round_first)
        rp_refpix_plane(prm, at, how, 1, has_side, data, level, side, k++, p);
    for (; k < prm->nplanes; k++)
        rp_refpix_plane(prm, at, how, 0, has_side, data, level, side, k, p);
}

RP_FN void rp_refpix(const rp_refpix_params *prm, RP_G(float) data, RP_G(const double) level, RP_G(const double) side,
                     rp_index p)
{
    rp_refpix_at at;
    rp_refpix_locate(prm, &at, p);
    const int has_side = prm->side_length > 0;
    if (at.how == RP_REFPIX_MIXED)
        rp_refpix_planes(prm, &at, RP_REFPIX_MIXED, has_side, data, level, side, p);
    else if (at.how == RP_REFPIX_ALONG_Y && has_side)
        rp_refpix_planes(prm, &at, RP_REFPIX_ALONG_Y, 1, data, level, side, p);
    else if (at.how == RP_REFPIX_ALONG_Y)
        rp_refpix_planes(prm, &at, RP_REFPIX_ALONG_Y, 0, data, level, side, p);
    else if (has_side)
        rp_refpix_planes(prm, &at, RP_REFPIX_ALONG_X, 1, data, level, side, p);
    else
        rp_refpix_planes(prm, &at, RP_REFPIX_ALONG_X, 0, data, level, side, p);
}

/* Lanes of odd detector columns; of prm only the geometry counts. */
RP_FN vi32 rp_refpix_odd(const rp_refpix_params *prm, rp_index p)
{
    rp_u32 y = (rp_u32)p / prm->width, x = (rp_u32)p - y * prm->width;
    vi32 odd = rp_alli32(0);
    for (int k = 0; k < RP_LANES; k++) {
        RP_SET_LANE(odd, k, -((prm->j_origin + (rp_i32)(prm->fast_is_y ? y : x)) & 1));
        if (++x == prm->width) {
            x = 0;
            y++;
        }
    }
    return odd;
}

RP_FN vf32 rp_refpix_columns_value(vi32 odd, RP_G(const float) level, vf32 value)
{
    return value - rp_sel32(odd, rp_all32(level[1]), rp_all32(level[0]));
}

RP_FN void rp_refpix_columns(const rp_refpix_params *prm, RP_G(float) data, RP_G(const float) level, rp_index p)
{
    const vi32 odd = rp_refpix_odd(prm, p), keep = rp_alli32(-(rp_i32)prm->keep_zero);
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index e = k * prm->stride + p;
        const vf32 value = rp_load_f32(data, e);
        const vf32 result = rp_refpix_columns_value(odd, level + (rp_u64)k * 2, value);
        rp_store_f32(data, e, rp_from_bits32(rp_bits32(result) & ~(RP_M32(value == rp_all32(0.0f)) & keep)));
    }
}

/* Cells of the lanes in a plane's levels; returns whether they lie in several rows (else the first counts). */
RP_FN int rp_refpix_miri_locate(const rp_refpix_miri_params *prm, rp_u32 *cell, rp_index p)
{
    rp_u32 y = (rp_u32)p / prm->width, x = (rp_u32)p - y * prm->width;
    const int mixed = x + RP_LANES > prm->width;
    for (int k = 0; k < (mixed ? RP_LANES : 1); k++) {
        cell[k] = ((prm->y0 + y) & 1u) * RP_REFPIX_PATTERN + ((prm->x0 + x) & 3u);
        if (++x == prm->width) {
            x = 0;
            y++;
        }
    }
    return mixed;
}

RP_FN vf32 rp_refpix_miri_value(const rp_u32 *cell, int mixed, RP_G(const double) level, vf32 value, vf32 first)
{
    const vf64 drift = rp_f64_of_f32(value - first);
    if (mixed)
        return rp_f32_of_f64(drift - rp_refpix_gather64(level, cell)) + first;
    return rp_f32_of_f64(drift - rp_refpix_load64(level, cell[0])) + first;
}

/* One integration, from group 0 at element e. */
RP_FN void rp_refpix_miri_groups(const rp_refpix_miri_params *prm, const rp_u32 *cell, int mixed, RP_G(float) data,
                                 RP_G(const double) level, rp_index e)
{
    const vf32 first = rp_load_f32(data, e);
    rp_store_f32(data, e, (first - first) + first);
    for (rp_u32 g = 1; g < prm->ngroups; g++) {
        e += prm->stride;
        level += 2 * RP_REFPIX_PATTERN;
        rp_store_f32(data, e, rp_refpix_miri_value(cell, mixed, level, rp_load_f32(data, e), first));
    }
}

RP_FN void rp_refpix_miri(const rp_refpix_miri_params *prm, RP_G(float) data, RP_G(const double) level, rp_index p)
{
    rp_u32 cell[RP_LANES];
    const int mixed = rp_refpix_miri_locate(prm, cell, p);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_u64 plane = (rp_u64)i * prm->ngroups;
        const rp_index e = plane * prm->stride + p;
        if (mixed)
            rp_refpix_miri_groups(prm, cell, 1, data, level + plane * 2 * RP_REFPIX_PATTERN, e);
        else
            rp_refpix_miri_groups(prm, cell, 0, data, level + plane * 2 * RP_REFPIX_PATTERN, e);
    }
}

RP_FN void rp_refpix_stray(const rp_refpix_stray_params *prm, RP_G(const rp_u32) pixeldq, RP_G(rp_u32) counters,
                           rp_u32 x, rp_u32 y, rp_u32 z)
{
    const rp_u32 dq = pixeldq[(rp_u64)(z + y) * prm->width + x];
    if ((dq & (RP_DQ_REFERENCE_PIXEL | RP_DQ_DO_NOT_USE)) != RP_DQ_REFERENCE_PIXEL)
        return;
    if (y < prm->y0 || y >= prm->y1 || x < prm->x0 || x >= prm->x1)
        return;
    for (rp_u32 i = 0; i < prm->nrects; i++)
        if ((rp_i32)y >= prm->rect[i][0] && (rp_i32)y < prm->rect[i][1] && (rp_i32)x >= prm->rect[i][2] &&
            (rp_i32)x < prm->rect[i][3])
            return;
    RP_ADD(counters + prm->counter, 1u);
}

#endif
