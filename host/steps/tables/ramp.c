/* Descriptors of the steps that correct ramps: the MIRI group flags, reset, linearity, dark_current, charge_migration.
 */
#include "host/steps/ops.h"
#include "host/steps/tables/tables.h"

static const rp_param firstframe_params[] = {
    {"bright_use_group1", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "",
     "Keep the first group of pixels whose third group is saturated"},
    RP_PARAM_SKIP_BY_DEFAULT,
};

const rp_step rp_step_firstframe = {
    .name = "firstframe",
    .class_name = "jwst.firstframe.firstframe_step.FirstFrameStep",
    .status_key = "S_FRSTFR",
    .title = "Flag the first group of MIRI ramps (superseded by rscd)",
    .params = firstframe_params,
    .nparams = RP_COUNT(firstframe_params),
    .reftypes = (const char *const[]){NULL},
    .skip_by_default = true,
    .ops = &rp_ops_firstframe,
};

const rp_step rp_step_lastframe = {
    .name = "lastframe",
    .class_name = "jwst.lastframe.lastframe_step.LastFrameStep",
    .status_key = "S_LASTFR",
    .title = "Flag the last group of MIRI ramps",
    .reftypes = (const char *const[]){NULL},
    .ops = &rp_ops_lastframe,
};

const rp_step rp_step_reset = {
    .name = "reset",
    .class_name = "jwst.reset.reset_step.ResetStep",
    .status_key = "S_RESET",
    .title = "Subtract the drift after a reset of the MIRI detectors",
    .reftypes = (const char *const[]){"reset", NULL},
    .ops = &rp_ops_reset,
};

const rp_step rp_step_rscd = {
    .name = "rscd",
    .class_name = "jwst.rscd.rscd_step.RscdStep",
    .status_key = "S_RSCD",
    .title = "Flag the first groups of MIRI integrations, disturbed by the reset switch",
    .reftypes = (const char *const[]){"rscd", NULL},
    .ops = &rp_ops_rscd,
};

const rp_step rp_step_linearity = {
    .name = "linearity",
    .class_name = "jwst.linearity.linearity_step.LinearityStep",
    .status_key = "S_LINEAR",
    .title = "Make the response linear by a polynomial for each pixel",
    .reftypes = (const char *const[]){"linearity", NULL},
    .ops = &rp_ops_linearity,
};

static const rp_param dark_current_params[] = {
    {"dark_output", RP_PARAM_STRING, "None", NULL, NULL, NULL, "",
     "Name of the file that receives the dark ramp as it was subtracted"},
    {"average_dark_current", RP_PARAM_FLOAT, "None", NULL, NULL, NULL, "electron/s",
     "Dark current for the noise of the fit; without it the dark reference says"},
};

const rp_step rp_step_dark_current = {
    .name = "dark_current",
    .class_name = "jwst.dark_current.dark_current_step.DarkCurrentStep",
    .status_key = "S_DARK",
    .title = "Subtract the dark ramp of the detector",
    .params = dark_current_params,
    .nparams = RP_COUNT(dark_current_params),
    .reftypes = (const char *const[]){"dark", NULL},
    .ops = &rp_ops_dark_current,
};

static const rp_param charge_migration_params[] = {
    {"signal_threshold", RP_PARAM_FLOAT, "25000", NULL, NULL, NULL, "DN",
     "Groups above this signal, and all later ones, are flagged in the pixel and its four neighbours"},
    RP_PARAM_SKIP_BY_DEFAULT,
};

const rp_step rp_step_charge_migration = {
    .name = "charge_migration",
    .class_name = "jwst.charge_migration.charge_migration_step.ChargeMigrationStep",
    .status_key = "S_CHGMIG",
    .title = "Flag groups in which charge has moved to neighbouring pixels",
    .params = charge_migration_params,
    .nparams = RP_COUNT(charge_migration_params),
    .reftypes = (const char *const[]){NULL},
    .skip_by_default = true,
    .ops = &rp_ops_charge_migration,
};
