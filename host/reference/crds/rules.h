/* The compiled form of a context: selectors as tables that queries only read.
 *
 * A header value is conditioned once per query and becomes a number: its place among the values that the rules of the
 * instrument mention.  A Match selector holds, for each such number, the rows that the value leaves alive and those
 * that it matches, as bits; a look-up is a few ands and, where several rows are left, a count of matches. */
#ifndef RP_HOST_REFERENCE_CRDS_RULES_H
#define RP_HOST_REFERENCE_CRDS_RULES_H

#include <stdint.h>

#include "host/reference/crds/date.h"
#include "host/reference/crds/expression.h"
#include "host/reference/crds/intern.h"
#include "host/reference/crds/mapping.h"
#include "host/reference/crds/pattern.h"

typedef struct rp_selector rp_selector;

/* ---- what a selector chooses ---- */

typedef enum rp_choice_kind {
    RP_CHOICE_TEXT,   /* a file name, 'N/A', 'OMIT', ... */
    RP_CHOICE_TUPLE,  /* several: `item` */
    RP_CHOICE_NESTED, /* `selector` */
    RP_CHOICE_ODD     /* a dictionary, number or None: `text` is its Python type */
} rp_choice_kind;

typedef struct rp_choice {
    rp_choice_kind kind;
    const char *text;
    const struct rp_choice *item;
    size_t count;
    const rp_selector *selector;
} rp_choice;

/* ---- selectors ---- */

typedef enum rp_selector_class {
    RP_MATCH,
    RP_USE_AFTER,
    RP_VERSION_AFTER,
    RP_SELECT_VERSION,
    RP_CLOSEST_TIME,
    RP_NEAREST,
    RP_BRACKET
} rp_selector_class;

/* Rows as bits: what one value of one keyword leaves of a Match. */
typedef struct rp_match_class {
    uint64_t *alive; /* not eliminated */
    uint64_t *full;  /* of these: status 1, not "don't care" */
    bool listed;     /* the value stands in the rules' own list */
} rp_match_class;

typedef struct rp_match_column {
    uint32_t *class_of; /* by value number of the slot; 0 for values that no row mentions */
    rp_match_class *classes;
    bool unchecked;     /* wildcards or special keys: any value is allowed */
    bool has_na;        /* 'N/A' stands in the list */
    const char **valid; /* the list, sorted */
    size_t nvalid;
    const char *naming, *complaint; /* " parameter='NAME' value=" and " is not in [...]" */
    size_t *special;                /* rows whose pattern is neither literal nor 'N/A' */
    size_t nspecial;
    const rp_literal *substitutions; /* of the keyword; NULL: none */
} rp_match_column;

typedef struct rp_match {
    size_t words; /* of a set of rows */
    rp_match_column *column;
    const rp_pattern **pattern; /* [row][column] */
    const char **element;       /* [row][column], conditioned */
    bool merges;                /* merge_overlaps */
} rp_match;

/* A relation of SelectVersion: version is a number (ntuple 0) or a tuple of numbers. */
typedef struct rp_relation {
    const char *relation; /* "<", "<=", "=" */
    double number;
    const double *tuple;
    size_t ntuple;
    bool is_tuple;
    const char *spelling; /* of the version, for messages */
} rp_relation;

typedef struct rp_version {
    long long part[3];
} rp_version;

struct rp_selector {
    rp_selector_class class;
    size_t nslots;
    const size_t *slot;        /* keywords, as slots of the instrument */
    const char *slots_spelled; /* "('META.OBSERVATION.DATE', 'META.OBSERVATION.TIME')" */
    size_t nkeys;
    rp_choice *choice; /* by key, in the order of look-up */
    bool plain;        /* every choice is a text */
    const rp_match *match;
    const char **text;     /* USE_AFTER, CLOSEST_TIME, NEAREST */
    rp_version *version;   /* VERSION_AFTER */
    rp_relation *relation; /* SELECT_VERSION */
    double *number;        /* BRACKET; NEAREST: rounded to float */
    rp_date *time;         /* CLOSEST_TIME */
    const char *key_error; /* what a look-up says that meets a bad key */
    size_t date;           /* USE_AFTER, CLOSEST_TIME: which of the instrument's lists of date keywords */
};

/* "Match", "UseAfter": as in mapping files and messages. */
const char *rp_selector_name(rp_selector_class class);
bool rp_selector_find(const char *name, rp_selector_class *class);
bool rp_selector_merges(rp_selector_class class); /* UseAfter and its relatives */

/* ---- rules ---- */

typedef struct rp_slot {
    const char *name; /* as the rules spell it */
    bool from_header; /* upper case; others are never defined */
    size_t symbol;    /* of the context */
    rp_intern values; /* conditioned values that the rules mention; numbers from 1 */
} rp_slot;

enum { RP_NUMBER_UNKNOWN, RP_NUMBER_UNDEFINED, RP_NUMBER_NA, RP_NUMBER_ANY };

typedef struct rp_parkey_rule {
    size_t slot;
    const rp_expression *relevance; /* NULL: a comment, never relevant */
} rp_parkey_rule;

/* One type of an instrument. */
typedef struct rp_rule {
    const char *type;
    const char *special; /* "N/A" or "OMIT" in the imap; else NULL */
    rp_mapping *mapping;
    const rp_selector *selector;
    const rp_expression *relevance, *omit; /* NULL: always, never */
    const rp_parkey_rule *parkey;
    size_t nparkeys;
    bool optional; /* reffile_required says so: no match is n/a */
} rp_rule;

enum { RP_INSTRUMENT_KEYS = 8 };
#define RP_NO_SLOT SIZE_MAX

typedef struct rp_instrument {
    const char *name;    /* lower case; "" in a context of one rmap */
    rp_mapping *imap;    /* NULL in a context of one rmap */
    const char *special; /* in the pmap */
    const char **required;
    size_t nrequired;
    rp_slot *slot;
    size_t nslots, slots_room;
    rp_rule *rule;
    size_t nrules;
    rp_intern type_number; /* rule index + 1 */
    const size_t **date;   /* lists of slots: count, then slots */
    size_t ndates;
    size_t key_slot[RP_INSTRUMENT_KEYS]; /* by the context's instrument_symbol; RP_NO_SLOT: rules do not see it */
    rp_names parkeys, types;             /* for the public functions */
} rp_instrument;

struct rp_context {
    rp_arena arena;
    const char *name;
    rp_mapping *root;
    rp_mapping **mapping; /* all, sorted by name */
    size_t nmappings;
    rp_instrument *instrument;
    size_t ninstruments;
    rp_names mapping_names, reference_names, instrument_names;
    rp_intern symbols; /* keywords in upper case that queries look at */
    size_t nsymbols;
    const size_t *symbol_of; /* by number in `symbols`: FITS keyword and path share a symbol */
    const char *instrument_key;
    size_t instrument_symbol[RP_INSTRUMENT_KEYS]; /* in the order of the client's search */
    size_t ninstrument_symbols;
    rp_regex *regex; /* to be freed */
};

/* ---- compiling ---- */

typedef struct rp_compiler {
    rp_context *context;
    rp_instrument *instrument;
    const rp_mapping *mapping; /* the rmap at work */
    const rp_literal *substitutions;
    bool merges;
    rp_error *err;
} rp_compiler;

/* The slot of a keyword, made when needed; SIZE_MAX: no memory. */
size_t rp_slot_of(rp_compiler *c, const char *name);

/* The tree below `call`; `parkeys` are the lists of keywords of this level and the ones below. */
rp_code rp_compile_selector(rp_compiler *c, const rp_literal *call, const rp_literal *const *parkeys, size_t nparkeys,
                            const rp_selector **out);
rp_code rp_compile_match(rp_compiler *c, rp_selector *selector, const rp_literal *keywords, const rp_pair *pair,
                         size_t count, const rp_literal *const *parkeys, size_t nparkeys);
rp_code rp_compile_choice(rp_compiler *c, rp_choice *out, const rp_literal *value, const rp_literal *const *parkeys,
                          size_t nparkeys);
/* Once all values are known: the tables of bits of every Match below the selector. */
rp_code rp_finish_matches(rp_compiler *c, const rp_selector *selector);

/* Slots, rules and tables of one instrument, whose mappings have been read. */
rp_code rp_compile_instrument(rp_context *context, rp_instrument *instrument, rp_error *err);

/* The normal form of one element of a match key (not of a dictionary); NULL: no memory. */
const char *rp_condition_element(rp_arena *arena, const rp_literal *element);

rp_code rp_compile_fail(const rp_compiler *c, const rp_literal *at, const char *what);
rp_code rp_compile_no_memory(const rp_compiler *c);

#endif
