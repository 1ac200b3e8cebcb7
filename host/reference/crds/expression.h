/* Boolean expressions of rmap headers (rmap_relevance, rmap_omit, parkey_relevance): a subset of Python over the
 * values of keywords, whose dots are underscores in a name. */
#ifndef RP_HOST_REFERENCE_CRDS_EXPRESSION_H
#define RP_HOST_REFERENCE_CRDS_EXPRESSION_H

#include "host/reference/crds/python.h"
#include "rampart/status.h"

typedef struct rp_expression rp_expression;

enum { RP_NAME_UNKNOWN = -1, RP_NAME_FALSE = -2, RP_NAME_UNDEFINED = -3 };

/* What names mean: a slot, or one of the constants above.  Unknown names are errors of the evaluation. */
typedef struct rp_scope {
    int (*find)(void *payload, const char *name);
    void *payload;
} rp_scope;

/* `source` names the mapping in messages. */
rp_code rp_expression_parse(const rp_expression **out, rp_arena *arena, const char *source, const char *text,
                            const rp_scope *scope, rp_error *err);

/* The text of a slot. */
typedef struct rp_lookup {
    const char *(*text)(void *payload, int slot, size_t *length);
    void *payload;
} rp_lookup;

/* false: *why (in the arena) is Python's message. */
bool rp_expression_evaluate(const rp_expression *expression, const rp_lookup *lookup, rp_arena *arena, bool *truth,
                            const char **why);

#endif
