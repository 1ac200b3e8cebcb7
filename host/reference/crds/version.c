/* Versions: host/reference/crds/version.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/version.h"

/* ---- VersionAfter ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ^(\d{1,8}(\.\d{1,8}(\.\d{1,8})?)?)[a-zA-Z0-9_+.-]{0,128}$ */
bool rp_version_parse(rp_version *out, const char *text, size_t length)
{
    enum { MAX_DIGITS = 8, MAX_REST = 128 };
    *out = (rp_version){{0}};
    size_t i = 0;
    for (size_t part = 0; part < 3; part++) {
        const size_t from = part ? i + 1 : i;
        if (part && (i >= length || text[i] != '.'))
            break;
        size_t end = from;
        while (end < length && end - from < MAX_DIGITS && is_digit(text[end]))
            end++;
        if (end == from)
            break;
        for (i = from; i < end; i++)
            out->part[part] = 10 * out->part[part] + (text[i] - '0');
    }
    if (i == 0 || length - i > MAX_REST)
        return false;
    for (; i < length; i++)
        if (!is_digit(text[i]) && !(rp_upper(text[i]) >= 'A' && rp_upper(text[i]) <= 'Z') && !strchr("_+-.", text[i]))
            return false;
    return true;
}

int rp_version_compare(const rp_version *a, const rp_version *b)
{
    for (size_t i = 0; i < 3; i++)
        if (a->part[i] != b->part[i])
            return a->part[i] < b->part[i] ? -1 : 1;
    return 0;
}

/* ---- SelectVersion ---- */

static bool invalid(rp_error *err, const char *what, const char *text)
{
    rp_buffer quoted = {0};
    rp_python_quote(&quoted, text, strlen(text));
    (void)rp_fail(err, RP_E_FORMAT, "%s %.300s", what, rp_buffer_text(&quoted));
    rp_buffer_clear(&quoted);
    return false;
}

/* "default", also with = around it. */
static bool is_default(const char *text, size_t length)
{
    char copy[32];
    size_t n = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] != '=') {
            if (n == sizeof copy)
                return false;
            copy[n++] = text[i];
        }
    const char *begin = copy;
    rp_python_strip(&begin, &n);
    return n == 7 && memcmp(begin, "default", 7) == 0;
}

/* A number, or a tuple of numbers, as ast.literal_eval reads them. */
static bool read_version(rp_relation *out, rp_arena *arena, const char *text, const char *whole, rp_error *err)
{
    rp_module module;
    rp_buffer source = {0};
    rp_buffer_puts(&source, "header = {'v': ");
    rp_buffer_puts(&source, text);
    rp_buffer_puts(&source, "}\nselector = {}\n");
    const rp_code code = source.failed
                             ? RP_E_MEMORY
                             : rp_literal_parse(&module, arena, "version", rp_buffer_text(&source), source.size, NULL);
    arena->failed = arena->failed || source.failed;
    rp_buffer_clear(&source);
    if (code == RP_E_MEMORY || arena->failed)
        return rp_fail(err, RP_E_MEMORY, "no memory for a version") == RP_OK;
    const rp_literal *value = code ? NULL : rp_literal_get(module.header, "v");
    if (!value || (value->kind != RP_LITERAL_INT && value->kind != RP_LITERAL_FLOAT && value->kind != RP_LITERAL_TUPLE))
        return invalid(err, "Invalid version expression in:", whole);
    rp_buffer spelled = {0};
    rp_literal_repr(&spelled, value);
    out->spelling = rp_buffer_keep(&spelled, arena);
    rp_buffer_clear(&spelled);
    out->number = value->number;
    out->is_tuple = value->kind == RP_LITERAL_TUPLE;
    double *tuple = rp_arena_zero(arena, value->count + 1, sizeof *tuple);
    if (!tuple || !out->spelling)
        return rp_fail(err, RP_E_MEMORY, "no memory for a version") == RP_OK;
    for (size_t i = 0; i < value->count && out->is_tuple; i++) {
        if (value->item[i]->kind != RP_LITERAL_INT && value->item[i]->kind != RP_LITERAL_FLOAT)
            return invalid(err, "Invalid version expression in:", whole);
        tuple[i] = value->item[i]->number;
    }
    out->tuple = tuple;
    out->ntuple = out->is_tuple ? value->count : 0;
    return true;
}

/* ^([<=][=]?|default)(.*)$, "=" in front where neither < nor = stands there. */
bool rp_relation_parse(rp_relation *out, rp_arena *arena, const char *text, size_t length, rp_error *err)
{
    *out = (rp_relation){.relation = "=", .number = 9223372036854775807.0, .spelling = "9223372036854775807"};
    if (is_default(text, length))
        return true;
    const bool bare = !length || (text[0] != '<' && text[0] != '=');
    char *whole = rp_arena_get(arena, length + 2);
    if (!whole)
        return rp_fail(err, RP_E_MEMORY, "no memory for a version") == RP_OK;
    whole[0] = '=';
    memcpy(whole + bare, text, length);
    whole[length + bare] = '\0';
    const size_t n = whole[1] == '=' ? 2 : 1;
    out->relation = whole[0] == '=' ? "=" : n == 2 ? "<=" : "<";
    const char *version = whole + n;
    size_t left = strlen(version);
    rp_python_strip(&version, &left);
    char *copy = rp_arena_copy(arena, version, left);
    return copy ? read_version(out, arena, copy, whole, err)
                : rp_fail(err, RP_E_MEMORY, "no memory for a version") == RP_OK;
}

int rp_relation_compare(const rp_relation *a, const rp_relation *b)
{
    for (size_t i = 0; i < a->ntuple && i < b->ntuple; i++)
        if (a->tuple[i] < b->tuple[i] || a->tuple[i] > b->tuple[i])
            return a->tuple[i] < b->tuple[i] ? -1 : 1;
    if (a->ntuple != b->ntuple)
        return a->ntuple < b->ntuple ? -1 : 1;
    if (!a->is_tuple && (a->number < b->number || a->number > b->number))
        return a->number < b->number ? -1 : 1;
    return strcmp(a->relation, b->relation);
}
