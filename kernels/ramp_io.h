/* Ramps in and out of the device: FITS words to native values and back, and flags of whole groups.
 *
 *   load_u16     raw uint16 (BZERO 32768) -> float DN; groupdq cleared
 *   load_f32     float32 words -> float
 *   store_f32    float -> float32 words; every NaN becomes the NaN of products
 *   store_u32    uint32 -> uint32 words (BZERO 2147483648)
 *   usable_groups  marks groups that have a core pixel without DO_NOT_USE
 *   restore_flags  SATURATED and JUMP_DET as the search for large events left them; where it was assigned (bit 0 of
 *                  final_flags) all other bits are gone (behaviour of jwst 3.0.0, snowballs) */
#ifndef RP_RAMP_IO_H
#define RP_RAMP_IO_H

#include "dialect.h"
#include "../include/rampart/dq.h"

typedef struct rp_ramp_io_params {
    rp_u64 stride;  /* elements from plane to plane, both sides */
    rp_u32 nplanes;
    rp_u32 clear_groupdq; /* load_u16, load_f32: write zeros to groupdq */
} rp_ramp_io_params;

RP_FN void rp_load_u16_plane(const rp_ramp_io_params *prm, RP_G(float) data, RP_G(rp_u8) groupdq, RP_G(const rp_u16) raw,
                             rp_index p)
{
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->stride + p;
        rp_store_f32(data, at, rp_f32_of_i32(rp_load_u16_fits(raw, at)));
        if (prm->clear_groupdq)
            rp_store_u8(groupdq, at, rp_alli32(0));
    }
}

RP_FN void rp_load_f32_plane(const rp_ramp_io_params *prm, RP_G(float) data, RP_G(rp_u8) groupdq, RP_G(const rp_u32) raw,
                             rp_index p)
{
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->stride + p;
        rp_store_f32(data, at, rp_load_f32_fits(raw, at));
        if (prm->clear_groupdq)
            rp_store_u8(groupdq, at, rp_alli32(0));
    }
}

RP_FN void rp_store_f32_plane(const rp_ramp_io_params *prm, RP_G(rp_u32) words, RP_G(const float) data, rp_index p)
{
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->stride + p;
        const vf32 value = rp_load_f32(data, at);
        rp_store_f32_fits(words, at, rp_sel32(rp_isnan32(value), rp_nan32(), value));
    }
}

RP_FN void rp_store_u32_plane(const rp_ramp_io_params *prm, RP_G(rp_u32) words, RP_G(const rp_u32) values, rp_index p)
{
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->stride + p;
        rp_store_u32_fits(words, at, rp_load_u32(values, at));
    }
}

typedef struct rp_usable_params {
    rp_u64 stride;
    rp_u32 nx;             /* of the rectangle */
    rp_u32 y0, y1, x0, x1; /* core within the rectangle */
    rp_u32 ramp; /* groups of an integration when ramps with one good group count for nothing; 0: they count */
} rp_usable_params;

/* Has the integration of plane z one good group only?  Persistence is no flaw. */
RP_FN int rp_is_single_group(const rp_usable_params *prm, RP_G(const rp_u8) groupdq, rp_index pixel, rp_u32 z)
{
    const rp_u32 first = z / prm->ramp * prm->ramp;
    int good = 0;
    for (rp_u32 k = first; k < first + prm->ramp && good < 2; k++)
        good += !(groupdq[k * prm->stride + pixel] & ~RP_DQ_PERSISTENCE & 0xff);
    return good == 1;
}

/* One work item per group and core row would be coarse on a GPU; a pixel's work item writes only when it must. */
RP_FN void rp_usable_groups(const rp_usable_params *prm, RP_G(rp_u32) seen, RP_G(const rp_u8) groupdq, rp_u32 x, rp_u32 y,
                            rp_u32 z)
{
    if (x < prm->x0 || x >= prm->x1 || y < prm->y0 || y >= prm->y1 || seen[z])
        return;
    const rp_index pixel = (rp_index)y * prm->nx + x;
    if (groupdq[z * prm->stride + pixel] & RP_DQ_DO_NOT_USE)
        return;
    if (!prm->ramp || !rp_is_single_group(prm, groupdq, pixel, z))
        seen[z] = 1;
}

RP_FN void rp_restore_flags(const rp_ramp_io_params *prm, RP_G(rp_u8) groupdq, RP_G(const rp_u8) final_flags, rp_index p)
{
    const vi32 sat = rp_alli32(RP_DQ_SATURATED), jump = rp_alli32(RP_DQ_JUMP_DET);
    for (rp_u32 k = 0; k < prm->nplanes; k++) {
        const rp_index at = k * prm->stride + p;
        const vi32 now = rp_load_u8(groupdq, at), wanted = rp_load_u8(final_flags, at);
        const vi32 assigned = RP_M32((wanted & rp_alli32(1)) != rp_alli32(0));
        rp_store_u8(groupdq, at, rp_seli32(assigned, wanted & (sat | jump), (now & ~jump) | (wanted & jump)));
    }
}

#endif
