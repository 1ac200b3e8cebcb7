/* Options to an exposure: defaults, checks, times. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/simulate/internal.h"

rp_sim_options rp_sim_defaults(void)
{
    return (rp_sim_options){
        .instrument = "nircam",
        .nints = 1,
        .ngroups = 10,
        .nframes = -1,
        .groupgap = -1,
        .exposures = 1,
        .seed = 1,
        .program = 1234,
        .observation = 1,
        .visit = 1,
        .background_e_s = -1.0,
        .stars = 3000.0,
        .star_min_e_s = 20.0,
        .star_max_e_s = 2e5,
        .fwhm_px = 2.2,
        .cosmic_rays = 3e-5,
        .snowballs = -1.0,
        .one_over_f_dn = -1.0,
        .amplifier_dn = -1.0,
        .odd_even_dn = 3.0,
        .bad_pixels = 0.003,
        .references = true,
        .truth = true,
    };
}

static rp_code check_range(const char *name, double value, double low, double high, rp_error *err)
{
    if (value >= low && value <= high) /* false for NaN too */
        return RP_OK;
    return rp_fail(err, RP_E_ARGUMENT, "%s = %g is out of range: use %g to %g", name, value, low, high);
}

static rp_code check_options(const rp_sim_options *o, rp_error *err)
{
    const struct {
        const char *name;
        double value, low, high;
    } checks[] = {
        {"nints", (double)o->nints, 1, 32767},
        {"ngroups", (double)o->ngroups, 1, 32767},
        {"nframes", (double)o->nframes, 1, 256},
        {"groupgap", (double)o->groupgap, 0, 1024},
        {"frame-time", o->frame_time_s, 0, 1e5},
        {"exposures", (double)o->exposures, 1, 99999},
        {"program", o->program, 0, 99999},
        {"observation", o->observation, 0, 999},
        {"visit", o->visit, 0, 999},
        {"background", o->background_e_s, 0, 1e7},
        {"stars", o->stars, 0, 1e6},
        {"star-min", o->star_min_e_s, 1e-6, 1e9},
        {"star-max", o->star_max_e_s, o->star_min_e_s, 1e9},
        {"fwhm", o->fwhm_px, 0.1, 20},
        {"cosmic-rays", o->cosmic_rays, 0, 1},
        {"snowballs", o->snowballs, 0, 1e5},
        {"one-over-f", o->one_over_f_dn, 0, 1e4},
        {"amplifier", o->amplifier_dn, 0, 1e4},
        {"odd-even", o->odd_even_dn, 0, 1e4},
        {"bad-pixels", o->bad_pixels, 0, 0.2},
    };
    for (size_t k = 0; k < sizeof checks / sizeof *checks; k++) {
        const rp_code code = check_range(checks[k].name, checks[k].value, checks[k].low, checks[k].high, err);
        if (code)
            return code;
    }
    return RP_OK;
}

/* Frame, position and name of the subarray. */
static rp_code resolve_geometry(rp_sim *sim, rp_error *err)
{
    rp_sim_options *o = &sim->o;
    const rp_sim_detector *d = sim->det;
    const rp_sim_geometry *named = NULL;
    const bool full_asked = o->subarray && strcmp(o->subarray, "FULL") == 0;
    if (o->subarray && !full_asked && strcmp(o->subarray, "GENERIC") != 0) {
        named = rp_sim_find_geometry(d->instrument, o->subarray, 0, 0);
        if (!named)
            return rp_fail(err, RP_E_ARGUMENT,
                           "subarray '%s' of %s cannot be simulated: give --size and --corner instead", o->subarray,
                           d->instrument);
        o->nx = named->nx;
        o->ny = named->ny;
    }
    if (full_asked || o->nx == 0)
        o->nx = d->nx;
    if (full_asked || o->ny == 0)
        o->ny = d->ny;
    if (!named && !o->subarray)
        named = rp_sim_find_geometry(d->instrument, NULL, o->nx, o->ny);
    if (o->x0 == 0)
        o->x0 = named && named->x0 ? named->x0 : 1;
    if (o->y0 == 0)
        o->y0 = named && named->x0 ? named->y0 : 1;
    if (o->nx < 8 || o->ny < 8 || o->x0 < 1 || o->y0 < 1 || o->nx > d->nx || o->ny > d->ny ||
        o->x0 - 1 + o->nx > d->nx || o->y0 - 1 + o->ny > d->ny)
        return rp_fail(err, RP_E_ARGUMENT,
                       "%lld x %lld pixels at (%lld, %lld) do not fit on %s (%d x %d, at least 8 x 8): "
                       "change --size or --corner",
                       (long long)o->nx, (long long)o->ny, (long long)o->x0, (long long)o->y0, d->name, d->nx, d->ny);
    const bool full = o->nx == d->nx && o->ny == d->ny;
    (void)snprintf(sim->subarray, sizeof sim->subarray, "%s", full ? "FULL" : named ? named->name : "GENERIC");
    sim->nx = o->nx;
    sim->ny = o->ny;
    return RP_OK;
}

/* Ticks of 10 microseconds per frame: one per pixel of an output, 12 more per line, and the lines skipped. */
static int64_t frame_ticks(const rp_sim *sim)
{
    const rp_sim_options *o = &sim->o;
    if (sim->miri) {
        const bool full = o->nx == sim->det->nx;
        const int64_t row_clocks = full ? 271 : (o->x0 - 1 + o->nx + 3) / 4 + 10;
        return o->ny * row_clocks + (sim->det->ny - o->ny) * 7;
    }
    const int64_t fast = sim->fast_is_x ? o->nx : o->ny, slow = sim->fast_is_x ? o->ny : o->nx;
    const int extra_lines = sim->noutputs == 4 && slow == 2048 ? 1 : 2;
    return (fast / sim->noutputs + 12) * (slow + extra_lines);
}

bool rp_sim_is_reference(const rp_sim *sim, int64_t y, int64_t x)
{
    const int64_t column = sim->o.x0 + x, row = sim->o.y0 + y;
    if (sim->miri)
        return column <= 4 || column > 1028;
    return column <= 4 || column > 2044 || row <= 4 || row > 2044;
}

static void resolve_readout(rp_sim *sim, const rp_sim_readout *readout)
{
    rp_sim_options *o = &sim->o;
    o->readpatt = readout->name;
    if (o->nframes < 0)
        o->nframes = readout->nframes;
    if (o->groupgap < 0)
        o->groupgap = readout->groupgap;
}

static void resolve_noise(rp_sim *sim)
{
    rp_sim_options *o = &sim->o;
    sim->has_reference_pixels = rp_sim_is_reference(sim, 0, 0) || rp_sim_is_reference(sim, sim->ny - 1, sim->nx - 1);
    /* the reference pipeline corrects MIRI subarrays not at all */
    const bool corrected = sim->has_reference_pixels && (!sim->miri || sim->nx == sim->det->nx);
    if (o->background_e_s < 0)
        o->background_e_s = sim->det->background_e_s;
    if (o->snowballs < 0)
        o->snowballs = round(2.0 * (double)(sim->nx * sim->ny) / (2048.0 * 2048.0));
    if (o->one_over_f_dn < 0)
        o->one_over_f_dn = 1.2;
    if (o->amplifier_dn < 0)
        o->amplifier_dn = corrected ? 6.0 : 0.0;
}

rp_code rp_sim_resolve(rp_sim *sim, const rp_sim_options *options, rp_error *err)
{
    *sim = (rp_sim){.o = *options, .number = 1};
    sim->det = rp_sim_find_detector(options->instrument, options->detector, err);
    if (!sim->det)
        return RP_E_ARGUMENT;
    (void)snprintf(sim->instrument, sizeof sim->instrument, "%s", sim->det->instrument);
    sim->miri = strcmp(sim->instrument, "MIRI") == 0;
    sim->fast_is_x = abs(sim->det->fast_axis) == 1;
    const rp_sim_readout *readout = rp_sim_find_readout(sim->instrument, options->readpatt, err);
    if (!readout)
        return RP_E_ARGUMENT;
    resolve_readout(sim, readout);
    rp_code code = resolve_geometry(sim, err);
    if (code)
        return code;
    resolve_noise(sim);
    code = check_options(&sim->o, err);
    if (code)
        return code;
    const int64_t fast = sim->fast_is_x ? sim->nx : sim->ny;
    sim->noutputs = sim->miri || fast == 2048 ? 4 : 1;
    const int64_t ticks = sim->o.frame_time_s > 0 ? llround(sim->o.frame_time_s * 1e5) : frame_ticks(sim);
    sim->frame_time_s = (double)ticks / 1e5;
    sim->group_time_s = (double)(ticks * (sim->o.nframes + sim->o.groupgap)) / 1e5;
    sim->pedestal_dn = sim->miri ? sim->det->bias_dn : 0.0;
    sim->nreads = sim->o.nints * sim->o.ngroups * sim->o.nframes;
    const double bytes = 2.0 * (double)(sim->o.nints * sim->o.ngroups) * (double)(sim->nx * sim->ny);
    if (bytes > 4e11)
        return rp_fail(err, RP_E_ARGUMENT, "an exposure of %.0f GB is more than is worth simulating: use fewer groups",
                       bytes / 1e9);
    return RP_OK;
}

void rp_sim_clear(rp_sim *sim)
{
    free(sim->scene_e_s);
    free(sim->events);
    free(sim->row_events);
    free(sim->one_over_f_dn);
    free(sim->amplifier_dn);
    sim->scene_e_s = NULL;
    sim->events = NULL;
    sim->row_events = NULL;
    sim->one_over_f_dn = NULL;
    sim->amplifier_dn = NULL;
}
