/* 80-byte header cards: reading them, and writing them exactly as astropy 8 does.
 *
 * "Cards" are 80-byte records one after the other, not terminated.  A value longer than one card goes on in
 * CONTINUE cards; a record with its CONTINUE cards is one logical card.  Header blocks end with an END card
 * and blank padding to 2880 bytes, which are not cards here: rp_cards_count finds where they begin.
 * Nothing here depends on the locale. */
#ifndef RAMPART_IO_FITS_CARDS_H
#define RAMPART_IO_FITS_CARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

enum { RP_CARD_BYTES = 80, RP_BLOCK_BYTES = 2880, RP_NUMBER_TEXT = 32 };

/* ---- reading ---- */

typedef enum rp_card_kind {
    RP_CARD_STRING,
    RP_CARD_BOOL,
    RP_CARD_INT,
    RP_CARD_FLOAT,      /* also an integer that int64 cannot hold */
    RP_CARD_UNDEFINED,  /* a keyword without a value */
    RP_CARD_COMMENTARY, /* COMMENT, HISTORY and blank keywords */
    RP_CARD_OTHER       /* complex numbers, and what follows no rule: `text` is the raw field */
} rp_card_kind;

/* One logical card.  Start from {0}; rp_card_clear at the end; parsing again reuses the memory. */
typedef struct rp_card {
    char keyword[RP_CARD_BYTES + 1]; /* upper case; of a HIERARCH card without that word */
    rp_card_kind kind;
    bool b;              /* BOOL */
    int64_t i;           /* INT */
    double f;            /* FLOAT and INT */
    const char *text;    /* STRING: value without trailing blanks; COMMENTARY: text; numbers: as written */
    const char *comment; /* "" when there is none; without trailing blanks */
    size_t ncards;       /* 80-byte records that it took */
    char *storage;
    size_t capacity;
} rp_card;

/* Number of cards before END, or all of them when there is no END. */
size_t rp_cards_count(const char *header, size_t header_bytes);

/* Parses the logical card at the front; ncards >= 1 records follow.  Fails only for want of memory. */
rp_code rp_card_parse(rp_card *card, const char *cards, size_t ncards, rp_error *err);
void rp_card_clear(rp_card *card);

/* The first card with that keyword (upper case, at most 8 characters), or NULL. */
const char *rp_cards_find(const char *cards, size_t ncards, const char *keyword);

/* Value of the first card with that keyword; false (and *out untouched) when absent or of another type. */
bool rp_cards_get_int(const char *cards, size_t ncards, const char *keyword, int64_t *out);
bool rp_cards_get_double(const char *cards, size_t ncards, const char *keyword, double *out); /* INT too */
bool rp_cards_get_bool(const char *cards, size_t ncards, const char *keyword, bool *out);
/* One record only, cut to capacity-1 bytes. */
bool rp_cards_get_string(const char *cards, size_t ncards, const char *keyword, char *out, size_t capacity);

/* ---- writing ---- */

/* A growing list of cards.  Start from {0}; rp_cards_free at the end. */
typedef struct rp_cards {
    char *text; /* count * 80 bytes */
    size_t count, capacity;
} rp_cards;

void rp_cards_free(rp_cards *cards);

/* `comment` may be NULL or "".  A comment that does not fit is cut; a string that does not fit goes on in
 * CONTINUE cards.  Keywords are upper-cased; longer than 8 characters (or odd ones) make a HIERARCH card.
 * RP_E_ARGUMENT: a keyword or text with characters that FITS forbids, NaN or infinity. */
rp_code rp_cards_add_string(rp_cards *cards, const char *keyword, const char *value, const char *comment,
                            rp_error *err);
rp_code rp_cards_add_bool(rp_cards *cards, const char *keyword, bool value, const char *comment, rp_error *err);
rp_code rp_cards_add_int(rp_cards *cards, const char *keyword, int64_t value, const char *comment, rp_error *err);
rp_code rp_cards_add_double(rp_cards *cards, const char *keyword, double value, const char *comment, rp_error *err);
rp_code rp_cards_add_undefined(rp_cards *cards, const char *keyword, const char *comment, rp_error *err);
/* A number as it was written in another header ("1.50E+02"): astropy keeps that text when a value is unchanged. */
rp_code rp_cards_add_number_text(rp_cards *cards, const char *keyword, const char *text, const char *comment,
                                 rp_error *err);
/* keyword: "COMMENT", "HISTORY" or "" for a blank one; long text is split into several cards. */
rp_code rp_cards_add_commentary(rp_cards *cards, const char *keyword, const char *text, rp_error *err);
/* n records as they are. */
rp_code rp_cards_add_raw(rp_cards *cards, const char *records, size_t n, rp_error *err);

/* The shortest text that reads back as the same double, as Python's str(): "1e-05", "21.47354", "1e+16", "-0.0". */
void rp_double_repr(char out[RP_NUMBER_TEXT], double value);

/* The same with an E exponent and cut to the 20 columns of a FITS value, as astropy does. */
void rp_double_fits(char out[RP_NUMBER_TEXT], double value);

/* Plain decimal text (no blanks, E or e exponent, '.' as the point) to double, whatever the locale. */
double rp_double_parse(const char *text);

#endif
