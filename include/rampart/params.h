/* Parameters of steps and pipelines: one table per step, from which the command line, help, parameter
 * files, man pages, validation and --dry-run are made. */
#ifndef RAMPART_PARAMS_H
#define RAMPART_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

#include "rampart/status.h"

typedef enum rp_param_type {
    RP_PARAM_BOOL,
    RP_PARAM_INT,
    RP_PARAM_FLOAT,
    RP_PARAM_STRING,
    RP_PARAM_OPTION,     /* one of `options`, comma-separated in the table */
    RP_PARAM_INT_LIST,
    RP_PARAM_FLOAT_LIST,
    RP_PARAM_STRING_LIST
} rp_param_type;

/* One row of a step's table.  `initial` is the default in strun's spelling ("10.0", "True", "None", "full, all").
 * `minimum`/`maximum`: inclusive bounds, NULL for none.  A value may be None when initial is "None". */
typedef struct rp_param {
    const char *name;
    rp_param_type type;
    const char *initial;
    const char *minimum, *maximum;
    const char *options;
    const char *unit; /* "DN", "electron", "s", "" */
    const char *doc;  /* one sentence, no full stop */
} rp_param;

/* Where a value came from; later wins. */
typedef enum rp_origin {
    RP_FROM_DEFAULT,
    RP_FROM_REFERENCE, /* pars-* reference file */
    RP_FROM_FILE,      /* parameter file given in the pipeline's place */
    RP_FROM_COMMAND
} rp_origin;

typedef struct rp_value {
    bool is_none;
    rp_origin origin;
    bool b;
    long long i;
    double f;
    char *s;      /* STRING, OPTION; also the normalised text of every value */
    size_t n;     /* lists */
    double *list; /* INT_LIST, FLOAT_LIST */
    char **names; /* STRING_LIST */
} rp_value;

/* Values of one step: parallel to its table(s). Opaque; owned by the creator. */
typedef struct rp_values rp_values;

/* All defaults.  `tables` are concatenated: the step's own table and the common one. */
rp_code rp_values_new(rp_values **out, const rp_param *const *tables, const size_t *counts, size_t ntables, rp_error *err);
void rp_values_free(rp_values *values);

/* Parses text in strun's spelling and checks type and bounds.  Unknown names: RP_E_ARGUMENT with the nearest name.
 * A lower origin never replaces a higher one. */
rp_code rp_values_set(rp_values *values, const char *name, const char *text, rp_origin origin, rp_error *err);

size_t rp_values_count(const rp_values *values);
const rp_param *rp_values_param(const rp_values *values, size_t index);
const rp_value *rp_values_at(const rp_values *values, size_t index);

/* NULL when the step has no such parameter. */
const rp_value *rp_values_find(const rp_values *values, const char *name);

/* Typed getters; asking for a name or type that the table lacks is a programming error (assert). */
bool rp_values_bool(const rp_values *values, const char *name);
long long rp_values_int(const rp_values *values, const char *name, long long if_none);
double rp_values_float(const rp_values *values, const char *name, double if_none);
const char *rp_values_string(const rp_values *values, const char *name); /* NULL for None */

#endif
