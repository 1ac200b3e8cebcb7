/* gain_scale on words of a plane: products in float32, squares in double, NaN. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "host/steps/gain_scale.h"

static void test_rates(void **state)
{
    (void)state;
    /* 1, 0.1f, -3.25, infinity and a NaN with a payload, big-endian */
    uint32_t words[5] = {0x0000803f, 0xcdcccc3d, 0x000050c0, 0x0000807f, 0x0100c0ff};
    rp_gain_scale_plane(words, 5, 1.9, false);
    assert_int_equal(__builtin_bswap32(words[0]), 0x3ff33333);
    assert_int_equal(__builtin_bswap32(words[1]), 0x3e428f5c);
    assert_int_equal(__builtin_bswap32(words[2]), 0xc0c59999);
    assert_int_equal(__builtin_bswap32(words[3]), 0x7f800000);
    assert_int_equal(__builtin_bswap32(words[4]), 0x7fc00000);
}

static void test_variances(void **state)
{
    (void)state;
    uint32_t words[2] = {0x0000803f, 0xcdcccc3d};
    rp_gain_scale_plane(words, 2, 1.9, true);
    assert_int_equal(__builtin_bswap32(words[0]), 0x40670a3d); /* (float)(1.9 * 1.9) */
    assert_int_equal(__builtin_bswap32(words[1]), 0x3eb8d4fe);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rates), cmocka_unit_test(test_variances)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
