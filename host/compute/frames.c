/* Scratch storage of planes: host/compute/frames.h.  Elements are kept as FITS has them, in one array or file. */
#include "host/compute/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct frames_kind {
    rp_sink sink; /* first, so that a sink leads here */
    const rp_frames *frames;
    size_t offset; /* bytes before its first plane */
    int64_t nplanes;
} frames_kind;

struct rp_frames {
    rp_frames_shape shape;
    frames_kind kind[RP_FRAMES_KINDS];
    char *memory; /* or NULL */
    int fd;       /* or -1 */
};

typedef struct frames_source {
    rp_source base;
    const frames_kind *kind;
} frames_source;

static const struct {
    const char *label;
    rp_dtype type;
} kinds[RP_FRAMES_KINDS] = {
    [RP_FRAMES_SCI] = {"scratch[SCI]", RP_F32},
    [RP_FRAMES_GROUPDQ] = {"scratch[GROUPDQ]", RP_U8},
    [RP_FRAMES_PIXELDQ] = {"scratch[PIXELDQ]", RP_U32},
    [RP_FRAMES_ZEROFRAME] = {"scratch[ZEROFRAME]", RP_F32},
    [RP_FRAMES_DARK_CURRENT] = {"scratch[AVDRKCUR]", RP_F32},
};

/* ------------------------------------------------------------------ bytes */
static rp_code move_file(int fd, bool put, size_t offset, char *bytes, size_t n, rp_error *err)
{
    for (size_t done = 0; done < n;) {
        const off_t at = (off_t)(offset + done);
        const ssize_t moved = put ? pwrite(fd, bytes + done, n - done, at) : pread(fd, bytes + done, n - done, at);
        if (moved <= 0)
            return rp_fail_errno(err, RP_E_IO, "scratch file of a ramp: %s failed; free space or set TMPDIR",
                                 put ? "write" : "read");
        done += (size_t)moved;
    }
    return RP_OK;
}

static rp_code move_bytes(const rp_frames *f, bool put, size_t offset, char *bytes, size_t n, rp_error *err)
{
    if (!f->memory)
        return move_file(f->fd, put, offset, bytes, n, err);
    memcpy(put ? f->memory + offset : bytes, put ? bytes : f->memory + offset, n);
    return RP_OK;
}

/* Moves a rectangle of one plane, whole rows at once. */
static rp_code move_rect(const frames_kind *k, bool put, int64_t plane, rp_rect r, char *bytes, rp_error *err)
{
    const rp_frames *f = k->frames;
    const size_t element = rp_dtype_size(k->sink.type), row = (size_t)f->shape.nx * element,
                 part = (size_t)r.nx * element;
    if (plane < 0 || plane >= k->nplanes || r.y0 < 0 || r.x0 < 0 || r.y0 + r.ny > f->shape.ny ||
        r.x0 + r.nx > f->shape.nx)
        return rp_fail(err, RP_E_INTERNAL, "%s: no such rectangle", k->sink.label);
    size_t at = k->offset + ((size_t)plane * (size_t)f->shape.ny + (size_t)r.y0) * row + (size_t)r.x0 * element;
    if (part == row)
        return move_bytes(f, put, at, bytes, row * (size_t)r.ny, err);
    rp_code code = RP_OK;
    for (int64_t y = 0; y < r.ny && code == RP_OK; y++, at += row)
        code = move_bytes(f, put, at, bytes + (size_t)y * part, part, err);
    return code;
}

static rp_code sink_write(const rp_sink *self, int64_t plane, rp_rect rect, const void *src, rp_error *err)
{
    const frames_kind *k = (const frames_kind *)(const void *)self;
    return move_rect(k, true, plane, rect, (char *)(uintptr_t)src, err);
}

static rp_code source_read(const rp_source *self, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    return move_rect(((const frames_source *)(const void *)self)->kind, false, plane, rect, dst, err);
}

static void source_close(rp_source *self)
{
    free(self);
}

/* ------------------------------------------------------------------ life */
static void plan_kind(rp_frames *f, rp_frames_kind kind, int64_t nplanes, size_t *bytes)
{
    frames_kind *k = &f->kind[kind];
    const rp_frames_shape *s = &f->shape;
    rp_shape shape = {.naxis = 3, .axis = {nplanes, s->ny, s->nx}};
    *k = (frames_kind){{kinds[kind].type, shape, kinds[kind].label, sink_write}, f, *bytes, nplanes};
    *bytes += (size_t)(nplanes * s->ny * s->nx) * rp_dtype_size(kinds[kind].type);
    *bytes = (*bytes + 63) / 64 * 64;
}

static rp_code open_file(rp_frames *f, size_t bytes, const char *scratch_dir, rp_error *err)
{
    const char *dir = scratch_dir ? scratch_dir : getenv("TMPDIR");
    char name[4096];
    const int n = snprintf(name, sizeof name, "%s/rampart-frames-XXXXXX", dir && *dir ? dir : "/tmp");
    if (n < 0 || (size_t)n >= sizeof name)
        return rp_fail(err, RP_E_ARGUMENT, "scratch folder has too long a name; set TMPDIR to another");
    f->fd = mkstemp(name);
    if (f->fd < 0)
        return rp_fail_errno(err, RP_E_IO, "cannot make a scratch file %s; set TMPDIR to a writable folder", name);
    (void)unlink(name);
    if (ftruncate(f->fd, (off_t)bytes) != 0)
        return rp_fail_errno(err, RP_E_IO, "scratch file of %zu bytes; free space or set TMPDIR", bytes);
    return RP_OK;
}

rp_code rp_frames_new(rp_frames **out, const rp_frames_shape *shape, size_t memory_bytes, const char *scratch_dir,
                      rp_error *err)
{
    rp_frames *f = calloc(1, sizeof *f);
    if (!f)
        return rp_fail(err, RP_E_MEMORY, "no memory for a ramp's planes");
    f->shape = *shape;
    f->fd = -1;
    size_t bytes = 0;
    const int64_t groups = shape->nints * shape->ngroups;
    plan_kind(f, RP_FRAMES_SCI, groups, &bytes);
    plan_kind(f, RP_FRAMES_GROUPDQ, groups, &bytes);
    plan_kind(f, RP_FRAMES_PIXELDQ, 1, &bytes);
    plan_kind(f, RP_FRAMES_ZEROFRAME, shape->has_zeroframe ? shape->nints : 0, &bytes);
    plan_kind(f, RP_FRAMES_DARK_CURRENT, shape->has_dark_current, &bytes);
    if (bytes <= memory_bytes)
        f->memory = calloc(bytes, 1);
    const rp_code code = f->memory ? RP_OK : open_file(f, bytes, scratch_dir, err);
    if (code != RP_OK) {
        rp_frames_free(f);
        f = NULL;
    }
    *out = f;
    return code;
}

void rp_frames_free(rp_frames *frames)
{
    if (!frames)
        return;
    if (frames->fd >= 0)
        (void)close(frames->fd);
    free(frames->memory);
    free(frames);
}

const rp_frames_shape *rp_frames_shape_of(const rp_frames *frames)
{
    return &frames->shape;
}

/* ------------------------------------------------------------------ native values */
static void swap_in_place(rp_frames_kind kind, void *values, size_t n)
{
    uint32_t *words = values;
    const uint32_t flip = kinds[kind].type == RP_U32 ? 0x80000000u : 0;
    for (size_t k = 0; k < n; k++)
        words[k] = __builtin_bswap32(words[k]) ^ flip;
}

rp_code rp_frames_read(const rp_frames *frames, rp_frames_kind kind, int64_t plane, rp_rect rect, void *dst,
                       rp_error *err)
{
    const rp_code code = move_rect(&frames->kind[kind], false, plane, rect, dst, err);
    if (code == RP_OK && kind != RP_FRAMES_GROUPDQ)
        swap_in_place(kind, dst, (size_t)(rect.ny * rect.nx));
    return code;
}

enum { CHUNK_ROWS = 64 };

/* In pieces, so that the caller's values stay as they are. */
rp_code rp_frames_write(rp_frames *frames, rp_frames_kind kind, int64_t plane, rp_rect rect, const void *src,
                        rp_error *err)
{
    const frames_kind *k = &frames->kind[kind];
    if (kind == RP_FRAMES_GROUPDQ)
        return move_rect(k, true, plane, rect, (char *)(uintptr_t)src, err);
    const size_t row = (size_t)rect.nx;
    uint32_t *words = malloc(CHUNK_ROWS * row * sizeof *words);
    if (!words)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for some rows", k->sink.label);
    rp_code code = RP_OK;
    const uint32_t *values = src, flip = kinds[kind].type == RP_U32 ? 0x80000000u : 0;
    for (int64_t y = 0; y < rect.ny && code == RP_OK; y += CHUNK_ROWS) {
        const int64_t ny = rect.ny - y < CHUNK_ROWS ? rect.ny - y : CHUNK_ROWS;
        for (size_t i = 0; i < (size_t)ny * row; i++)
            words[i] = __builtin_bswap32(values[(size_t)y * row + i] ^ flip);
        code = move_rect(k, true, plane, (rp_rect){rect.y0 + y, rect.x0, ny, rect.nx}, (char *)words, err);
    }
    free(words);
    return code;
}

/* ------------------------------------------------------------------ for the engine */
const rp_sink *rp_frames_sink(const rp_frames *frames, rp_frames_kind kind)
{
    return frames->kind[kind].nplanes ? &frames->kind[kind].sink : NULL;
}

rp_code rp_frames_source(const rp_frames *frames, rp_frames_kind kind, rp_source **out, rp_error *err)
{
    const frames_kind *k = &frames->kind[kind];
    *out = NULL;
    if (!k->nplanes)
        return RP_OK;
    frames_source *source = malloc(sizeof *source);
    if (!source)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory", k->sink.label);
    *source = (frames_source){
        .base = {.type = k->sink.type, .shape = k->sink.shape, .label = k->sink.label, .read = source_read, .close = source_close}, .kind = k};
    *out = &source->base;
    return RP_OK;
}

void rp_frames_note_failure(rp_code *result, rp_error *err, rp_code code, const rp_error *error)
{
#pragma omp critical(rp_frames_failure)
    {
        __atomic_store_n(result, code, __ATOMIC_RELAXED);
        if (err)
            *err = *error;
    }
}
