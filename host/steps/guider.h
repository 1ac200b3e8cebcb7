/* Steps of guide-star exposures, on whole exposures in memory: they are small.  Algorithms: docs/algorithms/guider.md.
 */
#ifndef RP_HOST_STEPS_GUIDER_H
#define RP_HOST_STEPS_GUIDER_H

#include "rampart/device.h"
#include "rampart/reference.h"

/* An exposure under calibration.  Planes of `stride` elements, native values; owned by whoever filled it. */
typedef struct rp_guider_frames {
    rp_device *device;
    rp_queue *queue;
    int64_t nints, ngroups, ny, nx; /* rates: ngroups is 1 */
    size_t stride;                  /* ny*nx rounded up to a multiple of 64 */
    bool is_rate;                   /* count rates; else reads */
    rp_buffer *sci;                 /* float [nints*ngroups][stride], DN or DN/s */
    rp_buffer *err;                 /* float, as sci */
    rp_buffer *dq;                  /* uint32 [stride] */
    rp_buffer *var_flat;            /* float, as sci, (DN/s)^2; NULL before flat_field */
} rp_guider_frames;

/* Who asks: for log lines. */
typedef struct rp_guider_caller {
    const rp_log *log;
    const char *log_name;
} rp_guider_caller;

/* Reads become count rates; BUNIT of `meta` follows.  References of another size than a stacked image (FGS_ID-STACK)
 * are replaced by their mean. */
rp_code rp_guider_count_rates(rp_guider_frames *frames, rp_meta *meta, rp_reference *gain, rp_reference *read_noise,
                              const rp_guider_caller *caller, rp_error *err);

/* Divides rates by the flat, or multiplies (`inverse`).  *applied is false when the flat is smaller than the frames. */
rp_code rp_guider_flat_field(rp_guider_frames *frames, rp_reference *flat, bool inverse, bool *applied,
                             const rp_guider_caller *caller, rp_error *err);

/* A new buffer of n elements of 4 bytes, all zero, on the host's side. */
rp_code rp_guider_buffer(rp_buffer **out, const rp_guider_frames *frames, size_t n, rp_error *err);

/* A float plane of a reference, cut to the frames, as a native buffer.  Missing plane: *out is zero and RP_OK. */
rp_code rp_guider_plane(rp_buffer **out, const rp_guider_frames *frames, rp_reference *reference, const char *extname,
                        rp_error *err);

/* The DQ plane of a reference likewise. */
rp_code rp_guider_dq_plane(rp_buffer **out, const rp_guider_frames *frames, rp_reference *reference, rp_error *err);

#endif
