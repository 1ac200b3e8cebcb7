/* Rates by likelihood: bits of the reference, in every host build; the power function. */
#include "ramp_fit_data.h"

enum { NGROUPS = 8, NDIFFS = NGROUPS };

typedef struct likely_run {
    rp_likely_params params;
    ramp_frame frame;
    ramp_results results;
    double *table, *work;
    float *zeroframe;
    uint32_t *chisq;
} likely_run;

/* The covariance of groups of nreads reads each, the first of them split when there is a zero frame. */
static void fill_table(likely_run *r, double frame_time_s, int nreads, int gap)
{
    double count[NDIFFS + 2], mean[NDIFFS + 2], tau[NDIFFS + 2];
    const size_t nd = r->params.ndiffs, split = r->params.has_zeroframe;
    for (size_t g = 0; g <= nd; g++) {
        const int group = (int)(g > 0 ? g - split : 0), first = 1 + group * (nreads + gap) + (split && g == 1);
        const int n = split && g < 2 ? (g == 0 ? 1 : nreads - 1) : nreads;
        double sum = 0.0, weighted = 0.0;
        for (int k = 0; k < n; k++) {
            const double time = (double)(first + k) * frame_time_s;
            sum += time;
            weighted += (double)(2 * n - 1 - 2 * k) * time;
        }
        count[g] = (double)n;
        mean[g] = sum / (double)n;
        tau[g] = weighted / (double)(n * n);
    }
    for (size_t k = 0; k < nd; k++) {
        const double d = mean[k + 1] - mean[k], e = k + 1 < nd ? mean[k + 2] - mean[k + 1] : 1.0;
        r->table[RP_LIKELY_DELTA * nd + k] = d;
        r->table[RP_LIKELY_ALPHA_R * nd + k] = (1.0 / count[k] + 1.0 / count[k + 1]) / (d * d);
        r->table[RP_LIKELY_ALPHA_P * nd + k] = (tau[k] + tau[k + 1] - 2.0 * mean[k]) / (d * d);
        r->table[RP_LIKELY_BETA_R * nd + k] = -1.0 / (count[k + 1] * e * d);
        r->table[RP_LIKELY_BETA_P * nd + k] = (mean[k + 1] - tau[k + 1]) / (e * d);
        r->table[RP_LIKELY_PAIR_OK * nd + k] = count[k + 1] > 1.0 ? 1.0 : 0.0;
    }
}

static likely_run new_run(uint32_t nints, uint32_t has_zeroframe)
{
    likely_run r = {.frame = new_ramp_frame(nints, NGROUPS), .results = new_ramp_results(nints)};
    const uint32_t ndiffs = NGROUPS - 1 + has_zeroframe;
    const size_t scratch = (size_t)RP_LIKELY_SLOTS * (ndiffs + 1) * 16;
    r.params = (rp_likely_params){.threshold_one = 20.25, .threshold_two = 23.8, .stride = STRIDE,
                                  .status_offset = RP_LIKELY_WORK * STRIDE + scratch, .nints = nints, .ngroups = NGROUPS,
                                  .ndiffs = ndiffs, .has_zeroframe = has_zeroframe, .to = NGROUPS - 1, .nframes = 2.0f,
                                  .want_chisq = 1};
    r.table = new_plane(RP_LIKELY_TABLE * ndiffs, sizeof(double));
    r.work = new_plane(r.params.status_offset + nints * STRIDE, sizeof(double));
    r.chisq = new_plane(STRIDE, 4);
    return r;
}

static void free_run(likely_run *r)
{
    free_ramp_frame(&r->frame);
    free_ramp_results(&r->results);
    free(r->table), free(r->work), free(r->zeroframe), free(r->chisq);
}

static void run_all(const rp_host_kernel *k, likely_run *r)
{
    const ramp_frame *f = &r->frame;
    uint32_t **i = r->results.ints, **e = r->results.rate;
    run_lanes(k, RP_K_ramp_likely_pixel, &r->params, (void *const[]){f->gain, f->noise, f->dark, r->work});
    run_lanes(k, RP_K_ramp_likely_fit, &r->params,
              (void *const[]){f->data, f->groupdq, r->zeroframe, r->table, r->work, i[0], i[1], i[2], i[3], r->chisq});
    run_lanes(k, RP_K_ramp_likely_combine, &r->params,
              (void *const[]){r->work, f->pixeldq, i[0], i[1], i[2], i[3], i[4], e[0], e[1], e[2], e[3], e[4]});
}

static void two_integrations(const rp_host_kernel *k)
{
    likely_run r = new_run(2, 0);
    fill_table(&r, 10.7, 1, 0);
    run_all(k, &r);
    expect_results(&r.results, likely_two_integrations);
    for (size_t p = 0; p < NPIX; p++)
        assert_int_equal(result_word(r.chisq, p, false), likely_chisq[0][p % NX]);
    free_run(&r);
}

static void one_integration(const rp_host_kernel *k)
{
    likely_run r = new_run(1, 0);
    fill_table(&r, 10.7, 1, 0);
    run_all(k, &r);
    expect_results(&r.results, likely_one_integration);
    free_run(&r);
}

/* Groups of several reads: differences may be dropped in pairs. */
static void several_reads(const rp_host_kernel *k)
{
    likely_run r = new_run(2, 0);
    fill_table(&r, 10.7, 2, 2);
    run_all(k, &r);
    expect_results(&r.results, likely_several_reads);
    free_run(&r);
}

static void zeroframe(const rp_host_kernel *k)
{
    likely_run r = new_run(2, 1);
    ramp_frame two = new_ramp_frame(2, 2); /* the truth was made from values of such a frame */
    r.zeroframe = new_plane(2 * STRIDE, 4);
    for (size_t i = 0; i < 2; i++)
        for (size_t p = 0; p < NPIX; p++)
            r.zeroframe[i * STRIDE + p] = two.data[i * 2 * STRIDE + p] - 3.0f;
    fill_table(&r, 10.7, 2, 2);
    run_all(k, &r);
    expect_results(&r.results, likely_zeroframe);
    free_ramp_frame(&two);
    free_run(&r);
}

/* Values correctly rounded by hand, and the ends of the range. */
static void test_power(void **state)
{
    (void)state;
    assert_true(rp_power(1.0, 0.1) == 1.0);
    assert_true(rp_power(1024.0, 0.1) == 2.0);
    assert_true(rp_power(59049.0, 0.1) == 3.0);
    assert_true(rp_power(2.0, 1.0 / 3.0) == 0x1.428a2f98d728bp+0);
    assert_true(rp_power(1e-30, 0.1) == 0x1.0624dd2f1a9fap-10);
    assert_true(rp_power(0.0, 0.1) == 0.0);
    assert_true(rp_power(1.0 / 0.0, 0.1) == 1.0 / 0.0);
    assert_true(rp_power(-1.0, 0.1) != rp_power(-1.0, 0.1));
    assert_true(rp_power(0x1p-1072, 0.125) == 0x1p-134); /* not a normal number */
}

#define EVERY(name)                                                                                                    \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        every_variant(name);                                                                                           \
    }
EVERY(two_integrations)
EVERY(one_integration)
EVERY(several_reads)
EVERY(zeroframe)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_integrations), cmocka_unit_test(test_one_integration),
        cmocka_unit_test(test_several_reads),    cmocka_unit_test(test_zeroframe),
        cmocka_unit_test(test_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
