/* Child processes and what they cost. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "host/measure/measure.h"

extern char **environ;

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double seconds_of(const struct timeval *t)
{
    return (double)t->tv_sec + 1e-6 * (double)t->tv_usec;
}

/* Everything that comes through fd; what exceeds the limit is read and dropped, so that the child can go on. */
static char *drain(int fd)
{
    size_t used = 0, room = 4096;
    char *text = malloc(room), spill[4096];
    for (;;) {
        if (text && used + 1 == room && room < RP_CHILD_MAX_OUTPUT) {
            char *grown = realloc(text, 2 * room);
            if (!grown)
                free(text);
            text = grown;
            room *= 2;
        }
        const bool keep = text && used + 1 < room;
        const ssize_t n = read(fd, keep ? text + used : spill, keep ? room - used - 1 : sizeof spill);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        used += keep ? (size_t)n : 0;
    }
    if (text)
        text[used] = '\0';
    return text;
}

static int spawn(pid_t *child, char *const *argv, const char *log, int output)
{
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed)
        return failed;
    failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log ? log : "/dev/null",
                                                  O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!failed)
        failed = posix_spawn(child, argv[0], &actions, NULL, argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

rp_code rp_child_run(rp_child *out, char *const *argv, const char *log, rp_error *err)
{
    int ends[2], status = 0;
    pid_t child;
    struct rusage usage;
    *out = (rp_child){0};
    if (pipe2(ends, O_CLOEXEC) != 0)
        return rp_fail_errno(err, RP_E_IO, "%s: no pipe", argv[0]);
    const double start = now_s();
    const int failed = spawn(&child, argv, log, ends[1]);
    (void)close(ends[1]);
    if (failed) {
        (void)close(ends[0]);
        errno = failed;
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be started", argv[0]);
    }
    out->output = drain(ends[0]);
    (void)close(ends[0]);
    while (wait4(child, &status, 0, &usage) < 0) {
        if (errno != EINTR)
            return rp_fail_errno(err, RP_E_IO, "%s: lost", argv[0]);
    }
    out->wall_s = now_s() - start;
    out->cpu_s = seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime);
    out->peak_memory_bytes = (int64_t)usage.ru_maxrss * 1024;
    out->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    if (!out->output)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its output", argv[0]);
    return RP_OK;
}

void rp_child_clear(rp_child *child)
{
    free(child->output);
    *child = (rp_child){0};
}

double rp_minimum(const double *values, size_t n)
{
    double low = n ? values[0] : (double)NAN;
    for (size_t k = 1; k < n; k++)
        low = values[k] < low ? values[k] : low;
    return low;
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double rp_median(double *values, size_t n)
{
    if (n == 0)
        return (double)NAN;
    qsort(values, n, sizeof *values, ascending);
    return 0.5 * (values[(n - 1) / 2] + values[n / 2]);
}
