/* Inside of a query: one header against the compiled rules. */
#ifndef RP_HOST_REFERENCE_CRDS_QUERY_IMPL_H
#define RP_HOST_REFERENCE_CRDS_QUERY_IMPL_H

#include "host/reference/crds/rules.h"

/* The conditioned value of a slot. */
typedef struct rp_slot_value {
    const char *text;
    size_t length;
    uint32_t number; /* among the slot's known values */
    bool ready;
} rp_slot_value;

/* The date of a header as UseAfter compares it, or why there is none. */
typedef struct rp_header_date {
    bool ready;
    size_t undefined; /* 1 + the place of the keyword that says UNDEFINED */
    const char *text; /* NULL: bad, and `why` and `raw` say how */
    const char *raw, *why;
} rp_header_date;

struct rp_query {
    const rp_context *context;
    const rp_instrument *instrument;
    rp_arena arena; /* of one call */
    rp_buffer scratch;
    void *match_data;
    const char **given; /* by symbol */
    uint64_t *stamp;    /* of `given`: the call that set it */
    uint64_t call;
    bool keep_absent; /* keywords that the header lacks are not "UNDEFINED" but missing */
    rp_slot_value *value; /* by slot of the instrument */
    bool *na;             /* by slot: the rule at work makes it N/A */
    bool any_na;
    rp_header_date *date;
    rp_best *best;
    const char **text; /* of `best` */
    size_t best_room;
    const bool *const *skip; /* [instrument][rule] left out when all types are asked for; NULL: none */
};

typedef enum rp_outcome_kind {
    RP_FOUND,
    RP_LOOKUP_ERROR, /* a CrdsLookupError: other candidates may be tried */
    RP_OTHER_ERROR,  /* any other exception: ends the look-up */
    RP_ODD_ERROR,    /* the same, with a message that is an accident of the client */
    RP_ODD_RESULT    /* what the client gives back here is an accident of its program */
} rp_outcome_kind;

typedef struct rp_outcome {
    rp_outcome_kind kind;
    rp_choice choice;
    const char *message;
    bool framed; /* "NOT FOUND " stands in front of the message */
} rp_outcome;

enum { RP_FRAME_LENGTH = 10 };
#define RP_FRAME "NOT FOUND "

const rp_slot_value *rp_slot_value_of(rp_query *q, size_t slot);
/* Is the keyword in the header that the rules see? */
static inline bool rp_slot_defined(const rp_query *q, size_t slot)
{
    const rp_slot *s = &q->instrument->slot[slot];
    return (s->from_header && (!q->keep_absent || q->stamp[s->symbol] == q->call)) || q->na[slot];
}

rp_outcome rp_choose(rp_query *q, const rp_selector *selector);
rp_outcome rp_choose_match(rp_query *q, const rp_selector *selector);
/* One choice: itself, or what its selector chooses. */
rp_outcome rp_take(rp_query *q, const rp_choice *choice);
/* Several rows of a Match, equally good: selectors are merged, texts become a tuple. */
rp_outcome rp_take_tied(rp_query *q, const rp_selector *selector, const size_t *row, size_t count);

/* Which of the rule's keywords an expression makes N/A for a header (comments are kept); false: *why. */
bool rp_query_irrelevant(rp_query *q, const rp_instrument *instrument, const rp_rule *rule, const rp_header_item *items,
                         size_t nitems, bool *irrelevant, const char **why);

/* Messages in the query's arena. */
rp_outcome rp_outcome_fail(rp_outcome_kind kind, const char *message);
rp_outcome rp_outcome_no_memory(void);
/* A copy of the scratch text as the message. */
rp_outcome rp_outcome_scratch(rp_query *q, rp_outcome_kind kind);

#endif
