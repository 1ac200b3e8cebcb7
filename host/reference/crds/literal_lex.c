/* Words, texts and numbers: host/reference/crds/literal_lex.h. */
#include <ctype.h>
#include <string.h>

#include "host/reference/crds/literal_lex.h"

static rp_code no_memory(rp_parser *p)
{
    return rp_fail(p->err, RP_E_MEMORY, "%s: no memory to parse it", p->name);
}

void rp_parser_skip(rp_parser *p)
{
    for (; p->at < p->end; p->at++) {
        if (*p->at == '#')
            while (p->at < p->end && *p->at != '\n')
                p->at++;
        if (p->at == p->end)
            return;
        if (*p->at == '\n')
            p->line++;
        else if (*p->at == '\\' && p->end - p->at > 1 && p->at[1] == '\n')
            continue;
        else if (!memchr(" \t\r\f", *p->at, 4))
            return;
    }
}

bool rp_parser_at_word(const rp_parser *p)
{
    return p->at < p->end && (isalpha((unsigned char)*p->at) || *p->at == '_');
}

const char *rp_parser_word(rp_parser *p, size_t *length)
{
    const char *begin = p->at;
    while (p->at < p->end && (isalnum((unsigned char)*p->at) || *p->at == '_'))
        p->at++;
    *length = (size_t)(p->at - begin);
    return begin;
}

bool rp_parser_at_text(const rp_parser *p)
{
    const char *at = p->at;
    if (at < p->end && memchr("rRuU", *at, 4))
        at++;
    return at < p->end && (*at == '\'' || *at == '"');
}

static void put_utf8(rp_buffer *out, unsigned point)
{
    if (point < 0x80) {
        rp_buffer_putc(out, (char)point);
        return;
    }
    if (point < 0x800) {
        rp_buffer_putc(out, (char)(0xc0U | point >> 6));
    } else {
        if (point < 0x10000) {
            rp_buffer_putc(out, (char)(0xe0U | point >> 12));
        } else {
            rp_buffer_putc(out, (char)(0xf0U | point >> 18));
            rp_buffer_putc(out, (char)(0x80U | (point >> 12 & 0x3fU)));
        }
        rp_buffer_putc(out, (char)(0x80U | (point >> 6 & 0x3fU)));
    }
    rp_buffer_putc(out, (char)(0x80U | (point & 0x3fU)));
}

/* Digits of \xHH, \uHHHH, \UHHHHHHHH and \OOO. */
static rp_code escaped_number(rp_parser *p, rp_buffer *out, char kind)
{
    const int digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 3;
    const bool octal = digits == 3;
    unsigned long long value = 0;
    int n = 0;
    for (; n < digits && p->at < p->end; n++, p->at++) {
        const unsigned char c = (unsigned char)*p->at;
        if (octal ? c < '0' || c > '7' : !isxdigit(c))
            break;
        value = value * (octal ? 8U : 16U) + (unsigned)(isdigit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    if ((!octal && n < digits) || value > 0x10ffff || (value >= 0xd800 && value < 0xe000) || value == 0)
        return rp_parser_fail(p, "a bad escape in a text");
    put_utf8(out, (unsigned)value);
    return RP_OK;
}

/* Behind a backslash. */
static rp_code escape(rp_parser *p, rp_buffer *out)
{
    static const char from[] = "\\'\"abfnrtv", to[] = "\\'\"\a\b\f\n\r\t\v";
    const char c = *p->at++;
    const char *known = strchr(from, c);
    if (c == '\n') {
        p->line++;
        return RP_OK;
    }
    if (known) {
        rp_buffer_putc(out, to[known - from]);
        return RP_OK;
    }
    if (c == 'x' || c == 'u' || c == 'U')
        return escaped_number(p, out, c);
    if (c >= '0' && c <= '7') {
        p->at--;
        return escaped_number(p, out, '0');
    }
    rp_buffer_putc(out, '\\'); /* Python keeps the backslash of an escape that it does not know */
    rp_buffer_putc(out, c);
    return c == 'N' ? rp_parser_fail(p, "a named character in a text") : RP_OK;
}

static bool at_quotes(const rp_parser *p, char quote, int n)
{
    return p->end - p->at >= n && p->at[0] == quote && (n == 1 || (p->at[1] == quote && p->at[2] == quote));
}

static rp_code one_text(rp_parser *p, rp_buffer *out)
{
    bool raw = false;
    if (*p->at != '\'' && *p->at != '"')
        raw = (*p->at++ | 0x20) == 'r';
    const char quote = *p->at;
    const int n = at_quotes(p, quote, 3) ? 3 : 1;
    rp_code code = RP_OK;
    for (p->at += n; !code && !at_quotes(p, quote, n);) {
        if (p->at == p->end || (*p->at == '\n' && n == 1))
            return rp_parser_fail(p, "a text without its closing quote");
        if (*p->at == '\\' && p->end - p->at > 1) {
            p->at++;
            if (!raw) {
                code = escape(p, out);
                continue;
            }
            rp_buffer_putc(out, '\\');
        }
        p->line += *p->at == '\n';
        rp_buffer_putc(out, *p->at++);
    }
    p->at += n;
    return code;
}

/* A text on one line without escapes, which nearly all are, can stay where it is. */
static bool plain_text(rp_parser *p, const char **text, size_t *length)
{
    const char quote = *p->at;
    const char *close = p->at + 1;
    while (close < p->end && *close != quote && *close != '\\' && *close != '\n')
        close++;
    if (close == p->end || *close != quote || (quote != '\'' && quote != '"'))
        return false;
    rp_parser after = *p;
    after.at = close + 1;
    if (after.at < p->end && *after.at == quote)
        return false;
    rp_parser_skip(&after);
    if (rp_parser_at_text(&after))
        return false;
    *length = (size_t)(close - p->at - 1);
    *text = rp_arena_copy(p->arena, p->at + 1, *length);
    p->at = close + 1;
    return true;
}

rp_code rp_parser_text(rp_parser *p, const char **text, size_t *length)
{
    if (plain_text(p, text, length))
        return *text ? RP_OK : no_memory(p);
    rp_buffer whole = {0};
    rp_code code = RP_OK;
    do {
        code = one_text(p, &whole);
        if (!code)
            rp_parser_skip(p);
    } while (!code && rp_parser_at_text(p));
    if (!code && memchr(rp_buffer_text(&whole), '\0', whole.size))
        code = rp_parser_fail(p, "a zero byte in a text");
    if (!code) {
        *length = whole.size;
        *text = rp_buffer_keep(&whole, p->arena);
        code = *text && !whole.failed ? RP_OK : no_memory(p);
    }
    rp_buffer_clear(&whole);
    return code;
}

/* The characters of a number without '_' and with its sign; *is_float when it has a point or exponent. */
static size_t collect(rp_parser *p, char *out, size_t room, bool *is_float)
{
    size_t n = 0;
    *is_float = false;
    for (; p->at < p->end && (*p->at == '-' || *p->at == '+'); p->at++)
        if (*p->at == '-') {
            n = n ? 0 : 1; /* -- is + */
            out[0] = '-';
        }
    while (p->at < p->end && n < room - 1) {
        const char c = *p->at;
        const bool sign = (c == '-' || c == '+') && n && (out[n - 1] | 0x20) == 'e';
        if (!isalnum((unsigned char)c) && c != '.' && c != '_' && !sign)
            break;
        *is_float = *is_float || c == '.' || (c | 0x20) == 'e';
        if (c != '_')
            out[n++] = c;
        p->at++;
    }
    out[n] = '\0';
    return n;
}

rp_code rp_parser_number(rp_parser *p, const char **text, double *number, bool *is_float)
{
    char digits[64], repr[RP_FLOAT_TEXT];
    size_t n = collect(p, digits, sizeof digits, is_float);
    const char *begin = digits + (digits[0] == '-');
    long long integer;
    if (*is_float) {
        if (!rp_python_parse_float(digits, n, number) || isalpha((unsigned char)*begin))
            return rp_parser_fail(p, "a bad number");
        n = rp_python_float(repr, *number);
        *text = rp_arena_copy(p->arena, repr, n);
        return *text ? RP_OK : no_memory(p);
    }
    if (!rp_python_parse_int(digits, n, &integer) || (begin[0] == '0' && strspn(begin, "0") != strlen(begin)) ||
        !rp_python_parse_float(digits, n, number))
        return rp_parser_fail(p, "a bad number");
    if (begin[0] == '0')
        begin += strlen(begin) - 1; /* 00 and -0 are 0 */
    else
        begin = digits;
    *text = rp_arena_copy(p->arena, begin, strlen(begin));
    return *text ? RP_OK : no_memory(p);
}
