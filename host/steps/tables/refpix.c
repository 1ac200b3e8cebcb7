/* Descriptor of refpix. */
#include "host/steps/ops.h"
#include "host/steps/tables/tables.h"

static const rp_param refpix_params[] = {
    {"odd_even_columns", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "",
     "Treat even and odd columns of the reference pixels apart (near-infrared detectors)"},
    {"use_side_ref_pixels", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "",
     "Also correct each row by the reference pixels at the left and right"},
    {"side_smoothing_length", RP_PARAM_INT, "11", NULL, NULL, NULL, "pixel",
     "Number of rows in the running median of the side reference pixels; must be odd"},
    {"side_gain", RP_PARAM_FLOAT, "1.0", NULL, NULL, NULL, "", "Factor on the side signal before it is subtracted"},
    {"odd_even_rows", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "",
     "Treat even and odd rows of the reference pixels apart (MIRI)"},
    {"ovr_corr_mitigation_ftr", RP_PARAM_FLOAT, "3.0", NULL, NULL, NULL, "sigma",
     "How far the statistics of an IRS2 reference pixel may stand out before it is replaced"},
    {"preserve_irs2_refpix", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "",
     "Keep the interleaved reference pixels of IRS2 data in the result"},
    {"irs2_mean_subtraction", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "",
     "Subtract mean reference levels before the IRS2 correction"},
    {"refpix_algorithm", RP_PARAM_OPTION, "median", NULL, NULL, "median,sirs", "",
     "How the side signal of near-infrared full frames is smoothed"},
    {"sigreject", RP_PARAM_FLOAT, "4.0", NULL, NULL, NULL, "sigma",
     "Side reference pixels further than this from their median are left out (sirs)"},
    {"gaussmooth", RP_PARAM_FLOAT, "1.0", NULL, NULL, NULL, "pixel",
     "Width of the Gaussian that smooths the convolution kernel (sirs)"},
    {"halfwidth", RP_PARAM_INT, "30", NULL, NULL, NULL, "pixel", "Half-width of the convolution kernel (sirs)"},
    {"siglimit", RP_PARAM_FLOAT, "3.0", NULL, NULL, NULL, "sigma",
     "Clipping limit for the mean of the reference pixels"},
};

const rp_step rp_step_refpix = {
    .name = "refpix",
    .class_name = "jwst.refpix.refpix_step.RefPixStep",
    .status_key = "S_REFPIX",
    .title = "Follow drifts of the bias by the reference pixels and subtract them",
    .params = refpix_params,
    .nparams = RP_COUNT(refpix_params),
    .reftypes = (const char *const[]){"refpix", "sirskernel", NULL},
    .ops = &rp_ops_refpix,
};
