/* Dark ramps of another cadence than the exposure's: see dark_frames.h.  Behaviour of jwst 3.0.0 and stcal 1.20.0. */
#include "host/steps/dark_frames.h"

#include <math.h>
#include <stdlib.h>

/* ------------------------------------------------------------------ the plan */
static rp_code read_numbers(rp_dark_plan *plan, const rp_run *run, const rp_reference *reference, const rp_source *dark,
                            rp_error *err)
{
    const rp_shape *shape = &dark->shape;
    if (shape->naxis != 3 && shape->naxis != 4)
        return rp_fail(err, RP_E_FORMAT, "%s: a dark ramp has 3 or 4 axes, not %d", dark->label, shape->naxis);
    plan->per_integration = shape->naxis == 4;
    plan->nints = plan->per_integration ? shape->axis[0] : 1;
    plan->groups = shape->axis[shape->naxis - 3];
    plan->science_nints = run->nints;
    plan->science_groups = run->ngroups;
    const rp_meta *meta = rp_reference_meta(reference);
    rp_code code = rp_meta_need_int(meta, "NFRAMES", &plan->nframes, err);
    if (code == RP_OK)
        code = rp_meta_need_int(meta, "GROUPGAP", &plan->groupgap, err);
    if (code == RP_OK)
        code = rp_meta_need_int(run->meta, "NFRAMES", &plan->science_nframes, err);
    if (code == RP_OK)
        code = rp_meta_need_int(run->meta, "GROUPGAP", &plan->science_groupgap, err);
    return code;
}

static bool is_count(int64_t n, int64_t least)
{
    return n >= least && n <= INT32_MAX;
}

static rp_code check_numbers(const rp_dark_plan *plan, const rp_run *run, const rp_source *dark, rp_error *err)
{
    if (!is_count(plan->science_nframes, 1) || !is_count(plan->science_groupgap, 0))
        return rp_fail(err, RP_E_ARGUMENT, "%s: NFRAMES %lld and GROUPGAP %lld make no groups; correct the keywords",
                       run->exposure->path, (long long)plan->science_nframes, (long long)plan->science_groupgap);
    if (!is_count(plan->nframes, 1) || !is_count(plan->groupgap, 0) || plan->groups < 1)
        return rp_fail(err, RP_E_FORMAT,
                       "%s: NFRAMES %lld and GROUPGAP %lld make no groups; give dark_current another dark", dark->label,
                       (long long)plan->nframes, (long long)plan->groupgap);
    return RP_OK;
}

/* A dark that ends too early goes on by its last difference. */
static rp_code extend(rp_dark_plan *plan, const rp_stage *stage, const rp_source *dark, rp_error *err)
{
    const int64_t needed =
        plan->science_groups * plan->science_nframes + (plan->science_groups - 1) * plan->science_groupgap;
    const int64_t held = plan->groups * plan->nframes + (plan->groups - 1) * plan->groupgap;
    if (needed <= held)
        return RP_OK;
    rp_logf(stage->run->log, RP_WARNING, stage->log_name,
            "Not enough data in dark reference file to match to science data.");
    rp_logf(stage->run->log, RP_WARNING, stage->log_name,
            "Dark reference will be extrapolated to match length of science file.");
    if (plan->groups < 2)
        return rp_fail(err, RP_E_MISMATCH,
                       "%s: one group cannot be extended to the exposure's length; give dark_current a longer dark",
                       dark->label);
    const int64_t period = plan->nframes + plan->groupgap;
    plan->extension = (needed - held + plan->groupgap + period - 1) / period;
    return RP_OK;
}

/* First frame of a group of the exposure. */
static int64_t first_frame(const rp_dark_plan *plan, int64_t group)
{
    return group * (plan->science_nframes + plan->science_groupgap);
}

rp_code rp_dark_plan_make(rp_dark_plan *out, rp_stage *stage, const rp_reference *reference, const rp_source *dark,
                          rp_error *err)
{
    const rp_run *run = stage->run;
    rp_dark_plan plan = {0};
    rp_code code = read_numbers(&plan, run, reference, dark, err);
    if (code == RP_OK)
        code = check_numbers(&plan, run, dark, err);
    if (code != RP_OK)
        return code;
    rp_logf(run->log, RP_INFO, stage->log_name, "Science data nints=%lld, ngroups=%lld, nframes=%lld, groupgap=%lld",
            (long long)plan.science_nints, (long long)plan.science_groups, (long long)plan.science_nframes,
            (long long)plan.science_groupgap);
    rp_logf(run->log, RP_INFO, stage->log_name, "Dark data nints=%lld, ngroups=%lld, nframes=%lld, groupgap=%lld",
            (long long)plan.nints, (long long)plan.groups, (long long)plan.nframes, (long long)plan.groupgap);
    code = extend(&plan, stage, dark, err);
    if (code != RP_OK)
        return code;
    if (plan.nframes > plan.science_nframes || plan.groupgap > plan.science_groupgap)
        plan.use = RP_DARK_UNUSABLE;
    else if (plan.nframes != plan.science_nframes || plan.groupgap != plan.science_groupgap)
        plan.use = RP_DARK_AVERAGED;
    if (plan.use == RP_DARK_AVERAGED && first_frame(&plan, plan.science_groups - 1) >= plan.groups + plan.extension)
        return rp_fail(err, RP_E_MISMATCH,
                       "%s: %lld groups hold no frames for the exposure's last group; give dark_current a dark with "
                       "NFRAMES 1 and GROUPGAP 0",
                       dark->label, (long long)(plan.groups + plan.extension));
    *out = plan;
    return RP_OK;
}

/* ------------------------------------------------------------------ averages of frames */
typedef struct dark_average {
    rp_source base;
    rp_source *dark;
    rp_dark_plan plan;
} dark_average;

/* Buffers of one read: raw elements, a frame, the two last frames, sums in either precision; each n pixels. */
typedef struct average_buffers {
    size_t n;
    void *raw;
    float *frame, *last, *before, *sum;
    double *sum64;
} average_buffers;

static void free_buffers(average_buffers *b)
{
    free(b->raw);
    free(b->frame);
    free(b->last);
    free(b->before);
    free(b->sum);
    free(b->sum64);
}

static rp_code new_buffers(average_buffers *b, const dark_average *self, size_t n, rp_error *err)
{
    *b = (average_buffers){.n = n};
    b->raw = malloc(n * rp_dtype_size(self->dark->type));
    b->frame = malloc(n * sizeof(float));
    b->last = malloc(n * sizeof(float));
    b->before = malloc(n * sizeof(float));
    b->sum = calloc(n, sizeof(float));
    b->sum64 = calloc(n, sizeof(double));
    if (b->raw && b->frame && b->last && b->before && b->sum && b->sum64)
        return RP_OK;
    return rp_fail(err, RP_E_MEMORY, "%s: no memory to average frames", self->dark->label);
}

static rp_code read_frame(const dark_average *self, average_buffers *b, int64_t plane, rp_rect rect, float *out,
                          rp_error *err)
{
    const rp_code code = self->dark->read(self->dark, plane, rect, b->raw, err);
    if (code == RP_OK)
        rp_elements_to_f32(out, b->raw, self->dark->type, b->n);
    return code;
}

static void add_frame(average_buffers *b, bool is_first)
{
    for (size_t i = 0; i < b->n; i++) {
        const float value = isnan(b->frame[i]) ? 0.0f : b->frame[i];
        b->sum[i] = is_first ? value : b->sum[i] + value;
        b->sum64[i] = is_first ? (double)value : b->sum64[i] + (double)value;
    }
}

/* A frame beyond the end of the dark: `beyond` frames after the last one. */
static void add_extension(average_buffers *b, int64_t beyond, bool is_first)
{
    for (size_t i = 0; i < b->n; i++) {
        const float rate = b->last[i] - b->before[i];
        const double along = (double)beyond * (double)rate + (double)b->last[i];
        const double value = isnan(along) ? 0.0 : along;
        b->sum64[i] = is_first ? value : b->sum64[i] + value;
    }
}

static rp_code sum_frames(const dark_average *self, average_buffers *b, int64_t integration, int64_t from, int64_t to,
                          rp_rect rect, rp_error *err)
{
    const rp_dark_plan *plan = &self->plan;
    const int64_t origin = integration * plan->groups, end = origin + plan->groups - 1;
    rp_code code = RP_OK;
    if (to > plan->groups) {
        code = read_frame(self, b, end, rect, b->last, err);
        if (code == RP_OK)
            code = read_frame(self, b, end - 1, rect, b->before, err);
    }
    for (int64_t f = from; f < to && code == RP_OK; f++) {
        if (f >= plan->groups) {
            add_extension(b, f - plan->groups + 1, f == from);
            continue;
        }
        code = read_frame(self, b, origin + f, rect, b->frame, err);
        if (code == RP_OK)
            add_frame(b, f == from);
    }
    return code;
}

/* Means in the precision of the reference: single, and double for every frame of a dark that had to be extended. */
static rp_code average_read(const rp_source *base, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    const dark_average *self = (const dark_average *)(const void *)base;
    const rp_dark_plan *plan = &self->plan;
    const int64_t integration = plane / plan->science_groups;
    const int64_t from = first_frame(plan, plane % plan->science_groups), held = plan->groups + plan->extension;
    const int64_t to = from + plan->science_nframes < held ? from + plan->science_nframes : held;
    average_buffers b;
    rp_code code = new_buffers(&b, self, (size_t)(rect.ny * rect.nx), err);
    /* integrations that the exposure does not reach are left at zero */
    if (code == RP_OK && integration < plan->science_nints)
        code = sum_frames(self, &b, integration, from, to, rect, err);
    if (code == RP_OK) {
        const double count = (double)(to - from);
        for (size_t i = 0; i < b.n; i++)
            b.sum[i] = plan->extension ? (float)(b.sum64[i] / count) : (float)((double)b.sum[i] / count);
        rp_elements_from_f32(dst, b.sum, b.n);
    }
    free_buffers(&b);
    return code;
}

static void average_close(rp_source *base)
{
    dark_average *self = (dark_average *)(void *)base;
    self->dark->close(self->dark);
    free(self);
}

rp_code rp_dark_average_open(rp_source **out, const rp_dark_plan *plan, rp_source *dark, rp_error *err)
{
    dark_average *self = calloc(1, sizeof *self);
    if (!self) {
        const rp_code code = rp_fail(err, RP_E_MEMORY, "%s: no memory", dark->label);
        dark->close(dark);
        return code;
    }
    self->dark = dark;
    self->plan = *plan;
    self->base = (rp_source){
        .type = RP_F32, .shape = dark->shape, .label = dark->label, .read = average_read, .close = average_close};
    self->base.shape.axis[dark->shape.naxis - 3] = plan->science_groups;
    *out = &self->base;
    return RP_OK;
}
