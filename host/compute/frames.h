/* A ramp at rest: scratch storage of a whole exposure's planes, between two runs of the engine.
 *
 * Steps that work on frames (clean_flicker_noise, emicorr) cannot see them in strips.  The pipeline runs the engine up
 * to such a step and lets it write its ramp here, lets the step work on frames, and runs the engine from here on.
 * Planes rest in memory while small, else in an unlinked file, so that memory does not grow with the exposure. */
#ifndef RP_HOST_COMPUTE_FRAMES_H
#define RP_HOST_COMPUTE_FRAMES_H

#include "rampart/device.h"
#include "rampart/plane.h"

typedef enum rp_frames_kind {
    RP_FRAMES_SCI,          /* RP_F32 [nints*ngroups] */
    RP_FRAMES_GROUPDQ,      /* RP_U8  [nints*ngroups] */
    RP_FRAMES_PIXELDQ,      /* RP_U32 [1] */
    RP_FRAMES_ZEROFRAME,    /* RP_F32 [nints] */
    RP_FRAMES_DARK_CURRENT, /* RP_F32 [1] */
    RP_FRAMES_KINDS
} rp_frames_kind;

typedef struct rp_frames_shape {
    int64_t nints, ngroups, ny, nx;
    bool has_zeroframe, has_dark_current;
} rp_frames_shape;

typedef struct rp_frames rp_frames;

/* All zero.  `memory_bytes`: what may rest in memory; scratch_dir NULL: TMPDIR or /tmp. */
rp_code rp_frames_new(rp_frames **out, const rp_frames_shape *shape, size_t memory_bytes, const char *scratch_dir,
                      rp_error *err);
void rp_frames_free(rp_frames *frames); /* NULL is fine */
const rp_frames_shape *rp_frames_shape_of(const rp_frames *frames);

/* Native values of a rectangle of one plane, rows packed.  Thread-safe for rectangles that do not overlap. */
rp_code rp_frames_read(const rp_frames *frames, rp_frames_kind kind, int64_t plane, rp_rect rect, void *dst,
                       rp_error *err);
rp_code rp_frames_write(rp_frames *frames, rp_frames_kind kind, int64_t plane, rp_rect rect, const void *src,
                        rp_error *err);

/* For the engine: FITS elements.  NULL when there are no such planes.  The sink is owned by the frames; a source is
 * the caller's, to be closed before them. */
const rp_sink *rp_frames_sink(const rp_frames *frames, rp_frames_kind kind);
rp_code rp_frames_source(const rp_frames *frames, rp_frames_kind kind, rp_source **out, rp_error *err);

/* A thread of a loop over planes failed with `error`: leaves it in what the threads share.  Others may look at *result
 * with `omp atomic read`; err may be NULL. */
void rp_frames_note_failure(rp_code *result, rp_error *err, rp_code code, const rp_error *error);

#endif
