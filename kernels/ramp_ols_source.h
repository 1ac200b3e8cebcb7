/* Ramps of pairs, one in every lane, with the flags as the fit sees them.
 *
 * The pairs of a lane group are neighbours in memory (contiguous) or come from the list (gathered); short gathered
 * ramps are kept in private memory, since the fit looks at them several times. */
#ifndef RP_RAMP_OLS_SOURCE_H
#define RP_RAMP_OLS_SOURCE_H

#include "ramp_ols.h"

#ifdef RP_DIALECT_HOST
#define RP_OLS_KEPT 64 /* groups */
#else
#define RP_OLS_KEPT 1 /* private memory is dear on a GPU */
#endif

typedef struct rp_ols_source {
    rp_index at[RP_LANES]; /* element of group 0 of the fit */
    rp_index pixel[RP_LANES], pair[RP_LANES]; /* element within a plane, and within [nints][stride] */
    rp_index sums[RP_LANES]; /* element of the first sum in work */
    int listed, has_raw, is_kept;
    vi32 suppressed;  /* -1: every group counts as DO_NOT_USE */
    vi32 is_replaced; /* -1: the zero frame stands for group 0 */
    vf32 zero;
    vf32 x[RP_OLS_KEPT]; /* copies of short ramps: first as they are, then as the fit sees them */
    vi32 q[RP_OLS_KEPT];
} rp_ols_source;

/* Pairs p .. p+RP_LANES-1 of one integration. */
RP_FN void rp_ols_contiguous(const rp_ols_params *prm, rp_ols_source *src, rp_u32 integration, rp_index p)
{
    for (int k = 0; k < RP_LANES; k++) {
        src->pixel[k] = p + (rp_index)k;
        src->pair[k] = integration * prm->stride + p + (rp_index)k;
        src->at[k] = ((rp_index)integration * prm->ngroups + prm->first) * prm->stride + p + (rp_index)k;
        src->sums[k] = RP_OLS_SUM_PLANE(prm, integration, 0) + p + (rp_index)k;
    }
    src->listed = 0;
    src->has_raw = src->is_kept = 0;
    src->x[0] = rp_all32(0.0f);
    src->q[0] = rp_alli32(0);
    src->suppressed = src->is_replaced = rp_alli32(0);
    src->zero = rp_all32(0.0f);
}

/* Pairs of the list from `slot` on; lanes beyond its end repeat the last one. */
RP_FN void rp_ols_listed(const rp_ols_params *prm, rp_ols_source *src, RP_G(const rp_u32) marks, rp_index slot)
{
    const rp_index last = (rp_index)marks[0] - 1;
    for (int k = 0; k < RP_LANES; k++) {
        const rp_index s = slot + (rp_index)k < last ? slot + (rp_index)k : last;
        const rp_index p = marks[RP_OLS_LIST(prm) + s], integration = marks[RP_OLS_LIST_INT(prm) + s];
        src->pixel[k] = p;
        src->pair[k] = integration * prm->stride + p;
        src->at[k] = (integration * prm->ngroups + prm->first) * prm->stride + p;
        src->sums[k] = RP_OLS_SUM_PLANE(prm, integration, 0) + p;
    }
    src->listed = 1;
    src->has_raw = src->is_kept = 0;
    src->x[0] = rp_all32(0.0f);
    src->q[0] = rp_alli32(0);
    src->suppressed = src->is_replaced = rp_alli32(0);
    src->zero = rp_all32(0.0f);
}

/* ------------------------------------------------------------------ elements of the lanes */
RP_FN vf32 rp_ols_gather_f32(RP_G(const float) ptr, const rp_index *at, rp_index offset)
{
    vf32 v = rp_all32(0.0f);
    ptr += offset;
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, ptr[at[k]]);
    return v;
}
RP_FN vf64 rp_ols_gather_f64(RP_G(const double) ptr, const rp_index *at, rp_index offset)
{
    vf64 v = rp_all64(0.0);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, ptr[offset + at[k]]);
    return v;
}
RP_FN vi32 rp_ols_gather_u8(RP_G(const rp_u8) ptr, const rp_index *at, rp_index offset)
{
    vi32 v = rp_alli32(0);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, (rp_i32)(ptr + offset)[at[k]]);
    return v;
}
RP_FN vi32 rp_ols_gather_u32(RP_G(const rp_u32) ptr, const rp_index *at, rp_index offset)
{
    vi32 v = rp_alli32(0);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, (rp_i32)(ptr + offset)[at[k]]);
    return v;
}
RP_FN void rp_ols_scatter_f64(RP_G(double) ptr, const rp_index *at, rp_index offset, vf64 v)
{
    for (int k = 0; k < RP_LANES; k++)
        ptr[at[k] + offset] = RP_LANE(v, k);
}
RP_FN void rp_ols_scatter_u8(RP_G(rp_u8) ptr, const rp_index *at, vi32 v)
{
    for (int k = 0; k < RP_LANES; k++)
        ptr[at[k]] = (rp_u8)RP_LANE(v, k);
}
RP_FN void rp_ols_scatter_u32(RP_G(rp_u32) ptr, const rp_index *at, vu32 v)
{
    for (int k = 0; k < RP_LANES; k++)
        ptr[at[k]] = RP_LANE(v, k);
}

/* ------------------------------------------------------------------ groups */
/* GROUPDQ of group k, firstgroup and lastgroup applied. */
RP_FN vi32 rp_ols_raw_flags(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, const rp_ols_source *src, rp_u32 k)
{
    if (src->has_raw)
        return src->q[k];
    const rp_index offset = k * prm->stride;
    const vi32 q = src->listed ? rp_ols_gather_u8(groupdq, src->at, offset) : rp_ols_load_u8(groupdq, src->at[0] + offset);
    const int outside = (rp_i32)k < prm->from || (rp_i32)k > prm->to;
    return outside ? q | rp_alli32(RP_DQ_DO_NOT_USE) : q;
}

RP_FN vf32 rp_ols_raw_value(const rp_ols_params *prm, RP_G(const float) data, const rp_ols_source *src, rp_u32 k)
{
    if (src->has_raw)
        return src->x[k];
    const rp_index offset = k * prm->stride;
    return src->listed ? rp_ols_gather_f32(data, src->at, offset) : rp_load_f32(data, src->at[0] + offset);
}

/* Brings short ramps into private memory. */
RP_FN void rp_ols_fetch(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq, rp_ols_source *src)
{
#ifdef RP_DIALECT_HOST
    if (prm->n < 1 || prm->n > RP_OLS_KEPT)
        return;
    for (rp_u32 k = 0; k < prm->n; k++) {
        src->x[k] = rp_ols_raw_value(prm, data, src, k);
        src->q[k] = rp_ols_raw_flags(prm, groupdq, src, k);
    }
    src->has_raw = 1;
#else
    (void)prm, (void)data, (void)groupdq, (void)src;
#endif
}

/* Flags as the fit sees them: suppressed ramps, the first jump after dropped groups, the zero frame. */
RP_FN vi32 rp_ols_seen_flags(const rp_ols_params *prm, const rp_ols_source *src, vi32 q, rp_u32 k)
{
    q = q | (src->suppressed & rp_alli32(RP_DQ_DO_NOT_USE));
    if (k == 0) {
        if (prm->clear_jump)
            q = q & rp_alli32(~(int)RP_DQ_JUMP_DET);
        q = q & ~src->is_replaced;
    }
    return q;
}

/* A saturated group has no value. */
RP_FN vf32 rp_ols_seen_value(const rp_ols_source *src, vf32 x, vi32 q, rp_u32 k)
{
    x = rp_sel32(rp_ols_has(q, RP_DQ_SATURATED), rp_nan32(), x);
    return k == 0 ? rp_sel32(src->is_replaced, src->zero, x) : x;
}

RP_FN vi32 rp_ols_flags(const rp_ols_params *prm, RP_G(const rp_u8) groupdq, const rp_ols_source *src, rp_u32 k)
{
    return src->is_kept ? src->q[k] : rp_ols_seen_flags(prm, src, rp_ols_raw_flags(prm, groupdq, src, k), k);
}

RP_FN vf32 rp_ols_value(const rp_ols_params *prm, RP_G(const float) data, const rp_ols_source *src, vi32 flags, rp_u32 k)
{
    return src->is_kept ? src->x[k] : rp_ols_seen_value(src, rp_ols_raw_value(prm, data, src, k), flags, k);
}

/* Turns a fetched ramp into what the fit sees, once `suppressed` and the zero frame are known. */
RP_FN void rp_ols_see(const rp_ols_params *prm, rp_ols_source *src)
{
    if (!src->has_raw)
        return;
    for (rp_u32 k = 0; k < prm->n; k++) {
        src->q[k] = rp_ols_seen_flags(prm, src, src->q[k], k);
        src->x[k] = rp_ols_seen_value(src, src->x[k], src->q[k], k);
    }
    src->has_raw = 0;
    src->is_kept = 1;
}

/* Settles what the status byte of a pair says. */
RP_FN vi32 rp_ols_recall(const rp_ols_params *prm, RP_G(double) work, RP_G(const float) zeroframe, rp_ols_source *src)
{
    const vi32 bits = rp_ols_gather_u8(rp_ols_status(prm, work), src->pair, 0);
    src->suppressed = rp_ols_has(bits, RP_OLS_SUPPRESSED);
    src->is_replaced = rp_ols_has(bits, RP_OLS_ZEROFRAME);
    if (prm->has_zeroframe)
        src->zero = rp_ols_gather_f32(zeroframe, src->pair, 0);
    return bits;
}

#endif
