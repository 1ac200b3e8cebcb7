/* One group of an HDF5 file as a container: headers come from its bookkeeping, data from its datasets. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5/container.h"
#include "io/hdf5/h5.h"
#include "io/hdf5/hdf5.h"

static void close_file(rp_container *self)
{
    rp_h5_file *const file = (rp_h5_file *)self;
    rp_h5_scope scope;
    for (size_t i = 0; file->stream && i < file->group.nhdu; i++)
        rp_h5_stream_close(file->stream[i]);
    rp_h5_enter(&scope);
    rp_h5_close(file->id);
    if (file->file >= 0)
        (void)H5Fclose(file->file);
    rp_h5_leave(&scope);
    rp_h5_group_clear(&file->group);
    (void)pthread_mutex_destroy(&file->lock);
    free(file->stream);
    free(file->layout);
    free(file->hdus);
    free(file->label_path);
    free((char *)file->base.path);
    free(file);
}

rp_code rp_h5_container_stream(const rp_h5_file *file, size_t hdu, rp_h5_stream **out, rp_error *err)
{
    const rp_hdu *const h = &file->hdus[hdu];
    const bool pixels = h->is_image && h->shape.naxis > 0;
    const rp_shape shape = pixels ? h->shape : (rp_shape){1, {h->data_bytes}};
    char *const label = rp_fits_label(file->label_path, h);
    if (!label)
        return rp_fail(err, RP_E_MEMORY, "no memory to read '%s'", file->base.path);
    const rp_code code =
        rp_h5_stream_open(out, file->id, file->group.entry[hdu].name, pixels ? h->type : RP_U8, &shape, label, err);
    free(label);
    return code;
}

static rp_code open_source(rp_container *self, size_t hdu, rp_source **out, rp_error *err)
{
    const rp_h5_file *const file = (const rp_h5_file *)self;
    rp_h5_stream *stream = NULL;
    *out = NULL;
    if (hdu >= self->nhdu)
        return rp_fail(err, RP_E_INTERNAL, "'%s' has %zu HDUs, HDU %zu was asked for", self->path, self->nhdu, hdu);
    char *const label = rp_fits_label(file->label_path, &file->hdus[hdu]);
    rp_code code = label ? rp_fits_layout_readable(&file->layout[hdu], label, err)
                         : rp_fail(err, RP_E_MEMORY, "no memory to read '%s'", self->path);
    free(label);
    if (!code)
        code = rp_h5_container_stream(file, hdu, &stream, err);
    return code ? code : rp_h5_source_new(out, stream, &file->hdus[hdu], err);
}

static rp_code read_bytes(rp_container *self, size_t hdu, int64_t offset, size_t n, void *dst, rp_error *err)
{
    rp_h5_file *const file = (rp_h5_file *)self;
    if (hdu >= self->nhdu || offset < 0 || offset > self->hdu[hdu].data_bytes ||
        n > (uint64_t)(self->hdu[hdu].data_bytes - offset))
        return rp_fail(err, RP_E_INTERNAL, "'%s': bytes %lld+%zu of HDU %zu do not exist", self->path,
                       (long long)offset, n, hdu);
    if (n == 0)
        return RP_OK;
    rp_code code = RP_OK;
    (void)pthread_mutex_lock(&file->lock);
    if (!file->stream[hdu])
        code = rp_h5_container_stream(file, hdu, &file->stream[hdu], err);
    rp_h5_stream *const stream = file->stream[hdu];
    (void)pthread_mutex_unlock(&file->lock);
    return code ? code : rp_h5_stream_read(stream, offset, n, dst, err);
}

/* Every header must describe the data that the bookkeeping tells of. */
static rp_code parse_headers(rp_h5_file *file, rp_error *err)
{
    const rp_h5_group *const group = &file->group;
    const char *header = group->headers;
    file->layout = calloc(group->nhdu, sizeof *file->layout);
    file->hdus = calloc(group->nhdu, sizeof *file->hdus);
    file->stream = calloc(group->nhdu, sizeof *file->stream);
    if (!file->layout || !file->hdus || !file->stream)
        return rp_fail(err, RP_E_MEMORY, "no memory for the HDUs of '%s'", file->base.path);
    for (size_t i = 0; i < group->nhdu; i++) {
        const size_t bytes = (size_t)group->entry[i].header_bytes;
        const rp_code code = rp_fits_layout_parse(&file->layout[i], header, bytes, file->label_path, i, err);
        if (code)
            return code;
        file->hdus[i] = file->layout[i].hdu;
        if (file->hdus[i].data_bytes != group->entry[i].data_bytes)
            return rp_fail(err, RP_E_FORMAT,
                           "'%s' HDU %zu: its header tells of %lld bytes of data, the file of %lld; make it again from "
                           "the FITS file",
                           file->label_path, i, (long long)file->hdus[i].data_bytes,
                           (long long)group->entry[i].data_bytes);
        header += bytes;
    }
    file->base.hdu = file->hdus;
    file->base.nhdu = group->nhdu;
    return RP_OK;
}

static rp_code open_group(rp_h5_file *file, const char *path, const char *group, rp_error *err)
{
    rp_h5_scope scope;
    char *name = NULL;
    rp_code code = RP_OK;
    rp_h5_enter(&scope);
    file->file = rp_h5_file_open(path, false);
    if (file->file < 0)
        code = rp_h5_fail(err, RP_E_FORMAT, "cannot open '%s' as an HDF5 file", path);
    if (!code)
        code = rp_h5_group_open(&file->id, &name, file->file, group, path, err);
    rp_h5_leave(&scope);
    if (!code && asprintf(&file->label_path, "%s:/%s", path, name) < 0) {
        file->label_path = NULL;
        code = rp_fail(err, RP_E_MEMORY, "no memory to open '%s'", path);
    }
    free(name);
    return code;
}

rp_code rp_h5_container_open(rp_h5_file **out, const char *path, const char *group, rp_error *err)
{
    *out = NULL;
    rp_h5_file *const file = calloc(1, sizeof *file);
    if (!file)
        return rp_fail(err, RP_E_MEMORY, "no memory to open '%s'", path);
    (void)pthread_mutex_init(&file->lock, NULL);
    file->file = file->id = -1;
    file->base.open_source = open_source;
    file->base.read_bytes = read_bytes;
    file->base.close = close_file;
    file->base.path = strdup(path);
    rp_code code = file->base.path ? open_group(file, path, group, err)
                                   : rp_fail(err, RP_E_MEMORY, "no memory to open '%s'", path);
    if (!code)
        code = rp_h5_group_read(&file->group, file->id, path, err);
    if (!code)
        code = parse_headers(file, err);
    if (code) {
        close_file(&file->base);
        return code;
    }
    *out = file;
    return RP_OK;
}

rp_code rp_hdf5_open(rp_container **out, const char *h5path, const char *group, rp_error *err)
{
    rp_h5_file *file = NULL;
    *out = NULL;
    const rp_code code = rp_h5_container_open(&file, h5path, group, err);
    if (!code)
        *out = &file->base;
    return code;
}

rp_code rp_hdf5_open_spec(rp_container **out, const char *spec, rp_error *err)
{
    const char *colon = NULL;
    *out = NULL;
    for (const char *p = strstr(spec, ":/"); p; p = strstr(p + 1, ":/"))
        colon = p;
    if (!colon)
        return rp_hdf5_open(out, spec, NULL, err);
    char *const path = strndup(spec, (size_t)(colon - spec));
    if (!path)
        return rp_fail(err, RP_E_MEMORY, "no memory to open '%s'", spec);
    const rp_code code = rp_hdf5_open(out, path, colon + 1, err);
    free(path);
    return code;
}

rp_code rp_hdf5_groups(char ***names, size_t *count, const char *h5path, rp_error *err)
{
    rp_h5_scope scope;
    rp_code code = RP_OK;
    *names = NULL;
    *count = 0;
    rp_h5_enter(&scope);
    const hid_t file = rp_h5_file_open(h5path, false);
    if (file < 0)
        code = rp_h5_fail(err, RP_E_FORMAT, "cannot open '%s' as an HDF5 file", h5path);
    else
        code = rp_h5_group_list(names, count, file, h5path, err);
    rp_h5_close(file);
    rp_h5_leave(&scope);
    return code;
}
