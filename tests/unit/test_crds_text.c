/* The texts of mapping files, and what the rules inherit from Python. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/reference/crds/date.h"
#include "host/reference/crds/expression.h"
#include "host/reference/crds/literal.h"
#include "host/reference/crds/pattern.h"

/* ---- numbers, values, globs ---- */

static void test_float(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{34, "34.0"},
                 {-0.0, "-0.0"},
                 {0.1, "0.1"},
                 {1e16, "1e+16"},
                 {1e15, "1000000000000000.0"},
                 {1e-5, "1e-05"},
                 {0.0001, "0.0001"},
                 {1.0 / 3, "0.3333333333333333"},
                 {5e-324, "5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {-2.5, "-2.5"}};
    char text[RP_FLOAT_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rp_python_float(text, cases[i].value), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
}

static void test_condition(void **state)
{
    static const char *const cases[][2] = {{" nrca1 ", "NRCA1"},
                                           {"34", "34.0"},
                                           {"034", "34.0"},
                                           {"+3.4e1", "34.0"},
                                           {"34.", "34.0"},
                                           {".5", "0.5"},
                                           {"1e400", "inf"},
                                           {"ANY", "*"},
                                           {"any", "*"},
                                           {"true", "T"},
                                           {"F", "F"},
                                           {"N/ABC", "N/A"},
                                           {"()x", "N/A"},
                                           {"NOT_APPLICABLE", "N/A"},
                                           {"", ""},
                                           {"NOT_APPLICABLES", "NOT_APPLICABLES"},
                                           {"NOT APPLICABLE, really", "N/A"},
                                           {"4294967295", "-1.0"},
                                           {"-2147483648", "N/A"},
                                           {"1_0", "1_0"},
                                           {"0x10", "0X10"},
                                           {"-", "-"},
                                           {"1e", "1E"}};
    char text[64 + RP_FLOAT_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        (void)rp_condition(text, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(text, cases[i][1]);
    }
}

static void test_quote(void **state)
{
    static const char *const cases[][2] = {{"a", "'a'"},
                                           {"it's", "\"it's\""},
                                           {"'\"", "'\\'\"'"},
                                           {"a\\b", "'a\\\\b'"},
                                           {"t\tn\n", "'t\\tn\\n'"},
                                           {"\x01", "'\\x01'"},
                                           {"\xc3\xa9", "'\xc3\xa9'"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rp_buffer out = {0};
        rp_python_quote(&out, cases[i][0], strlen(cases[i][0]));
        assert_string_equal(rp_buffer_text(&out), cases[i][1]);
        rp_buffer_clear(&out);
    }
}

static bool glob(const char *pattern, const char *text)
{
    return rp_glob(pattern, strlen(pattern), text, strlen(text));
}

static void test_glob(void **state)
{
    (void)state;
    assert_true(glob("F*M", "F335M"));
    assert_false(glob("F*M", "F335W"));
    assert_true(glob("*", ""));
    assert_true(glob("?[A-C]*", "XB"));
    assert_false(glob("[!F]*", "F1"));
    assert_true(glob("[", "["));
    assert_true(glob("a*b*c", "aXbYbZc"));
    assert_false(glob("a*b*c", "aXbYbZ"));
}

/* ---- patterns ---- */

static int match(const char *key, const char *value)
{
    rp_arena arena = {0};
    rp_regex *regexes = NULL;
    const rp_pattern *pattern;
    rp_error err;
    void *data = rp_match_data_new();
    assert_non_null(data);
    assert_int_equal(rp_pattern_compile(&pattern, &arena, &regexes, key, &err), RP_OK);
    const int status = rp_pattern_match(pattern, data, value, strlen(value));
    rp_regexes_free(regexes);
    rp_arena_clear(&arena);
    rp_match_data_free(data);
    return status;
}

static void test_patterns(void **state)
{
    (void)state;
    assert_int_equal(match("A", "A"), 1);
    assert_int_equal(match("A", "B"), -1);
    assert_int_equal(match("A", "*"), 1);
    assert_int_equal(match("A", "N/A"), 0);
    assert_int_equal(match("N/A", "X"), 0);
    assert_int_equal(match("A|B*", "BC"), 1);
    assert_int_equal(match("NOT A|B", "A"), -1);
    assert_int_equal(match("NOT A|B", "C"), 1);
    assert_int_equal(match("NOT A", "*"), -1);
    assert_int_equal(match("(F[01]\\d+W)", "F090WX"), 1); /* matches at the beginning, not the whole */
    assert_int_equal(match("(F[01]\\d+W)", "F200W"), -1);
    assert_int_equal(match("{A|B}", "A|B"), 1);
    assert_int_equal(match("{A|B}", "A"), -1);
    assert_int_equal(match("BETWEEN 1 5", "1.0"), 1);
    assert_int_equal(match("BETWEEN 1 5", "5.0"), -1);
    assert_int_equal(match("# >=3 and <=9 #", "9.0"), 1);
    assert_int_equal(match("# <2 or >30 #", "30.0"), -1);
    assert_int_equal(match("# <2 or >30 #", "31.0"), 1);
    assert_int_equal(match("# >5 #", "6.0"), -1); /* the blank in front makes it an equality */
    assert_int_equal(match(">=20", "20.0"), 1);
    assert_int_equal(match(">=20", "many"), -1);
}

static void test_bad_patterns(void **state)
{
    static const char *const keys[] = {"(F[)", "BETWEEN 5 1", "BETWEEN 1", ">", "<x", "BETWEEN a b"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        rp_arena arena = {0};
        rp_regex *regexes = NULL;
        const rp_pattern *pattern;
        rp_error err = {0};
        assert_int_equal(rp_pattern_compile(&pattern, &arena, &regexes, keys[i], &err), RP_E_FORMAT);
        assert_true(err.text[0] != '\0');
        rp_regexes_free(regexes);
        rp_arena_clear(&arena);
    }
}

/* ---- dates ---- */

static void test_dates(void **state)
{
    static const char *const cases[][2] = {
        {"2022-05-15 03:04:05", "2022-05-15 03:04:05"},
        {"2022/05/15 03:04", "2022-05-15 03:04:00"},
        {"2022-05-15T03:04:05.25", "2022-05-15 03:04:05.250000"},
        {"2022-05-15 03:04:56.789", "2022-05-15 03:04:56.789000"},
        {"2022-05-15", "2022-05-15 00:00:00"},
        {"12/21/1999 05:42:35", "1999-12-21 05:42:35"},
        {"21/12/99 05:42:00 PM", "1999-12-21 17:42:00"},
        {"21/12/15 05:42", "2015-12-21 05:42:00"},
        {"19970114:053714", "1997-01-14 05:37:14"},
        {"Dec 01 1993 00:00:00 UT", "1993-12-01 00:00:00"},
        {"Mar 21 2001 12:00:00 am", "2001-03-21 00:00:00"},
        {"JULY 27, 1999", "1999-07-27 00:00:00"},
        {"03-Jan-2013", "2013-01-03 00:00:00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[RP_DATE_TEXT];
        rp_buffer why = {0};
        rp_date date;
        assert_true(rp_date_parse(&date, cases[i][0], strlen(cases[i][0]), &why));
        text[rp_date_format(text, &date)] = '\0';
        assert_string_equal(text, cases[i][1]);
        rp_buffer_clear(&why);
    }
}

static void test_bad_dates(void **state)
{
    static const char *const cases[][2] = {
        {"2020-13-45 00:00:00", "month must be in 1..12"},
        {"2021-02-29 00:00:00", "day is out of range for month"},
        {"2020-01-01 24:00:00", "hour must be in 0..23"},
        {"0000-01-01 00:00:00", "year 0 is out of range"},
        {"yesterday", "not enough values to unpack (expected 3, got 1)"},
        {"20200101.0", "Unknown numerical date format: '20200101.0'"},
        {"", "list index out of range"},
        {"2020-01-01 aa:bb", "invalid literal for int() with base 10: 'aa'"},
        {"2020-01-01 01:02:3x", "could not convert string to float: '3x'"},
        {"2020-01-01 12", "not enough values to unpack (expected 4, got 1)"},
        {"x UNDEFINED", "One or more required date/time values is UNDEFINED"},
        {"Foo Bar 2017", "Invalid month value 'Bar' in base date 'Foo Bar 2017'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rp_buffer why = {0};
        rp_date date;
        assert_false(rp_date_parse(&date, cases[i][0], strlen(cases[i][0]), &why));
        assert_string_equal(rp_buffer_text(&why), cases[i][1]);
        rp_buffer_clear(&why);
    }
}

static void test_date_distance(void **state)
{
    const rp_date a = {2020, 2, 28, 23, 59, 59, 500000}, b = {2020, 3, 1, 0, 0, 0, 0};
    (void)state;
    assert_true(rp_date_distance_s(&a, &b) == 86400.5);
    assert_true(rp_date_distance_s(&b, &a) == 86400.5);
}

/* ---- mapping text ---- */

static rp_code parse(const char *text, char message[RP_ERROR_TEXT])
{
    rp_arena arena = {0};
    rp_module module;
    rp_error err = {0};
    const rp_code code = rp_literal_parse(&module, &arena, "x.rmap", text, strlen(text), &err);
    (void)snprintf(message, RP_ERROR_TEXT, "%s", err.text);
    rp_arena_clear(&arena);
    return code;
}

static void test_literals(void **state)
{
    static const char text[] = "# a comment\n"
                               "header = {\n"
                               "  'a' : \"it\\'s\", 'b' : ('x' 'y', -3, 1.50, True, None,), # more\n"
                               "  'c' : (('k'),), 'n' : {'m': [1]}, 'r' : r'\\d', 'u': '\\u00e9',\n"
                               "}\n"
                               "comment = '''two\nlines'''\n"
                               "selector = Match({ ('A',) : UseAfter({'2020' : 'f.fits'}), })\n";
    rp_arena arena = {0};
    rp_module module;
    rp_buffer out = {0};
    (void)state;
    assert_int_equal(rp_literal_parse(&module, &arena, "x.rmap", text, strlen(text), NULL), RP_OK);
    rp_literal_repr(&out, module.header);
    assert_string_equal(rp_buffer_text(&out), "{'a': \"it's\", 'b': ('xy', -3, 1.5, True, None), 'c': ('k',), 'n': "
                                              "{'m': [1]}, 'r': '\\\\d', 'u': '\xc3\xa9'}");
    assert_true(rp_literal_is(module.comment, "two\nlines"));
    assert_string_equal(module.selector->text, "Match");
    assert_int_equal(module.selector->line, 8);
    rp_buffer_clear(&out);
    rp_arena_clear(&arena);
}

static void test_bad_literals(void **state)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "no header"},
        {"header = {'a' : 1}", "no selector"},
        {"import os\nheader = {}", "only header, comment and selector"},
        {"header = {'a' : 1", "inside brackets"},
        {"header = {'a' : open('x')}", "one dictionary"},
        {"header = {'a' : b}", "bare name"},
        {"header = {'a'}", "':' missing"},
        {"header = {'a' : 'b}", "closing quote"},
        {"header = {'a' : 'b\\xzz'}", "bad escape"},
        {"header = {'a' : 012}", "bad number"},
        {"header = {{} : 1}", "a key is"},
        {"header = {'a' : '\xff'}", "not UTF-8"},
        {"header = 1 + 1\nselector = {}", "not an assignment"},
    };
    char message[RP_ERROR_TEXT], deep[400] = "header = ";
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(parse(cases[i].text, message), RP_E_FORMAT);
        if (!strstr(message, cases[i].says))
            print_error("'%s' says '%s'\n", cases[i].text, message);
        assert_non_null(strstr(message, cases[i].says));
    }
    memset(deep + strlen(deep), '(', 200);
    assert_int_equal(parse(deep, message), RP_E_FORMAT);
    assert_non_null(strstr(message, "nested too deeply"));
}

static void count_repeated(void *payload, const rp_pair *pair, const rp_literal *before)
{
    (void)pair;
    (void)before;
    ++*(int *)payload;
}

static void test_repeated_keys(void **state)
{
    static const char text[] = "header = {'a' : 1, 'b' : 2, 'a' : 3, 1 : 4, 1.0 : 5}\nselector = {}";
    rp_arena arena = {0};
    rp_module module;
    size_t count;
    int repeated = 0;
    (void)state;
    assert_int_equal(rp_literal_parse(&module, &arena, "x", text, strlen(text), NULL), RP_OK);
    const rp_pair *pair = rp_literal_unique(&arena, module.header, &count, count_repeated, &repeated);
    assert_non_null(pair);
    assert_int_equal(count, 3);
    assert_int_equal(repeated, 2);
    assert_string_equal(pair[0].value->text, "3"); /* first place, last value */
    assert_string_equal(rp_literal_get(module.header, "a")->text, "3");
    rp_arena_clear(&arena);
}

/* ---- expressions ---- */

static int find_name(void *payload, const char *name)
{
    (void)payload;
    return strcmp(name, "TYPE") == 0 ? 0 : strcmp(name, "keep") == 0 ? RP_NAME_FALSE : RP_NAME_UNKNOWN;
}

static const char *slot_text(void *payload, int slot, size_t *length)
{
    assert_int_equal(slot, 0);
    *length = strlen(payload);
    return payload;
}

/* 1 true, 0 false, -1 fails with `message`, -2 is refused. */
static int evaluate(const char *text, char *value, char message[256])
{
    rp_arena arena = {0};
    const rp_scope scope = {find_name, NULL};
    const rp_lookup lookup = {slot_text, value};
    const rp_expression *expression;
    const char *why = NULL;
    bool truth = false;
    int out = -2;
    if (rp_expression_parse(&expression, &arena, "x.rmap", text, &scope, NULL) == RP_OK) {
        out = rp_expression_evaluate(expression, &lookup, &arena, &truth, &why) ? truth : -1;
        (void)snprintf(message, 256, "%s", why ? why : "");
    }
    rp_arena_clear(&arena);
    return out;
}

static void test_expressions(void **state)
{
    char value[] = "NRC_IMAGE", message[256];
    (void)state;
    assert_int_equal(evaluate("(TYPE == \"NRC_IMAGE\")", value, message), 1);
    assert_int_equal(evaluate("TYPE not in ('NRC_IMAGE', 'X')", value, message), 0);
    assert_int_equal(evaluate("TYPE in ('X',) or not keep", value, message), 1);
    assert_int_equal(evaluate("TYPE in 'ANRC_IMAGEB'", value, message), 1);
    assert_int_equal(evaluate("'a' < 'b' < 'c' and 1 <= 1.0 and -1 != 1", value, message), 1);
    assert_int_equal(evaluate("'' if TYPE == 'NRC_IMAGE' else 'x'", value, message), 0);
    assert_int_equal(evaluate("NOSUCH == 1", value, message), -1);
    assert_string_equal(message, "name 'NOSUCH' is not defined");
    assert_int_equal(evaluate("TYPE < 5", value, message), -1);
    assert_string_equal(message, "'<' not supported between instances of 'str' and 'int'");
    assert_int_equal(evaluate("5 in TYPE", value, message), -1);
    assert_string_equal(message, "'in <string>' requires string as left operand, not int");
    assert_int_equal(evaluate("TYPE.lower() == 'x'", value, message), -2);
    assert_int_equal(evaluate("TYPE ==", value, message), -2);
    assert_int_equal(evaluate("1 + 1", value, message), -2);
    assert_int_equal(evaluate("(TYPE == 'x'", value, message), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_float),       cmocka_unit_test(test_condition),    cmocka_unit_test(test_quote),
        cmocka_unit_test(test_glob),        cmocka_unit_test(test_patterns),     cmocka_unit_test(test_bad_patterns),
        cmocka_unit_test(test_dates),       cmocka_unit_test(test_bad_dates),    cmocka_unit_test(test_date_distance),
        cmocka_unit_test(test_literals),    cmocka_unit_test(test_bad_literals), cmocka_unit_test(test_repeated_keys),
        cmocka_unit_test(test_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
