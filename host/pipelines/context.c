/* See context.h. */
#include "host/pipelines/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

rp_code rp_note_context(rp_meta *meta, const rp_bestrefs *refs, rp_error *err)
{
    const char *chosen = rp_bestrefs_context(refs), *context = chosen ? chosen : getenv("CRDS_CONTEXT");
    const rp_code code = rp_meta_set_string(meta, "CRDS_VER", chosen ? RP_CRDS_VERSION : "N/A", err);
    return code != RP_OK ? code : rp_meta_set_string(meta, "CRDS_CTX", context && *context ? context : "N/A", err);
}

rp_code rp_note_reference(rp_meta *meta, const rp_bestrefs *refs, const char *keyword, const char *path, rp_error *err)
{
    char text[300];
    const char *slash = strrchr(path, '/');
    if (!rp_bestrefs_gave(refs, path))
        return rp_meta_set_string(meta, keyword, path, err);
    (void)snprintf(text, sizeof text, "crds://%.255s", slash ? slash + 1 : path);
    return rp_meta_set_string(meta, keyword, text, err);
}
