/* Work on rules: datasets as lines, what a context changes, differences, users, criteria, submitting, certifying. */
#include "crds_files.h"

#include "host/reference/crds/affected.h"
#include "host/reference/crds/certify.h"
#include "host/reference/crds/diff.h"
#include "host/reference/crds/folder.h"
#include "host/reference/crds/json_line.h"
#include "host/reference/crds/made.h"
#include "host/reference/crds/submit.h"
#include "host/reference/crds/walk.h"

static char said[8192];

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

static void say(const char *text)
{
    (void)snprintf(said + strlen(said), sizeof said - strlen(said), "%s\n", text);
}

/* ---- lines of JSON ---- */

static bool read_line(rp_json_line *line, const char *text)
{
    static char copy[512];
    (void)snprintf(copy, sizeof copy, "%s", text);
    return rp_json_line_read(line, copy, strlen(copy));
}

static void test_json_line(void **state)
{
    rp_json_line line = {0};
    (void)state;
    assert_true(read_line(&line,
                          "{\"x\":[{\"a\":1}],\"header\": {\"A\":\"q\\\"\\u00e9\\n\",\"B\":34,\"C\":-0,\"D\":1.50,"
                          "\"E\":true,\"F\":null,\"G\":1e400,\"H\":NaN}, \"types\":[\"dark\",\"flat\"],\"id\":\"i\"}"));
    static const char *const values[] = {"q\"\xc3\xa9\n", "34", "0", "1.5", "True", "None", "inf", "nan"};
    assert_int_equal(line.nitems, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(line.item[i].value, values[i]);
    assert_int_equal(line.ntypes, 2);
    assert_string_equal(line.type[1], "flat");
    assert_string_equal(line.id, "i");
    assert_true(read_line(&line, "{\"header\":{},\"types\":null}"));
    assert_int_equal(line.ntypes, 0);
    rp_json_line_clear(&line);
}

static void test_bad_json_line(void **state)
{
    static const char *const lines[] = {"",
                                        "[]",
                                        "{}",
                                        "{\"header\":{\"A\":[1]}}",
                                        "{\"header\":{\"A\":{}}}",
                                        "{\"header\":{\"A\":\"x}}",
                                        "{\"header\":{\"A\":\"\\q\"}}",
                                        "{\"header\":{\"A\":01}}",
                                        "{\"header\":{\"A\":1.2.3}}",
                                        "{\"header\":{\"A\":1}",
                                        "{\"header\":{\"A\":1}} x",
                                        "{\"header\":{\"A\" 1}}",
                                        "{\"header\":[]}",
                                        "{\"header\":{},\"types\":\"dark\"}",
                                        "{\"header\":{},\"types\":[1]}",
                                        "{\"header\":{\"A\":\"\\u0000\"}}",
                                        "{\"header\":{\"A\":tru}}"};
    rp_json_line line = {0};
    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_false(read_line(&line, lines[i]));
        assert_non_null(line.problem);
    }
    rp_json_line_clear(&line);
}

static void test_json_put(void **state)
{
    rp_buffer out = {0};
    (void)state;
    rp_json_put(&out, "0123456789 \"\\\n\x01 \xc3\xa9 end of it");
    assert_string_equal(rp_buffer_text(&out), "\"0123456789 \\\"\\\\\\n\\u0001 \xc3\xa9 end of it\"");
    rp_buffer_clear(&out);
}

/* ---- affected ---- */

typedef struct few {
    rp_dataset_source base;
    size_t at, count;
    rp_header_item item[6];
    char id[16];
} few;

/* Every third header is one that the second context changes, every fifth has no instrument. */
static rp_code next(rp_dataset_source *base, rp_dataset *out, bool *finished, rp_error *err)
{
    few *f = (few *)base;
    (void)err;
    *finished = f->at == f->count;
    if (*finished)
        return RP_OK;
    const size_t i = f->at++;
    (void)snprintf(f->id, sizeof f->id, "d%03zu", i);
    f->item[0] = (rp_header_item){"META.INSTRUMENT.NAME", i % 5 == 4 ? "UNDEFINED" : "NIRCAM"};
    f->item[1] = (rp_header_item){"META.INSTRUMENT.DETECTOR", "NRCA1"};
    f->item[2] = (rp_header_item){"META.INSTRUMENT.FILTER", "F115W"};
    f->item[3] = (rp_header_item){"META.OBSERVATION.DATE", i % 3 == 0 ? "2022-01-01" : "2017-01-01"};
    f->item[4] = (rp_header_item){"META.OBSERVATION.TIME", "00:00:00"};
    *out = (rp_dataset){.id = f->id, .item = f->item, .nitems = 5};
    return RP_OK;
}

static void hear_affected(void *payload, const rp_affected *a)
{
    char line[512];
    (void)payload;
    if (a->problem)
        (void)snprintf(line, sizeof line, "%s: %.40s", a->id, a->problem);
    else
        (void)snprintf(line, sizeof line, "%s %s %s %s %s->%s %s %s", a->id, a->instrument, a->change[0].type,
                       rp_change_name(a->change[0].kind), a->change[0].before, a->change[0].after,
                       a->change[0].old_mapping, a->change[0].new_mapping);
    say(line);
}

static void find_affected(unsigned jobs, size_t count, rp_affected_counts *counts)
{
    rp_context *old, *new;
    few source = {.base = {next, NULL}, .count = count};
    const rp_affected_options options = {.jobs = jobs, .report = hear_affected};
    said[0] = '\0';
    assert_int_equal(rp_context_open(&old, crds_folder, "jwst_0001.pmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_context_open(&new, crds_folder, "jwst_0002.pmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_affected_find(counts, old, new, &source.base, &options, NULL), RP_OK);
    rp_context_close(old);
    rp_context_close(new);
}

static void test_affected(void **state)
{
    rp_affected_counts counts;
    (void)state;
    find_affected(1, 6, &counts);
    assert_int_equal(counts.datasets, 6);
    assert_int_equal(counts.affected, 2);
    assert_int_equal(counts.unreadable, 1);
    assert_int_equal(counts.failed, 0);
    assert_string_equal(said, "d000 nircam dark replaced dark_b.fits->dark_g.fits jwst_nircam_dark_0001.rmap "
                              "jwst_nircam_dark_0002.rmap\n"
                              "d003 nircam dark replaced dark_b.fits->dark_g.fits jwst_nircam_dark_0001.rmap "
                              "jwst_nircam_dark_0002.rmap\n"
                              "d004: Missing 'META.INSTRUMENT.NAME' keyword i\n");
}

/* The order of reports does not depend on the number of threads. */
static void test_affected_threads(void **state)
{
    static char one[sizeof said];
    rp_affected_counts counts;
    (void)state;
    find_affected(1, 2000, &counts);
    (void)strcpy(one, said);
    find_affected(4, 2000, &counts);
    assert_int_equal(counts.datasets, 2000);
    assert_string_equal(one, said);
}

static void test_made_headers(void **state)
{
    rp_context *context;
    rp_dataset_source *source;
    rp_dataset dataset;
    bool finished = false;
    char first[2][256] = {"", ""};
    (void)state;
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0001.pmap", NULL, NULL), RP_OK);
    for (int turn = 0; turn < 2; turn++) {
        size_t count = 0;
        assert_int_equal(rp_source_made(&source, context, 10, 7, NULL), RP_OK);
        while (source->next(source, &dataset, &finished, NULL) == RP_OK && !finished) {
            for (size_t i = 0; i < dataset.nitems && count == 0; i++)
                (void)snprintf(first[turn] + strlen(first[turn]), 256 - strlen(first[turn]), "%.20s ",
                               dataset.item[i].value);
            count++;
        }
        assert_int_equal(count, 10);
        source->close(source);
    }
    assert_string_equal(first[0], first[1]);
    rp_context_close(context);
}

/* ---- differences, users, criteria ---- */

static void test_diff(void **state)
{
    rp_context *old, *new;
    rp_differences all;
    (void)state;
    assert_int_equal(rp_context_open(&old, crds_folder, "jwst_0001.pmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_context_open(&new, crds_folder, "jwst_0002.pmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_differences_find(&all, old, "a", new, "b", false, NULL), RP_OK);
    assert_int_equal(all.count, 5);
    assert_string_equal(all.item[0].message, "replaced 'dark_b.fits' with 'dark_g.fits'");
    assert_string_equal(all.item[0].type, "dark");
    assert_int_equal(all.item[0].nsteps, 5);
    assert_string_equal(all.item[0].step[4].text[0], "2020-06-30");
    assert_string_equal(all.item[4].message, "replaced 'jwst_nircam_0001.imap' with 'jwst_nircam_0002.imap'");
    rp_differences_clear(&all);
    assert_int_equal(rp_differences_find(&all, old, "a", old, "a", true, NULL), RP_OK);
    assert_int_equal(all.count, 0);
    rp_differences_clear(&all);
    rp_context_close(old);
    rp_context_close(new);
}

static void test_users(void **state)
{
    rp_arena arena = {0};
    rp_names users;
    (void)state;
    assert_int_equal(rp_folder_users(&users, &arena, crds_folder, "jwst", "dark_g.fits", NULL, NULL), RP_OK);
    assert_int_equal(users.count, 3);
    assert_string_equal(users.name[0], "jwst_0002.pmap");
    assert_string_equal(users.name[1], "jwst_nircam_0002.imap");
    assert_string_equal(users.name[2], "jwst_nircam_dark_0002.rmap");
    assert_int_equal(rp_folder_users(&users, &arena, crds_folder, "jwst", "jwst_nircam_flat_0001.rmap", NULL, NULL),
                     RP_OK);
    assert_int_equal(users.count, 4);
    rp_arena_clear(&arena);
}

static void test_ways(void **state)
{
    rp_context *context;
    rp_arena arena = {0};
    const rp_way *way;
    size_t count;
    (void)state;
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0001.pmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_ways_to(&way, &count, &arena, context, "dark_b.fits", NULL), RP_OK);
    assert_int_equal(count, 1);
    assert_string_equal(way->type, "dark");
    assert_int_equal(way->count, 4);
    assert_string_equal(way->criterion[1].value, "F090W|F115W");
    assert_string_equal(way->criterion[2].keyword, "META.OBSERVATION.DATE");
    assert_string_equal(way->criterion[3].value, "12:00:00");
    rp_arena_clear(&arena);
    rp_context_close(context);
}

/* ---- references ---- */

typedef struct card {
    const char *keyword, *value;
} card;

static void put_reference(const char *path, const card *cards)
{
    char block[2880];
    size_t n = 0;
    memset(block, ' ', sizeof block);
    static const char *const front[] = {"SIMPLE  =                    T", "BITPIX  =                    8",
                                        "NAXIS   =                    0"};
    for (size_t i = 0; i < 3; i++)
        memcpy(block + 80 * n++, front[i], strlen(front[i]));
    for (; cards->keyword; cards++) {
        char text[81];
        const int length = snprintf(text, sizeof text, "%-8s= '%-8s'", cards->keyword, cards->value);
        memcpy(block + 80 * n++, text, (size_t)length);
    }
    memcpy(block + 80 * n, "END", 3);
    put_file(path, block, sizeof block);
}

static const card dark_cards[] = {{"TELESCOP", "JWST"},
                                  {"INSTRUME", "NIRCAM"},
                                  {"REFTYPE", "DARK"},
                                  {"USEAFTER", "2019-02-03T04:05:06"},
                                  {"PEDIGREE", "GROUND"},
                                  {"AUTHOR", "somebody"},
                                  {"DESCRIP", "a dark"},
                                  {"DETECTOR", "NRCA1"},
                                  {"FILTER", "F115W"},
                                  {"P_FILTER", "F090W | F115W|"},
                                  {0}};

static void hear_deed(void *payload, const char *line)
{
    (void)payload;
    say(line);
}

static void test_submit(void **state)
{
    char path[512], name[512], *pmap;
    const char *file = path;
    rp_context *context;
    rp_query *query;
    rp_bests bests;
    size_t size, old_size;
    (void)state;
    (void)snprintf(path, sizeof path, "%s/jwst_nircam_dark_0901.fits", crds_folder);
    put_reference(path, dark_cards);
    crds_path(name, "jwst_0001.pmap");
    char *old = get_file(name, &old_size);
    rp_submit_request request = {.crds_path = crds_folder,
                                 .context = "jwst_0001.pmap",
                                 .file = &file,
                                 .nfiles = 1,
                                 .dry_run = true,
                                 .tell = hear_deed};
    assert_int_equal(rp_submit(&pmap, &request, NULL), RP_OK);
    assert_string_equal(pmap, "jwst_0003.pmap");
    free(pmap);
    crds_path(name, "jwst_0003.pmap");
    assert_int_not_equal(access(name, F_OK), 0); /* a dry run */
    request.dry_run = false;
    said[0] = '\0';
    assert_int_equal(rp_submit(&pmap, &request, NULL), RP_OK);
    free(pmap);
    assert_string_equal(said, "jwst_nircam_dark_0003.rmap: jwst_nircam_dark_0901.fits is a new date\n"
                              "jwst_nircam_dark_0003.rmap: derived from jwst_nircam_dark_0001.rmap\n"
                              "jwst_nircam_0003.imap: derived from jwst_nircam_0001.imap\n"
                              "jwst_0003.pmap: derived from jwst_0001.pmap\n");
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0003.pmap", NULL, NULL), RP_OK);
    assert_int_equal(rp_query_new(&query, context, NULL), RP_OK);
    static const rp_header_item header[] = {{"INSTRUME", "NIRCAM"},
                                            {"DETECTOR", "NRCA1"},
                                            {"FILTER", "F115W"},
                                            {"DATE-OBS", "2019-06-01"},
                                            {"TIME-OBS", "00:00:00"}};
    static const char *const types[] = {"dark"};
    assert_int_equal(rp_query_best(query, header, 5, types, 1, &bests, NULL), RP_OK);
    assert_string_equal(bests.best[0].text[0], "jwst_nircam_dark_0901.fits");
    rp_query_free(query);
    rp_context_close(context);
    crds_path(name, "jwst_0001.pmap");
    char *after = get_file(name, &size);
    assert_int_equal(size, old_size);
    assert_memory_equal(after, old, size); /* the old context stays */
    free(after);
    free(old);
}

static void test_submit_refused(void **state)
{
    char path[512], name[512], *pmap;
    const char *file = path;
    rp_error err;
    card cards[12];
    (void)state;
    memcpy(cards, dark_cards, sizeof dark_cards);
    cards[9] = (card){"P_FILTER", "F115W"}; /* a special case of F090W|F115W of the same weight */
    (void)snprintf(path, sizeof path, "%s/jwst_nircam_dark_0902.fits", crds_folder);
    put_reference(path, cards);
    rp_submit_request request = {.crds_path = crds_folder, .context = "jwst_0001.pmap", .file = &file, .nfiles = 1};
    assert_int_equal(rp_submit(&pmap, &request, &err), RP_E_MISMATCH);
    assert_non_null(strstr(err.text, "equal weight special case"));
    cards[2] = (card){"REFTYPE", "IPC"};
    put_reference(path, cards);
    assert_int_equal(rp_submit(&pmap, &request, &err), RP_E_MISSING);
    cards[2] = (card){"REFTYPE", "DARK"};
    cards[3] = (card){"USEAFTER", "someday"};
    put_reference(path, cards);
    assert_int_equal(rp_submit(&pmap, &request, &err), RP_E_FORMAT);
    crds_path(name, "jwst_0003.pmap");
    assert_int_not_equal(access(name, F_OK), 0);
}

static void hear_finding(void *payload, rp_level level, const char *line)
{
    (void)payload;
    if (level >= RP_WARNING)
        say(line);
}

static void test_certify_reference(void **state)
{
    char path[512], constraints[512];
    rp_context *context;
    rp_certify_counts counts = {0};
    card cards[12];
    (void)state;
    static const char rows[] =
        "# rows\nEXP_TYPE H C R\nMETA.INSTRUMENT.DETECTOR H C R NRCB1,\\\n  NRCB2\nSCI A X R (x)\n";
    (void)snprintf(path, sizeof path, "%s/jwst_nircam_dark_0903.fits", crds_folder);
    (void)snprintf(constraints, sizeof constraints, "%s/x.tpn", crds_folder);
    put_reference(path, dark_cards);
    put_file(constraints, rows, sizeof rows - 1);
    assert_int_equal(rp_context_open(&context, crds_folder, "jwst_0001.pmap", NULL, NULL), RP_OK);
    rp_certify_request request = {.crds_path = crds_folder, .context = context, .tell = hear_finding};
    assert_int_equal(rp_certify_reference(&counts, &request, path, NULL), RP_OK);
    assert_int_equal(counts.errors, 0);
    assert_int_equal(counts.warnings, 0);
    request.constraints = constraints;
    assert_int_equal(rp_certify_reference(&counts, &request, path, NULL), RP_OK);
    assert_string_equal(said, "jwst_nircam_dark_0903.fits: required keyword EXP_TYPE is missing\n"
                              "jwst_nircam_dark_0903.fits: META.INSTRUMENT.DETECTOR 'NRCA1' is none of NRCB1,NRCB2\n");
    memcpy(cards, dark_cards, sizeof dark_cards);
    cards[4] = (card){"PEDIGREE", "INFLIGHT 2022"};
    cards[7] = (card){"DETECTOR", "NRCA9"};
    put_reference(path, cards);
    request.constraints = NULL;
    counts = (rp_certify_counts){0};
    said[0] = '\0';
    assert_int_equal(rp_certify_reference(&counts, &request, path, NULL), RP_OK);
    assert_int_equal(counts.errors, 2);
    assert_non_null(strstr(said, "PEDIGREE 'INFLIGHT 2022' is not INFLIGHT YYYY-MM-DD YYYY-MM-DD"));
    assert_non_null(strstr(said, "META.INSTRUMENT.DETECTOR 'NRCA9' is none of"));
    rp_context_close(context);
}

static void test_certify_mapping(void **state)
{
    char path[512];
    rp_certify_counts counts = {0};
    const rp_certify_request request = {.crds_path = crds_folder, .tell = hear_finding};
    (void)state;
    crds_path(path, "jwst_0002.pmap");
    assert_int_equal(rp_certify_mapping(&counts, &request, path, NULL), RP_OK);
    assert_int_equal(counts.errors, 0);
    assert_int_equal(counts.warnings, 0);
    edit_mapping("jwst_nircam_dark_0002.rmap", "2016-01-01 00:00:00", "2016-01-41 00:00:00", true);
    edit_mapping("jwst_nircam_dark_0002.rmap", "'name' : 'jwst_nircam_dark_0002.rmap'", "'name' : 'x.rmap'", true);
    crds_path(path, "jwst_nircam_dark_0002.rmap");
    assert_int_equal(rp_certify_mapping(&counts, &request, path, NULL), RP_OK);
    assert_int_equal(counts.errors, 2);
    assert_non_null(strstr(said, "its header names it 'x.rmap'"));
    assert_non_null(strstr(said, "day is out of range for month"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_line),
        cmocka_unit_test(test_bad_json_line),
        cmocka_unit_test(test_json_put),
        cmocka_unit_test_setup_teardown(test_affected, begin, end),
        cmocka_unit_test_setup_teardown(test_affected_threads, begin, end),
        cmocka_unit_test_setup_teardown(test_made_headers, begin, end),
        cmocka_unit_test_setup_teardown(test_diff, begin, end),
        cmocka_unit_test_setup_teardown(test_users, begin, end),
        cmocka_unit_test_setup_teardown(test_ways, begin, end),
        cmocka_unit_test_setup_teardown(test_submit, begin, end),
        cmocka_unit_test_setup_teardown(test_submit_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_certify_reference, begin, end),
        cmocka_unit_test_setup_teardown(test_certify_mapping, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
