/* clean_flicker_noise on the differences of neighbouring groups, several images at once.
 * Behaviour of jwst 3.0.0: docs/algorithms/clean_flicker_noise.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/clean_flicker_noise.h"
#include "host/steps/nsclean.h"

/* What one thread works with. */
typedef struct bench {
    float *image, *before, *model, *column;
    uint8_t *mask, *flags, *missing;
    rp_sorted *sorted;
} bench;

typedef struct job {
    rp_stage *stage;
    rp_flicker *f;
    const rp_frames *frames;
    bool failed;
} job;

static void bench_clear(bench *b)
{
    free(b->image);
    free(b->before);
    free(b->model);
    free(b->column);
    free(b->mask);
    free(b->flags);
    free(b->missing);
    rp_sorted_free(b->sorted);
}

static bool bench_new(bench *b, const rp_flicker *f)
{
    const size_t n = f->shape.ny * f->shape.nx, side = f->shape.ny > f->shape.nx ? f->shape.ny : f->shape.nx;
    *b = (bench){.image = malloc(n * sizeof(float)),
                 .before = malloc(n * sizeof(float)),
                 .model = malloc(n * sizeof(float)),
                 .column = malloc(16 * side * sizeof(float)),
                 .mask = malloc(n),
                 .flags = malloc(n),
                 .missing = malloc(n),
                 .sorted = rp_sorted_new(n)};
    return b->image && b->before && b->model && b->column && b->mask && b->flags && b->missing && b->sorted;
}

static rp_rect whole(const rp_flicker *f)
{
    return (rp_rect){0, 0, (int64_t)f->shape.ny, (int64_t)f->shape.nx};
}

/* What is taken off a plane: the one before it, or the scaled median; in b->before. */
static rp_code take_reference(const job *j, bench *b, size_t plane, rp_error *err)
{
    const rp_flicker *f = j->f;
    const size_t n = f->shape.ny * f->shape.nx, ngroups = (size_t)j->stage->run->ngroups;
    if (!f->by_image)
        return rp_frames_read(j->frames, RP_FRAMES_SCI, (int64_t)plane - 1, whole(f), b->before, err);
    const rp_code code = rp_frames_read(f->median, RP_FRAMES_SCI, (int64_t)(plane % ngroups), whole(f), b->before, err);
    for (size_t p = 0; code == RP_OK && p < n; p++)
        b->before[p] = f->scale[plane / ngroups] * b->before[p];
    return code;
}

/* The difference of a plane to its reference, and the pixels that may be background in it; *any: is there one? */
static rp_code take_image(const job *j, bench *b, size_t plane, bool *any, rp_error *err)
{
    const rp_flicker *f = j->f;
    const size_t n = f->shape.ny * f->shape.nx, integration = plane / (size_t)j->stage->run->ngroups;
    const uint8_t unusable = f->by_image ? 0 : RP_DQ_DO_NOT_USE | RP_DQ_JUMP_DET;
    rp_code code = take_reference(j, b, plane, err);
    if (code == RP_OK)
        code = rp_frames_read(j->frames, RP_FRAMES_SCI, (int64_t)plane, whole(f), b->image, err);
    if (code == RP_OK)
        code = rp_frames_read(j->frames, RP_FRAMES_GROUPDQ, (int64_t)plane, whole(f), b->flags, err);
    const uint8_t *scene = f->mask + (f->nmasks > 1 ? integration : 0) * n;
    uint8_t found = 0;
    for (size_t p = 0; code == RP_OK && p < n; p++) {
        float v = b->image[p] - b->before[p];
        v = f->flat ? v / f->flat[p] : v;
        const bool missing = v != v;
        b->missing[p] = missing;
        b->image[p] = missing ? 0.0f : v;
        b->mask[p] = (uint8_t)(scene[p] && !missing && !(b->flags[p] & unusable));
        found = (uint8_t)(found | b->mask[p]);
    }
    *any = found != 0;
    return code;
}

static void subtract_background(float *image, const rp_background *background, size_t n)
{
    for (size_t p = 0; p < n; p++)
        image[p] -= background->is_image ? background->image[p] : background->level;
}

static void restore(const rp_flicker *f, bench *b, const rp_background *background)
{
    const size_t n = f->shape.ny * f->shape.nx;
    for (size_t p = 0; p < n; p++) {
        float v = b->image[p] + (background->is_image ? background->image[p] : background->level);
        v = f->flat ? v * f->flat[p] : v;
        v = b->missing[p] ? NAN : v;
        b->image[p] = f->by_image ? b->before[p] + v : v;
    }
}

static rp_code fit_noise(const job *j, bench *b, bool *ok, rp_error *err)
{
    const rp_flicker *f = j->f;
    *ok = true;
    if (f->fft)
        return rp_nsclean(j->stage->run->meta, b->image, b->mask, f->shape, ok, err);
    const size_t side = f->along_x ? f->shape.nx : f->shape.ny;
    rp_median_clean(b->image, b->mask, f->shape, f->along_x, f->by_channel && side == 2048 ? 4 : 1, b->column);
    return RP_OK;
}

/* Leaves the cleaned difference in b->image, and the background that was taken off for the fit. */
static rp_code clean_image(const job *j, bench *b, rp_background *background, bool *ok, rp_error *err)
{
    const rp_flicker *f = j->f;
    const size_t n = f->shape.ny * f->shape.nx;
    rp_code code = RP_OK;
    background->image = b->model;
    if (f->background != RP_BACKGROUND_NONE) {
        rp_sorted_take(b->sorted, b->image, b->mask, n);
        code = rp_background_level(b->image, b->mask, f->shape, f->background, f->box, b->sorted, background, err);
        if (code != RP_OK)
            return code;
        subtract_background(b->image, background, n);
        if (f->n_sigma > 0) {
            const rp_clip_limits limits = {.lower = f->n_sigma, .upper = f->n_sigma, .lower_half = true};
            if (background->is_image)
                rp_sorted_take(b->sorted, b->image, b->mask, n);
            else
                rp_sorted_subtract(b->sorted, background->level);
            rp_clip_to_background(b->image, b->mask, n, &limits, b->sorted);
        }
    }
    code = fit_noise(j, b, ok, err);
    if (code == RP_OK && *ok)
        restore(f, b, background);
    return code;
}

static rp_code save_background(const job *j, bench *b, size_t plane, const rp_background *background, rp_error *err)
{
    const rp_flicker *f = j->f;
    if (!f->background_product)
        return RP_OK;
    const size_t n = f->shape.ny * f->shape.nx;
    for (size_t p = 0; p < n && !(f->by_image && background); p++) /* else it is the scaled median */
        b->before[p] = background && background->is_image ? background->image[p]
                       : background                       ? background->level
                                                          : 0.0f;
    rp_elements_from_f32(b->before, b->before, n);
    const rp_sink *sink = rp_product_sink(f->background_product, "SCI");
    return sink->write(sink, (int64_t)plane, whole(f), b->before, err);
}

/* Lines of several threads, one at a time. */
static void say(const job *j, rp_level level, const char *what, size_t plane)
{
    const size_t ngroups = (size_t)j->stage->run->ngroups;
#pragma omp critical(rp_flicker_log)
    rp_logf(j->stage->run->log, level, j->stage->log_name, "%s integration %zu, group %zu", what, plane / ngroups + 1,
            plane % ngroups + j->f->by_image);
}

static rp_code clean_plane(job *j, bench *b, size_t plane, rp_error *err)
{
    rp_flicker *f = j->f;
    const size_t ngroups = (size_t)j->stage->run->ngroups;
    rp_background background = {0};
    bool any = false, ok = true;
    if (plane % ngroups == 0 && !f->by_image)
        return save_background(j, b, plane, NULL, err);
    rp_code code = take_image(j, b, plane, &any, err);
    if (code != RP_OK)
        return code;
    if (!any) { /* the group stays as it is */
        say(j, RP_WARNING, "Skipping correction for this image, with no usable data:", plane);
        return save_background(j, b, plane, NULL, err);
    }
    code = clean_image(j, b, &background, &ok, err);
    if (code == RP_OK && !ok) {
#pragma omp atomic write
        j->failed = true;
        say(j, RP_ERROR, "Cleaning failed for", plane);
        return RP_OK;
    }
    if (code == RP_OK)
        code = rp_frames_write(f->cleaned, RP_FRAMES_SCI, (int64_t)plane, whole(f), b->image, err);
    f->is_cleaned[plane] = 1;
    return code == RP_OK ? save_background(j, b, plane, &background, err) : code;
}

rp_code rp_flicker_clean_groups(rp_stage *stage, rp_flicker *f, const rp_frames *frames, bool *failed, rp_error *err)
{
    job j = {.stage = stage, .f = f, .frames = frames};
    const size_t planes = (size_t)(stage->run->nints * stage->run->ngroups);
    rp_code result = RP_OK;
#pragma omp parallel num_threads(f->threads)
    {
        bench b;
        rp_error error = {0};
        const bool ok = bench_new(&b, f);
#pragma omp for schedule(dynamic)
        for (size_t plane = 0; plane < planes; plane++) {
            rp_code seen;
#pragma omp atomic read
            seen = result;
            if (seen != RP_OK)
                continue;
            const rp_code code = ok ? clean_plane(&j, &b, plane, &error)
                                    : rp_fail(&error, RP_E_MEMORY, "clean_flicker_noise: no memory for an image");
            if (code != RP_OK)
                rp_frames_note_failure(&result, err, code, &error);
        }
        bench_clear(&b);
    }
    *failed = j.failed;
    return result;
}
