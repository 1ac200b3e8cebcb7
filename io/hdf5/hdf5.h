/* The HDF5 form of a FITS file: one group per file, from which the FITS file comes back to the last byte.
 *
 * Layout: docs/formats.md "HDF5".  A group is named by the suffix of its product ("rate"). */
#ifndef RAMPART_IO_HDF5_HDF5_H
#define RAMPART_IO_HDF5_HDF5_H

#include "rampart/container.h"

typedef struct rp_hdf5_options {
    int threads;             /* that compress and decompress; 0: all cores */
    int level;               /* of zstd, 1 to 19; 0: the default */
    bool replace;            /* import: a group of that name may exist, and is replaced */
    bool durable;            /* fsync file and folder before returning */
    const char *scratch_dir; /* import: where a gzipped input is unpacked; NULL: TMPDIR or /tmp */
} rp_hdf5_options;

/* Stores a FITS file as group `group` ("rate" or "/rate") of h5path, which is created, or replaced by a copy with
 * the new group: readers see the old file or the new one.  Imports into one file are for the caller to take in turn.
 * options may be NULL. */
rp_code rp_hdf5_import(const char *h5path, const char *group, const char *fitspath, const rp_hdf5_options *options,
                       rp_error *err);

/* Writes the FITS file back.  group NULL: the only one.  Replaces fitspath when finished. */
rp_code rp_hdf5_export(const char *h5path, const char *group, const char *fitspath, const rp_hdf5_options *options,
                       rp_error *err);

/* Opens one group as a container; NULL: the only one.  rp_container_open calls these. */
rp_code rp_hdf5_open(rp_container **out, const char *h5path, const char *group, rp_error *err);

/* "file.h5:/rate" */
rp_code rp_hdf5_open_spec(rp_container **out, const char *spec, rp_error *err);

/* Names of the groups that hold FITS files, in order of name; free each and the array. */
rp_code rp_hdf5_groups(char ***names, size_t *count, const char *h5path, rp_error *err);

#endif
