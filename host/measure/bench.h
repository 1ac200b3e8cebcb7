/* The benchmark of `rampart bench`: an exposure with its references, calibrated again and again by child processes. */
#ifndef RP_HOST_MEASURE_BENCH_H
#define RP_HOST_MEASURE_BENCH_H

#include <stdio.h>

#include "host/measure/measure.h"

enum { RP_BENCH_PATH = 1024, RP_BENCH_BACKENDS = 8, RP_BENCH_STAGES = 64 };

typedef struct rp_bench_stage {
    char name[48];
    double seconds;
} rp_bench_stage;

/* All runs on one back end. */
typedef struct rp_series {
    char backend[32];
    char products[RP_BENCH_PATH];          /* folder */
    double *wall_s, *cpu_s, *memory_bytes; /* [repeat]; owned */
    size_t nruns;
    double product_bytes;
    rp_bench_stage stage[RP_BENCH_STAGES]; /* of the fastest run */
    size_t nstages;
} rp_series;

typedef struct rp_bench {
    /* set by the caller */
    char self[RP_BENCH_PATH];                        /* the program to run */
    char folder[RP_BENCH_PATH];                      /* of the exposure and its references; made if absent */
    const char *instrument, *size, *ngroups, *nints; /* for the simulator; NULL: its defaults */
    const char *threads;                             /* NULL: the program's default */
    char *const *options;                            /* further options of `run`, NULL-terminated; NULL: none */
    size_t repeat;
    /* found */
    char exposure[RP_BENCH_PATH];
    double input_bytes; /* exposure and references */
    rp_series series[RP_BENCH_BACKENDS];
    size_t nseries;
    rp_stream stream; /* best of all rounds */
} rp_bench;

/* Back ends by name, separated by commas; "all": what `rampart devices` lists. */
rp_code rp_bench_backends(rp_bench *bench, const char *names, rp_error *err);

/* Finds the exposure in the folder, or has one made. */
rp_code rp_bench_prepare(rp_bench *bench, rp_error *err);

/* One run that is not counted on each back end, and the proof that all give the same products. */
rp_code rp_bench_verify(rp_bench *bench, rp_error *err);

/* One round: memory bandwidth, then each back end in turn. */
rp_code rp_bench_round(rp_bench *bench, rp_error *err);

void rp_bench_clear(rp_bench *bench);

void rp_bench_print(const rp_bench *bench, FILE *out);
/* Appends one JSON object per back end, each in one line. */
rp_code rp_bench_json(const rp_bench *bench, const char *path, rp_error *err);
rp_code rp_bench_plot(const rp_bench *bench, const char *path, rp_error *err);

#endif
