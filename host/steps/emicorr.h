/* Parts of the emicorr step; private to host/steps/emicorr*.c.
 *
 * MIRI's four outputs are read at the same time, so pixel (y, x) is read with sample k = x / 4 of its row.  Times are
 * counted in samples of 10 microseconds. */
#ifndef RP_HOST_STEPS_EMICORR_H
#define RP_HOST_STEPS_EMICORR_H

#include "host/compute/chain.h"

enum { RP_EMI_OUTPUTS = 4, RP_EMI_MAX_FREQUENCIES = 32 };

/* One frequency to be taken out. */
typedef struct rp_emi_frequency {
    char name[40];
    double hertz;
    size_t nwave;
    double *wave; /* one period of the reference's wave; NULL when there is none (on the fly) */
} rp_emi_frequency;

typedef struct rp_emi {
    bool joint;
    bool scale_reference, separate; /* fit_ints_separately */
    bool keep_wave;                 /* save_intermediate_results of waves made on the fly */
    bool resets_between;            /* a frame is reset between integrations (FASTR1, SLOWR1) */
    bool has_nints, has_cycles, has_nbins;
    int64_t nints_to_phase, ncycles, nbins;
    int64_t nsamples;
    int64_t rowclocks, frameclocks;
    int64_t colstop; /* samples to the end of the detector's row, as the reference counts them */
    size_t nfrequencies;
    rp_emi_frequency frequency[RP_EMI_MAX_FREQUENCIES];
} rp_emi;

static inline double rp_emi_period(const rp_emi_frequency *f)
{
    return (1.0 / f->hertz) / 10.0e-6;
}

/* Clocks of the subarray's frame and the frequencies to correct.  *found = false: nothing fits this exposure. */
rp_code rp_emi_read_reference(rp_emi *emi, const char *path, const char *subarray, const char *readpatt,
                              const char *detector, bool *found, rp_error *err);
/* The same without a file, for frequencies that the caller gives. */
rp_code rp_emi_on_the_fly(rp_emi *emi, const double *hertz, size_t n, const char *subarray, const char *readpatt,
                          bool *found, rp_error *err);
/* Writes the waves that were found on the fly as a reference file. */
rp_code rp_emi_write_reference(const rp_emi *emi, const rp_meta *meta, const char *path, rp_error *err);

/* Both take one frequency after the other out of the ramp. */
rp_code rp_emi_joint(rp_stage *stage, const rp_emi *emi, rp_frames *frames, int threads, rp_error *err);
rp_code rp_emi_sequential(rp_stage *stage, rp_emi *emi, rp_frames *frames, int threads, rp_error *err);

/* x less the whole number below it, which is what numpy's % 1 gives, rounding included. */
static inline double rp_emi_fraction(double x)
{
    double whole = (double)(int64_t)x;
    if (whole > x)
        whole -= 1.0;
    return x - whole;
}

/* A cubic spline through the points (i - 1/2) / n, i = 0 ... n + 1, of a wave of period 1. */
typedef struct rp_emi_wave rp_emi_wave;
rp_code rp_emi_wave_new(rp_emi_wave **out, const double *values, size_t n, rp_error *err);
void rp_emi_wave_free(rp_emi_wave *wave);
double rp_emi_wave_at(const rp_emi_wave *wave, double phase); /* 0 <= phase <= 1 */

#endif
