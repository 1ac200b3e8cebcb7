/* Trials of kernels: small made-up exposures, launches on them, and a hash of what they wrote.  Private to the
 * self-test.  A trial's code is sticky: after a failure nothing more happens, and every buffer is NULL. */
#ifndef RP_HOST_COMPUTE_SELFTEST_TRIAL_H
#define RP_HOST_COMPUTE_SELFTEST_TRIAL_H

#include "host/compute/selftest.h"

/* The made-up exposure: neither side of the frame is a multiple of any number of lanes. */
enum {
    RP_TRIAL_NX = 37,
    RP_TRIAL_NY = 8,
    RP_TRIAL_NPIX = RP_TRIAL_NX * RP_TRIAL_NY,
    RP_TRIAL_STRIDE = 320,
    RP_TRIAL_NINTS = 2,
    RP_TRIAL_NGROUPS = 9,
    RP_TRIAL_NPLANES = RP_TRIAL_NINTS * RP_TRIAL_NGROUPS,
    RP_TRIAL_GUARD = 128, /* for stencils that reach two pixels */
    RP_TRIAL_GUARDED = RP_TRIAL_STRIDE + 2 * RP_TRIAL_GUARD,
    RP_TRIAL_BUFFERS = 40,
    RP_TRIAL_COUNTERS = 8
};

typedef struct rp_trial {
    rp_device *device;
    rp_queue *queue;
    rp_kernel kernel; /* the one under test */
    rp_buffer *buffer[RP_TRIAL_BUFFERS];
    size_t nbuffers;
    uint64_t random; /* state */
    uint64_t hash;
    rp_error *err;
    rp_code code;
} rp_trial;

/* Every kernel has its own random numbers. */
void rp_trial_start(rp_trial *t, rp_device *device, rp_queue *queue, rp_kernel kernel, rp_error *err);
/* Frees the buffers, so that a trial may go on with new ones. */
void rp_trial_clear(rp_trial *t);

/* A whole number below n. */
uint32_t rp_trial_below(rp_trial *t, uint32_t n);

/* ------------------------------------------------------------------ buffers, owned by the trial
 * What the host fills is pushed by the function that fills it. */
rp_buffer *rp_trial_zeros(rp_trial *t, size_t bytes);
/* Native values between two whole numbers, in steps of 1/256; `rare`: one in 29 is NaN. */
rp_buffer *rp_trial_f32(rp_trial *t, size_t n, int low, int high, bool rare);
rp_buffer *rp_trial_f64(rp_trial *t, size_t n, int low, int high);
/* The same as FITS words; `rare`: one in 29 is NaN, and as many are 0. */
rp_buffer *rp_trial_words(rp_trial *t, size_t n, int low, int high, bool rare);
/* Bytes, or words, of which one in `one_in` has one of the flags; FITS words have the offset of unsigned numbers. */
rp_buffer *rp_trial_flag_bytes(rp_trial *t, size_t n, uint32_t one_in, uint32_t flags);
rp_buffer *rp_trial_flag_words(rp_trial *t, size_t n, uint32_t one_in, uint32_t flags, bool fits);
/* Copies `bytes` from `data`. */
rp_buffer *rp_trial_copy(rp_trial *t, const void *data, size_t bytes);
/* Ramps in DN, [NINTS*NGROUPS][STRIDE]: some with jumps, some that saturate, some dark, some negative. */
rp_buffer *rp_trial_ramps(rp_trial *t);
/* Flags of such ramps: SATURATED from some group on, DO_NOT_USE and JUMP_DET here and there; most pixels have none. */
rp_buffer *rp_trial_groupdq(rp_trial *t);
rp_buffer *rp_trial_counters(rp_trial *t);

/* ------------------------------------------------------------------ launches and hashes */
/* On all pixels of the exposure; PIXEL kernels: with `nz` layers. */
void rp_trial_launch(rp_trial *t, rp_kernel kernel, const void *params, size_t params_bytes, size_t nz,
                     rp_buffer *const *buffers, size_t nbuffers);
#define RP_LAUNCH_LAYERS(t, kernel, params, nz, ...)                                                                   \
    rp_trial_launch(t, kernel, &(params), sizeof(params), nz, (rp_buffer *const[]){__VA_ARGS__},                       \
                    sizeof((rp_buffer *const[]){__VA_ARGS__}) / sizeof(rp_buffer *))
#define RP_LAUNCH(t, kernel, params, ...) RP_LAUNCH_LAYERS(t, kernel, params, 1, __VA_ARGS__)

void rp_trial_hash(rp_trial *t, rp_buffer *buffer);
/* Bytes [offset, offset + bytes) only. */
void rp_trial_hash_part(rp_trial *t, rp_buffer *buffer, size_t offset, size_t bytes);
/* The pixels of each plane; what lies between them and the next plane is not looked at. */
void rp_trial_hash_planes(rp_trial *t, rp_buffer *buffer, size_t element, size_t nplanes);
#define RP_HASH(t, ...)                                                                                                \
    rp_trial_hash_all(t, (rp_buffer *const[]){__VA_ARGS__},                                                            \
                      sizeof((rp_buffer *const[]){__VA_ARGS__}) / sizeof(rp_buffer *))
void rp_trial_hash_all(rp_trial *t, rp_buffer *const *buffers, size_t nbuffers);

/* ------------------------------------------------------------------ the trials
 * X(name): kernels with a trial, void rp_trial_of_<name>(rp_trial *t), in selftest_front.c (raw ramps to linear ones),
 * selftest_jump.c and selftest_fit.c.  Every kernel of kernels/kernels.def must be here. */
#define RP_TRIALS_FRONT(X)                                                                                             \
    X(load_u16) X(load_f32) X(store_f32) X(store_u32) X(usable_groups) X(restore_flags) X(scale_words) X(or_pixeldq)   \
    X(superbias) X(refpix) X(refpix_columns) X(refpix_miri) X(refpix_stray) X(apply_mask) X(flag_planes)               \
    X(group_scale) X(saturation_find) X(saturation_grow) X(saturation_mark) X(saturation_zero_find)                    \
    X(saturation_zero_clear) X(ipc_copy) X(ipc_convolve) X(firstframe) X(linearity) X(linearity_reads) X(rscd)         \
    X(subtract_ramp) X(dark_average) X(charge_find) X(charge_flag) X(picture_frame) X(flicker_sum)      \
    X(persistence)
#define RP_TRIALS_JUMP(X)                                                                                              \
    X(flag_no_gain) X(jump_find) X(jump_neighbours) X(jump_after) X(shower_statistics) X(shower_ratio) X(shower_marks)                 \
    X(shower_electrons)
#define RP_TRIALS_FIT(X)                                                                                               \
    X(ramp_ols_pixel) X(ramp_ols_median) X(ramp_ols_median_list) X(ramp_ols_fit) X(ramp_ols_fit_list)                  \
    X(ramp_ols_combine) X(ramp_ols_quick) X(ramp_ols_list) X(ramp_ols_segments) X(ramp_ols_variances)                  \
    X(ramp_ols_pedestal) X(ramp_likely_pixel) X(ramp_likely_fit) X(ramp_likely_combine) X(guider_cds) X(guider_flat)
#define RP_TRIALS(X) RP_TRIALS_FRONT(X) RP_TRIALS_JUMP(X) RP_TRIALS_FIT(X)

#define RP_DECLARE_TRIAL(name) void rp_trial_of_##name(rp_trial *t);
RP_TRIALS(RP_DECLARE_TRIAL)
#undef RP_DECLARE_TRIAL

#endif
