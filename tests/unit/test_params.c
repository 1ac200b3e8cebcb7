/* Parameter values: types, bounds, None, lists, origins, likely meant names. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/params_text.h"
#include "rampart/params.h"
#include "rampart/pipeline.h"

static const rp_param own[] = {
    {"threshold", RP_PARAM_FLOAT, "4.0", "0", NULL, NULL, "sigma", "A threshold"},
    {"first", RP_PARAM_INT, "None", NULL, NULL, NULL, "", "A group"},
    {"grow", RP_PARAM_INT, "1", "0", "10", NULL, "", "A radius"},
    {"algorithm", RP_PARAM_OPTION, "OLS_C", NULL, NULL, "OLS_C,LIKELY", "", "A choice"},
    {"box", RP_PARAM_INT_LIST, "None", "2", "2", NULL, "", "Two numbers"},
    {"frequencies", RP_PARAM_FLOAT_LIST, "None", NULL, NULL, NULL, "", "Numbers"},
    {"label", RP_PARAM_STRING, "", NULL, NULL, NULL, "", "A text"},
    {"skip", RP_PARAM_BOOL, "True", NULL, NULL, NULL, "", "The step's own default"},
};

static rp_values *make(void)
{
    const rp_param *const tables[] = {own, rp_common_params};
    const size_t counts[] = {sizeof own / sizeof *own, rp_common_param_count};
    rp_values *values = NULL;
    rp_error err;
    assert_int_equal(rp_values_new(&values, tables, counts, 2, &err), RP_OK);
    return values;
}

static void accepts(const char *name, const char *text, const char *normal)
{
    rp_values *values = make();
    rp_error err = {0};
    if (rp_values_set(values, name, text, RP_FROM_COMMAND, &err) != RP_OK)
        fail_msg("%s=%s: %s", name, text, err.text);
    assert_string_equal(rp_values_find(values, name)->s, normal);
    rp_values_free(values);
}

static void refuses(const char *name, const char *text)
{
    rp_values *values = make();
    rp_error err = {0};
    const char *const before = rp_values_find(values, name)->s;
    if (rp_values_set(values, name, text, RP_FROM_COMMAND, &err) == RP_OK)
        fail_msg("%s=%s was accepted", name, text);
    assert_non_null(strstr(err.text, name));
    assert_ptr_equal(rp_values_find(values, name)->s, before);
    rp_values_free(values);
}

static void defaults_come_from_the_tables(void **state)
{
    (void)state;
    rp_values *values = make();
    assert_int_equal(rp_values_count(values), sizeof own / sizeof *own + rp_common_param_count - 1);
    assert_true(rp_values_bool(values, "skip")); /* the step's row, not the common one */
    assert_true(rp_values_float(values, "threshold", -1) == 4.0);
    assert_int_equal(rp_values_int(values, "first", -7), -7);
    assert_null(rp_values_string(values, "output_file"));
    assert_string_equal(rp_values_string(values, "label"), "");
    assert_string_equal(rp_values_string(values, "algorithm"), "OLS_C");
    assert_int_equal(rp_values_find(values, "pre_hooks")->n, 0);
    assert_null(rp_values_find(values, "no_such"));
    rp_values_free(values);
}

static void numbers_are_read_as_python_reads_them(void **state)
{
    (void)state;
    accepts("first", "5", "5");
    accepts("first", "+007", "7");
    accepts("first", "1_000", "1000");
    accepts("first", "-3 # a comment", "-3");
    accepts("first", "\" 5 \"", "5");
    accepts("threshold", "5", "5.0");
    accepts("threshold", ".5", "0.5");
    accepts("threshold", "1e-5", "1e-05");
    accepts("threshold", "25000", "25000.0");
    accepts("threshold", "1e400", "inf");
    accepts("threshold", "NaN", "nan");
    accepts("threshold", "1_0.5", "10.5");
    refuses("first", "5.0");
    refuses("first", "0x10");
    refuses("first", "1e3");
    refuses("first", "");
    refuses("first", "5,");
    refuses("first", "True");
    refuses("first", "99999999999999999999");
    refuses("threshold", "0x1p3");
    refuses("threshold", "1__0");
    refuses("threshold", "1d3");
    refuses("threshold", "abc");
    refuses("threshold", ".");
    refuses("threshold", "-");
}

static void booleans_are_words_of_any_case(void **state)
{
    (void)state;
    accepts("skip", "tRuE", "True");
    accepts("skip", "yes", "True");
    accepts("skip", "on", "True");
    accepts("skip", "1", "True");
    accepts("skip", "No", "False");
    accepts("skip", "off", "False");
    accepts("skip", "0", "False");
    refuses("skip", "y");
    refuses("skip", "t");
    refuses("skip", "2");
    refuses("skip", "");
    refuses("skip", "None");
}

static void bounds_are_inclusive(void **state)
{
    (void)state;
    accepts("grow", "0", "0");
    accepts("grow", "10", "10");
    refuses("grow", "-1");
    refuses("grow", "11");
    refuses("threshold", "-0.1");
    accepts("threshold", "0", "0.0");
}

static void none_is_for_those_that_default_to_it(void **state)
{
    (void)state;
    rp_values *values = make();
    assert_int_equal(rp_values_set(values, "first", "3", RP_FROM_FILE, NULL), RP_OK);
    assert_int_equal(rp_values_set(values, "first", "None", RP_FROM_COMMAND, NULL), RP_OK);
    assert_true(rp_values_find(values, "first")->is_none);
    assert_int_equal(rp_values_set(values, "output_dir", "None", RP_FROM_COMMAND, NULL), RP_OK);
    assert_null(rp_values_string(values, "output_dir"));
    assert_int_equal(rp_values_set(values, "output_dir", "\"None\"", RP_FROM_COMMAND, NULL), RP_OK);
    assert_string_equal(rp_values_string(values, "output_dir"), "None");
    assert_int_equal(rp_values_set(values, "label", "None", RP_FROM_COMMAND, NULL), RP_OK);
    assert_string_equal(rp_values_string(values, "label"), "None");
    rp_values_free(values);
    refuses("grow", "None");
}

static void texts_follow_configobj(void **state)
{
    (void)state;
    accepts("label", "", "");
    accepts("label", "a b", "a b");
    accepts("label", "a#b", "a");
    accepts("label", "'a#b'", "a#b");
    accepts("label", "\"a,b\"", "a,b");
    accepts("label", "it's", "it's");
    accepts("label", "'it's'", "it's");
    accepts("label", "50%", "50%");
    refuses("label", "a,b");
    refuses("label", "\"a");
    refuses("label", "\"a\" b");
    refuses("label", "50%(x)s");
    accepts("algorithm", "LIKELY", "LIKELY");
    refuses("algorithm", "likely");
    refuses("algorithm", "OLS");
    refuses("algorithm", "OLS_C,");
    refuses("algorithm", "");
}

static void lists_need_commas(void **state)
{
    (void)state;
    accepts("box", "1,2", "1, 2");
    refuses("box", "1");
    refuses("box", "1,2,3");
    refuses("box", "1,x");
    refuses("box", "1,,2");
    accepts("frequencies", "1.5, \"2\",3,", "1.5, 2, 3");
    accepts("frequencies", ",", "");
    rp_values *values = make();
    assert_int_equal(rp_values_set(values, "pre_hooks", "a,\"b,c\",d e", RP_FROM_FILE, NULL), RP_OK);
    const rp_value *value = rp_values_find(values, "pre_hooks");
    assert_int_equal(value->n, 3);
    assert_string_equal(value->names[1], "b,c");
    assert_string_equal(value->names[2], "d e");
    assert_int_equal(rp_values_set(values, "frequencies", "1.5,-2e3", RP_FROM_FILE, NULL), RP_OK);
    assert_true(rp_values_find(values, "frequencies")->list[1] == -2000.0);
    rp_values_free(values);
}

static void later_origins_win(void **state)
{
    (void)state;
    rp_values *values = make();
    assert_int_equal(rp_values_set(values, "grow", "5", RP_FROM_COMMAND, NULL), RP_OK);
    assert_int_equal(rp_values_set(values, "grow", "6", RP_FROM_FILE, NULL), RP_OK);
    assert_int_equal(rp_values_int(values, "grow", 0), 5);
    assert_int_equal(rp_values_find(values, "grow")->origin, RP_FROM_COMMAND);
    assert_int_equal(rp_values_set(values, "grow", "60", RP_FROM_FILE, NULL), RP_E_ARGUMENT); /* checked all the same */
    assert_int_equal(rp_values_set(values, "first", "2", RP_FROM_REFERENCE, NULL), RP_OK);
    assert_int_equal(rp_values_set(values, "first", "3", RP_FROM_FILE, NULL), RP_OK);
    assert_int_equal(rp_values_int(values, "first", 0), 3);
    rp_values_free(values);
}

static void unknown_names_get_a_suggestion(void **state)
{
    (void)state;
    rp_values *values = make();
    rp_error err = {0};
    assert_int_equal(rp_values_set(values, "treshold", "5", RP_FROM_COMMAND, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "did you mean 'threshold'?"));
    assert_int_equal(rp_values_set(values, "completely_else", "5", RP_FROM_COMMAND, &err), RP_E_ARGUMENT);
    assert_null(strstr(err.text, "did you mean"));
    rp_values_free(values);
}

static void distance_counts_edits(void **state)
{
    (void)state;
    assert_int_equal(rp_edit_distance("jump", "jump", 9), 0);
    assert_int_equal(rp_edit_distance("jmup", "jump", 9), 1);
    assert_int_equal(rp_edit_distance("kitten", "sitting", 9), 3);
    assert_int_equal(rp_edit_distance("", "abc", 9), 3);
    assert_int_equal(rp_edit_distance("abc", "xyz", 1), 2);
}

static void quoting_is_undone_by_parsing(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "a", "a,b", "#x", " a ", "None", "it's", "say \"hi\"", "two\nlines", "N/A"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *quoted = rp_words_quote(texts[i]);
        rp_words words;
        assert_non_null(quoted);
        assert_int_equal(rp_words_parse(&words, quoted, NULL), RP_OK);
        assert_false(words.is_list);
        assert_string_equal(words.item[0], texts[i]);
        rp_words_clear(&words);
        free(quoted);
    }
    assert_null(rp_words_quote("both ' and \", here"));
}

/* Every row of every table must accept its own default, and name something. */
static void tables_are_sound(void **state)
{
    (void)state;
    size_t n;
    const rp_step *const *steps = rp_step_all(&n);
    assert_int_equal(n, 22);
    for (size_t i = 0; i < n; i++) {
        const rp_param *const tables[] = {steps[i]->params, rp_common_params};
        const size_t counts[] = {steps[i]->nparams, rp_common_param_count};
        rp_values *values;
        rp_error err = {0};
        if (rp_values_new(&values, tables, counts, 2, &err) != RP_OK)
            fail_msg("%s: %s", steps[i]->name, err.text);
        assert_int_equal(rp_values_bool(values, "skip"), steps[i]->skip_by_default);
        for (size_t k = 0; k < rp_values_count(values); k++) {
            assert_non_null(rp_values_param(values, k)->doc);
            assert_non_null(rp_values_param(values, k)->unit);
        }
        assert_ptr_equal(rp_step_find(steps[i]->name), steps[i]);
        assert_ptr_equal(rp_step_find(steps[i]->class_name), steps[i]);
        rp_values_free(values);
    }
    assert_string_equal(rp_step_find("jwst.jump.JumpStep")->name, "jump");
    assert_string_equal(rp_step_find("JumpStep")->name, "jump");
    assert_null(rp_step_find("other.jump.JumpStep"));
    assert_null(rp_step_find("jumpstep"));
}

static void pipelines_name_known_steps(void **state)
{
    (void)state;
    size_t n;
    const rp_pipeline *const *pipelines = rp_pipeline_all(&n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 3; k++) {
            const char *const *name = k == 0   ? pipelines[i]->steps
                                      : k == 1 ? pipelines[i]->order_nir
                                               : pipelines[i]->order_miri;
            for (; *name; name++)
                assert_non_null(rp_step_find(*name));
        }
    const rp_pipeline *detector1 = rp_pipeline_find("calwebb_tso1");
    assert_string_equal(detector1->name, "calwebb_detector1");
    assert_ptr_equal(rp_pipeline_find("jwst.pipeline.Detector1Pipeline"), detector1);
    assert_string_equal(rp_pipeline_order(detector1, "MIRI")[2], "emicorr");
    assert_string_equal(rp_pipeline_order(detector1, "NIRCAM")[2], "saturation");
    assert_null(rp_pipeline_find("calwebb_dark")->refusal);
    assert_null(rp_pipeline_find("calwebb_image2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_come_from_the_tables),
        cmocka_unit_test(numbers_are_read_as_python_reads_them),
        cmocka_unit_test(booleans_are_words_of_any_case),
        cmocka_unit_test(bounds_are_inclusive),
        cmocka_unit_test(none_is_for_those_that_default_to_it),
        cmocka_unit_test(texts_follow_configobj),
        cmocka_unit_test(lists_need_commas),
        cmocka_unit_test(later_origins_win),
        cmocka_unit_test(unknown_names_get_a_suggestion),
        cmocka_unit_test(distance_counts_edits),
        cmocka_unit_test(quoting_is_undone_by_parsing),
        cmocka_unit_test(tables_are_sound),
        cmocka_unit_test(pipelines_name_known_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
