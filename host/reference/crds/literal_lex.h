/* Words, texts and numbers of mapping files, for literal.c and expression.c. */
#ifndef RP_HOST_REFERENCE_CRDS_LITERAL_LEX_H
#define RP_HOST_REFERENCE_CRDS_LITERAL_LEX_H

#include <stdlib.h>

#include "host/reference/crds/literal.h"

typedef struct rp_parser {
    const char *at, *end;
    int line;
    const char *name; /* of the file, for messages */
    rp_arena *arena;
    rp_error *err;
} rp_parser;

rp_code rp_parser_fail(rp_parser *p, const char *what);

void rp_parser_skip(rp_parser *p); /* blanks, line ends and comments */

static inline char rp_parser_peek(const rp_parser *p) /* '\0' at the end */
{
    return p->at < p->end ? *p->at : '\0';
}

bool rp_parser_at_word(const rp_parser *p);
const char *rp_parser_word(rp_parser *p, size_t *length); /* an identifier; not ended */

/* One or more texts in quotes; prefixes r and u. */
bool rp_parser_at_text(const rp_parser *p);
rp_code rp_parser_text(rp_parser *p, const char **text, size_t *length);

/* With its sign.  *text is str() of it. */
rp_code rp_parser_number(rp_parser *p, const char **text, double *number, bool *is_float);

#endif
