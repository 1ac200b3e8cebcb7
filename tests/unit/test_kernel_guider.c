/* Count rates and flat field of guide-star exposures: literal values, in every host build. */
#include <math.h>

#include "kernel_run.h"

/* Two integrations of `ngroups` groups; every pixel as the first. */
typedef struct guider_planes {
    float *data, *gain, *read_noise, *rate, *error;
} guider_planes;

static guider_planes new_planes(size_t nplanes)
{
    return (guider_planes){new_f32(nplanes * STRIDE, 0.0f), new_f32(STRIDE, 2.0f), new_f32(STRIDE, 3.0f),
                           new_f32(2 * STRIDE, -1.0f), new_f32(2 * STRIDE, -1.0f)};
}

static void free_planes(guider_planes *p)
{
    free(p->data), free(p->gain), free(p->read_noise), free(p->rate), free(p->error);
}

static void fill(float *plane, float value)
{
    for (size_t p = 0; p < STRIDE; p++)
        plane[p] = value;
}

static void run_cds(const rp_host_kernel *k, guider_planes *p, const rp_guider_cds_params *params)
{
    run_lanes(k, RP_K_guider_cds, params, (void *const[]){p->data, p->gain, p->read_noise, p->rate, p->error});
}

static void difference(const rp_host_kernel *k)
{
    guider_planes p = new_planes(4);
    fill(p.data, 10.0f), fill(p.data + STRIDE, 30.0f), fill(p.data + 2 * STRIDE, 30.0f),
        fill(p.data + 3 * STRIDE, 10.0f);
    p.gain[4] = 0.0f;
    p.gain[5] = NAN;
    const rp_guider_cds_params params = {
        .stride = STRIDE, .nints = 2, .ngroups = 2, .mode = RP_GUIDER_DIFFERENCE, .averaged = 2, .group_time_s = 0.5f};
    run_cds(k, &p, &params);
    assert_true(p.rate[0] == 40.0f && p.rate[STRIDE + 59] == -40.0f);
    assert_true(p.error[0] == sqrtf(92.0f) && p.error[STRIDE + 59] == sqrtf(72.0f)); /* 2 (3/.5)^2 + 20/(2*.5) */
    assert_true(isinf(p.error[4]) && p.error[STRIDE + 4] == sqrtf(72.0f));           /* -infinity counts as 0 */
    assert_true(isnan(p.error[5]) && p.rate[5] == 40.0f);
    free_planes(&p);
}

static void fine_guide(const rp_host_kernel *k)
{
    static const float group[6] = {1.0f, 2.0f, 3.0f, 6.0f, 100.0f, 9.0f};
    guider_planes p = new_planes(6);
    for (size_t g = 0; g < 6; g++)
        fill(p.data + g * STRIDE, group[g]);
    const rp_guider_cds_params params = {
        .stride = STRIDE, .nints = 1, .ngroups = 6, .mode = RP_GUIDER_FINE, .averaged = 4, .group_time_s = 2.0f};
    run_cds(k, &p, &params);
    assert_true(p.rate[17] == 13.25f); /* (118/4 - 12/4) / 2 */
    assert_true(p.error[17] == sqrtf(4.5f + 6.625f) && p.rate[STRIDE] == -1.0f);
    free_planes(&p);
}

static void identification(const rp_host_kernel *k)
{
    guider_planes p = new_planes(4);
    fill(p.data + STRIDE, 50.0f), fill(p.data + 3 * STRIDE, 20.0f);
    p.data[STRIDE + 7] = 8.0f;
    p.data[3 * STRIDE + 9] = NAN;
    p.data[STRIDE + 11] = NAN;
    const rp_guider_cds_params params = {
        .stride = STRIDE, .nints = 2, .ngroups = 2, .mode = RP_GUIDER_IDENTIFY, .averaged = 2, .group_time_s = 1.0f};
    run_cds(k, &p, &params);
    assert_true(p.rate[0] == 20.0f && p.rate[7] == 8.0f && isnan(p.rate[9]) && isnan(p.rate[11]));
    assert_true(p.error[0] == sqrtf(18.0f + 10.0f) && p.rate[STRIDE] == -1.0f);
    free_planes(&p);
}

typedef struct flat_planes {
    float *rate, *error, *flat, *flat_error, *variance;
    uint32_t *dq, *flat_dq;
} flat_planes;

static flat_planes new_flat(void)
{
    flat_planes f = {new_f32(2 * STRIDE, 6.0f), new_f32(2 * STRIDE, 4.0f),  new_f32(STRIDE, 2.0f),
                     new_f32(STRIDE, 0.5f),     new_f32(2 * STRIDE, -1.0f), new_plane(STRIDE, 4),
                     new_plane(STRIDE, 4)};
    f.flat[3] = NAN, f.flat[4] = 0.0f;
    f.flat_dq[5] = RP_DQ_NO_FLAT_FIELD, f.flat_dq[6] = RP_DQ_DO_NOT_USE, f.flat_dq[7] = RP_DQ_FLUX_ESTIMATED;
    f.flat_error[8] = NAN;
    f.dq[5] = RP_DQ_OUTLIER;
    return f;
}

static void run_flat(const rp_host_kernel *k, flat_planes *f, uint32_t inverse)
{
    const rp_guider_flat_params params = {STRIDE, 2, inverse};
    run_lanes(k, RP_K_guider_flat, &params,
              (void *const[]){f->rate, f->error, f->dq, f->flat, f->flat_error, f->flat_dq, f->variance});
}

static void free_flat(flat_planes *f)
{
    free(f->rate), free(f->error), free(f->flat), free(f->flat_error), free(f->variance), free(f->dq), free(f->flat_dq);
}

static void flat_field(const rp_host_kernel *k)
{
    static const uint32_t none = RP_DQ_NO_FLAT_FIELD | RP_DQ_DO_NOT_USE;
    flat_planes f = new_flat();
    run_flat(k, &f, 0);
    assert_true(f.rate[0] == 3.0f && f.rate[STRIDE + 59] == 3.0f);
    assert_true(f.variance[0] == 0.5625f && f.error[0] == sqrtf(16.5625f)); /* 3^2/2^2 * 0.5^2 */
    for (size_t p = 3; p <= 6; p++)
        assert_true(f.rate[p] == 6.0f && f.variance[p] == 9.0f && f.error[p] == 5.0f);
    assert_int_equal(f.dq[3], none);
    assert_int_equal(f.dq[4], none);
    assert_int_equal(f.dq[5], none | RP_DQ_OUTLIER);
    assert_int_equal(f.dq[6], RP_DQ_DO_NOT_USE);
    assert_int_equal(f.dq[7], RP_DQ_FLUX_ESTIMATED);
    assert_true(f.rate[7] == 3.0f && isnan(f.rate[8]) && isnan(f.error[8]) && isnan(f.variance[8]));
    assert_int_equal(f.dq[8], 0);
    free_flat(&f);
}

static void inverse_flat(const rp_host_kernel *k)
{
    flat_planes f = new_flat();
    run_flat(k, &f, 1);
    assert_true(f.rate[0] == 12.0f && f.error[0] == 4.0f && f.variance[0] == 0.0f);
    assert_true(f.rate[3] == 6.0f && f.rate[8] == 12.0f && f.variance[STRIDE + 8] == 0.0f);
    free_flat(&f);
}

static void test_difference(void **state)
{
    (void)state;
    every_variant(difference);
}

static void test_fine_guide(void **state)
{
    (void)state;
    every_variant(fine_guide);
}

static void test_identification(void **state)
{
    (void)state;
    every_variant(identification);
}

static void test_flat_field(void **state)
{
    (void)state;
    every_variant(flat_field);
    every_variant(inverse_flat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_difference), cmocka_unit_test(test_fine_guide),
                                       cmocka_unit_test(test_identification), cmocka_unit_test(test_flat_field)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
