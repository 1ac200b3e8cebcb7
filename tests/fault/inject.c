/* Makes the n-th call of a kind fail, for a program that is linked with --wrap (tests/CMakeLists.txt).
 *
 *   RAMPART_FAULT=KIND:N    the n-th call of this kind fails, from 1; "N+": and all after it
 *   RAMPART_FAULT_COUNT=F   at its end the program writes into file F how many calls of each kind there were
 *
 * Only calls from Rampart's own code are counted: --wrap does not reach into shared libraries. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind { MEMORY, OPEN, READ, WRITE, SHORT, RENAME, SYNC, INTERRUPTED, NKINDS };

static const char *const kind_names[NKINDS] = {"memory", "open", "read", "write", "short", "rename", "sync", "interrupted"};
static atomic_long calls[NKINDS];
static long wanted[NKINDS]; /* 0: none fails */
static int stays;

__attribute__((constructor)) static void read_wish(void)
{
    const char *wish = getenv("RAMPART_FAULT");
    const char *colon = wish ? strchr(wish, ':') : NULL;
    for (int k = 0; colon && k < NKINDS; k++)
        if (strlen(kind_names[k]) == (size_t)(colon - wish) && !strncmp(kind_names[k], wish, (size_t)(colon - wish)))
            wanted[k] = strtol(colon + 1, NULL, 10);
    stays = colon && strchr(colon, '+') != NULL;
}

FILE *__real_fopen(const char *path, const char *mode);

__attribute__((destructor)) static void write_counts(void)
{
    const char *path = getenv("RAMPART_FAULT_COUNT");
    FILE *f = path ? __real_fopen(path, "w") : NULL;
    for (int k = 0; f && k < NKINDS; k++)
        fprintf(f, "%s %ld\n", kind_names[k], atomic_load(&calls[k]));
    if (f)
        fclose(f);
}

/* Is this call to fail? */
static int fails(enum kind kind)
{
    const long n = atomic_fetch_add(&calls[kind], 1) + 1;
    return wanted[kind] > 0 && (n == wanted[kind] || (stays && n > wanted[kind]));
}

static int fails_with(enum kind kind, int number)
{
    const int now = fails(kind);
    if (now)
        errno = number;
    return now;
}

/* ------------------------------------------------------------------ memory */
#define ALLOCATOR(name, parameters, arguments)                                                                         \
    void *__real_##name parameters;                                                                                    \
    void *__wrap_##name parameters;                                                                                    \
    void *__wrap_##name parameters                                                                                     \
    {                                                                                                                  \
        return fails_with(MEMORY, ENOMEM) ? NULL : __real_##name arguments;                                            \
    }
ALLOCATOR(malloc, (size_t n), (n))
ALLOCATOR(calloc, (size_t n, size_t size), (n, size))
ALLOCATOR(realloc, (void *old, size_t n), (old, n))
ALLOCATOR(aligned_alloc, (size_t alignment, size_t n), (alignment, n))
ALLOCATOR(strdup, (const char *text), (text))
ALLOCATOR(strndup, (const char *text, size_t n), (text, n))
ALLOCATOR(open_memstream, (char **text, size_t *n), (text, n))

int __wrap_asprintf(char **out, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **out, const char *format, ...)
{
    if (fails_with(MEMORY, ENOMEM))
        return -1;
    va_list arguments;
    va_start(arguments, format);
    const int n = vasprintf(out, format, arguments);
    va_end(arguments);
    return n;
}

/* ------------------------------------------------------------------ files */
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = __OPEN_NEEDS_MODE(flags) ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (fails_with(INTERRUPTED, EINTR) || fails_with(OPEN, EMFILE))
        return -1;
    return __real_open(path, flags, mode);
}

FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode)
{
    return fails_with(OPEN, EMFILE) ? NULL : __real_fopen(path, mode);
}

DIR *__real_opendir(const char *path);
DIR *__wrap_opendir(const char *path);
DIR *__wrap_opendir(const char *path)
{
    return fails_with(OPEN, EMFILE) ? NULL : __real_opendir(path);
}

int __real_mkostemp(char *path, int flags);
int __wrap_mkostemp(char *path, int flags);
int __wrap_mkostemp(char *path, int flags)
{
    return fails_with(OPEN, EMFILE) ? -1 : __real_mkostemp(path, flags);
}

ssize_t __real_pread(int fd, void *bytes, size_t n, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t offset);
ssize_t __wrap_pread(int fd, void *bytes, size_t n, off_t offset)
{
    if (fails_with(INTERRUPTED, EINTR) || fails_with(READ, EIO))
        return -1;
    return __real_pread(fd, bytes, n > 1 && fails(SHORT) ? n / 2 : n, offset);
}

ssize_t __real_pwrite(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t offset);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
    if (fails_with(INTERRUPTED, EINTR) || fails_with(WRITE, ENOSPC))
        return -1;
    return __real_pwrite(fd, bytes, n > 1 && fails(SHORT) ? n / 2 : n, offset);
}

ssize_t __real_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    if (fails_with(INTERRUPTED, EINTR) || fails_with(WRITE, ENOSPC))
        return -1;
    return __real_write(fd, bytes, n > 1 && fails(SHORT) ? n / 2 : n);
}

int __real_fallocate(int fd, int mode, off_t offset, off_t n);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t n);
int __wrap_fallocate(int fd, int mode, off_t offset, off_t n)
{
    if (fails_with(INTERRUPTED, EINTR) || fails_with(WRITE, ENOSPC))
        return -1;
    return __real_fallocate(fd, mode, offset, n);
}

int __real_ftruncate(int fd, off_t n);
int __wrap_ftruncate(int fd, off_t n);
int __wrap_ftruncate(int fd, off_t n)
{
    return fails_with(WRITE, ENOSPC) ? -1 : __real_ftruncate(fd, n);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    return fails_with(SYNC, EIO) ? -1 : __real_fsync(fd);
}

/* ------------------------------------------------------------------ names */
int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return fails_with(RENAME, EACCES) ? -1 : __real_rename(from, to);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    return fails_with(RENAME, EACCES) ? -1 : __real_mkdir(path, mode);
}
