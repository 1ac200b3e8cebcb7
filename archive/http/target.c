/* See target.h. */
#include "archive/http/target.h"

#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Bytes of the UTF-8 sequence at `text`, 0 when it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *text)
{
    static const struct {
        unsigned char lead, mask;
        uint32_t least;
        size_t length;
    } forms[] = {{0x00, 0x80, 0, 1}, {0xc0, 0xe0, 0x80, 2}, {0xe0, 0xf0, 0x800, 3}, {0xf0, 0xf8, 0x10000, 4}};
    for (size_t k = 0; k < sizeof forms / sizeof *forms; k++) {
        if ((text[0] & forms[k].mask) != forms[k].lead)
            continue;
        uint32_t value = text[0] & (unsigned char)~forms[k].mask;
        for (size_t i = 1; i < forms[k].length; i++) {
            if ((text[i] & 0xc0) != 0x80)
                return 0;
            value = value << 6 | (text[i] & 0x3fu);
        }
        const bool sound = value >= forms[k].least && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
        return sound ? forms[k].length : 0;
    }
    return 0;
}

static bool is_utf8(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        const size_t n = utf8_length(p);
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

/* Decodes `size` bytes; `plus` is a space in queries.  NULL (and *status) when they are no good. */
static char *decode(const char *text, size_t size, bool in_path, int *status)
{
    char *out = malloc(size + 1), *end = out;
    *status = out ? 400 : 503;
    for (size_t i = 0; out && i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        const bool encoded = c == '%';
        if (encoded) {
            if (i + 2 >= size || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0)
                goto bad;
            c = (unsigned char)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
            i += 2;
        } else if (c == '+' && !in_path) {
            c = ' ';
        }
        if (c == 0 || c == 0x7f || (in_path && (c < 0x20 || c == '\\' || (encoded && c == '/'))))
            goto bad;
        *end++ = (char)c;
    }
    if (!out)
        return NULL;
    *end = '\0';
    if (is_utf8(out)) {
        *status = 0;
        return out;
    }
bad:
    free(out);
    return NULL;
}

static bool climbs(const char *path)
{
    for (const char *part = path; part;) {
        const size_t n = strcspn(part, "/");
        if ((n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
            return true;
        part = part[n] ? part + n + 1 : NULL;
    }
    return false;
}

static int parse_query(rp_http_target *out, const char *query)
{
    size_t count = 1;
    for (const char *p = query; *p; p++)
        count += *p == '&';
    if (count > RP_HTTP_MAX_PARAMETERS)
        return 414;
    out->parameter = calloc(count, sizeof *out->parameter);
    if (!out->parameter)
        return 503;
    while (*query) {
        const size_t n = strcspn(query, "&"), equals = strcspn(query, "=&");
        int status = 0;
        if (n > 0) {
            rp_http_pair *pair = &out->parameter[out->nparameters++];
            pair->name = decode(query, equals, false, &status);
            if (status == 0)
                pair->value = decode(query + equals + (equals < n), n - equals - (equals < n), false, &status);
        }
        if (status)
            return status;
        query += n + (query[n] == '&');
    }
    return 0;
}

int rp_http_target_parse(rp_http_target *out, const char *raw)
{
    *out = (rp_http_target){0};
    if (strlen(raw) > RP_HTTP_MAX_TARGET)
        return 414;
    if (strncmp(raw, "http://", 7) == 0 || strncmp(raw, "https://", 8) == 0) {
        const char *authority = strstr(raw, "://") + 3;
        raw = authority + strcspn(authority, "/?#");
        if (raw == authority)
            return 400;
    }
    if (raw[0] != '/' || strchr(raw, '#'))
        return 400;
    int status;
    const size_t n = strcspn(raw, "?");
    out->path = decode(raw, n, true, &status);
    if (status)
        return status;
    if (climbs(out->path))
        return 400;
    return raw[n] ? parse_query(out, raw + n + 1) : 0;
}

void rp_http_target_clear(rp_http_target *target)
{
    for (size_t i = 0; i < target->nparameters; i++) {
        free(target->parameter[i].name);
        free(target->parameter[i].value);
    }
    free(target->parameter);
    free(target->path);
    *target = (rp_http_target){0};
}
