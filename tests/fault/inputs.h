/* Ways to break a file of a case: the table of tests/fault/inputs.c. */
#ifndef RP_TESTS_FAULT_INPUTS_H
#define RP_TESTS_FAULT_INPUTS_H

#include <stdbool.h>
#include <stddef.h>

/* One card or plane of one file changed. */
typedef struct breakage {
    const char *file; /* "input", or a reference type of the case */
    const char *extname, *keyword;
    const char *value;    /* the new value field; NULL: the card is removed; keyword NULL: the number that fills the plane */
    bool may_pass;        /* a run that goes through is fine too (it follows the reference pipeline, or the keyword does not matter) */
    const char *words[3]; /* what the message must say beside the name of the file */
} breakage;

extern const breakage breakages[];
extern const size_t nbreakages;

/* Options that no machine can satisfy. */
typedef struct refusal {
    const char *option;
    bool may_pass;
    const char *word;
} refusal;

extern const refusal refusals[];
extern const size_t nrefusals;

#endif
