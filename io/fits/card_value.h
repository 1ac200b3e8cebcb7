/* The value field of one card: internal to io/fits. */
#ifndef RAMPART_IO_FITS_CARD_VALUE_H
#define RAMPART_IO_FITS_CARD_VALUE_H

#include "io/fits/cards.h"

/* Views into the scanned text.  value: of a string without its quotes (doubled quotes still doubled). */
typedef struct rp_value_view {
    rp_card_kind kind;
    const char *value;
    size_t value_bytes;
    const char *comment;
    size_t comment_bytes;
} rp_value_view;

/* Text after the "= " of a card.  Kinds: STRING, BOOL, INT (any size), FLOAT, UNDEFINED, OTHER. */
void rp_value_scan(rp_value_view *view, const char *text, size_t bytes);

/* Copies a number without its blanks, exponent letter D as E; cut to capacity - 1. */
void rp_value_number(char *out, size_t capacity, const rp_value_view *view);

/* Undoubles quotes and drops trailing blanks; out needs value_bytes + 1.  Returns the length. */
size_t rp_value_string(char *out, const rp_value_view *view);

/* Whole decimal text to int64; false when it does not fit. */
bool rp_value_int(const char *number, int64_t *out);

#endif
