/* What a new context changes: datasets whose best references differ between two contexts, and why.
 *
 * Only types whose rules differ are looked up: an rmap of the same name and checksum gives the same answers, unless it
 * has expressions, whose names depend on its neighbours.  Comparison follows `crds bestrefs --old-context
 * --new-context`: no match counts as N/A unless undefined_matters; a dataset for which the new context fails is an
 * error, not affected. */
#ifndef RP_HOST_REFERENCE_CRDS_AFFECTED_H
#define RP_HOST_REFERENCE_CRDS_AFFECTED_H

#include "rampart/dataset.h"

typedef enum rp_change_kind {
    RP_CHANGE_REPLACED, /* another file */
    RP_CHANGE_FOUND,    /* a file where there was none */
    RP_CHANGE_LOST,     /* none where there was a file */
    RP_CHANGE_FAILED,   /* the new context fails: `after` says how */
    RP_CHANGE_KINDS
} rp_change_kind;

const char *rp_change_name(rp_change_kind kind); /* "replaced", ... */

typedef struct rp_change {
    const char *type;
    rp_change_kind kind;
    const char *before, *after;            /* file names (of a tie, with commas between), "N/A", or a message */
    const char *old_mapping, *new_mapping; /* rmap, "N/A" or "OMIT" of the type; "none" where it has no such type */
} rp_change;

typedef struct rp_affected {
    const char *id, *instrument;
    const rp_change *change; /* sorted by type */
    size_t nchanges;
    bool failed;         /* one of the changes is RP_CHANGE_FAILED */
    const char *problem; /* not NULL: the header could not be read or its instrument is unknown; no changes */
} rp_affected;

typedef struct rp_affected_options {
    unsigned jobs; /* threads; 0: one */
    bool undefined_matters;
    const char *const *type; /* only these; ntypes 0: all */
    size_t ntypes;
    const char *const *skip_type;
    size_t nskip_types;
    /* One call at a time, in the order of the source, for datasets with changes or problems. */
    void (*report)(void *payload, const rp_affected *affected);
    void *payload;
} rp_affected_options;

typedef struct rp_affected_counts {
    size_t datasets, affected, failed, unreadable;
} rp_affected_counts;

rp_code rp_affected_find(rp_affected_counts *out, const rp_context *old_context, const rp_context *new_context,
                         rp_dataset_source *source, const rp_affected_options *options, rp_error *err);

#endif
