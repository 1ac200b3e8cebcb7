/* Names of products: include/rampart/pipeline.h.  The rules are those of stpipe's Step.make_output_path and
 * save_model, and of jwst's remove_suffix. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/pipelines/expand.h"
#include "host/pipelines/request_parts.h"
#include "host/pipelines/suffixes.h"

/* ---- parts of a name ---- */

static const char *file_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Length of a name without its extension; leading dots belong to the name. */
static size_t stem_length(const char *name)
{
    const size_t dots = strspn(name, ".");
    const char *point = strrchr(name + dots, '.');
    return point ? (size_t)(point - name) : strlen(name);
}

/* Is a product named after the one that the same data were saved in before? */
static bool follows_data(const rp_values *values)
{
    return rp_values_bool(values, "output_use_model") ||
           (!rp_values_string(values, "output_file") && !rp_values_bool(values, "search_output_file"));
}

/* output_file of the step, else of the pipeline, else the input. */
static const char *base_name(const rp_request *request, const rp_values *values)
{
    const char *own = rp_values_string(values, "output_file");
    const char *above = request->pipeline ? rp_values_string(request->pipeline_values, "output_file") : NULL;
    return file_part(own ? own : above ? above : request->input_path);
}

/* The suffix of a step's own: its parameter, else its name in lower case.  Caller frees. */
static char *own_suffix(const rp_request *request, const char *step)
{
    const char *given = rp_values_string(rp_request_values(request, step), "suffix");
    const rp_request_step *entry = step ? rp_request_step_of(request, step) : NULL;
    char *out = strdup(given ? given : entry && request->pipeline ? entry->name : request->name);
    for (char *p = given ? NULL : out; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return out;
}

/* ---- paths ---- */

static char *compose(const char *folder, const char *base, int index, const char *suffix, const char *extension)
{
    size_t root = stem_length(base);
    char separator = '_', number[16] = "";
    if (suffix[0] != '\0')
        root = rp_suffix_strip(base, root, &separator);
    if (index >= 0)
        (void)snprintf(number, sizeof number, "_%d", index);
    if (extension[0] == '.')
        extension++;
    const bool slash = folder[0] != '\0' && folder[strlen(folder) - 1] != '/';
    char *out = NULL;
    const int n = asprintf(&out, "%s%s%.*s%s%.*s%s.%s", folder, slash ? "/" : "", (int)root, base, number,
                           suffix[0] != '\0', &separator, suffix, extension);
    return n < 0 ? NULL : out;
}

/* `base` is used as it is. */
static rp_code path_from(const rp_request *request, const char *step, const char *base, int index, const char *suffix,
                         char **out, rp_error *err)
{
    const char *extension = rp_values_string(rp_request_values(request, step), "output_ext");
    const char *folder = rp_request_folder(request, step);
    char *expanded = rp_expand_path(folder ? folder : "");
    char *own = suffix ? NULL : own_suffix(request, step);
    *out = NULL;
    if (expanded && (suffix || own))
        *out = compose(expanded, file_part(base), index, suffix ? suffix : own, extension ? extension : ".fits");
    free(own);
    free(expanded);
    return *out ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the path of a product");
}

/* ---- names that follow the data ---- */

static rp_code rename_after(const rp_request *request, const char *step, const char *suffix, int index, char **name,
                            rp_error *err)
{
    const rp_values *values = rp_request_values(request, step);
    const bool follows = follows_data(values);
    char *path = NULL;
    const rp_code code = path_from(request, step, follows ? *name : base_name(request, values), follows ? -1 : index,
                                   suffix, &path, err);
    if (code)
        return code;
    free(*name);
    *name = strdup(file_part(path));
    free(path);
    return *name ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the name of a product");
}

rp_code rp_request_data_name(const rp_request *request, const char *step, char **out, rp_error *err)
{
    *out = strdup(file_part(request->input_path));
    if (!*out)
        return rp_fail(err, RP_E_MEMORY, "no memory for the name of a product");
    rp_code code = RP_OK;
    const char *const *order = request->pipeline ? rp_pipeline_order(request->pipeline, request->instrument) : NULL;
    for (; order && *order && !code && (!step || strcmp(*order, step) != 0); order++) {
        const bool fits = strcmp(*order, "ramp_fit") == 0;
        if (rp_request_runs(request, *order) && rp_request_saves(request, *order))
            code = rename_after(request, *order, strcmp(*order, "gain_scale") == 0 ? "gain_scale" : NULL, fits ? 0 : -1,
                                out, err);
        /* the calibrated ramp is saved by the pipeline right before the fit */
        const bool ramp = order[1] && strcmp(order[1], "ramp_fit") == 0 &&
                          rp_values_find(request->pipeline_values, "save_calibrated_ramp") &&
                          rp_values_bool(request->pipeline_values, "save_calibrated_ramp");
        if (ramp && !code)
            code = rename_after(request, NULL, "ramp", -1, out, err);
    }
    if (code) {
        free(*out);
        *out = NULL;
    }
    return code;
}

/* ---- paths of products ---- */

rp_code rp_request_path_as(const rp_request *request, const char *step, const char *base, int index, const char *suffix,
                           char **out, rp_error *err)
{
    const rp_values *values = rp_request_values(request, step);
    const bool keeps_base = suffix && suffix[0] == '\0';
    *out = NULL;
    if (keeps_base || !follows_data(values) || (base && !rp_values_bool(values, "output_use_model")))
        return path_from(request, step, base ? base : base_name(request, values), index, suffix, out, err);
    char *name = NULL;
    rp_code code = rp_request_data_name(request, step, &name, err);
    if (!code)
        code = path_from(request, step, name, -1, suffix, out, err);
    free(name);
    return code;
}

rp_code rp_request_path(const rp_request *request, const char *step, const char *suffix, char **out, rp_error *err)
{
    return rp_request_path_as(request, step, NULL, -1, suffix, out, err);
}
