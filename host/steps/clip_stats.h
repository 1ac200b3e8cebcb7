/* Sigma-clipped statistics about the median, as the field's library has them (5 rounds at most). */
#ifndef RP_HOST_STEPS_CLIP_STATS_H
#define RP_HOST_STEPS_CLIP_STATS_H

#include <stddef.h>

typedef struct rp_clip_stats {
    double mean, median, sigma; /* NaN without values */
} rp_clip_stats;

/* Values that are not finite are left out.  Reorders nothing, but keeps only what was not clipped, from the start.
 * scratch: n elements. */
rp_clip_stats rp_clipped_stats(double *values, size_t n, double limit, double *scratch);

#endif
