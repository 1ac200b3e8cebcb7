/* The HTTP server that carries all services of the archive: routes, requests, replies.
 *
 * A service gives a table of routes; a handler gets a whole, checked request and fills in a reply.  What the layer does
 * for everybody: strict reading of request lines and headers; bounded headers, bodies, connections and times; one
 * decoding of the path, without "." and ".." in any spelling; HEAD; files with Range and conditional requests; one line
 * of log for each request.  Handlers run on a few threads at once and must not block for long.
 *
 * TLS, HTTP/2 and HSTS are the work of a reverse proxy: docs/operations/http.md. */
#ifndef RP_ARCHIVE_HTTP_HTTP_H
#define RP_ARCHIVE_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

/* ---- requests ---- */

typedef struct rp_http_pair {
    char *name, *value;
} rp_http_pair;

enum { RP_HTTP_GET = 1, RP_HTTP_POST = 2 }; /* HEAD goes with GET */

/* Valid during the call of the handler. */
typedef struct rp_http_request {
    unsigned method;  /* RP_HTTP_GET or RP_HTTP_POST */
    const char *path; /* decoded, UTF-8, begins with '/' */
    const char *rest; /* the part of it that a route's '*' stands for, else "" */
    const char *body; /* terminated by NUL, which does not count */
    size_t body_size;
    const rp_http_pair *parameter; /* of the query, decoded, in order */
    size_t nparameters;
    void *connection; /* for rp_http_header */
} rp_http_request;

/* The value of a header, NULL when there is none. */
const char *rp_http_header(const rp_http_request *request, const char *name);
/* The first query parameter of this name, NULL when there is none. */
const char *rp_http_parameter(const rp_http_request *request, const char *name);

/* ---- replies ---- */

enum { RP_HTTP_MAX_HEADERS = 8, RP_HTTP_MAX_ETAG = 80 };

typedef struct rp_http_reply {
    int status;
    const char *type; /* Content-Type */
    char *bytes;      /* owned by the reply; freed with free() */
    size_t size;
    int fd; /* a file: -1 for none; closed with the reply */
    uint64_t file_size;
    int64_t modified_s;                         /* since 1970, UTC */
    char etag[RP_HTTP_MAX_ETAG];                /* with its quotes; strong: names these bytes and no others */
    const char *header[RP_HTTP_MAX_HEADERS][2]; /* names and values are static texts, or live as long as the server */
    size_t nheaders;
} rp_http_reply;

/* Takes `bytes` over. */
void rp_http_answer(rp_http_reply *reply, int status, const char *type, char *bytes, size_t size);
/* One line of plain text. */
void rp_http_say(rp_http_reply *reply, int status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Takes `fd` over.  The layer turns it into 200, 206, 304, 412 or 416. */
void rp_http_send_file(rp_http_reply *reply, const char *type, int fd, uint64_t size, int64_t modified_s,
                       const char *etag);
void rp_http_add_header(rp_http_reply *reply, const char *name, const char *value);

/* ---- services ---- */

typedef void rp_http_handler(void *service, const rp_http_request *request, rp_http_reply *reply);

typedef struct rp_http_route {
    unsigned methods;
    const char *path; /* below the mount: "/files/one", or "/files/" and '*' for everything below */
    rp_http_handler *handler;
    size_t max_body; /* bytes of a POST */
} rp_http_route;

/* The table and the service live as long as the server. */
typedef struct rp_http_mount {
    const char *prefix; /* "/crds" */
    const rp_http_route *route;
    size_t nroutes;
    void *service;
} rp_http_mount;

/* ---- the server ---- */

typedef struct rp_http_options {
    const char *host;    /* numeric address; NULL: 127.0.0.1 */
    uint16_t port;       /* 0: the system chooses */
    int threads;         /* 0: 4 */
    int connections;     /* at once; 0: 1000 */
    int idle_s;          /* an idle connection is closed after this; 0: 30 */
    int head_s;          /* a request must have arrived within this; 0: 20 */
    int body_s;          /* its body within this after the head; 0: 60 */
    uint32_t least_rate; /* bytes a second at which a reply must be read; 0: 16384 */
    /* One JSON object, without newline, for each request; from several threads.  NULL: none. */
    void (*access)(void *payload, const char *line);
    void *payload;
} rp_http_options;

typedef struct rp_http_server rp_http_server;

/* Takes the port; nobody is answered yet. */
rp_code rp_http_open(rp_http_server **out, const rp_http_options *options, rp_error *err);
uint16_t rp_http_port(const rp_http_server *server);
/* Answers from here on, once.  The mounts are copied. */
rp_code rp_http_serve(rp_http_server *server, const rp_http_mount *mount, size_t nmounts, rp_error *err);
/* Ends all connections.  NULL is fine. */
void rp_http_close(rp_http_server *server);

#endif
