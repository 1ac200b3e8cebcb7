/* Private to archive/http: the server's parts and what they share. */
#ifndef RP_ARCHIVE_HTTP_SERVER_IMPL_H
#define RP_ARCHIVE_HTTP_SERVER_IMPL_H

#include <microhttpd.h>
#include <pthread.h>

#include "archive/http/http.h"
#include "archive/http/target.h"

/* ---- watch.c: no connection may take longer than it was given ---- */

typedef struct rp_http_watch rp_http_watch;

/* One connection; belongs to the watch between open and close. */
typedef struct rp_http_client {
    struct rp_http_client *next, *previous;
    rp_http_watch *watch;
    int socket;
    int64_t deadline_ms; /* monotonic */
} rp_http_client;

rp_code rp_http_watch_new(rp_http_watch **out, rp_error *err);
void rp_http_watch_free(rp_http_watch *watch);
/* NULL without memory. */
rp_http_client *rp_http_client_open(rp_http_watch *watch, int socket, int64_t seconds);
void rp_http_client_allow(rp_http_client *client, int64_t seconds); /* from now */
/* Whatever has not been sent when the connection closes is not sent: the kernel would keep it for a reader who does not
 * read. */
void rp_http_client_drop(rp_http_client *client);
void rp_http_client_close(rp_http_client *client);

/* ---- the server ---- */

struct rp_http_server {
    int listener; /* -1 once the daemon owns it */
    uint16_t port;
    struct MHD_Daemon *daemon;
    rp_http_watch *watch;
    rp_http_mount *mount;
    size_t nmounts;
    rp_http_options options;
};

/* ---- exchange.c: one request and its reply ---- */

typedef struct rp_http_exchange {
    const rp_http_server *server;
    rp_http_client *client; /* may be NULL */
    char *raw;              /* the target as it came; NULL without memory */
    rp_http_target target;
    const rp_http_route *route;
    const rp_http_mount *mount;
    const char *rest;
    char *body;
    size_t body_size, body_capacity;
    bool begun;
    int64_t begun_ms;
    char method[16];
    int status;
    uint64_t sent; /* bytes of the reply's body */
} rp_http_exchange;

int64_t rp_http_now_ms(void);

void *rp_http_exchange_new(void *server, const char *raw, struct MHD_Connection *connection);
enum MHD_Result rp_http_exchange_step(void *server, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *upload, size_t *upload_size,
                                      void **state);
void rp_http_exchange_end(void *server, struct MHD_Connection *connection, void **state,
                          enum MHD_RequestTerminationCode code);

/* ---- reply.c ---- */

void rp_http_reply_clear(rp_http_reply *reply);
/* Sends and clears the reply. */
enum MHD_Result rp_http_reply_queue(rp_http_exchange *exchange, struct MHD_Connection *connection,
                                    rp_http_reply *reply);

/* ---- access.c ---- */

/* The address in digits. */
void rp_http_address(char *out, size_t size, const struct sockaddr *address);
void rp_http_access(const rp_http_exchange *exchange, const char *address, bool complete);

#endif
