/* Parameter files in configobj form: host/cli/settings.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cfg.h"
#include "host/cli/settings.h"
#include "io/params_text.h"

enum { MAX_INCLUDES = 8 };

/* `own` is what this file says; `included` comes from files named by config_file, and is worth less. */
typedef struct reading {
    rp_pars *pars;
    rp_settings own, included;
    const char *path;
    int depth;
} reading;

/* The one text of a value. */
static rp_code one_text(char **out, const char *key, const char *value, rp_error *err)
{
    rp_words words;
    rp_code code = rp_words_parse(&words, value, err);
    if (code)
        return code;
    if (words.is_list)
        code = rp_fail(err, RP_E_ARGUMENT, "%s: a list where one value is wanted", key);
    free(*out);
    *out = code ? NULL : strdup(words.item[0]);
    rp_words_clear(&words);
    return code || *out ? code : rp_fail(err, RP_E_MEMORY, "no memory for %s", key);
}

/* config_file of a step: a file of its own, beside this one. */
static rp_code include(reading *r, const char *step, const char *value, rp_error *err)
{
    if (r->depth >= MAX_INCLUDES)
        return rp_fail(err, RP_E_FORMAT, "parameter files include each other");
    char *name = NULL, *path = NULL, *bytes = NULL;
    size_t size = 0;
    rp_pars pars = {0};
    const char *slash = strrchr(r->path, '/');
    rp_code code = one_text(&name, "config_file", value, err);
    if (!code && (name[0] == '\0' || strcmp(name, "None") == 0)) {
        free(name);
        return RP_OK;
    }
    if (!code &&
        asprintf(&path, "%.*s%s", slash && name[0] != '/' ? (int)(slash - r->path + 1) : 0, r->path, name) < 0) {
        path = NULL;
        code = rp_fail(err, RP_E_MEMORY, "no memory for the path of a parameter file");
    }
    if (!code)
        code = rp_read_small_file(&bytes, &size, path, err);
    if (!code && size >= 5 && memcmp(bytes, "#ASDF", 5) == 0)
        code = rp_pars_parse_asdf(&pars, path, bytes, size, err);
    else if (!code)
        code = rp_pars_parse_cfg(&pars, path, bytes, size, r->depth + 1, err);
    for (size_t i = 0; i < pars.settings.n && !code; i++)
        code = rp_settings_add(&r->included, step, pars.settings.item[i].name, pars.settings.item[i].text,
                               pars.settings.item[i].is_null, err);
    rp_pars_clear(&pars);
    free(bytes);
    free(path);
    free(name);
    return code;
}

static rp_code top_entry(reading *r, const char *key, const char *value, rp_error *err)
{
    if (strcmp(key, "class") == 0)
        return one_text(&r->pars->class_name, key, value, err);
    if (strcmp(key, "name") == 0)
        return one_text(&r->pars->name, key, value, err);
    if (strcmp(key, "config_file") == 0)
        return RP_OK;
    return rp_settings_add(&r->own, NULL, key, value, false, err);
}

static rp_code take_entry(void *payload, const rp_cfg_place *place, const char *key, const char *value, rp_error *err)
{
    reading *r = payload;
    rp_code code = RP_OK;
    if (place->depth > 0 && strcmp(place->section[0], "steps") != 0)
        code = rp_fail(err, RP_E_ARGUMENT, "unknown section [%s]: parameters of steps stand in [steps]",
                       place->section[0]);
    else if (place->depth > 2)
        code = rp_fail(err, RP_E_ARGUMENT, "unknown section [[[%s]]]", place->section[2]);
    else if (!key)
        return RP_OK;
    else if (place->depth == 1)
        code = rp_fail(err, RP_E_ARGUMENT, "%s stands in [steps], but in no step: put [[STEP]] above it", key);
    else if (place->depth == 0)
        code = top_entry(r, key, value, err);
    else if (strcmp(key, "config_file") == 0)
        code = include(r, place->section[1], value, err);
    else if (strcmp(key, "name") != 0 && strcmp(key, "class") != 0)
        code = rp_settings_add(&r->own, place->section[1], key, value, false, err);
    if (code)
        rp_error_prefix(err, "%s, line %zu", r->path, place->line);
    return code;
}

rp_code rp_pars_parse_cfg(rp_pars *out, const char *path, const char *bytes, size_t size, int depth, rp_error *err)
{
    reading r = {.pars = out, .path = path, .depth = depth};
    rp_code code = rp_cfg_parse(bytes, size, path, take_entry, &r, err);
    const rp_settings *const lists[] = {&r.included, &r.own};
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k]->n && !code; i++)
            code = rp_settings_add(&out->settings, lists[k]->item[i].step, lists[k]->item[i].name,
                                   lists[k]->item[i].text, lists[k]->item[i].is_null, err);
    rp_settings_clear(&r.own);
    rp_settings_clear(&r.included);
    return code;
}
