/* One element of a Match key against one value: host/reference/crds/pattern.c. */
#ifndef RP_HOST_REFERENCE_CRDS_PATTERN_H
#define RP_HOST_REFERENCE_CRDS_PATTERN_H

#include "host/reference/crds/memory.h"
#include "rampart/status.h"

typedef enum rp_pattern_kind {
    RP_PATTERN_EQUAL,
    RP_PATTERN_NA,
    RP_PATTERN_GLOB,     /* any of `part` */
    RP_PATTERN_REGEX,    /* (re): matches at the beginning */
    RP_PATTERN_RELATION, /* <, <=, >, >= a number */
    RP_PATTERN_BOTH,     /* # a AND b #, BETWEEN a b */
    RP_PATTERN_EITHER,   /* # a OR b # */
    RP_PATTERN_NOT
} rp_pattern_kind;

typedef struct rp_regex {
    void *code; /* pcre2_code */
    struct rp_regex *next;
} rp_regex;

typedef struct rp_pattern {
    rp_pattern_kind kind;
    const char *key; /* a value equal to it matches; NULL: none does */
    size_t length;
    const char **part; /* GLOB */
    size_t nparts;
    bool literal; /* EQUAL, or GLOB of parts without wildcards: `part` are the only values that match */
    bool or_equal, greater;
    double number;
    const struct rp_pattern *a, *b;
    const rp_regex *regex;
} rp_pattern;

/* Compiles a conditioned element.  Regular expressions are chained to *regexes, to be freed with rp_regexes_free.
 * The message of an error does not name the file. */
rp_code rp_pattern_compile(const rp_pattern **out, rp_arena *arena, rp_regex **regexes, const char *element,
                           rp_error *err);
void rp_regexes_free(rp_regex *regexes);

/* 1 match, 0 don't care, -1 no match.  `match_data`: of rp_match_data_new, one per thread. */
int rp_pattern_match(const rp_pattern *pattern, void *match_data, const char *value, size_t length);
void *rp_match_data_new(void); /* NULL: no memory */
void rp_match_data_free(void *match_data);

/* The alternatives of "A | B|": sorted, stripped, without empty ones; a special key is its own only alternative.
 * NULL: no memory. */
const char **rp_alternatives(rp_arena *arena, const char *text, size_t *count);
/* {..}, (..), #..#, BETWEEN.., NOT..: keys whose values are not checked. */
bool rp_is_esoteric(const char *text);

#endif
