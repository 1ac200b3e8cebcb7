/* From a target and settings to a request: what is to be run, with every parameter and where it came from. */
#ifndef RP_HOST_CLI_PLAN_H
#define RP_HOST_CLI_PLAN_H

#include "host/cli/settings.h"
#include "rampart/pipeline.h"

/* What the first argument of `run` names.  Exactly one of the two is set. */
typedef struct rp_target {
    const rp_pipeline *pipeline;
    const rp_step *step;
} rp_target;

/* Alias, "package::alias" or Python class.  RP_E_ARGUMENT with the nearest name. */
rp_code rp_target_find(rp_target *out, const char *name, rp_error *err);
const char *rp_target_alias(const rp_target *target);
const char *rp_target_class(const rp_target *target); /* full Python name */
const char *rp_target_title(const rp_target *target);

/* The last part of a Python class name: "JumpStep". */
const char *rp_class_last(const char *class_name);

/* The steps of a target: those of the pipeline, or the step itself.  out[i] is set for i < the returned count (at most
 * RP_TARGET_STEPS). */
enum { RP_TARGET_STEPS = 32 };
size_t rp_target_steps(const rp_target *target, const rp_step *out[RP_TARGET_STEPS]);

/* Everything about one run that does not depend on the machine.  Clear in every case. */
typedef struct rp_plan {
    rp_target target;
    char *name;     /* of the top */
    rp_values *top; /* the pipeline's values; NULL for a step alone */
    rp_request_step step[RP_TARGET_STEPS];
    rp_values *values[RP_TARGET_STEPS];
    size_t nsteps;
    rp_override *override; /* texts owned by the plan */
    size_t noverrides;
} rp_plan;

/* All defaults.  `name`: NULL or "" for the class's. */
rp_code rp_plan_new(rp_plan *out, const rp_target *target, const char *name, rp_error *err);
void rp_plan_clear(rp_plan *plan);

/* Applies settings in order.  Unknown steps, parameters and reference types are errors that name the nearest one. */
rp_code rp_plan_apply(rp_plan *plan, const rp_settings *settings, rp_origin origin, rp_error *err);

/* The values of the top: the pipeline's, or the single step's. */
rp_values *rp_plan_top(const rp_plan *plan);

/* Marks the plan as one with an input, as strun does: results of the top are saved, and input_dir is that of a file. */
rp_code rp_plan_set_input(rp_plan *plan, const char *input, rp_error *err);

/* Threads that the steps ask for by maximum_cores ("half" of `cores` ...): the most of all steps; 0: nobody asks. */
int rp_plan_threads(const rp_plan *plan, int cores);

/* The plan's part of a request. */
void rp_plan_request(const rp_plan *plan, rp_request *out);

/* Writes all parameters as an ASDF parameter file. */
rp_code rp_plan_save(const rp_plan *plan, const char *path, rp_error *err);

/* All parameters as indented YAML, as strun logs them.  Caller frees; NULL: no memory. */
char *rp_plan_text(const rp_plan *plan);

#endif
