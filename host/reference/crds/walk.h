/* Rules as they stand in the text: rows in the client's order, keys as it shows them. */
#ifndef RP_HOST_REFERENCE_CRDS_WALK_H
#define RP_HOST_REFERENCE_CRDS_WALK_H

#include "host/reference/crds/mapping.h"

/* The values of a key, one per keyword; a date is split at blanks, a version at full stops. */
typedef struct rp_key_text {
    const char **value;
    size_t count;
} rp_key_text;

/* The pairs of a selector call, without repetitions, sorted as the client sorts them (by str of each field). */
const rp_pair *rp_rows(rp_arena *arena, const rp_literal *call, size_t *count);

/* `keywords`: the tuple of parkey at the selector's level (NULL: none).  value NULL: no memory. */
rp_key_text rp_key_values(rp_arena *arena, const rp_literal *call, const rp_literal *keywords, const rp_literal *key);

/* The tuple of keywords at a depth of the rmap's parkey, or NULL. */
const rp_literal *rp_keywords_at(const rp_mapping *rmap, size_t depth);

/* Every way in which a context leads to a file. */
typedef struct rp_criterion {
    const char *keyword, *value;
} rp_criterion;

typedef struct rp_way {
    const char *instrument, *type; /* lower case */
    const rp_criterion *criterion;
    size_t count;
    const char *order; /* for sorting */
} rp_way;

/* Sorted; lies in the arena. */
rp_code rp_ways_to(const rp_way **out, size_t *count, rp_arena *arena, const rp_context *context, const char *file,
                   rp_error *err);

#endif
