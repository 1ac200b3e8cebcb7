/* The mappings of a folder: host/reference/crds/folder.h. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/folder.h"
#include "host/reference/crds/mapping.h"

static bool is_mapping(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (!strcmp(dot, ".pmap") || !strcmp(dot, ".imap") || !strcmp(dot, ".rmap"));
}

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory to list mappings");
}

rp_code rp_folder_mappings(rp_names *out, rp_arena *arena, const char *crds_path, const char *observatory,
                           rp_error *err)
{
    char path[4096];
    const char **name = NULL;
    size_t count = 0, room = 0;
    rp_code code = RP_OK;
    *out = (rp_names){0};
    if (snprintf(path, sizeof path, "%s/mappings/%s", crds_path, observatory) >= (int)sizeof path)
        return rp_fail(err, RP_E_ARGUMENT, "the path of the mappings is too long");
    DIR *folder = opendir(path);
    if (!folder)
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be opened", path);
    for (struct dirent *e; (e = readdir(folder)) != NULL && !code;) {
        if (!is_mapping(e->d_name) || e->d_name[0] == '.')
            continue;
        if (rp_grow(&name, &room, count, sizeof *name))
            name[count++] = rp_arena_copy(arena, e->d_name, strlen(e->d_name));
        else
            code = no_memory(err);
    }
    (void)closedir(folder);
    const char **kept = rp_arena_get(arena, (count + 1) * sizeof *kept);
    if (!code && (!kept || arena->failed))
        code = no_memory(err);
    if (!code) {
        count = rp_names_sort(name, count);
        for (size_t i = 0; i < count; i++)
            kept[i] = name[i];
        *out = (rp_names){kept, count};
    }
    free(name);
    return code;
}

/* Does the mapping name one of the sorted names? */
static bool names_any(const rp_mapping *mapping, const char *const *name, size_t count)
{
    const rp_names children = rp_mapping_children(mapping);
    for (size_t i = 0; i < count; i++)
        if (children.count && bsearch(&name[i], children.name, children.count, sizeof *children.name, rp_compare_names))
            return true;
    return false;
}

static bool has_extension(const char *name, const char *extension)
{
    const char *dot = strrchr(name, '.');
    return dot && strcmp(dot, extension) == 0;
}

static rp_code users_of_kind(rp_names all, const char *extension, const char *crds_path, const char **user,
                             size_t *nusers, const rp_log *log, rp_error *err)
{
    const size_t before = *nusers;
    for (size_t i = 0; i < all.count; i++) {
        if (!has_extension(all.name[i], extension))
            continue;
        rp_mapping *mapping = NULL;
        rp_error problem = {0};
        char *path = rp_mapping_path(crds_path, all.name[i]);
        if (!path)
            return no_memory(err);
        if (rp_mapping_open(&mapping, path, false, NULL, &problem) != RP_OK)
            rp_logf(log, RP_WARNING, "rampart.refs", "%s", problem.text);
        else if (names_any(mapping, user, before))
            user[(*nusers)++] = all.name[i];
        rp_mapping_close(mapping);
        free(path);
    }
    return RP_OK;
}

rp_code rp_folder_users(rp_names *out, rp_arena *arena, const char *crds_path, const char *observatory,
                        const char *file, const rp_log *log, rp_error *err)
{
    static const char *const extensions[] = {".rmap", ".imap", ".pmap"};
    rp_names all;
    size_t count = 1;
    rp_code code = rp_folder_mappings(&all, arena, crds_path, observatory, err);
    const char **user = code ? NULL : rp_arena_get(arena, (all.count + 2) * sizeof *user);
    if (!code && !user)
        code = no_memory(err);
    if (!code)
        user[0] = file;
    for (size_t i = 0; i < 3 && !code; i++)
        code = users_of_kind(all, extensions[i], crds_path, user, &count, log, err);
    if (code)
        return code;
    *out = (rp_names){user + 1, rp_names_sort(user + 1, count - 1)};
    return RP_OK;
}
