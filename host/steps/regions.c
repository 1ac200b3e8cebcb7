/* Connected regions of a bit plane, by runs: see regions.h. */
#include "host/steps/regions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* ------------------------------------------------------------------ memory */
static rp_code grow(void **memory, size_t *capacity, size_t need, size_t element, rp_error *err)
{
    if (need <= *capacity)
        return RP_OK;
    const size_t more = need > *capacity * 2 ? need : *capacity * 2;
    if (more > SIZE_MAX / element)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu connected regions", need);
    void *bigger = realloc(*memory, more * element);
    if (!bigger)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu connected regions", need);
    *memory = bigger;
    *capacity = more;
    return RP_OK;
}

void rp_regions_clear(rp_regions *regions)
{
    free(regions->region);
    free(regions->run);
    free(regions->label);
    free(regions->parent);
    free(regions->row);
    free(regions->columns);
    free(regions->box);
    *regions = (rp_regions){0};
}

/* Room for `n` more runs, each of which may begin a region. */
static rp_code grow_runs(rp_regions *r, size_t runs, size_t labels, size_t n, rp_error *err)
{
    if (runs + n > INT32_MAX)
        return rp_fail(err, RP_E_MEMORY, "too many connected regions in one frame");
    rp_code code = grow((void **)&r->run, &r->run_capacity, runs + n, sizeof *r->run, err);
    if (code == RP_OK)
        code = grow((void **)&r->label, &r->label_capacity, runs + n, sizeof *r->label, err);
    if (code == RP_OK)
        code = grow((void **)&r->parent, &r->parent_capacity, labels + n, sizeof *r->parent, err);
    if (code == RP_OK)
        code = grow((void **)&r->region, &r->region_capacity, labels + n, sizeof *r->region, err);
    return code;
}

/* ------------------------------------------------------------------ labels
 * A label's parent is never larger than itself: the first label of a region is its root, and roots come in raster
 * order.  Sums are kept at the root. */
static int32_t root_of(int32_t *parent, int32_t label)
{
    while (parent[label] != label) {
        parent[label] = parent[parent[label]];
        label = parent[label];
    }
    return label;
}

static uint16_t lower(uint16_t a, uint16_t b)
{
    return a < b ? a : b;
}

static uint16_t upper(uint16_t a, uint16_t b)
{
    return a > b ? a : b;
}

/* Joins two roots; returns the one that remains. */
static int32_t join(rp_regions *r, int32_t a, int32_t b)
{
    if (a == b)
        return a;
    const int32_t first = a < b ? a : b, second = a < b ? b : a;
    rp_region *into = &r->region[first];
    const rp_region *from = &r->region[second];
    r->parent[second] = first;
    into->area += from->area;
    into->sum_y += from->sum_y;
    into->sum_x += from->sum_x;
    into->y0 = lower(into->y0, from->y0);
    into->x0 = lower(into->x0, from->x0);
    into->x1 = upper(into->x1, from->x1);
    return first;
}

static void add_run(rp_region *region, rp_region_run run, int64_t y)
{
    const int32_t n = run.x1 - run.x0;
    region->area += n;
    region->sum_y += n * y;
    region->sum_x += (int64_t)n * (run.x0 + run.x1 - 1) / 2;
    region->y1 = (uint16_t)(y + 1);
    region->x0 = lower(region->x0, run.x0);
    region->x1 = upper(region->x1, run.x1);
}

/* Runs of one row, from the bits that differ from the one before; room for them is there. */
static size_t cut_row(const uint64_t *words, size_t nwords, rp_region_run *run)
{
    uint64_t before = 0;
    size_t n = 0; /* ends of runs */
    for (size_t w = 0; w < nwords; w++) {
        uint64_t change = words[w] ^ (words[w] << 1 | before);
        before = words[w] >> 63;
        for (; change; change &= change - 1) {
            uint16_t *end = n % 2 ? &run[n / 2].x1 : &run[n / 2].x0;
            *end = (uint16_t)(w * 64 + (size_t)__builtin_ctzll(change));
            n++;
        }
    }
    if (before)
        run[n++ / 2].x1 = (uint16_t)(nwords * 64);
    return n / 2;
}

/* Labels the runs [row, end) of row y by those of the row above, [above, row). */
static size_t label_row(rp_regions *r, size_t above, size_t row, size_t end, int64_t y, size_t nlabels)
{
    for (size_t k = row; k < end; k++) {
        const rp_region_run run = r->run[k];
        while (above < row && r->run[above].x1 < run.x0)
            above++;
        int32_t label = -1;
        for (size_t a = above; a < row && r->run[a].x0 <= run.x1; a++) {
            const int32_t root = root_of(r->parent, r->label[a]);
            label = label < 0 ? root : join(r, label, root);
        }
        if (label < 0) {
            label = (int32_t)nlabels++;
            r->parent[label] = label;
            r->region[label] = (rp_region){.label = label, .y0 = (uint16_t)y, .x0 = run.x0, .x1 = run.x1};
        }
        r->label[k] = label;
        add_run(&r->region[label], run, y);
    }
    return nlabels;
}

rp_code rp_regions_find(rp_regions *regions, const uint64_t *plane, int64_t ny, size_t words_per_row, rp_error *err)
{
    size_t above = 0, row = 0, nlabels = 0;
    regions->nregions = 0;
    if (ny < 0 || ny > UINT16_MAX || words_per_row > UINT16_MAX / 64)
        return rp_fail(err, RP_E_ARGUMENT, "connected regions: the frame has more than 65535 rows or columns");
    rp_code code = grow((void **)&regions->row, &regions->row_capacity, (size_t)ny + 1, sizeof *regions->row, err);
    for (int64_t y = 0; code == RP_OK && y < ny; y++) {
        code = grow_runs(regions, row, nlabels, words_per_row * 32 + 1, err);
        if (code != RP_OK)
            break;
        regions->row[y] = (uint32_t)row;
        const size_t end = row + cut_row(plane + (size_t)y * words_per_row, words_per_row, regions->run + row);
        nlabels = label_row(regions, above, row, end, y, nlabels);
        above = row;
        row = end;
    }
    if (code != RP_OK)
        return code;
    regions->row[ny] = (uint32_t)row;
    for (size_t k = 0; k < nlabels; k++)
        if (regions->parent[k] == (int32_t)k)
            regions->region[regions->nregions++] = regions->region[k];
    return RP_OK;
}

/* A walk over the runs of a region, in raster order. */
typedef struct walk {
    int32_t y;
    size_t next, end; /* runs of row y */
    rp_region_run run;
} walk;

/* First run of the row that does not end before the region's bounding box. */
static void enter_row(const rp_regions *r, const rp_region *region, walk *w)
{
    size_t low = r->row[w->y], high = r->row[w->y + 1];
    w->end = high;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (r->run[middle].x1 <= region->x0)
            low = middle + 1;
        else
            high = middle;
    }
    w->next = low;
}

static walk start_walk(const rp_regions *r, const rp_region *region)
{
    walk w = {.y = region->y0};
    enter_row(r, region, &w);
    return w;
}

static bool next_run(const rp_regions *r, const rp_region *region, walk *w)
{
    for (;;) {
        for (; w->next < w->end && r->run[w->next].x0 < region->x1; w->next++)
            if (root_of(r->parent, r->label[w->next]) == region->label) {
                w->run = r->run[w->next++];
                return true;
            }
        if (++w->y == region->y1)
            return false;
        enter_row(r, region, w);
    }
}

double rp_region_x(const rp_region *region)
{
    return (double)region->sum_x / (double)region->area;
}

double rp_region_y(const rp_region *region)
{
    return (double)region->sum_y / (double)region->area;
}

/* ------------------------------------------------------------------ holes */
enum { BOX_EMPTY, BOX_INSIDE, BOX_OUTSIDE };

/* Spreads BOX_OUTSIDE over empty neighbours until nothing changes; sweeps down and up. */
static void flood(uint8_t *box, int64_t ny, int64_t nx)
{
    bool changed = true;
    for (bool down = true; changed; down = !down) {
        changed = false;
        for (int64_t k = 1; k < ny - 1; k++) {
            const int64_t y = down ? k : ny - 1 - k;
            uint8_t *row = box + y * nx;
            for (int pass = 0; pass < 2; pass++)
                for (int64_t j = 1; j < nx - 1; j++) {
                    const int64_t x = pass ? nx - 1 - j : j;
                    if (row[x] != BOX_EMPTY)
                        continue;
                    const uint8_t *north = row + x - nx, *south = row + x + nx;
                    if (north[-1] == BOX_OUTSIDE || north[0] == BOX_OUTSIDE || north[1] == BOX_OUTSIDE ||
                        south[-1] == BOX_OUTSIDE || south[0] == BOX_OUTSIDE || south[1] == BOX_OUTSIDE ||
                        row[x - 1] == BOX_OUTSIDE || row[x + 1] == BOX_OUTSIDE) {
                        row[x] = BOX_OUTSIDE;
                        changed = true;
                    }
                }
        }
    }
}

rp_code rp_region_filled_area(rp_regions *regions, const rp_region *region, int64_t *area, rp_error *err)
{
    *area = region->area;
    if (region->area < 8 || region->y1 - region->y0 < 3 || region->x1 - region->x0 < 3)
        return RP_OK; /* a hole takes a ring of eight pixels */
    const int64_t ny = region->y1 - region->y0 + 2, nx = region->x1 - region->x0 + 2;
    const size_t size = (size_t)ny * (size_t)nx;
    const rp_code code = grow((void **)&regions->box, &regions->box_capacity, size, 1, err);
    if (code != RP_OK)
        return code;
    uint8_t *box = regions->box;
    memset(box, BOX_EMPTY, size);
    for (int64_t y = 0; y < ny; y++) /* the frame around the bounding box */
        box[y * nx] = box[y * nx + nx - 1] = BOX_OUTSIDE;
    memset(box, BOX_OUTSIDE, (size_t)nx);
    memset(box + (ny - 1) * nx, BOX_OUTSIDE, (size_t)nx);
    for (walk w = start_walk(regions, region); next_run(regions, region, &w);)
        memset(box + (w.y - region->y0 + 1) * nx + (w.run.x0 - region->x0 + 1), BOX_INSIDE,
               (size_t)(w.run.x1 - w.run.x0));
    flood(box, ny, nx);
    for (size_t k = 0; k < size; k++)
        *area += box[k] == BOX_EMPTY;
    return RP_OK;
}

/* ------------------------------------------------------------------ moments */
typedef struct moments {
    double yy, xx, xy; /* central sums */
} moments;

/* Rows are added up column by column, then the columns, by fused multiply-add: the order of a matrix product.  Squares
 * are pow's, as in the library: they differ from products in the last bit once in a thousand.  (Where the processor has
 * AVX-512 the library takes a less exact pow still; there its ellipses differ in the last bits once in a thousand.) */
static moments central_moments(const rp_regions *regions, const rp_region *region, double *sums)
{
    const size_t nx = (size_t)(region->x1 - region->x0);
    double *count = sums, *first = sums + nx, *second = sums + 2 * nx;
    const double area = (double)region->area;
    const double y_mean = (double)(region->sum_y - (int64_t)region->area * region->y0) / area;
    const double x_mean = (double)(region->sum_x - (int64_t)region->area * region->x0) / area;
    const volatile double exponent = 2.0; /* or the compiler makes products of pow */
    const double two = exponent;
    memset(sums, 0, 3 * nx * sizeof *sums);
    for (walk w = start_walk(regions, region); next_run(regions, region, &w);) {
        const double dy = (double)(w.y - region->y0) - y_mean, square = pow(dy, two);
        for (int32_t x = w.run.x0 - region->x0; x < w.run.x1 - region->x0; x++) {
            count[x] += 1.0;
            first[x] += dy;
            second[x] += square;
        }
    }
    moments m = {0.0, 0.0, 0.0};
    for (size_t x = 0; x < nx; x++) {
        const double dx = (double)x - x_mean;
        m.yy += second[x];
        m.xx = fma(count[x], pow(dx, two), m.xx);
        m.xy = fma(first[x], dx, m.xy);
    }
    return m;
}

/* Eigenvalues of [[a, b], [b, c]], the larger first, as LAPACK's dsterf and dlae2 find them. */
static void eigenvalues(double a, double b, double c, double *larger, double *smaller)
{
    const double eps = 0x1p-53;
    *larger = a > c ? a : c;
    *smaller = a > c ? c : a;
    if (fabs(b) <= sqrt(fabs(a)) * sqrt(fabs(c)) * eps)
        return;
    const double off = sqrt(b * b), sum = a + c, difference = fabs(a - c), twice = off + off;
    const double most = fabs(a) > fabs(c) ? a : c, least = fabs(a) > fabs(c) ? c : a;
    double root;
    if (difference > twice)
        root = difference * sqrt(1.0 + (twice / difference) * (twice / difference));
    else if (difference < twice)
        root = twice * sqrt(1.0 + (difference / twice) * (difference / twice));
    else
        root = twice * sqrt(2.0);
    *larger = 0.5 * (sum + root); /* sum is positive: both are variances */
    *smaller = (most / *larger) * least - (off / *larger) * off;
}

rp_code rp_region_ellipse(rp_regions *regions, const rp_region *region, rp_ellipse *ellipse, rp_error *err)
{
    const size_t nx = (size_t)(region->x1 - region->x0);
    const rp_code code =
        grow((void **)&regions->columns, &regions->columns_capacity, 3 * nx, sizeof *regions->columns, err);
    if (code != RP_OK)
        return code;
    const moments m = central_moments(regions, region, regions->columns);
    const double area = (double)region->area, total = m.yy + m.xx;
    /* inertia: the sum of both less the one, as the library has it, rounding included */
    const double a = (total - m.yy) / area, b = -m.xy / area, c = (total - m.xx) / area;
    double larger, smaller;
    eigenvalues(a, b, c, &larger, &smaller);
    double angle = b < 0.0 ? pi / 4.0 : -pi / 4.0;
    if (a - c != 0.0)
        angle = 0.5 * atan2(-2.0 * b, c - a);
    *ellipse = (rp_ellipse){
        .x = rp_region_x(region),
        .y = rp_region_y(region),
        .minor = 4.0 * sqrt(smaller > 0.0 ? smaller : 0.0) - 1.0,
        .major = 4.0 * sqrt(larger > 0.0 ? larger : 0.0) - 1.0,
        .angle_deg = angle * (180.0 / pi),
    };
    return RP_OK;
}

/* ------------------------------------------------------------------ ovals */
void rp_oval_clear(rp_oval *oval)
{
    free(oval->bits);
    *oval = (rp_oval){0};
}

/* Rotations are taken modulo pi, twice: what rounds to pi becomes 0 for the pixels, but not for the bounding box. */
static double modulo_pi(double angle)
{
    const double rest = fmod(angle, pi);
    return rest < 0.0 ? rest + pi : rest;
}

typedef struct bounds {
    int64_t y0, y1, x0, x1; /* relative to the centre, inclusive */
} bounds;

static int64_t smaller_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* First and last coordinate (from the centre) within `radius`.  The library counts from the corner of a box that starts
 * `before` pixels before the centre: a radius a little below an integer is rounded up there. */
static int64_t first_within(int64_t before, double radius)
{
    const double first = ceil((double)before - radius);
    return first > 0.0 ? (int64_t)first - before : -before;
}

static int64_t last_within(int64_t before, double radius, int64_t after)
{
    return smaller_of((int64_t)floor((double)before + radius) - before, after);
}

/* Rows of the oval from the pixels within the bounds whose distance is below 1. */
static void fill_oval(rp_oval *oval, const bounds *b, int64_t x_centre, double minor, double major, double angle)
{
    const double sine = sin(angle), cosine = cos(angle);
    for (int64_t row = 0; row < oval->ny; row++) {
        uint64_t *bits = oval->bits + (size_t)row * oval->nwords;
        const double dy = (double)(b->y0 + row), y_cosine = dy * cosine, y_sine = dy * sine;
        for (int64_t x = b->x0; x <= b->x1; x++) {
            const double along = (y_cosine + (double)x * sine) / major, across = (y_sine - (double)x * cosine) / minor;
            const uint64_t inside = along * along + across * across < 1.0;
            const int64_t bit = x + x_centre - oval->word0 * 64;
            bits[bit / 64] |= inside << (bit % 64);
        }
    }
}

rp_code rp_oval_draw(rp_oval *oval, const rp_ellipse *ellipse, int64_t ny, int64_t nx, rp_error *err)
{
    const int64_t xc = (int64_t)rint(ellipse->x), yc = (int64_t)rint(ellipse->y);
    const double minor = rint(ellipse->minor / 2.0), major = rint(ellipse->major / 2.0);
    const int64_t box = (int64_t)(minor > major ? minor : major) + 2;
    oval->ny = 0;
    if (minor == 0.0 || major == 0.0 || box < 0)
        return RP_OK;
    const double angle = modulo_pi(ellipse->angle_deg * (pi / 180.0));
    const double y_radius = fabs(major * cos(angle)) + minor * sin(angle);
    const double x_radius = major * sin(angle) + fabs(minor * cos(angle));
    const bounds b = {
        .y0 = first_within(smaller_of(yc, box), y_radius),
        .y1 = last_within(smaller_of(yc, box), y_radius, smaller_of(ny - 1 - yc, box)),
        .x0 = first_within(smaller_of(xc, box), x_radius),
        .x1 = last_within(smaller_of(xc, box), x_radius, smaller_of(nx - 1 - xc, box)),
    };
    if (b.y1 < b.y0 || b.x1 < b.x0)
        return RP_OK;
    oval->y0 = yc + b.y0;
    oval->word0 = (xc + b.x0) / 64;
    oval->nwords = (size_t)((xc + b.x1) / 64 - oval->word0 + 1);
    const size_t size = (size_t)(b.y1 - b.y0 + 1) * oval->nwords;
    const rp_code code = grow((void **)&oval->bits, &oval->capacity, size, sizeof *oval->bits, err);
    if (code != RP_OK)
        return code;
    oval->ny = b.y1 - b.y0 + 1;
    memset(oval->bits, 0, size * sizeof *oval->bits);
    fill_oval(oval, &b, xc, minor, major, modulo_pi(angle));
    return RP_OK;
}

static size_t at_row(const rp_oval *oval, int64_t row, size_t words_per_row)
{
    return (size_t)(oval->y0 + row) * words_per_row + (size_t)oval->word0;
}

void rp_oval_set(const rp_oval *oval, uint64_t *plane, size_t words_per_row)
{
    const uint64_t *bits = oval->bits;
    for (int64_t row = 0; row < oval->ny; row++) {
        uint64_t *to = plane + at_row(oval, row, words_per_row);
        for (size_t w = 0; w < oval->nwords; w++)
            to[w] |= *bits++;
    }
}

void rp_oval_erase(const rp_oval *oval, uint64_t *plane, size_t words_per_row)
{
    const uint64_t *bits = oval->bits;
    for (int64_t row = 0; row < oval->ny; row++) {
        uint64_t *to = plane + at_row(oval, row, words_per_row);
        for (size_t w = 0; w < oval->nwords; w++)
            to[w] &= ~*bits++;
    }
}

void rp_oval_remove(rp_oval *oval, const uint64_t *plane, size_t words_per_row)
{
    uint64_t *bits = oval->bits;
    for (int64_t row = 0; row < oval->ny; row++) {
        const uint64_t *from = plane + at_row(oval, row, words_per_row);
        for (size_t w = 0; w < oval->nwords; w++)
            *bits++ &= ~from[w];
    }
}
