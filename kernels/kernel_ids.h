/* Numbers of the kernels in kernels.def. */
#ifndef RP_KERNEL_IDS_H
#define RP_KERNEL_IDS_H

enum rp_kernel_id {
#define RP_KERNEL_LANE(name, ...) RP_K_##name,
#define RP_KERNEL_PIXEL(name, ...) RP_K_##name,
#include "kernels.def"
#undef RP_KERNEL_LANE
#undef RP_KERNEL_PIXEL
    RP_K_COUNT
};

#endif
