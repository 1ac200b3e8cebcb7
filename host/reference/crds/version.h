/* Versions: those of VersionAfter ("0.13.2rc1" is (0, 13, 2)) and the relations of SelectVersion ("<3.1"). */
#ifndef RP_HOST_REFERENCE_CRDS_VERSION_H
#define RP_HOST_REFERENCE_CRDS_VERSION_H

#include "host/reference/crds/rules.h"

/* false: the text is no version. */
bool rp_version_parse(rp_version *out, const char *text, size_t length);
int rp_version_compare(const rp_version *a, const rp_version *b);

/* false: err says why, in the client's words. */
bool rp_relation_parse(rp_relation *out, rp_arena *arena, const char *text, size_t length, rp_error *err);
/* Only for relations that are both tuples or both not. */
int rp_relation_compare(const rp_relation *a, const rp_relation *b);

#endif
