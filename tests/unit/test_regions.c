/* Connected regions and ellipses; the numbers are scikit-image 0.26's (label, regionprops, draw.ellipse). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/steps/regions.h"

enum { WORDS = 2, ROWS = 20 };

/* Rows of a picture, '#' is set; pixel 0 of the picture is pixel x0 of the plane. */
static void paint(uint64_t *plane, const char *const *rows, int x0)
{
    memset(plane, 0, ROWS * WORDS * sizeof *plane);
    for (int y = 0; rows[y]; y++)
        for (int x = 0; rows[y][x]; x++)
            if (rows[y][x] == '#')
                plane[y * WORDS + (x0 + x) / 64] |= UINT64_C(1) << (x0 + x) % 64;
}

typedef struct expected {
    int64_t area, filled;
    double x, y, minor, major, angle_deg;
} expected;

static void check(const char *const *rows, const expected *truth, size_t n, int x0)
{
    uint64_t plane[ROWS * WORDS];
    rp_regions regions = {0};
    paint(plane, rows, x0);
    assert_int_equal(rp_regions_find(&regions, plane, ROWS, WORDS, NULL), RP_OK);
    assert_int_equal(regions.nregions, n);
    for (size_t k = 0; k < n; k++) {
        const rp_region *region = &regions.region[k];
        rp_ellipse e;
        int64_t filled;
        assert_int_equal(rp_region_filled_area(&regions, region, &filled, NULL), RP_OK);
        assert_int_equal(rp_region_ellipse(&regions, region, &e, NULL), RP_OK);
        assert_int_equal(region->area, truth[k].area);
        assert_int_equal(filled, truth[k].filled);
        assert_true(e.minor == truth[k].minor && e.major == truth[k].major && e.angle_deg == truth[k].angle_deg);
        assert_true(e.y == truth[k].y && rp_region_y(region) == e.y && rp_region_x(region) == e.x);
        if (x0 == 0)
            assert_true(e.x == truth[k].x);
    }
    rp_regions_clear(&regions);
}

static void regions_come_in_raster_order(void **state)
{
    (void)state;
    const char *const rows[] = {"#..........", "..#.....###", "...#....#.#", ".......##.#",
                                "#......#..#", ".......####", NULL};
    const expected truth[] = {
        {1, 1, 0.0, 0.0, -1.0, -1.0, -45.0},
        {2, 2, 2.5, 1.5, -1.0, 0x1.d413cccfe779ap+0, 45.0},
        {14, 18, 121.0 / 14.0, 44.0 / 14.0, 0x1.c2b6734e37ceap+1, 0x1.494a2c9965007p+2, -0x1.13830cd3a4d79p+4},
        {1, 1, 0.0, 4.0, -1.0, -1.0, -45.0},
    };
    check(rows, truth, 4, 0);
    check(rows, truth, 4, 59); /* over the boundary of two words */
}

static void holes_are_filled_unless_they_leak_at_a_corner(void **state)
{
    (void)state;
    const char *const ring[] = {"........", ".######.", ".#....#.", ".#.##.#.",
                                ".#....#.", ".######.", "........", NULL};
    const expected rings[] = {
        {18, 30, 3.5, 3.0, 0x1.731dc7ec2ea9ep+2, 0x1.c1c652df446dcp+2, 90.0},
        {2, 2, 3.5, 3.0, -1.0, 1.0, 90.0},
    };
    check(ring, rings, 2, 0);
    const char *const leak[] = {".###.", "#...#", "#...#", "#...#", ".###.", NULL};
    const expected leaks[] = {{12, 12, 2.0, 2.0, 0x1.470be4c1c28b2p+2, 0x1.470be4c1c28b2p+2, -45.0}};
    check(leak, leaks, 1, 61);
}

static void symmetric_regions_have_the_sign_of_the_library(void **state)
{
    (void)state;
    const char *const mirror[] = {".##..##.", "###..###", ".######.", "..####..", "...##...", NULL};
    const expected mirrors[] = {{22, 22, 3.5, 38.0 / 22.0, 0x1.ecfe6adf92338p+1, 0x1.acba6c1a290d3p+2, 90.0}};
    check(mirror, mirrors, 1, 0);
    const char *const diagonal[] = {"#....", ".#...", "..#..", "...#.", "....#", NULL};
    const expected diagonals[] = {{5, 5, 2.0, 2.0, -1.0, 7.0, 45.0}};
    check(diagonal, diagonals, 1, 0);
}

typedef struct span {
    int y, x0, x1;
} span;

/* The oval must consist of these spans and nothing else; frame of 20 x 70 pixels. */
static void check_oval(rp_oval *oval, rp_ellipse ellipse, const span *spans, size_t n)
{
    uint64_t plane[ROWS * WORDS] = {0}, truth[ROWS * WORDS] = {0};
    assert_int_equal(rp_oval_draw(oval, &ellipse, ROWS, 70, NULL), RP_OK);
    rp_oval_set(oval, plane, WORDS);
    for (size_t k = 0; k < n; k++)
        for (int x = spans[k].x0; x <= spans[k].x1; x++)
            truth[spans[k].y * WORDS + x / 64] |= UINT64_C(1) << x % 64;
    assert_memory_equal(plane, truth, sizeof plane);
}

static void ellipses_are_drawn_as_the_library_does(void **state)
{
    (void)state;
    rp_oval oval = {0};
    const span tilted[] = {{3, 7, 10}, {4, 6, 11},  {5, 6, 12},  {6, 6, 13},  {7, 6, 13},  {8, 6, 14},
                           {9, 7, 14}, {10, 7, 14}, {11, 8, 14}, {12, 9, 14}, {13, 10, 13}};
    check_oval(&oval, (rp_ellipse){10.4, 7.5, 9.0, 13.0, 30.0}, tilted, 11);
    /* a circle: two of the pixels at distance 6 are in by rounding */
    const span circle[] = {{2, 10, 10}, {3, 7, 13},  {4, 6, 14},  {5, 5, 15},  {6, 5, 15},  {7, 5, 15},  {8, 4, 16},
                           {9, 5, 15},  {10, 5, 15}, {11, 5, 15}, {12, 6, 14}, {13, 7, 13}, {14, 10, 10}};
    check_oval(&oval, (rp_ellipse){10.4, 7.5, 12.0, 12.0, -69.96}, circle, 13);
    const span cut[] = {{0, 60, 64}, {1, 59, 65}, {2, 59, 65}, {3, 59, 65}, {4, 59, 65}, {5, 59, 65}, {6, 60, 64}};
    check_oval(&oval, (rp_ellipse){62.0, 3.0, 8.0, 8.0, 0.0}, cut, 7);
    check_oval(&oval, (rp_ellipse){1.0, 2.0, -1.0, 4.0, 90.0}, NULL, 0); /* half an axis rounds to 0 */
    rp_oval_clear(&oval);
}

static void ovals_are_laid_over_planes(void **state)
{
    (void)state;
    rp_oval oval = {0};
    uint64_t plane[ROWS * WORDS], hidden[ROWS * WORDS] = {0};
    const rp_ellipse small = {63.0, 5.0, 4.0, 4.0, 0.0}; /* 3 x 3 pixels */
    memset(plane, 0xff, sizeof plane);
    assert_int_equal(rp_oval_draw(&oval, &small, ROWS, 70, NULL), RP_OK);
    rp_oval_erase(&oval, plane, WORDS);
    assert_true(plane[4 * WORDS] == UINT64_MAX >> 2 && plane[4 * WORDS + 1] == UINT64_MAX - 1);
    assert_true(plane[3 * WORDS] == UINT64_MAX && plane[7 * WORDS] == UINT64_MAX);
    hidden[5 * WORDS] = UINT64_MAX;
    rp_oval_remove(&oval, hidden, WORDS);
    rp_oval_set(&oval, plane, WORDS);
    assert_true(plane[4 * WORDS] == UINT64_MAX && plane[5 * WORDS] == UINT64_MAX >> 2 &&
                plane[5 * WORDS + 1] == UINT64_MAX);
    rp_oval_clear(&oval);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(regions_come_in_raster_order),
        cmocka_unit_test(holes_are_filled_unless_they_leak_at_a_corner),
        cmocka_unit_test(symmetric_regions_have_the_sign_of_the_library),
        cmocka_unit_test(ellipses_are_drawn_as_the_library_does),
        cmocka_unit_test(ovals_are_laid_over_planes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
