/* Logical differences of two mappings and all below them, as the client's `crds diff` tells them. */
#ifndef RP_HOST_REFERENCE_CRDS_DIFF_H
#define RP_HOST_REFERENCE_CRDS_DIFF_H

#include "host/reference/crds/mapping.h"

/* One step on the way to a difference: two mapping names, or the values of a key. */
typedef struct rp_step {
    const char *const *text;
    size_t count;
    bool mappings;
} rp_step;

typedef struct rp_difference {
    const rp_step *step;
    size_t nsteps;
    const char *message;           /* "added Match rule for 'x.fits'", "header replaced 'name' = 'a' with 'b'" */
    const char *instrument, *type; /* of the mapping that differs; type "" in a pmap or imap */
} rp_difference;

typedef struct rp_differences {
    rp_arena arena;
    rp_difference *item; /* sorted */
    size_t count, room;
} rp_differences;

/* Both of one kind.  old_name, new_name: how the messages call the two.  Free with rp_differences_clear, also after
 * errors. */
rp_code rp_differences_find(rp_differences *out, const rp_context *old_context, const char *old_name,
                            const rp_context *new_context, const char *new_name, bool headers, rp_error *err);
void rp_differences_clear(rp_differences *differences);

#endif
