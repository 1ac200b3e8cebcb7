/* Flicker noise: ramps are put together again from differences that were cleaned on frames.
 *
 *   Given     data [nints*ngroups][stride] DN; cleaned, FITS float32, the cleaned difference of each group to the one
 *             before it; is_cleaned [nints*ngroups], 0 where a group keeps its value
 *   Returned  data[g] = data[g-1] + cleaned[g], from the second group on; noise: FITS float32, new less old value
 *   Source    behaviour of jwst 3.0.0 (clean_flicker_noise) */
#ifndef RP_FLICKER_H
#define RP_FLICKER_H

#include "dialect.h"

typedef struct rp_flicker_params {
    rp_u64 stride;
    rp_u64 cleaned_offset, cleaned_stride;
    rp_u32 nints, ngroups;
    rp_u32 has_noise;
    rp_u32 is_whole; /* `cleaned` holds groups, not differences */
} rp_flicker_params;

RP_FN void rp_flicker_sum(const rp_flicker_params *prm, RP_G(float) data, RP_G(const rp_u32) cleaned,
                          RP_G(const rp_u32) is_cleaned, RP_G(rp_u32) noise, rp_index p)
{
    for (rp_u32 i = 0; i < prm->nints; i++) {
        vf32 sum = rp_load_f32(data, (rp_index)i * prm->ngroups * prm->stride + p);
        for (rp_u32 g = 0; g < prm->ngroups; g++) {
            const rp_index plane = (rp_index)i * prm->ngroups + g, at = plane * prm->stride + p;
            const vf32 old = rp_load_f32(data, at);
            if (is_cleaned[plane]) {
                const vf32 part = rp_load_f32_fits(cleaned, prm->cleaned_offset + plane * prm->cleaned_stride + p);
                sum = prm->is_whole ? part : sum + part;
            } else {
                sum = old;
            }
            rp_store_f32(data, at, sum);
            if (prm->has_noise)
                rp_store_f32_fits(noise, at, sum - old);
        }
    }
}

#endif
