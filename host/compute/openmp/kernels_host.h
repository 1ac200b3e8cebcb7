/* Table of host launchers: one per kernel, in the order of kernels/kernels.def. */
#ifndef RP_HOST_KERNELS_HOST_H
#define RP_HOST_KERNELS_HOST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct rp_host_kernel {
    const char *name;
    /* extent: {end, begin, 0} in pixels for LANE kernels, {nx, ny, nz} for PIXEL kernels */
    void (*run)(const void *params, void *const *buffers, const size_t *extent);
    bool is_lane;
    int nbuffers;
} rp_host_kernel;

#endif
