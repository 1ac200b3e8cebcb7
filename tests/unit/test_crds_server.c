/* The CRDS server: its state, its methods, its files, and our own client against it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <jansson.h>

#include "archive/services/crds/service_impl.h"
#include "host/reference/client/sync.h"
#include "io/product/meta.h"
#include "rampart/bestrefs.h"
#include "tests/common/observatory.h"
#include "tests/unit/loopback.h"

typedef struct fixture {
    char root[64], cache[64];
    rp_refserver *server;
    uint16_t port;
} fixture;

static void put_state(const fixture *f, const char *text)
{
    assert_true(observatory_write(f->root, ".", "server.json", text, strlen(text)));
}

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    strcpy(f->root, "/tmp/rampart-obs.XXXXXX");
    strcpy(f->cache, "/tmp/rampart-cache.XXXXXX");
    assert_non_null(mkdtemp(f->root));
    assert_non_null(mkdtemp(f->cache));
    assert_true(observatory_make(f->root));
    put_state(f, "{\"operational_context\": \"jwst_0001.pmap\", \"edit_context\": \"jwst_0002.pmap\", \"bad_files\": "
                 "[\"jwst_miri_gain_0001.fits\"],"
                 " \"context_history\": [[\"2021-01-01 00:00:00\", \"jwst_0002.pmap\", \"a\"], [\"2022-01-01 "
                 "00:00:00\", \"jwst_0001.pmap\", \"b\"]]}");
    rp_error err = {0};
    if (rp_refserver_open(&f->server, &(rp_refserver_options){.crds_path = f->root}, &err) != RP_OK)
        fail_msg("%s", err.text);
    f->port = (uint16_t)atoi(strrchr(rp_refserver_url(f->server), ':') + 1);
    (void)setenv("XDG_CACHE_HOME", f->cache, 1);
    (void)setenv("CRDS_PATH", f->cache, 1);
    (void)setenv("CRDS_SERVER_URL", rp_refserver_url(f->server), 1);
    (void)setenv("CRDS_OBSERVATORY", "jwst", 1);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    char command[200];
    rp_refserver_close(f->server);
    (void)snprintf(command, sizeof command, "rm -rf '%s' '%s'", f->root, f->cache);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* The answer to a call over the network. */
static json_t *ask(const fixture *f, const char *body)
{
    char request[4096];
    size_t size;
    (void)snprintf(request, sizeof request,
                   "POST /crds/json/x/y/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                   strlen(body), body);
    char *answer = loopback_ask(f->port, request, &size);
    assert_int_equal(loopback_status(answer), 200);
    json_t *out = json_loads(strstr(answer, "\r\n\r\n") + 4, 0, NULL);
    assert_non_null(out);
    free(answer);
    return out;
}

static void expect(const fixture *f, const char *method, const char *parameters, const char *result)
{
    char body[2048];
    (void)snprintf(body, sizeof body, "{\"jsonrpc\": \"1.0\", \"method\": \"%s\", \"params\": %s, \"id\": \"7\"}",
                   method, parameters);
    json_t *answer = ask(f, body), *want = json_loads(result, JSON_DECODE_ANY, NULL);
    assert_non_null(want);
    if (!json_is_null(json_object_get(answer, "error")) || !json_equal(json_object_get(answer, "result"), want))
        fail_msg("%s %s -> %s", method, parameters, json_dumps(answer, 0));
    assert_string_equal(json_string_value(json_object_get(answer, "id")), "7");
    json_decref(answer);
    json_decref(want);
}

static void expect_error(const fixture *f, const char *body, const char *says)
{
    json_t *answer = ask(f, body);
    const char *text = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
    if (!text || !strstr(text, says))
        fail_msg("%s -> %s", body, json_dumps(answer, 0));
    assert_null(strstr(text, "/tmp/"));
    json_decref(answer);
}

#define HEADER                                                                                                    \
    "{\"META.INSTRUMENT.NAME\": \"NIRCAM\", \"META.INSTRUMENT.DETECTOR\": \"NRCA1\", \"META.OBSERVATION.DATE\": " \
    "\"2023-01-01\", \"META.OBSERVATION.TIME\": \"00:00:00\"}"

static void test_methods(void **state)
{
    const fixture *f = *state;
    expect(f, "get_default_context", "[\"jwst\", null]", "\"jwst_0001.pmap\"");
    expect(f, "get_default_context", "[\"jwst\", \"edit\"]", "\"jwst_0002.pmap\"");
    expect(f, "get_default_context", "{\"state\": \"edit\"}", "\"jwst_0002.pmap\"");
    expect(f, "get_build_context", "[\"jwst\", \"1.20.2\"]", "\"jwst_0001.pmap\"");
    expect(f, "get_context_by_date", "[\"jwst-2021-06-01T00:00:00\", \"jwst\"]", "\"jwst_0002.pmap\"");
    expect(f, "get_context_by_date", "[\"jwst-2022-01-01T00:00:00\", \"jwst\"]", "\"jwst_0001.pmap\"");
    expect(f, "get_context_by_date", "[\"jwst-edit\", \"jwst\"]", "\"jwst_0002.pmap\"");
    expect(f, "list_mappings", "[\"jwst\", \"*.pmap\"]", "[\"jwst_0001.pmap\", \"jwst_0002.pmap\"]");
    expect(f, "list_references", "[\"jwst\", \"*_gain_0001*\"]",
           "[\"jwst_miri_gain_0001.fits\", \"jwst_nircam_gain_0001.fits\"]");
    expect(f, "get_mapping_names", "[\"jwst_nircam_0002.imap\"]",
           "[\"jwst_nircam_0002.imap\", \"jwst_nircam_dark_0002.rmap\", \"jwst_nircam_gain_0002.rmap\"]");
    expect(f, "get_reference_names", "[\"jwst_nircam_0002.imap\"]",
           "[\"jwst_nircam_dark_0002.fits\", \"jwst_nircam_gain_0002.fits\"]");
    expect(f, "get_best_references", "[\"jwst_0002.pmap\", " HEADER ", [\"dark\", \"ipc\"]]",
           "{\"dark\": \"jwst_nircam_dark_0002.fits\", \"ipc\": \"NOT FOUND n/a\"}");
    /* a keyword that the header lacks is not "UNDEFINED", as with the client's own rules */
    expect(f, "get_best_references", "[\"jwst_0002.pmap\", {\"META.INSTRUMENT.NAME\": \"NIRCAM\"}, [\"dark\"]]",
           "{\"dark\": \"NOT FOUND Match required lookup parameter 'META.INSTRUMENT.DETECTOR' is undefined.\"}");
    expect(f, "get_best_references_by_header_map",
           "[\"jwst_0001.pmap\", {\"a\": " HEADER ", \"b\": {\"META.INSTRUMENT.NAME\": \"X\"}}, [\"gain\"]]",
           "{\"a\": {\"gain\": \"jwst_nircam_gain_0001.fits\"}, \"b\": {\"gain\": \"NOT FOUND Unknown instrument 'x' "
           "for context 'jwst_0001.pmap'\"}}");
}

static void test_refusals(void **state)
{
    const fixture *f = *state;
    expect_error(f, "nonsense", "no JSON");
    expect_error(f, "[]", "object");
    expect_error(f, "{\"method\": 7}", "object");
    expect_error(f, "{\"method\": \"no_such\", \"params\": []}", "no method &#39;no_such&#39;");
    expect_error(f, "{\"method\": \"get_default_context\", \"params\": [\"hst\"]}", "not of &#39;hst&#39;");
    expect_error(f, "{\"method\": \"get_default_context\", \"params\": [1]}", "observatory must be a text");
    expect_error(f, "{\"method\": \"get_default_context\", \"params\": [\"jwst\", \"latest\", 3]}",
                 "takes 2 parameters");
    expect_error(f, "{\"method\": \"get_default_context\", \"params\": {\"x\": 1}}", "no parameter");
    expect_error(f, "{\"method\": \"get_mapping_names\", \"params\": [\"../../etc/passwd\"]}", "no context");
    expect_error(f, "{\"method\": \"get_mapping_names\", \"params\": [\"jwst_nircam_dark_0001.fits\"]}", "no context");
    expect_error(f, "{\"method\": \"get_best_references\", \"params\": [\"jwst_0001.pmap\", 7, null]}",
                 "header must be an object");
    expect_error(f, "{\"method\": \"get_best_references\", \"params\": [\"jwst_0001.pmap\", {}, [1]]}",
                 "reftypes must be names");
    expect_error(f, "{\"method\": \"get_context_by_date\", \"params\": [\"jwst-2020-01-01\", \"jwst\"]}",
                 "no context was in use");
    expect_error(f, "{\"method\": \"get_dataset_ids\", \"params\": []}", "not offered");
}

static void test_info(void **state)
{
    const fixture *f = *state;
    json_t *answer = ask(f, "{\"method\": \"get_server_info\", \"params\": []}"),
           *result = json_object_get(answer, "result"), *metadata = NULL;
    rp_error err = {0};
    assert_string_equal(json_string_value(json_object_get(result, "operational_context")), "jwst_0001.pmap");
    assert_int_equal(json_array_size(json_object_get(result, "mappings")), 14);
    assert_int_equal(rp_crds_decode(json_incref(json_object_get(result, "download_metadata")), &metadata, &err), RP_OK);
    assert_int_equal(json_object_size(metadata), 22);
    const json_t *one = json_object_get(metadata, "jwst_nircam_dark_0001.fits");
    assert_string_equal(json_string_value(json_object_get(one, "size")), "2880");
    assert_int_equal(strlen(json_string_value(json_object_get(one, "sha1sum"))), 40);
    json_decref(metadata);
    json_decref(answer);
}

/* ---- many clients at once ---- */

typedef struct asker {
    const fixture *fixture;
    pthread_t thread;
    int good;
} asker;

static void *ask_often(void *payload)
{
    asker *a = payload;
    char request[1024], body[600];
    for (int i = 0; i < 40; i++) {
        size_t size;
        (void)snprintf(body, sizeof body,
                       "{\"method\": \"get_best_references\", \"params\": [\"jwst_%04d.pmap\", " HEADER
                       ", [\"dark\"]]}",
                       1 + i % 2);
        (void)snprintf(request, sizeof request,
                       "POST /crds/json/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
                       strlen(body), body);
        char *answer = loopback_ask(a->fixture->port, request, &size);
        a->good += answer && strstr(answer, i % 2 ? "jwst_nircam_dark_0002.fits" : "jwst_nircam_dark_0001.fits");
        free(answer);
    }
    return NULL;
}

static void test_many_clients(void **state)
{
    asker askers[8];
    for (size_t i = 0; i < 8; i++) {
        askers[i] = (asker){.fixture = *state};
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask_often, &askers[i]), 0);
    }
    for (size_t i = 0; i < 8; i++) {
        (void)pthread_join(askers[i].thread, NULL);
        assert_int_equal(askers[i].good, 40);
    }
}

static int status_of(const fixture *f, const char *path)
{
    char request[600];
    size_t size;
    (void)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", path);
    char *answer = loopback_ask(f->port, request, &size);
    const int status = loopback_status(answer);
    free(answer);
    return status;
}

static void test_files(void **state)
{
    const fixture *f = *state;
    assert_int_equal(status_of(f, "/crds/mappings/jwst/jwst_0001.pmap"), 200);
    assert_int_equal(status_of(f, "/crds/references/jwst/jwst_nircam_dark_0001.fits"), 200);
    assert_int_equal(status_of(f, "/crds/config/jwst/server_config"), 200);
    assert_int_equal(status_of(f, "/crds/config/jwst/bad_files.txt"), 200);
    static const char *const none[] = {"/crds/mappings/jwst/jwst_9999.pmap",
                                       "/crds/mappings/jwst/jwst_nircam_dark_0001.fits",
                                       "/crds/mappings/hst/jwst_0001.pmap",
                                       "/crds/references/jwst/",
                                       "/crds/server.json",
                                       "/crds/config/jwst/x",
                                       "/mappings/jwst/jwst_0001.pmap"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_int_equal(status_of(f, none[i]), 404);
    assert_int_equal(status_of(f, "/crds/references/jwst/../../server.json"), 400);
    assert_int_equal(status_of(f, "/crds/references/jwst/..%2f..%2fserver.json"), 400);
    /* what is no longer what was hashed is not sent */
    assert_true(observatory_write(f->root, "references/jwst", "jwst_nircam_dark_0001.fits", "changed", 7));
    assert_int_equal(status_of(f, "/crds/references/jwst/jwst_nircam_dark_0001.fits"), 503);
}

static void expect_no_start(const char *says, const char *text)
{
    fixture f = {.root = "/tmp/rampart-obs.XXXXXX"};
    char command[100];
    rp_error err = {0};
    assert_non_null(mkdtemp(f.root));
    assert_true(observatory_make(f.root));
    put_state(&f, text);
    assert_int_not_equal(rp_refserver_open(&f.server, &(rp_refserver_options){.crds_path = f.root}, &err), RP_OK);
    if (!strstr(err.text, says))
        fail_msg("%s does not say %s", err.text, says);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", f.root);
    assert_int_equal(system(command), 0);
}

static void test_bad_state(void **state)
{
    (void)state;
    expect_no_start("line 1", "{");
    expect_no_start("must be an object", "[]");
    expect_no_start("unknown key 'x'", "{\"x\": 1}");
    expect_no_start("not among the rules", "{\"operational_context\": \"jwst_0009.pmap\"}");
    expect_no_start("must be a name", "{\"operational_context\": 3}");
    expect_no_start("list of names", "{\"bad_files\": [1]}");
    expect_no_start("[date, context, text]", "{\"context_history\": [[1]]}");
    expect_no_start("order of its dates",
                    "{\"context_history\": [[\"2\", \"jwst_0001.pmap\", \"\"], [\"1\", \"jwst_0001.pmap\", \"\"]]}");
}

static void test_newest_serves(void **state)
{
    (void)state;
    fixture f = {.root = "/tmp/rampart-obs.XXXXXX"};
    char command[100];
    rp_error err = {0};
    assert_non_null(mkdtemp(f.root));
    assert_true(observatory_make(f.root));
    assert_int_equal(rp_refserver_open(&f.server, &(rp_refserver_options){.crds_path = f.root}, &err), RP_OK);
    assert_string_equal(rp_refserver_context(f.server), "jwst_0002.pmap");
    rp_refserver_close(f.server);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", f.root);
    assert_int_equal(system(command), 0);
}

/* Checksums are kept from start to start, and a changed file is hashed again. */
static void test_index(void **state)
{
    const fixture *f = *state;
    rp_refserver *server = NULL;
    rp_error err = {0};
    char path[100];
    (void)snprintf(path, sizeof path, "%s/index", f->cache);
    const rp_refserver_options options = {.crds_path = f->root, .index_path = path};
    assert_int_equal(rp_refserver_open(&server, &options, &err), RP_OK);
    rp_refserver_close(server);
    rp_crds_index index;
    rp_crds_catalog catalog;
    assert_int_equal(rp_crds_index_read(&index, path, &err), RP_OK);
    assert_int_equal(index.count, 22);
    /* what the index says is believed: a false line shows */
    memset(index.entry[3].sha1, 'e', 40);
    assert_int_equal(rp_crds_catalog_read(&catalog, f->root, "jwst", &index, NULL, &err), RP_OK);
    size_t false_sums = 0;
    for (size_t i = 0; i < catalog.count; i++)
        false_sums += strspn(catalog.file[i].sha1, "e") == 40;
    assert_int_equal(false_sums, 1);
    rp_crds_catalog_clear(&catalog);
    for (size_t i = 0; i < index.count; i++)
        memset(index.entry[i].sha1, 'e', 40);
    assert_true(observatory_write(f->root, "references/jwst", "jwst_nircam_dark_0002.fits", "changed", 7));
    assert_int_equal(rp_crds_catalog_read(&catalog, f->root, "jwst", &index, NULL, &err), RP_OK);
    assert_true(strspn(rp_crds_catalog_find(&catalog, "jwst_nircam_dark_0002.fits")->sha1, "e") < 40);
    rp_crds_catalog_clear(&catalog);
    rp_crds_index_clear(&index);
    FILE *out = fopen(path, "w"); /* an index that is none does no harm */
    (void)fputs("nonsense\n\n1:2:3 zz\n", out);
    (void)fclose(out);
    assert_int_equal(rp_refserver_open(&server, &options, &err), RP_OK);
    rp_refserver_close(server);
    assert_int_equal(rp_crds_index_read(&index, path, &err), RP_OK);
    assert_int_equal(index.count, 22); /* written anew */
    rp_crds_index_clear(&index);
}

/* Our client, from an empty cache. */
static void test_sync(void **state)
{
    const fixture *f = *state;
    static const char *const contexts[] = {"jwst_0002.pmap"};
    const rp_crds_sync what = {.context = contexts, .ncontexts = 1, .references = true, .organize = -1};
    rp_crds_client client;
    rp_crds_sync_report report;
    rp_error err = {0};
    char path[200];
    if (rp_crds_client_open(&client, rp_crds_getenv, NULL, NULL, &err) != RP_OK ||
        rp_crds_sync_run(&client, &what, &report, &err) != RP_OK)
        fail_msg("%s", err.text);
    assert_int_equal(report.errors, 0);
    assert_int_equal(report.files, 7 + 4);
    assert_int_equal(client.fetched, 7 + 4);
    rp_crds_client_close(&client);
    (void)snprintf(path, sizeof path, "%s/references/jwst/miri/jwst_miri_dark_0002.fits", f->cache);
    assert_int_equal(access(path, F_OK), 0);
    (void)snprintf(path, sizeof path, "%s/config/jwst/server_config", f->cache);
    assert_int_equal(access(path, F_OK), 0);
}

static void make_meta(rp_meta **meta)
{
    rp_error err = {0};
    assert_int_equal(rp_meta_new(meta, RP_SCHEMA_RAMP, "test", &err), RP_OK);
    assert_int_equal(rp_meta_set_string(*meta, "INSTRUME", "NIRCAM", &err), RP_OK);
    assert_int_equal(rp_meta_set_string(*meta, "DETECTOR", "NRCA1", &err), RP_OK);
    assert_int_equal(rp_meta_set_string(*meta, "DATE-OBS", "2023-01-01", &err), RP_OK);
    assert_int_equal(rp_meta_set_string(*meta, "TIME-OBS", "00:00:00", &err), RP_OK);
}

static void test_best(void **state)
{
    const fixture *f = *state;
    rp_bestrefs *refs = NULL;
    rp_meta *meta = NULL;
    rp_error err = {0};
    char *path = NULL, wanted[200];
    make_meta(&meta);
    assert_int_equal(rp_bestrefs_new(&refs, NULL, NULL, &err), RP_OK);
    assert_null(rp_bestrefs_context(refs));
    if (rp_bestrefs_find(refs, meta, "dark", &path, &err) != RP_OK)
        fail_msg("%s", err.text);
    (void)snprintf(wanted, sizeof wanted, "%s/references/jwst/nircam/jwst_nircam_dark_0001.fits", f->cache);
    assert_string_equal(path, wanted);
    assert_true(rp_bestrefs_gave(refs, path));
    assert_false(rp_bestrefs_gave(refs, "/elsewhere"));
    assert_string_equal(rp_bestrefs_context(refs), "jwst_0001.pmap");
    free(path);
    assert_int_equal(rp_bestrefs_find(refs, meta, "ipc", &path, &err), RP_OK);
    assert_string_equal(path, "N/A");
    free(path);
    assert_int_not_equal(rp_bestrefs_find(refs, meta, "nonsense", &path, &err), RP_OK);
    /* another exposure is another question */
    assert_int_equal(rp_meta_set_string(meta, "INSTRUME", "MIRI", &err), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "DETECTOR", "MIRIMAGE", &err), RP_OK);
    assert_int_equal(rp_bestrefs_find(refs, meta, "dark", &path, &err), RP_OK);
    assert_non_null(strstr(path, "miri/jwst_miri_dark_0001.fits"));
    free(path);
    assert_int_not_equal(rp_bestrefs_find(refs, meta, "gain", &path, &err), RP_OK);
    assert_non_null(strstr(err.text, "scientifically invalid"));
    rp_bestrefs_free(refs);
    /* now without the server */
    (void)setenv("CRDS_SERVER_URL", "https://jwst-serverless.stsci.edu", 1);
    assert_int_equal(rp_bestrefs_new(&refs, NULL, NULL, &err), RP_OK);
    assert_int_equal(rp_bestrefs_find(refs, meta, "dark", &path, &err), RP_OK);
    free(path);
    assert_int_equal(rp_meta_set_string(meta, "INSTRUME", "NIRCAM", &err), RP_OK);
    assert_int_equal(rp_meta_set_string(meta, "DETECTOR", "NRCA1", &err), RP_OK);
    assert_int_equal(rp_bestrefs_find(refs, meta, "gain", &path, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "no server to fetch it from"));
    rp_bestrefs_free(refs);
    rp_meta_free(meta);
}

/* The server applies the rules; and plain addresses instead of a server. */
static void test_other_modes(void **state)
{
    const fixture *f = *state;
    rp_bestrefs *refs = NULL;
    rp_meta *meta = NULL;
    rp_error err = {0};
    char *path = NULL, uri[3][160];
    static const char *const names[] = {"CRDS_CONFIG_URI", "CRDS_MAPPING_URI", "CRDS_REFERENCE_URI"},
                             *const folders[] = {"config", "mappings", "references"};
    make_meta(&meta);
    (void)setenv("CRDS_MODE", "remote", 1);
    assert_int_equal(rp_bestrefs_new(&refs, NULL, NULL, &err), RP_OK);
    if (rp_bestrefs_find(refs, meta, "dark", &path, &err) != RP_OK)
        fail_msg("%s", err.text);
    assert_non_null(strstr(path, "jwst_nircam_dark_0001.fits"));
    free(path);
    assert_int_equal(rp_bestrefs_find(refs, meta, "ipc", &path, &err), RP_OK);
    assert_string_equal(path, "N/A");
    free(path);
    rp_bestrefs_free(refs);
    (void)unsetenv("CRDS_MODE");
    (void)setenv("CRDS_SERVER_URL", "https://jwst-serverless.stsci.edu", 1);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(uri[i], sizeof uri[i], "%s/%s/jwst", rp_refserver_url(f->server), folders[i]);
        (void)setenv(names[i], uri[i], 1);
    }
    assert_int_equal(rp_bestrefs_new(&refs, NULL, NULL, &err), RP_OK);
    if (rp_bestrefs_find(refs, meta, "gain", &path, &err) != RP_OK)
        fail_msg("%s", err.text);
    assert_non_null(strstr(path, "jwst_nircam_gain_0001.fits"));
    free(path);
    rp_bestrefs_free(refs);
    for (size_t i = 0; i < 3; i++)
        (void)unsetenv(names[i]);
    rp_meta_free(meta);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_info, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_clients, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test(test_bad_state),
        cmocka_unit_test(test_newest_serves),
        cmocka_unit_test_setup_teardown(test_index, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sync, setup, teardown),
        cmocka_unit_test_setup_teardown(test_best, setup, teardown),
        cmocka_unit_test_setup_teardown(test_other_modes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
