/* Element types, shapes and element <-> host number conversions: include/rampart/plane.h. */
#include <string.h>

#include "rampart/plane.h"

size_t rp_dtype_size(rp_dtype type)
{
    switch (type) {
    case RP_U8:
        return 1;
    case RP_I16:
    case RP_U16:
        return 2;
    case RP_I32:
    case RP_U32:
    case RP_F32:
        return 4;
    case RP_I64:
    case RP_F64:
        return 8;
    }
    return 0;
}

const char *rp_dtype_name(rp_dtype type)
{
    switch (type) {
    case RP_U8:
        return "uint8";
    case RP_I16:
        return "int16";
    case RP_U16:
        return "uint16";
    case RP_I32:
        return "int32";
    case RP_U32:
        return "uint32";
    case RP_I64:
        return "int64";
    case RP_F32:
        return "float32";
    case RP_F64:
        return "float64";
    }
    return "unknown";
}

int64_t rp_shape_planes(const rp_shape *shape)
{
    int64_t planes = 1;
    for (int i = 0; i < shape->naxis - 2; i++)
        planes *= shape->axis[i];
    return planes;
}

int64_t rp_shape_ny(const rp_shape *shape)
{
    return shape->naxis >= 2 ? shape->axis[shape->naxis - 2] : shape->naxis;
}

int64_t rp_shape_nx(const rp_shape *shape)
{
    return shape->naxis >= 1 ? shape->axis[shape->naxis - 1] : 0;
}

/* One element at any address; memcpy because rows need not be aligned. */
static inline uint16_t load16(const unsigned char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_bswap16(v);
}

static inline uint32_t load32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_bswap32(v);
}

static inline uint64_t load64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_bswap64(v);
}

static inline float load_f32(const unsigned char *p)
{
    const uint32_t bits = load32(p);
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline double load_f64(const unsigned char *p)
{
    const uint64_t bits = load64(p);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* Negative and not-a-number become 0, too large the largest: C leaves them undefined. */
static inline uint32_t clip_u32(double v)
{
    if (!(v > 0.0))
        return 0;
    return v >= 4294967295.0 ? UINT32_MAX : (uint32_t)v;
}

#define RP_EACH(size, expression)                         \
    for (size_t i = 0; i < n; i++) {                      \
        const unsigned char *const p = from + i * (size); \
        dst[i] = (expression);                            \
    }                                                     \
    break

void rp_elements_to_f32(float *dst, const void *src, rp_dtype type, size_t n)
{
    const unsigned char *const from = src;
    switch (type) {
    case RP_U8:
        RP_EACH(1, (float)*p);
    case RP_I16:
        RP_EACH(2, (float)(int16_t)load16(p));
    case RP_U16:
        RP_EACH(2, (float)(load16(p) ^ 0x8000u));
    case RP_I32:
        RP_EACH(4, (float)(int32_t)load32(p));
    case RP_U32:
        RP_EACH(4, (float)(load32(p) ^ 0x80000000u));
    case RP_I64:
        RP_EACH(8, (float)(int64_t)load64(p));
    case RP_F32:
        RP_EACH(4, load_f32(p));
    case RP_F64:
        RP_EACH(8, (float)load_f64(p));
    }
}

void rp_elements_to_f64(double *dst, const void *src, rp_dtype type, size_t n)
{
    const unsigned char *const from = src;
    switch (type) {
    case RP_U8:
        RP_EACH(1, (double)*p);
    case RP_I16:
        RP_EACH(2, (double)(int16_t)load16(p));
    case RP_U16:
        RP_EACH(2, (double)(load16(p) ^ 0x8000u));
    case RP_I32:
        RP_EACH(4, (double)(int32_t)load32(p));
    case RP_U32:
        RP_EACH(4, (double)(load32(p) ^ 0x80000000u));
    case RP_I64:
        RP_EACH(8, (double)(int64_t)load64(p));
    case RP_F32:
        RP_EACH(4, (double)load_f32(p));
    case RP_F64:
        RP_EACH(8, load_f64(p));
    }
}

void rp_elements_to_u32(uint32_t *dst, const void *src, rp_dtype type, size_t n)
{
    const unsigned char *const from = src;
    switch (type) {
    case RP_U8:
        RP_EACH(1, *p);
    case RP_I16:
        RP_EACH(2, (uint32_t)(int16_t)load16(p));
    case RP_U16:
        RP_EACH(2, load16(p) ^ 0x8000u);
    case RP_I32:
        RP_EACH(4, load32(p));
    case RP_U32:
        RP_EACH(4, load32(p) ^ 0x80000000u);
    case RP_I64:
        RP_EACH(8, (uint32_t)load64(p));
    case RP_F32:
        RP_EACH(4, clip_u32((double)load_f32(p)));
    case RP_F64:
        RP_EACH(8, clip_u32(load_f64(p)));
    }
}

void rp_elements_from_f32(void *dst, const float *src, size_t n)
{
    unsigned char *const to = dst;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &src[i], sizeof bits);
        bits = __builtin_bswap32(bits);
        memcpy(to + i * 4, &bits, sizeof bits);
    }
}

void rp_elements_from_u32(void *dst, const uint32_t *src, size_t n)
{
    unsigned char *const to = dst;
    for (size_t i = 0; i < n; i++) {
        const uint32_t bits = __builtin_bswap32(src[i] ^ 0x80000000u);
        memcpy(to + i * 4, &bits, sizeof bits);
    }
}
