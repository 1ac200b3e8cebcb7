/* Text of parameters: io/params_text.h.  Follows configobj 5 (value syntax) and Python 3 (numbers). */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/fits/cards.h"
#include "io/params_text.h"

static const char *skip_blanks(const char *p)
{
    while (isspace((unsigned char)*p))
        p++;
    return p;
}

/* Does an item end here: at a comma, a comment, or the end of the text? */
static bool ends_item(const char *p)
{
    p = skip_blanks(p);
    return *p == ',' || *p == '#' || *p == '\0';
}

static rp_code add_item(rp_words *words, const char *begin, size_t length, rp_error *err)
{
    char **grown = realloc(words->item, (words->n + 1) * sizeof *grown);
    if (!grown)
        return rp_fail(err, RP_E_MEMORY, "no memory for a parameter value");
    words->item = grown;
    char *copy = malloc(length + 1);
    if (!copy)
        return rp_fail(err, RP_E_MEMORY, "no memory for a parameter value");
    memcpy(copy, begin, length);
    copy[length] = '\0';
    words->item[words->n++] = copy;
    return RP_OK;
}

/* A quote closes where an item may end, so that 'it's' is one item. */
static const char *closing_quote(const char *open)
{
    for (const char *p = strchr(open + 1, *open); p; p = strchr(p + 1, *open))
        if (ends_item(p + 1))
            return p;
    return NULL;
}

/* Reads one item at *p and leaves *p behind it. */
static rp_code read_item(rp_words *words, const char **p, rp_error *err)
{
    const char *begin = *p;
    if (*begin == '"' || *begin == '\'') {
        const char *close = closing_quote(begin);
        if (!close)
            return rp_fail(err, RP_E_ARGUMENT, "badly quoted value %s: close the quote, and keep it around one item",
                           begin);
        *p = close + 1;
        words->quoted = true;
        return add_item(words, begin + 1, (size_t)(close - begin - 1), err);
    }
    size_t length = strcspn(begin, ",#");
    *p = begin + length;
    while (length > 0 && isspace((unsigned char)begin[length - 1]))
        length--;
    return add_item(words, begin, length, err);
}

rp_code rp_words_parse(rp_words *out, const char *text, rp_error *err)
{
    *out = (rp_words){0};
    rp_code code = RP_OK;
    const char *p = skip_blanks(text);
    if (*p == ',') {
        out->is_list = true;
        p = skip_blanks(p + 1);
        if (*p != '\0' && *p != '#')
            return rp_fail(err, RP_E_ARGUMENT, "an item is missing before a comma in '%s'", text);
        return RP_OK;
    }
    for (;;) {
        p = skip_blanks(p);
        if (*p == '\0' || *p == '#')
            break;
        if (*p == ',') {
            code = rp_fail(err, RP_E_ARGUMENT, "an item is missing before a comma in '%s'", text);
            break;
        }
        code = read_item(out, &p, err);
        p = skip_blanks(p);
        if (code || *p != ',')
            break;
        out->is_list = true;
        p++;
    }
    if (!code && !out->is_list && out->n == 0)
        code = add_item(out, "", 0, err);
    if (code)
        rp_words_clear(out);
    return code;
}

void rp_words_clear(rp_words *words)
{
    for (size_t i = 0; i < words->n; i++)
        free(words->item[i]);
    free(words->item);
    *words = (rp_words){0};
}

char *rp_words_quote(const char *text)
{
    const size_t length = strlen(text);
    const bool plain = length > 0 && !strpbrk(text, ",#\"'") && !isspace((unsigned char)text[0]) &&
                       !isspace((unsigned char)text[length - 1]) && strcmp(text, "None") != 0;
    if (plain)
        return strdup(text);
    const char quote = strchr(text, '"') ? '\'' : '"';
    if (strchr(text, quote))
        return NULL;
    char *out = malloc(length + 3);
    if (!out)
        return NULL;
    out[0] = quote;
    memcpy(out + 1, text, length);
    out[length + 1] = quote;
    out[length + 2] = '\0';
    return out;
}

/* Copies a Python number without blanks and underscores; false when an underscore is out of place or it is too long. */
static bool plain_number(const char *text, char *out, size_t capacity)
{
    text = skip_blanks(text);
    size_t length = strlen(text), n = 0;
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '_') {
            if (i == 0 || !isdigit((unsigned char)text[i - 1]) || i + 1 >= length ||
                !isdigit((unsigned char)text[i + 1]))
                return false;
            continue;
        }
        if (n + 1 >= capacity)
            return false;
        out[n++] = text[i];
    }
    out[n] = '\0';
    return n > 0;
}

bool rp_text_int(const char *text, long long *out)
{
    char digits[64];
    if (!plain_number(text, digits, sizeof digits))
        return false;
    const char *p = digits + (digits[0] == '+' || digits[0] == '-');
    if (*p == '\0' || p[strspn(p, "0123456789")] != '\0' || strlen(p) > 18 + strspn(p, "0"))
        return false;
    *out = strtoll(digits, NULL, 10);
    return true;
}

/* digits [. digits] [e [sign] digits], with a digit on either side of the point */
static bool is_decimal(const char *p)
{
    const size_t whole = strspn(p, "0123456789");
    p += whole;
    size_t fraction = 0;
    if (*p == '.') {
        p++;
        fraction = strspn(p, "0123456789");
        p += fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        if (!isdigit((unsigned char)*p))
            return false;
        p += strspn(p, "0123456789");
    }
    return *p == '\0';
}

bool rp_text_float(const char *text, double *out)
{
    char digits[128];
    if (!plain_number(text, digits, sizeof digits))
        return false;
    const char *p = digits + (digits[0] == '+' || digits[0] == '-');
    if (!is_decimal(p) && strcasecmp(p, "inf") != 0 && strcasecmp(p, "infinity") != 0 && strcasecmp(p, "nan") != 0)
        return false;
    *out = rp_double_parse(digits);
    return true;
}

bool rp_text_bool(const char *text, bool *out)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no", "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (strcasecmp(text, yes[i]) == 0)
            return *out = true, true;
        if (strcasecmp(text, no[i]) == 0)
            return *out = false, true;
    }
    return false;
}

enum { MAX_NAME = 64 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

size_t rp_edit_distance(const char *a, const char *b, size_t limit)
{
    const size_t na = strlen(a), nb = strlen(b);
    if (na > MAX_NAME || nb > MAX_NAME)
        return limit + 1;
    size_t rows[3][MAX_NAME + 1];
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++)
        last[j] = before[j] = j;
    for (size_t i = 1; i <= na; i++) {
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            row[j] = least(least(last[j], row[j - 1]) + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
        size_t *const free_row = before;
        before = last;
        last = row;
        row = free_row;
    }
    return least(last[nb], limit + 1);
}

void rp_nearest_try(rp_nearest *nearest, const char *candidate)
{
    const size_t length = strlen(nearest->name);
    size_t limit = length < 4 ? 1 : length < 9 ? 2 : length / 3;
    if (nearest->best)
        limit = nearest->distance - 1;
    if (nearest->best && nearest->distance == 0)
        return;
    const size_t distance = rp_edit_distance(nearest->name, candidate, limit);
    if (distance <= limit) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}
