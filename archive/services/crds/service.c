/* The CRDS server as a whole: include/rampart/refserver.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/services/crds/service_impl.h"

static void stamp(char *out, size_t size)
{
    const time_t now = time(NULL);
    struct tm t = {0};
    (void)gmtime_r(&now, &t);
    (void)strftime(out, size, "%Y-%m-%d %H:%M:%S", &t);
}

rp_code rp_crds_service_open(rp_crds_service *s, const rp_refserver_options *o, const char *url, rp_error *err)
{
    *s = (rp_crds_service){.observatory = o->observatory ? o->observatory : "jwst", .log = o->log, .url = strdup(url)};
    if (!s->url)
        return rp_fail(err, RP_E_MEMORY, "no memory for the CRDS server");
    for (size_t n = strlen(s->url); n > 0 && s->url[n - 1] == '/'; n--)
        s->url[n - 1] = '\0';
    stamp(s->started, sizeof s->started);
    rp_crds_index index;
    rp_code code = rp_crds_index_read(&index, o->index_path, err);
    if (!code)
        code = rp_crds_catalog_read(&s->catalog, o->crds_path, s->observatory, &index, o->log, err);
    if (!code)
        code = rp_crds_index_write(&s->catalog, o->index_path, err);
    rp_crds_index_clear(&index);
    if (!code)
        code = rp_crds_state_read(&s->state, o->crds_path, s->observatory, &s->catalog, err);
    if (!code)
        code = rp_crds_contexts_new(&s->contexts, o->crds_path, s->observatory, o->log, err);
    return code ? code : rp_crds_service_info(s, err);
}

void rp_crds_service_clear(rp_crds_service *s)
{
    rp_crds_contexts_free(s->contexts);
    rp_crds_state_clear(&s->state);
    rp_crds_catalog_clear(&s->catalog);
    json_decref(s->info);
    free(s->config_text);
    free(s->url);
    *s = (rp_crds_service){0};
}

struct rp_refserver {
    rp_http_server *http;
    rp_crds_service service;
};

static rp_code make_url(char **out, const rp_refserver_options *o, uint16_t port, rp_error *err)
{
    const char *host = o->host ? o->host : "127.0.0.1";
    const bool v6 = strchr(host, ':');
    const int n = o->public_url
                      ? asprintf(out, "%s", o->public_url)
                      : asprintf(out, "http://%s%s%s:%u/crds", v6 ? "[" : "", host, v6 ? "]" : "", (unsigned)port);
    if (n >= 0)
        return RP_OK;
    *out = NULL;
    return rp_fail(err, RP_E_MEMORY, "no memory for the CRDS server");
}

/* The operational context is loaded before the first request: what is wrong with it is known at once. */
static rp_code try_context(rp_crds_service *s, rp_error *err)
{
    const rp_context *context;
    const rp_code code = rp_crds_contexts_take(s->contexts, s->state.operational, &context, err);
    if (!code)
        rp_crds_contexts_release(s->contexts, context);
    return code;
}

rp_code rp_refserver_open(rp_refserver **out, const rp_refserver_options *o, rp_error *err)
{
    const rp_http_options http = {
        .host = o->host, .port = o->port, .threads = o->threads, .access = o->access, .payload = o->payload};
    rp_refserver *server = calloc(1, sizeof *server);
    char *url = NULL;
    *out = NULL;
    if (!server)
        return rp_fail(err, RP_E_MEMORY, "no memory for the CRDS server");
    rp_code code = rp_http_open(&server->http, &http, err);
    if (!code)
        code = make_url(&url, o, rp_http_port(server->http), err);
    if (!code)
        code = rp_crds_service_open(&server->service, o, url, err);
    if (!code)
        code = try_context(&server->service, err);
    if (!code)
        code = rp_http_serve(server->http, &(rp_http_mount){"/crds", rp_crds_routes, rp_crds_nroutes, &server->service},
                             1, err);
    free(url);
    if (code) {
        rp_refserver_close(server);
        return code;
    }
    *out = server;
    return RP_OK;
}

void rp_refserver_close(rp_refserver *server)
{
    if (!server)
        return;
    rp_http_close(server->http);
    rp_crds_service_clear(&server->service);
    free(server);
}

const char *rp_refserver_url(const rp_refserver *server)
{
    return server->service.url;
}

const char *rp_refserver_context(const rp_refserver *server)
{
    return server->service.state.operational;
}

size_t rp_refserver_files(const rp_refserver *server, size_t *mappings)
{
    *mappings = server->service.catalog.mappings;
    return server->service.catalog.count;
}
