/* The data bytes of one dataset, read in any order: chunks are unpacked outside the library's lock and kept in a
 * small cache (least recently used goes first).  Thread-safe once open. */
#ifndef RAMPART_IO_HDF5_STREAM_H
#define RAMPART_IO_HDF5_STREAM_H

#include "io/hdf5/chunks.h"
#include "rampart/status.h"

typedef struct rp_h5_stream rp_h5_stream;

/* Opens dataset `name` of `group`, which must hold elements of `type` in exactly that shape (no axis is 0).
 * label ("file.h5:/rate[SCI]") is copied.  Takes the library's lock itself. */
rp_code rp_h5_stream_open(rp_h5_stream **out, hid_t group, const char *name, rp_dtype type, const rp_shape *shape,
                          const char *label, rp_error *err);
void rp_h5_stream_close(rp_h5_stream *stream); /* NULL is fine */

const char *rp_h5_stream_label(const rp_h5_stream *stream);
const rp_chunks *rp_h5_stream_chunks(const rp_h5_stream *stream);

/* n bytes from offset of the data, through the cache.  The range must lie inside. */
rp_code rp_h5_stream_read(rp_h5_stream *stream, int64_t offset, size_t n, void *dst, rp_error *err);

/* One whole chunk (chunk_bytes, zeros past the edge) past the cache. */
rp_code rp_h5_stream_load(rp_h5_stream *stream, int64_t index, void *raw, rp_error *err);

#endif
