/* Superbias: the detector's zero level, subtracted from every group.
 *
 *   Given     data [nplanes][stride] DN; bias, FITS float32 [stride] DN
 *   Returned  data -= bias; a NaN bias counts as 0
 *   Source    behaviour of jwst 3.0.0 (superbias) */
#ifndef RP_SUPERBIAS_H
#define RP_SUPERBIAS_H

#include "dialect.h"

typedef struct rp_superbias_params {
    rp_u64 stride;      /* elements from plane to plane of data */
    rp_u64 bias_offset; /* first element of the bias plane in its buffer */
    rp_u32 nplanes;
    rp_u32 keep_zero; /* zero frame: 0 means "no value" and stays 0 */
} rp_superbias_params;

/* A reference value that is to be subtracted: NaN counts as 0. */
RP_FN vf32 rp_number_or_zero(vf32 value)
{
    return rp_sel32(rp_isnan32(value), rp_all32(0.0f), value);
}

RP_FN void rp_superbias(const rp_superbias_params *prm, RP_G(float) data, RP_G(const rp_u32) bias, rp_index p)
{
    const vf32 level = rp_number_or_zero(rp_load_f32_fits(bias, prm->bias_offset + p));
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->stride + p;
        const vf32 value = rp_load_f32(data, at), without = value - level;
        const vi32 absent = prm->keep_zero ? RP_M32(value == rp_all32(0.0f)) : rp_alli32(0);
        rp_store_f32(data, at, rp_sel32(absent, value, without));
    }
}

#endif
