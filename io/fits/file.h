/* Files below the formats: whole reads and writes at an offset, temporary names, durable renames.
 * `path` is for messages only where a descriptor is given. */
#ifndef RAMPART_IO_FITS_FILE_H
#define RAMPART_IO_FITS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

/* Opens a regular file for reading and tells its size. */
rp_code rp_file_open(int *fd, int64_t *bytes, const char *path, rp_error *err);

/* All n bytes or an error; interrupted and partial calls go on.  Reading past the end is RP_E_FORMAT. */
rp_code rp_file_read_at(int fd, const char *path, void *dst, size_t n, int64_t offset, rp_error *err);
rp_code rp_file_write_at(int fd, const char *path, const void *src, size_t n, int64_t offset, rp_error *err);

/* A new file ".NAME.rampart-XXXXXX" in the folder of `path`, open for reading and writing; free(*temp). */
rp_code rp_file_temporary(char **temp, int *fd, const char *path, rp_error *err);

/* Closes *fd (it becomes -1) and renames temp over path; if durable, file and folder are synchronised.  On failure
 * temp may still exist. */
rp_code rp_file_replace(const char *temp, int *fd, const char *path, bool durable, rp_error *err);

/* A nameless file in dir, or in $TMPDIR or /tmp when dir is NULL. */
rp_code rp_file_scratch(int *fd, const char *dir, rp_error *err);

#endif
