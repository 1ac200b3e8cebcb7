/* The data of one HDU into a dataset.  Internal to io/hdf5. */
#ifndef RAMPART_IO_HDF5_IMPORT_H
#define RAMPART_IO_HDF5_IMPORT_H

#include <hdf5.h>

#include "io/fits/reader.h"

/* Threads that pack, and their buffers, kept from HDU to HDU. */
typedef struct rp_h5_pool rp_h5_pool;
rp_h5_pool *rp_h5_pool_new(int threads, int level); /* NULL without memory */
void rp_h5_pool_free(rp_h5_pool *pool);

/* Creates dataset `name` of an open group with the data and keywords of one HDU.  Takes the lock itself. */
rp_code rp_h5_import_hdu(rp_h5_pool *pool, hid_t group, const char *name, const rp_fits_file *file, size_t hdu,
                         const char *h5path, rp_error *err);

#endif
