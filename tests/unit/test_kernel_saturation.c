/* Saturation: first group, growth at edges and over row ends, partly saturated groups, floor, zero frame, counts. */
#include "kernel_run.h"

enum { NGROUPS = 5, GUARD = 64, WORDS = STRIDE + 2 * GUARD };

typedef struct scene {
    float *data, *zeroframe;
    uint8_t *groupdq;
    uint32_t *pixeldq, *threshold, *dq, *bias, *words, *grown, *partial, *counters;
    rp_saturation_params params;
} scene;

static scene new_scene(uint32_t grow, uint32_t nframes)
{
    scene s = {.data = new_f32(NGROUPS * STRIDE, 1000.0f),
               .zeroframe = new_f32(STRIDE, 900.0f),
               .groupdq = new_plane(NGROUPS * STRIDE, 1),
               .pixeldq = new_plane(STRIDE, 4),
               .threshold = new_fits_f32(STRIDE, 50000.0f),
               .dq = new_fits_u32(STRIDE, 0),
               .bias = new_fits_f32(STRIDE, 500.0f),
               .words = new_plane(WORDS, 4),
               .grown = new_plane(WORDS, 4),
               .partial = new_plane(WORDS, 4),
               .counters = new_plane(8, 4)};
    for (size_t i = 0; i < WORDS; i++) /* what lies around a plane must not matter */
        s.words[i] = s.grown[i] = s.partial[i] = 0xffffffffu;
    s.params = (rp_saturation_params){.stride = STRIDE,
                                      .word_stride = WORDS,
                                      .guard = GUARD,
                                      .extent = whole_frame,
                                      .nints = 1,
                                      .ngroups = NGROUPS,
                                      .nwords = 1,
                                      .grow = grow,
                                      .nframes = nframes,
                                      .has_dq = 1,
                                      .has_bias = 1};
    return s;
}

static void free_scene(scene *s)
{
    void *all[] = {s->data, s->zeroframe, s->groupdq, s->pixeldq, s->threshold, s->dq,
                   s->bias, s->words,     s->grown,   s->partial, s->counters};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void run_scene(const rp_host_kernel *k, scene *s)
{
    run_lanes(k, RP_K_saturation_find, &s->params,
              (void *const[]){s->data, s->groupdq, s->pixeldq, s->threshold, s->dq, s->words, s->counters});
    run_lanes(k, RP_K_saturation_grow, &s->params,
              (void *const[]){s->data, s->groupdq, s->threshold, s->dq, s->words, s->grown, s->partial});
    run_lanes(k, RP_K_saturation_mark, &s->params,
              (void *const[]){s->data, s->groupdq, s->threshold, s->dq, s->bias, s->grown, s->partial, s->counters});
    run_lanes(k, RP_K_saturation_zero_find, &s->params, (void *const[]){s->zeroframe, s->threshold, s->dq, s->words});
    run_lanes(k, RP_K_saturation_zero_clear, &s->params, (void *const[]){s->zeroframe, s->words});
}

static int flags(const scene *s, size_t group, size_t y, size_t x)
{
    return s->groupdq[group * STRIDE + at(y, x)];
}

static void first_group_and_growth(const rp_host_kernel *k)
{
    scene s = new_scene(1, 1);
    s.data[2 * STRIDE + at(1, 19)] = 50000.0f; /* exactly at the threshold, in the last column */
    s.data[4 * STRIDE + at(0, 5)] = 0.0f;
    s.data[3 * STRIDE + at(2, 9)] = -3.0f;
    s.zeroframe[at(0, 0)] = 60000.0f;
    s.zeroframe[at(2, 15)] = -1.0f;
    run_scene(k, &s);
    for (size_t g = 0; g < NGROUPS; g++) {
        const int expected = g >= 2 ? RP_DQ_SATURATED : 0;
        for (size_t y = 0; y < NY; y++) {
            assert_int_equal(flags(&s, g, y, 18), expected);
            assert_int_equal(flags(&s, g, y, 19), expected);
            assert_int_equal(flags(&s, g, y, 17), 0);
            assert_int_equal(flags(&s, g, y, 0), 0); /* no growth around the end of a row */
        }
    }
    assert_int_equal(flags(&s, 4, 0, 5), RP_DQ_AD_FLOOR | RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(&s, 3, 0, 5), 0);
    assert_int_equal(flags(&s, 3, 2, 9), RP_DQ_AD_FLOOR | RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(&s, 3, 2, 10), 0); /* the floor does not grow */
    assert_int_equal(s.counters[0], 6);
    assert_int_equal(s.counters[1], 2);
    assert_true(s.zeroframe[at(0, 0)] == 0.0f && s.zeroframe[at(0, 1)] == 0.0f && s.zeroframe[at(1, 1)] == 0.0f);
    assert_true(s.zeroframe[at(2, 15)] == 0.0f && s.zeroframe[at(2, 14)] == 900.0f && s.zeroframe[at(0, 2)] == 900.0f);
    free_scene(&s);
}

static void unchecked_pixels(const rp_host_kernel *k)
{
    scene s = new_scene(0, 1);
    s.threshold[at(0, 3)] = fits_f32((float)NAN);
    s.dq[at(1, 4)] = fits_u32(RP_DQ_NO_SAT_CHECK | 4096u);
    s.dq[at(2, 4)] = fits_u32(4096u);
    for (size_t y = 0; y < NY; y++)
        s.data[4 * STRIDE + at(y, 3)] = s.data[4 * STRIDE + at(y, 4)] = 65535.0f;
    run_scene(k, &s);
    assert_int_equal(flags(&s, 4, 0, 3), 0);
    assert_int_equal(flags(&s, 4, 1, 3), RP_DQ_SATURATED);
    assert_int_equal(flags(&s, 4, 1, 4), 0);
    assert_int_equal(flags(&s, 4, 2, 4), RP_DQ_SATURATED);
    assert_int_equal(flags(&s, 4, 2, 5), 0); /* grow is 0 */
    assert_int_equal(s.pixeldq[at(0, 3)], RP_DQ_NO_SAT_CHECK);
    assert_int_equal(s.pixeldq[at(1, 4)], RP_DQ_NO_SAT_CHECK | 4096u);
    assert_int_equal(s.pixeldq[at(2, 4)], 4096u);
    free_scene(&s);
}

/* Four frames a group: group 2 is the average of frames 9 to 12, 10.5 on average: 0.875 of the last. */
static void partly_saturated_groups(const rp_host_kernel *k)
{
    scene s = new_scene(1, 4);
    const float limit = 50000.0f * 0.875f;
    s.data[2 * STRIDE + at(1, 5)] = limit;
    s.data[3 * STRIDE + at(1, 5)] = s.data[4 * STRIDE + at(1, 5)] = 55000.0f;
    s.data[2 * STRIDE + at(1, 12)] = limit - 1.0f;
    s.data[3 * STRIDE + at(1, 12)] = s.data[4 * STRIDE + at(1, 12)] = 55000.0f;
    run_scene(k, &s);
    assert_int_equal(flags(&s, 2, 1, 5), RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(&s, 2, 0, 4), RP_DQ_DO_NOT_USE); /* grown */
    assert_int_equal(flags(&s, 1, 1, 5), 0);
    assert_int_equal(flags(&s, 3, 1, 5), RP_DQ_SATURATED);
    assert_int_equal(flags(&s, 2, 1, 12), 0);
    assert_int_equal(flags(&s, 3, 1, 12), RP_DQ_SATURATED);
    free_scene(&s);
}

/* A jump into saturation late in group 1: its step is suspicious although group 1 stays low. */
static void second_group(const rp_host_kernel *k)
{
    scene s = new_scene(0, 4);
    s.data[1 * STRIDE + at(0, 2)] = 14000.0f;  /* step 13000 > (50000 - 1000) / 4 */
    s.data[1 * STRIDE + at(0, 9)] = 13250.0f;  /* step 12250: just not */
    s.data[0 * STRIDE + at(0, 16)] = 12000.0f; /* group 0 foretells saturation: (11500 / 2.5) * 12 + 500 */
    s.data[1 * STRIDE + at(0, 16)] = 30000.0f;
    for (size_t g = 2; g < NGROUPS; g++)
        s.data[g * STRIDE + at(0, 2)] = s.data[g * STRIDE + at(0, 9)] = s.data[g * STRIDE + at(0, 16)] = 60000.0f;
    run_scene(k, &s);
    assert_int_equal(flags(&s, 1, 0, 2), RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(&s, 1, 0, 9), 0);
    assert_int_equal(flags(&s, 1, 0, 16), 0);
    free_scene(&s);
}

/* Flags of an earlier run of the step grow in their own group only. */
static void flags_from_before(const rp_host_kernel *k)
{
    scene s = new_scene(1, 1);
    s.groupdq[1 * STRIDE + at(2, 0)] = RP_DQ_SATURATED | RP_DQ_JUMP_DET;
    s.groupdq[0 * STRIDE + at(0, 10)] = RP_DQ_AD_FLOOR;
    run_scene(k, &s);
    assert_int_equal(flags(&s, 1, 1, 1), RP_DQ_SATURATED);
    assert_int_equal(flags(&s, 1, 2, 0), RP_DQ_SATURATED | RP_DQ_JUMP_DET);
    assert_int_equal(flags(&s, 2, 2, 0), 0);
    assert_int_equal(s.counters[0], 4);
    assert_int_equal(s.counters[1], 1);
    free_scene(&s);
}

/* Only the core counts. */
static void counts_of_a_core(const rp_host_kernel *k)
{
    scene s = new_scene(1, 1);
    s.params.extent = (rp_extent){NX, NPIX, 1, 2, 3, 8};
    s.params.counter = 2;
    s.data[at(1, 8)] = 60000.0f;
    s.data[at(2, 4)] = -1.0f;
    s.data[at(1, 3)] = 0.0f;
    run_scene(k, &s);
    assert_int_equal(s.counters[2], 1); /* of 9 pixels, (1, 7) alone */
    assert_int_equal(s.counters[3], 1);
    assert_int_equal(s.counters[0], 0);
    free_scene(&s);
}

static void test_first_group_and_growth(void **state)
{
    (void)state;
    every_variant(first_group_and_growth);
}
static void test_unchecked_pixels(void **state)
{
    (void)state;
    every_variant(unchecked_pixels);
}
static void test_partly_saturated_groups(void **state)
{
    (void)state;
    every_variant(partly_saturated_groups);
}
static void test_second_group(void **state)
{
    (void)state;
    every_variant(second_group);
}
static void test_flags_from_before(void **state)
{
    (void)state;
    every_variant(flags_from_before);
}
static void test_counts_of_a_core(void **state)
{
    (void)state;
    every_variant(counts_of_a_core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_group_and_growth),  cmocka_unit_test(test_unchecked_pixels),
        cmocka_unit_test(test_partly_saturated_groups), cmocka_unit_test(test_second_group),
        cmocka_unit_test(test_flags_from_before),       cmocka_unit_test(test_counts_of_a_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
