/* Text of parameters: the value syntax of configobj files and of the command line, numbers as Python reads them,
 * and likely meant names.  No state; thread-safe. */
#ifndef RP_IO_PARAMS_TEXT_H
#define RP_IO_PARAMS_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "rampart/status.h"

/* A value taken apart: one item, or a list (any comma makes one; a lone comma is the empty list). */
typedef struct rp_words {
    bool is_list;
    bool quoted; /* the single item stood in quotes: "None" is then a text */
    size_t n;
    char **item;
} rp_words;

/* Items are unquoted and trimmed; "#" outside quotes begins a comment.  Free with rp_words_clear. */
rp_code rp_words_parse(rp_words *out, const char *text, rp_error *err);
void rp_words_clear(rp_words *words);

/* Puts quotes around text where rp_words_parse would not give it back as one item.  Caller frees; NULL: no memory,
 * or text holds both kinds of quotes and needs some. */
char *rp_words_quote(const char *text);

/* int(text) and float(text) of Python: surrounding blanks, signs, underscores between digits; inf and nan; no hex. */
bool rp_text_int(const char *text, long long *out);
bool rp_text_float(const char *text, double *out);

/* True/False as validate accepts them: true yes on 1, false no off 0, in any case. */
bool rp_text_bool(const char *text, bool *out);

/* Edits (insert, delete, replace, swap neighbours) that turn a into b; at most `limit` + 1 is returned. */
size_t rp_edit_distance(const char *a, const char *b, size_t limit);

/* The candidate that `name` was likely meant to be, or NULL.  Call once per candidate with the same state. */
typedef struct rp_nearest {
    const char *name;
    const char *best;
    size_t distance;
} rp_nearest;
void rp_nearest_try(rp_nearest *nearest, const char *candidate);

#endif
