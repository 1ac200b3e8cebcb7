/* Inside of the engine; private to host/compute. */
#ifndef RP_HOST_COMPUTE_ENGINE_IMPL_H
#define RP_HOST_COMPUTE_ENGINE_IMPL_H

#include <pthread.h>
#include <stdatomic.h>

#include "host/compute/engine.h"
#include "kernels/kernel_ids.h"

/* Hands on what went wrong; for functions with nothing to undo. */
#define TRY(call)                                                                                                      \
    do {                                                                                                               \
        const rp_code code_ = (call);                                                                                  \
        if (code_ != RP_OK)                                                                                            \
            return code_;                                                                                              \
    } while (0)

enum { RP_MAX_STAGES = 24, RP_SCRATCH_SLOTS = 16, RP_COUNTERS = 8, RP_FIRST_MAX_COUNTER = 4, RP_MAX_BINDS = 48, RP_MAX_TAPS = 32 };

/* What a pass over blocks does. */
typedef enum rp_pass_kind {
    RP_PASS_WINDOW,  /* stages before `stop`; pixels are handed back */
    RP_PASS_MAIN,    /* everything */
    RP_PASS_REFIT,   /* flags of the event stage come from the store; only what follows it is written */
    RP_PASS_KEPT,    /* as refit, on gathered pixels that the main pass kept as they were after the event stage */
    RP_PASS_OPTIONAL /* as refit, and only the optional results are written */
} rp_pass_kind;

typedef struct rp_bind_slot {
    const rp_source *source;
    int64_t plane, nplanes;
    uint64_t block_serial; /* the block for which the buffer holds the planes */
    rp_buffer *buffer;
    bool is_resident; /* the buffer belongs to the device */
} rp_bind_slot;

typedef struct rp_table_slot {
    rp_buffer *buffer;
    uint64_t version;
    bool valid;
} rp_table_slot;

/* Rows of the frame kept for narrow blocks: engine_band.c. */
enum { RP_MAX_HELD = 256 };
typedef struct rp_held_rows {
    const rp_source *source;
    int64_t plane;
    const char *rows;
} rp_held_rows;

typedef struct rp_band {
    int64_t y0, ny;
    char *arena;
    size_t used, nheld, cursor;
    rp_held_rows held[RP_MAX_HELD];
} rp_band;

/* What changes with large events is counted in granules of one row, aligned to their width. */
enum { RP_GRANULE_NX = 16 };
/* Bit k: whether any of the bits 16 k to 16 k + 15 is set. */
uint8_t rp_granules_of_word(uint64_t word);

/* A guess which granules of a strip large events will change: engine_likely.c. */
enum { RP_LIKELY_NEAR = 3 };
typedef struct rp_likely {
    size_t words_per_row, room;
    int64_t ny, next_row;
    uint64_t *memory;                         /* [room] for each of the parts below */
    uint64_t *saturated, *jump;               /* [ny][words_per_row]: flags of the group under look */
    uint64_t *before, *counts, *sums, *seeds; /* saturated in the group before, jumps in bytes, where events may begin */
    uint64_t *solid, *solid_above;            /* columns of the strip, and of the one before if that lies above it */
} rp_likely;
/* `rows` whose flags will be looked at, of which `core` count; solid columns are remembered from strip to strip. */
rp_code rp_likely_start(rp_likely *likely, rp_rect rows, rp_rect core, rp_error *err);
/* Looks at the next group, whose flags lie in `saturated` and `jump`; the first of an integration has none before it. */
void rp_likely_group(rp_likely *likely, bool is_first);
/* The likely granules among 64 pixels, as a bit each. */
uint8_t rp_likely_granules(const rp_likely *likely, int64_t y, size_t word);
void rp_likely_clear(rp_likely *likely);

/* Granules that a worker kept: engine_kept.c. */
typedef struct rp_kept_granule {
    int64_t y, x;
    const char *pixels;
} rp_kept_granule;

typedef struct rp_kept {
    struct rp_kept_chunk *first, *last;
    size_t left_bytes; /* of the worker's share */
} rp_kept;

typedef struct rp_worker {
    rp_engine *engine;
    rp_block block;
    rp_band band;
    rp_pass_kind kind;
    uint64_t serial;
    rp_buffer *raw, *data, *groupdq, *pixeldq, *zeroframe, *dark_current, *counters, *words, *seen, *final_flags;
    rp_fit_planes rate, rateints;
    rp_fit_optional optional;
    rp_buffer *scratch[RP_MAX_STAGES][RP_SCRATCH_SLOTS];
    rp_table_slot table[RP_MAX_STAGES][RP_SCRATCH_SLOTS];
    rp_bind_slot bind[RP_MAX_BINDS];
    uint64_t sums[RP_MAX_STAGES][RP_COUNTERS];
    int halo;           /* of the pass */
    uint8_t dirty_rows; /* of the block */
    const rp_kept_granule *granules; /* of the block of gathered pixels, one behind another */
    size_t ngranules;
    rp_likely likely;
    rp_kept kept;
    void *pack;         /* host memory to pack narrow rectangles */
    size_t pack_bytes;
    double read_s, write_s, stage_s[RP_MAX_STAGES];
    uint64_t read_bytes, written_bytes;
} rp_worker;

/* Bit planes of all integrations, in memory while small, else in an unlinked file. */
typedef struct rp_flag_store rp_flag_store;
rp_code rp_flag_store_new(rp_flag_store **out, const rp_run *run, size_t memory_bytes, const char *scratch_dir, rp_error *err);
void rp_flag_store_free(rp_flag_store *store);
/* Packs SATURATED and JUMP_DET of whole rows, [ny][nx] bytes to [ny][words]. */
void rp_flags_pack(uint64_t *saturated, uint64_t *jump, const uint8_t *groupdq, int64_t ny, int64_t nx);
/* Takes packed rows of plane integration * ngroups + group. */
rp_code rp_flag_store_put(rp_flag_store *store, int64_t plane, int64_t y0, int64_t ny, uint64_t *saturated, uint64_t *jump, rp_error *err);
/* Unpacks into bytes of the rectangle, [nints*ngroups][stride]: SATURATED, JUMP_DET, and 1 where SATURATED was assigned. */
rp_code rp_flag_store_get(rp_flag_store *store, uint8_t *flags, size_t stride, rp_rect rect, rp_error *err);
/* Lets the stage change the flags of every integration; marks granules with a changed pixel: bits of dirty [ny][words of a row]. */
rp_code rp_flag_store_events(rp_flag_store *store, rp_stage *stage, uint8_t *dirty, rp_error *err);

/* Small tiles: what is written again costs a system call for every row and plane. */
enum { RP_TILE_NY = 8, RP_TILE_NX = 64, RP_BAND_NY = 2 * RP_TILE_NY };
/* Tall windows are computed so many rows at a time. */
enum { RP_WINDOW_NY = 64 };

struct rp_engine {
    rp_run *run;
    rp_stage *stage[RP_MAX_STAGES];
    int nstages;
    int event_stage; /* the stage that wants frame flags, or -1 */
    int fit_stage;   /* the stage named ramp_fit, or -1 */
    int jump_stage;
    rp_engine_options options;
    rp_source *sci, *groupdq, *pixeldq, *zeroframe, *dark_current;
    rp_tap tap[RP_MAX_TAPS];
    int ntaps;
    rp_fit_tap fit_tap[8];
    int nfit_taps;
    rp_optional_sinks optional_sinks;
    uint32_t nsegments, njumps;
    rp_flag_store *flags;
    rp_worker *worker;
    int nworkers;
    int64_t strip_rows;
    rp_rect *todo;       /* cores of the pass under way */
    uint8_t *dirty_rows; /* of each, in the refit pass: the rows to be written again */
    size_t ntodo;
    rp_kept_granule *kept_todo; /* granules of the pass over what was kept, some hundred of them to an item */
    size_t nkept_todo, kept_bytes; /* how much all workers may keep together */
    size_t next; /* under `lock` */
    rp_pass_kind kind;
    int stop;
    atomic_bool failed;
    pthread_mutex_t lock; /* guards the first error, the next item, the progress call and the seen groups */
    rp_error first_error;
    /* groups seen to hold a usable pixel, at the input of jump and of the fit */
    uint8_t *seen_at_jump, *seen_at_fit;
    atomic_int unseen_at_jump, unseen_at_fit; /* how many are still unseen */
    uint64_t sums[RP_MAX_STAGES][RP_COUNTERS];
    uint64_t done_bytes, total_bytes;
    double events_s, windows_s, stage_s[RP_MAX_STAGES];
};

/* Gets the block of an item while the worker still holds it. */
typedef rp_code (*rp_collect_fn)(rp_worker *worker, size_t item, void *payload, rp_error *err);
/* Runs stages [0, stop) on all cores of `todo`; `collect` may be NULL. */
rp_code rp_engine_pass(rp_engine *engine, rp_pass_kind kind, int stop, rp_rect *todo, size_t ntodo, rp_collect_fn collect,
                       void *payload, rp_error *err);
/* Gives the stages the windows they asked for. */
rp_code rp_engine_prepare(rp_engine *engine, rp_error *err);

/* Large events, engine_events.c: flags of a block to the store and back; the search and what follows from it. */
rp_code rp_events_keep_flags(rp_worker *worker, rp_error *err);
rp_code rp_events_restore_flags(rp_worker *worker, rp_error *err);
rp_code rp_events_run(rp_engine *engine, rp_error *err);

/* Likely pixels kept from the main pass, and refitted without reading them again: engine_kept.c. */
/* Bytes for all workers together; 0: nothing is kept, for there is no need, no way, or less memory than else needed. */
size_t rp_kept_budget(const rp_engine *engine, size_t needed_bytes);
/* Keeps the likely granules of the core; row `first_row` of the frame is row 0 of `likely`. */
rp_code rp_kept_put(rp_worker *worker, const rp_likely *likely, int64_t first_row, rp_error *err);
/* Refits dirty granules that were kept, and takes them off `dirty`. */
rp_code rp_kept_refit(rp_engine *engine, uint8_t *dirty, rp_error *err);
/* Forgets what was kept; from then on there is a share to keep again. */
void rp_kept_forget(rp_kept *kept, size_t share_bytes);
/* The block of gathered pixels: neighbours of a row, from granule *next on, which is moved behind them. */
rp_rect rp_kept_run(const rp_worker *worker, size_t *next);
void rp_kept_take(rp_worker *worker, size_t item);
rp_code rp_kept_load(rp_worker *worker, rp_error *err);
rp_code rp_kept_read(const rp_worker *worker, const rp_source *source, int64_t plane, char *dst, rp_error *err);
rp_code rp_kept_write(const rp_worker *worker, const rp_sink *sink, int64_t plane, const char *src, rp_error *err);

rp_code rp_worker_process(rp_worker *worker, rp_rect core, rp_error *err);
/* Fills the block's buffers from the exposure: engine_load.c. */
rp_code rp_worker_load(rp_worker *worker, rp_error *err);
void rp_worker_clear(rp_worker *worker);
/* The rows of the block that still matter, of one plane, to their place among packed rows at `dst`. */
rp_code rp_worker_read(rp_worker *worker, const rp_source *source, int64_t plane, void *dst, rp_error *err);
void rp_band_clear(rp_band *band);
/* Blocks that begin in the same so many rows share what is read; 0: none do. */
int64_t rp_band_height(rp_pass_kind kind);
rp_code rp_buffer_reserve(rp_buffer **buffer, rp_device *device, size_t bytes, rp_error *err);

#endif
