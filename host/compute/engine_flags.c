/* Flags of the whole frame, kept compactly: bit planes of every group: SATURATED, JUMP_DET, and where SATURATED was assigned.
 *
 * The search for large events needs the frame; everything else needs strips.  One integration at a time is in
 * memory; the others rest in an unlinked file when all together are large. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/compute/engine_impl.h"
#include "rampart/dq.h"

struct rp_flag_store {
    int64_t nints, ngroups, ny, nx;
    size_t words_per_row, plane_words, integration_words; /* [saturated groups][jump groups][assigned groups] */
    uint64_t *memory;                                     /* all integrations, or NULL */
    int fd;                                               /* scratch file, or -1 */
};

/* A file of zeros without a name. */
static rp_code open_scratch(int *fd, size_t bytes, const char *scratch_dir, rp_error *err)
{
    const char *dir = scratch_dir ? scratch_dir : getenv("TMPDIR");
    char name[4096];
    const int n = snprintf(name, sizeof name, "%s/rampart-flags-XXXXXX", dir && *dir ? dir : "/tmp");
    if (n < 0 || (size_t)n >= sizeof name)
        return rp_fail(err, RP_E_ARGUMENT, "scratch folder has too long a name; set TMPDIR to another");
    *fd = mkstemp(name);
    if (*fd < 0)
        return rp_fail_errno(err, RP_E_IO, "cannot make a scratch file %s; set TMPDIR to a writable folder", name);
    (void)unlink(name);
    if (ftruncate(*fd, (off_t)bytes) != 0)
        return rp_fail_errno(err, RP_E_IO, "cannot make a scratch file of %zu bytes; free space or set TMPDIR", bytes);
    return RP_OK;
}

rp_code rp_flag_store_new(rp_flag_store **out, const rp_run *run, size_t memory_bytes, const char *scratch_dir, rp_error *err)
{
    rp_flag_store *s = calloc(1, sizeof *s);
    if (!s)
        return rp_fail(err, RP_E_MEMORY, "no memory for flags");
    *s = (rp_flag_store){.nints = run->nints, .ngroups = run->ngroups, .ny = run->ny, .nx = run->nx, .fd = -1};
    s->words_per_row = (size_t)(run->nx + 63) / 64;
    s->plane_words = s->words_per_row * (size_t)run->ny;
    s->integration_words = 3 * s->plane_words * (size_t)run->ngroups;
    const size_t all = s->integration_words * (size_t)run->nints;
    rp_code code = RP_OK;
    if (all * sizeof(uint64_t) <= memory_bytes || run->nints == 1) {
        s->memory = calloc(all, sizeof(uint64_t));
        if (!s->memory)
            code = rp_fail(err, RP_E_MEMORY, "no memory for %zu bytes of flags", all * sizeof(uint64_t));
    } else {
        code = open_scratch(&s->fd, all * sizeof(uint64_t), scratch_dir, err);
    }
    if (code != RP_OK) {
        rp_flag_store_free(s);
        return code;
    }
    *out = s;
    return RP_OK;
}

void rp_flag_store_free(rp_flag_store *store)
{
    if (!store)
        return;
    if (store->fd >= 0)
        (void)close(store->fd);
    free(store->memory);
    free(store);
}

/* Moves `n` words between memory and the store. */
static rp_code transfer(rp_flag_store *s, size_t at, uint64_t *words, size_t n, bool put, rp_error *err)
{
    if (s->memory) {
        if (put)
            memcpy(s->memory + at, words, n * sizeof *words);
        else
            memcpy(words, s->memory + at, n * sizeof *words);
        return RP_OK;
    }
    size_t done = 0;
    const size_t bytes = n * sizeof *words;
    while (done < bytes) {
        char *p = (char *)words + done;
        const off_t offset = (off_t)(at * sizeof *words + done);
        const ssize_t moved = put ? pwrite(s->fd, p, bytes - done, offset) : pread(s->fd, p, bytes - done, offset);
        if (moved <= 0)
            return rp_fail_errno(err, RP_E_IO, "scratch file of flags: %s failed; free space or set TMPDIR", put ? "write" : "read");
        done += (size_t)moved;
    }
    return RP_OK;
}

/* The sets of planes of an integration. */
enum { SATURATED, JUMP, ASSIGNED, SETS };
enum { SATURATED_BIT = 1, JUMP_BIT = 2 }; /* of RP_DQ_... */

static size_t row_at(const rp_flag_store *s, int64_t integration, int64_t group, int set, int64_t y)
{
    return (size_t)integration * s->integration_words + (size_t)set * (size_t)s->ngroups * s->plane_words + (size_t)group * s->plane_words + (size_t)y * s->words_per_row;
}

/* Gathers one bit of each of 8 bytes by a multiplication. */
static uint64_t gather(uint64_t eight, unsigned flag_bit)
{
    return (eight >> flag_bit & 0x0101010101010101ull) * 0x0102040810204080ull >> 56;
}

static void pack_row(uint64_t *saturated, uint64_t *jump, const uint8_t *flags, int64_t nx)
{
    for (int64_t x0 = 0; x0 < nx; x0 += 64) {
        const int64_t n = nx - x0 < 64 ? nx - x0 : 64;
        uint64_t sat_word = 0, jump_word = 0;
        for (int64_t x = 0; x < n; x += 8) {
            uint64_t eight = 0;
            memcpy(&eight, flags + x0 + x, n - x < 8 ? (size_t)(n - x) : 8);
            if (!eight)
                continue;
            sat_word |= gather(eight, SATURATED_BIT) << x;
            jump_word |= gather(eight, JUMP_BIT) << x;
        }
        saturated[x0 / 64] = sat_word;
        jump[x0 / 64] = jump_word;
    }
}

void rp_flags_pack(uint64_t *saturated, uint64_t *jump, const uint8_t *groupdq, int64_t ny, int64_t nx)
{
    const size_t words_per_row = (size_t)(nx + 63) / 64;
    for (size_t y = 0; y < (size_t)ny; y++)
        pack_row(saturated + y * words_per_row, jump + y * words_per_row, groupdq + y * (size_t)nx, nx);
}

rp_code rp_flag_store_put(rp_flag_store *s, int64_t plane, int64_t y0, int64_t ny, uint64_t *saturated, uint64_t *jump, rp_error *err)
{
    const size_t n = s->words_per_row * (size_t)ny;
    const int64_t i = plane / s->ngroups, group = plane % s->ngroups;
    const rp_code code = transfer(s, row_at(s, i, group, SATURATED, y0), saturated, n, true, err);
    return code != RP_OK ? code : transfer(s, row_at(s, i, group, JUMP, y0), jump, n, true, err);
}

/* The words of a set that hold the rectangle; `room` takes them when they are not in memory. */
static rp_code rows_of_set(rp_flag_store *s, int64_t k, int set, rp_rect rect, uint64_t *room, const uint64_t **rows, rp_error *err)
{
    const size_t at = row_at(s, k / s->ngroups, k % s->ngroups, set, rect.y0);
    *rows = s->memory ? s->memory + at : room;
    return s->memory ? RP_OK : transfer(s, at, room, s->words_per_row * (size_t)rect.ny, false, err);
}

/* The bits of a word as 64 bytes, each 0 or `flag`. */
static void add_flags(uint8_t bytes[64], uint64_t word, unsigned flag)
{
    for (int k = 0; word; k++, word >>= 8) {
        /* byte i keeps bit i of the eight, then any bit becomes the lowest one */
        const uint64_t picked = (word & 0xff) * 0x0101010101010101ull & 0x8040201008040201ull;
        uint64_t eight;
        memcpy(&eight, bytes + 8 * k, sizeof eight);
        eight |= ((picked + 0x7f7f7f7f7f7f7f7full) >> 7 & 0x0101010101010101ull) * flag;
        memcpy(bytes + 8 * k, &eight, sizeof eight);
    }
}

static void unpack_row(uint8_t *out, const uint64_t *const set[SETS], size_t at, int64_t x0, int64_t nx)
{
    for (int64_t x = x0; x < x0 + nx;) {
        const int64_t end = (x / 64 + 1) * 64 < x0 + nx ? (x / 64 + 1) * 64 : x0 + nx;
        const size_t w = at + (size_t)(x / 64);
        uint8_t bytes[64] = {0};
        add_flags(bytes, set[ASSIGNED][w], 1);
        add_flags(bytes, set[SATURATED][w], RP_DQ_SATURATED);
        add_flags(bytes, set[JUMP][w], RP_DQ_JUMP_DET);
        memcpy(out + (x - x0), bytes + x % 64, (size_t)(end - x));
        x = end;
    }
}

rp_code rp_flag_store_get(rp_flag_store *store, uint8_t *flags, size_t stride, rp_rect rect, rp_error *err)
{
    const size_t n = store->words_per_row * (size_t)rect.ny;
    uint64_t *room = store->memory ? NULL : malloc(SETS * n * sizeof *room);
    if (!store->memory && !room)
        return rp_fail(err, RP_E_MEMORY, "no memory for a strip of flags");
    rp_code code = RP_OK;
    for (int64_t k = 0; k < store->nints * store->ngroups && code == RP_OK; k++) {
        const uint64_t *set[SETS];
        for (int i = 0; i < SETS && code == RP_OK; i++)
            code = rows_of_set(store, k, i, rect, room ? room + (size_t)i * n : NULL, &set[i], err);
        for (int64_t y = 0; y < rect.ny && code == RP_OK; y++)
            unpack_row(flags + (size_t)k * stride + (size_t)(y * rect.nx), set, (size_t)y * store->words_per_row, rect.x0, rect.nx);
    }
    free(room);
    return code;
}

/* Marks the granules in which something changed: bit k of a word's byte stands for its pixels 16 k to 16 k + 15. */
static void mark_granules(const rp_flag_store *s, const uint64_t *before, const uint64_t *after, uint8_t *dirty)
{
    for (size_t w = 0; w < s->plane_words; w++) {
        const uint64_t changed = before ? before[w] ^ after[w] : after[w];
        if (changed)
            dirty[w] |= rp_granules_of_word(changed);
    }
}

/* One integration: `now` becomes what the stage makes of it; `before` has room for two of its sets. */
static rp_code events_of_integration(rp_flag_store *s, rp_stage *stage, int64_t i, uint64_t **planes, uint64_t *now,
                                     uint64_t *before, uint8_t *dirty, rp_error *err)
{
    const size_t ngroups = (size_t)s->ngroups, assigned = ASSIGNED * ngroups;
    for (size_t k = 0; k < SETS * ngroups; k++)
        planes[k] = now + k * s->plane_words;
    memcpy(before, now, assigned * s->plane_words * sizeof *before);
    /* another round of the main pass may have left its own; most are zero, and untouched memory stays so */
    for (size_t k = assigned * s->plane_words; k < s->integration_words; k++)
        if (now[k])
            now[k] = 0;
    rp_frame_flags flags = {s->ngroups, s->ny, s->nx, s->words_per_row, planes, planes + ngroups, planes + assigned};
    const rp_code code = stage->step->ops->frame_flags(stage, i, &flags, err);
    for (size_t k = 0; k < SETS * ngroups && code == RP_OK; k++)
        mark_granules(s, k < assigned ? before + k * s->plane_words : NULL, planes[k], dirty);
    return code;
}

rp_code rp_flag_store_events(rp_flag_store *store, rp_stage *stage, uint8_t *dirty, rp_error *err)
{
    rp_code code = RP_OK;
    const size_t n = store->integration_words, kept = ASSIGNED * (size_t)store->ngroups * store->plane_words;
    uint64_t **planes = malloc(SETS * (size_t)store->ngroups * sizeof *planes);
    uint64_t *before = malloc(kept * sizeof *before), *loaded = store->memory ? NULL : malloc(n * sizeof *loaded);
    if (!planes || !before || (!store->memory && !loaded))
        code = rp_fail(err, RP_E_MEMORY, "no memory for the flags of one integration (%zu bytes)",
                       (kept + (store->memory ? 0 : n)) * sizeof(uint64_t));
    for (int64_t i = 0; i < store->nints && code == RP_OK; i++) {
        uint64_t *now = store->memory ? store->memory + (size_t)i * n : loaded;
        if (loaded)
            code = transfer(store, (size_t)i * n, now, n, false, err);
        if (code == RP_OK)
            code = events_of_integration(store, stage, i, planes, now, before, dirty, err);
        if (loaded && code == RP_OK)
            code = transfer(store, (size_t)i * n, now, n, true, err);
    }
    free(planes);
    free(before);
    free(loaded);
    return code;
}
