/* Names, folders and small files of the cache: files.h. */
#include "host/reference/client/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_SMALL = 512 << 20 };

/* As the Python client searches and makes them. */
static const char *const instruments[] = {"fgs", "miri", "nircam", "niriss", "nirspec", "system"};

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

bool rp_crds_is_mapping(const char *name)
{
    return ends_with(name, ".pmap") || ends_with(name, ".imap") || ends_with(name, ".rmap");
}

bool rp_crds_is_name(const char *name)
{
    static const char *const endings[] = {".pmap", ".imap", ".rmap", ".fits", ".asdf",
                                          ".json", ".yaml", ".text", ".txt",  ".ecsv"};
    const size_t n = strlen(name);
    if (n < 5 || n > 128 || name[0] == '.' || name[0] == '-' ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(name, endings[i]))
            return true;
    return false;
}

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for the path of a cached file");
}

static rp_code join(char **out, const char *folder, const char *middle, const char *name, rp_error *err)
{
    if (asprintf(out, "%s/%s%s%s", folder, middle ? middle : "", middle ? "/" : "", name) >= 0)
        return RP_OK;
    *out = NULL;
    return no_memory(err);
}

/* ---- small files ---- */

rp_code rp_crds_make_folders(const char *path, rp_error *err)
{
    char *copy = strdup(path);
    if (!copy)
        return no_memory(err);
    rp_code code = RP_OK;
    for (char *slash = strchr(copy + 1, '/'); slash && !code; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(copy, 0777) != 0 && errno != EEXIST)
            code = rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot make folder %s", copy);
        *slash = '/';
    }
    free(copy);
    return code;
}

static bool write_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, text, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        text += n;
        size -= (size_t)n;
    }
    return true;
}

rp_code rp_crds_write(const char *path, const char *text, size_t size, rp_error *err)
{
    char *temporary = NULL;
    rp_code code = rp_crds_make_folders(path, err);
    if (code)
        return code;
    if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
        return no_memory(err);
    const int fd = mkostemp(temporary, O_CLOEXEC);
    bool sound = fd >= 0 && write_all(fd, text, size) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    if (fd >= 0)
        sound = close(fd) == 0 && sound;
    sound = sound && rename(temporary, path) == 0;
    if (!sound) {
        code = rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot write %s", path);
        if (fd >= 0)
            (void)unlink(temporary);
    }
    free(temporary);
    return code;
}

rp_code rp_crds_read(char **text, size_t *size, const char *path, rp_error *err)
{
    struct stat status;
    *text = NULL;
    *size = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        const rp_code code = rp_fail_errno(err, RP_E_IO, "cannot read %s", path);
        if (fd >= 0)
            (void)close(fd);
        return code;
    }
    rp_code code = RP_OK;
    const size_t most = S_ISREG(status.st_mode) && status.st_size < MOST_SMALL ? (size_t)status.st_size : 0;
    *text = malloc(most + 1);
    if (!*text)
        code = rp_fail(err, RP_E_MEMORY, "no memory to read %s", path);
    while (!code && *size < most) {
        const ssize_t n = read(fd, *text + *size, most - *size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            code = rp_fail_errno(err, RP_E_IO, "cannot read %s", path);
        if (n <= 0)
            break;
        *size += (size_t)n;
    }
    (void)close(fd);
    if (code) {
        free(*text);
        *text = NULL;
    } else {
        (*text)[*size] = '\0';
    }
    return code;
}

/* ---- flat or by instrument ---- */

static rp_code mode_path(char **out, const rp_crds_settings *settings, rp_error *err)
{
    return join(out, settings->config_dir, NULL, "ref_cache_subdir_mode", err);
}

rp_code rp_crds_mode_write(rp_crds_mode mode, const rp_crds_settings *settings, rp_error *err)
{
    const char *text = mode == RP_CRDS_FLAT ? "flat" : "instrument";
    char *path;
    rp_code code = mode_path(&path, settings, err);
    if (!code)
        code = rp_crds_write(path, text, strlen(text), err);
    free(path);
    return code;
}

static rp_crds_mode guess_mode(const rp_crds_settings *settings)
{
    int entries = 0;
    DIR *folder = opendir(settings->reference_dir);
    for (const struct dirent *entry; folder && (entry = readdir(folder));)
        entries += entry->d_name[0] != '.';
    if (folder)
        (void)closedir(folder);
    return entries > 20 ? RP_CRDS_FLAT : RP_CRDS_INSTRUMENT;
}

rp_code rp_crds_mode_read(rp_crds_mode *out, const rp_crds_settings *settings, rp_error *err)
{
    char *path, *text = NULL;
    size_t size;
    rp_code code = mode_path(&path, settings, err);
    if (code)
        return code;
    if (access(path, F_OK) != 0) {
        *out = guess_mode(settings);
        if (!settings->readonly)
            (void)rp_crds_mode_write(*out, settings,
                                     NULL); /* only a note: a cache that cannot be written still serves */
    } else {
        code = rp_crds_read(&text, &size, path, err);
        if (!code) {
            text[strcspn(text, " \t\r\n")] = '\0';
            *out = strcmp(text, "flat") == 0 ? RP_CRDS_FLAT : RP_CRDS_INSTRUMENT;
            if (strcmp(text, "flat") != 0 && strcmp(text, "instrument") != 0)
                code = rp_fail(err, RP_E_FORMAT, "%s says '%.40s': it must be flat or instrument", path, text);
        }
    }
    free(text);
    free(path);
    return code;
}

/* "jwst_nircam_dark_0001.fits" is of nircam. */
static const char *instrument_of(const char *name)
{
    const char *begin = strchr(name, '_');
    for (size_t i = 0; begin && i < sizeof instruments / sizeof *instruments; i++) {
        const size_t n = strlen(instruments[i]);
        if (strncmp(begin + 1, instruments[i], n) == 0 && begin[1 + n] == '_')
            return instruments[i];
    }
    return NULL;
}

static const char *known_instrument(const char *text)
{
    for (size_t i = 0; text && i < sizeof instruments / sizeof *instruments; i++)
        if (strcasecmp(text, instruments[i]) == 0)
            return instruments[i];
    return NULL;
}

rp_code rp_crds_place(char **path, const rp_crds_settings *settings, const char *name, rp_crds_mode mode, rp_error *err)
{
    const char *folder = instrument_of(name);
    *path = NULL;
    if (mode == RP_CRDS_FLAT)
        return join(path, settings->reference_dir, NULL, name, err);
    if (!folder)
        return rp_fail(err, RP_E_MISSING, "%s: no telling which instrument's folder of the cache it belongs to", name);
    return join(path, settings->reference_dir, folder, name, err);
}

rp_code rp_crds_locate(char **path, const rp_crds_settings *settings, const char *name, const char *instrument,
                       rp_error *err)
{
    rp_crds_mode mode = RP_CRDS_FLAT;
    *path = NULL;
    if (!rp_crds_is_name(name))
        return rp_fail(err, RP_E_FORMAT, "'%.60s' is no name of a CRDS file", name);
    if (rp_crds_is_mapping(name))
        return join(path, settings->mapping_dir, NULL, name, err);
    rp_code code = rp_crds_mode_read(&mode, settings, err);
    if (code)
        return code;
    if (mode == RP_CRDS_FLAT)
        return join(path, settings->reference_dir, NULL, name, err);
    for (size_t i = 0; i < sizeof instruments / sizeof *instruments; i++) {
        code = join(path, settings->reference_dir, instruments[i], name, err);
        if (code || access(*path, F_OK) == 0)
            return code;
        free(*path);
        *path = NULL;
    }
    const char *folder = instrument_of(name) ? instrument_of(name) : known_instrument(instrument);
    if (!folder)
        return rp_fail(err, RP_E_MISSING, "%s: no telling which instrument's folder of the cache it belongs to", name);
    return join(path, settings->reference_dir, folder, name, err);
}
