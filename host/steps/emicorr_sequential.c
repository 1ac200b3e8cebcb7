/* emicorr, sequential: ramps are flattened first, then a wave is found in what is left, and subtracted.
 * Behaviour of jwst 3.0.0: docs/algorithms/emicorr.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/clip_stats.h"
#include "host/steps/emicorr.h"
#include "host/steps/medians.h"

enum { STRIP_ROWS = 32, MAX_BINS = 501, BINS_INSTEAD = 500 };

typedef struct sequential {
    rp_stage *stage;
    rp_emi *emi;
    rp_frames *frames;
    int threads;
    size_t nints, ngroups, ny, nx, nx4;
    size_t nphased; /* integrations that the wave is found from */
    double period;
    float *rest; /* [nphased][ngroups][ny][nx4]: mean of the outputs, less ramp and bias */
    size_t nbins, nlookup;
    double *wave;   /* [nbins] */
    double *lookup; /* [nlookup], one for each sample of a period */
} sequential;

/* ------------------------------------------------------------------ phases */
/* Samples from the first pixel of the exposure to a row; integrations follow one another as they were read. */
static double row_start(const sequential *s, size_t integration, size_t group, size_t row)
{
    const int64_t extra = (1024 - (int64_t)s->ny) * 7, frame = (int64_t)s->ny * s->emi->rowclocks + extra;
    const int64_t between = s->emi->resets_between ? s->emi->frameclocks : 0;
    const int64_t all = (int64_t)integration * ((int64_t)s->ngroups * frame + between) + (int64_t)group * frame +
                        (int64_t)row * s->emi->rowclocks;
    return (double)all;
}

/* The last sample of the detector's row is a reference pixel, read later; jwst 3.0.0 adds 2^32 on top of the delay. */
static double phase_at(const sequential *s, double start, size_t k)
{
    const bool late = s->emi->colstop == 258 && k == s->nx4 - 1;
    const double time = start + (double)((int64_t)k * s->emi->nsamples) + (late ? 3.0 + 4294967296.0 : 0.0);
    const double periods = time / s->period;
    return periods - (double)(uint64_t)periods;
}

/* jwst 3.0.0 counts the integrations for `use_n_cycles` once, at the first frequency. */
static void count_integrations(sequential *s)
{
    rp_emi *emi = s->emi;
    const int64_t nints = (int64_t)s->nints;
    if (!emi->has_nints) {
        emi->has_nints = true;
        emi->nints_to_phase =
            emi->has_cycles
                ? (int64_t)ceil((double)emi->ncycles * s->period / (double)(emi->frameclocks * (int64_t)s->ngroups))
                : nints;
    } else if (emi->has_cycles && emi->ncycles == 3 && emi->nints_to_phase > nints) {
        emi->nints_to_phase = nints;
    }
    int64_t n = emi->nints_to_phase;
    if (n < 0) /* a slice's end, counted from behind */
        n = n + nints > 0 ? n + nints : 0;
    s->nphased = (size_t)(n < nints ? n : nints);
}

/* ------------------------------------------------------------------ flattening */
/* ramp [ngroups] of one pixel: less its slope, less the median of what is left. */
static void flatten(const sequential *s, float *ramp, float *scratch)
{
    const size_t inner = s->ngroups - 2; /* the first and last group are left out of the fit */
    double sxy = 0, sx = 0, sy = 0, sxx = 0;
    for (size_t g = 0; g < inner; g++) {
        sxy += (double)g * (double)ramp[g + 1];
        sx += (double)g;
        sy += (double)ramp[g + 1];
        sxx += (double)g * (double)g;
    }
    const double n = (double)inner, slope = (n * sxy - sx * sy) / (n * sxx - sx * sx);
    for (size_t g = 0; g < s->ngroups; g++)
        ramp[g] = (float)((double)ramp[g] - slope * (double)g);
    size_t usable = 0;
    for (size_t g = 0; g < inner; g++)
        if (!isnan(ramp[g + 1]))
            scratch[usable++] = ramp[g + 1];
    float bias = NAN;
    if (usable)
        bias = inner > 2 ? rp_median_f32(scratch, usable) : scratch[0];
    for (size_t k = 1; inner <= 2 && k < usable; k++)
        bias = scratch[k] < bias ? scratch[k] : bias;
    for (size_t g = 0; g < s->ngroups; g++)
        ramp[g] -= bias;
}

/* Flattens strip [ngroups][rows][nx] and leaves the mean of the four outputs. */
static void flatten_strip(sequential *s, size_t integration, rp_rect strip, const float *data, float *ramp)
{
    const size_t size = (size_t)(strip.ny * strip.nx);
    for (size_t y = 0; y < (size_t)strip.ny; y++)
        for (size_t k = 0; k < s->nx4; k++) {
            float *const output = ramp; /* [4][ngroups], then scratch */
            for (size_t o = 0; o < RP_EMI_OUTPUTS; o++) {
                for (size_t g = 0; g < s->ngroups; g++)
                    output[o * s->ngroups + g] = data[g * size + y * s->nx + RP_EMI_OUTPUTS * k + o];
                flatten(s, output + o * s->ngroups, ramp + RP_EMI_OUTPUTS * s->ngroups);
            }
            for (size_t g = 0; g < s->ngroups; g++) {
                const float sum =
                    output[g] + output[s->ngroups + g] + output[2 * s->ngroups + g] + output[3 * s->ngroups + g];
                s->rest[((integration * s->ngroups + g) * s->ny + (size_t)strip.y0 + y) * s->nx4 + k] = sum / 4.0f;
            }
        }
}

static rp_code flatten_integration(sequential *s, size_t integration, float *data, float *ramp, rp_error *err)
{
    rp_code code = RP_OK;
    for (int64_t y0 = 0; y0 < (int64_t)s->ny && code == RP_OK; y0 += STRIP_ROWS) {
        const int64_t left = (int64_t)s->ny - y0;
        const rp_rect strip = {y0, 0, left < STRIP_ROWS ? left : STRIP_ROWS, (int64_t)s->nx};
        const size_t size = (size_t)(strip.ny * strip.nx);
        for (size_t g = 0; g < s->ngroups && code == RP_OK; g++)
            code = rp_frames_read(s->frames, RP_FRAMES_SCI, (int64_t)(integration * s->ngroups + g), strip,
                                  data + g * size, err);
        if (code == RP_OK)
            flatten_strip(s, integration, strip, data, ramp);
    }
    return code;
}

/* Columns 1 and 2 hold a bad reference column; then each frame's median goes. */
static void finish_frame(const sequential *s, float *frame, float *scratch)
{
    for (size_t y = 0; y < s->ny && s->nx4 > 3; y++) {
        float *row = frame + y * s->nx4;
        row[1] = (row[0] + row[3]) / 2.0f;
        row[2] = (row[0] + row[3]) / 2.0f;
    }
    const size_t n = s->ny * s->nx4;
    memcpy(scratch, frame, n * sizeof *frame);
    const float median = rp_median_f32(scratch, n);
    for (size_t k = 0; k < n; k++)
        frame[k] -= median;
}

static rp_code flatten_all(sequential *s, rp_error *err)
{
    rp_code result = RP_OK;
#pragma omp parallel num_threads(s->threads)
    {
        float *data = malloc(s->ngroups * STRIP_ROWS * s->nx * sizeof *data);
        float *ramp = malloc(5 * s->ngroups * sizeof *ramp), *scratch = malloc(s->ny * s->nx4 * sizeof *scratch);
        rp_error error = {0};
#pragma omp for schedule(dynamic)
        for (size_t i = 0; i < s->nphased; i++) {
            rp_code code = data && ramp && scratch ? flatten_integration(s, i, data, ramp, &error)
                                                   : rp_fail(&error, RP_E_MEMORY, "emicorr: no memory for some rows");
            for (size_t g = 0; code == RP_OK && g < s->ngroups; g++)
                finish_frame(s, s->rest + (i * s->ngroups + g) * s->ny * s->nx4, scratch);
            if (code != RP_OK)
                rp_frames_note_failure(&result, err, code, &error);
        }
        free(data);
        free(ramp);
        free(scratch);
    }
    return result;
}

/* ------------------------------------------------------------------ the wave */
/* Bin of a phase: those above b/n up to and with (b+1)/n; nbins for none (phase 0). */
static size_t bin_of(const sequential *s, double phase)
{
    const double n = (double)s->nbins;
    if (!(phase > 0.0))
        return s->nbins;
    size_t b = (size_t)(phase * n);
    while (b > 0 && phase <= (double)b / n)
        b--;
    while (b < s->nbins && phase > (double)(b + 1) / n)
        b++;
    return b;
}

/* Visits all values in order: counts them by bin (values NULL), or puts them in their places. */
static void sort_by_bin(const sequential *s, size_t *next, double *values)
{
    for (size_t i = 0; i < s->nphased; i++)
        for (size_t g = 0; g < s->ngroups; g++)
            for (size_t y = 0; y < s->ny; y++) {
                const double start = row_start(s, i, g, y);
                const float *row = s->rest + ((i * s->ngroups + g) * s->ny + y) * s->nx4;
                for (size_t k = 0; k < s->nx4; k++) {
                    const size_t b = bin_of(s, phase_at(s, start, k));
                    if (values)
                        values[next[b]] = row[k];
                    next[b]++;
                }
            }
}

static void clip_bins(sequential *s, const size_t *first, double *values, double *scratch)
{
#pragma omp parallel for num_threads(s->threads) schedule(dynamic)
    for (size_t b = 0; b < s->nbins; b++)
        s->wave[b] = rp_clipped_stats(values + first[b], first[b + 1] - first[b], 3.0, scratch + first[b]).mean;
}

static rp_code find_wave(sequential *s, rp_error *err)
{
    const size_t n = s->nphased * s->ngroups * s->ny * s->nx4;
    size_t *next = calloc(s->nbins + 1, sizeof *next), *first = calloc(s->nbins + 2, sizeof *first);
    double *values = malloc((n + 1) * sizeof *values), *scratch = malloc((n + s->nbins + 1) * sizeof *scratch);
    s->wave = malloc(s->nbins * sizeof *s->wave);
    rp_code code = RP_OK;
    if (!next || !first || !values || !scratch || !s->wave)
        code = rp_fail(err, RP_E_MEMORY, "emicorr: no memory for %zu bins", s->nbins);
    if (code == RP_OK) {
        sort_by_bin(s, next, NULL);
        for (size_t b = 0; b <= s->nbins; b++)
            first[b + 1] = first[b] + next[b];
        memcpy(next, first, (s->nbins + 1) * sizeof *next);
        sort_by_bin(s, next, values);
        clip_bins(s, first, values, scratch);
        memcpy(scratch, s->wave, s->nbins * sizeof *s->wave);
        const double median = rp_median_f64(scratch, s->nbins);
        for (size_t b = 0; b < s->nbins; b++)
            s->wave[b] -= median;
    }
    free(next);
    free(first);
    free(values);
    free(scratch);
    return code;
}

/* ------------------------------------------------------------------ the table of noise */
/* Nearest smaller values at `size` places, which need not be a whole number; *n entries. */
static double *rebin(const double *values, size_t count, double size, size_t *n)
{
    const double step = (double)count / size;
    *n = (size_t)ceil((double)count / step);
    double *out = malloc((*n + 1) * sizeof *out);
    for (size_t k = 0; out && k < *n; k++) {
        const size_t at = (size_t)((double)k * step);
        out[k] = values[at < count ? at : count - 1];
    }
    return out;
}

/* How far the reference's wave must be turned to look most like ours.
 * jwst 3.0.0: a wave with an empty bin is NaN, turned by nothing, and what is scaled by it subtracts nothing. */
static size_t best_turn(const double *wave, const double *reference, size_t n)
{
    double mean = 0, reference_mean = 0, best = -INFINITY;
    size_t turn = 0;
    for (size_t k = 0; k < n; k++) {
        mean += wave[k] / (double)n;
        reference_mean += reference[k] / (double)n;
    }
    for (size_t i = 0; i < n; i++) {
        double sum = 0;
        for (size_t k = 0; k < n; k++)
            sum += (reference[(k + n - i) % n] - reference_mean) * (wave[k] - mean);
        if (sum > best) {
            best = sum;
            turn = i;
        }
    }
    return turn;
}

/* Slope of the line y(x). */
static double line_slope(const double *x, const double *y, size_t n)
{
    long double mx = 0, my = 0, sxy = 0, sxx = 0;
    for (size_t k = 0; k < n; k++) {
        mx += x[k] / (long double)n;
        my += y[k] / (long double)n;
    }
    for (size_t k = 0; k < n; k++) {
        sxy += (x[k] - mx) * (y[k] - my);
        sxx += (x[k] - mx) * (x[k] - mx);
    }
    return (double)(sxy / sxx);
}

static rp_code follow_reference(sequential *s, const rp_emi_frequency *f, rp_error *err)
{
    size_t nours = 0, nturned = 0;
    double *ours = rebin(s->wave, s->nbins, (double)f->nwave, &nours), *turned = malloc(f->nwave * sizeof *turned);
    double *lookup = NULL;
    rp_code code = ours && turned ? RP_OK : rp_fail(err, RP_E_MEMORY, "emicorr: no memory for a wave");
    if (code == RP_OK && nours != f->nwave)
        code =
            rp_fail(err, RP_E_UNSUPPORTED,
                    "emicorr: %zu bins cannot be laid on a wave of %zu values; give another nbins", s->nbins, f->nwave);
    if (code == RP_OK) {
        const size_t turn = best_turn(ours, f->wave, f->nwave);
        for (size_t k = 0; k < f->nwave; k++)
            turned[(k + turn) % f->nwave] = f->wave[k];
        lookup = rebin(turned, f->nwave, s->period, &nturned);
        if (!lookup || nturned != s->nlookup)
            code = rp_fail(err, lookup ? RP_E_INTERNAL : RP_E_MEMORY, "emicorr: no table of a wave");
    }
    if (code == RP_OK) {
        const double scale = s->emi->scale_reference ? line_slope(lookup, s->lookup, nturned) : 1.0;
        for (size_t k = 0; k < nturned; k++)
            s->lookup[k] = s->emi->scale_reference ? lookup[k] * scale : lookup[k];
    }
    free(ours);
    free(turned);
    free(lookup);
    return code;
}

/* ------------------------------------------------------------------ subtraction */
static rp_code subtract_plane(const sequential *s, size_t plane, float *data, rp_error *err)
{
    const rp_rect all = {0, 0, (int64_t)s->ny, (int64_t)s->nx};
    rp_code code = rp_frames_read(s->frames, RP_FRAMES_SCI, (int64_t)plane, all, data, err);
    for (size_t y = 0; code == RP_OK && y < s->ny; y++) {
        const double start = row_start(s, plane / s->ngroups, plane % s->ngroups, y);
        for (size_t k = 0; k < s->nx4; k++) {
            const size_t at = (size_t)(phase_at(s, start, k) * s->period);
            const double noise = at < s->nlookup && isfinite(s->lookup[at]) ? s->lookup[at] : 0.0;
            float *pixel = data + y * s->nx + RP_EMI_OUTPUTS * k;
            for (int output = 0; output < RP_EMI_OUTPUTS; output++)
                pixel[output] = (float)((double)pixel[output] - noise);
        }
    }
    return code == RP_OK ? rp_frames_write(s->frames, RP_FRAMES_SCI, (int64_t)plane, all, data, err) : code;
}

static rp_code subtract_all(const sequential *s, rp_error *err)
{
    rp_code result = RP_OK;
#pragma omp parallel num_threads(s->threads)
    {
        float *data = malloc(s->ny * s->nx * sizeof *data);
        rp_error error = {0};
#pragma omp for schedule(dynamic)
        for (size_t plane = 0; plane < s->nints * s->ngroups; plane++) {
            const rp_code code = data ? subtract_plane(s, plane, data, &error)
                                      : rp_fail(&error, RP_E_MEMORY, "emicorr: no memory for a frame");
            if (code != RP_OK)
                rp_frames_note_failure(&result, err, code, &error);
        }
        free(data);
    }
    return result;
}

static rp_code correct(sequential *s, rp_emi_frequency *f, rp_error *err)
{
    s->period = rp_emi_period(f);
    count_integrations(s);
    s->nbins = s->emi->has_nbins ? (size_t)(s->emi->nbins > 0 ? s->emi->nbins : 0) : (size_t)(s->period / 2.0);
    if (s->nbins > MAX_BINS)
        s->nbins = BINS_INSTEAD;
    if (s->nbins == 0)
        return rp_fail(err, RP_E_ARGUMENT, "emicorr: no bins for %s; give nbins of 1 or more", f->name);
    s->rest = malloc((s->nphased * s->ngroups * s->ny * s->nx4 + 1) * sizeof *s->rest);
    rp_code code = s->rest ? flatten_all(s, err)
                           : rp_fail(err, RP_E_MEMORY, "emicorr: no memory for %zu integrations", s->nphased);
    if (code == RP_OK)
        code = find_wave(s, err);
    if (code == RP_OK && !(s->lookup = rebin(s->wave, s->nbins, s->period, &s->nlookup)))
        code = rp_fail(err, RP_E_MEMORY, "emicorr: no memory for a wave");
    if (code == RP_OK && f->wave)
        code = follow_reference(s, f, err);
    if (code == RP_OK)
        code = subtract_all(s, err);
    if (code == RP_OK && !f->wave) { /* what was found, for a reference made on the fly */
        f->wave = s->wave;
        f->nwave = s->nbins;
        s->wave = NULL;
    }
    free(s->rest);
    free(s->wave);
    free(s->lookup);
    return code;
}

rp_code rp_emi_sequential(rp_stage *stage, rp_emi *emi, rp_frames *frames, int threads, rp_error *err)
{
    const rp_run *run = stage->run;
    rp_code code = RP_OK;
    for (size_t k = 0; k < emi->nfrequencies && code == RP_OK; k++) {
        rp_logf(run->log, RP_INFO, stage->log_name, "Correcting for frequency: %.15g Hz  (%zu out of %zu)",
                emi->frequency[k].hertz, k + 1, emi->nfrequencies);
        sequential s = {.stage = stage,
                        .emi = emi,
                        .frames = frames,
                        .threads = threads,
                        .nints = (size_t)run->nints,
                        .ngroups = (size_t)run->ngroups,
                        .ny = (size_t)run->ny,
                        .nx = (size_t)run->nx,
                        .nx4 = (size_t)run->nx / RP_EMI_OUTPUTS};
        code = correct(&s, &emi->frequency[k], err);
    }
    return code;
}
