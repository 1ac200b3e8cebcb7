/* Inside of rp_mapping: include/rampart/context.h. */
#ifndef RP_HOST_REFERENCE_CRDS_MAPPING_H
#define RP_HOST_REFERENCE_CRDS_MAPPING_H

#include "host/reference/crds/literal.h"
#include "rampart/context.h"

struct rp_mapping {
    rp_arena arena;
    const char *name; /* base name */
    rp_mapping_kind kind;
    rp_module module;
    const rp_pair *entry; /* pmap, imap: keys in lower case, one each, in the order of the file */
    size_t nentries;
    rp_names children;
    rp_literal *keys; /* the lower-case keys of `entry` */
};

/* 'N/A', 'TEMP_N/A', 'n/a', 'temp_n/a' and 'OMIT', 'TEMP_OMIT', 'omit': values that are no file names. */
bool rp_is_na(const char *text);
bool rp_is_omit(const char *text);

/* The value of a header key as the client's LowerCaseDict gives it: lower case unless in brackets.  NULL: absent, or
 * not a text, or no memory (then the arena has failed). */
const char *rp_mapping_lower(rp_arena *arena, const rp_mapping *mapping, const char *key);

/* The bytes of a file, ended by a zero; caller frees *text. */
rp_code rp_read_whole(char **text, size_t *size, const char *path, rp_error *err);

const char *rp_base_name(const char *path);
/* DIR/mappings/OBSERVATORY/NAME, the observatory being the name's first word; caller frees; NULL: no memory. */
char *rp_mapping_path(const char *crds_path, const char *name);

int rp_compare_names(const void *a, const void *b); /* of const char * elements, for qsort */
/* Sorts and removes repetitions; returns how many are left. */
size_t rp_names_sort(const char **name, size_t count);

#endif
