/* The HDF5 form: FITS files come back to the byte, groups read like FITS files, foreign and damaged files are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <hdf5.h>
#include <pthread.h>
#include <zlib.h>

#include "io/hdf5/hdf5.h"
#include "test_fits_files.h"

enum { PLANES = 6, NY = 150, NX = 300, NAMES = 4 };

static uint32_t noise(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* A ramp of several chunks, an image of noise (that does not shrink), a table, an image without pixels; EXTNAMEs that
 * clash, are empty or hold a slash; paddings of every kind, and bytes after the last HDU. */
static blob sample(uint32_t seed)
{
    blob b = {0};
    blob_header(&b, PRIMARY_CARDS "|EXTEND  = T|TELESCOP= 'JWST'|EXPTIME =  1.5E1|DONE    = T|NGROUPS = 3|"
                                  "LONGSTR = 'one &'|CONTINUE  'two'|HISTORY first|HISTORY second|UNDEF   =");
    blob_header(
        &b,
        IMAGE_CARDS(
            16, "NAXIS   = 4|NAXIS1  = 300|NAXIS2  = 150|NAXIS3  = 3|NAXIS4  = 2") "|EXTNAME = 'SCI'|BZERO   = 32768");
    for (int i = 0; i < PLANES * NY * NX; i++) {
        const uint32_t v = (uint32_t)(i % NX) * 20 + noise(&seed) % 16;
        const unsigned char stored[2] = {(unsigned char)(v >> 8), (unsigned char)v};
        blob_add(&b, stored, 2);
    }
    blob_pad(&b, '\0');
    blob_header(&b, IMAGE_CARDS(-32, "NAXIS   = 2|NAXIS1  = 300|NAXIS2  = 150") "|EXTNAME = 'SCI'|EXTVER  = 1");
    for (int i = 0; i < NY * NX * 4; i++) {
        const char byte = (char)noise(&seed);
        blob_add(&b, &byte, 1);
    }
    blob_pad(&b, 'x');
    blob_header(
        &b, "XTENSION= 'TABLE   '|BITPIX  = 8|NAXIS   = 2|NAXIS1  = 3|NAXIS2  = 2|PCOUNT  = 0|GCOUNT  = 1|TFIELDS = 0|"
            "EXTNAME = 'A/B table'|EXTVER  = 2");
    blob_add(&b, "abcdef", 6);
    blob_pad(&b, ' ');
    blob_header(&b, IMAGE_CARDS(8, "NAXIS   = 0"));
    blob_add(&b, "after the last HDU", 18);
    return b;
}

static void assert_same_file(const char *path, const blob *want)
{
    blob got = read_file(path);
    assert_int_equal(got.n, want->n);
    assert_memory_equal(got.bytes, want->bytes, want->n);
    blob_free(&got);
}

static void returns_every_byte(void **state)
{
    (void)state;
    blob b = sample(1);
    rp_error err = {0};
    write_file("in.fits", b.bytes, b.n);
    for (int threads = 1; threads <= 3; threads += 2) {
        const rp_hdf5_options options = {.threads = threads, .replace = true, .durable = true};
        assert_int_equal(rp_hdf5_import("out.h5", "/rate", "in.fits", &options, &err), RP_OK);
        assert_int_equal(rp_hdf5_export("out.h5", NULL, "back.fits", &options, &err), RP_OK);
        assert_same_file("back.fits", &b);
        assert_int_equal(rp_hdf5_export("out.h5", "rate", "back.fits", NULL, &err), RP_OK);
        assert_same_file("back.fits", &b);
    }
    /* A file without its last padding. */
    blob cut = sample(1);
    cut.n = 2880 + 2880 + PLANES * NY * NX * 2;
    write_file("cut.fits", cut.bytes, cut.n);
    assert_int_equal(rp_hdf5_import("cut.h5", "rate", "cut.fits", NULL, &err), RP_OK);
    assert_int_equal(rp_hdf5_export("cut.h5", NULL, "back.fits", NULL, &err), RP_OK);
    assert_int_equal(rp_hdf5_export("cut.h5", NULL, "/no/such/folder/back.fits", NULL, &err), RP_E_IO);
    assert_same_file("back.fits", &cut);
    assert_int_equal(count_files("."), 5);
    blob_free(&cut);
    blob_free(&b);
}

static void is_reproducible(void **state)
{
    (void)state;
    blob b = sample(2);
    write_file("in.fits", b.bytes, b.n);
    blob_free(&b);
    assert_int_equal(rp_hdf5_import("a.h5", "rate", "in.fits", &(rp_hdf5_options){.threads = 1}, NULL), RP_OK);
    assert_int_equal(rp_hdf5_import("b.h5", "rate", "in.fits", &(rp_hdf5_options){.threads = 4}, NULL), RP_OK);
    b = read_file("a.h5");
    assert_same_file("b.h5", &b);
    blob_free(&b);
}

/* Every rectangle of the group equals that of the FITS file. */
static void compare_sources(rp_source *a, rp_source *b, uint32_t seed)
{
    static const rp_rect rects[] = {{0, 0, NY, NX}, {0, 0, NY, 4},     {0, NX - 4, NY, 4},
                                    {7, 0, 9, NX},  {100, 10, 50, 33}, {149, 299, 1, 1}};
    const size_t size = rp_dtype_size(a->type);
    char *const got = malloc(NY * NX * size), *const want = malloc(NY * NX * size);
    assert_true(got && want);
    for (int i = 0; i < 40; i++) {
        const rp_rect r = rects[noise(&seed) % (sizeof rects / sizeof *rects)];
        const int64_t plane = noise(&seed) % (uint32_t)rp_shape_planes(&a->shape);
        assert_int_equal(a->read(a, plane, r, want, NULL), RP_OK);
        assert_int_equal(b->read(b, plane, r, got, NULL), RP_OK);
        assert_memory_equal(got, want, (size_t)(r.ny * r.nx) * size);
    }
    assert_int_equal(b->read(b, 0, (rp_rect){0, 0, NY + 1, 1}, got, NULL), RP_E_INTERNAL);
    free(got);
    free(want);
}

static void reads_like_fits(void **state)
{
    (void)state;
    blob b = sample(3);
    rp_container *fits = NULL, *h5 = NULL;
    rp_error err = {0};
    write_file("in.fits", b.bytes, b.n);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "in.fits", NULL, &err), RP_OK);
    assert_int_equal(rp_container_open(&fits, "in.fits", NULL, &err), RP_OK);
    assert_int_equal(rp_container_open(&h5, "out.h5:/rate", NULL, &err), RP_OK);
    h5->close(h5);
    assert_int_equal(rp_container_open(&h5, "out.h5", NULL, &err), RP_OK);
    assert_int_equal(h5->nhdu, fits->nhdu);
    for (size_t i = 0; i < fits->nhdu; i++) {
        rp_source *x = NULL, *y = NULL;
        const rp_hdu *const f = &fits->hdu[i], *const h = &h5->hdu[i];
        char got[16] = "", want[16] = "";
        assert_string_equal(h->extname, f->extname);
        assert_int_equal(h->extver, f->extver);
        assert_int_equal(h->header_bytes, f->header_bytes);
        assert_memory_equal(h->header, f->header, f->header_bytes);
        assert_int_equal(h->data_bytes, f->data_bytes);
        assert_int_equal(h->is_image, f->is_image);
        const size_t n = f->data_bytes < 16 ? (size_t)f->data_bytes : 16;
        assert_int_equal(fits->read_bytes(fits, i, f->data_bytes - (int64_t)n, n, want, NULL), RP_OK);
        assert_int_equal(h5->read_bytes(h5, i, f->data_bytes - (int64_t)n, n, got, NULL), RP_OK);
        assert_memory_equal(got, want, 16);
        assert_int_equal(h5->read_bytes(h5, i, f->data_bytes, 1, got, NULL), RP_E_INTERNAL);
        const rp_code code = fits->open_source(fits, i, &x, NULL);
        assert_int_equal(h5->open_source(h5, i, &y, &err), code);
        if (code)
            continue;
        assert_int_equal(x->type, y->type);
        assert_int_equal(x->shape.naxis, y->shape.naxis);
        compare_sources(x, y, (uint32_t)i);
        x->close(x);
        y->close(y);
    }
    assert_int_equal(h5->open_source(h5, 99, &(rp_source *){NULL}, &err), RP_E_INTERNAL);
    h5->close(h5);
    fits->close(fits);
    blob_free(&b);
}

typedef struct reader {
    rp_source *source;
    const unsigned char *data; /* of the FITS file */
    uint32_t seed;
    int wrong;
} reader;

static void *read_strips(void *payload)
{
    reader *const r = payload;
    unsigned char *const got = malloc(10 * NX * 2);
    for (int i = 0; i < 300 && got; i++) {
        const int64_t plane = noise(&r->seed) % PLANES, y = noise(&r->seed) % (NY - 10);
        r->wrong += r->source->read(r->source, plane, (rp_rect){y, 0, 10, NX}, got, NULL) != RP_OK ||
                    memcmp(got, r->data + (plane * NY + y) * NX * 2, 10 * NX * 2) != 0;
    }
    r->wrong += got == NULL;
    free(got);
    return NULL;
}

static void reads_from_threads(void **state)
{
    (void)state;
    enum { READERS = 4 };
    blob b = sample(4);
    rp_container *h5 = NULL;
    rp_source *s = NULL;
    pthread_t threads[READERS];
    reader readers[READERS];
    write_file("in.fits", b.bytes, b.n);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "in.fits", NULL, NULL), RP_OK);
    assert_int_equal(rp_container_open(&h5, "out.h5", NULL, NULL), RP_OK);
    assert_int_equal(h5->open_source(h5, 1, &s, NULL), RP_OK);
    for (int i = 0; i < READERS; i++) {
        readers[i] = (reader){s, (const unsigned char *)b.bytes + 5760, (uint32_t)i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_strips, &readers[i]), 0);
    }
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(readers[i].wrong, 0);
    }
    s->close(s);
    h5->close(h5);
    blob_free(&b);
}

static void holds_several_groups(void **state)
{
    (void)state;
    static const char *const names[NAMES] = {"uncal", "rate", "rateints", "cal"};
    static const char *const sorted[NAMES] = {"cal", "rate", "rateints", "uncal"};
    rp_error err = {0};
    rp_container *h5 = NULL;
    char **groups = NULL;
    size_t n = 0;
    for (uint32_t i = 0; i < NAMES; i++) {
        blob b = sample(i);
        write_file(names[i], b.bytes, b.n);
        blob_free(&b);
        assert_int_equal(rp_hdf5_import("out.h5", names[i], names[i], NULL, &err), RP_OK);
    }
    assert_int_equal(rp_hdf5_groups(&groups, &n, "out.h5", &err), RP_OK);
    assert_int_equal(n, NAMES);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(groups[i], sorted[i]);
        free(groups[i]);
    }
    free(groups);
    assert_int_equal(rp_container_open(&h5, "out.h5", NULL, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "/cal, /rate, /rateints, /uncal"));
    assert_int_equal(rp_container_open(&h5, "out.h5:/none", NULL, &err), RP_E_MISSING);
    assert_int_equal(rp_container_open(&h5, "out.h5:/rate/_fits", NULL, &err), RP_E_ARGUMENT);
    assert_int_equal(rp_container_open(&h5, "none.h5:/rate", NULL, &err), RP_E_FORMAT);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "uncal", NULL, &err), RP_E_ARGUMENT);
    assert_non_null(strstr(err.text, "already has a group /rate"));
    assert_int_equal(rp_hdf5_import("out.h5", "a/b", "uncal", NULL, &err), RP_E_ARGUMENT);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "uncal", &(rp_hdf5_options){.replace = true}, &err), RP_OK);
    for (size_t i = 0; i < NAMES; i++) {
        blob want = read_file(names[i == 1 ? 0 : i]);
        assert_int_equal(rp_hdf5_export("out.h5", names[i], "back", NULL, &err), RP_OK);
        assert_same_file("back", &want);
        blob_free(&want);
    }
}

/* The dataset and its attributes as another program sees them. */
static void is_plain_hdf5(void **state)
{
    (void)state;
    blob b = sample(5);
    static unsigned char got[PLANES * NY * NX * 2];
    write_file("in.fits", b.bytes, b.n);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "in.fits", NULL, NULL), RP_OK);
    const hid_t file = H5Fopen("out.h5", H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t set = H5Dopen2(file, "rate/SCI_1", H5P_DEFAULT);
    assert_true(set >= 0);
    assert_true(H5Dread(set, H5T_STD_I16BE, H5S_ALL, H5S_ALL, H5P_DEFAULT, got) >= 0);
    assert_memory_equal(got, b.bytes + 5760, sizeof got);
    assert_true(H5Dclose(set) >= 0);
    assert_true(H5Lexists(file, "rate/SCI_1_hdu2", H5P_DEFAULT) > 0);
    assert_true(H5Lexists(file, "rate/A_B TABLE_2", H5P_DEFAULT) > 0);
    assert_true(H5Lexists(file, "rate/HDU_1", H5P_DEFAULT) > 0);
    const hid_t primary = H5Dopen2(file, "rate/PRIMARY_1", H5P_DEFAULT);
    int64_t groups = 0;
    double time = 0;
    char *text = NULL;
    hid_t a = H5Aopen(primary, "NGROUPS", H5P_DEFAULT);
    assert_true(H5Aread(a, H5T_NATIVE_INT64, &groups) >= 0 && groups == 3);
    H5Aclose(a);
    a = H5Aopen(primary, "EXPTIME", H5P_DEFAULT);
    assert_true(H5Aread(a, H5T_NATIVE_DOUBLE, &time) >= 0 && time == 15.0);
    H5Aclose(a);
    static const struct {
        const char *name, *value;
    } texts[] = {{"LONGSTR", "one two"}, {"HISTORY", "first\nsecond"}, {"TELESCOP", "JWST"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        a = H5Aopen(primary, texts[i].name, H5P_DEFAULT);
        const hid_t type = H5Aget_type(a);
        assert_true(H5Aread(a, type, &text) >= 0);
        assert_string_equal(text, texts[i].value);
        H5free_memory(text);
        H5Tclose(type);
        H5Aclose(a);
    }
    assert_true(H5Aexists(primary, "UNDEF") == 0);
    H5Dclose(primary);
    H5Fclose(file);
    blob_free(&b);
}

/* Replaces dataset SCI_1 of out.h5 by one of another kind. */
typedef struct other {
    hid_t type;
    hsize_t rows;
    bool external, shuffle, deflate;
    hsize_t chunk[4];
    rp_code code;
} other;

static void swap_dataset(const other *o)
{
    const hsize_t dims[4] = {2, 3, o->rows, NX};
    const unsigned level = 1;
    const hid_t file = H5Fopen("out.h5", H5F_ACC_RDWR, H5P_DEFAULT), list = H5Pcreate(H5P_DATASET_CREATE);
    const hid_t space = H5Screate_simple(4, dims, NULL);
    assert_true(H5Ldelete(file, "rate/SCI_1", H5P_DEFAULT) >= 0);
    if (o->external)
        assert_true(H5Pset_external(list, "in.fits", 0, H5F_UNLIMITED) >= 0);
    if (o->chunk[0]) {
        assert_true(H5Pset_chunk(list, 4, o->chunk) >= 0);
        assert_true(!o->shuffle || H5Pset_shuffle(list) >= 0);
        assert_true(
            (o->deflate ? H5Pset_deflate(list, 1) : H5Pset_filter(list, 32015, H5Z_FLAG_MANDATORY, 1, &level)) >= 0);
    }
    const hid_t set = H5Dcreate2(file, "rate/SCI_1", o->type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(set >= 0);
    assert_true(H5Dclose(set) >= 0 && H5Sclose(space) >= 0 && H5Pclose(list) >= 0 && H5Fclose(file) >= 0);
}

static void refuses_other_datasets(void **state)
{
    (void)state;
    const other rows[] = {
        {H5T_STD_I16LE, NY, false, true, false, {1, 1, 75, NX}, RP_E_FORMAT},
        {H5T_STD_I32BE, NY, false, true, false, {1, 1, 75, NX}, RP_E_FORMAT},
        {H5T_STD_I16BE, NY + 1, false, true, false, {1, 1, 75, NX}, RP_E_FORMAT},
        {H5T_STD_I16BE, NY, true, false, false, {0}, RP_E_UNSUPPORTED},
        {H5T_STD_I16BE, NY, false, false, false, {0}, RP_E_UNSUPPORTED},
        {H5T_STD_I16BE, NY, false, true, true, {1, 1, 75, NX}, RP_E_UNSUPPORTED},
        {H5T_STD_I16BE, NY, false, false, false, {1, 1, 75, NX}, RP_E_UNSUPPORTED},
        {H5T_STD_I16BE, NY, false, true, false, {2, 1, 75, NX}, RP_E_UNSUPPORTED},
        {H5T_STD_I16BE, NY, false, true, false, {1, 1, 75, NX / 2}, RP_E_UNSUPPORTED},
        {H5T_STD_I16BE, NY, false, true, false, {1, 1, 40, NX}, RP_OK},
    };
    blob b = sample(7);
    write_file("in.fits", b.bytes, b.n);
    blob_free(&b);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rp_container *h5 = NULL;
        rp_source *s = NULL;
        rp_error err = {0};
        assert_int_equal(rp_hdf5_import("out.h5", "rate", "in.fits", &(rp_hdf5_options){.replace = true}, NULL), RP_OK);
        swap_dataset(&rows[i]);
        assert_int_equal(rp_container_open(&h5, "out.h5", NULL, &err), RP_OK);
        assert_int_equal(h5->open_source(h5, 1, &s, &err), rows[i].code);
        if (rows[i].code) {
            assert_non_null(strstr(err.text, "out.h5:/rate[SCI]"));
            assert_int_equal(rp_hdf5_export("out.h5", NULL, "back.fits", NULL, &err), rows[i].code);
            assert_int_equal(count_files("."), 2);
        } else {
            /* Chunks that were never written are zero, as HDF5 has it. */
            unsigned char row[NX * 2];
            static const unsigned char zeros[NX * 2];
            memset(row, 1, sizeof row);
            assert_int_equal(s->read(s, 3, (rp_rect){149, 0, 1, NX}, row, NULL), RP_OK);
            assert_memory_equal(row, zeros, sizeof row);
            s->close(s);
        }
        h5->close(h5);
    }
}

/* A chunk whose bytes changed does not unpack; the others still do. */
static void notices_damaged_chunks(void **state)
{
    (void)state;
    blob b = sample(8);
    rp_container *h5 = NULL;
    rp_source *s = NULL;
    rp_error err = {0};
    static unsigned char got[NY * NX * 2];
    write_file("in.fits", b.bytes, b.n);
    blob_free(&b);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "in.fits", NULL, NULL), RP_OK);
    const hid_t file = H5Fopen("out.h5", H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, "rate/SCI_1", H5P_DEFAULT);
    const hsize_t first[4] = {0};
    haddr_t at = 0;
    hsize_t size = 0;
    unsigned mask = 0;
    assert_true(H5Dget_chunk_info_by_coord(set, first, &mask, &at, &size) >= 0);
    assert_true(H5Dclose(set) >= 0 && H5Fclose(file) >= 0);
    b = read_file("out.h5");
    memset(b.bytes + at, 0, 16); /* its frame header */
    write_file("bad.h5", b.bytes, b.n);
    blob_free(&b);
    assert_int_equal(rp_container_open(&h5, "bad.h5", NULL, &err), RP_OK);
    assert_int_equal(h5->open_source(h5, 1, &s, &err), RP_OK);
    assert_int_equal(s->read(s, 0, (rp_rect){0, 0, 1, NX}, got, &err), RP_E_FORMAT);
    assert_non_null(strstr(err.text, "chunk 0 does not unpack"));
    assert_int_equal(s->read(s, 0, (rp_rect){0, 0, 1, NX}, got, &err), RP_E_FORMAT); /* not cached as good */
    assert_int_equal(s->read(s, PLANES - 1, (rp_rect){0, 0, NY, NX}, got, &err), RP_OK);
    s->close(s);
    h5->close(h5);
    assert_int_equal(rp_hdf5_export("bad.h5", NULL, "back.fits", &(rp_hdf5_options){.threads = 3}, &err), RP_E_FORMAT);
    assert_int_equal(count_files("."), 3);
}

static void refuses_foreign_files(void **state)
{
    (void)state;
    rp_error err = {0};
    rp_container *h5 = NULL;
    blob b = sample(9);
    write_file("in.fits", b.bytes, b.n);
    const hid_t file = H5Fcreate("plain.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t group = H5Gcreate2(file, "rate", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(H5Lcreate_external("out.h5", "/rate", file, "other", H5P_DEFAULT, H5P_DEFAULT) >= 0);
    assert_true(H5Gclose(group) >= 0 && H5Fclose(file) >= 0);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "in.fits", NULL, &err), RP_OK);
    assert_int_equal(rp_container_open(&h5, "plain.h5", NULL, &err), RP_E_FORMAT);
    assert_non_null(strstr(err.text, "plain.h5"));
    assert_int_equal(rp_container_open(&h5, "plain.h5:/rate", NULL, &err), RP_E_MISSING);
    assert_int_equal(rp_container_open(&h5, "plain.h5:/other", NULL, &err), RP_E_MISSING); /* leads to another file */
    assert_int_equal(rp_hdf5_import("out.h5", "cal", "absent.fits", NULL, &err), RP_E_IO);
    assert_int_equal(rp_hdf5_import("in.fits", "cal", "in.fits", NULL, &err), RP_E_FORMAT);
    assert_same_file("in.fits", &b);
    assert_int_equal(rp_hdf5_import("/no/such/folder/x.h5", "cal", "in.fits", NULL, &err), RP_E_IO);
    blob_free(&b);
    b = read_file("out.h5");
    write_file("cut.h5", b.bytes, b.n / 2);
    blob_free(&b);
    assert_int_equal(rp_container_open(&h5, "cut.h5", NULL, &err), RP_E_FORMAT);
    assert_int_equal(count_files("."), 4);
}

static void takes_gzip(void **state)
{
    (void)state;
    blob b = sample(10);
    gzFile gz = gzopen("in.fits.gz", "wb");
    assert_int_equal(gzwrite(gz, b.bytes, (unsigned)b.n), (int)b.n);
    assert_int_equal(gzclose(gz), Z_OK);
    assert_int_equal(rp_hdf5_import("out.h5", "rate", "in.fits.gz", NULL, NULL), RP_OK);
    assert_int_equal(rp_hdf5_export("out.h5", NULL, "back.fits", NULL, NULL), RP_OK);
    assert_same_file("back.fits", &b);
    blob_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(returns_every_byte, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(is_reproducible, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(reads_like_fits, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(reads_from_threads, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(holds_several_groups, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(is_plain_hdf5, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(refuses_other_datasets, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(notices_damaged_chunks, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(refuses_foreign_files, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(takes_gzip, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
