/* Pipelines and requests: what the command line, or any other caller, asks the library to run.
 *
 * A pipeline is an ordered table of steps (host/pipelines/table.c).  A request is one input file with every choice
 * made: parameters with their origin, references, names of products, device, memory.  The caller owns everything that
 * a request points to and keeps it unchanged while rp_pipeline_run works; the run only reads it.
 *
 * Names of products follow the reference's rules: docs/cli.md, "Names of products". */
#ifndef RAMPART_PIPELINE_H
#define RAMPART_PIPELINE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/device.h"
#include "rampart/log.h"
#include "rampart/meta.h"
#include "rampart/params.h"
#include "rampart/status.h"
#include "rampart/step.h"

/* ---- pipelines ---- */

typedef struct rp_pipeline {
    const char *name;           /* class alias: "calwebb_detector1"; also the key of cal_logs */
    const char *const *aliases; /* further names, NULL-terminated: "calwebb_tso1" */
    const char *class_name;     /* "jwst.pipeline.calwebb_detector1.Detector1Pipeline" */
    const char *title;          /* one line for lists and man pages */
    const rp_param *params;     /* the pipeline's own; the common ones are rp_common_params */
    size_t nparams;
    const char *const *steps;      /* NULL-terminated, as parameter files and help list them */
    const char *const *order_nir;  /* NULL-terminated, running order for NIRCam, NIRISS, NIRSpec and FGS */
    const char *const *order_miri; /* NULL-terminated, running order for MIRI */
    const char *refusal;           /* NULL: runs; else why this release refuses it by name */
} rp_pipeline;

/* `name`: alias or class name (full or last part); NULL when unknown. */
const rp_pipeline *rp_pipeline_find(const char *name);
const rp_pipeline *const *rp_pipeline_all(size_t *count);

/* The running order for an instrument ("MIRI", "NIRCAM" ...; NULL counts as near-infrared). */
const char *const *rp_pipeline_order(const rp_pipeline *pipeline, const char *instrument);

/* ---- what a run tells its caller ---- */

/* Every function may be NULL.  Calls come from any thread, but never two at once. */
typedef struct rp_observer {
    void *payload;
    /* done of total units (bytes of science data) of the named stage ("dq_init ... ramp_fit"); total 0: unknown. */
    void (*progress)(void *payload, const char *stage, uint64_t done, uint64_t total);
    /* A part of the run that is no step ("read", "write", "large_events", "windows"): thread seconds, bytes moved. */
    void (*stage)(void *payload, const char *name, double seconds, uint64_t bytes);
    /* A step ended.  `status` is what its S_ keyword says: "COMPLETE", "SKIPPED", "FAILED". */
    void (*step)(void *payload, const char *name, const char *status, double seconds);
    /* A product is in place under its final name. */
    void (*product)(void *payload, const char *suffix, const char *path, uint64_t bytes);
} rp_observer;

/* Lines of the run in the form that products keep (cal_logs): UTC times with milliseconds; absolute paths cut to the
 * file name; lines that name the user, the host or an address are blank.  Thread-safe. */
typedef struct rp_recorder rp_recorder;
rp_code rp_recorder_new(rp_recorder **out, rp_error *err);
void rp_recorder_free(rp_recorder *recorder); /* NULL is fine */
/* Adds a line stamped with the current time.  Out of memory drops the line. */
void rp_recorder_add(rp_recorder *recorder, rp_level level, const char *name, const char *text);
/* A copy of the lines so far: array and texts are one block, freed with free(*lines).  NULL recorder: no lines. */
rp_code rp_recorder_lines(const rp_recorder *recorder, char ***lines, size_t *count, rp_error *err);

/* ---- a request ---- */

typedef struct rp_request_step {
    const rp_step *step;
    const char *name;        /* in a pipeline the step's alias, "jump"; alone the instance's name, "JumpStep" */
    const rp_values *values; /* the step's own table and the common one */
} rp_request_step;

/* One reference given by the caller.  `path` is absolute, or "N/A": the step is told that there is none (recorded as
 * N/A, and most steps then skip themselves). */
typedef struct rp_override {
    const char *step; /* step alias: "dark_current" */
    const char *reftype;
    const char *path;
} rp_override;

typedef struct rp_request {
    const char *input_path;           /* input_dir already applied */
    const char *name;                 /* of the top: "Detector1Pipeline", "JumpStep", or the parameter file's */
    const char *instrument;           /* INSTRUME, for rp_request_data_name; NULL: near-infrared */
    const rp_pipeline *pipeline;      /* NULL: the single step steps[0] */
    const rp_values *pipeline_values; /* the pipeline's table and the common one; NULL without a pipeline */
    const rp_request_step *steps;     /* in the pipeline's `steps` order; one entry without a pipeline */
    size_t nsteps;
    const rp_override *overrides;
    size_t noverrides;
    const char *refs_dir;  /* --refs; NULL: none */
    struct rp_bestrefs *refs;  /* best references by CRDS rules (rampart/bestrefs.h), for what is left; NULL: overrides and refs_dir only */

    bool save_top;                 /* the top's products are saved; strun forces this for a positional input */
    bool durable;                  /* fsync files and folders */
    const char *intermediate_path; /* HDF5 file that receives the products and the checkpoint; NULL: none */
    const char *checkpoint_step;   /* checkpoint after this step; NULL: none */
    const char *resume_path;       /* HDF5 file to go on from; NULL: from the input */

    rp_device_options device;
    rp_device **kept_device; /* the device of the requests before, and for those after; caller closes.  NULL: own device */
    size_t memory_bytes;     /* budget for buffers */
    const char *scratch_dir; /* NULL: TMPDIR or /tmp */
    int64_t strip_rows;      /* rows of a block, for tests; 0: the engine chooses */

    const rp_log *log;                   /* NULL: silent */
    const rp_recorder *recorder;         /* what cal_logs gets; NULL: nothing */
    const rp_observer *observer;         /* NULL: nobody watches */
    const volatile sig_atomic_t *cancel; /* non-zero: stop soon with RP_E_INTERRUPTED, leaving no partial product */
} rp_request;

/* Runs one request to the end: host/pipelines/run.c.  Products appear only when complete. */
rp_code rp_pipeline_run(const rp_request *request, rp_error *err);

/* ---- reading a request ---- */

/* The entry of a step by alias; NULL when the request has none. */
const rp_request_step *rp_request_step_of(const rp_request *request, const char *step);

/* Does the step do its work?  Alone it always does; in a pipeline it does unless its `skip` is true. */
bool rp_request_runs(const rp_request *request, const char *step);

/* Are the results of a step inside a pipeline (save_results or output_file set) or of the top (step NULL) saved? */
bool rp_request_saves(const rp_request *request, const char *step);

/* The path of a product.  `step`: the alias of the step that saves it; NULL: the top.
 * `suffix`: "rate", "ramp" ...; NULL: the step's own (its `suffix` parameter, else its name in lower case).
 * Caller frees *out.  The folder exists once rp_request_prepare has run. */
rp_code rp_request_path(const rp_request *request, const char *step, const char *suffix, char **out, rp_error *err);

/* The general form.  `base`: the name that the path is made from (its folder is ignored); NULL: output_file, else the
 * input.  `index`: "_<index>" before the suffix, for steps that return several results (ramp_fit alone, or saved
 * inside a pipeline: 0 is rate, 1 is rateints); negative: none.  `suffix` "": keep the base's name, for dark_output.
 * The optional products of ramp_fit use base = opt_name, or when that is empty rp_request_data_name("ramp_fit"). */
rp_code rp_request_path_as(const rp_request *request, const char *step, const char *base, int index, const char *suffix,
                           char **out, rp_error *err);

/* The file name that the data have before `step` saves (NULL: before the top does): that of the product in which they
 * were saved last, else the input's.  Products are named after it with output_use_model, or without search_output_file
 * and output_file.  Caller frees *out. */
rp_code rp_request_data_name(const rp_request *request, const char *step, char **out, rp_error *err);

/* Creates the output folders (output_dir of the top and of the steps that run). */
rp_code rp_request_prepare(const rp_request *request, rp_error *err);

/* ---- references of a request ---- */

/* Does this step ask for this type on this exposure?  (refpix: "refpix" for IRS2 only, "sirskernel" for SIRS only.) */
bool rp_request_needs(const rp_request *request, const char *step, const char *reftype, const rp_meta *meta);

/* The file of one reference type for one step: the override, else the choice from refs_dir, else that of refs.
 * *path is a path or "N/A"; caller frees.  None: RP_E_MISSING with step, type and remedy.
 * Without refs, `ipc` that is neither overridden nor in refs_dir is "N/A": most modes have none. */
rp_code rp_request_reference(const rp_request *request, const char *step, const char *reftype, const rp_meta *meta,
                             char **path, rp_error *err);

/* Everything that can be refused before work begins: steps that this release lacks and that would run
 * (RP_E_UNSUPPORTED), pre- and post-hooks, and missing references, all named at once (RP_E_MISSING). */
rp_code rp_request_check(const rp_request *request, const rp_meta *meta, rp_error *err);

#endif
