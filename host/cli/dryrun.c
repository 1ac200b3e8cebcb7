/* --dry-run: what a request would do, without doing it.  host/cli/session.h. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/session.h"

static const char *origin_name(rp_origin origin)
{
    static const char *const names[] = {"default", "reference", "file", "command line"};
    return names[origin];
}

/* Values of one pixel in the engine's buffers: the ramp and its flags, references, sums of the fit. */
rp_memory_estimate rp_estimate_memory(const rp_request *request, const rp_exposure *exposure)
{
    const size_t planes = (size_t)(exposure->nints * exposure->ngroups), nints = (size_t)exposure->nints;
    const size_t ramp = planes * (4 + 1 + 1 + 2), references = (size_t)exposure->ngroups * 4 + 100,
                 fit = 20 * (nints + 1);
    rp_memory_estimate out = {.pixel_bytes = ramp + references + 4 * nints + fit};
    const size_t pixels = (size_t)(exposure->ny * exposure->nx);
    if (__builtin_mul_overflow(out.pixel_bytes, pixels, &out.frame_bytes))
        out.frame_bytes = (size_t)-1;
    out.used_bytes = out.frame_bytes < request->memory_bytes ? out.frame_bytes : request->memory_bytes;
    return out;
}

static const char *what_becomes(const rp_request *request, const char *name)
{
    const rp_request_step *entry = rp_request_step_of(request, name);
    if (!entry || !rp_request_runs(request, name))
        return "skip";
    return entry->step->ops ? "run" : "refused";
}

/* save_results and input_dir come from the mere presence of an input. */
static bool worth_telling(const rp_request *request, const rp_values *values, size_t i)
{
    const char *name = rp_values_param(values, i)->name;
    const bool top = values == request->pipeline_values || !request->pipeline;
    return rp_values_at(values, i)->origin != RP_FROM_DEFAULT && strcmp(name, "input_dir") != 0 &&
           !(top && strcmp(name, "save_results") == 0);
}

/* ---- JSON ---- */

static json_t *parameters_json(const rp_request *request, const rp_values *values)
{
    json_t *object = json_object();
    for (size_t i = 0; values && i < rp_values_count(values); i++) {
        if (!worth_telling(request, values, i))
            continue;
        json_t *item = json_object();
        (void)json_object_set_new(item, "value", json_string(rp_values_at(values, i)->s));
        (void)json_object_set_new(item, "from", json_string(origin_name(rp_values_at(values, i)->origin)));
        (void)json_object_set_new(object, rp_values_param(values, i)->name, item);
    }
    return object;
}

static json_t *references_json(const rp_request *request, const rp_step *step, const rp_meta *meta)
{
    json_t *object = json_object();
    for (const char *const *type = step->reftypes; *type; type++) {
        char *path = NULL;
        rp_error ignored;
        if (rp_request_needs(request, step->name, *type, meta) &&
            !rp_request_reference(request, step->name, *type, meta, &path, &ignored))
            (void)json_object_set_new(object, *type, json_string(path));
        free(path);
    }
    return object;
}

static json_t *step_json(const rp_request *request, const char *name, const rp_meta *meta)
{
    const rp_request_step *entry = rp_request_step_of(request, name);
    const char *action = what_becomes(request, name);
    json_t *item = json_object();
    (void)json_object_set_new(item, "name", json_string(name));
    (void)json_object_set_new(item, "action", json_string(action));
    (void)json_object_set_new(item, "parameters", parameters_json(request, entry->values));
    if (strcmp(action, "run") == 0)
        (void)json_object_set_new(item, "references", references_json(request, entry->step, meta));
    return item;
}

static void print_json(const rp_request *request, const rp_exposure *exposure, const char *const *order)
{
    const rp_memory_estimate memory = rp_estimate_memory(request, exposure);
    json_t *object = json_object(), *steps = json_array();
    (void)json_object_set_new(object, "input", json_string(request->input_path));
    (void)json_object_set_new(object, "status", json_string("planned"));
    (void)json_object_set_new(object, "target", json_string(request->name));
    if (request->pipeline)
        (void)json_object_set_new(object, "parameters", parameters_json(request, request->pipeline_values));
    for (; *order; order++)
        (void)json_array_append_new(steps, step_json(request, *order, exposure->meta));
    (void)json_object_set_new(object, "steps", steps);
    (void)json_object_set_new(object, "memory_bytes", json_integer((json_int_t)memory.used_bytes));
    if (json_dumpf(object, stdout, JSON_COMPACT) == 0)
        (void)fputc('\n', stdout);
    json_decref(object);
}

/* ---- text ---- */

static void print_parameters(const rp_request *request, const rp_values *values, int indent)
{
    for (size_t i = 0; values && i < rp_values_count(values); i++)
        if (worth_telling(request, values, i))
            (void)printf("%*s%s = %s   (%s)\n", indent, "", rp_values_param(values, i)->name,
                         rp_values_at(values, i)->s, origin_name(rp_values_at(values, i)->origin));
}

static void print_references(const rp_request *request, const rp_step *step, const rp_meta *meta)
{
    for (const char *const *type = step->reftypes; *type; type++) {
        char *path = NULL;
        rp_error ignored;
        if (!rp_request_needs(request, step->name, *type, meta))
            continue;
        const rp_code code = rp_request_reference(request, step->name, *type, meta, &path, &ignored);
        (void)printf("        %s: %s\n", *type, code ? "MISSING" : path);
        free(path);
    }
}

static void print_text(const rp_request *request, const rp_exposure *exposure, const char *const *order)
{
    const rp_memory_estimate memory = rp_estimate_memory(request, exposure);
    (void)printf("%s: %s, %lld integrations of %lld groups, %lld x %lld pixels\n", request->input_path, request->name,
                 (long long)exposure->nints, (long long)exposure->ngroups, (long long)exposure->nx,
                 (long long)exposure->ny);
    if (request->pipeline)
        print_parameters(request, request->pipeline_values, 4);
    for (; *order; order++) {
        const char *action = what_becomes(request, *order);
        const rp_request_step *entry = rp_request_step_of(request, *order);
        (void)printf("    %-7s %s\n", action, *order);
        print_parameters(request, entry->values, 8);
        if (strcmp(action, "run") == 0)
            print_references(request, entry->step, exposure->meta);
    }
    (void)printf("    memory  at most %zu MiB for buffers (%zu bytes a pixel; the frame would take %zu MiB, the budget "
                 "is %zu MiB)\n",
                 (memory.used_bytes >> 20) + 1, memory.pixel_bytes, (memory.frame_bytes >> 20) + 1,
                 request->memory_bytes >> 20);
}

rp_code rp_session_dry_run(const rp_session *session, const rp_request *request, const rp_exposure *exposure,
                           rp_error *err)
{
    const char *const alone[] = {request->steps[0].step->name, NULL};
    const char *instrument = rp_meta_get_string(exposure->meta, "INSTRUME");
    const char *const *order = request->pipeline ? rp_pipeline_order(request->pipeline, instrument) : alone;
    const rp_code code = rp_request_check(request, exposure->meta, err);
    if (!session->machine.json)
        print_text(request, exposure, order);
    else if (!code)
        print_json(request, exposure, order);
    return code;
}
