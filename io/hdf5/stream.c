/* Data bytes of one dataset: io/hdf5/stream.h. */
#include <stdlib.h>
#include <string.h>

#include "io/hdf5/cache.h"
#include "io/hdf5/codec.h"
#include "io/hdf5/h5.h"
#include "io/hdf5/stream.h"

static const int64_t max_chunk_bytes = 64 * 1024 * 1024;

struct rp_h5_stream {
    hid_t dataset;
    rp_dtype type;
    rp_chunks chunks;
    char *label;
    rp_cache *cache;
};

static const char damaged[] = "the file is damaged, fetch or make it again";

/* Ours: shuffle (unless bytes) and zstd, nothing else.  Inside a scope. */
static bool has_our_filters(hid_t list, size_t element_bytes)
{
    const int wanted = rp_h5_filter_count(element_bytes);
    bool ours = H5Pget_nfilters(list) == wanted;
    for (int i = 0; i < wanted && ours; i++) {
        unsigned flags = 0, config = 0, values[8] = {0};
        size_t nvalues = 8;
        const H5Z_filter_t id = H5Pget_filter2(list, (unsigned)i, &flags, &nvalues, values, 0, NULL, &config);
        ours = id == (i == wanted - 1 ? RP_ZSTD_FILTER : H5Z_FILTER_SHUFFLE);
    }
    return ours;
}

/* Only chunks and filters of ours: libhdf5 does not check what its filters return, so a hostile file must not get
 * that far; and data that lie in other files could be any file of this machine.  Inside a scope. */
static rp_code plan_chunks(rp_h5_stream *stream, const rp_shape *shape, rp_error *err)
{
    const size_t element_bytes = rp_dtype_size(stream->type);
    const hid_t list = H5Dget_create_plist(stream->dataset);
    hsize_t dims[RP_MAX_AXES] = {0};
    const bool ours = list >= 0 && H5Pget_layout(list) == H5D_CHUNKED && H5Pget_external_count(list) == 0 &&
                      H5Pget_chunk(list, RP_MAX_AXES, dims) == shape->naxis &&
                      rp_chunks_match(&stream->chunks, shape, element_bytes, dims) &&
                      stream->chunks.chunk_bytes <= max_chunk_bytes && has_our_filters(list, element_bytes);
    rp_h5_close(list);
    if (ours)
        return RP_OK;
    return rp_fail(err, RP_E_UNSUPPORTED,
                   "%s: the dataset is not stored in Rampart's chunks; make the file again from the FITS file",
                   stream->label);
}

/* The dataset has that type and shape; inside a scope. */
static rp_code check_dataset(const rp_h5_stream *stream, const rp_shape *shape, rp_error *err)
{
    hsize_t dims[RP_MAX_AXES] = {0};
    const hid_t space = H5Dget_space(stream->dataset), type = H5Dget_type(stream->dataset);
    const int rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
    bool same = rank == shape->naxis && H5Sget_simple_extent_dims(space, dims, NULL) == rank;
    for (int i = 0; same && i < rank; i++)
        same = dims[i] == (hsize_t)shape->axis[i];
    if (stream->type == RP_U8)
        same = same && type >= 0 && H5Tget_class(type) == H5T_INTEGER && H5Tget_size(type) == 1;
    else
        same = same && type >= 0 && H5Tequal(type, rp_h5_type(stream->type)) > 0;
    rp_h5_close(type);
    rp_h5_close(space);
    if (!same)
        return rp_fail(err, RP_E_FORMAT, "%s: the dataset has not the type or shape that its FITS header tells; %s",
                       stream->label, damaged);
    return RP_OK;
}

/* Strips of rows walk through all planes at once, columns through all chunks of a plane: both sets should stay. */
static rp_code make_cache(rp_h5_stream *stream, rp_error *err)
{
    const int64_t most_bytes = 64 * 1024 * 1024, least = 8;
    const rp_chunks *const chunks = &stream->chunks;
    const int64_t planes = rp_shape_planes(&chunks->shape);
    int64_t slots = planes + chunks->count / planes + least;
    if (slots > most_bytes / chunks->chunk_bytes)
        slots = most_bytes / chunks->chunk_bytes;
    if (slots < least)
        slots = least;
    if (slots > chunks->count)
        slots = chunks->count;
    stream->cache = rp_cache_new((size_t)slots, (size_t)chunks->chunk_bytes);
    return stream->cache ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory to read %s", stream->label);
}

rp_code rp_h5_stream_open(rp_h5_stream **out, hid_t group, const char *name, rp_dtype type, const rp_shape *shape,
                          const char *label, rp_error *err)
{
    rp_h5_scope scope;
    rp_h5_stream *const stream = calloc(1, sizeof *stream);
    *out = NULL;
    if (!stream)
        return rp_fail(err, RP_E_MEMORY, "no memory to read %s", label);
    stream->dataset = -1;
    stream->type = type;
    stream->label = strdup(label);
    rp_code code = stream->label ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory to read %s", label);
    rp_h5_enter(&scope);
    if (!code) {
        stream->dataset = rp_h5_is_here(group, name) ? H5Dopen2(group, name, H5P_DEFAULT) : -1;
        if (stream->dataset < 0)
            code = rp_h5_fail(err, RP_E_FORMAT, "%s: there is no dataset '%s'; %s", label, name, damaged);
    }
    if (!code)
        code = check_dataset(stream, shape, err);
    if (!code)
        code = plan_chunks(stream, shape, err);
    rp_h5_leave(&scope);
    if (!code)
        code = make_cache(stream, err);
    if (code) {
        rp_h5_stream_close(stream);
        return code;
    }
    *out = stream;
    return RP_OK;
}

void rp_h5_stream_close(rp_h5_stream *stream)
{
    if (!stream)
        return;
    rp_h5_scope scope;
    rp_h5_enter(&scope);
    rp_h5_close(stream->dataset);
    rp_h5_leave(&scope);
    rp_cache_free(stream->cache);
    free(stream->label);
    free(stream);
}

const char *rp_h5_stream_label(const rp_h5_stream *stream)
{
    return stream->label;
}

const rp_chunks *rp_h5_stream_chunks(const rp_h5_stream *stream)
{
    return &stream->chunks;
}

/* The packed bytes of a chunk; *packed NULL when it was never written.  free(*packed). */
static rp_code fetch_packed(const rp_h5_stream *stream, int64_t index, void **packed, size_t *bytes, uint32_t *mask,
                            rp_error *err)
{
    rp_h5_scope scope;
    hsize_t start[RP_MAX_AXES], extent[RP_MAX_AXES], size = 0;
    rp_chunk_box(&stream->chunks, index, start, extent);
    rp_code code = RP_OK;
    *packed = NULL;
    rp_h5_enter(&scope);
    if (H5Dget_chunk_storage_size(stream->dataset, start, &size) < 0)
        code = rp_h5_fail(err, RP_E_FORMAT, "cannot read %s; %s", stream->label, damaged);
    if (!code && size > 2 * (hsize_t)stream->chunks.chunk_bytes + 1024)
        code = rp_fail(err, RP_E_FORMAT, "%s: a chunk of %llu bytes is stored as %llu; %s", stream->label,
                       (unsigned long long)stream->chunks.chunk_bytes, (unsigned long long)size, damaged);
    if (!code && size > 0) {
        *packed = malloc((size_t)size);
        if (!*packed)
            code = rp_fail(err, RP_E_MEMORY, "no memory to read %s", stream->label);
    }
    if (!code && size > 0 && H5Dread_chunk(stream->dataset, H5P_DEFAULT, start, mask, *packed) < 0)
        code = rp_h5_fail(err, RP_E_FORMAT, "cannot read %s; %s", stream->label, damaged);
    rp_h5_leave(&scope);
    *bytes = (size_t)size;
    if (code) {
        free(*packed);
        *packed = NULL;
    }
    return code;
}

rp_code rp_h5_stream_load(rp_h5_stream *stream, int64_t index, void *raw, rp_error *err)
{
    const size_t n = (size_t)stream->chunks.chunk_bytes;
    void *packed = NULL, *scratch = NULL;
    size_t bytes = 0;
    uint32_t mask = 0;
    rp_code code = fetch_packed(stream, index, &packed, &bytes, &mask, err);
    if (code)
        return code;
    if (!packed) {
        memset(raw, 0, n);
        return RP_OK;
    }
    scratch = malloc(n);
    if (!scratch)
        code = rp_fail(err, RP_E_MEMORY, "no memory to read %s", stream->label);
    else if (!rp_unpack(raw, n, packed, bytes, rp_dtype_size(stream->type), mask, scratch))
        code =
            rp_fail(err, RP_E_FORMAT, "%s: chunk %lld does not unpack; %s", stream->label, (long long)index, damaged);
    free(scratch);
    free(packed);
    return code;
}

static rp_code load_for_cache(void *payload, int64_t index, void *raw, rp_error *err)
{
    return rp_h5_stream_load(payload, index, raw, err);
}

rp_code rp_h5_stream_read(rp_h5_stream *stream, int64_t offset, size_t n, void *dst, rp_error *err)
{
    char *to = dst;
    while (n > 0) {
        const int64_t index = rp_chunk_at(&stream->chunks, offset);
        const int64_t within = offset - rp_chunk_offset(&stream->chunks, index);
        const int64_t left = rp_chunk_length(&stream->chunks, index) - within;
        const size_t step = n < (size_t)left ? n : (size_t)left;
        const rp_code code = rp_cache_copy(stream->cache, index, (size_t)within, step, to, load_for_cache, stream, err);
        if (code)
            return code;
        to += step;
        offset += (int64_t)step;
        n -= step;
    }
    return RP_OK;
}
