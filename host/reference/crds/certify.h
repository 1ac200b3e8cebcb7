/* Is a reference or a mapping fit for a context? */
#ifndef RP_HOST_REFERENCE_CRDS_CERTIFY_H
#define RP_HOST_REFERENCE_CRDS_CERTIFY_H

#include "rampart/context.h"

typedef struct rp_certify_request {
    const char *crds_path;
    const rp_context *context; /* that the reference would go into; NULL: its rmap is not consulted */
    const char *constraints;   /* a file of constraints (.tpn), or NULL */
    /* One finding: `error` or a warning or note. */
    void (*tell)(void *payload, rp_level level, const char *line);
    void *payload;
} rp_certify_request;

typedef struct rp_certify_counts {
    size_t errors, warnings;
} rp_certify_counts;

/* A reference (FITS, HDF5): provenance keywords, keywords that its rmap matches on, what inserting it would do, and the
 * header constraints of the file.  Findings are no failure of the call. */
rp_code rp_certify_reference(rp_certify_counts *counts, const rp_certify_request *request, const char *path,
                             rp_error *err);
/* A mapping: syntax, name, checksum, repeated keys, derivation, dates, and everything below it. */
rp_code rp_certify_mapping(rp_certify_counts *counts, const rp_certify_request *request, const char *path,
                           rp_error *err);

#endif
