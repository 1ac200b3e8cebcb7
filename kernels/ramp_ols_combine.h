/* Count rates by least squares: the exposure from its integrations. */
#ifndef RP_RAMP_OLS_COMBINE_H
#define RP_RAMP_OLS_COMBINE_H

#include "ramp_ols_general.h"

/* What the integrations of the lanes' pixels add up to. */
typedef struct rp_ols_exposure {
    vf64 slope, inv_p, inv_r, inv_loss;
    vi32 flags, no_rate, full, partial, has_loss;
} rp_ols_exposure;

/* `at`: elements of the lanes' pixels in plane 0; they are neighbours unless `listed`. */
RP_FN vf64 rp_ols_pick_f64(RP_G(double) work, const rp_index *at, rp_index offset, int listed)
{
    return listed ? rp_ols_gather_f64(work, at, offset) : rp_ols_load(work, at[0] + offset);
}

RP_FN void rp_ols_take_integration(const rp_ols_params *prm, RP_G(double) work, RP_G(const rp_u32) dq_int,
                                   const rp_index *at, int listed, rp_u32 i, vi32 dq,
                                   rp_ols_exposure *e)
{
    const vf64 one = rp_all64(1.0), zero = rp_all64(0.0);
    const rp_index plane = i * prm->stride;
    RP_G(const rp_u8) status = rp_ols_status(prm, work);
    const vi32 bits = listed ? rp_ols_gather_u8(status, at, plane) : rp_ols_load_u8(status, at[0] + plane);
    const vi32 no_rate = rp_ols_has(bits, RP_OLS_NO_RATE) | rp_ols_has(dq, RP_DQ_DO_NOT_USE);
    const vi32 full = rp_ols_has(bits, RP_OLS_FULL) | rp_ols_has(dq, RP_DQ_SATURATED), loss = rp_ols_has(bits, RP_OLS_LOSS);
    const vf64 inv_r = rp_ols_pick_f64(work, at, RP_OLS_SUM_PLANE(prm, i, RP_OLS_INV_R), listed);
    e->slope = e->slope + rp_ols_pick_f64(work, at, RP_OLS_SUM_PLANE(prm, i, RP_OLS_SLOPE), listed);
    e->inv_p = e->inv_p + rp_ols_pick_f64(work, at, RP_OLS_SUM_PLANE(prm, i, RP_OLS_INV_P), listed);
    e->inv_r = e->inv_r + inv_r;
    const vi32 word = listed ? rp_ols_gather_u32(dq_int, at, plane) : rp_i32_of_u32(rp_load_u32(dq_int, at[0] + plane));
    e->flags = e->flags | rp_i32_of_u32(rp_swap32(rp_u32_of_i32(word)));
    e->no_rate = e->no_rate & no_rate;
    e->full = e->full & full;
    e->partial = e->partial | rp_ols_has(bits, RP_OLS_PARTIAL);
    e->has_loss = e->has_loss | loss;
    /* read noise again, for pixels that lost charge somewhere: their other integrations as they are */
    vf64 var_r = rp_ols_without_large(one / inv_r);
    var_r = rp_sel64(rp_m64(no_rate | full), zero, var_r);
    const vf64 as_is = rp_sel64(RP_M64(var_r > zero), one / var_r, zero);
    if (rp_any32(loss)) {
        const vf64 again = rp_ols_pick_f64(work, at, RP_OLS_SUM_PLANE(prm, i, RP_OLS_INV_LOSS), listed);
        e->inv_loss = e->inv_loss + rp_sel64(rp_m64(loss), again, as_is);
    } else {
        e->inv_loss = e->inv_loss + as_is;
    }
}

/* Sums to results; *dq receives the flags. */
RP_FN rp_ols_result rp_ols_finish(const rp_ols_exposure *e, vi32 pixel_dq, vi32 *dq)
{
    const vf64 zero = rp_all64(0.0), one = rp_all64(1.0);
    const vi32 early = pixel_dq | (e->flags & rp_alli32(RP_DQ_JUMP_DET | RP_DQ_PERSISTENCE)) |
                       (e->no_rate & rp_alli32(RP_DQ_DO_NOT_USE)) | (e->full & rp_alli32(RP_DQ_SATURATED));
    const vi64 invalid = rp_m64(rp_ols_has(early, RP_DQ_DO_NOT_USE | RP_DQ_SATURATED));
    rp_ols_result r;
    r.var_p = rp_sel64(RP_M64(e->inv_p > zero), one / e->inv_p, e->inv_p);
    r.var_p = rp_ols_without_large(r.var_p);
    r.var_r = rp_sel64(RP_M64(e->inv_r > zero), one / e->inv_r, e->inv_r);
    r.var_r = rp_ols_without_large(r.var_r);
    r.error = rp_sel64(invalid, zero, rp_sqrt64(r.var_p + r.var_r));
    r.var_p = rp_sel64(invalid, zero, r.var_p);
    r.var_r = rp_sel64(invalid, zero, r.var_r);
    r.slope = rp_sel64(invalid, rp_nan64(), e->slope * r.var_r);
    const vi64 again = rp_m64(e->has_loss);
    r.var_r = rp_sel64(again & RP_M64(e->inv_loss > zero), one / e->inv_loss, r.var_r);
    r.var_r = rp_sel64(again, rp_ols_without_large(r.var_r), r.var_r);
    *dq = early | (e->partial & rp_alli32(RP_DQ_SATURATED));
    return r;
}

/* What the sums of pixels say that are done already. */
RP_FN rp_ols_result rp_ols_done(const rp_ols_params *prm, RP_G(double) work, const rp_index *at)
{
    rp_ols_result r;
    r.slope = rp_ols_gather_f64(work, at, RP_OLS_SUM_PLANE(prm, 0, RP_OLS_SLOPE));
    r.var_p = rp_ols_gather_f64(work, at, RP_OLS_SUM_PLANE(prm, 0, RP_OLS_INV_P));
    r.var_r = rp_ols_gather_f64(work, at, RP_OLS_SUM_PLANE(prm, 0, RP_OLS_INV_R));
    r.error = rp_ols_gather_f64(work, at, RP_OLS_SUM_PLANE(prm, 0, RP_OLS_INV_LOSS));
    return r;
}

RP_FN rp_ols_result rp_ols_combine_lanes(const rp_ols_params *prm, RP_G(double) work, RP_G(const rp_u32) dq_int,
                                         const rp_index *at, int listed, vi32 *flags)
{
    RP_G(const rp_u32) marks = rp_ols_marks(prm, work);
    rp_ols_exposure e;
    e.slope = e.inv_p = e.inv_r = e.inv_loss = rp_all64(0.0);
    e.flags = e.partial = e.has_loss = rp_alli32(0);
    e.no_rate = e.full = rp_alli32(-1);
    const vi32 pixel_dq = listed ? rp_ols_gather_u32(marks, at, RP_OLS_HEAD)
                                 : rp_i32_of_u32(rp_load_u32(marks, at[0] + RP_OLS_HEAD));
    for (rp_u32 i = 0; i < prm->nints; i++)
        rp_ols_take_integration(prm, work, dq_int, at, listed, i, pixel_dq, &e);
    return rp_ols_finish(&e, pixel_dq, flags);
}

/*   Given     work, and dq of the integrations
 *   Returned  results of the exposure: of all pixels when it has several integrations, else of listed ones (whose dq
 *             the list's median has left already) */
RP_FN void rp_ols_combine(const rp_ols_params *prm, RP_G(double) work, RP_G(const rp_u32) dq_int, RP_G(rp_u32) sci,
                          RP_G(rp_u32) err, RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) dq, rp_index p)
{
    RP_G(const rp_u32) marks = rp_ols_marks(prm, work);
    rp_ols_source src;
    vi32 flags;
    if (prm->nints > 1) {
        rp_ols_contiguous(prm, &src, 0, p);
        const rp_ols_result r = rp_ols_combine_lanes(prm, work, dq_int, src.pixel, 0, &flags);
        rp_ols_put(sci, err, var_p, var_r, p, &r);
        rp_store_u32_fits(dq, p, rp_u32_of_i32(flags));
        return;
    }
    for (rp_index slot = p; slot < marks[0]; slot += prm->stride) {
        rp_ols_listed(prm, &src, marks, slot);
        const vi32 done = rp_ols_has(rp_ols_gather_u8(rp_ols_status(prm, work), src.pixel, 0), RP_OLS_DONE);
        rp_ols_result r = rp_ols_done(prm, work, src.pixel);
        if (rp_any32(~done)) {
            const rp_ols_result other = rp_ols_combine_lanes(prm, work, dq_int, src.pixel, 1, &flags);
            const vi64 m = rp_m64(done);
            r.slope = rp_sel64(m, r.slope, other.slope);
            r.error = rp_sel64(m, r.error, other.error);
            r.var_p = rp_sel64(m, r.var_p, other.var_p);
            r.var_r = rp_sel64(m, r.var_r, other.var_r);
        }
        rp_ols_scatter_u32(sci, src.pixel, rp_ols_word(r.slope));
        rp_ols_scatter_u32(err, src.pixel, rp_ols_word(r.error));
        rp_ols_scatter_u32(var_p, src.pixel, rp_ols_word(r.var_p));
        rp_ols_scatter_u32(var_r, src.pixel, rp_ols_word(r.var_r));
    }
}

#endif
