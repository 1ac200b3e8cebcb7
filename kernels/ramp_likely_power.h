/* x to the power y in double lanes, for x > 0 and moderate results: within 0.63 units in the last place.
 *
 *   Source    logarithm by the series of artanh, exponential by its Taylor series, both with a second double for what
 *             the first one loses (Dekker 1971); no fused operations, so that all devices agree */
#ifndef RP_RAMP_LIKELY_POWER_H
#define RP_RAMP_LIKELY_POWER_H

#include "dialect.h"

/* An unevaluated sum. */
typedef struct rp_pair64 {
    vf64 hi, lo;
} rp_pair64;

RP_FN rp_pair64 rp_pair_of_product(vf64 a, vf64 b)
{
    const vf64 split = rp_all64(134217729.0); /* 2**27 + 1 */
    const vf64 ta = a * split, tb = b * split;
    const vf64 ah = ta - (ta - a), bh = tb - (tb - b), al = a - ah, bl = b - bh;
    rp_pair64 p;
    p.hi = a * b;
    p.lo = ((ah * bh - p.hi) + ah * bl + al * bh) + al * bl;
    return p;
}

/* |a| >= |b| */
RP_FN rp_pair64 rp_pair_of_sum(vf64 a, vf64 b)
{
    rp_pair64 s;
    s.hi = a + b;
    s.lo = b - (s.hi - a);
    return s;
}

/* Natural logarithm of x * 2**shift, for normal positive x. */
RP_FN rp_pair64 rp_pair_log(vf64 x, vi64 shift)
{
    const vf64 one = rp_all64(1.0);
    const vi64 bits = rp_bits64(x);
    vi64 exponent = (bits >> 52) - rp_alli64(1023);
    vf64 m = rp_from_bits64((bits & rp_alli64(0x000fffffffffffff)) | rp_alli64(0x3ff0000000000000));
    const vi64 is_large = RP_M64(m > rp_all64(1.4142135623730951));
    m = rp_sel64(is_large, m * rp_all64(0.5), m);
    exponent = exponent - is_large + shift;
    const vf64 f = m - one, t = m + one, t_lo = m - (t - one); /* f is exact */
    const vf64 s = f / t;
    const rp_pair64 back = rp_pair_of_product(s, t);
    const vf64 s_lo = (((f - back.hi) - back.lo) - s * t_lo) / t;
    const vf64 z = s * s;
    vf64 q = rp_all64(1.0 / 27.0);
    for (int k = 25; k >= 3; k -= 2)
        q = q * z + rp_all64(1.0 / (double)k);
    const vf64 e = rp_f64_of_i32(rp_i32_of_i64(exponent));
    const vf64 tail = rp_all64(2.0) * (s_lo + s * z * q);
    const vf64 ln2_hi = rp_all64(0x1.62e42fefa38p-1), ln2_lo = rp_all64(0x1.ef35793c7673p-45); /* e * ln2_hi is exact */
    const rp_pair64 large = rp_pair_of_sum(e * ln2_hi, rp_all64(2.0) * s);
    const rp_pair64 small = rp_pair_of_sum(rp_all64(2.0) * s, e * ln2_hi);
    const vi64 is_zero = RP_M64(exponent == rp_alli64(0));
    const vf64 hi = rp_sel64(is_zero, small.hi, large.hi), lo = rp_sel64(is_zero, small.lo, large.lo);
    return rp_pair_of_sum(hi, lo + (tail + e * ln2_lo));
}

/* exp(p), |p| < 700. */
RP_FN vf64 rp_pair_exp(rp_pair64 p)
{
    const vf64 one = rp_all64(1.0), middle = rp_all64(0.5);
    const vf64 ln2_hi = rp_all64(0x1.62e42fefa38p-1), ln2_lo = rp_all64(0x1.ef35793c7673p-45);
    const vf64 n = p.hi * rp_all64(1.4426950408889634);
    /* to the nearest integer: the sum has no fraction bits left */
    const vf64 shift = rp_all64(6755399441055744.0), shifted = n + shift, k = shifted - shift;
    const vf64 r = p.hi - k * ln2_hi;
    const rp_pair64 rest = rp_pair_of_sum(r, p.lo - k * ln2_lo);
    vf64 q = rp_all64(1.0 / 87178291200.0);
    q = q * rest.hi + rp_all64(1.0 / 6227020800.0);
    q = q * rest.hi + rp_all64(1.0 / 479001600.0);
    q = q * rest.hi + rp_all64(1.0 / 39916800.0);
    q = q * rest.hi + rp_all64(1.0 / 3628800.0);
    q = q * rest.hi + rp_all64(1.0 / 362880.0);
    q = q * rest.hi + rp_all64(1.0 / 40320.0);
    q = q * rest.hi + rp_all64(1.0 / 5040.0);
    q = q * rest.hi + rp_all64(1.0 / 720.0);
    q = q * rest.hi + rp_all64(1.0 / 120.0);
    q = q * rest.hi + rp_all64(1.0 / 24.0);
    q = q * rest.hi + rp_all64(1.0 / 6.0);
    q = q * rest.hi + middle;
    const vf64 tail = rest.lo + rest.hi * rest.hi * q + rest.lo * rest.hi;
    const rp_pair64 sum = rp_pair_of_sum(one, rest.hi);
    const vf64 value = sum.hi + (sum.lo + tail);
    const vi64 power = rp_bits64(shifted) - rp_bits64(shift);
    return value * rp_from_bits64((power + rp_alli64(1023)) << 52);
}

/* As C: 0 to 0, infinity to infinity, NaN for negative x and NaN; y > 0. */
RP_FN vf64 rp_power(vf64 x, double y)
{
    const vf64 zero = rp_all64(0.0), infinity = rp_from_bits64(rp_alli64(0x7ff0000000000000));
    const vi64 is_tiny = RP_M64(x < rp_all64(0x1p-1000));
    const rp_pair64 ln = rp_pair_log(rp_sel64(is_tiny, x * rp_all64(0x1p+1000), x), is_tiny & rp_alli64(-1000));
    rp_pair64 p = rp_pair_of_product(ln.hi, rp_all64(y));
    p.lo = p.lo + ln.lo * rp_all64(y);
    const vf64 value = rp_pair_exp(p);
    const vi64 is_normal = RP_M64(x > zero) & RP_M64(x < infinity);
    return rp_sel64(is_normal, value, rp_sel64(RP_M64(x < zero), rp_nan64(), x));
}

#endif
