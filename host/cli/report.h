/* What came of each input: gathered while it runs, told at the end as text or JSON. */
#ifndef RP_HOST_CLI_REPORT_H
#define RP_HOST_CLI_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "host/cli/console.h"
#include "rampart/pipeline.h"

typedef struct rp_report_step {
    char *name, *status;
    double seconds;
} rp_report_step;

typedef struct rp_report_product {
    char *suffix, *path;
} rp_report_product;

typedef struct rp_report {
    rp_console *console;
    const char *input;
    rp_code code;
    char *message; /* NULL when all went well */
    double seconds;
    rp_report_step *step; /* and other parts of the run */
    size_t nsteps;
    rp_report_product *product;
    size_t nproducts;
    rp_observer observer; /* for the request; its payload is this report */
} rp_report;

/* `report` stays at its address while the observer is in use. */
void rp_report_begin(rp_report *report, rp_console *console, const char *input);
void rp_report_end(rp_report *report, rp_code code, const rp_error *err);
void rp_report_clear(rp_report *report);

/* One JSON object in one line. */
void rp_report_json(const rp_report *report, FILE *out);

#endif
