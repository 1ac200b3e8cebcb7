/* Options of `rampart run`: which there are for a target, and what an argument list says.
 *
 * Matching follows strun (Python's argparse): "--name value" and "--name=value", unique prefixes, negative numbers as
 * values, "--" ends options.  Our own options never make a prefix ambiguous that strun would accept. */
#ifndef RP_HOST_CLI_OPTIONS_H
#define RP_HOST_CLI_OPTIONS_H

#include "host/cli/plan.h"

typedef enum rp_option_kind {
    RP_OPTION_FLAG,  /* of the command, no value */
    RP_OPTION_VALUE, /* of the command, with a value */
    RP_OPTION_PARAM,
    RP_OPTION_OVERRIDE
} rp_option_kind;

typedef struct rp_option {
    char name[96]; /* without dashes: "steps.jump.rejection_threshold" */
    rp_option_kind kind;
    bool ours;         /* strun has no such option */
    const char *value; /* placeholder of the value: "FILE" */
    const char *doc;
    const rp_step *step;   /* NULL: of the top */
    const rp_param *param; /* RP_OPTION_PARAM */
    const char *reftype;   /* RP_OPTION_OVERRIDE */
} rp_option;

/* Options of the command itself, whatever the target. */
const rp_option *rp_command_options(size_t *count);

/* All options of a target, in the order of strun's help; caller frees *out. */
rp_code rp_options_of(rp_option **out, size_t *count, const rp_target *target, rp_error *err);

/* What an argument list says. */
typedef struct rp_arguments {
    rp_settings settings; /* parameters and overrides */
    const char **input;   /* positional arguments behind the target; the pointers lead into argv */
    size_t ninputs;
    const char **command; /* values of rp_command_options, by index; flags: ""; NULL: not given */
} rp_arguments;

/* The first argument that is no option nor the value of one: the target; -1 when there is none. */
int rp_arguments_find_target(int argc, char **argv);

/* Reads everything but argv[target].  Errors are those that strun answers with exit code 2. */
rp_code rp_arguments_read(rp_arguments *out, int argc, char **argv, int target, const rp_option *options,
                          size_t noptions, rp_error *err);
void rp_arguments_clear(rp_arguments *arguments);

/* The value of one of the command's own options, or NULL. */
const char *rp_argument(const rp_arguments *arguments, const char *name);

#endif
