/* Shuffle and zstd: io/hdf5/codec.h. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "io/hdf5/codec.h"

static const uint64_t max_frame_bytes = UINT64_C(0xffffffff); /* HDF5 has no larger chunks */

/* ---- byte planes: byte j of every element together ---- */

#define RP_SHUFFLE(size)                              \
    for (size_t i = 0; i < count; i++)                \
        for (size_t j = 0; j < (size); j++)           \
            dst[j * count + i] = src[i * (size) + j]; \
    break
#define RP_UNSHUFFLE(size)                            \
    for (size_t i = 0; i < count; i++)                \
        for (size_t j = 0; j < (size); j++)           \
            dst[i * (size) + j] = src[j * count + i]; \
    break

static void shuffle(unsigned char *restrict dst, const unsigned char *restrict src, size_t n, size_t element_bytes)
{
    const size_t count = n / element_bytes;
    switch (element_bytes) {
    case 2:
        RP_SHUFFLE(2);
    case 4:
        RP_SHUFFLE(4);
    case 8:
        RP_SHUFFLE(8);
    default:
        memcpy(dst, src, n);
    }
}

static void unshuffle(unsigned char *restrict dst, const unsigned char *restrict src, size_t n, size_t element_bytes)
{
    const size_t count = n / element_bytes;
    switch (element_bytes) {
    case 2:
        RP_UNSHUFFLE(2);
    case 4:
        RP_UNSHUFFLE(4);
    case 8:
        RP_UNSHUFFLE(8);
    default:
        memcpy(dst, src, n);
    }
}

/* ---- chunks ---- */

struct rp_packer {
    ZSTD_CCtx *context;
    int level;
    size_t capacity;
    char *shuffled, *packed;
};

int rp_h5_filter_count(size_t element_bytes)
{
    return element_bytes > 1 ? 2 : 1;
}

rp_packer *rp_packer_new(size_t chunk_bytes, int level)
{
    rp_packer *const packer = calloc(1, sizeof *packer);
    if (!packer)
        return NULL;
    packer->context = ZSTD_createCCtx();
    packer->level = level;
    packer->capacity = ZSTD_compressBound(chunk_bytes);
    packer->shuffled = malloc(chunk_bytes);
    packer->packed = malloc(packer->capacity);
    if (packer->context && packer->shuffled && packer->packed)
        return packer;
    rp_packer_free(packer);
    return NULL;
}

void rp_packer_free(rp_packer *packer)
{
    if (!packer)
        return;
    ZSTD_freeCCtx(packer->context);
    free(packer->shuffled);
    free(packer->packed);
    free(packer);
}

void rp_pack(rp_packer *packer, const void *raw, size_t n, size_t element_bytes, const void **packed,
             size_t *packed_bytes, uint32_t *mask)
{
    const void *from = raw;
    if (element_bytes > 1) {
        shuffle((unsigned char *)packer->shuffled, raw, n, element_bytes);
        from = packer->shuffled;
    }
    const size_t size = ZSTD_compressCCtx(packer->context, packer->packed, packer->capacity, from, n, packer->level);
    if (ZSTD_isError(size) || size >= n) {
        *packed = raw;
        *packed_bytes = n;
        *mask = (1u << rp_h5_filter_count(element_bytes)) - 1u;
        return;
    }
    *packed = packer->packed;
    *packed_bytes = size;
    *mask = 0;
}

bool rp_unpack(void *raw, size_t n, const void *packed, size_t packed_bytes, size_t element_bytes, uint32_t mask,
               void *scratch)
{
    const bool shuffled = element_bytes > 1 && !(mask & 1u);
    const bool zipped = !(mask & (1u << (rp_h5_filter_count(element_bytes) - 1)));
    const void *from = packed;
    if (zipped) {
        void *const to = shuffled ? scratch : raw;
        const size_t size = ZSTD_decompress(to, n, packed, packed_bytes);
        if (ZSTD_isError(size) || size != n)
            return false;
        from = to;
    } else if (packed_bytes != n) {
        return false;
    }
    if (shuffled)
        unshuffle(raw, from, n, element_bytes);
    else if (from != raw)
        memcpy(raw, from, n);
    return true;
}

/* ---- the same codec as a filter of the library ---- */

static size_t unzip(size_t nbytes, size_t *buf_size, void **buf)
{
    const unsigned long long size = ZSTD_getFrameContentSize(*buf, nbytes);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size == 0 || size > max_frame_bytes)
        return 0;
    void *const out = malloc((size_t)size);
    const size_t got = out ? ZSTD_decompress(out, (size_t)size, *buf, nbytes) : 0;
    if (!out || ZSTD_isError(got) || got == 0) {
        free(out);
        return 0;
    }
    free(*buf);
    *buf = out;
    *buf_size = (size_t)size;
    return got;
}

static size_t zip(int level, size_t nbytes, size_t *buf_size, void **buf)
{
    const size_t bound = ZSTD_compressBound(nbytes);
    void *const out = malloc(bound);
    const size_t got = out ? ZSTD_compress(out, bound, *buf, nbytes, level) : 0;
    if (!out || ZSTD_isError(got)) {
        free(out);
        return 0;
    }
    free(*buf);
    *buf = out;
    *buf_size = bound;
    return got;
}

static size_t filter(unsigned flags, size_t nvalues, const unsigned values[], size_t nbytes, size_t *buf_size,
                     void **buf)
{
    if (flags & H5Z_FLAG_REVERSE)
        return unzip(nbytes, buf_size, buf);
    return zip(nvalues > 0 && values[0] <= 22 ? (int)values[0] : RP_ZSTD_LEVEL, nbytes, buf_size, buf);
}

void rp_h5_register_filter(void)
{
    static const H5Z_class2_t zstd = {
        .version = H5Z_CLASS_T_VERS,
        .id = RP_ZSTD_FILTER,
        .encoder_present = 1,
        .decoder_present = 1,
        .name = "zstd",
        .filter = filter,
    };
    (void)H5Zregister(&zstd);
}
