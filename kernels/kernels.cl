/* Every kernel as OpenCL C.  Build options: -DRP_LANES=1|8|16. */
#define RP_DIALECT_CL 1
#include "all.h"
#include "launch.h"
#include "kernels.def"
