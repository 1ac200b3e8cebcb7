/* Methods about files. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "archive/services/crds/service_impl.h"

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for an answer");
}

static rp_code list(rp_crds_service *s, const json_t *parameters, bool mappings, json_t **result, rp_error *err)
{
    const char *pattern;
    rp_code code = rp_crds_check_observatory(s, parameters, 0, err);
    if (!code)
        code = rp_crds_text(parameters, 1, "glob_pattern", "*", &pattern, err);
    if (code)
        return code;
    if (strlen(pattern) > 200)
        return rp_fail(err, RP_E_ARGUMENT, "the pattern is too long");
    *result = json_array();
    for (size_t i = 0; *result && i < s->catalog.count; i++) {
        const rp_crds_file *file = &s->catalog.file[i];
        if (file->mapping != mappings || fnmatch(pattern, file->name, FNM_NOESCAPE) != 0)
            continue;
        if (json_array_append_new(*result, json_string(file->name)) != 0)
            return no_memory(err);
    }
    return *result ? RP_OK : no_memory(err);
}

rp_code rp_crds_list_mappings(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    return list(s, parameters, true, result, err);
}

rp_code rp_crds_list_references(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    return list(s, parameters, false, result, err);
}

/* ---- facts ---- */

static bool is_bad(const rp_crds_service *s, const char *name)
{
    size_t index;
    json_t *bad;
    json_array_foreach(s->state.bad_files, index, bad) if (strcmp(json_string_value(bad), name) == 0) return true;
    return false;
}

/* Everything we know of a file, in the words and types of the CRDS catalogue. */
static json_t *describe(const rp_crds_service *s, const rp_crds_file *file)
{
    char size[24], date[32];
    const time_t when = (time_t)file->status.st_mtim.tv_sec;
    struct tm t = {0};
    (void)gmtime_r(&when, &t);
    (void)strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &t);
    (void)snprintf(size, sizeof size, "%llu", (unsigned long long)file->status.st_size);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "name", file->name, "observatory",
                     s->observatory, "instrument", file->instrument, "filekind", file->type, "type",
                     file->mapping ? "mapping" : "reference", "size", size, "sha1sum", file->sha1, "state",
                     "operational", "rejected", "false", "blacklisted", is_bad(s, file->name) ? "true" : "false",
                     "delivery_date", date, "activation_date", date);
}

static rp_code find(const rp_crds_service *s, const json_t *parameters, const rp_crds_file **out, rp_error *err)
{
    const char *name;
    const rp_code code = rp_crds_text(parameters, 1, "filename", NULL, &name, err);
    if (code)
        return code;
    *out = rp_crds_catalog_find(&s->catalog, name);
    return *out ? RP_OK : rp_fail(err, RP_E_MISSING, "no file '%.130s' is known", name);
}

rp_code rp_crds_get_file_info(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const rp_crds_file *file;
    const rp_code code = find(s, parameters, &file, err);
    if (code)
        return code;
    *result = describe(s, file);
    return *result ? RP_OK : no_memory(err);
}

rp_code rp_crds_get_url(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const rp_crds_file *file;
    const rp_code code = find(s, parameters, &file, err);
    if (code)
        return code;
    *result =
        json_sprintf("%s/%s/%s/%s", s->url, file->mapping ? "mappings" : "references", s->observatory, file->name);
    return *result ? RP_OK : no_memory(err);
}

/* Only the fields that are asked for; all when `fields` is null. */
static json_t *choose_fields(json_t *all, const json_t *fields)
{
    size_t index;
    json_t *field;
    if (!all || json_is_null(fields))
        return all;
    json_t *some = json_object();
    json_array_foreach((json_t *)fields, index, field)
    {
        const char *name = json_string_value(field);
        json_t *value = name ? json_object_get(all, name) : NULL;
        if (value)
            (void)json_object_set(some, name, value);
    }
    json_decref(all);
    return some;
}

static rp_code add_info(const rp_crds_service *s, json_t *result, const char *name, const json_t *fields, rp_error *err)
{
    const rp_crds_file *file = rp_crds_catalog_find(&s->catalog, name);
    json_t *value =
        file ? choose_fields(describe(s, file), fields) : json_string("NOT FOUND no file of this name is known");
    return value && json_object_set_new(result, name, value) == 0 ? RP_OK : no_memory(err);
}

rp_code rp_crds_get_file_info_map(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const json_t *files = json_array_get(parameters, 1), *fields = json_array_get(parameters, 2);
    rp_code code = rp_crds_check_observatory(s, parameters, 0, err);
    if (code)
        return code;
    if ((!json_is_null(files) && !json_is_array(files)) || (!json_is_null(fields) && !json_is_array(fields)))
        return rp_fail(err, RP_E_ARGUMENT, "files and fields must be lists or null");
    *result = json_object();
    if (!*result)
        return no_memory(err);
    for (size_t i = 0; !code && json_is_null(files) && i < s->catalog.count; i++)
        code = add_info(s, *result, s->catalog.file[i].name, fields, err);
    for (size_t i = 0; !code && i < json_array_size(files); i++) {
        const char *name = json_string_value(json_array_get(files, i));
        code = name ? add_info(s, *result, name, fields, err) : rp_fail(err, RP_E_ARGUMENT, "files must be names");
    }
    return code;
}
