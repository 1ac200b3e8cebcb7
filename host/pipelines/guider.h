/* calwebb_guider, and its steps alone, on guide-star exposures. */
#ifndef RP_HOST_PIPELINES_GUIDER_H
#define RP_HOST_PIPELINES_GUIDER_H

#include "rampart/pipeline.h"

/* Runs a request on a guide-star exposure (EXP_TYPE FGS_ID-IMAGE, FGS_ID-STACK, FGS_ACQ1, FGS_ACQ2, FGS_TRACK,
 * FGS_FINEGUIDE) to its products.  Other exposures, and steps that do not know guide stars: RP_E_UNSUPPORTED. */
rp_code rp_guider_run(const rp_request *request, rp_error *err);

#endif
