/* Snowballs in frames of 70 x 72 pixels, two integrations of four groups; the numbers are the reference pipeline's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/steps/jump_snowballs.h"

enum { NY = 70, NX = 72, GROUPS = 4, INTS = 2, WORDS = 2, PLANE = NY * WORDS };

typedef struct scene {
    uint64_t bits[INTS][3][GROUPS][PLANE]; /* saturated, jump, assigned */
    uint64_t count;
} scene;

static void box(uint64_t *plane, int y0, int y1, int x0, int x1)
{
    for (int y = y0; y <= y1; y++)
        for (int x = x0; x <= x1; x++)
            plane[y * WORDS + x / 64] |= UINT64_C(1) << x % 64;
}

static bool has(const uint64_t *plane, int y, int x)
{
    return plane[y * WORDS + x / 64] >> x % 64 & 1;
}

static int count(const uint64_t *plane)
{
    int n = 0;
    for (int k = 0; k < PLANE; k++)
        n += __builtin_popcountll(plane[k]);
    return n;
}

static void fill(scene *s)
{
    memset(s, 0, sizeof *s);
    uint64_t(*saturated)[PLANE] = s->bits[0][0], (*jump)[PLANE] = s->bits[0][1];
    box(jump[1], 8, 16, 58, 66); /* over two words; the core saturates in the same group */
    for (int g = 1; g < GROUPS; g++) {
        box(saturated[g], 10, 14, 60, 64);
        for (int y = 10; y <= 14; y++)
            for (int x = 60; x <= 64; x++)
                jump[g][y * WORDS + x / 64] &= ~(UINT64_C(1) << x % 64);
    }
    box(jump[2], 20, 23, 10, 13); /* the core saturates in the next group */
    box(saturated[3], 21, 21, 11, 11);
    box(jump[1], 0, 3, 30, 33);   /* near the edge: no core needed */
    box(jump[2], 12, 15, 30, 33); /* no core: no snowball */
}

static rp_snowball_params usual(void)
{
    return (rp_snowball_params){.min_sat_area = 1.0,
                                .min_jump_area = 5.0,
                                .expand_factor = 2.0,
                                .min_sat_radius_extend = 2.5,
                                .sat_expand = 2,
                                .edge_size = 4,
                                .max_extended_radius = 200,
                                .masked_groups = 3,
                                .sat_required_snowball = true,
                                .mask_snowball_core_next_int = true};
}

static void find(scene *s, rp_snowballs *snowballs)
{
    for (int i = 0; i < INTS; i++) {
        uint64_t *planes[3][GROUPS];
        for (int kind = 0; kind < 3; kind++)
            for (int g = 0; g < GROUPS; g++)
                planes[kind][g] = s->bits[i][kind][g];
        rp_frame_flags flags = {.ngroups = GROUPS, .ny = NY, .nx = NX, .words_per_row = WORDS};
        flags.saturated = planes[0];
        flags.jump = planes[1];
        rp_snowballs_note_assigned(snowballs, planes[2]);
        assert_int_equal(rp_snowballs_find(snowballs, i, &flags, &s->count, NULL), RP_OK);
        rp_snowballs_note_assigned(snowballs, NULL);
    }
}

static void find_all(scene *s, const rp_snowball_params *params)
{
    rp_snowballs *snowballs = NULL;
    assert_int_equal(rp_snowballs_new(&snowballs, params, NY, NX, NULL), RP_OK);
    fill(s);
    find(s, snowballs);
    rp_snowballs_free(snowballs);
}

static void events_grow_and_cores_saturate(void **state)
{
    (void)state;
    scene *s = malloc(sizeof *s);
    assert_non_null(s);
    const rp_snowball_params params = usual();
    find_all(s, &params);
    assert_int_equal(s->count, 3);
    /* the core: radius 2.33 + 2, from its group to the last; rows of 5, 7, 7, 7, 7, 7, 5 pixels */
    const uint64_t *core = s->bits[0][0][1];
    assert_int_equal(count(core), 45);
    assert_true(has(core, 9, 60) && !has(core, 9, 59) && has(core, 10, 59) && has(core, 12, 65) && !has(core, 12, 66));
    assert_memory_equal(core, s->bits[0][0][2], sizeof s->bits[0][0][2]);
    assert_memory_equal(core, s->bits[0][2][1], sizeof s->bits[0][2][1]);
    assert_int_equal(count(s->bits[0][0][3]), 46);
    assert_int_equal(count(s->bits[0][2][3]), 45);
    assert_int_equal(count(s->bits[0][2][0]), 0);
    assert_int_equal(count(s->bits[0][0][0]), 0);
    /* jumps: group 1 has the big one around the core and the one at the edge, group 2 the other two */
    assert_int_equal(count(s->bits[0][1][0]), 0);
    assert_int_equal(count(s->bits[0][1][1]), 344);
    assert_int_equal(count(s->bits[0][1][2]), 41);
    assert_int_equal(count(s->bits[0][1][3]), 0);
    assert_true(has(s->bits[0][1][2], 24, 14) && !has(s->bits[0][1][2], 24, 15));
    assert_false(has(s->bits[0][1][2], 16, 31));
    assert_false(has(s->bits[0][1][1], 12, 62));
    free(s);
}

static void cores_are_masked_in_the_next_integration(void **state)
{
    (void)state;
    scene *s = malloc(sizeof *s);
    assert_non_null(s);
    rp_snowball_params params = usual();
    find_all(s, &params);
    for (int g = 0; g < GROUPS; g++) {
        const uint64_t *jump = s->bits[1][1][g];
        assert_int_equal(count(jump), g == 1 || g == 2 ? 9 : 0); /* the core not enlarged: 3 x 3 pixels */
        assert_int_equal(has(jump, 11, 61), g == 1 || g == 2);
    }
    params.masked_groups = 99;
    find_all(s, &params);
    assert_int_equal(count(s->bits[1][1][3]), 9);
    params.masked_groups = 1;
    find_all(s, &params);
    assert_int_equal(count(s->bits[1][1][1]), 0);
    params = usual();
    params.mask_snowball_core_next_int = false;
    find_all(s, &params);
    assert_int_equal(count(s->bits[1][1][1]), 0);
    free(s);
}

typedef struct variation {
    rp_snowball_params params;
    uint64_t snowballs;
    int saturated[3], jump[3]; /* pixels in groups 1 to 3 of the first integration */
} variation;

static void parameters_count(void **state)
{
    (void)state;
    variation v[8];
    for (size_t k = 0; k < 8; k++)
        v[k] = (variation){usual(), 3, {45, 45, 46}, {344, 41, 0}};
    v[0].params.sat_required_snowball = false; /* then cores do not grow */
    v[0] = (variation){v[0].params, 4, {25, 25, 26}, {364, 50, 0}};
    v[1].params.min_jump_area = 17.0;
    v[1] = (variation){v[1].params, 1, {45, 45, 46}, {335, 32, 0}};
    v[2].params.min_sat_area = 26.0;
    v[2] = (variation){v[2].params, 1, {25, 25, 26}, {81, 32, 0}};
    v[3].params.edge_size = 0;
    v[3] = (variation){v[3].params, 2, {45, 45, 46}, {335, 41, 0}};
    v[4].params.min_sat_radius_extend = 100.0;
    v[4] = (variation){v[4].params, 3, {25, 25, 26}, {364, 41, 0}};
    v[5].params.max_extended_radius = 2;
    v[5] = (variation){v[5].params, 3, {25, 25, 26}, {72, 32, 0}};
    v[6].params.sat_expand = 0;
    v[6] = (variation){v[6].params, 3, {25, 25, 26}, {364, 41, 0}};
    v[7].params.expand_factor = 1.5;
    v[7] = (variation){v[7].params, 3, {45, 45, 46}, {173, 41, 0}};
    scene *s = malloc(sizeof *s);
    assert_non_null(s);
    for (size_t k = 0; k < 8; k++) {
        find_all(s, &v[k].params);
        assert_int_equal(s->count, v[k].snowballs);
        for (int g = 0; g < 3; g++) {
            assert_int_equal(count(s->bits[0][0][g + 1]), v[k].saturated[g]);
            assert_int_equal(count(s->bits[0][1][g + 1]), v[k].jump[g]);
        }
    }
    free(s);
}

static void integration_0_starts_anew(void **state)
{
    (void)state;
    scene *s = malloc(sizeof *s), *again = malloc(sizeof *again);
    assert_true(s && again);
    rp_snowballs *snowballs = NULL;
    const rp_snowball_params params = usual();
    assert_int_equal(rp_snowballs_new(&snowballs, &params, NY, NX, NULL), RP_OK);
    fill(s);
    find(s, snowballs);
    fill(again);
    find(again, snowballs);
    assert_memory_equal(s, again, sizeof *s);
    rp_frame_flags flags = {.ngroups = GROUPS, .ny = NY + 1, .nx = NX, .words_per_row = WORDS};
    assert_int_equal(rp_snowballs_find(snowballs, 0, &flags, NULL, NULL), RP_E_INTERNAL);
    rp_snowballs_free(snowballs);
    assert_int_equal(rp_snowballs_new(&snowballs, &params, 0, NX, NULL), RP_E_ARGUMENT);
    assert_null(snowballs);
    free(s);
    free(again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_grow_and_cores_saturate),
        cmocka_unit_test(cores_are_masked_in_the_next_integration),
        cmocka_unit_test(parameters_count),
        cmocka_unit_test(integration_0_starts_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
