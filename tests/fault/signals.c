/* Ctrl-C, SIGTERM and SIGKILL at pseudo-random times of a larger run: tests/fault/fault.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/fault/fault.h"

enum { POLITE = 20, KILLS = 6 };

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void sleep_s(double seconds)
{
    const struct timespec t = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    (void)nanosleep(&t, NULL);
}

/* An exposure that takes long enough to be interrupted; its path. */
static char *simulate(const fault *f)
{
    char *folder = test_text("%s/sim", f->work);
    const char *const words[] = {f->bin, "simulate", "nircam", "-o", folder, "--size", "512", "--subarray", "GENERIC", "--nints", "2",
                                 "--ngroups", "10", "--no-truth", "--quiet"};
    test_command command = {0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        test_push(&command, words[i]);
    test_fresh_folder(folder);
    const int status = test_run(&command, f->log, false);
    test_clear(&command);
    char **names = test_names(folder), *path = NULL;
    for (char **name = names; *name && !path; name++)
        if (strstr(*name, "_uncal.fits"))
            path = test_text("%s/%s", folder, *name);
    if (status != 0 || !path) {
        printf("FAIL no exposure to interrupt, exit code %d\n", status);
        exit(1);
    }
    test_free_names(names);
    free(folder);
    return path;
}

static test_command command_for(const fault *f, const char *exposure, const char *out)
{
    char *refs = test_text("--refs=%s/sim", f->work), *dir = test_text("--output_dir=%s", out);
    const char *const words[] = {f->bin, "run", "calwebb_detector1", exposure, refs, dir, "--save_calibrated_ramp=true",
                                 "--backend=openmp", "--threads=2"};
    test_command command = {0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        test_push(&command, words[i]);
    free(refs);
    free(dir);
    return command;
}

/* Products of a killed run: its temporary files begin with a dot and may stay. */
static void remove_hidden(const char *folder)
{
    char **names = test_names(folder);
    for (char **name = names; *name; name++) {
        char *path = test_text("%s/%s", folder, *name);
        if ((*name)[0] == '.')
            (void)unlink(path);
        free(path);
    }
    test_free_names(names);
}

static void interrupt(fault *f, const test_command *command, int number, double after_s)
{
    fault_prepare(f);
    const test_child child = test_start(command, false, NULL, NULL);
    sleep_s(after_s);
    (void)kill(child.pid, number);
    int status = test_finish(child, f->log);
    char *what = test_text("signal %d after %.3f s", number, after_s);
    /* Before the handler is there, and after SIGKILL, the process simply ends: the shell's 128 + number. */
    const bool died = status == 128 + number && !test_file_says(f->log, "error: ");
    if (died) {
        char *line = test_text("error: ended by signal %d\n", number);
        test_write_file(f->log, line, strlen(line));
        free(line);
        remove_hidden(f->scratch);
        if (number == SIGKILL) {
            remove_hidden(f->out);
            status = 1;
        }
    }
    if (status != 0 && status != 128 + number && number != SIGKILL) {
        printf("FAIL %s: exit code %d\n", what, status);
        f->failures++;
    }
    (void)fault_judge(f, what, status, number == SIGKILL ? LEAVES_WHOLE_PRODUCTS : LEAVES_NOTHING, NULL);
    free(what);
}

int fault_signals(fault *f)
{
    unsigned long state = 8080808;
    char *exposure = simulate(f);
    test_fresh_folder(f->base);
    test_command whole = command_for(f, exposure, f->base), command = command_for(f, exposure, f->out);
    const double start = now_s();
    const int status = test_run(&whole, f->log, false);
    const double whole_s = now_s() - start;
    if (status != 0) {
        char *said = test_read_file(f->log, NULL);
        printf("FAIL the undisturbed run: exit code %d\n%s\n", status, said ? said : "");
        free(said);
        f->failures++;
    }
    for (int i = 0; i < POLITE + KILLS && status == 0; i++)
        interrupt(f, &command, i >= POLITE ? SIGKILL : i % 4 == 3 ? SIGTERM : SIGINT,
                  (double)fault_random(&state, 1000) * 1e-3 * whole_s);
    test_clear(&whole);
    test_clear(&command);
    free(exposure);
    return 0;
}
