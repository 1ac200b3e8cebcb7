/* Descriptors of the steps that turn ramps into rates: ramp_fit, gain_scale, guider_cds, flat_field. */
#include "host/steps/ops.h"
#include "host/steps/tables/tables.h"

static const rp_param ramp_fit_params[] = {
    {"algorithm", RP_PARAM_OPTION, "OLS_C", NULL, NULL, "OLS_C,LIKELY", "",
     "Weighted least squares of segments, or the likelihood of all differences with its own search for jumps"},
    {"int_name", RP_PARAM_STRING, "", NULL, NULL, NULL, "", "Accepted and without effect"},
    {"save_opt", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "",
     "Save what the fit found for every segment (or the chi-square of LIKELY)"},
    {"opt_name", RP_PARAM_STRING, "", NULL, NULL, NULL, "", "Name from which that of the optional product is made"},
    {"suppress_one_group", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "",
     "Give no rate to integrations of which only one group is usable"},
    {"firstgroup", RP_PARAM_INT, "None", NULL, NULL, NULL, "", "Groups before this one are not used (counted from 0)"},
    {"lastgroup", RP_PARAM_INT, "None", NULL, NULL, NULL, "", "Groups after this one are not used (counted from 0)"},
    {"maximum_cores", RP_PARAM_STRING, "1", NULL, NULL, NULL, "",
     "Threads: a number, 'none', 'quarter', 'half' or 'all'; --threads overrides this"},
};

const rp_step rp_step_ramp_fit = {
    .name = "ramp_fit",
    .class_name = "jwst.ramp_fitting.ramp_fit_step.RampFitStep",
    .status_key = "S_RAMP",
    .title = "Fit the count rate of every pixel, with its variances",
    .params = ramp_fit_params,
    .nparams = RP_COUNT(ramp_fit_params),
    .reftypes = (const char *const[]){"readnoise", "gain", NULL},
    .ops = &rp_ops_ramp_fit,
};

const rp_step rp_step_gain_scale = {
    .name = "gain_scale",
    .class_name = "jwst.gain_scale.gain_scale_step.GainScaleStep",
    .status_key = "S_GANSCL",
    .title = "Scale exposures taken with another gain than the standard one",
    .reftypes = (const char *const[]){"gain", NULL},
    .ops = &rp_ops_gain_scale,
};

const rp_step rp_step_guider_cds = {
    .name = "guider_cds",
    .class_name = "jwst.guider_cds.guider_cds_step.GuiderCdsStep",
    .status_key = "S_GUICDS",
    .title = "Count rates of guider images from differences of their groups",
    .reftypes = (const char *const[]){"gain", "readnoise", NULL},
    .ops = &rp_ops_guider_cds,
};

static const rp_param flat_field_params[] = {
    {"save_interpolated_flat", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "",
     "Save the flat field made for NIRSpec spectra"},
    {"user_supplied_flat", RP_PARAM_STRING, "None", NULL, NULL, NULL, "",
     "Flat field that takes the place of the reference files"},
    {"inverse", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Multiply by the flat field instead of dividing"},
};

const rp_step rp_step_flat_field = {
    .name = "flat_field",
    .class_name = "jwst.flatfield.flat_field_step.FlatFieldStep",
    .status_key = "S_FLAT",
    .title = "Divide by the flat field",
    .params = flat_field_params,
    .nparams = RP_COUNT(flat_field_params),
    .reftypes = (const char *const[]){"flat", "fflat", "sflat", "dflat", NULL},
    .ops = &rp_ops_flat_field,
};
