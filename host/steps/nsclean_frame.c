/* NSClean on a full frame, line by line: host/steps/nsclean.h.
 *
 * Weights are the inverse density of background pixels near a pixel: the mask convolved with a Gaussian, cyclically.
 * A run of the mask gives a difference of two cumulative Gaussians, so edges of runs are added up, not pixels. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/medians.h"
#include "host/steps/nsclean.h"

enum { MAX_WAVES = 32, BORDER = 4, REACH = 288, BUFF_REACH = 12 };
#define CUTOFF (1.0 / 256.0)
#define ROLL_OFF (1.0 / 1024.0)
#define OUTLIER 3.0f
#define DENSITY_SIGMA 32.0
#define BUFF_SIGMA 1.5
static const double pi = 3.14159265358979323846;

typedef struct frame {
    rp_image_shape shape;
    size_t nwaves;
    double gain[MAX_WAVES];
    size_t wave[MAX_WAVES];
    double *cosine, *sine;            /* [nx] */
    double cumulative[2 * REACH + 2]; /* of the density's Gaussian */
    /* of one line */
    double *density, *weight, *work;
    size_t *place;
    float *value, *scratch;
} frame;

static void choose_waves(frame *f)
{
    for (size_t k = 0; k < MAX_WAVES && k <= f->shape.nx / 2; k++) {
        const double freq = (double)k / (double)f->shape.nx;
        double gain = freq <= CUTOFF - ROLL_OFF / 2 ? 1.0 : (1.0 + cos(pi * (freq - CUTOFF) / ROLL_OFF + pi / 2)) / 2;
        gain = freq <= CUTOFF + ROLL_OFF / 2 ? gain : 0.0;
        if (gain > 0.0) {
            f->wave[f->nwaves] = k;
            f->gain[f->nwaves++] = gain;
        }
    }
}

static void make_tables(frame *f)
{
    double sum = 0.0;
    choose_waves(f);
    for (size_t x = 0; x < f->shape.nx; x++) {
        f->cosine[x] = cos(2.0 * pi * (double)x / (double)f->shape.nx);
        f->sine[x] = sin(2.0 * pi * (double)x / (double)f->shape.nx);
    }
    for (int t = -REACH; t <= REACH; t++) {
        f->cumulative[t + REACH] = sum;
        sum += exp(-(double)(t * t) / (DENSITY_SIGMA * DENSITY_SIGMA) / 2.0) / DENSITY_SIGMA / sqrt(2.0 * pi);
    }
    f->cumulative[2 * REACH + 1] = sum;
}

/* A step of the mask at x: the density gains (or loses) the Gaussian's share of what lies behind. */
static void add_step(frame *f, size_t x, double sign)
{
    const size_t nx = f->shape.nx;
    const double all = f->cumulative[2 * REACH + 1];
    size_t at = (x + nx - REACH % nx) % nx;
    for (int t = -REACH; t <= REACH; t++, at = at + 1 == nx ? 0 : at + 1)
        f->density[at] += sign * (f->cumulative[t + REACH + 1] - (t >= 0 ? all : 0.0));
}

/* Density at every pixel of a line whose mask is `mask`.  Written as the plain mask, and corrections near its steps. */
static void find_density(frame *f, const uint8_t *mask)
{
    const size_t nx = f->shape.nx;
    const double all = f->cumulative[2 * REACH + 1];
    for (size_t x = 0; x < nx; x++)
        f->density[x] = mask[x] ? all : 0.0;
    for (size_t x = 0; x < nx; x++) {
        const uint8_t before = mask[x ? x - 1 : nx - 1];
        if (mask[x] != before)
            add_step(f, x, mask[x] ? 1.0 : -1.0);
    }
}

/* jwst 3.0.0: the Gaussian is centred one pixel too far in both axes, so a line is weighted by the one before it. */
static size_t take_samples(frame *f, const float *row, const uint8_t *mask)
{
    const size_t nx = f->shape.nx;
    size_t n = 0;
    for (size_t x = 0; x < nx; x++) {
        if (!mask[x])
            continue;
        const double w = 1.0 / f->density[x ? x - 1 : nx - 1];
        f->place[n] = x;
        f->value[n] = row[x];
        f->weight[n++] = isfinite(w) ? w * w : 0.0;
    }
    return n;
}

static void fill_outliers(frame *f, size_t n)
{
    memcpy(f->scratch, f->value, n * sizeof *f->value);
    const float median = rp_median_f32(f->scratch, n);
    for (size_t k = 0; k < n; k++)
        f->scratch[k] = fabsf(f->value[k] - median);
    const float sigma = 1.4826f * rp_median_f32(f->scratch, n), low = median - OUTLIER * sigma,
                high = median + OUTLIER * sigma;
    for (size_t k = 0; k < n; k++)
        f->value[k] = low <= f->value[k] && f->value[k] <= high ? f->value[k] : median;
}

static void write_waves(const frame *f, const double *amplitude, size_t nsamples, float *row)
{
    const size_t nx = f->shape.nx;
    for (size_t x = 0; x < nx; x++) {
        double sum = 0.0;
        for (size_t i = 0; i < f->nwaves; i++) {
            const size_t at = x * f->wave[i] % nx;
            const double part = amplitude[2 * i] * f->cosine[at] - amplitude[2 * i + 1] * f->sine[at];
            sum += f->gain[i] * (f->wave[i] ? 2.0 * part : amplitude[2 * i]);
        }
        row[x] = (float)(sum / (double)nsamples);
    }
}

static bool fit_line(frame *f, const float *image, const uint8_t *mask, size_t y, float *row)
{
    const size_t nx = f->shape.nx, above = y ? y - 1 : f->shape.ny - 1;
    double amplitude[2 * MAX_WAVES];
    find_density(f, mask + above * nx);
    const size_t n = take_samples(f, image + y * nx, mask + y * nx);
    if (n == 0)
        return true;
    fill_outliers(f, n);
    const rp_wave_fit fit = {nx, f->nwaves, n, f->wave, f->place, f->weight, f->value, f->cosine, f->sine, f->work};
    if (!rp_wave_solve(&fit, amplitude))
        return false;
    write_waves(f, amplitude, n, row);
    return true;
}

/* A light smoothing across lines; like the weights, one pixel too far in both axes. */
static void buff(const frame *f, const float *from, float *to)
{
    const size_t ny = f->shape.ny, nx = f->shape.nx;
    for (size_t y = 0; y < ny; y++) {
        float *row = to + y * nx;
        memset(row, 0, nx * sizeof *row);
        for (int t = -BUFF_REACH; t <= BUFF_REACH; t++) {
            const double u = (double)t / BUFF_SIGMA;
            const float w = (float)(exp(-u * u / 2.0) / BUFF_SIGMA / sqrt(2.0 * pi));
            const float *line = from + (size_t)((((int64_t)y - 1 - t) % (int64_t)ny + (int64_t)ny) % (int64_t)ny) * nx;
            row[0] += w * line[nx - 1];
            for (size_t x = 1; x < nx; x++)
                row[x] += w * line[x - 1];
        }
    }
}

static bool allocate(frame *f)
{
    const size_t nx = f->shape.nx;
    f->cosine = malloc(nx * sizeof *f->cosine);
    f->sine = malloc(nx * sizeof *f->sine);
    f->density = malloc(nx * sizeof *f->density);
    f->weight = malloc(nx * sizeof *f->weight);
    f->work = malloc(rp_wave_work(MAX_WAVES) * sizeof *f->work);
    f->place = malloc(nx * sizeof *f->place);
    f->value = malloc(nx * sizeof *f->value);
    f->scratch = malloc(nx * sizeof *f->scratch);
    return f->cosine && f->sine && f->density && f->weight && f->work && f->place && f->value && f->scratch;
}

rp_code rp_nsclean_frame(const float *image, const uint8_t *mask, rp_image_shape shape, float *model, bool *ok,
                         rp_error *err)
{
    frame f = {.shape = shape};
    float *fitted = calloc(shape.ny * shape.nx, sizeof *fitted);
    rp_code code = RP_OK;
    *ok = true;
    if (!fitted || !allocate(&f)) {
        code = rp_fail(err, RP_E_MEMORY, "no memory for a model of the noise");
    } else {
        make_tables(&f);
        for (size_t y = BORDER; y + BORDER < shape.ny && *ok; y++)
            *ok = fit_line(&f, image, mask, y, fitted + y * shape.nx);
        if (*ok)
            buff(&f, fitted, model);
    }
    free(fitted);
    free(f.cosine);
    free(f.sine);
    free(f.density);
    free(f.weight);
    free(f.work);
    free(f.place);
    free(f.value);
    free(f.scratch);
    return code;
}
