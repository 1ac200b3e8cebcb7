/* Replies: from what a handler said to what is sent. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "archive/http/conditions.h"
#include "archive/http/server_impl.h"

void rp_http_answer(rp_http_reply *reply, int status, const char *type, char *bytes, size_t size)
{
    reply->status = status;
    reply->type = type;
    reply->bytes = bytes;
    reply->size = size;
}

void rp_http_say(rp_http_reply *reply, int status, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    const int n = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (n < 0)
        text = NULL;
    char *line = NULL;
    if (text && asprintf(&line, "%s\n", text) < 0)
        line = NULL;
    free(text);
    rp_http_answer(reply, status, "text/plain; charset=utf-8", line, line ? strlen(line) : 0);
}

void rp_http_send_file(rp_http_reply *reply, const char *type, int fd, uint64_t size, int64_t modified_s,
                       const char *etag)
{
    reply->status = 200;
    reply->type = type;
    reply->fd = fd;
    reply->file_size = size;
    reply->modified_s = modified_s;
    (void)snprintf(reply->etag, sizeof reply->etag, "%s", etag);
}

void rp_http_add_header(rp_http_reply *reply, const char *name, const char *value)
{
    if (reply->nheaders == RP_HTTP_MAX_HEADERS)
        return;
    reply->header[reply->nheaders][0] = name;
    reply->header[reply->nheaders++][1] = value;
}

void rp_http_reply_clear(rp_http_reply *reply)
{
    free(reply->bytes);
    if (reply->fd >= 0)
        (void)close(reply->fd);
    *reply = (rp_http_reply){.fd = -1};
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void set(struct MHD_Response *response, const char *name, const char *value)
{
    (void)MHD_add_response_header(response, name, value);
}

/* A file, the part of it that was asked for, or a status without one. */
static struct MHD_Response *file_response(struct MHD_Connection *connection, rp_http_reply *reply, uint64_t *sent)
{
    const rp_http_conditions conditions = {
        .if_match = header_of(connection, "If-Match"),
        .if_none_match = header_of(connection, "If-None-Match"),
        .if_modified_since = header_of(connection, "If-Modified-Since"),
        .if_unmodified_since = header_of(connection, "If-Unmodified-Since"),
        .if_range = header_of(connection, "If-Range"),
        .range = header_of(connection, "Range"),
    };
    const rp_http_part part = rp_http_choose(&conditions, reply->file_size, reply->etag, reply->modified_s);
    const bool has_bytes = part.status == 200 || part.status == 206;
    char text[96];
    struct MHD_Response *response;
    if (has_bytes && part.size > 0) {
        response = MHD_create_response_from_fd_at_offset64(part.size, reply->fd, part.first);
        reply->fd = response ? -1 : reply->fd; /* the library closes it */
    } else {
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
    if (!response)
        return NULL;
    reply->status = part.status;
    *sent = has_bytes ? part.size : 0;
    set(response, "Accept-Ranges", "bytes");
    set(response, "ETag", reply->etag);
    rp_http_date(text, reply->modified_s);
    set(response, "Last-Modified", text);
    if (part.status == 206)
        (void)snprintf(text, sizeof text, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, part.first,
                       part.first + part.size - 1, reply->file_size);
    else
        (void)snprintf(text, sizeof text, "bytes */%" PRIu64, reply->file_size);
    if (part.status == 206 || part.status == 416)
        set(response, "Content-Range", text);
    return response;
}

static struct MHD_Response *bytes_response(rp_http_reply *reply, uint64_t *sent)
{
    const size_t size = reply->bytes ? reply->size : 0;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        size, reply->bytes, reply->bytes ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response)
        reply->bytes = NULL;
    *sent = size;
    return response;
}

enum MHD_Result rp_http_reply_queue(rp_http_exchange *x, struct MHD_Connection *connection, rp_http_reply *reply)
{
    struct MHD_Response *response =
        reply->fd >= 0 ? file_response(connection, reply, &x->sent) : bytes_response(reply, &x->sent);
    enum MHD_Result result = MHD_NO;
    if (response) {
        if (reply->type && reply->status != 304)
            set(response, "Content-Type", reply->type);
        set(response, "X-Content-Type-Options", "nosniff");
        for (size_t i = 0; i < reply->nheaders; i++)
            set(response, reply->header[i][0], reply->header[i][1]);
        x->status = reply->status;
        rp_http_client_allow(x->client, x->server->options.idle_s + (int64_t)(x->sent / x->server->options.least_rate));
        result = MHD_queue_response(connection, (unsigned)reply->status, response);
        MHD_destroy_response(response);
    }
    rp_http_reply_clear(reply);
    return result;
}
