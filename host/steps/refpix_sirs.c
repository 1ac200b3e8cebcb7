/* SIRS: the signal of rows from the side reference pixels, by kernels of a reference file instead of a running median.
 * Behaviour of jwst 3.0.0; algorithm: docs/algorithms/refpix.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/steps/medians.h"
#include "host/steps/refpix.h"
#include "io/asdf/asdf.h"

enum { SIDES = 2 };
static const double pi = 3.14159265358979323846;

struct rp_refpix_sirs {
    size_t channels, half; /* kernels have 2 half + 1 values */
    double *kernel[SIDES]; /* [channels][2 half + 1] */
    double reject;
    /* of the exposure */
    const rp_refpix_frame *frame;
    size_t nrows;
    rp_refpix_sample *sample[SIDES];                 /* [nrows][4] */
    double *value, *work, *signal, *good, *template; /* [4 nrows] twice, then [nrows] each */
};

/* ------------------------------------------------------------------ kernels */
/* One value of the inverse transform of n coefficients (re, im), at time t of 2 (n - 1). */
static double inverse_at(const double *c, size_t n, int64_t t)
{
    const size_t length = 2 * (n - 1);
    double sum = c[0];
    for (size_t k = 1; k < n; k++) {
        const int64_t turns = (int64_t)k * t % (int64_t)length;
        const double angle = 2.0 * pi * (double)turns / (double)length;
        const double part = c[2 * k] * cos(angle) - (k + 1 < n ? c[2 * k + 1] * sin(angle) : 0.0);
        sum += k + 1 < n ? 2.0 * part : part;
    }
    return sum / (double)length;
}

/* The inverse transform about time 0, smoothed by a Gaussian of unit sum; outside of the kernel it is taken as 0. */
static rp_code make_kernel(const double *c, size_t n, size_t half, double smooth, double *out, rp_error *err)
{
    const size_t m = 2 * half + 1;
    double *raw = malloc(2 * m * sizeof *raw), sum = 0.0;
    if (!raw)
        return rp_fail(err, RP_E_MEMORY, "refpix: no memory for a kernel");
    double *window = raw + m;
    for (size_t k = 0; k < m; k++) {
        const double x = (double)k - (double)half;
        raw[k] = inverse_at(c, n, (int64_t)k - (int64_t)half);
        window[k] = exp(-(x * x) / (2.0 * smooth * smooth));
        sum += window[k];
    }
    for (size_t k = 0; k < m; k++) {
        out[k] = 0.0;
        for (size_t j = 0; j < m; j++) {
            const size_t at = k + half - j; /* wraps below zero, and is then too large */
            if (at < m)
                out[k] += raw[at] * (window[j] / sum);
        }
    }
    free(raw);
    return RP_OK;
}

static rp_code make_kernels(rp_refpix_sirs *s, int side, const rp_node *node, const char *path, double smooth,
                            rp_error *err)
{
    double *c = NULL;
    int naxis = 0;
    int64_t axis[RP_ARRAY_MAX_AXES] = {0};
    rp_code code = rp_asdf_numbers(node, path, &c, &naxis, axis, err);
    if (code == RP_OK && (naxis != 3 || axis[2] != 2 || axis[1] < 2 || axis[0] < 1 || axis[1] - 1 < (int64_t)s->half ||
                          (s->channels && axis[0] != (int64_t)s->channels)))
        code = rp_fail(err, RP_E_FORMAT,
                       "%s: kernels are no complex arrays [channel][frequency] that hold a halfwidth of %zu", path,
                       s->half);
    if (code == RP_OK) {
        s->channels = (size_t)axis[0];
        s->kernel[side] = malloc(s->channels * (2 * s->half + 1) * sizeof(double));
        if (!s->kernel[side])
            code = rp_fail(err, RP_E_MEMORY, "refpix: no memory for kernels");
    }
    for (size_t k = 0; code == RP_OK && k < s->channels; k++)
        code = make_kernel(c + 2 * k * (size_t)axis[1], (size_t)axis[1], s->half, smooth,
                           s->kernel[side] + k * (2 * s->half + 1), err);
    free(c);
    return code;
}

/* The entry of a detector, whatever the case of its name. */
static const rp_node *find_detector(const rp_node *root, const char *detector)
{
    for (size_t k = 0; root && root->kind == RP_NODE_MAPPING && k < root->nentries; k++)
        if (!strcasecmp(root->entries[k].key, detector))
            return root->entries[k].value;
    return NULL;
}

rp_code rp_refpix_sirs_new(rp_refpix_sirs **out, const char *path, const char *detector, size_t half, double smooth,
                           double reject, rp_error *err)
{
    rp_tree *tree = NULL;
    *out = NULL;
    rp_code code = rp_asdf_read(&tree, path, err);
    if (code != RP_OK)
        return code;
    const rp_node *entry = find_detector(rp_tree_root(tree), detector);
    const rp_node *gamma = rp_map_get(entry, "gamma"), *zeta = rp_map_get(entry, "zeta");
    rp_refpix_sirs *s = gamma && zeta ? calloc(1, sizeof *s) : NULL;
    if (gamma && zeta && !s)
        code = rp_fail(err, RP_E_MEMORY, "refpix: no memory for kernels");
    if (s) {
        s->half = half;
        s->reject = reject;
        code = make_kernels(s, 0, gamma, path, smooth, err);
        if (code == RP_OK)
            code = make_kernels(s, 1, zeta, path, smooth, err);
        if (code == RP_OK && s->channels != RP_NIR_AMPLIFIERS)
            code = rp_fail(err, RP_E_UNSUPPORTED, "%s: kernels of %zu channels, not %d", path, s->channels,
                           RP_NIR_AMPLIFIERS);
    }
    rp_tree_free(tree);
    if (code == RP_OK) {
        *out = s;
        return RP_OK;
    }
    rp_refpix_sirs_free(s);
    return code;
}

void rp_refpix_sirs_free(rp_refpix_sirs *s)
{
    for (int side = 0; s && side < SIDES; side++) {
        free(s->kernel[side]);
        free(s->sample[side]);
    }
    if (s) {
        free(s->value);
        free(s->signal);
    }
    free(s);
}

/* ------------------------------------------------------------------ the exposure */
rp_code rp_refpix_sirs_begin(rp_refpix_sirs *s, const rp_refpix_frame *frame, const rp_window *windows, int nwindows,
                             rp_error *err)
{
    const size_t n = RP_NIR_SIZE, four = RP_NIR_BORDER * n;
    s->frame = frame;
    s->nrows = n;
    s->value = malloc(2 * four * sizeof *s->value);
    s->signal = malloc((2 + RP_NIR_AMPLIFIERS) * n * sizeof *s->signal);
    bool ok = s->value && s->signal;
    for (int side = 0; side < SIDES; side++) {
        s->sample[side] = malloc(four * sizeof *s->sample[side]);
        ok = ok && s->sample[side];
    }
    if (!ok)
        return rp_fail(err, RP_E_MEMORY, "refpix: no memory for the side reference pixels");
    s->work = s->value + four;
    s->good = s->signal + n;
    s->template = s->good + n;
    for (int side = 0; side < SIDES; side++)
        for (size_t k = 0; k < four; k++) {
            int64_t y, x;
            const int64_t j = (int64_t)(k % RP_NIR_BORDER) + (side ? RP_NIR_SIZE - RP_NIR_BORDER : 0);
            if (!rp_refpix_pixel(frame, (int64_t)(k / RP_NIR_BORDER), j, &y, &x))
                return rp_fail(err, RP_E_INTERNAL, "refpix: no full frame");
            s->sample[side][k] = rp_refpix_find(windows, nwindows, y, x);
        }
    return RP_OK;
}

size_t rp_refpix_sirs_length(const rp_refpix_sirs *s)
{
    return s->nrows;
}

/* signal: mean of a row's side pixels, outliers as 0; good: their share. */
static void read_side(rp_refpix_sirs *s, int side, const rp_refpix_source *source, const double *level, bool wide)
{
    const size_t n = RP_NIR_BORDER * s->nrows;
    for (size_t k = 0; k < n; k++) {
        const double v = (double)rp_refpix_read(source, s->sample[side][k]) - level[k % 2];
        s->value[k] = wide ? v : (double)(float)v;
    }
    memcpy(s->work, s->value, n * sizeof *s->work);
    const double median = rp_median_f64(s->work, n);
    for (size_t k = 0; k < n; k++)
        s->work[k] = fabs(s->value[k] - median);
    const double limit = s->reject * (1.48 * rp_median_f64(s->work, n));
    for (size_t r = 0; r < s->nrows; r++) {
        double sum = 0.0, good = 0.0;
        for (size_t c = 0; c < RP_NIR_BORDER; c++) {
            const double v = s->value[r * RP_NIR_BORDER + c];
            const bool usable = fabs(v - median) <= limit;
            sum += usable ? v : v * 0.0;
            good += usable;
        }
        s->signal[r] = sum / 4.0;
        s->good[r] = good / 4.0;
    }
}

/* Adds one side's share of a channel's template: convolved, and normalised for what is missing. */
static void add_share(rp_refpix_sirs *s, const double *kernel, double *template)
{
    const int64_t half = (int64_t)s->half, n = (int64_t)s->nrows;
    for (int64_t r = 0; r < n; r++) {
        double sum = 0.0, all = 0.0, good = 0.0;
        const int64_t low = r - half > 0 ? r - half : 0, high = r + half < n - 1 ? r + half : n - 1;
        for (int64_t k = low; k <= high; k++) {
            const double w = kernel[r + half - k];
            sum += s->signal[k] * w;
            all += w;
            good += s->good[k] * w;
        }
        template[r] += sum *(all / good);
    }
}

void rp_refpix_sirs_signal(rp_refpix_sirs *s, const rp_refpix_source *source, const double *left_level,
                           const double *right_level, bool wide, double *out)
{
    memset(s->template, 0, s->channels * s->nrows * sizeof *s->template);
    for (int side = 0; side < SIDES; side++) {
        read_side(s, side, source, side ? right_level : left_level, wide);
        for (size_t c = 0; c < s->channels; c++)
            add_share(s, s->kernel[side] + c * (2 * s->half + 1), s->template + c * s->nrows);
    }
    for (size_t c = 0; c < s->channels; c++)
        for (size_t r = 0; r < s->nrows; r++)
            out[c * s->nrows + (s->frame->slow_reversed ? s->nrows - 1 - r : r)] = s->template[c * s->nrows + r];
}
