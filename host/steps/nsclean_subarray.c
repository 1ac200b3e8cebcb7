/* NSClean on a subarray, in overlapping parts of some hundred background pixels: host/steps/nsclean.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/medians.h"
#include "host/steps/nsclean.h"

enum { OVERHEAD = 12, PART_PIXELS = 512 };
#define OUTLIER 4.0f
#define LEAST_SHARE 0.05
static const double pi = 3.14159265358979323846;

/* What the reference keeps as float: the time of a pixel, s. */
static const float pixel_s = 10.0e-6f;

typedef struct part {
    rp_image_shape shape;
    size_t n; /* clock ticks, with those between rows */
    size_t nk, nsamples;
    size_t *k, *place;
    float *gain, *value;
    double *weight, *density, *kernel, *cosine, *sine, *work, *amplitude;
} part;

/* ------------------------------------------------------------------ outliers */
static void drop_outliers(const float *image, uint8_t *mask, rp_image_shape shape, uint8_t *outlier, float *values)
{
    const size_t n = shape.ny * shape.nx;
    size_t used = 0;
    for (size_t p = 0; p < n; p++)
        if (mask[p])
            values[used++] = image[p];
    const float median = rp_median_f32(values, used);
    for (size_t p = 0, k = 0; p < n; p++)
        if (mask[p])
            values[k++] = fabsf(image[p] - median);
    const float limit = OUTLIER * (1.4825f * rp_median_f32(values, used));
    for (size_t p = 0; p < n; p++)
        outlier[p] = mask[p] && fabsf(image[p] - median) > limit;
    for (size_t y = 0; y < shape.ny; y++)
        for (size_t x = 0; x < shape.nx; x++) {
            const size_t p = y * shape.nx + x;
            const bool near = outlier[p] || (y > 0 && outlier[p - shape.nx]) ||
                              (y + 1 < shape.ny && outlier[p + shape.nx]) || (x > 0 && outlier[p - 1]) ||
                              (x + 1 < shape.nx && outlier[p + 1]);
            mask[p] = mask[p] && !near;
        }
}

/* ------------------------------------------------------------------ one part */
static float gain_at(const float *band, float freq)
{
    const float p = (float)pi;
    if (freq < band[0] || freq >= band[3])
        return 1.0f;
    if (freq < band[1])
        return 0.5f * (cosf(p / (band[1] - band[0]) * (freq - band[0])) + 1.0f);
    if (freq >= band[2])
        return 0.5f * (cosf(p / (band[3] - band[2]) * (freq - band[2]) + p) + 1.0f);
    return 0.0f;
}

static void choose_waves(part *s, const float *band)
{
    const double step = 1.0 / ((double)s->n * (double)pixel_s);
    for (size_t k = 0; k <= s->n / 2; k++) {
        const float gain = gain_at(band, (float)((double)k * step));
        if (gain > 0.0f) {
            s->k[s->nk] = k;
            s->gain[s->nk++] = gain;
        }
    }
}

/* The density of samples in time: their ticks convolved with a Gaussian, cyclically; jwst 3.0.0 centres it one tick
 * late. */
static void find_density(part *s, const uint8_t *mask, const float *band)
{
    const float sigma = (float)(1.0 / (((double)band[0] + (double)band[1]) / 2.0) / (double)pixel_s / 2.0 / 4.0);
    const size_t n = s->n, centre = n / 2 + 1, row = s->shape.nx + OVERHEAD;
    for (size_t t = 0; t < n; t++) {
        const float d = (float)t - (float)centre;
        s->kernel[(t + n - n / 2) % n] = (double)(expf(-(d * d) / (sigma * sigma) / 2.0f) / sigma) / sqrt(2.0 * pi);
        s->density[t] = 0.0;
    }
    for (size_t y = 0; y < s->shape.ny; y++)
        for (size_t x = 0; x < s->shape.nx; x++) {
            if (!mask[y * s->shape.nx + x])
                continue;
            const size_t at = y * row + x;
            for (size_t t = 0; t < n - at; t++)
                s->density[at + t] += s->kernel[t];
            for (size_t t = n - at; t < n; t++)
                s->density[at + t - n] += s->kernel[t];
        }
}

static void take_samples(part *s, const float *image, const uint8_t *mask)
{
    for (size_t y = 0; y < s->shape.ny; y++)
        for (size_t x = 0; x < s->shape.nx; x++) {
            const size_t p = y * s->shape.nx + x, at = y * (s->shape.nx + OVERHEAD) + x;
            if (!mask[p])
                continue;
            const double w = 1.0 / s->density[at];
            s->place[s->nsamples] = at;
            s->value[s->nsamples] = image[p];
            s->weight[s->nsamples++] = isfinite(w) ? w * w : 0.0;
        }
}

/* The waves, as float like the reference's, in the pixels of the part. */
static void write_waves(const part *s, float *model)
{
    const double scale = (double)s->n / (double)s->nsamples;
    for (size_t i = 0; i < 2 * s->nk; i++)
        s->amplitude[i] = (double)((float)((double)(float)s->amplitude[i] * scale) * s->gain[i / 2]);
    for (size_t y = 0; y < s->shape.ny; y++)
        for (size_t x = 0; x < s->shape.nx; x++) {
            const size_t t = y * (s->shape.nx + OVERHEAD) + x;
            double sum = 0.0;
            for (size_t i = 0; i < s->nk; i++) {
                const size_t at = t * s->k[i] % s->n;
                const double re = s->amplitude[2 * i], im = s->amplitude[2 * i + 1];
                if (s->k[i] == 0 || 2 * s->k[i] == s->n)
                    sum += re * s->cosine[at];
                else
                    sum += 2.0 * (re * s->cosine[at] - im * s->sine[at]);
            }
            model[y * s->shape.nx + x] = (float)(sum / (double)s->n);
        }
}

static bool allocate(part *s)
{
    const size_t npix = s->shape.ny * s->shape.nx, half = s->n / 2 + 1;
    s->k = malloc(half * sizeof *s->k);
    s->gain = malloc(half * sizeof *s->gain);
    s->place = malloc(npix * sizeof *s->place);
    s->value = malloc(npix * sizeof *s->value);
    s->weight = malloc(npix * sizeof *s->weight);
    s->density = malloc(s->n * sizeof *s->density);
    s->kernel = malloc(s->n * sizeof *s->kernel);
    s->cosine = malloc(s->n * sizeof *s->cosine);
    s->sine = malloc(s->n * sizeof *s->sine);
    return s->k && s->gain && s->place && s->value && s->weight && s->density && s->kernel && s->cosine && s->sine;
}

static void clear(part *s)
{
    free(s->k);
    free(s->gain);
    free(s->place);
    free(s->value);
    free(s->weight);
    free(s->density);
    free(s->kernel);
    free(s->cosine);
    free(s->sine);
    free(s->work);
    free(s->amplitude);
}

static rp_code fit_part(const float *image, const uint8_t *mask, rp_image_shape shape, const float *band, float *model,
                        bool *ok, rp_error *err)
{
    part s = {.shape = shape, .n = shape.ny * (shape.nx + OVERHEAD)};
    rp_code code = allocate(&s) ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a model of the noise");
    if (code == RP_OK) {
        choose_waves(&s, band);
        s.work = malloc(rp_wave_work(s.nk) * sizeof *s.work);
        s.amplitude = malloc((2 * s.nk + 1) * sizeof *s.amplitude);
        if (!s.work || !s.amplitude)
            code = rp_fail(err, RP_E_MEMORY, "no memory for a fit of %zu waves", s.nk);
    }
    if (code == RP_OK) {
        for (size_t t = 0; t < s.n; t++) {
            s.cosine[t] = cos(2.0 * pi * (double)t / (double)s.n);
            s.sine[t] = sin(2.0 * pi * (double)t / (double)s.n);
        }
        find_density(&s, mask, band);
        take_samples(&s, image, mask);
        const rp_wave_fit fit = {s.n, s.nk, s.nsamples, s.k, s.place, s.weight, s.value, s.cosine, s.sine, s.work};
        *ok = rp_wave_solve(&fit, s.amplitude);
        if (*ok)
            write_waves(&s, model);
    }
    clear(&s);
    return code;
}

/* ------------------------------------------------------------------ parts of the image */
typedef struct cutter {
    rp_image_shape shape;
    size_t first, last; /* rows with background pixels */
    size_t *before;     /* [ny + 1] background pixels in the rows before */
} cutter;

static bool find_rows(cutter *c, const uint8_t *mask)
{
    bool any = false;
    c->before[0] = 0;
    for (size_t y = 0; y < c->shape.ny; y++) {
        size_t n = 0;
        for (size_t x = 0; x < c->shape.nx; x++)
            n += mask[y * c->shape.nx + x];
        c->before[y + 1] = c->before[y] + n;
        if (n) {
            c->first = any ? c->first : y;
            c->last = y;
            any = true;
        }
    }
    return any;
}

/* The end of the part that begins at row `from`: enough pixels, unless few more are left. */
static size_t part_end(const cutter *c, size_t from)
{
    const size_t left = c->before[c->shape.ny] - c->before[from];
    size_t k = from + 1;
    for (; k < c->last + 1; k++)
        if (c->before[k] - c->before[from] > PART_PIXELS && 2 * left > 3 * PART_PIXELS)
            break;
    return k;
}

/* Adds a part with the most weight in its middle. */
static void add_part(const cutter *c, size_t from, size_t rows, const float *fitted, double *model, double *weight)
{
    for (size_t y = 0; y < rows; y++) {
        const double at = rows > 1 ? -1.0 + 2.0 / (double)(rows - 1) * (double)y : -1.0;
        const double w = 1.001 - fabs(y + 1 == rows && rows > 1 ? 1.0 : at);
        for (size_t x = 0; x < c->shape.nx; x++) {
            const size_t p = (from + y) * c->shape.nx + x;
            model[p] += w * (double)fitted[y * c->shape.nx + x];
            weight[p] += w;
        }
    }
}

static rp_code fit_parts(const cutter *c, const float *image, const uint8_t *mask, const float *band, double *model,
                         double *weight, float *fitted, bool *ok, rp_error *err)
{
    const size_t nx = c->shape.nx;
    for (size_t from = c->first; from <= c->last;) {
        const size_t end = part_end(c, from), rows = end - from;
        const double share = (double)(c->before[end] - c->before[from]) / (double)(rows * nx);
        memset(fitted, 0, rows * nx * sizeof *fitted);
        if (share > LEAST_SHARE) {
            const rp_code code =
                fit_part(image + from * nx, mask + from * nx, (rp_image_shape){rows, nx}, band, fitted, ok, err);
            if (code != RP_OK || !*ok)
                return code;
        }
        add_part(c, from, rows, fitted, model, weight);
        if (end == c->last + 1)
            break;
        const size_t step = (size_t)nearbyint((double)rows / 2.0);
        from += step > 1 ? step : 1;
    }
    return RP_OK;
}

rp_code rp_nsclean_subarray(const float *image, uint8_t *mask, rp_image_shape shape, const float *band, double *model,
                            bool *ok, rp_error *err)
{
    const size_t n = shape.ny * shape.nx;
    cutter c = {.shape = shape, .before = malloc((shape.ny + 1) * sizeof *c.before)};
    uint8_t *outlier = malloc(n);
    float *fitted = malloc(n * sizeof *fitted);
    double *weight = calloc(n, sizeof *weight);
    rp_code code = c.before && outlier && fitted && weight
                       ? RP_OK
                       : rp_fail(err, RP_E_MEMORY, "no memory for a model of the noise");
    memset(model, 0, n * sizeof *model);
    if (code == RP_OK) {
        drop_outliers(image, mask, shape, outlier, fitted);
        *ok = find_rows(&c, mask);
        if (*ok)
            code = fit_parts(&c, image, mask, band, model, weight, fitted, ok, err);
        for (size_t p = 0; code == RP_OK && *ok && p < n; p++)
            model[p] /= model[p] == 0.0 ? 1.0 : weight[p];
    }
    free(c.before);
    free(outlier);
    free(fitted);
    free(weight);
    return code;
}
