/* Host launchers of one instruction set and lane width; compiled several times (cmake/Kernels.cmake). */
#include "kernels/all.h"
#include "kernels/launch.h"

#include "host/compute/openmp/kernels_host.h"

#include "kernels/kernels.def"
#undef RP_KERNEL_LANE
#undef RP_KERNEL_PIXEL

static const rp_host_kernel entries[] = {
#define RP_KERNEL_LANE(name, ...) {#name, rp_k_##name, true, RP_COUNT_REST(__VA_ARGS__)},
#define RP_KERNEL_PIXEL(name, ...) {#name, rp_k_##name, false, RP_COUNT_REST(__VA_ARGS__)},
#define RP_COUNT_REST(params, body, ...) RP_COUNT(__VA_ARGS__)
#include "kernels/kernels.def"
};

#define RP_TABLE_NAME RP_CAT(RP_CAT(RP_CAT(rp_host_kernels_, RP_ISA), _), RP_LANES)
extern const rp_host_kernel *const RP_TABLE_NAME;
const rp_host_kernel *const RP_TABLE_NAME = entries;
