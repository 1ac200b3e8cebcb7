/* Small pieces about data-quality flags that several steps need. */
#ifndef RP_FLAGS_H
#define RP_FLAGS_H

#include "../include/rampart/dq.h"
#include "dialect.h"
#include "neighbours.h"

typedef struct rp_or_params {
    rp_u64 offset; /* first element of the reference plane */
} rp_or_params;

/* pixeldq |= NO_GAIN_VALUE | DO_NOT_USE where the gain (FITS float32 from prm->offset on) is no positive number. */
RP_FN void rp_flag_no_gain(const rp_or_params *prm, RP_G(rp_u32) pixeldq, RP_G(const rp_u32) gain, rp_index p)
{
    const vi32 none = ~RP_M32(rp_load_f32_fits(gain, prm->offset + p) > rp_all32(0.0f));
    if (rp_any32(none))
        rp_store_u32(pixeldq, p,
                     rp_load_u32(pixeldq, p) | rp_u32_of_i32(none & rp_alli32(RP_DQ_NO_GAIN_VALUE | RP_DQ_DO_NOT_USE)));
}

/* pixeldq |= reference DQ plane (FITS uint32). */
RP_FN void rp_or_pixeldq(const rp_or_params *prm, RP_G(rp_u32) pixeldq, RP_G(const rp_u32) reference_dq, rp_index p)
{
    rp_store_u32(pixeldq, p, rp_load_u32(pixeldq, p) | rp_load_u32_fits(reference_dq, prm->offset + p));
}

/* Bad-pixel mask: pixeldq |= mask; where the mask says DO_NOT_USE every group gets it too (nplanes 0: no groups). */
typedef struct rp_mask_params {
    rp_u64 stride, offset;
    rp_u32 nplanes;
    rp_u32 unused;
} rp_mask_params;

RP_FN void rp_apply_mask(const rp_mask_params *prm, RP_G(rp_u32) pixeldq, RP_G(rp_u8) groupdq, RP_G(const rp_u32) mask,
                         rp_index p)
{
    const vu32 flags = rp_load_u32_fits(mask, prm->offset + p);
    rp_store_u32(pixeldq, p, rp_load_u32(pixeldq, p) | flags);
    const vi32 bad = rp_i32_of_u32(flags & rp_allu32(RP_DQ_DO_NOT_USE));
    if (!rp_any32(RP_M32(bad != rp_alli32(0))))
        return;
    for (rp_u32 k = 0; k < prm->nplanes; k++)
        rp_store_u8(groupdq, k * prm->stride + p, rp_load_u8(groupdq, k * prm->stride + p) | bad);
}

/* groupdq |= flag in planes first, first + step, ... (count of them). */
typedef struct rp_flag_planes_params {
    rp_u64 stride;
    rp_u32 first, step, count;
    rp_u32 flag;
} rp_flag_planes_params;

RP_FN void rp_flag_planes(const rp_flag_planes_params *prm, RP_G(rp_u8) groupdq, rp_index p)
{
    for (rp_u32 k = 0; k < prm->count; k++) {
        const rp_index at = (prm->first + (rp_index)k * prm->step) * prm->stride + p;
        rp_store_u8(groupdq, at, rp_load_u8(groupdq, at) | rp_alli32((rp_i32)prm->flag));
    }
}

#endif
