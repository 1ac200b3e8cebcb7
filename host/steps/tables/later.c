/* Descriptors of steps that are left out by default: emicorr, persistence, picture_frame, clean_flicker_noise.
 * jwst 3.0.0: the last two fit a draft of the count rate with references that it asks CRDS for; run alone they take
 * them here, as gain and readnoise. */
#include "host/steps/ops.h"
#include "host/steps/tables/tables.h"

static const rp_param emicorr_params[] = {
    {"algorithm", RP_PARAM_OPTION, "joint", NULL, NULL, "sequential,joint", "", "How the noise waves are fitted"},
    {"nints_to_phase", RP_PARAM_INT, "None", NULL, NULL, NULL, "",
     "Number of integrations from which the phase is found"},
    {"nbins", RP_PARAM_INT, "None", NULL, NULL, NULL, "", "Number of bins in one period of the wave"},
    {"scale_reference", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "", "Scale the reference wave to the data"},
    {"onthefly_corr_freq", RP_PARAM_FLOAT_LIST, "None", NULL, NULL, NULL, "Hz",
     "Frequencies to correct instead of the reference's"},
    {"use_n_cycles", RP_PARAM_INT, "3", NULL, NULL, NULL, "", "Number of cycles from which the phase is found"},
    {"fit_ints_separately", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Fit every integration on its own (joint)"},
    {"user_supplied_reffile", RP_PARAM_STRING, "None", NULL, NULL, NULL, "", "Superseded by override_emicorr"},
    {"save_intermediate_results", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "",
     "Save a reference that was made on the fly"},
    RP_PARAM_SKIP_BY_DEFAULT,
};

const rp_step rp_step_emicorr = {
    .name = "emicorr",
    .class_name = "jwst.emicorr.emicorr_step.EmiCorrStep",
    .status_key = "S_MIREMI",
    .title = "Remove electromagnetic interference from MIRI ramps",
    .params = emicorr_params,
    .nparams = RP_COUNT(emicorr_params),
    .reftypes = (const char *const[]){"emicorr", NULL},
    .skip_by_default = true,
    .ops = &rp_ops_emicorr,
};

static const rp_param persistence_params[] = {
    {"save_persistence", RP_PARAM_STRING, "None", NULL, NULL, NULL, "",
     "ASDF file that receives the times of persistence"},
    {"persistence_time", RP_PARAM_INT, "None", NULL, NULL, NULL, "s",
     "For how long a pixel is flagged after saturation"},
    {"dn_threshold", RP_PARAM_FLOAT, "None", NULL, NULL, NULL, "DN", "Signal above which persistence begins"},
    {"persistence_array_file", RP_PARAM_STRING, "None", NULL, NULL, NULL, "",
     "ASDF file with times from earlier exposures"},
    {"persistence_dnu", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Also flag such groups as not to be used"},
    RP_PARAM_SKIP_BY_DEFAULT,
};

const rp_step rp_step_persistence = {
    .name = "persistence",
    .class_name = "jwst.persistence.persistence_step.PersistenceStep",
    .status_key = "S_PERSIS",
    .title = "Flag pixels that remember earlier light",
    .params = persistence_params,
    .nparams = RP_COUNT(persistence_params),
    .reftypes = (const char *const[]){NULL},
    .skip_by_default = true,
    .ops = &rp_ops_persistence,
};

static const rp_param picture_frame_params[] = {
    {"mask_science_regions", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "", "Leave regions with spectra out of the fit"},
    {"n_sigma", RP_PARAM_FLOAT, "2.0", NULL, NULL, NULL, "sigma", "Clipping limit for signal that is not background"},
    {"save_mask", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Save the background mask"},
    {"save_correction", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Save the correction"},
    RP_PARAM_SKIP_BY_DEFAULT,
};

const rp_step rp_step_picture_frame = {
    .name = "picture_frame",
    .class_name = "jwst.picture_frame.picture_frame_step.PictureFrameStep",
    .status_key = "S_PCTFRM",
    .title = "Remove the thermal picture frame from NIRSpec ramps",
    .params = picture_frame_params,
    .nparams = RP_COUNT(picture_frame_params),
    .reftypes = (const char *const[]){"pictureframe", "gain", "readnoise", NULL},
    .skip_by_default = true,
    .ops = &rp_ops_picture_frame,
};

static const rp_param clean_flicker_noise_params[] = {
    {"autoparam", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Choose some parameters from the data"},
    {"fit_method", RP_PARAM_OPTION, "median", NULL, NULL, "fft,median", "", "How the noise is fitted"},
    {"fit_by_channel", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Fit each amplifier on its own"},
    {"background_method", RP_PARAM_OPTION, "median", NULL, NULL, "median,model,median_image,None", "",
     "How the background is found before the fit"},
    {"background_box_size", RP_PARAM_INT_LIST, "None", "2", "2", NULL, "pixel",
     "Two box sizes of the background model"},
    {"mask_science_regions", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Leave regions with spectra out of the fit"},
    {"apply_flat_field", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Divide by the flat field before the fit"},
    {"n_sigma", RP_PARAM_FLOAT, "2.0", NULL, NULL, NULL, "sigma", "Clipping limit for signal that is not background"},
    {"fit_histogram", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Find the noise level from a histogram"},
    {"single_mask", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "", "One mask for all integrations"},
    {"user_mask", RP_PARAM_STRING, "None", NULL, NULL, NULL, "", "File with a mask to be used instead"},
    {"save_mask", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Save the mask"},
    {"save_background", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Save the background"},
    {"save_noise", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Save the fitted noise"},
    RP_PARAM_SKIP_BY_DEFAULT,
};

const rp_step rp_step_clean_flicker_noise = {
    .name = "clean_flicker_noise",
    .class_name = "jwst.clean_flicker_noise.clean_flicker_noise_step.CleanFlickerNoiseStep",
    .status_key = "S_CLNFNS",
    .title = "Remove flicker noise (1/f noise) from ramps",
    .params = clean_flicker_noise_params,
    .nparams = RP_COUNT(clean_flicker_noise_params),
    .reftypes = (const char *const[]){"flat", "pastasoss", "gain", "readnoise", NULL},
    .skip_by_default = true,
    .ops = &rp_ops_clean_flicker_noise,
};
