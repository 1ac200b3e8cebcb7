/* A reference ramp, subtracted group by group: dark current and reset.
 *
 *   Given     data [..][stride] DN; ramp, FITS float32 [nramp][ramp_stride] DN; integrations first .. first+count-1
 *   Returned  data[i][g] -= ramp[g] for g < ngroups; NaN in the ramp counts as 0.  Groups beyond the ramp's end go on
 * by its last difference, in double precision (dark current only: nramp >= 2) Source    behaviour of jwst 3.0.0
 * (dark_current, reset) and stcal 1.20.0 (dark_current: a dark of float32 that was extended is float64; subtracting its
 * measured groups in double precision gives the same bits) */
#ifndef RP_SUBTRACT_H
#define RP_SUBTRACT_H

#include "dialect.h"
#include "superbias.h"

typedef struct rp_subtract_params {
    rp_u64 stride;
    rp_u64 ramp_offset, ramp_stride;
    rp_u32 first, count;
    rp_u32 per_integration; /* planes of data per integration */
    rp_u32 ngroups;         /* groups to correct */
    rp_u32 nramp;
    rp_u32 unused;
} rp_subtract_params;

RP_FN void rp_subtract_ramp(const rp_subtract_params *prm, RP_G(float) data, RP_G(const rp_u32) ramp, rp_index p)
{
    const rp_u32 measured = prm->nramp < prm->ngroups ? prm->nramp : prm->ngroups;
    const rp_index start = (rp_index)prm->first * prm->per_integration, step = prm->per_integration * prm->stride;
    for (rp_u32 g = 0; g < measured; g++) {
        const vf32 level = rp_number_or_zero(rp_load_f32_fits(ramp, prm->ramp_offset + g * prm->ramp_stride + p));
        rp_index at = (start + g) * prm->stride + p;
        for (rp_u32 i = 0; i < prm->count; i++, at += step)
            rp_store_f32(data, at, rp_load_f32(data, at) - level);
    }
    if (measured == prm->ngroups)
        return;
    const rp_index end = prm->ramp_offset + (prm->nramp - 1) * prm->ramp_stride + p;
    const vf32 last = rp_load_f32_fits(ramp, end);
    const vf64 rate = rp_f64_of_f32(last - rp_load_f32_fits(ramp, end - prm->ramp_stride));
    for (rp_u32 g = measured; g < prm->ngroups; g++) {
        vf64 level = rp_all64((double)(g - measured + 1)) * rate + rp_f64_of_f32(last);
        level = rp_sel64(rp_isnan64(level), rp_all64(0.0), level);
        rp_index at = (start + g) * prm->stride + p;
        for (rp_u32 i = 0; i < prm->count; i++, at += step)
            rp_store_f32(data, at, rp_f32_of_f64(rp_f64_of_f32(rp_load_f32(data, at)) - level));
    }
}

#endif
