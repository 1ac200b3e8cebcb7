/* See conditions.h. */
#include "archive/http/conditions.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const char *const weekdays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void rp_http_date(char out[RP_HTTP_DATE], int64_t seconds)
{
    struct tm t = {0};
    const time_t when = (time_t)seconds;
    if (!gmtime_r(&when, &t) || t.tm_year < -1900 || t.tm_year > 8099)
        t = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
    (void)snprintf(out, RP_HTTP_DATE, "%s, %02u %s %04u %02u:%02u:%02u GMT", weekdays[t.tm_wday % 7],
                   (unsigned)t.tm_mday % 100u, months[t.tm_mon % 12], (unsigned)(t.tm_year + 1900) % 10000u,
                   (unsigned)t.tm_hour % 100u, (unsigned)t.tm_min % 100u, (unsigned)t.tm_sec % 100u);
}

bool rp_http_date_parse(const char *text, int64_t *seconds)
{
    char month[4];
    struct tm t = {0};
    int end = 0;
    if (strlen(text) != 29 ||
        sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &t.tm_mday, month, &t.tm_year, &t.tm_hour,
               &t.tm_min, &t.tm_sec, &end) != 6 ||
        end != 29)
        return false;
    for (t.tm_mon = 0; t.tm_mon < 12 && strcmp(month, months[t.tm_mon]) != 0; t.tm_mon++)
        ;
    if (t.tm_mon == 12 || t.tm_mday < 1 || t.tm_mday > 31 || t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 60)
        return false;
    t.tm_year -= 1900;
    *seconds = (int64_t)timegm(&t);
    return true;
}

/* Does a list of entity tags name ours?  Weak ones are equal only where `weak` says so. */
static bool names_tag(const char *list, const char *etag, bool weak)
{
    const size_t length = strlen(etag);
    for (const char *p = list; *p;) {
        p += strspn(p, " \t,");
        if (*p == '*')
            return true;
        const bool is_weak = strncmp(p, "W/", 2) == 0;
        p += is_weak ? 2 : 0;
        if (*p != '"')
            return false;
        const size_t n = strcspn(p + 1, "\"") + 2;
        if ((!is_weak || weak) && n == length && strncmp(p, etag, n) == 0)
            return true;
        p += strnlen(p, n);
    }
    return false;
}

static bool changed_since(const char *date, int64_t modified_s)
{
    int64_t since;
    return !rp_http_date_parse(date, &since) || modified_s > since;
}

/* 0 when the request is to be answered with the file. */
static int precondition(const rp_http_conditions *c, const char *etag, int64_t modified_s)
{
    int64_t ignored;
    if (c->if_match ? !names_tag(c->if_match, etag, false)
                    : c->if_unmodified_since && rp_http_date_parse(c->if_unmodified_since, &ignored) &&
                          changed_since(c->if_unmodified_since, modified_s))
        return 412;
    if (c->if_none_match)
        return names_tag(c->if_none_match, etag, true) ? 304 : 0;
    return c->if_modified_since && !changed_since(c->if_modified_since, modified_s) ? 304 : 0;
}

/* Digits to a number that stays at the largest when it is too large; false without digits. */
static bool read_number(const char **text, uint64_t *out)
{
    const char *p = *text;
    for (*out = 0; *p >= '0' && *p <= '9'; p++) {
        const uint64_t digit = (uint64_t)(*p - '0');
        *out = *out > (UINT64_MAX - digit) / 10 ? UINT64_MAX : *out * 10 + digit;
    }
    const bool any = p != *text;
    *text = p;
    return any;
}

static rp_http_part choose_range(const char *text, uint64_t size)
{
    const rp_http_part whole = {200, 0, size}, none = {416, 0, 0};
    uint64_t first = 0, last = UINT64_MAX;
    if (strncasecmp(text, "bytes=", 6) != 0)
        return whole;
    text += 6;
    const bool has_first = read_number(&text, &first);
    if (*text++ != '-')
        return whole;
    const bool has_last = read_number(&text, &last);
    if (*text || (!has_first && !has_last) || (has_first && has_last && last < first))
        return whole;
    if (!has_first) { /* the last bytes */
        if (last == 0 || size == 0)
            return none;
        return (rp_http_part){206, last < size ? size - last : 0, last < size ? last : size};
    }
    if (first >= size)
        return none;
    if (!has_last || last >= size)
        last = size - 1;
    return (rp_http_part){206, first, last - first + 1};
}

/* If-Range: the part is good only for the very bytes that the client has a piece of. */
static bool same_file(const char *if_range, const char *etag, int64_t modified_s)
{
    int64_t since;
    return rp_http_date_parse(if_range, &since) ? since == modified_s : strcmp(if_range, etag) == 0;
}

rp_http_part rp_http_choose(const rp_http_conditions *c, uint64_t size, const char *etag, int64_t modified_s)
{
    const int status = precondition(c, etag, modified_s);
    if (status)
        return (rp_http_part){status, 0, 0};
    if (!c->range || (c->if_range && !same_file(c->if_range, etag, modified_s)))
        return (rp_http_part){200, 0, size};
    return choose_range(c->range, size);
}
