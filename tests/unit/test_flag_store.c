/* Flags of the frame as bit planes: what goes in comes out, in memory and in a scratch file, and what events change is
 * found by granules of 16 pixels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/compute/engine_impl.h"
#include "rampart/dq.h"

enum { NINTS = 3, NGROUPS = 2, NY = 11, NX = 150, WORDS = 3, NPIX = NY * NX, PLANES = NINTS * NGROUPS };

static uint8_t put[PLANES][NPIX], got[PLANES][NPIX];

/* Some SATURATED, some JUMP_DET, some of other kinds. */
static void fill(void)
{
    for (size_t k = 0; k < PLANES; k++)
        for (size_t p = 0; p < NPIX; p++) {
            const unsigned r = (unsigned)((k * NPIX + p) * 2654435761u >> 24);
            put[k][p] = (uint8_t)(r % 7 == 0 ? RP_DQ_SATURATED : r % 5 == 0 ? RP_DQ_JUMP_DET | RP_DQ_DO_NOT_USE : r % 3 == 0);
        }
}

static void set_bit(const rp_frame_flags *f, uint64_t *plane, int64_t y, int64_t x)
{
    plane[(size_t)y * f->words_per_row + (size_t)x / 64] |= 1ull << (x % 64);
}

/* The events of each integration: a pixel becomes saturated, at (i, 70 i) and once more where it is assigned. */
static rp_code events(rp_stage *stage, int64_t i, rp_frame_flags *f, rp_error *err)
{
    (void)stage, (void)err;
    set_bit(f, f->jump[1], 2 * i, 70 * i);
    set_bit(f, f->assigned[0], 9, 149 - i);
    return RP_OK;
}

static const struct rp_step_ops ops = {.frame_flags = events};
static const rp_step step = {.name = "jump", .ops = &ops};

static rp_flag_store *filled_store(const rp_run *run, size_t memory_bytes)
{
    rp_flag_store *store = NULL;
    assert_int_equal(rp_flag_store_new(&store, run, memory_bytes, NULL, NULL), RP_OK);
    fill();
    for (int64_t y = 0; y < NY; y += 4) { /* strips of four rows */
        const int64_t ny = y + 4 < NY ? 4 : NY - y;
        uint64_t saturated[4 * WORDS], jump[4 * WORDS];
        for (int64_t k = 0; k < PLANES; k++) {
            rp_flags_pack(saturated, jump, put[k] + y * NX, ny, NX);
            assert_int_equal(rp_flag_store_put(store, k, y, ny, saturated, jump, NULL), RP_OK);
        }
    }
    return store;
}

static uint8_t expected(size_t k, size_t p, bool with_events)
{
    const int64_t i = (int64_t)k / NGROUPS, y = (int64_t)p / NX, x = (int64_t)p % NX;
    uint8_t flags = put[k][p] & (RP_DQ_SATURATED | RP_DQ_JUMP_DET);
    if (with_events && k % NGROUPS == 1 && y == 2 * i && x == 70 * i)
        flags |= RP_DQ_JUMP_DET;
    if (with_events && k % NGROUPS == 0 && y == 9 && x == 149 - i)
        flags |= 1; /* assigned */
    return flags;
}

static void expect_rect(rp_flag_store *store, rp_rect rect, bool with_events)
{
    memset(got, 0xee, sizeof got);
    assert_int_equal(rp_flag_store_get(store, got[0], NPIX, rect, NULL), RP_OK);
    for (size_t k = 0; k < PLANES; k++)
        for (int64_t y = 0; y < rect.ny; y++)
            for (int64_t x = 0; x < rect.nx; x++) {
                const size_t p = (size_t)((rect.y0 + y) * NX + rect.x0 + x);
                assert_int_equal(got[k][y * rect.nx + x], expected(k, p, with_events));
            }
}

static void check(size_t memory_bytes)
{
    const rp_run run = {.nints = NINTS, .ngroups = NGROUPS, .ny = NY, .nx = NX};
    rp_stage stage = {.step = &step};
    rp_flag_store *store = filled_store(&run, memory_bytes);
    const rp_rect rects[] = {{0, 0, NY, NX}, {3, 61, 5, 70}, {10, 149, 1, 1}, {8, 0, 3, 64}};
    for (size_t i = 0; i < 4; i++)
        expect_rect(store, rects[i], false);
    for (int round = 0; round < 2; round++) { /* the main pass may be repeated */
        uint8_t dirty[NY * WORDS] = {0}, marks[NY * WORDS] = {0};
        rp_flag_store_free(store);
        store = filled_store(&run, memory_bytes);
        assert_int_equal(rp_flag_store_events(store, &stage, dirty, NULL), RP_OK);
        for (size_t i = 0; i < 4; i++)
            expect_rect(store, rects[i], true);
        for (int64_t i = 0; i < NINTS; i++) { /* unless the jump was there */
            const int64_t x = 70 * i, assigned = 149 - i;
            if (!(put[2 * i + 1][2 * i * NX + x] & RP_DQ_JUMP_DET))
                marks[2 * i * WORDS + x / 64] |= (uint8_t)(1u << (x % 64 / 16));
            marks[9 * WORDS + assigned / 64] |= (uint8_t)(1u << (assigned % 64 / 16));
        }
        assert_memory_equal(dirty, marks, sizeof marks);
    }
    rp_flag_store_free(store);
}

static void test_in_memory(void **state)
{
    (void)state;
    check(SIZE_MAX);
}

static void test_in_a_file(void **state)
{
    (void)state;
    check(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_in_memory), cmocka_unit_test(test_in_a_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
