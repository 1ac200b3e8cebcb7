/* Locks of the Python client's kind: files.h.
 *
 * That client (crds 14.0.3) removes the lock file after it has let the lock go.  Whoever then holds a lock on the
 * removed file holds nothing, so a lock counts only while its file is still the one under that name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "host/reference/client/files.h"

/* -1 with errno EWOULDBLOCK: somebody else has it. */
static int try_lock(const char *path)
{
    struct stat ours, named;
    const int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
            ours.st_dev == named.st_dev)
            return fd;
        errno = EWOULDBLOCK;
    }
    const int reason = errno;
    (void)close(fd);
    errno = reason == EACCES ? EWOULDBLOCK : reason;
    return -1;
}

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

rp_code rp_crds_lock_take(rp_crds_lock *out, const char *path, int seconds, rp_error *err)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    const int64_t end = now_ms() + (int64_t)seconds * 1000;
    *out = (rp_crds_lock){-1, NULL};
    if (asprintf(&out->path, "%s.lock", path) < 0) {
        out->path = NULL;
        return rp_fail(err, RP_E_MEMORY, "no memory for the lock of a cached file");
    }
    while ((out->fd = try_lock(out->path)) < 0 && (errno == EWOULDBLOCK || errno == EINTR) && now_ms() < end)
        (void)nanosleep(&pause, NULL);
    if (out->fd >= 0)
        return RP_OK;
    const rp_code code = errno == EWOULDBLOCK
                             ? rp_fail(err, RP_E_IO,
                                       "%s is held by another process for %d s: wait for it, or remove stale "
                                       "locks with \"rampart refs sync --clear-locks\"",
                                       out->path, seconds)
                             : rp_fail_errno(err, RP_E_IO, "the CRDS cache: cannot lock %s", out->path);
    free(out->path);
    out->path = NULL;
    return code;
}

void rp_crds_lock_release(rp_crds_lock *lock)
{
    if (lock->fd < 0)
        return;
    (void)unlink(lock->path);
    (void)close(lock->fd);
    free(lock->path);
    *lock = (rp_crds_lock){-1, NULL};
}
