/* Pixels kept for large events: an engine with stages of its own on a frame in memory, with and without keeping.
 *
 * The frame has one event where the engine expects it (pixels that become saturated) and one where it does not (a single
 * jump that grows).  Stages before the event stage count their pixels, so what was read again is known; and when the input
 * changes after the search, what was kept must not notice while what is read again must. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/compute/engine_impl.h"
#include "rampart/dq.h"

/* Neither a multiple of 16 nor of 8; the last granule of a row has 4 pixels. */
enum { NINTS = 2, NGROUPS = 3, PLANES = NINTS * NGROUPS, NY = 45, NX = 100, NPIX = NY * NX };
/* The expected event reaches the short granule; the other one spans two tiles. */
enum { STAR_Y = 20, STAR_X = 93, STAR_R = 4, LONE_Y = 39, LONE_X = 10 };

typedef struct frame {
    atomic_int pixels_begun; /* by the first stage */
    bool changes;            /* the input, once the search is done */
    float shift;             /* of the input */
    float *results;          /* the fit's, [2 products][5][NINTS][NPIX] */
} frame;

/* ------------------------------------------------------------------ planes in memory */
typedef struct plane {
    rp_source base;
    const frame *owner;
    float offset;
} plane;

static rp_code read_plane(const rp_source *self, int64_t k, rp_rect r, void *dst, rp_error *err)
{
    (void)err;
    const plane *p = (const plane *)self;
    assert_true(r.y0 >= 0 && r.x0 >= 0 && r.y0 + r.ny <= NY && r.x0 + r.nx <= NX);
    for (int64_t y = 0; y < r.ny; y++)
        for (int64_t x = 0; x < r.nx; x++) {
            const float value = p->offset + (float)(k * 2 * NPIX + (r.y0 + y) * NX + r.x0 + x) + (p->owner ? p->owner->shift : 0.0f);
            rp_elements_from_f32((char *)dst + (y * r.nx + x) * 4, &value, 1);
        }
    return RP_OK;
}

static void close_plane(rp_source *self)
{
    free(self);
}

static rp_source *new_plane(const frame *owner, int64_t nplanes, float offset)
{
    plane *p = calloc(1, sizeof *p);
    assert_non_null(p);
    *p = (plane){{RP_F32, {3, {nplanes, NY, NX}}, "plane", 0, read_plane, close_plane}, owner, offset};
    return &p->base;
}

typedef struct file {
    rp_container base;
    const frame *owner;
} file;

static rp_code open_plane(rp_container *self, size_t hdu, rp_source **out, rp_error *err)
{
    (void)err;
    const rp_hdu *h = &self->hdu[hdu];
    *out = new_plane(((file *)self)->owner, rp_shape_planes(&h->shape), (float)hdu * 0.25f);
    return RP_OK;
}

/* ------------------------------------------------------------------ results in memory */
typedef struct result {
    rp_sink base;
    float *to;
} result;

static rp_code write_result(const rp_sink *self, int64_t k, rp_rect r, const void *src, rp_error *err)
{
    (void)err;
    const result *s = (const result *)self;
    for (int64_t y = 0; y < r.ny; y++)
        rp_elements_to_f32(s->to + k * NPIX + (r.y0 + y) * NX + r.x0, (const char *)src + y * r.nx * 4, RP_F32, (size_t)r.nx);
    return RP_OK;
}

/* ------------------------------------------------------------------ stages */
static frame *frame_of(const rp_stage *stage)
{
    return stage->state;
}

/* pixeldq becomes something that depends on the place; some groups may not be used, some are saturated. */
static rp_code begin(rp_stage *stage, rp_block *b, rp_error *err)
{
    atomic_fetch_add(&frame_of(stage)->pixels_begun, (int)(b->core.ny * b->core.nx));
    const rp_code code = rp_queue_pull(b->queue, b->pixeldq, 0, b->stride * 4, err); /* all that is pending is done */
    uint32_t *dq = rp_buffer_host(b->pixeldq);
    uint8_t *groups = rp_buffer_host(b->groupdq);
    for (size_t p = 0; p < b->npix; p++) {
        const int64_t y = b->rect.y0 + (int64_t)p / b->rect.nx, x = b->rect.x0 + (int64_t)p % b->rect.nx;
        const int64_t dy = y - STAR_Y, dx = x - STAR_X;
        dq[p] = (uint32_t)(y * 1000 + x);
        groups[p] |= (x + y) % 7 == 0 ? RP_DQ_DO_NOT_USE : 0;
        for (size_t k = 1; k < NGROUPS && dy * dy + dx * dx <= STAR_R * STAR_R; k++)
            groups[k * b->stride + p] |= RP_DQ_SATURATED;
    }
    return code;
}

static rp_code flag(rp_stage *stage, rp_block *b, rp_error *err)
{
    (void)stage;
    const rp_code code = rp_queue_pull(b->queue, b->groupdq, 0, PLANES * b->stride, err);
    uint8_t *dq = rp_buffer_host(b->groupdq);
    for (size_t p = 0; p < b->npix; p++) {
        const int64_t y = b->rect.y0 + (int64_t)p / b->rect.nx, x = b->rect.x0 + (int64_t)p % b->rect.nx;
        if (y == LONE_Y && x == LONE_X)
            dq[(NGROUPS + 1) * b->stride + p] |= RP_DQ_JUMP_DET;
    }
    return code;
}

static bool wants_flags(const rp_stage *stage)
{
    (void)stage;
    return true;
}

static void set(uint64_t *bits, int64_t y, int64_t x)
{
    if (y >= 0 && y < NY && x >= 0 && x < NX)
        bits[y * 2 + x / 64] |= UINT64_C(1) << x % 64;
}

/* A ring of two pixels around the star becomes saturated, and the single jump grows to the next tile. */
static rp_code search(rp_stage *stage, int64_t integration, rp_frame_flags *flags, rp_error *err)
{
    (void)err;
    frame *f = frame_of(stage);
    f->shift = f->changes && integration == NINTS - 1 ? 5000.0f : 0.0f;
    for (int64_t d = -STAR_R - 2; d <= STAR_R + 2; d++)
        for (int64_t e = -STAR_R - 2; e <= STAR_R + 2 && integration == 0; e++)
            if (!(flags->saturated[1][(STAR_Y + d) * 2 + 1] >> (STAR_X + e - 64) & 1)) {
                set(flags->saturated[2], STAR_Y + d, STAR_X + e);
                set(flags->assigned[2], STAR_Y + d, STAR_X + e);
            }
    for (int64_t d = -2; d <= 2 && integration == 1; d++)
        set(flags->jump[1], LONE_Y + d, LONE_X);
    return RP_OK;
}

static size_t at(const rp_block *b, int64_t k, size_t p)
{
    return (size_t)k * b->stride + p;
}

/* Any function of all that a fit may see. */
static float fitted(const rp_block *b, const float *gain, size_t p, int64_t first, int64_t n)
{
    const float *data = rp_buffer_host(b->data), *zero = rp_buffer_host(b->zeroframe), *dark = rp_buffer_host(b->dark_current);
    const uint8_t *dq = rp_buffer_host(b->groupdq);
    float sum = gain[p] + 0.5f * dark[p] + (float)((const uint32_t *)rp_buffer_host(b->pixeldq))[p];
    for (int64_t k = first; k < first + n; k++)
        sum += dq[at(b, k, p)] ? (float)(1 + k) * (float)dq[at(b, k, p)] * 3.0f : data[at(b, k, p)];
    for (int64_t i = first / NGROUPS; i < (first + n) / NGROUPS; i++)
        sum += zero[at(b, i, p)];
    return sum;
}

static void fill(const rp_fit_planes *planes, const rp_block *b, const float *gain, size_t nplanes)
{
    rp_buffer *const buffers[] = {planes->sci, planes->err, planes->var_poisson, planes->var_rnoise, planes->dq};
    const int64_t n = PLANES / (int64_t)nplanes;
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < nplanes; k++)
            for (size_t p = 0; p < b->npix; p++) {
                const float value = (float)i + fitted(b, gain, p, (int64_t)k * n, n);
                rp_elements_from_f32((char *)rp_buffer_host(buffers[i]) + (k * b->stride + p) * 4, &value, 1);
            }
}

static rp_source *gain_source;

static rp_code fit(rp_stage *stage, rp_block *b, rp_error *err)
{
    (void)stage;
    rp_bound bound;
    rp_code code = rp_block_bind(b, gain_source, 0, 1, &bound, err);
    rp_buffer *const pulled[] = {b->data, b->groupdq, b->pixeldq, b->zeroframe, b->dark_current, bound.buffer};
    for (size_t i = 0; i < sizeof pulled / sizeof *pulled && code == RP_OK; i++)
        code = rp_queue_pull(b->queue, pulled[i], 0, rp_buffer_bytes(pulled[i]), err);
    float *gain = malloc(b->npix * sizeof *gain);
    assert_non_null(gain);
    rp_elements_to_f32(gain, (const char *)rp_buffer_host(bound.buffer) + bound.offset * 4, RP_F32, b->npix);
    fill(rp_block_rate(b), b, gain, 1);
    fill(rp_block_rateints(b), b, gain, NINTS);
    free(gain);
    return code;
}

static const struct rp_step_ops begin_ops = {.block = begin}, fit_ops = {.block = fit},
                                flag_ops = {.block = flag, .wants_frame_flags = wants_flags, .frame_flags = search};
static const rp_step steps[] = {
    {.name = "begin", .ops = &begin_ops}, {.name = "jump", .ops = &flag_ops}, {.name = "ramp_fit", .ops = &fit_ops}};

/* ------------------------------------------------------------------ an engine on it */
typedef struct setting {
    size_t kept_bytes;
    int threads;
    bool taps_ramp, changes;
} setting;

static void tap_results(rp_engine *engine, result *sinks, float *to)
{
    rp_error err = {0};
    for (size_t i = 0; i < 10; i++)
        sinks[i] = (result){{RP_F32, {3, {NINTS, NY, NX}}, "result", write_result}, to + i * NINTS * NPIX};
    for (size_t i = 0; i < 2; i++) {
        const result *s = sinks + 5 * i;
        const rp_fit_tap tap = {i == 1, true, &s[0].base, &s[1].base, &s[4].base, &s[2].base, &s[3].base};
        assert_int_equal(rp_engine_fit_tap(engine, &tap, &err), RP_OK);
    }
}

static rp_code drop(const rp_sink *self, int64_t k, rp_rect r, const void *src, rp_error *err)
{
    (void)self, (void)k, (void)r, (void)src, (void)err;
    return RP_OK;
}

/* The results, to be freed; and how many pixels were begun anew after the first pass. */
static float *run_engine(const setting *s, int *read_again)
{
    const rp_hdu hdu[] = {{.extname = "SCI", .extver = 1, .is_image = true, .type = RP_F32, .shape = {4, {NINTS, NGROUPS, NY, NX}}},
                          {.extname = "ZEROFRAME", .extver = 1, .is_image = true, .type = RP_F32, .shape = {3, {NINTS, NY, NX}}},
                          {.extname = "AVDRKCUR", .extver = 1, .is_image = true, .type = RP_F32, .shape = {2, {NY, NX}}}};
    rp_error err = {0};
    frame f = {.changes = s->changes, .results = calloc(10 * NINTS * NPIX, sizeof(float))};
    file input = {{.path = "memory", .nhdu = 3, .hdu = hdu, .open_source = open_plane}, &f};
    rp_exposure exposure = {.file = &input.base, .path = "memory", .nints = NINTS, .ngroups = NGROUPS, .ny = NY, .nx = NX};
    uint8_t at_jump[PLANES] = {0}, at_fit[PLANES] = {0};
    const rp_device_options device = {.backend = "openmp", .threads = s->threads};
    rp_run run = {.exposure = &exposure, .nints = NINTS, .ngroups = NGROUPS, .ny = NY, .nx = NX, .has_zeroframe = true,
                  .has_dark_current = true, .gain_factor = 1.0, .unusable_at_jump = at_jump, .unusable_at_fit = at_fit};
    rp_stage stage[3];
    rp_stage *order[3];
    for (size_t i = 0; i < 3; i++) {
        stage[i] = (rp_stage){.step = &steps[i], .run = &run, .state = &f, .halo = i == 1};
        order[i] = &stage[i];
    }
    assert_int_equal(rp_device_open(&run.device, &device, &err), RP_OK);
    gain_source = new_plane(NULL, 1, 0.125f);
    const rp_engine_options options = {
        .memory_bytes = (size_t)64 << 20, .kept_bytes = s->kept_bytes, .threads = s->threads, .strip_rows = 7};
    rp_engine *engine = NULL;
    result sinks[10];
    const rp_sink ramp = {RP_U8, {4, {NINTS, NGROUPS, NY, NX}}, "ramp", drop};
    const rp_tap tap = {.stage = 1, .groupdq = &ramp};
    assert_int_equal(rp_engine_new(&engine, &run, order, 3, &options, &err), RP_OK);
    tap_results(engine, sinks, f.results);
    if (s->taps_ramp)
        assert_int_equal(rp_engine_tap(engine, &tap, &err), RP_OK);
    assert_int_equal(rp_engine_run(engine, &err), RP_OK);
    *read_again = atomic_load(&f.pixels_begun) - NPIX;
    rp_engine_free(engine);
    gain_source->close(gain_source);
    rp_device_close(run.device);
    return f.results;
}

/* Tiles of 8 x 64 pixels: the star's ring lies in rows 14 to 26 and columns 87 to 99, the other event in rows 37 to 41. */
enum { STAR_TILES = 3 * 8 * 36, LONE_TILES = (8 + 5) * 64, ALL = 10 * NINTS * NPIX };

static void test_read_again(void **state)
{
    (void)state;
    static const struct {
        setting s;
        int read_again;
    } cases[] = {
        {{.kept_bytes = RP_KEEP_NOTHING, .threads = 1}, STAR_TILES + LONE_TILES},
        {{.kept_bytes = 0, .threads = 1}, LONE_TILES},
        {{.kept_bytes = 0, .threads = 3}, LONE_TILES},
        {{.kept_bytes = 64, .threads = 1}, STAR_TILES + LONE_TILES}, /* no room for one granule */
        {{.kept_bytes = 6000, .threads = 1}, STAR_TILES * 2 / 3 + LONE_TILES}, /* seven: those of the uppermost tile, and one more */
        {{.kept_bytes = 0, .threads = 1, .taps_ramp = true}, STAR_TILES + LONE_TILES},
    };
    int again;
    float *truth = run_engine(&cases[0].s, &again);
    assert_int_equal(again, cases[0].read_again);
    for (size_t i = 1; i < sizeof cases / sizeof *cases; i++) {
        float *other = run_engine(&cases[i].s, &again);
        assert_int_equal(again, cases[i].read_again);
        assert_memory_equal(truth, other, ALL * sizeof *truth);
        free(other);
    }
    free(truth);
}

/* The first plane of the first product: is this pixel as in `truth`? */
static bool is_same(const float *truth, const float *other, int y, int x)
{
    return truth[y * NX + x] == other[y * NX + x];
}

/* When the input becomes another one after the search, kept pixels stay as they were, and the others do not. */
static void test_where_pixels_come_from(void **state)
{
    (void)state;
    const setting usual = {.threads = 1}, keeps = {.threads = 1, .changes = true};
    const setting reads = {.kept_bytes = RP_KEEP_NOTHING, .threads = 1, .changes = true};
    int again;
    float *truth = run_engine(&usual, &again), *kept = run_engine(&keeps, &again), *anew = run_engine(&reads, &again);
    for (int y = 0; y < LONE_Y - 2; y++)
        for (int x = 0; x < NX; x++)
            assert_true(is_same(truth, kept, y, x));
    assert_false(is_same(truth, kept, LONE_Y + 1, LONE_X));
    assert_false(is_same(truth, anew, STAR_Y, STAR_X + STAR_R + 1));
    assert_false(is_same(truth, anew, LONE_Y + 1, LONE_X));
    free(truth);
    free(kept);
    free(anew);
}

/* Literal values: a pixel of the ring, fitted from what was kept with the flags that the search left. */
static void test_values(void **state)
{
    (void)state;
    const setting usual = {.threads = 1};
    int again;
    float *results = run_engine(&usual, &again);
    /* row 20, column 98, flags 0, 0, SATURATED | 0, 0, 0: place 2098; planes 9000 apart, by 0.25 for each array.
     * gain 2098.125, dark 0.5 * 2098.5, pixeldq 20098, 3 * 3 * 2 of flags, five groups of 2098 + 9000 k, zero frames */
    const float data = 5 * 2098.0f + 9000.0f * (0 + 1 + 3 + 4 + 5), zeroframes = 2 * 2098.25f + 9000.0f;
    const float expected = 2098.125f + 1049.25f + 20098.0f + 18.0f + data + zeroframes;
    assert_true(results[20 * NX + 98] == expected);
    free(results);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read_again),
        cmocka_unit_test(test_where_pixels_come_from),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
