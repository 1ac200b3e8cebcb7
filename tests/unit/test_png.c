/* Pictures: what is drawn is what libpng reads back; nothing half-written stays. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <png.h>

#include "io/png/canvas.h"

static char folder[] = "/tmp/rp-png-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static int count_files(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    (void)closedir(d);
    return n;
}

static void read_back(const char *path, int width, int height, uint8_t *rgb)
{
    png_image image = {.version = PNG_IMAGE_VERSION};
    assert_int_equal(png_image_begin_read_from_file(&image, path), 1);
    assert_int_equal(image.width, width);
    assert_int_equal(image.height, height);
    image.format = PNG_FORMAT_RGB;
    assert_int_equal(png_image_finish_read(&image, NULL, rgb, 0, NULL), 1);
}

static void pixels_survive(void **state)
{
    (void)state;
    rp_picture p;
    assert_int_equal(rp_picture_new(&p, 37, 5, NULL), RP_OK);
    for (size_t k = 0; k < 37 * 5 * 3; k++)
        p.rgb[k] = (uint8_t)(k * 7);
    char path[64];
    uint8_t back[37 * 5 * 3];
    (void)snprintf(path, sizeof path, "%s/a.png", folder);
    for (int twice = 0; twice < 2; twice++) { /* the second replaces the first */
        assert_int_equal(rp_png_write(&p, path, NULL), RP_OK);
        read_back(path, 37, 5, back);
        assert_memory_equal(back, p.rgb, sizeof back);
        assert_int_equal(count_files(), 1);
    }
    rp_picture_free(&p);
    assert_null(p.rgb);
    (void)unlink(path);
}

static void failures_leave_nothing(void **state)
{
    (void)state;
    rp_picture p;
    rp_error err;
    assert_int_equal(rp_picture_new(&p, 4, 4, NULL), RP_OK);
    assert_int_equal(rp_png_write(&p, "/nonexistent/folder/a.png", &err), RP_E_IO);
    assert_non_null(strstr(err.text, "/nonexistent/folder"));
    char path[64];
    (void)snprintf(path, sizeof path, "%s/sub", folder);
    assert_int_equal(mkdir(path, 0777), 0); /* a folder stands where the file should go */
    assert_int_equal(rp_png_write(&p, path, &err), RP_E_IO);
    assert_int_equal(count_files(), 1);
    assert_int_equal(rmdir(path), 0);
    rp_picture_free(&p);
    assert_int_equal(rp_picture_new(&p, 0, 4, &err), RP_E_ARGUMENT);
    assert_int_equal(rp_picture_new(&p, 4, RP_PICTURE_MAX_SIDE + 1, &err), RP_E_ARGUMENT);
    rp_picture_free(&p);
}

static int dark_pixels(const rp_picture *p)
{
    int n = 0;
    for (int k = 0; k < p->width * p->height; k++)
        n += p->rgb[3 * k] == 0;
    return n;
}

static void drawing_is_clipped(void **state)
{
    (void)state;
    const rp_colour black = {0, 0, 0};
    rp_picture p;
    assert_int_equal(rp_picture_new(&p, 20, 12, NULL), RP_OK);
    rp_draw_rectangle(&p, -5, -5, 8, 7, black); /* 3 x 2 inside */
    assert_int_equal(dark_pixels(&p), 6);
    rp_draw_rectangle(&p, 18, 11, 100, 100, black); /* 2 x 1 inside */
    assert_int_equal(dark_pixels(&p), 8);
    rp_draw_text(&p, -300, 0, 3, black, "outside");
    rp_draw_text(&p, 0, 400, 3, black, "outside");
    assert_int_equal(dark_pixels(&p), 8);
    rp_picture_free(&p);
}

static void glyphs_are_what_they_were_drawn_as(void **state)
{
    (void)state;
    const rp_colour black = {0, 0, 0};
    rp_picture p;
    assert_int_equal(rp_picture_new(&p, 6, 8, NULL), RP_OK);
    rp_draw_text(&p, 0, 0, 1, black, "L"); /* a stroke of 7 and a foot of 5 that share a corner */
    assert_int_equal(dark_pixels(&p), 11);
    assert_int_equal(p.rgb[0], 0);
    assert_int_equal(p.rgb[3 * (6 * 6 + 4)], 0);
    assert_int_equal(p.rgb[3 * 4], 255);
    rp_picture_free(&p);
    assert_int_equal(rp_picture_new(&p, 24, 16, NULL), RP_OK);
    rp_draw_text(&p, 0, 0, 2, black, "L");
    assert_int_equal(dark_pixels(&p), 44);
    rp_draw_text(&p, 0, 0, 2, (rp_colour){255, 255, 255}, "L");
    rp_draw_text(&p, 0, 0, 1, black, "\x01");
    const int unknown = dark_pixels(&p);
    rp_draw_text(&p, 0, 0, 1, (rp_colour){255, 255, 255}, "?");
    assert_true(unknown > 0);
    assert_int_equal(dark_pixels(&p), 0);
    assert_int_equal(rp_text_width("abc", 2), 36);
    rp_picture_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_survive),
        cmocka_unit_test(failures_leave_nothing),
        cmocka_unit_test(drawing_is_clipped),
        cmocka_unit_test(glyphs_are_what_they_were_drawn_as),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
