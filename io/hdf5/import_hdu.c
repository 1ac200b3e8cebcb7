/* The data of one HDU into a dataset: chunks are read and packed by several threads, and written in order, so that
 * the same input gives the same file. */
#include <stdlib.h>
#include <string.h>

#include "io/fits/file.h"
#include "io/hdf5/chunks.h"
#include "io/hdf5/codec.h"
#include "io/hdf5/h5.h"
#include "io/hdf5/import.h"
#include "io/hdf5/keywords.h"
#include "io/hdf5/workers.h"

/* One chunk on its way, of one thread. */
typedef struct slot {
    char *raw;
    rp_packer *packer;
    const void *packed;
    size_t packed_bytes;
    uint32_t mask;
} slot;

struct rp_h5_pool {
    int threads, level;
    int64_t chunk_bytes; /* that the slots can hold */
    slot *slots;
};

rp_h5_pool *rp_h5_pool_new(int threads, int level)
{
    rp_h5_pool *const pool = calloc(1, sizeof *pool);
    if (!pool)
        return NULL;
    pool->threads = rp_workers_count(threads);
    pool->level = level > 0 ? level : RP_ZSTD_LEVEL;
    pool->slots = calloc((size_t)pool->threads, sizeof *pool->slots);
    if (pool->slots)
        return pool;
    free(pool);
    return NULL;
}

static void clear_slots(rp_h5_pool *pool)
{
    for (int i = 0; i < pool->threads; i++) {
        free(pool->slots[i].raw);
        rp_packer_free(pool->slots[i].packer);
        pool->slots[i].raw = NULL;
        pool->slots[i].packer = NULL;
    }
    pool->chunk_bytes = 0;
}

void rp_h5_pool_free(rp_h5_pool *pool)
{
    if (!pool)
        return;
    clear_slots(pool);
    free(pool->slots);
    free(pool);
}

static rp_code fit_pool(rp_h5_pool *pool, int64_t chunk_bytes, const char *path, rp_error *err)
{
    if (chunk_bytes <= pool->chunk_bytes)
        return RP_OK;
    clear_slots(pool);
    for (int i = 0; i < pool->threads; i++) {
        pool->slots[i].raw = malloc((size_t)chunk_bytes);
        pool->slots[i].packer = rp_packer_new((size_t)chunk_bytes, pool->level);
        if (!pool->slots[i].raw || !pool->slots[i].packer) {
            clear_slots(pool);
            return rp_fail(err, RP_E_MEMORY, "no memory to pack chunks of %lld bytes of '%s'", (long long)chunk_bytes,
                           path);
        }
    }
    pool->chunk_bytes = chunk_bytes;
    return RP_OK;
}

/* Where the data come from and go to. */
typedef struct job {
    const rp_fits_file *file;
    int64_t data_offset;
    rp_chunks chunks;
    slot *slots;
    hid_t dataset;
    const char *h5path;
} job;

static rp_code read_and_pack(void *payload, int worker, int64_t index, rp_error *err)
{
    const job *const j = payload;
    slot *const s = &j->slots[worker];
    const size_t n = (size_t)j->chunks.chunk_bytes, valid = (size_t)rp_chunk_length(&j->chunks, index);
    memset(s->raw + valid, 0, n - valid);
    const rp_code code = rp_file_read_at(j->file->fd, j->file->base.path, s->raw, valid,
                                         j->data_offset + rp_chunk_offset(&j->chunks, index), err);
    if (!code)
        rp_pack(s->packer, s->raw, n, j->chunks.element_bytes, &s->packed, &s->packed_bytes, &s->mask);
    return code;
}

static rp_code write_packed(void *payload, int worker, int64_t index, rp_error *err)
{
    const job *const j = payload;
    const slot *const s = &j->slots[worker];
    hsize_t start[RP_MAX_AXES], extent[RP_MAX_AXES];
    rp_h5_scope scope;
    rp_code code = RP_OK;
    rp_chunk_box(&j->chunks, index, start, extent);
    rp_h5_enter(&scope);
    if (H5Dwrite_chunk(j->dataset, H5P_DEFAULT, s->mask, start, s->packed_bytes, s->packed) < 0)
        code = rp_h5_fail(err, RP_E_IO, "cannot write '%s'; free space there or choose another folder", j->h5path);
    rp_h5_leave(&scope);
    return code;
}

/* Properties of a dataset of ours: no times (so that files can be compared), attributes in the object header. */
static hid_t creation_list(const rp_chunks *chunks, int level)
{
    const unsigned value = (unsigned)level;
    hsize_t dims[RP_MAX_AXES];
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    bool good = list >= 0 && H5Pset_obj_track_times(list, false) >= 0;
    if (good && chunks->count > 0) {
        rp_chunks_dims(chunks, dims);
        good = H5Pset_chunk(list, chunks->shape.naxis, dims) >= 0 && H5Pset_fill_time(list, H5D_FILL_TIME_NEVER) >= 0;
        if (good && rp_h5_filter_count(chunks->element_bytes) > 1)
            good = H5Pset_shuffle(list) >= 0;
        good = good && H5Pset_filter(list, RP_ZSTD_FILTER, H5Z_FLAG_MANDATORY, 1, &value) >= 0;
    }
    if (good)
        return list;
    rp_h5_close(list);
    return -1;
}

static rp_code create_dataset(job *j, hid_t group, const char *name, const rp_hdu *hdu, rp_dtype type, int level,
                              rp_error *err)
{
    rp_h5_scope scope;
    hsize_t dims[RP_MAX_AXES];
    rp_code code = RP_OK;
    for (int i = 0; i < j->chunks.shape.naxis; i++)
        dims[i] = (hsize_t)j->chunks.shape.axis[i];
    rp_h5_enter(&scope);
    const hid_t list = creation_list(&j->chunks, level);
    const hid_t space = j->chunks.count ? H5Screate_simple(j->chunks.shape.naxis, dims, NULL) : H5Screate(H5S_NULL);
    if (list >= 0 && space >= 0)
        j->dataset = H5Dcreate2(group, name, rp_h5_type(type), space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (j->dataset < 0)
        code = rp_h5_fail(err, RP_E_IO, "cannot write dataset '%s' of '%s'; free space there or choose another folder",
                          name, j->h5path);
    if (!code)
        code = rp_h5_write_keywords(j->dataset, hdu->header, hdu->header_bytes, j->h5path, err);
    rp_h5_close(space);
    rp_h5_close(list);
    rp_h5_leave(&scope);
    return code;
}

rp_code rp_h5_import_hdu(rp_h5_pool *pool, hid_t group, const char *name, const rp_fits_file *file, size_t hdu,
                         const char *h5path, rp_error *err)
{
    const rp_hdu *const h = &file->base.hdu[hdu];
    const bool pixels = h->is_image && h->shape.naxis > 0;
    const rp_dtype type = pixels ? h->type : RP_U8;
    const rp_shape shape = pixels ? h->shape : (rp_shape){1, {h->data_bytes}};
    job j = {
        .file = file,
        .data_offset = file->place[hdu].data_offset,
        .slots = pool->slots,
        .dataset = -1,
        .h5path = h5path,
    };
    if (h->data_bytes > 0)
        rp_chunks_choose(&j.chunks, &shape, rp_dtype_size(type));
    rp_code code = fit_pool(pool, j.chunks.chunk_bytes, h5path, err);
    if (!code)
        code = create_dataset(&j, group, name, h, type, pool->level, err);
    if (!code)
        code = rp_workers_run(pool->threads, j.chunks.count, read_and_pack, write_packed, &j, err);
    rp_h5_scope scope;
    rp_h5_enter(&scope);
    rp_h5_close(j.dataset);
    rp_h5_leave(&scope);
    return code;
}
