/* Certifying mappings: host/reference/crds/certify.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/reference/crds/certify_impl.h"
#include "host/reference/crds/date.h"

/* Repeated keys are warnings to those who only read a mapping; here they are errors. */
static void repeated(void *payload, rp_level level, const char *name, const char *text)
{
    (void)level;
    (void)name;
    rp_certify_tell(payload, RP_ERROR, "%s", text);
}

static void check_dates(rp_certifier *c, const rp_literal *call)
{
    rp_date date;
    const rp_literal *dict = call->item[0];
    const bool dated = strcmp(call->text, "UseAfter") == 0 || strcmp(call->text, "ClosestTime") == 0;
    for (size_t i = 0; i < dict->count; i++) {
        const rp_literal *key = dict->pair[i].key;
        rp_buffer why = {0};
        if (dated && key->kind == RP_LITERAL_TEXT && !rp_date_parse(&date, key->text, key->length, &why))
            rp_certify_tell(c, RP_ERROR, "line %d: '%s' is no date: %s", key->line, key->text, rp_buffer_text(&why));
        rp_buffer_clear(&why);
        if (dict->pair[i].value->kind == RP_LITERAL_CALL)
            check_dates(c, dict->pair[i].value);
    }
}

static void check_derivation(rp_certifier *c, const rp_mapping *mapping)
{
    static const char *const roots[] = {"generated", "cloning", "by hand"};
    const char *from = rp_mapping_header(mapping, "derived_from");
    for (size_t i = 0; from && i < sizeof roots / sizeof *roots; i++)
        if (strstr(from, roots[i]))
            return;
    char *path = from ? rp_mapping_path(c->request->crds_path, from) : NULL;
    if (!from)
        rp_certify_tell(c, RP_ERROR, "derived_from is not a text");
    else if (!path || strchr(from, '/') || access(path, R_OK) != 0)
        rp_certify_tell(c, RP_WARNING, "derived from '%s', which is not in the folder", from);
    free(path);
}

rp_code rp_certify_mapping(rp_certify_counts *counts, const rp_certify_request *request, const char *path,
                           rp_error *err)
{
    rp_certifier c = {.request = request, .counts = counts, .path = path};
    const rp_log log = {repeated, &c};
    const rp_context_options options = {.log = &log};
    rp_mapping *mapping = NULL;
    rp_context *context = NULL;
    rp_error problem = {0};
    rp_code code = rp_mapping_open(&mapping, path, false, NULL, &problem);
    if (!code) {
        const char *name = rp_mapping_header(mapping, "name");
        if (!name || strcmp(name, mapping->name) != 0)
            rp_certify_tell(&c, RP_ERROR, "its header names it '%s'", name ? name : "");
        check_derivation(&c, mapping);
        if (mapping->kind == RP_RMAP && mapping->module.selector->kind == RP_LITERAL_CALL)
            check_dates(&c, mapping->module.selector);
        /* With its checksum, its rules, and all that it names. */
        char *full = NULL;
        if (asprintf(&full, "%s%s", strchr(path, '/') ? "" : "./", path) < 0)
            full = NULL;
        code = full ? rp_context_open(&context, request->crds_path, full, &options, &problem) : RP_E_MEMORY;
        free(full);
    }
    if (code && code != RP_E_MEMORY)
        rp_certify_tell(&c, RP_ERROR, "%s", problem.text);
    rp_context_close(context);
    rp_mapping_close(mapping);
    return code == RP_E_MEMORY ? rp_fail(err, code, "%s", problem.text) : RP_OK;
}
