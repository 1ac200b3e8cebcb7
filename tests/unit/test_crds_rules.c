/* Best references of the shipped contexts: every form of rule, answers and errors word for word. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rampart/context.h"

#define FOLDER RP_SOURCE_DIR "/tests/data/crds"

enum { KEYS = 10 };
static const rp_header_item usual[KEYS] = {{"META.INSTRUMENT.NAME", "NIRCAM"},
                                           {"META.INSTRUMENT.DETECTOR", "NRCA1"},
                                           {"META.INSTRUMENT.FILTER", "F090W"},
                                           {"META.EXPOSURE.NGROUPS", "3"},
                                           {"META.SUBARRAY.NAME", "FULL"},
                                           {"META.EXPOSURE.TYPE", "NRC_IMAGE"},
                                           {"META.CALIBRATION_SOFTWARE_VERSION", "1.20.2"},
                                           {"META.EXPOSURE.NFRAMES", "4"},
                                           {"META.OBSERVATION.DATE", "2021-01-01"},
                                           {"META.OBSERVATION.TIME", "00:00:00"}};

typedef struct fixture {
    rp_context *context;
    rp_query *query;
} fixture;

static int open_context(void **state)
{
    static fixture f;
    assert_int_equal(rp_context_open(&f.context, FOLDER, "jwst_0001.pmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_query_new(&f.query, f.context, NULL), RP_OK);
    *state = &f;
    return 0;
}

static int close_context(void **state)
{
    fixture *f = *state;
    rp_query_free(f->query);
    rp_context_close(f->context);
    return 0;
}

/* The answer for a type, names of a tie with commas between; NULL: none. */
static const char *answer(const rp_bests *bests, const char *type, char text[600])
{
    for (size_t i = 0; i < bests->count; i++) {
        if (strcmp(bests->best[i].type, type) != 0)
            continue;
        text[0] = '\0';
        for (size_t k = 0; k < bests->best[i].count; k++)
            (void)snprintf(text + strlen(text), 600 - strlen(text), "%s%s", k ? "," : "", bests->best[i].text[k]);
        return text;
    }
    return NULL;
}

typedef struct change {
    const char *name, *value;
} change;

static void ask(fixture *f, const change *changes, rp_bests *out)
{
    static rp_header_item items[KEYS + 8];
    size_t n = KEYS;
    memcpy(items, usual, sizeof usual);
    for (; changes && changes->name; changes++)
        items[n++] = (rp_header_item){changes->name, changes->value}; /* of a name given twice the last counts */
    assert_int_equal(rp_query_best(f->query, items, n, NULL, 0, out, NULL), RP_OK);
}

static void expect(fixture *f, const change *changes, const change *wanted)
{
    rp_bests bests;
    char text[600];
    ask(f, changes, &bests);
    assert_null(bests.failure);
    for (; wanted->name; wanted++) {
        const char *got = answer(&bests, wanted->name, text);
        if (!got || !wanted->value) {
            assert_ptr_equal(got, wanted->value);
            continue;
        }
        if (strcmp(got, wanted->value) != 0)
            print_error("%s\n", wanted->name);
        assert_string_equal(got, wanted->value);
    }
}

static void test_found(void **state)
{
    static const change wanted[] = {{"area", "area_a.fits"},
                                    {"dark", "dark_b.fits"}, /* two rows tie; the later date wins */
                                    {"distortion", "distortion_a.fits"},
                                    {"flat", "flat_a.fits"},
                                    {"gain", "gain_a.fits"},
                                    {"ipc", "NOT FOUND n/a"},
                                    {"msa", NULL},
                                    {"mask", "mask_a.fits"},
                                    {"photom", "photom_b.fits"},
                                    {"readnoise", "readnoise_a.fits"},
                                    {"regions", "regions_b.fits"},
                                    {"saturation", "saturation_a.fits"},
                                    {"specwcs", "specwcs_b.fits"},
                                    {"superbias", "superbias_b.fits"},
                                    {"wavecorr", "wavecorr_b.fits,wavecorr_c.fits"},
                                    {0}};
    expect(*state, NULL, wanted);
}

static void test_ties(void **state)
{
    static const change changes[] = {{"META.INSTRUMENT.DETECTOR", "NRCA2"},
                                     {"META.OBSERVATION.DATE", "2017-01-01"},
                                     {"META.INSTRUMENT.FILTER", "F115W"},
                                     {"META.SUBARRAY.NAME", "SUB64"},
                                     {0}};
    static const change wanted[] = {
        {"area", "NOT FOUND No match found."},
        {"dark", "NOT FOUND No match found."},
        {"flat", "flat_b.fits"},
        {"gain", "NOT FOUND  parameter='META.INSTRUMENT.DETECTOR' value='NRCA2' is not in ['NRCA1']"},
        {"mask", "mask_c.fits"},
        {"photom", "photom_a.fits"},
        {"readnoise", "NOT FOUND More than one match clause matched."},
        {"saturation", "NOT FOUND n/a"},
        {"superbias", "superbias_c.fits,superbias_d.fits"},
        {0}};
    expect(*state, changes, wanted);
    static const change collision[] = {{"META.OBSERVATION.DATE", "2017-01-01"}, {0}};
    static const change greater[] = {{"dark", "dark_c.fits"}, {0}}; /* of one date the greater name */
    expect(*state, collision, greater);
}

static void test_relevance(void **state)
{
    static const change acquisition[] = {{"META.INSTRUMENT.DETECTOR", "NRCB3"},
                                         {"META.INSTRUMENT.FILTER", "F335M"},
                                         {"META.EXPOSURE.TYPE", "NRC_TACQ"},
                                         {0}};
    static const change wanted[] = {{"area", "area_c.fits,area_d.fits"}, {"dark", "NOT FOUND n/a"}, {0}};
    expect(*state, acquisition, wanted);
    static const change dark[] = {{"META.EXPOSURE.TYPE", "NRC_DARK"}, {0}};
    rp_bests bests;
    char text[600];
    ask(*state, dark, &bests);
    assert_null(answer(&bests, "flat", text));
    /* The filter is N/A for this type, so both rows are equally good, and one date has two names. */
    assert_string_equal(answer(&bests, "gain", text), "gain_b.fits");
}

static void test_bad_values(void **state)
{
    static const change changes[] = {{"META.INSTRUMENT.DETECTOR", "X'Y"},
                                     {"META.OBSERVATION.DATE", "2010-13-01"},
                                     {"META.CALIBRATION_SOFTWARE_VERSION", "UNDEFINED"},
                                     {"META.EXPOSURE.NGROUPS", "many"},
                                     {"META.EXPOSURE.NFRAMES", "n/a"},
                                     {0}};
    static const change wanted[] = {
        {"dark", "NOT FOUND  parameter='META.INSTRUMENT.DETECTOR' value=\"X'Y\" is not in ['NRCA1', 'NRCA2', "
                 "'NRCALONG', 'NRCB*', 'NRCBLONG']"},
        {"distortion", "NOT FOUND GeometricallyNearest Invalid number for 'META.EXPOSURE.NGROUPS' value = 'MANY'"},
        {"photom", "NOT FOUND ClosestTime Invalid date/time format for ('META.OBSERVATION.DATE', "
                   "'META.OBSERVATION.TIME') value = '2010-13-01 00:00:00' exception is 'month must be in 1..12'"},
        {"regions", "NOT FOUND Invalid version string 'UNDEFINED'"},
        {"specwcs", "NOT FOUND SelectVersion Invalid number for 'META.EXPOSURE.NFRAMES' value = 'N/A'"},
        {"wavecorr", "NOT FOUND Bracket Invalid number for 'META.EXPOSURE.NGROUPS' value = 'MANY'"},
        {0}};
    expect(*state, changes, wanted);
    static const change early[] = {{"META.INSTRUMENT.DETECTOR", "NRCALONG"},
                                   {"META.OBSERVATION.TIME", "UNDEFINED"},
                                   {"META.CALIBRATION_SOFTWARE_VERSION", "0.1"},
                                   {0}};
    static const change undefined[] = {{"dark", "NOT FOUND n/a"},
                                       {"photom", "NOT FOUND UseAfter parameter 'META.OBSERVATION.TIME' is UNDEFINED."},
                                       {"regions", "NOT FOUND No selection <= (0, 1, 0)"},
                                       {0}};
    expect(*state, early, undefined);
}

static void test_accident(void **state)
{
    static const change changes[] = {
        {"META.INSTRUMENT.DETECTOR", "NRCBLONG"}, {"META.INSTRUMENT.FILTER", "F444W"}, {0}};
    rp_bests bests;
    ask(*state, changes, &bests);
    for (size_t i = 0; i < bests.count; i++)
        if (strcmp(bests.best[i].type, "dark") == 0)
            assert_int_equal(bests.best[i].kind, RP_BEST_ODD);
}

static void test_names_of_keywords(void **state)
{
    fixture *f = *state;
    static const rp_header_item fits[] = {{"INSTRUME", "NIRCAM"}, {"DETECTOR", "NRCA1"}, {"SUBARRAY", " full "}};
    static const rp_header_item lower[] = {
        {"meta.instrument.name", "nircam"}, {"meta.instrument.detector", "nrca1"}, {"meta.subarray.name", "FULL"}};
    static const char *const types[] = {"SuperBias", "nosuch", "superbias"};
    rp_bests bests;
    char text[600];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(rp_query_best(f->query, i ? lower : fits, 3, types, 3, &bests, NULL), RP_OK);
        assert_int_equal(bests.count, 2);
        assert_string_equal(answer(&bests, "superbias", text), "superbias_b.fits");
        assert_string_equal(answer(&bests, "nosuch", text), "NOT FOUND Unknown reference type 'nosuch'");
    }
}

static void test_refused(void **state)
{
    static const change unknown[] = {{"META.INSTRUMENT.NAME", "HARPO"}, {0}};
    static const change undefined[] = {{"META.INSTRUMENT.NAME", "UNDEFINED"}, {0}};
    rp_bests bests;
    ask(*state, unknown, &bests);
    assert_string_equal(bests.failure, "Unknown instrument 'harpo' for context 'jwst_0001.pmap'");
    ask(*state, undefined, &bests);
    assert_string_equal(bests.failure, "Missing 'META.INSTRUMENT.NAME' keyword in header for determining instrument.");
}

static void test_lists(void **state)
{
    const rp_context *context = ((fixture *)*state)->context;
    const rp_names mappings = rp_context_mappings(context), types = rp_context_types(context, "NIRCAM");
    const rp_names parkeys = rp_context_parkeys(context, "nircam"), references = rp_context_references(context);
    assert_int_equal(mappings.count, 15);
    assert_string_equal(mappings.name[0], "jwst_0001.pmap");
    assert_int_equal(types.count, 15);
    assert_string_equal(types.name[0], "area");
    assert_string_equal(parkeys.name[0], "META.INSTRUMENT.NAME");
    assert_string_equal(parkeys.name[1], "META.CALIBRATION_SOFTWARE_VERSION");
    assert_string_equal(references.name[0], "area_a.fits");
    assert_string_equal(rp_context_lookup(context, "nircam", "ipc"), "N/A");
    assert_string_equal(rp_context_lookup(context, "nircam", NULL), "jwst_nircam_0001.imap");
    assert_null(rp_context_lookup(context, "miri", NULL));
    assert_non_null(rp_context_mapping(context, "jwst_nircam_dark_0001.rmap"));
    assert_null(rp_context_mapping(context, "jwst_nircam_dark_0002.rmap"));
}

static void *ask_often(void *payload)
{
    const rp_context *context = payload;
    rp_query *query;
    rp_bests bests;
    char text[600];
    size_t wrong = 0;
    if (rp_query_new(&query, context, NULL) != RP_OK)
        return payload;
    for (int i = 0; i < 2000; i++) {
        if (rp_query_best(query, usual, KEYS, NULL, 0, &bests, NULL) != RP_OK || bests.count != 14 ||
            strcmp(answer(&bests, "dark", text), "dark_b.fits") != 0)
            wrong++;
    }
    rp_query_free(query);
    return wrong ? payload : NULL;
}

static void test_threads(void **state)
{
    pthread_t thread[4];
    void *wrong;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, ask_often, ((fixture *)*state)->context), 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(thread[i], &wrong), 0);
        assert_null(wrong);
    }
}

static void test_lone_mappings(void **state)
{
    rp_context *context;
    rp_query *query;
    rp_bests bests;
    char text[600];
    static const char *const wrong[] = {"flat"};
    (void)state;
    assert_int_equal(rp_context_open(&context, FOLDER, "jwst_nircam_dark_0001.rmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_query_new(&query, context, NULL), RP_OK);
    assert_int_equal(rp_query_best(query, usual, KEYS, NULL, 0, &bests, NULL), RP_OK);
    assert_string_equal(answer(&bests, "dark", text), "dark_b.fits");
    assert_int_equal(rp_query_best(query, usual, KEYS, wrong, 1, &bests, NULL), RP_OK);
    assert_string_equal(bests.failure, "ReferenceMapping 'jwst_nircam_dark_0001.rmap' can only compute bestrefs for "
                                       "type 'dark' not ['flat']");
    rp_query_free(query);
    rp_context_close(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_found),         cmocka_unit_test(test_ties),     cmocka_unit_test(test_relevance),
        cmocka_unit_test(test_bad_values),    cmocka_unit_test(test_accident), cmocka_unit_test(test_names_of_keywords),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_lists),    cmocka_unit_test(test_threads),
        cmocka_unit_test(test_lone_mappings),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}
