/* Reference files: opening, checking against the exposure, cutting to its subarray.
 *
 * Every plane comes back as a source in the exposure's own frame: RP_F32 for data, RP_U32 for DQ
 * (private bits translated by the file's DQ_DEF table).  Cut-out rules: docs/algorithms/references.md. */
#ifndef RAMPART_REFERENCE_H
#define RAMPART_REFERENCE_H

#include "rampart/product.h"

typedef struct rp_reference rp_reference;

/* `type` is the reference type ("superbias"), for messages.  `meta` is that of the exposure;
 * ny, nx are the shape of its SCI frames (which override SUBSIZE1/2). */
rp_code rp_reference_open(rp_reference **out, const char *type, const char *path, const rp_meta *meta, int64_t ny,
                          int64_t nx, const rp_log *log, rp_error *err);
void rp_reference_close(rp_reference *reference); /* NULL is fine */

const char *rp_reference_path(const rp_reference *reference);
const rp_meta *rp_reference_meta(const rp_reference *reference);
rp_container *rp_reference_file(const rp_reference *reference);

/* *out = NULL and RP_OK when the file has no such plane.  `cut`: cut the last two axes to the exposure; else as stored.
 * Caller closes the source (before the reference). */
rp_code rp_reference_plane(rp_reference *reference, const char *extname, bool cut, rp_source **out, rp_error *err);
rp_code rp_reference_dq(rp_reference *reference, const char *extname, bool cut, rp_source **out, rp_error *err);

/* A column of a binary table of the file: values as double (numbers) or as packed strings of `*width` bytes. */
rp_code rp_reference_column(rp_reference *reference, const char *extname, const char *column, double **values,
                            char **texts, size_t *width, size_t *nrows, rp_error *err);

/* The same of any file's table. */
rp_code rp_table_column(rp_container *file, const char *extname, const char *column, double **values, char **texts,
                        size_t *width, size_t *nrows, rp_error *err);

/* --refs DIR: the one file of `type` whose header fits the exposure; *path = NULL when none does.
 * Two equally good matches are RP_E_MISMATCH naming both.  Caller frees *path. */
rp_code rp_reference_choose(char **path, const char *dir, const char *type, const rp_meta *meta, rp_error *err);

#endif
