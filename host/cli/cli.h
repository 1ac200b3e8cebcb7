/* The command line: verbs, exit codes, and the few lines that every verb prints alike. */
#ifndef RP_HOST_CLI_CLI_H
#define RP_HOST_CLI_CLI_H

#include <stdio.h>

#include "rampart/status.h"

/* The whole command; returns the exit code.  argv[0] "strun" means the verb "run". */
int rp_cli_main(int argc, char **argv);

#define RP_DECLARE_VERB(name, function, doc) int function(int argc, char **argv);
#define X RP_DECLARE_VERB
#include "host/cli/verbs.def"
#undef X
#undef RP_DECLARE_VERB

typedef struct rp_verb {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *doc;
} rp_verb;

const rp_verb *rp_verbs(size_t *count);

/* docs/cli.md, "Exit codes" */
enum { RP_EXIT_OK = 0, RP_EXIT_FAILED = 1, RP_EXIT_USAGE = 2, RP_EXIT_NO_DATA = 64, RP_EXIT_INTERRUPTED = 130 };

/* The exit code of a failure that is not one of usage. */
int rp_exit_code(rp_code code);

/* "rampart VERB: error: text" on standard error; returns exit_code. */
int rp_cli_error(const char *verb, const char *text, int exit_code);

/* The same with a pointer to the help of the verb; returns RP_EXIT_USAGE. */
int rp_cli_usage_error(const char *verb, const char *text);

void rp_cli_print_version(FILE *out);
void rp_cli_print_help(FILE *out);

#endif
