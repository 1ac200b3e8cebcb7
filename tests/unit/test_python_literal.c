/* Python literals to JSON and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/python/literal.h"

static void expect(const char *text, const char *json)
{
    json_t *got = NULL, *want = json_loads(json, JSON_DECODE_ANY, NULL);
    rp_error err = {0};
    assert_non_null(want);
    if (rp_python_read(&got, "x", text, strlen(text), &err) != RP_OK)
        fail_msg("%s: %s", text, err.text);
    if (!json_equal(got, want))
        fail_msg("%s is read as %s", text, json_dumps(got, JSON_ENCODE_ANY));
    char *again = rp_python_write(got);
    json_t *back = NULL;
    assert_int_equal(rp_python_read(&back, "x", again, strlen(again), &err), RP_OK);
    assert_true(json_equal(back, want));
    free(again);
    json_decref(back);
    json_decref(got);
    json_decref(want);
}

static void test_values(void **state)
{
    (void)state;
    expect("{'a': 1, \"b\": [True, False, None], 'c': ('x',), 'd': (), 'e': ('y')}",
           "{\"a\": 1, \"b\": [true, false, null], \"c\": [\"x\"], \"d\": [], \"e\": \"y\"}");
    expect("{'x', 'y'}", "[\"x\", \"y\"]");
    expect("{}", "{}");
    expect("-1.5e3", "-1500.0");
    expect("'one '\n  'two'", "\"one two\"");
    expect("'it\\'s \\n\\x41\\u00e9\\101 \\q'", "\"it's \\nA\\u00e9A \\\\q\"");
    expect("'''a\nb'''", "\"a\\nb\"");
    expect("\"it's \\\"both\\\"\"", "\"it's \\\"both\\\"\"");
    expect("# a comment\n[1, # one\n 2,]", "[1, 2]");
    expect("{'a': 1, 'a': 2}", "{\"a\": 2}");
    expect("'\\U0001f600'", "\"\\ud83d\\ude00\"");
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",       "{",       "[1",        "'a",    "{'a'}x", "{'a' 1}",         "{1: 2}", "open('x')", "[1 2]",
        "'a\nb'", "'\\xg0'", "'\\ud800'", "1.2.3", "--1",    "{'a': 1 'b': 2}", "\x01",   "nan",       "'\xff'"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *got = NULL;
        rp_error err = {0};
        if (rp_python_read(&got, "file", bad[i], strlen(bad[i]), &err) == RP_OK)
            fail_msg("%s is taken", bad[i]);
        assert_null(got);
        assert_non_null(strstr(err.text, "file"));
    }
}

static void test_depth(void **state)
{
    (void)state;
    char deep[5000];
    json_t *got = NULL;
    memset(deep, '[', sizeof deep);
    assert_int_equal(rp_python_read(&got, "x", deep, sizeof deep, NULL), RP_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_depth)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
