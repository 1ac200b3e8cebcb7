/* Between the parts of certify. */
#ifndef RP_HOST_REFERENCE_CRDS_CERTIFY_IMPL_H
#define RP_HOST_REFERENCE_CRDS_CERTIFY_IMPL_H

#include "host/reference/crds/certify.h"
#include "host/reference/crds/reference_header.h"

typedef struct rp_certifier {
    const rp_certify_request *request;
    rp_certify_counts *counts;
    const char *path;
    rp_reference_header header;
} rp_certifier;

void rp_certify_tell(rp_certifier *c, rp_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The message without the path that it may begin with. */
const char *rp_certify_short(const rp_certifier *c, const char *text);

/* Is the value one of a list separated by `separator`?  Numbers and case in normal form. */
bool rp_certify_in_list(const char *value, const char *list, char separator);

/* Header rows of a constraint file against the header. */
rp_code rp_certify_constraints(rp_certifier *c, const char *path, rp_error *err);

#endif
