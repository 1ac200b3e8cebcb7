/* What can be run, by name: host/cli/plan.h. */
#include <string.h>

#include "host/cli/plan.h"
#include "io/params_text.h"

const char *rp_class_last(const char *class_name)
{
    const char *dot = strrchr(class_name, '.');
    return dot ? dot + 1 : class_name;
}

static rp_code unknown_target(const char *name, rp_error *err)
{
    rp_nearest nearest = {.name = name};
    size_t n;
    const rp_pipeline *const *pipelines = rp_pipeline_all(&n);
    for (size_t i = 0; i < n; i++)
        rp_nearest_try(&nearest, pipelines[i]->name);
    const rp_step *const *steps = rp_step_all(&n);
    for (size_t i = 0; i < n; i++)
        rp_nearest_try(&nearest, steps[i]->name);
    if (nearest.best)
        return rp_fail(err, RP_E_ARGUMENT,
                       "'%s' is neither a parameter file nor a known pipeline or step: did you mean '%s'?", name,
                       nearest.best);
    return rp_fail(err, RP_E_ARGUMENT,
                   "'%s' is neither a parameter file nor a known pipeline or step: see \"rampart list\"", name);
}

rp_code rp_target_find(rp_target *out, const char *name, rp_error *err)
{
    const char *plain = strncmp(name, "jwst::", 6) == 0 ? name + 6 : name;
    *out = (rp_target){rp_pipeline_find(plain), NULL};
    if (!out->pipeline)
        out->step = rp_step_find(plain);
    return out->pipeline || out->step ? RP_OK : unknown_target(name, err);
}

const char *rp_target_alias(const rp_target *target)
{
    return target->pipeline ? target->pipeline->name : target->step->name;
}

const char *rp_target_class(const rp_target *target)
{
    return target->pipeline ? target->pipeline->class_name : target->step->class_name;
}

const char *rp_target_title(const rp_target *target)
{
    return target->pipeline ? target->pipeline->title : target->step->title;
}

size_t rp_target_steps(const rp_target *target, const rp_step *out[RP_TARGET_STEPS])
{
    if (target->step) {
        out[0] = target->step;
        return 1;
    }
    size_t n = 0;
    for (const char *const *name = target->pipeline->steps; *name && n < RP_TARGET_STEPS; name++)
        out[n++] = rp_step_find(*name);
    return n;
}
