/* Every kernel as OpenCL C, or the one that RP_ONE_KERNEL, a line of kernels.def, tells.
 * Build options: -DRP_LANES=1|8|16. */
#define RP_DIALECT_CL 1
#include "all.h"
#include "launch.h"
#ifdef RP_ONE_KERNEL
RP_ONE_KERNEL
#else
#include "kernels.def"
#endif
