/* Best references: contexts of CRDS mappings, and which reference files they name for a header.
 *
 * A context (.pmap, or a single .imap or .rmap) is read whole from CRDS_PATH/mappings/<observatory>/ and compiled to an
 * index that never changes afterwards: any number of threads may query it, each with an rp_query of its own.
 * Results are the strings of crds 14.0.3, errors included: docs/algorithms/crds-rules.md. */
#ifndef RAMPART_CONTEXT_H
#define RAMPART_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "rampart/log.h"
#include "rampart/status.h"

/* A list owned by the object that gave it. */
typedef struct rp_names {
    const char *const *name;
    size_t count;
} rp_names;

/* ---- one mapping file ---- */

typedef enum rp_mapping_kind { RP_PMAP, RP_IMAP, RP_RMAP } rp_mapping_kind;
typedef struct rp_mapping rp_mapping;

/* Parses a file without what it names.  `verify`: a missing or wrong sha1sum is RP_E_MISMATCH.  Bad syntax is
 * RP_E_FORMAT with file and line.  Keys that appear twice are warnings to `log` (the last one counts). */
rp_code rp_mapping_open(rp_mapping **out, const char *path, bool verify, const rp_log *log, rp_error *err);
/* The same from memory; `name` is the base name, whose extension says the kind. */
rp_code rp_mapping_parse(rp_mapping **out, const char *name, const char *text, size_t size, bool verify,
                         const rp_log *log, rp_error *err);
void rp_mapping_close(rp_mapping *mapping); /* NULL is fine */

const char *rp_mapping_name(const rp_mapping *mapping);
rp_mapping_kind rp_mapping_kind_of(const rp_mapping *mapping);
/* A text value of the header ("derived_from", "instrument", "sha1sum") as written; NULL when there is none. */
const char *rp_mapping_header(const rp_mapping *mapping, const char *key);
/* The files that the selector names, sorted: mappings (pmap, imap) or references (rmap); 'N/A' and 'OMIT' left out. */
rp_names rp_mapping_children(const rp_mapping *mapping);

enum { RP_SHA1_TEXT = 41 };
/* sha1 of all bytes of a file, as lower-case hexadecimal digits: what the server calls sha1sum. */
rp_code rp_sha1_file(char out[RP_SHA1_TEXT], const char *path, rp_error *err);
/* sha1 of a mapping's text without the lines that contain "sha1sum": what its header says. */
void rp_sha1_mapping(char out[RP_SHA1_TEXT], const char *text, size_t size);

/* ---- a context ---- */

typedef struct rp_context rp_context;

typedef struct rp_context_options {
    bool ignore_checksums; /* CRDS_IGNORE_MAPPING_CHECKSUM */
    const rp_log *log;     /* warnings; NULL: silent; used only while opening */
} rp_context_options;

/* `name`: "jwst_1234.pmap" below crds_path, or a path (with '/'), whose folder then holds the other mappings too.
 * Missing files are RP_E_IO, wrong checksums RP_E_MISMATCH, bad syntax or rules RP_E_FORMAT; `options` may be NULL. */
rp_code rp_context_open(rp_context **out, const char *crds_path, const char *name, const rp_context_options *options,
                        rp_error *err);
void rp_context_close(rp_context *context); /* NULL is fine; no query may be left */

const char *rp_context_name(const rp_context *context); /* base name */
/* All sorted.  Instruments and types in lower case; `instrument` in any case; unknown ones give an empty list. */
rp_names rp_context_mappings(const rp_context *context); /* with the context itself */
rp_names rp_context_references(const rp_context *context);
rp_names rp_context_instruments(const rp_context *context);
rp_names rp_context_types(const rp_context *context, const char *instrument);
/* Keywords that queries of the instrument depend on, as the client's get_required_parkeys gives them. */
rp_names rp_context_parkeys(const rp_context *context, const char *instrument);
/* The compiled context's own copy of a mapping by its base name; NULL when it is not part of the context. */
const rp_mapping *rp_context_mapping(const rp_context *context, const char *name);
/* The name of the imap (type NULL) or rmap, or "N/A", "OMIT"; NULL when there is none. */
const char *rp_context_lookup(const rp_context *context, const char *instrument, const char *type);

/* ---- queries ---- */

/* A header as text: "META.INSTRUMENT.DETECTOR" in any case, or FITS keywords.  Of a name given twice the last counts.
 * Numbers and logicals are spelled as Python prints them: "34.0", "True". */
typedef struct rp_header_item {
    const char *name, *value;
} rp_header_item;

typedef enum rp_best_kind {
    RP_BEST_FILE,      /* text[0] is a file name */
    RP_BEST_FILES,     /* a tie or a bracket: `count` names */
    RP_BEST_NA,        /* text[0] is "NOT FOUND n/a" */
    RP_BEST_NOT_FOUND, /* text[0] is "NOT FOUND " and why */
    RP_BEST_ODD        /* the client returns an accident of its program here; text[0] describes it */
} rp_best_kind;

typedef struct rp_best {
    const char *type; /* lower case */
    rp_best_kind kind;
    const char *const *text;
    size_t count;
} rp_best;

typedef struct rp_bests {
    const char *failure; /* not NULL: the client refuses the whole header with this message, and there are no answers */
    const rp_best *best; /* types that a rule omits are absent */
    size_t count;
} rp_bests;

/* The working memory of one thread.  Answers stay valid until its next call. */
typedef struct rp_query rp_query;
rp_code rp_query_new(rp_query **out, const rp_context *context, rp_error *err);
void rp_query_free(rp_query *query); /* NULL is fine */
/* Keywords that a header lacks are "UNDEFINED" for the rules, as in getreferences; or they stay absent, as in the client's
 * PipelineContext.get_best_references, whose messages then differ. */
void rp_query_keep_absent(rp_query *query, bool absent);

/* ntypes 0: every type of the instrument.  Only RP_E_MEMORY can be returned. */
rp_code rp_query_best(rp_query *query, const rp_header_item *items, size_t nitems, const char *const *types,
                      size_t ntypes, rp_bests *out, rp_error *err);

#endif
