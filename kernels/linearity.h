/* Linearity: a polynomial for each pixel makes the response linear.
 *
 *   Given     data [nints*ngroups][stride] DN; groupdq; coefficients c0, c1, ... FITS float32 [ncoeff][stride], for DN;
 *             their DQ, FITS uint32 or null
 *   Returned  data = c0 + c1 x + c2 x^2 ... where the group is not SATURATED; pixeldq |= the reference's flags, and
 *             NO_LIN_CORR where a coefficient is NaN or c1 is 0; pixels with NO_LIN_CORR keep their values
 *   Source    behaviour of jwst 3.0.0 and stcal 1.20.0 (linearity): Horner's scheme in single precision
 *
 * With inverse coefficients, and several frames (reads) in a group, every read is corrected on its own
 * (rp_linearity_reads): the reads are predicted from a straight line, made non-linear by the inverse polynomial,
 * shifted so that their mean is the group's value, made linear, and averaged again; in double precision. */
#ifndef RP_LINEARITY_H
#define RP_LINEARITY_H

#include "../include/rampart/dq.h"
#include "dialect.h"

typedef struct rp_linearity_params {
    rp_u64 stride;
    rp_u64 coeff_offset, coeff_stride;     /* first element, elements from coefficient to coefficient */
    rp_u64 inverse_offset, inverse_stride; /* reads only */
    rp_u64 dq_offset;
    rp_u32 nints, ngroups;
    rp_u32 ncoeff, ninverse;
    rp_u32 nframes; /* reads of a group; reads only */
    rp_u32 has_dq;
    rp_u32 keep_zero; /* zero frame: no flags; 0 means "no value" and stays 0 */
    rp_u32 unused;
} rp_linearity_params;

enum { RP_LINEARITY_UNROLLED = 8, RP_LINEARITY_READS = 16 };

/* Horner's scheme as the reference runs it: the constant is added last, without a product. */
RP_FN vf32 rp_linearity_value(vf32 x, const vf32 *c, rp_u32 n)
{
    vf32 sum = c[n - 1] * x;
    for (rp_u32 j = n - 2; j > 0; j--)
        sum = (sum + c[j]) * x;
    return sum + c[0];
}

/* Lanes whose coefficients are to be replaced by the identity; `flags` gets what pixeldq is to be told. */
RP_FN vi32 rp_linearity_unusable(RP_G(const rp_u32) coeff, rp_u64 offset, rp_u64 stride, rp_u32 n, vu32 dq, rp_index p,
                                 vu32 *flags)
{
    const vi32 told = RP_M32((dq & rp_allu32(RP_DQ_NO_LIN_CORR)) != rp_allu32(0));
    vi32 bad = RP_M32(rp_load_f32_fits(coeff, offset + stride + p) == rp_all32(0.0f));
    for (rp_u32 j = 0; j < n; j++)
        bad |= rp_isnan32(rp_load_f32_fits(coeff, offset + j * stride + p));
    *flags |= rp_u32_of_i32(bad) & rp_allu32(RP_DQ_NO_LIN_CORR);
    return bad | told;
}

/* Coefficient j of the lanes, the identity where unusable. */
RP_FN vf32 rp_linearity_coeff(RP_G(const rp_u32) coeff, rp_u64 offset, rp_u64 stride, rp_u32 j, vi32 unusable,
                              rp_index p)
{
    const vf32 identity = rp_all32(j == 1 ? 1.0f : 0.0f);
    return rp_sel32(unusable, identity, rp_load_f32_fits(coeff, offset + j * stride + p));
}

/* Lanes that keep their value: saturated groups, or zeros of a zero frame. */
RP_FN vi32 rp_linearity_kept(const rp_linearity_params *prm, RP_G(const rp_u8) groupdq, vf32 value, rp_index at)
{
    if (prm->keep_zero)
        return RP_M32(value == rp_all32(0.0f));
    return RP_M32((rp_load_u8(groupdq, at) & rp_alli32(RP_DQ_SATURATED)) != rp_alli32(0));
}

/* All planes with n coefficients in registers; n is a constant wherever this is called, at most RP_LINEARITY_UNROLLED.
 */
RP_FN void rp_linearity_planes(const rp_linearity_params *prm, RP_G(float) data, RP_G(const rp_u8) groupdq,
                               RP_G(const rp_u32) coeff, vi32 unusable, rp_u32 n, rp_index p)
{
    vf32 c[RP_LINEARITY_UNROLLED];
    for (rp_u32 j = 0; j < n; j++)
        c[j] = rp_linearity_coeff(coeff, prm->coeff_offset, prm->coeff_stride, j, unusable, p);
    for (rp_u32 k = 0; k < prm->nints * prm->ngroups; k++) {
        const rp_index at = k * prm->stride + p;
        const vf32 x = rp_load_f32(data, at);
        rp_store_f32(data, at, rp_sel32(rp_linearity_kept(prm, groupdq, x, at), x, rp_linearity_value(x, c, n)));
    }
}

/* Any number of coefficients, read again for every plane. */
RP_FN void rp_linearity_many(const rp_linearity_params *prm, RP_G(float) data, RP_G(const rp_u8) groupdq,
                             RP_G(const rp_u32) coeff, vi32 unusable, rp_index p)
{
    const rp_u64 offset = prm->coeff_offset, stride = prm->coeff_stride;
    for (rp_u32 k = 0; k < prm->nints * prm->ngroups; k++) {
        const rp_index at = k * prm->stride + p;
        const vf32 x = rp_load_f32(data, at);
        vf32 sum = rp_linearity_coeff(coeff, offset, stride, prm->ncoeff - 1, unusable, p) * x;
        for (rp_u32 j = prm->ncoeff - 2; j > 0; j--)
            sum = (sum + rp_linearity_coeff(coeff, offset, stride, j, unusable, p)) * x;
        sum = sum + rp_linearity_coeff(coeff, offset, stride, 0, unusable, p);
        rp_store_f32(data, at, rp_sel32(rp_linearity_kept(prm, groupdq, x, at), x, sum));
    }
}

/* Tells pixeldq what is wrong with a pixel's coefficients; lanes that are to use the identity. */
RP_FN vi32 rp_linearity_flag(const rp_linearity_params *prm, RP_G(rp_u32) pixeldq, RP_G(const rp_u32) coeff,
                             RP_G(const rp_u32) coeff_dq, rp_index p)
{
    const vu32 dq = prm->has_dq ? rp_load_u32_fits(coeff_dq, prm->dq_offset + p) : rp_allu32(0);
    vu32 flags = dq;
    const vi32 unusable =
        rp_linearity_unusable(coeff, prm->coeff_offset, prm->coeff_stride, prm->ncoeff, dq, p, &flags);
    if (!prm->keep_zero)
        rp_store_u32(pixeldq, p, rp_load_u32(pixeldq, p) | flags);
    return unusable;
}

/* groupdq and pixeldq are null for a zero frame: its pixels were flagged with the ramp. */
RP_FN void rp_linearity(const rp_linearity_params *prm, RP_G(float) data, RP_G(const rp_u8) groupdq,
                        RP_G(rp_u32) pixeldq, RP_G(const rp_u32) coeff, RP_G(const rp_u32) coeff_dq, rp_index p)
{
    const vi32 unusable = rp_linearity_flag(prm, pixeldq, coeff, coeff_dq, p);
    switch (prm->ncoeff) {
    case 4:
        rp_linearity_planes(prm, data, groupdq, coeff, unusable, 4, p);
        break;
    case 5:
        rp_linearity_planes(prm, data, groupdq, coeff, unusable, 5, p);
        break;
    case 6:
        rp_linearity_planes(prm, data, groupdq, coeff, unusable, 6, p);
        break;
    case 7:
        rp_linearity_planes(prm, data, groupdq, coeff, unusable, 7, p);
        break;
    default:
        rp_linearity_many(prm, data, groupdq, coeff, unusable, p);
    }
}

/* ------------------------------------------------------------------ reads */

/* One polynomial of a pixel, where its words lie. */
typedef struct rp_polynomial {
    RP_G(const rp_u32) coeff;
    rp_u64 offset, stride;
    rp_u32 n;
    vi32 unusable;
} rp_polynomial;

RP_FN vf64 rp_polynomial64(const rp_polynomial *poly, vf64 x, rp_index p)
{
    vf64 sum =
        rp_f64_of_f32(rp_linearity_coeff(poly->coeff, poly->offset, poly->stride, poly->n - 1, poly->unusable, p)) * x;
    for (rp_u32 j = poly->n - 2; j > 0; j--)
        sum = (sum + rp_f64_of_f32(rp_linearity_coeff(poly->coeff, poly->offset, poly->stride, j, poly->unusable, p))) *
              x;
    return sum + rp_f64_of_f32(rp_linearity_coeff(poly->coeff, poly->offset, poly->stride, 0, poly->unusable, p));
}

RP_FN vf32 rp_polynomial32(const rp_polynomial *poly, vf32 x, rp_index p)
{
    vf32 sum = rp_linearity_coeff(poly->coeff, poly->offset, poly->stride, poly->n - 1, poly->unusable, p) * x;
    for (rp_u32 j = poly->n - 2; j > 0; j--)
        sum = (sum + rp_linearity_coeff(poly->coeff, poly->offset, poly->stride, j, poly->unusable, p)) * x;
    return sum + rp_linearity_coeff(poly->coeff, poly->offset, poly->stride, 0, poly->unusable, p);
}

/* Mean of the reads of a group that holds `value`, every read made linear.  The reads lie on the line that starts at
 * `start` with `rate` per read; `since` is the first read of the group, counted from the middle of group 0.  More reads
 * than the array holds are computed twice. */
RP_FN vf64 rp_linearity_group(const rp_polynomial *forward, const rp_polynomial *inverse, vf32 value, vf64 start,
                              vf64 rate, double since, rp_u32 nreads, rp_index p)
{
    vf64 read[RP_LINEARITY_READS];
    vf64 sum = rp_all64(0.0);
    for (rp_u32 j = 0; j < nreads; j++) {
        const vf64 counts = rp_polynomial64(inverse, start + rate * rp_all64(since + (double)j), p);
        if (j < RP_LINEARITY_READS)
            read[j] = counts;
        sum = j ? sum + counts : counts;
    }
    const vf64 shift = rp_f64_of_f32(value) - sum / rp_all64((double)nreads);
    for (rp_u32 j = 0; j < nreads; j++) {
        const vf64 counts =
            j < RP_LINEARITY_READS ? read[j] : rp_polynomial64(inverse, start + rate * rp_all64(since + (double)j), p);
        const vf64 linear = rp_polynomial64(forward, counts + shift, p);
        sum = j ? sum + linear : linear;
    }
    return sum / rp_all64((double)nreads);
}

/* Group that ends the line through the reads: the last but one that is not saturated, by their number, at least 1. */
RP_FN vi32 rp_linearity_last(const rp_linearity_params *prm, RP_G(const rp_u8) groupdq, rp_index first)
{
    vi32 usable = rp_alli32(0);
    for (rp_u32 g = 0; g < prm->ngroups; g++)
        usable -= RP_M32((rp_load_u8(groupdq, first + g * prm->stride) & rp_alli32(RP_DQ_SATURATED)) == rp_alli32(0));
    const vi32 last = usable - rp_alli32(2);
    return rp_seli32(RP_M32(last < rp_alli32(1)), rp_alli32(1), last);
}

RP_FN void rp_linearity_integration(const rp_linearity_params *prm, RP_G(float) data, RP_G(const rp_u8) groupdq,
                                    const rp_polynomial *forward, const rp_polynomial *inverse, rp_index first,
                                    rp_index p)
{
    const vi32 saturated = rp_alli32(RP_DQ_SATURATED), zero = rp_alli32(0),
               last = rp_linearity_last(prm, groupdq, first);
    const double middle = ((double)prm->nframes + 1.0) * 0.5; /* of group 0; reads count from 1 */
    vf32 start = rp_load_f32(data, first), end = start;
    vi32 start_flags = rp_load_u8(groupdq, first), end_flags = start_flags;
    for (rp_u32 g = 1; g < prm->ngroups; g++) {
        const vi32 here = RP_M32(last == rp_alli32((rp_i32)g));
        end = rp_sel32(here, rp_load_f32(data, first + g * prm->stride), end);
        end_flags = rp_seli32(here, rp_load_u8(groupdq, first + g * prm->stride), end_flags);
    }
    start = rp_sel32(RP_M32((start_flags & saturated) != zero), start, rp_polynomial32(forward, start, p));
    end = rp_sel32(RP_M32((end_flags & saturated) != zero), end, rp_polynomial32(forward, end, p));
    /* (mean read of the last group) - (mean read of group 0), both exact */
    const vf64 span = (rp_f64_of_i32(last) * rp_all64((double)prm->nframes) + rp_all64(middle)) - rp_all64(middle);
    const vf64 rate = rp_f64_of_f32(end - start) / span, line = rp_f64_of_f32(start);
    for (rp_u32 g = 0; g < prm->ngroups; g++) {
        const rp_index at = first + g * prm->stride;
        const vi32 kept = RP_M32((rp_load_u8(groupdq, at) & saturated) != zero);
        const vf32 value = rp_load_f32(data, at);
        const double since = (double)(g * prm->nframes + 1) - middle;
        const vf64 corrected = rp_linearity_group(forward, inverse, value, line, rate, since, prm->nframes, p);
        rp_store_f32(data, at, rp_sel32(kept, value, rp_f32_of_f64(corrected)));
    }
}

RP_FN void rp_linearity_reads(const rp_linearity_params *prm, RP_G(float) data, RP_G(const rp_u8) groupdq,
                              RP_G(rp_u32) pixeldq, RP_G(const rp_u32) coeff, RP_G(const rp_u32) inverse_coeff,
                              RP_G(const rp_u32) coeff_dq, rp_index p)
{
    const vu32 dq = prm->has_dq ? rp_load_u32_fits(coeff_dq, prm->dq_offset + p) : rp_allu32(0);
    vu32 flags = dq;
    rp_polynomial forward = {coeff, prm->coeff_offset, prm->coeff_stride, prm->ncoeff, rp_alli32(0)};
    rp_polynomial inverse = {inverse_coeff, prm->inverse_offset, prm->inverse_stride, prm->ninverse, rp_alli32(0)};
    forward.unusable = rp_linearity_unusable(coeff, forward.offset, forward.stride, forward.n, dq, p, &flags);
    inverse.unusable = rp_linearity_unusable(inverse_coeff, inverse.offset, inverse.stride, inverse.n, dq, p, &flags);
    rp_store_u32(pixeldq, p, rp_load_u32(pixeldq, p) | flags);
    for (rp_u32 i = 0; i < prm->nints; i++)
        rp_linearity_integration(prm, data, groupdq, &forward, &inverse, (rp_index)i * prm->ngroups * prm->stride + p,
                                 p);
}

#endif
