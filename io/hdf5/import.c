/* A FITS file into a group of an HDF5 file: io/hdf5/hdf5.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fits/cards.h"
#include "io/fits/file.h"
#include "io/hdf5/group.h"
#include "io/hdf5/h5.h"
#include "io/hdf5/hdf5.h"
#include "io/hdf5/import.h"

enum { COPY_BYTES = 1024 * 1024 };

/* "SCI_1"; what HDF5 cannot have in a name becomes "_"; a name met before gets its place as well. */
static void name_datasets(rp_h5_group *group, const rp_hdu *hdus)
{
    for (size_t i = 0; i < group->nhdu; i++) {
        char clean[sizeof hdus->extname];
        size_t n = 0;
        for (const char *p = hdus[i].extname; *p; p++)
            clean[n++] = *p == '/' || *p < ' ' || *p > '~' ? '_' : *p;
        clean[n] = '\0';
        char *const name = group->entry[i].name;
        (void)snprintf(name, RP_H5_NAME_BYTES, "%s_%d", n ? clean : "HDU", hdus[i].extver);
        for (size_t k = 0; k < i; k++) {
            if (strcmp(group->entry[k].name, name) == 0) {
                (void)snprintf(name, RP_H5_NAME_BYTES, "%.60s_%d_hdu%zu", n ? clean : "HDU", hdus[i].extver, i);
                break;
            }
        }
    }
}

static rp_code add_extra(rp_h5_group *group, const char *bytes, size_t n, const char *path, rp_error *err)
{
    if (n > RP_H5_MAX_LIST_BYTES - group->extra_bytes)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "'%s' has more than %d bytes outside its HDUs; remove what follows the last HDU", path,
                       RP_H5_MAX_LIST_BYTES);
    char *const grown = realloc(group->extra, group->extra_bytes + n);
    if (!grown)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu bytes of '%s'", n, path);
    memcpy(grown + group->extra_bytes, bytes, n);
    group->extra = grown;
    group->extra_bytes += n;
    return RP_OK;
}

static rp_code note_padding(rp_h5_group *group, size_t i, const rp_fits_file *file, rp_error *err)
{
    char padding[RP_BLOCK_BYTES];
    rp_h5_entry *const e = &group->entry[i];
    const rp_fits_place *const place = &file->place[i];
    const int64_t from = place->data_offset + e->data_bytes;
    e->padding_bytes = place->end_offset - from;
    if (e->padding_bytes == 0)
        return RP_OK;
    rp_code code = rp_file_read_at(file->fd, file->base.path, padding, (size_t)e->padding_bytes, from, err);
    if (code)
        return code;
    e->padding = padding[0] == ' ' ? ' ' : 0;
    for (int64_t k = 0; k < e->padding_bytes; k++) {
        if (padding[k] != (char)e->padding) {
            e->padding = RP_PADDING_VERBATIM;
            return add_extra(group, padding, (size_t)e->padding_bytes, file->base.path, err);
        }
    }
    return RP_OK;
}

/* What follows the last HDU. */
static rp_code note_rest(rp_h5_group *group, const rp_fits_file *file, rp_error *err)
{
    const int64_t from = file->place[group->nhdu - 1].end_offset, n = file->bytes - from;
    if (n <= 0)
        return RP_OK;
    if (n > RP_H5_MAX_LIST_BYTES)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "'%s' has more than %d bytes outside its HDUs; remove what follows the last HDU",
                       file->base.path, RP_H5_MAX_LIST_BYTES);
    char *const rest = malloc((size_t)n);
    if (!rest)
        return rp_fail(err, RP_E_MEMORY, "no memory for %lld bytes of '%s'", (long long)n, file->base.path);
    rp_code code = rp_file_read_at(file->fd, file->base.path, rest, (size_t)n, from, err);
    if (!code)
        code = add_extra(group, rest, (size_t)n, file->base.path, err);
    free(rest);
    return code;
}

/* Headers, sizes and paddings of all HDUs. */
static rp_code describe(rp_h5_group *group, const rp_fits_file *file, rp_error *err)
{
    const rp_hdu *const hdus = file->base.hdu;
    size_t used = 0;
    group->nhdu = file->base.nhdu;
    group->entry = calloc(group->nhdu, sizeof *group->entry);
    for (size_t i = 0; i < group->nhdu; i++)
        group->headers_bytes += hdus[i].header_bytes;
    group->headers = malloc(group->headers_bytes);
    if (!group->entry || !group->headers)
        return rp_fail(err, RP_E_MEMORY, "no memory for the headers of '%s'", file->base.path);
    if (group->headers_bytes > RP_H5_MAX_LIST_BYTES)
        return rp_fail(err, RP_E_UNSUPPORTED, "'%s' has more than %d bytes of headers", file->base.path,
                       RP_H5_MAX_LIST_BYTES);
    rp_code code = RP_OK;
    for (size_t i = 0; i < group->nhdu && !code; i++) {
        group->entry[i].header_bytes = (int64_t)hdus[i].header_bytes;
        group->entry[i].data_bytes = hdus[i].data_bytes;
        memcpy(group->headers + used, hdus[i].header, hdus[i].header_bytes);
        used += hdus[i].header_bytes;
        code = note_padding(group, i, file, err);
    }
    name_datasets(group, hdus);
    return code ? code : note_rest(group, file, err);
}

/* The existing file, if there is one, into the temporary one; *copied tells. */
static rp_code copy_existing(const char *path, int to, bool *copied, rp_error *err)
{
    int from = -1;
    int64_t bytes = 0;
    *copied = access(path, F_OK) == 0;
    if (!*copied)
        return RP_OK;
    rp_code code = rp_file_open(&from, &bytes, path, err);
    if (code)
        return code;
    int64_t done = 0;
    while (done < bytes) {
        const ssize_t n = copy_file_range(from, NULL, to, NULL, (size_t)(bytes - done), 0);
        if (n <= 0)
            break;
        done += n;
    }
    char *const piece = done < bytes ? malloc(COPY_BYTES) : NULL;
    if (done < bytes && !piece)
        code = rp_fail(err, RP_E_MEMORY, "no memory to copy '%s'", path);
    while (done < bytes && !code) {
        const size_t n = bytes - done < COPY_BYTES ? (size_t)(bytes - done) : COPY_BYTES;
        code = rp_file_read_at(from, path, piece, n, done, err);
        if (!code)
            code = rp_file_write_at(to, path, piece, n, done, err);
        done += (int64_t)n;
    }
    free(piece);
    close(from);
    return code;
}

/* Opens the temporary file and makes room for the group. */
static rp_code open_target(hid_t *h5, hid_t *id, const char *temp, bool existing, const char *group, bool replace,
                           const char *path, rp_error *err)
{
    rp_h5_scope scope;
    rp_code code = RP_OK;
    rp_h5_enter(&scope);
    *h5 = existing ? rp_h5_file_open(temp, true) : rp_h5_file_create(temp);
    if (*h5 < 0)
        code = rp_h5_fail(err, existing ? RP_E_FORMAT : RP_E_IO, "cannot open '%s' as an HDF5 file to add group /%s",
                          path, group);
    if (!code && H5Lexists(*h5, group, H5P_DEFAULT) > 0) {
        if (!replace)
            code = rp_fail(err, RP_E_ARGUMENT,
                           "'%s' already has a group /%s; allow it to be replaced or choose another name", path, group);
        else if (H5Ldelete(*h5, group, H5P_DEFAULT) < 0)
            code = rp_h5_fail(err, RP_E_IO, "cannot remove the old group /%s of '%s'", group, path);
    }
    if (!code) {
        *id = rp_h5_group_create(*h5, group);
        if (*id < 0)
            code = rp_h5_fail(err, RP_E_IO, "cannot write '%s'; free space there or choose another folder", path);
    }
    rp_h5_leave(&scope);
    return code;
}

static rp_code close_target(hid_t h5, hid_t id, const rp_h5_group *group, rp_code code, const char *path, rp_error *err)
{
    rp_h5_scope scope;
    rp_h5_enter(&scope);
    if (!code)
        code = rp_h5_group_write(id, group, path, err);
    rp_h5_close(id);
    if (h5 >= 0 && H5Fclose(h5) < 0 && !code)
        code = rp_h5_fail(err, RP_E_IO, "cannot finish '%s'; free space there or choose another folder", path);
    rp_h5_leave(&scope);
    return code;
}

static rp_code fill_target(const char *temp, bool existing, const char *group, const char *path,
                           const rp_fits_file *file, const rp_hdf5_options *options, rp_error *err)
{
    hid_t h5 = -1, id = -1;
    rp_h5_group described = {0};
    rp_h5_pool *const pool = rp_h5_pool_new(options->threads, options->level);
    rp_code code = pool ? describe(&described, file, err) : rp_fail(err, RP_E_MEMORY, "no memory to write '%s'", path);
    if (!code)
        code = open_target(&h5, &id, temp, existing, group, options->replace, path, err);
    for (size_t i = 0; i < file->base.nhdu && !code; i++)
        code = rp_h5_import_hdu(pool, id, described.entry[i].name, file, i, path, err);
    code = close_target(h5, id, &described, code, path, err);
    rp_h5_pool_free(pool);
    rp_h5_group_clear(&described);
    return code;
}

rp_code rp_hdf5_import(const char *h5path, const char *group, const char *fitspath, const rp_hdf5_options *options,
                       rp_error *err)
{
    static const rp_hdf5_options defaults = {0};
    const rp_hdf5_options *const chosen = options ? options : &defaults;
    const char *const name = rp_h5_group_name(group);
    rp_fits_file *file = NULL;
    char *temp = NULL;
    int input = -1, fd = -1;
    int64_t bytes = 0;
    bool existing = false;
    if (!name)
        return rp_fail(err, RP_E_ARGUMENT, "'%s' cannot be the name of a group; give one word, as in rate", group);
    rp_code code = rp_file_open(&input, &bytes, fitspath, err);
    if (!code)
        code = rp_fits_open(&file, input, bytes, fitspath, chosen->scratch_dir, err);
    if (!code)
        code = rp_file_temporary(&temp, &fd, h5path, err);
    if (!code)
        code = copy_existing(h5path, fd, &existing, err);
    if (!code)
        code = fill_target(temp, existing, name, h5path, file, chosen, err);
    if (!code)
        code = rp_file_replace(temp, &fd, h5path, chosen->durable, err);
    if (code && temp)
        (void)unlink(temp);
    if (fd >= 0)
        close(fd);
    free(temp);
    if (file)
        file->base.close(&file->base);
    return code;
}
