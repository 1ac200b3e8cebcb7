/* Snowballs: see jump_snowballs.h and docs/algorithms/snowballs.md. */
#include "host/steps/jump_snowballs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/regions.h"

static const double pi = 3.14159265358979323846;

/* Quick tests leave this much room for rounding, in pixels. */
static const double slack = 0.01;

typedef struct point {
    double y, x;
} point;

typedef struct ellipse_list {
    rp_ellipse *item;
    size_t n, capacity;
} ellipse_list;

struct rp_snowballs {
    rp_snowball_params params;
    int64_t ny, nx;
    size_t words_per_row, words;
    uint64_t *saturating;     /* pixels that become saturated */
    uint64_t *cores, *masked; /* cores of this integration and of the one before; NULL when they are not masked */
    rp_regions regions;
    rp_oval oval;
    point *centre; /* of regions that saturate in this group or the next, by y */
    size_t ncentres, centre_capacity;
    ellipse_list extended; /* cores to be enlarged */
    ellipse_list snowballs;
    uint64_t **assigned; /* the caller's, or NULL */
};

rp_code rp_snowballs_new(rp_snowballs **out, const rp_snowball_params *params, int64_t ny, int64_t nx, rp_error *err)
{
    *out = NULL;
    if (ny < 1 || nx < 1 || ny > INT16_MAX || nx > INT16_MAX)
        return rp_fail(err, RP_E_ARGUMENT, "snowballs: a frame of %lld x %lld pixels", (long long)ny, (long long)nx);
    rp_snowballs *s = calloc(1, sizeof *s);
    if (!s)
        goto no_memory;
    s->params = *params;
    s->ny = ny;
    s->nx = nx;
    s->words_per_row = ((size_t)nx + 63) / 64;
    s->words = s->words_per_row * (size_t)ny;
    s->saturating = calloc(s->words, sizeof *s->saturating);
    if (!s->saturating)
        goto no_memory;
    if (params->sat_required_snowball && params->mask_snowball_core_next_int && params->masked_groups > 1) {
        s->cores = calloc(s->words, sizeof *s->cores);
        s->masked = calloc(s->words, sizeof *s->masked);
        if (!s->cores || !s->masked)
            goto no_memory;
    }
    *out = s;
    return RP_OK;

no_memory:
    rp_snowballs_free(s);
    return rp_fail(err, RP_E_MEMORY, "no memory for snowballs of %lld x %lld pixels", (long long)ny, (long long)nx);
}

void rp_snowballs_free(rp_snowballs *snowballs)
{
    if (!snowballs)
        return;
    rp_regions_clear(&snowballs->regions);
    rp_oval_clear(&snowballs->oval);
    free(snowballs->saturating);
    free(snowballs->cores);
    free(snowballs->masked);
    free(snowballs->centre);
    free(snowballs->extended.item);
    free(snowballs->snowballs.item);
    free(snowballs);
}

void rp_snowballs_note_assigned(rp_snowballs *snowballs, uint64_t **assigned)
{
    snowballs->assigned = assigned;
}

/* ------------------------------------------------------------------ lists */
static rp_code add_ellipse(ellipse_list *list, const rp_ellipse *ellipse, rp_error *err)
{
    if (list->n == list->capacity) {
        const size_t more = list->capacity ? list->capacity * 2 : 64;
        rp_ellipse *bigger = realloc(list->item, more * sizeof *bigger);
        if (!bigger)
            return rp_fail(err, RP_E_MEMORY, "no memory for %zu snowballs", more);
        list->item = bigger;
        list->capacity = more;
    }
    list->item[list->n++] = *ellipse;
    return RP_OK;
}

static rp_code add_centre(rp_snowballs *s, const rp_region *region, rp_error *err)
{
    if (s->ncentres == s->centre_capacity) {
        const size_t more = s->centre_capacity ? s->centre_capacity * 2 : 256;
        point *bigger = realloc(s->centre, more * sizeof *bigger);
        if (!bigger)
            return rp_fail(err, RP_E_MEMORY, "no memory for %zu saturated regions", more);
        s->centre = bigger;
        s->centre_capacity = more;
    }
    s->centre[s->ncentres++] = (point){.y = rp_region_y(region), .x = rp_region_x(region)};
    return RP_OK;
}

static int by_y(const void *left, const void *right)
{
    const double a = ((const point *)left)->y, b = ((const point *)right)->y;
    return (a > b) - (a < b);
}

/* ------------------------------------------------------------------ regions */
/* Whether the region with its holes filled has at least `least` pixels. */
static rp_code large_enough(rp_regions *regions, const rp_region *region, double least, bool *yes, rp_error *err)
{
    const double box = (double)(region->y1 - region->y0) * (double)(region->x1 - region->x0);
    *yes = (double)region->area >= least;
    if (*yes || box < least)
        return RP_OK;
    int64_t area;
    const rp_code code = rp_region_filled_area(regions, region, &area, err);
    *yes = code == RP_OK && (double)area >= least;
    return code;
}

/* Enters a saturating region into the list of cores to be enlarged when its minor axis is long enough. */
static rp_code add_core(rp_snowballs *s, const rp_region *region, rp_error *err)
{
    const double limit = s->params.min_sat_radius_extend;
    const int height = region->y1 - region->y0 - 1, width = region->x1 - region->x0 - 1;
    if (2.0 * (height < width ? height : width) - 1.0 + slack <= limit)
        return RP_OK; /* no deviation is larger than half the extent */
    rp_ellipse ellipse;
    rp_code code = rp_region_ellipse(&s->regions, region, &ellipse, err);
    if (code == RP_OK && ellipse.minor > limit)
        code = add_ellipse(&s->extended, &ellipse, err);
    return code;
}

/* Centres of the regions that are saturated in `now` and not in `before`; with_cores: the cores too. */
static rp_code find_saturating(rp_snowballs *s, const rp_frame_flags *flags, const uint64_t *before,
                               const uint64_t *now, bool with_cores, rp_error *err)
{
    uint64_t any = 0;
    for (int64_t y = 0; y < s->ny; y++) {
        const size_t from = (size_t)y * flags->words_per_row;
        uint64_t *to = s->saturating + (size_t)y * s->words_per_row;
        for (size_t w = 0; w < s->words_per_row; w++) {
            to[w] = now[from + w] & ~before[from + w];
            any |= to[w];
        }
    }
    if (!any)
        return RP_OK;
    rp_code code = rp_regions_find(&s->regions, s->saturating, s->ny, s->words_per_row, err);
    for (size_t k = 0; code == RP_OK && k < s->regions.nregions; k++) {
        const rp_region *region = &s->regions.region[k];
        bool yes;
        code = large_enough(&s->regions, region, s->params.min_sat_area, &yes, err);
        if (code == RP_OK && yes)
            code = add_centre(s, region, err);
        if (code == RP_OK && yes && with_cores)
            code = add_core(s, region, err);
    }
    return code;
}

/* ------------------------------------------------------------------ which jumps are snowballs */
/* The number of rows limits columns too. */
static bool near_edge(const rp_snowballs *s, const rp_region *region)
{
    const double x = rp_region_x(region), y = rp_region_y(region);
    const int64_t last = s->ny - s->params.edge_size;
    const double low = (double)s->params.edge_size, high = last > 0 ? (double)last : 0.0;
    return x < low || y < low || x > high || y > high;
}

/* As the reference pipeline measures it: the component along the rotated rows goes with the major axis.  An axis of 0
 * gives infinity or NaN: outside. */
static bool is_inside(const point *p, const rp_ellipse *ellipse)
{
    const double angle = (180.0 - ellipse->angle_deg) * (pi / 180.0), cosine = cos(angle), sine = sin(angle);
    const double dx = p->x - ellipse->x, dy = p->y - ellipse->y;
    const double u = dx * cosine - dy * sine, v = dx * sine + dy * cosine;
    const double major = ellipse->major * 0.5, minor = ellipse->minor * 0.5;
    const volatile double exponent = 2.0; /* or the compiler makes products of pow, which may round otherwise */
    const double two = exponent;
    return pow(u, two) / pow(major, two) + pow(v, two) / pow(minor, two) <= 1.0;
}

/* First centre with y at least `y`. */
static size_t first_centre(const rp_snowballs *s, double y)
{
    size_t low = 0, high = s->ncentres;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->centre[middle].y < y)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether a saturating region has its centre inside; the ellipse is made only when one comes near. */
static rp_code has_core(rp_snowballs *s, const rp_region *region, rp_ellipse *ellipse, bool *yes, rp_error *err)
{
    *yes = false;
    const double x = rp_region_x(region), y = rp_region_y(region);
    const double height = region->y1 - region->y0 - 1, width = region->x1 - region->x0 - 1;
    const double radius = sqrt(height * height + width * width) + 0.5 + slack; /* no half axis is longer */
    bool made = false;
    for (size_t k = first_centre(s, y - radius); k < s->ncentres && s->centre[k].y <= y + radius; k++) {
        if (fabs(s->centre[k].x - x) > radius)
            continue;
        const rp_code code = made ? RP_OK : rp_region_ellipse(&s->regions, region, ellipse, err);
        if (code != RP_OK)
            return code;
        made = true;
        if (is_inside(&s->centre[k], ellipse)) {
            *yes = true;
            return RP_OK;
        }
    }
    return RP_OK;
}

/* Two regions with the same centre, axes and angle count once, unless they are near the edge. */
static bool is_listed(const ellipse_list *list, const rp_ellipse *e)
{
    for (size_t k = 0; k < list->n; k++) {
        const rp_ellipse *other = &list->item[k];
        if (other->x == e->x && other->y == e->y && other->minor == e->minor && other->major == e->major &&
            other->angle_deg == e->angle_deg)
            return true;
    }
    return false;
}

static rp_code test_jump(rp_snowballs *s, const rp_region *region, rp_error *err)
{
    rp_ellipse ellipse;
    bool yes;
    rp_code code = RP_OK;
    if (!s->params.sat_required_snowball || near_edge(s, region)) {
        code = rp_region_ellipse(&s->regions, region, &ellipse, err);
        return code == RP_OK ? add_ellipse(&s->snowballs, &ellipse, err) : code;
    }
    code = has_core(s, region, &ellipse, &yes, err);
    if (code == RP_OK && yes && !is_listed(&s->snowballs, &ellipse))
        code = add_ellipse(&s->snowballs, &ellipse, err);
    return code;
}

static rp_code find_snowballs(rp_snowballs *s, const rp_frame_flags *flags, int64_t group, rp_error *err)
{
    const uint64_t *const *saturated = (const uint64_t *const *)flags->saturated;
    rp_code code = RP_OK;
    s->ncentres = s->extended.n = s->snowballs.n = 0;
    if (s->params.sat_required_snowball) {
        code = find_saturating(s, flags, saturated[group - 1], saturated[group], true, err);
        if (code == RP_OK && group < flags->ngroups - 1)
            code = find_saturating(s, flags, saturated[group], saturated[group + 1], false, err);
        if (s->ncentres)
            qsort(s->centre, s->ncentres, sizeof *s->centre, by_y);
    }
    if (code == RP_OK)
        code = rp_regions_find(&s->regions, flags->jump[group], s->ny, flags->words_per_row, err);
    for (size_t k = 0; code == RP_OK && k < s->regions.nregions; k++) {
        bool yes;
        code = large_enough(&s->regions, &s->regions.region[k], s->params.min_jump_area, &yes, err);
        if (code == RP_OK && yes)
            code = test_jump(s, &s->regions.region[k], err);
    }
    return code;
}

/* ------------------------------------------------------------------ enlarging */
static double at_most(double value, double limit)
{
    return value < limit ? value : limit;
}

/* Cores become saturated in this and all later groups; nothing else stays flagged there. */
static rp_code extend_core(rp_snowballs *s, const rp_ellipse *core, rp_frame_flags *flags, int64_t group, rp_error *err)
{
    const double more = (double)(2 * s->params.sat_expand), limit = (double)(2 * s->params.max_extended_radius);
    rp_ellipse larger = *core;
    larger.minor = at_most(core->minor + more, limit);
    larger.major = at_most(core->major + more, limit);
    rp_oval *oval = &s->oval;
    rp_code code = rp_oval_draw(oval, &larger, s->ny, s->nx, err);
    if (code != RP_OK)
        return code;
    for (int64_t g = group; g < flags->ngroups; g++) {
        rp_oval_set(oval, flags->saturated[g], flags->words_per_row);
        rp_oval_erase(oval, flags->jump[g], flags->words_per_row);
        if (s->assigned)
            rp_oval_set(oval, s->assigned[g], flags->words_per_row);
    }
    if (!s->cores)
        return RP_OK;
    code = rp_oval_draw(oval, core, s->ny, s->nx, err);
    if (code == RP_OK)
        rp_oval_set(oval, s->cores, s->words_per_row);
    return code;
}

/* Jumps in this group alone, where it is not saturated. */
static rp_code extend_snowball(rp_snowballs *s, const rp_ellipse *snowball, rp_frame_flags *flags, int64_t group,
                               rp_error *err)
{
    const double factor = s->params.expand_factor, limit = (double)(2 * s->params.max_extended_radius);
    rp_ellipse larger = *snowball;
    larger.minor = at_most(snowball->minor * factor, limit);
    larger.major = at_most(snowball->major + (factor - 1.0) * snowball->minor, limit);
    rp_oval *oval = &s->oval;
    const rp_code code = rp_oval_draw(oval, &larger, s->ny, s->nx, err);
    if (code == RP_OK) {
        rp_oval_remove(oval, flags->saturated[group], flags->words_per_row);
        rp_oval_set(oval, flags->jump[group], flags->words_per_row);
    }
    return code;
}

/* Cores of the integration before, in the groups after the first, saturated or not. */
static void mask_cores(rp_snowballs *s, rp_frame_flags *flags)
{
    const int64_t end = s->params.masked_groups < flags->ngroups ? s->params.masked_groups : flags->ngroups;
    for (int64_t g = 1; g < end; g++)
        for (int64_t y = 0; y < s->ny; y++) {
            uint64_t *to = flags->jump[g] + (size_t)y * flags->words_per_row;
            for (size_t w = 0; w < s->words_per_row; w++)
                to[w] |= s->masked[(size_t)y * s->words_per_row + w];
        }
}

rp_code rp_snowballs_find(rp_snowballs *s, int64_t integration, rp_frame_flags *flags, uint64_t *nsnowballs,
                          rp_error *err)
{
    if (flags->ny != s->ny || flags->nx != s->nx || flags->words_per_row < s->words_per_row)
        return rp_fail(err, RP_E_INTERNAL, "snowballs: flags are of another size than the frame");
    if (s->cores) {
        uint64_t *const before = s->cores;
        s->cores = s->masked;
        s->masked = before;
        memset(s->cores, 0, s->words * sizeof *s->cores);
    }
    for (int64_t g = 1; g < flags->ngroups; g++) {
        rp_code code = find_snowballs(s, flags, g, err);
        for (size_t k = 0; code == RP_OK && k < s->extended.n; k++)
            code = extend_core(s, &s->extended.item[k], flags, g, err);
        for (size_t k = 0; code == RP_OK && k < s->snowballs.n; k++)
            code = extend_snowball(s, &s->snowballs.item[k], flags, g, err);
        if (code != RP_OK)
            return code;
        if (nsnowballs)
            *nsnowballs += s->snowballs.n;
    }
    if (s->masked && integration > 0)
        mask_cores(s, flags);
    return RP_OK;
}
