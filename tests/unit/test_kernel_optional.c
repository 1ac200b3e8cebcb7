/* Kernels of persistence, clean_flicker_noise and picture_frame: literal values. */
#include "kernel_run.h"

enum { NGROUPS = 4, NINTS = 2, PLANES = NINTS * NGROUPS };

static uint32_t flags(const uint8_t *groupdq, size_t plane, size_t p)
{
    return groupdq[plane * STRIDE + p];
}

static void persistence(const rp_host_kernel *k)
{
    float *data = new_f32(PLANES * STRIDE, 10.0f);
    uint8_t *groupdq = new_plane(PLANES * STRIDE, 1);
    double times[PLANES], *initial = new_plane(STRIDE, sizeof(double)), *final = new_plane(STRIDE, sizeof(double));
    for (int g = 0; g < PLANES; g++)
        times[g] = 100.0 + 10.0 * g;
    /* pixel 0: saturated from group 1 on; 1: in group 1 alone; 2: bright in group 2; 3: an earlier window; 4: a later
     * one */
    for (size_t g = 1; g < NGROUPS; g++)
        groupdq[g * STRIDE] = RP_DQ_SATURATED;
    groupdq[STRIDE + 1] = RP_DQ_SATURATED;
    data[2 * STRIDE + 2] = 50.0f;
    initial[3] = 115.0, initial[4] = 1000.0;
    rp_persistence_params prm = {.stride = STRIDE,
                                 .window_s = 25.0,
                                 .nints = NINTS,
                                 .ngroups = NGROUPS,
                                 .flag = RP_DQ_PERSISTENCE,
                                 .has_threshold = 1,
                                 .has_initial = 1,
                                 .has_final = 1,
                                 .threshold = 40.0f};
    run_lanes(k, RP_K_persistence, &prm, (void *const[]){data, groupdq, times, initial, final});
    static const uint8_t open[5][PLANES] = {
        {0, 1, 1, 1, 0, 0, 0, 0}, /* opened at 110: until 135 */
        {0, 1, 1, 1, 1, 1, 0, 0}, /* again and again until the integration ends, at 130: until 155 */
        {0, 0, 1, 1, 1, 0, 0, 0}, /* opened at 120: until 145 */
        {1, 1, 0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0},
    };
    for (size_t p = 0; p < 5; p++)
        for (size_t g = 0; g < PLANES; g++)
            assert_int_equal((flags(groupdq, g, p) & RP_DQ_PERSISTENCE) != 0, open[p][g]);
    assert_true(final[0] == 0.0 && final[5] == 0.0);
    free(data), free(groupdq), free(initial), free(final);
}

static void flicker(const rp_host_kernel *k)
{
    float *data = new_f32(PLANES * STRIDE, 100.0f);
    uint32_t *cleaned = new_fits_f32(PLANES * STRIDE, 2.5f), *noise = new_fits_f32(PLANES * STRIDE, 0.0f);
    uint32_t is_cleaned[PLANES] = {0, 1, 0, 1, 0, 1, 1, 1};
    const rp_flicker_params prm = {
        .stride = STRIDE, .cleaned_stride = STRIDE, .nints = NINTS, .ngroups = NGROUPS, .has_noise = 1};
    run_lanes(k, RP_K_flicker_sum, &prm, (void *const[]){data, cleaned, is_cleaned, noise});
    static const float expected[PLANES] = {100, 102.5f, 100, 102.5f, 100, 102.5f, 105, 107.5f};
    for (size_t g = 0; g < PLANES; g++) {
        assert_true(data[g * STRIDE + 59] == expected[g]);
        assert_int_equal(noise[g * STRIDE + 59], fits_f32(expected[g] - 100.0f));
    }
    const rp_flicker_params whole = {.stride = STRIDE, .cleaned_stride = STRIDE, .nints = NINTS, .ngroups = NGROUPS, .is_whole = 1};
    run_lanes(k, RP_K_flicker_sum, &whole, (void *const[]){data, cleaned, is_cleaned, NULL});
    for (size_t g = 0; g < PLANES; g++)
        assert_true(data[g * STRIDE + 59] == (is_cleaned[g] ? 2.5f : expected[g]));
    free(data), free(cleaned), free(noise);
}

static void picture(const rp_host_kernel *k)
{
    float *data = new_f32(PLANES * STRIDE, 100.0f), scale_offset[2 * PLANES];
    uint32_t *pattern = new_fits_f32(STRIDE, 3.0f), *change = new_fits_f32(PLANES * STRIDE, 0.0f);
    for (int g = 0; g < PLANES; g++) {
        scale_offset[g] = (float)g;
        scale_offset[PLANES + g] = 0.5f;
    }
    const rp_picture_frame_params prm = {
        .stride = STRIDE, .nints = NINTS, .ngroups = NGROUPS, .has_change = 1, .edge = 1.0f};
    run_lanes(k, RP_K_picture_frame, &prm, (void *const[]){data, pattern, scale_offset, change});
    for (size_t g = 0; g < PLANES; g++) {
        const float expected = g % NGROUPS ? 100.0f - (2.0f * (float)g + 0.5f) : 100.0f;
        assert_true(data[g * STRIDE + 7] == expected);
        assert_int_equal(change[g * STRIDE + 7], fits_f32(expected - 100.0f));
    }
    free(data), free(pattern), free(change);
}

static void test_persistence(void **state)
{
    every_variant(persistence);
    (void)state;
}

static void test_flicker(void **state)
{
    every_variant(flicker);
    (void)state;
}

static void test_picture(void **state)
{
    every_variant(picture);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_persistence), cmocka_unit_test(test_flicker),
                                       cmocka_unit_test(test_picture)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
