/* Previews: display intervals with the numbers of astropy, block means, flags, and where a pixel lands. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/preview/preview.h"
#include "io/fits/cards.h"
#include "rampart/dq.h"

#define N_IMAGE 5000

/* A sky of noise with stars and holes, without a random generator. */
static void fill_image(float *v)
{
    for (int k = 0; k < N_IMAGE; k++) {
        const double u = fmod(k * 0.6180339887498949, 1.0), w = fmod(k * 0.7548776662466927, 1.0);
        v[k] = (float)(100.0 + 5.0 * (u + w - 1.0) + 0.001 * k);
        if (k % 97 == 0)
            v[k] = (float)(1000.0 + k);
        if (k % 501 == 7)
            v[k] = NAN;
        if (k % 1003 == 9)
            v[k] = INFINITY;
    }
}

static void zscale_agrees_with_astropy(void **state)
{
    (void)state;
    static float v[N_IMAGE];
    double low, high;
    fill_image(v);
    assert_int_equal(rp_zscale(v, N_IMAGE, &low, &high, NULL), RP_OK);
    assert_true(fabs(low - 95.7097625732) < 1e-6);
    assert_true(fabs(high - 116.3388204017) < 1e-6);
    assert_int_equal(rp_zscale(v, 40, &low, &high, NULL), RP_OK); /* fewer than a hundred samples */
    assert_true(fabs(low - 97.1600952148) < 1e-6);
    assert_true(fabs(high - 111.9701011168) < 1e-6);
}

static void zscale_of_odd_images(void **state)
{
    (void)state;
    double low, high;
    const float none[] = {NAN, INFINITY}, one[] = {7.0f}, flat[] = {3, 3, 3, 3, 3, 3, 3, 3};
    assert_int_equal(rp_zscale(none, 2, &low, &high, NULL), RP_OK);
    assert_true(low == 0.0 && high == 1.0);
    assert_int_equal(rp_zscale(one, 1, &low, &high, NULL), RP_OK);
    assert_true(low == 7.0 && high == 7.0);
    assert_int_equal(rp_zscale(flat, 8, &low, &high, NULL), RP_OK);
    assert_true(low == 3.0 && high == 3.0);
}

static void quantiles(void **state)
{
    (void)state;
    const float v[] = {5, NAN, 1, 3, 2, 4};
    double out;
    assert_int_equal(rp_quantile(v, 6, 0.0, &out, NULL), RP_OK);
    assert_true(out == 1.0);
    assert_int_equal(rp_quantile(v, 6, 1.0, &out, NULL), RP_OK);
    assert_true(out == 5.0);
    assert_int_equal(rp_quantile(v, 6, 0.5, &out, NULL), RP_OK);
    assert_true(out == 3.0);
}

static void stretches(void **state)
{
    (void)state;
    for (int s = RP_STRETCH_ZSCALE; s <= RP_STRETCH_LOG; s++) {
        assert_int_equal(rp_stretch_grey((rp_stretch)s, -5.0, 0.0, 10.0), 0);
        assert_int_equal(rp_stretch_grey((rp_stretch)s, 0.0, 0.0, 10.0), 0);
        assert_int_equal(rp_stretch_grey((rp_stretch)s, 10.0, 0.0, 10.0), 255);
        assert_int_equal(rp_stretch_grey((rp_stretch)s, 99.0, 0.0, 10.0), 255);
        assert_int_equal(rp_stretch_grey((rp_stretch)s, 4.0, 4.0, 4.0), 255);
    }
    assert_int_equal(rp_stretch_grey(RP_STRETCH_LINEAR, 5.0, 0.0, 10.0), 128);
    assert_int_equal(rp_stretch_grey(RP_STRETCH_ASINH, 0.2, 0.0, 10.0), 49); /* asinh(1)/asinh(50) = 0.19137 */
    assert_int_equal(rp_stretch_grey(RP_STRETCH_LOG, 0.1, 0.0, 10.0), 89);   /* ln(11)/ln(1001) = 0.34708 */
}

/* A small file: SCI is a ramp of 1 x 2 x 3 x 5, DQ one plane. */
static void make_file(const char *path)
{
    const rp_shape shape[] = {{4, {1, 2, 3, 5}}, {2, {3, 5}}};
    const char *const names[] = {"SCI", "DQ"};
    const rp_dtype types[] = {RP_F32, RP_U32};
    rp_cards cards[3] = {0};
    rp_hdu_plan plan[3] = {{.extname = "PRIMARY", .extver = 1, .is_image = true, .type = RP_U8}};
    assert_int_equal(rp_cards_add_bool(&cards[0], "SIMPLE", true, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_int(&cards[0], "BITPIX", 8, NULL, NULL), RP_OK);
    assert_int_equal(rp_cards_add_int(&cards[0], "NAXIS", 0, NULL, NULL), RP_OK);
    for (int k = 1; k < 3; k++) {
        assert_int_equal(rp_cards_add_string(&cards[k], "XTENSION", "IMAGE", NULL, NULL), RP_OK);
        assert_int_equal(rp_cards_add_int(&cards[k], "BITPIX", k == 1 ? -32 : 32, NULL, NULL), RP_OK);
        assert_int_equal(rp_cards_add_int(&cards[k], "NAXIS", shape[k - 1].naxis, NULL, NULL), RP_OK);
        for (int a = 0; a < shape[k - 1].naxis; a++) {
            char keyword[24];
            (void)snprintf(keyword, sizeof keyword, "NAXIS%d", a + 1);
            const int64_t length = shape[k - 1].axis[shape[k - 1].naxis - 1 - a];
            assert_int_equal(rp_cards_add_int(&cards[k], keyword, length, NULL, NULL), RP_OK);
        }
        assert_int_equal(rp_cards_add_int(&cards[k], "PCOUNT", 0, NULL, NULL), RP_OK);
        assert_int_equal(rp_cards_add_int(&cards[k], "GCOUNT", 1, NULL, NULL), RP_OK);
        if (k == 2)
            assert_int_equal(rp_cards_add_int(&cards[k], "BZERO", 2147483648, NULL, NULL), RP_OK);
        assert_int_equal(rp_cards_add_string(&cards[k], "EXTNAME", names[k - 1], NULL, NULL), RP_OK);
        plan[k] = (rp_hdu_plan){
            .extname = names[k - 1], .extver = 1, .is_image = true, .type = types[k - 1], .shape = shape[k - 1]};
    }
    for (int k = 0; k < 3; k++) {
        plan[k].cards = cards[k].text;
        plan[k].ncards = cards[k].count;
    }
    rp_writer *writer;
    assert_int_equal(rp_fits_writer_new(&writer, path, plan, 3, NULL), RP_OK);
    float sci[2][15];
    uint32_t dq[15] = {0}, stored[15];
    for (int k = 0; k < 15; k++) {
        sci[0][k] = (float)k;
        sci[1][k] = (float)(10 * k);
    }
    sci[1][4] = NAN;
    dq[0] = RP_DQ_SATURATED | RP_DQ_DO_NOT_USE;
    dq[7] = RP_DQ_DO_NOT_USE;
    const rp_sink *sink = rp_writer_sink(writer, 1);
    for (int g = 0; g < 2; g++) {
        rp_elements_from_f32(stored, sci[g], 15);
        assert_int_equal(sink->write(sink, g, (rp_rect){0, 0, 3, 5}, stored, NULL), RP_OK);
    }
    sink = rp_writer_sink(writer, 2);
    rp_elements_from_u32(stored, dq, 15);
    assert_int_equal(sink->write(sink, 0, (rp_rect){0, 0, 3, 5}, stored, NULL), RP_OK);
    assert_int_equal(rp_writer_commit(writer, false, NULL), RP_OK);
    for (int k = 0; k < 3; k++)
        rp_cards_free(&cards[k]);
}

static char path[] = "/tmp/rp-preview-XXXXXX";
static rp_container *file;

static int open_file(void **state)
{
    (void)state;
    const int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    (void)close(fd);
    make_file(path);
    return rp_container_open(&file, path, NULL, NULL) == RP_OK ? 0 : -1;
}

static int close_file(void **state)
{
    (void)state;
    file->close(file);
    return unlink(path);
}

static const uint8_t *at(const rp_picture *p, int x, int y)
{
    return p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
}

static void y_points_up(void **state)
{
    (void)state;
    rp_preview_options o = rp_preview_defaults();
    o.stretch = RP_STRETCH_LINEAR;
    o.legend = false;
    o.max_size = 5;
    rp_picture p;
    assert_int_equal(rp_preview_draw(&p, file, &o, NULL), RP_OK); /* the last group */
    assert_int_equal(p.width, 5);
    assert_int_equal(p.height, 3);
    assert_int_equal(at(&p, 0, 2)[0], 0);   /* value 0 at (0, 0): lower left */
    assert_int_equal(at(&p, 4, 0)[0], 255); /* value 140 at (4, 2): upper right */
    assert_int_equal(at(&p, 0, 1)[0], 91);  /* value 50 at (0, 1) */
    const uint8_t hole[] = {60, 0, 90};
    assert_memory_equal(at(&p, 4, 2), hole, 3); /* NaN at (4, 0) */
    rp_picture_free(&p);
    o.group = 1;
    o.low = 0.0;
    o.high = 28.0;
    assert_int_equal(rp_preview_draw(&p, file, &o, NULL), RP_OK);
    assert_int_equal(at(&p, 4, 0)[0], 128); /* value 14 of 28 */
    rp_picture_free(&p);
}

static void flags_have_colours(void **state)
{
    (void)state;
    rp_preview_options o = rp_preview_defaults();
    o.legend = false;
    o.max_size = 5;
    o.flags = true;
    rp_picture p;
    assert_int_equal(rp_preview_draw(&p, file, &o, NULL), RP_OK);
    const uint8_t rare[] = {230, 159, 0}, frequent[] = {86, 180, 233};
    assert_memory_equal(at(&p, 0, 2), rare, 3); /* SATURATED, the rarer of its two flags */
    assert_memory_equal(at(&p, 2, 1), frequent, 3);
    assert_int_equal(at(&p, 1, 2)[0], at(&p, 1, 2)[1]); /* grey */
    rp_picture_free(&p);
    o.plane = "DQ";
    assert_int_equal(rp_preview_draw(&p, file, &o, NULL), RP_OK);
    assert_memory_equal(at(&p, 2, 1), frequent, 3);
    const uint8_t black[] = {0, 0, 0};
    assert_memory_equal(at(&p, 1, 1), black, 3);
    rp_picture_free(&p);
    o.legend = true;
    assert_int_equal(rp_preview_draw(&p, file, &o, NULL), RP_OK);
    assert_true(p.width > 400 && p.height > 20);
    rp_picture_free(&p);
}

static void blocks_are_means_and_unions(void **state)
{
    (void)state;
    rp_source *source;
    rp_view view;
    assert_int_equal(file->open_source(file, 1, &source, NULL), RP_OK);
    assert_int_equal(rp_view_read(&view, source, 1, 3, false, NULL), RP_OK);
    assert_int_equal(view.factor, 2);
    assert_int_equal(view.nx, 3);
    assert_int_equal(view.ny, 2);
    assert_true(view.values[0] == 30.0f);  /* 0, 10, 50, 60 */
    assert_true(view.values[2] == 90.0f);  /* NaN, 90: a block cut by the edge */
    assert_true(view.values[5] == 140.0f); /* the corner alone */
    rp_view_free(&view);
    source->close(source);
    assert_int_equal(file->open_source(file, 2, &source, NULL), RP_OK);
    assert_int_equal(rp_view_read(&view, source, 0, 3, true, NULL), RP_OK);
    assert_int_equal(view.flags[0], RP_DQ_SATURATED | RP_DQ_DO_NOT_USE);
    assert_int_equal(view.flags[1], RP_DQ_DO_NOT_USE);
    assert_int_equal(view.flags[5], 0);
    rp_view_free(&view);
    source->close(source);
}

static void wrong_requests_say_what_there_is(void **state)
{
    (void)state;
    rp_preview_options o = rp_preview_defaults();
    rp_picture p;
    rp_error err;
    o.plane = "ERR";
    assert_int_equal(rp_preview_draw(&p, file, &o, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "SCI, DQ"));
    o = rp_preview_defaults();
    o.group = 3;
    assert_int_equal(rp_preview_draw(&p, file, &o, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "--group 1 to 2"));
    o = rp_preview_defaults();
    o.max_size = 0;
    assert_int_equal(rp_preview_draw(&p, file, &o, &err), RP_E_ARGUMENT);
    assert_null(p.rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zscale_agrees_with_astropy),
        cmocka_unit_test(zscale_of_odd_images),
        cmocka_unit_test(quantiles),
        cmocka_unit_test(stretches),
        cmocka_unit_test(y_points_up),
        cmocka_unit_test(flags_have_colours),
        cmocka_unit_test(blocks_are_means_and_unions),
        cmocka_unit_test(wrong_requests_say_what_there_is),
    };
    return cmocka_run_group_tests(tests, open_file, close_file);
}
