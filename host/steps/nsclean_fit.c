/* The weighted fit of waves: host/steps/nsclean.h.
 *
 * The normal matrix of the fit depends on differences of frequencies alone, so it costs one sum for each of them. */
#include <math.h>
#include <string.h>

#include "host/steps/nsclean.h"

size_t rp_wave_work(size_t nk)
{
    return 2 * nk * (nk + 1);
}

/* Sum of w e^(2 pi i j m / n); j may be negative, given modulo n. */
static void weight_sum(const rp_wave_fit *f, size_t j, double *out)
{
    double re = 0.0, im = 0.0;
    for (size_t s = 0; s < f->nsamples; s++) {
        const size_t at = f->place[s] * j % f->n;
        re += f->weight[s] * f->cosine[at];
        im += f->weight[s] * f->sine[at];
    }
    out[0] = re;
    out[1] = im;
}

/* Sum of w d e^(-2 pi i k m / n). */
static void value_sum(const rp_wave_fit *f, size_t k, double *out)
{
    double re = 0.0, im = 0.0;
    for (size_t s = 0; s < f->nsamples; s++) {
        const size_t at = f->place[s] * k % f->n;
        const double v = f->weight[s] * (double)f->value[s];
        re += v * f->cosine[at];
        im -= v * f->sine[at];
    }
    out[0] = re;
    out[1] = im;
}

/* rows [nk][nk + 1][2]: the matrix and the right-hand side. */
static void fill(const rp_wave_fit *f, double *rows)
{
    const size_t width = f->nk + 1;
    for (size_t r = 0; r < f->nk; r++) {
        for (size_t c = r; c < f->nk; c++) {
            double *at = rows + 2 * (r * width + c), *mirror = rows + 2 * (c * width + r);
            const bool known = r > 0 && f->k[c] - f->k[r] == f->k[c - 1] - f->k[r - 1];
            if (known)
                memcpy(at, rows + 2 * ((r - 1) * width + c - 1), 2 * sizeof *at);
            else
                weight_sum(f, f->k[c] - f->k[r], at);
            mirror[0] = at[0];
            mirror[1] = c == r ? at[1] : -at[1];
        }
        value_sum(f, f->k[r], rows + 2 * (r * width + f->nk));
    }
}

static double size_of(const double *z)
{
    return z[0] * z[0] + z[1] * z[1];
}

/* Row `to` -= factor times row `from`, from column `start` on. */
static void reduce(double *rows, size_t width, size_t from, size_t to, size_t start)
{
    const double *pivot = rows + 2 * (from * width + start), *head = rows + 2 * (to * width + start);
    const double s = size_of(pivot), re = (head[0] * pivot[0] + head[1] * pivot[1]) / s;
    const double im = (head[1] * pivot[0] - head[0] * pivot[1]) / s;
    for (size_t c = start; c < width; c++) {
        const double *a = rows + 2 * (from * width + c);
        double *b = rows + 2 * (to * width + c);
        const double x = a[0], y = a[1];
        b[0] -= re * x - im * y;
        b[1] -= re * y + im * x;
    }
}

static bool eliminate(double *rows, size_t nk)
{
    const size_t width = nk + 1;
    for (size_t k = 0; k < nk; k++) {
        size_t best = k;
        for (size_t r = k + 1; r < nk; r++)
            if (size_of(rows + 2 * (r * width + k)) > size_of(rows + 2 * (best * width + k)))
                best = r;
        const double s = size_of(rows + 2 * (best * width + k));
        if (!(s > 0.0) || !isfinite(s))
            return false;
        for (size_t c = 0; best != k && c < 2 * width; c++) {
            const double t = rows[2 * k * width + c];
            rows[2 * k * width + c] = rows[2 * best * width + c];
            rows[2 * best * width + c] = t;
        }
        for (size_t r = k + 1; r < nk; r++)
            reduce(rows, width, k, r, k);
    }
    return true;
}

bool rp_wave_solve(const rp_wave_fit *f, double *amplitude)
{
    double *rows = f->work;
    const size_t width = f->nk + 1;
    fill(f, rows);
    if (!eliminate(rows, f->nk))
        return false;
    for (size_t r = f->nk; r-- > 0;) {
        const double *pivot = rows + 2 * (r * width + r), *right = rows + 2 * (r * width + f->nk);
        double re = right[0], im = right[1];
        for (size_t c = r + 1; c < f->nk; c++) {
            const double *a = rows + 2 * (r * width + c), *x = amplitude + 2 * c;
            re -= a[0] * x[0] - a[1] * x[1];
            im -= a[0] * x[1] + a[1] * x[0];
        }
        const double s = size_of(pivot);
        amplitude[2 * r] = (re * pivot[0] + im * pivot[1]) / s;
        amplitude[2 * r + 1] = (im * pivot[0] - re * pivot[1]) / s;
    }
    for (size_t k = 0; k < 2 * f->nk; k++)
        amplitude[k] *= (double)f->nsamples;
    return true;
}
