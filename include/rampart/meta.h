/* Metadata of an exposure: the keywords of the JWST core schema, by FITS keyword.
 *
 * A name is a keyword ("NGROUPS"), or "HDU:KEYWORD" where a keyword stands in several HDUs ("ERR:BUNIT").
 * Keywords that the schema does not know are kept as extras of their HDU and written back to it.
 * Values that the schema forbids (type, enumeration) are dropped on reading, with a warning, as the reference does. */
#ifndef RAMPART_META_H
#define RAMPART_META_H

#include <stdbool.h>
#include <stdint.h>

#include "rampart/log.h"
#include "rampart/status.h"

typedef struct rp_meta rp_meta;

bool rp_meta_has(const rp_meta *meta, const char *name);
/* false (and *out untouched) when absent or of another type; int is accepted as double. */
bool rp_meta_get_int(const rp_meta *meta, const char *name, int64_t *out);
bool rp_meta_get_double(const rp_meta *meta, const char *name, double *out);
bool rp_meta_get_bool(const rp_meta *meta, const char *name, bool *out);
const char *rp_meta_get_string(const rp_meta *meta, const char *name); /* NULL when absent; owned by meta */

/* As above; absent is RP_E_MISSING with the keyword, the file and the remedy in the message. */
rp_code rp_meta_need_int(const rp_meta *meta, const char *name, int64_t *out, rp_error *err);
rp_code rp_meta_need_double(const rp_meta *meta, const char *name, double *out, rp_error *err);
rp_code rp_meta_need_string(const rp_meta *meta, const char *name, const char **out, rp_error *err);

rp_code rp_meta_set_int(rp_meta *meta, const char *name, int64_t value, rp_error *err);
rp_code rp_meta_set_double(rp_meta *meta, const char *name, double value, rp_error *err);
rp_code rp_meta_set_bool(rp_meta *meta, const char *name, bool value, rp_error *err);
rp_code rp_meta_set_string(rp_meta *meta, const char *name, const char *value, rp_error *err);
void rp_meta_unset(rp_meta *meta, const char *name);

rp_code rp_meta_copy(rp_meta **out, const rp_meta *meta, rp_error *err);
void rp_meta_free(rp_meta *meta);

#endif
