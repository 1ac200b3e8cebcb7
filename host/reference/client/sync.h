/* Filling and checking the CRDS cache: what `crds sync` does. */
#ifndef RP_HOST_REFERENCE_CLIENT_SYNC_H
#define RP_HOST_REFERENCE_CLIENT_SYNC_H

#include "host/reference/client/client.h"

typedef struct rp_crds_sync {
    const char *const *context; /* specifications, as for rp_crds_context_name */
    size_t ncontexts;
    bool all;                       /* every context of the server */
    size_t last;                    /* so many of the newest ones */
    long first_serial, last_serial; /* --range; both 0: none */
    const char *const *file;
    size_t nfiles;
    bool references; /* of the contexts too */
    bool again;      /* fetch what is there already */
    bool check, check_sha1, repair;
    bool purge_mappings, purge_references;
    bool dry_run;
    int organize; /* -1: leave; else an rp_crds_mode */
} rp_crds_sync;

typedef struct rp_crds_sync_report {
    size_t files, checked, removed, moved, errors;
    size_t would_fetch;
} rp_crds_sync_report;

/* Goes on after a file that cannot be had or is broken: each is an error line in the log and counted.  The result is an
 * error only where nothing could be done at all. */
rp_code rp_crds_sync_run(rp_crds_client *client, const rp_crds_sync *what, rp_crds_sync_report *report, rp_error *err);

/* Removes lock files that nobody holds; *count says how many. */
rp_code rp_crds_clear_locks(const rp_crds_settings *settings, size_t *count, rp_error *err);

#endif
