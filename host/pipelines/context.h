/* What products say of their references and of the context in which these were chosen. */
#ifndef RP_HOST_PIPELINES_CONTEXT_H
#define RP_HOST_PIPELINES_CONTEXT_H

#include "rampart/bestrefs.h"
#include "rampart/meta.h"

/* CRDS_VER and CRDS_CTX: release of the rules' software and context.  Where no rules were asked (refs NULL, or every
 * reference named by hand) the software is "N/A" and the context that of the environment (CRDS_CONTEXT), if any. */
rp_code rp_note_context(rp_meta *meta, const rp_bestrefs *refs, rp_error *err);

/* R_*: "crds://NAME" for a reference that the rules chose, else the path, or "N/A". */
rp_code rp_note_reference(rp_meta *meta, const rp_bestrefs *refs, const char *keyword, const char *path, rp_error *err);

#endif
