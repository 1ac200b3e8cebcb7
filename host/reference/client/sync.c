/* See sync.h. */
#include "host/reference/client/sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/reference/client/tidy.h"
#include "rampart/context.h"

/* One call of sync. */
typedef struct work {
    rp_crds_client *client;
    const rp_crds_sync *what;
    rp_crds_sync_report *report;
    json_t *active; /* name -> true, of every file that was asked for */
    rp_error *err;
} work;

static bool fatal(rp_code code)
{
    return code == RP_E_MEMORY || code == RP_E_INTERRUPTED;
}

/* A file that failed: an error line; RP_OK to go on. */
static rp_code note_failure(work *w, rp_code code, const rp_error *why)
{
    if (fatal(code))
        return rp_fail(w->err, code, "%s", why->text);
    rp_logf(w->client->log, RP_ERROR, "crds", "%s", why->text);
    w->report->errors++;
    return RP_OK;
}

/* ---- one file ---- */

static rp_code would_fetch(work *w, const char *name)
{
    char *path = NULL;
    rp_error why = {0};
    const rp_code code = rp_crds_locate(&path, &w->client->settings, name, NULL, &why);
    if (code)
        return note_failure(w, code, &why);
    if (access(path, F_OK) != 0) {
        rp_logf(w->client->log, RP_INFO, "crds", "Would fetch %s", name);
        w->report->would_fetch++;
    }
    free(path);
    return RP_OK;
}

/* The instrument of a file whose name does not say it; "" when the server does not either. */
static rp_code ask_instrument(work *w, const char *name, char out[16])
{
    json_t *info = NULL;
    rp_error why = {0};
    out[0] = '\0';
    const rp_code code = rp_crds_call(w->client->http, "get_file_info", json_pack("[n, s]", name), &info, &why);
    const char *text = json_string_value(json_object_get(info, "instrument"));
    if (!code && text)
        (void)snprintf(out, 16, "%.15s", text);
    json_decref(info);
    return fatal(code) ? rp_fail(w->err, code, "%s", why.text) : RP_OK;
}

static rp_code obtain(work *w, const char *name)
{
    char *path = NULL, instrument[16];
    rp_error why = {0};
    rp_code code = rp_crds_obtain(w->client, name, NULL, w->what->again, &path, &why);
    if (code == RP_E_MISSING && !rp_crds_is_mapping(name) && strstr(why.text, "no telling which")) {
        const rp_code asked = ask_instrument(w, name, instrument);
        if (asked)
            return asked;
        code = rp_crds_obtain(w->client, name, instrument, w->what->again, &path, &why);
    }
    free(path);
    w->report->files += code == RP_OK;
    return code ? note_failure(w, code, &why) : RP_OK;
}

/* With --check-files: says what is wrong and leaves it, unless it is to be repaired. */
static rp_code check(work *w, const char *name)
{
    char *path = NULL;
    rp_error why = {0};
    rp_code code = rp_crds_locate(&path, &w->client->settings, name, NULL, &why);
    const bool there = path && access(path, F_OK) == 0;
    if (code || !there) {
        free(path);
        return w->what->dry_run ? RP_OK : obtain(w, name);
    }
    const bool sum = w->what->check_sha1 || rp_crds_is_mapping(name);
    w->report->checked++;
    code = rp_crds_facts_of(w->client, name).size < 0
               ? rp_fail(&why, RP_E_MISSING, "the server has no record of %s", name)
               : rp_crds_verify(w->client, name, path, sum, &why);
    if (code && !fatal(code)) {
        (void)note_failure(w, code, &why);
        code = RP_OK;
        if (w->what->repair && !w->client->settings.readonly) {
            rp_logf(w->client->log, RP_INFO, "crds", "Repairing %s", name);
            code = rp_crds_fetch(w->client, name, path, true, &why);
        }
    }
    free(path);
    return code ? note_failure(w, code, &why) : RP_OK;
}

static rp_code sync_file(work *w, const char *name)
{
    if (!rp_crds_is_name(name)) {
        rp_logf(w->client->log, RP_ERROR, "crds", "'%.60s' is no name of a CRDS file", name);
        w->report->errors++;
        return RP_OK;
    }
    if (json_object_get(w->active, name))
        return RP_OK;
    if (json_object_set_new(w->active, name, json_true()) != 0)
        return rp_fail(w->err, RP_E_MEMORY, "no memory for the list of files");
    if (w->what->check || w->what->check_sha1 || w->what->repair)
        return check(w, name);
    return w->what->dry_run ? would_fetch(w, name) : obtain(w, name);
}

static rp_code sync_names(work *w, const json_t *names)
{
    rp_code code = RP_OK;
    for (size_t i = 0; !code && i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        code = name ? sync_file(w, name) : rp_fail(w->err, RP_E_FORMAT, "the CRDS server's list of files is none");
    }
    return code;
}

/* ---- contexts ---- */

static rp_code sync_listed(work *w, const char *method, const char *context)
{
    json_t *names = NULL;
    rp_code code = rp_crds_call(w->client->http, method, json_pack("[s]", context), &names, w->err);
    if (!code)
        code = sync_names(w, names);
    json_decref(names);
    return code;
}

static rp_code sync_context(work *w, const char *specification)
{
    char *name = NULL;
    rp_error why = {0};
    rp_code code = rp_crds_context_name(w->client, specification, &name, &why);
    if (code)
        return note_failure(w, code, &why);
    rp_logf(w->client->log, RP_INFO, "crds", "Syncing %s", name);
    code = sync_listed(w, "get_mapping_names", name);
    if (!code && w->what->references)
        code = sync_listed(w, "get_reference_names", name);
    free(name);
    return code == RP_E_MISSING ? note_failure(w, code, w->err) : code;
}

/* The serial number of "jwst_0012.pmap"; -1 when it has none. */
static long serial_of(const char *name)
{
    const char *bar = strrchr(name, '_');
    char *end = NULL;
    const long serial = bar ? strtol(bar + 1, &end, 10) : -1;
    return bar && end != bar + 1 && strcmp(end, ".pmap") == 0 ? serial : -1;
}

static bool wanted(const rp_crds_sync *what, size_t index, size_t count, const char *name)
{
    const long serial = serial_of(name);
    return what->all || (what->last > 0 && index + what->last >= count) ||
           (what->last_serial > 0 && serial >= what->first_serial && serial <= what->last_serial);
}

/* --all, --last, --range. */
static rp_code sync_listed_contexts(work *w)
{
    json_t *names = NULL;
    if (!w->what->all && w->what->last == 0 && w->what->last_serial == 0)
        return RP_OK;
    rp_code code = rp_crds_call(w->client->http, "list_mappings",
                                json_pack("[s, s]", w->client->settings.observatory, "*.pmap"), &names, w->err);
    const size_t count = json_array_size(names);
    for (size_t i = 0; !code && i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (name && wanted(w->what, i, count, name))
            code = sync_context(w, name);
    }
    json_decref(names);
    return code;
}

static rp_code sync_all(work *w)
{
    rp_code code = RP_OK;
    if (w->what->organize >= 0)
        code = rp_crds_organize(&w->client->settings, (rp_crds_mode)w->what->organize, w->what->dry_run, w->client->log,
                                &w->report->moved, w->err);
    for (size_t i = 0; !code && i < w->what->ncontexts; i++)
        code = sync_context(w, w->what->context[i]);
    if (!code)
        code = sync_listed_contexts(w);
    for (size_t i = 0; !code && i < w->what->nfiles; i++)
        code = sync_file(w, w->what->file[i]);
    for (int mappings = 0; mappings < 2; mappings++)
        if (!code && (mappings ? w->what->purge_mappings : w->what->purge_references))
            code = rp_crds_purge(&w->client->settings, mappings, w->active, w->what->dry_run, w->client->log,
                                 &w->report->removed, w->err);
    return code;
}

rp_code rp_crds_sync_run(rp_crds_client *client, const rp_crds_sync *what, rp_crds_sync_report *report, rp_error *err)
{
    rp_error own = {0};
    work w = {client, what, report, json_object(), err ? err : &own};
    *report = (rp_crds_sync_report){0};
    if (!client->connected)
        return rp_fail(err, RP_E_MISSING, "no CRDS server to sync with: set CRDS_SERVER_URL");
    /* nothing that a failed list left out may be taken for unused */
    rp_code code = w.active ? sync_all(&w) : rp_fail(err, RP_E_MEMORY, "no memory for the list of files");
    if (!code && report->errors == 0 && !what->dry_run)
        code = rp_crds_client_save(client, err);
    json_decref(w.active);
    return code;
}
