/* Measuring programs: memory bandwidth, child processes, equality of products, and charts of the results. */
#ifndef RP_HOST_MEASURE_MEASURE_H
#define RP_HOST_MEASURE_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "io/png/png.h"
#include "rampart/status.h"

/* ---- memory bandwidth, after STREAM (McCalpin 1995) ---- */

typedef struct rp_stream {
    int threads;
    double copy_bytes_s, triad_bytes_s; /* best of the repeats; counted as STREAM counts: 16 and 24 bytes per element */
} rp_stream;

/* Three arrays of `elements` doubles (0: 2^24, 384 MiB in all), `repeat` rounds.  threads 0: all cores.
 * The results of the loops are checked. */
rp_code rp_stream_measure(rp_stream *out, int threads, size_t elements, int repeat, rp_error *err);

/* ---- child processes ---- */

typedef struct rp_child {
    int exit_code;             /* 128 + n when signal n ended it */
    double wall_s, cpu_s;      /* cpu: user and system */
    int64_t peak_memory_bytes; /* resident; at least what the caller itself has ever used: keep the caller small */
    char *output;              /* standard output, terminated; owned */
} rp_child;

enum { RP_CHILD_MAX_OUTPUT = 1 << 24 };

/* Runs argv[0] (a path) and waits.  Standard error goes to the file `log` (NULL: nowhere).  A child that fails is no
 * error here: look at exit_code. */
rp_code rp_child_run(rp_child *out, char *const *argv, const char *log, rp_error *err);
void rp_child_clear(rp_child *child);

/* ---- products ---- */

/* Do all image planes of two files hold the same bytes under the same names?  Headers and tables are left out: they
 * hold dates and paths.  `why` says what differs first. */
rp_code rp_same_planes(const char *left, const char *right, bool *same, char why[160], rp_error *err);

/* ---- statistics ---- */

double rp_minimum(const double *values, size_t n);
double rp_median(double *values, size_t n); /* sorts; NaN for n = 0 */

/* ---- charts ---- */

typedef struct rp_bar {
    char label[48], note[48]; /* left of the bar; right of it */
    double value;             /* negative counts as 0 */
} rp_bar;

/* Bars that share one scale. */
typedef struct rp_bar_group {
    char title[96];
    const rp_bar *bar;
    size_t nbars;
} rp_bar_group;

rp_code rp_chart_draw(rp_picture *out, const char *title, const rp_bar_group *groups, size_t ngroups, rp_error *err);

#endif
