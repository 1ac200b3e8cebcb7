/* Help of `run` and of its targets, made from the tables. */
#ifndef RP_HOST_CLI_HELP_H
#define RP_HOST_CLI_HELP_H

#include <stdio.h>

#include "host/cli/options.h"

/* rampart run --help */
void rp_help_run(FILE *out);

/* rampart run TARGET --help: every option with type, unit, bounds and default. */
void rp_help_target(FILE *out, const rp_target *target, const rp_option *options, size_t noptions);

/* "number of at least 0, in sigma; default 4.0": what a parameter takes. */
void rp_help_describe(char *out, size_t capacity, const rp_param *param);

/* "INT", "FLOAT", "true|false", "OLS_C|LIKELY": the placeholder of a value. */
void rp_help_placeholder(char *out, size_t capacity, const rp_param *param);

#endif
