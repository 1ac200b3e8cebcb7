/* Measuring: children and their exit codes, equality of products, medians, bandwidth, charts. */
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

#include "host/measure/measure.h"

static void children_tell_all(void **state)
{
    (void)state;
    rp_child child;
    char *good[] = {"/bin/sh", "-c", "echo out; echo complaint >&2; exit 3", NULL};
    assert_int_equal(rp_child_run(&child, good, NULL, NULL), RP_OK);
    assert_int_equal(child.exit_code, 3);
    assert_string_equal(child.output, "out\n");
    assert_true(child.wall_s > 0.0 && child.cpu_s >= 0.0 && child.peak_memory_bytes > 0);
    rp_child_clear(&child);
    char *killed[] = {"/bin/sh", "-c", "kill -9 $$", NULL};
    assert_int_equal(rp_child_run(&child, killed, NULL, NULL), RP_OK);
    assert_int_equal(child.exit_code, 128 + 9);
    rp_child_clear(&child);
    char *chatty[] = {"/bin/sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x", NULL};
    assert_int_equal(rp_child_run(&child, chatty, NULL, NULL), RP_OK);
    assert_int_equal(strlen(child.output), 300000);
    rp_child_clear(&child);
    rp_error err;
    char *absent[] = {"/nonexistent/program", NULL};
    assert_int_equal(rp_child_run(&child, absent, NULL, &err), RP_E_IO);
    assert_non_null(strstr(err.text, "/nonexistent/program"));
}

static void write_file(const char *path, const char *extname, unsigned char value)
{
    char header[2880], extension[2880];
    unsigned char data[2880] = {0};
    memset(header, ' ', sizeof header);
    memset(extension, ' ', sizeof extension);
    const char *const first[] = {"SIMPLE  =                    T", "BITPIX  =                    8",
                                 "NAXIS   =                    0", "END"};
    char name[81];
    (void)snprintf(name, sizeof name, "EXTNAME = '%-8s'", extname);
    const char *const second[] = {"XTENSION= 'IMAGE   '",
                                  "BITPIX  =                    8",
                                  "NAXIS   =                    2",
                                  "NAXIS1  =                    4",
                                  "NAXIS2  =                    2",
                                  "PCOUNT  =                    0",
                                  "GCOUNT  =                    1",
                                  name,
                                  "END"};
    for (size_t k = 0; k < 4; k++)
        memcpy(header + 80 * k, first[k], strlen(first[k]));
    for (size_t k = 0; k < 9; k++)
        memcpy(extension + 80 * k, second[k], strlen(second[k]));
    data[6] = value;
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(header, 1, 2880, f) + fwrite(extension, 1, 2880, f) + fwrite(data, 1, 2880, f), 3 * 2880);
    assert_int_equal(fclose(f), 0);
}

static void planes_are_compared(void **state)
{
    (void)state;
    char paths[4][32], why[160];
    const char *const names[] = {"SCI", "SCI", "SCI", "ERR"};
    const unsigned char values[] = {7, 7, 8, 7};
    for (int k = 0; k < 4; k++) {
        (void)snprintf(paths[k], sizeof paths[k], "/tmp/rp-measure-XXXXXX");
        const int fd = mkstemp(paths[k]);
        assert_true(fd >= 0);
        (void)close(fd);
        write_file(paths[k], names[k], values[k]);
    }
    bool same = false;
    assert_int_equal(rp_same_planes(paths[0], paths[1], &same, why, NULL), RP_OK);
    assert_true(same);
    assert_int_equal(rp_same_planes(paths[0], paths[2], &same, why, NULL), RP_OK);
    assert_false(same);
    assert_non_null(strstr(why, "SCI differs at element 6"));
    assert_int_equal(rp_same_planes(paths[0], paths[3], &same, why, NULL), RP_OK);
    assert_false(same);
    assert_non_null(strstr(why, "missing"));
    assert_int_equal(rp_same_planes(paths[0], "/nonexistent", &same, why, NULL), RP_E_IO);
    for (int k = 0; k < 4; k++)
        (void)unlink(paths[k]);
}

static void medians(void **state)
{
    (void)state;
    double odd[] = {3, 1, 2}, even[] = {4, 1, 3, 2};
    assert_true(rp_median(odd, 3) == 2.0);
    assert_true(rp_median(even, 4) == 2.5);
    assert_true(isnan(rp_median(NULL, 0)));
    assert_true(rp_minimum((const double[]){5, 2, 9}, 3) == 2.0);
}

static void bandwidth_is_positive(void **state)
{
    (void)state;
    rp_stream found;
    rp_error err;
    assert_int_equal(rp_stream_measure(&found, 2, 1000, 3, NULL), RP_OK);
    assert_int_equal(found.threads, 2);
    assert_true(found.copy_bytes_s > 0.0 && found.triad_bytes_s > 0.0);
    assert_int_equal(rp_stream_measure(&found, 1, 1000, 0, &err), RP_E_ARGUMENT);
    assert_int_equal(rp_stream_measure(&found, 1, SIZE_MAX / 8, 1, &err), RP_E_ARGUMENT);
}

/* Length of the coloured run in the row of a bar. */
static int bar_length(const rp_picture *p, int y)
{
    int n = 0;
    for (int x = 0; x < p->width; x++) {
        const uint8_t *c = p->rgb + 3 * ((size_t)y * (size_t)p->width + (size_t)x);
        n += c[0] == 86 && c[1] == 180 && c[2] == 233;
    }
    return n;
}

static void bars_share_a_scale(void **state)
{
    (void)state;
    const rp_bar bars[] = {{"long", "2", 2.0}, {"short", "1", 1.0}, {"none", "0", 0.0}};
    const rp_bar_group group = {.title = "lengths", .bar = bars, .nbars = 3};
    rp_picture p;
    assert_int_equal(rp_chart_draw(&p, "title", &group, 1, NULL), RP_OK);
    int lengths[3] = {0}, n = 0;
    for (int y = 1; y < p.height && n < 3; y++)
        if (bar_length(&p, y) > 0 && bar_length(&p, y - 1) == 0)
            lengths[n++] = bar_length(&p, y);
    assert_int_equal(n, 3);
    assert_true(lengths[0] > 100);
    assert_true(abs(lengths[0] - 2 * lengths[1]) <= 1);
    assert_int_equal(lengths[2], 1); /* a bar of nothing can still be seen */
    rp_picture_free(&p);
    const rp_bar_group endless = {.title = "", .bar = bars, .nbars = 100000};
    rp_error err;
    assert_int_equal(rp_chart_draw(&p, "title", &endless, 1, &err), RP_E_ARGUMENT);
    assert_null(p.rgb);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_tell_all),     cmocka_unit_test(planes_are_compared), cmocka_unit_test(medians),
        cmocka_unit_test(bandwidth_is_positive), cmocka_unit_test(bars_share_a_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
