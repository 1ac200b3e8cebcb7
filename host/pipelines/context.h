/* What products say of the context in which their references were chosen. */
#ifndef RP_HOST_PIPELINES_CONTEXT_H
#define RP_HOST_PIPELINES_CONTEXT_H

#include "rampart/meta.h"

/* CRDS_VER and CRDS_CTX: the reference pipeline names the CRDS software and context; here references are named by hand,
 * so the software is "N/A" and the context that of the environment (CRDS_CONTEXT), if any. */
rp_code rp_note_context(rp_meta *meta, rp_error *err);

#endif
