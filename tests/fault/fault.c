/* fault BIN WRAPPED CASE_DIR WORK_DIR MODE: `rampart run` when something goes wrong.
 *
 *   MODE memory, open, read, write, rename, sync    the n-th call of this kind fails, for every n (many: a sample)
 *        disk         every write from the n-th on fails
 *        short, interrupted   the n-th transfer is short, or interrupted: nobody may notice
 *        fsize, tmpfs, folders, signals   limits, full disks, folders that cannot be written, Ctrl-C
 *        truncated, inputs, bits   broken files
 *
 * After each run: the exit code is a documented one, standard error says why, and the folder of products holds what was
 * there before, or all products.  A crash, a finding of a sanitizer or a left-over file is a failure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fault/fault.h"

static const char earlier[] = "a product of an earlier run\n";
static const char notes[] = "what the owner of the folder keeps here\n";

unsigned long fault_random(unsigned long *state, unsigned long n)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state % n;
}

void fault_old_product(const char *path)
{
    test_write_file(path, earlier, sizeof earlier - 1);
}

void fault_prepare(const fault *f)
{
    char **names = test_names(f->base);
    test_fresh_folder(f->out);
    test_fresh_folder(f->scratch);
    for (char **name = names; *name; name++) {
        char *path = test_text("%s/%s", f->out, *name);
        fault_old_product(path);
        free(path);
    }
    char *path = test_text("%s/notes.txt", f->out);
    test_write_file(path, notes, sizeof notes - 1);
    free(path);
    test_free_names(names);
}

test_command fault_command(const fault *f, const char *bin, const char *o1, const char *o2)
{
    test_command command = {0};
    test_push_case(&command, bin, f->case_dir, f->exposure, f->out);
    test_push(&command, "--backend=openmp");
    test_push(&command, "--threads=1");
    if (o1)
        test_push(&command, o1);
    if (o2)
        test_push(&command, o2);
    return command;
}

/* ------------------------------------------------------------------ judging */
static bool holds(const char *path, const char *text)
{
    size_t n = 0;
    char *bytes = test_read_file(path, &n);
    const bool same = bytes && n == strlen(text) && memcmp(bytes, text, n) == 0;
    free(bytes);
    return same;
}

/* The folder has these names and notes.txt, and each file is the old or the new one as allowed. */
static bool folder_is_sound(const fault *f, bool old_allowed, bool new_allowed)
{
    bool sound = true;
    char **names = test_names(f->out), **products = test_names(f->base);
    size_t n = 0, wanted = 0;
    for (char **name = names; *name; name++, n++) {
        char *path = test_text("%s/%s", f->out, *name), *model = test_text("%s/%s", f->base, *name);
        const bool known = access(model, F_OK) == 0;
        const bool ok = strcmp(*name, "notes.txt") == 0 ? holds(path, notes)
                        : !known                        ? false
                        : holds(path, earlier)          ? old_allowed
                                                        : new_allowed && test_same_product(path, model);
        if (!ok)
            printf("    %s should not be there like this\n", path);
        sound = sound && ok;
        free(path);
        free(model);
    }
    while (products[wanted])
        wanted++;
    if (n != wanted + 1) {
        printf("    %zu files in %s instead of %zu\n", n, f->out, wanted + 1);
        sound = false;
    }
    test_free_names(names);
    test_free_names(products);
    return sound;
}

static bool scratch_is_empty(const fault *f)
{
    char **names = test_names(f->scratch);
    const bool empty = names[0] == NULL;
    if (!empty)
        printf("    scratch file %s/%s is left\n", f->scratch, names[0]);
    test_free_names(names);
    return empty;
}

static bool log_is_sound(const fault *f, int status, const char *const *words)
{
    bool sound = true;
    if (test_file_says(f->log, "Sanitizer") || test_file_says(f->log, "runtime error:")) {
        printf("    a sanitizer complains\n");
        sound = false;
    }
    if (status != 0 && !test_file_says(f->log, "error: ")) {
        printf("    no error message\n");
        sound = false;
    }
    for (; status != 0 && words && *words; words++)
        if (!test_file_says(f->log, *words)) {
            printf("    the message does not say '%s'\n", *words);
            sound = false;
        }
    return sound;
}

/* docs/cli.md, "Exit codes" */
static bool is_documented(int status)
{
    return status == 0 || status == 1 || status == 2 || status == 64 || status == 130 || status == 143;
}

bool fault_judge(fault *f, const char *what, int status, leftover allowed, const char *const *words)
{
    bool sound = is_documented(status);
    sound = folder_is_sound(f, status != 0, status == 0 || allowed == LEAVES_WHOLE_PRODUCTS) && sound;
    sound = scratch_is_empty(f) && sound;
    sound = log_is_sound(f, status, words) && sound;
    f->runs++;
    f->harmless += status == 0;
    f->refused += status != 0;
    if (sound)
        return true;
    char *said = test_read_file(f->log, NULL);
    const char *error = said ? strstr(said, "error: ") : NULL;
    printf("FAIL %s: exit code %d\n%.3000s\n", what, status, error ? error : said && strlen(said) > 3000 ? said + strlen(said) - 3000 : said ? said : "");
    free(said);
    f->failures++;
    return false;
}

void fault_passed(fault *f, const char *what)
{
    bool sound = scratch_is_empty(f);
    sound = log_is_sound(f, 0, NULL) && sound;
    char **names = test_names(f->out);
    for (char **name = names; *name; name++)
        if ((*name)[0] == '.') {
            printf("    %s is left\n", *name);
            sound = false;
        }
    test_free_names(names);
    f->runs++;
    f->harmless++;
    if (sound)
        return;
    printf("FAIL %s\n", what);
    f->failures++;
}

bool fault_run(fault *f, const char *what, const test_command *command, leftover allowed, const char *const *words)
{
    fault_prepare(f);
    return fault_judge(f, what, test_run(command, f->log, false), allowed, words);
}

/* ------------------------------------------------------------------ main */
static void set_environment(const fault *f)
{
    (void)setenv("TMPDIR", f->scratch, 1);
    /* a sanitizer's end must not look like a failure of ours */
    (void)setenv("ASAN_OPTIONS", "exitcode=99:detect_leaks=1:allocator_may_return_null=1", 0);
    (void)setenv("UBSAN_OPTIONS", "exitcode=99:print_stacktrace=1", 0);
    (void)setenv("LSAN_OPTIONS", "exitcode=99", 0);
}

static void make_base(fault *f)
{
    char *out = f->out;
    test_fresh_folder(f->base);
    test_fresh_folder(f->scratch);
    f->out = f->base;
    test_command command = fault_command(f, f->bin, NULL, NULL);
    f->out = out;
    const int status = test_run(&command, f->log, false);
    test_clear(&command);
    if (status == 0)
        return;
    char *said = test_read_file(f->log, NULL);
    printf("FAIL the undisturbed run: exit code %d\n%s\n", status, said ? said : "");
    exit(1);
}

static int run_mode(fault *f)
{
    static const struct {
        const char *name;
        int (*run)(fault *);
    } modes[] = {
        {"memory", fault_injected}, {"open", fault_injected},  {"read", fault_injected},      {"write", fault_injected},
        {"disk", fault_injected},   {"short", fault_injected}, {"interrupted", fault_injected}, {"rename", fault_injected},
        {"sync", fault_injected},   {"fsize", fault_file_size}, {"tmpfs", fault_full_disk},   {"folders", fault_folders},
        {"signals", fault_signals}, {"truncated", fault_truncated}, {"inputs", fault_inputs}, {"bits", fault_bits},
    };
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(f->mode, modes[i].name)) {
            make_base(f);
            return modes[i].run(f);
        }
    return 2;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    fault f = {.bin = argv[1], .wrapped = argv[2], .case_dir = argv[3], .work = argv[4], .mode = argv[5]};
    f.exposure = test_text("%s/exposure", f.work);
    f.base = test_text("%s/base", f.work);
    f.out = test_text("%s/out", f.work);
    f.scratch = test_text("%s/scratch", f.work);
    f.log = test_text("%s/log", f.work);
    test_make_folder(f.work);
    set_environment(&f);
    const int code = run_mode(&f);
    printf("%s %s: %ld runs, %ld refused, %ld unharmed, %ld wrong\n", code == RP_TEST_SKIPPED ? "skip" : code || f.failures ? "FAIL" : "ok  ", f.mode,
           f.runs, f.refused, f.harmless, f.failures);
    free(f.exposure);
    free(f.base);
    free(f.out);
    free(f.scratch);
    free(f.log);
    return code ? code : f.failures != 0;
}
