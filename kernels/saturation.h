/* Saturation: groups at or above the threshold of their pixel, their neighbours, and groups at or below zero.
 *
 *   Given     data [nints*ngroups][stride] DN, raw; groupdq; threshold FITS float32 DN; its DQ, FITS uint32 or null;
 *             bias FITS float32 DN or null; n_pix_grow (grow); frames of a group (nframes; 0: read pattern not used)
 *   Returned  groupdq |= SATURATED from the first group at the threshold on, and in the box of 2 * grow + 1 pixels;
 *             |= AD_FLOOR | DO_NOT_USE where data <= 0; |= DO_NOT_USE for groups that saturated part of the way;
 *             pixeldq |= the threshold's flags, NO_SAT_CHECK where the threshold is NaN; zeroframe 0 where unusable;
 *             counters: pixels with a saturated group, pixels with a group at the floor
 *   Source    behaviour of jwst 3.0.0 and stcal 1.20.0 (saturation)
 *
 * Three launches: `find` packs the flags of a pixel's groups into words (32 groups a word), `grow` spreads them and
 * finds partly saturated groups, `mark` spreads those and writes the flags.  Almost every pixel has none: then only
 * its data are read. */
#ifndef RP_SATURATION_H
#define RP_SATURATION_H

#include "../include/rampart/dq.h"
#include "dialect.h"
#include "neighbours.h"

typedef struct rp_saturation_params {
    rp_u64 stride;           /* elements from plane to plane of data and groupdq */
    rp_u64 threshold_offset; /* first element of each reference plane in its buffer */
    rp_u64 dq_offset;
    rp_u64 bias_offset;
    rp_u64 word_stride; /* elements from plane to plane of words, guards included */
    rp_u64 guard;       /* elements before the first pixel of a plane of words */
    rp_extent extent;
    rp_u32 nints, ngroups;
    rp_u32 nwords; /* ngroups / 32, rounded up */
    rp_u32 grow;
    rp_u32 nframes;
    rp_u32 has_dq, has_bias;
    rp_u32 counter; /* index of the first counter */
} rp_saturation_params;

/* The threshold of a pixel; lanes without a check get one above anything that 16 bits hold. */
RP_FN vf32 rp_saturation_level(const rp_saturation_params *prm, RP_G(const rp_u32) threshold, RP_G(const rp_u32) dq,
                               rp_index p, vi32 *unchecked)
{
    const vf32 level = rp_load_f32_fits(threshold, prm->threshold_offset + p);
    vi32 off = rp_isnan32(level);
    if (prm->has_dq) {
        const vu32 flags = rp_load_u32_fits(dq, prm->dq_offset + p);
        off |= RP_M32((flags & rp_allu32(RP_DQ_NO_SAT_CHECK)) != rp_allu32(0));
    }
    *unchecked = off;
    return rp_sel32(off, rp_all32(65536.0f), level);
}

RP_FN rp_index rp_saturation_word(const rp_saturation_params *prm, rp_u32 integration, rp_u32 word, rp_index p)
{
    return ((rp_index)integration * prm->nwords + word) * prm->word_stride + prm->guard + p;
}

/* One integration of pixels of which at least one is saturated or at the floor. */
RP_FN vi32 rp_saturation_pack(const rp_saturation_params *prm, RP_G(const float) data, RP_G(rp_u8) groupdq,
                              RP_G(rp_u32) words, vf32 level, rp_u32 integration, rp_index p)
{
    vi32 reached = rp_alli32(0), floored = rp_alli32(0);
    for (rp_u32 w = 0; w < prm->nwords; w++) {
        const rp_u32 first = 32 * w, end = first + 32 < prm->ngroups ? first + 32 : prm->ngroups;
        vi32 word = rp_alli32(0);
        for (rp_u32 g = first; g < end; g++) {
            const rp_index at = ((rp_index)integration * prm->ngroups + g) * prm->stride + p;
            const vf32 value = rp_load_f32(data, at);
            const vi32 flags = rp_load_u8(groupdq, at), low = RP_M32(value <= rp_all32(0.0f));
            const vi32 before = RP_M32((flags & rp_alli32(RP_DQ_SATURATED)) != rp_alli32(0));
            reached |= RP_M32(value >= level);
            word |= (reached | before) & rp_alli32((rp_i32)(1u << (g - first)));
            floored |= low;
            if (rp_any32(low))
                rp_store_u8(groupdq, at, flags | (low & rp_alli32(RP_DQ_AD_FLOOR | RP_DQ_DO_NOT_USE)));
        }
        rp_store_u32(words, rp_saturation_word(prm, integration, w, p), rp_u32_of_i32(word));
    }
    return floored;
}

RP_FN void rp_saturation_find(const rp_saturation_params *prm, RP_G(const float) data, RP_G(rp_u8) groupdq,
                              RP_G(rp_u32) pixeldq, RP_G(const rp_u32) threshold, RP_G(const rp_u32) threshold_dq,
                              RP_G(rp_u32) words, RP_G(rp_u32) counters, rp_index p)
{
    vi32 unchecked, floored = rp_alli32(0);
    const vf32 level = rp_saturation_level(prm, threshold, threshold_dq, p, &unchecked);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        /* highest and lowest value, and every flag, of the integration: NaN takes no part */
        vf32 high = rp_from_bits32(rp_alli32((rp_i32)0xff800000)), low = rp_from_bits32(rp_alli32(0x7f800000));
        vi32 seen = rp_alli32(0);
        const rp_index first = (rp_index)i * prm->ngroups * prm->stride + p;
        for (rp_u32 g = 0; g < prm->ngroups; g++) {
            const vf32 value = rp_load_f32(data, first + g * prm->stride);
            high = rp_max32(value, high);
            low = rp_min32(value, low);
            seen |= rp_load_u8(groupdq, first + g * prm->stride);
        }
        floored |= RP_M32((seen & rp_alli32(RP_DQ_AD_FLOOR)) != rp_alli32(0));
        const vi32 marked = RP_M32(high >= level) | RP_M32(low <= rp_all32(0.0f)) |
                            RP_M32((seen & rp_alli32(RP_DQ_SATURATED)) != rp_alli32(0));
        if (rp_any32(marked))
            floored |= rp_saturation_pack(prm, data, groupdq, words, level, i, p);
        else
            for (rp_u32 w = 0; w < prm->nwords; w++)
                rp_store_u32(words, rp_saturation_word(prm, i, w, p), rp_allu32(0));
    }
    vu32 flags = prm->has_dq ? rp_load_u32_fits(threshold_dq, prm->dq_offset + p) : rp_allu32(0);
    flags |= rp_u32_of_i32(unchecked) & rp_allu32(RP_DQ_NO_SAT_CHECK);
    rp_store_u32(pixeldq, p, rp_load_u32(pixeldq, p) | flags);
    rp_count_core(&prm->extent, counters + prm->counter + 1, floored, p);
}

/* Bits of the candidates whose group, an average of frames, lies above the threshold's share. */
RP_FN vi32 rp_saturation_partial(const rp_saturation_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                                 vf32 level, vi32 unchecked, vi32 candidates, rp_u32 integration, rp_u32 word,
                                 rp_index p)
{
    const rp_u32 first = 32 * word, end = first + 32 < prm->ngroups ? first + 32 : prm->ngroups;
    const double frames = (double)prm->nframes;
    vi32 found = rp_alli32(0);
    for (rp_u32 g = first; g < end; g++) {
        const vi32 bit = rp_alli32((rp_i32)(1u << (g - first)));
        vi32 lanes = RP_M32((candidates & bit) != rp_alli32(0));
        if (!rp_any32(lanes))
            continue;
        const rp_index at = ((rp_index)integration * prm->ngroups + g) * prm->stride + p;
        lanes &= RP_M32((rp_load_u8(groupdq, at) & rp_alli32(RP_DQ_DO_NOT_USE)) == rp_alli32(0));
        /* mean read of the group over its last read */
        const double share = ((double)g * frames + (frames + 1.0) * 0.5) / ((double)(g + 1) * frames);
        const vf64 limit = rp_f64_of_f32(level) * rp_sel64(rp_m64(unchecked), rp_all64(1.0), rp_all64(share));
        lanes &= rp_m32(RP_M64(rp_f64_of_f32(rp_load_f32(data, at)) >= limit));
        found |= lanes & bit;
    }
    return found;
}

RP_FN void rp_saturation_grow(const rp_saturation_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                              RP_G(const rp_u32) threshold, RP_G(const rp_u32) threshold_dq, RP_G(const rp_u32) words,
                              RP_G(rp_u32) grown, RP_G(rp_u32) partial, rp_index p)
{
    const rp_spot spot = rp_spot_of(&prm->extent, p, prm->grow);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        vi32 later = rp_alli32(0);
        for (rp_u32 w = prm->nwords; w-- > 0;) {
            const rp_index at = rp_saturation_word(prm, i, w, p);
            const vi32 word = rp_box_or(&prm->extent, &spot, words, at, p, prm->grow);
            rp_store_u32(grown, at, rp_u32_of_i32(word));
            if (prm->nframes > 1) {
                const vu32 next = (rp_u32_of_i32(word) >> 1) | (rp_u32_of_i32(later) << 31);
                const vi32 candidates = rp_i32_of_u32(next) & ~word;
                vi32 found = rp_alli32(0);
                if (rp_any32(RP_M32(candidates != rp_alli32(0)))) {
                    vi32 unchecked;
                    const vf32 level = rp_saturation_level(prm, threshold, threshold_dq, p, &unchecked);
                    found = rp_saturation_partial(prm, data, groupdq, level, unchecked, candidates, i, w, p);
                }
                rp_store_u32(partial, at, rp_u32_of_i32(found));
            }
            later = word;
        }
    }
}

/* Lanes whose second group must hold a jump into saturation: the third is saturated, which the first does not foretell.
 */
RP_FN vi32 rp_saturation_second(const rp_saturation_params *prm, RP_G(const float) data, vf32 level, vf32 bias,
                                rp_u32 integration, rp_index p)
{
    const rp_index at = (rp_index)integration * prm->ngroups * prm->stride + p;
    const vf32 first = rp_load_f32(data, at), second = rp_load_f32(data, at + prm->stride);
    const double frames = (double)prm->nframes;
    const vf64 rate = rp_f64_of_f32(first - bias) / rp_all64((frames + 1.0) * 0.5);
    const vf64 expected = rate * rp_all64(3.0 * frames) + rp_f64_of_f32(bias);
    const vi32 calm = rp_m32(RP_M64(expected < rp_f64_of_f32(level)));
    return calm & RP_M32(second - first > (level - first) / rp_all32((float)prm->nframes));
}

RP_FN void rp_saturation_mark(const rp_saturation_params *prm, RP_G(const float) data, RP_G(rp_u8) groupdq,
                              RP_G(const rp_u32) threshold, RP_G(const rp_u32) threshold_dq, RP_G(const rp_u32) bias,
                              RP_G(const rp_u32) grown, RP_G(const rp_u32) partial, RP_G(rp_u32) counters, rp_index p)
{
    const rp_spot spot = rp_spot_of(&prm->extent, p, prm->grow);
    vi32 ever = rp_alli32(0);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        for (rp_u32 w = 0; w < prm->nwords; w++) {
            const rp_index at = rp_saturation_word(prm, i, w, p);
            const vi32 full = rp_i32_of_u32(rp_load_u32(grown, at));
            vi32 part = prm->nframes > 1 ? rp_box_or(&prm->extent, &spot, partial, at, p, prm->grow) : rp_alli32(0);
            if (!rp_any32(RP_M32((full | part) != rp_alli32(0))))
                continue;
            ever |= full;
            if (w == 0 && prm->nframes > 0 && prm->ngroups > 2) {
                vi32 unchecked;
                const vi32 candidates = RP_M32((full & rp_alli32(6)) == rp_alli32(4));
                const vf32 level = rp_saturation_level(prm, threshold, threshold_dq, p, &unchecked);
                const vf32 zero = prm->has_bias ? rp_load_f32_fits(bias, prm->bias_offset + p) : rp_all32(0.0f);
                if (rp_any32(candidates))
                    part |= candidates & rp_saturation_second(prm, data, level, zero, i, p) & rp_alli32(2);
            }
            const rp_u32 first = 32 * w, end = first + 32 < prm->ngroups ? first + 32 : prm->ngroups;
            for (rp_u32 g = first; g < end; g++) {
                const vi32 bit = rp_alli32((rp_i32)(1u << (g - first)));
                const rp_index plane = ((rp_index)i * prm->ngroups + g) * prm->stride + p;
                const vi32 add = (RP_M32((full & bit) != rp_alli32(0)) & rp_alli32(RP_DQ_SATURATED)) |
                                 (RP_M32((part & bit) != rp_alli32(0)) & rp_alli32(RP_DQ_DO_NOT_USE));
                rp_store_u8(groupdq, plane, rp_load_u8(groupdq, plane) | add);
            }
        }
    }
    rp_count_core(&prm->extent, counters + prm->counter, RP_M32(ever != rp_alli32(0)), p);
}

/* The zero frame has no flags: what is saturated, beside it, or at the floor becomes 0.  Bit 0: saturated, 1: floor. */
RP_FN void rp_saturation_zero_find(const rp_saturation_params *prm, RP_G(const float) zeroframe,
                                   RP_G(const rp_u32) threshold, RP_G(const rp_u32) threshold_dq, RP_G(rp_u32) words,
                                   rp_index p)
{
    vi32 unchecked;
    const vf32 level = rp_saturation_level(prm, threshold, threshold_dq, p, &unchecked);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const vf32 value = rp_load_f32(zeroframe, i * prm->stride + p);
        const vi32 word = (RP_M32(value >= level) & rp_alli32(1)) | (RP_M32(value <= rp_all32(0.0f)) & rp_alli32(2));
        rp_store_u32(words, i * prm->word_stride + prm->guard + p, rp_u32_of_i32(word));
    }
}

RP_FN void rp_saturation_zero_clear(const rp_saturation_params *prm, RP_G(float) zeroframe, RP_G(const rp_u32) words,
                                    rp_index p)
{
    const rp_spot spot = rp_spot_of(&prm->extent, p, prm->grow);
    for (rp_u32 i = 0; i < prm->nints; i++) {
        const rp_index at = i * prm->word_stride + prm->guard + p;
        const vi32 low = rp_i32_of_u32(rp_load_u32(words, at)) & rp_alli32(2);
        const vi32 high = rp_box_or(&prm->extent, &spot, words, at, p, prm->grow) & rp_alli32(1);
        const vi32 unusable = RP_M32((low | high) != rp_alli32(0));
        if (rp_any32(unusable))
            rp_store_f32(zeroframe, i * prm->stride + p,
                         rp_sel32(unusable, rp_all32(0.0f), rp_load_f32(zeroframe, i * prm->stride + p)));
    }
}

#endif
