/* server.json: service_impl.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/services/crds/service_impl.h"

/* The .pmap of the greatest serial number; NULL when there is none. */
static const char *newest(const rp_crds_catalog *catalog, const char *observatory)
{
    const char *best = NULL;
    long greatest = -1;
    const size_t n = strlen(observatory);
    for (size_t i = 0; i < catalog->count; i++) {
        const char *name = catalog->file[i].name;
        char *end;
        if (strncmp(name, observatory, n) != 0 || name[n] != '_' || !catalog->file[i].mapping)
            continue;
        const long serial = strtol(name + n + 1, &end, 10);
        if (end != name + n + 1 && strcmp(end, ".pmap") == 0 && serial > greatest) {
            greatest = serial;
            best = name;
        }
    }
    return best;
}

static rp_code take_context(char **out, const json_t *state, const char *key, const char *initial,
                            const rp_crds_catalog *catalog, const char *path, rp_error *err)
{
    const json_t *value = json_object_get(state, key);
    const char *name = value ? json_string_value(value) : initial;
    if (!name)
        return rp_fail(err, RP_E_MISSING, value ? "%s: %s must be a name" : "%s names no %s, and there is no .pmap",
                       path, key);
    if (!rp_crds_catalog_find(catalog, name))
        return rp_fail(err, RP_E_MISSING, "%s: %s is %.60s, which is not among the rules", path, key, name);
    *out = strdup(name);
    return *out ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for %s", path);
}

static rp_code bad(const char *path, const char *what, rp_error *err)
{
    return rp_fail(err, RP_E_FORMAT, "%s: %s", path, what);
}

static rp_code take_history(json_t **out, const json_t *state, const rp_crds_catalog *catalog, const char *path,
                            rp_error *err)
{
    json_t *history = json_object_get(state, "context_history"), *era;
    size_t index;
    const char *before = "";
    json_array_foreach(history, index, era)
    {
        const char *date = json_string_value(json_array_get(era, 0)), *name = json_string_value(json_array_get(era, 1));
        if (json_array_size(era) != 3 || !date || !name || !json_is_string(json_array_get(era, 2)))
            return bad(path, "context_history must be a list of [date, context, text]", err);
        if (strcmp(before, date) > 0)
            return bad(path, "context_history must be in the order of its dates", err);
        if (!rp_crds_catalog_find(catalog, name))
            return bad(path, "context_history names a context that is not among the rules", err);
        before = date;
    }
    if (history && !json_is_array(history))
        return bad(path, "context_history must be a list", err);
    *out = history ? json_incref(history) : json_array();
    return *out ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for %s", path);
}

static rp_code take_bad_files(json_t **out, const json_t *state, const char *path, rp_error *err)
{
    json_t *names = json_object_get(state, "bad_files"), *name;
    size_t index;
    json_array_foreach(names, index,
                       name) if (!json_is_string(name)) return bad(path, "bad_files must be a list of names", err);
    if (names && !json_is_array(names))
        return bad(path, "bad_files must be a list of names", err);
    *out = names ? json_incref(names) : json_array();
    return *out ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for %s", path);
}

static rp_code check_keys(const json_t *state, const char *path, rp_error *err)
{
    static const char *const known[] = {"operational_context", "edit_context", "context_history", "bad_files"};
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)state, key, value)
    {
        bool found = false;
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            found = found || strcmp(known[i], key) == 0;
        if (!found)
            return rp_fail(err, RP_E_FORMAT, "%s: unknown key '%.60s'", path, key);
    }
    return RP_OK;
}

static rp_code load(json_t **out, const char *path, rp_error *err)
{
    json_error_t where;
    if (access(path, F_OK) != 0) {
        *out = json_object();
        return *out ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for %s", path);
    }
    *out = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    if (!*out)
        return rp_fail(err, RP_E_FORMAT, "%s: line %d: %s", path, where.line, where.text);
    return json_is_object(*out) ? check_keys(*out, path, err) : bad(path, "it must be an object", err);
}

rp_code rp_crds_state_read(rp_crds_state *out, const char *crds_path, const char *observatory,
                           const rp_crds_catalog *catalog, rp_error *err)
{
    char *path = NULL;
    json_t *state = NULL;
    *out = (rp_crds_state){0};
    if (asprintf(&path, "%s/server.json", crds_path) < 0)
        return rp_fail(err, RP_E_MEMORY, "no memory for server.json");
    rp_code code = load(&state, path, err);
    if (!code)
        code = take_context(&out->operational, state, "operational_context", newest(catalog, observatory), catalog,
                            path, err);
    if (!code)
        code = take_context(&out->edit, state, "edit_context", out->operational, catalog, path, err);
    if (!code)
        code = take_history(&out->history, state, catalog, path, err);
    if (!code)
        code = take_bad_files(&out->bad_files, state, path, err);
    json_decref(state);
    free(path);
    return code;
}

void rp_crds_state_clear(rp_crds_state *state)
{
    free(state->operational);
    free(state->edit);
    json_decref(state->history);
    json_decref(state->bad_files);
    *state = (rp_crds_state){0};
}
