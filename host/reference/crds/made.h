/* Invented headers, for measurements: real rows of the rules laid over values that the rules mention. */
#ifndef RP_HOST_REFERENCE_CRDS_MADE_H
#define RP_HOST_REFERENCE_CRDS_MADE_H

#include <stdint.h>

#include "rampart/dataset.h"

/* `count` datasets with ids "made-<number>"; the same context and seed make the same headers.  The context must outlive
 * the source. */
rp_code rp_source_made(rp_dataset_source **out, const rp_context *context, uint64_t count, uint64_t seed,
                       rp_error *err);

#endif
