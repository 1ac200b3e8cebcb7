/* Superbias, dark current, reset, group scale and the average dark: literal values. */
#include "kernel_run.h"

enum { NGROUPS = 3, NINTS = 3 };

static void superbias(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 100.0f);
    uint32_t *bias = new_fits_f32(STRIDE, 30.5f);
    bias[11] = fits_f32((float)NAN);
    data[STRIDE + 3] = 0.0f;
    rp_superbias_params params = {STRIDE, 0, 2, 0};
    run_lanes(k, RP_K_superbias, &params, (void *const[]){data, bias});
    assert_true(data[0] == 69.5f && data[STRIDE + 59] == 69.5f && data[11] == 100.0f && data[STRIDE + 3] == -30.5f);
    data[3] = 0.0f;
    params = (rp_superbias_params){STRIDE, 0, 1, 1};
    run_lanes(k, RP_K_superbias, &params, (void *const[]){data, bias});
    assert_true(data[3] == 0.0f && data[4] == 39.0f);
    free(data), free(bias);
}

/* Integrations 1 and 2 of 3; the first two groups of a ramp of two. */
static void measured_groups(const rp_host_kernel *k)
{
    float *data = new_f32(NINTS * NGROUPS * STRIDE, 100.0f);
    uint32_t *ramp = new_fits_f32(2 * STRIDE, 1.0f);
    for (size_t p = 0; p < STRIDE; p++)
        ramp[STRIDE + p] = fits_f32(2.0f);
    ramp[STRIDE + 9] = fits_f32((float)NAN);
    const rp_subtract_params params = {.stride = STRIDE,
                                       .ramp_stride = STRIDE,
                                       .first = 1,
                                       .count = 2,
                                       .per_integration = NGROUPS,
                                       .ngroups = 2,
                                       .nramp = 2};
    run_lanes(k, RP_K_subtract_ramp, &params, (void *const[]){data, ramp});
    for (size_t i = 0; i < NINTS; i++) {
        assert_true(data[(i * NGROUPS + 0) * STRIDE + 5] == (i ? 99.0f : 100.0f));
        assert_true(data[(i * NGROUPS + 1) * STRIDE + 5] == (i ? 98.0f : 100.0f));
        assert_true(data[(i * NGROUPS + 1) * STRIDE + 9] == 100.0f);
        assert_true(data[(i * NGROUPS + 2) * STRIDE + 5] == 100.0f);
    }
    free(data), free(ramp);
}

/* A ramp of two groups for one of three: 16777217 is not a float, but the extension is computed in double. */
static void extended_groups(const rp_host_kernel *k)
{
    float *data = new_f32(NGROUPS * STRIDE, 1.0f);
    uint32_t *ramp = new_fits_f32(2 * STRIDE, 16777214.0f);
    for (size_t p = 0; p < STRIDE; p++)
        ramp[STRIDE + p] = fits_f32(16777215.5f); /* rounds to 16777216 */
    ramp[STRIDE + 2] = fits_f32((float)NAN);
    for (size_t p = 20; p < STRIDE; p++)
        ramp[p] = fits_f32(16777215.0f);
    const rp_subtract_params params = {.stride = STRIDE,
                                       .ramp_stride = STRIDE,
                                       .count = 1,
                                       .per_integration = NGROUPS,
                                       .ngroups = NGROUPS,
                                       .nramp = 2};
    run_lanes(k, RP_K_subtract_ramp, &params, (void *const[]){data, ramp});
    assert_true(data[0] == -16777213.0f);
    assert_true(data[STRIDE] == -16777215.0f);
    assert_true(data[2 * STRIDE] == -16777216.0f);
    assert_true(data[2 * STRIDE + 20] == -16777216.0f); /* 1 - (16777216 + 1) exactly; in single precision -16777215 */
    assert_true(data[1 * STRIDE + 2] == 1.0f && data[2 * STRIDE + 2] == 1.0f);
    free(data), free(ramp);
}

static void group_scale(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 3.0f);
    const rp_group_scale_params params = {STRIDE, 2, 4.0f / 3.0f};
    run_lanes(k, RP_K_group_scale, &params, (void *const[]){data});
    assert_int_equal(float_bits(data[STRIDE + 1]), float_bits(3.0f * 1.33333337306976318359375f));
    free(data);
}

static void average(const rp_host_kernel *k)
{
    float *dark = new_f32(STRIDE, 9.0f);
    uint32_t *plane = new_fits_f32(STRIDE + 16, 0.25f);
    rp_dark_average_params params = {0, 0, 0.003f};
    run_lanes(k, RP_K_dark_average, &params, (void *const[]){dark, NULL});
    assert_true(dark[0] == 0.003f && dark[59] == 0.003f);
    plane[16 + 21] = fits_f32(0.5f);
    params = (rp_dark_average_params){16, 1, 0.0f};
    run_lanes(k, RP_K_dark_average, &params, (void *const[]){dark, plane});
    assert_true(dark[20] == 0.25f && dark[21] == 0.5f);
    free(dark), free(plane);
}

static void test_superbias(void **state)
{
    (void)state;
    every_variant(superbias);
}
static void test_measured_groups(void **state)
{
    (void)state;
    every_variant(measured_groups);
}
static void test_extended_groups(void **state)
{
    (void)state;
    every_variant(extended_groups);
}
static void test_group_scale(void **state)
{
    (void)state;
    every_variant(group_scale);
}
static void test_average(void **state)
{
    (void)state;
    every_variant(average);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_superbias), cmocka_unit_test(test_measured_groups),
                                       cmocka_unit_test(test_extended_groups), cmocka_unit_test(test_group_scale),
                                       cmocka_unit_test(test_average)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
