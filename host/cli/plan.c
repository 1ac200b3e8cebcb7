/* Building a plan: host/cli/plan.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli/plan.h"
#include "host/pipelines/expand.h"
#include "io/params_text.h"

static const char OVERRIDE[] = "override_";

static rp_code new_values(rp_values **out, const rp_param *own, size_t nown, rp_error *err)
{
    const rp_param *const tables[] = {own, rp_common_params};
    const size_t counts[] = {nown, rp_common_param_count};
    return rp_values_new(out, tables, counts, 2, err);
}

rp_code rp_plan_new(rp_plan *out, const rp_target *target, const char *name, rp_error *err)
{
    *out = (rp_plan){.target = *target};
    const rp_step *steps[RP_TARGET_STEPS];
    const size_t nsteps = rp_target_steps(target, steps);
    out->name = strdup(name && name[0] != '\0' ? name : rp_class_last(rp_target_class(target)));
    if (!out->name)
        return rp_fail(err, RP_E_MEMORY, "no memory for a plan");
    rp_code code = RP_OK;
    if (target->pipeline)
        code = new_values(&out->top, target->pipeline->params, target->pipeline->nparams, err);
    for (size_t i = 0; i < nsteps && !code; i++) {
        code = new_values(&out->values[i], steps[i]->params, steps[i]->nparams, err);
        out->step[i] = (rp_request_step){steps[i], target->pipeline ? steps[i]->name : out->name, out->values[i]};
        out->nsteps = i + 1;
    }
    return code;
}

void rp_plan_clear(rp_plan *plan)
{
    free(plan->name);
    rp_values_free(plan->top);
    for (size_t i = 0; i < plan->nsteps; i++)
        rp_values_free(plan->values[i]);
    for (size_t i = 0; i < plan->noverrides; i++)
        free((char *)plan->override[i].path);
    free(plan->override);
    *plan = (rp_plan){0};
}

rp_values *rp_plan_top(const rp_plan *plan)
{
    return plan->top ? plan->top : plan->values[0];
}

/* ---- overrides ---- */

static rp_code check_reftype(const rp_step *step, const char *reftype, const char **known, rp_error *err)
{
    rp_nearest nearest = {.name = reftype};
    for (const char *const *type = step->reftypes; *type; type++) {
        rp_nearest_try(&nearest, *type);
        if (strcmp(*type, reftype) == 0) {
            *known = *type;
            return RP_OK;
        }
    }
    if (nearest.best)
        return rp_fail(err, RP_E_ARGUMENT, "unknown parameter 'override_%s': did you mean 'override_%s'?", reftype,
                       nearest.best);
    return rp_fail(err, RP_E_ARGUMENT, "unknown parameter 'override_%s': step %s uses no such reference", reftype,
                   step->name);
}

static rp_code parse_override(char **path, const char *text, rp_error *err)
{
    rp_words words;
    *path = NULL;
    rp_code code = rp_words_parse(&words, text, err);
    if (code)
        return code;
    if (words.is_list || words.item[0][0] == '\0')
        code = rp_fail(err, RP_E_ARGUMENT, "'%s' is not one file: give its path or N/A", text);
    else if (strcmp(words.item[0], "None") != 0 || words.quoted) {
        *path = strcmp(words.item[0], "N/A") == 0 ? strdup("N/A") : rp_absolute_path(words.item[0]);
        if (!*path)
            code = rp_fail(err, RP_E_MEMORY, "no memory for the path of a reference");
    }
    rp_words_clear(&words);
    return code;
}

/* Replaces an earlier override; None takes it back. */
static rp_code store_override(rp_plan *plan, const char *step, const char *reftype, char *path, rp_error *err)
{
    size_t i = 0;
    while (i < plan->noverrides &&
           (strcmp(plan->override[i].step, step) != 0 || strcmp(plan->override[i].reftype, reftype) != 0))
        i++;
    if (i < plan->noverrides) {
        free((char *)plan->override[i].path);
        plan->override[i].path = path;
        if (!path)
            plan->override[i] = plan->override[--plan->noverrides];
        return RP_OK;
    }
    if (!path)
        return RP_OK;
    rp_override *grown = realloc(plan->override, (plan->noverrides + 1) * sizeof *grown);
    if (!grown) {
        free(path);
        return rp_fail(err, RP_E_MEMORY, "no memory for references");
    }
    plan->override = grown;
    plan->override[plan->noverrides++] = (rp_override){step, reftype, path};
    return RP_OK;
}

static rp_code set_override(rp_plan *plan, const rp_step *step, const char *reftype, const char *text, rp_error *err)
{
    const char *known = NULL;
    char *path = NULL;
    rp_code code = check_reftype(step, reftype, &known, err);
    if (!code)
        code = parse_override(&path, text, err);
    if (code)
        return code;
    return store_override(plan, step->name, known, path, err);
}

/* ---- settings ---- */

static rp_code find_step(const rp_plan *plan, const char *name, size_t *index, rp_error *err)
{
    rp_nearest nearest = {.name = name};
    for (size_t i = 0; i < plan->nsteps; i++) {
        rp_nearest_try(&nearest, plan->step[i].step->name);
        *index = i;
        if (strcmp(plan->step[i].step->name, name) == 0)
            return RP_OK;
    }
    return rp_fail(err, RP_E_ARGUMENT, "%s has no step '%s'%s%s%s", rp_target_alias(&plan->target), name,
                   nearest.best ? ": did you mean '" : "", nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
}

/* An ASDF null where None is no default: false for a truth value, and as if not written for a text. */
static rp_code set_null(rp_values *values, const rp_setting *setting, rp_origin origin, rp_error *err)
{
    for (size_t i = 0; i < rp_values_count(values); i++) {
        const rp_param *param = rp_values_param(values, i);
        if (strcmp(param->name, setting->name) != 0 || strcmp(param->initial, "None") == 0)
            continue;
        if (param->type == RP_PARAM_STRING)
            return RP_OK;
        if (param->type == RP_PARAM_BOOL)
            return rp_values_set(values, setting->name, "False", origin, err);
    }
    return rp_values_set(values, setting->name, setting->text, origin, err);
}

static rp_code apply_one(rp_plan *plan, const rp_setting *setting, rp_origin origin, rp_error *err)
{
    rp_values *values = rp_plan_top(plan);
    const rp_step *step = plan->target.step;
    if (setting->step && plan->target.step)
        return rp_fail(err, RP_E_ARGUMENT, "%s is a single step and has no steps of its own", step->name);
    if (setting->step) {
        size_t index = 0;
        const rp_code code = find_step(plan, setting->step, &index, err);
        if (code)
            return code;
        values = plan->values[index];
        step = plan->step[index].step;
    }
    if (step && strncmp(setting->name, OVERRIDE, sizeof OVERRIDE - 1) == 0)
        return set_override(plan, step, setting->name + sizeof OVERRIDE - 1, setting->text, err);
    if (setting->is_null)
        return set_null(values, setting, origin, err);
    return rp_values_set(values, setting->name, setting->text, origin, err);
}

rp_code rp_plan_apply(rp_plan *plan, const rp_settings *settings, rp_origin origin, rp_error *err)
{
    for (size_t i = 0; i < settings->n; i++) {
        const rp_setting *setting = &settings->item[i];
        const rp_code code = apply_one(plan, setting, origin, err);
        if (code && setting->step)
            rp_error_prefix(err, "step %s", setting->step);
        if (code)
            return code;
    }
    return RP_OK;
}

/* ---- with an input ---- */

static rp_code set_folder_of(rp_values *values, const char *folder, rp_error *err)
{
    if (!rp_values_find(values, "input_dir")->is_none)
        return RP_OK;
    return rp_values_set(values, "input_dir", folder, RP_FROM_COMMAND, err);
}

rp_code rp_plan_set_input(rp_plan *plan, const char *input, rp_error *err)
{
    rp_code code = rp_values_set(rp_plan_top(plan), "save_results", "True", RP_FROM_COMMAND, err);
    struct stat status;
    if (code || stat(input, &status) != 0 || !S_ISREG(status.st_mode))
        return code;
    const char *slash = strrchr(input, '/');
    char *folder = strndup(input, slash ? (size_t)(slash - input) + (slash == input) : 0);
    char *quoted = folder ? rp_words_quote(folder) : NULL;
    if (!quoted) { /* a folder whose name has both kinds of quotes is left unsaid */
        free(folder);
        return RP_OK;
    }
    code = set_folder_of(rp_plan_top(plan), quoted, err);
    for (size_t i = 0; i < plan->nsteps && !code; i++)
        code = set_folder_of(plan->values[i], quoted, err);
    free(quoted);
    free(folder);
    return code;
}

/* Follows the reference: "none" is one, fractions are rounded down but at least one. */
static int cores_of(const char *text, int cores)
{
    long long number;
    if (!text || strcmp(text, "none") == 0)
        return 1;
    if (strcmp(text, "all") == 0)
        return cores;
    if (strcmp(text, "half") == 0)
        return cores / 2 > 1 ? cores / 2 : 1;
    if (strcmp(text, "quarter") == 0)
        return cores / 4 > 1 ? cores / 4 : 1;
    if (rp_text_int(text, &number) && number > 0)
        return number > cores ? cores : (int)number;
    return 1;
}

int rp_plan_threads(const rp_plan *plan, int cores)
{
    int most = 0;
    for (size_t i = 0; i < plan->nsteps; i++) {
        const rp_value *value = rp_values_find(plan->values[i], "maximum_cores");
        if (!value || value->origin == RP_FROM_DEFAULT)
            continue;
        const int threads = cores_of(value->s, cores);
        most = threads > most ? threads : most;
    }
    return most;
}

void rp_plan_request(const rp_plan *plan, rp_request *out)
{
    out->name = plan->name;
    out->pipeline = plan->target.pipeline;
    out->pipeline_values = plan->top;
    out->steps = plan->step;
    out->nsteps = plan->nsteps;
    out->overrides = plan->override;
    out->noverrides = plan->noverrides;
}
