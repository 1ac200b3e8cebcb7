/* Memory bandwidth: the copy and triad loops of STREAM. */
#include <omp.h>
#include <stdlib.h>
#include <time.h>

#include "host/measure/measure.h"

enum { DEFAULT_ELEMENTS = 1 << 24 };
static const double factor = 3.0;

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double copy(double *restrict c, const double *restrict a, int64_t n, int threads)
{
    const double start = now_s();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t k = 0; k < n; k++)
        c[k] = a[k];
    return now_s() - start;
}

static double triad(double *restrict a, const double *restrict b, const double *restrict c, int64_t n, int threads)
{
    const double start = now_s();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t k = 0; k < n; k++)
        a[k] = b[k] + factor * c[k];
    return now_s() - start;
}

/* Every thread touches its own part first, so that the pages lie near it. */
static void fill(double *a, double *b, double *c, int64_t n, int threads)
{
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int64_t k = 0; k < n; k++) {
        a[k] = 1.0;
        b[k] = 2.0;
        c[k] = 0.0;
    }
}

rp_code rp_stream_measure(rp_stream *out, int threads, size_t elements, int repeat, rp_error *err)
{
    const size_t n = elements ? elements : DEFAULT_ELEMENTS;
    *out = (rp_stream){.threads = threads > 0 ? threads : omp_get_max_threads()};
    if (n > SIZE_MAX / (3 * sizeof(double)) || repeat < 1)
        return rp_fail(err, RP_E_ARGUMENT, "memory bandwidth cannot be measured with %zu elements and %d rounds", n,
                       repeat);
    double *block = malloc(3 * n * sizeof *block);
    if (!block)
        return rp_fail(err, RP_E_MEMORY, "no memory for three arrays of %zu numbers", n);
    double *a = block, *b = a + n, *c = b + n, best_copy = 1e30, best_triad = 1e30, expected = 1.0;
    fill(a, b, c, (int64_t)n, out->threads);
    for (int k = 0; k < repeat; k++) {
        const double copy_s = copy(c, a, (int64_t)n, out->threads);
        const double triad_s = triad(a, b, c, (int64_t)n, out->threads);
        best_copy = copy_s < best_copy ? copy_s : best_copy;
        best_triad = triad_s < best_triad ? triad_s : best_triad;
        expected = 2.0 + factor * expected;
    }
    const bool right = a[0] == expected && a[n / 2] == expected && a[n - 1] == expected;
    free(block);
    if (!right)
        return rp_fail(err, RP_E_INTERNAL, "the bandwidth loops gave wrong numbers");
    out->copy_bytes_s = 2.0 * sizeof(double) * (double)n / (best_copy > 0 ? best_copy : 1e-9);
    out->triad_bytes_s = 3.0 * sizeof(double) * (double)n / (best_triad > 0 ? best_triad : 1e-9);
    return RP_OK;
}
