/* Sigma clipping on unsorted values: host/steps/clip_stats.h.  Sums in numpy's order. */
#include "host/steps/clip_stats.h"

#include <math.h>
#include <string.h>

#include "host/steps/medians.h"
#include "host/steps/pairwise.h"

enum { ROUNDS = 5 };

static double median_of(const double *values, size_t n, double *scratch)
{
    memcpy(scratch, values, n * sizeof *values);
    return rp_median_f64(scratch, n);
}

static double sigma_of(const double *values, size_t n, double *scratch)
{
    if (n == 0)
        return NAN;
    const double mean = rp_pairwise_sum_f64(values, n) / (double)n;
    for (size_t k = 0; k < n; k++)
        scratch[k] = (values[k] - mean) * (values[k] - mean);
    return sqrt(rp_pairwise_sum_f64(scratch, n) / (double)n);
}

rp_clip_stats rp_clipped_stats(double *values, size_t n, double limit, double *scratch)
{
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        values[kept] = values[k];
        kept += isfinite(values[k]) != 0;
    }
    n = kept;
    for (int round = 0; round < ROUNDS && n > 0; round++) {
        const double centre = median_of(values, n, scratch), away = sigma_of(values, n, scratch) * limit;
        const double low = centre - away, high = centre + away;
        kept = 0;
        for (size_t k = 0; k < n; k++) {
            values[kept] = values[k];
            kept += values[k] >= low && values[k] <= high;
        }
        if (kept == n)
            break;
        n = kept;
    }
    const double mean = n ? rp_pairwise_sum_f64(values, n) / (double)n : NAN;
    return (rp_clip_stats){mean, median_of(values, n, scratch), sigma_of(values, n, scratch)};
}
