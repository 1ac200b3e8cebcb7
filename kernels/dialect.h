/* One text, two compilers: host C (GCC, Clang) and OpenCL C 1.2.
 *
 * The includer declares its dialect, RP_DIALECT_HOST or RP_DIALECT_CL, and RP_LANES (1, 8 or 16): how many
 * neighbouring pixels one call works on.  Nothing is sniffed.  What bodies may use: + - * / on lane types,
 * rp_sqrt64/32, rp_fabs, rp_floor, comparisons through RP_M32/RP_M64, selects, integer and bit operations.
 * No contraction: hosts compile with -ffp-contract=off, devices with FP_CONTRACT OFF and correctly rounded
 * single-precision division and square root; then both give the same bits.
 *
 * Masks are integers, 0 or -1 in every lane: vi32 beside vf32, vi64 beside vf64. */
#ifndef RP_DIALECT_H
#define RP_DIALECT_H

#if defined(RP_DIALECT_HOST) == defined(RP_DIALECT_CL)
#error "define exactly one of RP_DIALECT_HOST and RP_DIALECT_CL before including a kernel header"
#endif
#if !defined(RP_LANES) || (RP_LANES != 1 && RP_LANES != 8 && RP_LANES != 16)
#error "define RP_LANES as 1, 8 or 16 before including a kernel header"
#endif

#define RP_CAT_(a, b) a##b
#define RP_CAT(a, b) RP_CAT_(a, b)

/* ------------------------------------------------------------------ types */
#ifdef RP_DIALECT_CL
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF
#define RP_G(type) __global type * /* a buffer: RP_G(const float) x */
#define RP_FN static inline
typedef uchar rp_u8;
typedef short rp_i16;
typedef ushort rp_u16;
typedef int rp_i32;
typedef uint rp_u32;
typedef long rp_i64;
typedef ulong rp_u64;
#define RP_NULL 0
#if RP_LANES == 1
typedef float vf32;
typedef double vf64;
typedef int vi32;
typedef uint vu32;
typedef long vi64;
#else
typedef RP_CAT(float, RP_LANES) vf32;
typedef RP_CAT(double, RP_LANES) vf64;
typedef RP_CAT(int, RP_LANES) vi32;
typedef RP_CAT(uint, RP_LANES) vu32;
typedef RP_CAT(long, RP_LANES) vi64;
#endif
#else /* host */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#define RP_G(type) type *
#define RP_FN static inline __attribute__((always_inline, unused))
typedef uint8_t rp_u8;
typedef int16_t rp_i16;
typedef uint16_t rp_u16;
typedef int32_t rp_i32;
typedef uint32_t rp_u32;
typedef int64_t rp_i64;
typedef uint64_t rp_u64;
#define RP_NULL NULL
#if RP_LANES == 1
typedef float vf32;
typedef double vf64;
typedef int32_t vi32;
typedef uint32_t vu32;
typedef int64_t vi64;
#else
typedef float vf32 __attribute__((vector_size(4 * RP_LANES)));
typedef double vf64 __attribute__((vector_size(8 * RP_LANES)));
typedef int32_t vi32 __attribute__((vector_size(4 * RP_LANES)));
typedef uint32_t vu32 __attribute__((vector_size(4 * RP_LANES)));
typedef int64_t vi64 __attribute__((vector_size(8 * RP_LANES)));
#endif
#endif

/* Pixel index: 32 bits do for one plane, 64 for a cube. */
typedef rp_u64 rp_index;

/* ------------------------------------------------------------------ masks: RP_M32(a < b), RP_M64(x >= y) */
#if RP_LANES == 1
#define RP_M32(condition) (-(rp_i32)(condition))
#define RP_M64(condition) (-(rp_i64)(condition))
#else
#define RP_M32(condition) ((vi32)(condition))
#define RP_M64(condition) ((vi64)(condition))
#endif

/* ------------------------------------------------------------------ conversions and bit views */
#ifdef RP_DIALECT_CL
#if RP_LANES == 1
#define rp_f64_of_f32(v) ((double)(v))
#define rp_f32_of_f64(v) ((float)(v))
#define rp_f32_of_i32(v) ((float)(v))
#define rp_f64_of_i32(v) ((double)(v))
#define rp_f32_of_u32(v) ((float)(v))
#define rp_i64_of_i32(v) ((long)(v))
#define rp_i32_of_i64(v) ((int)(v))
#define rp_bits32(v) as_int(v)
#define rp_from_bits32(v) as_float(v)
#define rp_bits64(v) as_long(v)
#define rp_from_bits64(v) as_double(v)
#define rp_u32_of_i32(v) as_uint(v)
#define rp_i32_of_u32(v) as_int(v)
#else
#define rp_f64_of_f32(v) RP_CAT(convert_double, RP_LANES)(v)
#define rp_f32_of_f64(v) RP_CAT(convert_float, RP_LANES)(v)
#define rp_f32_of_i32(v) RP_CAT(convert_float, RP_LANES)(v)
#define rp_f64_of_i32(v) RP_CAT(convert_double, RP_LANES)(v)
#define rp_f32_of_u32(v) RP_CAT(convert_float, RP_LANES)(v)
#define rp_i64_of_i32(v) RP_CAT(convert_long, RP_LANES)(v)
#define rp_i32_of_i64(v) RP_CAT(convert_int, RP_LANES)(v)
#define rp_bits32(v) RP_CAT(as_int, RP_LANES)(v)
#define rp_from_bits32(v) RP_CAT(as_float, RP_LANES)(v)
#define rp_bits64(v) RP_CAT(as_long, RP_LANES)(v)
#define rp_from_bits64(v) RP_CAT(as_double, RP_LANES)(v)
#define rp_u32_of_i32(v) RP_CAT(as_uint, RP_LANES)(v)
#define rp_i32_of_u32(v) RP_CAT(as_int, RP_LANES)(v)
#endif
#define rp_sqrt64(v) sqrt(v)
#define rp_sqrt32(v) sqrt(v)
#else /* host */
#if RP_LANES == 1
#define rp_f64_of_f32(v) ((double)(v))
#define rp_f32_of_f64(v) ((float)(v))
#define rp_f32_of_i32(v) ((float)(v))
#define rp_f64_of_i32(v) ((double)(v))
#define rp_f32_of_u32(v) ((float)(v))
#define rp_i64_of_i32(v) ((int64_t)(v))
#define rp_i32_of_i64(v) ((int32_t)(v))
#define rp_u32_of_i32(v) ((uint32_t)(v))
#define rp_i32_of_u32(v) ((int32_t)(v))
RP_FN vi32 rp_bits32(vf32 v) { vi32 r; memcpy(&r, &v, sizeof r); return r; }
RP_FN vf32 rp_from_bits32(vi32 v) { vf32 r; memcpy(&r, &v, sizeof r); return r; }
RP_FN vi64 rp_bits64(vf64 v) { vi64 r; memcpy(&r, &v, sizeof r); return r; }
RP_FN vf64 rp_from_bits64(vi64 v) { vf64 r; memcpy(&r, &v, sizeof r); return r; }
RP_FN vf64 rp_sqrt64(vf64 v) { return sqrt(v); }
RP_FN vf32 rp_sqrt32(vf32 v) { return sqrtf(v); }
#else
#define rp_f64_of_f32(v) __builtin_convertvector(v, vf64)
#define rp_f32_of_f64(v) __builtin_convertvector(v, vf32)
#define rp_f32_of_i32(v) __builtin_convertvector(v, vf32)
#define rp_f64_of_i32(v) __builtin_convertvector(v, vf64)
#define rp_f32_of_u32(v) __builtin_convertvector(v, vf32)
#define rp_i64_of_i32(v) __builtin_convertvector(v, vi64)
#define rp_i32_of_i64(v) __builtin_convertvector(v, vi32)
#define rp_bits32(v) ((vi32)(v))
#define rp_from_bits32(v) ((vf32)(v))
#define rp_bits64(v) ((vi64)(v))
#define rp_from_bits64(v) ((vf64)(v))
#define rp_u32_of_i32(v) ((vu32)(v))
#define rp_i32_of_u32(v) ((vi32)(v))
/* the loops become one vsqrt each: -fno-math-errno, and no library call is left */
RP_FN vf64 rp_sqrt64(vf64 v) { for (int k = 0; k < RP_LANES; k++) v[k] = sqrt(v[k]); return v; }
RP_FN vf32 rp_sqrt32(vf32 v) { for (int k = 0; k < RP_LANES; k++) v[k] = sqrtf(v[k]); return v; }
#endif
#endif

#define rp_m64(mask32) rp_i64_of_i32(mask32)
#define rp_m32(mask64) rp_i32_of_i64(mask64)

/* ------------------------------------------------------------------ constants in every lane */
#if RP_LANES == 1
#define rp_all32(x) ((vf32)(x))
#define rp_all64(x) ((vf64)(x))
#define rp_alli32(x) ((vi32)(x))
#define rp_alli64(x) ((vi64)(x))
#define rp_allu32(x) ((vu32)(x))
#elif defined(RP_DIALECT_CL)
#define rp_all32(x) ((vf32)((float)(x)))
#define rp_all64(x) ((vf64)((double)(x)))
#define rp_alli32(x) ((vi32)((int)(x)))
#define rp_alli64(x) ((vi64)((long)(x)))
#define rp_allu32(x) ((vu32)((uint)(x)))
#else
/* an initialiser is one broadcast; a loop over the elements is sixteen for GCC 12 */
#if RP_LANES == 8
#define RP_EACH_LANE(x) {x, x, x, x, x, x, x, x}
#else
#define RP_EACH_LANE(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}
#endif
RP_FN vf32 rp_all32(float x) { return (vf32)RP_EACH_LANE(x); }
RP_FN vf64 rp_all64(double x) { return (vf64)RP_EACH_LANE(x); }
RP_FN vi32 rp_alli32(int32_t x) { return (vi32)RP_EACH_LANE(x); }
RP_FN vi64 rp_alli64(int64_t x) { return (vi64)RP_EACH_LANE(x); }
RP_FN vu32 rp_allu32(uint32_t x) { return (vu32)RP_EACH_LANE(x); }
#endif

/* The one NaN that products hold: quiet, positive, no payload (numpy's). */
#define rp_nan32() rp_from_bits32(rp_alli32(0x7fc00000))
#define rp_nan64() rp_from_bits64(rp_alli64(0x7ff8000000000000))

/* ------------------------------------------------------------------ selects: mask ? a : b, lane by lane */
RP_FN vf32 rp_sel32(vi32 m, vf32 a, vf32 b) { return rp_from_bits32((m & rp_bits32(a)) | (~m & rp_bits32(b))); }
RP_FN vf64 rp_sel64(vi64 m, vf64 a, vf64 b) { return rp_from_bits64((m & rp_bits64(a)) | (~m & rp_bits64(b))); }
RP_FN vi32 rp_seli32(vi32 m, vi32 a, vi32 b) { return (m & a) | (~m & b); }
RP_FN vi64 rp_seli64(vi64 m, vi64 a, vi64 b) { return (m & a) | (~m & b); }

RP_FN vf32 rp_fabs32(vf32 v) { return rp_from_bits32(rp_bits32(v) & rp_alli32(0x7fffffff)); }
RP_FN vf64 rp_fabs64(vf64 v) { return rp_from_bits64(rp_bits64(v) & rp_alli64(0x7fffffffffffffff)); }
RP_FN vi32 rp_isnan32(vf32 v) { return RP_M32(v != v); }
RP_FN vi64 rp_isnan64(vf64 v) { return RP_M64(v != v); }

/* a < b ? a : b and a > b ? a : b: b when either is NaN.  Spelled out, since fmin and fmax differ between devices. */
#if defined(RP_DIALECT_HOST) && RP_LANES == 16 && defined(__AVX512F__)
#include <immintrin.h>
RP_FN vf32 rp_min32(vf32 a, vf32 b) { return (vf32)_mm512_min_ps((__m512)a, (__m512)b); }
RP_FN vf32 rp_max32(vf32 a, vf32 b) { return (vf32)_mm512_max_ps((__m512)a, (__m512)b); }
#elif defined(RP_DIALECT_HOST) && RP_LANES == 8 && defined(__AVX__)
#include <immintrin.h>
RP_FN vf32 rp_min32(vf32 a, vf32 b) { return (vf32)_mm256_min_ps((__m256)a, (__m256)b); }
RP_FN vf32 rp_max32(vf32 a, vf32 b) { return (vf32)_mm256_max_ps((__m256)a, (__m256)b); }
#else
RP_FN vf32 rp_min32(vf32 a, vf32 b) { return rp_sel32(RP_M32(a < b), a, b); }
RP_FN vf32 rp_max32(vf32 a, vf32 b) { return rp_sel32(RP_M32(a > b), a, b); }
#endif
RP_FN vf64 rp_min64(vf64 a, vf64 b) { return rp_sel64(RP_M64(a < b), a, b); }
RP_FN vf64 rp_max64(vf64 a, vf64 b) { return rp_sel64(RP_M64(a > b), a, b); }

/* ------------------------------------------------------------------ is any lane set? */
#if RP_LANES == 1
#define rp_any32(m) ((m) != 0)
#define rp_any64(m) ((m) != 0)
#elif defined(RP_DIALECT_CL)
#define rp_any32(m) any((m) != 0) /* any() alone looks at sign bits */
#define rp_any64(m) any((m) != 0)
#else
#if RP_LANES == 16 && defined(__AVX512F__)
RP_FN int rp_any32(vi32 m) { return _mm512_test_epi32_mask((__m512i)m, (__m512i)m) != 0; }
#elif RP_LANES == 8 && defined(__AVX__)
RP_FN int rp_any32(vi32 m) { return !_mm256_testz_si256((__m256i)m, (__m256i)m); }
#else
RP_FN int rp_any32(vi32 m) { int32_t r = 0; for (int k = 0; k < RP_LANES; k++) r |= m[k]; return r != 0; }
#endif
RP_FN int rp_any64(vi64 m) { return rp_any32(rp_m32(m)); }
#endif

/* ------------------------------------------------------------------ loads and stores: RP_LANES elements from index p
 * Planes are padded to a multiple of 16 elements and 64-byte aligned, so whole lanes may always be touched. */
#ifdef RP_DIALECT_CL
#if RP_LANES == 1
#define rp_load_f32(ptr, p) ((ptr)[p])
#define rp_load_u32(ptr, p) ((ptr)[p])
#define rp_load_u16(ptr, p) ((int)(ptr)[p])
#define rp_load_u8(ptr, p) ((int)(ptr)[p])
#define rp_store_f32(ptr, p, v) ((ptr)[p] = (v))
#define rp_store_u32(ptr, p, v) ((ptr)[p] = (v))
#define rp_store_u8(ptr, p, v) ((ptr)[p] = (uchar)(v))
#else
#define rp_load_f32(ptr, p) RP_CAT(vload, RP_LANES)(0, (ptr) + (p))
#define rp_load_u32(ptr, p) RP_CAT(vload, RP_LANES)(0, (ptr) + (p))
#define rp_load_u16(ptr, p) RP_CAT(convert_int, RP_LANES)(RP_CAT(vload, RP_LANES)(0, (ptr) + (p)))
#define rp_load_u8(ptr, p) RP_CAT(convert_int, RP_LANES)(RP_CAT(vload, RP_LANES)(0, (ptr) + (p)))
#define rp_store_f32(ptr, p, v) RP_CAT(vstore, RP_LANES)((v), 0, (ptr) + (p))
#define rp_store_u32(ptr, p, v) RP_CAT(vstore, RP_LANES)((v), 0, (ptr) + (p))
#define rp_store_u8(ptr, p, v) RP_CAT(vstore, RP_LANES)(RP_CAT(convert_uchar, RP_LANES)(v), 0, (ptr) + (p))
#endif
#else /* host */
#if RP_LANES == 1
RP_FN vf32 rp_load_f32(const float *ptr, rp_index p) { return ptr[p]; }
RP_FN vu32 rp_load_u32(const rp_u32 *ptr, rp_index p) { return ptr[p]; }
RP_FN vi32 rp_load_u16(const rp_u16 *ptr, rp_index p) { return ptr[p]; }
RP_FN vi32 rp_load_u8(const rp_u8 *ptr, rp_index p) { return ptr[p]; }
RP_FN void rp_store_f32(float *ptr, rp_index p, vf32 v) { ptr[p] = v; }
RP_FN void rp_store_u32(rp_u32 *ptr, rp_index p, vu32 v) { ptr[p] = v; }
RP_FN void rp_store_u8(rp_u8 *ptr, rp_index p, vi32 v) { ptr[p] = (rp_u8)v; }
#else
typedef uint8_t rp_vu8_ __attribute__((vector_size(RP_LANES)));
typedef uint16_t rp_vu16_ __attribute__((vector_size(2 * RP_LANES)));
/* GCC 12 widens and narrows bytes element by element in __builtin_convertvector; one instruction does it. */
#if defined(__AVX512F__) && RP_LANES == 16
RP_FN vi32 rp_widen8(rp_vu8_ v) { return (vi32)_mm512_cvtepu8_epi32((__m128i)v); }
RP_FN vi32 rp_widen16(rp_vu16_ v) { return (vi32)_mm512_cvtepu16_epi32((__m256i)v); }
RP_FN rp_vu8_ rp_narrow8(vi32 v) { return (rp_vu8_)_mm512_cvtepi32_epi8((__m512i)v); }
#elif defined(__AVX2__) && RP_LANES == 8
RP_FN vi32 rp_widen8(rp_vu8_ v) { return (vi32)_mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)v)); }
RP_FN vi32 rp_widen16(rp_vu16_ v) { return (vi32)_mm256_cvtepu16_epi32((__m128i)v); }
RP_FN rp_vu8_ rp_narrow8(vi32 v)
{
    const __m256i low = _mm256_and_si256((__m256i)v, _mm256_set1_epi32(0xff));
    const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(low), _mm256_extracti128_si256(low, 1));
    return (rp_vu8_)_mm_cvtsi128_si64(_mm_packus_epi16(words, words));
}
#else
RP_FN vi32 rp_widen8(rp_vu8_ v) { return __builtin_convertvector(v, vi32); }
RP_FN vi32 rp_widen16(rp_vu16_ v) { return __builtin_convertvector(v, vi32); }
RP_FN rp_vu8_ rp_narrow8(vi32 v) { return __builtin_convertvector(v, rp_vu8_); }
#endif
RP_FN vf32 rp_load_f32(const float *ptr, rp_index p) { vf32 v; memcpy(&v, ptr + p, sizeof v); return v; }
RP_FN vu32 rp_load_u32(const rp_u32 *ptr, rp_index p) { vu32 v; memcpy(&v, ptr + p, sizeof v); return v; }
RP_FN vi32 rp_load_u16(const rp_u16 *ptr, rp_index p) { rp_vu16_ v; memcpy(&v, ptr + p, sizeof v); return rp_widen16(v); }
RP_FN vi32 rp_load_u8(const rp_u8 *ptr, rp_index p) { rp_vu8_ v; memcpy(&v, ptr + p, sizeof v); return rp_widen8(v); }
RP_FN void rp_store_f32(float *ptr, rp_index p, vf32 v) { memcpy(ptr + p, &v, sizeof v); }
RP_FN void rp_store_u32(rp_u32 *ptr, rp_index p, vu32 v) { memcpy(ptr + p, &v, sizeof v); }
RP_FN void rp_store_u8(rp_u8 *ptr, rp_index p, vi32 v) { rp_vu8_ b = rp_narrow8(v); memcpy(ptr + p, &b, sizeof b); }
#endif
#endif

/* ------------------------------------------------------------------ FITS words (big-endian) */
RP_FN vu32 rp_swap32(vu32 v)
{
    return (v >> 24) | ((v >> 8) & rp_allu32(0xff00u)) | ((v << 8) & rp_allu32(0xff0000u)) | (v << 24);
}
RP_FN vi32 rp_swap16(vi32 v) { return ((v >> 8) & rp_alli32(0xff)) | ((v & rp_alli32(0xff)) << 8); }

/* float32 of a FITS file, as it lies in the file */
#define rp_load_f32_fits(ptr, p) rp_from_bits32(rp_i32_of_u32(rp_swap32(rp_load_u32(ptr, p))))
#define rp_store_f32_fits(ptr, p, v) rp_store_u32(ptr, p, rp_swap32(rp_u32_of_i32(rp_bits32(v))))
/* uint32 with BZERO 2147483648 */
#define rp_load_u32_fits(ptr, p) (rp_swap32(rp_load_u32(ptr, p)) ^ rp_allu32(0x80000000u))
#define rp_store_u32_fits(ptr, p, v) rp_store_u32(ptr, p, rp_swap32((v) ^ rp_allu32(0x80000000u)))
/* uint16 with BZERO 32768, as int lanes */
#define rp_load_u16_fits(ptr, p) (rp_swap16(rp_load_u16(ptr, p)) ^ rp_alli32(0x8000))

/* ------------------------------------------------------------------ counters: integers only, so that order does not matter */
#ifdef RP_DIALECT_CL
#define RP_ADD(counter, n) atomic_add(counter, n)
#define RP_MAX(counter, n) atomic_max(counter, n)
#else
#define RP_ADD(counter, n) (*(counter) += (n))
#define RP_MAX(counter, n) (*(counter) = *(counter) > (n) ? *(counter) : (n))
#endif

/* One lane of a vector; for the rare scalar path. */
#if RP_LANES == 1
#define RP_LANE(v, k) (v)
#define RP_SET_LANE(v, k, x) ((v) = (x))
#elif defined(RP_DIALECT_CL)
#define RP_LANE(v, k) (((const __typeof__((v).s0) *)&(v))[k])
#define RP_SET_LANE(v, k, x) (((__typeof__((v).s0) *)&(v))[k] = (x))
#else
#define RP_LANE(v, k) ((v)[k])
#define RP_SET_LANE(v, k, x) ((v)[k] = (x))
#endif

#endif
