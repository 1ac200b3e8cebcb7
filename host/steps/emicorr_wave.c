/* Cubic interpolation of a wave: not-a-knot spline in B-spline form (de Boor), as the reference's library has it. */
#include <math.h>
#include <stdlib.h>

#include "host/steps/emicorr.h"

enum { DEGREE = 3, ORDER = DEGREE + 1, LOWER = 3, BAND = 2 * LOWER + LOWER + 1 };

struct rp_emi_wave {
    size_t npoints;
    double step;    /* of the points */
    double *knot;   /* [npoints + 4] */
    double *weight; /* [npoints] */
    double *cubic;  /* [npoints - 1][4], powers of the way from one point to the next */
};

/* The four B-splines that are not zero on [knot[l], knot[l+1]). */
static void basis(const double *knot, size_t l, double x, double *out)
{
    double previous[ORDER] = {0};
    out[0] = 1.0;
    for (size_t j = 1; j <= DEGREE; j++) {
        for (size_t n = 0; n < j; n++)
            previous[n] = out[n];
        out[0] = 0.0;
        for (size_t n = 1; n <= j; n++) {
            const double right = knot[l + n], left = knot[l + n - j];
            if (right == left) {
                out[n] = 0.0;
                continue;
            }
            const double w = previous[n - 1] / (right - left);
            out[n - 1] += w * (right - x);
            out[n] = w * (x - left);
        }
    }
}

static size_t find_interval(const rp_emi_wave *w, double x)
{
    /* inner knots are the points but the second and the last but one */
    const double guess = (x - w->knot[DEGREE]) / w->step;
    const size_t last = w->npoints - 1;
    size_t l = guess > 1.0 ? DEGREE + (size_t)guess - 1 : DEGREE;
    if (l > last)
        l = last;
    while (l > DEGREE && x < w->knot[l])
        l--;
    while (l < last && x >= w->knot[l + 1])
        l++;
    return l;
}

static double spline_at(const rp_emi_wave *w, double phase)
{
    double b[ORDER], sum = 0.0;
    const size_t l = find_interval(w, phase);
    basis(w->knot, l, phase, b);
    for (size_t k = 0; k < ORDER; k++)
        sum += w->weight[l - DEGREE + k] * b[k];
    return sum;
}

/* The spline between neighbouring points is one cubic; four of its values give its powers. */
static void make_cubics(rp_emi_wave *w)
{
    for (size_t i = 0; i + 1 < w->npoints; i++) {
        double f[4], *c = w->cubic + 4 * i;
        for (int k = 0; k < 4; k++)
            f[k] = spline_at(w, ((double)i - 0.5 + (double)k / 3.0) * w->step);
        c[0] = f[0];
        c[1] = (-11.0 * f[0] + 18.0 * f[1] - 9.0 * f[2] + 2.0 * f[3]) / 2.0;
        c[2] = 4.5 * (2.0 * f[0] - 5.0 * f[1] + 4.0 * f[2] - f[3]);
        c[3] = 4.5 * (-f[0] + 3.0 * f[1] - 3.0 * f[2] + f[3]);
    }
}

double rp_emi_wave_at(const rp_emi_wave *w, double phase)
{
    const double at = phase * (double)(w->npoints - 2) + 0.5;
    const size_t cell = (size_t)at, i = cell < w->npoints - 2 ? cell : w->npoints - 2;
    const double u = at - (double)i, *c = w->cubic + 4 * i;
    return c[0] + u * (c[1] + u * (c[2] + u * c[3]));
}

/* Solves the banded system by elimination with row exchanges; rows hold columns i - LOWER ... i + 2 * LOWER. */
static void solve(double *rows, double *x, size_t n)
{
#define AT(i, j) rows[(i)*BAND + (j) + LOWER - (i)]
    for (size_t k = 0; k < n; k++) {
        const size_t end = k + LOWER + 1 < n ? k + LOWER + 1 : n, right = k + 2 * LOWER + 1 < n ? k + 2 * LOWER + 1 : n;
        size_t best = k;
        for (size_t i = k + 1; i < end; i++)
            if (fabs(AT(i, k)) > fabs(AT(best, k)))
                best = i;
        for (size_t j = k; best != k && j < right; j++) {
            const double t = AT(k, j);
            AT(k, j) = AT(best, j);
            AT(best, j) = t;
        }
        const double t = x[k];
        x[k] = x[best];
        x[best] = t;
        for (size_t i = k + 1; i < end; i++) {
            const double factor = AT(i, k) / AT(k, k);
            for (size_t j = k + 1; factor != 0.0 && j < right; j++)
                AT(i, j) -= factor * AT(k, j);
            x[i] -= factor * x[k];
        }
    }
    for (size_t k = n; k-- > 0;) {
        const size_t right = k + 2 * LOWER + 1 < n ? k + 2 * LOWER + 1 : n;
        for (size_t j = k + 1; j < right; j++)
            x[k] -= AT(k, j) * x[j];
        x[k] /= AT(k, k);
    }
#undef AT
}

static void fit(rp_emi_wave *w, const double *values, size_t n, double *rows)
{
    const double count = (double)n;
    for (size_t i = 0; i < w->npoints; i++) {
        const double x = ((double)i - 0.5) / count;
        const size_t l = find_interval(w, x);
        basis(w->knot, l, x, rows + i * BAND + (l - DEGREE) + LOWER - i);
        w->weight[i] = values[i == 0 ? n - 1 : i == n + 1 ? 0 : i - 1];
    }
    solve(rows, w->weight, w->npoints);
}

rp_code rp_emi_wave_new(rp_emi_wave **out, const double *values, size_t n, rp_error *err)
{
    *out = NULL;
    if (n < 2)
        return rp_fail(err, RP_E_FORMAT, "emicorr: a wave of %zu values cannot be interpolated", n);
    rp_emi_wave *w = calloc(1, sizeof *w);
    const size_t points = n + 2;
    double *rows = calloc(points, BAND * sizeof *rows);
    if (w) {
        *w = (rp_emi_wave){points, 1.0 / (double)n, malloc((points + ORDER) * sizeof(double)), malloc(points * sizeof(double)),
                           malloc(4 * points * sizeof(double))};
        *out = w;
    }
    if (!w || !rows || !w->knot || !w->weight || !w->cubic) {
        free(rows);
        rp_emi_wave_free(w);
        *out = NULL;
        return rp_fail(err, RP_E_MEMORY, "emicorr: no memory for a wave of %zu values", n);
    }
    for (size_t k = 0; k < points + ORDER; k++) {
        const size_t i = k < ORDER ? 0 : k >= points ? points - 1 : k - 2;
        w->knot[k] = ((double)i - 0.5) / (double)n;
    }
    fit(w, values, n, rows);
    make_cubics(w);
    free(rows);
    return RP_OK;
}

void rp_emi_wave_free(rp_emi_wave *wave)
{
    if (wave) {
        free(wave->knot);
        free(wave->weight);
        free(wave->cubic);
    }
    free(wave);
}
