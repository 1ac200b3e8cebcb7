/* The HDF5 library behind a lock.  Internal to io/hdf5.
 *
 * Every call of an H5 function stands between rp_h5_enter and rp_h5_leave; compression does not. */
#ifndef RAMPART_IO_HDF5_H5_H
#define RAMPART_IO_HDF5_H5_H

#include <hdf5.h>

#include "rampart/plane.h"

/* The error handler that rp_h5_enter silenced. */
typedef struct rp_h5_scope {
    H5E_auto2_t print;
    void *payload;
} rp_h5_scope;

/* One thread at a time; silences HDF5's printing and registers the zstd filter. */
void rp_h5_enter(rp_h5_scope *scope);
void rp_h5_leave(const rp_h5_scope *scope);

/* As rp_fail, with HDF5's own innermost reason appended.  Inside a scope. */
rp_code rp_h5_fail(rp_error *err, rp_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Negative on failure.  Files are never locked: what is written has a private name. */
hid_t rp_h5_file_open(const char *path, bool write);
hid_t rp_h5_file_create(const char *path);
/* A subgroup without times, so that files can be compared. */
hid_t rp_h5_group_create(hid_t parent, const char *name);

/* The link exists and leads into the same file by itself (hard, neither soft nor external). */
bool rp_h5_is_here(hid_t group, const char *name);

/* Element type in the file; predefined, not to be closed. */
hid_t rp_h5_type(rp_dtype type);

/* Closes what is open: ids of any kind, or -1.  The reason of an earlier failure stays for rp_h5_fail. */
void rp_h5_close(hid_t id);

#endif
