/* RSCD: the first groups of a MIRI integration, disturbed by the switch that ends a reset, are not used.
 *
 *   Given     groupdq [nints*ngroups][stride]; groups to skip in the exposure's first integration (if it is here), and
 *             in later ones; ngroups at least skip + 3
 *   Returned  DO_NOT_USE in the first groups; a pixel that saturates so early that fewer than two groups would remain
 *             skips fewer, and none at last, unless it is saturated from the start: then pixeldq |= FLUX_ESTIMATED.
 *             Counters, for first and later integrations: 0, 1 pixels that skip fewer; 2, 3 pixels that skip none
 *             (only where skip > 0); 4, 5 is any pixel too early saturated
 *   Source    behaviour of jwst 3.0.0 (rscd); SATURATED is taken to hold from its first group on */
#ifndef RP_RSCD_H
#define RP_RSCD_H

#include "../include/rampart/dq.h"
#include "dialect.h"
#include "neighbours.h"

typedef struct rp_rscd_params {
    rp_u64 stride;
    rp_extent extent;
    rp_u32 first, count;  /* integrations of this launch */
    rp_u32 ngroups, skip; /* groups of an integration, groups to skip */
    rp_u32 later;         /* 0: counters of first integrations, 1: of later ones */
    rp_u32 counter;
} rp_rscd_params;

/* Groups that the lanes skip; `early` gets the lanes that saturate too early. */
RP_FN vi32 rp_rscd_skip(const rp_rscd_params *prm, RP_G(const rp_u8) groupdq, rp_index first, vi32 *early)
{
    const vi32 saturated = rp_alli32(RP_DQ_SATURATED), zero = rp_alli32(0);
    const vi32 lost = RP_M32((rp_load_u8(groupdq, first) & saturated) != zero);
    vi32 skip = rp_alli32((rp_i32)prm->skip);
    vi32 lanes = ~lost & RP_M32((rp_load_u8(groupdq, first + (prm->skip + 1) * prm->stride) & saturated) != zero);
    *early = lanes;
    for (rp_u32 g = prm->skip + 1; g > 0 && rp_any32(lanes); g--) {
        skip += lanes & RP_M32(skip > zero); /* a mask is -1 */
        lanes &= RP_M32((rp_load_u8(groupdq, first + (g - 1) * prm->stride) & saturated) != zero);
    }
    return skip;
}

RP_FN void rp_rscd(const rp_rscd_params *prm, RP_G(rp_u8) groupdq, RP_G(rp_u32) pixeldq, RP_G(rp_u32) counters,
                   rp_index p)
{
    const vi32 zero = rp_alli32(0);
    vi32 sooner = zero, none = zero, any_early = zero;
    for (rp_u32 i = prm->first; i < prm->first + prm->count; i++) {
        const rp_index first = (rp_index)i * prm->ngroups * prm->stride + p;
        vi32 early;
        const vi32 skip = rp_rscd_skip(prm, groupdq, first, &early);
        for (rp_u32 g = 0; g < prm->skip; g++) {
            const vi32 flag = RP_M32(rp_alli32((rp_i32)g) < skip) & rp_alli32(RP_DQ_DO_NOT_USE);
            rp_store_u8(groupdq, first + g * prm->stride, rp_load_u8(groupdq, first + g * prm->stride) | flag);
        }
        sooner |= RP_M32(skip < rp_alli32((rp_i32)prm->skip));
        none |= prm->skip ? RP_M32(skip == zero) : zero;
        any_early |= early;
    }
    if (!rp_any32(any_early))
        return;
    rp_store_u32(pixeldq, p, rp_load_u32(pixeldq, p) | (rp_u32_of_i32(sooner) & rp_allu32(RP_DQ_FLUX_ESTIMATED)));
    RP_G(rp_u32) mine = counters + prm->counter + prm->later;
    rp_count_core(&prm->extent, mine, sooner, p);
    rp_count_core(&prm->extent, mine + 2, none, p);
    rp_mark_core(&prm->extent, mine + 4, any_early, p);
}

#endif
