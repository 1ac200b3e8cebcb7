/* From values to grey: display intervals and stretches. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/preview/preview.h"

enum { SAMPLES = 1000, MIN_PIXELS = 5, MAX_ITERATIONS = 5 };
static const double contrast = 0.25, max_reject = 0.5, rejection = 2.5;

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Least-squares line through the samples that are still good. */
static void fit_line(const double *samples, const uint8_t *bad, int n, double *intercept, double *slope)
{
    double count = 0.0, sx = 0.0, sy = 0.0, sxx = 0.0, sxy = 0.0;
    for (int k = 0; k < n; k++) {
        if (bad[k])
            continue;
        count += 1.0;
        sx += k;
        sy += samples[k];
    }
    const double mx = sx / count, my = sy / count;
    for (int k = 0; k < n; k++) {
        if (bad[k])
            continue;
        sxx += (k - mx) * (k - mx);
        sxy += (k - mx) * (samples[k] - my);
    }
    *slope = sxx > 0.0 ? sxy / sxx : 0.0;
    *intercept = my - *slope * mx;
}

static double residual_sigma(const double *samples, const uint8_t *bad, int n, double intercept, double slope)
{
    double count = 0.0, sum = 0.0, squares = 0.0;
    for (int k = 0; k < n; k++) {
        const double r = samples[k] - (intercept + slope * k);
        count += !bad[k];
        sum += bad[k] ? 0.0 : r;
    }
    for (int k = 0; k < n; k++) {
        const double r = samples[k] - (intercept + slope * k) - sum / count;
        squares += bad[k] ? 0.0 : r * r;
    }
    return sqrt(squares / count);
}

/* Rejection spreads over `width` neighbours, as a convolution of the same length would. */
static void grow(uint8_t *bad, int n, int width)
{
    const int ahead = (width - 1) / 2, behind = width - 1 - ahead;
    uint8_t before[SAMPLES];
    memcpy(before, bad, (size_t)n);
    for (int k = 0; k < n; k++)
        for (int j = k - behind; j <= k + ahead && !bad[k]; j++)
            bad[k] = j >= 0 && j < n && before[j];
}

/* The slope of the sorted samples' central part; false when too few are left. */
static bool central_slope(const double *samples, int n, double *slope)
{
    uint8_t bad[SAMPLES] = {0};
    const int min_good = MIN_PIXELS > (int)(n * max_reject) ? MIN_PIXELS : (int)(n * max_reject);
    const int width = (int)(n * 0.01) > 1 ? (int)(n * 0.01) : 1;
    int good = n, last_good = n + 1;
    for (int iteration = 0; iteration < MAX_ITERATIONS && good < last_good && good >= min_good; iteration++) {
        double intercept;
        fit_line(samples, bad, n, &intercept, slope);
        const double limit = rejection * residual_sigma(samples, bad, n, intercept, *slope);
        for (int k = 0; k < n; k++)
            if (fabs(samples[k] - (intercept + *slope * k)) > limit)
                bad[k] = 1;
        grow(bad, n, width);
        last_good = good;
        good = 0;
        for (int k = 0; k < n; k++)
            good += !bad[k];
    }
    return good >= min_good;
}

rp_code rp_zscale(const float *values, size_t n, double *low, double *high, rp_error *err)
{
    size_t finite = 0;
    for (size_t k = 0; k < n; k++)
        finite += isfinite(values[k]) != 0;
    *low = 0.0;
    *high = 1.0;
    if (finite == 0)
        return RP_OK;
    const size_t stride = finite / SAMPLES > 1 ? finite / SAMPLES : 1;
    double *samples = malloc(SAMPLES * sizeof *samples);
    if (!samples)
        return rp_fail(err, RP_E_MEMORY, "no memory for %d samples of an image", SAMPLES);
    int count = 0;
    size_t seen = 0;
    for (size_t k = 0; k < n && count < SAMPLES; k++)
        if (isfinite(values[k]) && seen++ % stride == 0)
            samples[count++] = (double)values[k];
    qsort(samples, (size_t)count, sizeof *samples, ascending);
    *low = samples[0];
    *high = samples[count - 1];
    double slope = 0.0;
    if (central_slope(samples, count, &slope)) {
        const int centre = (count - 1) / 2;
        const double median = 0.5 * (samples[centre] + samples[count / 2]);
        slope /= contrast;
        *low = fmax(*low, median - (centre - 1) * slope);
        *high = fmin(*high, median + (count - centre) * slope);
    }
    free(samples);
    return RP_OK;
}

static int ascending_float(const void *left, const void *right)
{
    const float a = *(const float *)left, b = *(const float *)right;
    return (a > b) - (a < b);
}

rp_code rp_quantile(const float *values, size_t n, double share, double *out, rp_error *err)
{
    *out = 0.0;
    float *sorted = malloc((n ? n : 1) * sizeof *sorted);
    if (!sorted)
        return rp_fail(err, RP_E_MEMORY, "no memory to sort %zu values", n);
    size_t finite = 0;
    for (size_t k = 0; k < n; k++)
        if (isfinite(values[k]))
            sorted[finite++] = values[k];
    if (finite) {
        qsort(sorted, finite, sizeof *sorted, ascending_float);
        *out = (double)sorted[(size_t)(share * (double)(finite - 1) + 0.5)];
    }
    free(sorted);
    return RP_OK;
}

uint8_t rp_stretch_grey(rp_stretch stretch, double value, double low, double high)
{
    double v = high > low ? (value - low) / (high - low) : value >= high;
    v = v < 0.0 ? 0.0 : v > 1.0 ? 1.0 : v;
    if (stretch == RP_STRETCH_ASINH)
        v = asinh(v / 0.02) / asinh(1.0 / 0.02);
    else if (stretch == RP_STRETCH_LOG)
        v = log1p(1000.0 * v) / log1p(1000.0);
    return (uint8_t)(255.0 * v + 0.5);
}
