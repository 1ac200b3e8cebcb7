/* Group scale: sums of frames that were divided by something else than their number.
 *
 *   Given     data [nplanes][stride] DN; factor = frame divisor / number of frames
 *   Returned  data *= factor, in single precision
 *   Source    behaviour of jwst 3.0.0 (group_scale) */
#ifndef RP_GROUP_SCALE_H
#define RP_GROUP_SCALE_H

#include "dialect.h"

typedef struct rp_group_scale_params {
    rp_u64 stride;
    rp_u32 nplanes;
    float factor;
} rp_group_scale_params;

RP_FN void rp_group_scale(const rp_group_scale_params *prm, RP_G(float) data, rp_index p)
{
    for (rp_u32 k = 0; k < prm->nplanes; k++)
        rp_store_f32(data, k * prm->stride + p, rp_load_f32(data, k * prm->stride + p) * rp_all32(prm->factor));
}

#endif
