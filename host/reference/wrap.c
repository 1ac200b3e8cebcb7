/* Sources that show a rectangle of a reference in the element type and flags that kernels expect:
 * host/reference/reference_impl.h.
 *
 * The common case, float32 stored big-endian, only moves the rectangle: elements go from the file to the caller. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/reference_impl.h"

typedef struct wrapper {
    rp_source base;
    rp_source *inner;
    int64_t y0, x0;
    rp_dq_map map;
} wrapper;

enum { CHUNK = 2048, BLOCK = 16, MEMO = 64, MEMO_SHIFT = 32 - 6 };

uint32_t rp_dq_translate(const rp_dq_map *map, uint32_t bits)
{
    uint32_t out = 0;
    for (size_t k = 0; k < map->count; k++)
        if (bits & map->flag[k].private_bits)
            out |= map->flag[k].standard_bits;
    return out;
}

/* Words met and what became of them; stored as in the file. */
typedef struct memo {
    uint32_t word[MEMO], out[MEMO];
    bool known[MEMO];
} memo;

static uint32_t translate_word(const rp_dq_map *map, memo *m, uint32_t word)
{
    const size_t slot = (word * 2654435761u) >> MEMO_SHIFT;
    if (!m->known[slot] || m->word[slot] != word) {
        uint32_t bits;
        rp_elements_to_u32(&bits, &word, RP_U32, 1);
        bits = rp_dq_translate(map, bits);
        rp_elements_from_u32(&m->out[slot], &bits, 1);
        m->word[slot] = word;
        m->known[slot] = true;
    }
    return m->out[slot];
}

static void translate_words(const rp_dq_map *map, memo *m, uint32_t stored_none, char *p, size_t n)
{
    for (size_t k = 0; k < n; k++, p += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, p, sizeof word);
        if (word == stored_none)
            continue;
        word = translate_word(map, m, word);
        memcpy(p, &word, sizeof word);
    }
}

/* Written out on four registers: GCC 12 makes 16 comparisons of the loop. */
static inline bool differs(const char *p, uint32_t word)
{
    typedef uint32_t four __attribute__((vector_size(16)));
    const four none = {word, word, word, word};
    four a, b, c, d;
    memcpy(&a, p, sizeof a);
    memcpy(&b, p + 16, sizeof b);
    memcpy(&c, p + 32, sizeof c);
    memcpy(&d, p + 48, sizeof d);
    const four any = (a ^ none) | (b ^ none) | (c ^ none) | (d ^ none);
    uint64_t halves[2];
    memcpy(halves, &any, sizeof halves);
    return (halves[0] | halves[1]) != 0;
}

/* n flag words in place.  Most pixels carry no flag: blocks of such are passed over; the others repeat a few values. */
static void translate(const rp_dq_map *map, void *elements, size_t n)
{
    const uint32_t none = 0;
    uint32_t stored_none;
    memo m = {.known = {false}};
    rp_elements_from_u32(&stored_none, &none, 1);
    char *p = elements;
    for (; n >= BLOCK; n -= BLOCK, p += BLOCK * sizeof(uint32_t))
        if (differs(p, stored_none))
            translate_words(map, &m, stored_none, p, BLOCK);
    translate_words(map, &m, stored_none, p, n);
}

/* Elements of another type, by way of a buffer for this call. */
static rp_code read_converted(const wrapper *w, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    const size_t n = (size_t)(rect.ny * rect.nx);
    void *raw = malloc(n ? n * rp_dtype_size(w->inner->type) : 1);
    if (!raw)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory to convert %zu elements", w->base.label, n);
    const rp_code code = w->inner->read(w->inner, plane, rect, raw, err);
    char *to = dst;
    const char *from = raw;
    for (size_t done = 0; code == RP_OK && done < n;) {
        const size_t part = n - done < CHUNK ? n - done : CHUNK;
        if (w->base.type == RP_F32) {
            float values[CHUNK];
            rp_elements_to_f32(values, from, w->inner->type, part);
            rp_elements_from_f32(to, values, part);
        } else {
            uint32_t values[CHUNK];
            rp_elements_to_u32(values, from, w->inner->type, part);
            rp_elements_from_u32(to, values, part);
        }
        to += part * 4;
        from += part * rp_dtype_size(w->inner->type);
        done += part;
    }
    free(raw);
    return code;
}

static rp_code check(const wrapper *w, int64_t plane, rp_rect r, rp_error *err)
{
    const int64_t ny = rp_shape_ny(&w->base.shape), nx = rp_shape_nx(&w->base.shape);
    if (plane >= 0 && plane < rp_shape_planes(&w->base.shape) && r.y0 >= 0 && r.x0 >= 0 && r.ny >= 0 && r.nx >= 0 &&
        r.y0 <= ny - r.ny && r.x0 <= nx - r.nx)
        return RP_OK;
    return rp_fail(err, RP_E_ARGUMENT, "%s: a rectangle outside its cut-out of %lld x %lld was asked for",
                   w->base.label, (long long)nx, (long long)ny);
}

static rp_code wrapper_read(const rp_source *self, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    const wrapper *w = (const wrapper *)self;
    rp_code code = check(w, plane, rect, err);
    if (code != RP_OK)
        return code;
    const size_t n = (size_t)(rect.ny * rect.nx);
    rect.y0 += w->y0;
    rect.x0 += w->x0;
    code = w->inner->type == self->type ? w->inner->read(w->inner, plane, rect, dst, err)
                                        : read_converted(w, plane, rect, dst, err);
    if (code == RP_OK && w->map.present)
        translate(&w->map, dst, n);
    return code;
}

static void wrapper_close(rp_source *self)
{
    wrapper *w = (wrapper *)self;
    w->inner->close(w->inner);
    free(w);
}

rp_code rp_reference_wrap(rp_source **out, rp_source *inner, const rp_cut *cut, rp_dtype type, const rp_dq_map *map,
                          rp_error *err)
{
    *out = NULL;
    const rp_shape *shape = &inner->shape;
    const bool whole = !cut->y0 && !cut->x0 && cut->ny == rp_shape_ny(shape) && cut->nx == rp_shape_nx(shape);
    if (whole && inner->type == type && !map) {
        *out = inner;
        return RP_OK;
    }
    wrapper *w = calloc(1, sizeof *w);
    if (!w) {
        const rp_code code = rp_fail(err, RP_E_MEMORY, "%s: no memory to open it", inner->label);
        inner->close(inner);
        return code;
    }
    w->base =
        (rp_source){.type = type, .shape = *shape, .label = inner->label, .read = wrapper_read, .close = wrapper_close};
    if (shape->naxis > 1)
        w->base.shape.axis[shape->naxis - 2] = cut->ny;
    w->base.shape.axis[shape->naxis - 1] = cut->nx;
    w->inner = inner;
    w->y0 = cut->y0;
    w->x0 = cut->x0;
    if (map)
        w->map = *map;
    *out = &w->base;
    return RP_OK;
}
