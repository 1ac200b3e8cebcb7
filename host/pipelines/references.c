/* Which references a request needs, and which files they are: include/rampart/pipeline.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/pipelines/expand.h"
#include "rampart/bestrefs.h"
#include "rampart/pipeline.h"
#include "rampart/reference.h"

static bool is(const rp_meta *meta, const char *keyword, const char *value)
{
    const char *text = rp_meta_get_string(meta, keyword);
    return text && strcmp(text, value) == 0;
}

static bool has_part(const rp_meta *meta, const char *keyword, const char *part)
{
    const char *text = rp_meta_get_string(meta, keyword);
    return text && strstr(text, part);
}

static bool is_miri(const rp_meta *meta)
{
    return is(meta, "INSTRUME", "MIRI");
}

static bool refpix_needs(const rp_values *values, const char *reftype, const rp_meta *meta)
{
    const bool irs2 = is(meta, "READPATT", "NRSIRS2") || is(meta, "READPATT", "NRSIRS2RAPID");
    if (strcmp(reftype, "refpix") == 0)
        return irs2;
    const char *algorithm = rp_values_string(values, "refpix_algorithm");
    return !irs2 && strcmp(algorithm, "sirs") == 0 && !is_miri(meta) && has_part(meta, "SUBARRAY", "FULL");
}

static bool emicorr_needs(const rp_values *values, const rp_meta *meta)
{
    const rp_value *given = rp_values_find(values, "onthefly_corr_freq");
    return is_miri(meta) && (!given || given->is_none) && !rp_values_string(values, "user_supplied_reffile");
}

/* In a pipeline ramp_fit has the references of a draft, too. */
static bool draft_needs(const rp_request *request, const char *reftype, bool *answer)
{
    *answer = !request->pipeline;
    return strcmp(reftype, "gain") == 0 || strcmp(reftype, "readnoise") == 0;
}

static bool flicker_needs(const rp_values *values, const char *reftype, const rp_meta *meta)
{
    if (strcmp(reftype, "pastasoss") == 0)
        return is(meta, "EXP_TYPE", "NIS_SOSS");
    return rp_values_bool(values, "apply_flat_field") || rp_values_bool(values, "autoparam") ||
           (rp_values_bool(values, "mask_science_regions") && is_miri(meta));
}

bool rp_request_needs(const rp_request *request, const char *step, const char *reftype, const rp_meta *meta)
{
    const rp_request_step *entry = rp_request_step_of(request, step);
    if (!entry)
        return false;
    if (strcmp(step, "refpix") == 0)
        return refpix_needs(entry->values, reftype, meta);
    bool answer = false;
    if ((strcmp(step, "clean_flicker_noise") == 0 || strcmp(step, "picture_frame") == 0) && draft_needs(request, reftype, &answer))
        return answer;
    if (strcmp(step, "clean_flicker_noise") == 0)
        return flicker_needs(entry->values, reftype, meta);
    if (strcmp(step, "emicorr") == 0)
        return emicorr_needs(entry->values, meta);
    if (strcmp(step, "rscd") == 0 || strcmp(step, "reset") == 0)
        return has_part(meta, "DETECTOR", "MIR");
    if (strcmp(step, "gain_scale") == 0)
        return !rp_meta_has(meta, "GAINFACT");
    if (strcmp(step, "flat_field") == 0)
        return !rp_values_string(entry->values, "user_supplied_flat");
    return true;
}

/* Types that the mission's own choice of references answers by N/A for most or all exposures. */
static bool may_be_absent(const char *step, const char *reftype, const rp_meta *meta)
{
    if (strcmp(reftype, "ipc") == 0 || strcmp(reftype, "sirskernel") == 0)
        return true;
    if (strcmp(step, "saturation") == 0 && strcmp(reftype, "superbias") == 0)
        return is_miri(meta);
    const bool nirspec_flat =
        strcmp(reftype, "fflat") == 0 || strcmp(reftype, "sflat") == 0 || strcmp(reftype, "dflat") == 0;
    return nirspec_flat && !is(meta, "INSTRUME", "NIRSPEC");
}

/* A step run alone may fit a draft inside, whose references are given with the step itself. */
static const char *override_of(const rp_request *request, const char *step, const char *reftype)
{
    for (size_t i = request->noverrides; i-- > 0;)
        if ((!request->pipeline || strcmp(request->overrides[i].step, step) == 0) && strcmp(request->overrides[i].reftype, reftype) == 0)
            return request->overrides[i].path;
    return NULL;
}

static rp_code copy_path(char **path, const char *text, rp_error *err)
{
    *path = strdup(text);
    return *path ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the path of a reference");
}

/* *path = NULL and RP_OK when there is none. */
static rp_code find(const rp_request *request, const char *step, const char *reftype, const rp_meta *meta, char **path,
                    rp_error *err)
{
    *path = NULL;
    const char *given = override_of(request, step, reftype);
    if (given)
        return copy_path(path, given, err);
    if (request->refs_dir) {
        char *chosen = NULL;
        const rp_code code = rp_reference_choose(&chosen, request->refs_dir, reftype, meta, err);
        *path = chosen ? rp_absolute_path(chosen) : NULL;
        const bool no_memory = chosen && !*path;
        free(chosen);
        if (code || *path)
            return code;
        if (no_memory)
            return rp_fail(err, RP_E_MEMORY, "no memory for the path of a reference");
    }
    if (request->refs)
        return rp_bestrefs_find(request->refs, meta, reftype, path, err);
    return may_be_absent(step, reftype, meta) ? copy_path(path, "N/A", err) : RP_OK;
}

rp_code rp_request_reference(const rp_request *request, const char *step, const char *reftype, const rp_meta *meta,
                             char **path, rp_error *err)
{
    const rp_code code = find(request, step, reftype, meta, path, err);
    if (code && request->refs)
        rp_error_prefix(err, "%s: no %s reference for step %s", request->input_path, reftype, step);
    if (code || *path)
        return code;
    const char *front = request->pipeline ? "steps." : "", *middle = request->pipeline ? step : "";
    return rp_fail(
        err, RP_E_MISSING,
        "%s: no %s reference for step %s: give --%s%s%soverride_%s=FILE (or N/A), or a folder that holds one "
        "with --refs",
        request->input_path, reftype, step, front, middle, request->pipeline ? "." : "", reftype);
}

/* ---- checks before work ---- */

static rp_code check_hooks(const rp_values *values, const char *name, rp_error *err)
{
    static const char *const hooks[] = {"pre_hooks", "post_hooks"};
    for (size_t i = 0; i < 2; i++) {
        const rp_value *value = rp_values_find(values, hooks[i]);
        if (value && value->n > 0)
            return rp_fail(err, RP_E_UNSUPPORTED, "%s of %s: Python hooks cannot run here; leave %s out", hooks[i],
                           name, hooks[i]);
    }
    return RP_OK;
}

/* What is missing so far, as "step: type, type; step: type"; and why the first of it is, where somebody said so. */
typedef struct missing {
    char text[600];
    size_t used;
    size_t count;
    char reason[300];
} missing;

static void note_missing(missing *list, const char *step, bool first_of_step, const char *reftype)
{
    const char *lead = list->count == 0 ? "" : first_of_step ? "; " : ", ";
    const int n = snprintf(list->text + list->used, sizeof list->text - list->used, "%s%s%s%s", lead,
                           first_of_step ? step : "", first_of_step ? ": " : "", reftype);
    list->count++;
    if (n > 0)
        list->used += (size_t)n < sizeof list->text - list->used ? (size_t)n : sizeof list->text - list->used - 1;
}

/* A reference that cannot be had is put on the list, so that all of them are named at once; other failures end the run.
 */
static bool ends_check(const rp_request *request, rp_code code)
{
    return code && (!request->refs || code == RP_E_MEMORY || code == RP_E_INTERRUPTED);
}

static void note_reason(const rp_request *request, missing *list, const char *step, const char *reftype,
                        const char *text)
{
    rp_logf(request->log, RP_ERROR, "crds", "Error determining best reference for '%s' of step %s: %s", reftype, step,
            text);
    if (!list->reason[0])
        (void)snprintf(list->reason, sizeof list->reason, "%.299s", text);
}

static rp_code check_references(const rp_request *request, const rp_step *step, const rp_meta *meta, missing *list,
                                rp_error *err)
{
    bool first = true;
    for (const char *const *type = step->reftypes; *type; type++) {
        if (!rp_request_needs(request, step->name, *type, meta))
            continue;
        char *path;
        rp_error why = {0};
        const rp_code code = find(request, step->name, *type, meta, &path, &why);
        if (ends_check(request, code))
            return rp_fail(err, code, "%s", why.text);
        if (code)
            note_reason(request, list, step->name, *type, why.text);
        const bool unreadable = path && strcmp(path, "N/A") != 0 && access(path, R_OK) != 0;
        if (unreadable) {
            (void)rp_fail_errno(err, RP_E_IO, "%s reference of step %s: cannot read %s", *type, step->name, path);
            free(path);
            return RP_E_IO;
        }
        if (!path) {
            note_missing(list, step->name, first, *type);
            first = false;
        }
        free(path);
    }
    return RP_OK;
}

static rp_code check_step(const rp_request *request, const char *name, const rp_meta *meta, missing *list,
                          rp_error *err)
{
    const rp_request_step *entry = rp_request_step_of(request, name);
    if (!entry || !rp_request_runs(request, name))
        return RP_OK;
    if (!entry->step->ops)
        return rp_fail(err, RP_E_UNSUPPORTED, "step %s is not part of this release%s%s%s", name,
                       request->pipeline ? ": leave it out with --steps." : "", request->pipeline ? name : "",
                       request->pipeline ? ".skip=true" : "");
    const rp_code code = check_hooks(entry->values, name, err);
    return code ? code : check_references(request, entry->step, meta, list, err);
}

rp_code rp_request_check(const rp_request *request, const rp_meta *meta, rp_error *err)
{
    missing list = {.text = ""};
    rp_code code = RP_OK;
    if (request->pipeline) {
        if (request->pipeline->refusal)
            return rp_fail(err, RP_E_UNSUPPORTED, "%s", request->pipeline->refusal);
        code = check_hooks(request->pipeline_values, request->pipeline->name, err);
        const char *const *order = rp_pipeline_order(request->pipeline, rp_meta_get_string(meta, "INSTRUME"));
        for (; *order && !code; order++)
            code = check_step(request, *order, meta, &list, err);
    } else {
        code = check_step(request, request->steps[0].step->name, meta, &list, err);
    }
    if (code || list.count == 0)
        return code;
    return rp_fail(
        err, RP_E_MISSING,
        "%s: %zu reference%s missing (%s%s%s): give each with --%soverride_TYPE=FILE (or N/A), or a folder that "
        "holds them with --refs%s",
        request->input_path, list.count, list.count == 1 ? " is" : "s are", list.text, list.reason[0] ? "; the first because " : "",
        list.reason, request->pipeline ? "steps.STEP." : "",
        request->refs ? "" : ", or set CRDS_PATH and CRDS_SERVER_URL");
}
