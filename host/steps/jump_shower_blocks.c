/* What the search for showers does in blocks, and where their results rest: see jump_showers.h. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/steps/jump_showers.h"
#include "host/steps/ramp_reference.h"

/* Results of blocks stay in memory up to this size. */
static const size_t in_memory_bytes = (size_t)64 << 20;

struct rp_showers {
    rp_shower_settings settings;
    const rp_source *gain, *noise;
    int64_t nints, ngroups, ny, nx;
    size_t words_per_row, plane_words;
    void *store; /* electrons [nints*ngroups][ny][nx], then marks [nints*ngroups][plane_words] */
    size_t store_bytes;
    bool is_mapped;
    float *electrons;
    uint64_t *marks;
};

/* ------------------------------------------------------------------ the store */
static rp_code map_scratch(rp_showers *s, rp_error *err)
{
    const char *dir = getenv("TMPDIR");
    char name[4096];
    const int n = snprintf(name, sizeof name, "%s/rampart-showers-XXXXXX", dir && *dir ? dir : "/tmp");
    if (n < 0 || (size_t)n >= sizeof name)
        return rp_fail(err, RP_E_ARGUMENT, "TMPDIR is too long a name; set it to another folder");
    const int fd = mkstemp(name);
    if (fd < 0)
        return rp_fail_errno(err, RP_E_IO, "cannot make a scratch file %s; set TMPDIR to a writable folder", name);
    (void)unlink(name);
    rp_code code = RP_OK;
    const int full = posix_fallocate(fd, 0, (off_t)s->store_bytes); /* a full disk is told here, not by a signal */
    if (full)
        code = rp_fail(err, RP_E_IO, "no room for %zu MiB of scratch in %s (%s); set TMPDIR to another folder",
                       s->store_bytes >> 20, dir && *dir ? dir : "/tmp", strerror(full));
    void *memory = code == RP_OK ? mmap(NULL, s->store_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (code == RP_OK && memory == MAP_FAILED)
        code = rp_fail_errno(err, RP_E_MEMORY, "cannot map %zu MiB of scratch", s->store_bytes >> 20);
    (void)close(fd);
    if (code == RP_OK) {
        s->store = memory;
        s->is_mapped = true;
    }
    return code;
}

static rp_code make_store(rp_showers *s, rp_error *err)
{
    const size_t planes = (size_t)(s->nints * s->ngroups), frame = (size_t)(s->ny * s->nx);
    const size_t electrons = (planes * frame * sizeof(float) + 7) / 8 * 8;
    s->store_bytes = electrons + planes * s->plane_words * sizeof(uint64_t);
    if (planes && s->store_bytes / planes < frame * sizeof(float))
        return rp_fail(err, RP_E_MEMORY, "showers: %zu groups of %zu pixels are too many", planes, frame);
    rp_code code = RP_OK;
    if (s->store_bytes > in_memory_bytes) {
        code = map_scratch(s, err);
    } else {
        s->store = calloc(1, s->store_bytes);
        if (!s->store)
            code = rp_fail(err, RP_E_MEMORY, "showers: no memory for %zu bytes", s->store_bytes);
    }
    s->electrons = s->store;
    s->marks = s->store ? (uint64_t *)(void *)((char *)s->store + electrons) : NULL;
    return code;
}

rp_code rp_showers_new(rp_showers **out, const rp_stage *stage, const rp_shower_settings *settings,
                       const rp_source *gain, const rp_source *noise, rp_error *err)
{
    const rp_run *run = stage->run;
    rp_showers *s = calloc(1, sizeof *s);
    if (!s)
        return rp_fail(err, RP_E_MEMORY, "showers: no memory");
    *s = (rp_showers){.settings = *settings,
                      .gain = gain,
                      .noise = noise,
                      .nints = run->nints,
                      .ngroups = run->ngroups,
                      .ny = run->ny,
                      .nx = run->nx,
                      .words_per_row = ((size_t)run->nx + 63) / 64};
    s->plane_words = s->words_per_row * (size_t)run->ny;
    const rp_code code = make_store(s, err);
    if (code != RP_OK) {
        rp_showers_free(s);
        return code;
    }
    *out = s;
    return RP_OK;
}

void rp_showers_free(rp_showers *showers)
{
    if (!showers)
        return;
    if (showers->is_mapped)
        (void)munmap(showers->store, showers->store_bytes);
    else
        free(showers->store);
    free(showers);
}

int rp_showers_halo(const rp_showers *showers)
{
    const double outer = showers->settings.inner_radius + showers->settings.width;
    return outer > 0.0 ? (int)floor(outer) : 0;
}

bool rp_showers_possible(const rp_stage *stage)
{
    const rp_run *run = stage->run;
    int64_t differences = run->nints * (run->ngroups - 1);
    for (int64_t k = 0; k < run->nints * run->ngroups; k++)
        differences -= run->unusable_at_jump[k] != 0;
    return differences >= 10;
}

/* ------------------------------------------------------------------ blocks */
static rp_code set_params(const rp_showers *s, rp_block *b, bool searched, rp_shower_params *p, rp_bound *gain,
                          rp_bound *noise, rp_error *err)
{
    const double outer = s->settings.inner_radius + s->settings.width;
    int64_t nframes = 1;
    (void)rp_meta_get_int(b->run->meta, "NFRAMES", &nframes);
    rp_code code = rp_block_bind(b, s->gain, 0, 1, gain, err);
    if (code == RP_OK)
        code = rp_block_bind(b, s->noise, 0, 1, noise, err);
    if (code != RP_OK)
        return code;
    *p = (rp_shower_params){.inner_squared = s->settings.inner_radius * s->settings.inner_radius,
                            .outer_squared = outer * outer,
                            .threshold = s->settings.snr_threshold,
                            .stride = b->stride,
                            .gain_offset = gain->offset,
                            .noise_offset = noise->offset,
                            .guard = rp_step_guard(b, (uint32_t)rp_showers_halo(s)),
                            .extent = rp_step_extent(b),
                            .nints = (uint32_t)s->nints,
                            .ngroups = (uint32_t)s->ngroups,
                            .by_difference = s->nints >= s->settings.min_ints_to_clip,
                            .exact_only = !searched,
                            .reach = (uint32_t)rp_showers_halo(s),
                            .nframes = (float)nframes};
    p->ratio_stride = b->stride + 2 * p->guard;
    return RP_OK;
}

/* Scratch of the selection from memory: one tile on the host, one for every 16 pixels on a device. */
static uint64_t tiles_of(const rp_block *b)
{
    rp_device_info info;
    rp_device_describe(b->run->device, &info);
    return info.host_memory ? 1 : b->stride / 16;
}

static rp_code make_statistics(const rp_showers *s, const rp_stage *stage, rp_block *b, const rp_shower_params *p,
                               rp_buffer *gain, rp_buffer *noise, rp_buffer **statistics, rp_error *err)
{
    const uint64_t ndiffs = (uint64_t)(s->nints * (s->ngroups - 1)),
                   planes = p->by_difference ? 2 * (p->ngroups - 1) : 2;
    rp_buffer *differences = NULL;
    rp_code code = rp_step_scratch(b, stage, 8, ndiffs * tiles_of(b), 16, sizeof(float), &differences, err);
    if (code == RP_OK)
        code = rp_step_scratch(b, stage, 9, planes, b->stride, sizeof(float), statistics, err);
    if (code != RP_OK)
        return code;
    rp_buffer *const buffers[] = {b->data, b->groupdq, gain, noise, differences, *statistics};
    return rp_block_lanes(b, RP_K_shower_statistics, p, sizeof *p, buffers, 6, err);
}

static void pack_row(uint64_t *words, const uint8_t *marks, int64_t nx)
{
    for (int64_t x0 = 0; x0 < nx; x0 += 64) {
        const int64_t n = nx - x0 < 64 ? nx - x0 : 64;
        uint64_t word = 0;
        for (int64_t x = 0; x < n; x++)
            word |= (uint64_t)(marks[x0 + x] & 1u) << x;
        words[x0 / 64] = word;
    }
}

/* Marks of the core, one integration. */
static rp_code keep_marks(rp_showers *s, rp_block *b, rp_buffer *marks, int64_t integration, rp_error *err)
{
    const rp_code code = rp_queue_pull(b->queue, marks, 0, (size_t)(s->ngroups - 1) * b->stride, err);
    const uint8_t *host = rp_buffer_host(marks);
    for (int64_t g = 1; g < s->ngroups && code == RP_OK; g++)
        for (int64_t y = 0; y < b->core.ny; y++) {
            const int64_t row = b->core.y0 + y;
            const uint8_t *from = host + (size_t)(g - 1) * b->stride + (size_t)((row - b->rect.y0) * b->rect.nx);
            pack_row(s->marks + (size_t)(integration * s->ngroups + g) * s->plane_words +
                         (size_t)row * s->words_per_row,
                     from, s->nx);
        }
    return code;
}

static rp_code mark(rp_showers *s, const rp_stage *stage, rp_block *b, rp_shower_params *p, rp_buffer *gain,
                    rp_buffer *statistics, rp_error *err)
{
    rp_buffer *ratio = NULL, *marks = NULL;
    rp_code code = rp_step_scratch(b, stage, 10, p->ngroups - 1, p->ratio_stride, sizeof(float), &ratio, err);
    if (code == RP_OK)
        code = rp_step_scratch(b, stage, 11, p->ngroups - 1, b->stride, 1, &marks, err);
    for (int64_t i = 0; i < s->nints && code == RP_OK; i++) {
        p->integration = (uint32_t)i;
        p->first_group = 0;
        while (p->first_group + 1 < p->ngroups && b->run->unusable_at_jump[i * s->ngroups + p->first_group])
            p->first_group++;
        rp_buffer *const ratios[] = {b->data, b->groupdq, b->pixeldq, gain, statistics, ratio}, *const to_marks[] = {
                                                                                                    ratio, marks};
        code = rp_block_lanes(b, RP_K_shower_ratio, p, sizeof *p, ratios, 6, err);
        if (code == RP_OK)
            code = rp_block_lanes(b, RP_K_shower_marks, p, sizeof *p, to_marks, 2, err);
        if (code == RP_OK)
            code = keep_marks(s, b, marks, i, err);
    }
    return code;
}

static rp_code keep_electrons(rp_showers *s, const rp_stage *stage, rp_block *b, const rp_shower_params *p,
                              rp_buffer *gain, rp_error *err)
{
    const size_t planes = (size_t)(s->nints * s->ngroups), frame = (size_t)(s->ny * s->nx);
    const size_t n = (size_t)(b->core.ny * s->nx), from = (size_t)((b->core.y0 - b->rect.y0) * b->rect.nx);
    rp_buffer *electrons = NULL;
    rp_code code = rp_step_scratch(b, stage, 12, planes, b->stride, sizeof(float), &electrons, err);
    rp_buffer *const buffers[] = {b->data, b->groupdq, b->pixeldq, gain, electrons};
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_shower_electrons, p, sizeof *p, buffers, 5, err);
    if (code == RP_OK)
        code = rp_queue_pull(b->queue, electrons, 0, planes * b->stride * sizeof(float), err);
    if (code != RP_OK)
        return code;
    const float *host = rp_buffer_host(electrons);
    for (size_t k = 0; k < planes; k++)
        memcpy(s->electrons + k * frame + (size_t)(b->core.y0 * s->nx), host + k * b->stride + from, n * sizeof(float));
    return RP_OK;
}

rp_code rp_showers_block(rp_showers *showers, const rp_stage *stage, rp_block *block, bool searched, rp_error *err)
{
    rp_shower_params params;
    rp_bound gain, noise;
    rp_buffer *statistics = NULL;
    if (!rp_showers_possible(stage))
        return RP_OK;
    if (block->core.x0 != 0 || block->core.nx != showers->nx)
        return rp_fail(err, RP_E_INTERNAL, "showers: blocks are not whole rows");
    rp_code code = set_params(showers, block, searched, &params, &gain, &noise, err);
    if (code == RP_OK)
        code = make_statistics(showers, stage, block, &params, gain.buffer, noise.buffer, &statistics, err);
    if (code == RP_OK)
        code = mark(showers, stage, block, &params, gain.buffer, statistics, err);
    return code == RP_OK ? keep_electrons(showers, stage, block, &params, gain.buffer, err) : code;
}

/* ------------------------------------------------------------------ the frame */
rp_code rp_showers_find(rp_showers *showers, const rp_stage *stage, int64_t integration, rp_frame_flags *flags,
                        uint64_t *nshowers, rp_error *err)
{
    if (!rp_showers_possible(stage))
        return RP_OK;
    const size_t ngroups = (size_t)showers->ngroups, first = (size_t)integration * ngroups;
    if (flags->words_per_row != showers->words_per_row)
        return rp_fail(err, RP_E_INTERNAL, "showers: flags are of another size than the frame");
    const uint64_t **marks = malloc(ngroups * sizeof *marks);
    if (!marks)
        return rp_fail(err, RP_E_MEMORY, "showers: no memory");
    for (size_t g = 0; g < ngroups; g++)
        marks[g] = showers->marks + (first + g) * showers->plane_words;
    const float *electrons = showers->electrons + first * (size_t)(showers->ny * showers->nx);
    const rp_code code = rp_showers_flag(&showers->settings, marks, electrons, flags, nshowers, err);
    free(marks);
    return code;
}
