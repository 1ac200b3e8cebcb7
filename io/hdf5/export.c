/* A group of an HDF5 file back into the FITS file that it was: io/hdf5/hdf5.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fits/cards.h"
#include "io/fits/file.h"
#include "io/hdf5/container.h"
#include "io/hdf5/hdf5.h"
#include "io/hdf5/workers.h"

/* A FITS file on its way. */
typedef struct output {
    int fd;
    const char *path;
    int threads;
    int64_t offset; /* of the next byte */
    const char *extra;
} output;

static rp_code put(output *o, const void *bytes, size_t n, rp_error *err)
{
    const rp_code code = rp_file_write_at(o->fd, o->path, bytes, n, o->offset, err);
    o->offset += (int64_t)n;
    return code;
}

typedef struct job {
    const output *out;
    rp_h5_stream *stream;
    char **raw; /* a chunk of each worker */
} job;

static rp_code put_chunk(void *payload, int worker, int64_t index, rp_error *err)
{
    const job *const j = payload;
    const rp_chunks *const chunks = rp_h5_stream_chunks(j->stream);
    if (!j->raw[worker])
        j->raw[worker] = malloc((size_t)chunks->chunk_bytes);
    if (!j->raw[worker])
        return rp_fail(err, RP_E_MEMORY, "no memory to write '%s'", j->out->path);
    rp_code code = rp_h5_stream_load(j->stream, index, j->raw[worker], err);
    if (!code)
        code = rp_file_write_at(j->out->fd, j->out->path, j->raw[worker], (size_t)rp_chunk_length(chunks, index),
                                j->out->offset + rp_chunk_offset(chunks, index), err);
    return code;
}

static rp_code put_data(const output *o, rp_h5_stream *stream, rp_error *err)
{
    job j = {o, stream, calloc((size_t)o->threads, sizeof *j.raw)};
    if (!j.raw)
        return rp_fail(err, RP_E_MEMORY, "no memory to write '%s'", o->path);
    const rp_code code = rp_workers_run(o->threads, rp_h5_stream_chunks(stream)->count, put_chunk, NULL, &j, err);
    for (int i = 0; i < o->threads; i++)
        free(j.raw[i]);
    free(j.raw);
    return code;
}

static rp_code put_padding(output *o, const rp_h5_entry *entry, rp_error *err)
{
    char padding[RP_BLOCK_BYTES];
    const size_t n = (size_t)entry->padding_bytes;
    if (entry->padding == RP_PADDING_VERBATIM) {
        o->extra += n;
        return put(o, o->extra - n, n, err);
    }
    memset(padding, (int)entry->padding, n);
    return put(o, padding, n, err);
}

static rp_code put_hdu(output *o, const rp_h5_file *file, size_t i, rp_error *err)
{
    const rp_hdu *const hdu = &file->hdus[i];
    rp_code code = put(o, hdu->header, hdu->header_bytes, err);
    if (!code && hdu->data_bytes > 0) {
        rp_h5_stream *stream = NULL;
        code = rp_h5_container_stream(file, i, &stream, err);
        if (!code)
            code = put_data(o, stream, err);
        rp_h5_stream_close(stream);
        o->offset += hdu->data_bytes;
    }
    return code ? code : put_padding(o, &file->group.entry[i], err);
}

rp_code rp_hdf5_export(const char *h5path, const char *group, const char *fitspath, const rp_hdf5_options *options,
                       rp_error *err)
{
    rp_h5_file *file = NULL;
    char *temp = NULL;
    output o = {.fd = -1, .path = fitspath, .threads = rp_workers_count(options ? options->threads : 0)};
    rp_code code = rp_h5_container_open(&file, h5path, group, err);
    if (!code)
        code = rp_file_temporary(&temp, &o.fd, fitspath, err);
    o.extra = code ? NULL : file->group.extra;
    for (size_t i = 0; !code && i < file->base.nhdu; i++)
        code = put_hdu(&o, file, i, err);
    if (!code)
        code = put(&o, o.extra, file->group.extra_bytes - (size_t)(o.extra - file->group.extra), err);
    if (!code)
        code = rp_file_replace(temp, &o.fd, fitspath, options && options->durable, err);
    if (code && temp)
        (void)unlink(temp);
    if (o.fd >= 0)
        close(o.fd);
    free(temp);
    if (file)
        file->base.close(&file->base);
    return code;
}
