/* First frame: the first group of MIRI ramps is disturbed by the reset.
 *
 *   Given     groupdq [nints*ngroups][stride], at least three groups
 *   Returned  DO_NOT_USE in group 0, except where group 2 is saturated: there pixeldq |= FLUX_ESTIMATED;
 *             counter: kept pixels that are usable otherwise
 *   Source    behaviour of jwst 3.0.0 (firstframe, bright_use_group1) */
#ifndef RP_FIRSTFRAME_H
#define RP_FIRSTFRAME_H

#include "../include/rampart/dq.h"
#include "dialect.h"
#include "neighbours.h"

typedef struct rp_firstframe_params {
    rp_u64 stride;
    rp_extent extent;
    rp_u32 nints, ngroups;
    rp_u32 counter;
    rp_u32 unused;
} rp_firstframe_params;

RP_FN void rp_firstframe(const rp_firstframe_params *prm, RP_G(rp_u8) groupdq, RP_G(rp_u32) pixeldq,
                         RP_G(rp_u32) counters, rp_index p)
{
    vi32 kept = rp_alli32(0);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index first = (rp_index)i * prm->ngroups * prm->stride + p;
        const vi32 third = rp_load_u8(groupdq, first + 2 * prm->stride);
        const vi32 bright = RP_M32((third & rp_alli32(RP_DQ_SATURATED)) != rp_alli32(0));
        rp_store_u8(groupdq, first, rp_load_u8(groupdq, first) | (~bright & rp_alli32(RP_DQ_DO_NOT_USE)));
        kept |= bright;
    }
    if (!rp_any32(kept))
        return;
    const vu32 flags = rp_load_u32(pixeldq, p) | (rp_u32_of_i32(kept) & rp_allu32(RP_DQ_FLUX_ESTIMATED));
    rp_store_u32(pixeldq, p, flags);
    const vi32 usable = RP_M32((flags & rp_allu32(RP_DQ_DO_NOT_USE)) == rp_allu32(0));
    rp_count_core(&prm->extent, counters + prm->counter, kept & usable, p);
}

#endif
