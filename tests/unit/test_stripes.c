/* Rows of frames that are put together from stripes; the numbers are jwst 3.0.0's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/reference/reference_impl.h"
#include "io/product/meta.h"

static void check(const rp_stripes *stripes, const int32_t *expected)
{
    int32_t row[2048];
    assert_int_equal(rp_stripes_rows(stripes, row, "x", NULL), RP_OK);
    assert_memory_equal(row, expected, (size_t)stripes->size * sizeof *row);
}

static void test_rows(void **state)
{
    rp_stripes s = {.reads1 = 1, .skips1 = 10, .reads2 = 3, .skips2 = 2, .repeat = 1, .interleave = 1, .size = 12};
    check(&s, (const int32_t[]){0, 11, 12, 13, 0, 16, 17, 18, 0, 21, 22, 23});
    s.reversed = true;
    check(&s, (const int32_t[]){2024, 2025, 2026, 2047, 2029, 2030, 2031, 2047, 2034, 2035, 2036, 2047});
    s.reversed = false;
    s.interleave = 0;
    s.start = 4;
    check(&s, (const int32_t[]){4, 15, 16, 17, 4, 15, 16, 17, 4, 15, 16, 17});
    s = (rp_stripes){.reads1 = 2, .skips1 = 4, .reads2 = 3, .skips2 = 6, .size = 11};
    check(&s, (const int32_t[]){0, 1, 6, 7, 8, 15, 16, 17, 24, 25, 26});
    (void)state;
}

static void test_misfits(void **state)
{
    int32_t row[2048];
    rp_stripes s = {.reads1 = 1, .skips1 = 10, .reads2 = 3, .skips2 = 2, .repeat = 1, .interleave = 1, .size = 13};
    assert_int_equal(rp_stripes_rows(&s, row, "x", NULL), RP_E_MISMATCH); /* no whole stripe */
    s.size = 12;
    s.reads2 = 0;
    assert_int_equal(rp_stripes_rows(&s, row, "x", NULL), RP_E_MISMATCH); /* nothing to read */
    s.reads2 = 3;
    s.skips1 = 2046;
    assert_int_equal(rp_stripes_rows(&s, row, "x", NULL), RP_E_MISMATCH); /* beyond the detector */
    s.skips1 = -2048;
    assert_int_equal(rp_stripes_rows(&s, row, "x", NULL), RP_E_MISMATCH);
    s = (rp_stripes){.reads2 = 1, .size = 4096};
    assert_int_equal(rp_stripes_rows(&s, row, "x", NULL), RP_E_MISMATCH);
    (void)state;
}

static void test_keywords(void **state)
{
    static const char *const names[] = {"MSTR_RD1", "MSTR_SK1", "MSTR_RD2", "MSTR_SK2", "MSTR_RPT", "MSTR_ILV"};
    rp_meta *meta = NULL;
    rp_stripes s;
    (void)state;
    assert_int_equal(rp_meta_new(&meta, RP_SCHEMA_RAMP, "x.fits", NULL), RP_OK);
    for (int64_t k = 0; k < 6; k++)
        assert_int_equal(rp_meta_set_int(meta, names[k], k + 1, NULL), RP_OK);
    assert_int_equal(rp_stripes_read(&s, meta, 20, 30, NULL), RP_E_MISSING);
    assert_int_equal(rp_meta_set_int(meta, "SLOWAXIS", -2, NULL), RP_OK);
    assert_int_equal(rp_meta_set_int(meta, "SUBSTRT2", 2040, NULL), RP_OK);
    assert_int_equal(rp_stripes_read(&s, meta, 20, 30, NULL), RP_OK);
    assert_true(s.slow_is_y && s.reversed && s.size == 20 && s.start == 8 && s.reads1 == 1 && s.interleave == 6);
    assert_int_equal(rp_meta_set_string(meta, "SUBARRAY", "SUB41STRIPE1_DHS", NULL), RP_OK);
    assert_int_equal(rp_stripes_read(&s, meta, 20, 30, NULL), RP_OK);
    assert_int_equal(s.start, 0);
    rp_meta_free(meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows), cmocka_unit_test(test_misfits),
                                       cmocka_unit_test(test_keywords)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
