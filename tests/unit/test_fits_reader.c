/* FITS files as containers: parsing, reading rectangles, and refusing what is damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zlib.h>

#include "rampart/container.h"
#include "test_fits_files.h"

/* Two planes of 40 rows of 50 uint16; the element at (p, y, x) is p * 20000 + y * 100 + x. */
static blob ramp(void)
{
    blob b = {0};
    blob_header(&b, PRIMARY_CARDS "|EXTEND  = T");
    blob_header(
        &b,
        IMAGE_CARDS(
            16,
            "NAXIS   = 3|NAXIS1  = 50|NAXIS2  = 40|NAXIS3  = 2") "|EXTNAME = 'sci     '|BSCALE  = 1|BZERO   = 32768.0");
    for (int p = 0; p < 2; p++) {
        for (int y = 0; y < 40; y++) {
            for (int x = 0; x < 50; x++) {
                const unsigned v = (unsigned)(p * 20000 + y * 100 + x) ^ 0x8000u;
                const unsigned char stored[2] = {(unsigned char)(v >> 8), (unsigned char)v};
                blob_add(&b, stored, 2);
            }
        }
    }
    blob_pad(&b, '\0');
    blob_header(&b, "XTENSION= 'BINTABLE'|BITPIX  = 8|NAXIS   = 2|NAXIS1  = 5|NAXIS2  = 1|PCOUNT  = 2|GCOUNT  = 1|"
                    "TFIELDS = 0|ZIMAGE  = T|EXTNAME = 'PACKED'|EXTVER  = 3");
    blob_add(&b, "abcdefg", 7);
    blob_pad(&b, '\0');
    return b;
}

static void check_rect(rp_source *s, int64_t plane, rp_rect r)
{
    unsigned char got[40 * 50 * 2];
    float values[40 * 50];
    rp_error err = {0};
    assert_int_equal(s->read(s, plane, r, got, &err), RP_OK);
    rp_elements_to_f32(values, got, s->type, (size_t)(r.ny * r.nx));
    for (int64_t y = 0; y < r.ny; y++) {
        for (int64_t x = 0; x < r.nx; x++)
            assert_true(values[y * r.nx + x] == (float)(plane * 20000 + (r.y0 + y) * 100 + r.x0 + x));
    }
}

static void check_ramp(const char *path)
{
    rp_container *file = NULL;
    rp_source *s = NULL;
    rp_error err = {0};
    char bytes[8] = "";
    assert_int_equal(rp_container_open(&file, path, NULL, &err), RP_OK);
    assert_string_equal(file->path, path);
    assert_int_equal(file->nhdu, 3);
    assert_string_equal(file->hdu[0].extname, "PRIMARY");
    assert_true(file->hdu[0].is_image && file->hdu[0].shape.naxis == 0 && file->hdu[0].data_bytes == 0);
    assert_string_equal(file->hdu[1].extname, "SCI");
    assert_int_equal(file->hdu[1].extver, 1);
    assert_int_equal(file->hdu[1].type, RP_U16);
    assert_int_equal(file->hdu[1].shape.naxis, 3);
    assert_int_equal(file->hdu[1].shape.axis[0], 2);
    assert_int_equal(file->hdu[1].shape.axis[2], 50);
    assert_int_equal(file->hdu[1].data_bytes, 8000);
    assert_int_equal(file->hdu[1].header_bytes, 2880);
    assert_memory_equal(file->hdu[1].header, "XTENSION= 'IMAGE   '", 20);
    assert_false(file->hdu[2].is_image);
    assert_int_equal(file->hdu[2].data_bytes, 7);
    assert_int_equal(rp_container_find(file, "packed", 3), 2);
    assert_int_equal(rp_container_find(file, "PACKED", 1), -1);
    assert_int_equal(file->read_bytes(file, 2, 1, 6, bytes, &err), RP_OK);
    assert_string_equal(bytes, "bcdefg");
    assert_int_equal(file->read_bytes(file, 2, 1, 7, bytes, &err), RP_E_INTERNAL);
    assert_int_equal(file->open_source(file, 2, &s, &err), RP_E_UNSUPPORTED);
    assert_int_equal(file->open_source(file, 0, &s, &err), RP_E_MISSING);
    assert_int_equal(file->open_source(file, 1, &s, &err), RP_OK);
    check_rect(s, 0, (rp_rect){0, 0, 40, 50});
    check_rect(s, 1, (rp_rect){3, 0, 8, 50});  /* rows of full width */
    check_rect(s, 1, (rp_rect){0, 46, 40, 4}); /* a column of many rows, to the last element */
    check_rect(s, 0, (rp_rect){39, 3, 1, 7});  /* part of a row */
    check_rect(s, 1, (rp_rect){10, 45, 5, 5}); /* a few short rows */
    check_rect(s, 1, (rp_rect){40, 50, 0, 0}); /* nothing */
    assert_int_equal(s->read(s, 2, (rp_rect){0, 0, 1, 1}, bytes, &err), RP_E_INTERNAL);
    assert_int_equal(s->read(s, 0, (rp_rect){0, 48, 1, 3}, bytes, &err), RP_E_INTERNAL);
    assert_int_equal(s->read(s, 0, (rp_rect){INT64_MAX, 0, 1, 1}, bytes, &err), RP_E_INTERNAL);
    assert_non_null(strstr(err.text, "[SCI]"));
    s->close(s);
    file->close(file);
}

static void reads(void **state)
{
    (void)state;
    blob b = ramp();
    write_file("ramp.fits", b.bytes, b.n);
    check_ramp("ramp.fits");
    /* The padding of the last HDU may be missing, and anything may follow it. */
    write_file("short.fits", b.bytes, b.n - 2880 + 7);
    check_ramp("short.fits");
    blob_add(&b, "trailing bytes", 14);
    write_file("longer.fits", b.bytes, b.n);
    check_ramp("longer.fits");
    blob_free(&b);
}

static void reads_gzip(void **state)
{
    (void)state;
    blob b = ramp();
    gzFile gz = gzopen("ramp.fits.gz", "wb");
    assert_int_equal(gzwrite(gz, b.bytes, (unsigned)b.n), (int)b.n);
    assert_int_equal(gzclose(gz), Z_OK);
    blob_free(&b);
    const int before = count_files(".");
    check_ramp("ramp.fits.gz");
    assert_int_equal(count_files("."), before);
    blob packed = read_file("ramp.fits.gz");
    write_file("cut.gz", packed.bytes, packed.n / 2);
    blob_free(&packed);
    rp_container *file = NULL;
    rp_error err = {0};
    assert_int_equal(rp_container_open(&file, "cut.gz", NULL, &err), RP_E_FORMAT);
    assert_non_null(strstr(err.text, "cut.gz"));
    assert_null(file);
    assert_int_equal(rp_container_open(&file, "ramp.fits.gz", "/no/such/folder", &err), RP_E_IO);
}

static void knows_types(void **state)
{
    (void)state;
    static const struct {
        const char *cards;
        rp_dtype type;
    } rows[] = {
        {"8", RP_U8},    {"16", RP_I16},  {"16|BZERO   = 32768", RP_U16},
        {"32", RP_I32},  {"64", RP_I64},  {"32|BZERO   = 2147483648", RP_U32},
        {"-32", RP_F32}, {"-64", RP_F64}, {"-32|BZERO   = 0.0|BSCALE  = 1.", RP_F32},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char cards[400];
        blob b = {0};
        rp_container *file = NULL;
        rp_source *s = NULL;
        (void)snprintf(cards, sizeof cards, "SIMPLE  = T|BITPIX  = %s|NAXIS   = 1|NAXIS1  = 2", rows[i].cards);
        blob_header(&b, cards);
        blob_add(&b, "0123456789abcdef", 2 * rp_dtype_size(rows[i].type));
        write_file("type.fits", b.bytes, b.n);
        assert_int_equal(rp_container_open(&file, "type.fits", NULL, NULL), RP_OK);
        assert_int_equal(file->open_source(file, 0, &s, NULL), RP_OK);
        assert_int_equal(s->type, rows[i].type);
        assert_int_equal(rp_shape_ny(&s->shape), 1);
        s->close(s);
        file->close(file);
        blob_free(&b);
    }
}

/* Files that open, but whose image has no type of ours. */
static void refuses_scaling(void **state)
{
    (void)state;
    static const char *const scales[] = {"BSCALE  = 0.5", "BZERO   = 100", "BZERO   = 'x'",
                                         "BSCALE  = 2|BZERO   = 32768"};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        char cards[400];
        blob b = {0};
        rp_container *file = NULL;
        rp_source *s = NULL;
        rp_error err = {0};
        (void)snprintf(cards, sizeof cards, "SIMPLE  = T|BITPIX  = 16|NAXIS   = 1|NAXIS1  = 2|%s", scales[i]);
        blob_header(&b, cards);
        blob_add(&b, "1234", 4);
        write_file("scaled.fits", b.bytes, b.n);
        assert_int_equal(rp_container_open(&file, "scaled.fits", NULL, NULL), RP_OK);
        assert_int_equal(file->open_source(file, 0, &s, &err), RP_E_UNSUPPORTED);
        assert_non_null(strstr(err.text, "scaled.fits[PRIMARY]"));
        assert_non_null(strstr(err.text, "BSCALE"));
        file->close(file);
        blob_free(&b);
    }
}

static void refuse(const blob *b, size_t n, rp_code code, const char *part)
{
    rp_container *file = NULL;
    rp_error err = {0};
    write_file("bad.fits", b->bytes, n);
    assert_int_equal(rp_container_open(&file, "bad.fits", NULL, &err), code);
    assert_null(file);
    assert_non_null(strstr(err.text, "bad.fits"));
    if (!strstr(err.text, part))
        fail_msg("'%s' is not in: %s", part, err.text);
}

static void refuses_headers(void **state)
{
    (void)state;
    static const struct {
        const char *cards;
        rp_code code;
        const char *part;
    } rows[] = {
        {"SIMPLE  = F|BITPIX  = 8|NAXIS   = 0", RP_E_UNSUPPORTED, "SIMPLE"},
        {"SIMPLE  = 1|BITPIX  = 8|NAXIS   = 0", RP_E_FORMAT, "SIMPLE"},
        {"SIMPLE  = T|NAXIS   = 0", RP_E_FORMAT, "BITPIX"},
        {"SIMPLE  = T|BITPIX  = 12|NAXIS   = 0", RP_E_FORMAT, "BITPIX"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = -1", RP_E_FORMAT, "NAXIS"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 1000", RP_E_FORMAT, "NAXIS"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 1.0", RP_E_FORMAT, "NAXIS"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 2|NAXIS1  = 5", RP_E_FORMAT, "NAXIS2"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 1|NAXIS1  = -5", RP_E_FORMAT, "NAXIS1"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 2|NAXIS1  = 2000000000000000000|NAXIS2  = 2000000000000000000", RP_E_FORMAT,
         "larger than any file"},
        {"SIMPLE  = T|BITPIX  = 64|NAXIS   = 1|NAXIS1  = 2000000000000000000", RP_E_FORMAT, "larger than any file"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 1|NAXIS1  = 99999999999999999999", RP_E_FORMAT, "NAXIS1"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 1|NAXIS1  = 1000", RP_E_FORMAT, "truncated"},
        {"SIMPLE  = T|BITPIX  = 8|NAXIS   = 2|NAXIS1  = 0|NAXIS2  = 5|GROUPS  = T|PCOUNT  = 1|GCOUNT  = 1",
         RP_E_UNSUPPORTED, "random groups"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        blob b = {0};
        blob_header(&b, rows[i].cards);
        refuse(&b, b.n, rows[i].code, rows[i].part);
        blob_free(&b);
    }
}

static void refuses_files(void **state)
{
    (void)state;
    rp_container *file = NULL;
    rp_error err = {0};
    blob b = ramp();
    refuse(&b, 0, RP_E_FORMAT, "not a FITS file");
    refuse(&b, 80, RP_E_FORMAT, "END");
    refuse(&b, 2 * 2880 + 7999, RP_E_FORMAT, "HDU 1 (SCI)");
    refuse(&b, 2880 + 800, RP_E_FORMAT, "HDU 1: the header has no END");
    b.bytes[2880 + 84] = '\0';
    refuse(&b, b.n, RP_E_FORMAT, "card 2");
    blob_free(&b);
    blob_header(&b, PRIMARY_CARDS);
    blob_header(&b, "XTENSION= 'IMAGE   '|BITPIX  = 8|NAXIS   = 0|PCOUNT  = 4|GCOUNT  = 1");
    refuse(&b, b.n, RP_E_FORMAT, "PCOUNT");
    blob_free(&b);
    assert_int_equal(rp_container_open(&file, "absent.fits", NULL, &err), RP_E_IO);
    assert_non_null(strstr(err.text, "absent.fits"));
    assert_int_equal(rp_container_open(&file, ".", NULL, &err), RP_E_IO);
    assert_non_null(strstr(err.text, "not a regular file"));
}

/* The file shrinks behind the reader's back: an error, not a crash. */
static void survives_shrinking(void **state)
{
    (void)state;
    blob b = ramp();
    rp_container *file = NULL;
    rp_source *s = NULL;
    rp_error err = {0};
    unsigned char got[8000];
    write_file("ramp.fits", b.bytes, b.n);
    blob_free(&b);
    assert_int_equal(rp_container_open(&file, "ramp.fits", NULL, NULL), RP_OK);
    assert_int_equal(file->open_source(file, 1, &s, NULL), RP_OK);
    assert_int_equal(truncate("ramp.fits", 5760 + 100), 0);
    assert_int_equal(s->read(s, 1, (rp_rect){0, 0, 40, 50}, got, &err), RP_E_FORMAT);
    assert_int_equal(s->read(s, 1, (rp_rect){0, 0, 40, 4}, got, &err), RP_E_FORMAT);
    assert_non_null(strstr(err.text, "ramp.fits[SCI]"));
    s->close(s);
    file->close(file);
}

/* A header of several blocks, longer than the first read. */
static void reads_long_headers(void **state)
{
    (void)state;
    blob cards = {0}, b = {0};
    rp_container *file = NULL;
    blob_add(&cards, PRIMARY_CARDS, strlen(PRIMARY_CARDS));
    for (int i = 0; i < 1000; i++)
        blob_add(&cards, "|HISTORY x", 10);
    cards.bytes[cards.n] = '\0';
    blob_header(&b, cards.bytes);
    write_file("long.fits", b.bytes, b.n);
    assert_int_equal(rp_container_open(&file, "long.fits", NULL, NULL), RP_OK);
    assert_int_equal(file->hdu[0].header_bytes, 28 * 2880);
    assert_memory_equal(file->hdu[0].header, b.bytes, b.n);
    file->close(file);
    blob_free(&cards);
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(reads_gzip, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(knows_types, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(refuses_scaling, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(refuses_headers, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(refuses_files, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(survives_shrinking, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(reads_long_headers, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
