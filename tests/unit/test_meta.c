/* Metadata by keyword: include/rampart/meta.h, and how headers become metadata. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "io/product/meta.h"
#include "tests/unit/product_files.h"

static char *folder;

static const char primary[] = "EXTEND  =                    T\n"
                              "DATAMODL= 'Level1bModel'\n"
                              "NINTS   =                    2 / number\n"
                              "NGROUPS =                  5.0 / a number that is no integer\n"
                              "TGROUP  =                    3 / an integer where any number will do\n"
                              "TFRAME  =           10.7367700\n"
                              "FILTER  = 'F999X   '           / no such filter\n"
                              "PUPIL   = 'CLEAR   '\n"
                              "CHANNEL = 'SHORT   '\n"
                              "PROGRAM =                 1234 / should be a text\n"
                              "ZEROFRAM=                    T\n"
                              "FASTAXIS=                   -1\n"
                              "SUBARRAY=                      / nothing\n"
                              "NINTS   =                    9 / the second time\n"
                              "MYKEY   =                  7.5 / mine\n"
                              "MYKEY   = 'again   '\n"
                              "COMMENT   free text\n"
                              "HISTORY   was here\n"
                              "HISTORY   and there\n"
                              "CHECKSUM= 'abcdefghijklmnop'\n"
                              "PA_APER =                  1.0 / belongs to SCI\n"
                              "SCALEX  =                    F";
static const char sci[] = "EXTVER  =                    1\n"
                          "PA_APER =                 30.5\n"
                          "BUNIT   = 'DN      '\n"
                          "SCIKEY  =                   -3";
static const char error_plane[] = "BUNIT   = 'DN/s    '";

static rp_meta *load(rp_schema schema, test_log *lines, rp_container **file)
{
    const rp_shape shape = {.naxis = 2, .axis = {2, 3}};
    const test_hdu hdus[] = {{.keywords = primary},
                             {.extname = "SCI", .keywords = sci, .type = RP_F32, .shape = shape},
                             {.extname = "ERR", .keywords = error_plane, .type = RP_F32, .shape = shape}};
    rp_error err = {0};
    const rp_log log = {test_log_line, lines};
    rp_meta *meta = NULL;
    test_write_fits(test_path(folder, "in.fits"), hdus, 3);
    if (rp_container_open(file, test_path(folder, "in.fits"), NULL, &err) != RP_OK)
        fail_msg("%s", err.text);
    if (rp_meta_load(&meta, *file, schema, false, &log, &err) != RP_OK)
        fail_msg("%s", err.text);
    return meta;
}

static void typed_values(void **state)
{
    test_log lines = {0};
    rp_container *file;
    int64_t n = 0;
    double f = 0;
    bool b = false;
    (void)state;
    rp_meta *meta = load(RP_SCHEMA_RAMP, &lines, &file);
    assert_true(rp_meta_get_int(meta, "NINTS", &n) && n == 2); /* the first card counts */
    assert_true(rp_meta_get_double(meta, "TGROUP", &f) && f == 3.0);
    assert_true(rp_meta_get_double(meta, "TFRAME", &f) && f == 10.73677);
    assert_false(rp_meta_get_int(meta, "TFRAME", &n));
    assert_true(rp_meta_get_bool(meta, "ZEROFRAM", &b) && b);
    assert_string_equal(rp_meta_get_string(meta, "PUPIL"), "CLEAR");
    assert_string_equal(rp_meta_get_string(meta, "CHANNEL"), "SHORT");
    assert_null(rp_meta_get_string(meta, "NINTS"));
    assert_true(rp_meta_get_double(meta, "PA_APER", &f) && f == 30.5); /* where the schema has it */
    assert_true(rp_meta_get_double(meta, "PRIMARY:PA_APER", &f) && f == 1.0);
    assert_string_equal(rp_meta_get_string(meta, "BUNIT"), "DN");
    assert_string_equal(rp_meta_get_string(meta, "ERR:BUNIT"), "DN/s");
    assert_string_equal(rp_meta_get_string(meta, "SCI:BUNIT"), "DN");
    assert_true(rp_meta_get_int(meta, "meta.exposure.nints", &n) && n == 2);
    rp_meta_free(meta);
    file->close(file);
}

/* What the schema forbids is dropped with a warning; a keyword without a value says nothing. */
static void forbidden_values(void **state)
{
    test_log lines = {0};
    rp_container *file;
    (void)state;
    rp_meta *meta = load(RP_SCHEMA_RAMP, &lines, &file);
    assert_false(rp_meta_has(meta, "FILTER"));
    assert_false(rp_meta_has(meta, "NGROUPS"));
    assert_false(rp_meta_has(meta, "PROGRAM"));
    assert_false(rp_meta_has(meta, "SUBARRAY"));
    assert_int_equal(lines.lines, 3);
    assert_non_null(strstr(lines.text, "FILTER = F999X"));
    assert_non_null(strstr(lines.text, "NGROUPS = 5.0"));
    assert_non_null(strstr(lines.text, "PROGRAM = 1234"));
    rp_meta_free(meta);
    file->close(file);
    lines.lines = 0;
    meta = load(RP_SCHEMA_ANY, &lines, &file); /* references may name what they like */
    assert_string_equal(rp_meta_get_string(meta, "FILTER"), "F999X");
    assert_int_equal(lines.lines, 0);
    rp_meta_free(meta);
    file->close(file);
}

static void unknown_keywords(void **state)
{
    test_log lines = {0};
    rp_container *file;
    double f = 0;
    int64_t n = 0;
    (void)state;
    rp_meta *meta = load(RP_SCHEMA_RAMP, &lines, &file);
    assert_true(rp_meta_get_double(meta, "MYKEY", &f) && f == 7.5);
    assert_true(rp_meta_get_int(meta, "SCIKEY", &n) && n == -3);
    assert_true(rp_meta_get_int(meta, "SCI:SCIKEY", &n));
    assert_false(rp_meta_has(meta, "PRIMARY:SCIKEY"));
    assert_false(rp_meta_has(meta, "CHECKSUM"));
    assert_false(rp_meta_has(meta, "EXTEND"));
    const rp_node *list = rp_extras_header(meta, "PRIMARY");
    assert_int_equal(list->count, 5); /* MYKEY twice, COMMENT, PA_APER, SCALEX */
    assert_string_equal(rp_node_text(list->items[2]->items[0]), "COMMENT");
    assert_string_equal(rp_node_text(list->items[0]->items[2]), "mine");
    const rp_node *entries = rp_path_get(rp_tree_root(meta->tree), "history.entries");
    assert_int_equal(entries->count, 2);
    assert_string_equal(rp_node_text(rp_map_get(entries->items[1], "description")), "  and there");
    rp_meta_unset(meta, "MYKEY");
    assert_false(rp_meta_has(meta, "MYKEY"));
    assert_int_equal(list->count, 3);
    rp_meta_free(meta);
    file->close(file);
}

static void setting(void **state)
{
    rp_meta *meta, *copy;
    int64_t n = 0;
    double f = 0;
    (void)state;
    assert_int_equal(rp_meta_new(&meta, RP_SCHEMA_RAMP, "x.fits", NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "S_JUMP", "COMPLETE", NULL), RP_OK);
    assert_int_equal(rp_meta_set_int(meta, "NINTS", 4, NULL), RP_OK);
    assert_int_equal(rp_meta_set_double(meta, "PRIMECRS", 0.25, NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "ERR:BUNIT", "DN/s", NULL), RP_OK);
    assert_int_equal(rp_meta_set_int(meta, "SCI:OWNKEY", 1, NULL), RP_OK);
    assert_int_equal(rp_meta_set_int(meta, "SCI:OWNKEY", 2, NULL), RP_OK);
    assert_string_equal(rp_node_text(rp_path_get(rp_tree_root(meta->tree), "meta.cal_step.jump")), "COMPLETE");
    assert_string_equal(rp_node_text(rp_path_get(rp_tree_root(meta->tree), "meta.bunit_err")), "DN/s");
    assert_false(rp_meta_has(meta, "SCI:BUNIT"));
    assert_int_equal(rp_extras_header(meta, "SCI")->count, 1);
    assert_int_equal(rp_meta_copy(&copy, meta, NULL), RP_OK);
    rp_meta_unset(meta, "NINTS");
    assert_false(rp_meta_has(meta, "NINTS"));
    rp_meta_free(meta);
    assert_true(rp_meta_get_int(copy, "NINTS", &n) && n == 4);
    assert_true(rp_meta_get_double(copy, "PRIMECRS", &f) && f == 0.25);
    assert_true(rp_meta_get_int(copy, "SCI:OWNKEY", &n) && n == 2);
    rp_meta_free(copy);
}

static void needs(void **state)
{
    rp_meta *meta;
    rp_error err = {0};
    int64_t n = 0;
    const char *text;
    (void)state;
    assert_int_equal(rp_meta_new(&meta, RP_SCHEMA_RAMP, "jw1_uncal.fits", NULL), RP_OK);
    assert_int_equal(rp_meta_need_int(meta, "NGROUPS", &n, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "NGROUPS"));
    assert_non_null(strstr(err.text, "jw1_uncal.fits"));
    assert_int_equal(rp_meta_set_int(meta, "NGROUPS", 5, NULL), RP_OK);
    assert_int_equal(rp_meta_need_int(meta, "NGROUPS", &n, &err), RP_OK);
    assert_int_equal(rp_meta_need_string(meta, "NGROUPS", &text, &err), RP_E_FORMAT);
    rp_meta_free(meta);
}

/* A product of another model takes over keywords that it knows the object of, and the logs; nothing else. */
static void conversion(void **state)
{
    rp_meta *meta, *rate, *fitopt, *same;
    (void)state;
    assert_int_equal(rp_meta_new(&meta, RP_SCHEMA_RAMP, "x.fits", NULL), RP_OK);
    rp_node *root = rp_tree_root(meta->tree);
    assert_int_equal(rp_meta_set_int(meta, "NINTS", 4, NULL), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "BUNIT", "DN", NULL), RP_OK);
    assert_int_equal(rp_meta_set_double(meta, "CRPIX1", 80.5, NULL), RP_OK);
    assert_int_equal(rp_meta_set_int(meta, "MYKEY", 4, NULL), RP_OK);
    assert_true(rp_path_set(meta->tree, root, "meta.exposure.read_times", rp_new_sequence(meta->tree)));
    assert_true(rp_path_set(meta->tree, root, "cal_logs.jump", rp_new_sequence(meta->tree)));
    assert_true(rp_path_set(meta->tree, root, "history.entries", rp_new_sequence(meta->tree)));
    assert_int_equal(rp_meta_convert(&rate, meta, RP_SCHEMA_IFU_IMAGE, NULL), RP_OK);
    assert_true(rp_meta_has(rate, "NINTS") && rp_meta_has(rate, "BUNIT") && rp_meta_has(rate, "CRPIX1"));
    assert_true(rp_meta_has(rate, "cal_logs.jump"));
    assert_false(rp_meta_has(rate, "MYKEY") || rp_meta_has(rate, "meta.exposure.read_times"));
    assert_null(rp_map_get(rp_tree_root(rate->tree), "history"));
    assert_int_equal(rp_meta_convert(&fitopt, meta, RP_SCHEMA_FITOPT, NULL), RP_OK);
    assert_false(rp_meta_has(fitopt, "CRPIX1"));                              /* it knows no meta.wcsinfo */
    assert_string_equal(rp_meta_get_string(fitopt, "meta.bunit_data"), "DN"); /* but meta it does */
    assert_int_equal(rp_meta_convert(&same, meta, RP_SCHEMA_RAMP, NULL), RP_OK);
    assert_true(rp_meta_has(same, "MYKEY") && rp_meta_has(same, "meta.exposure.read_times"));
    rp_meta_free(meta);
    rp_meta_free(rate);
    rp_meta_free(fitopt);
    rp_meta_free(same);
}

static void dictionary(void **state)
{
    size_t first, count;
    rp_tree *tree = rp_tree_new();
    (void)state;
    assert_int_equal(rp_keyword_range("BUNIT", &first), 2);
    assert_string_equal(rp_keyword_named(first)->hdu, "SCI");
    assert_int_equal(rp_keyword_range("NOSUCH", &first), 0);
    const rp_keyword *band = rp_keyword_find("PRIMARY", "BAND", RP_SCHEMA_RAMP);
    assert_true(rp_keyword_allows(band, rp_new_string(tree, "SHORT")));
    assert_false(rp_keyword_allows(band, rp_new_string(tree, "SHOR")));
    assert_false(rp_keyword_allows(band, rp_new_string(tree, "")));
    assert_false(rp_keyword_allows(band, rp_new_int(tree, 1)));
    for (size_t k = 1; k < rp_keyword_count(); k++) { /* by_name is sorted and complete */
        assert_true(strcmp(rp_keyword_named(k - 1)->keyword, rp_keyword_named(k)->keyword) <= 0);
        assert_ptr_equal(rp_keyword_at(rp_keyword_index(rp_keyword_named(k))), rp_keyword_named(k));
    }
    const rp_layout *planes = rp_schema_planes(RP_SCHEMA_CUBE, &count);
    assert_int_equal(count, 11);
    assert_string_equal(planes[0].hdu, "SCI");
    assert_string_equal(rp_schema_plane(RP_SCHEMA_RAMP, "AVDRKCUR")->path, "average_dark_current");
    assert_null(rp_schema_plane(RP_SCHEMA_RAMP, "ERR"));
    assert_int_equal(rp_schema_of_class("Level1bModel"), RP_SCHEMA_RAMP);
    assert_int_equal(rp_schema_of_class("MultiSlitModel"), RP_SCHEMA_ANY);
    rp_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(typed_values),
        cmocka_unit_test(forbidden_values),
        cmocka_unit_test(unknown_keywords),
        cmocka_unit_test(setting),
        cmocka_unit_test(needs),
        cmocka_unit_test(conversion),
        cmocka_unit_test(dictionary),
    };
    folder = test_folder();
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    test_remove_folder(folder);
    return failed;
}
