/* Darks of another cadence: means of frames in single and double precision, extension, NaN, integrations left at zero.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/steps/dark_frames.h"

enum { NX = 3, NPIX = NX };

/* A dark in memory: value(plane, pixel). */
typedef struct memory_dark {
    rp_source base;
    float (*value)(int64_t plane, int64_t pixel);
    int *closed;
} memory_dark;

static rp_code memory_read(const rp_source *base, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    (void)err;
    const memory_dark *self = (const memory_dark *)(const void *)base;
    float values[NPIX];
    for (int64_t x = 0; x < rect.nx; x++)
        values[x] = self->value(plane, rect.x0 + x);
    rp_elements_from_f32(dst, values, (size_t)rect.nx);
    return RP_OK;
}

static void memory_close(rp_source *base)
{
    memory_dark *self = (memory_dark *)(void *)base;
    ++*self->closed;
    free(self);
}

static rp_source *new_dark(int64_t nints, int64_t groups, float (*value)(int64_t, int64_t), int *closed)
{
    memory_dark *self = calloc(1, sizeof *self);
    assert_non_null(self);
    self->base = (rp_source){.type = RP_F32, .label = "dark.fits[SCI]", .read = memory_read, .close = memory_close};
    self->base.shape = nints ? (rp_shape){4, {nints, groups, 1, NX}} : (rp_shape){3, {groups, 1, NX}};
    self->value = value;
    self->closed = closed;
    return &self->base;
}

static void read_plane(const rp_source *source, int64_t plane, float values[NPIX])
{
    unsigned char words[NPIX * 4];
    rp_error err = {0};
    assert_int_equal(source->read(source, plane, (rp_rect){0, 0, 1, NX}, words, &err), RP_OK);
    rp_elements_to_f32(values, words, RP_F32, NPIX);
}

/* Pixel 0: 16777216, then 1 more each frame: single precision loses the ones.  Pixel 1: frame number.  Pixel 2: NaN in
 * frame 1. */
static float ramp(int64_t plane, int64_t pixel)
{
    if (pixel == 0)
        return plane == 0 ? 16777216.0f : 1.0f;
    return pixel == 2 && plane == 1 ? (float)NAN : (float)plane;
}

static void means_of_frames(void **state)
{
    (void)state;
    int closed = 0;
    rp_source *average = NULL;
    /* groups of 3 frames with 1 passed over: frames 0-2 and 4-6 */
    const rp_dark_plan plan = {.nints = 1,
                               .groups = 8,
                               .nframes = 1,
                               .science_nints = 1,
                               .science_groups = 2,
                               .science_nframes = 3,
                               .science_groupgap = 1,
                               .use = RP_DARK_AVERAGED};
    assert_int_equal(rp_dark_average_open(&average, &plan, new_dark(0, 8, ramp, &closed), NULL), RP_OK);
    assert_int_equal(average->shape.naxis, 3);
    assert_int_equal(average->shape.axis[0], 2);
    float v[NPIX];
    read_plane(average, 0, v);
    assert_true(v[0] == 5592405.5f); /* (16777216 + 1) + 1 in single precision is 16777216 */
    assert_true(v[1] == 1.0f);
    assert_true(v[2] == (float)(2.0 / 3.0)); /* NaN is 0 */
    read_plane(average, 1, v);
    assert_true(v[0] == 1.0f && v[1] == 5.0f && v[2] == 5.0f);
    average->close(average);
    assert_int_equal(closed, 1);
}

static void extended_dark(void **state)
{
    (void)state;
    int closed = 0;
    rp_source *average = NULL;
    const rp_dark_plan plan = {.nints = 1,
                               .groups = 4,
                               .nframes = 1,
                               .extension = 2,
                               .science_nints = 1,
                               .science_groups = 2,
                               .science_nframes = 3,
                               .use = RP_DARK_AVERAGED};
    assert_int_equal(rp_dark_average_open(&average, &plan, new_dark(0, 4, ramp, &closed), NULL), RP_OK);
    float v[NPIX];
    read_plane(average, 0, v);
    assert_true(v[0] == (float)((16777216.0 + 1.0 + 1.0) / 3.0)); /* double for measured frames too */
    assert_true(v[0] != 5592405.5f);
    read_plane(average, 1, v);
    assert_true(v[1] == 4.0f); /* 3 and, one difference each further, 4 and 5 */
    average->close(average);
}

static float by_integration(int64_t plane, int64_t pixel)
{
    return (float)(100 * (plane / 4) + plane % 4 + 10 * pixel);
}

/* MIRI: a dark of three integrations for an exposure of two. */
static void integrations(void **state)
{
    (void)state;
    int closed = 0;
    rp_source *average = NULL;
    const rp_dark_plan plan = {.nints = 3,
                               .groups = 4,
                               .nframes = 1,
                               .science_nints = 2,
                               .science_groups = 2,
                               .science_nframes = 2,
                               .per_integration = true,
                               .use = RP_DARK_AVERAGED};
    assert_int_equal(rp_dark_average_open(&average, &plan, new_dark(3, 4, by_integration, &closed), NULL), RP_OK);
    float v[NPIX];
    read_plane(average, 3, v);
    assert_true(v[0] == 102.5f && v[2] == 122.5f);
    read_plane(average, 4, v); /* the third is not reached: zero, as the reference leaves it */
    assert_true(v[0] == 0.0f && v[2] == 0.0f);
    average->close(average);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(means_of_frames), cmocka_unit_test(extended_dark),
                                       cmocka_unit_test(integrations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
