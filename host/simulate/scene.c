/* The sky: a smooth background and stars, in electrons per second and pixel. */
#include <math.h>
#include <stdlib.h>

#include "host/simulate/internal.h"

enum { PSF_RADIUS_MIN = 8, PSF_RADIUS_MAX = 40 };

/* Moffat profile with beta 2.5, sampled at the pixel centres and normalised over the plane. */
static void add_star(rp_sim *sim, double x, double y, double flux_e_s)
{
    const double alpha = 0.5 * sim->o.fwhm_px / sqrt(0.31950791077289), a2 = alpha * alpha; /* 2^(1/2.5) - 1 */
    const double peak = flux_e_s * 1.5 / (M_PI * a2);
    int radius = PSF_RADIUS_MIN;
    while (radius < PSF_RADIUS_MAX && peak * pow(1.0 + radius * radius / a2, -2.5) > 0.05)
        radius += 4;
    const int64_t cx = (int64_t)floor(x + 0.5), cy = (int64_t)floor(y + 0.5);
    for (int64_t py = cy - radius; py <= cy + radius; py++) {
        if (py < 0 || py >= sim->ny)
            continue;
        for (int64_t px = cx - radius; px <= cx + radius; px++) {
            if (px < 0 || px >= sim->nx)
                continue;
            const double dx = (double)px - x, dy = (double)py - y;
            const double q = 1.0 + (dx * dx + dy * dy) / a2;
            sim->scene_e_s[py * sim->nx + px] += (float)(peak / (q * q * sqrt(q)));
        }
    }
}

static void add_background(rp_sim *sim)
{
    const double level = sim->o.background_e_s;
    for (int64_t y = 0; y < sim->ny; y++) {
        const double v = (double)y / (double)sim->ny;
        for (int64_t x = 0; x < sim->nx; x++) {
            const double u = (double)x / (double)sim->nx;
            const double shade = 1.0 + 0.05 * sin(3.1 * u + 0.7) * cos(2.3 * v - 0.4) + 0.03 * (u - v);
            sim->scene_e_s[y * sim->nx + x] = (float)(level * shade);
        }
    }
}

rp_code rp_sim_make_scene(rp_sim *sim, rp_error *err)
{
    sim->scene_e_s = calloc((size_t)sim->ny * (size_t)sim->nx, sizeof *sim->scene_e_s);
    if (!sim->scene_e_s)
        return rp_fail(err, RP_E_MEMORY, "no memory for a scene of %lld x %lld pixels", (long long)sim->nx,
                       (long long)sim->ny);
    add_background(sim);
    rp_random r = rp_random_stream(sim->o.seed, RP_SIM_STARS, 0, 0);
    const double area = (double)sim->nx * (double)sim->ny / (2048.0 * 2048.0);
    const int64_t nstars = (int64_t)llround(sim->o.stars * area);
    for (int64_t k = 0; k < nstars; k++) {
        const double x = rp_random_between(&r, -0.5, (double)sim->nx - 0.5);
        const double y = rp_random_between(&r, -0.5, (double)sim->ny - 0.5);
        const double flux = sim->o.star_min_e_s * pow(rp_random_uniform(&r), -1.0 / 0.8);
        add_star(sim, x, y, fmin(flux, sim->o.star_max_e_s));
    }
    for (int64_t y = 0; y < sim->ny; y++)
        for (int64_t x = 0; x < sim->nx; x++)
            if (rp_sim_is_reference(sim, y, x))
                sim->scene_e_s[y * sim->nx + x] = 0.0f;
    return RP_OK;
}
