/* Pieces of work for several threads, delivered in order.  Internal to io/hdf5.
 *
 * Plain threads that sleep while they wait: OpenMP's would spin through every write of the library. */
#ifndef RAMPART_IO_HDF5_WORKERS_H
#define RAMPART_IO_HDF5_WORKERS_H

#include <stdint.h>

#include "rampart/status.h"

/* worker: 0 .. threads-1, for buffers of its own. */
typedef rp_code (*rp_work)(void *payload, int worker, int64_t index, rp_error *err);

/* The number of threads for a wish: all allowed cores for 0. */
int rp_workers_count(int wish);

/* For index 0 .. count-1: prepare in any thread, then deliver (may be NULL) one at a time in order of index, by the
 * same worker.  The first error ends the run and is returned. */
rp_code rp_workers_run(int threads, int64_t count, rp_work prepare, rp_work deliver, void *payload, rp_error *err);

#endif
