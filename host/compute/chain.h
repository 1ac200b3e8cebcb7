/* The strip engine: an exposure on its way through a chain of steps, block by block.
 *
 * A block is a rectangle of the frame with all integrations and groups of its pixels, small enough to stay in cache
 * (host) or large enough to feed the device.  For every block the engine loads the raw elements, lets each stage of
 * the chain enqueue its kernels in order, and writes what is wanted as products.  Blocks are independent: several
 * workers, each with its own queue and buffers, work at once, and no result depends on the size of a block.
 *
 * What a stage reads beyond its own pixel is declared as `halo`; the engine makes the block that much larger, so the
 * rim becomes wrong step by step while the core stays right.  Outside the detector there is nothing: a stencil
 * treats pixels outside the rectangle as absent (at the rim of the frame that is right, elsewhere it falls in the halo).
 *
 * What a stage must know of the whole frame before its first block it asks for in windows (refpix), and gets the
 * pixels of these windows as they are at its input; data flow one way: metadata first (setup), then windows
 * (prepare), then blocks, then flags of large events, then results (finish). */
#ifndef RP_HOST_COMPUTE_CHAIN_H
#define RP_HOST_COMPUTE_CHAIN_H

#include "host/compute/frames.h"
#include "rampart/device.h"
#include "rampart/params.h"
#include "rampart/product.h"
#include "rampart/reference.h"
#include "rampart/step.h"

typedef struct rp_run rp_run;
typedef struct rp_stage rp_stage;
typedef struct rp_block rp_block;

/* ------------------------------------------------------------------ the run */
struct rp_run {
    rp_exposure *exposure;
    rp_meta *meta; /* metadata as the stages so far have left it */
    rp_device *device;
    const rp_log *log;
    int64_t nints, ngroups, ny, nx;
    bool has_zeroframe;         /* a stage may clear it in setup (zero frame not used) */
    bool has_dark_current;      /* dark_current's setup sets it when the average dark plane is to be kept (AVDRKCUR) */
    bool has_charge_loss;       /* charge_migration's setup sets it: ramp_fit then recomputes the read-noise variance */
    bool drops_single_groups;   /* ramp_fit's setup sets it: a ramp with one good group does not make its groups usable */
    bool no_product;            /* a stage's finish sets it: the reference leaves no rate product for such data */
    const char *scratch_dir;    /* for scratch files; NULL: TMPDIR or /tmp */
    double gain_factor;         /* GAINFACT to be applied by gain_scale in the same pass; 1 when there is none */
    /* Groups whose pixels are all DO_NOT_USE, [nints*ngroups], at the input of jump and of ramp_fit.  An assumption
     * while the blocks run (setup of lastframe, firstframe, rscd ... enters what it knows; everything else is taken as
     * usable); the engine verifies it and repeats the pass if it was wrong. */
    uint8_t *unusable_at_jump;
    uint8_t *unusable_at_fit;
    void *engine; /* private */
};

/* The reference of `type` for this stage: *out = NULL when it is N/A.  Opened once per run, owned by the run. */
rp_code rp_run_reference(rp_run *run, const rp_stage *stage, const char *type, rp_reference **out, rp_error *err);

/* The same for files that are no FITS: *path = NULL when it is N/A.  Caller frees. */
rp_code rp_run_reference_path(rp_run *run, const rp_stage *stage, const char *type, char **path, rp_error *err);

/* The path of a file that the stage writes beside the products.  Caller frees. */
rp_code rp_run_side_path(rp_run *run, const rp_stage *stage, const char *suffix, const char *extension, char **path,
                         rp_error *err);

/* A further product of the stage, named after the data as they are before it; filled by the stage through its sinks and
 * committed with all others.  Dropped when the stage finds that it has failed. */
rp_code rp_run_side_product(rp_run *run, const rp_stage *stage, const char *suffix, rp_model model, const rp_meta *meta,
                            const rp_plane_spec *planes, size_t nplanes, rp_product **out, rp_error *err);
void rp_run_drop_side_products(rp_run *run, const rp_stage *stage);

/* A draft of the count rate, for steps that must know what is bright: ramp_fit with its defaults on a ramp at rest.
 * sci, dq: [1 or nints][ny][nx], native.  *meta (may be NULL): as the draft's product would have it; caller frees. */
rp_code rp_run_draft_rate(rp_run *run, const rp_stage *stage, const rp_frames *frames, bool per_integration, float *sci,
                          uint32_t *dq, rp_meta **meta, rp_error *err);

/* ------------------------------------------------------------------ a stage */
enum { RP_MAX_WINDOWS = 8 };

struct rp_stage {
    const rp_step *step;
    const rp_values *values;
    rp_run *run;
    rp_meta *before; /* of a stage that works on frames: metadata as they were before its setup */
    void *state;  /* the step's own; freed by ops->clear */
    bool skip;    /* set by setup: the stage leaves pixels alone; the engine writes SKIPPED under status_key */
    bool says_skipped; /* set by setup: runs, but its keyword says SKIPPED (a dark that gives its average only) */
    bool says_failed;  /* set by setup with `skip`: its keyword says FAILED and the run goes on */
    int halo;     /* set by setup: reads pixels up to so many away, in y and x */
    char log_name[96];
    /* set by setup: windows whose pixels `prepare` needs */
    int nwindows;
    rp_rect window[RP_MAX_WINDOWS];
};

/* Pixels of one window as they are at the stage's input, on the host; valid during `prepare` only.
 * data [nints][ngroups][ny][nx] float32, groupdq the same shape, pixeldq [ny][nx], zeroframe [nints][ny][nx] or NULL. */
typedef struct rp_window {
    rp_rect rect;
    const float *data;
    const uint8_t *groupdq;
    const uint32_t *pixeldq;
    const float *zeroframe;
} rp_window;

/* Flags of one integration over the whole frame, as bit planes: bit x%64 of word [g][y*words_per_row + x/64]. */
typedef struct rp_frame_flags {
    int64_t ngroups, ny, nx;
    size_t words_per_row;
    uint64_t **saturated; /* [ngroups] planes */
    uint64_t **jump;
    uint64_t **assigned; /* zero at first; set where a group becomes SATURATED and loses all other flags */
} rp_frame_flags;

struct rp_step_ops {
    /* Once, before any pixel: read parameters and references, decide `skip`, set keywords of run->meta, allocate state.
     * Keywords whose value depends on pixels are set (to 0) here too, so that headers have room, and again in finish. */
    rp_code (*setup)(rp_stage *stage, rp_error *err);
    /* After the windows were computed; NULL when no windows are declared. */
    rp_code (*prepare)(rp_stage *stage, const rp_window *windows, rp_error *err);
    /* A stage with this works on frames: called once, with the ramp at its input, when all stages before it are done for
     * all pixels, and before its own `block`.  It may change planes in place.  `threads`: as many may work at once. */
    rp_code (*frames)(rp_stage *stage, rp_frames *frames, int threads, rp_error *err);
    /* Enqueues the stage's kernels on one block.  Called from several threads at once: state is read-only here.
     * NULL: nothing is left to do (only with `frames`). */
    rp_code (*block)(rp_stage *stage, rp_block *block, rp_error *err);
    /* Instead of `block` in a second pass, when the final group flags are in place: what the stage leaves besides them.
     * NULL: nothing. */
    rp_code (*replay)(rp_stage *stage, rp_block *block, rp_error *err);
    /* After the blocks: true when the stage has learnt something of the frame that its blocks must be run again with. */
    bool (*again)(rp_stage *stage);
    /* Large events: called once per integration, in order, after all blocks, with the flags that `block` left; changes
     * them in place.  The engine refits the pixels whose flags changed.  `assigned` groups
     * lose all other bits.  NULL, or not called when `wants_frame_flags` is NULL or says no. */
    bool (*wants_frame_flags)(const rp_stage *stage);
    rp_code (*frame_flags)(rp_stage *stage, int64_t integration, rp_frame_flags *flags, rp_error *err);
    /* After the last block: keywords and log lines that need sums over pixels (rp_stage_counter). */
    rp_code (*finish)(rp_stage *stage, rp_error *err);
    void (*clear)(rp_stage *stage);
};

/* What kernels left in counter `index` of this stage: 0..3 are sums over all blocks, 4..7 are maxima. */
uint64_t rp_stage_counter(const rp_stage *stage, int index);

/* ------------------------------------------------------------------ a block */
struct rp_block {
    rp_run *run;
    rp_queue *queue;
    rp_rect rect;       /* pixels held, with halo */
    rp_rect core;       /* pixels that count */
    size_t npix;        /* rect.ny * rect.nx: flat pixel index p = (y - rect.y0) * rect.nx + (x - rect.x0) */
    size_t stride;      /* elements from plane to plane: a multiple of 64, at least npix; the tail is scratch */
    size_t first, end;  /* pixels that still matter to the core, multiples of 64: the halo shrinks from stage to stage */
    rp_buffer *data;      /* float  [nints*ngroups][stride], science values, native */
    rp_buffer *groupdq;   /* uint8  [nints*ngroups][stride] */
    rp_buffer *pixeldq;   /* uint32 [stride], native */
    rp_buffer *zeroframe; /* float  [nints][stride], or NULL */
    rp_buffer *dark_current; /* float [stride], average dark in electron/s, or NULL for none */
    rp_buffer *counters;  /* uint32 [stages][8], zero at the start of a block; kernels count core pixels only (RP_ADD, RP_MAX) */
    void *engine;         /* private */
};

/* Reference planes on the device.  Elements are FITS words (see kernels/dialect.h): plane k of pixel p is
 * element offset + k * stride + p. */
typedef struct rp_bound {
    rp_buffer *buffer;
    uint64_t offset, stride;
} rp_bound;

/* Brings planes [plane, plane+nplanes) of `source`, cut to block->rect, to the device (resident ones stay there); only
 * the rows of pixels first .. end-1 are filled.
 * `source` must live as long as the run. */
rp_code rp_block_bind(rp_block *block, const rp_source *source, int64_t plane, int64_t nplanes, rp_bound *out, rp_error *err);

/* A scratch buffer of this worker, at least `bytes` large, for slot 0..15 of the stage; contents undefined. */
rp_code rp_block_scratch(rp_block *block, const rp_stage *stage, int slot, size_t bytes, rp_buffer **out, rp_error *err);

/* Small host data (tables of a stage) as a device buffer, uploaded once per worker when `version` changes. */
rp_code rp_block_table(rp_block *block, const rp_stage *stage, int slot, const void *data, size_t bytes, uint64_t version,
                       rp_buffer **out, rp_error *err);

/* Launches a kernel on the pixels of the block (LANE: first .. end-1; PIXEL: rect.nx, rect.ny, nz). */
rp_code rp_block_lanes(rp_block *block, rp_kernel kernel, const void *params, size_t params_bytes,
                       rp_buffer *const *buffers, size_t nbuffers, rp_error *err);
/* A LANE kernel whose p counts slots of a list, not pixels: 0 .. stride-1. */
rp_code rp_block_slots(rp_block *block, rp_kernel kernel, const void *params, size_t params_bytes,
                       rp_buffer *const *buffers, size_t nbuffers, rp_error *err);
rp_code rp_block_pixels(rp_block *block, rp_kernel kernel, const void *params, size_t params_bytes,
                        rp_buffer *const *buffers, size_t nbuffers, size_t nz, rp_error *err);

/* Index of the stage's first counter in block->counters (uint32 elements). */
uint32_t rp_block_counter(const rp_block *block, const rp_stage *stage);

/* The core as flat coordinates within the block: rows y0..y1-1 and columns x0..x1-1 relative to rect. */
void rp_block_core(const rp_block *block, uint32_t *y0, uint32_t *y1, uint32_t *x0, uint32_t *x1);

/* ------------------------------------------------------------------ results of ramp_fit
 * A fitting stage leaves its results in these buffers of the block, as FITS words ready to be written
 * (floats big-endian with our NaN; DQ as RP_U32 words).  Allocated by the engine when a fit stage is in the chain. */
typedef struct rp_fit_planes {
    rp_buffer *sci, *err, *var_poisson, *var_rnoise, *dq; /* [planes][stride] */
} rp_fit_planes;

const rp_fit_planes *rp_block_rate(const rp_block *block);     /* one plane */
const rp_fit_planes *rp_block_rateints(const rp_block *block); /* nints planes */

/* save_opt: filled in a further pass, when the maxima over the frame are known (counters 4: segments, 5: jumps per
 * ramp, both at least 1 where the reference has at least 1).  NULL otherwise.  All FITS float32. */
typedef struct rp_fit_optional {
    uint32_t nsegments, njumps;
    rp_buffer *slope, *sigslope, *var_poisson, *var_rnoise, *yint, *sigyint, *weights; /* [nints][nsegments][stride] */
    rp_buffer *pedestal; /* [nints][stride] */
    rp_buffer *crmag;    /* [nints][njumps][stride] */
    rp_buffer *chisq;    /* LIKELY: [stride] of the exposure */
} rp_fit_optional;

const rp_fit_optional *rp_block_optional(const rp_block *block);

#endif
