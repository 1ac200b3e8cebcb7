/* Parts of refpix on the host: sums, clipped means, geometry, side signal.  Literals: numpy 2.4 and scipy 1.17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "host/steps/pairwise.h"
#include "host/steps/refpix.h"
#include "rampart/dq.h"

enum { NVALUES = 300 };

/* Numbers of a congruential generator, 0 to 256. */
static void make_values(float *values)
{
    uint32_t seed = 12345;
    for (int k = 0; k < NVALUES; k++) {
        seed = seed * 1664525u + 1013904223u;
        values[k] = (float)(seed >> 8) * (1.0f / 65536.0f);
    }
    values[10] = 9000.0f, values[200] = -5000.0f, values[299] = 900.0f;
}

static void test_pairwise_sums(void **state)
{
    static const struct {
        size_t n;
        double narrow, wide;
    } expected[] = {
        {7, 0x1.5ddfc0p+9, 0x1.5ddfbf8p+9},      {8, 0x1.a4100cp+9, 0x1.a4100bp+9},
        {127, 0x1.9b69eep+14, 0x1.9b69eb6p+14},  {128, 0x1.9f2236p+14, 0x1.9f2234bp+14},
        {129, 0x1.a2bef4p+14, 0x1.a2bef488p+14}, {300, 0x1.51f890p+15, 0x1.51f88f24p+15},
    };
    float values[NVALUES];
    double doubles[NVALUES];
    (void)state;
    make_values(values);
    for (int k = 0; k < NVALUES; k++)
        doubles[k] = values[k];
    for (size_t k = 0; k < sizeof expected / sizeof *expected; k++) {
        assert_true((double)rp_pairwise_sum_f32(values, expected[k].n) == expected[k].narrow);
        assert_true(rp_pairwise_sum_f64(doubles, expected[k].n) == expected[k].wide);
    }
    assert_true(rp_pairwise_sum_f32(values, 0) == 0.0f);
}

static void test_clipped_means(void **state)
{
    float values[NVALUES];
    double scratch[2 * NVALUES];
    (void)state;
    make_values(values);
    rp_refpix_mean mean = rp_refpix_clipped_mean(values, NVALUES, 3.0, false, scratch);
    assert_true(mean.exists && !mean.wide && mean.value == 0x1.025182p+7);
    mean = rp_refpix_clipped_mean(values, NVALUES, 3.0, true, scratch);
    assert_true(mean.exists && mean.wide && mean.value == 0x1.0251816a052bfp+7);
    mean = rp_refpix_clipped_mean(values, NVALUES, 1.5, false, scratch);
    assert_true(mean.value == 0x1.915cb6p+6);
    mean = rp_refpix_clipped_mean(values, NVALUES, 1.5, true, scratch);
    assert_true(mean.value == 0x1.915cb6aaaaaabp+6);
    values[77] = NAN;
    mean = rp_refpix_clipped_mean(values, NVALUES, 3.0, true, scratch);
    assert_true(mean.exists && isnan(mean.value));
    assert_false(rp_refpix_clipped_mean(values, 0, 3.0, true, scratch).exists);
    for (int k = 0; k < 5; k++)
        values[k] = 3.25f; /* no scatter: a double whatever was asked for */
    mean = rp_refpix_clipped_mean(values, 5, 3.0, false, scratch);
    assert_true(mean.exists && mean.wide && mean.value == 3.25);
}

static void test_averages(void **state)
{
    const rp_refpix_mean none = {0}, a = {true, false, 16777216.0}, b = {true, false, 2.0 / 3.0},
                         c = {true, true, 0.75};
    (void)state;
    assert_false(rp_refpix_average(none, none).exists);
    assert_true(rp_refpix_average(a, none).value == 16777216.0);
    assert_true(rp_refpix_average(none, c).value == 0.75);
    assert_true(rp_refpix_average(a, b).value == 8388608.0); /* in float: the sum is rounded */
    assert_true(rp_refpix_average(a, c).value == 8388608.375 && rp_refpix_average(a, c).wide);
}

static void test_orientation(void **state)
{
    /* rows 100 .. 103, columns 2000 .. 2047 of the exposure's own frame */
    rp_refpix_frame frame = {.y0 = 100, .x0 = 2000, .ny = 4, .nx = 48};
    int64_t y = 0, x = 0;
    (void)state;
    assert_int_equal(rp_refpix_i(&frame, 1, 2), 101);
    assert_int_equal(rp_refpix_j(&frame, 1, 2), 2002);
    frame.fast_reversed = true;
    assert_int_equal(rp_refpix_j(&frame, 1, 2), 45);
    frame.slow_reversed = true;
    assert_int_equal(rp_refpix_i(&frame, 1, 2), 1946);
    frame.fast_is_y = true;
    assert_int_equal(rp_refpix_i(&frame, 1, 2), 45);
    assert_int_equal(rp_refpix_j(&frame, 1, 2), 1946);
    assert_true(rp_refpix_pixel(&frame, 45, 1946, &y, &x));
    assert_int_equal(y, 1);
    assert_int_equal(x, 2);
    assert_false(rp_refpix_pixel(&frame, 48, 1946, &y, &x));
    assert_false(rp_refpix_pixel(&frame, 45, 1948, &y, &x));
}

static void test_border(void **state)
{
    rp_rect rect[RP_MAX_WINDOWS];
    (void)state;
    const rp_refpix_frame full = {.ny = 2048, .nx = 2048};
    assert_int_equal(rp_refpix_border(&full, rect), 4);
    assert_true(rect[0].y0 == 0 && rect[0].ny == 4 && rect[0].nx == 2048);
    assert_true(rect[1].y0 == 2044 && rect[3].x0 == 2044 && rect[3].nx == 4 && rect[3].ny == 2048);
    const rp_refpix_frame corner = {.y0 = 2, .x0 = 1990, .ny = 10, .nx = 58};
    assert_int_equal(rp_refpix_border(&corner, rect), 2);
    assert_true(rect[0].y0 == 0 && rect[0].ny == 2 && rect[0].nx == 58);
    assert_true(rect[1].x0 == 54 && rect[1].nx == 4 && rect[1].ny == 10);
    const rp_refpix_frame inside = {.y0 = 900, .x0 = 900, .ny = 32, .nx = 32};
    assert_int_equal(rp_refpix_border(&inside, rect), 0);
    const rp_refpix_frame columns = {.y0 = 900, .x0 = 900, .ny = 32, .nx = 32, .side_columns = true};
    assert_int_equal(rp_refpix_border(&columns, rect), 2);
    assert_true(rect[0].x0 == 0 && rect[0].nx == 4 && rect[1].x0 == 28 && rect[1].ny == 32);
}

enum { SIDE_NY = 12, SIDE_NX = 6 };

/* Twelve rows at the detector's edge, 10 y + x: the left side alone has reference pixels. */
static void side_signal(bool slow_reversed, bool wide, double *out)
{
    static const double level[2] = {0.0, 0.0};
    float data[SIDE_NY * SIDE_NX];
    uint32_t dq[SIDE_NY * SIDE_NX] = {0};
    for (int p = 0; p < SIDE_NY * SIDE_NX; p++)
        data[p] = (float)(p / SIDE_NX * 10 + p % SIDE_NX);
    dq[5 * SIDE_NX + 1] = RP_DQ_DO_NOT_USE;
    data[8 * SIDE_NX + 2] = NAN;
    const rp_refpix_frame frame = {.ny = SIDE_NY, .nx = SIDE_NX, .slow_reversed = slow_reversed};
    const rp_window window = {{0, 0, SIDE_NY, SIDE_NX}, data, NULL, dq, NULL};
    const rp_refpix_source source = {&window, false, 0};
    rp_refpix_side *side = NULL;
    assert_int_equal(rp_refpix_side_new(&side, &frame, &window, 1, 3, NULL), RP_OK);
    assert_int_equal(rp_refpix_side_good(side), 4 * SIDE_NY - 1);
    assert_int_equal(rp_refpix_side_length(side), SIDE_NY);
    rp_refpix_side_signal(side, &source, level, level, wide, 2.0, out);
    rp_refpix_side_free(side);
}

static void test_side_signal(void **state)
{
    /* Beyond the edge rows are mirrored; beyond the exposure they are missing.  Rows with NaN in reach have no signal.
     */
    static const double median[SIDE_NY] = {10.5, 11.5, 21.5, 31.5, 41, 52, 62, 0, 0, 0, 101.5, 106.5};
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        double out[SIDE_NY];
        side_signal(kind & 1, kind & 2, out);
        for (int t = 0; t < SIDE_NY; t++)
            assert_true(out[t] == 2.0 * median[t]);
    }
}

static void test_side_length_is_checked(void **state)
{
    const rp_refpix_frame frame = {.ny = SIDE_NY, .nx = SIDE_NX};
    float data[SIDE_NY * SIDE_NX] = {0};
    uint32_t dq[SIDE_NY * SIDE_NX] = {0};
    const rp_window window = {{0, 0, SIDE_NY, SIDE_NX}, data, NULL, dq, NULL};
    rp_refpix_side *side = NULL;
    rp_error err;
    (void)state;
    assert_int_equal(rp_refpix_side_new(&side, &frame, &window, 1, 1, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "side_smoothing_length is 1"));
    assert_int_equal(rp_refpix_side_new(&side, &frame, &window, 1, 4096, &err), RP_E_ARGUMENT);
    assert_int_equal(rp_refpix_side_new(&side, &frame, &window, 1, 4095, &err), RP_OK);
    rp_refpix_side_free(side);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairwise_sums),
        cmocka_unit_test(test_clipped_means),
        cmocka_unit_test(test_averages),
        cmocka_unit_test(test_orientation),
        cmocka_unit_test(test_border),
        cmocka_unit_test(test_side_signal),
        cmocka_unit_test(test_side_length_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
