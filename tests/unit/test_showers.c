/* Showers in the flags of a frame: marks to ellipses, groups that follow, flags taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/steps/jump_showers.h"

enum { NGROUPS = 6, NY = 60, NX = 70, WORDS = 2, PLANE = NY * WORDS };

typedef struct sky {
    uint64_t bits[3][NGROUPS][PLANE]; /* saturated, jump, marks */
    uint64_t *saturated[NGROUPS], *jump[NGROUPS];
    const uint64_t *marks[NGROUPS];
    float electrons[NGROUPS][NY][NX];
    rp_frame_flags flags;
} sky;

static const rp_shower_settings usual = {.snr_threshold = 1.2,
                                         .min_area = 90,
                                         .inner_radius = 1.0,
                                         .width = 2.6,
                                         .expand_ratio = 1.1,
                                         .max_extended_radius = 200,
                                         .groups_masked = 2,
                                         .max_change_e = 12.0f,
                                         .min_ints_to_clip = 100};

static void set(uint64_t *plane, int y, int x)
{
    plane[y * WORDS + x / 64] |= (uint64_t)1 << (x % 64);
}

static int get(const uint64_t *plane, int y, int x)
{
    return (int)(plane[y * WORDS + x / 64] >> (x % 64) & 1);
}

/* Ramps of 10 electrons a group; a disc of 97 marks, radius 5.5, at (y 30, x 62) in group 2. */
static sky *new_sky(void)
{
    sky *s = calloc(1, sizeof *s);
    assert_non_null(s);
    for (int g = 0; g < NGROUPS; g++) {
        s->saturated[g] = s->bits[0][g];
        s->jump[g] = s->bits[1][g];
        s->marks[g] = s->bits[2][g];
        for (int y = 0; y < NY; y++)
            for (int x = 0; x < NX; x++)
                s->electrons[g][y][x] = 10.0f * (float)g;
    }
    s->flags = (rp_frame_flags){
        .ngroups = NGROUPS, .ny = NY, .nx = NX, .words_per_row = WORDS, .saturated = s->saturated, .jump = s->jump};
    for (int y = -5; y <= 5; y++)
        for (int x = -5; x <= 5; x++)
            if (y * y + x * x <= 30)
                set(s->bits[2][2], 30 + y, 62 + x);
    return s;
}

static int count(const uint64_t *plane)
{
    int n = 0;
    for (int w = 0; w < PLANE; w++)
        n += __builtin_popcountll(plane[w]);
    return n;
}

static uint64_t flag(sky *s, const rp_shower_settings *settings)
{
    uint64_t n = 0;
    assert_int_equal(rp_showers_flag(settings, s->marks, &s->electrons[0][0][0], &s->flags, &n, NULL), RP_OK);
    return n;
}

static void test_groups(void **state)
{
    (void)state;
    sky *s = new_sky();
    assert_int_equal(count(s->bits[2][2]), 97);
    set(s->saturated[3], 30, 60);
    assert_int_equal(flag(s, &usual), 1);
    /* widths 10.1 x 1.1, halved and rounded: a disc of radius 6, 109 pixels; saturated pixels drop out for good */
    assert_int_equal(count(s->jump[1]), 0);
    assert_int_equal(count(s->jump[2]), 109);
    assert_int_equal(count(s->jump[3]), 108);
    assert_int_equal(count(s->jump[4]), 108);
    assert_int_equal(get(s->jump[4], 30, 60), 0);
    assert_int_equal(count(s->jump[5]), 0);
    assert_int_equal(get(s->jump[2], 30, 67), 1);
    assert_int_equal(get(s->jump[2], 30, 68), 0);
    free(s);
}

static void test_small_area(void **state)
{
    (void)state;
    sky *s = new_sky();
    rp_shower_settings settings = usual;
    settings.min_area = 98;
    assert_int_equal(flag(s, &settings), 0);
    assert_int_equal(count(s->jump[2]), 0);
    free(s);
}

/* Holes count for the area; the frame's end and max_extended_radius cut. */
static void test_limits(void **state)
{
    (void)state;
    sky *s = new_sky();
    rp_shower_settings settings = usual;
    settings.min_area = 97;
    settings.max_extended_radius = 3;
    settings.groups_masked = 100;
    s->bits[2][2][30 * WORDS] &= ~((uint64_t)1 << 62); /* the middle */
    assert_int_equal(flag(s, &settings), 1);
    assert_int_equal(count(s->jump[2]), 25);
    assert_int_equal(count(s->jump[5]), 25);
    free(s);
}

static void test_taken_back(void **state)
{
    (void)state;
    sky *s = new_sky();
    set(s->jump[4], 30, 62);
    set(s->jump[1], 31, 62);
    /* flags in groups 2 to 4 leave one difference, 0 to 1: it must not be far from the mean of all */
    s->electrons[0][30][62] = -40.0f;             /* 50, mean of all 18: changes by 32 */
    s->electrons[0][29][62] = -14.0f;             /* 24, mean of all 12.8: changes by 11.2 */
    s->electrons[0][31][62] = __builtin_nanf(""); /* nothing is left */
    assert_int_equal(flag(s, &usual), 1);
    assert_int_equal(get(s->jump[2], 30, 62), 0);
    assert_int_equal(get(s->jump[4], 30, 62), 1); /* was there before */
    assert_int_equal(get(s->jump[2], 29, 62), 1);
    assert_int_equal(get(s->jump[2], 31, 62), 0);
    assert_int_equal(get(s->jump[1], 31, 62), 1);
    assert_int_equal(count(s->jump[2]), 107);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_small_area),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_taken_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
