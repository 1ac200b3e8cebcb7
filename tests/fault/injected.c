/* The n-th call of a kind fails, for every n: tests/fault/fault.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fault/fault.h"

enum { EXHAUSTIVE_RUNS = 120, SAMPLED_RUNS = 120 };

/* "disk" is a write error that stays. */
static const char *counted_kind(const fault *f)
{
    return strcmp(f->mode, "disk") == 0 ? "write" : f->mode;
}

/* How many calls of the kind an undisturbed run makes. */
static long count_calls(fault *f, const char *option)
{
    char *counts = test_text("%s/counts", f->work), *line = test_text("%s ", counted_kind(f));
    (void)remove(counts);
    (void)setenv("RAMPART_FAULT_COUNT", counts, 1);
    test_command command = fault_command(f, f->wrapped, option, NULL);
    (void)fault_run(f, "no fault", &command, LEAVES_NOTHING, NULL);
    test_clear(&command);
    (void)unsetenv("RAMPART_FAULT_COUNT");
    char *text = test_read_file(counts, NULL);
    const char *found = text ? strstr(text, line) : NULL;
    const long n = found ? strtol(found + strlen(line), NULL, 10) : 0;
    free(text);
    free(line);
    free(counts);
    return n;
}

/* The next n to try after `n` of `total`: each one at first, then steps of pseudo-random length. */
static long next_call(long n, long total, unsigned long *state)
{
    const long rest = total - EXHAUSTIVE_RUNS;
    if (n < EXHAUSTIVE_RUNS || rest <= SAMPLED_RUNS || getenv("RAMPART_FAULT_ALL"))
        return n + 1;
    const unsigned long step = (unsigned long)(2 * rest / SAMPLED_RUNS - 1);
    return n + 1 + (long)fault_random(state, step);
}

static bool must_be_unnoticed(const fault *f)
{
    return !strcmp(f->mode, "short") || !strcmp(f->mode, "interrupted");
}

static void fail_call(fault *f, long n, const char *option)
{
    const bool renaming = !strcmp(f->mode, "rename") || !strcmp(f->mode, "sync");
    char *wish = test_text("%s:%ld%s", counted_kind(f), n, strcmp(f->mode, "disk") == 0 ? "+" : "");
    (void)setenv("RAMPART_FAULT", wish, 1);
    test_command command = fault_command(f, f->wrapped, option, NULL);
    const long refused = f->refused;
    if (fault_run(f, wish, &command, renaming ? LEAVES_WHOLE_PRODUCTS : LEAVES_NOTHING, NULL) && must_be_unnoticed(f) &&
        f->refused != refused) {
        printf("FAIL %s: the run gave up\n", wish);
        f->failures++;
    }
    test_clear(&command);
    (void)unsetenv("RAMPART_FAULT");
    free(wish);
}

int fault_injected(fault *f)
{
    const char *option = strcmp(f->mode, "sync") == 0 ? "--durable" : NULL;
    unsigned long state = 20260131;
    const long total = count_calls(f, option);
    printf("    %ld calls of kind %s\n", total, counted_kind(f));
    if (total == 0) {
        printf("FAIL nothing to disturb: is the program linked with --wrap?\n");
        return 1;
    }
    for (long n = 1; n <= total && f->failures < 20; n = next_call(n, total, &state))
        fail_call(f, n, option);
    return 0;
}
