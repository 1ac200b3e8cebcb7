/* Least-squares rates: bits of the reference for ramps with every kind of flag, in every host build. */
#include <math.h>

#include "ramp_fit_data.h"

enum { MAX_GROUPS = 24, WORK_BYTES = 1 << 16 };

typedef struct ols_run {
    rp_ols_params params;
    ramp_frame frame;
    ramp_results results;
    float *weights, *zeroframe;
    double *filters, *work;
    uint32_t counters[8];
} ols_run;

static void fill_weights(ols_run *r)
{
    static const float power[6] = {0.0f, 0.4f, 1.0f, 3.0f, 6.0f, 10.0f};
    for (size_t n = 3; n <= MAX_GROUPS; n++) {
        const double middle = (double)(n - 1) / 2.0, inverse = 1.0 / middle;
        for (size_t k = 0; k < (n + 1) / 2; k++)
            for (size_t c = 0; c < 6; c++)
                r->weights[RP_OLS_WEIGHTS(n) + k * 8 + c] = powf((float)fabs(((double)k - middle) * inverse), power[c]);
    }
}

static void fill_filters(ols_run *r, size_t n)
{
    const float *rows = r->weights + RP_OLS_WEIGHTS(n);
    const double middle = (double)(n - 1) / 2.0;
    for (size_t c = 0; c < 6; c++) {
        double sum = 0.0;
        for (size_t k = 0; k < n / 2; k++)
            sum += 2.0 * (double)rows[k * 8 + c] * (middle - (double)k) * (middle - (double)k);
        for (size_t k = 0; k < n / 2; k++)
            r->filters[k * 8 + c] = (double)rows[k * 8 + c] * (middle - (double)k) / sum / r->params.group_time_s;
    }
}

static ols_run new_run(uint32_t nints, uint32_t ngroups)
{
    const float time = 10.7f;
    const double seconds = (double)time, n = (double)ngroups, u = 0x1p-53;
    ols_run r = {.frame = new_ramp_frame(nints, ngroups), .results = new_ramp_results(nints)};
    r.params = (rp_ols_params){.group_time_s = seconds, .frame_time_s = seconds, .one_group_time_s = seconds,
                               .inverse_time = 1.0 / seconds, .noise_scale = sqrt(2.0), .pedestal_groups = 1.0,
                               .quick_shot = 1.0 / (seconds * (n - 1.0)), .quick_read = 12.0 / (seconds * seconds * (n * n * n - n)),
                               .quick_rate_slack = 24.0 * u / seconds,
                               .quick_slope_slack = 2.0 * u * ((24.0 * n + 60.0) / (n + 1.0) + 12.0) / seconds,
                               .quick_slope_part = 2.0 * u * (16.0 * n + 60.0), .stride = STRIDE, .npix = NPIX, .nints = nints,
                               .ngroups = ngroups, .n = ngroups, .to = (int32_t)ngroups - 1, .suppress = 1,
                               .keep_sums = nints > 1, .count_extent = 1, .nx = NX, .y1 = NY, .x1 = NX};
    r.weights = new_plane((MAX_GROUPS + 2) / 2 * ((MAX_GROUPS + 2) / 2) * 8 + 8, 4);
    r.filters = new_plane(MAX_GROUPS / 2 * 8, sizeof(double));
    r.work = new_plane(WORK_BYTES, 1);
    memset(r.work, 0x5a, WORK_BYTES); /* nothing may rely on its contents */
    fill_weights(&r);
    fill_filters(&r, ngroups < 3 ? 3 : ngroups);
    return r;
}

static void free_run(ols_run *r)
{
    free_ramp_frame(&r->frame);
    free_ramp_results(&r->results);
    free(r->weights), free(r->filters), free(r->work), free(r->zeroframe);
}

static void run_pixel(const rp_host_kernel *k, ols_run *r)
{
    const ramp_frame *f = &r->frame;
    run_lanes(k, RP_K_ramp_ols_pixel, &r->params,
              (void *const[]){f->gain, f->noise, f->pixeldq, f->dark, r->work, r->results.ints[4], r->results.rate[4]});
}

static void run_combine(const rp_host_kernel *k, ols_run *r)
{
    uint32_t **e = r->results.rate;
    run_lanes(k, RP_K_ramp_ols_combine, &r->params, (void *const[]){r->work, r->results.ints[4], e[0], e[1], e[2], e[3], e[4]});
}

/* The long way. */
static void run_all(const rp_host_kernel *k, ols_run *r)
{
    const ramp_frame *f = &r->frame;
    uint32_t **i = r->results.ints, **e = r->results.rate;
    r->params.has_zeroframe = r->zeroframe != NULL;
    run_pixel(k, r);
    run_lanes(k, RP_K_ramp_ols_median, &r->params, (void *const[]){f->data, f->groupdq, r->work});
    run_lanes(k, RP_K_ramp_ols_median_list, &r->params, (void *const[]){f->data, f->groupdq, r->zeroframe, r->work, i[4], e[4]});
    run_lanes(k, RP_K_ramp_ols_fit, &r->params,
              (void *const[]){f->data, r->weights, r->work, i[0], i[1], i[2], i[3], e[0], e[1], e[2], e[3]});
    run_lanes(k, RP_K_ramp_ols_fit_list, &r->params,
              (void *const[]){f->data, f->groupdq, r->zeroframe, r->weights, r->work, i[0], i[1], i[2], i[3], r->counters});
    run_combine(k, r);
}

/* The quick way. */
static void run_quick(const rp_host_kernel *k, ols_run *r)
{
    const ramp_frame *f = &r->frame;
    uint32_t **i = r->results.ints, **e = r->results.rate;
    r->params.is_quick = 1;
    run_pixel(k, r);
    run_lanes(k, RP_K_ramp_ols_quick, &r->params,
              (void *const[]){f->data, f->groupdq, r->filters, r->work, i[0], i[1], i[2], i[3], e[0], e[1], e[2], e[3]});
    run_lanes(k, RP_K_ramp_ols_list, &r->params,
              (void *const[]){f->data, f->groupdq, NULL, r->weights, r->work, i[0], i[1], i[2], i[3], i[4], e[4], r->counters});
    run_combine(k, r);
}

/* ------------------------------------------------------------------ tests */
static void two_integrations(const rp_host_kernel *k)
{
    ols_run r = new_run(2, 8);
    run_all(k, &r);
    expect_results(&r.results, ols_two_integrations);
    assert_int_equal(r.counters[RP_OLS_COUNT_SEGMENTS], SEGMENTS);
    assert_int_equal(r.counters[RP_OLS_COUNT_JUMPS], JUMPS);
    assert_int_equal(r.counters[RP_OLS_COUNT_ALIVE], 1);
    assert_int_equal(r.counters[RP_OLS_COUNT_USABLE], 1);
    free_run(&r);
}

static void one_integration(const rp_host_kernel *k)
{
    ols_run slow = new_run(1, 8), quick = new_run(1, 8);
    run_all(k, &slow);
    run_quick(k, &quick);
    expect_results(&slow.results, ols_one_integration);
    expect_results(&quick.results, ols_one_integration);
    /* some pixels without flags must have passed the test of their rounding */
    assert_true(rp_ols_marks(&quick.params, quick.work)[0] < NPIX);
    free_run(&slow);
    free_run(&quick);
}

static void one_group_kept(const rp_host_kernel *k)
{
    ols_run r = new_run(2, 8);
    r.params.suppress = 0;
    run_all(k, &r);
    expect_results(&r.results, ols_kept_one_group);
    free_run(&r);
}

static void many_groups(const rp_host_kernel *k)
{
    ols_run r = new_run(2, 24);
    run_all(k, &r);
    expect_results(&r.results, ols_many_groups);
    free_run(&r);
}

/* Pixel 8 is saturated throughout integration 0: its zero frame stands in. */
static void zeroframe(const rp_host_kernel *k)
{
    ols_run r = new_run(2, 8);
    ramp_frame two = new_ramp_frame(2, 2); /* the truth was made from values of such a frame */
    r.params.suppress = 0;
    r.zeroframe = new_plane(2 * STRIDE, 4);
    for (size_t i = 0; i < 2; i++)
        for (size_t p = 0; p < NPIX; p++)
            r.zeroframe[i * STRIDE + p] = two.data[i * 2 * STRIDE + p] - 3.0f;
    for (size_t y = 0; y < NY; y++) {
        r.zeroframe[at(y, 8)] = 990.25f;
        r.zeroframe[STRIDE + at(y, 8)] = 0.0f;
    }
    run_all(k, &r);
    expect_results(&r.results, ols_zeroframe);
    free_ramp_frame(&two);
    free_run(&r);
}

static void one_group(const rp_host_kernel *k)
{
    ols_run r = new_run(2, 1);
    r.params.suppress = 0;
    run_all(k, &r);
    expect_results(&r.results, ols_one_group);
    free_run(&r);
}

static void expect_planes(const uint32_t *planes, const uint32_t (*truth)[RAMPS], size_t n)
{
    for (size_t k = 0; k < n; k++)
        for (size_t p = 0; p < NPIX; p++)
            assert_int_equal(result_word(planes, k * STRIDE + p, false), truth[k][p % NX]);
}

static void optional_results(const rp_host_kernel *k)
{
    ols_run r = new_run(2, 8);
    const ramp_frame *f = &r.frame;
    uint32_t *s[8], *jumps = new_plane(2 * JUMPS * STRIDE, 4);
    for (int i = 0; i < 8; i++)
        s[i] = new_plane(2 * SEGMENTS * STRIDE, 4);
    r.params.nsegments = SEGMENTS;
    r.params.njumps = JUMPS;
    run_all(k, &r);
    run_lanes(k, RP_K_ramp_ols_segments, &r.params,
              (void *const[]){f->data, f->groupdq, NULL, r.weights, r.work, s[0], s[1], s[2], s[3]});
    run_lanes(k, RP_K_ramp_ols_variances, &r.params,
              (void *const[]){f->data, f->groupdq, NULL, r.weights, r.work, s[4], s[5], s[6]});
    run_lanes(k, RP_K_ramp_ols_pedestal, &r.params, (void *const[]){f->data, f->groupdq, NULL, r.work, s[7], jumps});
    expect_planes(s[0], opt_slope, 2 * SEGMENTS);
    expect_planes(s[1], opt_sigslope, 2 * SEGMENTS);
    expect_planes(s[2], opt_yint, 2 * SEGMENTS);
    expect_planes(s[3], opt_sigyint, 2 * SEGMENTS);
    expect_planes(s[4], opt_var_poisson, 2 * SEGMENTS);
    expect_planes(s[5], opt_var_rnoise, 2 * SEGMENTS);
    expect_planes(s[6], opt_weights, 2 * SEGMENTS);
    expect_planes(s[7], opt_pedestal, 2);
    expect_planes(jumps, opt_crmag, 2 * JUMPS);
    for (int i = 0; i < 8; i++)
        free(s[i]);
    free(jumps);
    free_run(&r);
}

/* Groups dropped in front: a jump in the first one left does not cut. */
static void dropped_groups(const rp_host_kernel *k)
{
    ols_run r = new_run(1, 8), short_ramp = new_run(1, 6);
    r.params.first = 2;
    r.params.n = 6;
    r.params.to = 5;
    r.params.clear_jump = 1;
    memset(r.frame.groupdq, 0, 8 * STRIDE);
    memset(short_ramp.frame.groupdq, 0, 6 * STRIDE);
    memcpy(short_ramp.frame.data, r.frame.data + 2 * STRIDE, 6 * STRIDE * sizeof(float));
    for (size_t p = 0; p < NPIX; p++)
        r.frame.groupdq[2 * STRIDE + p] = JUMP;
    run_all(k, &r);
    run_all(k, &short_ramp);
    for (int i = 0; i < 5; i++)
        assert_memory_equal(r.results.rate[i], short_ramp.results.rate[i], NPIX * sizeof(uint32_t));
    free_run(&r);
    free_run(&short_ramp);
}

#define EVERY(name)                                                                                                    \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        every_variant(name);                                                                                           \
    }
EVERY(two_integrations)
EVERY(one_integration)
EVERY(one_group_kept)
EVERY(many_groups)
EVERY(zeroframe)
EVERY(one_group)
EVERY(optional_results)
EVERY(dropped_groups)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_integrations), cmocka_unit_test(test_one_integration), cmocka_unit_test(test_one_group_kept),
        cmocka_unit_test(test_many_groups),      cmocka_unit_test(test_zeroframe),       cmocka_unit_test(test_one_group),
        cmocka_unit_test(test_optional_results), cmocka_unit_test(test_dropped_groups),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
