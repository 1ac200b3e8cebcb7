/* Chunks packed and unpacked as HDF5's filters "shuffle" and 32015 (zstd) do, outside the library. */
#ifndef RAMPART_IO_HDF5_CODEC_H
#define RAMPART_IO_HDF5_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RP_ZSTD_FILTER = 32015 /* registered with The HDF Group */,
    RP_ZSTD_LEVEL = 1 /* on detector data as small as 3, and twice as fast */
};

/* Makes filter 32015 known to the library, for whatever reads through H5Dread.  Inside a scope of h5.h. */
void rp_h5_register_filter(void);

/* Filters of a dataset of such elements: shuffle (not for bytes) and zstd. */
int rp_h5_filter_count(size_t element_bytes);

typedef struct rp_packer rp_packer;                      /* one per thread */
rp_packer *rp_packer_new(size_t chunk_bytes, int level); /* NULL without memory */
void rp_packer_free(rp_packer *packer);

/* Packs n = chunk_bytes raw bytes.  *packed lies in the packer or is raw itself; *mask is HDF5's filter mask
 * (bits of the filters left out, for chunks that do not shrink). */
void rp_pack(rp_packer *packer, const void *raw, size_t n, size_t element_bytes, const void **packed,
             size_t *packed_bytes, uint32_t *mask);

/* False when the chunk is damaged: it must unpack to exactly n bytes.  scratch holds n bytes. */
bool rp_unpack(void *raw, size_t n, const void *packed, size_t packed_bytes, size_t element_bytes, uint32_t mask,
               void *scratch);

#endif
