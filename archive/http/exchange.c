/* One request: from its target to the handler's reply. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "archive/http/server_impl.h"

void *rp_http_exchange_new(void *payload, const char *raw, struct MHD_Connection *connection)
{
    (void)connection;
    rp_http_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    exchange->server = payload;
    exchange->begun_ms = rp_http_now_ms();
    exchange->raw = strndup(raw, RP_HTTP_MAX_TARGET + 1);
    return exchange;
}

/* ---- routes ---- */

static bool matches(const rp_http_route *route, const char *below, const char **rest)
{
    const size_t n = strlen(route->path);
    if (n > 0 && route->path[n - 1] == '*') {
        *rest = below + n - 1;
        return strncmp(route->path, below, n - 1) == 0;
    }
    *rest = "";
    return strcmp(route->path, below) == 0;
}

static unsigned method_of(const char *method)
{
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        return RP_HTTP_GET;
    return strcmp(method, "POST") == 0 ? RP_HTTP_POST : 0;
}

/* The status to refuse with, or 0. */
static int find_route(rp_http_exchange *x, unsigned method)
{
    int status = 404;
    for (size_t i = 0; i < x->server->nmounts; i++) {
        const rp_http_mount *mount = &x->server->mount[i];
        const size_t n = strlen(mount->prefix);
        if (strncmp(mount->prefix, x->target.path, n) != 0)
            continue;
        for (size_t k = 0; k < mount->nroutes; k++) {
            const char *rest;
            if (!matches(&mount->route[k], x->target.path + n, &rest))
                continue;
            status = 405;
            if (!(mount->route[k].methods & method))
                continue;
            x->mount = mount;
            x->route = &mount->route[k];
            x->rest = rest;
            return 0;
        }
    }
    return status;
}

/* ---- framing ---- */

typedef struct framing {
    int lengths, codings, hosts, headers;
    const char *length, *coding;
} framing;

static enum MHD_Result note_header(void *payload, enum MHD_ValueKind kind, const char *name, const char *value)
{
    framing *f = payload;
    (void)kind;
    f->headers++;
    if (strcasecmp(name, "Content-Length") == 0) {
        f->lengths++;
        f->length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        f->codings++;
        f->coding = value;
    } else if (strcasecmp(name, "Host") == 0) {
        f->hosts++;
    }
    return MHD_YES;
}

/* A request whose end two readers could see in different places is refused (RFC 9112, 6.3). */
static int check_framing(struct MHD_Connection *connection, size_t max_body)
{
    framing f = {0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, note_header, &f);
    if (f.lengths > 1 || f.codings > 1 || f.hosts > 1 || (f.lengths && f.codings))
        return 400;
    if (f.headers > 100)
        return 431;
    if (f.coding && strcasecmp(f.coding, "chunked") != 0)
        return 501;
    if (!f.length)
        return 0;
    if (f.length[0] == '\0' || f.length[strspn(f.length, "0123456789")] != '\0')
        return 400;
    return strlen(f.length) > 18 || strtoull(f.length, NULL, 10) > max_body ? 413 : 0;
}

/* ---- steps ---- */

static enum MHD_Result refuse(rp_http_exchange *x, struct MHD_Connection *connection, int status)
{
    static const struct {
        int status;
        const char *text;
    } texts[] = {{400, "the request is malformed"},
                 {404, "there is nothing here"},
                 {405, "this method is not served here"},
                 {413, "the body is too large"},
                 {414, "the target is too long"},
                 {431, "too many headers"},
                 {501, "this transfer coding or method is not known"}};
    const char *text = "refused";
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            text = texts[i].text;
    rp_http_reply reply = {.fd = -1};
    rp_http_say(&reply, status, "%s", text);
    if (status == 405)
        rp_http_add_header(&reply, "Allow", "GET, HEAD, POST");
    if (status != 404)
        rp_http_add_header(&reply, "Connection", "close");
    return rp_http_reply_queue(x, connection, &reply);
}

static enum MHD_Result begin(rp_http_exchange *x, struct MHD_Connection *connection, const char *method,
                             const char *version)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    const unsigned kind = method_of(method);
    x->begun = true;
    x->client = info ? info->socket_context : NULL;
    rp_http_client_allow(x->client, x->server->options.body_s);
    (void)strncpy(x->method, method, sizeof x->method - 1);
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
        return refuse(x, connection, 505);
    if (!kind)
        return refuse(x, connection, 501);
    int status = x->raw ? rp_http_target_parse(&x->target, x->raw) : 503;
    if (status == 0)
        status = find_route(x, kind);
    const int framing_status = check_framing(connection, x->route && kind == RP_HTTP_POST ? x->route->max_body : 0);
    if (framing_status && (status == 0 || framing_status != 413))
        status = framing_status;
    return status ? refuse(x, connection, status) : MHD_YES;
}

/* false: the connection is closed; a body without a length that outgrows its route is not worth a polite answer. */
static bool take_body(rp_http_exchange *x, const char *bytes, size_t size)
{
    const size_t limit = strcmp(x->method, "POST") == 0 ? x->route->max_body : 0;
    if (size > limit || x->body_size > limit - size)
        return false;
    if (x->body_size + size + 1 > x->body_capacity) {
        const size_t capacity = 2 * x->body_capacity + size + 1;
        char *grown = realloc(x->body, capacity);
        if (!grown)
            return false;
        x->body = grown;
        x->body_capacity = capacity;
    }
    memcpy(x->body + x->body_size, bytes, size);
    x->body_size += size;
    x->body[x->body_size] = '\0';
    return true;
}

static enum MHD_Result answer(rp_http_exchange *x, struct MHD_Connection *connection)
{
    rp_http_reply reply = {.fd = -1};
    const rp_http_request request = {
        .method = method_of(x->method),
        .path = x->target.path,
        .rest = x->rest,
        .body = x->body ? x->body : "",
        .body_size = x->body_size,
        .parameter = x->target.parameter,
        .nparameters = x->target.nparameters,
        .connection = connection,
    };
    x->route->handler(x->mount->service, &request, &reply);
    if (reply.status == 0)
        rp_http_say(&reply, 500, "the service gave no answer");
    return rp_http_reply_queue(x, connection, &reply);
}

enum MHD_Result rp_http_exchange_step(void *payload, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload, size_t *upload_size,
                                      void **state)
{
    (void)payload;
    (void)url;
    rp_http_exchange *x = *state;
    if (!x)
        return MHD_NO;
    if (!x->begun)
        return begin(x, connection, method, version);
    if (*upload_size > 0) {
        const bool taken = x->route && take_body(x, upload, *upload_size);
        *upload_size = 0;
        return taken ? MHD_YES : MHD_NO;
    }
    return answer(x, connection);
}

void rp_http_exchange_end(void *payload, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code)
{
    const rp_http_server *server = payload;
    rp_http_exchange *x = *state;
    if (!x)
        return;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    char address[64] = "";
    if (info && info->client_addr)
        rp_http_address(address, sizeof address, info->client_addr);
    rp_http_access(x, address, code == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    if (code == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
        rp_http_client_drop(x->client);
    rp_http_client_allow(x->client, (int64_t)server->options.idle_s + server->options.head_s);
    rp_http_target_clear(&x->target);
    free(x->raw);
    free(x->body);
    free(x);
    *state = NULL;
}

const char *rp_http_header(const rp_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

const char *rp_http_parameter(const rp_http_request *request, const char *name)
{
    for (size_t i = 0; i < request->nparameters; i++)
        if (strcmp(request->parameter[i].name, name) == 0)
            return request->parameter[i].value;
    return NULL;
}
