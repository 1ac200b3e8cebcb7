/* Bookkeeping of one group: io/hdf5/group.h. */
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"
#include "io/hdf5/codec.h"
#include "io/hdf5/group.h"
#include "io/hdf5/h5.h"
#include "io/hdf5/stream.h"

static const char damaged[] = "the file is damaged, fetch or make it again";

/* Against absurd claims of a damaged file. */
static const hsize_t max_hdus = 1000 * 1000;
static const int64_t max_bookkeeping_bytes = RP_H5_MAX_LIST_BYTES;
static const int64_t max_data_bytes = INT64_MAX / 4;

void rp_h5_group_clear(rp_h5_group *group)
{
    free(group->entry);
    free(group->headers);
    free(group->extra);
    memset(group, 0, sizeof *group);
}

/* Compound of an entry, for memory or file. */
static hid_t entry_type(void)
{
    const hid_t text = H5Tcopy(H5T_C_S1);
    const hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(rp_h5_entry));
    const bool good = text >= 0 && type >= 0 && H5Tset_size(text, RP_H5_NAME_BYTES) >= 0 &&
                      H5Tset_strpad(text, H5T_STR_NULLPAD) >= 0 &&
                      H5Tinsert(type, "name", offsetof(rp_h5_entry, name), text) >= 0 &&
                      H5Tinsert(type, "header_bytes", offsetof(rp_h5_entry, header_bytes), H5T_NATIVE_INT64) >= 0 &&
                      H5Tinsert(type, "data_bytes", offsetof(rp_h5_entry, data_bytes), H5T_NATIVE_INT64) >= 0 &&
                      H5Tinsert(type, "padding_bytes", offsetof(rp_h5_entry, padding_bytes), H5T_NATIVE_INT64) >= 0 &&
                      H5Tinsert(type, "padding", offsetof(rp_h5_entry, padding), H5T_NATIVE_INT64) >= 0;
    rp_h5_close(text);
    if (good)
        return type;
    rp_h5_close(type);
    return -1;
}

static bool write_table(hid_t id, const rp_h5_group *group)
{
    const hsize_t dims[1] = {group->nhdu};
    const hid_t type = entry_type();
    const hid_t space = H5Screate_simple(1, dims, NULL);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    hid_t set = -1;
    if (type >= 0 && space >= 0 && list >= 0 && H5Pset_obj_track_times(list, false) >= 0)
        set = H5Dcreate2(id, "hdus", type, space, H5P_DEFAULT, list, H5P_DEFAULT);
    const bool good = set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, group->entry) >= 0;
    rp_h5_close(set);
    rp_h5_close(list);
    rp_h5_close(space);
    rp_h5_close(type);
    return good;
}

/* A byte dataset, packed by the library; without extent when empty. */
static bool write_bytes(hid_t id, const char *name, const char *bytes, size_t n)
{
    const hsize_t dims[1] = {n};
    const unsigned level = RP_ZSTD_LEVEL;
    const rp_shape shape = {1, {(int64_t)n}};
    const hid_t space = n ? H5Screate_simple(1, dims, NULL) : H5Screate(H5S_NULL);
    const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    bool good = space >= 0 && list >= 0 && H5Pset_obj_track_times(list, false) >= 0;
    if (good && n) {
        rp_chunks chunks;
        hsize_t chunk[RP_MAX_AXES];
        rp_chunks_choose(&chunks, &shape, 1);
        rp_chunks_dims(&chunks, chunk);
        good = H5Pset_chunk(list, 1, chunk) >= 0 &&
               H5Pset_filter(list, RP_ZSTD_FILTER, H5Z_FLAG_MANDATORY, 1, &level) >= 0;
    }
    const hid_t set = good ? H5Dcreate2(id, name, H5T_STD_U8BE, space, H5P_DEFAULT, list, H5P_DEFAULT) : -1;
    good = set >= 0 && (!n || H5Dwrite(set, H5T_STD_U8BE, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0);
    rp_h5_close(set);
    rp_h5_close(list);
    rp_h5_close(space);
    return good;
}

static bool write_form(hid_t id)
{
    const int form = RP_H5_FORM;
    const hid_t space = H5Screate(H5S_SCALAR);
    const hid_t attribute = space < 0 ? -1 : H5Acreate2(id, "form", H5T_STD_I32LE, space, H5P_DEFAULT, H5P_DEFAULT);
    const bool good = attribute >= 0 && H5Awrite(attribute, H5T_NATIVE_INT, &form) >= 0;
    rp_h5_close(attribute);
    rp_h5_close(space);
    return good;
}

rp_code rp_h5_group_write(hid_t id, const rp_h5_group *group, const char *path, rp_error *err)
{
    const hid_t fits = rp_h5_group_create(id, RP_H5_FITS);
    const bool good = fits >= 0 && write_form(fits) && write_table(fits, group) &&
                      write_bytes(fits, "headers", group->headers, group->headers_bytes) &&
                      write_bytes(fits, "extra", group->extra, group->extra_bytes);
    const rp_code code =
        good ? RP_OK : rp_h5_fail(err, RP_E_IO, "cannot write '%s'; free space there or choose another folder", path);
    rp_h5_close(fits);
    return code;
}

/* ---- reading ---- */

static rp_code check_form(hid_t id, const char *path, rp_error *err)
{
    int form = 0;
    const hid_t attribute = H5Aexists(id, "form") > 0 ? H5Aopen(id, "form", H5P_DEFAULT) : -1;
    const hid_t space = attribute < 0 ? -1 : H5Aget_space(attribute);
    const hid_t type = attribute < 0 ? -1 : H5Aget_type(attribute);
    const bool good = space >= 0 && type >= 0 && H5Sget_simple_extent_npoints(space) == 1 &&
                      H5Tget_class(type) == H5T_INTEGER && H5Aread(attribute, H5T_NATIVE_INT, &form) >= 0;
    rp_h5_close(type);
    rp_h5_close(space);
    rp_h5_close(attribute);
    if (!good)
        return rp_h5_fail(err, RP_E_FORMAT, "'%s': group " RP_H5_FITS " has no attribute 'form'; %s", path, damaged);
    if (form != RP_H5_FORM)
        return rp_fail(err, RP_E_UNSUPPORTED, "'%s' is of form %d, this program reads form %d; use a newer program",
                       path, form, RP_H5_FORM);
    return RP_OK;
}

/* Opens a dataset of the bookkeeping that is one-dimensional or empty. */
static rp_code open_list(hid_t *set, hsize_t *n, hid_t id, const char *name, const char *path, rp_error *err)
{
    *n = 0;
    *set = rp_h5_is_here(id, name) ? H5Dopen2(id, name, H5P_DEFAULT) : -1;
    const hid_t space = *set < 0 ? -1 : H5Dget_space(*set);
    const hid_t list = *set < 0 ? -1 : H5Dget_create_plist(*set);
    const H5S_class_t kind = space < 0 ? H5S_NO_CLASS : H5Sget_simple_extent_type(space);
    const bool good = list >= 0 && H5Pget_layout(list) != H5D_VIRTUAL && H5Pget_external_count(list) == 0 &&
                      (kind == H5S_NULL || (kind == H5S_SIMPLE && H5Sget_simple_extent_ndims(space) == 1 &&
                                            H5Sget_simple_extent_dims(space, n, NULL) == 1));
    rp_h5_close(list);
    rp_h5_close(space);
    if (good)
        return RP_OK;
    rp_h5_close(*set);
    *set = -1;
    return rp_h5_fail(err, RP_E_FORMAT, "'%s': the list '" RP_H5_FITS "/%s' is not there; %s", path, name, damaged);
}

/* No filters of the library on this way: see stream.c. */
static rp_code check_contiguous(hid_t set, const char *path, rp_error *err)
{
    const hid_t list = H5Dget_create_plist(set);
    const bool good = list >= 0 && H5Pget_layout(list) == H5D_CONTIGUOUS;
    rp_h5_close(list);
    return good ? RP_OK : rp_fail(err, RP_E_FORMAT, "'%s': the list of HDUs is not contiguous; %s", path, damaged);
}

static rp_code read_table(rp_h5_group *out, hid_t id, const char *path, rp_error *err)
{
    hid_t set = -1;
    hsize_t n = 0;
    rp_code code = open_list(&set, &n, id, "hdus", path, err);
    if (!code)
        code = check_contiguous(set, path, err);
    if (!code && (n == 0 || n > max_hdus))
        code = rp_fail(err, RP_E_FORMAT, "'%s' claims to hold %llu HDUs; %s", path, (unsigned long long)n, damaged);
    if (!code) {
        out->entry = calloc((size_t)n, sizeof *out->entry);
        if (!out->entry)
            code = rp_fail(err, RP_E_MEMORY, "no memory for %llu HDUs of '%s'", (unsigned long long)n, path);
    }
    if (!code) {
        const hid_t type = entry_type();
        if (type < 0 || H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->entry) < 0)
            code = rp_h5_fail(err, RP_E_FORMAT, "cannot read the list of HDUs of '%s'; %s", path, damaged);
        rp_h5_close(type);
        out->nhdu = (size_t)n;
    }
    rp_h5_close(set);
    return code;
}

/* Sizes are possible, and headers and extra have just the bytes that the entries need. */
static rp_code check_sizes(const rp_h5_group *group, const char *path, rp_error *err)
{
    int64_t headers = 0, verbatim = 0, data = 0;
    bool good = true;
    for (size_t i = 0; i < group->nhdu && good; i++) {
        rp_h5_entry *const e = &group->entry[i];
        e->name[sizeof e->name - 1] = '\0';
        good = e->header_bytes >= RP_BLOCK_BYTES && e->header_bytes % RP_BLOCK_BYTES == 0 &&
               e->header_bytes <= max_bookkeeping_bytes && e->data_bytes >= 0 && e->data_bytes <= max_data_bytes &&
               e->padding_bytes >= 0 && e->padding_bytes < RP_BLOCK_BYTES &&
               (e->padding == 0 || e->padding == ' ' || e->padding == RP_PADDING_VERBATIM);
        headers += good ? e->header_bytes : 0;
        verbatim += good && e->padding == RP_PADDING_VERBATIM ? e->padding_bytes : 0;
        good = good && !__builtin_add_overflow(data, e->data_bytes, &data) && data <= max_data_bytes &&
               headers <= max_bookkeeping_bytes;
    }
    if (good && headers == (int64_t)group->headers_bytes && verbatim <= (int64_t)group->extra_bytes)
        return RP_OK;
    return rp_fail(err, RP_E_FORMAT, "'%s': sizes in its list of HDUs do not fit its headers; %s", path, damaged);
}

static rp_code read_bytes(char **out, size_t *out_bytes, hid_t id, const char *name, const char *path, rp_error *err)
{
    rp_h5_scope scope;
    hid_t set = -1;
    hsize_t n = 0;
    rp_h5_enter(&scope);
    rp_code code = open_list(&set, &n, id, name, path, err);
    rp_h5_close(set);
    rp_h5_leave(&scope);
    if (code)
        return code;
    if (n > (hsize_t)max_bookkeeping_bytes)
        return rp_fail(err, RP_E_FORMAT, "'%s': '%s' claims to have %llu bytes; %s", path, name, (unsigned long long)n,
                       damaged);
    *out = malloc(n ? (size_t)n : 1);
    *out_bytes = (size_t)n;
    if (!*out)
        return rp_fail(err, RP_E_MEMORY, "no memory for %llu bytes of '%s'", (unsigned long long)n, path);
    if (n == 0)
        return RP_OK;
    rp_h5_stream *stream = NULL;
    const rp_shape shape = {1, {(int64_t)n}};
    code = rp_h5_stream_open(&stream, id, name, RP_U8, &shape, path, err);
    if (!code)
        code = rp_h5_stream_read(stream, 0, (size_t)n, *out, err);
    rp_h5_stream_close(stream);
    return code;
}

rp_code rp_h5_group_read(rp_h5_group *out, hid_t id, const char *path, rp_error *err)
{
    rp_h5_scope scope;
    memset(out, 0, sizeof *out);
    rp_code code = RP_OK;
    rp_h5_enter(&scope);
    const hid_t fits = H5Gopen2(id, RP_H5_FITS, H5P_DEFAULT);
    if (fits < 0)
        code = rp_h5_fail(err, RP_E_FORMAT, "'%s': the group " RP_H5_FITS " does not open; %s", path, damaged);
    if (!code)
        code = check_form(fits, path, err);
    if (!code)
        code = read_table(out, fits, path, err);
    rp_h5_leave(&scope);
    if (!code)
        code = read_bytes(&out->headers, &out->headers_bytes, fits, "headers", path, err);
    if (!code)
        code = read_bytes(&out->extra, &out->extra_bytes, fits, "extra", path, err);
    if (!code)
        code = check_sizes(out, path, err);
    rp_h5_enter(&scope);
    rp_h5_close(fits);
    rp_h5_leave(&scope);
    if (code)
        rp_h5_group_clear(out);
    return code;
}
