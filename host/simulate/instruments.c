/* Facts about the detectors, read patterns and subarrays that the simulator knows.
 * Focal-plane values: the SIAF of the project reference database; timing patterns: the observatory's handbook. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "host/simulate/internal.h"

#define SHORT_WAVE(module, name, fast, slow, sca, v2, v3, yang, xs, ys)                                            \
    {                                                                                                              \
        "NIRCAM", name, "SHORT", module, "F150W", "CLEAR", NULL, "NRC_IMAGE", fast, slow, sca, 2048, 2048, v2, v3, \
            yang, xs, ys, 1.82, 16.0, 12000.0, 58000.0, 0.003, 1.2                                                 \
    }
#define LONG_WAVE(module, name, fast, slow, sca, v2, v3, yang, xs, ys)                                            \
    {                                                                                                             \
        "NIRCAM", name, "LONG", module, "F277W", "CLEAR", NULL, "NRC_IMAGE", fast, slow, sca, 2048, 2048, v2, v3, \
            yang, xs, ys, 1.82, 14.0, 11000.0, 57000.0, 0.01, 2.0                                                 \
    }

static const rp_sim_detector detectors[] = {
    SHORT_WAVE("B", "NRCB1", 1, -2, 486, -122.636754, -457.771697, 0.28424495, 0.03069873, 0.03079369),
    SHORT_WAVE("B", "NRCB2", -1, 2, 487, -122.873335, -525.486255, 0.81935905, 0.03110534, 0.03128743),
    SHORT_WAVE("B", "NRCB3", 1, -2, 488, -54.829507, -457.752694, -0.4886682, 0.03082913, 0.03091715),
    SHORT_WAVE("B", "NRCB4", -1, 2, 489, -54.586077, -525.676157, -0.36941911, 0.03123865, 0.03141572),
    LONG_WAVE("B", "NRCBLONG", 1, -2, 490, -89.482996, -491.49366, -0.00022291, 0.06285331, 0.06315079),
    SHORT_WAVE("A", "NRCA1", -1, 2, 481, 120.521931, -527.681271, -0.57873665, 0.03113342, 0.03132005),
    SHORT_WAVE("A", "NRCA2", 1, -2, 482, 119.668749, -459.968346, -0.21514994, 0.03072809, 0.03082838),
    SHORT_WAVE("A", "NRCA3", -1, 2, 483, 51.905905, -528.126746, 0.26908435, 0.03127658, 0.03145303),
    SHORT_WAVE("A", "NRCA4", 1, -2, 484, 52.29502, -460.09983, 0.07724494, 0.03086634, 0.03095488),
    LONG_WAVE("A", "NRCALONG", -1, 2, 485, 85.87763, -493.586939, -0.07436148, 0.06275556, 0.06306145),
    {"MIRI",     "MIRIMAGE", NULL, NULL, "F770W", NULL,       NULL,        "MIR_IMAGE",
     1,          2,          493,  1032, 1024,    -453.37849, -373.810549, 4.83544897,
     0.11049812, 0.11133593, 3.1,  20.0, 9000.0,  56000.0,    0.1,         40.0},
    {"NIRISS", "NIS",    NULL,     NULL,       "CLEAR",    "F150W",    NULL, "NIS_IMAGE", -2,      -1,      496,  2048,
     2048,     -291.157, -698.102, 0.56126717, 0.06532494, 0.06581494, 1.62, 17.0,        10500.0, 57000.0, 0.01, 1.5},
    {"NIRSPEC",  "NRS1",    NULL,  NULL, "F110W", NULL,      "MIRROR",    "NRS_IMAGE",
     2,          1,         491,   2048, 2048,    293.27474, -503.305637, 139.2223265,
     0.10331199, 0.1053755, 0.996, 9.0,  3500.0,  58000.0,   0.01,        1.0},
    {"NIRSPEC",  "NRS2",     NULL,  NULL, "F110W", NULL,       "MIRROR",   "NRS_IMAGE",
     -2,         -1,         492,   2048, 2048,    462.630504, -353.84829, 137.79150013,
     0.10335863, 0.10542292, 1.137, 9.5,  4000.0,  58000.0,    0.01,       1.0},
    {"FGS", "GUIDER1", NULL,     NULL,        NULL,       NULL,       NULL, "FGS_IMAGE", -2,      -1,      497,  2048,
     2048,  206.407,   -697.765, -1.24120427, 0.06839158, 0.06993081, 2.06, 19.0,        13000.0, 60000.0, 0.02, 1.5},
    {"FGS", "GUIDER2", NULL,     NULL,      NULL,       NULL,       NULL, "FGS_IMAGE", 2,       -1,      498,  2048,
     2048,  22.835,    -699.423, 0.2914828, 0.06787747, 0.06976441, 1.97, 17.0,        13000.0, 60000.0, 0.02, 1.5},
};

/* The first of an instrument is its default. */
static const rp_sim_readout readouts[] = {
    {"NIRCAM", "RAPID", 1, 0},     {"NIRCAM", "BRIGHT1", 1, 1},  {"NIRCAM", "BRIGHT2", 2, 0},
    {"NIRCAM", "SHALLOW2", 2, 3},  {"NIRCAM", "SHALLOW4", 4, 1}, {"NIRCAM", "MEDIUM2", 2, 8},
    {"NIRCAM", "MEDIUM8", 8, 2},   {"NIRCAM", "DEEP2", 2, 18},   {"NIRCAM", "DEEP8", 8, 12},
    {"MIRI", "FASTR1", 1, 0},      {"NIRISS", "NISRAPID", 1, 0}, {"NIRISS", "NIS", 4, 0},
    {"NIRSPEC", "NRSRAPID", 1, 0}, {"NIRSPEC", "NRS", 4, 0},     {"FGS", "FGSRAPID", 1, 0},
    {"FGS", "FGS", 4, 0},
};

static const rp_sim_geometry geometries[] = {
    {"NIRCAM", "SUB160", 160, 160, 0, 0},        {"NIRCAM", "SUB320", 320, 320, 0, 0},
    {"NIRCAM", "SUB640", 640, 640, 0, 0},        {"MIRI", "SUB64", 72, 64, 1, 779},
    {"MIRI", "SUB128", 136, 128, 1, 889},        {"MIRI", "SUB256", 256, 256, 413, 51},
    {"NIRISS", "SUB64", 64, 64, 0, 0},           {"NIRISS", "SUB80", 80, 80, 0, 0},
    {"NIRISS", "SUB128", 128, 128, 0, 0},        {"NIRISS", "SUB256", 256, 256, 0, 0},
    {"NIRISS", "SUBSTRIP96", 2048, 96, 1, 1803}, {"NIRISS", "SUBSTRIP256", 2048, 256, 1, 1793},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

const rp_sim_detector *rp_sim_find_detector(const char *instrument, const char *name, rp_error *err)
{
    bool known = false;
    for (size_t k = 0; k < COUNT(detectors); k++) {
        if (strcasecmp(detectors[k].instrument, instrument) != 0)
            continue;
        known = true;
        if (!name || strcasecmp(detectors[k].name, name) == 0)
            return &detectors[k];
    }
    if (!known)
        (void)rp_fail(err, RP_E_ARGUMENT, "unknown instrument '%s': use nircam, miri, niriss, nirspec or fgs",
                      instrument);
    else {
        char list[256] = "";
        for (size_t k = 0; k < COUNT(detectors); k++)
            if (strcasecmp(detectors[k].instrument, instrument) == 0)
                (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "",
                               detectors[k].name);
        (void)rp_fail(err, RP_E_ARGUMENT, "%s has no detector '%s' that can be simulated: use %s", instrument, name,
                      list);
    }
    return NULL;
}

const rp_sim_readout *rp_sim_find_readout(const char *instrument, const char *name, rp_error *err)
{
    char list[256] = "";
    for (size_t k = 0; k < COUNT(readouts); k++) {
        if (strcasecmp(readouts[k].instrument, instrument) != 0)
            continue;
        if (!name || strcasecmp(readouts[k].name, name) == 0)
            return &readouts[k];
        (void)snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", *list ? ", " : "", readouts[k].name);
    }
    (void)rp_fail(err, RP_E_ARGUMENT, "read pattern '%s' of %s cannot be simulated: use %s", name ? name : "",
                  instrument, list);
    return NULL;
}

const rp_sim_geometry *rp_sim_find_geometry(const char *instrument, const char *name, int64_t nx, int64_t ny)
{
    for (size_t k = 0; k < COUNT(geometries); k++) {
        const rp_sim_geometry *g = &geometries[k];
        if (strcasecmp(g->instrument, instrument) != 0)
            continue;
        if (name ? strcasecmp(g->name, name) == 0 : g->nx == nx && g->ny == ny)
            return g;
    }
    return NULL;
}
