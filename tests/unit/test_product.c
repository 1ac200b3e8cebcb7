/* Exposures in, products out: include/rampart/product.h. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/asdf/asdf.h"
#include "io/product/meta.h"
#include "rampart/product.h"
#include "rampart/provenance.h"
#include "tests/unit/product_files.h"

enum { NINTS = 2, NGROUPS = 3, NY = 4, NX = 5 };

static char *folder;

static const char int_times_columns[] = "TFIELDS =                    2\n"
                                        "TTYPE1  = 'integration_number' / a comment\n"
                                        "TFORM1  = '1J      '\n"
                                        "TTYPE2  = 'int_start_MJD_UTC'\n"
                                        "TFORM2  = 'D       '\n"
                                        "TUNIT2  = 'd       '";

static const unsigned char int_times[24] = {0, 0, 0, 1, 0x40, 0, 0, 0, 0, 0, 0, 0,
                                            0, 0, 0, 2, 0x40, 8, 0, 0, 0, 0, 0, 0};

static void make_uncal(const char *datamodl)
{
    char primary[1024];
    unsigned char refout[NINTS * NGROUPS * 1 * NX * 2];
    for (size_t k = 0; k < sizeof refout; k += 2) {
        refout[k] = 0x80; /* 0x8000 stored is 0, so these are 0, 1, 2 ... */
        refout[k + 1] = (unsigned char)(k / 2);
    }
    (void)snprintf(primary, sizeof primary,
                   "DATAMODL= '%s'\nTELESCOP= 'JWST    '\nINSTRUME= 'MIRI    '\nEXP_TYPE= 'MIR_IMAGE'\n"
                   "NINTS   =                    2\nNGROUPS =                    3\nTGROUP  =                  2.5\n"
                   "MYKEY   =                    7 / mine\nHISTORY made by hand",
                   datamodl);
    const test_hdu hdus[] = {
        {.keywords = primary},
        {.extname = "SCI",
         .keywords = "BUNIT   = 'DN      '\nCRPIX1  =                  1.5",
         .type = RP_U16,
         .shape = {4, {NINTS, NGROUPS, NY, NX}}},
        {.extname = "REFOUT", .type = RP_U16, .shape = {4, {NINTS, NGROUPS, 1, NX}}, .elements = refout},
        {.extname = "INT_TIMES", .table = int_times_columns, .width = 12, .rows = 2, .elements = int_times},
        {.extname = "FOO", .keywords = "FOOKEY  = 'bar     '", .type = RP_U8, .shape = {1, {6}}, .elements = "foobar"},
    };
    test_write_fits(test_path(folder, "jw1_uncal.fits"), hdus, 5);
}

static rp_exposure *open_exposure(const char *name)
{
    rp_exposure *x;
    rp_error err = {0};
    if (rp_exposure_open(&x, test_path(folder, name), NULL, NULL, &err) != RP_OK)
        fail_msg("%s", err.text);
    return x;
}

static rp_product *create(rp_model model, const char *name, const rp_exposure *from, const rp_meta *meta,
                          const rp_plane_spec *planes, size_t n)
{
    rp_product *p;
    rp_error err = {0};
    if (rp_product_create(&p, model, test_path(folder, name), from, meta, planes, n, &err) != RP_OK)
        fail_msg("%s", err.text);
    return p;
}

static const rp_plane_spec ramp_planes[] = {{"SCI", RP_F32, {4, {NINTS, NGROUPS, NY, NX}}},
                                            {"GROUPDQ", RP_U8, {4, {NINTS, NGROUPS, NY, NX}}},
                                            {"PIXELDQ", RP_U32, {2, {NY, NX}}}};
static const rp_plane_spec rate_planes[] = {{"SCI", RP_F32, {2, {NY, NX}}},
                                            {"ERR", RP_F32, {2, {NY, NX}}},
                                            {"DQ", RP_U32, {2, {NY, NX}}},
                                            {"VAR_POISSON", RP_F32, {2, {NY, NX}}},
                                            {"VAR_RNOISE", RP_F32, {2, {NY, NX}}}};

static void commit(rp_product *p)
{
    rp_error err = {0};
    if (rp_product_commit(p, false, &err) != RP_OK)
        fail_msg("%s", err.text);
}

static void check_hdus(const rp_container *file, const char *expected)
{
    char names[512] = "";
    for (size_t k = 0; k < file->nhdu; k++) {
        strcat(names, k ? " " : "");
        strcat(names, file->hdu[k].extname);
    }
    assert_string_equal(names, expected);
}

static rp_tree *asdf_of(rp_container *file)
{
    const int index = rp_container_find(file, "ASDF", 1);
    rp_error err = {0};
    rp_tree *tree = NULL;
    assert_true(index > 0);
    const size_t size = (size_t)file->hdu[index].data_bytes;
    char *bytes = malloc(size);
    assert_int_equal(file->read_bytes(file, (size_t)index, 0, size, bytes, &err), RP_OK);
    if (rp_asdf_parse(&tree, bytes, size, "test", &err) != RP_OK)
        fail_msg("%s", err.text);
    free(bytes);
    return tree;
}

/* The hash in the tree is that of the headers in the file, so that readers trust the tree. */
static void check_hash(const rp_container *file, const rp_tree *tree)
{
    char hash[RP_HASH_TEXT];
    rp_hasher *hasher = rp_hasher_new();
    for (size_t k = 0; k + 1 < file->nhdu; k++)
        rp_hasher_add(hasher, file->hdu[k].header, file->hdu[k].header_bytes);
    rp_hasher_end(hasher, hash);
    assert_int_equal(strlen(hash), 64);
    assert_string_equal(rp_node_text(rp_map_get(rp_tree_root(tree), "_fits_hash")), hash);
}

static const char *card(const rp_container *file, const char *extname, size_t number)
{
    static char text[RP_CARD_BYTES + 1];
    const rp_hdu *hdu = &file->hdu[rp_container_find(file, extname, 1)];
    memcpy(text, hdu->header + number * RP_CARD_BYTES, RP_CARD_BYTES);
    for (size_t n = RP_CARD_BYTES; n && text[n - 1] == ' '; n--)
        text[n - 1] = '\0';
    return text;
}

static bool has_card(const rp_container *file, const char *extname, const char *start)
{
    const rp_hdu *hdu = &file->hdu[rp_container_find(file, extname, 1)];
    for (size_t k = 0; k < hdu->header_bytes; k += RP_CARD_BYTES)
        if (!memcmp(hdu->header + k, start, strlen(start)))
            return true;
    return false;
}

static void hash_of_known_text(void **state)
{
    char hash[RP_HASH_TEXT];
    rp_hasher *hasher = rp_hasher_new();
    (void)state;
    rp_hasher_add(hasher, "a", 1);
    rp_hasher_add(hasher, "bc", 2);
    rp_hasher_end(hasher, hash);
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void exposure(void **state)
{
    rp_source *source;
    rp_error err = {0};
    (void)state;
    make_uncal("Level1bModel");
    rp_exposure *x = open_exposure("jw1_uncal.fits");
    assert_int_equal(x->nints, NINTS);
    assert_int_equal(x->ngroups, NGROUPS);
    assert_int_equal(x->ny, NY);
    assert_int_equal(x->nx, NX);
    assert_string_equal(rp_meta_get_string(x->meta, "FILENAME"), "jw1_uncal.fits");
    assert_int_equal(rp_exposure_plane(x, "ZEROFRAME", &source, &err), RP_OK);
    assert_null(source);
    assert_int_equal(rp_exposure_plane(x, "INT_TIMES", &source, &err), RP_OK);
    assert_null(source);
    assert_int_equal(rp_exposure_plane(x, "SCI", &source, &err), RP_OK);
    assert_int_equal(source->type, RP_U16);
    source->close(source);
    rp_exposure_close(x);
    x = NULL;
    assert_int_equal(rp_exposure_open(&x, test_path(folder, "none.fits"), NULL, NULL, &err), RP_E_IO);
    assert_null(x);
    make_uncal("CubeModel"); /* which has three axes */
    assert_int_equal(rp_exposure_open(&x, test_path(folder, "jw1_uncal.fits"), NULL, NULL, &err), RP_E_FORMAT);
    assert_non_null(strstr(err.text, "CubeModel"));
    const test_hdu only[] = {{.keywords = "DATAMODL= 'ImageModel'"}};
    test_write_fits(test_path(folder, "empty.fits"), only, 1);
    assert_int_equal(rp_exposure_open(&x, test_path(folder, "empty.fits"), NULL, NULL, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "SCI"));
}

/* A ramp keeps everything: tables, the reference output as float32, foreign HDUs, unknown keywords, history. */
static void ramp_product(void **state)
{
    rp_error err = {0};
    rp_container *file;
    (void)state;
    make_uncal("Level1bModel");
    rp_exposure *x = open_exposure("jw1_uncal.fits");
    rp_product *p = create(RP_MODEL_RAMP, "jw1_ramp.fits", x, x->meta, ramp_planes, 3);
    const rp_sink *pixeldq = rp_product_sink(p, "PIXELDQ");
    const uint32_t flags[NX] = {0, 1, 2, 0x80000000u, 5};
    unsigned char stored[NX * 4];
    rp_elements_from_u32(stored, flags, NX);
    assert_int_equal(pixeldq->write(pixeldq, 0, (rp_rect){2, 0, 1, NX}, stored, &err), RP_OK);
    assert_null(rp_product_sink(p, "ERR"));
    assert_int_equal(rp_meta_set_string(rp_product_meta(p), "S_JUMP", "COMPLETE", &err), RP_OK);
    const char *lines[] = {"first", "second: \"line\""};
    assert_int_equal(rp_product_cal_logs(p, "jump", lines, 2, &err), RP_OK);
    assert_int_equal(rp_product_provenance(p, "device", "a test", &err), RP_OK);
    assert_int_equal(rp_product_provenance(p, "bad key", "x", &err), RP_E_ARGUMENT);
    assert_int_equal(access(test_path(folder, "jw1_ramp.fits"), F_OK), -1); /* nothing half-made is visible */
    commit(p);
    assert_int_equal(rp_container_open(&file, test_path(folder, "jw1_ramp.fits"), NULL, &err), RP_OK);
    check_hdus(file, "PRIMARY SCI PIXELDQ GROUPDQ REFOUT INT_TIMES FOO ASDF");
    const rp_hdu *refout = &file->hdu[4];
    assert_int_equal(refout->type, RP_F32);
    unsigned char raw[24];
    float values[NX];
    assert_int_equal(file->read_bytes(file, 4, (NINTS * NGROUPS - 1) * NX * 4, NX * 4, raw, &err), RP_OK);
    rp_elements_to_f32(values, raw, RP_F32, NX);
    assert_true(values[0] == 25.0f && values[4] == 29.0f);
    assert_int_equal(file->read_bytes(file, 2, 2 * NX * 4, sizeof stored, raw, &err), RP_OK);
    assert_memory_equal(raw, stored, sizeof stored);
    assert_int_equal(file->read_bytes(file, 5, 0, 24, raw, &err), RP_OK);
    assert_memory_equal(raw, int_times, 24);
    assert_int_equal(file->read_bytes(file, 6, 0, 6, raw, &err), RP_OK);
    assert_memory_equal(raw, "foobar", 6);
    assert_true(has_card(file, "INT_TIMES", "TFORM1  = 'J       '"));
    assert_true(has_card(file, "INT_TIMES", "TUNIT2  = 'd       '"));
    assert_true(has_card(file, "FOO", "FOOKEY  = 'bar     '"));
    assert_false(has_card(file, "FOO", "EXTVER"));
    assert_true(has_card(file, "PRIMARY", "MYKEY   =                    7 / mine"));
    assert_true(has_card(file, "PRIMARY", "HISTORY made by hand"));
    assert_true(has_card(file, "PRIMARY", "S_JUMP  = 'COMPLETE'           / Jump Detection"));
    rp_tree *tree = asdf_of(file);
    const rp_node *root = rp_tree_root(tree);
    check_hash(file, tree);
    assert_string_equal(rp_node_text(rp_path_get(root, "refout.source")), "fits:REFOUT,1");
    assert_string_equal(rp_node_text(rp_path_get(root, "refout.datatype")), "float32");
    assert_string_equal(rp_node_text(rp_path_get(root, "extra_fits.FOO.data.source")), "fits:FOO,1");
    assert_int_equal(rp_path_get(root, "cal_logs.jump")->count, 2);
    assert_string_equal(rp_path_get(root, "cal_logs.jump")->items[1]->text, lines[1]);
    assert_string_equal(rp_node_text(rp_path_get(root, "history.rampart.device")), "a test");
    const rp_node *column = rp_path_get(root, "int_times.datatype")->items[1];
    assert_string_equal(rp_node_text(rp_map_get(column, "name")), "int_start_MJD_UTC");
    assert_string_equal(rp_node_text(rp_map_get(column, "datatype")), "float64");
    rp_tree_free(tree);
    file->close(file);
    rp_exposure_close(x);
}

/* The order and text of the reference's headers. */
static void rate_header(void **state)
{
    rp_error err = {0};
    rp_container *file;
    (void)state;
    make_uncal("Level1bModel");
    rp_exposure *x = open_exposure("jw1_uncal.fits");
    rp_meta *meta;
    assert_int_equal(rp_meta_copy(&meta, x->meta, &err), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "ERR:BUNIT", "DN/s", &err), RP_OK);
    assert_int_equal(rp_meta_set_double(meta, "EXTNCRS", NAN, &err), RP_OK);
    commit(create(RP_MODEL_IMAGE, "jw1_rate.fits", x, meta, rate_planes, 5));
    rp_meta_free(meta);
    assert_int_equal(rp_container_open(&file, test_path(folder, "jw1_rate.fits"), NULL, &err), RP_OK);
    check_hdus(file, "PRIMARY SCI ERR DQ VAR_POISSON VAR_RNOISE ASDF");
    assert_string_equal(card(file, "PRIMARY", 3), "EXTEND  =                    T");
    assert_memory_equal(card(file, "PRIMARY", 4), "DATE    = '20", 13);
    assert_string_equal(card(file, "PRIMARY", 5), "FILENAME= 'jw1_rate.fits'      / Name of the file");
    assert_memory_equal(card(file, "PRIMARY", 6), "CAL_VER = '3.0.0+rampart.", 25);
    assert_string_equal(card(file, "PRIMARY", 8), "DATAMODL= 'ImageModel'         / Type of data model");
    assert_string_equal(card(file, "PRIMARY", 9),
                        "TELESCOP= 'JWST    '           / Telescope used to acquire the data");
    assert_string_equal(card(file, "PRIMARY", 10), "");
    assert_string_equal(card(file, "PRIMARY", 11), "        Instrument configuration information");
    assert_string_equal(card(file, "PRIMARY", 12), "");
    assert_string_equal(card(file, "PRIMARY", 13),
                        "INSTRUME= 'MIRI    '           / Instrument used to acquire the data");
    assert_false(has_card(file, "PRIMARY", "MYKEY"));
    assert_false(has_card(file, "PRIMARY", "HISTORY"));
    assert_false(has_card(file, "PRIMARY", "EXTNCRS"));
    assert_string_equal(card(file, "SCI", 7), "EXTNAME = 'SCI     '           / extension name");
    assert_string_equal(card(file, "SCI", 8), "BUNIT   = 'DN      '           / physical units of the array values");
    assert_string_equal(card(file, "SCI", 10), "        WCS parameters");
    assert_string_equal(card(file, "SCI", 12),
                        "CRPIX1  =                  1.5 / Axis 1 pixel coordinate of ref point, 1-indexed");
    assert_string_equal(card(file, "SCI", 13), "EXTVER  =                    1 / extension value");
    assert_string_equal(card(file, "DQ", 8), "BZERO   =           2147483648");
    assert_string_equal(card(file, "ASDF", 8), "TTYPE1  = 'ASDF_METADATA'");
    rp_tree *tree = asdf_of(file);
    check_hash(file, tree);
    double value = 0;
    assert_true(rp_node_number(rp_path_get(rp_tree_root(tree), "meta.exposure.extended_emission_events"), &value));
    assert_true(isnan(value));
    rp_tree_free(tree);
    file->close(file);
    rp_exposure_close(x);
}

/* Products read again: the tree is trusted as long as its hash fits, and then wins over the headers. */
static void trust(void **state)
{
    (void)state;
    rate_header(state);
    rp_exposure *x = open_exposure("jw1_rate.fits");
    assert_true(rp_meta_has(x->meta, "EXTNCRS")); /* which no header could hold */
    assert_null(rp_map_get(rp_tree_root(x->meta->tree), "data"));
    assert_null(rp_map_get(rp_tree_root(x->meta->tree), "_fits_hash"));
    commit(create(RP_MODEL_IMAGE, "again_rate.fits", x, x->meta, rate_planes, 5));
    rp_exposure_close(x);
    FILE *file = fopen(test_path(folder, "jw1_rate.fits"), "r+b");
    assert_non_null(file);
    char header[14 * RP_BLOCK_BYTES];
    const size_t n = fread(header, 1, sizeof header, file);
    char *telescope = memmem(header, n, "'MIRI    '", 10);
    assert_non_null(telescope);
    (void)fseek(file, (long)(telescope - header), SEEK_SET);
    (void)fwrite("'FGS     '", 1, 10, file);
    (void)fclose(file);
    x = open_exposure("jw1_rate.fits");
    assert_string_equal(rp_meta_get_string(x->meta, "INSTRUME"), "FGS");
    assert_true(rp_meta_has(x->meta, "EXTNCRS")); /* of the tree, since no header replaces it */
    rp_exposure_close(x);
}

static void cube_with_array(void **state)
{
    rp_error err = {0};
    rp_container *file;
    const rp_plane_spec cube[] = {{"SCI", RP_F32, {3, {NINTS, NY, NX}}}, {"DQ", RP_U32, {3, {NINTS, NY, NX}}}};
    const float flat[6] = {1, 2, 3, 4, 5, 6};
    const rp_shape shape = {2, {2, 3}}, absurd = {2, {1 << 20, 1 << 20}};
    (void)state;
    make_uncal("Level1bModel");
    rp_exposure *x = open_exposure("jw1_uncal.fits");
    rp_product *p = create(RP_MODEL_CUBE, "jw1_rateints.fits", x, x->meta, cube, 2);
    assert_int_equal(rp_product_asdf_array(p, "var_flat", flat, &shape, &err), RP_OK);
    assert_int_equal(rp_product_asdf_array(p, "absurd", flat, &absurd, &err), RP_E_ARGUMENT);
    commit(p);
    assert_int_equal(rp_container_open(&file, test_path(folder, "jw1_rateints.fits"), NULL, &err), RP_OK);
    check_hdus(file, "PRIMARY SCI DQ INT_TIMES ASDF");
    rp_tree *tree = asdf_of(file);
    double *values;
    int naxis;
    int64_t axis[RP_ARRAY_MAX_AXES];
    assert_int_equal(rp_asdf_numbers(rp_map_get(rp_tree_root(tree), "var_flat"), "t", &values, &naxis, axis, &err),
                     RP_OK);
    assert_true(values[5] == 6.0 && naxis == 2 && axis[0] == 2);
    free(values);
    rp_tree_free(tree);
    file->close(file);
    rp_exposure_close(x);
}

/* Tables go from raw to calibrated guider data; a keyword of a table stands behind its version, without comment. */
static void guider(void **state)
{
    rp_error err = {0};
    rp_container *file;
    const test_hdu hdus[] = {
        {.keywords = "DATAMODL= 'Level1bModel'\nEXP_TYPE= 'FGS_ACQ1'\nMYKEY   =                    7"},
        {.extname = "SCI", .keywords = "BUNIT   = 'DN      '", .type = RP_U16, .shape = {4, {1, 2, NY, NX}}},
        {.extname = "FLIGHT REFERENCE STARS",
         .keywords = "NUMREFST=                    2",
         .table = int_times_columns,
         .width = 12,
         .rows = 2,
         .elements = int_times},
    };
    const rp_plane_spec planes[] = {
        {"SCI", RP_F32, {3, {1, NY, NX}}}, {"ERR", RP_F32, {3, {1, NY, NX}}}, {"DQ", RP_U32, {2, {NY, NX}}}};
    (void)state;
    test_write_fits(test_path(folder, "gs_uncal.fits"), hdus, 3);
    rp_exposure *x = open_exposure("gs_uncal.fits");
    assert_int_equal(x->meta->schema, RP_SCHEMA_GUIDER_RAW);
    commit(create(RP_MODEL_GUIDER_CAL, "gs_cal.fits", x, x->meta, planes, 3));
    assert_int_equal(rp_container_open(&file, test_path(folder, "gs_cal.fits"), NULL, &err), RP_OK);
    check_hdus(file, "PRIMARY SCI ERR DQ FLIGHT REFERENCE STARS ASDF");
    assert_true(has_card(file, "PRIMARY", "DATAMODL= 'GuiderCalModel'"));
    assert_false(has_card(file, "PRIMARY", "MYKEY"));
    assert_string_equal(card(file, "FLIGHT REFERENCE STARS", 13),
                        "EXTNAME = 'FLIGHT REFERENCE STARS' / extension name");
    assert_string_equal(card(file, "FLIGHT REFERENCE STARS", 14), "EXTVER  =                    1 / extension value");
    assert_string_equal(card(file, "FLIGHT REFERENCE STARS", 15), "NUMREFST=                    2");
    rp_tree *tree = asdf_of(file);
    check_hash(file, tree);
    rp_tree_free(tree);
    file->close(file);
    rp_exposure_close(x);
}

static void refusals(void **state)
{
    rp_error err = {0};
    rp_product *p;
    (void)state;
    make_uncal("Level1bModel");
    rp_exposure *x = open_exposure("jw1_uncal.fits");
    const size_t before = test_count_files(folder);
    assert_int_equal(
        rp_product_create(&p, RP_MODEL_RAMP, test_path(folder, "bad.fits"), x, x->meta, rate_planes, 5, &err),
        RP_E_ARGUMENT);
    assert_null(p);
    assert_int_equal(
        rp_product_create(&p, RP_MODEL_IMAGE, "/nonexistent/folder/x.fits", x, x->meta, rate_planes, 5, &err), RP_E_IO);
    p = create(RP_MODEL_IMAGE, "late_rate.fits", x, x->meta, rate_planes, 1);
    assert_int_equal(rp_meta_set_string(rp_product_meta(p), "ERR:BUNIT", "DN/s", &err), RP_OK);
    assert_int_equal(rp_product_commit(p, false, &err), RP_E_INTERNAL); /* there is no HDU for it any more */
    assert_non_null(strstr(err.text, "ERR"));
    p = create(RP_MODEL_IMAGE, "gone_rate.fits", x, x->meta, rate_planes, 5);
    rp_product_discard(p);
    rp_product_discard(NULL);
    assert_int_equal(test_count_files(folder), before);
    rp_exposure_close(x);
}

/* Keywords that come late, and make the header longer than it was laid out. */
static void growing_header(void **state)
{
    rp_error err = {0};
    rp_container *file;
    (void)state;
    make_uncal("Level1bModel");
    rp_exposure *x = open_exposure("jw1_uncal.fits");
    rp_product *p = create(RP_MODEL_IMAGE, "grown_rate.fits", x, x->meta, rate_planes, 5);
    const rp_sink *sci = rp_product_sink(p, "SCI");
    const float value = 1.25f;
    unsigned char stored[4], raw[4];
    rp_elements_from_f32(stored, &value, 1);
    assert_int_equal(sci->write(sci, 0, (rp_rect){3, 4, 1, 1}, stored, &err), RP_OK);
    for (int k = 0; k < 80; k++) {
        char name[32];
        (void)snprintf(name, sizeof name, "PRIMARY:OWN%d", k);
        assert_int_equal(rp_meta_set_int(rp_product_meta(p), name, k, &err), RP_OK);
    }
    commit(p);
    assert_int_equal(rp_container_open(&file, test_path(folder, "grown_rate.fits"), NULL, &err), RP_OK);
    assert_true(has_card(file, "PRIMARY", "OWN79   =                   79"));
    assert_int_equal(file->read_bytes(file, 1, (NY * NX - 1) * 4, 4, raw, &err), RP_OK);
    assert_memory_equal(raw, stored, 4);
    rp_tree *tree = asdf_of(file);
    check_hash(file, tree);
    rp_tree_free(tree);
    file->close(file);
    rp_exposure_close(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_of_known_text),
        cmocka_unit_test(exposure),
        cmocka_unit_test(ramp_product),
        cmocka_unit_test(rate_header),
        cmocka_unit_test(trust),
        cmocka_unit_test(cube_with_array),
        cmocka_unit_test(guider),
        cmocka_unit_test(refusals),
        cmocka_unit_test(growing_header),
    };
    folder = test_folder();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_remove_folder(folder);
    return failed;
}
