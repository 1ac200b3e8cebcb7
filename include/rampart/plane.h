/* Pixels at rest: element types, rectangles of a frame, and sources and sinks of image planes.
 *
 * Arrays are [plane][y][x], x fastest, as in FITS; "plane" counts the leading axes flattened
 * (integration * ngroups + group for a ramp).  Sources and sinks carry FITS elements: big-endian,
 * and for unsigned types the stored (BZERO-offset) integer.  Kernels swap in registers; nobody else does. */
#ifndef RAMPART_PLANE_H
#define RAMPART_PLANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

typedef enum rp_dtype {
    RP_U8,  /* BITPIX 8 */
    RP_I16, /* BITPIX 16 */
    RP_U16, /* BITPIX 16, BZERO 32768: stored value = value ^ 0x8000 */
    RP_I32, /* BITPIX 32 */
    RP_U32, /* BITPIX 32, BZERO 2147483648: stored value = value ^ 0x80000000 */
    RP_I64, /* BITPIX 64 */
    RP_F32, /* BITPIX -32 */
    RP_F64  /* BITPIX -64 */
} rp_dtype;

size_t rp_dtype_size(rp_dtype type);     /* bytes of one element */
const char *rp_dtype_name(rp_dtype type); /* "uint16" ... as numpy spells it */

/* Rows y0 .. y0+ny-1, columns x0 .. x0+nx-1. */
typedef struct rp_rect {
    int64_t y0, x0, ny, nx;
} rp_rect;

enum { RP_MAX_AXES = 5 };

/* Shape in C order: axis[naxis-1] is x, axis[naxis-2] is y. */
typedef struct rp_shape {
    int naxis;
    int64_t axis[RP_MAX_AXES];
} rp_shape;

int64_t rp_shape_planes(const rp_shape *shape); /* product of all axes before y; 1 for 2-D */
int64_t rp_shape_ny(const rp_shape *shape);
int64_t rp_shape_nx(const rp_shape *shape);

/* A readable image.  `read` fills dst with the rectangle of one plane, rows packed; it is thread-safe. */
typedef struct rp_source rp_source;
struct rp_source {
    rp_dtype type;
    rp_shape shape;
    const char *label; /* "file.fits[SCI]", for messages; owned by the source */
    uint64_t identity; /* of its elements, the same in later runs of the process; 0: not known to be */
    rp_code (*read)(const rp_source *self, int64_t plane, rp_rect rect, void *dst, rp_error *err);
    void (*close)(rp_source *self); /* frees self */
};

/* A writable image of known shape.  `write` stores a rectangle of one plane; thread-safe for disjoint rectangles. */
typedef struct rp_sink rp_sink;
struct rp_sink {
    rp_dtype type;
    rp_shape shape;
    const char *label;
    rp_code (*write)(const rp_sink *self, int64_t plane, rp_rect rect, const void *src, rp_error *err);
};

/* Elements <-> host numbers, for the few places that look at values outside a kernel.
 * n elements; unsigned offsets are applied.  to_f64 accepts every type. */
void rp_elements_to_f32(float *dst, const void *src, rp_dtype type, size_t n);
void rp_elements_to_f64(double *dst, const void *src, rp_dtype type, size_t n);
void rp_elements_to_u32(uint32_t *dst, const void *src, rp_dtype type, size_t n);
void rp_elements_from_f32(void *dst, const float *src, size_t n);
void rp_elements_from_u32(void *dst, const uint32_t *src, size_t n); /* as RP_U32 */

#endif
