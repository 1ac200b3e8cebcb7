/* References: cut-outs, element types, private flags, tables, choosing: include/rampart/reference.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/product/meta.h"
#include "rampart/dq.h"
#include "rampart/reference.h"
#include "tests/unit/product_files.h"

enum { REF_NY = 6, REF_NX = 8 };

static char *folder;
static test_log lines;
static const rp_log logger = {test_log_line, &lines};

static const char corner[] =
    "INSTRUME= 'NIRCAM  '\nDETECTOR= 'NRCA1   '\nSUBSTRT1=                   11\n"
    "SUBSTRT2=                   21\nSUBSIZE1=                    8\nSUBSIZE2=                    6";

static const char dq_def_columns[] = "TFIELDS =                    4\nTTYPE1  = 'BIT     '\nTFORM1  = 'J       '\n"
                                     "TTYPE2  = 'VALUE   '\nTFORM2  = 'J       '\nTZERO2  =           2147483648\n"
                                     "TTYPE3  = 'NAME    '\nTFORM3  = '12A     '\nTTYPE4  = 'PAIR    '\n"
                                     "TFORM4  = '2I      '";
enum { DQ_DEF_WIDTH = 4 + 4 + 12 + 4 };

static const unsigned char dq_def[3 * DQ_DEF_WIDTH + 1] = "\0\0\0\0"
                                                          "\x80\0\0\1"
                                                          "HOT         "
                                                          "\0\1\0\2"
                                                          "\0\0\0\1"
                                                          "\x80\0\0\2"
                                                          "DO_NOT_USE\0\0"
                                                          "\0\3\0\4"
                                                          "\0\0\0\2"
                                                          "\x80\0\0\4"
                                                          "NO_SUCH_FLAG"
                                                          "\xff\xff\0\6";

/* SCI holds 10 y + x as float64, DQ the bits y & 7 as int32. */
static const char *write_reference(const char *name, const char *primary, bool with_dq_def)
{
    unsigned char sci[REF_NY * REF_NX * 8], plain[REF_NY * REF_NX * 4], dq[REF_NY * REF_NX * 4];
    for (int k = 0; k < REF_NY * REF_NX; k++) {
        const int y = k / REF_NX, x = k % REF_NX;
        const double value = 10.0 * y + x;
        const float single = (float)value;
        uint64_t bits;
        memcpy(&bits, &value, 8);
        for (int b = 0; b < 8; b++)
            sci[8 * k + b] = (unsigned char)(bits >> (56 - 8 * b));
        rp_elements_from_f32(plain + 4 * k, &single, 1);
        memset(dq + 4 * k, 0, 4);
        dq[4 * k + 3] = (unsigned char)(y & 7);
    }
    const rp_shape shape = {2, {REF_NY, REF_NX}};
    const test_hdu hdus[] = {
        {.keywords = primary},
        {.extname = "SCI", .type = RP_F64, .shape = shape, .elements = sci},
        {.extname = "PLAIN", .type = RP_F32, .shape = shape, .elements = plain},
        {.extname = "DQ", .type = RP_I32, .shape = shape, .elements = dq},
        {.extname = "DQ_DEF", .table = dq_def_columns, .width = DQ_DEF_WIDTH, .rows = 3, .elements = dq_def}};
    const char *path = test_path(folder, name);
    test_write_fits(path, hdus, with_dq_def ? 5 : 4);
    return path;
}

static rp_meta *exposure(int64_t xstart, int64_t ystart)
{
    rp_meta *meta;
    assert_int_equal(rp_meta_new(&meta, RP_SCHEMA_RAMP, "jw1_uncal.fits", NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "FILENAME", "jw1_uncal.fits", NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "TELESCOP", "JWST", NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "INSTRUME", "NIRCAM", NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "DETECTOR", "NRCA1", NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "FILTER", "F150W", NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "SUBARRAY", "SUB160", NULL), RP_OK);
    assert_int_equal(rp_meta_set_int(meta, "SUBSTRT1", xstart, NULL), RP_OK);
    assert_int_equal(rp_meta_set_int(meta, "SUBSTRT2", ystart, NULL), RP_OK);
    return meta;
}

static rp_reference *open_reference(const char *path, const rp_meta *meta, int64_t ny, int64_t nx)
{
    rp_reference *r;
    rp_error err = {0};
    memset(&lines, 0, sizeof lines);
    if (rp_reference_open(&r, "gain", path, meta, ny, nx, &logger, &err) != RP_OK)
        fail_msg("%s", err.text);
    return r;
}

static float pixel(const rp_source *source, int64_t y, int64_t x)
{
    unsigned char raw[4];
    float value;
    rp_error err = {0};
    if (source->read(source, 0, (rp_rect){y, x, 1, 1}, raw, &err) != RP_OK)
        fail_msg("%s", err.text);
    rp_elements_to_f32(&value, raw, RP_F32, 1);
    return value;
}

static void cut_plane(void **state)
{
    rp_source *source;
    rp_error err = {0};
    (void)state;
    rp_meta *meta = exposure(13, 22);
    rp_reference *r = open_reference(write_reference("gain.fits", corner, false), meta, 3, 4);
    static const char *const names[] = {"SCI", "PLAIN"}; /* converted and passed through */
    for (int k = 0; k < 2; k++) {
        assert_int_equal(rp_reference_plane(r, names[k], true, &source, &err), RP_OK);
        assert_int_equal(source->type, RP_F32);
        assert_int_equal(source->shape.axis[0], 3);
        assert_int_equal(source->shape.axis[1], 4);
        assert_true(pixel(source, 0, 0) == 12.0f);
        assert_true(pixel(source, 2, 3) == 35.0f);
        unsigned char raw[4 * 4];
        assert_int_equal(source->read(source, 0, (rp_rect){2, 0, 2, 4}, raw, &err), RP_E_ARGUMENT); /* a row too many */
        assert_int_equal(source->read(source, 1, (rp_rect){0, 0, 1, 1}, raw, &err), RP_E_ARGUMENT);
        source->close(source);
    }
    assert_int_equal(rp_reference_plane(r, "PLAIN", false, &source, &err), RP_OK);
    assert_int_equal(source->shape.axis[0], REF_NY);
    assert_true(pixel(source, 5, 7) == 57.0f);
    source->close(source);
    assert_int_equal(rp_reference_plane(r, "NOSUCH", true, &source, &err), RP_OK);
    assert_null(source);
    assert_int_equal(lines.lines, 0);
    rp_reference_close(r);
    rp_reference_close(NULL);
    rp_meta_free(meta);
}

static void expect_failure(const char *primary, int64_t xstart, int64_t ystart, int64_t ny, int64_t nx, rp_code code,
                           const char *part)
{
    rp_source *source;
    rp_error err = {0};
    rp_meta *meta = exposure(xstart, ystart);
    rp_reference *r = open_reference(write_reference("bad.fits", primary, false), meta, ny, nx);
    assert_int_equal(rp_reference_plane(r, "PLAIN", true, &source, &err), code);
    assert_null(source);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    rp_reference_close(r);
    rp_meta_free(meta);
}

static void bad_cuts(void **state)
{
    (void)state;
    expect_failure(corner, 10, 21, 3, 4, RP_E_MISMATCH, "(10, 21)");                   /* left of it */
    expect_failure(corner, 16, 21, 3, 4, RP_E_MISMATCH, "jw1_uncal.fits needs 4 x 3"); /* sticks out */
    expect_failure(corner, 11, 21, 3, 9, RP_E_MISMATCH, "8 x 6");                      /* wider */
    expect_failure(corner, 0, 21, 3, 4, RP_E_MISMATCH, "count from 1");
    expect_failure("INSTRUME= 'NIRCAM  '", 11, 21, 3, 4, RP_E_MISSING, "no full frame");
    expect_failure("SUBSTRT1=                    0\nSUBSTRT2=                    1\nSUBSIZE1=                    8\n"
                   "SUBSIZE2=                    6",
                   11, 21, 3, 4, RP_E_MISMATCH, "count from 1");
}

static void missing_exposure_corner(void **state)
{
    rp_source *source;
    rp_error err = {0};
    (void)state;
    rp_meta *meta = exposure(11, 21);
    rp_meta_unset(meta, "SUBSTRT2");
    rp_reference *r = open_reference(write_reference("gain.fits", corner, false), meta, REF_NY, REF_NX);
    assert_int_equal(rp_reference_plane(r, "PLAIN", true, &source, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "SUBSTRT2"));
    assert_int_equal(rp_reference_plane(r, "PLAIN", false, &source, &err), RP_OK); /* not needed when nothing is cut */
    source->close(source);
    rp_reference_close(r);
    rp_meta_free(meta);
}

/* A full frame may go without keywords. */
static void full_frame(void **state)
{
    rp_source *source;
    rp_error err = {0};
    const test_hdu hdus[] = {{.keywords = "INSTRUME= 'MIRI    '"},
                             {.extname = "SCI", .type = RP_U8, .shape = {2, {1024, 1032}}}};
    (void)state;
    test_write_fits(test_path(folder, "full.fits"), hdus, 2);
    rp_meta *meta = exposure(1025, 1018);
    rp_reference *r = open_reference(test_path(folder, "full.fits"), meta, 7, 8);
    assert_int_equal(lines.lines, 1); /* another instrument: used all the same */
    assert_non_null(strstr(lines.text, "INSTRUME is MIRI"));
    assert_non_null(strstr(lines.text, "NIRCAM"));
    assert_int_equal(rp_reference_plane(r, "SCI", true, &source, &err), RP_OK);
    assert_int_equal(lines.lines, 2);
    assert_int_equal(source->shape.axis[0], 7);
    assert_true(pixel(source, 6, 7) == 0.0f);
    source->close(source);
    rp_reference_close(r);
    rp_meta_free(meta);
}

static void private_flags(void **state)
{
    rp_source *source;
    rp_error err = {0};
    unsigned char raw[5 * 4];
    uint32_t flags[5];
    (void)state;
    rp_meta *meta = exposure(11, 21);
    for (int with = 0; with < 2; with++) {
        rp_reference *r = open_reference(write_reference("mask.fits", corner, with), meta, 5, REF_NX);
        assert_int_equal(rp_reference_dq(r, "DQ", true, &source, &err), RP_OK);
        assert_int_equal(source->type, RP_U32);
        assert_int_equal(source->read(source, 0, (rp_rect){0, 3, 5, 1}, raw, &err), RP_OK);
        rp_elements_to_u32(flags, raw, RP_U32, 5);
        assert_int_equal(flags[0], 0);
        assert_int_equal(flags[1], with ? 1u << 11 : 1); /* HOT */
        assert_int_equal(flags[2], with ? RP_DQ_DO_NOT_USE : 2);
        assert_int_equal(flags[3], with ? 1u << 11 | RP_DQ_DO_NOT_USE : 3);
        assert_int_equal(flags[4], with ? 0 : 4); /* its name means nothing */
        assert_int_equal(lines.lines, with);
        source->close(source);
        rp_reference_close(r);
    }
    rp_meta_free(meta);
}

static void columns(void **state)
{
    rp_error err = {0};
    double *values;
    char *texts;
    size_t width, rows;
    (void)state;
    rp_meta *meta = exposure(11, 21);
    rp_reference *r = open_reference(write_reference("table.fits", corner, true), meta, 5, REF_NX);
    assert_int_equal(rp_reference_column(r, "DQ_DEF", "value", &values, NULL, &width, &rows, &err), RP_OK);
    assert_int_equal(rows, 3);
    assert_int_equal(width, 1);
    assert_true(values[0] == 1.0 && values[2] == 4.0); /* with the offset of unsigned numbers */
    free(values);
    assert_int_equal(rp_reference_column(r, "DQ_DEF", "PAIR", &values, NULL, &width, &rows, &err), RP_OK);
    assert_int_equal(width, 2);
    assert_true(values[3] == 4.0 && values[4] == -1.0);
    free(values);
    assert_int_equal(rp_reference_column(r, "DQ_DEF", "NAME", NULL, &texts, &width, &rows, &err), RP_OK);
    assert_int_equal(width, 12);
    assert_memory_equal(texts + 12, "DO_NOT_USE\0\0", 12);
    free(texts);
    assert_int_equal(rp_reference_column(r, "DQ_DEF", "NAME", &values, NULL, &width, &rows, &err), RP_E_UNSUPPORTED);
    assert_int_equal(rp_reference_column(r, "DQ_DEF", "NOSUCH", &values, NULL, &width, &rows, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "NOSUCH"));
    assert_int_equal(rp_reference_column(r, "NOTABLE", "NAME", &values, NULL, &width, &rows, &err), RP_E_MISSING);
    assert_int_equal(rp_reference_column(r, "SCI", "NAME", &values, NULL, &width, &rows, &err), RP_E_MISSING);
    rp_reference_close(r);
    rp_meta_free(meta);
}

/* Frames of interleaved reference pixels: 3200 rows where the keywords say 2048. */
static void irs2(void **state)
{
    rp_source *source;
    rp_error err = {0};
    static const char primary[] =
        "INSTRUME= 'NIRSPEC '\nSUBSTRT1=                    1\nSUBSTRT2=                    1\n"
        "SUBSIZE1=                    4\nSUBSIZE2=                 2048";
    const test_hdu hdus[] = {{.keywords = primary}, {.extname = "SCI", .type = RP_F32, .shape = {2, {3200, 4}}}};
    (void)state;
    test_write_fits(test_path(folder, "irs2.fits"), hdus, 2);
    rp_meta *meta = exposure(1, 1);
    assert_int_equal(rp_meta_set_int(meta, "SUBSIZE2", 2048, NULL), RP_OK);
    rp_reference *r = open_reference(test_path(folder, "irs2.fits"), meta, 3200, 4);
    assert_int_equal(rp_reference_plane(r, "SCI", true, &source, &err), RP_OK);
    assert_int_equal(source->shape.axis[0], 3200);
    source->close(source);
    rp_reference_close(r);
    r = open_reference(test_path(folder, "irs2.fits"), meta, 3200, 5);
    assert_int_equal(rp_reference_plane(r, "SCI", true, &source, &err), RP_E_MISMATCH);
    rp_reference_close(r);
    rp_meta_free(meta);
}

static void put_candidate(const char *dir, const char *name, const char *keywords)
{
    const test_hdu hdus[] = {{.keywords = keywords}};
    test_write_fits(test_path(dir, name), hdus, 1);
}

static void choosing(void **state)
{
    char *dir = test_folder(), *path = NULL;
    rp_error err = {0};
    (void)state;
    rp_meta *meta = exposure(11, 21);
    assert_int_equal(rp_reference_choose(&path, dir, "gain", meta, &err), RP_OK);
    assert_null(path); /* nothing there */
    put_candidate(dir, "a_other_type.fits", "REFTYPE = 'MASK    '\nDETECTOR= 'NRCA1   '");
    put_candidate(dir, "b_other_detector.fits", "REFTYPE = 'GAIN    '\nDETECTOR= 'NRCB1   '");
    put_candidate(dir, "c_any.fits", "REFTYPE = 'GAIN    '\nDETECTOR= 'ANY     '\nFILTER  = 'N/A     '");
    assert_int_equal(rp_reference_choose(&path, dir, "gain", meta, &err), RP_OK);
    assert_string_equal(path, test_path(dir, "c_any.fits"));
    free(path);
    put_candidate(dir, "d_detector.fits", "REFTYPE = 'gain    '\nDETECTOR= 'NRCA1   '\nSUBARRAY= 'FULL    '");
    put_candidate(dir, "e_no_fits.fits", "REFTYPE = 'GAIN    '\nDETECTOR= 'NRCA1   '\nFILTER  = 'F200W   '");
    FILE *junk = fopen(test_path(dir, "junk.fits"), "wb");
    (void)fputs("no FITS file", junk);
    (void)fclose(junk);
    assert_int_equal(rp_reference_choose(&path, dir, "gain", meta, &err), RP_OK);
    assert_string_equal(path, test_path(dir, "d_detector.fits")); /* more specific; its full frame can be cut */
    free(path);
    put_candidate(dir, "f_filter.fits", "REFTYPE = 'GAIN    '\nP_FILTER= 'F200W|F150W|'\nFILTER  = 'F200W   '");
    assert_int_equal(rp_reference_choose(&path, dir, "gain", meta, &err), RP_E_MISMATCH);
    assert_null(path);
    assert_non_null(strstr(err.text, "d_detector.fits"));
    assert_non_null(strstr(err.text, "f_filter.fits"));
    put_candidate(dir, "g_dark.fits", "REFTYPE = 'DARK    '\nSUBARRAY= 'FULL    '");
    assert_int_equal(rp_reference_choose(&path, dir, "dark", meta, &err), RP_OK);
    assert_null(path); /* darks are not cut */
    assert_int_equal(rp_reference_choose(&path, "/nonexistent/folder", "dark", meta, &err), RP_E_IO);
    rp_meta_free(meta);
    test_remove_folder(dir);
}

static void choosing_asdf(void **state)
{
    char *dir = test_folder(), *path = NULL;
    rp_error err = {0};
    (void)state;
    rp_meta *meta = exposure(11, 21);
    FILE *file = fopen(test_path(dir, "kernel.asdf"), "wb");
    (void)fputs("#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%YAML 1.1\n---\nmeta: {reftype: SIRSKERNEL, instrument: {name: "
                "NIRCAM}}\n...\n",
                file);
    (void)fclose(file);
    assert_int_equal(rp_reference_choose(&path, dir, "sirskernel", meta, &err), RP_OK);
    assert_string_equal(path, test_path(dir, "kernel.asdf"));
    free(path);
    rp_meta_free(meta);
    test_remove_folder(dir);
}

static void not_there(void **state)
{
    rp_reference *r;
    rp_error err = {0};
    (void)state;
    rp_meta *meta = exposure(11, 21);
    assert_int_equal(rp_reference_open(&r, "gain", "/nonexistent/g.fits", meta, 3, 4, NULL, &err), RP_E_IO);
    assert_null(r);
    assert_memory_equal(err.text, "gain reference", 14);
    rp_meta_free(meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_plane),  cmocka_unit_test(bad_cuts),      cmocka_unit_test(missing_exposure_corner),
        cmocka_unit_test(full_frame), cmocka_unit_test(private_flags), cmocka_unit_test(columns),
        cmocka_unit_test(irs2),       cmocka_unit_test(choosing),      cmocka_unit_test(choosing_asdf),
        cmocka_unit_test(not_there),
    };
    folder = test_folder();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_remove_folder(folder);
    return failed;
}
