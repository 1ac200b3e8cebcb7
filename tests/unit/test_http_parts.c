/* Targets, ranges, conditions and dates of the HTTP layer, without connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "archive/http/conditions.h"
#include "archive/http/target.h"

static int parse(const char *raw, const char *path)
{
    rp_http_target target;
    const int status = rp_http_target_parse(&target, raw);
    if (status == 0 && path)
        assert_string_equal(target.path, path);
    rp_http_target_clear(&target);
    return status;
}

static void test_paths(void **state)
{
    (void)state;
    assert_int_equal(parse("/", "/"), 0);
    assert_int_equal(parse("/a/b%20c", "/a/b c"), 0);
    assert_int_equal(parse("/caf%C3%A9", "/caf\xc3\xa9"), 0);
    assert_int_equal(parse("/a+b", "/a+b"), 0);
    assert_int_equal(parse("/...", "/..."), 0);
    assert_int_equal(parse("http://example.org/a?b=c", "/a"), 0);
    assert_int_equal(parse("/%252e%252e", "/%2e%2e"), 0); /* decoded once only */
}

static void test_bad_paths(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",        "a",       "*",       "/..",          "/../x",     "/a/./b",       "/a/..",
        "/%2e%2e", "/%2E./x", "/a%2fb",  "/..%2f..%2fx", "/a%5c..",   "/a\\b",        "/%00",
        "/%0a",    "/%7f",    "/%",      "/%4",          "/%zz",      "/%c0%ae",      "/%ed%a0%80",
        "/%ff",    "/a#b",    "http://", "http:///a",    "ftp://h/a", "/%f5%80%80%80"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse(bad[i], NULL) != 400)
            fail_msg("%s is not refused", bad[i]);
}

static void test_queries(void **state)
{
    (void)state;
    rp_http_target target;
    assert_int_equal(rp_http_target_parse(&target, "/x?a=1&b=two+words%21&&c&=d&a=%26"), 0);
    assert_int_equal(target.nparameters, 5);
    assert_string_equal(target.parameter[1].name, "b");
    assert_string_equal(target.parameter[1].value, "two words!");
    assert_string_equal(target.parameter[2].name, "c");
    assert_string_equal(target.parameter[2].value, "");
    assert_string_equal(target.parameter[3].name, "");
    const rp_http_request request = {.parameter = target.parameter, .nparameters = target.nparameters};
    assert_string_equal(rp_http_parameter(&request, "a"), "1");
    assert_null(rp_http_parameter(&request, "z"));
    rp_http_target_clear(&target);
    assert_int_equal(parse("/x?a=%", NULL), 400);
    assert_int_equal(parse("/x?a=%00", NULL), 400);
    char many[4096] = "/x?";
    memset(many + 3, '&', 1100);
    assert_int_equal(parse(many, NULL), 414);
}

static void expect_range(const char *range, int status, uint64_t first, uint64_t size)
{
    const rp_http_conditions c = {.range = range};
    const rp_http_part part = rp_http_choose(&c, 1000, "\"t\"", 0);
    if (part.status != status || part.first != first || part.size != size)
        fail_msg("%s gives %d, %llu, %llu", range, part.status, (unsigned long long)part.first,
                 (unsigned long long)part.size);
}

static void test_ranges(void **state)
{
    (void)state;
    expect_range("bytes=0-0", 206, 0, 1);
    expect_range("bytes=10-", 206, 10, 990);
    expect_range("BYTES=999-2000", 206, 999, 1);
    expect_range("bytes=-5", 206, 995, 5);
    expect_range("bytes=-5000", 206, 0, 1000);
    expect_range("bytes=0-18446744073709551616", 206, 0, 1000);
    expect_range("bytes=1000-", 416, 0, 0);
    expect_range("bytes=18446744073709551615-", 416, 0, 0);
    expect_range("bytes=99999999999999999999-", 416, 0, 0);
    expect_range("bytes=-0", 416, 0, 0);
    static const char *const ignored[] = {"bytes=5-3",    "bytes=abc",  "lines=1-2",  "bytes=--5",  "bytes=", "bytes=-",
                                          "bytes=0-0,-1", "bytes=1-2,", "bytes= 1-2", "bytes=1-2x", ""};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        expect_range(ignored[i], 200, 0, 1000);
}

static int condition(rp_http_conditions c)
{
    return rp_http_choose(&c, 1000, "\"tag\"", 784111777).status;
}

static void test_conditions(void **state)
{
    (void)state;
    static const char same[] = "Sun, 06 Nov 1994 08:49:37 GMT", older[] = "Sun, 06 Nov 1994 08:49:36 GMT";
    assert_int_equal(condition((rp_http_conditions){0}), 200);
    assert_int_equal(condition((rp_http_conditions){.if_none_match = "\"tag\""}), 304);
    assert_int_equal(condition((rp_http_conditions){.if_none_match = "\"a\", W/\"tag\""}), 304);
    assert_int_equal(condition((rp_http_conditions){.if_none_match = "*"}), 304);
    assert_int_equal(condition((rp_http_conditions){.if_none_match = "\"other\""}), 200);
    assert_int_equal(condition((rp_http_conditions){.if_none_match = "\"tag"}), 200);
    assert_int_equal(condition((rp_http_conditions){.if_match = "\"tag\""}), 200);
    assert_int_equal(condition((rp_http_conditions){.if_match = "W/\"tag\""}), 412);
    assert_int_equal(condition((rp_http_conditions){.if_modified_since = same}), 304);
    assert_int_equal(condition((rp_http_conditions){.if_modified_since = older}), 200);
    assert_int_equal(condition((rp_http_conditions){.if_modified_since = "nonsense"}), 200);
    /* the tag decides where both are given */
    assert_int_equal(condition((rp_http_conditions){.if_modified_since = same, .if_none_match = "\"x\""}), 200);
    assert_int_equal(condition((rp_http_conditions){.if_unmodified_since = older}), 412);
    assert_int_equal(condition((rp_http_conditions){.range = "bytes=1-2", .if_range = "\"tag\""}), 206);
    assert_int_equal(condition((rp_http_conditions){.range = "bytes=1-2", .if_range = "\"other\""}), 200);
    assert_int_equal(condition((rp_http_conditions){.range = "bytes=1-2", .if_range = same}), 206);
    assert_int_equal(condition((rp_http_conditions){.range = "bytes=1-2", .if_range = older}), 200);
}

static void test_dates(void **state)
{
    (void)state;
    char text[RP_HTTP_DATE];
    int64_t seconds = 0;
    rp_http_date(text, 784111777);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_true(rp_http_date_parse(text, &seconds));
    assert_int_equal(seconds, 784111777);
    assert_false(rp_http_date_parse("Sunday, 06-Nov-94 08:49:37 GMT", &seconds));
    assert_false(rp_http_date_parse("Sun, 06 Xxx 1994 08:49:37 GMT", &seconds));
    assert_false(rp_http_date_parse("Sun, 46 Nov 1994 08:49:37 GMT", &seconds));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),  cmocka_unit_test(test_bad_paths),  cmocka_unit_test(test_queries),
        cmocka_unit_test(test_ranges), cmocka_unit_test(test_conditions), cmocka_unit_test(test_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
