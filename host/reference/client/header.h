/* What the rules see of an exposure. */
#ifndef RP_HOST_REFERENCE_CLIENT_HEADER_H
#define RP_HOST_REFERENCE_CLIENT_HEADER_H

#include <stdint.h>

#include "rampart/context.h"
#include "rampart/meta.h"

typedef struct rp_crds_header {
    rp_header_item *item;
    size_t count;
    char **text; /* what the items point to */
    size_t ntexts;
    const char *instrument; /* of the metadata */
    uint64_t fingerprint;   /* equal for equal headers */
} rp_crds_header;

/* The keywords that the context asks for; without a context every one of the data model's.  Values are spelled as
 * Python spells them.  Clear in every case; the metadata must live as long. */
rp_code rp_crds_header_read(rp_crds_header *out, const rp_meta *meta, const rp_context *context, rp_error *err);
void rp_crds_header_clear(rp_crds_header *header);

#endif
