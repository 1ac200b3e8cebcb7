/* Header keywords as HDF5 attributes, for people and programs that read the file without Rampart. */
#ifndef RAMPART_IO_HDF5_KEYWORDS_H
#define RAMPART_IO_HDF5_KEYWORDS_H

#include <hdf5.h>
#include <stddef.h>

#include "rampart/status.h"

/* One attribute per keyword (the first, where it is repeated): int64, float64, boolean or UTF-8 text; COMMENT and
 * HISTORY as one text of several lines.  Inside a scope of h5.h. */
rp_code rp_h5_write_keywords(hid_t object, const char *header, size_t header_bytes, const char *path, rp_error *err);

#endif
