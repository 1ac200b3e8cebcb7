/* Gzipped FITS files: unpacked once into a nameless scratch file, since pixels are read in any order. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include "io/fits/file.h"
#include "io/fits/reader.h"

enum { PIECE_BYTES = 1024 * 1024, ZLIB_BUFFER_BYTES = 256 * 1024 };

static rp_code unpack(gzFile from, int to, int64_t *bytes, const char *path, rp_error *err)
{
    char *const piece = malloc(PIECE_BYTES);
    if (!piece)
        return rp_fail(err, RP_E_MEMORY, "no memory to unpack '%s'", path);
    rp_code code = RP_OK;
    int got = 1;
    *bytes = 0;
    while (got > 0 && !code) {
        errno = 0;
        got = gzread(from, piece, PIECE_BYTES);
        if (got > 0)
            code = rp_file_write_at(to, "scratch file of the unpacked input", piece, (size_t)got, *bytes, err);
        if (got > 0)
            *bytes += got;
    }
    int status = Z_OK;
    if (!code && got < 0) {
        const char *const reason = gzerror(from, &status);
        code = status == Z_ERRNO
                   ? rp_fail_errno(err, RP_E_IO, "cannot read '%s'", path)
                   : rp_fail(err, RP_E_FORMAT, "'%s' is a damaged gzip file (%s); fetch it again", path, reason);
    }
    free(piece);
    return code;
}

rp_code rp_fits_gunzip(int *fd, int64_t *bytes, const char *path, const char *scratch_dir, rp_error *err)
{
    int scratch = -1;
    rp_code code = RP_OK;
    const int again = dup(*fd); /* gzclose closes its descriptor */
    gzFile from = again >= 0 && lseek(again, 0, SEEK_SET) == 0 ? gzdopen(again, "rb") : NULL;
    if (!from) {
        code = rp_fail_errno(err, RP_E_IO, "cannot unpack '%s'", path);
        if (again >= 0)
            close(again);
        return code;
    }
    (void)gzbuffer(from, ZLIB_BUFFER_BYTES);
    code = rp_file_scratch(&scratch, scratch_dir, err);
    if (!code)
        code = unpack(from, scratch, bytes, path, err);
    /* The end of a truncated file shows only when it is closed. */
    const int closed = gzclose(from);
    if (!code && closed != Z_OK)
        code = rp_fail(err, RP_E_FORMAT, "'%s' is a truncated gzip file; fetch it again", path);
    if (code) {
        if (scratch >= 0)
            close(scratch);
        return code;
    }
    close(*fd);
    *fd = scratch;
    return RP_OK;
}
