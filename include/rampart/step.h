/* A calibration step as the outside sees it: names, parameters, reference types.  How it runs: host/compute/chain.h. */
#ifndef RAMPART_STEP_H
#define RAMPART_STEP_H

#include "rampart/params.h"

struct rp_step_ops;

typedef struct rp_step {
    const char *name;       /* class alias: "jump" */
    const char *class_name; /* "jwst.jump.jump_step.JumpStep": parameter files and strun's positional argument */
    const char *status_key; /* "S_JUMP" */
    const char *title;      /* one line for lists and man pages */
    const rp_param *params; /* the step's own; the common ones are rp_common_params */
    size_t nparams;
    const char *const *reftypes; /* NULL-terminated */
    bool skip_by_default;
    const struct rp_step_ops *ops; /* NULL: known, accepted, and refused when a request would run it */
} rp_step;

/* Parameters that every step and pipeline has (skip, output_dir, save_results ...). */
extern const rp_param rp_common_params[];
extern const size_t rp_common_param_count;

/* All steps, in no particular order; NULL when unknown.  `name`: alias or class name (full or last part). */
const rp_step *rp_step_find(const char *name);
const rp_step *const *rp_step_all(size_t *count);

#endif
