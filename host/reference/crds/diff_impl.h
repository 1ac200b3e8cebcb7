/* The comparison at work, between diff.c and diff_selector.c. */
#ifndef RP_HOST_REFERENCE_CRDS_DIFF_IMPL_H
#define RP_HOST_REFERENCE_CRDS_DIFF_IMPL_H

#include "host/reference/crds/diff.h"

enum { RP_DIFFER_STEPS = 80 };

typedef struct rp_differ {
    rp_differences *out;
    const rp_context *old_context, *new_context;
    bool headers;
    const char *instrument, *type;
} rp_differ;

/* Copies the steps; the message lies in the arena (NULL: no memory). */
bool rp_differ_add(rp_differ *d, const rp_step *step, size_t nsteps, const char *message);
rp_step rp_differ_step(rp_differ *d, const char *a, const char *b, bool mappings);
/* The text in the arena, and an empty buffer. */
const char *rp_differ_text(rp_differ *d, rp_buffer *text);

void rp_differ_selectors(rp_differ *d, const rp_mapping *a, const rp_mapping *b, const rp_step *path, size_t npath);

#endif
