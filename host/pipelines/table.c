/* The pipelines: which steps, in which order.  A row of `order_*` is a row of the reference's process(). */
#include <string.h>

#include "rampart/pipeline.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NO_NAMES ((const char *const[]){NULL})

/* Steps common to all instruments, after the corrections that differ. */
#define DETECTOR1_TAIL \
    "charge_migration", "jump", "picture_frame", "clean_flicker_noise", "persistence", "ramp_fit", "gain_scale"

static const rp_param detector1_params[] = {
    {"save_calibrated_ramp", RP_PARAM_BOOL, "False", NULL, NULL, NULL, "",
     "Also save the corrected ramp, before the fit"},
};

static const rp_pipeline detector1 = {
    .name = "calwebb_detector1",
    .aliases = LIST("calwebb_tso1"),
    .class_name = "jwst.pipeline.calwebb_detector1.Detector1Pipeline",
    .title = "Raw ramps to count rates, for all science instruments and the guider's images",
    .params = detector1_params,
    .nparams = sizeof detector1_params / sizeof *detector1_params,
    .steps = LIST("group_scale", "dq_init", "emicorr", "saturation", "ipc", "superbias", "refpix", "rscd", "firstframe",
                  "lastframe", "linearity", "dark_current", "reset", "persistence", "charge_migration", "jump",
                  "picture_frame", "clean_flicker_noise", "ramp_fit", "gain_scale"),
    .order_nir = LIST("group_scale", "dq_init", "saturation", "ipc", "superbias", "refpix", "linearity", "dark_current",
                      DETECTOR1_TAIL),
    .order_miri = LIST("group_scale", "dq_init", "emicorr", "saturation", "ipc", "firstframe", "lastframe", "reset",
                       "linearity", "rscd", "dark_current", "refpix", DETECTOR1_TAIL),
};

static const rp_pipeline guider = {
    .name = "calwebb_guider",
    .aliases = NO_NAMES,
    .class_name = "jwst.pipeline.calwebb_guider.GuiderPipeline",
    .title = "Raw guide-star data to calibrated images",
    .steps = LIST("dq_init", "guider_cds", "flat_field"),
    .order_nir = LIST("dq_init", "guider_cds", "flat_field"),
    .order_miri = LIST("dq_init", "guider_cds", "flat_field"),
};

static const rp_pipeline dark = {
    .name = "calwebb_dark",
    .aliases = NO_NAMES,
    .class_name = "jwst.pipeline.calwebb_dark.DarkPipeline",
    .title = "Raw dark exposures to corrected ramps",
    .steps = LIST("group_scale", "dq_init", "emicorr", "saturation", "ipc", "superbias", "refpix", "reset", "rscd",
                  "firstframe", "lastframe", "linearity"),
    .order_nir = LIST("group_scale", "dq_init", "saturation", "ipc", "superbias", "refpix", "linearity"),
    .order_miri = LIST("group_scale", "dq_init", "emicorr", "saturation", "ipc", "firstframe", "lastframe", "reset",
                       "linearity", "rscd"),
};

static const rp_pipeline *const all_pipelines[] = {&detector1, &guider, &dark};
enum { PIPELINES = sizeof all_pipelines / sizeof *all_pipelines };

const rp_pipeline *const *rp_pipeline_all(size_t *count)
{
    if (count)
        *count = PIPELINES;
    return all_pipelines;
}

static bool in_list(const char *const *list, const char *name)
{
    for (; *list; list++)
        if (strcmp(*list, name) == 0)
            return true;
    return false;
}

/* "jwst.pipeline.Detector1Pipeline", the full name, and the class alone all name the same. */
static bool names_class(const char *class_name, const char *name)
{
    const char *dot = strrchr(name, '.');
    return strcmp(strrchr(class_name, '.') + 1, dot ? dot + 1 : name) == 0 && (!dot || strncmp(name, "jwst.", 5) == 0);
}

const rp_pipeline *rp_pipeline_find(const char *name)
{
    for (size_t i = 0; i < PIPELINES; i++) {
        const rp_pipeline *pipeline = all_pipelines[i];
        if (strcmp(pipeline->name, name) == 0 || in_list(pipeline->aliases, name) ||
            names_class(pipeline->class_name, name))
            return pipeline;
    }
    return NULL;
}

const char *const *rp_pipeline_order(const rp_pipeline *pipeline, const char *instrument)
{
    return instrument && strcmp(instrument, "MIRI") == 0 ? pipeline->order_miri : pipeline->order_nir;
}
