/* The strip engine as pipelines see it: stages in, sinks out.  What stages see: host/compute/chain.h. */
#ifndef RP_HOST_COMPUTE_ENGINE_H
#define RP_HOST_COMPUTE_ENGINE_H

#include <signal.h>

#include "host/compute/chain.h"

typedef struct rp_engine rp_engine;

/* A ramp as it is after stage `stage` (-1: at the input).  Sinks may be NULL. */
typedef struct rp_tap {
    int stage;
    const rp_sink *sci;           /* RP_F32 [nints*ngroups] */
    const rp_sink *groupdq;       /* RP_U8  [nints*ngroups] */
    const rp_sink *pixeldq;       /* RP_U32 [1] */
    const rp_sink *zeroframe;     /* RP_F32 [nints] */
    const rp_sink *dark_current;  /* RP_F32 [1] */
} rp_tap;

/* Results of the fit; `scaled`: with gain_scale's factor applied. */
typedef struct rp_fit_tap {
    bool per_integration;
    bool scaled;
    const rp_sink *sci, *err, *dq, *var_poisson, *var_rnoise;
} rp_fit_tap;

typedef struct rp_optional_sinks {
    const rp_sink *slope, *sigslope, *var_poisson, *var_rnoise, *yint, *sigyint, *pedestal, *weights, *crmag, *chisq;
} rp_optional_sinks;

enum { RP_KEEP_NOTHING = 1 };

typedef struct rp_engine_options {
    const rp_frames *input; /* where the ramp is read from; NULL: the run's exposure */
    size_t memory_bytes; /* budget of all buffers together */
    size_t kept_bytes;   /* of them for pixels that large events are likely to change; 0: the engine's choice */
    int64_t strip_rows;  /* 0: the engine's choice */
    int threads;         /* workers; 0: what the device likes */
    const char *scratch_dir;
    const volatile sig_atomic_t *cancel;
    /* Optional results: called once the numbers of segments and jumps are known; fills the sinks. */
    rp_code (*optional)(void *payload, uint32_t nsegments, uint32_t njumps, rp_optional_sinks *sinks, rp_error *err);
    /* Bytes of science data done of all; any thread, never two at once. */
    void (*progress)(void *payload, uint64_t done, uint64_t total);
    void *payload;
} rp_engine_options;

/* `stages` in order, set up already; the caller keeps them. */
rp_code rp_engine_new(rp_engine **out, rp_run *run, rp_stage *const *stages, int nstages,
                      const rp_engine_options *options, rp_error *err);
rp_code rp_engine_tap(rp_engine *engine, const rp_tap *tap, rp_error *err);
rp_code rp_engine_fit_tap(rp_engine *engine, const rp_fit_tap *tap, rp_error *err);
rp_code rp_engine_run(rp_engine *engine, rp_error *err);

/* Seconds that threads spent in a stage's kernels (index of `stages`), in reading, in writing, in the host part of large events. */
typedef struct rp_engine_times {
    double read_s, write_s, events_s, windows_s;
    const double *stage_s;
    uint64_t read_bytes, written_bytes;
    int workers;
    int64_t strip_rows;
} rp_engine_times;
void rp_engine_times_get(const rp_engine *engine, rp_engine_times *out);

void rp_engine_free(rp_engine *engine);

/* Seconds of a clock that only goes forward. */
double rp_engine_clock_s(void);

#endif
