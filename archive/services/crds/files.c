/* What the CRDS server answers over HTTP: JSON-RPC, and files by plain GET. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/services/crds/service_impl.h"

/* A call with a thousand headers of some hundred keywords fits. */
enum { MAX_CALL = 32 << 20 };

static void serve_call(void *payload, const rp_http_request *request, rp_http_reply *reply)
{
    char *text = rp_crds_service_call(payload, request->body, request->body_size);
    if (!text) {
        rp_http_say(reply, 503, "no memory for an answer");
        return;
    }
    rp_http_answer(reply, 200, "application/json", text, strlen(text));
    rp_http_add_header(reply, "Cache-Control", "no-store");
}

static const char *type_of(const rp_crds_file *file)
{
    const char *dot = strrchr(file->name, '.');
    if (file->mapping)
        return "text/plain; charset=utf-8";
    return strcmp(dot, ".fits") == 0   ? "application/fits"
           : strcmp(dot, ".json") == 0 ? "application/json"
                                       : "application/octet-stream";
}

static bool changed(const struct stat *now, const struct stat *then)
{
    return now->st_size != then->st_size || now->st_mtim.tv_sec != then->st_mtim.tv_sec ||
           now->st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}

/* A file that is no longer what was hashed at the start is not sent. */
static void send_file(const rp_crds_file *file, rp_http_reply *reply)
{
    char etag[RP_SHA1_TEXT + 2];
    struct stat status;
    const int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) || changed(&status, &file->status)) {
        if (fd >= 0)
            (void)close(fd);
        rp_http_say(reply, 503, "%s has changed since the server was started", file->name);
        return;
    }
    (void)snprintf(etag, sizeof etag, "\"%s\"", file->sha1);
    rp_http_send_file(reply, type_of(file), fd, (uint64_t)status.st_size, status.st_mtim.tv_sec, etag);
    rp_http_add_header(reply, "Cache-Control", "public, max-age=86400");
}

/* "jwst/NAME": looked up in the catalogue, never made into a path. */
static void serve_kind(const rp_crds_service *s, const rp_http_request *request, bool mapping, rp_http_reply *reply)
{
    const size_t n = strlen(s->observatory);
    const bool ours = strncmp(request->rest, s->observatory, n) == 0 && request->rest[n] == '/';
    const rp_crds_file *file = ours ? rp_crds_catalog_find(&s->catalog, request->rest + n + 1) : NULL;
    if (file && file->mapping == mapping)
        send_file(file, reply);
    else
        rp_http_say(reply, 404, "there is no such file");
}

static void serve_mapping(void *payload, const rp_http_request *request, rp_http_reply *reply)
{
    serve_kind(payload, request, true, reply);
}

static void serve_reference(void *payload, const rp_http_request *request, rp_http_reply *reply)
{
    serve_kind(payload, request, false, reply);
}

static char *bad_files_text(const rp_crds_service *s)
{
    char *text = NULL;
    size_t size, index;
    json_t *name;
    FILE *out = open_memstream(&text, &size);
    if (!out)
        return NULL;
    json_array_foreach(s->state.bad_files, index, name)(void) fprintf(out, "%s\n", json_string_value(name));
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* For clients that are configured by CRDS_CONFIG_URI instead of JSON-RPC. */
static void serve_config(void *payload, const rp_http_request *request, rp_http_reply *reply)
{
    const rp_crds_service *s = payload;
    const size_t n = strlen(s->observatory);
    const char *name =
        strncmp(request->rest, s->observatory, n) == 0 && request->rest[n] == '/' ? request->rest + n + 1 : "";
    const bool config = strcmp(name, "server_config") == 0;
    if (!config && strcmp(name, "bad_files.txt") != 0) {
        rp_http_say(reply, 404, "there is no such file");
        return;
    }
    char *text = config ? strdup(s->config_text) : bad_files_text(s);
    if (text)
        rp_http_answer(reply, 200, "text/plain; charset=utf-8", text, strlen(text));
    else
        rp_http_say(reply, 503, "no memory for an answer");
}

const rp_http_route rp_crds_routes[] = {
    {RP_HTTP_POST, "/json/*", serve_call, MAX_CALL},
    {RP_HTTP_GET, "/mappings/*", serve_mapping, 0},
    {RP_HTTP_GET, "/references/*", serve_reference, 0},
    {RP_HTTP_GET, "/config/*", serve_config, 0},
};
const size_t rp_crds_nroutes = sizeof rp_crds_routes / sizeof *rp_crds_routes;
