/* One group of an HDF5 file as a container of HDUs.  Internal to io/hdf5. */
#ifndef RAMPART_IO_HDF5_CONTAINER_H
#define RAMPART_IO_HDF5_CONTAINER_H

#include <pthread.h>

#include "io/fits/layout.h"
#include "io/hdf5/group.h"
#include "io/hdf5/stream.h"

typedef struct rp_h5_file {
    rp_container base; /* first: the container is the file */
    hid_t file, id;
    char *label_path; /* "file.h5:/rate", for labels */
    rp_h5_group group;
    rp_fits_layout *layout;
    rp_hdu *hdus;
    pthread_mutex_t lock;  /* of stream */
    rp_h5_stream **stream; /* for read_bytes, opened when first needed */
} rp_h5_file;

rp_code rp_h5_container_open(rp_h5_file **out, const char *path, const char *group, rp_error *err);

/* Opens the data of an HDU that has some; the caller closes it. */
rp_code rp_h5_container_stream(const rp_h5_file *file, size_t hdu, rp_h5_stream **out, rp_error *err);

/* A source over a stream, which it takes in every case. */
rp_code rp_h5_source_new(rp_source **out, rp_h5_stream *stream, const rp_hdu *hdu, rp_error *err);

#endif
