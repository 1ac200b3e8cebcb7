/* `rampart refs`: its subcommands, and what they have in common. */
#ifndef RP_HOST_CLI_REFS_H
#define RP_HOST_CLI_REFS_H

#include <getopt.h>
#include <stdio.h>

#include "host/cli/cli.h"
#include "rampart/context.h"
#include "rampart/dataset.h"

#define X(name, function, arguments, doc) int function(int argc, char **argv);
#include "host/cli/refs.def"
#undef X

/* `rampart bench refs` */
int rp_bench_refs(int argc, char **argv);

/* --crds-path, else $CRDS_PATH, else "/grp/crds/cache" as the client has it. */
const char *rp_refs_path(const char *given);

/* Context options from $CRDS_IGNORE_MAPPING_CHECKSUM and the flag; warnings go to standard error. */
rp_context_options rp_refs_options(bool ignore_checksum);

/* "rampart refs NAME: error: ..." */
int rp_refs_error(const char *name, const char *text, int exit_code);
int rp_refs_usage_error(const char *name, const char *text);

/* The names behind an option that takes several, as in --types dark flat: *first is optind, returns how many. */
size_t rp_refs_several(int argc, char **argv, const char *const **first);

/* Flushes standard output; an exit code. */
int rp_refs_finish(const char *name, int exit_code);

#endif
