/* One request under way: exposure, chain of stages, products; private to host/pipelines. */
#ifndef RP_HOST_PIPELINES_JOB_H
#define RP_HOST_PIPELINES_JOB_H

#include "host/compute/engine.h"
#include "rampart/pipeline.h"

enum { RP_JOB_MAX_STAGES = 24, RP_JOB_MAX_PRODUCTS = 40, RP_JOB_KERNELS = 128 };

/* A product of the run.  `stage`: the stage after which it is taken; data-dependent keywords reach it from there on. */
typedef struct rp_job_product {
    rp_product *product;
    char *path;
    const char *suffix; /* for the observer */
    int stage;
    bool is_side; /* filled by the stage itself */
} rp_job_product;

/* A reference opened for the run. */
typedef struct rp_job_reference {
    char *type;
    char *path;
    rp_reference *reference;
    struct rp_job_reference *next;
} rp_job_reference;

/* Seconds and bytes of all runs of the engine. */
typedef struct rp_job_times {
    double read_s, write_s, events_s, windows_s, frames_s, stage_s[RP_JOB_MAX_STAGES];
    uint64_t read_bytes, written_bytes;
} rp_job_times;

typedef struct rp_job {
    const rp_request *request;
    rp_run run; /* first engine-visible part; rp_run_reference finds the job through it */
    rp_stage stage[RP_JOB_MAX_STAGES];
    rp_stage *order[RP_JOB_MAX_STAGES];
    int nstages;
    int resume_after; /* stages up to this one were done before the input was written; -1 */
    rp_engine *engine; /* of the segment under way */
    rp_job_times times;
    rp_kernel_usage before[RP_JOB_KERNELS]; /* the device's counters when the run began */
    size_t usage_before;
    rp_job_product product[RP_JOB_MAX_PRODUCTS];
    int nproducts;
    rp_job_reference *references;
    rp_meta *before_fit; /* as ramp_fit found it: what its optional products say */
} rp_job;

/* job_chain.c: builds and sets up the stages; products are planned along the way (job_products.c). */
rp_code rp_job_chain(rp_job *job, rp_error *err);
void rp_job_chain_clear(rp_job *job);
/* What the keyword of a stage says: COMPLETE, SKIPPED or FAILED. */
const char *rp_job_status(const rp_stage *stage);

/* job_engine.c: the runs of the engine, and frame steps between them. */
rp_code rp_job_run_engine(rp_job *job, rp_error *err);

/* job_products.c */
/* Takes `path`; metadata are copied.  from: whose tables and unknown HDUs are carried over; NULL: nobody's. */
rp_code rp_job_add_product(rp_job *job, rp_model model, int stage, char *path, const char *suffix, const rp_meta *meta,
                           const rp_exposure *from, const rp_plane_spec *planes, size_t nplanes, rp_error *err);
rp_code rp_job_ramp_product(rp_job *job, int stage, const char *path, const char *suffix, rp_error *err);
rp_code rp_job_rate_product(rp_job *job, int stage, bool per_integration, bool scaled, char *path, const char *suffix, rp_error *err);
rp_code rp_job_optional(void *payload, uint32_t nsegments, uint32_t njumps, rp_optional_sinks *sinks, rp_error *err);
/* Of the products that are taken after stages [first, end), as the engine of these stages counts them. */
rp_code rp_job_open_taps(rp_job *job, int first, int end, rp_error *err);
void rp_job_late_keywords(rp_job *job);
rp_code rp_job_commit(rp_job *job, rp_error *err);
void rp_job_discard(rp_job *job);

#endif
