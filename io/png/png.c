/* PNG files through libpng. */
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fits/file.h"
#include "io/png/png.h"

rp_code rp_picture_new(rp_picture *out, int width, int height, rp_error *err)
{
    *out = (rp_picture){0};
    if (width < 1 || height < 1 || width > RP_PICTURE_MAX_SIDE || height > RP_PICTURE_MAX_SIDE)
        return rp_fail(err, RP_E_ARGUMENT, "a picture of %d x %d pixels cannot be made: sides are 1 to %d", width,
                       height, RP_PICTURE_MAX_SIDE);
    const size_t bytes = (size_t)width * (size_t)height * 3;
    out->rgb = malloc(bytes);
    if (!out->rgb)
        return rp_fail(err, RP_E_MEMORY, "no memory for a picture of %d x %d pixels", width, height);
    memset(out->rgb, 255, bytes);
    out->width = width;
    out->height = height;
    return RP_OK;
}

void rp_picture_free(rp_picture *picture)
{
    free(picture->rgb);
    *picture = (rp_picture){0};
}

/* What the callbacks of libpng know. */
typedef struct stream {
    int fd;
    int64_t offset;
    const char *path;
    rp_error *err;
    rp_code code;
} stream;

static void keep_message(png_structp png, png_const_charp message)
{
    stream *s = png_get_error_ptr(png);
    if (!s->code)
        s->code = rp_fail(s->err, RP_E_IO, "%s: the picture cannot be written: %s", s->path, message);
    png_longjmp(png, 1);
}

static void drop_warning(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

static void write_bytes(png_structp png, png_bytep bytes, size_t n)
{
    stream *s = png_get_io_ptr(png);
    s->code = rp_file_write_at(s->fd, s->path, bytes, n, s->offset, s->err);
    if (s->code)
        png_longjmp(png, 1);
    s->offset += (int64_t)n;
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* libpng leaves by longjmp when something fails: no local may change between setjmp and that. */
static rp_code encode(const rp_picture *picture, stream *s)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, s, keep_message, drop_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_write_struct(&png, NULL);
        return rp_fail(s->err, RP_E_MEMORY, "%s: no memory to write a picture", s->path);
    }
    if (setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return s->code;
    }
    png_set_write_fn(png, s, write_bytes, flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)picture->width, (png_uint_32)picture->height, 8, PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (int y = 0; y < picture->height; y++)
        png_write_row(png, picture->rgb + (size_t)y * (size_t)picture->width * 3);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return RP_OK;
}

rp_code rp_png_write(const rp_picture *picture, const char *path, rp_error *err)
{
    char *temp = NULL;
    stream s = {.fd = -1, .path = path, .err = err};
    rp_code code = rp_file_temporary(&temp, &s.fd, path, err);
    if (code)
        return code;
    code = encode(picture, &s);
    if (!code)
        code = rp_file_replace(temp, &s.fd, path, false, err);
    if (s.fd >= 0)
        (void)close(s.fd);
    if (code)
        (void)unlink(temp);
    free(temp);
    return code;
}
