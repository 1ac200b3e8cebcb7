/* Count rates by least squares: the optional results, segment by segment, after the fit of the block. */
#ifndef RP_RAMP_OLS_OPTIONAL_H
#define RP_RAMP_OLS_OPTIONAL_H

#include "ramp_ols_general.h"

/* The segments of all pairs of one integration, one after the other. */
typedef struct rp_ols_walk {
    rp_ols_source src;
    rp_ols_traits traits;
    rp_ols_extent extent;
    rp_ols_span span;
    vi32 wanted;
} rp_ols_walk;

RP_FN void rp_ols_begin(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, RP_G(const float) zeroframe,
                        RP_G(double) work, rp_u32 integration, rp_index p, rp_ols_walk *w)
{
    rp_ols_contiguous(prm, &w->src, integration, p);
    const vi32 bits = rp_ols_recall(prm, work, zeroframe, &w->src);
    w->traits = rp_ols_traits_of(prm, work, &w->src, bits);
    w->extent = rp_ols_extent_of(prm, groupdq, &w->src, 0);
    w->extent.used = w->extent.used & ~rp_ols_has(bits, RP_OLS_NO_RATE);
    w->span.start = w->span.end = rp_alli32(0);
    w->span.first = w->span.last = rp_all32(0.0f);
}

/* Segment `number`; lanes that have fewer get zeros from the callers. */
RP_FN rp_ols_segment rp_ols_segment_at(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                       RP_G(const float) table, rp_ols_walk *w, rp_u32 number)
{
    rp_ols_segment seg;
    seg.slope = seg.sigma_slope = seg.offset = seg.sigma_offset = seg.var_p = seg.var_r = rp_all64(0.0);
    w->wanted = RP_M32(rp_alli32((rp_i32)number) < w->extent.used);
    if (!rp_any32(w->wanted))
        return seg;
    rp_ols_next(prm, data, groupdq, &w->src, 0, &w->extent, w->wanted, &w->span);
    return rp_ols_fit_segment(prm, data, groupdq, table, &w->src, &w->traits, &w->span, 1);
}

RP_FN vu32 rp_ols_word_if(vi32 wanted, vf64 value)
{
    return rp_ols_word(rp_sel64(rp_m64(wanted), value, rp_all64(0.0)));
}

/*   Given     as the fit, after it
 *   Returned  slope and its error, intercept and its error of every segment [nints][nsegments][stride], FITS float32 */
RP_FN void rp_ols_segments(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                           RP_G(const float) zeroframe, RP_G(const float) table, RP_G(double) work,
                           RP_G(rp_u32) slope, RP_G(rp_u32) sigma_slope, RP_G(rp_u32) offset, RP_G(rp_u32) sigma_offset,
                           rp_index p)
{
    for (rp_u32 i = 0; i < prm->nints; i++) {
        rp_ols_walk walk;
        rp_ols_begin(prm, groupdq, zeroframe, work, i, p, &walk);
        for (rp_u32 k = 0; k < prm->nsegments; k++) {
            const rp_ols_segment seg = rp_ols_segment_at(prm, data, groupdq, table, &walk, k);
            const rp_index at = ((rp_index)i * prm->nsegments + k) * prm->stride + p;
            rp_store_u32(slope, at, rp_ols_word_if(walk.wanted, seg.slope));
            rp_store_u32(sigma_slope, at, rp_ols_word_if(walk.wanted, seg.sigma_slope));
            rp_store_u32(offset, at, rp_ols_word_if(walk.wanted, seg.offset));
            rp_store_u32(sigma_offset, at, rp_ols_word_if(walk.wanted, seg.sigma_offset));
        }
    }
}

/*   Returned  variances of every segment and its weight, 1 / VAR_RNOISE */
RP_FN void rp_ols_variances(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                            RP_G(const float) zeroframe, RP_G(const float) table, RP_G(double) work,
                            RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) weight, rp_index p)
{
    for (rp_u32 i = 0; i < prm->nints; i++) {
        rp_ols_walk walk;
        rp_ols_begin(prm, groupdq, zeroframe, work, i, p, &walk);
        for (rp_u32 k = 0; k < prm->nsegments; k++) {
            const rp_ols_segment seg = rp_ols_segment_at(prm, data, groupdq, table, &walk, k);
            const rp_index at = ((rp_index)i * prm->nsegments + k) * prm->stride + p;
            rp_store_u32(var_p, at, rp_ols_word_if(walk.wanted, seg.var_p));
            rp_store_u32(var_r, at, rp_ols_word_if(walk.wanted, seg.var_r));
            rp_store_u32(weight, at, rp_ols_word_if(walk.wanted, rp_all64(1.0) / seg.var_r));
        }
    }
}

/*   Returned  pedestal [nints][stride]: the first group less what the rate put into it; heights of the jumps
 *             [nints][njumps][stride] */
RP_FN void rp_ols_pedestal(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                           RP_G(const float) zeroframe, RP_G(double) work, RP_G(rp_u32) pedestal, RP_G(rp_u32) jump,
                           rp_index p)
{
    RP_G(const rp_u32) marks = rp_ols_marks(prm, work);
    const vi32 pixel_dq = rp_i32_of_u32(rp_load_u32(marks, RP_OLS_HEAD + p));
    const vf64 zero = rp_all64(0.0);
    /* the reference's slope is no number there */
    const vi32 no_number = RP_M32(rp_load_f32(rp_ols_constants(prm, work), RP_OLS_NOISE * prm->stride + p) == rp_inf32());
    for (rp_u32 i = 0; i < prm->nints; i++) {
        rp_ols_source src;
        rp_ols_contiguous(prm, &src, i, p);
        const vi32 bits = rp_ols_recall(prm, work, zeroframe, &src);
        const vi32 no_rate = rp_ols_has(bits, RP_OLS_NO_RATE) | rp_ols_has(pixel_dq, RP_DQ_DO_NOT_USE);
        const vi32 full = rp_ols_has(bits, RP_OLS_FULL) | rp_ols_has(pixel_dq, RP_DQ_SATURATED);
        const vf64 inv_r = rp_ols_load(work, RP_OLS_SUM_PLANE(prm, i, RP_OLS_INV_R) + p);
        const vf64 var_r = rp_ols_without_large(rp_all64(1.0) / inv_r);
        vf64 slope = rp_ols_load(work, RP_OLS_SUM_PLANE(prm, i, RP_OLS_SLOPE) + p) * var_r;
        slope = rp_sel64(RP_M64(inv_r == zero), zero, slope);
        const vf64 first = rp_f64_of_f32(rp_ols_value(prm, data, &src, rp_ols_flags(prm, groupdq, &src, 0), 0));
        const vf64 level = first - slope * rp_all64(prm->pedestal_groups);
        const vi64 none = rp_m64(no_rate | full | no_number) | rp_isnan64(level);
        rp_store_u32(pedestal, i * prm->stride + p, rp_ols_word(rp_sel64(none, zero, level)));
        for (rp_u32 k = 0; k < prm->njumps; k++) /* lanes have different numbers: all start at zero */
            rp_store_u32(jump, ((rp_index)i * prm->njumps + k) * prm->stride + p, rp_allu32(0));
        vi32 seen = rp_alli32(0);
        vf32 before = rp_all32(0.0f);
        src.is_replaced = rp_alli32(0); /* the reference takes heights before the zero frame steps in */
        for (rp_u32 k = 0; k < prm->n; k++) {
            const vi32 q = rp_ols_flags(prm, groupdq, &src, k);
            const vf32 x = rp_ols_value(prm, data, &src, q, k);
            const vi32 is_jump = k > 0 ? rp_ols_has(q, RP_DQ_JUMP_DET) : rp_alli32(0);
            const vu32 height = rp_ols_word(rp_f64_of_f32(x) - rp_f64_of_f32(before));
            for (int lane = 0; lane < RP_LANES; lane++)
                if (RP_LANE(is_jump, lane) && RP_LANE(seen, lane) < (rp_i32)prm->njumps)
                    jump[((rp_index)i * prm->njumps + (rp_u32)RP_LANE(seen, lane)) * prm->stride + p + (rp_index)lane] =
                        RP_LANE(height, lane);
            seen = seen - is_jump;
            before = x;
        }
    }
}

#endif
