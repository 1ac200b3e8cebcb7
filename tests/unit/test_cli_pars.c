/* Parameter files: configobj and ASDF, includes, writing and reading back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/cli/plan.h"
#include "host/cli/settings.h"

static rp_code parse(rp_pars *pars, const char *text, rp_error *err)
{
    return rp_pars_parse(pars, "dir/p.cfg", text, strlen(text), err);
}

static const rp_setting *find(const rp_pars *pars, const char *step, const char *name)
{
    const rp_setting *found = NULL;
    for (size_t i = 0; i < pars->settings.n; i++) {
        const rp_setting *s = &pars->settings.item[i];
        if (strcmp(s->name, name) == 0 && (step ? s->step && strcmp(s->step, step) == 0 : !s->step))
            found = s;
    }
    return found;
}

static void expect_text(const rp_pars *pars, const char *step, const char *name, const char *text)
{
    const rp_setting *setting = find(pars, step, name);
    if (!setting)
        fail_msg("no %s.%s", step ? step : "", name);
    assert_string_equal(setting->text, text);
}

static void cfg_is_read(void **state)
{
    (void)state;
    static const char text[] = "\xef\xbb\xbf# comment\n"
                               "name = \"MyDet\"\n"
                               "class = 'jwst.pipeline.Detector1Pipeline'\r\n"
                               "save_calibrated_ramp = on   # yes\n"
                               "  output_dir =\n"
                               "[steps]\n"
                               "  [[jump]]   # a comment\n"
                               "  rejection_threshold = 7\n"
                               "  [[\"dark_current\"]]\n"
                               "  name = dark_current\n"
                               "  'skip' = 1\n"
                               "  suffix = '''multi\nline, with \"comma\"'''  # end\n"
                               "[[emicorr]]\n"
                               "onthefly_corr_freq = 1.5, \"2\"";
    rp_pars pars;
    rp_error err = {0};
    assert_int_equal(parse(&pars, text, &err), RP_OK);
    assert_string_equal(pars.name, "MyDet");
    assert_string_equal(pars.class_name, "jwst.pipeline.Detector1Pipeline");
    expect_text(&pars, NULL, "save_calibrated_ramp", "on   # yes");
    expect_text(&pars, NULL, "output_dir", "");
    expect_text(&pars, "jump", "rejection_threshold", "7");
    expect_text(&pars, "dark_current", "skip", "1");
    expect_text(&pars, "dark_current", "suffix", "'multi\nline, with \"comma\"'");
    expect_text(&pars, "emicorr", "onthefly_corr_freq", "1.5, \"2\"");
    assert_null(find(&pars, "dark_current", "name"));
    rp_pars_clear(&pars);
}

static void a_file_without_name_is_named_after_itself(void **state)
{
    (void)state;
    rp_pars pars;
    assert_int_equal(parse(&pars, "class = jwst.jump.JumpStep\n", NULL), RP_OK);
    assert_string_equal(pars.name, "p");
    rp_pars_clear(&pars);
}

static void bad_cfg_names_the_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"a = 1\njust words\n", "line 2"},
        {"[steps\n", "line 1"},
        {"[steps]\n[[[jump]]]\n", "line 2"},
        {"[steps]\n[[jump]\n", "line 2"},
        {"[steps] x\n", "line 1"},
        {"[]\n", "line 1"},
        {"= 5\n", "line 1"},
        {"a = \"\"\"open\nand on\n", "not closed"},
        {"a = \"\"\"x\"\"\" y\n", "text after"},
        {"[other]\na = 1\n", "unknown section [other]"},
        {"[steps]\na = 1\n", "in no step"},
        {"[steps]\n[[jump]]\n[[[deep]]]\na = 1\n", "[[[deep]]]"},
        {"class = a,b\n", "a list"},
        {"name = \"x\n", "badly quoted"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rp_pars pars;
        rp_error err = {0};
        if (parse(&pars, cases[i].text, &err) == RP_OK)
            fail_msg("accepted: %s", cases[i].text);
        if (!strstr(err.text, cases[i].part))
            fail_msg("%s gave: %s", cases[i].text, err.text);
        rp_pars_clear(&pars);
    }
    rp_pars pars;
    assert_int_equal(rp_pars_parse(&pars, "p", "a = 1\0b", 7, NULL), RP_E_FORMAT);
    rp_pars_clear(&pars);
}

static char *temporary_folder(void)
{
    static char folder[] = "/tmp/rampart_pars_XXXXXX";
    (void)strcpy(folder + strlen(folder) - 6, "XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void included_files_are_worth_less(void **state)
{
    (void)state;
    const char *folder = temporary_folder();
    write_file(folder, "jump.cfg",
               "name = jump\nclass = jwst.jump.JumpStep\nrejection_threshold = 3\nsat_expand = 9\n");
    write_file(folder, "loop.cfg", "class = x\n[steps]\n[[jump]]\nconfig_file = loop.cfg\n");
    write_file(folder, "top.cfg",
               "class = jwst.pipeline.Detector1Pipeline\n[steps]\n[[jump]]\n"
               "rejection_threshold = 7\nconfig_file = jump.cfg\n");
    char path[256];
    rp_pars pars;
    rp_error err = {0};
    (void)snprintf(path, sizeof path, "%s/top.cfg", folder);
    assert_int_equal(rp_pars_read(&pars, path, &err), RP_OK);
    expect_text(&pars, "jump", "rejection_threshold", "7");
    expect_text(&pars, "jump", "sat_expand", "9");
    rp_pars_clear(&pars);
    (void)snprintf(path, sizeof path, "%s/loop.cfg", folder);
    assert_int_equal(rp_pars_read(&pars, path, &err), RP_E_FORMAT);
    assert_non_null(strstr(err.text, "include each other"));
    rp_pars_clear(&pars);
    (void)snprintf(path, sizeof path, "%s/none.cfg", folder);
    assert_int_equal(rp_pars_read(&pars, path, &err), RP_E_IO);
    static const char *const names[] = {"jump.cfg", "loop.cfg", "top.cfg"};
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(folder), 0);
}

#define ASDF_HEAD "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"

static void asdf_is_read(void **state)
{
    (void)state;
    static const char text[] =
        ASDF_HEAD "class: jwst.pipeline.calwebb_detector1.Detector1Pipeline\n"
                  "name: Detector1Pipeline\n"
                  "parameters: {output_dir: null, save_calibrated_ramp: true, pre_hooks: []}\n"
                  "steps:\n"
                  "- class: jwst.jump.jump_step.JumpStep\n"
                  "  name: jump\n"
                  "  parameters: {rejection_threshold: 6.0, sat_expand: 3, suffix: 'a,b',\n"
                  "    post_hooks: ['x, y'], max_shower_amplitude: 1.0e-05, output_file: 'None'}\n"
                  "...\n";
    rp_pars pars;
    rp_error err = {0};
    if (parse(&pars, text, &err) != RP_OK)
        fail_msg("%s", err.text);
    assert_string_equal(pars.name, "Detector1Pipeline");
    expect_text(&pars, NULL, "output_dir", "None");
    assert_true(find(&pars, NULL, "output_dir")->is_null);
    expect_text(&pars, NULL, "save_calibrated_ramp", "True");
    expect_text(&pars, NULL, "pre_hooks", ",");
    expect_text(&pars, "jump", "rejection_threshold", "6.0");
    expect_text(&pars, "jump", "sat_expand", "3");
    expect_text(&pars, "jump", "suffix", "\"a,b\"");
    expect_text(&pars, "jump", "post_hooks", "\"x, y\",");
    expect_text(&pars, "jump", "max_shower_amplitude", "1e-05");
    expect_text(&pars, "jump", "output_file", "\"None\"");
    rp_pars_clear(&pars);
}

static void legacy_asdf_is_read(void **state)
{
    (void)state;
    static const char text[] = ASDF_HEAD "parameters:\n"
                                         "  class: jwst.pipeline.Detector1Pipeline\n"
                                         "  name: Old\n"
                                         "  save_results: true\n"
                                         "  steps:\n"
                                         "    jump: {class: '', name: jump, rejection_threshold: 3}\n"
                                         "...\n";
    rp_pars pars;
    assert_int_equal(parse(&pars, text, NULL), RP_OK);
    assert_string_equal(pars.name, "Old");
    expect_text(&pars, NULL, "save_results", "True");
    expect_text(&pars, "jump", "rejection_threshold", "3");
    assert_null(find(&pars, "jump", "class"));
    rp_pars_clear(&pars);
}

static void bad_asdf_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        ASDF_HEAD "class: x\n...\n",
        ASDF_HEAD "class: x\nparameters: [1]\n...\n",
        ASDF_HEAD "class: x\nparameters: {a: {b: 1}}\n...\n",
        ASDF_HEAD "class: x\nparameters: {}\nsteps: 5\n...\n",
        ASDF_HEAD "class: x\nparameters: {}\nsteps: [{parameters: {}}]\n...\n",
        ASDF_HEAD "class: x\nparameters: {}\nsteps: [{name: jump}]\n...\n",
        ASDF_HEAD "class: [unclosed\n",
        "#ASDF",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        rp_pars pars;
        if (parse(&pars, texts[i], NULL) == RP_OK)
            fail_msg("accepted: %s", texts[i]);
        rp_pars_clear(&pars);
    }
}

static void saved_parameters_read_back(void **state)
{
    (void)state;
    const char *folder = temporary_folder();
    char path[256];
    (void)snprintf(path, sizeof path, "%s/saved.asdf", folder);
    rp_target target;
    rp_plan plan, again;
    rp_settings settings = {0};
    rp_pars pars;
    rp_error err = {0};
    assert_int_equal(rp_target_find(&target, "calwebb_detector1", &err), RP_OK);
    assert_int_equal(rp_plan_new(&plan, &target, "Mine", &err), RP_OK);
    assert_int_equal(rp_settings_add(&settings, "jump", "rejection_threshold", "0.1", false, &err), RP_OK);
    assert_int_equal(rp_settings_add(&settings, "clean_flicker_noise", "background_box_size", "3,4", false, &err),
                     RP_OK);
    assert_int_equal(rp_settings_add(&settings, "refpix", "suffix", "\"a, b\"", false, &err), RP_OK);
    assert_int_equal(rp_settings_add(&settings, NULL, "save_calibrated_ramp", "yes", false, &err), RP_OK);
    assert_int_equal(rp_plan_apply(&plan, &settings, RP_FROM_COMMAND, &err), RP_OK);
    if (rp_plan_save(&plan, path, &err) != RP_OK)
        fail_msg("%s", err.text);
    assert_int_equal(rp_pars_read(&pars, path, &err), RP_OK);
    assert_string_equal(pars.name, "Mine");
    assert_int_equal(rp_plan_new(&again, &target, pars.name, &err), RP_OK);
    if (rp_plan_apply(&again, &pars.settings, RP_FROM_FILE, &err) != RP_OK)
        fail_msg("%s", err.text);
    char *first = rp_plan_text(&plan), *second = rp_plan_text(&again);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "\n      rejection_threshold: 0.1"));
    assert_non_null(strstr(first, "\n      background_box_size:\n      - 3\n      - 4"));
    assert_non_null(strstr(first, "\n  save_calibrated_ramp: True"));
    free(first);
    free(second);
    rp_pars_clear(&pars);
    rp_settings_clear(&settings);
    rp_plan_clear(&plan);
    rp_plan_clear(&again);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cfg_is_read),
        cmocka_unit_test(a_file_without_name_is_named_after_itself),
        cmocka_unit_test(bad_cfg_names_the_line),
        cmocka_unit_test(included_files_are_worth_less),
        cmocka_unit_test(asdf_is_read),
        cmocka_unit_test(legacy_asdf_is_read),
        cmocka_unit_test(bad_asdf_is_refused),
        cmocka_unit_test(saved_parameters_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
