/* Submitting references: host/reference/crds/submit.h. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/reference/crds/folder.h"
#include "host/reference/crds/insert.h"
#include "host/reference/crds/rules.h"
#include "host/reference/crds/submit.h"

/* A mapping that gets a successor. */
typedef struct successor {
    const rp_mapping *old;
    const char *name; /* of the new one */
    rp_rows_tree *tree;
    rp_pair *entry; /* pmap, imap: values are replaced by new names */
    bool written;
} successor;

typedef struct job {
    const rp_submit_request *request;
    rp_context *context;
    rp_arena arena;
    rp_names folder; /* names that exist */
    successor *list;
    size_t count, room;
    rp_error *err;
} job;

static rp_code no_memory(const job *j)
{
    return rp_fail(j->err, RP_E_MEMORY, "no memory to make a context");
}

static void tell(const job *j, const char *format, const char *a, const char *b, const char *c)
{
    char line[700];
    (void)snprintf(line, sizeof line, format, a, b, c);
    if (j->request->tell)
        j->request->tell(j->request->payload, line);
}

/* ---- names ---- */

/* "jwst_miri_flat_0010.rmap" is a stem of 14 characters and number 10; names without number have -1. */
static long serial_of(const char *name, size_t *stem)
{
    const char *dot = strrchr(name, '.'), *line = strrchr(name, '_');
    *stem = dot ? (size_t)(dot - name) : strlen(name);
    if (!dot || !line || line > dot || strspn(line + 1, "0123456789") != (size_t)(dot - line - 1) || dot == line + 1)
        return -1;
    *stem = (size_t)(line - name);
    return strtol(line + 1, NULL, 10);
}

static const char *next_name(job *j, const char *old)
{
    size_t stem, other;
    long last = serial_of(old, &stem);
    const char *extension = strrchr(old, '.');
    for (size_t i = 0; i < j->folder.count; i++) {
        const long serial = serial_of(j->folder.name[i], &other);
        const char *dot = strrchr(j->folder.name[i], '.');
        if (other == stem && strncmp(j->folder.name[i], old, stem) == 0 && dot && strcmp(dot, extension) == 0 &&
            serial > last)
            last = serial;
    }
    char *out = rp_arena_get(&j->arena, stem + 32);
    if (out)
        (void)snprintf(out, stem + 32, "%.*s_%04ld%s", (int)stem, old, last + 1, extension);
    return out;
}

/* The successor of a mapping, made when there is none; NULL: no memory. */
static successor *successor_of(job *j, const rp_mapping *old)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->list[i].old == old)
            return &j->list[i];
    if (!rp_grow(&j->list, &j->room, j->count, sizeof *j->list))
        return NULL;
    successor *s = &j->list[j->count];
    *s = (successor){.old = old, .name = next_name(j, old->name)};
    if (old->kind == RP_RMAP) {
        s->tree = rp_rows_tree_make(&j->arena, old->module.selector);
    } else {
        size_t n;
        const rp_pair *pair = rp_literal_unique(&j->arena, old->module.selector, &n, NULL, NULL);
        s->entry = pair ? rp_arena_get(&j->arena, (n + 1) * sizeof *s->entry) : NULL;
        if (s->entry && n)
            memcpy(s->entry, pair, n * sizeof *s->entry);
    }
    if (!s->name || (!s->tree && !s->entry))
        return NULL;
    j->count++;
    return s;
}

/* ---- references ---- */

static rp_code insert_file(job *j, const char *path)
{
    rp_reference_header header;
    char instrument[64] = "", type[64] = "";
    const char *base = rp_base_name(path), *replaced = NULL;
    rp_insertion how = RP_INSERT_NEW_CASE;
    successor *s = NULL;
    rp_code code = rp_reference_header_read(&header, path, j->err);
    if (!code)
        code = rp_reference_kind(&header, path, instrument, type, j->err);
    if (!code)
        code = rp_insert_header(&header, j->context, instrument, type, path, j->err);
    if (!code) {
        const char *name = rp_context_lookup(j->context, instrument, type);
        s = successor_of(j, rp_context_mapping(j->context, name));
        code =
            s ? rp_insert_reference(&j->arena, s->tree, s->old, &header, base, &how, &replaced, j->err) : no_memory(j);
    }
    if (!code && how == RP_INSERT_REPLACES)
        tell(j, "%s: %s replaces %s", s->name, base, replaced ? replaced : "a selector");
    else if (!code)
        tell(j, "%s: %s is %s", s->name, base, how == RP_INSERT_NEW_CASE ? "a new match case" : "a new date");
    rp_reference_header_clear(&header);
    return code;
}

/* ---- mappings above ---- */

static rp_code rename_entries(job *j, successor *above, size_t nentries)
{
    for (size_t i = 0; i < nentries; i++)
        for (size_t k = 0; k < j->count; k++) {
            if (!rp_literal_is(above->entry[i].value, j->list[k].old->name))
                continue;
            rp_literal *value = rp_arena_zero(&j->arena, 1, sizeof *value);
            if (!value)
                return no_memory(j);
            *value = (rp_literal){.kind = RP_LITERAL_TEXT, .text = j->list[k].name, .length = strlen(j->list[k].name)};
            above->entry[i].value = value;
        }
    return RP_OK;
}

static bool names_successor(const job *j, const rp_mapping *mapping)
{
    for (size_t k = 0; k < j->count; k++)
        for (size_t i = 0; i < mapping->children.count; i++)
            if (strcmp(mapping->children.name[i], j->list[k].old->name) == 0)
                return true;
    return false;
}

static rp_code add_above(job *j)
{
    for (rp_mapping_kind kind = RP_IMAP;; kind = RP_PMAP) {
        for (size_t i = 0; i < j->context->nmappings; i++) {
            const rp_mapping *mapping = j->context->mapping[i];
            if (mapping->kind != kind || !names_successor(j, mapping))
                continue;
            if (!successor_of(j, mapping))
                return no_memory(j);
        }
        if (kind == RP_PMAP)
            break;
    }
    rp_code code = RP_OK;
    for (size_t i = 0; i < j->count && !code; i++)
        if (j->list[i].entry) {
            size_t n;
            if (!rp_literal_unique(&j->arena, j->list[i].old->module.selector, &n, NULL, NULL))
                return no_memory(j);
            code = rename_entries(j, &j->list[i], n);
        }
    return code;
}

/* ---- files ---- */

/* Never over a file that exists. */
static rp_code write_new(job *j, const char *path, const rp_buffer *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return rp_fail_errno(j->err, RP_E_IO, "%s: cannot be made", path);
    const char *at = text->data;
    size_t left = text->size;
    rp_code code = RP_OK;
    while (left && !code) {
        const ssize_t n = write(fd, at, left);
        if (n < 0)
            code = rp_fail_errno(j->err, RP_E_IO, "%s: cannot be written", path);
        at += n > 0 ? n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    if (fsync(fd) != 0 && !code)
        code = rp_fail_errno(j->err, RP_E_IO, "%s: cannot be written", path);
    if (close(fd) != 0 && !code)
        code = rp_fail_errno(j->err, RP_E_IO, "%s: cannot be written", path);
    if (code)
        (void)unlink(path);
    return code;
}

static rp_code write_successor(job *j, successor *s)
{
    const rp_header_change change[] = {{"name", s->name}, {"derived_from", s->old->name}};
    rp_buffer text = {0};
    size_t n = 0;
    if (s->entry && !rp_literal_unique(&j->arena, s->old->module.selector, &n, NULL, NULL))
        return no_memory(j);
    char *path = rp_mapping_path(j->request->crds_path, s->name);
    rp_code code = path && rp_mapping_format(&text, s->old, change, 2, s->tree, s->entry, n) ? RP_OK : no_memory(j);
    if (!code && !j->request->dry_run) {
        code = write_new(j, path, &text);
        s->written = !code;
    }
    if (!code)
        tell(j, "%s: derived from %s%s", s->name, s->old->name, j->request->dry_run ? " (not written)" : "");
    rp_buffer_clear(&text);
    free(path);
    return code;
}

static void remove_written(job *j)
{
    for (size_t i = 0; i < j->count; i++) {
        char *path = j->list[i].written ? rp_mapping_path(j->request->crds_path, j->list[i].name) : NULL;
        if (path)
            (void)unlink(path);
        free(path);
    }
}

static rp_code check_new(job *j, const char *name)
{
    rp_context *made = NULL;
    const rp_code code = rp_context_open(&made, j->request->crds_path, name, NULL, j->err);
    rp_context_close(made);
    if (code)
        rp_error_prefix(j->err, "the new context does not load");
    return code;
}

static rp_code make(job *j, char **pmap)
{
    rp_code code = RP_OK;
    for (size_t i = 0; i < j->request->nfiles && !code; i++)
        code = insert_file(j, j->request->file[i]);
    if (!code)
        code = add_above(j);
    for (size_t i = 0; i < j->count && !code; i++)
        code = write_successor(j, &j->list[i]);
    const char *name = NULL;
    for (size_t i = 0; i < j->count && !code; i++)
        if (j->list[i].old == j->context->root)
            name = j->list[i].name;
    if (!code && !name)
        code = rp_fail(j->err, RP_E_INTERNAL, "no reference led to a new context");
    if (!code && !j->request->dry_run)
        code = check_new(j, name);
    if (!code && !(*pmap = strdup(name)))
        code = no_memory(j);
    if (code)
        remove_written(j);
    return code;
}

rp_code rp_submit(char **pmap, const rp_submit_request *request, rp_error *err)
{
    job j = {.request = request, .err = err};
    char observatory[32];
    *pmap = NULL;
    if (strchr(request->context, '/') || !strstr(request->context, ".pmap"))
        return rp_fail(err, RP_E_ARGUMENT, "%s: the name of a .pmap of the folder is needed", request->context);
    (void)snprintf(observatory, sizeof observatory, "%.*s", (int)strcspn(request->context, "_."), request->context);
    rp_code code = rp_context_open(&j.context, request->crds_path, request->context, NULL, err);
    if (!code)
        code = rp_folder_mappings(&j.folder, &j.arena, request->crds_path, observatory, err);
    if (!code)
        code = make(&j, pmap);
    rp_context_close(j.context);
    rp_arena_clear(&j.arena);
    free(j.list);
    return code;
}
