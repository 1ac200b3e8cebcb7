/* A dark ramp made to fit an exposure: how its groups map to the exposure's, and averages of its frames. */
#ifndef RP_HOST_STEPS_DARK_FRAMES_H
#define RP_HOST_STEPS_DARK_FRAMES_H

#include "host/compute/chain.h"

typedef enum rp_dark_use {
    RP_DARK_DIRECT,   /* group for group */
    RP_DARK_AVERAGED, /* frames are averaged to groups */
    RP_DARK_UNUSABLE  /* more frames in a group, or a larger gap, than the exposure has */
} rp_dark_use;

/* Numbers of frames and groups; "science" is the exposure.  `groups` of the dark are those of its array. */
typedef struct rp_dark_plan {
    int64_t nints, groups, nframes, groupgap;
    int64_t science_nints, science_groups, science_nframes, science_groupgap;
    int64_t extension; /* groups that the dark is extended by */
    bool per_integration;
    rp_dark_use use;
} rp_dark_plan;

/* Reads the keywords of both and decides; logs as the reference pipeline does. */
rp_code rp_dark_plan_make(rp_dark_plan *out, rp_stage *stage, const rp_reference *reference, const rp_source *dark,
                          rp_error *err);

/* A source of averaged groups, [nints][science_groups]; takes `dark` over, in case of failure too. */
rp_code rp_dark_average_open(rp_source **out, const rp_dark_plan *plan, rp_source *dark, rp_error *err);

#endif
