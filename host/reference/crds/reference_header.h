/* The header of a reference file, in the keywords of datasets. */
#ifndef RP_HOST_REFERENCE_CRDS_REFERENCE_HEADER_H
#define RP_HOST_REFERENCE_CRDS_REFERENCE_HEADER_H

#include "host/reference/crds/mapping.h"

typedef struct rp_reference_header {
    rp_arena arena;
    rp_header_item *item; /* names in upper case */
    size_t count, room;
} rp_reference_header;

/* Reads the primary header of a FITS or HDF5 file; each keyword also stands under its data model path.  Free with
 * rp_reference_header_clear, also after errors. */
rp_code rp_reference_header_read(rp_reference_header *out, const char *path, rp_error *err);
void rp_reference_header_clear(rp_reference_header *header);

const char *rp_reference_header_get(const rp_reference_header *header, const char *name); /* NULL: absent */
/* Texts are copied; false: no memory. */
bool rp_reference_header_set(rp_reference_header *header, const char *name, const char *value);

/* As the client's reference_keys_to_dataset_keys: P_ patterns and the rmap's reference_to_dataset take the place of
 * plain values, USEAFTER becomes date and time.  A bad USEAFTER is RP_E_FORMAT. */
rp_code rp_reference_header_translate(rp_reference_header *header, const rp_mapping *rmap, const char *path,
                                      rp_error *err);

/* Instrument and type, in lower case: of the header, else of a name like jwst_nircam_dark_0001.fits. */
rp_code rp_reference_kind(const rp_reference_header *header, const char *path, char instrument[64], char type[64],
                          rp_error *err);

#endif
