/* The FITS container behind rp_container_open, for the rest of io. */
#ifndef RAMPART_IO_FITS_READER_H
#define RAMPART_IO_FITS_READER_H

#include "io/fits/layout.h"

typedef struct rp_fits_place {
    rp_fits_layout layout;
    int64_t header_offset, data_offset;
    int64_t end_offset; /* of data and padding, cut to the end of the file */
} rp_fits_place;

typedef struct rp_fits_file {
    rp_container base; /* first: the container is the file */
    int fd;
    int64_t bytes; /* HDUs end at place[nhdu-1].end_offset; what follows belongs to none */
    rp_hdu *hdus;
    rp_fits_place *place;
} rp_fits_file;

/* Parses headers only.  Takes fd in every case; a gzipped file is unpacked first.  path is for messages, and copied. */
rp_code rp_fits_open(rp_fits_file **out, int fd, int64_t bytes, const char *path, const char *scratch_dir,
                     rp_error *err);

/* Unpacks gzipped fd into a nameless scratch file, whose descriptor and size replace it. */
rp_code rp_fits_gunzip(int *fd, int64_t *bytes, const char *path, const char *scratch_dir, rp_error *err);

/* A source of n bytes at data_offset of fd, which stays with the caller. */
rp_code rp_fits_source_new(rp_source **out, int fd, int64_t data_offset, const char *path, const rp_hdu *hdu,
                           rp_error *err);

#endif
