/* picture_frame: takes NIRSpec's thermal picture frame out of ramps.
 * Behaviour of jwst 3.0.0; the arithmetic of pixels is in kernels/picture_frame.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/flicker.h"
#include "host/steps/medians.h"
#include "host/steps/ramp_reference.h"

/* Regions of the detector, [first, end): the inner square, and bands along the edges within the reference pixels. */
enum { CENTRE_FIRST = 76, CENTRE_END = 1984, LOW_FIRST = 4, LOW_END = 75, HIGH_FIRST = 1985, HIGH_END = 2043 };
enum { REGION_NONE, REGION_CENTRE, REGION_EDGE, TABLE_SCALES = 0 };

typedef struct picture_frame {
    rp_image_shape shape;
    rp_source *pattern;
    uint8_t *region;     /* [ny][nx], of background pixels */
    size_t count[3];     /* pixels of each region */
    float centre, edge;  /* medians of the pattern */
    float *scale_offset; /* [2][nints*ngroups] */
    rp_product *change_product;
} picture_frame;

/* ------------------------------------------------------------------ setup */
static bool is_full_nirspec(const rp_run *run)
{
    const char *instrument = rp_meta_get_string(run->meta, "INSTRUME"),
               *subarray = rp_meta_get_string(run->meta, "SUBARRAY");
    return instrument && !strcmp(instrument, "NIRSPEC") && subarray && !strcmp(subarray, "FULL");
}

static bool skip(rp_stage *stage, const char *why)
{
    rp_logf(stage->run->log, RP_WARNING, stage->log_name, "%s", why);
    rp_logf(stage->run->log, RP_WARNING, stage->log_name, "Processing will be skipped.");
    stage->skip = true;
    return true;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    const rp_run *run = stage->run;
    rp_reference *reference = NULL;
    if (rp_container_find(run->exposure->file, "VAR_RNOISE", 1) >= 0)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: picture_frame takes ramps, no rate images, in this release",
                       run->exposure->path);
    rp_code code = rp_step_reference(stage, "pictureframe", &reference, err);
    if (code != RP_OK)
        return code;
    if (!reference) {
        const char *type = rp_meta_get_string(run->meta, "EXP_TYPE");
        rp_logf(run->log, RP_WARNING, stage->log_name,
                "Picture frame correction is not available for exposure type %s.", type ? type : "None");
        stage->skip = true;
        return RP_OK;
    }
    if (!is_full_nirspec(run)) {
        skip(stage, "Picture frame correction is only applicable to NIRSpec full frame exposures.");
        return RP_OK;
    }
    if (run->ngroups == 1) {
        skip(stage, "Picture frame correction cannot be performed for single-group data.");
        return RP_OK;
    }
    if (rp_values_bool(stage->values, "mask_science_regions"))
        return rp_fail(
            err, RP_E_UNSUPPORTED,
            "picture_frame: mask_science_regions needs the positions of spectra on the detector, which this release "
            "cannot find; set it to False");
    picture_frame *s = calloc(1, sizeof *s);
    if (!s)
        return rp_fail(err, RP_E_MEMORY, "picture_frame: no memory");
    stage->state = s;
    s->shape = (rp_image_shape){(size_t)run->ny, (size_t)run->nx};
    return rp_step_plane(stage, reference, "SCI", false, &s->pattern, err);
}

/* ------------------------------------------------------------------ regions */
static bool in_band(size_t at)
{
    return (at >= LOW_FIRST && at < LOW_END) || (at >= HIGH_FIRST && at < HIGH_END);
}

static bool is_inside(size_t at)
{
    return at >= LOW_FIRST && at < HIGH_END;
}

static uint8_t region_of(size_t y, size_t x)
{
    if (y >= CENTRE_FIRST && y < CENTRE_END && x >= CENTRE_FIRST && x < CENTRE_END)
        return REGION_CENTRE;
    return is_inside(y) && is_inside(x) && (in_band(y) || in_band(x)) ? REGION_EDGE : REGION_NONE;
}

static rp_code save_mask(rp_stage *stage, const picture_frame *s, const uint8_t *mask, const rp_meta *meta,
                         float *scratch, rp_error *err)
{
    const rp_shape frame = {.naxis = 2, .axis = {(int64_t)s->shape.ny, (int64_t)s->shape.nx}};
    const rp_plane_spec plane = {"SCI", RP_F32, frame};
    const size_t n = s->shape.ny * s->shape.nx;
    rp_product *product = NULL;
    rp_code code =
        rp_run_side_product(stage->run, stage, "pctfrm_mask", RP_MODEL_CHISQ, meta, &plane, 1, &product, err);
    if (code != RP_OK)
        return code;
    for (size_t p = 0; p < n; p++)
        scratch[p] = mask[p];
    rp_elements_from_f32(scratch, scratch, n);
    const rp_sink *sink = rp_product_sink(product, "SCI");
    return sink->write(sink, 0, (rp_rect){0, 0, (int64_t)s->shape.ny, (int64_t)s->shape.nx}, scratch, err);
}

/* Background pixels of a draft of the count rate, by region. */
static rp_code find_regions(rp_stage *stage, picture_frame *s, const rp_frames *frames, float *rate, uint32_t *dq,
                            rp_error *err)
{
    const size_t n = s->shape.ny * s->shape.nx;
    const rp_clip_limits limits = {.lower = 3.0, .upper = rp_values_float(stage->values, "n_sigma", 2.0)};
    rp_meta *meta = NULL;
    rp_sorted *sorted = rp_sorted_new(n);
    s->region = malloc(n);
    rp_code code = sorted && s->region ? RP_OK : rp_fail(err, RP_E_MEMORY, "picture_frame: no memory for a mask");
    if (code == RP_OK)
        code = rp_run_draft_rate(stage->run, stage, frames, false, rate, dq, &meta, err);
    for (size_t p = 0; code == RP_OK && p < n; p++)
        s->region[p] = rate[p] == rate[p] && rate[p] != 0.0f;
    if (code == RP_OK && limits.upper > 0) {
        rp_sorted_take(sorted, rate, s->region, n);
        rp_clip_to_background(rate, s->region, n, &limits, sorted);
    }
    if (code == RP_OK && rp_values_bool(stage->values, "save_mask"))
        code = save_mask(stage, s, s->region, meta, rate, err);
    for (size_t p = 0; code == RP_OK && p < n; p++) {
        s->region[p] = s->region[p] ? region_of(p / s->shape.nx, p % s->shape.nx) : REGION_NONE;
        s->count[s->region[p]]++;
    }
    rp_sorted_free(sorted);
    rp_meta_free(meta);
    return code;
}

/* Medians of an image in the two regions; scratch: an image. */
static void region_medians(const picture_frame *s, const float *image, float *scratch, float *centre, float *edge)
{
    const size_t n = s->shape.ny * s->shape.nx;
    size_t low = 0, high = n;
    for (size_t p = 0; p < n; p++) {
        if (s->region[p] == REGION_NONE || image[p] != image[p])
            continue;
        if (s->region[p] == REGION_CENTRE)
            scratch[low++] = image[p];
        else
            scratch[--high] = image[p];
    }
    *centre = rp_median_f32(scratch, low);
    *edge = rp_median_f32(scratch + high, n - high);
}

/* ------------------------------------------------------------------ frames */
static rp_code measure_plane(const picture_frame *s, const rp_run *run, const rp_frames *frames, size_t plane,
                             float *image, float *zero, rp_error *err)
{
    const size_t n = s->shape.ny * s->shape.nx, planes = (size_t)(run->nints * run->ngroups);
    const size_t first = plane - plane % (size_t)run->ngroups;
    const rp_rect all = {0, 0, run->ny, run->nx};
    float centre = 0.0f, edge = 0.0f;
    rp_code code = rp_frames_read(frames, RP_FRAMES_SCI, (int64_t)plane, all, image, err);
    if (code == RP_OK)
        code = rp_frames_read(frames, RP_FRAMES_SCI, (int64_t)first, all, zero, err);
    if (code != RP_OK)
        return code;
    for (size_t p = 0; p < n; p++)
        image[p] -= zero[p];
    region_medians(s, image, zero, &centre, &edge);
    s->scale_offset[plane] = (centre - edge) / (s->centre - s->edge);
    s->scale_offset[planes + plane] = edge;
    return RP_OK;
}

static rp_code measure_groups(const rp_stage *stage, const picture_frame *s, const rp_frames *frames, int threads,
                              rp_error *err)
{
    const rp_run *run = stage->run;
    const size_t planes = (size_t)(run->nints * run->ngroups), n = s->shape.ny * s->shape.nx;
    rp_code result = RP_OK;
#pragma omp parallel num_threads(threads)
    {
        float *image = malloc(2 * n * sizeof *image);
        rp_error error = {0};
#pragma omp for schedule(dynamic)
        for (size_t plane = 0; plane < planes; plane++) {
            if (plane % (size_t)run->ngroups == 0)
                continue;
            const rp_code code = image ? measure_plane(s, run, frames, plane, image, image + n, &error)
                                       : rp_fail(&error, RP_E_MEMORY, "picture_frame: no memory for an image");
            if (code != RP_OK)
                rp_frames_note_failure(&result, err, code, &error);
        }
        free(image);
    }
    return result;
}

static rp_code read_pattern(picture_frame *s, float *pattern, float *scratch, rp_error *err)
{
    const rp_code code =
        s->pattern->read(s->pattern, 0, (rp_rect){0, 0, (int64_t)s->shape.ny, (int64_t)s->shape.nx}, pattern, err);
    if (code != RP_OK)
        return code;
    rp_elements_to_f32(pattern, pattern, s->pattern->type, s->shape.ny * s->shape.nx);
    region_medians(s, pattern, scratch, &s->centre, &s->edge);
    return RP_OK;
}

static rp_code frames(rp_stage *stage, rp_frames *store, int threads, rp_error *err)
{
    picture_frame *s = stage->state;
    const rp_run *run = stage->run;
    const size_t n = s->shape.ny * s->shape.nx, planes = (size_t)(run->nints * run->ngroups);
    float *image = malloc(n * sizeof *image);
    uint32_t *dq = malloc(n * sizeof *dq);
    s->scale_offset = calloc(2 * planes, sizeof *s->scale_offset);
    rp_code code =
        image && dq && s->scale_offset ? RP_OK : rp_fail(err, RP_E_MEMORY, "picture_frame: no memory for a frame");
    if (code == RP_OK)
        code = find_regions(stage, s, store, image, dq, err);
    const bool nothing = code == RP_OK && (!s->count[REGION_CENTRE] || !s->count[REGION_EDGE]);
    if (nothing) {
        rp_logf(run->log, RP_ERROR, stage->log_name, "No data to scale; skipping picture frame correction.");
        stage->skip = true;
    }
    if (code == RP_OK && !nothing)
        code = read_pattern(s, image, (float *)(void *)dq, err);
    free(image);
    free(dq);
    if (code == RP_OK && !nothing)
        code = measure_groups(stage, s, store, threads, err);
    if (code == RP_OK && !nothing && rp_values_bool(stage->values, "save_correction"))
        code = rp_step_ramp_product(stage, "pctfrm_correction", &s->change_product, err);
    return code;
}

/* ------------------------------------------------------------------ blocks */
static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const picture_frame *s = stage->state;
    const size_t planes = (size_t)(b->run->nints * b->run->ngroups);
    rp_picture_frame_params params = {.stride = b->stride,
                                      .nints = (uint32_t)b->run->nints,
                                      .ngroups = (uint32_t)b->run->ngroups,
                                      .has_change = s->change_product != NULL,
                                      .edge = s->edge};
    rp_bound pattern = {0};
    rp_buffer *table = NULL, *change = NULL;
    rp_code code = rp_block_bind(b, s->pattern, 0, 1, &pattern, err);
    if (code == RP_OK)
        code = rp_block_table(b, stage, TABLE_SCALES, s->scale_offset, 2 * planes * sizeof *s->scale_offset, 1, &table,
                              err);
    if (code == RP_OK && s->change_product)
        code = rp_step_scratch(b, stage, 0, planes, b->stride, sizeof(uint32_t), &change, err);
    params.pattern_offset = pattern.offset;
    rp_buffer *const buffers[] = {b->data, pattern.buffer, table, change};
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_picture_frame, &params, sizeof params, buffers, 4, err);
    return code == RP_OK && s->change_product ? rp_step_write_ramp(b, s->change_product, change, err) : code;
}

static void clear(rp_stage *stage)
{
    picture_frame *s = stage->state;
    if (s) {
        rp_step_close(s->pattern);
        free(s->region);
        free(s->scale_offset);
    }
    free(s);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_picture_frame = {.setup = setup, .frames = frames, .block = block, .clear = clear};
