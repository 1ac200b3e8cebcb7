/* rampart devices: what can compute here, and whether its answers are right. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "rampart/device.h"

typedef struct choices {
    bool json, test;
} choices;

/* The name under which --backend reaches device `index` of its kind. */
static void backend_name(char out[32], const rp_device_info *info, size_t index_of_kind)
{
    if (strcmp(info->backend, "opencl") == 0)
        (void)snprintf(out, 32, "opencl:%zu", index_of_kind);
    else
        (void)snprintf(out, 32, "%s", info->backend);
}

/* "" : passed */
static void self_test(const char *backend, rp_error *err)
{
    rp_device *device = NULL;
    const rp_device_options options = {.backend = backend};
    err->text[0] = '\0';
    if (!rp_device_open(&device, &options, err))
        (void)rp_device_selftest(device, err);
    rp_device_close(device);
}

static void print_text(const rp_device_info *info, const char *backend, const choices *wanted, const rp_error *test)
{
    (void)printf("%-10s %s\n", backend, info->name);
    (void)printf("           driver %s; %d workers; ", info->driver, info->workers);
    if (info->memory_bytes)
        (void)printf("%zu MiB, at most %zu MiB in one buffer\n", info->memory_bytes >> 20,
                     info->max_buffer_bytes >> 20);
    else
        (void)puts("host memory");
    if (wanted->test)
        (void)printf("           self-test %s%s\n", test->text[0] ? "FAILED: " : "passed", test->text);
}

static json_t *to_json(const rp_device_info *info, const char *backend, const choices *wanted, const rp_error *test)
{
    json_t *item = json_object();
    (void)json_object_set_new(item, "backend", json_string(backend));
    (void)json_object_set_new(item, "name", json_string(info->name));
    (void)json_object_set_new(item, "driver", json_string(info->driver));
    (void)json_object_set_new(item, "memory_bytes", json_integer((json_int_t)info->memory_bytes));
    (void)json_object_set_new(item, "max_buffer_bytes", json_integer((json_int_t)info->max_buffer_bytes));
    (void)json_object_set_new(item, "workers", json_integer(info->workers));
    (void)json_object_set_new(item, "host_memory", json_boolean(info->host_memory));
    (void)json_object_set_new(item, "gpu", json_boolean(info->is_gpu));
    if (wanted->test)
        (void)json_object_set_new(item, "selftest", json_string(test->text[0] ? test->text : "passed"));
    return item;
}

static int show(const rp_device_info *infos, size_t count, const choices *wanted)
{
    json_t *list = json_array();
    size_t opencl = 0;
    int exit_code = RP_EXIT_OK;
    for (size_t i = 0; i < count; i++) {
        char backend[32];
        rp_error test = {0};
        backend_name(backend, &infos[i], opencl);
        opencl += strncmp(backend, "opencl", 6) == 0;
        if (wanted->test)
            self_test(backend, &test);
        if (test.text[0] != '\0')
            exit_code = RP_EXIT_FAILED;
        if (wanted->json)
            (void)json_array_append_new(list, to_json(&infos[i], backend, wanted, &test));
        else
            print_text(&infos[i], backend, wanted, &test);
    }
    if (wanted->json && json_dumpf(list, stdout, JSON_INDENT(1)) == 0)
        (void)fputc('\n', stdout);
    json_decref(list);
    return exit_code;
}

int rp_verb_devices(int argc, char **argv)
{
    choices wanted = {false, false};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)puts("Usage: rampart devices [--test] [--json]\n\n"
                       "Lists the devices that \"rampart run --backend\" reaches.  --test runs the self-test of each:\n"
                       "every kernel on stored inputs, compared with stored answers bit for bit.");
            return RP_EXIT_OK;
        }
        if (strcmp(argv[i], "--json") == 0) {
            wanted.json = true;
        } else if (strcmp(argv[i], "--test") == 0) {
            wanted.test = true;
        } else {
            char text[160];
            (void)snprintf(text, sizeof text, "unrecognized arguments: %.100s", argv[i]);
            return rp_cli_usage_error("devices", text);
        }
    }
    rp_device_info *infos = NULL;
    size_t count = 0;
    rp_error err = {0};
    const rp_code code = rp_device_list(&infos, &count, &err);
    if (code)
        return rp_cli_error("devices", err.text, rp_exit_code(code));
    const int exit_code = show(infos, count, &wanted);
    free(infos);
    return exit_code;
}
