/* Reading Python literals: literal.h. */
#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/python/literal.h"

enum { MAX_DEPTH = 100 };

typedef struct reader {
    const char *text, *end, *path;
    const char *begin;
    int depth;
    rp_error *err;
} reader;

static json_t *read_value(reader *r);

static json_t *bad(const reader *r, const char *what)
{
    size_t line = 1;
    for (const char *p = r->begin; p < r->text; p++)
        line += *p == '\n';
    (void)rp_fail(r->err, RP_E_FORMAT, "%s: %s in line %zu", r->path, what, line);
    return NULL;
}

static json_t *no_memory(const reader *r)
{
    (void)rp_fail(r->err, RP_E_MEMORY, "%s: no memory", r->path);
    return NULL;
}

static void skip_space(reader *r)
{
    while (r->text < r->end) {
        if (*r->text == '#')
            while (r->text < r->end && *r->text != '\n')
                r->text++;
        else if (isspace((unsigned char)*r->text))
            r->text++;
        else
            return;
    }
}

static bool take(reader *r, char c)
{
    skip_space(r);
    if (r->text == r->end || *r->text != c)
        return false;
    r->text++;
    return true;
}

/* ---- strings ---- */

typedef struct buffer {
    char *bytes;
    size_t size, capacity;
} buffer;

static bool put(buffer *b, char c)
{
    if (b->size == b->capacity) {
        const size_t capacity = 2 * b->capacity + 64;
        char *grown = realloc(b->bytes, capacity);
        if (!grown)
            return false;
        b->bytes = grown;
        b->capacity = capacity;
    }
    b->bytes[b->size++] = c;
    return true;
}

static bool put_code_point(buffer *b, uint32_t c)
{
    if (c < 0x80)
        return put(b, (char)c);
    if (c < 0x800)
        return put(b, (char)(0xc0 | c >> 6)) && put(b, (char)(0x80 | (c & 0x3f)));
    if (c < 0x10000)
        return put(b, (char)(0xe0 | c >> 12)) && put(b, (char)(0x80 | (c >> 6 & 0x3f))) &&
               put(b, (char)(0x80 | (c & 0x3f)));
    return put(b, (char)(0xf0 | c >> 18)) && put(b, (char)(0x80 | (c >> 12 & 0x3f))) &&
           put(b, (char)(0x80 | (c >> 6 & 0x3f))) && put(b, (char)(0x80 | (c & 0x3f)));
}

/* Digits of \x, \u, \U and octal escapes; false when there are too few. */
static bool read_digits(reader *r, int least, int most, int base, uint32_t *out)
{
    int n = 0;
    for (*out = 0; n < most && r->text < r->end; n++, r->text++) {
        const char c = *r->text;
        const int digit = c >= '0' && c <= '9' ? c - '0' : isxdigit((unsigned char)c) ? tolower(c) - 'a' + 10 : 99;
        if (digit >= base)
            break;
        *out = *out * (uint32_t)base + (uint32_t)digit;
    }
    return n >= least;
}

/* Behind a backslash. */
static bool read_escape(reader *r, buffer *b)
{
    static const char from[] = "nrtabfv\\'\"", to[] = "\n\r\t\a\b\f\v\\'\"";
    uint32_t c = 0;
    bool sound = true;
    const char which = *r->text;
    const char *at = strchr(from, which);
    if (at && which) {
        r->text++;
        return put(b, to[at - from]);
    }
    if (which >= '0' && which <= '7')
        return read_digits(r, 1, 3, 8, &c) && c < 0x100 && put_code_point(b, c);
    r->text++;
    if (which == '\n')
        return true;
    if (which == 'x')
        sound = read_digits(r, 2, 2, 16, &c);
    else if (which == 'u')
        sound = read_digits(r, 4, 4, 16, &c);
    else if (which == 'U')
        sound = read_digits(r, 8, 8, 16, &c);
    else
        return put(b, '\\') && put(b, which);
    return sound && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) && put_code_point(b, c);
}

/* One string at its quote, appended. */
static bool read_quoted(reader *r, buffer *b)
{
    const char quote = *r->text;
    const bool tripled = r->end - r->text >= 3 && r->text[1] == quote && r->text[2] == quote;
    r->text += tripled ? 3 : 1;
    while (r->text < r->end) {
        if (*r->text == quote && (!tripled || (r->end - r->text >= 3 && r->text[1] == quote && r->text[2] == quote))) {
            r->text += tripled ? 3 : 1;
            return true;
        }
        if (*r->text == '\n' && !tripled)
            return false;
        if (*r->text == '\\') {
            if (++r->text == r->end || !read_escape(r, b))
                return false;
        } else if (!put(b, *r->text++)) {
            return false;
        }
    }
    return false;
}

/* Strings beside each other are one. */
static json_t *read_string(reader *r)
{
    buffer b = {0};
    bool sound = true;
    while (sound && r->text < r->end && (*r->text == '\'' || *r->text == '"')) {
        sound = read_quoted(r, &b);
        skip_space(r);
    }
    json_t *out = sound ? json_stringn(b.bytes ? b.bytes : "", b.size) : NULL;
    free(b.bytes);
    return out ? out : bad(r, "a string that does not end, or is no text");
}

/* ---- numbers and names ---- */

static json_t *read_number(reader *r)
{
    char text[64];
    size_t n = 0;
    while (r->text < r->end && n < sizeof text - 1 && strchr("0123456789+-.eE", *r->text) && *r->text)
        text[n++] = *r->text++;
    text[n] = '\0';
    char *end;
    if (!strpbrk(text, ".eE")) {
        const long long value = strtoll(text, &end, 10);
        return n > 0 && *end == '\0' ? json_integer(value) : bad(r, "a bad number");
    }
    const double value = strtod(text, &end); /* a text that is a number for Python too; no names get here */
    json_t *out = *end == '\0' ? json_real(value) : NULL;
    return out ? out : bad(r, "a bad number");
}

static json_t *read_name(reader *r)
{
    static const char *const names[] = {"True", "False", "None"};
    for (size_t i = 0; i < 3; i++) {
        const size_t n = strlen(names[i]);
        if ((size_t)(r->end - r->text) < n || memcmp(r->text, names[i], n) != 0)
            continue;
        r->text += n;
        return i == 0 ? json_true() : i == 1 ? json_false() : json_null();
    }
    return bad(r, "something that is no literal");
}

/* ---- containers ---- */

/* The rest of a list, tuple or set up to `close`, beginning with `first` when it is not NULL (taken over). */
static json_t *read_elements(reader *r, char close, json_t *first)
{
    json_t *out = json_array();
    if (!out || (first && json_array_append(out, first) != 0)) {
        json_decref(first);
        json_decref(out);
        return no_memory(r);
    }
    bool more = !first || take(r, ',');
    json_decref(first);
    while (!take(r, close)) {
        json_t *element = more ? read_value(r) : bad(r, "a missing comma");
        if (!element || json_array_append_new(out, element) != 0) {
            json_decref(out);
            return NULL;
        }
        more = take(r, ',');
    }
    return out;
}

/* "( )" around one value without a comma is that value. */
static json_t *read_parenthesis(reader *r)
{
    if (take(r, ')'))
        return json_array();
    json_t *first = read_value(r);
    if (!first || take(r, ')'))
        return first;
    return read_elements(r, ')', first);
}

static json_t *read_pairs(reader *r, json_t *key)
{
    json_t *out = json_object();
    for (bool more = true; out; more = take(r, ',')) {
        if (!key) {
            if (take(r, '}'))
                return out;
            key = more ? read_value(r) : bad(r, "a missing comma");
            if (key && !take(r, ':')) {
                json_decref(key);
                key = bad(r, "a key without a colon");
            }
        }
        json_t *value = !key ? NULL : json_is_string(key) ? read_value(r) : bad(r, "a key that is no string");
        const bool set =
            value && json_object_setn_new(out, json_string_value(key), json_string_length(key), value) == 0;
        json_decref(key);
        key = NULL;
        if (!set)
            break;
    }
    json_decref(out);
    json_decref(key);
    return NULL;
}

static json_t *read_brace(reader *r)
{
    if (take(r, '}'))
        return json_object();
    json_t *first = read_value(r);
    if (!first)
        return NULL;
    return take(r, ':') ? read_pairs(r, first) : read_elements(r, '}', first);
}

static json_t *read_value(reader *r)
{
    skip_space(r);
    if (r->text == r->end)
        return bad(r, "an end too early");
    if (r->depth == MAX_DEPTH)
        return bad(r, "too many brackets");
    const char c = *r->text;
    if (c == '\'' || c == '"')
        return read_string(r);
    if (c != '{' && c != '[' && c != '(')
        return isdigit((unsigned char)c) || c == '-' || c == '+' || c == '.' ? read_number(r) : read_name(r);
    r->text++;
    r->depth++;
    json_t *out = c == '{' ? read_brace(r) : c == '[' ? read_elements(r, ']', NULL) : read_parenthesis(r);
    r->depth--;
    return out;
}

rp_code rp_python_read(json_t **out, const char *path, const char *text, size_t size, rp_error *err)
{
    rp_error own = {0};
    reader r = {.text = text, .end = text + size, .path = path, .begin = text, .err = err ? err : &own};
    r.err->code = RP_OK;
    *out = read_value(&r);
    skip_space(&r);
    if (*out && r.text != r.end) {
        json_decref(*out);
        *out = bad(&r, "something behind the value");
    }
    if (*out)
        return RP_OK;
    return r.err->code ? r.err->code : rp_fail(err, RP_E_MEMORY, "%s: no memory", path);
}
