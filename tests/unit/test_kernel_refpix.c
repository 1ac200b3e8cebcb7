/* Subtraction of reference levels: literal values, in every host build. */
#include "kernel_run.h"

enum { PATTERN = RP_REFPIX_PATTERN, NO_SIDE = 0 };

/* Levels of one plane: even and odd columns of four amplifiers. */
static double *new_levels(size_t nplanes, double even_step)
{
    double *level = new_plane(nplanes * 4 * PATTERN, sizeof *level);
    for (size_t k = 0; k < nplanes; k++)
        for (size_t a = 0; a < 4; a++)
            for (size_t c = 0; c < PATTERN; c++)
                level[(k * 4 + a) * PATTERN + c] = even_step * (double)(a + 1) + (c % 2 ? 0.5 : 0.0);
    return level;
}

/* Columns along x, over the border of amplifiers 0 and 1 at x = 12; sides by row. */
static void along_x(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 100.0f);
    double *level = new_levels(2, 10.0);
    double *side = new_plane(16, sizeof *side);
    side[0 * 8 + 2 + 1] = 0.25;
    side[1 * 8 + 2 + 2] = -3.0;
    const rp_refpix_params params = {.stride = STRIDE,
                                     .nplanes = 2,
                                     .width = NX,
                                     .height = NY,
                                     .j_origin = 500,
                                     .j_step = 1,
                                     .side_length = 8,
                                     .side_origin = 2};
    run_lanes(k, RP_K_refpix, &params, (void *const[]){data, level, side});
    assert_true(data[at(0, 0)] == 90.0f && data[at(0, 1)] == 89.5f && data[at(0, 11)] == 89.5f);
    assert_true(data[at(0, 12)] == 80.0f && data[at(0, 19)] == 79.5f);
    assert_true(data[at(1, 0)] == 89.75f && data[at(1, 13)] == 79.25f && data[at(2, 19)] == 79.5f);
    assert_true(data[STRIDE + at(1, 0)] == 90.0f && data[STRIDE + at(2, 0)] == 93.0f &&
                data[STRIDE + at(2, 19)] == 82.5f);
    free(data), free(level), free(side);
}

/* Columns along y, from the last to the first: 1025, 1024, 1023; sides by column. */
static void along_y(const rp_host_kernel *k)
{
    float *data = new_f32(STRIDE, 100.0f);
    double *level = new_levels(1, 10.0);
    double *side = new_plane(40, sizeof *side);
    for (size_t t = 0; t < 40; t++)
        side[t] = (double)t;
    const rp_refpix_params params = {.stride = STRIDE,
                                     .nplanes = 1,
                                     .width = NX,
                                     .height = NY,
                                     .fast_is_y = 1,
                                     .j_origin = 1025,
                                     .j_step = -1,
                                     .side_length = 40,
                                     .side_origin = 5};
    run_lanes(k, RP_K_refpix, &params, (void *const[]){data, level, side});
    for (size_t x = 0; x < NX; x++) {
        assert_true(data[at(0, x)] == 69.5f - 5.0f - (float)x);
        assert_true(data[at(1, x)] == 70.0f - 5.0f - (float)x);
        assert_true(data[at(2, x)] == 79.5f - 5.0f - (float)x);
    }
    free(data), free(level), free(side);
}

/* 1 - 2^-30 - 2^-25 is just under the middle between two floats; when rounded after the level it is the middle. */
static void first_plane_is_rounded(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 1.0f);
    double *level = new_plane(2 * 4 * PATTERN, sizeof *level), *side = new_plane(2 * NY, sizeof *side);
    for (size_t c = 0; c < 2 * 4 * PATTERN; c++)
        level[c] = 0x1p-30;
    for (size_t t = 0; t < 2 * NY; t++)
        side[t] = 0x1p-25;
    const rp_refpix_params params = {
        .stride = STRIDE, .nplanes = 2, .width = NX, .height = NY, .j_step = 1, .side_length = NY, .round_first = 1};
    run_lanes(k, RP_K_refpix, &params, (void *const[]){data, level, side});
    for (size_t p = 0; p < NPIX; p++) {
        assert_int_equal(float_bits(data[p]), float_bits(1.0f));
        assert_int_equal(float_bits(data[STRIDE + p]), float_bits(0x1.fffffep-1f));
    }
    free(data), free(level), free(side);
}

static void zero_frame_keeps_zero(const rp_host_kernel *k)
{
    float *data = new_f32(STRIDE, 7.0f);
    double *level = new_levels(1, 2.0);
    float *columns = new_f32(2, 2.0f);
    data[3] = data[59] = 0.0f;
    const rp_refpix_params params = {
        .stride = STRIDE, .nplanes = 1, .width = NX, .height = NY, .j_step = 1, .keep_zero = 1, .side_length = NO_SIDE};
    run_lanes(k, RP_K_refpix, &params, (void *const[]){data, level, level});
    assert_true(data[3] == 0.0f && data[59] == 0.0f && data[2] == 5.0f && data[5] == 4.5f);
    run_lanes(k, RP_K_refpix_columns, &params, (void *const[]){data, columns});
    assert_true(data[3] == 0.0f && data[59] == 0.0f && data[2] == 3.0f && data[5] == 2.5f);
    free(data), free(level), free(columns);
}

static void one_output(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 50.0f);
    float *level = new_plane(4, sizeof *level);
    level[0] = 1.0f, level[1] = 2.0f, level[2] = 10.0f, level[3] = 20.0f;
    rp_refpix_params params = {.stride = STRIDE, .nplanes = 2, .width = NX, .height = NY, .j_origin = 7, .j_step = 1};
    run_lanes(k, RP_K_refpix_columns, &params, (void *const[]){data, level});
    assert_true(data[at(0, 0)] == 48.0f && data[at(0, 1)] == 49.0f && data[at(2, 19)] == 49.0f);
    assert_true(data[STRIDE + at(1, 0)] == 30.0f && data[STRIDE + at(1, 1)] == 40.0f);
    params.fast_is_y = 1;
    params.j_origin = 100;
    params.j_step = -1;
    run_lanes(k, RP_K_refpix_columns, &params, (void *const[]){data, level});
    assert_true(data[at(0, 0)] == 47.0f && data[at(1, 0)] == 46.0f && data[at(2, 19)] == 48.0f);
    free(data), free(level);
}

/* Rows 5, 6, 7 and columns 2 ... 21 of a frame; group 0 stays, the others lose their drift. */
static void miri(const rp_host_kernel *k)
{
    float *data = new_f32(3 * STRIDE, 1000.0f);
    double *level = new_plane(3 * 2 * PATTERN, sizeof *level);
    for (size_t p = 0; p < STRIDE; p++)
        data[STRIDE + p] = 1010.0f, data[2 * STRIDE + p] = 1020.5f;
    for (size_t c = 0; c < PATTERN; c++) {
        level[2 * PATTERN + c] = (double)(c % 4);         /* group 1, even rows */
        level[3 * PATTERN + c] = 100.0 + (double)(c % 4); /* group 1, odd rows */
        level[4 * PATTERN + c] = level[5 * PATTERN + c] = 0.5;
    }
    const rp_refpix_miri_params params = {
        .stride = STRIDE, .nints = 1, .ngroups = 3, .width = NX, .height = NY, .x0 = 2, .y0 = 5};
    run_lanes(k, RP_K_refpix_miri, &params, (void *const[]){data, level});
    for (size_t x = 0; x < NX; x++) {
        const float output = (float)((x + 2) % 4);
        assert_true(data[at(1, x)] == 1000.0f && data[2 * STRIDE + at(2, x)] == 1020.0f);
        assert_true(data[STRIDE + at(0, x)] == 910.0f - output && data[STRIDE + at(1, x)] == 1010.0f - output);
        assert_true(data[STRIDE + at(2, x)] == 910.0f - output);
    }
    free(data), free(level);
}

/* 2^24 + 2 - 2^24 = 2, less 0.75 is 1.25, and back on 2^24 that is 2^24 + 2 again: each step is rounded to float. */
static void miri_rounds_at_each_step(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 16777216.0f);
    double *level = new_plane(2 * 2 * PATTERN, sizeof *level);
    for (size_t p = 0; p < STRIDE; p++)
        data[STRIDE + p] = 16777218.0f;
    for (size_t c = 0; c < 2 * PATTERN; c++)
        level[2 * PATTERN + c] = 0.75;
    const rp_refpix_miri_params params = {.stride = STRIDE, .nints = 1, .ngroups = 2, .width = NX, .height = NY};
    run_lanes(k, RP_K_refpix_miri, &params, (void *const[]){data, level});
    for (size_t p = 0; p < NPIX; p++)
        assert_true(data[p] == 16777216.0f && data[STRIDE + p] == 16777218.0f);
    free(data), free(level);
}

/* Reference pixels outside the rectangle and inside the core count, unless they are not to be used. */
static void stray(const rp_host_kernel *k)
{
    uint32_t *dq = new_plane(STRIDE, sizeof *dq), *counters = new_plane(16, sizeof *counters);
    dq[at(0, 3)] = dq[at(1, 3)] = dq[at(1, 9)] = dq[at(2, 9)] = RP_DQ_REFERENCE_PIXEL | RP_DQ_NON_SCIENCE;
    dq[at(1, 12)] = RP_DQ_REFERENCE_PIXEL | RP_DQ_DO_NOT_USE;
    const rp_refpix_stray_params params = {
        .width = NX, .y0 = 0, .y1 = 2, .x0 = 0, .x1 = NX, .counter = 5, .nrects = 1, .rect = {{-1, 3, 0, 4}}};
    const size_t extent[3] = {NX, NY, 1};
    k[RP_K_refpix_stray].run(&params, (void *const[]){dq, counters}, extent);
    assert_int_equal(counters[5], 1);
    assert_int_equal(counters[0], 0);
    free(dq), free(counters);
}

static void test_along_x(void **state)
{
    (void)state;
    every_variant(along_x);
}

static void test_along_y(void **state)
{
    (void)state;
    every_variant(along_y);
}

static void test_rounding(void **state)
{
    (void)state;
    every_variant(first_plane_is_rounded);
    every_variant(miri_rounds_at_each_step);
}

static void test_zero_frame(void **state)
{
    (void)state;
    every_variant(zero_frame_keeps_zero);
}

static void test_one_output(void **state)
{
    (void)state;
    every_variant(one_output);
}

static void test_miri(void **state)
{
    (void)state;
    every_variant(miri);
}

static void test_stray(void **state)
{
    (void)state;
    every_variant(stray);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_along_x),    cmocka_unit_test(test_along_y),    cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_zero_frame), cmocka_unit_test(test_one_output), cmocka_unit_test(test_miri),
        cmocka_unit_test(test_stray),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
