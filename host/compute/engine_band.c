/* Rows read whole for narrow blocks: tiles of the refit pass, and reference pixels at both sides of the frame.
 *
 * Read one by one they cost a system call for every row of every plane, several hundred thousand for a frame; whole rows
 * of the band in which several of them lie, read once and kept until the next band, cost a tenth of that. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/engine_impl.h"

static const size_t arena_bytes = (size_t)12 << 20;

/* Blocks of a band ask in the same order: look first behind what was found last. */
static const char *held_rows(rp_band *band, const rp_source *source, int64_t plane)
{
    for (size_t i = 0; i < band->nheld; i++) {
        const size_t k = (band->cursor + i) % band->nheld;
        if (band->held[k].source != source || band->held[k].plane != plane)
            continue;
        band->cursor = k + 1;
        return band->held[k].rows;
    }
    return NULL;
}

/* Reads the rows of the band; *rows = NULL when there is no room to keep them. */
static rp_code bring_rows(rp_band *band, const rp_source *source, int64_t plane, const char **rows, rp_error *err)
{
    const int64_t nx = rp_shape_nx(&source->shape);
    const size_t bytes = ((size_t)(nx * band->ny) * rp_dtype_size(source->type) + 63) / 64 * 64;
    *rows = NULL;
    if (!band->arena)
        band->arena = malloc(arena_bytes);
    if (!band->arena || band->nheld == RP_MAX_HELD || bytes > arena_bytes - band->used)
        return RP_OK;
    char *to = band->arena + band->used;
    const rp_code code = source->read(source, plane, (rp_rect){band->y0, 0, band->ny, nx}, to, err);
    if (code != RP_OK)
        return code;
    band->held[band->nheld++] = (rp_held_rows){source, plane, to};
    band->used += bytes;
    *rows = to;
    return RP_OK;
}

int64_t rp_band_height(rp_pass_kind kind)
{
    return kind == RP_PASS_WINDOW ? RP_WINDOW_NY : kind == RP_PASS_REFIT ? RP_BAND_NY : 0;
}

/* Forgets the rows of another band. */
static void enter_band(rp_band *band, const rp_worker *worker)
{
    const int64_t height = rp_band_height(worker->kind), y = worker->block.core.y0 / height * height;
    const int64_t y0 = y > worker->halo ? y - worker->halo : 0, end = y + height + worker->halo, ny = worker->engine->run->ny;
    const int64_t rows = (end < ny ? end : ny) - y0;
    if (band->y0 != y0 || band->ny != rows)
        *band = (rp_band){.y0 = y0, .ny = rows, .arena = band->arena};
}

rp_code rp_worker_read(rp_worker *worker, const rp_source *source, int64_t plane, void *dst, rp_error *err)
{
    const rp_block *b = &worker->block;
    if (worker->kind == RP_PASS_KEPT) {
        worker->read_bytes += (uint64_t)b->npix * rp_dtype_size(source->type);
        return rp_kept_read(worker, source, plane, dst, err);
    }
    const int64_t nx = rp_shape_nx(&source->shape), skipped = (int64_t)b->first / b->rect.nx;
    const int64_t end = ((int64_t)b->end + b->rect.nx - 1) / b->rect.nx;
    const rp_rect rect = {b->rect.y0 + skipped, b->rect.x0, (end < b->rect.ny ? end : b->rect.ny) - skipped, b->rect.nx};
    const size_t element = rp_dtype_size(source->type), row = (size_t)rect.nx * element;
    char *to = (char *)dst + (size_t)skipped * row;
    rp_band *band = &worker->band;
    worker->read_bytes += (uint64_t)rect.ny * row;
    if (!rp_band_height(worker->kind) || rect.nx == nx)
        return source->read(source, plane, rect, to, err);
    enter_band(band, worker);
    const char *rows = held_rows(band, source, plane);
    if (!rows) {
        const rp_code code = bring_rows(band, source, plane, &rows, err);
        if (code != RP_OK || !rows)
            return code != RP_OK ? code : source->read(source, plane, rect, to, err);
    }
    for (int64_t y = 0; y < rect.ny; y++)
        memcpy(to + (size_t)y * row, rows + (size_t)((rect.y0 - band->y0 + y) * nx + rect.x0) * element, row);
    return RP_OK;
}

void rp_band_clear(rp_band *band)
{
    free(band->arena);
    *band = (rp_band){0};
}
