/* Snowballs: large cosmic-ray events of the near-infrared detectors, found in the flags of whole frames and enlarged.
 * Algorithm, formulas and oddities: docs/algorithms/snowballs.md. */
#ifndef RP_HOST_STEPS_JUMP_SNOWBALLS_H
#define RP_HOST_STEPS_JUMP_SNOWBALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/compute/chain.h"

/* Parameters as the step's own, unscaled (pixels, pixels^2). */
typedef struct rp_snowball_params {
    double min_sat_area;          /* smallest filled area of a newly saturated core */
    double min_jump_area;         /* smallest filled area of an event's jumps */
    double expand_factor;         /* both axes grow by (factor - 1) times the minor one */
    double min_sat_radius_extend; /* cores whose minor axis is longer are enlarged */
    int64_t sat_expand;           /* pixels added to a core's radius */
    int64_t edge_size;            /* nearer to the edge no saturated core is required */
    int64_t max_extended_radius;  /* limit of enlarged radii */
    int64_t masked_groups;        /* int(snowball_time_masked_next_int // group_time) */
    bool sat_required_snowball;   /* events away from the edge need a saturated core; cores are enlarged */
    bool mask_snowball_core_next_int;
} rp_snowball_params;

/* What is carried from one integration to the next: the cores to mask. */
typedef struct rp_snowballs rp_snowballs;

/* Flags of frames of ny x nx pixels. */
rp_code rp_snowballs_new(rp_snowballs **out, const rp_snowball_params *params, int64_t ny, int64_t nx, rp_error *err);
void rp_snowballs_free(rp_snowballs *snowballs); /* NULL is fine */

/* Finds the snowballs of one integration and changes its flags in place.  Integrations come in order; integration 0
 * starts anew.  Adds the number found to *nsnowballs (what EXTNCRS is computed from), unless that is NULL.
 * Where SATURATED is newly set, JUMP_DET is taken away in the same group. */
rp_code rp_snowballs_find(rp_snowballs *snowballs, int64_t integration, rp_frame_flags *flags, uint64_t *nsnowballs,
                          rp_error *err);

/* From now on every find also enters into `assigned` [ngroups] planes (as those of rp_frame_flags, NULL for none) the
 * groups of pixels that became SATURATED and nothing else, also where they were SATURATED before and lose other flags.
 */
void rp_snowballs_note_assigned(rp_snowballs *snowballs, uint64_t **assigned);

#endif
