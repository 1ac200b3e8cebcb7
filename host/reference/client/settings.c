/* See settings.h. */
#include "host/reference/client/settings.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *rp_crds_getenv(const char *name)
{
    return getenv(name);
}

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for the settings of CRDS");
}

static rp_code read_bool(bool *out, rp_environment *get, const char *name, bool initial, rp_error *err)
{
    static const char *const words[2][3] = {{"false", "f", "0"}, {"true", "t", "1"}};
    const char *text = get(name);
    *out = initial;
    if (!text)
        return RP_OK;
    for (size_t value = 0; value < 2; value++)
        for (size_t i = 0; i < 3; i++)
            if (strcasecmp(text, words[value][i]) == 0) {
                *out = value == 1;
                return RP_OK;
            }
    return rp_fail(err, RP_E_ARGUMENT, "%s=%.60s in the environment: it must be 0 or 1", name, text);
}

static rp_code read_int(int *out, rp_environment *get, const char *name, int initial, int least, rp_error *err)
{
    const char *text = get(name);
    char *end;
    *out = initial;
    if (!text)
        return RP_OK;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > INT_MAX / 1000)
        return rp_fail(err, RP_E_ARGUMENT, "%s=%.60s in the environment: it must be a whole number of at least %d",
                       name, text, least);
    *out = (int)value;
    return RP_OK;
}

/* A copy without slashes at the end. */
static rp_code copy_clean(char **out, const char *text, rp_error *err)
{
    size_t n = strlen(text);
    while (n > 1 && text[n - 1] == '/')
        n--;
    *out = strndup(text, n);
    return *out ? RP_OK : no_memory(err);
}

static rp_code join(char **out, const char *a, const char *b, const char *c, rp_error *err)
{
    char *text = NULL;
    if (asprintf(&text, "%s/%s%s%s", a, b, c ? "/" : "", c ? c : "") < 0)
        return no_memory(err);
    const rp_code code = copy_clean(out, text, err);
    free(text);
    return code;
}

/* The folder of one kind of file: CRDS_MAPPATH_SINGLE, CRDS_MAPPATH, CRDS_PATH_SINGLE, CRDS_PATH, the default. */
static rp_code read_dir(char **out, rp_environment *get, const char *own, const char *kind, const char *observatory,
                        rp_error *err)
{
    char single[40];
    (void)snprintf(single, sizeof single, "%s_SINGLE", own);
    const char *text;
    if ((text = get(single)))
        return copy_clean(out, text, err);
    if ((text = get(own)))
        return join(out, text, observatory, NULL, err);
    if ((text = get("CRDS_PATH_SINGLE")))
        return join(out, text, kind, NULL, err);
    if (!(text = get("CRDS_PATH")) && !(text = get("CRDS_DEFAULT_CACHE")))
        text = "/grp/crds/cache";
    return join(out, text, kind, observatory, err);
}

static rp_code read_dirs(rp_crds_settings *s, rp_environment *get, rp_error *err)
{
    rp_code code = read_dir(&s->mapping_dir, get, "CRDS_MAPPATH", "mappings", s->observatory, err);
    if (!code)
        code = read_dir(&s->reference_dir, get, "CRDS_REFPATH", "references", s->observatory, err);
    return code ? code : read_dir(&s->config_dir, get, "CRDS_CFGPATH", "config", s->observatory, err);
}

static bool is_name(const char *text)
{
    const size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz");
    return n > 0 && n <= 8 && text[n] == '\0';
}

/* CRDS_OBSERVATORY, else the one that the server's address names, else jwst. */
static rp_code read_observatory(rp_crds_settings *s, rp_environment *get, const char *url, rp_error *err)
{
    static const char *const known[] = {"jwst", "hst", "roman", "tobs"};
    const char *text = get("CRDS_OBSERVATORY");
    if (text && (!*text || strcmp(text, "none") == 0))
        text = NULL;
    for (size_t i = 0; !text && url && i < sizeof known / sizeof *known; i++)
        text = strstr(url, known[i]) ? known[i] : NULL;
    text = text ? text : "jwst";
    if (!is_name(text))
        return rp_fail(err, RP_E_ARGUMENT, "CRDS_OBSERVATORY=%.60s in the environment: no name of an observatory",
                       text);
    s->observatory = strdup(text);
    return s->observatory ? RP_OK : no_memory(err);
}

static rp_code read_server(rp_crds_settings *s, const char *url, rp_error *err)
{
    if (!url || !*url || strstr(url, "serverless") || strstr(url, "server-less"))
        return RP_OK;
    if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
        return rp_fail(err, RP_E_ARGUMENT,
                       "CRDS_SERVER_URL=%.100s in the environment: it must begin with http:// or https://", url);
    return copy_clean(&s->server_url, url, err);
}

static rp_code read_texts(rp_crds_settings *s, rp_environment *get, rp_error *err)
{
    const struct {
        const char *name;
        char **out;
    } texts[] = {{"CRDS_CONTEXT", &s->context},
                 {"CRDS_MAPPING_URI", &s->mapping_uri},
                 {"CRDS_REFERENCE_URI", &s->reference_uri},
                 {"CRDS_CONFIG_URI", &s->config_uri}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const char *text = get(texts[i].name);
        if (!text || !*text || strcasecmp(text, "none") == 0)
            continue;
        if (i > 0 && strncmp(text, "http://", 7) != 0 && strncmp(text, "https://", 8) != 0)
            return rp_fail(err, RP_E_UNSUPPORTED, "%s=%.100s in the environment: only http:// and https:// are fetched",
                           texts[i].name, text);
        const rp_code code = copy_clean(texts[i].out, text, err);
        if (code)
            return code;
    }
    return RP_OK;
}

static rp_code read_mode(rp_crds_settings *s, rp_environment *get, rp_error *err)
{
    const char *mode = get("CRDS_MODE"), *download = get("CRDS_DOWNLOAD_MODE");
    if (get("CRDS_DOWNLOAD_PLUGIN") || (download && strcasecmp(download, "plugin") == 0))
        return rp_fail(
            err, RP_E_UNSUPPORTED,
            "CRDS_DOWNLOAD_PLUGIN or CRDS_DOWNLOAD_MODE in the environment: files are fetched over HTTP, not by "
            "other programs; fill the cache with \"crds sync\" instead, or unset the variable");
    if (!mode || strcmp(mode, "auto") == 0 || strcmp(mode, "local") == 0)
        return RP_OK;
    s->remote = strcmp(mode, "remote") == 0;
    return s->remote ? RP_OK
                     : rp_fail(err, RP_E_UNSUPPORTED,
                               "CRDS_MODE=%.60s in the environment: auto, local and remote are known", mode);
}

rp_code rp_crds_settings_read(rp_crds_settings *s, rp_environment *get, rp_error *err)
{
    const char *url = get("CRDS_SERVER_URL");
    *s = (rp_crds_settings){0};
    rp_code code = read_observatory(s, get, url, err);
    if (!code)
        code = read_server(s, url, err);
    if (!code)
        code = read_dirs(s, get, err);
    if (!code)
        code = read_texts(s, get, err);
    if (!code)
        code = read_mode(s, get, err);
    if (!code)
        code = read_bool(&s->readonly, get, "CRDS_READONLY_CACHE", false, err);
    if (!code)
        code = read_bool(&s->ignore_mapping_checksum, get, "CRDS_IGNORE_MAPPING_CHECKSUM", false, err);
    if (!code)
        code = read_bool(&s->check_sha1, get, "CRDS_DOWNLOAD_CHECKSUMS", true, err);
    if (!code)
        code = read_bool(&s->check_length, get, "CRDS_DOWNLOAD_LENGTHS", true, err);
    if (!code)
        code = read_bool(&s->allow_bad_rules, get, "CRDS_ALLOW_BAD_RULES", false, err);
    if (!code)
        code = read_bool(&s->allow_bad_references, get, "CRDS_ALLOW_BAD_REFERENCES", false, err);
    if (!code)
        code = read_int(&s->tries, get, "CRDS_CLIENT_RETRY_COUNT", 1, 1, err);
    if (!code)
        code = read_int(&s->delay_s, get, "CRDS_CLIENT_RETRY_DELAY_SECONDS", 0, 0, err);
    return code ? code : read_int(&s->timeout_s, get, "CRDS_CLIENT_TIMEOUT_SECONDS", 3600, 1, err);
}

void rp_crds_settings_clear(rp_crds_settings *s)
{
    free(s->observatory);
    free(s->server_url);
    free(s->mapping_dir);
    free(s->reference_dir);
    free(s->config_dir);
    free(s->context);
    free(s->mapping_uri);
    free(s->reference_uri);
    free(s->config_uri);
    *s = (rp_crds_settings){0};
}
