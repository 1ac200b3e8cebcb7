/* Count rates by least squares, the quick way for listed pixels of exposures of one integration.
 *
 * As ramp_ols_quick.h, for ramps that are cut into segments: bits of an integer stand for groups, slopes come from
 * differences of groups at the same distance from the middle of a segment, and every result must pass the test of its
 * rounding.  Lanes that do not are done again by ramp_ols_general.h, so the bits are those of the long way.
 * Host only: it works on ramps in private memory.
 *
 * Bound on the slope of a segment of L groups around group c, per group, with u = 2**-53 and X the largest |y|:
 * u ((4 L + 10) (12 c X / (L**2 - 1) + (12 c**2 / (L**2 - 1) + 1) |slope|) + 24 X + 32 |slope|); doubled below. */
#ifndef RP_RAMP_OLS_BRIEF_H
#define RP_RAMP_OLS_BRIEF_H

#include "ramp_ols_quick.h"
#include "ramp_ols_general.h"

#ifdef RP_DIALECT_HOST

/* Groups as bits of an integer, group 0 the lowest. */
typedef struct rp_ols_bits {
    vi32 good, jump; /* no flag; JUMP_DET alone */
    vi32 all;        /* OR of all flags */
    vi32 step;       /* group k and k+1 make a step of the rate */
    vi32 valued;     /* neither DO_NOT_USE nor SATURATED */
    vf32 largest;
    vi32 is_finite;
} rp_ols_bits;

RP_FN rp_ols_bits rp_ols_bits_of(const rp_ols_source *src, int n)
{
    const vi32 zero = rp_alli32(0), exponent = rp_alli32(0x7f800000);
    rp_ols_bits b;
    vi32 before = zero;
    b.good = b.jump = b.all = b.step = b.valued = zero;
    b.largest = rp_all32(0.0f);
    b.is_finite = rp_alli32(-1);
    for (int k = 0; k < n; k++) {
        const vi32 q = src->q[k], bit = rp_alli32(1 << k);
        const vi32 has_value = ~rp_ols_has(q, RP_DQ_DO_NOT_USE | RP_DQ_SATURATED);
        b.good = b.good | (RP_M32(q == zero) & bit);
        b.jump = b.jump | (RP_M32(q == rp_alli32(RP_DQ_JUMP_DET)) & bit);
        b.all = b.all | q;
        if (k > 0)
            b.step = b.step | (has_value & before & ~rp_ols_has(q, RP_DQ_JUMP_DET) & rp_alli32(1 << (k - 1)));
        b.valued = b.valued | (has_value & bit);
        before = has_value;
        const vf32 x = rp_sel32(has_value, src->x[k], rp_all32(0.0f));
        b.is_finite = b.is_finite & RP_M32((rp_bits32(x) & exponent) != exponent);
        b.largest = rp_max32(b.largest, rp_fabs32(x));
    }
    return b;
}

/* Number of the only bit that is set. */
RP_FN vi32 rp_ols_bit_number(vi32 bit)
{
    return (rp_bits32(rp_f32_of_i32(bit)) >> 23) - rp_alli32(127);
}

RP_FN vi32 rp_ols_bit_count(vi32 v)
{
    v = v - ((v >> 1) & rp_alli32(0x55555555));
    v = (v & rp_alli32(0x33333333)) + ((v >> 2) & rp_alli32(0x33333333));
    v = (v + (v >> 4)) & rp_alli32(0x0f0f0f0f);
    return (v + (v >> 8)) & rp_alli32(0x1f);
}

/* Value of each lane's own group. */
RP_FN vf32 rp_ols_value_at(const rp_ols_source *src, vi32 group)
{
    vf32 v = rp_all32(0.0f);
    for (int k = 0; k < RP_LANES; k++)
        RP_SET_LANE(v, k, RP_LANE(src->x[RP_LANE(group, k)], k));
    return v;
}

/* ------------------------------------------------------------------ the median rate */
/* The exact step whose float32 is `wanted`; *sure is cleared where several have it. */
RP_FN vf64 rp_ols_brief_exact(const rp_ols_source *src, const vf32 *d, vi32 steps, int n, vf32 wanted, vi32 *sure)
{
    vf32 x0 = rp_all32(0.0f), x1 = x0;
    vi32 seen = rp_alli32(0);
    for (int k = 0; k + 1 < n; k++) {
        const vi32 is = RP_M32(d[k] == wanted) & rp_ols_has(steps, 1 << k);
        x0 = rp_sel32(is, src->x[k], x0);
        x1 = rp_sel32(is, src->x[k + 1], x1);
        seen = seen - is;
    }
    *sure = *sure & RP_M32(seen == rp_alli32(1));
    return rp_ols_wide(x1) - rp_ols_wide(x0);
}

/* Median rate, DN/s; pixels need a step. */
RP_FN vf64 rp_ols_brief_median(const rp_ols_params *prm, const rp_ols_source *src, const rp_ols_bits *b, int n, vi32 *sure)
{
    const vf32 infinity = rp_from_bits32(rp_alli32(0x7f800000));
    vf32 d[RP_OLS_QUICK_GROUPS], v[RP_OLS_QUICK_GROUPS];
    for (int k = 0; k + 1 < n; k++) {
        d[k] = src->x[k + 1] - src->x[k];
        v[k] = rp_sel32(rp_ols_has(b->step, 1 << k), d[k], infinity);
    }
#define RP_OLS_COMPARE(i, j)                                                                                           \
    if (j + 1 < n) {                                                                                                   \
        const vf32 low = rp_min32(v[i], v[j]);                                                                         \
        v[j] = rp_max32(v[i], v[j]);                                                                                   \
        v[i] = low;                                                                                                    \
    }
    RP_OLS_COMPARATORS(RP_OLS_COMPARE)
#undef RP_OLS_COMPARE
    const vi32 count = rp_ols_bit_count(b->step), low_rank = (count - rp_alli32(1)) >> 1, high_rank = count >> 1;
    vf32 low = infinity, high = infinity;
    for (int k = 0; k + 1 < n; k++) {
        low = rp_sel32(RP_M32(low_rank == rp_alli32(k)), v[k], low);
        high = rp_sel32(RP_M32(high_rank == rp_alli32(k)), v[k], high);
    }
    const vi32 is_odd = RP_M32((count & rp_alli32(1)) != rp_alli32(0));
    high = rp_sel32(is_odd, low, high);
    *sure = *sure & RP_M32(count > rp_alli32(0));
    const vf64 sum = rp_ols_brief_exact(src, d, b->step, n, low, sure) + rp_ols_brief_exact(src, d, b->step, n, high, sure);
    return sum * rp_all64(0.5) * rp_all64(prm->inverse_time);
}

/* ------------------------------------------------------------------ segments */
/* Sums over segments: of L**3 - L, of L - 1, of slope * (L**3 - L) and its bound (per group), of 1 / total variance. */
typedef struct rp_ols_brief_sums {
    vf64 cubes, steps, slope, bound, inv_e;
} rp_ols_brief_sums;

/* What stays the same over the segments of a pixel. */
typedef struct rp_ols_brief_pixel {
    vf64 shot, read;  /* times (L - 1) and (L**3 - L): variances of a segment */
    vf64 shot_slack;  /* error of shot */
    vf64 largest;
    vf32 gain, noise;
} rp_ols_brief_pixel;

/* Slope per group of the lanes' segments [start, end). */
RP_FN vf64 rp_ols_brief_slope(const rp_ols_source *src, RP_G(const float) table, vi32 start, vi32 end, vi32 class)
{
    const vi32 one = rp_alli32(1), length = end - start, row = (length >> 1) * ((length + one) >> 1);
    const vf64 middle = rp_f64_of_i32(length - one) * rp_all64(0.5);
    vf64 sum = rp_all64(0.0), scale = sum;
    for (int k = 0; k < RP_OLS_QUICK_GROUPS / 2; k++) {
        const vi32 inside = RP_M32(rp_alli32(2 * k + 1) < length), step = inside & rp_alli32(k);
        if (!rp_any32(inside))
            break;
        vf64 w = rp_ols_wide(rp_ols_pick(table, (row + step) * rp_alli32(8) + class));
        w = rp_sel64(rp_m64(inside), w, rp_all64(0.0));
        const vf64 arm = middle - rp_all64((double)k);
        const vf64 y0 = rp_ols_wide(rp_ols_value_at(src, start + step)), y1 = rp_ols_wide(rp_ols_value_at(src, end - one - step));
        sum = sum + w * arm * (y1 - y0);
        scale = scale + w * arm * arm;
    }
    return sum / (scale + scale);
}

RP_FN void rp_ols_brief_segment(const rp_ols_source *src, RP_G(const float) table, const rp_ols_brief_pixel *p,
                                vi32 start, vi32 end, vi32 used, rp_ols_brief_sums *s, vi32 *sure)
{
    const vi32 one = rp_alli32(1), length = end - start, is_two = RP_M32(length == rp_alli32(2));
    const vf32 y0 = rp_ols_value_at(src, start), y1 = rp_ols_value_at(src, end - one);
    vi32 clear = *sure;
    vi32 class = rp_ols_quick_class(y1 - y0, p->gain, p->noise, &clear);
    *sure = *sure & (clear | is_two | ~used);
    vf64 slope = rp_ols_wide(y1) - rp_ols_wide(y0);
    const vi32 fitted = used & ~is_two;
    if (rp_any32(fitted)) { /* others run along on a segment of three */
        const vf64 fit = rp_ols_brief_slope(src, table, start & fitted, rp_seli32(fitted, end, rp_alli32(3)), class & fitted);
        slope = rp_sel64(rp_m64(fitted), fit, slope);
    }
    const vf64 n = rp_f64_of_i32(length), cubes = n * n * n - n, steps = n - rp_all64(1.0), zero = rp_all64(0.0);
    const vf64 centre = rp_f64_of_i32(start + end - one) * rp_all64(0.5), wing = rp_all64(12.0) / (n * n - rp_all64(1.0));
    const vf64 size = rp_fabs64(slope), reach = rp_all64(4.0) * n + rp_all64(10.0);
    const vf64 bound = reach * wing * centre * (p->largest + centre * size) + rp_all64(24.0) * p->largest +
                       (reach + rp_all64(32.0)) * size;
    const vf64 shot = p->shot / steps, total = shot + p->read / cubes;
    const vi64 m = rp_m64(used);
    *sure = *sure & (rp_m32(RP_M64(p->shot_slack / steps < total * rp_all64(0x1p-38)) & RP_M64(total < rp_all64(1.0e5))) | ~used);
    s->cubes = s->cubes + rp_sel64(m, cubes, zero);
    s->steps = s->steps + rp_sel64(m, steps, zero);
    s->slope = s->slope + rp_sel64(m, slope * cubes, zero);
    s->bound = s->bound + rp_sel64(m, bound * cubes, zero);
    s->inv_e = s->inv_e + rp_sel64(m, rp_all64(1.0) / total, zero);
}

/* All segments of two groups and more. */
RP_FN rp_ols_brief_sums rp_ols_brief_segments(const rp_ols_source *src, RP_G(const float) table, const rp_ols_bits *b,
                                              const rp_ols_brief_pixel *p, vi32 *sure)
{
    const vi32 zero = rp_alli32(0), one = rp_alli32(1), two = rp_alli32(2);
    rp_ols_brief_sums s;
    s.cubes = s.steps = s.slope = s.bound = s.inv_e = rp_all64(0.0);
    vi32 left = b->good;
    while (rp_any32(left)) {
        const vi32 has = RP_M32(left != zero), first = left & -left, carried = left + first, behind = carried & ~left;
        const vi32 jumped = RP_M32((b->jump & (first >> 1)) != zero); /* -1: one group more in front */
        const vi32 start = (rp_ols_bit_number(first) + jumped) & has, end = rp_ols_bit_number(behind) & has;
        const vi32 used = has & RP_M32(end - start > one);
        rp_ols_brief_segment(src, table, p, start & used, rp_seli32(used, end, two), used, &s, sure);
        left = left & carried;
    }
    return s;
}

/* ------------------------------------------------------------------ the pixel */
/* Results that are certain; lanes where they are not are cleared in *sure. */
RP_FN void rp_ols_brief_results(const rp_ols_params *prm, const rp_ols_brief_pixel *p, const rp_ols_brief_sums *s,
                                vf64 low, vf64 high, rp_ols_result *r, vf64 *rate_error, vi32 *sure)
{
    const vf64 narrow = rp_all64(1.0 - 0x1p-46), wide = rp_all64(1.0 + 0x1p-46), u = rp_all64(0x1p-52);
    const vf64 inverse = rp_all64(prm->inverse_time);
    r->var_p = p->shot / s->steps;
    r->var_r = p->read / s->cubes;
    r->slope = s->slope / s->cubes * inverse;
    r->error = rp_sqrt64(rp_all64(1.0) / s->inv_e);
    *rate_error = rp_sqrt64(r->var_p + r->var_r);
    const vf64 bound = s->bound / s->cubes * inverse * u + rp_fabs64(r->slope) * rp_all64(0x1p-48);
    *sure = *sure & rp_ols_agree(low / s->steps * narrow, high / s->steps * wide) & rp_ols_agree(r->var_r * narrow, r->var_r * wide);
    *sure = *sure & rp_ols_agree(r->slope - bound, r->slope + bound);
    *sure = *sure & rp_ols_agree(r->error * rp_all64(1.0 - 0x1p-38), r->error * rp_all64(1.0 + 0x1p-38));
    *sure = *sure & rp_ols_agree(*rate_error * rp_all64(1.0 - 0x1p-38), *rate_error * rp_all64(1.0 + 0x1p-38));
    *sure = *sure & rp_m32(RP_M64(p->shot_slack / s->steps < (r->var_p + r->var_r) * rp_all64(0x1p-38)));
}

/* Lanes without a rate: saturated from the start, no group to use, or a single one that is suppressed.  They must not
 * have a zero frame to fall back on. */
RP_FN vi32 rp_ols_brief_none(const rp_ols_params *prm, const rp_ols_source *src, const rp_ols_bits *b)
{
    const vi32 zero = rp_alli32(0);
    if (!prm->suppress && prm->has_zeroframe)
        return zero;
    const vi32 none = RP_M32(b->valued == zero) | rp_ols_has(src->q[0], RP_DQ_SATURATED);
    const vi32 single = RP_M32(b->good != zero) & RP_M32((b->good & (b->good - rp_alli32(1))) == zero);
    return prm->suppress ? none | single : none;
}

/* Constants of the lanes' pixels; shot becomes the factor of Poisson variances, times (L - 1). */
RP_FN void rp_ols_brief_pixel_of(const rp_ols_params *prm, RP_G(double) work, const rp_ols_source *src,
                                 const rp_ols_bits *b, rp_ols_brief_pixel *p, vf64 *dark)
{
    const double n = (double)prm->n;
    RP_G(const float) constants = rp_ols_constants(prm, work);
    const vf32 dark32 = rp_ols_gather_f32(constants, src->pixel, RP_OLS_DARK * prm->stride);
    p->gain = rp_ols_gather_f32(constants, src->pixel, RP_OLS_GAIN * prm->stride);
    p->noise = rp_ols_gather_f32(constants, src->pixel, RP_OLS_NOISE * prm->stride);
    const vi32 dq = rp_ols_gather_u32(rp_ols_marks(prm, work), src->pixel, RP_OLS_HEAD);
    const rp_ols_quick_pixel pixel = rp_ols_quick_pixel_of(prm, p->gain, p->noise, dark32, dq);
    p->shot = pixel.shot * rp_all64(n - 1.0);
    p->read = pixel.var_r * rp_all64(n * n * n - n);
    p->largest = rp_ols_wide(b->largest);
    p->shot_slack = p->largest * rp_all64(prm->quick_rate_slack) * p->shot;
    *dark = rp_ols_wide(dark32);
}

/* Does the listed pixels in `src` (fetched, as they are) where all of them are certain; 0 if not. */
RP_FN int rp_ols_brief(const rp_ols_params *prm, RP_G(const float) table, RP_G(double) work, const rp_ols_source *src,
                       rp_ols_result *r, vf64 *rate_error, vi32 *flags)
{
    const int n = (int)prm->n;
    rp_ols_bits b = rp_ols_bits_of(src, n);
    const vi32 zero = rp_alli32(0), none = rp_ols_brief_none(prm, src, &b);
    const vi32 has_long = RP_M32((b.good & ((b.good | b.jump) << 1)) != zero); /* at least two groups, so not a single one */
    const vi32 has_pair = RP_M32((b.good & (b.good - rp_alli32(1))) != zero);
    vi32 sure = ~rp_ols_has(b.all, RP_DQ_PERSISTENCE | RP_DQ_CHARGELOSS) & (none | (b.is_finite & has_long & has_pair));
    if (rp_any32(~sure))
        return 0;
    b.good = b.good & ~none;
    const vf64 nothing = rp_all64(0.0);
    vf64 dark;
    rp_ols_brief_pixel p;
    rp_ols_brief_pixel_of(prm, work, src, &b, &p, &dark);
    const vf64 factor = p.shot;
    const vf64 rate = rp_ols_brief_median(prm, src, &b, n, &sure), slack = p.largest * rp_all64(prm->quick_rate_slack);
    const vf64 low = rate - slack, high = rate + slack;
    p.shot = (rp_sel64(RP_M64(rate > nothing), rate, nothing) + dark) * factor;
    const rp_ols_brief_sums s = rp_ols_brief_segments(src, table, &b, &p, &sure);
    rp_ols_brief_results(prm, &p, &s, (rp_sel64(RP_M64(low > nothing), low, nothing) + dark) * factor,
                         (rp_sel64(RP_M64(high > nothing), high, nothing) + dark) * factor, r, rate_error, &sure);
    const vi64 empty = rp_m64(none);
    r->slope = rp_sel64(empty, rp_nan64(), r->slope);
    r->error = rp_sel64(empty, nothing, r->error);
    r->var_p = rp_sel64(empty, nothing, r->var_p);
    r->var_r = rp_sel64(empty, nothing, r->var_r);
    *rate_error = rp_sel64(empty, nothing, *rate_error);
    *flags = (b.all & rp_alli32(RP_DQ_JUMP_DET | RP_DQ_SATURATED)) | (none & rp_alli32(RP_DQ_DO_NOT_USE));
    return !rp_any32(~(sure | none));
}

#endif

/* ------------------------------------------------------------------ the kernel */
#ifdef RP_DIALECT_HOST
RP_FN void rp_ols_list_brief(const rp_ols_params *prm, RP_G(double) work, RP_G(rp_u32) sci, RP_G(rp_u32) err,
                             RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) counters, const rp_ols_source *src,
                             const rp_ols_result *r, vf64 rate_error, vi32 flags)
{
    const vi32 bits = rp_alli32(RP_OLS_DONE) | (rp_ols_has(flags, RP_DQ_SATURATED) & rp_alli32(RP_OLS_PARTIAL));
    const vi32 alive = ~rp_ols_has(src->q[0], RP_DQ_SATURATED);
    rp_ols_scatter_u8(rp_ols_status(prm, work), src->pair, bits);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_SLOPE * prm->stride, r->slope);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_INV_P * prm->stride, r->var_p);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_INV_R * prm->stride, r->var_r);
    rp_ols_scatter_f64(work, src->sums, RP_OLS_INV_LOSS * prm->stride, rate_error);
    rp_ols_scatter_u32(sci, src->pair, rp_ols_word(r->slope));
    rp_ols_scatter_u32(err, src->pair, rp_ols_word(r->error));
    rp_ols_scatter_u32(var_p, src->pair, rp_ols_word(r->var_p));
    rp_ols_scatter_u32(var_r, src->pair, rp_ols_word(r->var_r));
    for (int k = 0; k < RP_LANES && !counters[prm->counter + RP_OLS_COUNT_ALIVE]; k++)
        if (RP_LANE(alive, k))
            rp_ols_note(prm, counters, RP_OLS_COUNT_ALIVE, 1, src->pixel[k]);
}
#endif

/*   Given     as rp_ols_median_list and rp_ols_fit_list, whose work it does for exposures of one integration
 *   Returned  for the pixels of the list: status, sums, dq, results of the integration; counters */
RP_FN void rp_ols_list(const rp_ols_params *prm, RP_G(const float) data, RP_G(const rp_u8) groupdq,
                       RP_G(const float) zeroframe, RP_G(const float) table, RP_G(double) work, RP_G(rp_u32) sci,
                       RP_G(rp_u32) err, RP_G(rp_u32) var_p, RP_G(rp_u32) var_r, RP_G(rp_u32) dq_int,
                       RP_G(rp_u32) dq_rate, RP_G(rp_u32) counters, rp_index p)
{
    RP_G(const rp_u32) marks = rp_ols_marks(prm, work);
    if (p == 0)
        rp_ols_count_clean(prm, marks, counters);
    for (rp_index slot = p; slot < marks[0]; slot += prm->stride) {
        rp_ols_source src;
        vi32 flags;
        rp_ols_listed(prm, &src, marks, slot);
        rp_ols_fetch(prm, data, groupdq, &src);
#ifdef RP_DIALECT_HOST
        rp_ols_result r;
        vf64 rate_error;
        if (prm->is_quick && !prm->count_extent && rp_ols_brief(prm, table, work, &src, &r, &rate_error, &flags)) {
            const vu32 dq = rp_ols_dq_word(marks, &src, flags);
            rp_ols_scatter_u32(dq_int, src.pair, dq);
            rp_ols_scatter_u32(dq_rate, src.pixel, dq);
            rp_ols_list_brief(prm, work, sci, err, var_p, var_r, counters, &src, &r, rate_error, flags);
            continue;
        }
#endif
        const vi32 bits = rp_ols_judge(prm, groupdq, zeroframe, &src, &flags);
        rp_ols_see(prm, &src);
        rp_ols_scatter_f64(work, src.pixel, RP_OLS_RATE * prm->stride, rp_ols_median_listed(prm, data, groupdq, &src, bits));
        const vu32 word = rp_ols_dq_word(marks, &src, flags);
        rp_ols_scatter_u32(dq_int, src.pair, word);
        rp_ols_scatter_u32(dq_rate, src.pixel, word);
        rp_ols_scatter_u8(rp_ols_status(prm, work), src.pair, bits);
        rp_ols_fit_listed(prm, data, groupdq, table, work, sci, err, var_p, var_r, counters, &src, bits);
    }
}

#endif
