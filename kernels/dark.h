/* Average dark current: the plane that ramp_fit adds to the Poisson variance.
 *
 *   Given     a plane, FITS float32 electron/s, or one value for all pixels
 *   Returned  dark_current [stride] electron/s
 *   Source    behaviour of jwst 3.0.0 (dark_current: AVDRKCUR)
 * The dark ramp itself is subtracted by subtract.h. */
#ifndef RP_DARK_H
#define RP_DARK_H

#include "dialect.h"

typedef struct rp_dark_average_params {
    rp_u64 offset;
    rp_u32 has_plane;
    float value;
} rp_dark_average_params;

RP_FN void rp_dark_average(const rp_dark_average_params *prm, RP_G(float) dark_current, RP_G(const rp_u32) plane,
                           rp_index p)
{
    rp_store_f32(dark_current, p, prm->has_plane ? rp_load_f32_fits(plane, prm->offset + p) : rp_all32(prm->value));
}

#endif
