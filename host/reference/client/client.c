/* What the server says, or said: client.h. */
#include "host/reference/client/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "io/python/literal.h"

/* The release of the calibration software whose rules apply to what we calculate. */
#define CAL_VERSION "3.0.0"

enum { MOST_INFO = 256 << 20 };

static const char *text_of(const json_t *info, const char *key)
{
    const char *text = json_string_value(json_object_get(info, key));
    return text && *text ? text : NULL;
}

static rp_code info_path(const rp_crds_client *client, const char *name, char **path, rp_error *err)
{
    if (asprintf(path, "%s/%s", client->settings.config_dir, name) >= 0)
        return RP_OK;
    *path = NULL;
    return rp_fail(err, RP_E_MEMORY, "no memory for the path of a cached file");
}

/* ---- server_config ---- */

static rp_code load_cached(rp_crds_client *client, rp_error *err)
{
    char *path, *text = NULL;
    size_t size = 0;
    rp_code code = info_path(client, "server_config", &path, err);
    if (!code)
        code = rp_crds_read(&text, &size, path, err);
    if (!code)
        code = rp_python_read(&client->info, path, text, size, err);
    free(text);
    free(path);
    return code;
}

/* CRDS_CONFIG_URI: the same file from an address. */
static rp_code load_from_uri(rp_crds_client *client, rp_error *err)
{
    char *url = NULL, *text = NULL;
    size_t size = 0;
    if (asprintf(&url, "%s/server_config", client->settings.config_uri) < 0)
        return rp_fail(err, RP_E_MEMORY, "no memory for an address");
    rp_code code = rp_crds_get_text(client->http, url, MOST_INFO, &text, &size, err);
    if (!code)
        code = rp_python_read(&client->info, url, text, size, err);
    free(text);
    free(url);
    return code;
}

static rp_code ask_server(rp_crds_client *client, rp_error *err)
{
    rp_code code = rp_crds_call(client->http, "get_server_info", json_array(), &client->info, err);
    if (!code && !json_is_object(client->info))
        code = rp_fail(err, RP_E_FORMAT, "%s: get_server_info gives no object", client->settings.server_url);
    if (!code && json_object_set_new(client->info, "server", json_string(client->settings.server_url)) != 0)
        code = rp_fail(err, RP_E_MEMORY, "no memory for the server's answer");
    if (!code) {
        (void)json_object_set_new(client->info, "status", json_string("server"));
        (void)json_object_set_new(client->info, "connected", json_true());
    }
    client->connected = !code;
    return code;
}

static rp_code check_info(const rp_crds_client *client, rp_error *err)
{
    const char *observatory = text_of(client->info, "observatory");
    if (observatory && strcmp(observatory, client->settings.observatory) != 0)
        return rp_fail(err, RP_E_MISMATCH,
                       "the CRDS server or cache is that of '%.40s', not of '%s': check CRDS_SERVER_URL, CRDS_PATH and "
                       "CRDS_OBSERVATORY",
                       observatory, client->settings.observatory);
    return RP_OK;
}

/* Sizes and checksums, from the info, else from the server. */
static rp_code read_metadata(rp_crds_client *client, rp_error *err)
{
    json_t *encoded = json_object_get(client->info, "download_metadata");
    rp_code code = RP_OK;
    if (encoded)
        code = rp_crds_decode(json_incref(encoded), &client->metadata, err);
    else if (client->connected)
        code = rp_crds_call(client->http, "get_file_info_map",
                            json_pack("[s, n, [s, s]]", client->settings.observatory, "size", "sha1sum"),
                            &client->metadata, err);
    if (!code && client->metadata && !json_is_object(client->metadata))
        code = rp_fail(err, RP_E_FORMAT, "the CRDS server's sizes and checksums are no object");
    return code;
}

static rp_code find_info(rp_crds_client *client, rp_error *err)
{
    const rp_crds_settings *s = &client->settings;
    rp_error first = {0}, second = {0};
    rp_code code = RP_OK;
    if (s->config_uri)
        code = load_from_uri(client, &first);
    else if (s->server_url)
        code = ask_server(client, &first);
    if (!code && client->info)
        return RP_OK;
    if (code == RP_E_INTERRUPTED || code == RP_E_MEMORY)
        return rp_fail(err, code, "%s", first.text);
    if (load_cached(client, &second) == RP_OK) {
        if (code)
            rp_logf(client->log, RP_WARNING, "crds", "%s; going on with what the cache in %s says", first.text,
                    s->config_dir);
        return RP_OK;
    }
    if (s->context && rp_crds_is_mapping(s->context))
        return RP_OK;
    return rp_fail(err, RP_E_MISSING,
                   "CRDS: %s%s%s: set CRDS_SERVER_URL to a server, CRDS_PATH to a filled cache, or "
                   "CRDS_CONTEXT to a context in it",
                   code ? first.text : "", code ? "; " : "", second.text);
}

rp_code rp_crds_client_open(rp_crds_client *client, rp_environment *get, const rp_log *log,
                            const volatile sig_atomic_t *cancel, rp_error *err)
{
    *client = (rp_crds_client){.log = log};
    rp_code code = rp_crds_settings_read(&client->settings, get, err);
    if (!code)
        code = rp_crds_http_new(&client->http, &client->settings, log, cancel, err);
    if (!code)
        code = find_info(client, err);
    if (!code)
        code = check_info(client, err);
    return code ? code : read_metadata(client, err);
}

void rp_crds_client_close(rp_crds_client *client)
{
    json_decref(client->info);
    json_decref(client->metadata);
    rp_crds_http_free(client->http);
    rp_crds_settings_clear(&client->settings);
    *client = (rp_crds_client){0};
}

static rp_code save_bad_files(const rp_crds_client *client, rp_error *err)
{
    char *path, *text = NULL;
    size_t size = 0, index;
    json_t *name;
    rp_code code = info_path(client, "bad_files.txt", &path, err);
    FILE *out = code ? NULL : open_memstream(&text, &size);
    if (!code && !out)
        code = rp_fail(err, RP_E_MEMORY, "no memory for the list of bad files");
    if (out) {
        json_array_foreach(json_object_get(client->info, "bad_files_list"), index, name)(void)
            fprintf(out, "%s%s", index ? "\n" : "", json_is_string(name) ? json_string_value(name) : "");
        if (fclose(out) != 0)
            code = rp_fail(err, RP_E_MEMORY, "no memory for the list of bad files");
    }
    if (!code)
        code = rp_crds_write(path, text, size, err);
    free(text);
    free(path);
    return code;
}

rp_code rp_crds_client_save(rp_crds_client *client, rp_error *err)
{
    if (!client->connected || client->settings.readonly || client->saved)
        return RP_OK;
    char *path = NULL, *text = rp_python_write(client->info);
    rp_code code = text ? info_path(client, "server_config", &path, err)
                        : rp_fail(err, RP_E_MEMORY, "no memory for the server's answer");
    if (!code)
        code = rp_crds_write(path, text, strlen(text), err);
    if (!code)
        code = save_bad_files(client, err);
    client->saved = !code;
    free(text);
    free(path);
    return code;
}

/* ---- contexts ---- */

static rp_code context_text(const char *text, char **name, rp_error *err)
{
    if (!text)
        return rp_fail(err, RP_E_MISSING, "CRDS: the server or cache names no default context: set CRDS_CONTEXT");
    if (!rp_crds_is_name(text) || !rp_crds_is_mapping(text))
        return rp_fail(err, RP_E_FORMAT, "CRDS: '%.60s' is no context", text);
    *name = strdup(text);
    return *name ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the name of a context");
}

static const char *latest(const rp_crds_client *client)
{
    const char *text = text_of(client->info, "latest_context");
    return text ? text : text_of(client->info, "operational_context");
}

static rp_code ask_context(rp_crds_client *client, const char *method, json_t *parameters, char **name, rp_error *err)
{
    json_t *answer = NULL;
    rp_code code = rp_crds_call(client->http, method, parameters, &answer, err);
    if (!code)
        code = context_text(json_string_value(answer), name, err);
    json_decref(answer);
    return code;
}

/* That of our release of the calibration, as the server knows it; the newest when it does not. */
static rp_code build_context(rp_crds_client *client, char **name, rp_error *err)
{
    rp_error ignored = {0};
    if (client->connected &&
        ask_context(client, "get_build_context", json_pack("[s, s]", client->settings.observatory, CAL_VERSION), name,
                    &ignored) == RP_OK)
        return RP_OK;
    return context_text(latest(client), name, err);
}

static bool is_one_of(const char *text, const char *observatory, const char *const *words)
{
    const size_t n = strlen(observatory);
    for (; *words; words++)
        if (strcmp(text, *words) == 0 ||
            (strncmp(text, observatory, n) == 0 && text[n] == '-' && strcmp(text + n + 1, *words) == 0))
            return true;
    return false;
}

rp_code rp_crds_context_name(rp_crds_client *client, const char *specification, char **name, rp_error *err)
{
    static const char *const newest[] = {"latest", "operational", NULL}, *const build[] = {"build", NULL},
                             *const edit[] = {"edit", NULL}, *const versions[] = {"versions", NULL};
    const char *text = specification ? specification : client->settings.context;
    const char *observatory = client->settings.observatory;
    *name = NULL;
    if (!text || is_one_of(text, observatory, build))
        return build_context(client, name, err);
    if (rp_crds_is_mapping(text))
        return context_text(text, name, err);
    if (is_one_of(text, observatory, newest))
        return context_text(latest(client), name, err);
    if (is_one_of(text, observatory, edit))
        return context_text(text_of(client->info, "edit_context"), name, err);
    if (is_one_of(text, observatory, versions))
        return context_text(text_of(client->info, "versions_context"), name, err);
    if (!client->connected)
        return rp_fail(err, RP_E_MISSING,
                       "CRDS: only a server can say which context '%.60s' is: set CRDS_SERVER_URL, or "
                       "name a context such as jwst_1234.pmap",
                       text);
    return ask_context(client, "get_context_by_date", json_pack("[s, s]", text, observatory), name, err);
}

/* ---- facts ---- */

bool rp_crds_is_bad(const rp_crds_client *client, const char *name)
{
    size_t index;
    json_t *bad;
    json_array_foreach(json_object_get(client->info, "bad_files_list"), index,
                       bad) if (json_is_string(bad) && strcmp(json_string_value(bad), name) == 0) return true;
    return false;
}

rp_crds_facts rp_crds_facts_of(const rp_crds_client *client, const char *name)
{
    rp_crds_facts facts = {.size = -1};
    const json_t *entry = json_object_get(client->metadata, name), *size = json_object_get(entry, "size");
    const char *text = json_string_value(size), *sha1 = json_string_value(json_object_get(entry, "sha1sum"));
    char *end = NULL;
    if (json_is_integer(size))
        facts.size = json_integer_value(size);
    else if (text) {
        facts.size = strtoll(text, &end, 10);
        if (end == text || *end || facts.size < 0)
            facts.size = -1;
    }
    if (sha1 && strlen(sha1) == 40 && strspn(sha1, "0123456789abcdefABCDEF") == 40)
        for (size_t i = 0; i < 40; i++)
            facts.sha1[i] = sha1[i] >= 'A' && sha1[i] <= 'F' ? (char)(sha1[i] - 'A' + 'a') : sha1[i];
    return facts;
}
