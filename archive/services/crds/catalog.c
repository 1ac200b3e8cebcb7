/* The files that are served: service_impl.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/services/crds/service_impl.h"

static const char *const mapping_endings[] = {".pmap", ".imap", ".rmap", NULL};
static const char *const reference_endings[] = {".fits", ".asdf", ".json", ".yaml", ".text", ".ecsv", NULL};

static bool ends_with_one(const char *name, const char *const *endings)
{
    const size_t n = strlen(name);
    for (; *endings; endings++) {
        const size_t m = strlen(*endings);
        if (n > m && strcmp(name + n - m, *endings) == 0)
            return true;
    }
    return false;
}

/* Names that can stand in an address and in JSON as they are. */
static bool is_plain(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    const size_t n = strlen(name);
    return n > 0 && n <= 128 && name[0] != '.' && strspn(name, allowed) == n;
}

/* "jwst_nircam_dark_0001.fits": instrument and type; the folder, if it is one of an instrument, wins. */
static void describe(rp_crds_file *file, const char *folder)
{
    char copy[160], *save = NULL;
    (void)snprintf(copy, sizeof copy, "%.150s", file->name);
    copy[strcspn(copy, ".")] = '\0';
    const char *part[3] = {0};
    size_t n = 0;
    for (char *word = strtok_r(copy, "_", &save); word && n < 3; word = strtok_r(NULL, "_", &save))
        part[n++] = word;
    if (part[1] && strspn(part[1], "0123456789") != strlen(part[1]))
        (void)snprintf(file->instrument, sizeof file->instrument, "%.10s", part[1]);
    if (part[2] && strspn(part[2], "0123456789") != strlen(part[2]))
        (void)snprintf(file->type, sizeof file->type, "%.38s", part[2]);
    if (folder)
        (void)snprintf(file->instrument, sizeof file->instrument, "%.10s", folder);
}

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for the list of files");
}

/* Takes `path` over. */
static rp_code add(rp_crds_catalog *c, const char *name, char *path, const struct stat *status, bool mapping,
                   const char *folder, rp_error *err)
{
    if (c->count == c->capacity) {
        const size_t capacity = 2 * c->capacity + 256;
        rp_crds_file *grown = realloc(c->file, capacity * sizeof *grown);
        if (!grown) {
            free(path);
            return no_memory(err);
        }
        c->file = grown;
        c->capacity = capacity;
    }
    rp_crds_file *file = &c->file[c->count++];
    *file = (rp_crds_file){.name = strdup(name), .path = path, .status = *status, .mapping = mapping};
    c->mappings += mapping;
    if (!file->name)
        return no_memory(err);
    describe(file, folder);
    const char *known = c->index ? rp_crds_index_find(c->index, status) : NULL;
    if (!known)
        return rp_sha1_file(file->sha1, path, err);
    (void)snprintf(file->sha1, sizeof file->sha1, "%s", known);
    return RP_OK;
}

/* `folder` NULL: the top, whose folders are looked into. */
static rp_code scan(rp_crds_catalog *c, const char *top, const char *folder, bool mapping, rp_error *err)
{
    char *here = NULL;
    if (asprintf(&here, "%s%s%s", top, folder ? "/" : "", folder ? folder : "") < 0)
        return no_memory(err);
    DIR *dir = opendir(here);
    rp_code code = RP_OK;
    if (!dir && mapping)
        code = rp_fail_errno(err, RP_E_IO, "cannot read the folder of rules %s", here);
    for (const struct dirent *entry; dir && !code && (entry = readdir(dir));) {
        struct stat status;
        char *path = NULL;
        if (!is_plain(entry->d_name))
            continue;
        if (asprintf(&path, "%s/%s", here, entry->d_name) < 0) {
            code = no_memory(err);
            break;
        }
        const bool there = stat(path, &status) == 0;
        if (there && S_ISDIR(status.st_mode) && !mapping && !folder)
            code = scan(c, top, entry->d_name, mapping, err);
        if (there && S_ISREG(status.st_mode) &&
            ends_with_one(entry->d_name, mapping ? mapping_endings : reference_endings))
            code = add(c, entry->d_name, path, &status, mapping, folder, err);
        else
            free(path);
    }
    if (dir)
        (void)closedir(dir);
    free(here);
    return code;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const rp_crds_file *)a)->name, ((const rp_crds_file *)b)->name);
}

static rp_code scan_kind(rp_crds_catalog *c, const char *crds_path, const char *kind, const char *observatory,
                         rp_error *err)
{
    char *top = NULL;
    if (asprintf(&top, "%s/%s/%s", crds_path, kind, observatory) < 0)
        return no_memory(err);
    const rp_code code = scan(c, top, NULL, strcmp(kind, "mappings") == 0, err);
    free(top);
    return code;
}

rp_code rp_crds_catalog_read(rp_crds_catalog *c, const char *crds_path, const char *observatory,
                             const rp_crds_index *index, const rp_log *log, rp_error *err)
{
    *c = (rp_crds_catalog){.index = index};
    rp_code code = scan_kind(c, crds_path, "mappings", observatory, err);
    if (!code)
        code = scan_kind(c, crds_path, "references", observatory, err);
    c->index = NULL;
    if (code)
        return code;
    if (c->count > 0)
        qsort(c->file, c->count, sizeof *c->file, by_name);
    for (size_t i = 1; i < c->count; i++)
        if (strcmp(c->file[i - 1].name, c->file[i].name) == 0)
            return rp_fail(err, RP_E_MISMATCH, "%s and %s have the same name: remove one", c->file[i - 1].path,
                           c->file[i].path);
    rp_logf(log, RP_INFO, "refs", "%zu rules and %zu references in %s", c->mappings, c->count - c->mappings, crds_path);
    return RP_OK;
}

void rp_crds_catalog_clear(rp_crds_catalog *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->file[i].name);
        free(c->file[i].path);
    }
    free(c->file);
    *c = (rp_crds_catalog){0};
}

const rp_crds_file *rp_crds_catalog_find(const rp_crds_catalog *c, const char *name)
{
    const rp_crds_file key = {.name = (char *)name};
    return c->count > 0 ? bsearch(&key, c->file, c->count, sizeof *c->file, by_name) : NULL;
}
