/* The target of a request: path and query, decoded once. */
#ifndef RP_ARCHIVE_HTTP_TARGET_H
#define RP_ARCHIVE_HTTP_TARGET_H

#include "archive/http/http.h"

enum { RP_HTTP_MAX_TARGET = 16384, RP_HTTP_MAX_PARAMETERS = 1024 };

typedef struct rp_http_target {
    char *path;
    rp_http_pair *parameter;
    size_t nparameters;
} rp_http_target;

/* "/a/b?c=d" or "http://host/a/b?c=d" (as proxies are asked).  The status to refuse with, or 0.
 * Refused: bad percent signs, control characters, backslashes, encoded slashes, "." and ".." as a part of the path,
 * bytes that are no UTF-8.  Clear the target in every case. */
int rp_http_target_parse(rp_http_target *out, const char *raw);
void rp_http_target_clear(rp_http_target *target);

#endif
