/* The choices of `run` that concern the machine and the session, not the calibration. */
#ifndef RP_HOST_CLI_MACHINE_H
#define RP_HOST_CLI_MACHINE_H

#include "host/cli/options.h"

typedef struct rp_machine {
    const char *backend; /* NULL: auto */
    int threads;         /* 0: not said */
    size_t memory_bytes;
    int64_t strip_rows;
    const char *refs_dir, *intermediate, *checkpoint, *resume, *save_parameters;
    bool durable, json, dry_run, quiet, no_reference_pars;
} rp_machine;

/* Reads them from arguments; strings lead into argv.  Errors are RP_E_ARGUMENT. */
rp_code rp_machine_read(rp_machine *out, const rp_arguments *arguments, const rp_target *target, rp_error *err);

/* "500M", "2G", "1.5GiB", "1048576": K, M, G, T are powers of 1024. */
bool rp_size_parse(const char *text, size_t *out);

#endif
