/* Writing header cards exactly as astropy 8 formats them: io/fits/cards.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"

enum {
    KEYWORD_BYTES = 8,
    VALUE_COLUMNS = 20,     /* numbers end in column 30 */
    STRING_COLUMNS = 8,     /* short strings are padded to this inside the quotes */
    COMMENTARY_BYTES = 72,  /* text of COMMENT, HISTORY and blank cards */
    LONG_VALUE_BYTES = 67,  /* of a string in one record when CONTINUE follows */
    LONG_COMMENT_BYTES = 64 /* of a comment in a CONTINUE record */
};

/* What stands around a value: "KEYWORD " or "HIERARCH long keyword ", without the indicator, and the comment. */
typedef struct head {
    char text[RP_CARD_BYTES + 1];
    size_t bytes;
    bool hierarch;
    size_t keyword_bytes; /* without HIERARCH and padding */
    const char *comment;
    size_t comment_bytes; /* without trailing blanks */
} head;

void rp_cards_free(rp_cards *cards)
{
    free(cards->text);
    memset(cards, 0, sizeof *cards);
}

/* One record, padded with blanks; longer text is cut. */
static rp_code add_record(rp_cards *cards, const char *text, size_t n, rp_error *err)
{
    if (cards->count == cards->capacity) {
        const size_t capacity = cards->capacity ? 2 * cards->capacity : 72;
        if (capacity > SIZE_MAX / RP_CARD_BYTES)
            return rp_fail(err, RP_E_MEMORY, "too many header cards: %zu", capacity);
        char *const grown = realloc(cards->text, capacity * RP_CARD_BYTES);
        if (!grown)
            return rp_fail(err, RP_E_MEMORY, "no memory for %zu header cards", capacity);
        cards->text = grown;
        cards->capacity = capacity;
    }
    char *const record = cards->text + cards->count++ * RP_CARD_BYTES;
    if (n > RP_CARD_BYTES)
        n = RP_CARD_BYTES;
    memcpy(record, text, n);
    memset(record + n, ' ', RP_CARD_BYTES - n);
    return RP_OK;
}

static rp_code check_text(const char *keyword, const char *what, const char *text, rp_error *err)
{
    for (const char *p = text; *p; p++) {
        if (*p < ' ' || *p > '~')
            return rp_fail(err, RP_E_ARGUMENT,
                           "keyword %s: the %s holds the byte 0x%02x; headers hold printable ASCII only", keyword, what,
                           (unsigned char)*p);
    }
    return RP_OK;
}

static char upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_standard(const char *keyword, size_t n)
{
    if (n > KEYWORD_BYTES)
        return false;
    for (size_t i = 0; i < n; i++) {
        const char c = upper(keyword[i]);
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-'))
            return false;
    }
    return true;
}

static rp_code make_head(head *out, const char *keyword, rp_error *err)
{
    static const char hierarch[] = "HIERARCH ";
    const size_t prefix = sizeof hierarch - 1;
    size_t n = strlen(keyword);
    while (n > 0 && keyword[n - 1] == ' ')
        n--;
    if (n == 0 || n > RP_CARD_BYTES / 2)
        return rp_fail(err, RP_E_ARGUMENT, "keyword '%.60s': 1 to %d characters are allowed", keyword,
                       RP_CARD_BYTES / 2);
    out->hierarch = !is_standard(keyword, n);
    if (!out->hierarch) {
        for (size_t i = 0; i < n; i++)
            out->text[i] = upper(keyword[i]);
        memset(out->text + n, ' ', KEYWORD_BYTES - n);
        out->bytes = KEYWORD_BYTES;
        out->keyword_bytes = n;
        if (memcmp(out->text, "END     ", KEYWORD_BYTES) == 0)
            return rp_fail(err, RP_E_ARGUMENT, "keyword END: the writer adds it");
        return RP_OK;
    }
    const rp_code code = check_text(keyword, "keyword", keyword, err);
    if (code)
        return code;
    if (memchr(keyword, '=', n))
        return rp_fail(err, RP_E_ARGUMENT, "keyword '%s': '=' is not allowed in a keyword", keyword);
    if (n > prefix && strncmp(keyword, hierarch, prefix) == 0) {
        keyword += prefix;
        n -= prefix;
    }
    out->bytes = (size_t)snprintf(out->text, sizeof out->text, "%s%.*s ", hierarch, (int)n, keyword);
    out->keyword_bytes = n;
    return RP_OK;
}

/* keyword = value / comment on one record; `value` is laid out in its columns, and cut back in HIERARCH cards. */
static rp_code add_value(rp_cards *cards, const head *h, const char *value, rp_error *err)
{
    size_t n = strlen(value);
    if (h->keyword_bytes > KEYWORD_BYTES) {
        for (; *value == ' '; value++)
            n--;
        while (n > 0 && value[n - 1] == ' ')
            n--;
    }
    size_t used = h->bytes;
    if (h->hierarch && used + 2 + n == RP_CARD_BYTES + 1)
        used--; /* no blank before the indicator when one column is missing */
    char record[4 * RP_CARD_BYTES];
    const int shown = (int)(h->comment_bytes < RP_CARD_BYTES ? h->comment_bytes : RP_CARD_BYTES);
    const int length = snprintf(record, sizeof record, "%.*s= %.*s%s%.*s", (int)used, h->text, (int)n, value,
                                shown ? " / " : "", shown, h->comment);
    return add_record(cards, record, (size_t)length, err);
}

/* Length of the next piece of at most `width` bytes, cut after a blank where there is one. */
static size_t piece(const char *text, size_t from, size_t bytes, size_t width)
{
    if (from + width > bytes)
        return bytes - from;
    for (size_t end = from + width; end > from; end--) {
        if (text[end - 1] == ' ')
            return end - from;
    }
    return width;
}

static rp_code add_long(rp_cards *cards, const head *h, const char *value, rp_error *err)
{
    const size_t bytes = strlen(value), comment_bytes = h->comment_bytes;
    char record[4 * RP_CARD_BYTES];
    rp_code code = RP_OK;
    for (size_t at = 0, n; at < bytes && !code; at += n) {
        const size_t width = at ? LONG_VALUE_BYTES : LONG_VALUE_BYTES + KEYWORD_BYTES - h->bytes;
        n = piece(value, at, bytes, width);
        const bool last = at + n == bytes && comment_bytes == 0;
        const int length = snprintf(record, sizeof record, "%.*s%s'%.*s%s'", at ? 0 : (int)h->bytes, h->text,
                                    at ? "CONTINUE  " : "= ", (int)n, value + at, last ? "" : "&");
        code = add_record(cards, record, (size_t)length, err);
    }
    for (size_t at = 0, n; at < comment_bytes && !code; at += n) {
        n = piece(h->comment, at, comment_bytes, LONG_COMMENT_BYTES);
        const int length = snprintf(record, sizeof record, "CONTINUE  '%s' / %.*s", at + n == comment_bytes ? "" : "&",
                                    (int)n, h->comment + at);
        code = add_record(cards, record, (size_t)length, err);
    }
    return code;
}

static rp_code begin(head *h, const char *keyword, const char *comment, rp_error *err)
{
    const rp_code code = make_head(h, keyword, err);
    if (!comment)
        comment = "";
    h->comment = comment;
    h->comment_bytes = strlen(comment);
    while (h->comment_bytes > 0 && comment[h->comment_bytes - 1] == ' ')
        h->comment_bytes--;
    return code ? code : check_text(keyword, "comment", comment, err);
}

/* Length of "name.1.name2: " at the front of text when it is the field of a record-valued card, else 0. */
static size_t record_field(const char *text)
{
    const char *p = text;
    for (;;) {
        if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_'))
            return 0;
        while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_' || (*p >= '0' && *p <= '9'))
            p++;
        if (*p == '.' && p[1] >= '0' && p[1] <= '9') {
            for (p++; *p >= '0' && *p <= '9';)
                p++;
        }
        if (*p != '.')
            break;
        p++;
    }
    if (p[0] != ':' || p[1] != ' ')
        return 0;
    return (size_t)(p + 1 - text) + strspn(p + 1, " ");
}

/* astropy takes a string such as "AXIS.1: 2" for a record-valued card: its number is written anew, without padding. */
static bool record_valued(char *out, size_t capacity, const char *value)
{
    char number[RP_CARD_BYTES];
    const size_t field = record_field(value);
    const char *const text = value + field;
    const size_t digits = strspn(text, "+-0123456789.E");
    if (field == 0 || field > RP_CARD_BYTES || digits == 0 || text[digits] || digits > VALUE_COLUMNS)
        return false;
    char card[RP_CARD_BYTES + 1];
    int64_t whole;
    double real;
    (void)snprintf(card, sizeof card, "RECORD  = %-70s", text);
    if (rp_cards_get_int(card, 1, "RECORD", &whole))
        (void)snprintf(number, sizeof number, "%lld", (long long)whole);
    else if (rp_cards_get_double(card, 1, "RECORD", &real) && isfinite(real))
        rp_double_fits(number, real);
    else
        return false;
    const size_t name = strcspn(value, ":");
    (void)snprintf(out, capacity, "'%.*s: %s'", (int)name, value, number);
    return true;
}

rp_code rp_cards_add_string(rp_cards *cards, const char *keyword, const char *value, const char *comment, rp_error *err)
{
    head h;
    rp_code code = begin(&h, keyword, comment, err);
    if (!code)
        code = check_text(keyword, "value", value, err);
    if (code)
        return code;
    char small[3 * RP_CARD_BYTES];
    if (!h.hierarch && memcmp(keyword, h.text, h.keyword_bytes) == 0 && record_valued(small, sizeof small, value))
        return add_value(cards, &h, small, err);
    if (!*value)
        return add_value(cards, &h, "''", err);
    const size_t bytes = strlen(value);
    char *const quoted = malloc(2 * bytes + STRING_COLUMNS + VALUE_COLUMNS + 3);
    if (!quoted)
        return rp_fail(err, RP_E_MEMORY, "no memory for the value of keyword %s", keyword);
    char *p = quoted;
    *p++ = '\'';
    for (const char *q = value; *q; q++) {
        *p++ = *q;
        if (*q == '\'')
            *p++ = '\'';
    }
    size_t length = (size_t)(p - quoted);
    const size_t room = RP_CARD_BYTES - h.bytes - 2;
    const size_t padded = length < STRING_COLUMNS + 1 ? STRING_COLUMNS + 2 : length + 1;
    const size_t shown = h.keyword_bytes > KEYWORD_BYTES ? padded : padded < VALUE_COLUMNS ? VALUE_COLUMNS : padded;
    const size_t spare = h.hierarch && h.bytes + 2 + shown == RP_CARD_BYTES + 1 && h.comment_bytes == 0 ? 1 : 0;
    if (shown > room + spare) {
        quoted[length] = '\0';
        code = add_long(cards, &h, quoted + 1, err);
    } else {
        while (length < STRING_COLUMNS + 1)
            quoted[length++] = ' ';
        quoted[length++] = '\'';
        while (length < VALUE_COLUMNS)
            quoted[length++] = ' ';
        quoted[length] = '\0';
        code = add_value(cards, &h, quoted, err);
    }
    free(quoted);
    return code;
}

static rp_code add_number(rp_cards *cards, const char *keyword, const char *text, const char *comment, rp_error *err)
{
    head h;
    char value[RP_CARD_BYTES];
    const rp_code code = begin(&h, keyword, comment, err);
    if (code)
        return code;
    (void)snprintf(value, sizeof value, "%20s", text);
    return add_value(cards, &h, value, err);
}

rp_code rp_cards_add_bool(rp_cards *cards, const char *keyword, bool value, const char *comment, rp_error *err)
{
    return add_number(cards, keyword, value ? "T" : "F", comment, err);
}

rp_code rp_cards_add_int(rp_cards *cards, const char *keyword, int64_t value, const char *comment, rp_error *err)
{
    char text[RP_NUMBER_TEXT];
    (void)snprintf(text, sizeof text, "%lld", (long long)value);
    return add_number(cards, keyword, text, comment, err);
}

rp_code rp_cards_add_double(rp_cards *cards, const char *keyword, double value, const char *comment, rp_error *err)
{
    char text[RP_NUMBER_TEXT];
    if (!isfinite(value))
        return rp_fail(err, RP_E_ARGUMENT, "keyword %s: headers cannot hold NaN or infinity; leave the keyword out",
                       keyword);
    rp_double_fits(text, value);
    return add_number(cards, keyword, text, comment, err);
}

rp_code rp_cards_add_undefined(rp_cards *cards, const char *keyword, const char *comment, rp_error *err)
{
    head h;
    const rp_code code = begin(&h, keyword, comment, err);
    return code ? code : add_value(cards, &h, "", err);
}

rp_code rp_cards_add_number_text(rp_cards *cards, const char *keyword, const char *text, const char *comment,
                                 rp_error *err)
{
    const rp_code code = check_text(keyword, "number", text, err);
    return code ? code : add_number(cards, keyword, text, comment, err);
}

rp_code rp_cards_add_commentary(rp_cards *cards, const char *keyword, const char *text, rp_error *err)
{
    const bool known = !*keyword || strcmp(keyword, "COMMENT") == 0 || strcmp(keyword, "HISTORY") == 0;
    if (!known)
        return rp_fail(err, RP_E_ARGUMENT, "keyword %s is not COMMENT, HISTORY or blank", keyword);
    rp_code code = check_text(*keyword ? keyword : "(blank)", "text", text, err);
    size_t left = strlen(text);
    do {
        char record[2 * RP_CARD_BYTES];
        const size_t n = left < COMMENTARY_BYTES ? left : COMMENTARY_BYTES;
        if (!code) {
            const int length = snprintf(record, sizeof record, "%-8s%.*s", keyword, (int)n, text);
            code = add_record(cards, record, (size_t)length, err);
        }
        text += n;
        left -= n;
    } while (left > 0 && !code);
    return code;
}

rp_code rp_cards_add_raw(rp_cards *cards, const char *records, size_t n, rp_error *err)
{
    rp_code code = RP_OK;
    for (size_t i = 0; i < n && !code; i++)
        code = add_record(cards, records + i * RP_CARD_BYTES, RP_CARD_BYTES, err);
    return code;
}
