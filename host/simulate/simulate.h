/* The exposure simulator: raw ramps as the observatory sends them, the reference files that calibrate them, and the
 * truth.
 *
 * Physics is the inverse of the calibration; what is modelled and what is not: docs/simulator.md.
 * The same options give the same bytes, whatever the number of threads. */
#ifndef RP_HOST_SIMULATE_SIMULATE_H
#define RP_HOST_SIMULATE_SIMULATE_H

#include <stdbool.h>
#include <stdint.h>

#include "rampart/log.h"
#include "rampart/status.h"

/* Start from rp_sim_defaults(); text fields are borrowed and must outlive the call of rp_simulate. */
typedef struct rp_sim_options {
    const char *instrument; /* "nircam", "miri", "niriss", "nirspec", "fgs" */
    const char *detector;   /* NULL: the instrument's first */
    const char *readpatt;   /* NULL: the instrument's rapid pattern */
    const char *subarray;   /* named geometry, or NULL: from nx, ny */
    int64_t nx, ny;         /* 0: full frame */
    int64_t x0, y0;         /* SUBSTRT1/2, from 1; 0: the named geometry's, else 1 */
    int64_t nints, ngroups;
    int64_t nframes, groupgap; /* -1: of the read pattern */
    double frame_time_s;       /* 0: what the readout of so many pixels takes */
    int64_t exposures;         /* that share one set of reference files */
    uint64_t seed;
    int program, observation, visit;
    double background_e_s;             /* sky per pixel; negative: the instrument's */
    double stars;                      /* per 2048 x 2048 pixels */
    double star_min_e_s, star_max_e_s; /* whole star; number above F goes as F^-0.8 */
    double fwhm_px;                    /* of the Moffat point-spread function, beta 2.5 */
    double cosmic_rays;                /* hits per pixel and second */
    double snowballs;       /* per exposure, rounded; negative: 2 on 2048 x 2048 pixels, fewer on smaller frames */
    double one_over_f_dn;   /* rms of the line-to-line drift; negative: 1.2 */
    double amplifier_dn;    /* rms of the read-to-read drift of an output; negative: 6 where reference pixels can
                             * take it out again, else 0 */
    double odd_even_dn;     /* fixed difference between even and odd lines, +- */
    double bad_pixels;      /* fraction of dead, and of hot pixels */
    bool zeroframe;         /* ZEROFRAME extension */
    bool references, truth; /* write these files */
    int threads;            /* 0: all cores */
} rp_sim_options;

rp_sim_options rp_sim_defaults(void);

enum { RP_SIM_PATH = 1024 };

/* What was made.  uncal: of the last exposure. */
typedef struct rp_sim_result {
    char uncal[RP_SIM_PATH];
    char truth[RP_SIM_PATH];
    int64_t files;
    int64_t bytes;
    int64_t cosmic_rays, snowballs; /* events placed, all exposures */
} rp_sim_result;

/* Writes into `dir` (made if absent).  log and result may be NULL. */
rp_code rp_simulate(const rp_sim_options *options, const char *dir, const rp_log *log, rp_sim_result *result,
                    rp_error *err);

#endif
