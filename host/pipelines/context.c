/* See context.h. */
#include "host/pipelines/context.h"

#include <stdlib.h>

rp_code rp_note_context(rp_meta *meta, rp_error *err)
{
    const char *context = getenv("CRDS_CONTEXT");
    const rp_code code = rp_meta_set_string(meta, "CRDS_VER", "N/A", err);
    return code != RP_OK ? code : rp_meta_set_string(meta, "CRDS_CTX", context && *context ? context : "N/A", err);
}
