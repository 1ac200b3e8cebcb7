/* Persistence: groups within a time after a pixel saturated, or became bright, are flagged.
 *
 *   Given     data [nints*ngroups][stride] DN; groupdq; times [nints*ngroups] s at the end of each group;
 *             initial [stride] s: end of the window that an earlier exposure left, 0 for none
 *   Returned  groupdq |= flag while a window is open; final [stride] s: end of the window at the end of the exposure
 *   Source    behaviour of jwst 3.0.0 (persistence): times in double, one window a pixel
 * A window opens at the first saturated group of an integration, and again in every later group for as long as no
 * second saturated one was seen. */
#ifndef RP_PERSISTENCE_H
#define RP_PERSISTENCE_H

#include "../include/rampart/dq.h"
#include "dialect.h"

typedef struct rp_persistence_params {
    rp_u64 stride;
    double window_s;
    rp_u32 nints, ngroups;
    rp_u32 flag;
    rp_u32 has_threshold, has_initial, has_final;
    float threshold; /* DN */
    rp_u32 unused;
} rp_persistence_params;

RP_FN void rp_persistence(const rp_persistence_params *prm, RP_G(const float) data, RP_G(rp_u8) groupdq,
                          RP_G(const double) times, RP_G(const double) initial, RP_G(double) final, rp_index p)
{
    const vf64 none = rp_all64(0.0);
    vf64 end = none;
    for (int k = 0; prm->has_initial && k < RP_LANES; k++)
        RP_SET_LANE(end, k, initial[p + (rp_index)k]);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        vi32 seen = rp_alli32(0); /* saturated groups of this integration, counted up to 2 */
        for (rp_u32 g = 0; g < prm->ngroups; g++) {
            const rp_index plane = (rp_index)i * prm->ngroups + g, at = plane * prm->stride + p;
            const vf64 now = rp_all64(times[plane]), closes = now + rp_all64(prm->window_s);
            const vi32 dq = rp_load_u8(groupdq, at);
            end = rp_sel64(RP_M64(end < now), none, end);
            seen -= RP_M32((dq & rp_alli32(RP_DQ_SATURATED)) != rp_alli32(0)) & RP_M32(seen < rp_alli32(2));
            end = rp_sel64(rp_m64(RP_M32(seen == rp_alli32(1))), closes, end);
            if (prm->has_threshold) {
                const vi32 bright = RP_M32(rp_load_f32(data, at) > rp_all32(prm->threshold));
                end = rp_sel64(rp_m64(bright) & ~RP_M64(end > none), closes, end);
            }
            end = rp_sel64(RP_M64(end > closes), none, end); /* of a later exposure than this one */
            const vi32 open = rp_m32(RP_M64(end > none));
            if (rp_any32(open))
                rp_store_u8(groupdq, at, dq | (open & rp_alli32((rp_i32)prm->flag)));
        }
    }
    for (int k = 0; prm->has_final && k < RP_LANES; k++)
        final[p + (rp_index)k] = RP_LANE(end, k);
}

#endif
