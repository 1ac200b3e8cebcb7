/* Selection by partitioning (Hoare), in both floating types: host/steps/medians.h. */
#include "host/steps/medians.h"

#include <math.h>

#define RP_REAL float
#define RP_REAL_NAME(function) function##_f32
#include "host/steps/medians_real.h"
#undef RP_REAL
#undef RP_REAL_NAME
#define RP_REAL double
#define RP_REAL_NAME(function) function##_f64
#include "host/steps/medians_real.h"
