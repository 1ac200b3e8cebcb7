/* A cache of equal-sized chunks.  Thread-safe; several threads that want the same chunk load it once. */
#ifndef RAMPART_IO_HDF5_CACHE_H
#define RAMPART_IO_HDF5_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

typedef struct rp_cache rp_cache;

/* Fills raw with chunk `index`; called without the cache's lock. */
typedef rp_code (*rp_cache_load)(void *payload, int64_t index, void *raw, rp_error *err);

/* Memory is taken as chunks come in.  NULL without memory. */
rp_cache *rp_cache_new(size_t slots, size_t chunk_bytes);
void rp_cache_free(rp_cache *cache); /* NULL is fine */

/* Copies n bytes from offset `within` of a chunk, loading it first if need be. */
rp_code rp_cache_copy(rp_cache *cache, int64_t index, size_t within, size_t n, void *dst, rp_cache_load load,
                      void *payload, rp_error *err);

#endif
