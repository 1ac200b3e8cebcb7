/* Sorted values of an image's background, and statistics of ranges of them: host/steps/flicker.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/flicker.h"

enum { DIGIT_BITS = 11, DIGITS = 3, BUCKETS = 1 << DIGIT_BITS, BLOCK = 256, ROUNDS = 5 };
#define CLIP_SIGMA 3.0

/* Sums over values [0, k * BLOCK), of their distance from `origin` and its square. */
typedef struct block_sums {
    double first, second;
} block_sums;

struct rp_sorted {
    size_t capacity;
    uint32_t *key[2]; /* while values are sorted */
    float *value;     /* sorted */
    size_t low, high; /* values [low, high) are left */
    size_t n;         /* sorted values */
    double origin;
    block_sums *sums; /* [capacity / BLOCK + 2] */
    bool has_sums;
};

rp_sorted *rp_sorted_new(size_t n)
{
    rp_sorted *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->capacity = n;
    s->key[0] = malloc((n + 1) * sizeof *s->key[0]);
    s->key[1] = malloc((n + 1) * sizeof *s->key[1]);
    s->value = malloc((n + 1) * sizeof *s->value);
    s->sums = malloc((n / BLOCK + 2) * sizeof *s->sums);
    if (s->key[0] && s->key[1] && s->value && s->sums)
        return s;
    rp_sorted_free(s);
    return NULL;
}

void rp_sorted_free(rp_sorted *sorted)
{
    if (sorted) {
        free(sorted->key[0]);
        free(sorted->key[1]);
        free(sorted->value);
        free(sorted->sums);
    }
    free(sorted);
}

/* ------------------------------------------------------------------ sorting */
/* Keys of floats compare as the floats do. */
static uint32_t key_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float value_of(uint32_t key)
{
    const uint32_t bits = key & 0x80000000u ? key ^ 0x80000000u : ~key;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void places_of(uint32_t *at, const uint32_t *counts)
{
    uint32_t sum = 0;
    for (size_t b = 0; b < BUCKETS; b++) {
        at[b] = sum;
        sum += counts[b];
    }
}

static void sort_digit(const uint32_t *from, uint32_t *to, size_t n, int shift, const uint32_t *counts)
{
    uint32_t at[BUCKETS];
    places_of(at, counts);
    for (size_t k = 0; k < n; k++)
        to[at[from[k] >> shift & (BUCKETS - 1)]++] = from[k];
}

/* The last digit; values leave as floats. */
static void sort_last_digit(const uint32_t *from, float *to, size_t n, int shift, const uint32_t *counts)
{
    uint32_t at[BUCKETS];
    places_of(at, counts);
    for (size_t k = 0; k < n; k++)
        to[at[from[k] >> shift]++] = value_of(from[k]);
}

static void sort_keys(rp_sorted *s, size_t n)
{
    static const int shift[DIGITS] = {0, DIGIT_BITS, 2 * DIGIT_BITS};
    uint32_t counts[DIGITS][BUCKETS] = {{0}};
    for (size_t k = 0; k < n; k++)
        for (int d = 0; d < DIGITS; d++)
            counts[d][s->key[0][k] >> shift[d] & (BUCKETS - 1)]++;
    sort_digit(s->key[0], s->key[1], n, shift[0], counts[0]);
    sort_digit(s->key[1], s->key[0], n, shift[1], counts[1]);
    sort_last_digit(s->key[0], s->value, n, shift[2], counts[2]);
}

void rp_sorted_take(rp_sorted *s, const float *image, const uint8_t *mask, size_t n)
{
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        s->key[0][kept] = key_of(image[k]);
        kept += mask[k] && isfinite(image[k]);
    }
    sort_keys(s, kept);
    s->n = s->high = kept;
    s->low = 0;
    s->has_sums = false;
}

void rp_sorted_subtract(rp_sorted *s, float level)
{
    for (size_t k = s->low; k < s->high; k++)
        s->value[k - s->low] = s->value[k] - level;
    s->n = s->high = s->high - s->low;
    s->low = 0;
    s->has_sums = false;
}

/* ------------------------------------------------------------------ ranges */
/* How many of values [low, high) are smaller than x (or not larger, with `and_equal`). */
static size_t rank_of(const rp_sorted *s, size_t low, size_t high, double x, bool and_equal)
{
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const double v = s->value[middle];
        if (v < x || (and_equal && v == x))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void rp_sorted_cut(rp_sorted *s, double low, double high)
{
    const size_t from = rank_of(s, s->low, s->high, low, false), to = rank_of(s, from, s->high, high, true);
    s->low = from;
    s->high = to > from ? to : from;
}

static float median_of(const rp_sorted *s, size_t low, size_t high)
{
    const size_t n = high - low, upper = low + n / 2;
    if (n == 0)
        return NAN;
    return n % 2 ? s->value[upper] : (s->value[upper - 1] + s->value[upper]) / 2.0f;
}

float rp_sorted_median(const rp_sorted *s)
{
    return median_of(s, s->low, s->high);
}

static double wide_median(const rp_sorted *s, size_t low, size_t high)
{
    const size_t n = high - low, upper = low + n / 2;
    return n % 2 ? (double)s->value[upper] : ((double)s->value[upper - 1] + (double)s->value[upper]) / 2.0;
}

static void make_sums(rp_sorted *s)
{
    block_sums total = {0};
    s->origin = s->high > s->low ? wide_median(s, s->low, s->high) : 0.0;
    for (size_t b = 0; b * BLOCK < s->n; b++) {
        const size_t end = (b + 1) * BLOCK < s->n ? (b + 1) * BLOCK : s->n;
        block_sums sum = {0};
        s->sums[b] = total;
        for (size_t k = b * BLOCK; k < end; k++) {
            const double d = s->value[k] - s->origin;
            sum.first += d;
            sum.second += d * d;
        }
        total.first += sum.first;
        total.second += sum.second;
    }
    s->has_sums = true;
}

/* Sums over values [0, k). */
static block_sums sums_before(const rp_sorted *s, size_t k)
{
    const size_t b = k / BLOCK;
    if (k == 0)
        return (block_sums){0};
    const size_t from = b * BLOCK == k ? (b - 1) * BLOCK : b * BLOCK;
    block_sums sum = s->sums[from / BLOCK];
    for (size_t i = from; i < k; i++) {
        const double d = s->value[i] - s->origin;
        sum.first += d;
        sum.second += d * d;
    }
    return sum;
}

static block_sums sums_of(const rp_sorted *s, size_t low, size_t high)
{
    const block_sums a = sums_before(s, low), b = sums_before(s, high);
    return (block_sums){b.first - a.first, b.second - a.second};
}

static double sigma_from(block_sums sum, double n)
{
    const double mean = sum.first / n, variance = sum.second / n - mean * mean;
    return variance > 0.0 ? sqrt(variance) : 0.0;
}

/* Where the caller may not write, sums are still made: they belong to the values. */
static void need_sums(const rp_sorted *sorted)
{
    if (!sorted->has_sums)
        make_sums((rp_sorted *)(uintptr_t)sorted);
}

rp_centre rp_sorted_clip(const rp_sorted *s, bool use_mean)
{
    size_t low = s->low, high = s->high;
    if (low == high)
        return (rp_centre){NAN, NAN};
    need_sums(s);
    for (int round = 0; round < ROUNDS && high > low; round++) {
        const double centre = wide_median(s, low, high),
                     away = sigma_from(sums_of(s, low, high), (double)(high - low)) * CLIP_SIGMA;
        const size_t from = rank_of(s, low, high, centre - away, false),
                     to = rank_of(s, from, high, centre + away, true);
        if (from == low && to == high)
            break;
        low = from;
        high = to;
    }
    if (low == high)
        return (rp_centre){NAN, NAN};
    const block_sums sum = sums_of(s, low, high);
    const double n = (double)(high - low);
    return (rp_centre){use_mean ? s->origin + sum.first / n : wide_median(s, low, high), sigma_from(sum, n)};
}

/* ------------------------------------------------------------------ the lower half and its mirror image */
/* Values [below, end) as they are, and [above, end) mirrored about `centre`. */
typedef struct mirrored {
    const rp_sorted *s;
    double centre;
    size_t below, above, end;
} mirrored;

static double lower_value(const mirrored *m, size_t k)
{
    return ((double)m->s->value[k] - m->centre) + m->centre;
}

static double upper_value(const mirrored *m, size_t k)
{
    return (m->centre - (double)m->s->value[k]) + m->centre;
}

static size_t mirrored_count(const mirrored *m)
{
    return (m->end - m->below) + (m->end - m->above);
}

static double mirrored_at(const mirrored *m, size_t rank)
{
    const size_t lower = m->end - m->below;
    return rank < lower ? lower_value(m, m->below + rank) : upper_value(m, m->end - 1 - (rank - lower));
}

static double mirrored_median(const mirrored *m)
{
    const size_t n = mirrored_count(m);
    return n % 2 ? mirrored_at(m, n / 2) : (mirrored_at(m, n / 2 - 1) + mirrored_at(m, n / 2)) / 2.0;
}

static double mirrored_sigma(const mirrored *m)
{
    const double shift = m->s->origin - m->centre, nl = (double)(m->end - m->below), nu = (double)(m->end - m->above);
    const block_sums l = sums_of(m->s, m->below, m->end), u = sums_of(m->s, m->above, m->end);
    const block_sums all = {(l.first + nl * shift) - (u.first + nu * shift),
                            (l.second + 2.0 * shift * l.first + nl * shift * shift) +
                                (u.second + 2.0 * shift * u.first + nu * shift * shift)};
    return sigma_from(all, nl + nu);
}

/* Drops what lies outside of the limits; true when something did. */
static bool mirrored_cut(mirrored *m, double low, double high)
{
    size_t below = m->below, above = m->above;
    size_t from = below, to = m->end;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (lower_value(m, middle) < low)
            from = middle + 1;
        else
            to = middle;
    }
    m->below = from;
    from = above;
    to = m->end;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (upper_value(m, middle) > high)
            from = middle + 1;
        else
            to = middle;
    }
    m->above = from;
    return m->below != below || m->above != above;
}

rp_centre rp_sorted_clip_lower(const rp_sorted *s, double centre)
{
    mirrored m = {s, centre, s->low, s->low, rank_of(s, s->low, s->high, centre, true)};
    if (m.end == m.below)
        return (rp_centre){NAN, NAN};
    need_sums(s);
    for (int round = 0; round < ROUNDS && mirrored_count(&m) > 0; round++) {
        const double middle = mirrored_median(&m), away = mirrored_sigma(&m) * CLIP_SIGMA;
        if (!mirrored_cut(&m, middle - away, middle + away))
            break;
    }
    if (mirrored_count(&m) == 0)
        return (rp_centre){NAN, NAN};
    return (rp_centre){mirrored_median(&m), mirrored_sigma(&m)};
}

/* ------------------------------------------------------------------ the histogram */
enum { BINS = 2000, MAX_STEPS = 200 };

typedef struct gaussian {
    double amplitude, mean, sigma;
} gaussian;

static double misfit(const double *x, const double *y, const gaussian *g)
{
    double sum = 0.0;
    for (int k = 0; k < BINS; k++) {
        const double t = (x[k] - g->mean) / g->sigma, r = g->amplitude * exp(-0.5 * t * t) - y[k];
        sum += r * r;
    }
    return sum;
}

/* Solves the damped normal equations of three unknowns; false when they have no solution. */
static bool solve3(double a[3][3], const double *b, double damping, double *step)
{
    double m[3][4];
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 3; j++)
            m[i][j] = a[i][j] * (i == j ? 1.0 + damping : 1.0);
        m[i][3] = b[i];
    }
    for (int k = 0; k < 3; k++) {
        int best = k;
        for (int i = k + 1; i < 3; i++)
            best = fabs(m[i][k]) > fabs(m[best][k]) ? i : best;
        if (m[best][k] == 0.0 || !isfinite(m[best][k]))
            return false;
        for (int j = 0; j < 4; j++) {
            const double t = m[k][j];
            m[k][j] = m[best][j];
            m[best][j] = t;
        }
        for (int i = k + 1; i < 3; i++)
            for (int j = 3; j >= k; j--)
                m[i][j] -= m[i][k] / m[k][k] * m[k][j];
    }
    for (int k = 2; k >= 0; k--) {
        step[k] = m[k][3];
        for (int j = k + 1; j < 3; j++)
            step[k] -= m[k][j] * step[j];
        step[k] /= m[k][k];
    }
    return true;
}

static void normal_equations(const double *x, const double *y, const gaussian *g, double a[3][3], double *b)
{
    memset(a, 0, 9 * sizeof(double));
    memset(b, 0, 3 * sizeof *b);
    for (int k = 0; k < BINS; k++) {
        const double t = (x[k] - g->mean) / g->sigma, e = exp(-0.5 * t * t), f = g->amplitude * e;
        const double d[3] = {e, f * t / g->sigma, f * t * t / g->sigma};
        for (int i = 0; i < 3; i++) {
            b[i] += d[i] * (y[k] - f);
            for (int j = 0; j < 3; j++)
                a[i][j] += d[i] * d[j];
        }
    }
}

/* Least squares by Levenberg and Marquardt, within the bounds of the reference's fit. */
static bool fit_gaussian(const double *x, const double *y, gaussian *g)
{
    double damping = 1e-3, now = misfit(x, y, g);
    for (int n = 0; n < MAX_STEPS && damping < 1e12; n++) {
        double a[3][3], b[3], step[3];
        normal_equations(x, y, g, a, b);
        if (!solve3(a, b, damping, step))
            return false;
        const gaussian next = {g->amplitude + step[0], g->mean + step[1], g->sigma + step[2]};
        const bool inside = next.amplitude >= 0 && next.mean >= x[0] && next.mean <= x[BINS - 1] && next.sigma > 0 &&
                            next.sigma <= x[BINS - 1] - x[0];
        const double then = inside ? misfit(x, y, &next) : INFINITY;
        if (!(then <= now)) {
            damping *= 10.0;
            continue;
        }
        const bool done = fabs(step[1]) + fabs(step[2]) <= 1e-13 * g->sigma;
        *g = next;
        now = then;
        damping = damping > 1e-12 ? damping * 0.1 : damping;
        if (done)
            return true;
    }
    return true;
}

rp_centre rp_sorted_fit_histogram(const rp_sorted *s, rp_centre start)
{
    const double first = start.centre - 4.0 * start.sigma, last = start.centre + 4.0 * start.sigma;
    double x[BINS], y[BINS] = {0}, edge[BINS + 1];
    if (!isfinite(first) || !isfinite(last) || !(last > first))
        return start;
    const double step = (last - first) / BINS;
    for (int k = 0; k <= BINS; k++)
        edge[k] = k == BINS ? last : (double)k * step + first;
    int most = 0;
    size_t at = rank_of(s, s->low, s->high, first, false);
    for (int k = 0; k < BINS; k++) {
        const size_t end = rank_of(s, at, s->high, edge[k + 1], k == BINS - 1);
        x[k] = (edge[k + 1] + edge[k]) / 2.0;
        y[k] = (double)(end - at);
        at = end;
        most = y[k] > y[most] ? k : most;
    }
    gaussian g = {y[most], x[most], start.sigma};
    if (!fit_gaussian(x, y, &g))
        return start;
    return (rp_centre){g.mean, g.sigma};
}
