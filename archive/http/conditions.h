/* Range and conditional requests (RFC 9110, sections 13 and 14), apart from any connection. */
#ifndef RP_ARCHIVE_HTTP_CONDITIONS_H
#define RP_ARCHIVE_HTTP_CONDITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RP_HTTP_DATE = 32 };

/* What a request says; NULL where it does not. */
typedef struct rp_http_conditions {
    const char *if_match, *if_none_match, *if_modified_since, *if_unmodified_since, *if_range, *range;
} rp_http_conditions;

/* The part of the file to send. */
typedef struct rp_http_part {
    int status; /* 200, 206, 304, 412, 416 */
    uint64_t first, size;
} rp_http_part;

/* `etag` with its quotes; modified_s since 1970.  Several ranges in one request are not served in parts: the whole file
 * is (RFC 9110, 14.2 allows it), so that no request makes more work than the file is long. */
rp_http_part rp_http_choose(const rp_http_conditions *conditions, uint64_t size, const char *etag, int64_t modified_s);

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void rp_http_date(char out[RP_HTTP_DATE], int64_t seconds);
bool rp_http_date_parse(const char *text, int64_t *seconds);

#endif
