/* Which granules of a strip large events are likely to change, from bit planes made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/compute/engine_impl.h"

enum { NY = 12, NX = 190, WORDS = 3 };

static void start(rp_likely *l, int64_t first_row)
{
    rp_error err = {0};
    const rp_rect rows = {first_row, 0, NY, NX};
    assert_int_equal(rp_likely_start(l, rows, rows, &err), RP_OK);
    assert_int_equal(l->words_per_row, WORDS);
    memset(l->saturated, 0, NY * WORDS * sizeof *l->saturated);
    memset(l->jump, 0, NY * WORDS * sizeof *l->jump);
}

/* Looks at a group with these flags set in a rectangle, and nothing else. */
static void look(rp_likely *l, bool is_first, bool jump, int y0, int x0, int ny, int nx)
{
    memset(l->saturated, 0, NY * WORDS * sizeof *l->saturated);
    memset(l->jump, 0, NY * WORDS * sizeof *l->jump);
    uint64_t *const plane = jump ? l->jump : l->saturated;
    for (int y = y0; y < y0 + ny; y++)
        for (int x = x0; x < x0 + nx; x++)
            plane[y * WORDS + x / 64] |= UINT64_C(1) << x % 64;
    rp_likely_group(l, is_first);
}

/* Rows y0 .. y1 have these granules, a digit for each word; other rows have none. */
static void check(const rp_likely *l, int y0, int y1, int first, int second, int third)
{
    for (int y = 0; y < NY; y++) {
        const bool in = y >= y0 && y <= y1;
        assert_int_equal(rp_likely_granules(l, y, 0), in ? first : 0);
        assert_int_equal(rp_likely_granules(l, y, 1), in ? second : 0);
        assert_int_equal(rp_likely_granules(l, y, 2), in ? third : 0);
    }
}

static void test_words(void **state)
{
    (void)state;
    assert_int_equal(rp_granules_of_word(0), 0);
    assert_int_equal(rp_granules_of_word(UINT64_C(0x8000)), 1);
    assert_int_equal(rp_granules_of_word(UINT64_C(0x10000)), 2);
    assert_int_equal(rp_granules_of_word(UINT64_C(0x8000000100000000)), 12);
    assert_int_equal(rp_granules_of_word(UINT64_MAX), 15);
}

static void test_saturated_within_the_ramp(void **state)
{
    (void)state;
    rp_likely l = {0};
    start(&l, 0);
    look(&l, true, false, 0, 0, 0, 0);
    look(&l, false, false, 5, 61, 1, 1);
    look(&l, false, false, 5, 61, 1, 1);
    check(&l, 2, 8, 8, 1, 0);
    rp_likely_clear(&l);
}

static void test_saturated_from_the_start(void **state)
{
    (void)state;
    rp_likely l = {0};
    start(&l, 0);
    look(&l, true, false, 5, 62, 1, 1);
    look(&l, false, false, 5, 62, 1, 1);
    check(&l, 0, -1, 0, 0, 0);
    look(&l, true, false, 5, 62, 1, 1); /* the next integration */
    check(&l, 0, -1, 0, 0, 0);
    rp_likely_clear(&l);
}

static void test_dense_jumps(void **state)
{
    (void)state;
    rp_likely l = {0};
    start(&l, 0);
    look(&l, true, true, 2, 64, 6, 7); /* 42 of them are too few */
    check(&l, 0, -1, 0, 0, 0);
    look(&l, false, true, 2, 64, 7, 7); /* 49 in the box around row 5 */
    check(&l, 2, 8, 8, 3, 0);
    rp_likely_clear(&l);
}

static void test_solid_jumps(void **state)
{
    (void)state;
    rp_likely l = {0};
    start(&l, 24);
    look(&l, true, true, 0, 64, 7, 16);
    check(&l, 0, NY - 1, 12, 7, 0); /* two granules to both sides, from top to bottom */
    start(&l, 36);
    look(&l, true, false, 0, 0, 0, 0);
    check(&l, 0, NY - 1, 12, 7, 0); /* the strip below */
    start(&l, 48);
    look(&l, true, false, 0, 0, 0, 0);
    check(&l, 0, -1, 0, 0, 0);
    start(&l, 24);
    look(&l, true, true, 0, 64, 7, 16);
    start(&l, 60); /* not the one below */
    look(&l, true, false, 0, 0, 0, 0);
    check(&l, 0, -1, 0, 0, 0);
    rp_likely_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_saturated_within_the_ramp),
        cmocka_unit_test(test_saturated_from_the_start),
        cmocka_unit_test(test_dense_jumps),
        cmocka_unit_test(test_solid_jumps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
