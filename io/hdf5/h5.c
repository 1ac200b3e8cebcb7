/* The HDF5 library behind a lock: io/hdf5/h5.h. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "io/hdf5/codec.h"
#include "io/hdf5/h5.h"

/* The one mutable global of io: libhdf5 keeps its own process-wide state and may be built without thread safety. */
static pthread_mutex_t library = PTHREAD_MUTEX_INITIALIZER;

void rp_h5_enter(rp_h5_scope *scope)
{
    (void)pthread_mutex_lock(&library);
    (void)H5open();
    scope->print = NULL;
    scope->payload = NULL;
    (void)H5Eget_auto2(H5E_DEFAULT, &scope->print, &scope->payload);
    (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    rp_h5_register_filter();
}

void rp_h5_leave(const rp_h5_scope *scope)
{
    (void)H5Eset_auto2(H5E_DEFAULT, scope->print, scope->payload);
    (void)pthread_mutex_unlock(&library);
}

static herr_t keep_reason(unsigned depth, const H5E_error2_t *entry, void *payload)
{
    if (depth == 0 && entry->desc)
        (void)snprintf(payload, 128, "%s", entry->desc);
    return 0;
}

rp_code rp_h5_fail(rp_error *err, rp_code code, const char *format, ...)
{
    char text[RP_ERROR_TEXT], reason[128] = "no further reason";
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_reason, reason);
    return rp_fail(err, code, "%.800s (HDF5: %s)", text, reason);
}

static hid_t access_list(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    if (list < 0)
        return list;
    if (H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_V110) < 0 ||
        H5Pset_fclose_degree(list, H5F_CLOSE_STRONG) < 0 || H5Pset_file_locking(list, false, true) < 0) {
        H5Pclose(list);
        return -1;
    }
    return list;
}

hid_t rp_h5_file_open(const char *path, bool write)
{
    const hid_t list = access_list();
    const hid_t file = list < 0 ? -1 : H5Fopen(path, write ? H5F_ACC_RDWR : H5F_ACC_RDONLY, list);
    rp_h5_close(list);
    return file;
}

hid_t rp_h5_file_create(const char *path)
{
    const hid_t list = access_list(), creation = H5Pcreate(H5P_FILE_CREATE);
    hid_t file = -1;
    if (list >= 0 && creation >= 0 && H5Pset_obj_track_times(creation, false) >= 0)
        file = H5Fcreate(path, H5F_ACC_TRUNC, creation, list);
    rp_h5_close(creation);
    rp_h5_close(list);
    return file;
}

hid_t rp_h5_group_create(hid_t parent, const char *name)
{
    const hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    hid_t group = -1;
    if (list >= 0 && H5Pset_obj_track_times(list, false) >= 0)
        group = H5Gcreate2(parent, name, H5P_DEFAULT, list, H5P_DEFAULT);
    rp_h5_close(list);
    return group;
}

bool rp_h5_is_here(hid_t group, const char *name)
{
    H5L_info_t info;
    return H5Lexists(group, name, H5P_DEFAULT) > 0 && H5Lget_info(group, name, &info, H5P_DEFAULT) >= 0 &&
           info.type == H5L_TYPE_HARD;
}

hid_t rp_h5_type(rp_dtype type)
{
    switch (type) {
    case RP_U8:
        return H5T_STD_U8BE;
    case RP_I16:
    case RP_U16: /* stored with its FITS offset */
        return H5T_STD_I16BE;
    case RP_I32:
    case RP_U32:
        return H5T_STD_I32BE;
    case RP_I64:
        return H5T_STD_I64BE;
    case RP_F32:
        return H5T_IEEE_F32BE;
    case RP_F64:
        return H5T_IEEE_F64BE;
    }
    return -1;
}

void rp_h5_close(hid_t id)
{
    if (id < 0)
        return;
    const hid_t reasons = H5Eget_current_stack();
    (void)H5Idec_ref(id);
    if (reasons >= 0)
        (void)H5Eset_current_stack(reasons);
}
