/* What jumps do to other groups: the four neighbours of a pixel, and the groups that follow.
 *
 *   Given     candidates: bit of difference (i, g) in word d / 32, d = i (ngroups-1) + g - 1, of planes with guards;
 *             groupdq as jump_find left it; for what follows also data, gain and the median of all differences
 *   Returned  groupdq |= JUMP_DET where the group is neither SATURATED nor DO_NOT_USE:
 *             neighbours: where one of the four neighbours is a candidate in the same group;
 *             after: up to n groups after a JUMP_DET (neighbours included) with d - m at least a threshold (electron)
 *   Source    behaviour of jwst 3.0.0 (stcal twopoint_difference) */
#ifndef RP_JUMP_NEIGHBOURS_H
#define RP_JUMP_NEIGHBOURS_H

#include "jump.h"

/* Candidates among the four neighbours of the pixels. */
RP_FN vi32 rp_jump_four(const rp_extent *e, RP_G(const rp_u32) words, rp_index at, rp_index p)
{
    const rp_spot spot = rp_spot_of(e, p, 1);
    if (spot.inner) {
        vi32 all = rp_i32_of_u32(rp_load_u32(words, at - 1) | rp_load_u32(words, at + 1));
        if (spot.y > 0)
            all |= rp_i32_of_u32(rp_load_u32(words, at - e->nx));
        if (p + e->nx + RP_LANES <= e->npix)
            all |= rp_i32_of_u32(rp_load_u32(words, at + e->nx));
        return all;
    }
    const vi32 x = rp_lane_columns(p, e->nx);
    return (rp_has_neighbour(e, p, x, -1, 0) & rp_i32_of_u32(rp_load_u32(words, at - e->nx))) |
           (rp_has_neighbour(e, p, x, 1, 0) & rp_i32_of_u32(rp_load_u32(words, at + e->nx))) |
           (rp_has_neighbour(e, p, x, 0, -1) & rp_i32_of_u32(rp_load_u32(words, at - 1))) |
           (rp_has_neighbour(e, p, x, 0, 1) & rp_i32_of_u32(rp_load_u32(words, at + 1)));
}

/* groupdq |= JUMP_DET where `wanted` and the group is usable. */
RP_FN void rp_jump_add(RP_G(rp_u8) groupdq, rp_index at, vi32 flags, vi32 wanted)
{
    const vi32 usable = RP_M32((flags & rp_alli32(RP_JUMP_UNUSABLE)) == rp_alli32(0));
    const vi32 marked = flags | (wanted & usable & rp_alli32(RP_DQ_JUMP_DET));
    if (rp_any32(RP_M32(marked != flags)))
        rp_store_u8(groupdq, at, marked);
}

RP_FN void rp_jump_neighbours(const rp_jump_params *prm, RP_G(rp_u8) groupdq, RP_G(const rp_u32) candidates, rp_index p)
{
    const rp_u32 ndiffs = prm->nints * (prm->ngroups - 1);
    for (rp_u32 first = 0, w = 0; first < ndiffs; first += 32, w++) {
        const vi32 near = rp_jump_four(&prm->extent, candidates, w * prm->word_stride + prm->guard + p, p);
        if (!rp_any32(near))
            continue;
        const rp_u32 bits = ndiffs - first < 32 ? ndiffs - first : 32;
        for (rp_u32 k = 0; k < bits; k++) {
            const vi32 wanted = RP_M32((near & rp_alli32((rp_i32)(1u << k))) != rp_alli32(0));
            if (!rp_any32(wanted))
                continue;
            const rp_u32 plane = first + k + (first + k) / (prm->ngroups - 1) + 1;
            const rp_index at = plane * prm->stride + p;
            rp_jump_add(groupdq, at, rp_load_u8(groupdq, at), wanted);
        }
    }
}

/* ------------------------------------------------------------------ groups after a jump */
typedef struct rp_jump_after_params {
    double threshold_1, threshold_2; /* electron */
    rp_u64 stride;
    rp_u64 gain_offset;
    rp_u32 nints, ngroups;
    rp_u32 groups_1, groups_2; /* how many groups follow, at most ngroups - 2 */
} rp_jump_after_params;

RP_FN vi32 rp_jump_countdown(vi32 left, vi32 start, rp_u32 groups)
{
    return rp_seli32(start, rp_alli32((rp_i32)groups), left - (RP_M32(left > rp_alli32(0)) & rp_alli32(1)));
}

RP_FN void rp_jump_after(const rp_jump_after_params *prm, RP_G(const float) data, RP_G(rp_u8) groupdq,
                         RP_G(const rp_u32) gain, RP_G(const double) median, rp_index p)
{
    const vi32 none = rp_alli32(0);
    const vf32 electrons = rp_load_f32_fits(gain, prm->gain_offset + p);
    vf64 m;
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(m, k, median[p + (rp_index)k]);
    rp_index at = p;
    for (rp_u32 i = 0; i < prm->nints; i++, at += prm->stride) {
        vf32 before = rp_load_f32(data, at) * electrons;
        vi32 unusable_before = RP_M32((rp_load_u8(groupdq, at) & rp_alli32(RP_JUMP_UNUSABLE)) != none);
        vi32 left_1 = none, left_2 = none;
        for (rp_u32 g = 1; g < prm->ngroups; g++) {
            at += prm->stride;
            const vi32 flags = rp_load_u8(groupdq, at);
            const vi32 unusable = RP_M32((flags & rp_alli32(RP_JUMP_UNUSABLE)) != none);
            const vf32 after = rp_load_f32(data, at) * electrons;
            const vf64 height = rp_f64_of_f32(after - before) - m;
            const vi32 jump = RP_M32((flags & rp_alli32(RP_DQ_JUMP_DET)) != none) & ~unusable & ~unusable_before;
            /* running on from an earlier jump, or starting here: the group itself has its flag then */
            const vi32 running = RP_M32(left_1 > none) | RP_M32(left_2 > none);
            if (rp_any32(running))
                rp_jump_add(groupdq, at, flags, running);
            left_1 =
                rp_jump_countdown(left_1, jump & rp_m32(RP_M64(height >= rp_all64(prm->threshold_1))), prm->groups_1);
            left_2 =
                rp_jump_countdown(left_2, jump & rp_m32(RP_M64(height >= rp_all64(prm->threshold_2))), prm->groups_2);
            before = after;
            unusable_before = unusable;
        }
    }
}

#endif
