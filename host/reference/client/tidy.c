/* Moving and removing files of the cache: tidy.h, sync.h. */
#include "host/reference/client/tidy.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/reference/client/sync.h"

/* Does something with one file; `path` is below the folder that is walked. */
typedef rp_code visit(void *payload, const char *path, const char *name, rp_error *err);

enum { MAX_DEPTH = 8 };

static rp_code walk(const char *folder, int depth, visit *function, void *payload, rp_error *err)
{
    struct dirent **entries = NULL;
    rp_code code = RP_OK;
    const int n = depth < MAX_DEPTH ? scandir(folder, &entries, NULL, alphasort) : 0;
    for (int i = 0; i < n; i++) { /* a list first: files move and vanish under way */
        const char *name = entries[i]->d_name;
        char *path = NULL;
        struct stat status;
        if (!code && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            if (asprintf(&path, "%s/%s", folder, name) < 0) {
                path = NULL;
                code = rp_fail(err, RP_E_MEMORY, "no memory for the path of a cached file");
            } else if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
                code = walk(path, depth + 1, function, payload, err);
            } else {
                code = function(payload, path, name, err);
            }
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return code;
}

/* ---- organize ---- */

typedef struct move {
    const rp_crds_settings *settings;
    rp_crds_mode mode;
    bool dry_run;
    const rp_log *log;
    size_t *moved;
} move;

static rp_code move_file(void *payload, const char *path, const char *name, rp_error *err)
{
    const move *m = payload;
    char *place = NULL;
    if (!rp_crds_is_name(name))
        return RP_OK;
    rp_code code = rp_crds_place(&place, m->settings, name, m->mode, err);
    if (code == RP_E_MISSING) {
        rp_logf(m->log, RP_WARNING, "crds", "%s stays where it is", err ? err->text : name);
        return RP_OK;
    }
    if (code || strcmp(place, path) == 0) {
        free(place);
        return code;
    }
    if (access(place, F_OK) == 0) {
        rp_logf(m->log, RP_WARNING, "crds", "%s is there already: %s stays where it is", place, path);
    } else if (m->dry_run) {
        rp_logf(m->log, RP_INFO, "crds", "Would move %s to %s", path, place);
    } else {
        code = rp_crds_make_folders(place, err);
        if (!code && rename(path, place) != 0)
            code = rp_fail_errno(err, RP_E_IO, "cannot move %s to %s", path, place);
        *m->moved += !code;
    }
    free(place);
    return code;
}

rp_code rp_crds_organize(const rp_crds_settings *settings, rp_crds_mode mode, bool dry_run, const rp_log *log,
                         size_t *moved, rp_error *err)
{
    move m = {settings, mode, dry_run, log, moved};
    if (settings->readonly && !dry_run)
        return rp_fail(err, RP_E_ARGUMENT, "the CRDS cache is read-only (CRDS_READONLY_CACHE): it cannot be organized");
    const rp_code code = walk(settings->reference_dir, 0, move_file, &m, err);
    return code || dry_run ? code : rp_crds_mode_write(mode, settings, err);
}

/* ---- purge ---- */

typedef struct removal {
    bool mappings, dry_run;
    const json_t *keep;
    const rp_log *log;
    size_t *removed;
} removal;

static rp_code remove_file(void *payload, const char *path, const char *name, rp_error *err)
{
    const removal *r = payload;
    if (!rp_crds_is_name(name) || rp_crds_is_mapping(name) != r->mappings || json_object_get(r->keep, name))
        return RP_OK;
    rp_logf(r->log, RP_INFO, "crds", "%s %s", r->dry_run ? "Would remove" : "Removing", path);
    if (!r->dry_run && unlink(path) != 0)
        return rp_fail_errno(err, RP_E_IO, "cannot remove %s", path);
    *r->removed += !r->dry_run;
    return RP_OK;
}

rp_code rp_crds_purge(const rp_crds_settings *settings, bool mappings, const json_t *keep, bool dry_run,
                      const rp_log *log, size_t *removed, rp_error *err)
{
    removal r = {mappings, dry_run, keep, log, removed};
    if (settings->readonly && !dry_run)
        return rp_fail(err, RP_E_ARGUMENT, "the CRDS cache is read-only (CRDS_READONLY_CACHE): nothing can be removed");
    return walk(mappings ? settings->mapping_dir : settings->reference_dir, 0, remove_file, &r, err);
}

/* ---- locks ---- */

static rp_code clear_lock(void *payload, const char *path, const char *name, rp_error *err)
{
    size_t *count = payload;
    const size_t n = strlen(name);
    if (n < 6 || strcmp(name + n - 5, ".lock") != 0)
        return RP_OK;
    const int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    const bool free_lock = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0; /* whoever works now keeps his */
    rp_code code = RP_OK;
    if (free_lock && unlink(path) != 0)
        code = rp_fail_errno(err, RP_E_IO, "cannot remove %s", path);
    *count += free_lock && !code;
    if (fd >= 0)
        (void)close(fd);
    return code;
}

rp_code rp_crds_clear_locks(const rp_crds_settings *settings, size_t *count, rp_error *err)
{
    const char *const folders[] = {settings->config_dir, settings->mapping_dir, settings->reference_dir};
    rp_code code = RP_OK;
    *count = 0;
    for (size_t i = 0; !code && i < sizeof folders / sizeof *folders; i++)
        code = walk(folders[i], 0, clear_lock, count, err);
    return code;
}
