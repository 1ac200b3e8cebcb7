/* Reading a request: include/rampart/pipeline.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/pipelines/expand.h"
#include "host/pipelines/request_parts.h"

const rp_request_step *rp_request_step_of(const rp_request *request, const char *step)
{
    for (size_t i = 0; i < request->nsteps; i++)
        if (strcmp(request->steps[i].step->name, step) == 0)
            return &request->steps[i];
    return NULL;
}

bool rp_request_runs(const rp_request *request, const char *step)
{
    const rp_request_step *entry = rp_request_step_of(request, step);
    return entry && (!request->pipeline || !rp_values_bool(entry->values, "skip"));
}

/* The values that name the products of `step`; of the top when NULL. */
const rp_values *rp_request_values(const rp_request *request, const char *step)
{
    const rp_request_step *entry = step ? rp_request_step_of(request, step) : NULL;
    if (entry)
        return entry->values;
    return request->pipeline ? request->pipeline_values : request->steps[0].values;
}

bool rp_request_saves(const rp_request *request, const char *step)
{
    const rp_values *values = rp_request_values(request, step);
    const bool wanted = rp_values_bool(values, "save_results") || rp_values_string(values, "output_file");
    return wanted || (request->save_top && (!step || !request->pipeline));
}

/* detector1 hands its own output_dir, even none, to these steps. */
static bool takes_folder_of_pipeline(const rp_request *request, const char *step)
{
    return request->pipeline && step && strcmp(request->pipeline->name, "calwebb_detector1") == 0 &&
           (strcmp(step, "dark_current") == 0 || strcmp(step, "ramp_fit") == 0);
}

const char *rp_request_folder(const rp_request *request, const char *step)
{
    const char *own = takes_folder_of_pipeline(request, step)
                          ? NULL
                          : rp_values_string(rp_request_values(request, step), "output_dir");
    if (own || !request->pipeline)
        return own;
    return rp_values_string(request->pipeline_values, "output_dir");
}

/* ---- folders ---- */

static rp_code make_folders(const char *path, rp_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return rp_fail(err, RP_E_MEMORY, "no memory for the path of a folder");
    rp_code code = RP_OK;
    for (char *p = copy + 1; !code && copy[0] != '\0'; p++) {
        const char here = *p;
        if (here != '/' && here != '\0')
            continue;
        *p = '\0';
        struct stat status;
        if (mkdir(copy, 0777) != 0 && (errno != EEXIST || stat(copy, &status) != 0 || !S_ISDIR(status.st_mode)))
            code = rp_fail_errno(err, RP_E_IO, "cannot create folder %s for products", copy);
        *p = here;
        if (here == '\0')
            break;
    }
    free(copy);
    return code;
}

static rp_code prepare_one(const rp_request *request, const char *step, rp_error *err)
{
    const char *folder = rp_request_folder(request, step);
    if (!folder || folder[0] == '\0')
        return RP_OK;
    char *expanded = rp_expand_path(folder);
    if (!expanded)
        return rp_fail(err, RP_E_MEMORY, "no memory for the path of a folder");
    const rp_code code = make_folders(expanded, err);
    free(expanded);
    return code;
}

rp_code rp_request_prepare(const rp_request *request, rp_error *err)
{
    rp_code code = prepare_one(request, NULL, err);
    for (size_t i = 0; i < request->nsteps && !code; i++)
        if (rp_request_runs(request, request->steps[i].step->name))
            code = prepare_one(request, request->steps[i].step->name, err);
    return code;
}
