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
    uint64_t *before, *after; /* one integration each, while events are sought */
};

static rp_code open_scratch(int *fd, const char *scratch_dir, rp_error *err)
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
        code = open_scratch(&s->fd, scratch_dir, err);
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
    free(store->before);
    free(store->after);
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

static size_t row_at(const rp_flag_store *s, int64_t integration, int64_t group, int set, int64_t y)
{
    return (size_t)integration * s->integration_words + (size_t)set * (size_t)s->ngroups * s->plane_words + (size_t)group * s->plane_words + (size_t)y * s->words_per_row;
}

static void pack_row(uint64_t *words, const uint8_t *flags, int64_t nx, unsigned bit_index)
{
    for (int64_t x0 = 0; x0 < nx; x0 += 64) {
        const int64_t n = nx - x0 < 64 ? nx - x0 : 64;
        uint64_t word = 0;
        int64_t x = 0;
        for (; x + 8 <= n; x += 8) { /* gathers one bit of each of 8 bytes by a multiplication */
            uint64_t eight;
            memcpy(&eight, flags + x0 + x, 8);
            eight = eight >> bit_index & 0x0101010101010101ull;
            word |= (eight * 0x0102040810204080ull >> 56) << x;
        }
        for (; x < n; x++)
            word |= (uint64_t)(flags[x0 + x] >> bit_index & 1u) << x;
        words[x0 / 64] = word;
    }
}

rp_code rp_flag_store_put(rp_flag_store *store, const uint8_t *groupdq, size_t stride, rp_rect rect, rp_rect core, rp_error *err)
{
    if (core.x0 != 0 || core.nx != store->nx)
        return rp_fail(err, RP_E_INTERNAL, "flags are kept by whole rows");
    const size_t n = store->words_per_row * (size_t)core.ny;
    uint64_t *words = malloc(n * sizeof *words);
    if (!words)
        return rp_fail(err, RP_E_MEMORY, "no memory for a strip of flags");
    rp_code code = RP_OK;
    for (int64_t k = 0; k < store->nints * store->ngroups && code == RP_OK; k++) {
        const uint8_t *plane = groupdq + (size_t)k * stride;
        for (int set = SATURATED; set <= JUMP && code == RP_OK; set++) {
            for (int64_t y = 0; y < core.ny; y++)
                pack_row(words + (size_t)y * store->words_per_row, plane + (size_t)((core.y0 - rect.y0 + y) * rect.nx), core.nx, set == JUMP ? 2 : 1);
            code = transfer(store, row_at(store, k / store->ngroups, k % store->ngroups, set, core.y0), words, n, true, err);
        }
    }
    free(words);
    return code;
}

rp_code rp_flag_store_get(rp_flag_store *store, uint8_t *flags, size_t stride, rp_rect rect, rp_error *err)
{
    const size_t n = store->words_per_row * (size_t)rect.ny;
    uint64_t *words = malloc(SETS * n * sizeof *words);
    if (!words)
        return rp_fail(err, RP_E_MEMORY, "no memory for a strip of flags");
    rp_code code = RP_OK;
    for (int64_t k = 0; k < store->nints * store->ngroups && code == RP_OK; k++) {
        for (int set = 0; set < SETS && code == RP_OK; set++)
            code = transfer(store, row_at(store, k / store->ngroups, k % store->ngroups, set, rect.y0), words + (size_t)set * n, n, false, err);
        for (int64_t y = 0; y < rect.ny; y++) {
            const uint64_t *sat = words + (size_t)y * store->words_per_row, *jump = sat + n, *assigned = jump + n;
            uint8_t *row = flags + (size_t)k * stride + (size_t)(y * rect.nx);
            for (int64_t x = 0; x < rect.nx; x++) {
                const int64_t w = (rect.x0 + x) / 64, bit = (rect.x0 + x) % 64;
                row[x] = (uint8_t)((assigned[w] >> bit & 1u) | (sat[w] >> bit & 1u) << 1 | (jump[w] >> bit & 1u) << 2);
            }
        }
    }
    free(words);
    return code;
}

static void mark_tiles(const rp_flag_store *s, uint8_t *dirty)
{
    const size_t tiles_per_row = (size_t)(s->nx + RP_TILE_NX - 1) / RP_TILE_NX; /* one word wide */
    for (size_t plane = 0; plane < SETS * (size_t)s->ngroups; plane++)
        for (int64_t y = 0; y < s->ny; y++) {
            const size_t at = plane * s->plane_words + (size_t)y * s->words_per_row;
            for (size_t w = 0; w < s->words_per_row; w++)
                if (s->before[at + w] != s->after[at + w])
                    dirty[(size_t)(y / RP_TILE_NY) * tiles_per_row + w] = 1;
        }
}

rp_code rp_flag_store_events(rp_flag_store *store, rp_stage *stage, uint8_t *dirty_tiles, rp_error *err)
{
    rp_code code = RP_OK;
    const size_t n = store->integration_words;
    uint64_t **planes = malloc(SETS * (size_t)store->ngroups * sizeof *planes);
    store->before = malloc(n * sizeof *store->before);
    store->after = malloc(n * sizeof *store->after);
    if (!planes || !store->before || !store->after) {
        code = rp_fail(err, RP_E_MEMORY, "no memory for the flags of one integration (%zu bytes)", 2 * n * sizeof(uint64_t));
        goto done;
    }
    for (size_t k = 0; k < SETS * (size_t)store->ngroups; k++)
        planes[k] = store->after + k * store->plane_words;
    for (int64_t i = 0; i < store->nints && code == RP_OK; i++) {
        rp_frame_flags flags = {store->ngroups, store->ny, store->nx, store->words_per_row, planes, planes + store->ngroups, planes + 2 * store->ngroups};
        const size_t assigned = (size_t)(2 * store->ngroups) * store->plane_words;
        code = transfer(store, (size_t)i * n, store->before, n, false, err);
        if (code != RP_OK)
            break;
        memset(store->before + assigned, 0, (n - assigned) * sizeof *store->before);
        memcpy(store->after, store->before, n * sizeof *store->after);
        code = stage->step->ops->frame_flags(stage, i, &flags, err);
        if (code != RP_OK)
            break;
        mark_tiles(store, dirty_tiles);
        code = transfer(store, (size_t)i * n, store->after, n, true, err);
    }
done:
    free(planes);
    free(store->before);
    free(store->after);
    store->before = store->after = NULL;
    return code;
}
