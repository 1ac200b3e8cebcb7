/* Contexts that do not load, and what is said about them. */
#include "crds_files.h"

static char said[4096];

static void hear(void *payload, rp_level level, const char *name, const char *text)
{
    (void)payload;
    (void)level;
    (void)name;
    (void)snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
}

static int begin(void **state)
{
    (void)state;
    said[0] = '\0';
    make_folder();
    return 0;
}

static int end(void **state)
{
    (void)state;
    remove_folder();
    return 0;
}

/* Opens jwst_0001.pmap of the folder; the message must hold `says`. */
static void refuse(rp_code wanted, const char *says)
{
    rp_context *context;
    rp_error err = {0};
    const rp_code code = rp_context_open(&context, crds_folder, "jwst_0001.pmap", NULL, &err);
    if (code != wanted || !strstr(err.text, says))
        print_error("code %d, message '%s'\n", code, err.text);
    assert_int_equal(code, wanted);
    assert_null(context);
    assert_non_null(strstr(err.text, says));
}

static void test_loads(void **state)
{
    rp_context *context;
    char path[512];
    (void)state;
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0001.pmap", NULL, NULL), RP_OK);
    rp_context_close(context);
    crds_path(path, "jwst_0002.pmap"); /* by path, without a CRDS_PATH */
    assert_int_equal(rp_context_open(&context, NULL, path, NULL, NULL), RP_OK);
    assert_string_equal(rp_context_name(context), "jwst_0002.pmap");
    rp_context_close(context);
}

static void test_missing(void **state)
{
    char path[512];
    rp_context *context;
    rp_error err;
    (void)state;
    crds_path(path, "jwst_nircam_dark_0001.rmap");
    assert_int_equal(unlink(path), 0);
    refuse(RP_E_IO, "jwst_nircam_dark_0001.rmap: cannot be opened");
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0077.pmap", NULL, &err), RP_E_IO);
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0077", NULL, &err), RP_E_ARGUMENT);
    assert_int_equal(rp_context_open(&context, NULL, "jwst_0001.pmap", NULL, &err), RP_E_ARGUMENT);
}

static void test_checksum(void **state)
{
    const rp_context_options lenient = {.ignore_checksums = true};
    rp_context *context;
    (void)state;
    edit_mapping("jwst_nircam_dark_0001.rmap", "dark_a.fits", "dark_x.fits", false);
    refuse(RP_E_MISMATCH, "sha1sum mismatch in 'jwst_nircam_dark_0001.rmap'");
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0001.pmap", &lenient, NULL), RP_OK);
    rp_context_close(context);
    edit_mapping("jwst_nircam_dark_0001.rmap", "'sha1sum'", "'sha2sum'", false);
    refuse(RP_E_MISMATCH, "sha1sum is missing in 'jwst_nircam_dark_0001.rmap'");
}

static void test_cycle(void **state)
{
    (void)state;
    edit_mapping("jwst_nircam_0001.imap", "jwst_nircam_dark_0001.rmap", "jwst_nircam_0001.imap", true);
    refuse(RP_E_FORMAT, "where the name of a rmap stands");
}

static void test_path_in_name(void **state)
{
    (void)state;
    edit_mapping("jwst_nircam_0001.imap", "jwst_nircam_dark_0001.rmap", "../../x.rmap", true);
    refuse(RP_E_FORMAT, "'../../x.rmap'");
}

static void test_damaged(void **state)
{
    (void)state;
    edit_mapping("jwst_nircam_dark_0001.rmap", "UseAfter({", "UseAfter(", false);
    refuse(RP_E_FORMAT, "jwst_nircam_dark_0001.rmap:");
}

static void test_header(void **state)
{
    (void)state;
    edit_mapping("jwst_nircam_flat_0001.rmap", "'filekind'", "'fileking'", true);
    refuse(RP_E_FORMAT, "Required header key 'filekind' is missing.");
    edit_mapping("jwst_nircam_flat_0001.rmap", "'fileking'", "'filekind'", true);
    edit_mapping("jwst_nircam_flat_0001.rmap", "'REFERENCE'", "'INSTRUMENT'", true);
    refuse(RP_E_FORMAT, "says mapping 'INSTRUMENT'");
}

static void test_rules(void **state)
{
    (void)state;
    edit_mapping("jwst_nircam_mask_0001.rmap", "between 1 5", "between 5 1", true);
    refuse(RP_E_FORMAT, "Invalid between relation");
    edit_mapping("jwst_nircam_mask_0001.rmap", "between 5 1", "between 1 5", true);
    edit_mapping("jwst_nircam_gain_0001.rmap", "('NRCA1', 'F090W')", "('NRCA1',)", true);
    refuse(RP_E_FORMAT, "is wrong length for parameters ('META.INSTRUMENT.DETECTOR', 'META.INSTRUMENT.FILTER')");
    edit_mapping("jwst_nircam_gain_0001.rmap", "('NRCA1',)", "('nrca1', 'n/a')", true);
    refuse(RP_E_FORMAT, "appears more than once");
    edit_mapping("jwst_nircam_gain_0001.rmap", "('nrca1', 'n/a')", "('NRCA1', 'F090W')", true);
    edit_mapping("jwst_nircam_gain_0001.rmap", "META.EXPOSURE.TYPE == \"NRC_IMAGE\"", "open(\"x\")", true);
    refuse(RP_E_FORMAT, "expression");
}

static void test_selector_name(void **state)
{
    (void)state;
    edit_mapping("jwst_nircam_photom_0001.rmap", "ClosestTime({", "NearestTime({", true);
    refuse(RP_E_FORMAT, "selector 'NearestTime'");
}

static void test_repeated(void **state)
{
    const rp_log log = {hear, NULL};
    const rp_context_options options = {.log = &log};
    rp_context *context;
    (void)state;
    edit_mapping("jwst_nircam_dark_0001.rmap", "'2020-06-30 12:00:00'", "'2016-01-01 00:00:00'", true);
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0001.pmap", &options, NULL), RP_OK);
    assert_non_null(
        strstr(said, "Duplicate entry at UseAfter '2016-01-01 00:00:00' = 'dark_b.fits' vs. 'dark_a.fits'"));
    rp_context_close(context);
}

static void test_one_mapping(void **state)
{
    rp_mapping *mapping;
    char path[512], sum[RP_SHA1_TEXT];
    size_t size;
    (void)state;
    crds_path(path, "jwst_nircam_area_0001.rmap");
    assert_int_equal(rp_mapping_open(&mapping, path, true, NULL, NULL), RP_OK);
    const rp_names children = rp_mapping_children(mapping);
    assert_int_equal(children.count, 4);
    assert_string_equal(children.name[3], "area_d.fits");
    assert_string_equal(rp_mapping_header(mapping, "filekind"), "AREA");
    assert_null(rp_mapping_header(mapping, "nosuch"));
    char *text = get_file(path, &size);
    rp_sha1_mapping(sum, text, size);
    assert_string_equal(sum, rp_mapping_header(mapping, "sha1sum"));
    free(text);
    rp_mapping_close(mapping);
    assert_int_equal(rp_mapping_open(&mapping, crds_folder, true, NULL, NULL), RP_E_IO);
}

static void test_sums(void **state)
{
    char sum[RP_SHA1_TEXT], path[512];
    (void)state;
    rp_sha1_mapping(sum, "a\nsha1sum x\nb\n", 14);
    char other[RP_SHA1_TEXT];
    rp_sha1_mapping(other, "a\r\nb\r", 5); /* Python reads all line ends as \n */
    assert_string_equal(sum, other);
    crds_path(path, "x");
    put_file(path, "this is a test.", 15);
    assert_int_equal(rp_sha1_file(sum, path, NULL), RP_OK);
    assert_string_equal(sum, "7728f8eb7bf75ec3cc49364861eec852fc814870");
    assert_int_equal(rp_sha1_file(sum, "/nonexistent", NULL), RP_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_loads, begin, end),
        cmocka_unit_test_setup_teardown(test_missing, begin, end),
        cmocka_unit_test_setup_teardown(test_checksum, begin, end),
        cmocka_unit_test_setup_teardown(test_cycle, begin, end),
        cmocka_unit_test_setup_teardown(test_path_in_name, begin, end),
        cmocka_unit_test_setup_teardown(test_damaged, begin, end),
        cmocka_unit_test_setup_teardown(test_header, begin, end),
        cmocka_unit_test_setup_teardown(test_rules, begin, end),
        cmocka_unit_test_setup_teardown(test_selector_name, begin, end),
        cmocka_unit_test_setup_teardown(test_repeated, begin, end),
        cmocka_unit_test_setup_teardown(test_one_mapping, begin, end),
        cmocka_unit_test_setup_teardown(test_sums, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
