/* Picture frame: NIRSpec's thermal background, a fixed pattern of which each group has its own scale and offset.
 *
 *   Given     data [nints*ngroups][stride] DN; pattern, FITS float32; scale and offset of each group
 * [2][nints*ngroups]; level of the pattern at its edge Returned  data less the correction, from the second group on;
 * change: FITS float32, new less old value Source    behaviour of jwst 3.0.0 (picture_frame): float, differences to the
 * first group */
#ifndef RP_PICTURE_FRAME_H
#define RP_PICTURE_FRAME_H

#include "dialect.h"

typedef struct rp_picture_frame_params {
    rp_u64 stride;
    rp_u64 pattern_offset;
    rp_u32 nints, ngroups;
    rp_u32 has_change;
    float edge;
} rp_picture_frame_params;

RP_FN void rp_picture_frame(const rp_picture_frame_params *prm, RP_G(float) data, RP_G(const rp_u32) pattern,
                            RP_G(const float) scale_offset, RP_G(rp_u32) change, rp_index p)
{
    const vf32 shape = rp_load_f32_fits(pattern, prm->pattern_offset + p) - rp_all32(prm->edge);
    const rp_u32 nplanes = prm->nints * prm->ngroups;
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const vf32 zero = rp_load_f32(data, (rp_index)i * prm->ngroups * prm->stride + p);
        for (rp_u32 g = 0; g < prm->ngroups; g++) {
            const rp_u32 plane = i * prm->ngroups + g;
            const rp_index at = (rp_index)plane * prm->stride + p;
            const vf32 old = rp_load_f32(data, at);
            const vf32 correction = rp_all32(scale_offset[plane]) * shape + rp_all32(scale_offset[nplanes + plane]);
            const vf32 new = g ? (old - zero) + (zero - correction) : old;
            rp_store_f32(data, at, new);
            if (prm->has_change)
                rp_store_f32_fits(change, at, new - old);
        }
    }
}

#endif
