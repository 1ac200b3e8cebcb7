/* The restricted Python of mapping files: assignments of dictionaries, tuples, texts, numbers and selector calls.
 * A parsed file is a tree in an arena; dictionaries keep every pair in the order of the file, repeated keys too. */
#ifndef RP_HOST_REFERENCE_CRDS_LITERAL_H
#define RP_HOST_REFERENCE_CRDS_LITERAL_H

#include "host/reference/crds/python.h"
#include "rampart/status.h"

typedef enum rp_literal_kind {
    RP_LITERAL_NONE,
    RP_LITERAL_BOOL,
    RP_LITERAL_INT,
    RP_LITERAL_FLOAT,
    RP_LITERAL_TEXT,
    RP_LITERAL_TUPLE,
    RP_LITERAL_LIST,
    RP_LITERAL_DICT,
    RP_LITERAL_CALL /* name({...}): `text` is the name, item[0] the dictionary */
} rp_literal_kind;

typedef struct rp_literal rp_literal;
typedef struct rp_pair {
    const rp_literal *key, *value;
} rp_pair;

struct rp_literal {
    rp_literal_kind kind;
    int line;
    const char *text; /* scalars: str() of the value; TEXT: the text; CALL: the name */
    size_t length;
    double number;                 /* INT, FLOAT, BOOL */
    const rp_literal *const *item; /* TUPLE, LIST, CALL */
    const rp_pair *pair;           /* DICT */
    size_t count;                  /* items or pairs */
};

typedef struct rp_module {
    const rp_literal *header, *selector, *comment; /* NULL: not assigned */
} rp_module;

/* `name` is for messages ("NAME:LINE: ..."). */
rp_code rp_literal_parse(rp_module *out, rp_arena *arena, const char *name, const char *text, size_t size,
                         rp_error *err);

bool rp_literal_equal(const rp_literal *a, const rp_literal *b); /* as Python's == */
bool rp_literal_is(const rp_literal *a, const char *text);       /* a text equal to this; a may be NULL */

/* The last value of a text key; NULL when there is none, or dict is NULL or no dictionary. */
const rp_literal *rp_literal_get(const rp_literal *dict, const char *key);

/* The pairs that Python's dict() makes of a dictionary: repeated keys keep their first place and last value.
 * `twice` is called for each pair that repeats a key.  NULL: no memory. */
const rp_pair *rp_literal_unique(rp_arena *arena, const rp_literal *dict, size_t *count,
                                 void (*twice)(void *payload, const rp_pair *pair, const rp_literal *before),
                                 void *payload);

/* repr() of a literal; calls as Name({...}). */
void rp_literal_repr(rp_buffer *out, const rp_literal *literal);

#endif
