/* Reading lines of JSON: host/reference/crds/json_line.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/json_line.h"
#include "host/reference/crds/python.h"

enum { MAX_DEPTH = 64 };

typedef struct reader {
    char *at, *end;
    rp_json_line *line;
} reader;

static bool fail(reader *r, const char *problem)
{
    if (!r->line->problem)
        r->line->problem = problem;
    return false;
}

static char peek(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
    return r->at < r->end ? *r->at : '\0';
}

static bool take(reader *r, char c)
{
    if (peek(r) != c)
        return fail(r, "not JSON: a brace, bracket, colon or comma is missing");
    r->at++;
    return true;
}

/* ---- texts ---- */

static int hex4(const char *p, const char *end)
{
    int value = 0;
    for (int i = 0; i < 4; i++, p++) {
        const int c = p < end ? *p | 0x20 : 0;
        if (p < end && *p >= '0' && *p <= '9')
            value = value * 16 + (*p - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (c - 'a' + 10);
        else
            return -1;
    }
    return value;
}

static char *put_utf8(char *out, unsigned point)
{
    if (point < 0x80) {
        *out++ = (char)point;
    } else if (point < 0x800) {
        *out++ = (char)(0xc0U | point >> 6);
        *out++ = (char)(0x80U | (point & 0x3fU));
    } else if (point < 0x10000) {
        *out++ = (char)(0xe0U | point >> 12);
        *out++ = (char)(0x80U | (point >> 6 & 0x3fU));
        *out++ = (char)(0x80U | (point & 0x3fU));
    } else {
        *out++ = (char)(0xf0U | point >> 18);
        *out++ = (char)(0x80U | (point >> 12 & 0x3fU));
        *out++ = (char)(0x80U | (point >> 6 & 0x3fU));
        *out++ = (char)(0x80U | (point & 0x3fU));
    }
    return out;
}

/* \uXXXX, two of them for points above U+FFFF; what is left of it is never longer than the escape. */
static char *unescape_u(reader *r, char *out)
{
    int point = hex4(r->at, r->end);
    if (point < 0)
        return NULL;
    r->at += 4;
    if (point >= 0xd800 && point < 0xdc00 && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u') {
        const int low = hex4(r->at + 2, r->end);
        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            r->at += 6;
        }
    }
    if (point >= 0xd800 && point < 0xe000)
        point = 0xfffd;
    return point ? put_utf8(out, (unsigned)point) : NULL;
}

static bool read_escaped(reader *r, char *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    while (r->at < r->end && *r->at != '"') {
        if ((unsigned char)*r->at < 0x20)
            return fail(r, "not JSON: a control character in a text");
        if (*r->at != '\\') {
            *out++ = *r->at++;
            continue;
        }
        if (r->end - r->at < 2)
            break;
        const char c = r->at[1];
        const char *known = c ? strchr(from, c) : NULL;
        r->at += 2;
        if (known)
            *out++ = to[known - from];
        else if (c != 'u' || !(out = unescape_u(r, out)))
            return fail(r, "not JSON: a bad escape in a text");
    }
    if (r->at >= r->end)
        return fail(r, "not JSON: a text without its closing quote");
    r->at++;
    *out = '\0';
    return true;
}

/* The first byte from p on that a text cannot simply hold; eight at a time. */
static char *skip_plain(char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101ULL, high = 0x8080808080808080ULL;
    for (; end - p >= 8; p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        const uint64_t quote = word ^ ones * '"', slash = word ^ ones * '\\';
        const uint64_t found =
            (((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & high;
        if (found)
            break;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    return p;
}

static bool read_text(reader *r, const char **text)
{
    if (!take(r, '"'))
        return false;
    *text = r->at;
    char *p = skip_plain(r->at, r->end);
    r->at = p;
    if (p >= r->end || *p != '"')
        return read_escaped(r, p);
    *p = '\0';
    r->at++;
    return true;
}

/* ---- values ---- */

static bool read_word(reader *r, const char *word)
{
    const size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return fail(r, "not JSON: a value is missing");
    r->at += n;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Steps over a number; false when there is none. */
static bool skip_number(reader *r, bool *is_float)
{
    char *p = r->at;
    *is_float = false;
    p += *p == '-';
    if (p >= r->end || !is_digit(*p))
        return fail(r, "not JSON: a value is missing");
    if (*p == '0' && p + 1 < r->end && is_digit(p[1]))
        return fail(r, "not JSON: a number begins with 0");
    while (p < r->end && (is_digit(*p) || *p == '.' || (*p | 0x20) == 'e' || *p == '-' || *p == '+')) {
        *is_float = *is_float || *p == '.' || (*p | 0x20) == 'e';
        p++;
    }
    r->at = p;
    return true;
}

/* str() of the number that Python reads. */
static bool read_number(reader *r, const char **text)
{
    const char *begin = r->at;
    bool is_float;
    if (!skip_number(r, &is_float))
        return false;
    size_t length = (size_t)(r->at - begin);
    char spelled[RP_FLOAT_TEXT];
    double value;
    if (is_float) {
        if (!rp_python_parse_float(begin, length, &value) || memchr(begin, '_', length))
            return fail(r, "not JSON: a bad number");
        length = rp_python_float(spelled, value);
        begin = spelled;
    } else if (length == 2 && begin[0] == '-' && begin[1] == '0') {
        begin = "0";
        length = 1;
    }
    *text = rp_arena_copy(&r->line->arena, begin, length);
    return *text || fail(r, "no memory");
}

/* Python's json also takes NaN and infinities. */
static bool read_value(reader *r, const char **text)
{
    switch (peek(r)) {
    case '"':
        return read_text(r, text);
    case 't':
        *text = "True";
        return read_word(r, "true");
    case 'f':
        *text = "False";
        return read_word(r, "false");
    case 'n':
        *text = "None";
        return read_word(r, "null");
    case 'N':
        *text = "nan";
        return read_word(r, "NaN");
    case 'I':
        *text = "inf";
        return read_word(r, "Infinity");
    case '{':
    case '[':
        return fail(r, "a header value is a list or an object; it must be text, a number or a logical");
    case '-':
        if (r->end - r->at > 1 && r->at[1] == 'I') {
            *text = "-inf";
            return read_word(r, "-Infinity");
        }
        return read_number(r, text);
    default:
        return read_number(r, text);
    }
}

static bool skip_value(reader *r, int depth)
{
    const char *ignored;
    const char open = peek(r), close = open == '{' ? '}' : ']';
    if (open != '{' && open != '[')
        return read_value(r, &ignored);
    if (depth > MAX_DEPTH)
        return fail(r, "nested too deeply");
    r->at++;
    if (peek(r) == close)
        return take(r, close);
    for (;;) {
        if (open == '{' && (!read_text(r, &ignored) || !take(r, ':')))
            return false;
        if (!skip_value(r, depth + 1))
            return false;
        if (peek(r) == close)
            return take(r, close);
        if (!take(r, ','))
            return false;
    }
}

/* ---- members ---- */

static bool read_header(reader *r)
{
    rp_json_line *line = r->line;
    line->nitems = 0;
    if (peek(r) != '{')
        return fail(r, "the header is not an object");
    r->at++;
    if (peek(r) == '}')
        return take(r, '}');
    for (;;) {
        if (!rp_grow(&line->item, &line->items_room, line->nitems, sizeof *line->item))
            return fail(r, "no memory");
        rp_header_item *item = &line->item[line->nitems++];
        if (!read_text(r, &item->name) || !take(r, ':') || !read_value(r, &item->value))
            return false;
        if (peek(r) == '}')
            return take(r, '}');
        if (!take(r, ','))
            return false;
    }
}

static bool read_types(reader *r)
{
    rp_json_line *line = r->line;
    line->ntypes = 0;
    if (peek(r) == 'n')
        return read_word(r, "null");
    if (peek(r) != '[')
        return fail(r, "types is neither a list nor null");
    r->at++;
    if (peek(r) == ']')
        return take(r, ']');
    for (;;) {
        if (!rp_grow(&line->type, &line->types_room, line->ntypes, sizeof *line->type))
            return fail(r, "no memory");
        if (peek(r) != '"')
            return fail(r, "a type is not a text");
        if (!read_text(r, &line->type[line->ntypes++]))
            return false;
        if (peek(r) == ']')
            return take(r, ']');
        if (!take(r, ','))
            return false;
    }
}

static bool read_member(reader *r, bool *has_header)
{
    const char *key;
    if (!read_text(r, &key) || !take(r, ':'))
        return false;
    if (strcmp(key, "header") == 0) {
        *has_header = true;
        return read_header(r);
    }
    if (strcmp(key, "types") == 0)
        return read_types(r);
    if (strcmp(key, "id") == 0 && peek(r) == '"')
        return read_text(r, &r->line->id);
    return skip_value(r, 0);
}

bool rp_json_line_read(rp_json_line *line, char *text, size_t length)
{
    reader r = {text, text + length, line};
    bool has_header = false;
    rp_arena_reset(&line->arena);
    line->id = line->problem = NULL;
    line->nitems = line->ntypes = 0;
    if (peek(&r) != '{')
        return fail(&r, "the line is not a JSON object");
    r.at++;
    if (peek(&r) == '}') {
        r.at++;
    } else {
        for (;;) {
            if (!read_member(&r, &has_header))
                return false;
            if (peek(&r) == '}')
                break;
            if (!take(&r, ','))
                return false;
        }
        r.at++;
    }
    if (peek(&r) != '\0' || r.at != r.end)
        return fail(&r, "not JSON: something stands behind the object");
    return has_header || fail(&r, "the line has no header");
}

void rp_json_line_clear(rp_json_line *line)
{
    rp_arena_clear(&line->arena);
    free(line->item);
    free(line->type);
    *line = (rp_json_line){0};
}
