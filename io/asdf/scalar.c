/* What plain YAML 1.1 scalars mean, by the patterns of Python's loader: io/asdf/yaml.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/asdf/yaml.h"
#include "io/fits/cards.h"

enum { LONGEST_NUMBER = 400 };

typedef struct cursor {
    const char *p, *end;
} cursor;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool take_any(cursor *c, const char *set)
{
    if (c->p == c->end || *c->p == '\0' || !strchr(set, *c->p))
        return false;
    c->p++;
    return true;
}

static size_t take_run(cursor *c, const char *set)
{
    size_t n = 0;
    while (take_any(c, set))
        n++;
    return n;
}

static bool is_word(const char *text, size_t length, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == length && !memcmp(*words, text, length))
            return true;
    return false;
}

/* (:[0-5]?[0-9])+ */
static bool take_sixties(cursor *c)
{
    size_t groups = 0;
    while (c->p != c->end && *c->p == ':') {
        const char *start = c->p++;
        if (c->p == c->end || !is_digit(*c->p)) {
            c->p = start;
            break;
        }
        const bool tens = *c->p <= '5';
        c->p++;
        if (tens && c->p != c->end && is_digit(*c->p))
            c->p++;
        groups++;
    }
    return groups > 0;
}

typedef enum form { FORM_NONE, FORM_BINARY, FORM_OCTAL, FORM_DECIMAL, FORM_HEX, FORM_SIXTIES } form;

static form integer_form(const char *text, size_t length)
{
    cursor c = {text, text + length};
    (void)take_any(&c, "+-");
    const cursor digits = c;
    if (take(&c, '0')) {
        if (c.p == c.end)
            return FORM_DECIMAL;
        if (take(&c, 'b'))
            return take_run(&c, "01_") && c.p == c.end ? FORM_BINARY : FORM_NONE;
        if (take(&c, 'x'))
            return take_run(&c, "0123456789abcdefABCDEF_") && c.p == c.end ? FORM_HEX : FORM_NONE;
        return take_run(&c, "01234567_") && c.p == c.end ? FORM_OCTAL : FORM_NONE;
    }
    c = digits;
    if (!take_any(&c, "123456789"))
        return FORM_NONE;
    (void)take_run(&c, "0123456789_");
    if (c.p == c.end)
        return FORM_DECIMAL;
    return take_sixties(&c) && c.p == c.end ? FORM_SIXTIES : FORM_NONE;
}

static bool is_float(const char *text, size_t length, bool *sixties)
{
    cursor c = {text, text + length};
    *sixties = false;
    const bool sign = take_any(&c, "+-");
    if (c.p == c.end)
        return false;
    if (is_digit(*c.p)) {
        (void)take_run(&c, "0123456789_");
        *sixties = take_sixties(&c);
        if (!take(&c, '.'))
            return false;
        (void)take_run(&c, "0123456789_");
        if (*sixties)
            return c.p == c.end;
    } else {
        if (sign || !take(&c, '.') || c.p == c.end || !is_digit(*c.p))
            return false;
        (void)take_run(&c, "0123456789_");
    }
    if (c.p == c.end)
        return true;
    return take_any(&c, "eE") && take_any(&c, "+-") && take_run(&c, "0123456789") && c.p == c.end;
}

static size_t take_digits(cursor *c, size_t most)
{
    size_t n = 0;
    while (n < most && c->p != c->end && is_digit(*c->p)) {
        c->p++;
        n++;
    }
    return n;
}

static bool is_timestamp(const char *text, size_t length)
{
    cursor c = {text, text + length};
    if (take_digits(&c, 4) != 4 || !take(&c, '-'))
        return false;
    const size_t month = take_digits(&c, 2);
    if (!month || !take(&c, '-'))
        return false;
    const size_t day = take_digits(&c, 2);
    if (!day)
        return false;
    if (c.p == c.end)
        return month == 2 && day == 2;
    if (!take_any(&c, "Tt") && !take_run(&c, " \t"))
        return false;
    if (!take_digits(&c, 2) || !take(&c, ':') || take_digits(&c, 2) != 2 || !take(&c, ':') || take_digits(&c, 2) != 2)
        return false;
    if (take(&c, '.'))
        (void)take_run(&c, "0123456789");
    (void)take_run(&c, " \t");
    if (c.p == c.end || (take(&c, 'Z') && c.p == c.end))
        return true;
    if (!take_any(&c, "+-") || !take_digits(&c, 2))
        return false;
    return c.p == c.end || (take(&c, ':') && take_digits(&c, 2) == 2 && c.p == c.end);
}

/* Copies without underscores; false when it does not fit. */
static bool without_underscores(const char *text, size_t length, char out[LONGEST_NUMBER])
{
    size_t n = 0;
    for (size_t k = 0; k < length; k++) {
        if (text[k] == '_')
            continue;
        if (n + 1 == LONGEST_NUMBER)
            return false;
        out[n++] = text[k];
    }
    out[n] = '\0';
    return true;
}

/* Base 60, most significant first: "190:20:30" is 685230. */
static double sixties_value(const char *text)
{
    const double sign = *text == '-' ? -1.0 : 1.0;
    if (*text == '-' || *text == '+')
        text++;
    double value = 0.0;
    for (;;) {
        char part[LONGEST_NUMBER];
        const char *colon = strchr(text, ':');
        const size_t n = colon ? (size_t)(colon - text) : strlen(text);
        memcpy(part, text, n);
        part[n] = '\0';
        value = value * 60.0 + rp_double_parse(part);
        if (!colon)
            return sign * value;
        text = colon + 1;
    }
}

/* Saturating; *exact false when int64 cannot hold it. */
static int64_t integer_value(const char *text, form f, bool *exact)
{
    const bool negative = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    const unsigned base = f == FORM_BINARY ? 2 : f == FORM_OCTAL ? 8 : f == FORM_HEX ? 16 : 10;
    if (base == 2 || base == 16)
        text += 2;
    uint64_t value = 0;
    *exact = true;
    for (; *text; text++) {
        const char c = *text;
        const unsigned digit = (unsigned)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
        if (value > (UINT64_MAX - digit) / base) {
            *exact = false;
            return 0;
        }
        value = value * base + digit;
    }
    if (value > (uint64_t)INT64_MAX + (negative ? 1u : 0u)) {
        *exact = false;
        return 0;
    }
    return negative ? (int64_t)(0u - value) : (int64_t)value;
}

static rp_node_kind resolve_number(const char *text, size_t length, int64_t *integer, double *number)
{
    char plain[LONGEST_NUMBER] = "";
    bool sixties;
    const form f = integer_form(text, length);
    if (f != FORM_NONE && without_underscores(text, length, plain)) {
        bool exact = true;
        if (f == FORM_SIXTIES) {
            const double value = sixties_value(plain);
            exact = fabs(value) < 9.0e18;
            *integer = exact ? (int64_t)value : 0;
        } else {
            *integer = integer_value(plain, f, &exact);
        }
        if (exact)
            return RP_NODE_INT;
        *number = f == FORM_DECIMAL ? rp_double_parse(plain) : f == FORM_SIXTIES ? sixties_value(plain) : INFINITY;
        return RP_NODE_FLOAT;
    }
    if (is_float(text, length, &sixties) && without_underscores(text, length, plain)) {
        *number = sixties ? sixties_value(plain) : rp_double_parse(plain);
        return RP_NODE_FLOAT;
    }
    return RP_NODE_STRING;
}

rp_node_kind rp_yaml_resolve(const char *text, size_t length, bool *truth, int64_t *integer, double *number,
                             const char **tag)
{
    static const char *const nulls[] = {"~", "null", "Null", "NULL", "", NULL};
    static const char *const trues[] = {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL};
    static const char *const falses[] = {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL};
    static const char *const positive[] = {".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", NULL};
    static const char *const negative[] = {"-.inf", "-.Inf", "-.INF", NULL};
    static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
    *tag = NULL;
    if (is_word(text, length, nulls))
        return RP_NODE_NULL;
    const bool yes = is_word(text, length, trues);
    if (yes || is_word(text, length, falses)) {
        *truth = yes;
        return RP_NODE_BOOL;
    }
    const bool plus = is_word(text, length, positive);
    if (plus || is_word(text, length, negative)) {
        *number = plus ? INFINITY : -INFINITY;
        return RP_NODE_FLOAT;
    }
    if (is_word(text, length, nans)) {
        *number = NAN;
        return RP_NODE_FLOAT;
    }
    const rp_node_kind kind = resolve_number(text, length, integer, number);
    if (kind == RP_NODE_STRING && is_timestamp(text, length))
        *tag = "tag:yaml.org,2002:timestamp";
    return kind;
}
