/* Fuzz target of what strangers send to the CRDS server, and of what a server sends to us: JSON-RPC bodies, request
 * targets, ranges and conditions; configuration files and encoded answers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/http/conditions.h"
#include "archive/http/target.h"
#include "archive/services/crds/service_impl.h"
#include "host/reference/client/transport.h"
#include "io/python/literal.h"
#include "tests/common/observatory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One service for all inputs. */
static rp_crds_service *service(void)
{
    static rp_crds_service one;
    static bool ready;
    if (!ready) {
        char root[] = "/tmp/rampart-fuzz.XXXXXX", command[64];
        const rp_refserver_options options = {.crds_path = root};
        if (!mkdtemp(root) || !observatory_make(root) ||
            rp_crds_service_open(&one, &options, "http://h/crds", NULL) != RP_OK)
            abort();
        const rp_context *context; /* in memory from here on; the folder can go */
        for (int serial = 1; serial <= 2; serial++) {
            char name[32];
            (void)snprintf(name, sizeof name, "jwst_%04d.pmap", serial);
            if (rp_crds_contexts_take(one.contexts, name, &context, NULL) != RP_OK)
                abort();
            rp_crds_contexts_release(one.contexts, context);
        }
        (void)snprintf(command, sizeof command, "rm -rf '%s'", root);
        if (system(command) != 0)
            abort();
        ready = true;
    }
    return &one;
}

/* Whatever comes in, a JSON object with error and result goes out. */
static void call(const char *text, size_t size)
{
    char *answer = rp_crds_service_call(service(), text, size);
    json_t *value = answer ? json_loads(answer, 0, NULL) : NULL;
    if (!value || !json_object_get(value, "error") || !json_object_get(value, "result"))
        abort();
    json_decref(value);
    free(answer);
}

/* A path that is taken leads nowhere above its root. */
static void read_target(const char *text)
{
    rp_http_target target;
    if (rp_http_target_parse(&target, text) == 0 && (target.path[0] != '/' || strstr(target.path, "/../")))
        abort();
    rp_http_target_clear(&target);
}

/* A part that is chosen lies in the file. */
static void choose(const char *text)
{
    const rp_http_conditions conditions[] = {{.range = text},
                                             {.if_match = text},
                                             {.if_none_match = text},
                                             {.if_modified_since = text},
                                             {.if_unmodified_since = text},
                                             {.if_range = text, .range = "bytes=1-2"}};
    for (size_t i = 0; i < sizeof conditions / sizeof *conditions; i++) {
        const rp_http_part part = rp_http_choose(&conditions[i], 1000, "\"tag\"", 784111777);
        if (part.first > 1000 || part.size > 1000 - part.first)
            abort();
    }
}

static void read_config(const char *text, size_t size)
{
    json_t *value = NULL, *again = NULL, *decoded = NULL;
    if (rp_python_read(&value, "fuzz", text, size, NULL) != RP_OK)
        return;
    char *written = rp_python_write(value);
    if (!written || rp_python_read(&again, "fuzz", written, strlen(written), NULL) != RP_OK)
        abort();
    free(written);
    json_decref(again);
    if (rp_crds_decode(value, &decoded, NULL) == RP_OK)
        json_decref(decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = size > 0 ? malloc(size) : NULL;
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    switch (data[0] % 4) {
    case 0:
        call(text, size - 1);
        break;
    case 1:
        read_target(text);
        break;
    case 2:
        choose(text);
        break;
    default:
        read_config(text, size - 1);
    }
    free(text);
    return 0;
}
