/* parity BIN CASE_DIR WORK_DIR MODE: one golden case under every way of computing it; all products must be the same bytes.
 *
 *   MODE openmp   instruction sets x lanes x strip heights {1, 3, 17, all} x threads {1, 2, 5}
 *   MODE opencl   lanes x strip heights x threads, against OpenMP
 *   MODE kept     without the ramp, so that large events are refitted from what the main pass kept: all of it, some, none
 *   MODE chain    the pipeline at once against its steps run one by one (chain.c)
 *   MODE resume   the pipeline at once against a run from its checkpoint (chain.c)
 *   MODE mutation a changed parameter must change a product: the comparison can fail */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/parity/parity.h"

void parity_run(const parity *p, const char *out, const char *o1, const char *o2, const char *o3)
{
    const char *const options[] = {o1, o2, o3};
    test_command command = {0};
    test_fresh_folder(out);
    test_push_case(&command, p->bin, p->case_dir, p->exposure, out);
    for (int i = 0; i < 3; i++)
        if (options[i])
            test_push(&command, options[i]);
    const int status = test_run(&command, p->log, false);
    if (status != 0) {
        char *said = test_read_file(p->log, NULL);
        printf("FAIL exit status %d with %s %s %s\n%s\n", status, o1 ? o1 : "", o2 ? o2 : "", o3 ? o3 : "", said ? said : "");
        free(said);
        exit(1);
    }
    test_clear(&command);
}

static bool compare_with(const parity *p, const char *backend, const char *strip, const char *threads)
{
    parity_run(p, p->out, backend, strip, threads);
    const bool same = test_same_folder(p->out, p->base);
    if (!same)
        printf("FAIL %s %s %s\n", backend, strip, threads);
    return same;
}

static bool cpu_runs(const char *backend)
{
#ifdef __x86_64__
    if (strstr(backend, "v4"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    if (strstr(backend, "v3"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#endif
    return strncmp(backend, "openmp", 6) != 0 || strstr(backend, "v1") != NULL;
}

static bool all_ways(const parity *p, const char *const *backends)
{
    static const char *const strips[] = {"--strip-rows=1", "--strip-rows=3", "--strip-rows=17", "--strip-rows=100000"};
    static const char *const threads[] = {"--threads=1", "--threads=2", "--threads=5"};
    bool ok = true;
    int ways = 0;
    for (; *backends; backends++) {
        if (!cpu_runs(*backends)) {
            printf("    %s: not on this CPU\n", *backends);
            continue;
        }
        char *backend = test_text("--backend=%s", *backends);
        for (int i = 0; i < 4; i++)
            for (int t = 0; t < 3; t++, ways++)
                ok = compare_with(p, backend, strips[i], threads[t]) && ok;
        free(backend);
    }
    printf("%s %d ways of computing %s\n", ok ? "ok  " : "FAIL", ways, p->case_dir);
    return ok && ways > 0;
}

/* With the ramp, as in the case, nothing is kept; little memory leaves room for some of it.  Fewer products are written. */
static bool keeping_changes_nothing(const parity *p)
{
    static const char *const memories[] = {"--memory=2G", "--memory=2M", "--memory=1M"}, *const threads[] = {"--threads=1", "--threads=2"};
    bool ok = true;
    for (int i = 0; i < 3; i++)
        for (int t = 0; t < 2; t++) {
            parity_run(p, p->out, "--save_calibrated_ramp=false", memories[i], threads[t]);
            const bool same = test_same_folder(p->base, p->out);
            if (!same)
                printf("FAIL %s %s\n", memories[i], threads[t]);
            ok = same && ok;
        }
    printf("%s large events from what was kept: %s\n", ok ? "ok  " : "FAIL", p->case_dir);
    return ok;
}

/* A lower threshold must show, or the comparison sees nothing. */
static bool mutation_shows(const parity *p)
{
    parity_run(p, p->out, "--backend=openmp", "--steps.jump.rejection_threshold=3", NULL);
    const bool same = test_same_folder(p->out, p->base);
    printf("%s a mutation shows in %s\n", same ? "FAIL" : "ok  ", p->case_dir);
    return !same;
}

int main(int argc, char **argv)
{
    static const char *const openmp[] = {"openmp:v1:1", "openmp:v1:8", "openmp:v3:8", "openmp:v4:8", "openmp:v4:16", NULL};
    static const char *const opencl[] = {"opencl:0:1", "opencl:0:8", "opencl:0:16", NULL};
    if (argc != 5)
        return 2;
    parity p = {.bin = argv[1], .case_dir = argv[2], .work = argv[3]};
    const char *mode = argv[4];
    p.exposure = test_text("%s/exposure", p.work);
    p.base = test_text("%s/base", p.work);
    p.out = test_text("%s/other", p.work);
    p.log = test_text("%s.log", p.base);
    parity_run(&p, p.base, "--backend=openmp", NULL, NULL);
    const bool known = !strcmp(mode, "openmp") || !strcmp(mode, "opencl") || !strcmp(mode, "kept") ||
                       !strcmp(mode, "chain") || !strcmp(mode, "resume") || !strcmp(mode, "mutation");
    const bool ok = known && (!strcmp(mode, "openmp")   ? all_ways(&p, openmp)
                              : !strcmp(mode, "opencl") ? all_ways(&p, opencl)
                              : !strcmp(mode, "kept")   ? keeping_changes_nothing(&p)
                              : !strcmp(mode, "chain")  ? parity_chain(&p)
                              : !strcmp(mode, "resume") ? parity_resume(&p)
                                                        : mutation_shows(&p));
    free(p.exposure);
    free(p.base);
    free(p.out);
    free(p.log);
    return known ? !ok : 2;
}
