/* The bookkeeping of one group: which HDUs it holds, in which order, with which headers and padding.
 * Internal to io/hdf5.  Functions marked (scope) are called inside a scope of h5.h. */
#ifndef RAMPART_IO_HDF5_GROUP_H
#define RAMPART_IO_HDF5_GROUP_H

#include <hdf5.h>

#include "rampart/container.h"

#define RP_H5_FITS "_fits" /* subgroup of the bookkeeping; datasets of HDUs end in _<number>, so it never clashes */

enum {
    RP_H5_NAME_BYTES = 96,
    RP_H5_FORM = 1,
    RP_PADDING_VERBATIM = -1,
    RP_H5_MAX_LIST_BYTES = 256 * 1024 * 1024 /* of headers, and of extra bytes */
};

/* One HDU.  padding: the byte that fills it, or RP_PADDING_VERBATIM when it stands in "extra". */
typedef struct rp_h5_entry {
    char name[RP_H5_NAME_BYTES]; /* of its dataset */
    int64_t header_bytes, data_bytes, padding_bytes, padding;
} rp_h5_entry;

typedef struct rp_h5_group {
    rp_h5_entry *entry;
    size_t nhdu;
    char *headers; /* all header blocks, one after the other */
    size_t headers_bytes;
    char *extra; /* verbatim paddings in the order of HDUs, then what follows the last HDU */
    size_t extra_bytes;
} rp_h5_group;

void rp_h5_group_clear(rp_h5_group *group);

/* Writes and reads the subgroup _fits of an open group; read checks every size. */
rp_code rp_h5_group_write(hid_t id, const rp_h5_group *group, const char *path, rp_error *err); /* (scope) */
rp_code rp_h5_group_read(rp_h5_group *out, hid_t id, const char *path, rp_error *err); /* takes the lock itself */

/* A name without '/' for a group: "rate" or "/rate"; NULL when it is none. */
const char *rp_h5_group_name(const char *text);

/* Opens a group of ours; name NULL: the only one.  (scope) */
rp_code rp_h5_group_open(hid_t *id, char **name, hid_t file, const char *wanted, const char *path, rp_error *err);

/* Names of our groups in order; free each and the array. (scope) */
rp_code rp_h5_group_list(char ***names, size_t *count, hid_t file, const char *path, rp_error *err);
void rp_h5_group_list_free(char **names, size_t count);

#endif
