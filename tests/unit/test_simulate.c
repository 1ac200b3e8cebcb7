/* The exposure simulator: its random numbers, its physics against a plain inverse, its files. */
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

#include "host/simulate/internal.h"
#include "io/fits/cards.h"
#include "rampart/container.h"

/* Moments of n draws, as multiples of their own standard errors. */
static void check_poisson(double mean)
{
    rp_random r = rp_random_stream(7, 1, 2, (uint64_t)mean);
    const rp_poisson p = rp_poisson_of(mean);
    const int n = 200000;
    double sum = 0.0, squares = 0.0;
    for (int k = 0; k < n; k++) {
        const double v = rp_random_poisson(&r, &p);
        assert_true(v >= 0.0 && v == floor(v));
        sum += v - mean;
        squares += (v - mean) * (v - mean);
    }
    assert_true(fabs(sum / n) < 4.0 * sqrt(mean / n));
    assert_true(fabs(squares / n - mean) < 4.0 * sqrt((mean + 2.0 * mean * mean) / n));
}

static void poisson_has_its_moments(void **state)
{
    (void)state;
    check_poisson(0.3);
    check_poisson(3.7);
    check_poisson(9.99);
    check_poisson(10.0);
    check_poisson(250.0);
    check_poisson(1e6);
    rp_random r = rp_random_stream(1, 1, 1, 1);
    const rp_poisson none = rp_poisson_of(0.0);
    assert_true(rp_random_poisson(&r, &none) == 0.0);
}

static void normal_has_its_moments(void **state)
{
    (void)state;
    rp_random r = rp_random_stream(1, 2, 3, 4);
    const int n = 400000;
    double sum = 0.0, squares = 0.0, cubes = 0.0, fourths = 0.0;
    for (int k = 0; k < n; k++) {
        const double v = rp_random_normal(&r);
        sum += v;
        squares += v * v;
        cubes += v * v * v;
        fourths += v * v * v * v;
    }
    assert_true(fabs(sum / n) < 4.0 / sqrt(n));
    assert_true(fabs(squares / n - 1.0) < 4.0 * sqrt(2.0 / n));
    assert_true(fabs(cubes / n) < 4.0 * sqrt(15.0 / n));
    assert_true(fabs(fourths / n - 3.0) < 4.0 * sqrt(96.0 / n));
}

static void streams_are_separate_and_stable(void **state)
{
    (void)state;
    rp_random a = rp_random_stream(1, 2, 3, 4), b = rp_random_stream(1, 2, 4, 3), c = rp_random_stream(1, 2, 3, 4);
    const uint64_t first = rp_random_bits(&a);
    assert_int_not_equal(first, rp_random_bits(&b));
    assert_int_equal(first, rp_random_bits(&c));
}

typedef struct pulls {
    double sum, squares;
    int64_t n;
} pulls;

/* One row of an exposure in memory, with all that is needed to make the next. */
typedef struct bench {
    rp_sim sim;
    rp_sim_row row;
    rp_sim_scratch scratch;
    rp_sim_output_row out;
} bench;

static void bench_begin(bench *b, const rp_sim_options *options)
{
    assert_int_equal(rp_sim_resolve(&b->sim, options, NULL), RP_OK);
    assert_int_equal(rp_sim_make_scene(&b->sim, NULL), RP_OK);
    assert_int_equal(rp_sim_make_events(&b->sim, NULL), RP_OK);
    assert_int_equal(rp_sim_make_noise(&b->sim, NULL), RP_OK);
    assert_int_equal(rp_sim_row_new(&b->row, &b->sim, NULL), RP_OK);
    assert_int_equal(rp_sim_scratch_new(&b->scratch, &b->sim, NULL), RP_OK);
    const size_t nx = (size_t)b->sim.nx, planes = (size_t)(b->sim.o.ngroups * b->sim.o.nints);
    b->out = (rp_sim_output_row){.raw = calloc(planes * nx, sizeof(uint16_t)),
                                 .events = calloc(planes * nx, 1),
                                 .saturated_group = calloc((size_t)b->sim.o.nints * nx, sizeof(int16_t)),
                                 .stride = nx};
    assert_true(b->out.raw && b->out.events && b->out.saturated_group);
}

static void bench_end(bench *b)
{
    free(b->out.raw);
    free(b->out.events);
    free(b->out.saturated_group);
    rp_sim_row_free(&b->row);
    rp_sim_scratch_free(&b->scratch);
    rp_sim_clear(&b->sim);
}

static bool is_clean(const bench *b, size_t x)
{
    bool clean =
        !b->row.mask_dq[x] && !b->row.linearity_dq[x] && !b->row.saturation_dq[x] && !b->out.saturated_group[x];
    for (size_t g = 0; g < (size_t)b->sim.o.ngroups; g++)
        clean = clean && !b->out.events[g * b->out.stride + x];
    return clean;
}

/* Raw DN of group g back to linear DN. */
static double linear_dn(const bench *b, size_t g, size_t x)
{
    const rp_sim_row *row = &b->row;
    const double reset = rp_sim_reset_dn(&b->sim, 0, (int64_t)g);
    const double offset = b->sim.miri ? b->sim.pedestal_dn + reset : (double)row->bias_dn[x];
    const double u = (double)b->out.raw[g * b->out.stride + x] - offset;
    return u * (1.0 + u * ((double)row->a2[x] + u * ((double)row->a3[x] + u * (double)row->a4[x])));
}

/* Slopes from the first and the last group, errors from first principles. */
static pulls simulate_pulls(const rp_sim_options *options)
{
    bench b;
    bench_begin(&b, options);
    const size_t last = (size_t)b.sim.o.ngroups - 1;
    const double seconds = b.sim.group_time_s * (double)last;
    pulls p = {0};
    for (int64_t y = 0; y < b.sim.ny; y++) {
        rp_sim_row_fill(&b.row, &b.sim, y);
        rp_sim_ramp_row(&b.sim, y, &b.row, &b.scratch, &b.out);
        for (size_t x = 0; x < (size_t)b.sim.nx; x++) {
            if (!is_clean(&b, x))
                continue;
            const double dark = (double)b.row.dark_dn_s[x], truth = rp_sim_true_rate(&b.sim, &b.row, y, (int64_t)x);
            const double rate = (linear_dn(&b, last, x) - linear_dn(&b, 0, x)) / seconds - dark;
            const double read_noise = (double)b.row.read_noise_dn[x]; /* already that of a difference */
            const double variance =
                read_noise * read_noise + 2.0 / 12.0 + (truth + dark) * seconds / (double)b.row.gain[x];
            const double pull = (rate - truth) * seconds / sqrt(variance);
            p.sum += pull;
            p.squares += pull * pull;
            p.n++;
        }
    }
    bench_end(&b);
    return p;
}

static rp_sim_options quiet_options(const char *instrument)
{
    rp_sim_options o = rp_sim_defaults();
    o.instrument = instrument;
    o.nx = 128;
    o.ny = 128;
    o.x0 = o.y0 = 500;
    o.frame_time_s = 10.0;
    o.background_e_s = 20.0;
    o.one_over_f_dn = o.amplifier_dn = 0.0;
    o.cosmic_rays = 1e-5;
    return o;
}

static void check_pulls(const rp_sim_options *o)
{
    const pulls p = simulate_pulls(o);
    assert_true(p.n > 12000);
    const double mean = p.sum / (double)p.n, width = sqrt(p.squares / (double)p.n - mean * mean);
    if (fabs(mean) >= 0.04 || fabs(width - 1.0) >= 0.025)
        fail_msg("%s: pulls have mean %.4f and width %.4f", o->instrument, mean, width);
}

static void inverse_recovers_the_truth(void **state)
{
    (void)state;
    rp_sim_options o = quiet_options("nircam");
    check_pulls(&o);
    o.groupgap = 3; /* dropped frames bring their light to the next group */
    check_pulls(&o);
    o = quiet_options("miri");
    check_pulls(&o);
    o = quiet_options("nirspec");
    check_pulls(&o);
}

/* A wrong model must be seen: drifts that the errors do not know of widen the pulls. */
static void pulls_can_fail(void **state)
{
    (void)state;
    rp_sim_options o = quiet_options("nircam");
    o.background_e_s = 0.1;
    o.one_over_f_dn = 9.0; /* an unmodelled 9 DN beside 11 DN of read noise */
    const pulls p = simulate_pulls(&o);
    assert_true(sqrt(p.squares / (double)p.n) > 1.15);
}

static void bright_pixels_saturate(void **state)
{
    (void)state;
    rp_sim_options o = quiet_options("nircam");
    o.background_e_s = 5000.0; /* full after two groups of 10 s */
    const pulls p = simulate_pulls(&o);
    assert_int_equal(p.n, 0);
}

static void bad_requests_are_refused(void **state)
{
    (void)state;
    rp_error err;
    rp_sim_options o = rp_sim_defaults();
    o.instrument = "hubble";
    assert_int_equal(rp_simulate(&o, "/nonexistent/folder", NULL, NULL, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "hubble"));
    o = rp_sim_defaults();
    o.nx = 128;
    o.ny = 128;
    o.x0 = 2000;
    assert_int_equal(rp_simulate(&o, "/nonexistent/folder", NULL, NULL, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "do not fit"));
    o = rp_sim_defaults();
    o.readpatt = "FASTR1";
    assert_int_equal(rp_simulate(&o, "/nonexistent/folder", NULL, NULL, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "BRIGHT2"));
    o = rp_sim_defaults();
    o.cosmic_rays = NAN;
    assert_int_equal(rp_simulate(&o, "/nonexistent/folder", NULL, NULL, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "cosmic-rays"));
    o = rp_sim_defaults();
    o.nx = o.ny = 16;
    assert_int_equal(rp_simulate(&o, "/nonexistent/folder/deeper", NULL, NULL, &err), RP_E_IO);
}

static char *slurp(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        fail_msg("%s is missing", path);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    *size = (size_t)ftell(f);
    rewind(f);
    char *bytes = malloc(*size);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, f), *size);
    (void)fclose(f);
    return bytes;
}

static const char *const nircam_files[] = {
    "jw01234001001_02101_00001_nrcb1_uncal.fits", "jw01234001001_02101_00001_nrcb1_truth.fits",
    "jwst_nircam_mask_nrcb1_48x32-1-1.fits",      "jwst_nircam_gain_nrcb1_48x32-1-1.fits",
    "jwst_nircam_readnoise_nrcb1_48x32-1-1.fits", "jwst_nircam_saturation_nrcb1_48x32-1-1.fits",
    "jwst_nircam_superbias_nrcb1_48x32-1-1.fits", "jwst_nircam_linearity_nrcb1_48x32-1-1.fits",
    "jwst_nircam_dark_nrcb1_48x32-1-1.fits",
};
enum { NFILES = sizeof nircam_files / sizeof *nircam_files };

static void remove_files(const char *dir)
{
    char path[256];
    for (size_t k = 0; k < NFILES; k++) {
        (void)snprintf(path, sizeof path, "%s/%s", dir, nircam_files[k]);
        (void)unlink(path);
    }
    (void)rmdir(dir);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    char dirs[2][32] = {"/tmp/rp-simulate-XXXXXX", "/tmp/rp-simulate-XXXXXX"};
    for (int k = 0; k < 2; k++) {
        assert_non_null(mkdtemp(dirs[k]));
        rp_sim_options o = rp_sim_defaults();
        o.nx = 48;
        o.ny = 32;
        o.ngroups = 4;
        o.nints = 2;
        o.readpatt = "MEDIUM2";
        o.zeroframe = true;
        o.cosmic_rays = 0.01;
        o.threads = k ? 3 : 1;
        rp_sim_result made;
        assert_int_equal(rp_simulate(&o, dirs[k], NULL, &made, NULL), RP_OK);
        assert_int_equal(made.files, NFILES);
        assert_true(made.cosmic_rays > 0);
    }
    for (size_t k = 0; k < NFILES; k++) {
        char path[2][256];
        size_t size[2];
        char *bytes[2];
        for (int d = 0; d < 2; d++) {
            (void)snprintf(path[d], sizeof path[d], "%s/%s", dirs[d], nircam_files[k]);
            bytes[d] = slurp(path[d], &size[d]);
        }
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(bytes[0], bytes[1], size[0]);
        free(bytes[0]);
        free(bytes[1]);
    }
    remove_files(dirs[0]);
    remove_files(dirs[1]);
}

static void check_image(const rp_container *file, const char *extname, rp_dtype type, int naxis, const int64_t *axis)
{
    const int k = rp_container_find(file, extname, 1);
    if (k < 0)
        fail_msg("%s has no %s", file->path, extname);
    assert_int_equal(file->hdu[k].type, type);
    assert_int_equal(file->hdu[k].shape.naxis, naxis);
    for (int a = 0; a < naxis; a++)
        assert_int_equal(file->hdu[k].shape.axis[a], axis[a]);
}

static void files_have_the_layout_of_the_real_ones(void **state)
{
    (void)state;
    char dir[] = "/tmp/rp-simulate-XXXXXX", path[256], text[72];
    assert_non_null(mkdtemp(dir));
    rp_sim_options o = rp_sim_defaults();
    o.nx = 48;
    o.ny = 32;
    o.ngroups = 4;
    o.zeroframe = true;
    assert_int_equal(rp_simulate(&o, dir, NULL, NULL, NULL), RP_OK);
    rp_container *file;
    (void)snprintf(path, sizeof path, "%s/%s", dir, nircam_files[0]);
    assert_int_equal(rp_container_open(&file, path, NULL, NULL), RP_OK);
    assert_int_equal(file->nhdu, 6);
    check_image(file, "SCI", RP_U16, 4, (const int64_t[]){1, 4, 32, 48});
    check_image(file, "ZEROFRAME", RP_U16, 3, (const int64_t[]){1, 32, 48});
    assert_true(rp_container_find(file, "GROUP", 1) > 0);
    assert_true(rp_container_find(file, "INT_TIMES", 1) > 0);
    assert_int_equal(rp_container_find(file, "ASDF", 1), 5);
    double group_time_s = 0.0;
    const size_t ncards = rp_cards_count(file->hdu[0].header, file->hdu[0].header_bytes);
    assert_true(rp_cards_get_double(file->hdu[0].header, ncards, "TGROUP", &group_time_s));
    assert_true(fabs(group_time_s - 60 * 34 * 1e-5) < 1e-12); /* (48 + 12) pixels, 32 + 2 lines */
    file->close(file);
    (void)snprintf(path, sizeof path, "%s/%s", dir, nircam_files[7]);
    assert_int_equal(rp_container_open(&file, path, NULL, NULL), RP_OK);
    check_image(file, "COEFFS", RP_F32, 3, (const int64_t[]){5, 32, 48});
    check_image(file, "DQ", RP_U32, 2, (const int64_t[]){32, 48});
    assert_true(rp_cards_get_string(file->hdu[0].header, rp_cards_count(file->hdu[0].header, file->hdu[0].header_bytes),
                                    "REFTYPE", text, sizeof text));
    assert_string_equal(text, "LINEARITY");
    file->close(file);
    remove_files(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(poisson_has_its_moments),
        cmocka_unit_test(normal_has_its_moments),
        cmocka_unit_test(streams_are_separate_and_stable),
        cmocka_unit_test(inverse_recovers_the_truth),
        cmocka_unit_test(pulls_can_fail),
        cmocka_unit_test(bright_pixels_saturate),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(files_have_the_layout_of_the_real_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
