/* Linearity: literal values of the polynomial and of the read-by-read correction, unusable coefficients, flags. */
#include "kernel_run.h"

enum { NGROUPS = 4 };

static const float forward[5] = {2.5f, 1.01f, 3e-7f, -1e-12f, 2e-17f};
static const float inverse[4] = {-2.4f, 0.99f, -2.9e-7f, 1.1e-12f};
static const float signal[NGROUPS] = {1000.0f, 9000.0f, 20000.0f, 36000.0f};

static float *new_ramp(void)
{
    float *data = new_plane(NGROUPS * STRIDE, sizeof *data);
    for (size_t i = 0; i < NGROUPS * STRIDE; i++)
        data[i] = signal[i / STRIDE];
    return data;
}

static uint32_t *new_coefficients(const float *c, size_t n, size_t held)
{
    uint32_t *words = new_plane(held * STRIDE, sizeof *words);
    for (size_t i = 0; i < n * STRIDE; i++)
        words[i] = fits_f32(c[i / STRIDE]);
    return words;
}

static rp_linearity_params make_params(uint32_t ncoeff)
{
    return (rp_linearity_params){.stride = STRIDE,
                                 .coeff_stride = STRIDE,
                                 .inverse_stride = STRIDE,
                                 .nints = 1,
                                 .ngroups = NGROUPS,
                                 .ncoeff = ncoeff,
                                 .ninverse = 4,
                                 .nframes = 4,
                                 .has_dq = 1};
}

static const float corrected[NGROUPS] = {1012.7989501953125f, 9116.2021484375f, 20317.69921875f, 36738.23828125f};

/* The same polynomial with 5 to 12 coefficients: in registers and not. */
static void polynomial(const rp_host_kernel *k)
{
    for (uint32_t ncoeff = 5; ncoeff <= 12; ncoeff++) {
        float *data = new_ramp();
        uint8_t *groupdq = new_plane(NGROUPS * STRIDE, 1);
        uint32_t *pixeldq = new_plane(STRIDE, 4), *coeff = new_coefficients(forward, 5, 12),
                 *dq = new_fits_u32(STRIDE, 8);
        groupdq[3 * STRIDE + 5] = RP_DQ_SATURATED | RP_DQ_JUMP_DET;
        groupdq[2 * STRIDE + 5] = RP_DQ_DO_NOT_USE;
        const rp_linearity_params params = make_params(ncoeff);
        run_lanes(k, RP_K_linearity, &params, (void *const[]){data, groupdq, pixeldq, coeff, dq});
        for (size_t g = 0; g < NGROUPS; g++)
            for (size_t p = 0; p < NPIX; p++)
                assert_int_equal(float_bits(data[g * STRIDE + p]),
                                 float_bits(g == 3 && p == 5 ? 36000.0f : corrected[g]));
        for (size_t p = 0; p < NPIX; p++)
            assert_int_equal(pixeldq[p], 8);
        free(data), free(groupdq), free(pixeldq), free(coeff), free(dq);
    }
}

static void unusable_coefficients(const rp_host_kernel *k)
{
    float *data = new_ramp();
    uint8_t *groupdq = new_plane(NGROUPS * STRIDE, 1);
    uint32_t *pixeldq = new_plane(STRIDE, 4), *coeff = new_coefficients(forward, 5, 5), *dq = new_fits_u32(STRIDE, 0);
    coeff[3 * STRIDE + 1] = fits_f32((float)NAN);
    coeff[1 * STRIDE + 17] = fits_f32(-0.0f);
    coeff[2 * STRIDE + 20] = fits_f32(0.0f); /* only the linear term matters */
    dq[33] = fits_u32(RP_DQ_NO_LIN_CORR | 1u);
    const rp_linearity_params params = make_params(5);
    run_lanes(k, RP_K_linearity, &params, (void *const[]){data, groupdq, pixeldq, coeff, dq});
    for (size_t g = 0; g < NGROUPS; g++) {
        assert_true(data[g * STRIDE + 1] == signal[g] && data[g * STRIDE + 17] == signal[g] &&
                    data[g * STRIDE + 33] == signal[g]);
        assert_true(data[g * STRIDE + 20] != signal[g]);
    }
    assert_int_equal(pixeldq[1], RP_DQ_NO_LIN_CORR);
    assert_int_equal(pixeldq[17], RP_DQ_NO_LIN_CORR);
    assert_int_equal(pixeldq[33], RP_DQ_NO_LIN_CORR | 1u);
    assert_int_equal(pixeldq[20], 0);
    free(data), free(groupdq), free(pixeldq), free(coeff), free(dq);
}

/* The zero frame has no flags: 0 stays 0 although the polynomial has a constant. */
static void zero_frame(const rp_host_kernel *k)
{
    float *zero = new_f32(STRIDE, 1000.0f);
    uint32_t *coeff = new_coefficients(forward, 5, 5);
    zero[7] = 0.0f;
    rp_linearity_params params = make_params(5);
    params.ngroups = 1;
    params.keep_zero = 1;
    params.has_dq = 0;
    run_lanes(k, RP_K_linearity, &params, (void *const[]){zero, NULL, NULL, coeff, NULL});
    assert_true(zero[7] == 0.0f);
    assert_true(zero[6] == corrected[0]);
    free(zero), free(coeff);
}

static void reads(const rp_host_kernel *k)
{
    static const struct {
        uint32_t nframes, bits[NGROUPS];
    } expected[] = {{4, {0x447d92b1, 0x460e7671, 0x469ebe3f, 0x470ca000}}, /* 20: more reads than the kernel keeps */
                    {20, {0x447d98d1, 0x460e76cd, 0x469ebe6d, 0x470ca000}}};
    for (size_t i = 0; i < 2; i++) {
        float *data = new_ramp();
        uint8_t *groupdq = new_plane(NGROUPS * STRIDE, 1);
        uint32_t *pixeldq = new_plane(STRIDE, 4), *coeff = new_coefficients(forward, 5, 5),
                 *dq = new_fits_u32(STRIDE, 0);
        uint32_t *back = new_coefficients(inverse, 4, 4);
        memset(groupdq + 3 * STRIDE, RP_DQ_SATURATED, STRIDE);
        back[2 * STRIDE + 50] = fits_f32((float)NAN);
        rp_linearity_params params = make_params(5);
        params.nframes = expected[i].nframes;
        run_lanes(k, RP_K_linearity_reads, &params, (void *const[]){data, groupdq, pixeldq, coeff, back, dq});
        for (size_t g = 0; g < NGROUPS; g++)
            for (size_t p = 0; p < NPIX; p++)
                if (p != 50)
                    assert_int_equal(float_bits(data[g * STRIDE + p]), expected[i].bits[g]);
        assert_int_equal(pixeldq[50], RP_DQ_NO_LIN_CORR);
        assert_int_equal(pixeldq[49], 0);
        free(data), free(groupdq), free(pixeldq), free(coeff), free(dq), free(back);
    }
}

static void test_polynomial(void **state)
{
    (void)state;
    every_variant(polynomial);
}
static void test_unusable_coefficients(void **state)
{
    (void)state;
    every_variant(unusable_coefficients);
}
static void test_zero_frame(void **state)
{
    (void)state;
    every_variant(zero_frame);
}
static void test_reads(void **state)
{
    (void)state;
    every_variant(reads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_polynomial), cmocka_unit_test(test_unusable_coefficients),
                                       cmocka_unit_test(test_zero_frame), cmocka_unit_test(test_reads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
