/* New references become a new context: new rmaps, imaps and a pmap beside the old ones, which stay as they are. */
#ifndef RP_HOST_REFERENCE_CRDS_SUBMIT_H
#define RP_HOST_REFERENCE_CRDS_SUBMIT_H

#include "rampart/context.h"

typedef struct rp_submit_request {
    const char *crds_path;
    const char *context; /* the pmap to derive from, by name */
    const char *const *file;
    size_t nfiles;
    bool dry_run; /* nothing is written */
    /* One line for each thing done, without newline: "jwst_x.rmap: a.fits replaces b.fits". */
    void (*tell)(void *payload, const char *line);
    void *payload;
} rp_submit_request;

/* Names are the next free serial numbers of the folder; derived_from names the old mapping; checksums are made.  All or
 * nothing: the new context is loaded before it counts, and removed again when it does not load.
 * *pmap: the new context's name; caller frees. */
rp_code rp_submit(char **pmap, const rp_submit_request *request, rp_error *err);

#endif
