/* Gain scale: FITS float32 words times a factor, once (SCI, ERR) or squared (variances).
 *
 *   Source    behaviour of jwst 3.0.0 (gain_scale): float32 array times a Python float, so a float32 product;
 *             variances times factor**2, the square taken in double precision first */
#ifndef RP_SCALE_WORDS_H
#define RP_SCALE_WORDS_H

#include "dialect.h"

typedef struct rp_scale_words_params {
    rp_u64 stride;
    rp_u32 nplanes;
    float factor; /* as it multiplies */
} rp_scale_words_params;

RP_FN void rp_scale_words(const rp_scale_words_params *prm, RP_G(rp_u32) words, rp_index p)
{
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->stride + p;
        const vf32 value = rp_load_f32_fits(words, at) * rp_all32(prm->factor);
        rp_store_f32_fits(words, at, rp_sel32(rp_isnan32(value), rp_nan32(), value));
    }
}

#endif
