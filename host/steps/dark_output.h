/* The file that dark_current's parameter dark_output asks for: the dark as it is subtracted. */
#ifndef RP_HOST_STEPS_DARK_OUTPUT_H
#define RP_HOST_STEPS_DARK_OUTPUT_H

#include "host/steps/dark_frames.h"

/* Writes `path` as the reference pipeline saves a dark model: the header of the dark reference with the numbers of the
 * groups that it now holds, SCI [..][groups][ny][nx] and DQ. */
rp_code rp_dark_output_write(const char *path, const rp_dark_plan *plan, rp_reference *reference, rp_error *err);

#endif
