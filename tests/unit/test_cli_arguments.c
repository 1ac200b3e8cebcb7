/* Argument lists: prefixes, values, positions, suggestions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/cli/machine.h"
#include "host/cli/options.h"

typedef struct reading {
    rp_option *options;
    size_t noptions;
    rp_arguments arguments;
    rp_code code;
    rp_error err;
    int target;
} reading;

/* Reads "run" followed by `line`, split at blanks. */
static void read_line(reading *r, const char *line, char *buffer, size_t capacity)
{
    static char verb[] = "run";
    char *argv[32] = {verb};
    int argc = 1;
    assert_true(strlen(line) < capacity);
    (void)strcpy(buffer, line);
    for (char *rest = buffer, *word = strtok_r(rest, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    *r = (reading){.target = rp_arguments_find_target(argc, argv)};
    assert_true(r->target > 0);
    rp_target target;
    assert_int_equal(rp_target_find(&target, argv[r->target], &r->err), RP_OK);
    assert_int_equal(rp_options_of(&r->options, &r->noptions, &target, &r->err), RP_OK);
    r->code = rp_arguments_read(&r->arguments, argc, argv, r->target, r->options, r->noptions, &r->err);
}

static void clear(reading *r)
{
    rp_arguments_clear(&r->arguments);
    free(r->options);
}

static void expect_setting(const reading *r, size_t i, const char *step, const char *name, const char *text)
{
    if (r->code != RP_OK)
        fail_msg("%s", r->err.text);
    assert_true(i < r->arguments.settings.n);
    const rp_setting *setting = &r->arguments.settings.item[i];
    if (step)
        assert_string_equal(setting->step, step);
    else
        assert_null(setting->step);
    assert_string_equal(setting->name, name);
    assert_string_equal(setting->text, text);
}

static void expect_error(const char *line, const char *part)
{
    reading r;
    char buffer[512];
    read_line(&r, line, buffer, sizeof buffer);
    if (r.code == RP_OK)
        fail_msg("'%s' was accepted", line);
    if (!strstr(r.err.text, part))
        fail_msg("'%s' gave: %s", line, r.err.text);
    clear(&r);
}

static void both_forms_of_a_value(void **state)
{
    (void)state;
    reading r;
    char buffer[512];
    read_line(&r, "calwebb_detector1 a.fits --steps.jump.rejection_threshold=5 --output_dir out b.fits", buffer,
              sizeof buffer);
    expect_setting(&r, 0, "jump", "rejection_threshold", "5");
    expect_setting(&r, 1, NULL, "output_dir", "out");
    assert_int_equal(r.arguments.ninputs, 2);
    assert_string_equal(r.arguments.input[0], "a.fits");
    assert_string_equal(r.arguments.input[1], "b.fits");
    clear(&r);
}

static void unique_prefixes(void **state)
{
    (void)state;
    reading r;
    char buffer[512];
    read_line(&r, "jump a.fits --rej=5 --override_g=g.fits --after_jump_flag_dn1 7", buffer, sizeof buffer);
    expect_setting(&r, 0, NULL, "rejection_threshold", "5");
    expect_setting(&r, 1, NULL, "override_gain", "g.fits");
    expect_setting(&r, 2, NULL, "after_jump_flag_dn1", "7");
    clear(&r);
    read_line(&r, "calwebb_detector1 a.fits --steps.jump.override_r=r.fits --verb --dis", buffer, sizeof buffer);
    expect_setting(&r, 0, "jump", "override_readnoise", "r.fits");
    assert_non_null(rp_argument(&r.arguments, "verbose"));
    assert_non_null(rp_argument(&r.arguments, "disable-crds-steppars"));
    clear(&r);
    expect_error("jump a.fits --s=1", "ambiguous option: --s=1 could match --save-parameters, --save_results, --skip, "
                                      "--suffix, --search_output_file");
    expect_error("jump a.fits --min=1", "ambiguous option");
}

/* --i meant --input_dir before there was --intermediate, and still does. */
static void our_options_do_not_disturb_strun(void **state)
{
    (void)state;
    reading r;
    char buffer[512];
    read_line(&r, "gain_scale a.fits --i=x --inter=c.h5 --mem 1G", buffer, sizeof buffer);
    expect_setting(&r, 0, NULL, "input_dir", "x");
    assert_string_equal(rp_argument(&r.arguments, "intermediate"), "c.h5");
    assert_string_equal(rp_argument(&r.arguments, "memory"), "1G");
    clear(&r);
}

static void values_that_look_like_options(void **state)
{
    (void)state;
    reading r;
    char buffer[512];
    read_line(&r, "ramp_fit a.fits --firstgroup -1 --lastgroup=-2", buffer, sizeof buffer);
    expect_setting(&r, 0, NULL, "firstgroup", "-1");
    expect_setting(&r, 1, NULL, "lastgroup", "-2");
    clear(&r);
    expect_error("gain_scale a.fits --skip", "argument --skip: expected one argument");
    expect_error("gain_scale a.fits --skip --verbose", "argument --skip: expected one argument");
    expect_error("gain_scale a.fits --json=1", "argument --json: takes no value");
    read_line(&r, "gain_scale -- --odd.fits", buffer, sizeof buffer);
    assert_int_equal(r.code, RP_OK);
    assert_string_equal(r.arguments.input[0], "--odd.fits");
    clear(&r);
}

static void unknown_options_get_a_suggestion(void **state)
{
    (void)state;
    expect_error("gain_scale a.fits --ovverride_gain=N/A", "did you mean --override_gain?");
    expect_error("gain_scale a.fits --treads=2", "did you mean --threads?");
    expect_error("calwebb_detector1 a.fits --steps.jmp.rejection_threshold=2",
                 "did you mean --steps.jump.rejection_threshold?");
    expect_error("gain_scale a.fits --bogus=1", "unrecognized arguments: --bogus=1 (see --help)");
    expect_error("gain_scale a.fits -x", "unrecognized arguments: -x");
    expect_error("gain_scale a.fits --=1", "unrecognized arguments");
}

static void the_target_is_found_behind_options(void **state)
{
    (void)state;
    char *plain[] = {"run", "jump", "a.fits"}, *behind[] = {"run", "-v", "--output_dir", "x", "--skip=1", "jump"},
         *none[] = {"run", "--verbose", "--output_dir", "x"};
    assert_int_equal(rp_arguments_find_target(3, plain), 1);
    assert_int_equal(rp_arguments_find_target(6, behind), 5);
    assert_int_equal(rp_arguments_find_target(4, none), -1);
}

static void likely_targets_are_named(void **state)
{
    (void)state;
    rp_target target;
    rp_error err = {0};
    assert_int_equal(rp_target_find(&target, "calweb_detector1", &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "did you mean 'calwebb_detector1'?"));
    assert_int_equal(rp_target_find(&target, "jwst::jump", &err), RP_OK);
    assert_string_equal(rp_target_class(&target), "jwst.jump.jump_step.JumpStep");
}

static void sizes(void **state)
{
    (void)state;
    size_t bytes = 0;
    assert_true(rp_size_parse("2G", &bytes));
    assert_true(bytes == (size_t)2 << 30);
    assert_true(rp_size_parse("500M", &bytes));
    assert_true(bytes == (size_t)500 << 20);
    assert_true(rp_size_parse("1.5GiB", &bytes));
    assert_true(bytes == (size_t)3 << 29);
    assert_true(rp_size_parse("4096", &bytes));
    assert_true(bytes == 4096);
    assert_true(rp_size_parse("64kb", &bytes));
    assert_true(bytes == 65536);
    assert_false(rp_size_parse("", &bytes));
    assert_false(rp_size_parse("G", &bytes));
    assert_false(rp_size_parse("-1G", &bytes));
    assert_false(rp_size_parse("2X", &bytes));
    assert_false(rp_size_parse("99999999999T", &bytes));
}

static void machine_choices_are_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "jump a.fits --memory=1k",           "jump a.fits --threads=0",
        "jump a.fits --backend=opnmp",       "jump a.fits --backend=opencl:",
        "jump a.fits --checkpoint=jump",     "calwebb_guider a.fits --checkpoint=jump --intermediate=x.h5",
        "jump a.fits --refs=/no/such/folder"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reading r;
        rp_machine machine;
        char buffer[512];
        read_line(&r, bad[i], buffer, sizeof buffer);
        rp_target target;
        (void)rp_target_find(&target, buffer, NULL);
        assert_int_equal(rp_machine_read(&machine, &r.arguments, &target, &r.err), RP_E_ARGUMENT);
        clear(&r);
    }
    reading r;
    rp_machine machine;
    char buffer[512];
    read_line(&r, "jump a.fits --backend=opencl:1 --threads=3 --durable", buffer, sizeof buffer);
    rp_target target;
    (void)rp_target_find(&target, "jump", NULL);
    assert_int_equal(rp_machine_read(&machine, &r.arguments, &target, &r.err), RP_OK);
    assert_int_equal(machine.threads, 3);
    assert_true(machine.durable);
    assert_true(machine.memory_bytes == (size_t)2 << 30);
    clear(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_of_a_value),
        cmocka_unit_test(unique_prefixes),
        cmocka_unit_test(our_options_do_not_disturb_strun),
        cmocka_unit_test(values_that_look_like_options),
        cmocka_unit_test(unknown_options_get_a_suggestion),
        cmocka_unit_test(the_target_is_found_behind_options),
        cmocka_unit_test(likely_targets_are_named),
        cmocka_unit_test(sizes),
        cmocka_unit_test(machine_choices_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
