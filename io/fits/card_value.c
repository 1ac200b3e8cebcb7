/* Grammar of a card's value field.
 *
 * Accepts what astropy accepts, no more: a string ends at the first quote after which only blanks and a comment
 * follow; numbers may carry blanks between sign, digits and exponent, and D for E. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "io/fits/card_value.h"

static const char *skip_blanks(const char *p, const char *end)
{
    while (p < end && *p == ' ')
        p++;
    return p;
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p;
}

static size_t trimmed(const char *text, const char *end)
{
    while (end > text && end[-1] == ' ')
        end--;
    return (size_t)(end - text);
}

/* What follows a value: blanks, then nothing or "/" and a comment.  False when it is something else. */
static bool scan_comment(rp_value_view *view, const char *p, const char *end)
{
    p = skip_blanks(p, end);
    view->comment = end;
    view->comment_bytes = 0;
    if (p == end)
        return true;
    if (*p != '/')
        return false;
    view->comment = skip_blanks(p + 1, end);
    view->comment_bytes = trimmed(view->comment, end);
    return true;
}

/* The closing quote may be at p: then only blanks and a comment follow it. */
static bool close_string(rp_value_view *view, const char *text, const char *p, const char *end)
{
    if (p >= end || *p != '\'' || !(p + 1 == end || p[1] == ' ' || p[1] == '/') || !scan_comment(view, p + 1, end))
        return false;
    view->kind = RP_CARD_STRING;
    view->value = text + 1;
    view->value_bytes = (size_t)(p - view->value);
    return true;
}

static bool scan_string(rp_value_view *view, const char *text, const char *end)
{
    for (const char *p = text + 1; p < end && *p >= ' ' && *p <= '~'; p++) {
        if (p > text + 1 && close_string(view, text, p, end))
            return true;
    }
    /* The empty string only when no longer one fits. */
    return close_string(view, text, text + 1, end);
}

/* End of the number at p, or NULL.  *real: it has a point or an exponent. */
static const char *scan_digits(const char *p, const char *end, bool *real)
{
    const char *const whole = p;
    p = skip_digits(p, end);
    *real = false;
    if (p < end && *p == '.') {
        const char *const fraction = p + 1;
        p = skip_digits(fraction, end);
        *real = true;
        if (p == fraction && fraction - 1 == whole)
            return NULL;
    } else if (p == whole) {
        return NULL;
    }
    const char *e = skip_blanks(p, end);
    if (e < end && strchr("eEdD", *e)) {
        e = skip_blanks(e + 1, end);
        if (e < end && (*e == '+' || *e == '-'))
            e = skip_blanks(e + 1, end);
        const char *const after = skip_digits(e, end);
        if (after > e) {
            *real = true;
            return after;
        }
    }
    return p;
}

static bool scan_number(rp_value_view *view, const char *text, const char *end)
{
    bool real;
    const char *p = text;
    if (*p == '+' || *p == '-')
        p = skip_blanks(p + 1, end);
    p = scan_digits(p, end, &real);
    if (!p || !scan_comment(view, p, end))
        return false;
    view->kind = real ? RP_CARD_FLOAT : RP_CARD_INT;
    view->value = text;
    view->value_bytes = (size_t)(p - text);
    return true;
}

void rp_value_scan(rp_value_view *view, const char *text, size_t bytes)
{
    const char *const end = text + trimmed(text, text + bytes);
    const char *const p = skip_blanks(text, end);
    view->value = p;
    view->value_bytes = (size_t)(end - p);
    if (scan_comment(view, p, end)) {
        view->kind = RP_CARD_UNDEFINED;
        view->value_bytes = 0;
        return;
    }
    if (*p == '\'' && scan_string(view, p, end))
        return;
    if ((*p == 'T' || *p == 'F') && scan_comment(view, p + 1, end)) {
        view->kind = RP_CARD_BOOL;
        view->value_bytes = 1;
        return;
    }
    if (scan_number(view, p, end))
        return;
    view->kind = RP_CARD_OTHER;
    view->comment = end;
    view->comment_bytes = 0;
}

void rp_value_number(char *out, size_t capacity, const rp_value_view *view)
{
    size_t n = 0;
    for (size_t i = 0; i < view->value_bytes && n + 1 < capacity; i++) {
        const char c = view->value[i];
        if (c != ' ')
            out[n++] = c == 'D' || c == 'd' ? 'E' : c;
    }
    out[n] = '\0';
}

size_t rp_value_string(char *out, const rp_value_view *view)
{
    size_t n = 0;
    for (size_t i = 0; i < view->value_bytes; i++) {
        out[n++] = view->value[i];
        if (view->value[i] == '\'' && i + 1 < view->value_bytes && view->value[i + 1] == '\'')
            i++;
    }
    while (n > 0 && out[n - 1] == ' ')
        n--;
    out[n] = '\0';
    return n;
}

bool rp_value_int(const char *number, int64_t *out)
{
    errno = 0;
    char *end;
    const long long value = strtoll(number, &end, 10);
    if (errno || end == number || *end)
        return false;
    *out = value;
    return true;
}
