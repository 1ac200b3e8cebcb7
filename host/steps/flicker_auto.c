/* autoparam of clean_flicker_noise: background method, channels and flat, from a quick look at the count rate.
 * Behaviour of jwst 3.0.0. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/clean_flicker_noise.h"
#include "host/steps/clip_stats.h"
#include "host/steps/pairwise.h"

enum { FULL = 2048, CHANNELS = 4, CHANNEL = FULL / CHANNELS };

/* Above which something counts as high. */
typedef struct limits {
    double masked, offset, slope_low, slope_high, ratio, sigma;
} limits;

typedef struct look {
    double masked, offset, slope, ratio, sigma;
} look;

typedef struct quick {
    rp_flicker *f;
    rp_image_shape shape;
    float *image, *model, *line;
    uint8_t *mask, *missing;
    rp_sorted *sorted;
} quick;

/* ------------------------------------------------------------------ a quick clean */
static rp_code clean_quickly(quick *q, rp_error *err)
{
    static const rp_clip_limits scene = {.lower = 3.0, .upper = 2.0},
                                again = {.lower = 3.0, .upper = 2.0, .lower_half = true};
    const size_t n = q->shape.ny * q->shape.nx;
    rp_background background = {0};
    memset(q->mask, 1, n);
    rp_sorted_take(q->sorted, q->image, q->mask, n);
    rp_clip_to_background(q->image, q->mask, n, &scene, q->sorted);
    for (size_t p = 0; p < n; p++) {
        const bool missing = q->image[p] != q->image[p];
        q->missing[p] = missing;
        q->image[p] = missing ? 0.0f : q->image[p];
        q->mask[p] = q->mask[p] && !missing;
    }
    rp_code code = rp_background_level(q->image, q->mask, q->shape, RP_BACKGROUND_MEDIAN, (rp_background_box){0},
                                       q->sorted, &background, err);
    if (code != RP_OK)
        return code;
    for (size_t p = 0; p < n; p++)
        q->image[p] -= background.level;
    rp_sorted_subtract(q->sorted, background.level);
    rp_clip_to_background(q->image, q->mask, n, &again, q->sorted);
    rp_median_clean(q->image, q->mask, q->shape, q->f->along_x, 1, q->line);
    for (size_t p = 0; p < n; p++)
        q->image[p] = q->missing[p] ? NAN : q->image[p] + background.level;
    return RP_OK;
}

/* What is no background is replaced by a smooth one. */
static rp_code replace_sources(quick *q, double *masked, rp_error *err)
{
    const size_t n = q->shape.ny * q->shape.nx;
    rp_background background = {.image = q->model};
    rp_sorted_take(q->sorted, q->image, q->mask, n);
    const rp_code code = rp_background_level(q->image, q->mask, q->shape, RP_BACKGROUND_MODEL, (rp_background_box){0},
                                             q->sorted, &background, err);
    size_t count = 0;
    for (size_t p = 0; code == RP_OK && p < n; p++) {
        if (q->mask[p])
            continue;
        q->image[p] = background.is_image ? background.image[p] : background.level;
        count++;
    }
    *masked = (double)count / (double)n;
    return code;
}

/* ------------------------------------------------------------------ averages and lines */
static size_t part_of(double share, size_t side)
{
    return (size_t)nearbyint(share * (double)side);
}

static void average_rows(const quick *q, double from, double to, float *out)
{
    const size_t y0 = part_of(from, q->shape.ny), y1 = part_of(to, q->shape.ny), nx = q->shape.nx;
    for (size_t x = 0; x < nx; x++) {
        float sum = 0.0f;
        size_t n = 0;
        for (size_t y = y0; y < y1; y++) {
            const float v = q->image[y * nx + x];
            sum += v == v ? v : 0.0f;
            n += v == v;
        }
        out[x] = sum / (float)n;
    }
}

static void average_columns(const quick *q, double from, double to, float *out, float *scratch)
{
    const size_t x0 = part_of(from, q->shape.nx), x1 = part_of(to, q->shape.nx), nx = q->shape.nx;
    for (size_t y = 0; y < q->shape.ny; y++) {
        size_t n = 0;
        for (size_t x = x0; x < x1; x++) {
            const float v = q->image[y * nx + x];
            scratch[x - x0] = v == v ? v : 0.0f;
            n += v == v;
        }
        out[y] = rp_pairwise_sum_f32(scratch, x1 - x0) / (float)n;
    }
}

/* A line through values at 0, 1, 2 ...; sigma: of what is left. */
static double fit_line(const float *values, size_t n, double *work, double *sigma)
{
    double count = 0, mx = 0, my = 0, sxx = 0, sxy = 0;
    for (size_t k = 0; k < n; k++)
        if (isfinite(values[k])) {
            count += 1.0;
            mx += (double)k;
            my += (double)values[k];
        }
    mx /= count;
    my /= count;
    for (size_t k = 0; k < n; k++)
        if (isfinite(values[k])) {
            sxx += ((double)k - mx) * ((double)k - mx);
            sxy += ((double)k - mx) * ((double)values[k] - my);
        }
    const double slope = sxx > 0.0 ? sxy / sxx : 0.0;
    size_t used = 0;
    for (size_t k = 0; k < n; k++)
        if (isfinite(values[k]))
            work[used++] = (double)values[k] - (my + slope * ((double)k - mx));
    *sigma = rp_clipped_stats(work, used, 10.0, work + n).sigma;
    return slope;
}

/* The largest step between neighbouring channels; 0 for subarrays. */
static double channel_offset(const float *values, size_t n, double *work)
{
    double mean[CHANNELS], most = 0.0;
    if (n != FULL)
        return 0.0;
    for (size_t c = 0; c < CHANNELS; c++) {
        for (size_t k = 0; k < CHANNEL; k++)
            work[k] = values[c * CHANNEL + k];
        mean[c] = rp_clipped_stats(work, CHANNEL, 3.0, work + n).mean;
    }
    for (size_t c = 1; c < CHANNELS; c++)
        most = fabs(mean[c] - mean[c - 1]) > most ? fabs(mean[c] - mean[c - 1]) : most;
    return most;
}

static rp_code measure(const quick *q, bool niriss, look *l, rp_error *err)
{
    const size_t ny = q->shape.ny, nx = q->shape.nx, side = ny > nx ? ny : nx;
    float *rows = malloc(3 * side * sizeof *rows);
    double *work = malloc(2 * side * sizeof *work), unused;
    if (!rows || !work) {
        free(rows);
        free(work);
        return rp_fail(err, RP_E_MEMORY, "no memory for averages of an image");
    }
    float *columns = rows + side;
    average_rows(q, 3.0 / 8, 5.0 / 8, rows);
    average_columns(q, 3.0 / 8, 5.0 / 8, columns, rows + 2 * side);
    const double a = fabs(fit_line(columns, ny, work, &unused)), b = fabs(fit_line(rows, nx, work, &l->sigma));
    l->slope = a > b ? a : b;
    l->ratio = l->slope / (a > b ? b : a);
    l->offset = niriss ? channel_offset(columns, ny, work) : channel_offset(rows, nx, work);
    if (niriss) { /* its first channel can look unlike the others */
        average_rows(q, 10.0 / 12, 11.0 / 12, rows);
        (void)fit_line(rows, nx, work, &l->sigma);
    }
    free(rows);
    free(work);
    return RP_OK;
}

/* ------------------------------------------------------------------ the choice */
static void decide(rp_flicker *f, const look *l, const limits *lim)
{
    const bool masked = l->masked >= lim->masked, offset = l->offset >= lim->offset;
    const bool steep = l->slope >= lim->slope_high, sloped = l->slope >= lim->slope_low;
    bool model = false;
    if (!masked && offset) {
        f->by_channel = true;
    } else if (masked) {
        f->by_channel = false;
        model = offset ? steep : sloped;
    } else {
        model = steep || (sloped && !(l->ratio >= lim->ratio));
        f->by_channel = l->offset > 0 && l->sigma >= lim->sigma;
    }
    f->background = model ? RP_BACKGROUND_MODEL : RP_BACKGROUND_MEDIAN;
}

static void log_choice(const rp_stage *stage, const rp_flicker *f, const char *type)
{
    const rp_log *log = stage->run->log;
    rp_logf(log, RP_INFO, stage->log_name, "Auto parameters set for %s:", type);
    rp_logf(log, RP_INFO, stage->log_name, "  apply_flat_field: %s", f->apply_flat ? "True" : "False");
    rp_logf(log, RP_INFO, stage->log_name, "  background_method: %s",
            f->background == RP_BACKGROUND_MODEL ? "model" : "median");
    rp_logf(log, RP_INFO, stage->log_name, "  fit_by_channel: %s", f->by_channel ? "True" : "False");
}

static rp_code look_quickly(rp_stage *stage, quick *q, const rp_frames *frames, bool niriss, look *l, rp_error *err)
{
    const size_t n = q->shape.ny * q->shape.nx;
    float *flat = NULL;
    /* the draft's flags go where the model will be */
    rp_code code =
        rp_run_draft_rate(stage->run, stage, frames, false, q->image, (uint32_t *)(void *)q->model, NULL, err);
    if (code == RP_OK)
        code = rp_flicker_read_flat(stage, q->shape, &flat, err);
    q->f->apply_flat = flat != NULL;
    for (size_t p = 0; code == RP_OK && flat && p < n; p++)
        q->image[p] /= flat[p];
    free(flat);
    if (code == RP_OK)
        code = clean_quickly(q, err);
    if (code == RP_OK)
        code = replace_sources(q, &l->masked, err);
    return code == RP_OK ? measure(q, niriss, l, err) : code;
}

rp_code rp_flicker_choose(rp_stage *stage, rp_flicker *f, const rp_frames *frames, rp_error *err)
{
    static const limits nircam = {0.1, 0.07, 1e-5, 1e-5, 3.0, 0.02}, niriss = {0.07, 0.07, 1e-5, 1e-4, 5.0, 0.02};
    const char *type = rp_meta_get_string(stage->run->meta, "EXP_TYPE"),
               *subarray = rp_meta_get_string(stage->run->meta, "SUBARRAY");
    const bool is_niriss = !strcmp(type, "NIS_IMAGE");
    if (!is_niriss && strcmp(type, "NRC_IMAGE") != 0) {
        rp_logf(stage->run->log, RP_WARNING, stage->log_name, "Auto parameters are not available for exposure type %s",
                type);
        rp_logf(stage->run->log, RP_INFO, stage->log_name, "Using input parameters as provided; no overrides applied.");
        return RP_OK;
    }
    const size_t n = f->shape.ny * f->shape.nx, side = f->shape.ny > f->shape.nx ? f->shape.ny : f->shape.nx;
    quick q = {
        f,         f->shape,  malloc(n * sizeof(float)), malloc(n * sizeof(float)), malloc(16 * side * sizeof(float)),
        malloc(n), malloc(n), rp_sorted_new(n)};
    look l = {0};
    rp_code code = q.image && q.model && q.line && q.mask && q.missing && q.sorted
                       ? look_quickly(stage, &q, frames, is_niriss, &l, err)
                       : rp_fail(err, RP_E_MEMORY, "no memory for a look at the rate");
    free(q.image);
    free(q.model);
    free(q.line);
    free(q.mask);
    free(q.missing);
    rp_sorted_free(q.sorted);
    if (code != RP_OK)
        return code;
    decide(f, &l, is_niriss ? &niriss : &nircam);
    f->by_image = false;
    f->single_mask = rp_values_bool(stage->values, "single_mask");
    log_choice(stage, f, type);
    f->by_channel = f->by_channel && subarray && !strcmp(subarray, "FULL");
    return RP_OK;
}
