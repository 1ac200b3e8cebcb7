/* Makes launchers from kernels.def, for either dialect.  Argument lists of 1 to 12 buffers. */
#ifndef RP_LAUNCH_H
#define RP_LAUNCH_H

#define RP_COUNT_(a, b, c, d, e, f, g, h, i, j, k, l, n, ...) n
#define RP_COUNT(...) RP_COUNT_(__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)

#ifdef RP_DIALECT_CL
#define RP_ARG(t, i) __global t *b##i
#define RP_USE(t, i) b##i
#else
#define RP_ARG(t, i) t *b##i = (t *)buffers[i]
#define RP_USE(t, i) b##i
#endif

/* RP_MAP_n(macro, separator, types...) */
#define RP_COMMA() ,
#define RP_SEMI() ;
#define RP_MAP_1(m, s, a) m(a, 0)
#define RP_MAP_2(m, s, a, b) m(a, 0) s() m(b, 1)
#define RP_MAP_3(m, s, a, b, c) RP_MAP_2(m, s, a, b) s() m(c, 2)
#define RP_MAP_4(m, s, a, b, c, d) RP_MAP_3(m, s, a, b, c) s() m(d, 3)
#define RP_MAP_5(m, s, a, b, c, d, e) RP_MAP_4(m, s, a, b, c, d) s() m(e, 4)
#define RP_MAP_6(m, s, a, b, c, d, e, f) RP_MAP_5(m, s, a, b, c, d, e) s() m(f, 5)
#define RP_MAP_7(m, s, a, b, c, d, e, f, g) RP_MAP_6(m, s, a, b, c, d, e, f) s() m(g, 6)
#define RP_MAP_8(m, s, a, b, c, d, e, f, g, h) RP_MAP_7(m, s, a, b, c, d, e, f, g) s() m(h, 7)
#define RP_MAP_9(m, s, a, b, c, d, e, f, g, h, i) RP_MAP_8(m, s, a, b, c, d, e, f, g, h) s() m(i, 8)
#define RP_MAP_10(m, s, a, b, c, d, e, f, g, h, i, j) RP_MAP_9(m, s, a, b, c, d, e, f, g, h, i) s() m(j, 9)
#define RP_MAP_11(m, s, a, b, c, d, e, f, g, h, i, j, k) RP_MAP_10(m, s, a, b, c, d, e, f, g, h, i, j) s() m(k, 10)
#define RP_MAP_12(m, s, a, b, c, d, e, f, g, h, i, j, k, l) RP_MAP_11(m, s, a, b, c, d, e, f, g, h, i, j, k) s() m(l, 11)
#define RP_MAP_N_(n) RP_MAP_##n
#define RP_MAP_N(n) RP_MAP_N_(n)
#define RP_MAP(m, s, ...) RP_MAP_N(RP_COUNT(__VA_ARGS__))(m, s, __VA_ARGS__)

#ifdef RP_DIALECT_CL

#define RP_KERNEL_LANE(name, params, body, ...)                                                                        \
    __kernel void rp_k_##name(params prm, RP_MAP(RP_ARG, RP_COMMA, __VA_ARGS__))                                       \
    {                                                                                                                  \
        const rp_index p = (rp_index)get_global_id(0) * RP_LANES;                                                      \
        body(&prm, RP_MAP(RP_USE, RP_COMMA, __VA_ARGS__), p);                                                          \
    }
#define RP_KERNEL_PIXEL(name, params, body, ...)                                                                       \
    __kernel void rp_k_##name(params prm, RP_MAP(RP_ARG, RP_COMMA, __VA_ARGS__))                                       \
    {                                                                                                                  \
        body(&prm, RP_MAP(RP_USE, RP_COMMA, __VA_ARGS__), (rp_u32)get_global_id(0), (rp_u32)get_global_id(1),          \
             (rp_u32)get_global_id(2));                                                                                \
    }

#else

#define RP_KERNEL_LANE(name, params, body, ...)                                                                        \
    static void rp_k_##name(const void *raw, void *const *buffers, const size_t *extent)                               \
    {                                                                                                                  \
        const params prm = *(const params *)raw;                                                                       \
        RP_MAP(RP_ARG, RP_SEMI, __VA_ARGS__);                                                                          \
        for (size_t p = extent[1]; p < extent[0]; p += RP_LANES)                                                               \
            body(&prm, RP_MAP(RP_USE, RP_COMMA, __VA_ARGS__), p);                                                      \
    }
#define RP_KERNEL_PIXEL(name, params, body, ...)                                                                       \
    static void rp_k_##name(const void *raw, void *const *buffers, const size_t *extent)                               \
    {                                                                                                                  \
        const params prm = *(const params *)raw;                                                                       \
        RP_MAP(RP_ARG, RP_SEMI, __VA_ARGS__);                                                                          \
        for (rp_u32 z = 0; z < extent[2]; z++)                                                                         \
            for (rp_u32 y = 0; y < extent[1]; y++)                                                                     \
                for (rp_u32 x = 0; x < extent[0]; x++)                                                                 \
                    body(&prm, RP_MAP(RP_USE, RP_COMMA, __VA_ARGS__), x, y, z);                                        \
    }

#endif
#endif
