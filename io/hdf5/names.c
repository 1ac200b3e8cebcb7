/* Groups of a file by name: io/hdf5/group.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5/group.h"
#include "io/hdf5/h5.h"

typedef struct list {
    char **names;
    size_t count;
    bool failed;
} list;

const char *rp_h5_group_name(const char *text)
{
    if (*text == '/')
        text++;
    const size_t n = strlen(text);
    if (n == 0 || n >= RP_H5_NAME_BYTES || *text == '.')
        return NULL;
    for (const char *p = text; *p; p++) {
        if (*p == '/' || *p < '!' || *p > '~')
            return NULL;
    }
    return text;
}

/* A group with our bookkeeping, in this file. */
static bool is_ours(hid_t file, const char *name)
{
    if (!rp_h5_is_here(file, name))
        return false;
    const hid_t id = H5Gopen2(file, name, H5P_DEFAULT);
    const bool ours = id >= 0 && rp_h5_is_here(id, RP_H5_FITS);
    rp_h5_close(id);
    return ours;
}

static herr_t visit(hid_t file, const char *name, const H5L_info_t *info, void *payload)
{
    list *const l = payload;
    if (info->type != H5L_TYPE_HARD || !rp_h5_group_name(name) || !is_ours(file, name))
        return 0;
    char **const grown = realloc(l->names, (l->count + 1) * sizeof *grown);
    if (grown)
        l->names = grown;
    char *const copy = grown ? strdup(name) : NULL;
    l->failed = !copy;
    if (!copy)
        return -1;
    l->names[l->count++] = copy;
    return 0;
}

void rp_h5_group_list_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

rp_code rp_h5_group_list(char ***names, size_t *count, hid_t file, const char *path, rp_error *err)
{
    list l = {0};
    hsize_t at = 0;
    if (H5Literate(file, H5_INDEX_NAME, H5_ITER_INC, &at, visit, &l) < 0) {
        rp_h5_group_list_free(l.names, l.count);
        if (l.failed)
            return rp_fail(err, RP_E_MEMORY, "no memory for the groups of '%s'", path);
        return rp_h5_fail(err, RP_E_FORMAT,
                          "cannot list the groups of '%s'; the file is damaged, fetch or make it again", path);
    }
    *names = l.names;
    *count = l.count;
    return RP_OK;
}

/* "rate, rateints": as much of the list as fits. */
static void join(char *out, size_t capacity, char *const *names, size_t count)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count && used + 1 < capacity; i++) {
        const int n = snprintf(out + used, capacity - used, "%s/%s", i ? ", " : "", names[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* The only group, or an error that lists them. */
static rp_code only_group(char **name, hid_t file, const char *path, rp_error *err)
{
    char **names = NULL;
    size_t count = 0;
    rp_code code = rp_h5_group_list(&names, &count, file, path, err);
    if (code)
        return code;
    char all[256];
    join(all, sizeof all, names, count);
    if (count == 1) {
        *name = names[0];
        names[0] = NULL;
    } else if (count == 0) {
        code = rp_fail(err, RP_E_FORMAT, "'%s' is an HDF5 file, but holds no FITS file in Rampart's form", path);
    } else {
        code = rp_fail(err, RP_E_ARGUMENT, "'%s' holds several files (%s); name one, as in %s:/%s", path, all, path,
                       names[0]);
    }
    rp_h5_group_list_free(names, count);
    return code;
}

rp_code rp_h5_group_open(hid_t *id, char **name, hid_t file, const char *wanted, const char *path, rp_error *err)
{
    rp_code code = RP_OK;
    *name = NULL;
    if (!wanted) {
        code = only_group(name, file, path, err);
    } else if (!rp_h5_group_name(wanted)) {
        code = rp_fail(err, RP_E_ARGUMENT, "'%s': '%s' cannot be the name of a group; give one word, as in /rate", path,
                       wanted);
    } else {
        *name = strdup(rp_h5_group_name(wanted));
        if (!*name)
            code = rp_fail(err, RP_E_MEMORY, "no memory to open '%s'", path);
    }
    if (!code && !is_ours(file, *name))
        code = rp_fail(err, RP_E_MISSING, "'%s' has no group /%s with a FITS file; list its groups with h5ls", path,
                       *name);
    if (!code) {
        *id = H5Gopen2(file, *name, H5P_DEFAULT);
        if (*id < 0)
            code = rp_h5_fail(err, RP_E_FORMAT, "cannot open group /%s of '%s'", *name, path);
    }
    if (code) {
        free(*name);
        *name = NULL;
    }
    return code;
}
