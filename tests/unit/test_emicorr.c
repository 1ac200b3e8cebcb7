/* The wave of emicorr and the kernels of SIRS.  Literals: scipy 1.17, jwst 3.0.0. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "host/steps/emicorr.h"
#include "host/steps/refpix.h"

static void test_fraction(void **state)
{
    assert_true(rp_emi_fraction(2.25) == 0.25 && rp_emi_fraction(-0.25) == 0.75 && rp_emi_fraction(-3.0) == 0.0);
    (void)state;
}

static void test_wave(void **state)
{
    static const double values[] = {1, 3, 2, -1, -4, 0.5};
    static const double at[] = {0, 0.1, 1.0 / 12, 0.5, 0.77, 1.0};
    static const double expected[] = {0x1.7371e9f3c04eap-3, 0x1.3bada61a84267p+0,  1.0,
                                      0x1.8286bca1af28bp-1, -0x1.e7d0c40ad58a0p+1, 0x1.27f14d2adeedbp+1};
    rp_emi_wave *wave = NULL;
    assert_int_equal(rp_emi_wave_new(&wave, values, 6, NULL), RP_OK);
    for (int k = 0; k < 6; k++)
        assert_true(fabs(rp_emi_wave_at(wave, at[k]) - expected[k]) < 1e-14);
    rp_emi_wave_free(wave);
    assert_int_equal(rp_emi_wave_new(&wave, values, 1, NULL), RP_E_FORMAT);
    (void)state;
}

static const char reference[] =
    "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n--- \n"
    "frequencies:\n  Hz390: {frequency: 390.625, phase_amplitudes: [1.0, 2.0, 0.5]}\n"
    "subarray_cases:\n"
    "  SUB64: {rowclocks: 28, frameclocks: 8512, freqs: {FAST: [Hz390], SLOW: {MIRIMAGE: [Hz10]}}}\n"
    "  FULL_FAST: {rowclocks: 271, frameclocks: 277504, freqs: {FAST: [Hz390]}}\n...\n";

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void test_reference(void **state)
{
    char path[] = "/tmp/rampart-emicorr-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && close(fd) == 0);
    write_file(path, reference);
    rp_emi emi = {0};
    bool found = false;
    assert_int_equal(rp_emi_read_reference(&emi, path, "SUB64", "FASTR1", "MIRIMAGE", &found, NULL), RP_OK);
    assert_true(found && emi.rowclocks == 28 && emi.frameclocks == 8512 && emi.nfrequencies == 1);
    assert_true(emi.frequency[0].hertz == 390.625 && emi.frequency[0].nwave == 3 && emi.frequency[0].wave[1] == 2.0);
    free(emi.frequency[0].wave);
    emi = (rp_emi){0};
    assert_int_equal(rp_emi_read_reference(&emi, path, "FULL", "FASTR1", "MIRIMAGE", &found, NULL), RP_OK);
    assert_true(found && emi.rowclocks == 271);
    free(emi.frequency[0].wave);
    emi = (rp_emi){0};
    assert_int_equal(rp_emi_read_reference(&emi, path, "SUB128", "FASTR1", "MIRIMAGE", &found, NULL), RP_OK);
    assert_false(found);
    assert_int_equal(rp_emi_read_reference(&emi, path, "SUB64", "SLOWR1", "MIRIMAGE", &found, NULL), RP_E_FORMAT);
    unlink(path);
    (void)state;
}

static void test_on_the_fly(void **state)
{
    static const double hertz[] = {390.625, 10.0};
    rp_emi emi = {0};
    bool found = false;
    assert_int_equal(rp_emi_on_the_fly(&emi, hertz, 2, "FULL", "SLOW", &found, NULL), RP_OK);
    assert_true(found && emi.rowclocks == 2333 && emi.frameclocks == 2388992 && emi.nfrequencies == 2);
    assert_int_equal(rp_emi_on_the_fly(&emi, hertz, 2, "SUBPRISM", "FAST", &found, NULL), RP_OK);
    assert_false(found);
    assert_int_equal(rp_emi_on_the_fly(&emi, &(double){-1.0}, 1, "SUB64", "FAST", &found, NULL), RP_E_ARGUMENT);
    (void)state;
}

/* Coefficients 1 / (1 + k) + 0.1 k i, k 0 ... 8, in four channels; those of the right side are twice as large. */
static void write_kernels(const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- \nnrcb1:\n", f);
    for (int side = 1; side <= 2; side++) {
        (void)fprintf(f, "  %s:\n", side == 1 ? "gamma" : "zeta");
        for (int c = 0; c < 4; c++) {
            (void)fputs("  - [", f);
            for (int k = 0; k < 9; k++)
                (void)fprintf(f, "%s!core/complex-1.0.0 %.17g+%.17gj", k ? ", " : "", side / (1.0 + k), side * 0.1 * k);
            (void)fputs("]\n", f);
        }
    }
    (void)fputs("...\n", f);
    assert_int_equal(fclose(f), 0);
}

/* Reference pixels 1, everywhere but in one row: the template is 1 + 1 there where nothing is missing. */
static void test_sirs(void **state)
{
    enum { N = RP_NIR_SIZE };
    char path[] = "/tmp/rampart-sirs-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0 && close(fd) == 0);
    write_kernels(path);
    rp_refpix_sirs *sirs = NULL;
    assert_int_equal(rp_refpix_sirs_new(&sirs, path, "NRCA1", 3, 1.0, 4.0, NULL), RP_OK);
    assert_null(sirs);
    assert_int_equal(rp_refpix_sirs_new(&sirs, path, "NRCB1", 30, 1.0, 4.0, NULL), RP_E_FORMAT);
    assert_int_equal(rp_refpix_sirs_new(&sirs, path, "NRCB1", 3, 1.0, 4.0, NULL), RP_OK);
    assert_non_null(sirs);
    static const double kernel[] = {0x1.ca262f486639fp-5, 0x1.c69412659dbf5p-4, 0x1.a002e5781e62cp-3,
                                    0x1.6da80eb3ca499p-3, 0x1.435ba3e6c5d03p-4, 0x1.a71531d7b5fffp-5,
                                    0x1.c2571e7be25d9p-6};
    const rp_refpix_frame frame = {.ny = N, .nx = N};
    float *data = calloc((size_t)N * N, sizeof *data);
    uint32_t *dq = calloc((size_t)N * N, sizeof *dq);
    double *out = malloc(4 * N * sizeof *out), zero[2] = {0};
    const rp_window window = {{0, 0, N, N}, data, NULL, dq, NULL};
    for (size_t x = 0; x < 4; x++)
        data[100 * N + x] = 1.0f;     /* a row of the left side */
    for (size_t k = 0; k < N; k += 2) /* scatter, or the row would be an outlier */
        for (size_t x = 0; x < 4; x++)
            data[k * N + x] += 8.0f;
    assert_int_equal(rp_refpix_sirs_begin(sirs, &frame, &window, 1, NULL), RP_OK);
    const rp_refpix_source source = {&window, false, 0};
    rp_refpix_sirs_signal(sirs, &source, zero, zero, true, out);
    const double with = out[102];
    for (size_t x = 0; x < 4; x++)
        data[100 * N + x] = 8.0f;
    rp_refpix_sirs_signal(sirs, &source, zero, zero, true, out);
    assert_true(fabs(with - out[102] - kernel[5]) < 1e-14);
    assert_true(out[3 * N + 102] == out[102]);
    rp_refpix_sirs_free(sirs);
    free(data), free(dq), free(out);
    unlink(path);
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fraction), cmocka_unit_test(test_wave),
                                       cmocka_unit_test(test_reference), cmocka_unit_test(test_on_the_fly),
                                       cmocka_unit_test(test_sirs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
