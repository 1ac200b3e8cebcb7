/* Best references for exposures: include/rampart/bestrefs.h. */
#include "rampart/bestrefs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "host/reference/client/client.h"
#include "host/reference/client/header.h"
#include "rampart/context.h"

/* What was found for a type and a header. */
typedef struct answer {
    struct answer *next;
    uint64_t header;
    char *type, *path; /* path NULL: refused */
    rp_error why;
} answer;

struct rp_bestrefs {
    const rp_log *log;
    const volatile sig_atomic_t *cancel;
    bool opened;
    rp_code failed; /* opening did not work, and will not */
    rp_error why;
    rp_crds_client client;
    char *name;          /* of the context */
    rp_context *context; /* NULL where the server applies the rules */
    rp_query *query;
    answer *answers;
};

bool rp_bestrefs_configured(void)
{
    static const char *const names[] = {"CRDS_SERVER_URL", "CRDS_PATH", "CRDS_PATH_SINGLE", "CRDS_MAPPATH",
                                        "CRDS_MAPPATH_SINGLE"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = getenv(names[i]);
        if (text && *text)
            return true;
    }
    return false;
}

rp_code rp_bestrefs_new(rp_bestrefs **out, const rp_log *log, const volatile sig_atomic_t *cancel, rp_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return rp_fail(err, RP_E_MEMORY, "no memory for references");
    (*out)->log = log;
    (*out)->cancel = cancel;
    return RP_OK;
}

void rp_bestrefs_free(rp_bestrefs *refs)
{
    if (!refs)
        return;
    for (answer *a = refs->answers; a;) {
        answer *next = a->next;
        free(a->type);
        free(a->path);
        free(a);
        a = next;
    }
    rp_query_free(refs->query);
    rp_context_close(refs->context);
    rp_crds_client_close(&refs->client);
    free(refs->name);
    free(refs);
}

const char *rp_bestrefs_context(const rp_bestrefs *refs)
{
    return refs ? refs->name : NULL;
}

/* ---- opening ---- */

static rp_code load_rules(rp_bestrefs *refs, rp_error *err)
{
    const rp_crds_settings *s = &refs->client.settings;
    const rp_context_options options = {.ignore_checksums = s->ignore_mapping_checksum, .log = refs->log};
    char *path = NULL;
    if (asprintf(&path, "%s/%s", s->mapping_dir, refs->name) < 0)
        return rp_fail(err, RP_E_MEMORY, "no memory for the path of a context");
    rp_code code = rp_context_open(&refs->context, NULL, path, &options, err);
    const bool can_fetch = (refs->client.connected || s->mapping_uri) && !s->readonly;
    /* As the Python client: rules that are not all there are fetched; ours does so too for those that are broken. */
    if ((code == RP_E_IO || code == RP_E_MISMATCH || code == RP_E_FORMAT) && can_fetch) {
        code = rp_crds_obtain_mappings(&refs->client, refs->name, false, err);
        if (!code)
            code = rp_context_open(&refs->context, NULL, path, &options, err);
    } else if (code == RP_E_IO && refs->client.connected) {
        rp_error_prefix(err, "the CRDS cache is read-only");
    } else if (code == RP_E_IO) {
        rp_error_prefix(err, "no CRDS server to fetch rules from (CRDS_SERVER_URL)");
    }
    free(path);
    return code ? code : rp_query_new(&refs->query, refs->context, err);
}

static rp_code open_now(rp_bestrefs *refs, rp_error *err)
{
    rp_code code = rp_crds_client_open(&refs->client, rp_crds_getenv, refs->log, refs->cancel, err);
    if (!code)
        code = rp_crds_context_name(&refs->client, NULL, &refs->name, err);
    if (code || (refs->client.settings.remote && refs->client.connected))
        return code;
    if (refs->client.settings.remote)
        return rp_fail(err, RP_E_MISSING, "CRDS_MODE=remote in the environment, but no server answers");
    rp_logf(refs->log, RP_DEBUG, "crds", "Context %s, %s", refs->name, refs->client.connected ? "server" : "cache");
    code = load_rules(refs, err);
    rp_error ignored = {0};
    if (!code && rp_crds_client_save(&refs->client, &ignored) != RP_OK)
        rp_logf(refs->log, RP_WARNING, "crds", "%s", ignored.text);
    return code;
}

static rp_code open_once(rp_bestrefs *refs, rp_error *err)
{
    if (!refs->opened) {
        refs->opened = true;
        refs->failed = open_now(refs, &refs->why);
    }
    return refs->failed ? rp_fail(err, refs->failed, "%s", refs->why.text) : RP_OK;
}

/* ---- bad files ---- */

/* The rules of one instrument, as the Python client looks at them. */
static rp_code check_rules(rp_bestrefs *refs, const char *instrument, rp_error *err)
{
    const rp_names types = rp_context_types(refs->context, instrument);
    for (size_t i = 0; i <= types.count; i++) {
        const char *name = rp_context_lookup(refs->context, instrument, i < types.count ? types.name[i] : NULL);
        if (!name || !rp_crds_is_bad(&refs->client, name))
            continue;
        if (!refs->client.settings.allow_bad_rules)
            return rp_fail(err, RP_E_MISMATCH,
                           "context %s holds %s, which the CRDS server calls scientifically invalid: "
                           "use another CRDS_CONTEXT, or set CRDS_ALLOW_BAD_RULES=1",
                           refs->name, name);
        rp_logf(refs->log, RP_WARNING, "crds", "%s in %s is scientifically invalid", name, refs->name);
    }
    return RP_OK;
}

static rp_code check_reference(const rp_bestrefs *refs, const char *type, const char *name, rp_error *err)
{
    if (!rp_crds_is_bad(&refs->client, name))
        return RP_OK;
    if (!refs->client.settings.allow_bad_references)
        return rp_fail(err, RP_E_MISMATCH,
                       "%s, the %s reference, is what the CRDS server calls scientifically invalid: "
                       "override it, or set CRDS_ALLOW_BAD_REFERENCES=1",
                       name, type);
    rp_logf(refs->log, RP_WARNING, "crds", "%s, the %s reference, is scientifically invalid", name, type);
    return RP_OK;
}

/* ---- choosing ---- */

/* What the rules say, as text: a file name or "NOT FOUND ...".  Caller frees *text. */
static rp_code choose_here(rp_bestrefs *refs, const rp_crds_header *header, const char *type, char **text,
                           rp_error *err)
{
    rp_bests bests;
    rp_code code = rp_query_best(refs->query, header->item, header->count, &type, 1, &bests, err);
    if (code)
        return code;
    if (bests.failure)
        return rp_fail(err, RP_E_MISSING, "%s", bests.failure);
    if (bests.count > 0 && bests.best[0].kind == RP_BEST_FILES)
        return rp_fail(err, RP_E_UNSUPPORTED, "the rules name %zu files of type %s at once", bests.best[0].count, type);
    if (bests.count > 0 && bests.best[0].kind == RP_BEST_ODD)
        return rp_fail(err, RP_E_MISMATCH, "the rules give no name: %s", bests.best[0].text[0]);
    /* a type that the rules leave out is none that this exposure has */
    *text = strdup(bests.count > 0 && bests.best[0].count > 0 ? bests.best[0].text[0] : "NOT FOUND n/a");
    return *text ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the name of a reference");
}

/* The same by the server (CRDS_MODE=remote). */
static rp_code choose_there(rp_bestrefs *refs, const rp_crds_header *header, const char *type, char **text,
                            rp_error *err)
{
    json_t *items = json_object(), *result = NULL;
    for (size_t i = 0; i < header->count; i++)
        (void)json_object_set_new(items, header->item[i].name, json_string(header->item[i].value));
    rp_code code = rp_crds_call(refs->client.http, "get_best_references",
                                json_pack("[s, o, [s]]", refs->name, items, type), &result, err);
    const char *name = json_string_value(json_object_get(result, type));
    if (!code && json_object_get(result, type) && !name)
        code = rp_fail(err, RP_E_UNSUPPORTED, "the rules name several files of type %s at once", type);
    if (!code && !(*text = strdup(name ? name : "NOT FOUND n/a")))
        code = rp_fail(err, RP_E_MEMORY, "no memory for the name of a reference");
    json_decref(result);
    return code;
}

static bool says_none(const char *text)
{
    return strcasestr(text, "n/a") != NULL;
}

static rp_code find(rp_bestrefs *refs, const rp_crds_header *header, const char *type, char **path, rp_error *err)
{
    char *text = NULL;
    rp_code code = refs->context ? check_rules(refs, header->instrument, err) : RP_OK;
    if (!code)
        code =
            refs->context ? choose_here(refs, header, type, &text, err) : choose_there(refs, header, type, &text, err);
    if (code)
        return code;
    if (strstr(text, "NOT FOUND")) {
        if (!says_none(text))
            code = rp_fail(err, RP_E_MISSING, "%s", text + strlen("NOT FOUND") + (text[9] == ' '));
        else if (!(*path = strdup("N/A")))
            code = rp_fail(err, RP_E_MEMORY, "no memory for the name of a reference");
    } else {
        code = check_reference(refs, type, text, err);
        if (!code)
            code = rp_crds_obtain(&refs->client, text, header->instrument, false, path, err);
    }
    free(text);
    return code;
}

static const answer *remembered(const rp_bestrefs *refs, uint64_t header, const char *type)
{
    for (const answer *a = refs->answers; a; a = a->next)
        if (a->header == header && strcmp(a->type, type) == 0)
            return a;
    return NULL;
}

static rp_code ask(rp_bestrefs *refs, const rp_crds_header *header, const char *type, const answer **out, rp_error *err)
{
    answer *a = calloc(1, sizeof *a);
    char *copy = strdup(type);
    if (!a || !copy) {
        free(a);
        free(copy);
        return rp_fail(err, RP_E_MEMORY, "no memory for references");
    }
    a->header = header->fingerprint;
    a->type = copy;
    a->next = refs->answers;
    refs->answers = a;
    const rp_code code = find(refs, header, type, &a->path, &a->why);
    a->why.code = code;
    *out = a;
    return RP_OK;
}

rp_code rp_bestrefs_find(rp_bestrefs *refs, const rp_meta *meta, const char *type, char **path, rp_error *err)
{
    rp_crds_header header = {0};
    const answer *a = NULL;
    *path = NULL;
    rp_code code = open_once(refs, err);
    if (!code)
        code = rp_crds_header_read(&header, meta, refs->context, err);
    if (!code && !(a = remembered(refs, header.fingerprint, type)))
        code = ask(refs, &header, type, &a, err);
    rp_crds_header_clear(&header);
    if (code)
        return code;
    if (!a->path)
        return rp_fail(err, a->why.code, "%s", a->why.text);
    *path = strdup(a->path);
    return *path ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the path of a reference");
}

bool rp_bestrefs_gave(const rp_bestrefs *refs, const char *path)
{
    for (const answer *a = refs ? refs->answers : NULL; a; a = a->next)
        if (a->path && strcmp(a->path, path) == 0 && strcmp(path, "N/A") != 0)
            return true;
    return false;
}
