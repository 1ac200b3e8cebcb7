/* Clips, backgrounds and stripes of images.  Literals: jwst 3.0.0 with astropy 8.0, photutils 3.0, scipy 1.17. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "host/steps/clip_stats.h"
#include "host/steps/flicker.h"
#include "host/steps/medians.h"
#include "host/steps/nearest.h"
#include "host/steps/nsclean.h"

enum { NY = 20, NX = 30, NPIX = NY * NX };
static const rp_image_shape shape = {NY, NX};

/* Numbers of a congruential generator, 0 to 256, three outliers, and two holes in the mask. */
static void make_image(float *image, uint8_t *mask)
{
    uint32_t seed = 12345;
    for (int k = 0; k < NPIX; k++) {
        seed = seed * 1664525u + 1013904223u;
        image[k] = (float)(seed >> 8) * (1.0f / 65536.0f);
        const int y = k / NX, x = k % NX;
        mask[k] = !(y == 3 && x >= 4 && x < 9) && !(y >= 12 && y < 17 && x >= 20 && x < 29);
    }
    image[10] = 9000.0f, image[200] = -5000.0f, image[299] = 900.0f;
}

static size_t count(const uint8_t *mask)
{
    size_t n = 0;
    for (int k = 0; k < NPIX; k++)
        n += mask[k];
    return n;
}

static void test_medians(void **state)
{
    float odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2}, bad[] = {1, NAN, 2};
    double same[] = {5, 5, 5, 5, 5};
    assert_true(rp_median_f32(odd, 3) == 2.0f && rp_median_f32(even, 4) == 2.5f && rp_median_f64(same, 5) == 5.0);
    assert_true(isnan(rp_median_f32(bad, 3)) && isnan(rp_median_f32(bad, 0)));
    double many[101];
    for (int k = 0; k < 101; k++)
        many[k] = (k * 37) % 101;
    assert_true(rp_select_f64(many, 101, 17) == 17.0 && rp_select_f64(many, 101, 100) == 100.0);
    (void)state;
}

static void test_stats(void **state)
{
    float image[NPIX];
    uint8_t mask[NPIX];
    double values[101], scratch[101];
    make_image(image, mask);
    for (int k = 0; k < 101; k++)
        values[k] = image[k];
    const rp_clip_stats s = rp_clipped_stats(values, 101, 3.0, scratch);
    assert_true(s.mean == 138.23678100585937 && s.median == 143.5306396484375 && s.sigma == 70.30924022333281);
    assert_true(isnan(rp_clipped_stats(values, 0, 3.0, scratch).mean));
    (void)state;
}

static void test_sorted(void **state)
{
    float image[NPIX];
    uint8_t mask[NPIX];
    make_image(image, mask);
    rp_sorted *sorted = rp_sorted_new(NPIX);
    assert_non_null(sorted);
    rp_sorted_take(sorted, image, mask, NPIX);
    const rp_centre by_median = rp_sorted_clip(sorted, false), by_mean = rp_sorted_clip(sorted, true);
    assert_true(by_median.centre == 134.75302124023438);
    assert_true(fabs(by_median.sigma - 71.81055904473675) < 1e-11 && fabs(by_mean.centre - 132.05776313628314) < 1e-11);
    memset(mask, 0, sizeof mask);
    rp_sorted_take(sorted, image, mask, NPIX);
    assert_true(isnan(rp_sorted_clip(sorted, false).centre) && isnan(rp_sorted_median(sorted)));
    rp_sorted_free(sorted);
    (void)state;
}

static void test_clip_to_background(void **state)
{
    static const struct {
        rp_clip_limits limits;
        size_t left;
    } expected[] = {{{1, 1, false, false}, 323}, {{1, 1, true, false}, 330}, {{1, 1, false, true}, 385}};
    float image[NPIX];
    uint8_t mask[NPIX];
    rp_sorted *sorted = rp_sorted_new(NPIX);
    for (size_t k = 0; k < 3; k++) {
        make_image(image, mask);
        rp_sorted_take(sorted, image, mask, NPIX);
        rp_clip_to_background(image, mask, NPIX, &expected[k].limits, sorted);
        assert_int_equal(count(mask), expected[k].left);
        assert_true(!mask[0] && !mask[1] && mask[2] && mask[3] && !mask[4] && !mask[5] && mask[6]);
    }
    rp_sorted_free(sorted);
    (void)state;
}

static void test_background(void **state)
{
    float image[NPIX], model[NPIX];
    uint8_t mask[NPIX];
    rp_sorted *sorted = rp_sorted_new(NPIX);
    rp_background b = {.image = model};
    make_image(image, mask);
    rp_sorted_take(sorted, image, mask, NPIX);
    assert_int_equal(
        rp_background_level(image, mask, shape, RP_BACKGROUND_MEDIAN, (rp_background_box){0}, sorted, &b, NULL), RP_OK);
    assert_true(!b.is_image && b.level == 134.75302124023438f);
    assert_int_equal(count(mask), 547);
    make_image(image, mask);
    rp_sorted_take(sorted, image, mask, NPIX);
    assert_int_equal(
        rp_background_level(image, mask, shape, RP_BACKGROUND_MODEL, (rp_background_box){5, 5}, sorted, &b, NULL),
        RP_OK);
    assert_true(b.is_image && model[0] == 0x1.0cd354p+7f && model[7 * NX + 11] == 0x1.100d72p+7f);
    assert_true(model[NPIX - 1] == 0x1.eeba14p+6f && model[14 * NX + 24] == 0x1.f59feap+6f);
    memset(mask, 0, sizeof mask);
    bool fits = true;
    assert_int_equal(rp_background_model(image, mask, shape, (rp_background_box){5, 5}, model, &fits, NULL), RP_OK);
    assert_false(fits);
    rp_sorted_free(sorted);
    (void)state;
}

static void test_stripes(void **state)
{
    float image[NPIX], scratch[16 * NX];
    uint8_t mask[NPIX];
    make_image(image, mask);
    const float corner = image[0];
    rp_median_clean(image, mask, shape, false, 1, scratch);
    assert_true(image[0] == -0x1.0d77dap+7f && image[13 * NX + 21] == -0x1.23b4fp+7f);
    make_image(image, mask);
    rp_median_clean(image, mask, shape, true, 1, scratch);
    assert_true(image[0] == -0x1.0cfaap+7f && image[13 * NX + 21] == -0x1.c921ecp+6f);
    make_image(image, mask);
    memset(mask, 0, NX);
    rp_median_clean(image, mask, shape, true, 1, scratch);
    assert_true(image[0] == corner);
    (void)state;
}

/* A grid of 7 x 9 points without every fifth: many of them are equally far. */
static void test_nearest(void **state)
{
    static const double from[3][2] = {{0, 2}, {3, 4}, {6, 8}};
    static const size_t expected[3][10] = {{2, 9, 1, 8, 3, 16, 0, 15, 17, 7},
                                           {25, 32, 24, 18, 31, 33, 17, 39, 10, 23},
                                           {42, 49, 35, 48, 34, 41, 28, 47, 40, 27}};
    double yx[2 * 63];
    size_t n = 0;
    for (int k = 0; k < 63; k++)
        if (k % 5 != 2) {
            yx[2 * n] = k / 9;
            yx[2 * n + 1] = k % 9;
            n++;
        }
    assert_int_equal(n, 50);
    rp_nearest *tree = rp_nearest_new(yx, n);
    for (size_t q = 0; q < 3; q++) {
        size_t index[10];
        double squared[10];
        assert_int_equal(rp_nearest_find(tree, from[q][0], from[q][1], 10, index, squared), 10);
        assert_memory_equal(index, expected[q], sizeof index);
        assert_true(squared[0] == (q == 1 ? 0.0 : 1.0) && squared[9] == (q == 0 ? 5.0 : q == 1 ? 4.0 : 10.0));
    }
    rp_nearest_free(tree);
    (void)state;
}

/* Two slow waves are found again from samples with gaps. */
static void test_waves(void **state)
{
    enum { N = 64, NK = 3 };
    static const size_t k[NK] = {0, 1, 3};
    double cosine[N], sine[N], weight[N], *work = malloc(rp_wave_work(NK) * sizeof *work), amplitude[2 * NK];
    size_t place[N], n = 0;
    float value[N];
    for (size_t t = 0; t < N; t++) {
        cosine[t] = cos(2.0 * 3.14159265358979323846 * (double)t / N);
        sine[t] = sin(2.0 * 3.14159265358979323846 * (double)t / N);
    }
    for (size_t t = 0; t < N; t++) {
        if (t % 7 == 3)
            continue;
        place[n] = t;
        weight[n] = 1.0 + (double)(t % 3);
        value[n++] = 5.0f; /* a constant has no other wave */
    }
    const rp_wave_fit fit = {N, NK, n, k, place, weight, value, cosine, sine, work};
    assert_true(rp_wave_solve(&fit, amplitude));
    assert_true(fabs(amplitude[0] / (double)n - 5.0) < 1e-12);
    for (int i = 1; i < 2 * NK; i++)
        assert_true(fabs(amplitude[i]) < 1e-10);
    for (size_t s = 0; s < n; s++)
        weight[s] = 0.0;
    assert_false(rp_wave_solve(&fit, amplitude));
    free(work);
    (void)state;
}

/* A level is all noise, but for the four lines at each end that are not fitted. */
static void test_frame(void **state)
{
    enum { N = 256, HALF = N / 2 };
    const rp_image_shape frame = {64, N};
    float *image = calloc(64 * N, sizeof *image), *model = calloc(64 * N, sizeof *model);
    uint8_t *mask = malloc(64 * N);
    bool ok = false;
    memset(mask, 1, 64 * N);
    for (size_t p = 0; p < 64 * N; p++)
        image[p] = 13.0f;
    assert_int_equal(rp_nsclean_frame(image, mask, frame, model, &ok, NULL), RP_OK);
    assert_true(ok);
    assert_true(fabsf(model[32 * N + HALF] - 13.0f) < 1e-4f && model[0] < 1.0f);
    free(image), free(model), free(mask);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_medians),    cmocka_unit_test(test_stats),
        cmocka_unit_test(test_sorted),     cmocka_unit_test(test_clip_to_background),
        cmocka_unit_test(test_background), cmocka_unit_test(test_stripes),
        cmocka_unit_test(test_nearest),    cmocka_unit_test(test_waves),
        cmocka_unit_test(test_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
