/* A smooth background from medians of boxes: clipped, filled where a box has too few pixels, filtered, and brought to
 * the size of the image by a cubic spline.  Behaviour of jwst 3.0.0: docs/algorithms/clean_flicker_noise.md. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/flicker.h"
#include "host/steps/medians.h"
#include "host/steps/nearest.h"
#include "host/steps/pairwise.h"

enum { LARGEST_BOX = 32, ROUNDS = 5, NEIGHBOURS = 10, REACH = 2, FILTER = (2 * REACH + 1) * (2 * REACH + 1), TAPS = 4 };
#define GOOD_SHARE (1.0 - 10.0 / 100.0)

typedef struct mesh {
    rp_image_shape shape; /* of the image */
    size_t by, bx;        /* of a box */
    size_t ny, nx;        /* boxes, with those that are cut off */
    float *level;         /* [ny][nx] */
} mesh;

static size_t box_side(size_t wanted, size_t side)
{
    size_t box = 1;
    for (size_t k = 1; k <= LARGEST_BOX; k++)
        if (side % k == 0)
            box = k;
    return wanted ? wanted : box;
}

/* ------------------------------------------------------------------ medians of boxes */
/* The limits of the last round of a clip about the median, sums in the order of the values. */
static void clip_limits(double *values, size_t n, double *scratch, double *low, double *high)
{
    for (int round = 0; round < ROUNDS; round++) {
        double mean = 0.0, sum = 0.0;
        memcpy(scratch, values, n * sizeof *values);
        const double centre = rp_median_f64(scratch, n);
        for (size_t k = 0; k < n; k++)
            mean += values[k];
        mean /= (double)n;
        for (size_t k = 0; k < n; k++)
            sum += (mean - values[k]) * (mean - values[k]);
        const double sigma = sqrt(sum / (double)n);
        *low = centre - 3.0 * sigma;
        *high = centre + 3.0 * sigma;
        size_t kept = 0;
        for (size_t k = 0; k < n; k++) {
            values[kept] = values[k];
            kept += values[k] >= *low && values[k] <= *high;
        }
        if (kept == n)
            return;
        n = kept;
    }
}

/* NaN when too few pixels are good.  values: 2 boxes of doubles; narrow: one of floats. */
static float box_level(const mesh *m, const float *image, const uint8_t *mask, size_t row, size_t col, double *values,
                       float *narrow)
{
    const size_t y1 = (row + 1) * m->by < m->shape.ny ? (row + 1) * m->by : m->shape.ny;
    const size_t x1 = (col + 1) * m->bx < m->shape.nx ? (col + 1) * m->bx : m->shape.nx, box = m->by * m->bx;
    double low = NAN, high = NAN;
    size_t n = 0, kept = 0;
    for (size_t y = row * m->by; y < y1; y++)
        for (size_t x = col * m->bx; x < x1; x++) {
            const size_t p = y * m->shape.nx + x;
            if (mask[p] && isfinite(image[p])) {
                values[n] = image[p];
                narrow[n++] = image[p];
            }
        }
    if (n)
        clip_limits(values, n, values + box, &low, &high);
    for (size_t k = 0; k < n; k++) {
        narrow[kept] = narrow[k];
        kept += (double)narrow[k] >= low && (double)narrow[k] <= high;
    }
    return (double)kept > GOOD_SHARE * (double)box ? rp_median_f32(narrow, kept) : NAN;
}

static rp_code find_levels(mesh *m, const float *image, const uint8_t *mask, rp_error *err)
{
    const size_t box = m->by * m->bx;
    double *values = malloc(2 * box * sizeof *values);
    float *narrow = malloc(box * sizeof *narrow);
    const bool ok = values && narrow;
    for (size_t k = 0; ok && k < m->ny * m->nx; k++)
        m->level[k] = box_level(m, image, mask, k / m->nx, k % m->nx, values, narrow);
    free(values);
    free(narrow);
    return ok ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a box of %zu pixels", box);
}

/* ------------------------------------------------------------------ filling */
/* The tree of good boxes; places[k]: which box its point k is. */
static rp_nearest *plant(const mesh *m, size_t *places)
{
    size_t n = 0;
    double *yx = malloc(2 * m->ny * m->nx * sizeof *yx);
    for (size_t k = 0; yx && k < m->ny * m->nx; k++)
        if (!isnan(m->level[k])) {
            yx[2 * n] = (double)(k / m->nx);
            yx[2 * n + 1] = (double)(k % m->nx);
            places[n++] = k;
        }
    rp_nearest *tree = yx ? rp_nearest_new(yx, n) : NULL;
    free(yx);
    return tree;
}

/* A mean of the nearest boxes, weighted by inverse distance. */
static float nearby_level(const mesh *m, const rp_nearest *tree, const size_t *places, const float *known, size_t box)
{
    size_t index[NEIGHBOURS];
    double squared[NEIGHBOURS], weights[NEIGHBOURS] = {0}, parts[NEIGHBOURS] = {0};
    const size_t n = rp_nearest_find(tree, (double)(box / m->nx), (double)(box % m->nx), NEIGHBOURS, index, squared);
    for (size_t i = 0; i < n; i++) {
        weights[i] = 1.0 / sqrt(squared[i]);
        parts[i] = weights[i] * (double)known[places[index[i]]];
    }
    return (float)(rp_pairwise_sum_f64(parts, NEIGHBOURS) / rp_pairwise_sum_f64(weights, NEIGHBOURS));
}

static rp_code fill_levels(mesh *m, rp_error *err)
{
    const size_t n = m->ny * m->nx;
    size_t nbad = 0;
    for (size_t k = 0; k < n; k++)
        nbad += isnan(m->level[k]) ? 1 : 0;
    if (!nbad)
        return RP_OK;
    float *known = malloc(n * sizeof *known);
    size_t *places = malloc(n * sizeof *places);
    rp_nearest *tree = known && places ? plant(m, places) : NULL;
    if (tree) {
        memcpy(known, m->level, n * sizeof *known);
        for (size_t k = 0; k < n; k++)
            if (isnan(known[k]))
                m->level[k] = nearby_level(m, tree, places, known, k);
    }
    rp_nearest_free(tree);
    free(known);
    free(places);
    return tree ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for %zu boxes", n);
}

/* Median of 5 x 5 boxes, those that exist. */
static rp_code filter_levels(mesh *m, rp_error *err)
{
    const int64_t ny = (int64_t)m->ny, nx = (int64_t)m->nx;
    float *from = malloc(m->ny * m->nx * sizeof *from);
    if (!from)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu boxes", m->ny * m->nx);
    memcpy(from, m->level, m->ny * m->nx * sizeof *from);
    for (int64_t y = 0; y < ny; y++)
        for (int64_t x = 0; x < nx; x++) {
            double values[FILTER];
            size_t n = 0;
            for (int64_t v = y - REACH; v <= y + REACH; v++)
                for (int64_t u = x - REACH; u <= x + REACH; u++)
                    if (v >= 0 && v < ny && u >= 0 && u < nx)
                        values[n++] = from[v * nx + u];
            m->level[y * nx + x] = (float)rp_median_f64(values, n);
        }
    free(from);
    return RP_OK;
}

/* ------------------------------------------------------------------ the spline */
/* Coefficients of a cubic spline through n values that go on as in a mirror at both ends; `step` apart. */
static void spline_coefficients(double *c, size_t n, size_t step)
{
    const double z = sqrt(3.0) - 2.0, gain = (1.0 - z) * (1.0 - 1.0 / z), zn = pow(z, (double)n);
    if (n < 2)
        return;
    for (size_t k = 0; k < n; k++)
        c[k * step] *= gain;
    const double first = c[0];
    double zk = z;
    c[0] += zn * c[(n - 1) * step];
    for (size_t k = 1; k < n; k++, zk *= z)
        c[0] += zk * (c[k * step] + zn * c[(n - 1 - k) * step]);
    c[0] = c[0] * (z / (1.0 - zn * zn)) + first;
    for (size_t k = 1; k < n; k++)
        c[k * step] += z * c[(k - 1) * step];
    c[(n - 1) * step] *= z / (z - 1.0);
    for (size_t k = n - 1; k-- > 0;)
        c[k * step] = z * (c[(k + 1) * step] - c[k * step]);
}

static int64_t reflected(int64_t k, int64_t n)
{
    while (k < 0 || k >= n)
        k = k < 0 ? -1 - k : 2 * n - 1 - k;
    return k;
}

/* Which coefficients make a pixel, and with which weights. */
typedef struct tap {
    size_t index[TAPS];
    double weight[TAPS];
} tap;

static tap *make_taps(size_t pixels, size_t padded, size_t boxes)
{
    tap *taps = malloc(pixels * sizeof *taps);
    const double zoom = (double)boxes / (double)padded;
    for (size_t k = 0; taps && k < pixels; k++) {
        double at = ((double)k + 0.5) * zoom - 0.5;
        if (boxes <= 1)
            at = 0.0;
        else if (at < 0.0)
            at = -at - 1.0;
        const double start = floor(at), y = at - start, z = 1.0 - y;
        double *w = taps[k].weight;
        w[1] = (y * y * (y - 2.0) * 3.0 + 4.0) / 6.0;
        w[2] = (z * z * (z - 2.0) * 3.0 + 4.0) / 6.0;
        w[0] = z * z * z / 6.0;
        w[3] = 1.0 - w[0] - w[1] - w[2];
        for (int i = 0; i < TAPS; i++)
            taps[k].index[i] = (size_t)reflected((int64_t)start - 1 + i, (int64_t)boxes);
    }
    return taps;
}

static void expand(const mesh *m, const double *c, const tap *ty, const tap *tx, double *row, float *out)
{
    float least = m->level[0], most = m->level[0];
    for (size_t k = 1; k < m->ny * m->nx; k++) {
        least = m->level[k] < least ? m->level[k] : least;
        most = m->level[k] > most ? m->level[k] : most;
    }
    for (size_t y = 0; y < m->shape.ny; y++) {
        for (size_t k = 0; k < m->nx; k++) {
            row[k] = 0.0;
            for (int i = 0; i < TAPS; i++)
                row[k] += c[ty[y].index[i] * m->nx + k] * ty[y].weight[i];
        }
        for (size_t x = 0; x < m->shape.nx; x++) {
            double sum = 0.0;
            for (int i = 0; i < TAPS; i++)
                sum += row[tx[x].index[i]] * tx[x].weight[i];
            const float v = (float)sum;
            out[y * m->shape.nx + x] = v < least ? least : v > most ? most : v;
        }
    }
}

static bool is_flat(const mesh *m)
{
    for (size_t k = 1; k < m->ny * m->nx; k++)
        if (m->level[k] != m->level[0])
            return false;
    return true;
}

static rp_code interpolate(const mesh *m, float *out, rp_error *err)
{
    if (is_flat(m)) {
        for (size_t p = 0; p < m->shape.ny * m->shape.nx; p++)
            out[p] = m->level[0];
        return RP_OK;
    }
    double *c = malloc((m->ny * m->nx + m->nx) * sizeof *c);
    tap *ty = make_taps(m->shape.ny, m->ny * m->by, m->ny), *tx = make_taps(m->shape.nx, m->nx * m->bx, m->nx);
    const bool ok = c && ty && tx;
    if (ok) {
        for (size_t k = 0; k < m->ny * m->nx; k++)
            c[k] = m->level[k];
        for (size_t x = 0; x < m->nx; x++)
            spline_coefficients(c + x, m->ny, m->nx);
        for (size_t y = 0; y < m->ny; y++)
            spline_coefficients(c + y * m->nx, m->nx, 1);
        if (m->by == 1 && m->bx == 1)
            memcpy(out, m->level, m->ny * m->nx * sizeof *out);
        else
            expand(m, c, ty, tx, c + m->ny * m->nx, out);
    }
    free(c);
    free(ty);
    free(tx);
    return ok ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a spline of %zu boxes", m->ny * m->nx);
}

rp_code rp_background_model(const float *image, const uint8_t *mask, rp_image_shape shape, rp_background_box box,
                            float *out, bool *fits, rp_error *err)
{
    mesh m = {.shape = shape, .by = box_side(box.ny, shape.ny), .bx = box_side(box.nx, shape.nx)};
    m.ny = (shape.ny + m.by - 1) / m.by;
    m.nx = (shape.nx + m.bx - 1) / m.bx;
    *fits = false;
    m.level = malloc(m.ny * m.nx * sizeof *m.level);
    rp_code code =
        m.level ? find_levels(&m, image, mask, err) : rp_fail(err, RP_E_MEMORY, "no memory for boxes of a background");
    for (size_t k = 0; code == RP_OK && k < m.ny * m.nx; k++)
        *fits = *fits || !isnan(m.level[k]);
    if (code == RP_OK && *fits)
        code = fill_levels(&m, err);
    if (code == RP_OK && *fits)
        code = filter_levels(&m, err);
    if (code == RP_OK && *fits)
        code = interpolate(&m, out, err);
    free(m.level);
    return code;
}
