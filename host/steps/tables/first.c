/* Descriptors of the steps that prepare a ramp: group_scale, dq_init, saturation, ipc, superbias. */
#include "host/steps/ops.h"
#include "host/steps/tables/tables.h"

const rp_step rp_step_group_scale = {
    .name = "group_scale",
    .class_name = "jwst.group_scale.group_scale_step.GroupScaleStep",
    .status_key = "S_GRPSCL",
    .title = "Undo the on-board division of frame sums that are not averages",
    .reftypes = (const char *const[]){NULL},
    .ops = &rp_ops_group_scale,
};

static const rp_param dq_init_params[] = {
    {"user_supplied_dq", RP_PARAM_STRING, "None", NULL, NULL, NULL, "",
     "FITS file whose primary image is combined with the data-quality flags of the mask"},
};

const rp_step rp_step_dq_init = {
    .name = "dq_init",
    .class_name = "jwst.dq_init.dq_init_step.DQInitStep",
    .status_key = "S_DQINIT",
    .title = "Start the data-quality planes from the bad-pixel mask",
    .params = dq_init_params,
    .nparams = RP_COUNT(dq_init_params),
    .reftypes = (const char *const[]){"mask", NULL},
    .ops = &rp_ops_dq_init,
};

static const rp_param saturation_params[] = {
    {"n_pix_grow_sat", RP_PARAM_INT, "1", NULL, NULL, NULL, "pixel",
     "How far around a saturated pixel its neighbours are flagged too; 0 flags the pixel alone"},
    {"use_readpatt", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "",
     "Use the frames of each group to find groups that saturated part of the way"},
};

const rp_step rp_step_saturation = {
    .name = "saturation",
    .class_name = "jwst.saturation.saturation_step.SaturationStep",
    .status_key = "S_SATURA",
    .title = "Flag groups at or above the saturation threshold of their pixel, and groups at or below zero",
    .params = saturation_params,
    .nparams = RP_COUNT(saturation_params),
    .reftypes = (const char *const[]){"saturation", "superbias", NULL},
    .ops = &rp_ops_saturation,
};

const rp_step rp_step_ipc = {
    .name = "ipc",
    .class_name = "jwst.ipc.ipc_step.IPCStep",
    .status_key = "S_IPC",
    .title = "Undo the coupling of charge between neighbouring pixels",
    .reftypes = (const char *const[]){"ipc", NULL},
    .ops = &rp_ops_ipc,
};

const rp_step rp_step_superbias = {
    .name = "superbias",
    .class_name = "jwst.superbias.superbias_step.SuperBiasStep",
    .status_key = "S_SUPERB",
    .title = "Subtract the bias frame of the detector",
    .reftypes = (const char *const[]){"superbias", NULL},
    .ops = &rp_ops_superbias,
};
