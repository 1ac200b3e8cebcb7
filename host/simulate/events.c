/* Cosmic rays and snowballs as charge that arrives at single pixels before single reads. */
#include <math.h>
#include <stdlib.h>

#include "host/simulate/internal.h"

typedef struct event_list {
    rp_sim_event *at;
    size_t n, room;
    bool failed;
} event_list;

static void add_event(event_list *list, const rp_sim *sim, int64_t x, int64_t y, int64_t read, double electrons,
                      uint8_t kind)
{
    if (x < 0 || y < 0 || x >= sim->nx || y >= sim->ny || electrons < 1.0 || rp_sim_is_reference(sim, y, x))
        return;
    if (list->n == list->room) {
        const size_t room = list->room ? 2 * list->room : 4096;
        rp_sim_event *grown = room > SIZE_MAX / sizeof *grown ? NULL : realloc(list->at, room * sizeof *grown);
        if (!grown) {
            list->failed = true;
            return;
        }
        list->at = grown;
        list->room = room;
    }
    list->at[list->n++] =
        (rp_sim_event){.x = (int32_t)x, .y = (int32_t)y, .read = read, .electrons = (float)electrons, .kind = kind};
}

/* First read after a random instant of the exposure; false when there is none any more (frames dropped at the end). */
static bool random_read(rp_random *r, const rp_sim *sim, int64_t first_group, int64_t *read)
{
    const rp_sim_options *o = &sim->o;
    const int64_t per_group = o->nframes + o->groupgap;
    const int64_t integration = (int64_t)(rp_random_uniform(r) * (double)o->nints);
    const double frames = (double)((o->ngroups - first_group) * per_group);
    const int64_t frame = first_group * per_group + (int64_t)(rp_random_uniform(r) * frames);
    int64_t group = frame / per_group, within = frame % per_group;
    if (within >= o->nframes) {
        group++;
        within = 0;
    }
    if (group >= o->ngroups)
        return false;
    *read = (integration * o->ngroups + group) * o->nframes + within;
    return true;
}

/* A straight track; every step shares its charge among four pixels by area. */
static void add_cosmic_ray(event_list *list, rp_random *r, const rp_sim *sim, int64_t read)
{
    double x = rp_random_between(r, -0.5, (double)sim->nx - 0.5), y = rp_random_between(r, -0.5, (double)sim->ny - 0.5);
    const double angle = rp_random_between(r, 0.0, 2.0 * M_PI);
    const int steps = (int)fmin(30.0, 1.0 + 2.0 * rp_random_exponential(r));
    const double per_step = 150.0 + 1800.0 * rp_random_exponential(r);
    for (int k = 0; k < steps; k++) {
        const double fx = floor(x), fy = floor(y), u = x - fx, v = y - fy;
        const double charge = per_step * rp_random_between(r, 0.5, 1.5);
        for (int q = 0; q < 4; q++) {
            const double share = (q & 1 ? u : 1.0 - u) * (q & 2 ? v : 1.0 - v);
            add_event(list, sim, (int64_t)fx + (q & 1), (int64_t)fy + (q >> 1), read, charge * share,
                      RP_SIM_IS_COSMIC_RAY);
        }
        x += cos(angle);
        y += sin(angle);
    }
}

/* A core beyond full well in a halo that falls off over a few pixels. */
static void add_snowball(event_list *list, rp_random *r, const rp_sim *sim, int64_t read)
{
    const double cx = rp_random_between(r, 0.0, (double)sim->nx), cy = rp_random_between(r, 0.0, (double)sim->ny);
    const double radius = rp_random_between(r, 3.0, 9.0), squeeze = rp_random_between(r, 0.85, 1.15);
    const double halo = rp_random_between(r, 4000.0, 9000.0);
    for (int dy = -40; dy <= 40; dy++) {
        for (int dx = -40; dx <= 40; dx++) {
            const double distance = hypot(dx * squeeze, dy);
            const double charge = distance < radius ? 3e5 : halo * exp(-(distance - radius) / 3.5);
            if (charge >= 20.0)
                add_event(list, sim, (int64_t)cx + dx, (int64_t)cy + dy, read, charge, RP_SIM_IS_SNOWBALL);
        }
    }
}

static int by_row(const void *left, const void *right)
{
    const rp_sim_event *a = left, *b = right;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    if (a->read != b->read)
        return a->read < b->read ? -1 : 1;
    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    return (a->electrons > b->electrons) - (a->electrons < b->electrons);
}

static rp_code index_rows(rp_sim *sim, rp_error *err)
{
    sim->row_events = malloc(((size_t)sim->ny + 1) * sizeof *sim->row_events);
    if (!sim->row_events)
        return rp_fail(err, RP_E_MEMORY, "no memory for the index of cosmic rays");
    return RP_OK;
}

rp_code rp_sim_make_events(rp_sim *sim, rp_error *err)
{
    const rp_sim_options *o = &sim->o;
    event_list list = {0};
    const double seconds = (double)(o->nints * o->ngroups) * sim->group_time_s;
    const double pixels = (double)sim->nx * (double)sim->ny;
    rp_random r = rp_random_stream(o->seed, RP_SIM_COSMIC_RAYS, (uint64_t)sim->number, 0);
    const rp_poisson hits = rp_poisson_of(o->cosmic_rays * seconds * pixels);
    const int64_t nhits = (int64_t)rp_random_poisson(&r, &hits);
    int64_t read;
    for (int64_t k = 0; k < nhits && !list.failed; k++) {
        if (random_read(&r, sim, 0, &read)) {
            add_cosmic_ray(&list, &r, sim, read);
            sim->ncosmic_rays++;
        }
    }
    r = rp_random_stream(o->seed, RP_SIM_SNOWBALLS, (uint64_t)sim->number, 0);
    for (int64_t k = 0; k < llround(o->snowballs) && o->ngroups > 1 && !list.failed; k++) {
        if (random_read(&r, sim, 1, &read)) {
            add_snowball(&list, &r, sim, read);
            sim->nsnowballs++;
        }
    }
    if (list.failed) {
        free(list.at);
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu pixels hit by cosmic rays", list.n);
    }
    if (list.n)
        qsort(list.at, list.n, sizeof *list.at, by_row);
    sim->events = list.at;
    const rp_code code = index_rows(sim, err);
    if (code)
        return code;
    size_t k = 0;
    for (int64_t y = 0; y <= sim->ny; y++) {
        while (k < list.n && list.at[k].y < y)
            k++;
        sim->row_events[y] = k;
    }
    return RP_OK;
}
