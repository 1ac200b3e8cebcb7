/* What reading a request and naming its products share. */
#ifndef RP_HOST_PIPELINES_REQUEST_PARTS_H
#define RP_HOST_PIPELINES_REQUEST_PARTS_H

#include "rampart/pipeline.h"

/* The values that name the products of `step`; of the top when NULL. */
const rp_values *rp_request_values(const rp_request *request, const char *step);

/* output_dir as given, for the products of `step` (NULL: the top); NULL: the working directory. */
const char *rp_request_folder(const rp_request *request, const char *step);

#endif
