/* The jump search's kernel: chooses the way for the number of differences.  See jump.h. */
#ifndef RP_JUMP_FIND_H
#define RP_JUMP_FIND_H

#include "flags.h"
#include "jump_clip.h"
#include "jump_few.h"
#include "jump_many.h"

RP_FN void rp_jump_unclipped(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_pixel *pixel, rp_index p)
{
#ifdef RP_DIALECT_HOST
    const rp_u32 n = prm->nints * (prm->ngroups - 1);
    if (n <= RP_MAX_FEW) {
        rp_jump_few(prm, io, pixel, p, (int)n);
        return;
    }
#elif defined(RP_NDIFF) && RP_NDIFF >= 2 && RP_NDIFF <= 16 /* the build is for one number of differences */
    if (prm->nints * (prm->ngroups - 1) == RP_NDIFF) {
        rp_jump_few(prm, io, pixel, p, RP_NDIFF);
        return;
    }
#endif
    rp_jump_many(prm, io, pixel, p);
}

/* Too few usable groups: flags are tidied up and counted, nothing else. */
RP_FN void rp_jump_tidy(const rp_jump_params *prm, const rp_jump_io *io, const rp_jump_pixel *pixel, rp_index p)
{
    const rp_jump_bounds bounds = {0, -rp_inf32(), rp_inf32(), RP_NULL};
    rp_jump_finish(prm, io, pixel, p, &bounds, rp_nan64(), rp_nan64());
}

RP_FN void rp_jump_find(const rp_jump_params *prm, RP_G(const float) data, RP_G(rp_u8) groupdq, RP_G(rp_u32) pixeldq,
                        RP_G(const rp_u32) gain, RP_G(const rp_u32) noise, RP_G(rp_u32) candidates, RP_G(double) median,
                        RP_G(float) differences, RP_G(rp_u32) counters, RP_G(rp_u32) seen, RP_G(const rp_u32) take_back,
                        rp_index p)
{
    const rp_jump_io io = {data, groupdq, candidates, median, differences, counters, seen, take_back};
    rp_jump_pixel pixel;
    pixel.gain = rp_load_f32_fits(gain, prm->gain_offset + p);
    const vf32 noise_e = rp_load_f32_fits(noise, prm->noise_offset + p) * pixel.gain;
    pixel.noise_variance = rp_f64_of_f32(noise_e * noise_e) / rp_all64(prm->nframes);
    pixel.noise_variance_32 = noise_e * noise_e / rp_all32((float)prm->nframes);
    pixel.flags_seen = rp_alli32(0);
    const rp_or_params at = {prm->gain_offset};
    rp_flag_no_gain(&at, pixeldq, gain, p);
    switch (prm->mode) {
    case RP_JUMP_NONE:
        rp_jump_tidy(prm, &io, &pixel, p);
        break;
    case RP_JUMP_CLIP_INTS:
    case RP_JUMP_CLIP_ALL:
        rp_jump_clipped(prm, &io, &pixel, p);
        break;
    default:
        rp_jump_unclipped(prm, &io, &pixel, p);
    }
}

#endif
