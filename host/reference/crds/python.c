/* Python's spelling: host/reference/crds/python.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/python.h"
#include "io/params_text.h"

char rp_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

char rp_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool rp_same_letters(const char *a, const char *b)
{
    while (*a && rp_upper(*a) == rp_upper(*b))
        a++, b++;
    return rp_upper(*a) == rp_upper(*b);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void rp_python_strip(const char **text, size_t *length)
{
    while (*length && is_blank(**text))
        (*text)++, (*length)--;
    while (*length && is_blank((*text)[*length - 1]))
        (*length)--;
}

/* ---- numbers ---- */

/* Digits and exponent of the shortest text, laid out as Python does. */
static size_t lay_out(char *out, const char *digits, int ndigits, int exponent, bool negative)
{
    char *p = out;
    if (negative)
        *p++ = '-';
    if (exponent < -4 || exponent >= 16) {
        *p++ = digits[0];
        if (ndigits > 1) {
            *p++ = '.';
            for (int i = 1; i < ndigits; i++)
                *p++ = digits[i];
        }
        return (size_t)(p - out) + (size_t)sprintf(p, "e%+03d", exponent);
    }
    if (exponent < 0) {
        *p++ = '0';
        *p++ = '.';
        for (int i = exponent + 1; i < 0; i++)
            *p++ = '0';
        for (int i = 0; i < ndigits; i++)
            *p++ = digits[i];
    } else {
        for (int i = 0; i <= exponent || i < ndigits; i++) {
            if (i == exponent + 1)
                *p++ = '.';
            *p++ = i < ndigits ? digits[i] : '0';
        }
        if (ndigits <= exponent + 1) {
            *p++ = '.';
            *p++ = '0';
        }
    }
    *p = '\0';
    return (size_t)(p - out);
}

static size_t put_integer(char *out, long long value)
{
    char digits[24];
    size_t n = 0, at = 0;
    if (value < 0)
        out[at++] = '-';
    for (long long left = value < 0 ? -value : value; left; left /= 10)
        digits[n++] = (char)('0' + left % 10);
    while (n)
        out[at++] = digits[--n];
    memcpy(out + at, ".0", 3);
    return at + 2;
}

size_t rp_python_float(char out[RP_FLOAT_TEXT], double value)
{
    if (isnan(value))
        return (size_t)sprintf(out, "nan");
    if (isinf(value))
        return (size_t)sprintf(out, "%s", value < 0 ? "-inf" : "inf");
    if (value == 0.0)
        return (size_t)sprintf(out, "%s", signbit(value) ? "-0.0" : "0.0");
    if (fabs(value) < 1e15 && value == trunc(value))
        return put_integer(out, (long long)value);
    char text[40], digits[24];
    for (int precision = 0; precision < 17; precision++) {
        (void)snprintf(text, sizeof text, "%.*e", precision, value);
        if (precision == 16 || strtod(text, NULL) == value)
            break;
    }
    const char *e = strchr(text, 'e');
    int ndigits = 0;
    for (const char *p = text; p < e; p++)
        if (is_digit(*p))
            digits[ndigits++] = *p;
    while (ndigits > 1 && digits[ndigits - 1] == '0')
        ndigits--;
    return lay_out(out, digits, ndigits, (int)strtol(e + 1, NULL, 10), value < 0);
}

/* The readers of io/params_text.h want an ended text. */
static const char *ended(char *small, size_t room, const char *text, size_t length, char **heap)
{
    *heap = NULL;
    char *copy = length < room ? small : (*heap = malloc(length + 1));
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* Plain decimals of few digits: mantissa and power of ten are exact, so one division rounds correctly. */
static bool parse_short(const char *text, size_t length, double *out)
{
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    const bool negative = length && text[0] == '-';
    size_t i = negative, fraction = 0, digits = 0;
    bool point = false;
    long long mantissa = 0;
    if (length - i > 16)
        return false;
    for (; i < length; i++) {
        if (is_digit(text[i])) {
            mantissa = 10 * mantissa + (text[i] - '0');
            fraction += point;
            digits++;
        } else if (text[i] == '.' && !point) {
            point = true;
        } else {
            return false;
        }
    }
    if (!digits || digits > 15)
        return false;
    *out = (double)mantissa / power[fraction];
    if (negative)
        *out = -*out;
    return true;
}

bool rp_python_parse_float(const char *text, size_t length, double *out)
{
    if (parse_short(text, length, out))
        return true;
    char small[64], *heap;
    const char *copy = ended(small, sizeof small, text, length, &heap);
    const bool good = copy && rp_text_float(copy, out);
    free(heap);
    return good;
}

bool rp_python_parse_int(const char *text, size_t length, long long *out)
{
    rp_python_strip(&text, &length);
    size_t i = 0;
    const bool negative = length && text[0] == '-';
    if (length && (text[0] == '-' || text[0] == '+'))
        i++;
    if (i == length || !is_digit(text[i]) || !is_digit(text[length - 1]))
        return false;
    unsigned long long value = 0;
    const unsigned long long limit = 9223372036854775807ULL;
    for (; i < length; i++) {
        if (text[i] == '_' && is_digit(text[i - 1]))
            continue;
        if (!is_digit(text[i]))
            return false;
        value = value > limit / 10 ? limit : value * 10 + (unsigned long long)(text[i] - '0');
        if (value > limit)
            value = limit;
    }
    *out = negative ? -(long long)value : (long long)value;
    return true;
}

/* ---- quoting ---- */

/* Length of the UTF-8 sequence at text and its code point; 1 and the byte itself where it is not UTF-8. */
static size_t decode(const unsigned char *text, size_t length, unsigned *point)
{
    const unsigned c = text[0];
    const size_t n = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
    *point = c;
    if (n == 1 || n > length)
        return 1;
    unsigned value = c & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        if ((text[i] & 0xc0U) != 0x80U)
            return 1;
        value = value << 6 | (text[i] & 0x3fU);
    }
    *point = value;
    return n;
}

bool rp_is_utf8(const char *text, size_t length)
{
    for (size_t i = 0; i < length;) {
        unsigned point;
        const size_t n =
            (unsigned char)text[i] < 0x80 ? 1 : decode((const unsigned char *)text + i, length - i, &point);
        if (n == 1 && (unsigned char)text[i] >= 0x80)
            return false;
        i += n;
    }
    return true;
}

/* Nearly all texts are printable ASCII without quotes. */
static bool quote_plain(rp_buffer *out, const char *text, size_t length)
{
    char *at = rp_buffer_room(out, length + 3);
    if (!at)
        return true;
    *at++ = '\'';
    for (size_t i = 0; i < length; i++) {
        if (text[i] < ' ' || text[i] > '~' || text[i] == '\'' || text[i] == '\\')
            return false;
        at[i] = text[i];
    }
    at[length] = '\'';
    out->size += length + 2;
    return true;
}

void rp_python_quote(rp_buffer *out, const char *text, size_t length)
{
    if (quote_plain(out, text, length))
        return;
    const char quote = memchr(text, '\'', length) && !memchr(text, '"', length) ? '"' : '\'';
    char escape[16];
    rp_buffer_putc(out, quote);
    for (size_t i = 0; i < length;) {
        unsigned point;
        const size_t n = decode((const unsigned char *)text + i, length - i, &point);
        if (point == (unsigned char)quote || point == '\\') {
            rp_buffer_putc(out, '\\');
            rp_buffer_putc(out, text[i]);
        } else if (point == '\n' || point == '\r' || point == '\t') {
            rp_buffer_puts(out, point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t");
        } else if (point < 0x20 || (point >= 0x7f && point <= 0xa0) || point == 0xad) {
            (void)snprintf(escape, sizeof escape, "\\x%02x", point);
            rp_buffer_puts(out, escape);
        } else {
            rp_buffer_add(out, text + i, n);
        }
        i += n;
    }
    rp_buffer_putc(out, quote);
}

/* ---- the normal form of values ---- */

/* ^([-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?|[+-]?[0-9]+\.)$ */
static bool is_number(const char *text, size_t length)
{
    size_t i = length && (text[0] == '-' || text[0] == '+') ? 1 : 0;
    const size_t whole = i;
    while (i < length && is_digit(text[i]))
        i++;
    const size_t before = i - whole;
    size_t after = before;
    if (i < length && text[i] == '.') {
        const size_t fraction = ++i;
        while (i < length && is_digit(text[i]))
            i++;
        after = i - fraction;
        if (!after)
            return before && i == length;
    }
    if (!after)
        return false;
    if (i < length && text[i] == 'E') {
        i++;
        if (i < length && (text[i] == '-' || text[i] == '+'))
            i++;
        if (i == length)
            return false;
        while (i < length && is_digit(text[i]))
            i++;
    }
    return i == length;
}

static bool begins(const char *text, size_t length, const char *with)
{
    const size_t n = strlen(with);
    return length >= n && memcmp(text, with, n) == 0;
}

static bool is(const char *text, size_t length, const char *with)
{
    return length == strlen(with) && memcmp(text, with, length) == 0;
}

/* crds 14.0.3: the alternatives of its expression are not grouped, so all but the last match any beginning. */
static bool is_dont_care(const char *text, size_t length)
{
    switch (text[0]) {
    case 'N':
        return begins(text, length, "N/A") || begins(text, length, "NOT APPLICABLE") ||
               is(text, length, "NOT_APPLICABLE");
    case '(':
        return begins(text, length, "()");
    case '-':
        return length > 12 && begins(text, length, "-2147483648") && text[11] != '\n' && text[12] == '0';
    default:
        return false;
    }
}

static size_t put(char *out, const char *text)
{
    const size_t n = strlen(text);
    memcpy(out, text, n + 1);
    return n;
}

size_t rp_condition(char *out, const char *text, size_t length)
{
    rp_python_strip(&text, &length);
    for (size_t i = 0; i < length; i++)
        out[i] = rp_upper(text[i]);
    out[length] = '\0';
    if (!length)
        return 0;
    const char first = out[0];
    if (first >= '+' && first <= '9' && is_number(out, length)) {
        double value;
        if (rp_python_parse_float(out, length, &value))
            length = rp_python_float(out, value);
        if (is(out, length, "4294967295.0"))
            return put(out, "-1.0");
    }
    if (is_dont_care(out, length))
        return put(out, "N/A");
    if (first == 'A' && is(out, length, "ANY"))
        return put(out, "*");
    if (first == 'T' && is(out, length, "TRUE"))
        return put(out, "T");
    if (first == 'F' && is(out, length, "FALSE"))
        return put(out, "F");
    return length;
}

/* ---- globs ---- */

/* The class at pattern[0] == '[': does it hold `point`?  Returns its length, 0 when it is not closed. */
static size_t glob_class(const unsigned char *pattern, size_t length, unsigned point, bool *holds)
{
    size_t i = 1;
    const bool negated = i < length && pattern[i] == '!';
    i += negated;
    size_t end = i < length && pattern[i] == ']' ? i + 1 : i;
    while (end < length && pattern[end] != ']')
        end++;
    if (end >= length)
        return 0;
    bool found = false;
    while (i < end) {
        unsigned low, high;
        i += decode(pattern + i, end - i, &low);
        high = low;
        if (i + 1 < end && pattern[i] == '-')
            i += 1 + decode(pattern + i + 1, end - i - 1, &high);
        found = found || (point >= low && point <= high);
    }
    *holds = found != negated;
    return end + 1;
}

/* One element that is not '*' against the text; both are advanced on success. */
static bool glob_one(const unsigned char *p, size_t np, const unsigned char *t, size_t nt, size_t *ip, size_t *it)
{
    unsigned point, wanted;
    if (*it >= nt || *ip >= np)
        return false;
    const size_t step = decode(t + *it, nt - *it, &point);
    size_t taken = 1;
    bool holds = p[*ip] == '?';
    if (p[*ip] == '[' && (taken = glob_class(p + *ip, np - *ip, point, &holds)) == 0) {
        taken = 1;
        holds = point == '[';
    } else if (p[*ip] != '[' && p[*ip] != '?') {
        taken = decode(p + *ip, np - *ip, &wanted);
        holds = wanted == point;
    }
    if (!holds)
        return false;
    *ip += taken;
    *it += step;
    return true;
}

bool rp_glob(const char *pattern, size_t pattern_length, const char *text, size_t length)
{
    const unsigned char *p = (const unsigned char *)pattern, *t = (const unsigned char *)text;
    size_t ip = 0, it = 0, star = pattern_length, mark = 0;
    while (it < length) {
        if (ip < pattern_length && p[ip] == '*') {
            star = ip++;
            mark = it;
        } else if (!glob_one(p, pattern_length, t, length, &ip, &it)) {
            if (star == pattern_length)
                return false;
            unsigned point;
            mark += decode(t + mark, length - mark, &point);
            ip = star + 1;
            it = mark;
        }
    }
    while (ip < pattern_length && p[ip] == '*')
        ip++;
    return ip == pattern_length;
}
