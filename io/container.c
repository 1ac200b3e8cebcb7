/* Opening files by content: include/rampart/container.h. */
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "io/fits/file.h"
#include "io/fits/reader.h"
#include "io/hdf5/hdf5.h"
#include "rampart/container.h"

static rp_code open_plain(rp_container **out, const char *path, const char *scratch_dir, rp_error *err)
{
    static const char hdf5[] = "\x89HDF\r\n\x1a\n";
    char head[sizeof hdf5 - 1] = "";
    int fd = -1;
    int64_t bytes = 0;
    rp_code code = rp_file_open(&fd, &bytes, path, err);
    if (code)
        return code;
    if (bytes >= (int64_t)sizeof head)
        code = rp_file_read_at(fd, path, head, sizeof head, 0, err);
    if (code || memcmp(head, hdf5, sizeof head) == 0) {
        close(fd);
        return code ? code : rp_hdf5_open(out, path, NULL, err);
    }
    rp_fits_file *file = NULL;
    code = rp_fits_open(&file, fd, bytes, path, scratch_dir, err);
    if (!code)
        *out = &file->base;
    return code;
}

rp_code rp_container_open(rp_container **out, const char *path, const char *scratch_dir, rp_error *err)
{
    *out = NULL;
    /* "file.h5:/rate" names a group, unless there is a file of that very name. */
    if (access(path, F_OK) != 0 && strstr(path, ":/"))
        return rp_hdf5_open_spec(out, path, err);
    return open_plain(out, path, scratch_dir, err);
}

int rp_container_find(const rp_container *self, const char *extname, int extver)
{
    for (size_t i = 0; i < self->nhdu && i <= INT32_MAX; i++) {
        if (self->hdu[i].extver == extver && strcasecmp(self->hdu[i].extname, extname) == 0)
            return (int)i;
    }
    return -1;
}
