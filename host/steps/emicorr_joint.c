/* emicorr, joint: ramps and one wave are fitted together.  Derivation: docs/algorithms/emicorr.md.
 *
 * Pixels that are read at the same phase of the wave share one sum, so the fit sees as many ramps as the wave has
 * values.  Chi-square is known for 500 phases of the wave; a parabola through the best three gives the phase. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/emicorr.h"
#include "host/steps/medians.h"
#include "host/steps/pairwise.h"

enum { PHASES = 500, STRIP_ROWS = 16 };

typedef struct joint {
    const rp_emi *emi;
    rp_frames *frames;
    int threads;
    size_t nints, ngroups, ny, nx, nx4, nbins;
    double *phase;              /* [ny][nx4] of the first group */
    float *scatter;             /* [nints][ny][nx] standard deviation over groups */
    double *sum, *count;        /* [nints][nbins][ngroups], [nints][nbins] */
    double *quadratic, *linear; /* [PHASES][nints]: chi-square of amplitude c is quadratic c^2 + linear c */
    rp_emi_wave *wave;
    double group_phase, integration_phase;
    double s_t, s_tt, delta; /* of group numbers */
} joint;

/* ------------------------------------------------------------------ memory */
static void clear(joint *j)
{
    free(j->phase);
    free(j->scatter);
    free(j->sum);
    free(j->count);
    free(j->quadratic);
    free(j->linear);
    rp_emi_wave_free(j->wave);
}

static rp_code prepare(joint *j, const rp_emi_frequency *f, rp_error *err)
{
    const double period = rp_emi_period(f);
    const double extra = (1024.0 - (double)j->ny) * 7.0; /* rows outside the subarray are clocked through */
    const double frame = (double)((int64_t)j->ny * j->emi->rowclocks) + extra;
    j->nbins = f->nwave;
    j->group_phase = rp_emi_fraction(frame / period);
    j->integration_phase =
        j->group_phase * (double)j->ngroups + (double)(j->emi->resets_between ? j->emi->frameclocks : 0) / period;
    j->phase = malloc(j->ny * j->nx4 * sizeof *j->phase);
    j->scatter = malloc(j->nints * j->ny * j->nx * sizeof *j->scatter);
    j->sum = calloc(j->nints * j->nbins * j->ngroups, sizeof *j->sum);
    j->count = calloc(j->nints * j->nbins, sizeof *j->count);
    j->quadratic = malloc(PHASES * j->nints * sizeof *j->quadratic);
    j->linear = malloc(PHASES * j->nints * sizeof *j->linear);
    if (!j->phase || !j->scatter || !j->sum || !j->count || !j->quadratic || !j->linear)
        return rp_fail(err, RP_E_MEMORY, "emicorr: no memory for %zu integrations", j->nints);
    for (size_t y = 0; y < j->ny; y++)
        for (size_t k = 0; k < j->nx4; k++)
            j->phase[y * j->nx4 + k] =
                rp_emi_fraction((double)((int64_t)y * j->emi->rowclocks + (int64_t)k * j->emi->nsamples) / period);
    for (size_t g = 0; g < j->ngroups; g++) {
        j->s_t += (double)g;
        j->s_tt += (double)g * (double)g;
    }
    j->delta = (double)j->ngroups * j->s_tt - j->s_t * j->s_t;
    return rp_emi_wave_new(&j->wave, f->wave, f->nwave, err);
}

/* ------------------------------------------------------------------ strips of one integration */
/* data [ngroups][rows][nx] */
static rp_code read_strip(const joint *j, size_t integration, rp_rect strip, float *data, rp_error *err)
{
    const size_t size = (size_t)(strip.ny * strip.nx);
    rp_code code = RP_OK;
    for (size_t g = 0; g < j->ngroups && code == RP_OK; g++)
        code = rp_frames_read(j->frames, RP_FRAMES_SCI, (int64_t)(integration * j->ngroups + g), strip, data + g * size,
                              err);
    return code;
}

typedef rp_code (*strip_fn)(joint *j, size_t integration, rp_rect strip, float *data, rp_error *err);

static size_t count_strips(const joint *j)
{
    return (j->ny + STRIP_ROWS - 1) / STRIP_ROWS;
}

static rp_code one_strip(joint *j, size_t integration, size_t strip, strip_fn work, float *data, rp_error *err)
{
    const int64_t y0 = (int64_t)(strip * STRIP_ROWS), left = (int64_t)j->ny - y0;
    const rp_rect rect = {y0, 0, left < STRIP_ROWS ? left : STRIP_ROWS, (int64_t)j->nx};
    const rp_code code = read_strip(j, integration, rect, data, err);
    return code == RP_OK ? work(j, integration, rect, data, err) : code;
}

/* All strips of all integrations; those of one integration in order and by one thread when `ordered`. */
static rp_code every_strip(joint *j, strip_fn work, bool ordered, rp_error *err)
{
    const size_t strips = count_strips(j), inner = ordered ? strips : 1, items = j->nints * strips / inner;
    rp_code result = RP_OK;
#pragma omp parallel num_threads(j->threads)
    {
        float *data = malloc(j->ngroups * STRIP_ROWS * j->nx * sizeof *data);
        rp_error error = {0};
#pragma omp for schedule(dynamic)
        for (size_t item = 0; item < items; item++) {
            rp_code code = data ? RP_OK : rp_fail(&error, RP_E_MEMORY, "emicorr: no memory for some rows");
            for (size_t s = 0; s < inner && code == RP_OK; s++) {
                const size_t at = item * inner + s;
                code = one_strip(j, at / strips, at % strips, work, data, &error);
            }
            if (code != RP_OK)
                rp_frames_note_failure(&result, err, code, &error);
        }
        free(data);
    }
    return result;
}

/* Standard deviation over groups, in float as the reference's. */
static rp_code find_scatter(joint *j, size_t integration, rp_rect strip, float *data, rp_error *err)
{
    (void)err;
    const size_t size = (size_t)(strip.ny * strip.nx);
    float *out = j->scatter + (integration * j->ny + (size_t)strip.y0) * j->nx;
    const float n = (float)j->ngroups;
    for (size_t p = 0; p < size; p++) {
        float sum = data[p], squares = 0.0f;
        for (size_t g = 1; g < j->ngroups; g++)
            sum += data[g * size + p];
        const float mean = sum / n;
        for (size_t g = 0; g < j->ngroups; g++) {
            const float deviation = data[g * size + p] - mean;
            squares = g ? squares + deviation * deviation : deviation * deviation;
        }
        out[p] = sqrtf(squares / n);
    }
    return RP_OK;
}

/* scatter becomes 1 where a pixel takes part, else 0: unflagged, and less than twice the median. */
static rp_code choose_pixels(joint *j, rp_error *err)
{
    const size_t npix = j->ny * j->nx, n = j->nints * npix;
    float *copy = malloc(n * sizeof *copy);
    uint32_t *pixeldq = malloc(npix * sizeof *pixeldq);
    rp_code code = copy && pixeldq ? RP_OK : rp_fail(err, RP_E_MEMORY, "emicorr: no memory for a median");
    if (code == RP_OK)
        code = rp_frames_read(j->frames, RP_FRAMES_PIXELDQ, 0, (rp_rect){0, 0, (int64_t)j->ny, (int64_t)j->nx}, pixeldq,
                              err);
    if (code == RP_OK) {
        memcpy(copy, j->scatter, n * sizeof *copy);
        const float limit = 2.0f * rp_median_f32(copy, n);
        for (size_t k = 0; k < n; k++)
            j->scatter[k] = j->scatter[k] < limit && pixeldq[k % npix] == 0 ? 1.0f : 0.0f;
    }
    free(copy);
    free(pixeldq);
    return code;
}

static rp_code add_pixels(joint *j, size_t integration, rp_rect strip, float *data, rp_error *err)
{
    (void)err;
    const size_t size = (size_t)(strip.ny * strip.nx);
    for (size_t y = 0; y < (size_t)strip.ny; y++)
        for (size_t k = 0; k < j->nx4; k++) {
            if (k == 1 || k == 2) /* a bad column of reference pixels */
                continue;
            const size_t row = (size_t)strip.y0 + y;
            const size_t bin = integration * j->nbins + (size_t)(j->phase[row * j->nx4 + k] * (double)j->nbins);
            double *sum = j->sum + bin * j->ngroups;
            for (size_t x = RP_EMI_OUTPUTS * k; x < RP_EMI_OUTPUTS * (k + 1); x++) {
                if (j->scatter[(integration * j->ny + row) * j->nx + x] == 0.0f)
                    continue;
                for (size_t g = 0; g < j->ngroups; g++)
                    sum[g] += (double)data[g * size + y * j->nx + x];
                j->count[bin] += 1.0;
            }
        }
    return RP_OK;
}

/* ------------------------------------------------------------------ chi-square */
/* Terms of one bin of the wave, in the order of the reference's sums. */
typedef struct bin_terms {
    double z, tz, zz; /* sums over groups of the wave, of group times wave, of its square */
} bin_terms;

/* Contributions of one integration at one phase of the wave.  z [nbins][ngroups]; scratch [nbins + ngroups]. */
static void chi_terms(const joint *j, size_t i, const double *z, const bin_terms *t, const double *sy,
                      const double *sty, double *scratch, double *quadratic, double *linear)
{
    const double ng = (double)j->ngroups;
    double *product = scratch + j->nbins;
    for (size_t b = 0; b < j->nbins; b++)
        scratch[b] = j->count[i * j->nbins + b] / j->delta *
                     (-j->s_tt * (t[b].z * t[b].z) + 2.0 * j->s_t * t[b].z * t[b].tz - ng * (t[b].tz * t[b].tz) +
                      t[b].zz * j->delta);
    *quadratic = rp_pairwise_sum_f64(scratch, j->nbins);
    for (size_t b = 0; b < j->nbins; b++)
        scratch[b] =
            j->s_tt * t[b].z * sy[b] - j->s_t * t[b].tz * sy[b] - j->s_t * t[b].z * sty[b] + ng * t[b].tz * sty[b];
    *linear = 2.0 / j->delta * rp_pairwise_sum_f64(scratch, j->nbins);
    for (size_t b = 0; b < j->nbins; b++) {
        const double *y = j->sum + (i * j->nbins + b) * j->ngroups;
        for (size_t g = 0; g < j->ngroups; g++)
            product[g] = z[b * j->ngroups + g] * y[g];
        scratch[b] = rp_pairwise_sum_f64(product, j->ngroups);
    }
    *linear -= 2.0 * rp_pairwise_sum_f64(scratch, j->nbins);
}

static void wave_terms(const joint *j, double phase, double *z, bin_terms *terms)
{
    for (size_t b = 0; b < j->nbins; b++) {
        const double centre = ((double)(b + 1) - 0.5) / (double)j->nbins;
        bin_terms t = {0};
        for (size_t g = 0; g < j->ngroups; g++) {
            const double at = rp_emi_fraction(centre + (double)g * j->group_phase);
            const double value = rp_emi_wave_at(j->wave, rp_emi_fraction(at + phase));
            z[b * j->ngroups + g] = value;
            t.tz += (double)g * value;
            t.z += value;
            t.zz += value * value;
        }
        terms[b] = t;
    }
}

/* sy, sty [nints][nbins] */
static rp_code ramp_sums(const joint *j, double *sy, double *sty, rp_error *err)
{
    double *product = malloc(j->ngroups * sizeof *product);
    if (!product)
        return rp_fail(err, RP_E_MEMORY, "emicorr: no memory for a ramp");
    for (size_t k = 0; k < j->nints * j->nbins; k++) {
        const double *y = j->sum + k * j->ngroups;
        sy[k] = rp_pairwise_sum_f64(y, j->ngroups);
        for (size_t g = 0; g < j->ngroups; g++)
            product[g] = y[g] * (double)g;
        sty[k] = rp_pairwise_sum_f64(product, j->ngroups);
    }
    free(product);
    return RP_OK;
}

static rp_code fill_table(joint *j, rp_error *err)
{
    const size_t n = j->nints * j->nbins;
    double *sy = malloc(2 * n * sizeof *sy);
    rp_code code = sy ? ramp_sums(j, sy, sy + n, err) : rp_fail(err, RP_E_MEMORY, "emicorr: no memory for sums");
    bool failed = false;
#pragma omp parallel num_threads(j->threads) if (code == RP_OK)
    {
        double *z = malloc(j->nbins * j->ngroups * sizeof *z),
               *scratch = malloc((j->nbins + j->ngroups) * sizeof *scratch);
        bin_terms *terms = malloc(j->nbins * sizeof *terms);
        const bool ok = code == RP_OK && z && scratch && terms;
#pragma omp for schedule(dynamic)
        for (size_t k = 0; k < PHASES; k++) {
            if (!ok) {
#pragma omp atomic write
                failed = true;
                continue;
            }
            wave_terms(j, (double)k * 1.0 / PHASES, z, terms);
            for (size_t i = 0; i < j->nints; i++)
                chi_terms(j, i, z, terms, sy + i * j->nbins, sy + n + i * j->nbins, scratch,
                          &j->quadratic[k * j->nints + i], &j->linear[k * j->nints + i]);
        }
        free(z);
        free(scratch);
        free(terms);
    }
    free(sy);
    return code == RP_OK && failed ? rp_fail(err, RP_E_MEMORY, "emicorr: no memory for a fit") : code;
}

/* The phase of the table that stands for `phase` in integration i.
 * jwst 3.0.0 looks for the smallest distance forwards round the circle, which need not be the nearest phase. */
static size_t table_index(const joint *j, double phase, size_t i)
{
    size_t best = 0;
    double least = INFINITY;
    for (size_t k = 0; k < PHASES; k++) {
        const double away = fabs(rp_emi_fraction((double)k * 1.0 / PHASES - phase - j->integration_phase * (double)i));
        if (away < least) {
            least = away;
            best = k;
        }
    }
    return best;
}

/* Best chi-square at a phase, over integrations [first, end), and the amplitude that gives it. */
static double chi_square(const joint *j, double phase, size_t first, size_t end, double *amplitude)
{
    double a = 0.0, b = 0.0;
    for (size_t i = first; i < end; i++) {
        const size_t k = table_index(j, phase, i);
        a += j->quadratic[k * j->nints + i];
        b += j->linear[k * j->nints + i];
    }
    *amplitude = 0.0;
    if (fabs(a) <= 1e-8 || !isfinite(a) || !isfinite(b))
        return NAN;
    const double c = -b / (2.0 * a);
    *amplitude = c;
    return a * (c * c) + b * c;
}

/* Vertex of the parabola through three points. */
static double vertex(const double *x, const double *y)
{
    const long double x1 = (long double)x[1] - x[0], x2 = (long double)x[2] - x[0];
    const long double s1 = ((long double)y[1] - y[0]) / x1, s2 = ((long double)y[2] - y[0]) / x2;
    const long double a = (s2 - s1) / (x2 - x1), b = s1 - a * x1;
    return (double)(x[0] - b / (2.0L * a));
}

static double best_phase(const joint *j, size_t first, size_t end)
{
    double chi[PHASES], unused;
    size_t best = PHASES;
    for (size_t k = 0; k < PHASES; k++) {
        chi[k] = chi_square(j, (double)k * 1.0 / PHASES, first, end, &unused);
        if (isfinite(chi[k]) && (best == PHASES || chi[k] < chi[best]))
            best = k;
    }
    if (best == PHASES)
        return 0.0;
    /* jwst 3.0.0: beyond either end the neighbour's phase is taken as it is, a whole period away */
    const size_t at[3] = {best ? best - 1 : PHASES - 1, best, best + 1 < PHASES ? best + 1 : 0};
    double x[3], y[3];
    for (int k = 0; k < 3; k++) {
        x[k] = (double)at[k] * 1.0 / PHASES;
        y[k] = chi[at[k]];
        if (!isfinite(y[k]))
            return (double)best * 1.0 / PHASES;
    }
    if (y[0] == y[1] && y[1] == y[2])
        return x[1];
    return vertex(x, y);
}

/* ------------------------------------------------------------------ the result */
typedef struct correction {
    joint base;                /* first: strip functions get a joint */
    double *amplitude, *phase; /* [nints] */
} correction;

static void find_correction(correction *c)
{
    const joint *j = &c->base;
    const double together = j->emi->separate ? 0.0 : best_phase(j, 0, j->nints);
    double amplitude = 0.0;
    (void)chi_square(j, together, 0, j->nints, &amplitude);
    for (size_t i = 0; i < j->nints; i++) {
        if (j->emi->separate) {
            const double phase = best_phase(j, i, i + 1);
            (void)chi_square(j, phase, i, i + 1, &c->amplitude[i]);
            c->phase[i] = phase + (double)i * j->integration_phase;
        } else {
            c->amplitude[i] = amplitude;
            c->phase[i] = rp_emi_fraction(together + (double)i * j->integration_phase);
        }
    }
}

static rp_code subtract_wave(joint *j, size_t integration, rp_rect strip, float *data, rp_error *err)
{
    const correction *c = (const correction *)(const void *)j;
    const size_t size = (size_t)(strip.ny * strip.nx);
    const double amplitude = c->amplitude[integration];
    rp_code code = RP_OK;
    for (size_t g = 0; g < j->ngroups && code == RP_OK; g++) {
        for (size_t y = 0; y < (size_t)strip.ny; y++)
            for (size_t k = 0; k < j->nx4; k++) {
                const double start = j->phase[((size_t)strip.y0 + y) * j->nx4 + k];
                const double phase = rp_emi_fraction(start + j->group_phase * (double)g + c->phase[integration]);
                const double noise = amplitude * rp_emi_wave_at(j->wave, phase);
                float *pixel = data + g * size + y * j->nx + RP_EMI_OUTPUTS * k;
                for (int output = 0; output < RP_EMI_OUTPUTS; output++)
                    pixel[output] = (float)((double)pixel[output] - noise);
            }
        code = rp_frames_write(j->frames, RP_FRAMES_SCI, (int64_t)(integration * j->ngroups + g), strip,
                               data + g * size, err);
    }
    return code;
}

static rp_code correct(correction *c, const rp_emi_frequency *f, rp_error *err)
{
    joint *j = &c->base;
    rp_code code = prepare(j, f, err);
    if (code == RP_OK)
        code = every_strip(j, find_scatter, false, err);
    if (code == RP_OK)
        code = choose_pixels(j, err);
    if (code == RP_OK)
        code = every_strip(j, add_pixels, true, err);
    if (code == RP_OK)
        code = fill_table(j, err);
    if (code == RP_OK) {
        find_correction(c);
        code = every_strip(j, subtract_wave, false, err);
    }
    return code;
}

rp_code rp_emi_joint(rp_stage *stage, const rp_emi *emi, rp_frames *frames, int threads, rp_error *err)
{
    const rp_run *run = stage->run;
    rp_code code = RP_OK;
    for (size_t k = 0; k < emi->nfrequencies && code == RP_OK; k++) {
        correction c = {.base = {.emi = emi,
                                 .frames = frames,
                                 .threads = threads,
                                 .nints = (size_t)run->nints,
                                 .ngroups = (size_t)run->ngroups,
                                 .ny = (size_t)run->ny,
                                 .nx = (size_t)run->nx,
                                 .nx4 = (size_t)run->nx / RP_EMI_OUTPUTS}};
        c.amplitude = malloc(2 * (size_t)run->nints * sizeof *c.amplitude);
        c.phase = c.amplitude ? c.amplitude + run->nints : NULL;
        code = c.amplitude ? correct(&c, &emi->frequency[k], err) : rp_fail(err, RP_E_MEMORY, "emicorr: no memory");
        free(c.amplitude);
        clear(&c.base);
    }
    return code;
}
