/* The CRDS client: settings, places in the cache, locks, and what happens when the server is ill. */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "host/reference/client/client.h"
#include "host/reference/client/sync.h"
#include "tests/unit/lying_server.h"

/* ---- an environment of our own ---- */

static struct {
    const char *name, *value;
} variables[24];

static const char *get(const char *name)
{
    for (size_t i = 0; variables[i].name; i++)
        if (strcmp(variables[i].name, name) == 0)
            return variables[i].value;
    return NULL;
}

static void set(const char *name, const char *value)
{
    size_t i = 0;
    while (variables[i].name && strcmp(variables[i].name, name) != 0)
        i++;
    variables[i].name = name;
    variables[i].value = value;
}

static void clear_environment(void)
{
    memset(variables, 0, sizeof variables);
}

/* ---- settings ---- */

static void expect_dir(const char *mapping, const char *reference, const char *config)
{
    rp_crds_settings s;
    assert_int_equal(rp_crds_settings_read(&s, get, NULL), RP_OK);
    assert_string_equal(s.mapping_dir, mapping);
    assert_string_equal(s.reference_dir, reference);
    assert_string_equal(s.config_dir, config);
    rp_crds_settings_clear(&s);
}

static void test_folders(void **state)
{
    (void)state;
    clear_environment();
    expect_dir("/grp/crds/cache/mappings/jwst", "/grp/crds/cache/references/jwst", "/grp/crds/cache/config/jwst");
    set("CRDS_PATH", "/somewhere/");
    expect_dir("/somewhere//mappings/jwst", "/somewhere//references/jwst", "/somewhere//config/jwst");
    set("CRDS_PATH", "/somewhere");
    set("CRDS_OBSERVATORY", "roman");
    expect_dir("/somewhere/mappings/roman", "/somewhere/references/roman", "/somewhere/config/roman");
    set("CRDS_PATH_SINGLE", "/one");
    expect_dir("/one/mappings", "/one/references", "/one/config");
    set("CRDS_MAPPATH", "/maps");
    expect_dir("/maps/roman", "/one/references", "/one/config");
    set("CRDS_MAPPATH_SINGLE", "/maps1/");
    expect_dir("/maps1", "/one/references", "/one/config");
}

static void test_values(void **state)
{
    (void)state;
    rp_crds_settings s;
    clear_environment();
    assert_int_equal(rp_crds_settings_read(&s, get, NULL), RP_OK);
    assert_null(s.server_url);
    assert_true(s.check_sha1 && s.check_length && !s.readonly && !s.remote);
    assert_int_equal(s.tries, 1);
    assert_int_equal(s.timeout_s, 3600);
    rp_crds_settings_clear(&s);
    set("CRDS_SERVER_URL", "https://hst-crds.example/");
    set("CRDS_READONLY_CACHE", "True");
    set("CRDS_DOWNLOAD_CHECKSUMS", "0");
    set("CRDS_CLIENT_RETRY_COUNT", "3");
    set("CRDS_MODE", "remote");
    assert_int_equal(rp_crds_settings_read(&s, get, NULL), RP_OK);
    assert_string_equal(s.server_url, "https://hst-crds.example");
    assert_string_equal(s.observatory, "hst");
    assert_true(s.readonly && !s.check_sha1 && s.remote);
    assert_int_equal(s.tries, 3);
    rp_crds_settings_clear(&s);
    set("CRDS_SERVER_URL", "https://jwst-serverless.stsci.edu");
    assert_int_equal(rp_crds_settings_read(&s, get, NULL), RP_OK);
    assert_null(s.server_url);
    rp_crds_settings_clear(&s);
}

static void expect_refusal(const char *name, const char *value, rp_code code)
{
    rp_crds_settings s;
    rp_error err = {0};
    clear_environment();
    set(name, value);
    assert_int_equal(rp_crds_settings_read(&s, get, &err), code);
    assert_non_null(strstr(err.text, name));
    rp_crds_settings_clear(&s);
}

static void test_refused_values(void **state)
{
    (void)state;
    expect_refusal("CRDS_READONLY_CACHE", "perhaps", RP_E_ARGUMENT);
    expect_refusal("CRDS_CLIENT_RETRY_COUNT", "0", RP_E_ARGUMENT);
    expect_refusal("CRDS_CLIENT_RETRY_COUNT", "many", RP_E_ARGUMENT);
    expect_refusal("CRDS_SERVER_URL", "ftp://x", RP_E_ARGUMENT);
    expect_refusal("CRDS_OBSERVATORY", "../x", RP_E_ARGUMENT);
    expect_refusal("CRDS_DOWNLOAD_PLUGIN", "rm -rf", RP_E_UNSUPPORTED);
    expect_refusal("CRDS_MAPPING_URI", "s3://bucket", RP_E_UNSUPPORTED);
    expect_refusal("CRDS_MODE", "sideways", RP_E_UNSUPPORTED);
}

/* ---- a cache in a folder of the test ---- */

typedef struct fixture {
    char root[64], url[64];
    lying_server server;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    strcpy(f->root, "/tmp/rampart-crds.XXXXXX");
    assert_non_null(mkdtemp(f->root));
    (void)setenv("XDG_CACHE_HOME", f->root, 1);
    lying_start(&f->server);
    (void)sprintf(f->url, "http://127.0.0.1:%u", (unsigned)f->server.port);
    clear_environment();
    set("CRDS_PATH", f->root);
    set("CRDS_OBSERVATORY", "jwst");
    set("CRDS_SERVER_URL", f->url);
    set("CRDS_CLIENT_TIMEOUT_SECONDS", "2");
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    char command[128];
    lying_stop(&f->server);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", f->root);
    assert_int_equal(system(command), 0);
    free(f);
    return 0;
}

/* Files of any name below a folder. */
static int count_files(const char *folder)
{
    char command[256], text[32] = "";
    (void)snprintf(command, sizeof command, "find '%s' -type f 2>/dev/null | wc -l", folder);
    FILE *pipe = popen(command, "r");
    assert_non_null(fgets(text, sizeof text, pipe));
    (void)pclose(pipe);
    return atoi(text);
}

static void references_of(const fixture *f, char out[128])
{
    (void)snprintf(out, 128, "%s/references", f->root);
}

static rp_code obtain(const char *name, char **path, rp_error *err)
{
    rp_crds_client client;
    rp_code code = rp_crds_client_open(&client, get, NULL, NULL, err);
    if (!code)
        code = rp_crds_obtain(&client, name, NULL, false, path, err);
    rp_crds_client_close(&client);
    return code;
}

static void test_good_file_arrives(void **state)
{
    fixture *f = *state;
    char *path = NULL, wanted[160], folder[128];
    struct stat status;
    rp_error err = {0};
    if (obtain("jwst_nircam_good_0001.fits", &path, &err) != RP_OK)
        fail_msg("%s", err.text);
    (void)snprintf(wanted, sizeof wanted, "%s/references/jwst/nircam/jwst_nircam_good_0001.fits", f->root);
    assert_string_equal(path, wanted);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, LYING_SIZE);
    references_of(f, folder);
    assert_int_equal(count_files(folder), 1); /* no lock, no temporary file */
    free(path);
    assert_int_equal(obtain("jwst_nircam_good_0001.fits", &path, &err), RP_OK);
    assert_int_equal(f->server.requests, 1); /* from the cache */
    free(path);
}

static void expect_failure(fixture *f, const char *name, const char *says)
{
    char *path = NULL, folder[128];
    rp_error err = {0};
    assert_int_not_equal(obtain(name, &path, &err), RP_OK);
    assert_null(path);
    if (!strstr(err.text, says))
        fail_msg("%s does not say '%s'", err.text, says);
    references_of(f, folder);
    assert_int_equal(count_files(folder), 0);
}

static void test_ill_servers(void **state)
{
    fixture *f = *state;
    expect_failure(f, "jwst_nircam_short_0001.fits", "too early");
    expect_failure(f, "jwst_nircam_long_0001.fits", "more than the 2000 bytes");
    expect_failure(f, "jwst_nircam_wrong_0001.fits", "checksum");
    expect_failure(f, "jwst_nircam_error_0001.fits", "status 500");
    expect_failure(f, "jwst_nircam_none_0001.fits", "not known to the CRDS server");
    expect_failure(f, "../../etc/passwd.fits", "no name of a CRDS file");
}

static void test_stalling_server(void **state)
{
    expect_failure(*state, "jwst_nircam_stall_0001.fits", "stalls");
}

static void test_tries_are_bounded(void **state)
{
    fixture *f = *state;
    char *path = NULL;
    rp_error err = {0};
    set("CRDS_CLIENT_RETRY_COUNT", "3");
    expect_failure(f, "jwst_nircam_short_0001.fits", "too early");
    assert_int_equal(f->server.requests, 3);
    assert_int_equal(obtain("jwst_nircam_flaky_0001.fits", &path, &err), RP_OK);
    assert_int_equal(f->server.requests, 5);
    free(path);
}

static void write_file(const char *path, char c, size_t size)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    for (size_t i = 0; i < size; i++)
        (void)fputc(c, out);
    (void)fclose(out);
}

static void test_broken_file_is_replaced(void **state)
{
    fixture *f = *state;
    char *path = NULL;
    rp_error err = {0};
    assert_int_equal(obtain("jwst_nircam_good_0001.fits", &path, &err), RP_OK);
    write_file(path, 'x', 1000); /* truncated */
    free(path);
    assert_int_equal(obtain("jwst_nircam_good_0001.fits", &path, &err), RP_OK);
    assert_int_equal(f->server.requests, 2);
    write_file(path, 'z', LYING_SIZE); /* of the right size */
    free(path);
    assert_int_equal(obtain("jwst_nircam_good_0001.fits", &path, &err), RP_OK);
    assert_int_equal(f->server.requests, 3);
    write_file(path, 'z', LYING_SIZE);
    free(path);
    path = NULL;
    set("CRDS_READONLY_CACHE", "1");
    assert_int_not_equal(obtain("jwst_nircam_good_0001.fits", &path, &err), RP_OK);
    assert_non_null(strstr(err.text, "checksum"));
    assert_null(path);
}

static void test_flat_cache(void **state)
{
    fixture *f = *state;
    char *path = NULL, file[160];
    rp_error err = {0};
    (void)snprintf(file, sizeof file, "%s/config/jwst/ref_cache_subdir_mode", f->root);
    assert_int_equal(rp_crds_write(file, "flat", 4, &err), RP_OK);
    assert_int_equal(obtain("jwst_nircam_good_0001.fits", &path, &err), RP_OK);
    (void)snprintf(file, sizeof file, "%s/references/jwst/jwst_nircam_good_0001.fits", f->root);
    assert_string_equal(path, file);
    free(path);
}

static void test_organize(void **state)
{
    fixture *f = *state;
    rp_crds_client client;
    rp_crds_sync_report report;
    rp_error err = {0};
    char *path = NULL, folder[160];
    assert_int_equal(obtain("jwst_nircam_good_0001.fits", &path, &err), RP_OK);
    free(path);
    assert_int_equal(rp_crds_client_open(&client, get, NULL, NULL, &err), RP_OK);
    const rp_crds_sync flat = {.organize = RP_CRDS_FLAT}, apart = {.organize = RP_CRDS_INSTRUMENT};
    assert_int_equal(rp_crds_sync_run(&client, &flat, &report, &err), RP_OK);
    assert_int_equal(report.moved, 1);
    assert_int_equal(rp_crds_locate(&path, &client.settings, "jwst_nircam_good_0001.fits", NULL, &err), RP_OK);
    (void)snprintf(folder, sizeof folder, "%s/references/jwst/jwst_nircam_good_0001.fits", f->root);
    assert_string_equal(path, folder);
    free(path);
    assert_int_equal(rp_crds_sync_run(&client, &apart, &report, &err), RP_OK);
    assert_int_equal(report.moved, 1);
    rp_crds_client_close(&client);
}

static void test_check_and_purge(void **state)
{
    fixture *f = *state;
    rp_crds_client client;
    rp_crds_sync_report report;
    rp_error err = {0};
    char *path = NULL, other[160];
    static const char *const files[] = {"jwst_nircam_good_0001.fits"};
    rp_crds_sync what = {.organize = -1, .file = files, .nfiles = 1, .check_sha1 = true};
    assert_int_equal(obtain(files[0], &path, &err), RP_OK);
    write_file(path, 'z', LYING_SIZE);
    free(path);
    (void)snprintf(other, sizeof other, "%s/references/jwst/nircam/jwst_nircam_old_0001.fits", f->root);
    write_file(other, 'o', 10);
    assert_int_equal(rp_crds_client_open(&client, get, NULL, NULL, &err), RP_OK);
    assert_int_equal(rp_crds_sync_run(&client, &what, &report, &err), RP_OK);
    assert_int_equal(report.errors, 1);
    assert_int_equal(report.checked, 1);
    what.repair = what.purge_references = true;
    assert_int_equal(rp_crds_sync_run(&client, &what, &report, &err), RP_OK);
    assert_int_equal(report.removed, 1);
    what.repair = false;
    assert_int_equal(rp_crds_sync_run(&client, &what, &report, &err), RP_OK);
    assert_int_equal(report.errors, 0);
    rp_crds_client_close(&client);
}

static void test_contexts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {
        {NULL, "jwst_0002.pmap"},        {"latest", "jwst_0002.pmap"},         {"jwst-operational", "jwst_0002.pmap"},
        {"jwst-edit", "jwst_0003.pmap"}, {"jwst_0007.pmap", "jwst_0007.pmap"}, {"jwst-build", "jwst_0002.pmap"}};
    rp_crds_client client;
    rp_error err = {0};
    char *name = NULL;
    assert_int_equal(rp_crds_client_open(&client, get, NULL, NULL, &err), RP_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(rp_crds_context_name(&client, cases[i].text, &name, &err), RP_OK);
        assert_string_equal(name, cases[i].name);
        free(name);
    }
    assert_int_equal(rp_crds_context_name(&client, "jwst-2021-01-01T00:00:00", &name, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "no <such> method"));
    assert_true(rp_crds_is_bad(&client, "jwst_nircam_bad_0001.fits"));
    assert_false(rp_crds_is_bad(&client, "jwst_nircam_good_0001.fits"));
    rp_crds_client_close(&client);
}

/* What the server said serves without it. */
static void test_offline(void **state)
{
    rp_crds_client client;
    rp_error err = {0};
    char *name = NULL;
    (void)state;
    assert_int_equal(rp_crds_client_open(&client, get, NULL, NULL, &err), RP_OK);
    assert_int_equal(rp_crds_client_save(&client, &err), RP_OK);
    rp_crds_client_close(&client);
    set("CRDS_SERVER_URL", "https://jwst-serverless.stsci.edu");
    if (rp_crds_client_open(&client, get, NULL, NULL, &err) != RP_OK)
        fail_msg("%s", err.text);
    assert_false(client.connected);
    assert_int_equal(rp_crds_context_name(&client, NULL, &name, &err), RP_OK);
    assert_string_equal(name, "jwst_0002.pmap");
    free(name);
    assert_int_equal(rp_crds_facts_of(&client, "jwst_nircam_good_0001.fits").size, LYING_SIZE);
    rp_crds_client_close(&client);
    set("CRDS_SERVER_URL", "http://127.0.0.1:1"); /* nobody there */
    assert_int_equal(rp_crds_client_open(&client, get, NULL, NULL, &err), RP_OK);
    rp_crds_client_close(&client);
    set("CRDS_PATH", "/nonexistent");
    assert_int_equal(rp_crds_client_open(&client, get, NULL, NULL, &err), RP_E_MISSING);
    assert_non_null(strstr(err.text, "CRDS_SERVER_URL"));
    rp_crds_client_close(&client);
}

static void test_bad_answers(void **state)
{
    fixture *f = *state;
    static const char *const answers[] = {
        "nonsense",
        "[]",
        "{}",
        "{\"error\": null}",
        "{\"error\": null, \"result\": 7}",
        "{\"error\": {\"message\": \"down\"}, \"result\": null}",
        "{\"error\": null, \"result\": {\"crds_encoded\": \"1.0\", \"crds_payload\": \"AAAA\"}}",
        "{\"error\": null, \"result\": {\"crds_encoded\": \"1.0\", \"crds_payload\": \"!!\"}}",
        "{\"error\": null, \"result\": {\"crds_encoded\": \"1.0\"}}",
        "{\"error\": null, \"result\": {\"observatory\": \"hst\"}}"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        rp_crds_client client;
        rp_error err = {0};
        f->server.info = answers[i];
        if (rp_crds_client_open(&client, get, NULL, NULL, &err) == RP_OK)
            fail_msg("%s is taken", answers[i]);
        assert_true(err.text[0] != '\0');
        rp_crds_client_close(&client);
    }
    f->server.info = NULL;
}

/* Several processes want one file: it is fetched once, and all of them get it. */
static void test_several_processes(void **state)
{
    fixture *f = *state;
    pid_t child[4];
    for (int i = 0; i < 4; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            char *path = NULL;
            _exit(obtain("jwst_nircam_good_0001.fits", &path, NULL) == RP_OK ? 0 : 1);
        }
    }
    for (int i = 0; i < 4; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(f->server.requests, 1);
}

static void test_lock(void **state)
{
    fixture *f = *state;
    char path[128], lock[160];
    rp_crds_lock mine, other;
    rp_error err = {0};
    (void)snprintf(path, sizeof path, "%s/x.fits", f->root);
    (void)snprintf(lock, sizeof lock, "%s.lock", path);
    assert_int_equal(rp_crds_lock_take(&mine, path, 1, &err), RP_OK);
    assert_int_equal(rp_crds_lock_take(&other, path, 0, &err), RP_E_IO);
    assert_non_null(strstr(err.text, "held by another process"));
    rp_crds_settings s;
    size_t count = 9;
    assert_int_equal(rp_crds_settings_read(&s, get, &err), RP_OK);
    free(s.config_dir);
    s.config_dir = strdup(f->root);
    assert_int_equal(rp_crds_clear_locks(&s, &count, &err), RP_OK);
    assert_int_equal(count, 0); /* a held lock stays */
    rp_crds_lock_release(&mine);
    assert_int_equal(access(lock, F_OK), -1);
    write_file(lock, 'l', 1);
    assert_int_equal(rp_crds_clear_locks(&s, &count, &err), RP_OK);
    assert_int_equal(count, 1);
    rp_crds_settings_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folders),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_refused_values),
        cmocka_unit_test_setup_teardown(test_good_file_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ill_servers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stalling_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tries_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_broken_file_is_replaced, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flat_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(test_organize, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check_and_purge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_contexts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_answers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_several_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
