/* What the simulator's files share: the resolved exposure, rows of detector properties, events and noise. */
#ifndef RP_HOST_SIMULATE_INTERNAL_H
#define RP_HOST_SIMULATE_INTERNAL_H

#include <stddef.h>

#include "host/simulate/random.h"
#include "host/simulate/simulate.h"
#include "rampart/plane.h"

/* Purposes of random streams: each draw of the simulator has its own, so that options do not disturb each other. */
typedef enum rp_sim_stream {
    RP_SIM_GAIN = 1,
    RP_SIM_READ_NOISE,
    RP_SIM_BIAS,
    RP_SIM_WELL,
    RP_SIM_LINEARITY,
    RP_SIM_DARK,
    RP_SIM_DEFECTS,
    RP_SIM_STARS,
    RP_SIM_COSMIC_RAYS,
    RP_SIM_SNOWBALLS,
    RP_SIM_KTC,
    RP_SIM_PHOTONS,
    RP_SIM_READS,
    RP_SIM_ONE_OVER_F,
    RP_SIM_AMPLIFIERS,
    RP_SIM_REFERENCE_OUTPUT
} rp_sim_stream;

/* Typical values of a detector and its place in the focal plane. */
typedef struct rp_sim_detector {
    const char *instrument, *name, *channel, *module;
    const char *filter, *pupil, *grating, *exp_type;
    int fast_axis, slow_axis, sca;
    int nx, ny;
    double v2_ref, v3_ref, v3i_yang, x_scale, y_scale;  /* arcsec, deg, arcsec per pixel */
    double gain, read_noise_dn, bias_dn, saturation_dn; /* e/DN; read noise of a difference of two reads */
    double dark_e_s, background_e_s;
} rp_sim_detector;

typedef struct rp_sim_readout {
    const char *instrument, *name;
    int nframes, groupgap;
} rp_sim_readout;

typedef struct rp_sim_geometry {
    const char *instrument, *name;
    int nx, ny, x0, y0; /* x0 0: anywhere */
} rp_sim_geometry;

const rp_sim_detector *rp_sim_find_detector(const char *instrument, const char *name, rp_error *err);
/* NULL name: the instrument's first. */
const rp_sim_readout *rp_sim_find_readout(const char *instrument, const char *name, rp_error *err);
/* By name when it is not NULL, else by size; NULL when there is none. */
const rp_sim_geometry *rp_sim_find_geometry(const char *instrument, const char *name, int64_t nx, int64_t ny);

/* Charge that arrives at one pixel before one read. */
typedef struct rp_sim_event {
    int32_t x, y;
    int64_t read; /* (integration * ngroups + group) * nframes + frame */
    float electrons;
    uint8_t kind; /* RP_SIM_IS_COSMIC_RAY, RP_SIM_IS_SNOWBALL */
} rp_sim_event;

/* Bits of the truth file's EVENTS plane. */
enum { RP_SIM_IS_COSMIC_RAY = 1, RP_SIM_IS_SNOWBALL = 2 };

typedef struct rp_sim {
    rp_sim_options o; /* resolved: no -1, 0 or NULL left where a default exists */
    const rp_sim_detector *det;
    char instrument[16]; /* upper case */
    char subarray[32];
    bool miri, fast_is_x, has_reference_pixels;
    int64_t nx, ny, nreads; /* nreads: of the exposure */
    int noutputs;
    double frame_time_s, group_time_s;
    double pedestal_dn; /* about which MIRI's linearity polynomial is drawn; 0: the superbias is subtracted before */
    int64_t number;     /* EXPOSURE, from 1 */
    /* owned */
    float *scene_e_s;     /* [ny][nx] */
    rp_sim_event *events; /* sorted by y, read, x */
    size_t *row_events;   /* [ny + 1] first event of each row */
    float *one_over_f_dn; /* [nreads][lines along the slow axis] */
    float *amplifier_dn;  /* [nreads][noutputs][2] by parity of the line */
    int64_t ncosmic_rays, nsnowballs;
} rp_sim;

/* Detector properties of one row, nx elements each. */
typedef struct rp_sim_row {
    float *block; /* one allocation */
    float *gain, *read_noise_dn, *bias_dn, *saturation_dn, *dark_dn_s, *response;
    float *a2, *a3, *a4; /* linearised = u + a2 u^2 + a3 u^3 + a4 u^4, u above the pedestal */
    float *well_dn;      /* u at which the pixel takes no more charge */
    uint32_t *mask_dq, *saturation_dq, *linearity_dq, *bias_dq, *dark_dq;
    uint8_t *is_reference;
} rp_sim_row;

rp_code rp_sim_resolve(rp_sim *sim, const rp_sim_options *options, rp_error *err);
void rp_sim_clear(rp_sim *sim);

rp_code rp_sim_make_scene(rp_sim *sim, rp_error *err);
rp_code rp_sim_make_events(rp_sim *sim, rp_error *err);
rp_code rp_sim_make_noise(rp_sim *sim, rp_error *err);

bool rp_sim_is_reference(const rp_sim *sim, int64_t y, int64_t x);

rp_code rp_sim_row_new(rp_sim_row *row, const rp_sim *sim, rp_error *err);
void rp_sim_row_free(rp_sim_row *row);
/* Depends on the options and y alone: every exposure meets the same detector. */
void rp_sim_row_fill(rp_sim_row *row, const rp_sim *sim, int64_t y);

/* MIRI's additive reset anomaly in DN of group g (0 beyond its table) and integration i. */
enum { RP_SIM_RESET_GROUPS = 5, RP_SIM_RESET_INTS = 2 };
double rp_sim_reset_dn(const rp_sim *sim, int64_t i, int64_t g);

/* Reads of one row.  Arrays are [plane][nx] with the plane stride given: raw [nints*ngroups], zeroframe [nints] or
 * NULL, events [nints*ngroups], saturated_group [nints] (from 1; 0: never). */
typedef struct rp_sim_output_row {
    uint16_t *raw, *zeroframe;
    uint8_t *events;
    int16_t *saturated_group;
    size_t stride;
} rp_sim_output_row;

/* Scratch of one thread for rp_sim_ramp_row. */
typedef struct rp_sim_scratch {
    void *block;
    rp_poisson *first, *later; /* arrivals in one frame; in the frames since the previous group */
    double *electrons;
    float *level_dn, *sum_dn, *linear_well_dn;
} rp_sim_scratch;

rp_code rp_sim_scratch_new(rp_sim_scratch *scratch, const rp_sim *sim, rp_error *err);
void rp_sim_scratch_free(rp_sim_scratch *scratch);
void rp_sim_ramp_row(const rp_sim *sim, int64_t y, const rp_sim_row *row, rp_sim_scratch *scratch,
                     const rp_sim_output_row *out);

/* The truth: DN/s of sky and stars (no dark current) that the calibrated rate should show. */
static inline double rp_sim_true_rate(const rp_sim *sim, const rp_sim_row *row, int64_t y, int64_t x)
{
    return (double)sim->scene_e_s[y * sim->nx + x] * (double)row->response[x] / (double)row->gain[x];
}

#endif
