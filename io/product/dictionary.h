/* The keyword dictionary: where each keyword of the data products stands, in headers and in the metadata tree.
 * Made from the reference's schemas (keywords.def); static tables, thread-safe. */
#ifndef RAMPART_IO_PRODUCT_DICTIONARY_H
#define RAMPART_IO_PRODUCT_DICTIONARY_H

#include "io/asdf/tree.h"
#include "rampart/plane.h"

/* Which of the reference's models a file is read or written as. */
typedef enum rp_schema {
    RP_SCHEMA_RAMP,
    RP_SCHEMA_IMAGE,
    RP_SCHEMA_IFU_IMAGE,
    RP_SCHEMA_CUBE,
    RP_SCHEMA_FITOPT,
    RP_SCHEMA_GUIDER_RAW,
    RP_SCHEMA_GUIDER_CAL,
    RP_SCHEMA_ANY /* references and products of later stages: every keyword is known, none is checked */
} rp_schema;

typedef enum rp_value_type { RP_VALUE_STRING, RP_VALUE_NUMBER, RP_VALUE_INTEGER, RP_VALUE_BOOLEAN } rp_value_type;

typedef struct rp_keyword {
    const char *hdu, *keyword;
    const char *path; /* in the tree: "meta.exposure.nints" */
    rp_value_type type;
    unsigned models;     /* bit per rp_schema */
    const char *section; /* title of its object, a comment in the header; NULL: none */
    const char *values;  /* permitted texts or integers, separated by '|'; NULL: any */
    const char *comment;
} rp_keyword;

typedef struct rp_layout {
    unsigned model; /* bit */
    const char *hdu, *path;
    bool is_table;
    rp_dtype type;
    int naxis; /* 0: any */
} rp_layout;

/* In the order in which the reference writes them; below meta first, then those of the root. */
size_t rp_keyword_count(void);
const rp_keyword *rp_keyword_at(size_t index);
size_t rp_keyword_index(const rp_keyword *keyword);

/* Keywords of one name are `count` consecutive entries from *first on; rp_keyword_named gives one.  PRIMARY comes
 * first, then SCI. */
size_t rp_keyword_range(const char *name, size_t *first);
const rp_keyword *rp_keyword_named(size_t entry);
const rp_keyword *rp_keyword_find(const char *hdu, const char *name, rp_schema schema);

bool rp_keyword_in(const rp_keyword *keyword, rp_schema schema);
/* Does the schema have a keyword in this HDU, or a plane? */
bool rp_schema_has_hdu(rp_schema schema, const char *hdu);
/* Does the schema have a keyword whose path begins with the first `length` characters of `path` and a dot? */
bool rp_schema_has_object(rp_schema schema, const char *path, size_t length);

/* The value's type and, where the dictionary lists them, the permitted values. */
bool rp_keyword_allows(const rp_keyword *keyword, const rp_node *value);

/* Planes and tables of a schema in the order of writing. */
const rp_layout *rp_schema_planes(rp_schema schema, size_t *count);
const rp_layout *rp_schema_plane(rp_schema schema, const char *hdu); /* NULL when it has none */

const char *rp_schema_class(rp_schema schema); /* "RampModel"; "" for ANY */

/* The schema that a class name (DATAMODL) is read with, ANY when unknown. */
rp_schema rp_schema_of_class(const char *name);

#endif
