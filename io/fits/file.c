/* Whole reads and writes, temporary names, durable renames: io/fits/file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/fits/file.h"

enum { CREATE_MODE = 0666 /* the umask decides */, NAME_ATTEMPTS = 100, NAME_BYTES = 200 /* of 255 */ };

rp_code rp_file_open(int *fd, int64_t *bytes, const char *path, rp_error *err)
{
    struct stat info;
    int opened;
    do
        opened = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    while (opened < 0 && errno == EINTR);
    if (opened < 0)
        return rp_fail_errno(err, RP_E_IO, "cannot open '%s'; check the name and its permissions", path);
    if (fstat(opened, &info) != 0) {
        const rp_code code = rp_fail_errno(err, RP_E_IO, "cannot examine '%s'", path);
        close(opened);
        return code;
    }
    if (!S_ISREG(info.st_mode)) {
        close(opened);
        return rp_fail(err, RP_E_IO, "'%s' is not a regular file; save the data to a file first", path);
    }
    *fd = opened;
    *bytes = info.st_size;
    return RP_OK;
}

rp_code rp_file_read_at(int fd, const char *path, void *dst, size_t n, int64_t offset, rp_error *err)
{
    char *to = dst;
    while (n > 0) {
        const ssize_t got = pread(fd, to, n, (off_t)offset);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return rp_fail_errno(err, RP_E_IO, "cannot read '%s' at byte %lld", path, (long long)offset);
        if (got == 0)
            return rp_fail(err, RP_E_FORMAT, "'%s' ends at byte %lld where %zu more are needed; fetch the file again",
                           path, (long long)offset, n);
        to += got;
        offset += got;
        n -= (size_t)got;
    }
    return RP_OK;
}

rp_code rp_file_write_at(int fd, const char *path, const void *src, size_t n, int64_t offset, rp_error *err)
{
    const char *from = src;
    while (n > 0) {
        const ssize_t put = pwrite(fd, from, n, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            if (put == 0)
                errno = ENOSPC;
            return rp_fail_errno(err, RP_E_IO,
                                 "cannot write '%s' at byte %lld; free space there or choose another folder", path,
                                 (long long)offset);
        }
        from += put;
        offset += put;
        n -= (size_t)put;
    }
    return RP_OK;
}

/* "" or "folder/": the part of path before its last name. */
static size_t folder_bytes(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? (size_t)(slash + 1 - path) : 0;
}

static void random_name(char *out, size_t n)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char noise[16] = {0};
    (void)!getrandom(noise, sizeof noise, GRND_NONBLOCK);
    for (size_t i = 0; i < n; i++)
        out[i] = letters[noise[i % sizeof noise] % (sizeof letters - 1)];
    out[n] = '\0';
}

rp_code rp_file_temporary(char **temp, int *fd, const char *path, rp_error *err)
{
    const size_t folder = folder_bytes(path);
    const char *const name = path + folder;
    struct stat info;
    if (!*name || (stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
        return rp_fail(err, RP_E_IO, "cannot write '%s': it is a folder; give a file name", path);
    const size_t capacity = folder + NAME_BYTES + 32;
    char *const text = malloc(capacity);
    if (!text)
        return rp_fail(err, RP_E_MEMORY, "no memory for the temporary name of '%s'", path);
    int opened = -1;
    for (int i = 0; i < NAME_ATTEMPTS; i++) {
        char noise[8];
        random_name(noise, 6);
        (void)snprintf(text, capacity, "%.*s.%.*s.rampart-%s", (int)folder, path, NAME_BYTES, name, noise);
        opened = open(text, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, CREATE_MODE);
        if (opened >= 0 || (errno != EEXIST && errno != EINTR))
            break;
    }
    if (opened < 0) {
        const rp_code code =
            rp_fail_errno(err, RP_E_IO, "cannot create '%s'; check that its folder exists and may be written", path);
        free(text);
        return code;
    }
    *temp = text;
    *fd = opened;
    return RP_OK;
}

static rp_code sync_folder(const char *path, rp_error *err)
{
    const size_t n = folder_bytes(path);
    char *const folder = n ? strndup(path, n) : strdup(".");
    if (!folder)
        return rp_fail(err, RP_E_MEMORY, "no memory for the folder of '%s'", path);
    rp_code code = RP_OK;
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some network file systems cannot synchronise folders; that is not an error. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL && errno != ENOTSUP))
        code = rp_fail_errno(err, RP_E_IO, "cannot synchronise the folder of '%s'", path);
    if (fd >= 0)
        close(fd);
    free(folder);
    return code;
}

rp_code rp_file_replace(const char *temp, int *fd, const char *path, bool durable, rp_error *err)
{
    int synced = 0;
    while (durable && (synced = fsync(*fd)) != 0 && errno == EINTR)
        continue;
    const int saved = errno;
    /* Network file systems may report a full disk only now. */
    const int closed = close(*fd);
    *fd = -1;
    if (synced != 0)
        errno = saved;
    if (synced != 0 || (closed != 0 && errno != EINTR))
        return rp_fail_errno(err, RP_E_IO, "cannot finish '%s'; free space there or choose another folder", path);
    if (rename(temp, path) != 0)
        return rp_fail_errno(err, RP_E_IO, "cannot rename the finished file to '%s'", path);
    return durable ? sync_folder(path, err) : RP_OK;
}

rp_code rp_file_scratch(int *fd, const char *dir, rp_error *err)
{
    if (!dir)
        dir = getenv("TMPDIR");
    if (!dir || !*dir)
        dir = "/tmp";
    *fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd >= 0)
        return RP_OK;
    /* Not every file system has nameless files. */
    const size_t capacity = strlen(dir) + 32;
    char *const text = malloc(capacity);
    if (!text)
        return rp_fail(err, RP_E_MEMORY, "no memory for a scratch name in '%s'", dir);
    (void)snprintf(text, capacity, "%s/.rampart-XXXXXX", dir);
    *fd = mkostemp(text, O_CLOEXEC);
    if (*fd >= 0)
        (void)unlink(text);
    const rp_code code =
        *fd >= 0 ? RP_OK
                 : rp_fail_errno(err, RP_E_IO,
                                 "cannot create a scratch file in '%s'; set TMPDIR to a folder with space", dir);
    free(text);
    return code;
}
