/* Clipped means of reference pixels, in the reference's arithmetic: float for the first group, double later. */
#include <math.h>

#include "host/steps/pairwise.h"
#include "host/steps/refpix.h"

#define RP_REAL float
#define RP_REAL_SQRT sqrtf
#define RP_REAL_NAME(function) function##_f32
#include "host/steps/refpix_clip_real.h"
#undef RP_REAL
#undef RP_REAL_SQRT
#undef RP_REAL_NAME
#define RP_REAL double
#define RP_REAL_SQRT sqrt
#define RP_REAL_NAME(function) function##_f64
#include "host/steps/refpix_clip_real.h"

static bool all_equal(const float *values, size_t n)
{
    for (size_t k = 1; k < n; k++)
        if (values[k] != values[0])
            return false;
    return isfinite(values[0]);
}

rp_refpix_mean rp_refpix_clipped_mean(const float *values, size_t n, double limit, bool wide, double *scratch)
{
    if (n == 0)
        return (rp_refpix_mean){0};
    if (all_equal(values, n)) /* no scatter to clip by: the plain mean, in double */
        return (rp_refpix_mean){true, true, values[0]};
    if (wide) {
        for (size_t k = 0; k < n; k++)
            scratch[k] = values[k];
        return (rp_refpix_mean){true, true, clip_f64(scratch, n, limit, scratch + n)};
    }
    float *narrow = (float *)scratch;
    for (size_t k = 0; k < n; k++)
        narrow[k] = values[k];
    return (rp_refpix_mean){true, false, clip_f32(narrow, n, (float)limit, narrow + n)};
}

rp_refpix_mean rp_refpix_average(rp_refpix_mean a, rp_refpix_mean b)
{
    if (!a.exists)
        return b;
    if (!b.exists)
        return a;
    if (a.wide || b.wide)
        return (rp_refpix_mean){true, true, 0.5 * (a.value + b.value)};
    return (rp_refpix_mean){true, false, 0.5f * ((float)a.value + (float)b.value)};
}
