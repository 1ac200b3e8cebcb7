/* Kernels of the jump search: networks and selection, every way of searching, neighbours, groups that follow. */
#include "kernel_run.h"

#include <math.h>
#include <stdio.h>

/* ------------------------------------------------------------------ medians */
/* A network that sorts all zeros and ones sorts everything. */
static void test_networks(void **state)
{
    (void)state;
    for (int n = 2; n <= 16; n++)
        for (uint32_t pattern = 0; pattern < 1u << n; pattern++) {
            vf32 v[16];
            for (int k = 0; k < n; k++)
                v[k] = pattern >> k & 1 ? 1.0f : 0.0f;
            rp_sort_few(v, n);
            for (int k = 1; k < n; k++)
                if (v[k - 1] > v[k])
                    fail_msg("network of %d leaves %#x unsorted", n, pattern);
        }
}

static void test_merge_exchange(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int n = 17; n <= RP_MAX_FEW; n++)
        for (int trial = 0; trial < 40; trial++) {
            vf32 v[RP_MAX_FEW];
            for (int k = 0; k < n; k++)
                v[k] = (float)((random = random * 1664525u + 1013904223u) >> 28);
            rp_sort_few(v, n);
            for (int k = 1; k < n; k++)
                assert_true(v[k - 1] <= v[k]);
        }
}

/* Values of one pixel, a column of a tile. */
static float column[64 * RP_TILE];

static void fill(const float *values, size_t n)
{
    for (size_t k = 0; k < n; k++)
        column[k * RP_TILE] = values[k];
}

static void test_select(void **state)
{
    (void)state;
    const float values[] = {3.0f, -0.0f, NAN, 1e30f, 0.5f, 3.0f, -1e-40f, 3.0f, 0.0f, INFINITY, 7.0f};
    const float sorted[] = {-1e-40f, 0.0f, 0.0f, 0.5f, 3.0f, 3.0f, 3.0f, 7.0f, 1e30f, INFINITY};
    float next;
    fill(values, 11);
    for (int rank = 0; rank < 10; rank++) {
        const float v = rp_column_select(column, 11, 0, rank, 10, -1e-40f, INFINITY, &next);
        assert_true(v == sorted[rank]);
        assert_true(rank == 9 || next == sorted[rank + 1]);
    }
    for (int rank = 0; rank < 10; rank++) {
        const float v = rp_column_walk(column, 11, 0, 3.0f, rank, -1, &next);
        assert_true(v == sorted[rank]);
    }
    const float negative[] = {-4.0f, -2.0f, -0.0f};
    fill(negative, 3);
    assert_true(rp_column_select(column, 3, 0, 1, 3, -4.0f, -0.0f, &next) == -2.0f && next == 0.0f);
    assert_true(rp_column_select(column, 3, 1, 1, 3, 0.0f, 4.0f, &next) == 2.0f && next == 4.0f);
}

/* ------------------------------------------------------------------ frames of ramps */
enum { MOST_PLANES = 400, GUARD = 64, WORDS = 8 };

typedef struct frame {
    float *data, *differences;
    uint8_t *groupdq;
    uint32_t *pixeldq, *gain, *noise, *candidates, *counters, *seen, *take_back;
    double *median;
    rp_jump_params prm;
} frame;

/* Gain 2 electron/DN, noise 5 DN: the noise variance is 100 electron^2 (one frame).  Every ramp climbs by 50 DN a
 * group: differences of 100 electron, sigma^2 = 200. */
static frame new_frame(uint32_t mode, uint32_t nints, uint32_t ngroups)
{
    const size_t planes = (size_t)nints * ngroups;
    assert_true(planes <= MOST_PLANES);
    frame f = {.data = new_f32(planes * STRIDE, 0.0f),
               .differences = new_f32((size_t)(nints + 2) * ngroups * STRIDE, 0.0f),
               .groupdq = new_plane(planes * STRIDE, 1),
               .pixeldq = new_plane(STRIDE, 4),
               .gain = new_fits_f32(STRIDE, 2.0f),
               .noise = new_fits_f32(STRIDE, 5.0f),
               .candidates = new_plane(WORDS * (STRIDE + 2 * GUARD), 4),
               .counters = new_plane(16, 4),
               .seen = new_plane(MOST_PLANES, 4),
               .take_back = new_plane(MOST_PLANES, 4),
               .median = new_plane(STRIDE, 8),
               .prm = {.threshold = 4.0,
                       .threshold_three = 5.0,
                       .threshold_two = 6.0,
                       .min_neighbour = 10.0,
                       .max_neighbour = 1000.0,
                       .nframes = 1.0,
                       .stride = STRIDE,
                       .word_stride = STRIDE + 2 * GUARD,
                       .guard = GUARD,
                       .extent = whole_frame,
                       .nints = nints,
                       .ngroups = ngroups,
                       .mode = mode,
                       .flag_neighbours = 1,
                       .keep_median = 1,
                       .counter = 3}};
    for (size_t i = 0; i < nints; i++)
        for (size_t g = 0; g < ngroups; g++)
            for (size_t p = 0; p < STRIDE; p++)
                f.data[(i * ngroups + g) * STRIDE + p] = 50.0f * (float)g;
    return f;
}

static void free_frame(frame *f)
{
    free(f->data), free(f->differences), free(f->groupdq), free(f->pixeldq), free(f->gain), free(f->noise);
    free(f->candidates), free(f->counters), free(f->seen), free(f->take_back), free(f->median);
}

/* Adds electrons to a pixel from a group of an integration on. */
static void hit(frame *f, size_t integration, size_t group, size_t pixel, float electrons)
{
    for (size_t g = group; g < f->prm.ngroups; g++)
        f->data[(integration * f->prm.ngroups + g) * STRIDE + pixel] += electrons / 2.0f;
}

static int flags(const frame *f, size_t integration, size_t group, size_t pixel)
{
    return f->groupdq[(integration * f->prm.ngroups + group) * STRIDE + pixel];
}

static int jumps(const frame *f)
{
    int n = 0;
    for (size_t k = 0; k < (size_t)f->prm.nints * f->prm.ngroups; k++)
        for (size_t p = 0; p < NPIX; p++)
            n += f->groupdq[k * STRIDE + p] == RP_DQ_JUMP_DET;
    return n;
}

static void find(const rp_host_kernel *k, frame *f)
{
    const int clipped = f->prm.mode == RP_JUMP_CLIP_INTS || f->prm.mode == RP_JUMP_CLIP_ALL;
    run_lanes(k, RP_K_jump_find, &f->prm,
              (void *const[]){f->data, f->groupdq, f->pixeldq, f->gain, f->noise, f->candidates, f->median,
                              f->differences, f->counters, clipped ? f->seen : NULL, clipped ? f->take_back : NULL});
}

static void neighbours(const rp_host_kernel *k, frame *f)
{
    run_lanes(k, RP_K_jump_neighbours, &f->prm, (void *const[]){f->groupdq, f->candidates});
}

/* ------------------------------------------------------------------ searches */
static void iterative(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_ITERATIVE, 1, 7);
    hit(&f, 0, 3, at(1, 5), 400.0f);   /* 400 / sqrt(200) = 28 sigma */
    hit(&f, 0, 5, at(1, 5), 120.0f);   /* found in the second round: 8 sigma */
    hit(&f, 0, 1, at(0, 0), 56.0f);    /* 3.96 sigma: none */
    hit(&f, 0, 6, at(2, 19), 57.0f);   /* 4.03 sigma */
    hit(&f, 0, 2, at(2, 0), -1000.0f); /* downwards: |d| is 900 */
    f.gain[7] = fits_f32(NAN);
    f.gain[8] = fits_f32(-1.0f);
    f.gain[9] = fits_f32(0.0f);
    find(k, &f);
    assert_int_equal(flags(&f, 0, 3, at(1, 5)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 5, at(1, 5)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 1, at(0, 0)), 0);
    assert_int_equal(flags(&f, 0, 6, at(2, 19)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 2, at(2, 0)), RP_DQ_JUMP_DET);
    assert_int_equal(jumps(&f), 4);
    assert_int_equal(f.counters[3], 4);
    assert_true(f.median[at(1, 5)] == 100.0 && f.median[at(1, 6)] == 100.0);
    for (size_t p = 6; p < 11; p++)
        assert_int_equal(f.pixeldq[p], p >= 7 && p <= 9 ? (int)(RP_DQ_NO_GAIN_VALUE | RP_DQ_DO_NOT_USE) : 0);
    free_frame(&f);
}

/* Thresholds by the number of differences left, equal values, gaps. */
static void iterative_few(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_ITERATIVE, 1, 5);
    const size_t unusable = 4 * STRIDE;
    /* three left: m is the median, threshold 5 */
    f.groupdq[unusable + 1] = f.groupdq[unusable + 2] = RP_DQ_SATURATED;
    hit(&f, 0, 2, 1, 70.0f); /* 4.95 sigma */
    hit(&f, 0, 2, 2, 72.0f); /* 5.09 sigma */
    /* two left: m is the smaller, threshold 6 */
    for (size_t p = 3; p <= 4; p++)
        f.groupdq[3 * STRIDE + p] = f.groupdq[unusable + p] = RP_DQ_DO_NOT_USE;
    hit(&f, 0, 1, 3, 84.0f); /* 5.94 sigma */
    hit(&f, 0, 1, 4, 86.0f); /* 6.08 sigma */
    /* the two largest are equal: both are left out of the median, both are flagged */
    hit(&f, 0, 1, 5, 300.0f);
    hit(&f, 0, 3, 5, 300.0f);
    /* a gap takes two differences away */
    f.groupdq[2 * STRIDE + 6] = RP_DQ_DO_NOT_USE;
    hit(&f, 0, 1, 6, 1000.0f);
    find(k, &f);
    assert_int_equal(flags(&f, 0, 2, 1), 0);
    assert_int_equal(flags(&f, 0, 2, 2), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 1, 3), 0);
    assert_int_equal(flags(&f, 0, 1, 4), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 1, 5), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 3, 5), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 1, 6), RP_DQ_JUMP_DET);
    assert_int_equal(jumps(&f), 5);
    free_frame(&f);
}

/* The same hits among few differences (sorted) and many (selected): integrations without hits change no median. */
static void many(const rp_host_kernel *k)
{
    for (uint32_t nints = 2; nints <= 60; nints += 58)
        for (uint32_t mode = RP_JUMP_ITERATIVE; mode <= RP_JUMP_SINGLE; mode++) {
            frame f = new_frame(mode, nints, 5);
            hit(&f, 1, 2, 4, 400.0f);
            hit(&f, 0, 4, 4, 400.0f);
            hit(&f, 1, 1, 4, 58.0f); /* 4.1 sigma */
            hit(&f, 0, 3, 21, 56.0f);
            hit(&f, 1, 3, 40, -2000.0f);
            for (size_t g = 0; g < 5; g++)
                f.groupdq[g * STRIDE + 41] = RP_DQ_DO_NOT_USE;
            find(k, &f);
            assert_int_equal(flags(&f, 1, 2, 4), RP_DQ_JUMP_DET);
            assert_int_equal(flags(&f, 0, 4, 4), RP_DQ_JUMP_DET);
            assert_int_equal(flags(&f, 1, 1, 4), RP_DQ_JUMP_DET);
            assert_int_equal(flags(&f, 1, 3, 40), RP_DQ_JUMP_DET);
            assert_int_equal(jumps(&f), 4);
            assert_int_equal(f.counters[3], 4);
            assert_true(f.median[4] == 100.0 && f.median[41] == 100.0);
            free_frame(&f);
        }
}

/* A median between two float32, and bounds that hold to the last bit. */
static void single(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_SINGLE, 1, 13);
    for (size_t g = 0; g < 13; g++)
        f.data[g * STRIDE + 2] = (float)(50 * g + g / 2);        /* differences 100 and 102: m = 101, sigma^2 = 201 */
    hit(&f, 0, 12, 2, 55.0f);                                    /* 157 - 101 = 56: 3.95 sigma */
    hit(&f, 0, 12, 3, 56.568542480468750f - 0.000007629394531f); /* an ulp below 4 sqrt(200) */
    hit(&f, 0, 12, 4, 56.568542480468750f + 0.000015258789062f);
    find(k, &f);
    assert_true(f.median[2] == 101.0);
    assert_int_equal(flags(&f, 0, 12, 2), 0);
    assert_int_equal(flags(&f, 0, 12, 3), 0);
    assert_int_equal(flags(&f, 0, 12, 4), RP_DQ_JUMP_DET);
    assert_int_equal(jumps(&f), 1);
    free_frame(&f);
}

/* Clipping over 100 integrations: 50 differences of 98, 49 of 102 and the hit. */
static void clipped(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_CLIP_INTS, 100, 3);
    for (size_t i = 0; i < 100; i++)
        for (size_t p = 0; p < STRIDE; p++)
            hit(&f, i, 1, p, i % 2 ? 2.0f : -2.0f);
    hit(&f, 7, 2, 9, 30.0f);
    for (size_t p = 0; p < NPIX; p++)
        hit(&f, 50, 1, p, 5000.0f); /* a whole group */
    find(k, &f);
    assert_int_equal(flags(&f, 7, 2, 9), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 50, 1, 0), RP_DQ_JUMP_DET);
    assert_int_equal(f.seen[50 * 3 + 1], 0);
    assert_int_equal(f.seen[50 * 3 + 2], 1);
    assert_int_equal(f.counters[3], NPIX + 1);
    memset(f.groupdq, 0, 300 * STRIDE);
    f.counters[3] = 0;
    f.take_back[50 * 3 + 1] = 1; /* as the step asks for in a second pass */
    find(k, &f);
    assert_int_equal(flags(&f, 50, 1, 0), 0);
    assert_int_equal(flags(&f, 7, 2, 9), RP_DQ_JUMP_DET);
    assert_int_equal(f.counters[3], 1);
    f.prm.mode = RP_JUMP_CLIP_ALL;
    memset(f.groupdq, 0, 300 * STRIDE);
    find(k, &f);
    assert_int_equal(flags(&f, 7, 2, 9), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 7, 1, 9), 0);
    free_frame(&f);
}

/* Too few groups: only what is redundant goes. */
static void none(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_NONE, 1, 4);
    hit(&f, 0, 2, 3, 1e5f);
    f.groupdq[STRIDE + 5] = RP_DQ_JUMP_DET | RP_DQ_SATURATED;
    f.groupdq[STRIDE + 6] = RP_DQ_JUMP_DET | RP_DQ_DO_NOT_USE;
    f.groupdq[STRIDE + 7] = RP_DQ_JUMP_DET;
    f.prm.flag_neighbours = 0;
    find(k, &f);
    assert_int_equal(flags(&f, 0, 2, 3), 0);
    assert_int_equal(flags(&f, 0, 1, 5), RP_DQ_SATURATED);
    assert_int_equal(flags(&f, 0, 1, 6), RP_DQ_DO_NOT_USE);
    assert_int_equal(flags(&f, 0, 1, 7), RP_DQ_JUMP_DET);
    free_frame(&f);
}

/* ------------------------------------------------------------------ what follows */
static void four_neighbours(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_ITERATIVE, 1, 6);
    hit(&f, 0, 2, at(0, 19), 1000.0f); /* a corner: no pixel of the next row is beside it */
    hit(&f, 0, 3, at(1, 8), 1000.0f);
    f.groupdq[3 * STRIDE + at(2, 8)] = RP_DQ_SATURATED;
    hit(&f, 0, 4, at(2, 2), 120.0f);    /* 8.5 sigma: too faint for neighbours */
    hit(&f, 0, 4, at(2, 14), 20000.0f); /* 1414 sigma: too bright */
    find(k, &f);
    assert_int_equal(jumps(&f), 4);
    neighbours(k, &f);
    assert_int_equal(flags(&f, 0, 2, at(0, 18)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 2, at(1, 19)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 2, at(1, 0)), 0);
    assert_int_equal(flags(&f, 0, 3, at(0, 8)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 3, at(1, 7)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 3, at(1, 9)), RP_DQ_JUMP_DET);
    assert_int_equal(flags(&f, 0, 3, at(2, 8)), RP_DQ_SATURATED);
    assert_int_equal(jumps(&f), 9);
    assert_int_equal(f.counters[3], 4); /* neighbours are not counted */
    free_frame(&f);
}

static void core_only(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_ITERATIVE, 1, 6);
    f.prm.extent.y0 = 1, f.prm.extent.y1 = 2, f.prm.extent.x0 = 3, f.prm.extent.x1 = 19;
    for (size_t p = 0; p < NPIX; p++)
        hit(&f, 0, 2, p, 1000.0f);
    find(k, &f);
    assert_int_equal(jumps(&f), NPIX);
    assert_int_equal(f.counters[3], 16);
    free_frame(&f);
}

static void after(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_ITERATIVE, 2, 8);
    hit(&f, 0, 2, 3, 600.0f);
    hit(&f, 0, 4, 4, 300.0f);
    hit(&f, 0, 6, 5, 600.0f);
    f.groupdq[4 * STRIDE + 3] = RP_DQ_DO_NOT_USE;
    f.prm.flag_neighbours = 0;
    find(k, &f);
    const rp_jump_after_params prm = {.threshold_1 = 300.0,
                                      .threshold_2 = 600.0,
                                      .stride = STRIDE,
                                      .nints = 2,
                                      .ngroups = 8,
                                      .groups_1 = 1,
                                      .groups_2 = 3};
    run_lanes(k, RP_K_jump_after, &prm, (void *const[]){f.data, f.groupdq, f.gain, f.median});
    const int expected[3][8] = {{0, 0, 4, 4, 1, 4, 0, 0}, {0, 0, 0, 0, 4, 4, 0, 0}, {0, 0, 0, 0, 0, 0, 4, 4}};
    for (size_t p = 0; p < 3; p++)
        for (size_t g = 0; g < 8; g++)
            assert_int_equal(flags(&f, 0, g, 3 + p), expected[p][g]);
    assert_int_equal(flags(&f, 1, 0, 5), 0); /* not into the next integration */
    free_frame(&f);
}

/* ------------------------------------------------------------------ showers */
static void shower_statistics(const rp_host_kernel *k)
{
    frame f = new_frame(RP_JUMP_NONE, 1, 12);
    rp_shower_params prm = {.inner_squared = 1.0,
                            .outer_squared = 4.0,
                            .threshold = 1.0,
                            .stride = STRIDE,
                            .ratio_stride = STRIDE + 2 * GUARD,
                            .guard = GUARD,
                            .extent = whole_frame,
                            .nints = 1,
                            .ngroups = 12,
                            .reach = 2,
                            .nframes = 1.0f};
    float *statistics = new_f32(2 * STRIDE, 0.0f), *ratio = new_f32(11 * (STRIDE + 2 * GUARD), 0.0f);
    uint8_t *marks = new_plane(11 * STRIDE, 1);
    for (size_t x = 0; x < NX; x++)
        hit(&f, 0, 5, at(1, x), 14.142135f * 3.0f); /* one row brightens by 3 sigma */
    f.groupdq[5 * STRIDE + at(1, 6)] = RP_DQ_JUMP_DET;
    f.pixeldq[at(1, 12)] = RP_DQ_REFERENCE_PIXEL;
    run_lanes(k, RP_K_shower_statistics, &prm,
              (void *const[]){f.data, f.groupdq, f.gain, f.noise, f.differences, statistics});
    assert_true(statistics[3] == 100.0f);
    assert_int_equal(float_bits(statistics[STRIDE + 3]), float_bits(sqrtf(200.0f)));
    run_lanes(k, RP_K_shower_ratio, &prm, (void *const[]){f.data, f.groupdq, f.pixeldq, f.gain, statistics, ratio});
    const float *group = ratio + 4 * prm.ratio_stride + GUARD;
    assert_true(group[at(0, 3)] == 0.0f && fabsf(group[at(1, 3)] - 3.0f) < 1e-5f);
    assert_true(isnan(group[at(1, 6)]) && isnan(group[at(1, 12)]));
    run_lanes(k, RP_K_shower_marks, &prm, (void *const[]){ratio, marks});
    /* ring of 12 pixels: a pixel of row 1 has 4 of its row in it (3 / 12 x 4 = 1.0, not above), one of row 0 or 2 three
     */
    for (size_t p = 0; p < NPIX; p++)
        assert_int_equal(marks[4 * STRIDE + p], 0);
    prm.threshold = 0.99;
    run_lanes(k, RP_K_shower_marks, &prm, (void *const[]){ratio, marks});
    assert_int_equal(marks[4 * STRIDE + at(1, 3)], 1);
    assert_int_equal(marks[4 * STRIDE + at(1, 6)], 0); /* flagged itself */
    assert_int_equal(marks[4 * STRIDE + at(0, 3)], 0);
    assert_int_equal(marks[3 * STRIDE + at(1, 3)], 0);
    free(statistics), free(ratio), free(marks);
    free_frame(&f);
}

#define EVERY_VARIANT(name)               \
    static void test_##name(void **state) \
    {                                     \
        (void)state;                      \
        every_variant(name);              \
    }
EVERY_VARIANT(iterative)
EVERY_VARIANT(iterative_few)
EVERY_VARIANT(many)
EVERY_VARIANT(single)
EVERY_VARIANT(clipped)
EVERY_VARIANT(none)
EVERY_VARIANT(four_neighbours)
EVERY_VARIANT(core_only)
EVERY_VARIANT(after)
EVERY_VARIANT(shower_statistics)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_merge_exchange),
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_iterative),
        cmocka_unit_test(test_iterative_few),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_clipped),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_four_neighbours),
        cmocka_unit_test(test_core_only),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_shower_statistics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
