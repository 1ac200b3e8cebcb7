/* A progress bar with rate and time left; or, where there is no terminal, a line now and then. */
#ifndef RP_HOST_CLI_PROGRESS_H
#define RP_HOST_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Not thread-safe: the console locks. */
typedef struct rp_progress {
    FILE *terminal; /* NULL: lines */
    bool visible;
    char stage[48];
    uint64_t done, total;
    double start_s, last_s; /* of the stage, and of the last thing shown */
} rp_progress;

void rp_progress_init(rp_progress *progress, FILE *terminal);

/* New numbers.  Without a terminal `line` receives a text when it is time for one, else stays "". */
void rp_progress_update(rp_progress *progress, const char *stage, uint64_t done, uint64_t total, char *line,
                        size_t capacity);

/* Takes the bar off the screen for other text, and puts it back. */
void rp_progress_hide(rp_progress *progress);
void rp_progress_show(rp_progress *progress);

/* Forgets the stage. */
void rp_progress_reset(rp_progress *progress);

/* "dq_init ... ramp_fit  42 %  231 MB/s  3 s left"; with a bar of `bar` characters if positive. */
void rp_progress_text(const rp_progress *progress, double elapsed_s, int bar, char *out, size_t capacity);

#endif
