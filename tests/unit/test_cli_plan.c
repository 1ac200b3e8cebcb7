/* From settings to a request: precedence, overrides, names of products, the recorded log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cli/plan.h"
#include "host/pipelines/expand.h"
#include "host/pipelines/scrub.h"

static void set(rp_plan *plan, const char *step, const char *name, const char *text, rp_origin origin)
{
    rp_settings settings = {0};
    rp_error err = {0};
    assert_int_equal(rp_settings_add(&settings, step, name, text, false, &err), RP_OK);
    if (rp_plan_apply(plan, &settings, origin, &err) != RP_OK)
        fail_msg("%s: %s", name, err.text);
    rp_settings_clear(&settings);
}

static void refuses(rp_plan *plan, const char *step, const char *name, const char *text, const char *part)
{
    rp_settings settings = {0};
    rp_error err = {0};
    assert_int_equal(rp_settings_add(&settings, step, name, text, false, &err), RP_OK);
    if (rp_plan_apply(plan, &settings, RP_FROM_FILE, &err) == RP_OK)
        fail_msg("%s=%s was accepted", name, text);
    if (!strstr(err.text, part))
        fail_msg("%s=%s gave: %s", name, text, err.text);
    rp_settings_clear(&settings);
}

static void start(rp_plan *plan, const char *name)
{
    rp_target target;
    rp_error err = {0};
    assert_int_equal(rp_target_find(&target, name, &err), RP_OK);
    assert_int_equal(rp_plan_new(plan, &target, NULL, &err), RP_OK);
}

static rp_request request_of(const rp_plan *plan, const char *input)
{
    rp_request request = {.input_path = input, .save_top = true};
    rp_plan_request(plan, &request);
    return request;
}

static void expect_path(const rp_request *request, const char *step, const char *suffix, const char *expected)
{
    char *path = NULL;
    assert_int_equal(rp_request_path(request, step, suffix, &path, NULL), RP_OK);
    assert_string_equal(path, expected);
    free(path);
}

static void precedence(void **state)
{
    (void)state;
    rp_plan plan;
    start(&plan, "calwebb_detector1");
    set(&plan, "jump", "rejection_threshold", "3", RP_FROM_REFERENCE);
    set(&plan, "jump", "sat_expand", "7", RP_FROM_REFERENCE);
    set(&plan, "jump", "rejection_threshold", "5", RP_FROM_COMMAND);
    set(&plan, "jump", "rejection_threshold", "4.5", RP_FROM_FILE);
    const rp_request request = request_of(&plan, "a_uncal.fits");
    const rp_values *jump = rp_request_step_of(&request, "jump")->values;
    assert_true(rp_values_float(jump, "rejection_threshold", 0) == 5.0);
    assert_int_equal(rp_values_int(jump, "sat_expand", 0), 7);
    assert_int_equal(rp_values_find(jump, "sat_expand")->origin, RP_FROM_REFERENCE);
    assert_string_equal(request.name, "Detector1Pipeline");
    assert_int_equal(request.nsteps, 20);
    rp_plan_clear(&plan);
}

static void unknown_things_are_named(void **state)
{
    (void)state;
    rp_plan plan;
    start(&plan, "calwebb_detector1");
    refuses(&plan, "jmp", "skip", "1", "did you mean 'jump'?");
    refuses(&plan, "jump", "rejection_treshold", "1",
            "step jump: unknown parameter 'rejection_treshold': did you mean 'rejection_threshold'?");
    refuses(&plan, "jump", "override_gian", "x", "did you mean 'override_gain'?");
    refuses(&plan, "jump", "override_flat", "x", "step jump uses no such reference");
    refuses(&plan, NULL, "override_gain", "x", "unknown parameter 'override_gain'");
    refuses(&plan, "jump", "override_gain", "a,b", "is not one file");
    rp_plan_clear(&plan);
    start(&plan, "jump");
    refuses(&plan, "jump", "skip", "1", "single step");
    rp_plan_clear(&plan);
}

static void overrides_are_absolute_and_the_last_counts(void **state)
{
    (void)state;
    rp_plan plan;
    char *here = getcwd(NULL, 0);
    start(&plan, "calwebb_detector1");
    set(&plan, "jump", "override_gain", "/refs/old.fits", RP_FROM_FILE);
    set(&plan, "jump", "override_gain", "./x/../g.fits", RP_FROM_COMMAND);
    set(&plan, "ramp_fit", "override_gain", "N/A", RP_FROM_COMMAND);
    set(&plan, "dark_current", "override_dark", "d.fits", RP_FROM_COMMAND);
    set(&plan, "dark_current", "override_dark", "None", RP_FROM_COMMAND);
    assert_int_equal(plan.noverrides, 2);
    assert_string_equal(plan.override[0].step, "jump");
    assert_int_equal(strncmp(plan.override[0].path, here, strlen(here)), 0);
    assert_string_equal(plan.override[0].path + strlen(here), "/g.fits");
    assert_string_equal(plan.override[1].path, "N/A");
    rp_plan_clear(&plan);
    free(here);
}

static void a_null_is_no_text(void **state)
{
    (void)state;
    rp_plan plan;
    rp_settings settings = {0};
    start(&plan, "ramp_fit");
    set(&plan, NULL, "save_opt", "True", RP_FROM_FILE);
    assert_int_equal(rp_settings_add(&settings, NULL, "opt_name", "None", true, NULL), RP_OK);
    assert_int_equal(rp_settings_add(&settings, NULL, "save_opt", "None", true, NULL), RP_OK);
    assert_int_equal(rp_settings_add(&settings, NULL, "firstgroup", "None", true, NULL), RP_OK);
    assert_int_equal(rp_plan_apply(&plan, &settings, RP_FROM_FILE, NULL), RP_OK);
    assert_string_equal(rp_values_string(plan.values[0], "opt_name"), "");
    assert_false(rp_values_bool(plan.values[0], "save_opt"));
    assert_int_equal(rp_values_int(plan.values[0], "firstgroup", -5), -5);
    rp_settings_clear(&settings);
    rp_plan_clear(&plan);
}

static void threads_follow_maximum_cores(void **state)
{
    (void)state;
    rp_plan plan;
    start(&plan, "calwebb_detector1");
    assert_int_equal(rp_plan_threads(&plan, 8), 0);
    set(&plan, "jump", "maximum_cores", "quarter", RP_FROM_FILE);
    assert_int_equal(rp_plan_threads(&plan, 8), 2);
    set(&plan, "ramp_fit", "maximum_cores", "half", RP_FROM_FILE);
    assert_int_equal(rp_plan_threads(&plan, 8), 4);
    set(&plan, "ramp_fit", "maximum_cores", "none", RP_FROM_FILE);
    assert_int_equal(rp_plan_threads(&plan, 2), 1);
    set(&plan, "jump", "maximum_cores", "all", RP_FROM_FILE);
    assert_int_equal(rp_plan_threads(&plan, 8), 8);
    set(&plan, "jump", "maximum_cores", "99", RP_FROM_FILE);
    assert_int_equal(rp_plan_threads(&plan, 8), 8);
    rp_plan_clear(&plan);
}

/* Expected names were observed with the reference, release 3.0.0. */
static void products_of_a_step_alone(void **state)
{
    (void)state;
    rp_plan plan;
    start(&plan, "gain_scale");
    set(&plan, NULL, "skip", "true", RP_FROM_COMMAND);
    rp_request request = request_of(&plan, "in/jw01_nrcb1_uncal.fits");
    assert_true(rp_request_runs(&request, "gain_scale"));
    assert_true(rp_request_saves(&request, NULL));
    expect_path(&request, NULL, NULL, "jw01_nrcb1_gainscalestep.fits");
    set(&plan, NULL, "output_file", "foo/bar-cal.txt", RP_FROM_COMMAND);
    expect_path(&request, NULL, NULL, "bar-gainscalestep.fits");
    set(&plan, NULL, "suffix", "xyz", RP_FROM_COMMAND);
    set(&plan, NULL, "output_ext", "asdf", RP_FROM_COMMAND);
    expect_path(&request, NULL, NULL, "bar-xyz.asdf");
    set(&plan, NULL, "output_use_model", "1", RP_FROM_COMMAND);
    expect_path(&request, NULL, NULL, "jw01_nrcb1_xyz.asdf");
    rp_plan_clear(&plan);
    start(&plan, "ramp_fit");
    request = request_of(&plan, "a_jump.fits");
    char *path = NULL;
    assert_int_equal(rp_request_path_as(&request, NULL, NULL, 1, NULL, &path, NULL), RP_OK);
    assert_string_equal(path, "a_1_rampfitstep.fits");
    free(path);
    rp_plan_clear(&plan);
}

static void products_inside_a_pipeline(void **state)
{
    (void)state;
    rp_plan plan;
    start(&plan, "calwebb_detector1");
    set(&plan, NULL, "output_file", "zz-cal.fits", RP_FROM_COMMAND);
    set(&plan, NULL, "output_dir", "top", RP_FROM_COMMAND);
    set(&plan, NULL, "save_calibrated_ramp", "1", RP_FROM_COMMAND);
    set(&plan, "dq_init", "save_results", "1", RP_FROM_COMMAND);
    set(&plan, "dq_init", "search_output_file", "0", RP_FROM_COMMAND);
    set(&plan, "group_scale", "save_results", "1", RP_FROM_COMMAND);
    set(&plan, "saturation", "suffix", "foo", RP_FROM_COMMAND);
    set(&plan, "saturation", "save_results", "1", RP_FROM_COMMAND);
    set(&plan, "ipc", "save_results", "1", RP_FROM_COMMAND);
    set(&plan, "ipc", "search_output_file", "0", RP_FROM_COMMAND);
    set(&plan, "refpix", "output_file", "rr_rate.fits", RP_FROM_COMMAND);
    set(&plan, "linearity", "output_dir", "ldir/", RP_FROM_COMMAND);
    set(&plan, "dark_current", "output_dir", "xx", RP_FROM_COMMAND);
    set(&plan, "jump", "output_ext", ".asdf", RP_FROM_COMMAND);
    const rp_request request = request_of(&plan, "jw01_uncal.fits");
    expect_path(&request, "group_scale", NULL, "top/zz-group_scale.fits");
    expect_path(&request, "dq_init", NULL, "top/zz-dq_init.fits");
    expect_path(&request, "saturation", NULL, "top/zz-foo.fits");
    expect_path(&request, "ipc", NULL, "top/zz-foo_ipc.fits");
    expect_path(&request, "refpix", NULL, "top/rr_refpix.fits");
    expect_path(&request, "linearity", NULL, "ldir/zz-linearity.fits");
    expect_path(&request, "dark_current", NULL, "top/zz-dark_current.fits");
    expect_path(&request, "jump", NULL, "top/zz-jump.asdf");
    expect_path(&request, NULL, "ramp", "top/zz-ramp.fits");
    expect_path(&request, NULL, "rateints", "top/zz-rateints.fits");
    expect_path(&request, "gain_scale", "gain_scaleints", "top/zz-gain_scaleints.fits");
    assert_true(rp_request_saves(&request, "refpix"));
    assert_false(rp_request_saves(&request, "jump"));
    assert_false(rp_request_runs(&request, "persistence"));
    char *path = NULL, *name = NULL;
    assert_int_equal(rp_request_path_as(&request, "ramp_fit", NULL, 0, NULL, &path, NULL), RP_OK);
    assert_string_equal(path, "top/zz_0-ramp_fit.fits");
    free(path);
    assert_int_equal(rp_request_data_name(&request, "ramp_fit", &name, NULL), RP_OK);
    assert_string_equal(name, "zz-ramp.fits");
    assert_int_equal(rp_request_path_as(&request, "ramp_fit", name, -1, "fitopt", &path, NULL), RP_OK);
    assert_string_equal(path, "top/zz-fitopt.fits");
    free(path);
    assert_int_equal(rp_request_path_as(&request, "dark_current", "q/dd_rate.fits", -1, "", &path, NULL), RP_OK);
    assert_string_equal(path, "top/dd_rate.fits");
    free(path);
    free(name);
    rp_plan_clear(&plan);
}

static void known_suffixes_are_replaced(void **state)
{
    (void)state;
    static const struct {
        const char *input, *output;
    } cases[] = {{"a_rate.fits", "a_x.fits"},
                 {"rate.fits", "rate_x.fits"},
                 {"_rate.fits", "_rate_x.fits"},
                 {"a-cal.fits", "a-x.fits"},
                 {"a_ami-oi.fits", "a_x.fits"},
                 {"a_rate_cal.fits", "a_rate_x.fits"},
                 {"a_RATE.fits", "a_RATE_x.fits"},
                 {"a_0_ramp_fit.fits", "a_0_x.fits"},
                 {"a_clean_flicker_noise.fits", "a_x.fits"},
                 {"a.b_uncal.fits.gz", "a.b_uncal.fits_x.fits"},
                 {"noext", "noext_x.fits"}};
    rp_plan plan;
    start(&plan, "jump");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const rp_request request = request_of(&plan, cases[i].input);
        expect_path(&request, NULL, "x", cases[i].output);
    }
    rp_plan_clear(&plan);
}

static void paths_expand(void **state)
{
    (void)state;
    assert_int_equal(setenv("RP_TEST_FOLDER", "f/g", 1), 0);
    assert_int_equal(unsetenv("RP_TEST_UNSET"), 0);
    assert_int_equal(setenv("HOME", "/home/me/", 1), 0);
    static const struct {
        const char *text, *expanded;
    } cases[] = {{"", ""},
                 {"a/$RP_TEST_FOLDER/b", "a/f/g/b"},
                 {"${RP_TEST_FOLDER}x", "f/gx"},
                 {"$RP_TEST_UNSET/${RP_TEST_UNSET}", "$RP_TEST_UNSET/${RP_TEST_UNSET}"},
                 {"~/x", "/home/me/x"},
                 {"~", "/home/me"},
                 {"~no_such_user_here/x", "~no_such_user_here/x"},
                 {"a~$", "a~$"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *out = rp_expand_path(cases[i].text);
        assert_string_equal(out, cases[i].expanded);
        free(out);
    }
    char *out = rp_absolute_path("/a/./b//../c/..");
    assert_string_equal(out, "/a");
    free(out);
    out = rp_absolute_path("/../..");
    assert_string_equal(out, "/");
    free(out);
}

static void recorded_lines_are_scrubbed(void **state)
{
    (void)state;
    const rp_scrubber scrubber = {.user = "astro", .host = "node7"};
    static const struct {
        const char *line, *scrubbed;
    } cases[] = {{"Using mask /grp/crds/refs/m.fits now", "Using mask m.fits now"},
                 {"'/a/b/c.fits'", "'c.fits'"},
                 {"/top.fits stays", "/top.fits stays"},
                 {"rel/a/b.fits stays", "rel/a/b.fits stays"},
                 {"/a/b/ ends", "b/ ends"},
                 {"/home/astro/x.fits", "x.fits"},
                 {"user astro", ""},
                 {"host node7", ""},
                 {"from 10.0.12.255", ""},
                 {"version 1.2.3", "version 1.2.3"},
                 {"chi 300.1.1.256x", "chi 300.1.1.256x"},
                 {"a::b", ""},
                 {"1:2:3:4:5:6:7:8", ""},
                 {"16:06:42.971", "16:06:42.971"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[128];
        (void)strcpy(line, cases[i].line);
        rp_scrub(&scrubber, line);
        assert_string_equal(line, cases[i].scrubbed);
    }
    rp_recorder *recorder = NULL;
    char **lines = NULL;
    size_t n = 0;
    assert_int_equal(rp_recorder_new(&recorder, NULL), RP_OK);
    rp_recorder_add(recorder, RP_INFO, "stpipe.step", "Step done");
    rp_recorder_add(recorder, RP_WARNING, "x", "second");
    assert_int_equal(rp_recorder_lines(recorder, &lines, &n, NULL), RP_OK);
    assert_int_equal(n, 2);
    assert_int_equal(lines[0][4], '-');
    assert_int_equal(lines[0][10], 'T');
    assert_int_equal(lines[0][19], '.');
    assert_string_equal(lines[0] + 23, " - stpipe.step - INFO - Step done");
    assert_string_equal(lines[1] + 23, " - x - WARNING - second");
    free(lines);
    rp_recorder_free(recorder);
    assert_int_equal(rp_recorder_lines(NULL, &lines, &n, NULL), RP_OK);
    assert_int_equal(n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precedence),
        cmocka_unit_test(unknown_things_are_named),
        cmocka_unit_test(overrides_are_absolute_and_the_last_counts),
        cmocka_unit_test(a_null_is_no_text),
        cmocka_unit_test(threads_follow_maximum_cores),
        cmocka_unit_test(products_of_a_step_alone),
        cmocka_unit_test(products_inside_a_pipeline),
        cmocka_unit_test(known_suffixes_are_replaced),
        cmocka_unit_test(paths_expand),
        cmocka_unit_test(recorded_lines_are_scrubbed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
