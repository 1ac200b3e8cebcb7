/* Kernels that flag groups: mask, whole groups, firstframe, rscd, charge migration. */
#include "kernel_run.h"

enum { NGROUPS = 8, NINTS = 2, PLANES = NINTS * NGROUPS };

static int flags(const uint8_t *groupdq, size_t integration, size_t group, size_t p)
{
    return groupdq[(integration * NGROUPS + group) * STRIDE + p];
}

static void mask(const rp_host_kernel *k)
{
    uint8_t *groupdq = new_plane(PLANES * STRIDE, 1);
    uint32_t *pixeldq = new_plane(STRIDE, 4), *dq = new_fits_u32(STRIDE, 0);
    dq[0] = fits_u32(RP_DQ_REFERENCE_PIXEL | RP_DQ_DO_NOT_USE);
    dq[59] = fits_u32(2048u);
    pixeldq[59] = 1;
    rp_mask_params params = {.stride = STRIDE, .nplanes = PLANES};
    run_lanes(k, RP_K_apply_mask, &params, (void *const[]){pixeldq, groupdq, dq});
    assert_int_equal(pixeldq[0], 0x80000001u);
    assert_int_equal(pixeldq[59], 2049);
    for (size_t g = 0; g < PLANES; g++) {
        assert_int_equal(groupdq[g * STRIDE], RP_DQ_DO_NOT_USE);
        assert_int_equal(groupdq[g * STRIDE + 59], 0);
    }
    params.nplanes = 0;
    run_lanes(k, RP_K_apply_mask, &params, (void *const[]){pixeldq, NULL, dq});
    free(groupdq), free(pixeldq), free(dq);
}

static void whole_groups(const rp_host_kernel *k)
{
    uint8_t *groupdq = new_plane(PLANES * STRIDE, 1);
    groupdq[(NGROUPS - 1) * STRIDE + 4] = RP_DQ_SATURATED;
    const rp_flag_planes_params params = {STRIDE, NGROUPS - 1, NGROUPS, NINTS, RP_DQ_DO_NOT_USE};
    run_lanes(k, RP_K_flag_planes, &params, (void *const[]){groupdq});
    for (size_t i = 0; i < NINTS; i++)
        for (size_t g = 0; g < NGROUPS; g++)
            assert_int_equal(flags(groupdq, i, g, 3), g == NGROUPS - 1 ? RP_DQ_DO_NOT_USE : 0);
    assert_int_equal(flags(groupdq, 0, NGROUPS - 1, 4), RP_DQ_SATURATED | RP_DQ_DO_NOT_USE);
    free(groupdq);
}

static void firstframe(const rp_host_kernel *k)
{
    uint8_t *groupdq = new_plane(PLANES * STRIDE, 1);
    uint32_t *pixeldq = new_plane(STRIDE, 4), *counters = new_plane(8, 4);
    groupdq[2 * STRIDE + 7] = groupdq[2 * STRIDE + 8] = RP_DQ_SATURATED;
    pixeldq[8] = RP_DQ_DO_NOT_USE;
    const rp_firstframe_params params = {
        .stride = STRIDE, .extent = whole_frame, .nints = NINTS, .ngroups = NGROUPS, .counter = 4};
    run_lanes(k, RP_K_firstframe, &params, (void *const[]){groupdq, pixeldq, counters});
    assert_int_equal(flags(groupdq, 0, 0, 6), RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(groupdq, 0, 0, 7), 0);
    assert_int_equal(flags(groupdq, 1, 0, 7), RP_DQ_DO_NOT_USE);
    assert_int_equal(pixeldq[7], RP_DQ_FLUX_ESTIMATED);
    assert_int_equal(pixeldq[6], 0);
    assert_int_equal(counters[4], 1); /* pixel 8 is not usable anyway */
    free(groupdq), free(pixeldq), free(counters);
}

static void saturate_from(uint8_t *groupdq, size_t integration, size_t group, size_t p)
{
    for (size_t g = group; g < NGROUPS; g++)
        groupdq[(integration * NGROUPS + g) * STRIDE + p] |= RP_DQ_SATURATED;
}

/* Four groups are skipped, unless saturation comes: at least two groups stay before it, as long as that can be. */
static void rscd(const rp_host_kernel *k)
{
    static const int skipped[NGROUPS] = {4, 0, 0, 1, 2, 3, 4, 4}; /* by the first saturated group */
    uint8_t *groupdq = new_plane(PLANES * STRIDE, 1);
    uint32_t *pixeldq = new_plane(STRIDE, 4), *counters = new_plane(16, 4);
    for (size_t g = 0; g < NGROUPS; g++)
        saturate_from(groupdq, 1, g, 10 + g);
    saturate_from(groupdq, 0, 3, 2);
    rp_rscd_params params = {.stride = STRIDE,
                             .extent = whole_frame,
                             .first = 1,
                             .count = 1,
                             .ngroups = NGROUPS,
                             .skip = 4,
                             .later = 1,
                             .counter = 8};
    run_lanes(k, RP_K_rscd, &params, (void *const[]){groupdq, pixeldq, counters});
    for (size_t first = 0; first < NGROUPS; first++) {
        for (size_t g = 0; g < NGROUPS; g++)
            assert_int_equal(flags(groupdq, 1, g, 10 + first) & (int)RP_DQ_DO_NOT_USE, (int)g < skipped[first]);
        assert_int_equal(pixeldq[10 + first], skipped[first] < 4 ? RP_DQ_FLUX_ESTIMATED : 0);
    }
    assert_int_equal(flags(groupdq, 1, 3, 30), RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(groupdq, 1, 4, 30), 0);
    assert_int_equal(flags(groupdq, 0, 0, 2), 0); /* another integration */
    assert_int_equal(counters[8 + 1], 5);
    assert_int_equal(counters[8 + 3], 2);
    assert_int_equal(counters[8 + 5], 1);
    assert_int_equal(counters[8 + 0] + counters[8 + 2] + counters[8 + 4], 0);
    params = (rp_rscd_params){
        .stride = STRIDE, .extent = whole_frame, .first = 0, .count = 1, .ngroups = NGROUPS, .skip = 2, .counter = 8};
    run_lanes(k, RP_K_rscd, &params, (void *const[]){groupdq, pixeldq, counters});
    assert_int_equal(flags(groupdq, 0, 0, 2), RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(groupdq, 0, 1, 2), 0);
    assert_int_equal(counters[8 + 0], 1);
    assert_int_equal(counters[8 + 2], 0);
    free(groupdq), free(pixeldq), free(counters);
}

static void charge_migration(const rp_host_kernel *k)
{
    enum { GUARD = 64, FIRST = STRIDE + 2 * GUARD };
    float *data = new_f32(PLANES * STRIDE, 100.0f);
    uint8_t *groupdq = new_plane(PLANES * STRIDE, 1);
    uint32_t *first = new_plane(NINTS * FIRST, 4);
    data[3 * STRIDE + at(1, 19)] = 25000.25f;
    data[5 * STRIDE + at(1, 18)] = 30000.0f;
    data[2 * STRIDE + at(0, 5)] = 25000.0f; /* not above */
    data[2 * STRIDE + at(0, 9)] = data[2 * STRIDE + at(2, 3)] = 40000.0f;
    groupdq[2 * STRIDE + at(0, 9)] = RP_DQ_DO_NOT_USE; /* exactly: does not count */
    groupdq[2 * STRIDE + at(2, 3)] = RP_DQ_DO_NOT_USE | RP_DQ_JUMP_DET;
    const rp_charge_params params = {.stride = STRIDE,
                                     .first_stride = FIRST,
                                     .guard = GUARD,
                                     .extent = whole_frame,
                                     .nints = NINTS,
                                     .ngroups = NGROUPS,
                                     .threshold = 25000.0f};
    run_lanes(k, RP_K_charge_find, &params, (void *const[]){data, groupdq, first});
    run_lanes(k, RP_K_charge_flag, &params, (void *const[]){groupdq, first});
    const int lost = RP_DQ_CHARGELOSS | RP_DQ_DO_NOT_USE;
    for (size_t g = 0; g < NGROUPS; g++) {
        assert_int_equal(flags(groupdq, 0, g, at(1, 19)), g >= 3 ? lost : 0);
        assert_int_equal(flags(groupdq, 0, g, at(0, 19)), g >= 3 ? lost : 0);
        assert_int_equal(flags(groupdq, 0, g, at(1, 18)), g >= 3 ? lost : 0);
        assert_int_equal(flags(groupdq, 0, g, at(1, 17)), g >= 5 ? lost : 0);
        assert_int_equal(flags(groupdq, 0, g, at(2, 0)), 0); /* not around the end of a row */
        assert_int_equal(flags(groupdq, 0, g, at(0, 5)), 0);
        assert_int_equal(flags(groupdq, 0, g, at(0, 8)), 0);
        assert_int_equal(flags(groupdq, 0, g, at(2, 2)), g >= 2 ? lost : 0);
        assert_int_equal(flags(groupdq, 1, g, at(1, 19)), 0);
    }
    free(data), free(groupdq), free(first);
}

static void test_mask(void **state)
{
    (void)state;
    every_variant(mask);
}
static void test_whole_groups(void **state)
{
    (void)state;
    every_variant(whole_groups);
}
static void test_firstframe(void **state)
{
    (void)state;
    every_variant(firstframe);
}
static void test_rscd(void **state)
{
    (void)state;
    every_variant(rscd);
}
static void test_charge_migration(void **state)
{
    (void)state;
    every_variant(charge_migration);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_mask), cmocka_unit_test(test_whole_groups),
                                       cmocka_unit_test(test_firstframe), cmocka_unit_test(test_rscd),
                                       cmocka_unit_test(test_charge_migration)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
