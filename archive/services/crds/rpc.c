/* JSON-RPC 1.0 as the CRDS client speaks it: service_impl.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/services/crds/service_impl.h"

enum { MAX_PARAMETERS = 4 };

/* Methods with the names that their parameters may be given by. */
static const struct method {
    const char *name;
    rp_crds_method *function; /* NULL: known, and refused */
    const char *parameter[MAX_PARAMETERS];
} methods[] = {
    {"get_server_info", rp_crds_get_server_info, {0}},
    {"get_default_context", rp_crds_get_default_context, {"observatory", "state"}},
    {"get_build_context", rp_crds_get_build_context, {"observatory", "calver"}},
    {"get_context_by_date", rp_crds_get_context_by_date, {"date", "observatory"}},
    {"get_context_history", rp_crds_get_context_history, {"observatory"}},
    {"get_remote_context", rp_crds_get_remote_context, {"observatory", "pipeline_name"}},
    {"list_mappings", rp_crds_list_mappings, {"observatory", "glob_pattern"}},
    {"list_references", rp_crds_list_references, {"observatory", "glob_pattern"}},
    {"get_file_info", rp_crds_get_file_info, {"pipeline_context", "filename"}},
    {"get_file_info_map", rp_crds_get_file_info_map, {"observatory", "files", "fields"}},
    {"get_url", rp_crds_get_url, {"pipeline_context", "filename"}},
    {"get_mapping_url", rp_crds_get_url, {"pipeline_context", "mapping"}},
    {"get_reference_url", rp_crds_get_url, {"pipeline_context", "reference"}},
    {"get_mapping_names", rp_crds_get_mapping_names, {"context"}},
    {"get_reference_names", rp_crds_get_reference_names, {"context"}},
    {"get_required_parkeys", rp_crds_get_required_parkeys, {"context"}},
    {"get_best_references", rp_crds_get_best_references, {"context", "header", "reftypes"}},
    {"get_best_references_by_header_map",
     rp_crds_get_best_references_by_header_map,
     {"context", "header_map", "reftypes"}},
    {"get_best_references_by_ids", NULL, {0}},
    {"get_aui_best_references", NULL, {0}},
    {"get_dataset_ids", NULL, {0}},
    {"get_dataset_headers_by_id", NULL, {0}},
    {"get_affected_datasets", NULL, {0}},
    {"push_remote_context", NULL, {0}},
    {"get_system_versions", NULL, {0}},
    {"get_sqlite_db", NULL, {0}},
    {"jpoll_pull_messages", NULL, {0}},
    {"jpoll_abort", NULL, {0}},
};

static const struct method *find_method(const char *name)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static size_t parameters_of(const struct method *m)
{
    size_t n = 0;
    while (n < MAX_PARAMETERS && m->parameter[n])
        n++;
    return n;
}

/* Parameters by name, in order. */
static rp_code by_name(const struct method *m, const json_t *given, json_t *out, rp_error *err)
{
    const size_t n = parameters_of(m);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)given, key, value)
    {
        size_t i = 0;
        while (i < n && strcmp(m->parameter[i], key) != 0)
            i++;
        if (i == n)
            return rp_fail(err, RP_E_ARGUMENT, "%s has no parameter '%.60s'", m->name, key);
        if (json_array_set(out, i, value) != 0)
            return rp_fail(err, RP_E_MEMORY, "no memory for a call");
    }
    return RP_OK;
}

/* As many values as the method takes; null for those that are not given. */
static rp_code arrange(const struct method *m, const json_t *given, json_t *out, rp_error *err)
{
    const size_t n = parameters_of(m);
    for (size_t i = 0; i < n; i++)
        if (json_array_append_new(out, json_null()) != 0)
            return rp_fail(err, RP_E_MEMORY, "no memory for a call");
    if (json_is_object(given))
        return by_name(m, given, out, err);
    if (given && !json_is_null(given) && !json_is_array(given))
        return rp_fail(err, RP_E_ARGUMENT, "params must be a list or an object");
    if (json_array_size(given) > n)
        return rp_fail(err, RP_E_ARGUMENT, "%s takes %zu parameters, not %zu", m->name, n, json_array_size(given));
    for (size_t i = 0; i < json_array_size(given); i++)
        if (json_array_set(out, i, json_array_get(given, i)) != 0)
            return rp_fail(err, RP_E_MEMORY, "no memory for a call");
    return RP_OK;
}

static rp_code call(rp_crds_service *service, const json_t *request, json_t **result, rp_error *err)
{
    const char *name = json_string_value(json_object_get(request, "method"));
    if (!json_is_object(request) || !name)
        return rp_fail(err, RP_E_ARGUMENT, "the body must be an object with method and params");
    const struct method *m = find_method(name);
    if (!m)
        return rp_fail(err, RP_E_UNSUPPORTED, "there is no method '%.60s'", name);
    if (!m->function)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "%s is not offered by this server: it keeps rules and references, and no "
                       "catalogue of datasets",
                       name);
    json_t *parameters = json_array();
    rp_code code = parameters ? arrange(m, json_object_get(request, "params"), parameters, err)
                              : rp_fail(err, RP_E_MEMORY, "no memory for a call");
    if (!code)
        code = m->function(service, parameters, result, err);
    json_decref(parameters);
    return code;
}

/* The client undoes HTML escapes in messages, so there must be some; NULL without memory. */
static char *escape(const char *text)
{
    char *out = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&out, &size);
    if (!stream)
        return NULL;
    for (; *text; text++) {
        const char c = *text;
        const char *escaped = c == '&'    ? "&amp;"
                              : c == '<'  ? "&lt;"
                              : c == '>'  ? "&gt;"
                              : c == '"'  ? "&quot;"
                              : c == '\'' ? "&#39;"
                                          : NULL;
        if (escaped)
            (void)fputs(escaped, stream);
        else
            (void)fputc(c, stream);
    }
    if (fclose(stream) == 0)
        return out;
    free(out);
    return NULL;
}

static json_t *error_object(const rp_error *err)
{
    char *text = escape(err->text);
    json_t *message = text ? json_string(text) : NULL;
    if (text && !message) /* cut within a character */
        message = json_string("the request is refused");
    json_t *out =
        json_pack("{s:s, s:i, s:o}", "name", "JSONRPCError", "code", 100 + (int)err->code, "message", message);
    free(text);
    return out;
}

char *rp_crds_service_call(rp_crds_service *service, const char *body, size_t size)
{
    rp_error err = {0};
    json_error_t where;
    json_t *result = NULL, *request = json_loadb(body, size, JSON_REJECT_DUPLICATES, &where);
    const rp_code code = request ? call(service, request, &result, &err)
                                 : rp_fail(&err, RP_E_FORMAT, "the body is no JSON: %.100s", where.text);
    json_t *id = json_object_get(request, "id");
    json_t *answer =
        json_pack("{s:s, s:O?, s:o, s:o}", "jsonrpc", "1.0", "id", id, "error", code ? error_object(&err) : json_null(),
                  "result", code || !result ? json_null() : json_incref(result));
    char *text = answer ? json_dumps(answer, JSON_COMPACT) : NULL;
    json_decref(answer);
    json_decref(result);
    json_decref(request);
    return text;
}
