/* The pipeline at once against its steps one by one, and against a run from a checkpoint: tests/parity/parity.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rampart/container.h"
#include "rampart/pipeline.h"
#include "tests/parity/parity.h"

/* ------------------------------------------------------------------ what the case says of a step */
/* Options "--steps.STEP.NAME=VALUE" of the case, as the step alone takes them. */
static void push_step_options(test_command *command, const test_command *whole, const char *step)
{
    char *prefix = test_text("--steps.%s.", step);
    const size_t n = strlen(prefix);
    for (int i = 0; i < whole->argc; i++) {
        const char *name = whole->argv[i] + n;
        if (strncmp(whole->argv[i], prefix, n) != 0 || !strncmp(name, "skip=", 5) || !strncmp(name, "save_results=", 13))
            continue;
        char *option = test_text("--%s", name);
        test_push(command, option);
        free(option);
    }
    free(prefix);
}

static bool runs_in_case(const test_command *whole, const char *name)
{
    const rp_step *step = rp_step_find(name);
    char *on = test_text("--steps.%s.skip=false", name), *off = test_text("--steps.%s.skip=true", name);
    bool runs = step && step->ops && !step->skip_by_default;
    for (int i = 0; i < whole->argc; i++) {
        runs = runs || (step && !strcmp(whole->argv[i], on));
        runs = runs && strcmp(whole->argv[i], off) != 0;
    }
    free(on);
    free(off);
    return runs;
}

/* ------------------------------------------------------------------ steps one by one */
/* "BIN run STEP INPUT" into p->out, with suffix `suffix`. */
static void run_step(const parity *p, const test_command *whole, const char *step, const char *input, const char *suffix)
{
    const char *const words[] = {p->bin, "run", step, input, "--backend=openmp"};
    test_command command = {0};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        test_push(&command, words[i]);
    char *dir = test_text("--output_dir=%s", p->out), *named = test_text("--suffix=%s", suffix);
    test_push(&command, dir);
    test_push(&command, named);
    push_step_options(&command, whole, step);
    const int status = test_run(&command, p->log, false);
    if (status != 0) {
        char *said = test_read_file(p->log, NULL);
        printf("FAIL exit status %d of %s on %s\n%s\n", status, step, input, said ? said : "");
        exit(1);
    }
    free(dir);
    free(named);
    test_clear(&command);
}

/* OUT/ROOT_SUFFIX.fits for the exposure that the case names second. */
static char *product_path(const char *folder, const test_command *whole, const char *suffix)
{
    const char *input = strrchr(whole->argv[3], '/') + 1;
    const char *end = strstr(input, "_uncal");
    return test_text("%s/%.*s_%s.fits", folder, (int)(end - input), input, suffix);
}

static bool same_planes(const char *one, const char *other, const char *const *planes)
{
    bool same = true;
    for (; *planes; planes++)
        same = test_same_plane(one, *planes, other, *planes) && same;
    return same;
}

/* Runs the steps up to ramp_fit; the path of what the last of them wrote. */
static char *run_ramp_steps(const parity *p, const test_command *whole, const char *instrument)
{
    char *input = test_text("%s", whole->argv[3]);
    const char *const *step = rp_pipeline_order(rp_pipeline_find("calwebb_detector1"), instrument);
    for (; *step && strcmp(*step, "ramp_fit") != 0; step++) {
        if (!runs_in_case(whole, *step))
            continue;
        /* a suffix that the next step takes off the name again */
        const char *suffix = strcmp(*step, "charge_migration") ? *step : "chargemigrationstep";
        run_step(p, whole, *step, input, suffix);
        free(input);
        input = product_path(p->out, whole, suffix);
    }
    return input;
}

/* ramp_fit, then gain_scale on each of its two results. */
static bool run_fit(const parity *p, const test_command *whole, const char *ramp)
{
    static const char *const planes[] = {"SCI", "ERR", "DQ", "VAR_POISSON", "VAR_RNOISE", NULL};
    static const char *const fused[] = {"rate", "rateints"};
    bool same = true;
    run_step(p, whole, "ramp_fit", ramp, "ramp_fit");
    for (int i = 0; i < 2; i++) {
        char *fitted_suffix = test_text("%d_ramp_fit", i), *scaled_suffix = test_text("%d_gain_scale", i);
        char *fitted = product_path(p->out, whole, fitted_suffix), *scaled = product_path(p->out, whole, scaled_suffix);
        char *truth = product_path(p->base, whole, fused[i]);
        run_step(p, whole, "gain_scale", fitted, "gain_scale");
        same = same_planes(scaled, truth, planes) && same;
        free(fitted_suffix);
        free(scaled_suffix);
        free(fitted);
        free(scaled);
        free(truth);
    }
    return same;
}

bool parity_chain(const parity *p)
{
    static const char *const planes[] = {"SCI", "GROUPDQ", "PIXELDQ", NULL};
    test_command whole = {0};
    test_push_case(&whole, p->bin, p->case_dir, p->exposure, p->base);
    test_fresh_folder(p->out);
    char *ramp = run_ramp_steps(p, &whole, strstr(whole.argv[3], "_mir") ? "MIRI" : "NIRCAM");
    char *truth = product_path(p->base, &whole, "ramp");
    bool same = same_planes(ramp, truth, planes);
    same = run_fit(p, &whole, ramp) && same;
    printf("%s steps one by one give what the pipeline gives: %s\n", same ? "ok  " : "FAIL", p->case_dir);
    free(ramp);
    free(truth);
    test_clear(&whole);
    return same;
}

/* ------------------------------------------------------------------ checkpoints */
bool parity_resume(const parity *p)
{
    static const char *const after[] = {"dq_init", "linearity", "jump"};
    bool same = true;
    for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
        char *file = test_text("%s/checkpoint.h5", p->work);
        char *keep = test_text("--intermediate=%s", file), *from = test_text("--resume=%s", file);
        char *where = test_text("--checkpoint=%s", after[i]);
        (void)remove(file);
        parity_run(p, p->out, keep, "--backend=openmp", where);
        same = test_same_folder(p->out, p->base) && same;
        parity_run(p, p->out, from, "--backend=openmp", NULL);
        const bool resumed = test_same_folder(p->out, p->base);
        if (!resumed)
            printf("FAIL going on after %s\n", after[i]);
        same = resumed && same;
        free(file);
        free(keep);
        free(from);
        free(where);
    }
    printf("%s runs from checkpoints give what one run gives: %s\n", same ? "ok  " : "FAIL", p->case_dir);
    return same;
}
