/* Jumps: cosmic-ray hits in ramps, by two-point differences.
 *
 *   Given     data [nints*ngroups][stride] DN; groupdq alike; gain (electron/DN) and read noise of a difference of two
 *             groups (DN), FITS float32 [stride]
 *   Returned  groupdq |= JUMP_DET in the group after a jump; pixeldq |= NO_GAIN_VALUE | DO_NOT_USE where the gain is
 *             no positive number; candidates: one bit per difference, jumps whose neighbours are to be flagged;
 *             median: of all differences, if asked for; counter: JUMP_DET flags of core pixels
 *   Formula   d[i,g] = e[i,g] - e[i,g-1], e = gain data (float32), absent where DO_NOT_USE or SATURATED is set;
 *             sigma^2 = |m| + (gain noise)^2 / nframes (float64), m the median of all d of a pixel
 *     single     jump where |d - m| / sigma > threshold
 *     iterative  on a = |d|: m = median without the largest (3 left: median, 2: the smaller); where the largest
 *                |a - m| / sigma exceeds the threshold for the number left, those a are jumps; repeat without them
 *     clip       sigma clipping of the differences of one group over the integrations, or of all (jump_clip.h)
 *   Source    behaviour of jwst 3.0.0 (stcal twopoint_difference).  Its accidents are kept: in the iterative search
 *             |a - m| is rounded to float32, and m too from the second round on; all values at the maximum are
 *             flagged together; a difference is never divided by the time between groups
 *
 * jump_few.h keeps up to 16 differences in registers and sorts them; jump_many.h selects medians from memory. */
#ifndef RP_JUMP_H
#define RP_JUMP_H

#include "../include/rampart/dq.h"
#include "dialect.h"
#include "median.h"
#include "neighbours.h"

/* How jumps are sought. */
#define RP_JUMP_NONE 0u      /* too few usable groups: flags are only tidied up */
#define RP_JUMP_ITERATIVE 1u /* one at a time */
#define RP_JUMP_SINGLE 2u    /* all at once */
#define RP_JUMP_CLIP_INTS 3u /* sigma clipping of each difference over the integrations */
#define RP_JUMP_CLIP_ALL 4u  /* sigma clipping of all differences of a pixel */

typedef struct rp_jump_params {
    double threshold;       /* sigma, four or more differences */
    double threshold_three; /* three differences left */
    double threshold_two;
    double min_neighbour, max_neighbour; /* sigma between which a jump's neighbours are flagged, exclusive */
    double nframes;
    rp_u64 stride;
    rp_u64 gain_offset, noise_offset; /* first elements of the reference planes */
    rp_u64 word_stride, guard;        /* of the planes of candidates; guards included, see neighbours.h */
    rp_extent extent;
    rp_u32 nints, ngroups;
    rp_u32 mode;            /* RP_JUMP_... */
    rp_u32 flag_neighbours; /* candidates are wanted */
    rp_u32 keep_median;     /* median is wanted */
    rp_u32 counter;         /* element of `counters` */
} rp_jump_params;

/* The buffers of one launch. */
typedef struct rp_jump_io {
    RP_G(const float) data;
    RP_G(rp_u8) groupdq;
    RP_G(rp_u32) candidates; /* [(nints*(ngroups-1)+31)/32][word_stride] */
    RP_G(double) median;     /* [stride], or null */
    RP_G(float) differences; /* scratch of jump_many.h: one tile on the host, one per 16 pixels on a device */
    RP_G(rp_u32) counters;
    RP_G(rp_u32) seen;            /* clip: [nints*ngroups], set where a core pixel is neither JUMP_DET nor DO_NOT_USE */
    RP_G(const rp_u32) take_back; /* clip: [nints*ngroups], groups in which JUMP_DET alone is taken back */
} rp_jump_io;

/* What stays the same for all differences of a pixel. */
typedef struct rp_jump_pixel {
    vf32 gain;
    vf64 noise_variance;    /* electron^2 */
    vf32 noise_variance_32; /* about the same */
    vi32 flags_seen;        /* OR over all groups */
} rp_jump_pixel;

#define RP_JUMP_UNUSABLE (RP_DQ_DO_NOT_USE | RP_DQ_SATURATED)

/* Median of all differences of the pixels, kept for what follows jumps (jump_neighbours.h). */
RP_FN void rp_jump_store_median(const rp_jump_io *io, rp_index p, vf64 m)
{
    for (int k = 0; k < RP_LANES; k++)
        io->median[p + (rp_index)k] = RP_LANE(m, k);
}

/* ------------------------------------------------------------------ samples */
/* Electrons of one group, NaN where the group is unusable. */
RP_FN vf32 rp_jump_sample(const rp_jump_params *prm, const rp_jump_io *io, const rp_jump_pixel *pixel, rp_u32 plane,
                          rp_index p, vi32 *flags)
{
    const rp_index at = plane * prm->stride + p;
    *flags = rp_load_u8(io->groupdq, at);
    const vi32 unusable = RP_M32((*flags & rp_alli32(RP_JUMP_UNUSABLE)) != rp_alli32(0));
    return rp_sel32(unusable, rp_nan32(), rp_load_f32(io->data, at) * pixel->gain);
}

/* ------------------------------------------------------------------ tests
 * distance / sqrt(variance) > threshold as float64 rounds it.  Squares decide, save so close to the threshold that
 * rounding could; a variance of 0 or NaN is never exceeded. */
RP_FN vi64 rp_jump_exceeds(vf64 distance, vf64 variance, vf64 threshold)
{
    const double slack = 0x1p-48;
    const vf64 square = distance * distance, limit = threshold * threshold * variance;
    const vi64 usable = RP_M64(variance > rp_all64(0.0));
    vi64 yes = RP_M64(square > limit * rp_all64(1.0 + slack)) & usable;
    const vi64 close = RP_M64(square >= limit * rp_all64(1.0 - slack)) & ~yes & usable;
    if (rp_any64(close))
        yes |= close & RP_M64(distance / rp_sqrt64(variance) > threshold);
    return yes;
}

RP_FN vf64 rp_jump_threshold(const rp_jump_params *prm, vi32 nleft)
{
    const vi64 two = rp_m64(RP_M32(nleft == rp_alli32(2))), three = rp_m64(RP_M32(nleft == rp_alli32(3)));
    return rp_sel64(two, rp_all64(prm->threshold_two),
                    rp_sel64(three, rp_all64(prm->threshold_three), rp_all64(prm->threshold)));
}

/* |a - m| as float32. */
RP_FN vf32 rp_jump_distance(vf32 a, vf64 m)
{
    return rp_fabs32(rp_f32_of_f64(rp_f64_of_f32(a) - m));
}

RP_FN vf64 rp_jump_mean(vf32 a, vf32 b)
{
    return (rp_f64_of_f32(a) + rp_f64_of_f32(b)) * rp_all64(0.5);
}

/* ------------------------------------------------------------------ bounds */
/* Where the values that are no jumps lie: the same for all differences of a pixel, or by group. */
typedef struct rp_jump_bounds {
    int magnitude; /* of |d| */
    vf32 low, high;
    RP_G(const float) by_group; /* null, or low and high of every group after the first: [ngroups-1][2][RP_TILE] */
} rp_jump_bounds;

RP_FN vi32 rp_jump_outside(const rp_jump_bounds *bounds, rp_u32 g, vf32 d)
{
    if (bounds->magnitude) {
        const vf32 size = rp_fabs32(d);
        return RP_M32(size < bounds->low) | RP_M32(size > bounds->high);
    }
    vf32 low = bounds->low, high = bounds->high;
    if (bounds->by_group) {
        low = rp_load_f32(bounds->by_group, (rp_index)(2 * g) * RP_TILE);
        high = rp_load_f32(bounds->by_group, (rp_index)(2 * g + 1) * RP_TILE);
    }
    return (RP_M32(d < low) | RP_M32(d > high)) & RP_M32(rp_fabs32(d) < rp_inf32());
}

/* Bound of a single pass: beyond it, as seen from m, every float32 is a jump, and none before it. */
RP_FN vf32 rp_jump_bound(const rp_jump_params *prm, vf64 m, vf64 variance, int upper)
{
    const vf64 threshold = rp_all64(prm->threshold), reach = threshold * rp_sqrt64(variance);
    const vi32 some = rp_m32(RP_M64(variance > rp_all64(0.0)));
    vf32 bound = rp_f32_of_f64(upper ? m + reach : m - reach);
    for (;;) { /* towards m while it is a jump: an ulp or two */
        const vf64 away = upper ? rp_f64_of_f32(bound) - m : m - rp_f64_of_f32(bound);
        const vi64 jump = rp_jump_exceeds(away, variance, threshold) & RP_M64(away > rp_all64(0.0));
        if (!rp_any64(jump))
            break;
        bound = rp_sel32(rp_m32(jump), upper ? rp_step_down32(bound) : rp_step_up32(bound), bound);
    }
    for (;;) { /* away from m while the next one is none */
        const vf32 next = upper ? rp_step_up32(bound) : rp_step_down32(bound);
        const vf64 away = upper ? rp_f64_of_f32(next) - m : m - rp_f64_of_f32(next);
        const vi64 jump = rp_jump_exceeds(away, variance, threshold) & RP_M64(away > rp_all64(0.0));
        const vi32 move = ~rp_m32(jump) & some & RP_M32(rp_fabs32(next) < rp_inf32());
        if (!rp_any32(move))
            break;
        bound = rp_sel32(move, next, bound);
    }
    return rp_sel32(some, bound, upper ? rp_inf32() : -rp_inf32());
}

RP_FN_RARE void rp_jump_set_bounds(const rp_jump_params *prm, vf64 m, vf64 variance, rp_jump_bounds *bounds)
{
    bounds->low = rp_jump_bound(prm, m, variance, 0);
    bounds->high = rp_jump_bound(prm, m, variance, 1);
}

/* ------------------------------------------------------------------ marking */
/* Lanes that lie in the core of the block. */
RP_FN vi32 rp_jump_core(const rp_extent *e, rp_index p)
{
    vi32 core = rp_alli32(0);
    rp_u32 y = (rp_u32)p / e->nx, x = (rp_u32)p - y * e->nx;
    for (int k = 0; k < RP_LANES; k++) {
        if (y >= e->y0 && y < e->y1 && x >= e->x0 && x < e->x1)
            RP_SET_LANE(core, k, -1);
        if (++x == e->nx) {
            x = 0;
            y++;
        }
    }
    return core;
}

/* What marking needs to know of the pixels, and counts. */
typedef struct rp_jump_marks {
    vf64 m, sigma; /* of all differences */
    vi32 core, count;
} rp_jump_marks;

/* Adds JUMP_DET to group `plane` where `jump`; counts it, removes it where the group is unusable; returns the
 * candidates.  In clipped series the group is seen, and JUMP_DET alone may have to be taken back. */
RP_FN vi32 rp_jump_mark(const rp_jump_params *prm, const rp_jump_io *io, rp_u32 plane, rp_index p, vi32 flags,
                        vi32 jump, vf32 d, rp_jump_marks *marks)
{
    const vi32 bit = rp_alli32(RP_DQ_JUMP_DET), none = rp_alli32(0);
    vi32 marked = flags | (jump & bit);
    if (io->seen) {
        const vi32 covered = RP_M32((marked & rp_alli32(RP_DQ_JUMP_DET | RP_DQ_DO_NOT_USE)) != none);
        if (!io->seen[plane] && rp_any32(~covered & marks->core))
            io->seen[plane] = 1;
        if (io->take_back[plane])
            marked &= ~RP_M32(marked == bit);
    }
    const vi32 has_jump = RP_M32((marked & bit) != none);
    const vi32 redundant = has_jump & RP_M32((marked & rp_alli32(RP_JUMP_UNUSABLE)) != none);
    const vi32 tidy = marked & ~(redundant & bit);
    marks->count -= has_jump & marks->core;
    if (rp_any32(RP_M32(tidy != flags)))
        rp_store_u8(io->groupdq, plane * prm->stride + p, tidy);
    if (!prm->flag_neighbours || !rp_any32(has_jump))
        return none;
    const vf64 ratio = rp_fabs64(rp_f64_of_f32(d) - marks->m) / marks->sigma;
    return has_jump &
           rp_m32(RP_M64(ratio < rp_all64(prm->max_neighbour)) & RP_M64(ratio > rp_all64(prm->min_neighbour)));
}

/* Candidate bits of a pixel, gathered a word at a time. */
typedef struct rp_jump_bits {
    vi32 word;
    rp_u32 used; /* bits of the word */
    rp_index at;
} rp_jump_bits;

RP_FN void rp_jump_put_bit(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_bits *bits, vi32 mask)
{
    bits->word |= mask & rp_alli32((rp_i32)(1u << bits->used));
    if (++bits->used < 32)
        return;
    if (prm->flag_neighbours)
        rp_store_u32(io->candidates, bits->at, rp_u32_of_i32(bits->word));
    bits->word = rp_alli32(0);
    bits->used = 0;
    bits->at += prm->word_stride;
}

RP_FN void rp_jump_flush_bits(const rp_jump_params *prm, const rp_jump_io *io, rp_jump_bits *bits)
{
    if (prm->flag_neighbours && bits->used)
        rp_store_u32(io->candidates, bits->at, rp_u32_of_i32(bits->word));
}

RP_FN void rp_jump_no_candidates(const rp_jump_params *prm, const rp_jump_io *io, rp_index p)
{
    if (!prm->flag_neighbours)
        return;
    const rp_u32 nwords = (prm->nints * (prm->ngroups - 1) + 31) / 32;
    for (rp_u32 w = 0; w < nwords; w++)
        rp_store_u32(io->candidates, w * prm->word_stride + prm->guard + p, rp_allu32(0));
}

RP_FN void rp_jump_add_count(const rp_jump_params *prm, const rp_jump_io *io, vi32 count)
{
    rp_u32 sum = 0;
    if (!rp_any32(count))
        return;
    for (int k = 0; k < RP_LANES; k++)
        sum += (rp_u32)RP_LANE(count, k);
    RP_ADD(&io->counters[prm->counter], sum);
}

/* Marks the differences outside the bounds as jumps, counts them and notes the candidates. */
RP_FN_RARE void rp_jump_finish(const rp_jump_params *prm, const rp_jump_io *io, const rp_jump_pixel *pixel, rp_index p,
                               const rp_jump_bounds *bounds, vf64 m, vf64 variance)
{
    const vi32 bit = rp_alli32(RP_DQ_JUMP_DET), none = rp_alli32(0);
    rp_jump_marks marks = {m, rp_sel64(RP_M64(variance > rp_all64(0.0)), rp_sqrt64(variance), rp_nan64()),
                           rp_jump_core(&prm->extent, p), none};
    rp_jump_bits bits = {none, 0, prm->guard + p};
    rp_u32 plane = 0;
    for (rp_u32 i = 0; i < prm->nints; i++, plane++) {
        vi32 flags;
        vf32 before = rp_jump_sample(prm, io, pixel, plane, p, &flags);
        if (io->seen || rp_any32(RP_M32((flags & bit) != none)))
            (void)rp_jump_mark(prm, io, plane, p, flags, none, rp_nan32(), &marks);
        for (rp_u32 g = 0; g + 1 < prm->ngroups; g++) {
            const vf32 after = rp_jump_sample(prm, io, pixel, ++plane, p, &flags), d = after - before;
            const vi32 jump = rp_jump_outside(bounds, g, d);
            vi32 candidate = none;
            if (io->seen || rp_any32(jump | RP_M32((flags & bit) != none)))
                candidate = rp_jump_mark(prm, io, plane, p, flags, jump, d, &marks);
            rp_jump_put_bit(prm, io, &bits, candidate);
            before = after;
        }
    }
    rp_jump_flush_bits(prm, io, &bits);
    rp_jump_add_count(prm, io, marks.count);
}

#endif
