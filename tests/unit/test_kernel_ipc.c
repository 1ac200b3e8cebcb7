/* Inter-pixel capacitance: one kernel and one per pixel, borders of science pixels, order of the sum. */
#include "kernel_run.h"

enum { GUARD = 64, COPY = STRIDE + 2 * GUARD };

static rp_ipc_params make_params(uint32_t per_pixel)
{
    return (rp_ipc_params){.stride = STRIDE,
                           .copy_stride = COPY,
                           .guard = GUARD,
                           .kernel_stride = STRIDE,
                           .extent = whole_frame,
                           .y0 = 0,
                           .y1 = NY,
                           .x0 = 2,
                           .x1 = NX,
                           .ky = 3,
                           .kx = 3,
                           .per_pixel = per_pixel,
                           .nplanes = 2};
}

static void shifts(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 0.0f), *copy = new_f32(2 * COPY, (float)NAN), *weights = new_f32(16, 0.0f);
    for (size_t i = 0; i < 9; i++)
        weights[i] = (float)(i + 1);
    data[STRIDE + at(1, 10)] = 1.0f;
    data[STRIDE + at(0, 1)] = 7.0f; /* a reference pixel: keeps its value and adds to nothing */
    data[at(2, 19)] = 10.0f;
    const rp_ipc_params params = make_params(0);
    run_lanes(k, RP_K_ipc_copy, &params, (void *const[]){data, copy});
    run_lanes(k, RP_K_ipc_convolve, &params, (void *const[]){data, copy, weights, NULL});
    for (size_t y = 0; y < 3; y++)
        for (size_t x = 0; x < 3; x++) /* a convolution: the kernel appears as it is */
            assert_true(data[STRIDE + at(y, 9 + x)] == (float)(y * 3 + x + 1));
    assert_true(data[STRIDE + at(0, 1)] == 7.0f && data[STRIDE + at(0, 2)] == 0.0f && data[STRIDE + at(1, 2)] == 0.0f);
    assert_true(data[at(2, 19)] == 50.0f && data[at(1, 18)] == 10.0f && data[at(2, 0)] == 0.0f &&
                data[at(1, 19)] == 20.0f);
    free(data), free(copy), free(weights);
}

/* The centre comes last: (1e8 + -1e8) + 1, not (1e8 + 1) - 1e8. */
static void order(const rp_host_kernel *k)
{
    float *data = new_f32(2 * STRIDE, 1.0f), *copy = new_f32(2 * COPY, 0.0f);
    uint32_t *weights = new_fits_f32(9 * STRIDE, 0.0f);
    for (size_t p = 0; p < STRIDE; p++) {
        weights[3 * STRIDE + p] = fits_f32(1e8f);
        weights[4 * STRIDE + p] = fits_f32(1.0f);
        weights[5 * STRIDE + p] = fits_f32(-1e8f);
    }
    weights[4 * STRIDE + at(1, 7)] = fits_f32(3.0f);
    const rp_ipc_params params = make_params(1);
    run_lanes(k, RP_K_ipc_copy, &params, (void *const[]){data, copy});
    run_lanes(k, RP_K_ipc_convolve, &params, (void *const[]){data, copy, NULL, weights});
    assert_true(data[at(1, 6)] == 1.0f && data[at(1, 7)] == 3.0f && data[STRIDE + at(1, 7)] == 3.0f);
    free(data), free(copy), free(weights);
}

static void test_shifts(void **state)
{
    (void)state;
    every_variant(shifts);
}
static void test_order(void **state)
{
    (void)state;
    every_variant(order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shifts), cmocka_unit_test(test_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
