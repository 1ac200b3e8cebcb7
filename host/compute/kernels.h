/* Parameter structs and numbers of the kernels, for host code that launches them. */
#ifndef RP_HOST_COMPUTE_KERNELS_H
#define RP_HOST_COMPUTE_KERNELS_H

#ifndef RP_DIALECT_HOST
#define RP_DIALECT_HOST
#endif
#ifndef RP_LANES
#define RP_LANES 1
#endif

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#include "kernels/all.h"
#pragma GCC diagnostic pop

#include "kernels/kernel_ids.h"

#endif
