/* The step descriptors, one symbol each, gathered by host/steps/table.c. */
#ifndef RP_HOST_STEPS_TABLES_H
#define RP_HOST_STEPS_TABLES_H

#include <stddef.h>

#include "rampart/step.h"

extern const rp_step rp_step_group_scale, rp_step_dq_init, rp_step_emicorr, rp_step_saturation, rp_step_ipc,
    rp_step_superbias, rp_step_refpix, rp_step_rscd, rp_step_firstframe, rp_step_lastframe, rp_step_linearity,
    rp_step_dark_current, rp_step_reset, rp_step_persistence, rp_step_charge_migration, rp_step_jump,
    rp_step_picture_frame, rp_step_clean_flicker_noise, rp_step_ramp_fit, rp_step_gain_scale, rp_step_guider_cds,
    rp_step_flat_field;

/* The row that switches a step off unless asked for. */
#define RP_PARAM_SKIP_BY_DEFAULT                                                                               \
    {                                                                                                          \
        "skip", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "", "Leave this step out (it is left out by default)" \
    }

#define RP_COUNT(array) (sizeof(array) / sizeof *(array))

#endif
