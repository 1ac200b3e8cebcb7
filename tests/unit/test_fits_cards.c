/* Header cards: literals are what astropy 8.0.2 writes and reads. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/fits/cards.h"

static void assert_cards(rp_cards *cards, const char *const *want, size_t n)
{
    assert_int_equal(cards->count, n);
    for (size_t i = 0; i < n; i++) {
        char got[81], line[81];
        memcpy(got, cards->text + 80 * i, 80);
        got[80] = '\0';
        memset(line, ' ', 80);
        memcpy(line, want[i], strlen(want[i]));
        line[80] = '\0';
        assert_string_equal(got, line);
    }
    rp_cards_free(cards);
}

#define ASSERT_CARDS(cards, ...)                                  \
    do {                                                          \
        static const char *const want_[] = {__VA_ARGS__};         \
        assert_cards(cards, want_, sizeof want_ / sizeof *want_); \
    } while (0)

static void strings(void **state)
{
    (void)state;
    rp_cards c = {0};
    assert_int_equal(rp_cards_add_string(&c, "TELESCOP", "JWST", "telescope used to acquire the data", NULL), RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "a", "", NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "B", "", "empty", NULL), RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "TITLE", "it's", "", NULL), RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "COMM", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                                         "a comment that is far too long to fit on this card and is cut", NULL),
                     RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "RECORD", "AXIS.1: 2.50", "rvkc", NULL), RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "longkeyword", "v", NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "ESO DET", "q", "hier", NULL), RP_OK);
    ASSERT_CARDS(&c, "TELESCOP= 'JWST    '           / telescope used to acquire the data", "A       = ''",
                 "B       = '' / empty", "TITLE   = 'it''s   '",
                 "COMM    = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' / a comment that is far too",
                 "RECORD  = 'AXIS.1: 2.5' / rvkc", "HIERARCH longkeyword = 'v       '",
                 "HIERARCH ESO DET = 'q       '           / hier");
}

static void long_strings(void **state)
{
    (void)state;
    rp_cards c = {0};
    char z[101], comment[101];
    memset(z, 'z', 100);
    memset(comment, 'c', 100);
    z[100] = comment[100] = '\0';
    assert_int_equal(
        rp_cards_add_string(&c, "S_REGION",
                            "POLYGON ICRS  80.482712345 -69.494012345 80.480012345 -69.503912345 80.452012345 "
                            "-69.503012345 80.454812345 -69.493112345",
                            NULL, NULL),
        RP_OK);
    ASSERT_CARDS(&c, "S_REGION= 'POLYGON ICRS  80.482712345 -69.494012345 80.480012345 &'",
                 "CONTINUE  '-69.503912345 80.452012345 -69.503012345 80.454812345 &'", "CONTINUE  '-69.493112345'");
    assert_int_equal(
        rp_cards_add_string(&c, "LONGSTR",
                            "the quick brown fox jumps over the lazy dog and then it's off again to jump over it",
                            "with a comment", NULL),
        RP_OK);
    ASSERT_CARDS(&c, "LONGSTR = 'the quick brown fox jumps over the lazy dog and then it''s off &'",
                 "CONTINUE  'again to jump over it&'", "CONTINUE  '' / with a comment");
    assert_int_equal(rp_cards_add_string(&c, "LONGCOM", z, comment, NULL), RP_OK);
    ASSERT_CARDS(&c, "LONGCOM = 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz&'",
                 "CONTINUE  'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz&'",
                 "CONTINUE  '&' / cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
                 "CONTINUE  '' / cccccccccccccccccccccccccccccccccccc");
}

static void numbers(void **state)
{
    (void)state;
    rp_cards c = {0};
    assert_int_equal(rp_cards_add_double(&c, "EXPTIME", 21.47354, "[s] exposure time", NULL), RP_OK);
    assert_int_equal(rp_cards_add_double(&c, "CRVAL1", 1e-05, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_double(&c, "BIG", 1.2345678901234567e+20, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_double(&c, "NEG", -123456.78901234567, "cut to 20", NULL), RP_OK);
    assert_int_equal(rp_cards_add_double(&c, "TINY", -1.2345678901234567e-300, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_double(&c, "LONGKEYWORD_X", 3.5, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_int(&c, "N", -5, "count", NULL), RP_OK);
    assert_int_equal(rp_cards_add_bool(&c, "DONE", true, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_bool(&c, "NOT", false, "no", NULL), RP_OK);
    assert_int_equal(rp_cards_add_undefined(&c, "UNDEF", "no value", NULL), RP_OK);
    assert_int_equal(rp_cards_add_number_text(&c, "KEPT", "1.50E+02", NULL, NULL), RP_OK);
    ASSERT_CARDS(&c, "EXPTIME =             21.47354 / [s] exposure time", "CRVAL1  =                1E-05",
                 "BIG     = 1.23456789012345E+20", "NEG     =  -123456.78901234567 / cut to 20",
                 "TINY    = -1.234567890123E-300", "HIERARCH LONGKEYWORD_X = 3.5",
                 "N       =                   -5 / count", "DONE    =                    T",
                 "NOT     =                    F / no", "UNDEF   =  / no value", "KEPT    =             1.50E+02");
}

static void commentary(void **state)
{
    (void)state;
    rp_cards c = {0};
    assert_int_equal(rp_cards_add_commentary(&c, "", "", NULL), RP_OK);
    assert_int_equal(rp_cards_add_commentary(&c, "", "Program information", NULL), RP_OK);
    assert_int_equal(
        rp_cards_add_commentary(&c, "HISTORY",
                                "0123456789012345678901234567890123456789012345678901234567890123456789ABCD", NULL),
        RP_OK);
    ASSERT_CARDS(&c, "", "        Program information",
                 "HISTORY 0123456789012345678901234567890123456789012345678901234567890123456789AB", "HISTORY CD");
}

static void refusals(void **state)
{
    (void)state;
    rp_cards c = {0};
    rp_error err = {0};
    assert_int_equal(rp_cards_add_double(&c, "X", (double)NAN, NULL, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "keyword X"));
    assert_int_equal(rp_cards_add_double(&c, "X", (double)INFINITY, NULL, NULL), RP_E_ARGUMENT);
    assert_int_equal(rp_cards_add_string(&c, "X", "caf\xc3\xa9", NULL, NULL), RP_E_ARGUMENT);
    assert_int_equal(rp_cards_add_string(&c, "X", "v", "a\nb", NULL), RP_E_ARGUMENT);
    assert_int_equal(rp_cards_add_string(&c, "A=B", "v", NULL, NULL), RP_E_ARGUMENT);
    assert_int_equal(rp_cards_add_string(&c, "END", "v", NULL, NULL), RP_E_ARGUMENT);
    assert_int_equal(rp_cards_add_string(&c, " ", "v", NULL, NULL), RP_E_ARGUMENT);
    assert_int_equal(rp_cards_add_commentary(&c, "OTHER", "v", NULL), RP_E_ARGUMENT);
    assert_int_equal(c.count, 0);
    rp_cards_free(&c);
}

static void shortest_decimals(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0.0, "0.0"},
                {-0.0, "-0.0"},
                {0.1, "0.1"},
                {1e16, "1e+16"},
                {1e15, "1000000000000000.0"},
                {123456789012345680.0, "1.2345678901234568e+17"},
                {0.0001, "0.0001"},
                {0.00001, "1e-05"},
                {5e-324, "5e-324"},
                {21.47354, "21.47354"},
                {1.7976931348623157e308, "1.7976931348623157e+308"},
                {0x1p-44, "5.684341886080802e-14"}, /* a power of two: the nearest 16 digits do not read back */
                {0x1p-1022, "2.2250738585072014e-308"},
                {-150.0, "-150.0"},
                {1.0 / 3.0, "0.3333333333333333"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[RP_NUMBER_TEXT];
        rp_double_repr(text, rows[i].value);
        assert_string_equal(text, rows[i].text);
        assert_true(rp_double_parse(text) == rows[i].value);
    }
}

static void parse(rp_card *card, const char *record)
{
    char padded[80];
    memset(padded, ' ', 80);
    memcpy(padded, record, strlen(record));
    assert_int_equal(rp_card_parse(card, padded, 1, NULL), RP_OK);
    assert_int_equal(card->ncards, 1);
}

static void reading(void **state)
{
    (void)state;
    static const struct {
        const char *record, *keyword;
        rp_card_kind kind;
        const char *text, *comment;
    } rows[] = {
        {"TITLE   = 'it''s / not'  / quoted", "TITLE", RP_CARD_STRING, "it's / not", "quoted"},
        {"TITLE   = 'a'' b' / q", "TITLE", RP_CARD_STRING, "a' b", "q"},
        {"BLANK   = '   '", "BLANK", RP_CARD_STRING, "", ""},
        {"OPEN    = 'no end", "OPEN", RP_CARD_OTHER, "'no end", ""},
        {"N       = + 12 /c", "N", RP_CARD_INT, "+ 12", "c"},
        {"X       = 1.5d-3", "X", RP_CARD_FLOAT, "1.5d-3", ""},
        {"BAD     = 1E", "BAD", RP_CARD_OTHER, "1E", ""},
        {"WORD    = TRUE", "WORD", RP_CARD_OTHER, "TRUE", ""},
        {"CPLX    = (1, 2)", "CPLX", RP_CARD_OTHER, "(1, 2)", ""},
        {"HUGE    = 12345678901234567890123", "HUGE", RP_CARD_FLOAT, "12345678901234567890123", ""},
        {"NONE    =  / nothing", "NONE", RP_CARD_UNDEFINED, "", "nothing"},
        {"HISTORY = not a value", "HISTORY", RP_CARD_COMMENTARY, "= not a value", ""},
        {"          text", "", RP_CARD_COMMENTARY, "  text", ""},
        {"hierarch eso det id = 'x' / h", "ESO DET ID", RP_CARD_STRING, "x", "h"},
        {"KEYWORD 'no indicator'", "KEYWORD", RP_CARD_OTHER, "'no indicator'", ""},
        {"lower   =                    T / b", "LOWER", RP_CARD_BOOL, "T", "b"},
    };
    rp_card card = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        parse(&card, rows[i].record);
        assert_string_equal(card.keyword, rows[i].keyword);
        assert_int_equal(card.kind, rows[i].kind);
        assert_string_equal(card.text + strspn(card.text, rows[i].kind == RP_CARD_OTHER ? " " : ""), rows[i].text);
        assert_string_equal(card.comment, rows[i].comment);
    }
    parse(&card, "X       = - 1.5 D-3 / spaced");
    assert_true(card.kind == RP_CARD_FLOAT && card.f == -1.5e-3);
    parse(&card, "N       = -9223372036854775808");
    assert_true(card.kind == RP_CARD_INT && card.i == INT64_MIN && card.f == -9223372036854775808.0);
    rp_card_clear(&card);
}

static void joining(void **state)
{
    (void)state;
    rp_cards c = {0};
    rp_card card = {0};
    const char *const value = "the quick brown fox jumps over the lazy dog and then it's off again to jump over it";
    assert_int_equal(rp_cards_add_string(&c, "LONGSTR", value, "with a comment", NULL), RP_OK);
    assert_int_equal(rp_cards_add_int(&c, "N", 1, NULL, NULL), RP_OK);
    assert_int_equal(rp_card_parse(&card, c.text, c.count, NULL), RP_OK);
    assert_int_equal(card.ncards, 3);
    assert_int_equal(card.kind, RP_CARD_STRING);
    assert_string_equal(card.text, value);
    assert_string_equal(card.comment, "with a comment");
    rp_card_clear(&card);
    rp_cards_free(&c);
}

static void lookups(void **state)
{
    (void)state;
    rp_cards c = {0};
    int64_t i = 7;
    double d = 0;
    bool b = false;
    char text[4];
    assert_int_equal(rp_cards_add_int(&c, "N", 3, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_double(&c, "X", 2.5, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_bool(&c, "B", true, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_string(&c, "S", "abcdef", NULL, NULL), RP_OK);
    assert_false(rp_cards_get_int(c.text, c.count, "X", &i));
    assert_false(rp_cards_get_int(c.text, c.count, "NONE", &i));
    assert_int_equal(i, 7);
    assert_true(rp_cards_get_int(c.text, c.count, "N", &i) && i == 3);
    assert_true(rp_cards_get_double(c.text, c.count, "N", &d) && d == 3.0);
    assert_true(rp_cards_get_double(c.text, c.count, "X", &d) && d == 2.5);
    assert_true(rp_cards_get_bool(c.text, c.count, "B", &b) && b);
    assert_true(rp_cards_get_string(c.text, c.count, "S", text, sizeof text));
    assert_string_equal(text, "abc");
    assert_null(rp_cards_find(c.text, c.count, "TOOLONGKEY"));
    assert_int_equal(rp_cards_add_commentary(&c, "", "END", NULL), RP_OK);
    memcpy(c.text + 80 * 2, "END     ", 8);
    assert_int_equal(rp_cards_count(c.text, c.count * 80), 2);
    rp_cards_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings),    cmocka_unit_test(long_strings), cmocka_unit_test(numbers),
        cmocka_unit_test(commentary), cmocka_unit_test(refusals),     cmocka_unit_test(shortest_decimals),
        cmocka_unit_test(reading),    cmocka_unit_test(joining),      cmocka_unit_test(lookups),
    };
    (void)setlocale(LC_ALL, "");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
