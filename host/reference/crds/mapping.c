/* One mapping file: include/rampart/context.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/reference/crds/mapping.h"

enum { MAX_MAPPING_BYTES = 64 * 1024 * 1024 };

bool rp_is_na(const char *text)
{
    return !strcmp(text, "N/A") || !strcmp(text, "TEMP_N/A") || !strcmp(text, "n/a") || !strcmp(text, "temp_n/a");
}

bool rp_is_omit(const char *text)
{
    return !strcmp(text, "OMIT") || !strcmp(text, "TEMP_OMIT") || !strcmp(text, "omit");
}

const char *rp_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

int rp_compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

size_t rp_names_sort(const char **name, size_t count)
{
    size_t kept = 0;
    if (count)
        qsort(name, count, sizeof *name, rp_compare_names);
    for (size_t i = 0; i < count; i++)
        if (!kept || strcmp(name[kept - 1], name[i]) != 0)
            name[kept++] = name[i];
    return kept;
}

char *rp_mapping_path(const char *crds_path, const char *name)
{
    char *out = NULL;
    const int observatory = (int)strcspn(name, "_.");
    return asprintf(&out, "%s/mappings/%.*s/%s", crds_path, observatory, name, name) < 0 ? NULL : out;
}

rp_code rp_read_whole(char **text, size_t *size, const char *path, rp_error *err)
{
    struct stat info;
    *text = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be opened", path);
    rp_code code = RP_OK;
    if (fstat(fileno(file), &info) != 0 || !S_ISREG(info.st_mode))
        code = rp_fail(err, RP_E_IO, "%s: is not a file", path);
    else if (info.st_size > MAX_MAPPING_BYTES)
        code = rp_fail(err, RP_E_FORMAT, "%s: %lld bytes is too much for a mapping", path, (long long)info.st_size);
    else if (!(*text = malloc((size_t)info.st_size + 1)))
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for %lld bytes", path, (long long)info.st_size);
    if (!code) {
        *size = fread(*text, 1, (size_t)info.st_size, file);
        (*text)[*size] = '\0';
        if (ferror(file))
            code = rp_fail_errno(err, RP_E_IO, "%s: cannot be read", path);
    }
    (void)fclose(file);
    if (code) {
        free(*text);
        *text = NULL;
    }
    return code;
}

/* ---- header ---- */

const char *rp_mapping_header(const rp_mapping *mapping, const char *key)
{
    const rp_literal *value = rp_literal_get(mapping->module.header, key);
    return value && value->kind == RP_LITERAL_TEXT ? value->text : NULL;
}

const char *rp_mapping_lower(rp_arena *arena, const rp_mapping *mapping, const char *key)
{
    const char *text = rp_mapping_header(mapping, key);
    if (!text)
        return NULL;
    const size_t length = strlen(text);
    char *out = rp_arena_copy(arena, text, length);
    if (!out || (length > 1 && text[0] == '(' && text[length - 1] == ')'))
        return out;
    for (size_t i = 0; i < length; i++)
        out[i] = rp_lower(out[i]);
    return out;
}

static rp_code check_header(const rp_mapping *mapping, rp_error *err)
{
    static const char *const needed[] = {"mapping", "parkey", "name", "derived_from", "observatory"};
    static const char *const kinds[] = {"pipeline", "instrument", "reference"};
    const rp_literal *header = mapping->module.header;
    const char *missing = NULL;
    for (size_t i = 0; i < sizeof needed / sizeof *needed && !missing; i++)
        missing = rp_literal_get(header, needed[i]) ? NULL : needed[i];
    if (!missing && mapping->kind != RP_PMAP && !rp_mapping_header(mapping, "instrument"))
        missing = "instrument";
    if (!missing && mapping->kind == RP_RMAP && !rp_mapping_header(mapping, "filekind"))
        missing = "filekind";
    if (missing)
        return rp_fail(err, RP_E_FORMAT, "%s: Required header key '%s' is missing.", mapping->name, missing);
    const char *says = rp_mapping_header(mapping, "mapping");
    if (!says || !rp_same_letters(says, kinds[mapping->kind]))
        return rp_fail(err, RP_E_FORMAT, "%s: its header says mapping '%s', not '%s' as its name does", mapping->name,
                       says ? says : "", kinds[mapping->kind]);
    return RP_OK;
}

static rp_code check_sum(const rp_mapping *mapping, const char *text, size_t size, rp_error *err)
{
    char sum[RP_SHA1_TEXT];
    const char *says = rp_mapping_header(mapping, "sha1sum");
    if (!says)
        return rp_fail(err, RP_E_MISMATCH, "sha1sum is missing in '%s'", mapping->name);
    rp_sha1_mapping(sum, text, size);
    if (!rp_same_letters(sum, says))
        return rp_fail(err, RP_E_MISMATCH,
                       "sha1sum mismatch in '%s': its header says %.60s, its text has %s (damaged or edited; "
                       "fetch it again, or ignore checksums)",
                       mapping->name, says, sum);
    return RP_OK;
}

/* ---- selector ---- */

typedef struct report {
    const rp_mapping *mapping;
    const rp_log *log;
    const char *where;
} report;

static void repeated_key(void *payload, const rp_pair *pair, const rp_literal *before)
{
    const report *r = payload;
    if (!r->log)
        return;
    rp_buffer text = {0};
    rp_literal_repr(&text, pair->key);
    rp_buffer_puts(&text, " = ");
    rp_literal_repr(&text, pair->value);
    rp_buffer_puts(&text, " vs. ");
    rp_literal_repr(&text, before);
    rp_logf(r->log, RP_WARNING, "rampart.refs", "%s:%d: Duplicate entry at %s %.600s", r->mapping->name,
            pair->key->line, r->where, rp_buffer_text(&text));
    rp_buffer_clear(&text);
}

static rp_code no_memory(const rp_mapping *mapping, rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "%s: no memory", mapping->name);
}

/* Keys in lower case; of two keys that differ in case only the last counts, in the place of the first. */
static rp_code read_entries(rp_mapping *mapping, const rp_log *log, rp_error *err)
{
    if (mapping->module.selector->kind != RP_LITERAL_DICT)
        return rp_fail(err, RP_E_FORMAT, "%s: the selector is not a dictionary of names", mapping->name);
    report r = {mapping, log, "selector"};
    size_t count;
    const rp_pair *unique = rp_literal_unique(&mapping->arena, mapping->module.selector, &count, repeated_key, &r);
    rp_pair *lowered = rp_arena_get(&mapping->arena, (count + 1) * sizeof *lowered);
    mapping->keys = rp_arena_get(&mapping->arena, (count + 1) * sizeof *mapping->keys);
    if (!unique || !lowered || !mapping->keys)
        return no_memory(mapping, err);
    for (size_t i = 0; i < count; i++) {
        const rp_literal *key = unique[i].key;
        if (key->kind != RP_LITERAL_TEXT || unique[i].value->kind != RP_LITERAL_TEXT)
            return rp_fail(err, RP_E_FORMAT, "%s:%d: an entry that is not 'KEY' : 'name'", mapping->name, key->line);
        char *text = rp_arena_copy(&mapping->arena, key->text, key->length);
        if (!text)
            return no_memory(mapping, err);
        for (size_t k = 0; k < key->length; k++)
            text[k] = rp_lower(text[k]);
        mapping->keys[i] = *key;
        mapping->keys[i].text = text;
        lowered[i] = (rp_pair){&mapping->keys[i], unique[i].value};
    }
    const rp_literal whole = {.kind = RP_LITERAL_DICT, .pair = lowered, .count = count};
    mapping->entry = rp_literal_unique(&mapping->arena, &whole, &mapping->nentries, repeated_key, &r);
    return mapping->entry ? RP_OK : no_memory(mapping, err);
}

static void check_repeated(rp_mapping *mapping, const rp_literal *value, const rp_log *log)
{
    report r = {mapping, log, value->kind == RP_LITERAL_CALL ? value->text : "header"};
    const rp_literal *dict = value->kind == RP_LITERAL_CALL ? value->item[0] : value;
    size_t count;
    if (dict->kind != RP_LITERAL_DICT)
        return;
    (void)rp_literal_unique(&mapping->arena, dict, &count, repeated_key, &r);
    for (size_t i = 0; i < dict->count; i++)
        check_repeated(mapping, dict->pair[i].value, log);
}

/* ---- the files it names ---- */

typedef struct gathering {
    const char **name;
    size_t count, room;
    bool failed;
} gathering;

static void gather(gathering *g, const rp_literal *value)
{
    switch (value->kind) {
    case RP_LITERAL_TEXT:
        if (rp_is_na(value->text) || rp_is_omit(value->text))
            break;
        if (!rp_grow(&g->name, &g->room, g->count, sizeof *g->name))
            g->failed = true;
        else
            g->name[g->count++] = value->text;
        break;
    case RP_LITERAL_TUPLE:
    case RP_LITERAL_LIST:
    case RP_LITERAL_CALL:
        for (size_t i = 0; i < value->count; i++)
            gather(g, value->item[i]);
        break;
    case RP_LITERAL_DICT:
        for (size_t i = 0; i < value->count; i++)
            gather(g, value->pair[i].value);
        break;
    default:
        break;
    }
}

static rp_code find_children(rp_mapping *mapping, rp_error *err)
{
    gathering g = {0};
    gather(&g, mapping->module.selector);
    const size_t count = rp_names_sort(g.name, g.count);
    const char **name = rp_arena_get(&mapping->arena, (count + 1) * sizeof *name);
    const bool good = name && !g.failed;
    if (good && count)
        memcpy(name, g.name, count * sizeof *name);
    free(g.name);
    mapping->children = (rp_names){name, good ? count : 0};
    return good ? RP_OK : no_memory(mapping, err);
}

/* ---- opening ---- */

static bool kind_of_name(const char *name, rp_mapping_kind *kind)
{
    static const char *const extensions[] = {".pmap", ".imap", ".rmap"};
    const char *dot = strrchr(name, '.');
    for (int i = 0; dot && i < 3; i++)
        if (strcmp(dot, extensions[i]) == 0) {
            *kind = (rp_mapping_kind)i;
            return true;
        }
    return false;
}

rp_code rp_mapping_parse(rp_mapping **out, const char *name, const char *text, size_t size, bool verify,
                         const rp_log *log, rp_error *err)
{
    rp_mapping_kind kind;
    *out = NULL;
    if (!kind_of_name(name, &kind))
        return rp_fail(err, RP_E_ARGUMENT, "%s: a mapping's name ends in .pmap, .imap or .rmap", name);
    rp_mapping *made = calloc(1, sizeof *made);
    if (!made)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory", name);
    made->kind = kind;
    made->arena.next_bytes = 2 * size;
    made->name = rp_arena_copy(&made->arena, name, strlen(name));
    rp_code code = made->name ? rp_literal_parse(&made->module, &made->arena, name, text, size, err)
                              : rp_fail(err, RP_E_MEMORY, "%s: no memory", name);
    if (!code)
        code = check_header(made, err);
    if (!code && verify)
        code = check_sum(made, text, size, err);
    if (!code && log) {
        check_repeated(made, made->module.header, log);
        if (kind == RP_RMAP)
            check_repeated(made, made->module.selector, log);
    }
    if (!code && kind != RP_RMAP)
        code = read_entries(made, log, err);
    if (!code)
        code = find_children(made, err);
    if (code) {
        rp_mapping_close(made);
        return code;
    }
    *out = made;
    return RP_OK;
}

rp_code rp_mapping_open(rp_mapping **out, const char *path, bool verify, const rp_log *log, rp_error *err)
{
    char *text = NULL;
    size_t size = 0;
    *out = NULL;
    rp_code code = rp_read_whole(&text, &size, path, err);
    if (!code)
        code = rp_mapping_parse(out, rp_base_name(path), text, size, verify, log, err);
    free(text);
    return code;
}

void rp_mapping_close(rp_mapping *mapping)
{
    if (!mapping)
        return;
    rp_arena_clear(&mapping->arena);
    free(mapping);
}

const char *rp_mapping_name(const rp_mapping *mapping)
{
    return mapping->name;
}

rp_mapping_kind rp_mapping_kind_of(const rp_mapping *mapping)
{
    return mapping->kind;
}

rp_names rp_mapping_children(const rp_mapping *mapping)
{
    return mapping->children;
}
