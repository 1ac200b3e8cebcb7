/* Flicker noise of NIRSpec in frequency space (NSClean).  Behaviour of jwst 3.0.0. */
#ifndef RP_HOST_STEPS_NSCLEAN_H
#define RP_HOST_STEPS_NSCLEAN_H

#include "host/steps/flicker.h"
#include "rampart/meta.h"

/* Subtracts the noise that fits the background pixels: of a full frame row by row in detector order, of a subarray in
 * overlapping parts.  The mask is used up.  *ok = false: there is nothing to fit. */
rp_code rp_nsclean(const rp_meta *meta, float *image, uint8_t *mask, rp_image_shape shape, bool *ok, rp_error *err);

#endif
