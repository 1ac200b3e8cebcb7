/* Showers: faint extended emission after cosmic rays (MIRI), found in averaged signal-to-noise images.
 *
 * Blocks leave bit planes of bright pixels and the ramps in electrons (kernels/jump_shower.h); the frame is searched
 * when all blocks are done.  What blocks leave rests in memory while small, else in an unlinked file of $TMPDIR. */
#ifndef RP_HOST_STEPS_JUMP_SHOWERS_H
#define RP_HOST_STEPS_JUMP_SHOWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/compute/chain.h"

typedef struct rp_shower_settings {
    double snr_threshold;        /* of the averaged ratio */
    int64_t min_area;            /* pixels, holes filled */
    double inner_radius, width;  /* of the averaging ring, pixels: extend_outer_radius is a width in the reference */
    double expand_ratio;         /* both axes grow by (ratio - 1) times the minor one */
    int64_t max_extended_radius; /* pixels */
    int64_t groups_masked;    /* groups flagged after the shower's own: int(time_masked_after_shower // group_time) */
    float max_change_e;       /* electron/group: flags that change a pixel's mean difference by more are undone */
    int64_t min_ints_to_clip; /* with so many integrations each difference has its own statistics */
} rp_shower_settings;

typedef struct rp_showers rp_showers;

/* `gain` and `noise` (FITS float32 sources) must live as long as the run. */
rp_code rp_showers_new(rp_showers **out, const rp_stage *stage, const rp_shower_settings *settings,
                       const rp_source *gain, const rp_source *noise, rp_error *err);
void rp_showers_free(rp_showers *showers); /* NULL is fine */

/* How far from a pixel the search looks. */
int rp_showers_halo(const rp_showers *showers);

/* Enqueues the search's kernels on a block whose jumps are flagged, and keeps what they find.  `searched`: jumps were
 * sought at all.  Thread-safe for blocks with different cores of whole rows. */
rp_code rp_showers_block(rp_showers *showers, const rp_stage *stage, rp_block *block, bool searched, rp_error *err);

/* Flags the showers of one integration in place and adds their number to *nshowers.  Needs at least ten usable
 * differences in the exposure. */
rp_code rp_showers_find(rp_showers *showers, const rp_stage *stage, int64_t integration, rp_frame_flags *flags,
                        uint64_t *nshowers, rp_error *err);

/* Are there enough differences to search? */
bool rp_showers_possible(const rp_stage *stage);

/* ------------------------------------------------------------------ the frame's part alone
 * marks: bit planes [ngroups] as those of `flags`; electrons: [ngroups][ny][nx], NaN where a group is not to be used.
 */
rp_code rp_showers_flag(const rp_shower_settings *settings, const uint64_t *const *marks, const float *electrons,
                        rp_frame_flags *flags, uint64_t *nshowers, rp_error *err);

#endif
