/* Runs a kernel in every host build that this CPU has, for tests of kernels on small frames. */
#ifndef RP_TESTS_KERNEL_RUN_H
#define RP_TESTS_KERNEL_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/compute/kernels.h"
#include "host/compute/openmp/kernels_host.h"

#define KERNEL_VARIANTS(X) X(v1, 1) X(v1, 8) X(v3, 8) X(v4, 8) X(v4, 16)
#define DECLARE_VARIANT(isa, lanes) extern const rp_host_kernel *const rp_host_kernels_##isa##_##lanes;
KERNEL_VARIANTS(DECLARE_VARIANT)
#undef DECLARE_VARIANT

/* A frame of 20 columns and 3 rows: neither is a multiple of any number of lanes. */
enum { NX = 20, NY = 3, NPIX = NX * NY, STRIDE = 64 };

static inline int has_isa(const char *isa)
{
    if (!strcmp(isa, "v4"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (!strcmp(isa, "v3"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    return 1;
}

/* Calls check(kernels) for every build. */
static inline void every_variant(void (*check)(const rp_host_kernel *kernels))
{
    static const struct {
        const char *isa;
        const rp_host_kernel *const *kernels;
    } all[] = {
#define LIST_VARIANT(isa, lanes) {#isa, &rp_host_kernels_##isa##_##lanes},
        KERNEL_VARIANTS(LIST_VARIANT)
#undef LIST_VARIANT
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (has_isa(all[i].isa))
            check(*all[i].kernels);
}

/* The kernel on the whole frame. */
static inline void run_lanes(const rp_host_kernel *kernels, int kernel, const void *params, void *const *buffers)
{
    const size_t extent[3] = {STRIDE, 0, 0};
    assert_true(kernels[kernel].is_lane);
    kernels[kernel].run(params, buffers, extent);
}

/* Memory of n elements, aligned as the device's buffers are and filled with zeros; freed by the caller. */
static inline void *new_plane(size_t n, size_t element)
{
    const size_t bytes = (n * element + 63) / 64 * 64;
    void *memory = aligned_alloc(64, bytes);
    assert_non_null(memory);
    memset(memory, 0, bytes);
    return memory;
}

/* Words as a FITS file holds them. */
static inline uint32_t fits_f32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return __builtin_bswap32(bits);
}

static inline uint32_t fits_u32(uint32_t value)
{
    return __builtin_bswap32(value ^ 0x80000000u);
}

static inline uint32_t *new_fits_f32(size_t n, float value)
{
    uint32_t *words = new_plane(n, sizeof *words);
    for (size_t i = 0; i < n; i++)
        words[i] = fits_f32(value);
    return words;
}

static inline uint32_t *new_fits_u32(size_t n, uint32_t value)
{
    uint32_t *words = new_plane(n, sizeof *words);
    for (size_t i = 0; i < n; i++)
        words[i] = fits_u32(value);
    return words;
}

static inline float *new_f32(size_t n, float value)
{
    float *values = new_plane(n, sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = value;
    return values;
}

static inline uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline size_t at(size_t y, size_t x)
{
    return y * NX + x;
}

static const rp_extent whole_frame = {.nx = NX, .npix = NPIX, .y0 = 0, .y1 = NY, .x0 = 0, .x1 = NX};

#endif
