/* Between the threads of rp_affected_find and the comparison of one dataset. */
#ifndef RP_HOST_REFERENCE_CRDS_AFFECTED_IMPL_H
#define RP_HOST_REFERENCE_CRDS_AFFECTED_IMPL_H

#include "host/reference/crds/affected.h"
#include "host/reference/crds/memory.h"

/* Which types are looked up: one table per context, [instrument][rule]. */
typedef struct rp_affected_plan {
    const rp_context *old_context, *new_context;
    const rp_affected_options *options;
    rp_arena arena;
    bool **skip_old, **skip_new;
} rp_affected_plan;

rp_code rp_affected_plan_make(rp_affected_plan *plan, rp_error *err);

/* A thread's tools. */
typedef struct rp_comparer {
    const rp_affected_plan *plan;
    rp_query *old_query, *new_query;
} rp_comparer;

rp_code rp_comparer_open(rp_comparer *comparer, const rp_affected_plan *plan, rp_error *err);
void rp_comparer_close(rp_comparer *comparer);
/* The texts of *out lie in the arena, the mappings or the dataset. */
rp_code rp_comparer_compare(rp_comparer *comparer, const rp_dataset *dataset, rp_arena *arena, rp_affected *out,
                            rp_error *err);

#endif
