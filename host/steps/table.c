/* All steps, and the parameters that every step and pipeline has: include/rampart/step.h. */
#include <string.h>

#include "host/steps/tables/tables.h"

const rp_param rp_common_params[] = {
    {"pre_hooks", RP_PARAM_STRING_LIST, ",", NULL, NULL, NULL, "",
     "Python to be called before the step: refused, there is no Python here"},
    {"post_hooks", RP_PARAM_STRING_LIST, ",", NULL, NULL, NULL, "",
     "Python to be called after the step: refused, there is no Python here"},
    {"output_file", RP_PARAM_STRING, "None", NULL, NULL, NULL, "", "Name from which those of products are made"},
    {"output_dir", RP_PARAM_STRING, "None", NULL, NULL, NULL, "", "Folder for products, created when missing"},
    {"output_ext", RP_PARAM_STRING, ".fits", NULL, NULL, NULL, "", "Extension of products"},
    {"output_use_model", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "",
     "Make names of products from that of the data, whatever output_file says"},
    {"output_use_index", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "", "Number products of which there are several"},
    {"save_results", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Save the result"},
    {"skip", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "", "Leave this step out"},
    {"suffix", RP_PARAM_STRING, "None", NULL, NULL, NULL, "", "Last part of names of products"},
    {"search_output_file", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "", "Use the output_file of the pipeline as well"},
    {"input_dir", RP_PARAM_STRING, "None", NULL, NULL, NULL, "", "Folder of inputs that are given without one"},
};
const size_t rp_common_param_count = RP_COUNT(rp_common_params);

static const rp_step *const all_steps[] = {
    &rp_step_group_scale, &rp_step_dq_init,       &rp_step_emicorr,
    &rp_step_saturation,  &rp_step_ipc,           &rp_step_superbias,
    &rp_step_refpix,      &rp_step_rscd,          &rp_step_firstframe,
    &rp_step_lastframe,   &rp_step_linearity,     &rp_step_dark_current,
    &rp_step_reset,       &rp_step_persistence,   &rp_step_charge_migration,
    &rp_step_jump,        &rp_step_picture_frame, &rp_step_clean_flicker_noise,
    &rp_step_ramp_fit,    &rp_step_gain_scale,    &rp_step_guider_cds,
    &rp_step_flat_field,
};

const rp_step *const *rp_step_all(size_t *count)
{
    if (count)
        *count = RP_COUNT(all_steps);
    return all_steps;
}

/* "jwst.jump.JumpStep" and "jwst.jump.jump_step.JumpStep" both name JumpStep: packages re-export their steps. */
static bool names_class(const char *class_name, const char *name)
{
    const char *last = strrchr(class_name, '.') + 1;
    const char *dot = strrchr(name, '.');
    return strcmp(last, dot ? dot + 1 : name) == 0 && (!dot || strncmp(name, "jwst.", 5) == 0);
}

const rp_step *rp_step_find(const char *name)
{
    for (size_t i = 0; i < RP_COUNT(all_steps); i++)
        if (strcmp(all_steps[i]->name, name) == 0 || names_class(all_steps[i]->class_name, name))
            return all_steps[i];
    return NULL;
}
