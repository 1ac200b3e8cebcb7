/* Pictures: 8-bit RGB, written as PNG files.
 *
 * A picture's pixels are rows from top to bottom, three bytes (red, green, blue) per pixel. */
#ifndef RAMPART_IO_PNG_PNG_H
#define RAMPART_IO_PNG_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

enum { RP_PICTURE_MAX_SIDE = 32768 };

typedef struct rp_picture {
    int width, height;
    uint8_t *rgb; /* owned: height * width * 3 bytes */
} rp_picture;

/* White.  Sides must be 1 .. RP_PICTURE_MAX_SIDE. */
rp_code rp_picture_new(rp_picture *out, int width, int height, rp_error *err);
void rp_picture_free(rp_picture *picture);

/* Under a temporary name beside `path`, renamed when complete. */
rp_code rp_png_write(const rp_picture *picture, const char *path, rp_error *err);

#endif
