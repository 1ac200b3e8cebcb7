/* Reading header cards: io/fits/cards.h. */
#include <stdlib.h>
#include <string.h>

#include "io/fits/card_value.h"

enum { KEYWORD_BYTES = 8, FIELD_AT = 10 /* "KEYWORD = " */ };

/* The value field of a CONTINUE record follows its first blank. */
static size_t continue_field(const char *record)
{
    const char *const blank = memchr(record, ' ', RP_CARD_BYTES);
    return blank ? (size_t)(blank + 1 - record) : RP_CARD_BYTES;
}

static bool is_end(const char *card)
{
    return memcmp(card, "END     ", 8) == 0;
}

size_t rp_cards_count(const char *header, size_t header_bytes)
{
    const size_t capacity = header_bytes / RP_CARD_BYTES;
    size_t n = 0;
    while (n < capacity && !is_end(header + n * RP_CARD_BYTES))
        n++;
    return n;
}

void rp_card_clear(rp_card *card)
{
    free(card->storage);
    memset(card, 0, sizeof *card);
}

static rp_code reserve(rp_card *card, size_t bytes, rp_error *err)
{
    if (bytes <= card->capacity)
        return RP_OK;
    char *const storage = realloc(card->storage, bytes);
    if (!storage)
        return rp_fail(err, RP_E_MEMORY, "no memory for a header card of %zu bytes", bytes);
    card->storage = storage;
    card->capacity = bytes;
    return RP_OK;
}

static void copy_upper(char *out, const char *text, size_t n)
{
    while (n > 0 && text[n - 1] == ' ')
        n--;
    while (n > 0 && *text == ' ') {
        text++;
        n--;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = text[i] >= 'a' && text[i] <= 'z' ? (char)(text[i] - 'a' + 'A') : text[i];
    out[n] = '\0';
}

static bool is_commentary(const char *keyword)
{
    return keyword[0] == '\0' || strcmp(keyword, "COMMENT") == 0 || strcmp(keyword, "HISTORY") == 0;
}

/* Fills the keyword; returns where the value field begins, or 0 when the card has none. */
static size_t split_keyword(rp_card *card, const char *record)
{
    copy_upper(card->keyword, record, KEYWORD_BYTES);
    if (is_commentary(card->keyword))
        return 0;
    if (strcmp(card->keyword, "CONTINUE") == 0)
        return continue_field(record);
    if (strcmp(card->keyword, "HIERARCH") == 0 && record[KEYWORD_BYTES] == ' ') {
        const char *const equals = memchr(record, '=', RP_CARD_BYTES);
        if (equals) {
            const size_t from = KEYWORD_BYTES + 1, to = (size_t)(equals - record);
            copy_upper(card->keyword, record + from, to > from ? to - from : 0);
            return to + 1;
        }
    }
    /* The indicator belongs in column 9; earlier ones are tolerated. */
    for (size_t at = 0; at <= KEYWORD_BYTES; at++) {
        if (record[at] == '=' && record[at + 1] == ' ') {
            copy_upper(card->keyword, record, at);
            return at + 2;
        }
    }
    return 0;
}

/* A raw field as text, for cards without a value. */
static void take_text(rp_card *card, rp_card_kind kind, const char *text, size_t n)
{
    while (n > 0 && text[n - 1] == ' ')
        n--;
    memcpy(card->storage, text, n);
    card->storage[n] = '\0';
    card->kind = kind;
    card->text = card->storage;
    card->comment = card->storage + n;
}

static void take_value(rp_card *card, const rp_value_view *view)
{
    char number[RP_CARD_BYTES + 1];
    char *const text = card->storage;
    size_t n = view->value_bytes;
    card->kind = view->kind;
    if (view->kind == RP_CARD_STRING) {
        n = rp_value_string(text, view);
    } else {
        memcpy(text, view->value, n);
        text[n] = '\0';
    }
    if (view->kind == RP_CARD_BOOL)
        card->b = text[0] == 'T';
    if (view->kind == RP_CARD_INT || view->kind == RP_CARD_FLOAT) {
        rp_value_number(number, sizeof number, view);
        card->f = rp_double_parse(number);
        if (view->kind == RP_CARD_INT && !rp_value_int(number, &card->i))
            card->kind = RP_CARD_FLOAT;
    }
    char *const comment = text + n + 1;
    memcpy(comment, view->comment, view->comment_bytes);
    comment[view->comment_bytes] = '\0';
    card->text = text;
    card->comment = comment;
}

/* Joins the strings and comments of a card and its CONTINUE cards into "'...' / ...", as astropy does, so that the
 * result goes through the same grammar.  False when one of them is not a string. */
static bool join(char *out, size_t *bytes, const char *cards, size_t first_field, size_t n)
{
    size_t used = 0;
    out[used++] = '\'';
    for (int comments = 0; comments < 2; comments++) {
        bool first_comment = true;
        for (size_t i = 0; i < n; i++) {
            const char *const record = cards + i * RP_CARD_BYTES;
            const size_t field = i == 0 ? first_field : continue_field(record);
            rp_value_view view;
            rp_value_scan(&view, record + field, RP_CARD_BYTES - field);
            if (view.kind != RP_CARD_STRING && (i == 0 || view.kind != RP_CARD_UNDEFINED))
                return false;
            const char *part = comments ? view.comment : view.value;
            size_t length = comments ? view.comment_bytes : view.value_bytes;
            while (length > 0 && part[length - 1] == ' ')
                length--;
            if (!comments && length > 0 && part[length - 1] == '&')
                length--;
            if (comments && length > 0 && !first_comment)
                out[used++] = ' ';
            if (comments && length > 0)
                first_comment = false;
            memcpy(out + used, part, length);
            used += length;
        }
        if (!comments) {
            memcpy(out + used, "' / ", 4);
            used += 4;
        }
    }
    *bytes = used;
    return true;
}

rp_code rp_card_parse(rp_card *card, const char *cards, size_t ncards, rp_error *err)
{
    const size_t field = split_keyword(card, cards);
    size_t n = 1;
    while (field && n < ncards && memcmp(cards + n * RP_CARD_BYTES, "CONTINUE", KEYWORD_BYTES) == 0)
        n++;
    /* Twice: the joined text, and the value and comment taken from it. */
    const size_t half = n * (RP_CARD_BYTES + 1) + 16;
    const rp_code code = reserve(card, 2 * half, err);
    if (code)
        return code;
    card->ncards = n;
    card->b = false;
    card->i = 0;
    card->f = 0.0;
    rp_value_view view;
    if (!field) {
        const rp_card_kind kind = is_commentary(card->keyword) ? RP_CARD_COMMENTARY : RP_CARD_OTHER;
        take_text(card, kind, cards + KEYWORD_BYTES, RP_CARD_BYTES - KEYWORD_BYTES);
        return RP_OK;
    }
    size_t bytes = 0;
    if (n > 1 && join(card->storage + half, &bytes, cards, field, n)) {
        rp_value_scan(&view, card->storage + half, bytes);
    } else if (n > 1) {
        view.kind = RP_CARD_OTHER;
    } else {
        rp_value_scan(&view, cards + field, RP_CARD_BYTES - field);
    }
    if (view.kind == RP_CARD_OTHER)
        take_text(card, RP_CARD_OTHER, cards + field, RP_CARD_BYTES - field);
    else
        take_value(card, &view);
    return RP_OK;
}

const char *rp_cards_find(const char *cards, size_t ncards, const char *keyword)
{
    char key[KEYWORD_BYTES];
    const size_t n = strlen(keyword);
    if (n > KEYWORD_BYTES)
        return NULL;
    memset(key, ' ', sizeof key);
    memcpy(key, keyword, n);
    for (size_t i = 0; i < ncards; i++) {
        const char *const card = cards + i * RP_CARD_BYTES;
        if (memcmp(card, key, KEYWORD_BYTES) == 0)
            return card;
    }
    return NULL;
}

/* The value field of the first card with that keyword. */
static bool find_value(rp_value_view *view, const char *cards, size_t ncards, const char *keyword)
{
    const char *const card = rp_cards_find(cards, ncards, keyword);
    if (!card || card[KEYWORD_BYTES] != '=' || card[KEYWORD_BYTES + 1] != ' ')
        return false;
    rp_value_scan(view, card + FIELD_AT, RP_CARD_BYTES - FIELD_AT);
    return true;
}

bool rp_cards_get_int(const char *cards, size_t ncards, const char *keyword, int64_t *out)
{
    rp_value_view view;
    char number[RP_CARD_BYTES + 1];
    if (!find_value(&view, cards, ncards, keyword) || view.kind != RP_CARD_INT)
        return false;
    rp_value_number(number, sizeof number, &view);
    return rp_value_int(number, out);
}

bool rp_cards_get_double(const char *cards, size_t ncards, const char *keyword, double *out)
{
    rp_value_view view;
    char number[RP_CARD_BYTES + 1];
    if (!find_value(&view, cards, ncards, keyword) || (view.kind != RP_CARD_INT && view.kind != RP_CARD_FLOAT))
        return false;
    rp_value_number(number, sizeof number, &view);
    *out = rp_double_parse(number);
    return true;
}

bool rp_cards_get_bool(const char *cards, size_t ncards, const char *keyword, bool *out)
{
    rp_value_view view;
    if (!find_value(&view, cards, ncards, keyword) || view.kind != RP_CARD_BOOL)
        return false;
    *out = *view.value == 'T';
    return true;
}

bool rp_cards_get_string(const char *cards, size_t ncards, const char *keyword, char *out, size_t capacity)
{
    rp_value_view view;
    char text[RP_CARD_BYTES + 1];
    if (!find_value(&view, cards, ncards, keyword) || view.kind != RP_CARD_STRING || capacity == 0)
        return false;
    size_t n = rp_value_string(text, &view);
    if (n >= capacity)
        n = capacity - 1;
    memcpy(out, text, n);
    out[n] = '\0';
    return true;
}
