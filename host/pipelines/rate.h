/* Steps on products that are rates already: gain_scale alone. */
#ifndef RP_HOST_PIPELINES_RATE_H
#define RP_HOST_PIPELINES_RATE_H

#include "rampart/pipeline.h"
#include "rampart/product.h"

/* Is this gain_scale, alone, on a rate or rateints file? */
bool rp_rate_wants(const rp_request *request, const rp_exposure *exposure);

/* Runs it to its product. */
rp_code rp_rate_run(const rp_request *request, const rp_exposure *exposure, rp_error *err);

#endif
