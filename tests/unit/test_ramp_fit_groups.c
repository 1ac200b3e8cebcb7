/* Which groups of MIRI ramps the fit sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "host/steps/ramp_fit.h"

enum { NINTS = 2, NGROUPS = 6 };

/* unusable: one character per group of both integrations, 'x' where no pixel can use it. */
static rp_fit_range range_of(const char *unusable, bool is_miri, int64_t first, int64_t last)
{
    uint8_t marks[NINTS * NGROUPS] = {0};
    for (size_t k = 0; k < sizeof marks; k++)
        marks[k] = unusable[k] == 'x';
    rp_run run = {.nints = NINTS, .ngroups = NGROUPS, .unusable_at_fit = marks};
    rp_ramp_fit fit = {.is_miri = is_miri, .first_group = first, .last_group = last};
    const rp_stage stage = {.run = &run, .state = &fit};
    return rp_ramp_fit_range(&stage);
}

static void expect(rp_fit_range range, int64_t first, int64_t count)
{
    assert_int_equal(range.first, first);
    assert_int_equal(range.count, count);
}

static void test_groups(void **state)
{
    (void)state;
    expect(range_of("............", true, 0, 5), 0, 6);
    expect(range_of("xx....x.....", true, 0, 5), 1, 5); /* in all integrations, or not at all */
    expect(range_of("xx...xxx...x", true, 0, 5), 2, 3);
    expect(range_of("....xx....xx", true, 0, 5), 0, 5); /* of trailing groups only the last */
    expect(range_of("x.x...x.x...", true, 0, 5), 1, 5);
    expect(range_of("xxxxxxxxxxxx", true, 0, 5), 6, 0);
    expect(range_of("xxxxxxxxxxxx", false, 0, 5), 0, 6); /* other instruments keep theirs */
    expect(range_of("............", true, 2, 4), 2, 3);  /* firstgroup and lastgroup count */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_groups)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
