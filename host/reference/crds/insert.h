/* A new reference among the rows of its rmap. */
#ifndef RP_HOST_REFERENCE_CRDS_INSERT_H
#define RP_HOST_REFERENCE_CRDS_INSERT_H

#include "host/reference/crds/format.h"
#include "host/reference/crds/reference_header.h"

typedef enum rp_insertion { RP_INSERT_NEW_CASE, RP_INSERT_NEW_DATE, RP_INSERT_REPLACES } rp_insertion;

/* What a reference's header says for a rule: translated, irrelevant keywords and extra keys made N/A.  `type` and
 * `instrument` in lower case.  RP_E_MISSING: the context has no rules for that type. */
rp_code rp_insert_header(rp_reference_header *header, const rp_context *context, const char *instrument,
                         const char *type, const char *path, rp_error *err);

/* Puts `file` into the tree of the rmap, whose rows are changed.  *replaced: the file whose place it takes, or NULL.
 * RP_E_MISMATCH: its match case is an equal weight special case of another, so that neither would win. */
rp_code rp_insert_reference(rp_arena *arena, rp_rows_tree *tree, const rp_mapping *rmap,
                            const rp_reference_header *header, const char *file, rp_insertion *how,
                            const char **replaced, rp_error *err);

#endif
