/* Charge migration: charge of bright pixels spills into neighbours, from the signal threshold on.
 *
 *   Given     data [nints*ngroups][stride] DN; groupdq; threshold DN
 *   Returned  groupdq |= CHARGELOSS | DO_NOT_USE from the first group with data > threshold and groupdq not exactly
 *             DO_NOT_USE, to the last, in the pixel and its four neighbours; decided before any flag is set
 *   Source    behaviour of jwst 3.0.0 (charge_migration) */
#ifndef RP_CHARGE_MIGRATION_H
#define RP_CHARGE_MIGRATION_H

#include "../include/rampart/dq.h"
#include "dialect.h"
#include "neighbours.h"

typedef struct rp_charge_params {
    rp_u64 stride;
    rp_u64 first_stride; /* elements from plane to plane of `first`, guards included */
    rp_u64 guard;
    rp_extent extent;
    rp_u32 nints, ngroups;
    float threshold;
    rp_u32 unused;
} rp_charge_params;

/* first [nints][first_stride]: the first group that loses charge, ngroups for none. */
RP_FN void rp_charge_find(const rp_charge_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                          RP_G(rp_u32) first, rp_index p)
{
    for (rp_u32 i = 0; i < prm->nints; i++) {
        vi32 lost = rp_alli32(0), count = rp_alli32(0); /* groups from the first one on */
        for (rp_u32 g = 0; g < prm->ngroups; g++) {
            const rp_index at = ((rp_index)i * prm->ngroups + g) * prm->stride + p;
            lost |= RP_M32(rp_load_f32(data, at) > rp_all32(prm->threshold)) &
                    RP_M32(rp_load_u8(groupdq, at) != rp_alli32(RP_DQ_DO_NOT_USE));
            count -= lost;
        }
        rp_store_u32(first, i * prm->first_stride + prm->guard + p,
                     rp_u32_of_i32(rp_alli32((rp_i32)prm->ngroups) - count));
    }
}

RP_FN vi32 rp_charge_earlier(vi32 a, vi32 b)
{
    return rp_seli32(RP_M32(a < b), a, b);
}

RP_FN void rp_charge_flag(const rp_charge_params *prm, RP_G(rp_u8) groupdq, RP_G(const rp_u32) first, rp_index p)
{
    const vi32 never = rp_alli32((rp_i32)prm->ngroups), x = rp_lane_columns(p, prm->extent.nx);
    const vi32 north = rp_has_neighbour(&prm->extent, p, x, -1, 0), south = rp_has_neighbour(&prm->extent, p, x, 1, 0);
    const vi32 west = rp_has_neighbour(&prm->extent, p, x, 0, -1), east = rp_has_neighbour(&prm->extent, p, x, 0, 1);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index at = i * prm->first_stride + prm->guard + p;
        vi32 from = rp_i32_of_u32(rp_load_u32(first, at));
        from = rp_charge_earlier(from, rp_seli32(north, rp_i32_of_u32(rp_load_u32(first, at - prm->extent.nx)), never));
        from = rp_charge_earlier(from, rp_seli32(south, rp_i32_of_u32(rp_load_u32(first, at + prm->extent.nx)), never));
        from = rp_charge_earlier(from, rp_seli32(west, rp_i32_of_u32(rp_load_u32(first, at - 1)), never));
        from = rp_charge_earlier(from, rp_seli32(east, rp_i32_of_u32(rp_load_u32(first, at + 1)), never));
        if (!rp_any32(RP_M32(from < never)))
            continue;
        for (rp_u32 g = 0; g < prm->ngroups; g++) {
            const rp_index plane = ((rp_index)i * prm->ngroups + g) * prm->stride + p;
            const vi32 flag = RP_M32(rp_alli32((rp_i32)g) >= from) & rp_alli32(RP_DQ_CHARGELOSS | RP_DQ_DO_NOT_USE);
            rp_store_u8(groupdq, plane, rp_load_u8(groupdq, plane) | flag);
        }
    }
}

#endif
