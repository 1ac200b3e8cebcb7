/* The log: one JSON object for each request. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "archive/http/server_impl.h"

void rp_http_address(char *out, size_t size, const struct sockaddr *address)
{
    out[0] = '\0';
    if (address->sa_family == AF_INET)
        (void)inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, out, (socklen_t)size);
    else if (address->sa_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, out, (socklen_t)size);
}

static void stamp(char *out, size_t size)
{
    struct timespec now;
    struct tm t;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &t);
    (void)strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &t);
}

void rp_http_access(const rp_http_exchange *x, const char *address, bool complete)
{
    const rp_http_options *o = &x->server->options;
    if (!o->access || !x->begun)
        return;
    char time[32];
    stamp(time, sizeof time);
    /* The path only: queries may hold tokens.  A target that could not be read is not repeated. */
    json_t *line =
        json_pack("{s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:b}", "time", time, "client", address, "method", x->method,
                  "path", x->target.path ? x->target.path : "", "status", x->status, "bytes", (json_int_t)x->sent, "ms",
                  (json_int_t)(rp_http_now_ms() - x->begun_ms), "complete", (int)complete);
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    if (text)
        o->access(o->payload, text);
    free(text);
    json_decref(line);
}
