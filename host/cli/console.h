/* What the command shows while it works: log lines in strun's form, and a progress bar on a terminal. */
#ifndef RP_HOST_CLI_CONSOLE_H
#define RP_HOST_CLI_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "rampart/log.h"
#include "rampart/pipeline.h"

typedef struct rp_console rp_console;

typedef struct rp_console_options {
    rp_level level;     /* lines below are dropped */
    bool quiet;         /* the stream shows errors only; file and recorder get everything */
    const char *stream; /* "stdout", "stderr", "null" */
    const char *file;   /* NULL: none */
    bool append;        /* to the file */
    bool progress;      /* bar on a terminal, a line now and then elsewhere */
} rp_console_options;

/* The defaults: INFO to stderr, with progress. */
rp_console_options rp_console_defaults(void);

/* "DEBUG" ... "CRITICAL" in any case, or a number; as Python's logging knows them. */
bool rp_level_parse(const char *text, rp_level *out);

/* A stpipe-log.cfg file: handler and level of its [*] section. `*handlers` gets the handler text; caller frees. */
rp_code rp_console_read_logcfg(rp_console_options *options, char **handlers, const char *path, rp_error *err);

rp_code rp_console_open(rp_console **out, const rp_console_options *options, rp_error *err);
void rp_console_close(rp_console *console); /* NULL is fine */

/* A log that writes here and into the recorder (NULL: none) that was set last.  Thread-safe. */
const rp_log *rp_console_log(rp_console *console);
void rp_console_record(rp_console *console, rp_recorder *recorder);

/* An rp_observer progress function, with the console as payload; and the end of the bar. */
void rp_console_progress(rp_console *console, const char *stage, uint64_t done, uint64_t total);
void rp_console_progress_end(rp_console *console);

#endif
