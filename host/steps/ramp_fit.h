/* ramp_fit, inside: what setup finds out, and the two algorithms. */
#ifndef RP_HOST_STEPS_RAMP_FIT_H
#define RP_HOST_STEPS_RAMP_FIT_H

#include "host/steps/ramp_reference.h"

typedef struct rp_ramp_fit {
    bool is_likely;
    bool save_opt;
    bool suppress_one_group;
    bool is_miri;
    bool is_cut; /* firstgroup or lastgroup leave groups out */
    int64_t first_group, last_group; /* inclusive; groups outside count as DO_NOT_USE */
    int64_t nframes, groupgap, dropframes;
    double group_time_s, frame_time_s;
    /* As the reference's fitter reads them.  Kept as float: GCC 12 drops a double's way to float and back where it
     * vectorises two of them. */
    float group_time_f32_s, frame_time_f32_s;
    rp_source *gain, *readnoise;
    float *weights; /* OLS_C, see kernels/ramp_ols.h */
    size_t nweights;
    double *filters;
    size_t nfilters;
    double *covariance; /* LIKELY, see kernels/ramp_likely.h */
    size_t ncovariance;
} rp_ramp_fit;

/* Groups that the fit sees: for MIRI without those at the ends that no pixel of any integration can use. */
typedef struct rp_fit_range {
    int64_t first, count;
} rp_fit_range;
rp_fit_range rp_ramp_fit_range(const rp_stage *stage);

/* setup: tables that last for the run */
rp_code rp_ramp_fit_ols_tables(rp_stage *stage, rp_error *err);
rp_code rp_ramp_fit_likely_tables(rp_stage *stage, rp_error *err);

/* block */
rp_code rp_ramp_fit_ols_block(rp_stage *stage, rp_block *block, rp_error *err);
rp_code rp_ramp_fit_likely_block(rp_stage *stage, rp_block *block, rp_error *err);

/* Buffers of a block's results in the order sci, err, var_poisson, var_rnoise, dq. */
enum { RP_FIT_SCI, RP_FIT_ERR, RP_FIT_VAR_P, RP_FIT_VAR_R, RP_FIT_DQ, RP_FIT_PLANES };
void rp_ramp_fit_outputs(const rp_fit_planes *planes, rp_buffer *out[RP_FIT_PLANES]);

#endif
