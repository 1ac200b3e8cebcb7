/* gain_scale on products that exist already. */
#ifndef RP_HOST_STEPS_GAIN_SCALE_H
#define RP_HOST_STEPS_GAIN_SCALE_H

#include <stdbool.h>
#include <stddef.h>

/* Multiplies n float32 words of a FITS plane in place: SCI and ERR by `factor`, variances by its square.
 * Every NaN becomes the NaN of products.  `words` need not be aligned. */
void rp_gain_scale_plane(void *words, size_t n, double factor, bool is_variance);

#endif
