/* Certifying references: host/reference/crds/certify.h. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/certify_impl.h"
#include "host/reference/crds/date.h"
#include "host/reference/crds/insert.h"
#include "host/reference/crds/rules.h"
#include "io/product/dictionary.h"

void rp_certify_tell(rp_certifier *c, rp_level level, const char *format, ...)
{
    char line[RP_ERROR_TEXT], text[900];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)snprintf(line, sizeof line, "%.100s: %s", rp_base_name(c->path), text);
    c->counts->errors += level == RP_ERROR;
    c->counts->warnings += level == RP_WARNING;
    if (c->request->tell)
        c->request->tell(c->request->payload, level, line);
}

const char *rp_certify_short(const rp_certifier *c, const char *text)
{
    const size_t n = strlen(c->path);
    return strncmp(text, c->path, n) == 0 && strncmp(text + n, ": ", 2) == 0 ? text + n + 2 : text;
}

bool rp_certify_in_list(const char *value, const char *list, char separator)
{
    char own[256], other[256];
    const size_t n = strlen(value);
    if (n + RP_FLOAT_TEXT > sizeof own)
        return false;
    (void)rp_condition(own, value, n);
    for (const char *p = list;; p++) {
        const char *end = strchr(p, separator);
        const size_t length = end ? (size_t)(end - p) : strlen(p);
        if (length + RP_FLOAT_TEXT <= sizeof other) {
            (void)rp_condition(other, p, length);
            if (strcmp(own, other) == 0)
                return true;
        }
        if (!end)
            return false;
        p = end;
    }
}

/* ---- provenance ---- */

static bool is_form(const char *text, const char *form)
{
    for (; *form; form++, text++)
        if (*form == 'd' ? !isdigit((unsigned char)*text) : *form != *text)
            return false;
    return true;
}

static void check_useafter(rp_certifier *c, const char *value)
{
    rp_date date;
    rp_buffer why = {0};
    const bool form = strlen(value) >= 10 && is_form(value, "dddd-dd-dd") &&
                      (!value[10] || (strlen(value) == 19 && is_form(value, "dddd-dd-ddTdd:dd:dd")));
    if (!form)
        rp_certify_tell(c, RP_ERROR, "USEAFTER '%s' is not YYYY-MM-DDTHH:MM:SS", value);
    else if (value[10] && !rp_date_parse(&date, value, strlen(value), &why))
        rp_certify_tell(c, RP_ERROR, "USEAFTER '%s': %s", value, rp_buffer_text(&why));
    rp_buffer_clear(&why);
}

static void check_pedigree(rp_certifier *c, const char *value)
{
    const size_t n = strcspn(value, " ");
    const bool dated = strncmp(value, "INFLIGHT", n) == 0 && n == 8;
    if (dated && strlen(value) == 30 && is_form(value + 8, " dddd-dd-dd dddd-dd-dd"))
        return;
    if (dated)
        rp_certify_tell(c, RP_ERROR, "PEDIGREE '%s' is not INFLIGHT YYYY-MM-DD YYYY-MM-DD", value);
    else if (value[n] || !rp_certify_in_list(value, "GROUND|DUMMY|SIMULATION|MODEL", '|'))
        rp_certify_tell(c, RP_ERROR, "PEDIGREE '%s' is none of INFLIGHT, GROUND, DUMMY, SIMULATION, MODEL", value);
}

static void check_provenance(rp_certifier *c)
{
    static const char *const needed[] = {"TELESCOP", "INSTRUME", "REFTYPE", "USEAFTER",
                                         "PEDIGREE", "AUTHOR",   "DESCRIP"};
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (!rp_reference_header_get(&c->header, needed[i]))
            rp_certify_tell(c, RP_ERROR, "required keyword %s is missing", needed[i]);
    const char *useafter = rp_reference_header_get(&c->header, "USEAFTER");
    const char *pedigree = rp_reference_header_get(&c->header, "PEDIGREE");
    const char *telescope = rp_reference_header_get(&c->header, "TELESCOP");
    if (useafter)
        check_useafter(c, useafter);
    if (pedigree)
        check_pedigree(c, pedigree);
    if (telescope && strcmp(telescope, "JWST") != 0)
        rp_certify_tell(c, RP_ERROR, "TELESCOP is '%s', not 'JWST'", telescope);
}

/* ---- the rmap ---- */

static const char *dictionary_values(const char *path)
{
    for (size_t i = 0; i < rp_keyword_count(); i++)
        if (rp_same_letters(rp_keyword_at(i)->path, path))
            return rp_keyword_at(i)->values;
    return NULL;
}

static bool in_rules(const rp_match_column *column, const char *value)
{
    for (size_t i = 0; i < column->nvalid; i++)
        if (strcmp(column->valid[i], value) == 0)
            return true;
    return false;
}

static void check_alternative(rp_certifier *c, const rp_match_column *column, const char *name, const char *value)
{
    char normal[256];
    const char *permitted = dictionary_values(name);
    if (strlen(value) + RP_FLOAT_TEXT > sizeof normal) {
        rp_certify_tell(c, RP_ERROR, "%s has a value of %zu characters", name, strlen(value));
        return;
    }
    (void)rp_condition(normal, value, strlen(value));
    if (!strcmp(normal, "*") || !strcmp(normal, "N/A") || in_rules(column, normal))
        return;
    if (permitted && !rp_certify_in_list(value, permitted, '|'))
        rp_certify_tell(c, RP_ERROR, "%s '%s' is none of %s", name, value, permitted);
    else
        rp_certify_tell(c, RP_WARNING, "%s '%s' is new to the rules of this type", name, value);
}

static rp_code check_match_values(rp_certifier *c, const rp_instrument *in, const rp_selector *s, rp_error *err)
{
    rp_arena arena = {0};
    rp_code code = RP_OK;
    for (size_t k = 0; s->class == RP_MATCH && k < s->nslots && !code; k++) {
        const char *name = in->slot[s->slot[k]].name, *value = rp_reference_header_get(&c->header, name);
        size_t n;
        if (!value || strcmp(value, "UNDEFINED") == 0) {
            rp_certify_tell(c, RP_ERROR, "%s, which its rmap matches on, is not defined", name);
            continue;
        }
        const char **part = rp_alternatives(&arena, value, &n);
        if (!part)
            code = rp_fail(err, RP_E_MEMORY, "%s: no memory to check it", c->path);
        for (size_t i = 0; i < n && !code; i++)
            check_alternative(c, &s->match->column[k], name, part[i]);
    }
    rp_arena_clear(&arena);
    return code;
}

static bool in_context(const rp_context *context, const char *file)
{
    const rp_names names = rp_context_references(context);
    return names.count && bsearch(&file, names.name, names.count, sizeof *names.name, rp_compare_names);
}

static rp_code try_insertion(rp_certifier *c, const rp_mapping *rmap, rp_error *err)
{
    rp_arena arena = {0};
    rp_error problem = {0};
    rp_insertion how = RP_INSERT_NEW_CASE;
    const char *replaced = NULL;
    rp_rows_tree *tree = rp_rows_tree_make(&arena, rmap->module.selector);
    rp_code code =
        tree ? rp_insert_reference(&arena, tree, rmap, &c->header, rp_base_name(c->path), &how, &replaced, &problem)
             : rp_fail(err, RP_E_MEMORY, "%s: no memory to check it", c->path);
    if (tree && code == RP_E_MEMORY)
        code = rp_fail(err, RP_E_MEMORY, "%s", problem.text);
    else if (tree && code) {
        rp_certify_tell(c, RP_ERROR, "it cannot go into %s: %s", rmap->name, problem.text);
        code = RP_OK;
    } else if (tree && how == RP_INSERT_REPLACES) {
        rp_certify_tell(c, RP_INFO, "in %s it replaces %s", rmap->name, replaced ? replaced : "a selector");
    } else if (tree) {
        rp_certify_tell(c, RP_INFO, "in %s it is %s", rmap->name,
                        how == RP_INSERT_NEW_CASE ? "a new match case" : "a new date");
    }
    rp_arena_clear(&arena);
    return code;
}

static rp_code check_rules(rp_certifier *c, rp_error *err)
{
    const rp_context *context = c->request->context;
    char instrument[64] = "", type[64] = "";
    rp_error problem = {0};
    if (in_context(context, rp_base_name(c->path)))
        rp_certify_tell(c, RP_ERROR, "%s has a reference of this name already", context->name);
    rp_code code = rp_reference_kind(&c->header, c->path, instrument, type, &problem);
    if (!code)
        code = rp_insert_header(&c->header, context, instrument, type, c->path, &problem);
    if (code == RP_E_MEMORY)
        return rp_fail(err, code, "%s", problem.text);
    if (code) {
        rp_certify_tell(c, RP_ERROR, "%s", rp_certify_short(c, problem.text));
        return RP_OK;
    }
    const char *name = rp_context_lookup(context, instrument, type);
    for (size_t i = 0; i < context->ninstruments; i++)
        for (size_t k = 0; k < context->instrument[i].nrules; k++) {
            const rp_rule *rule = &context->instrument[i].rule[k];
            if (!rule->mapping || strcmp(rule->mapping->name, name) != 0)
                continue;
            code = check_match_values(c, &context->instrument[i], rule->selector, err);
            return code ? code : try_insertion(c, rule->mapping, err);
        }
    return RP_OK;
}

rp_code rp_certify_reference(rp_certify_counts *counts, const rp_certify_request *request, const char *path,
                             rp_error *err)
{
    rp_certifier c = {.request = request, .counts = counts, .path = path};
    rp_error problem = {0};
    rp_code code = rp_reference_header_read(&c.header, path, &problem);
    if (code == RP_E_MEMORY) {
        code = rp_fail(err, code, "%s", problem.text);
    } else if (code) {
        rp_certify_tell(&c, RP_ERROR, "%s", rp_certify_short(&c, problem.text));
        code = RP_OK;
    } else {
        check_provenance(&c);
        if (request->context)
            code = check_rules(&c, err);
        if (!code && request->constraints)
            code = rp_certify_constraints(&c, request->constraints, err);
    }
    rp_reference_header_clear(&c.header);
    return code;
}
