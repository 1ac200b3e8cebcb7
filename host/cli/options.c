/* The options of a target: host/cli/options.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/options.h"

#define STRUN_FLAG(name, doc)                                    \
    {                                                            \
        name, RP_OPTION_FLAG, false, NULL, doc, NULL, NULL, NULL \
    }
#define STRUN_VALUE(name, value, doc)                              \
    {                                                              \
        name, RP_OPTION_VALUE, false, value, doc, NULL, NULL, NULL \
    }
#define OUR_FLAG(name, doc)                                     \
    {                                                           \
        name, RP_OPTION_FLAG, true, NULL, doc, NULL, NULL, NULL \
    }
#define OUR_VALUE(name, value, doc)                               \
    {                                                             \
        name, RP_OPTION_VALUE, true, value, doc, NULL, NULL, NULL \
    }

static const rp_option command_options[] = {
    STRUN_FLAG("help", "Show this help and leave (-h)"),
    STRUN_FLAG("debug", "Log everything, as --verbose does: there is no debugger to enter"),
    STRUN_VALUE("save-parameters", "FILE", "Save all parameters to an ASDF file before running"),
    STRUN_FLAG("disable-crds-steppars", "Take no parameters from pars-* references"),
    STRUN_VALUE("logcfg", "FILE", "Read handler and level of the log from a file (deprecated)"),
    STRUN_FLAG("verbose", "Log everything (-v)"),
    STRUN_VALUE("log-level", "LEVEL", "Log from this level on: DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    STRUN_VALUE("log-file", "FILE", "Also write the log to a file"),
    STRUN_VALUE("log-stream", "STREAM", "Where the log goes on a terminal: stdout, stderr or null"),
    OUR_VALUE("refs", "DIR", "Choose references that are not overridden from the files in a folder"),
    OUR_VALUE("backend", "NAME", "Compute on auto, openmp, opencl or opencl:N (default auto)"),
    OUR_VALUE("threads", "N", "Worker threads (default: all cores, or what maximum_cores asks for)"),
    OUR_VALUE("memory", "SIZE", "Memory for buffers, as 500M or 2G (default 2G)"),
    OUR_FLAG("dry-run", "Say what would be done and leave"),
    OUR_FLAG("json", "Report on standard output, one JSON object for each input"),
    OUR_FLAG("quiet", "Say nothing but errors (-q)"),
    OUR_FLAG("durable", "Have products on disk, not only in memory, before saying that they are saved"),
    OUR_VALUE("intermediate", "FILE", "Keep the products in an HDF5 file as well"),
    OUR_VALUE("checkpoint", "STEP", "Keep a checkpoint after this step, in the file of --intermediate"),
    OUR_VALUE("resume", "FILE", "Go on from the checkpoint in an HDF5 file"),
    OUR_VALUE("strip-rows", "N", "Work on blocks of so many rows, for tests (default: chosen to fit the cache)"),
};

const rp_option *rp_command_options(size_t *count)
{
    *count = sizeof command_options / sizeof *command_options;
    return command_options;
}

typedef struct list {
    rp_option *item;
    size_t n, capacity;
    rp_code code;
    rp_error *err;
} list;

static rp_option *add(list *l, const rp_option *option)
{
    if (l->code)
        return NULL;
    if (l->n == l->capacity) {
        const size_t capacity = 2 * l->capacity + 64;
        rp_option *grown = realloc(l->item, capacity * sizeof *grown);
        if (!grown) {
            l->code = rp_fail(l->err, RP_E_MEMORY, "no memory for options");
            return NULL;
        }
        l->item = grown;
        l->capacity = capacity;
    }
    l->item[l->n] = *option;
    return &l->item[l->n++];
}

static void add_param(list *l, const rp_step *step, const rp_param *param)
{
    rp_option *option = add(l, &(rp_option){.kind = RP_OPTION_PARAM, .doc = param->doc, .step = step, .param = param});
    if (option)
        (void)snprintf(option->name, sizeof option->name, "%s%s%s%s", step ? "steps." : "", step ? step->name : "",
                       step ? "." : "", param->name);
}

static const rp_param *row_of(const rp_param *params, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(params[i].name, name) == 0)
            return &params[i];
    return NULL;
}

/* The common ones (a step's own row in their place), then the step's own. */
static void add_params(list *l, const rp_step *step, const rp_param *own, size_t nown)
{
    for (size_t i = 0; i < rp_common_param_count; i++) {
        const rp_param *row = row_of(own, nown, rp_common_params[i].name);
        add_param(l, step, row ? row : &rp_common_params[i]);
    }
    for (size_t i = 0; i < nown; i++)
        if (!row_of(rp_common_params, rp_common_param_count, own[i].name))
            add_param(l, step, &own[i]);
}

static void add_overrides(list *l, const rp_step *step, bool in_pipeline)
{
    for (const char *const *type = step->reftypes; *type; type++) {
        rp_option *option = add(
            l, &(rp_option){
                   .kind = RP_OPTION_OVERRIDE, .value = "FILE", .step = in_pipeline ? step : NULL, .reftype = *type});
        if (option)
            (void)snprintf(option->name, sizeof option->name, "%s%s%soverride_%s", in_pipeline ? "steps." : "",
                           in_pipeline ? step->name : "", in_pipeline ? "." : "", *type);
    }
}

rp_code rp_options_of(rp_option **out, size_t *count, const rp_target *target, rp_error *err)
{
    list l = {.err = err};
    for (size_t i = 0; i < sizeof command_options / sizeof *command_options; i++)
        (void)add(&l, &command_options[i]);
    if (target->step) {
        add_params(&l, NULL, target->step->params, target->step->nparams);
        add_overrides(&l, target->step, false);
    } else {
        const rp_step *steps[RP_TARGET_STEPS];
        const size_t n = rp_target_steps(target, steps);
        add_params(&l, NULL, target->pipeline->params, target->pipeline->nparams);
        for (size_t i = 0; i < n; i++) {
            add_params(&l, steps[i], steps[i]->params, steps[i]->nparams);
            add_overrides(&l, steps[i], true);
        }
    }
    if (l.code) {
        free(l.item);
        return l.code;
    }
    *out = l.item;
    *count = l.n;
    return RP_OK;
}
