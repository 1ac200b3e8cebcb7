/* Starting and stopping the server: http.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "archive/http/server_impl.h"

/* Bytes that a connection may take for its request line and headers. */
enum { HEAD_BYTES = 32768 };

static rp_http_options with_defaults(const rp_http_options *given)
{
    rp_http_options o = *given;
    o.host = o.host ? o.host : "127.0.0.1";
    o.threads = o.threads > 0 ? o.threads : 4;
    o.connections = o.connections > 0 ? o.connections : 1000;
    o.idle_s = o.idle_s > 0 ? o.idle_s : 30;
    o.head_s = o.head_s > 0 ? o.head_s : 20;
    o.body_s = o.body_s > 0 ? o.body_s : 60;
    o.least_rate = o.least_rate > 0 ? o.least_rate : 16384;
    return o;
}

static void on_connection(void *payload, struct MHD_Connection *connection, void **state,
                          enum MHD_ConnectionNotificationCode code)
{
    const rp_http_server *server = payload;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        rp_http_client_close(*state);
        *state = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *state = info ? rp_http_client_open(server->watch, info->connect_fd, server->options.head_s) : NULL;
}

/* The layer decodes by itself (target.h): whatever the library would decode stays as it came. */
static size_t keep_escapes(void *payload, struct MHD_Connection *connection, char *text)
{
    (void)payload;
    (void)connection;
    return strlen(text);
}

static rp_code parse_address(struct sockaddr_storage *out, socklen_t *size, const rp_http_options *o, rp_error *err)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(o->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(o->port)};
    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, o->host, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
        *size = sizeof v4;
        return RP_OK;
    }
    if (inet_pton(AF_INET6, o->host, &v6.sin6_addr) != 1)
        return rp_fail(err, RP_E_ARGUMENT, "%.100s is no address to listen on: give one in digits, such as 127.0.0.1",
                       o->host);
    memcpy(out, &v6, sizeof v6);
    *size = sizeof v6;
    return RP_OK;
}

static rp_code open_socket(int *out, const rp_http_options *o, rp_error *err)
{
    struct sockaddr_storage address;
    socklen_t size = 0;
    const int yes = 1;
    const rp_code code = parse_address(&address, &size, o, err);
    *out = -1;
    if (code)
        return code;
    const int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return rp_fail_errno(err, RP_E_IO, "no socket to listen on");
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (const struct sockaddr *)&address, size) != 0 || listen(fd, 1024) != 0) {
        (void)rp_fail_errno(err, RP_E_IO, "cannot listen on %s port %u", o->host, (unsigned)o->port);
        (void)close(fd);
        return RP_E_IO;
    }
    *out = fd;
    return RP_OK;
}

static uint16_t port_of(int listener)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    (void)getsockname(listener, (struct sockaddr *)&address, &size);
    return ntohs(address.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&address)->sin6_port
                                               : ((const struct sockaddr_in *)&address)->sin_port);
}

rp_code rp_http_open(rp_http_server **out, const rp_http_options *options, rp_error *err)
{
    *out = NULL;
    rp_http_server *server = calloc(1, sizeof *server);
    if (!server)
        return rp_fail(err, RP_E_MEMORY, "no memory for the HTTP server");
    server->options = with_defaults(options);
    rp_code code = open_socket(&server->listener, &server->options, err);
    if (!code)
        code = rp_http_watch_new(&server->watch, err);
    if (code) {
        rp_http_close(server);
        return code;
    }
    server->port = port_of(server->listener);
    *out = server;
    return RP_OK;
}

uint16_t rp_http_port(const rp_http_server *server)
{
    return server->port;
}

rp_code rp_http_serve(rp_http_server *server, const rp_http_mount *mount, size_t nmounts, rp_error *err)
{
    const rp_http_options *o = &server->options;
    server->mount = calloc(nmounts ? nmounts : 1, sizeof *mount);
    if (!server->mount)
        return rp_fail(err, RP_E_MEMORY, "no memory for the HTTP server");
    for (size_t i = 0; i < nmounts; i++)
        server->mount[server->nmounts++] = mount[i];
    /* one thread cannot be a pool of the library */
    const unsigned threads = o->threads > 1 ? (unsigned)o->threads : 2;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC, server->port, NULL, NULL, rp_http_exchange_step, server,
        MHD_OPTION_LISTEN_SOCKET, server->listener, MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)o->connections + threads, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)o->idle_s,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_URI_LOG_CALLBACK, rp_http_exchange_new, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED, rp_http_exchange_end, server,
        MHD_OPTION_END);
    if (!server->daemon)
        return rp_fail(err, RP_E_IO, "the HTTP server does not start on %s port %u", o->host, (unsigned)server->port);
    server->listener = -1;
    return RP_OK;
}

void rp_http_close(rp_http_server *server)
{
    if (!server)
        return;
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    if (server->listener >= 0)
        (void)close(server->listener);
    rp_http_watch_free(server->watch);
    free(server->mount);
    free(server);
}
