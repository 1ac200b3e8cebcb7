/* Large events: flags of the whole frame are searched after the main pass, and pixels whose flags changed are refitted.
 *
 * Pixels that were kept (engine_kept.c) are refitted from memory; the others are read again and brought up to the event
 * stage once more, as tiles. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/engine_impl.h"
#include "host/compute/kernels.h"

/* ------------------------------------------------------------------ flags of a block */
/* The core, and rows around it: their flags may lack what the last stencils add, which is good enough for a guess. */
static rp_rect rows_to_look_at(const rp_worker *worker)
{
    const rp_engine *e = worker->engine;
    const int near = worker->halo < RP_LIKELY_NEAR ? worker->halo : RP_LIKELY_NEAR;
    rp_rect rows = worker->block.core;
    if (!e->kept_bytes)
        return rows;
    const int64_t end = rows.y0 + rows.ny + near < e->run->ny ? rows.y0 + rows.ny + near : e->run->ny;
    rows.y0 = rows.y0 > near ? rows.y0 - near : 0;
    rows.ny = end - rows.y0;
    return rows;
}

rp_code rp_events_keep_flags(rp_worker *worker, rp_error *err)
{
    rp_engine *e = worker->engine;
    rp_block *b = &worker->block;
    rp_likely *l = &worker->likely;
    const int64_t planes = b->run->nints * b->run->ngroups;
    if (b->core.x0 != 0 || b->core.nx != b->run->nx)
        return rp_fail(err, RP_E_INTERNAL, "flags are kept by whole rows");
    const rp_rect rows = rows_to_look_at(worker);
    rp_code code = rp_queue_pull(b->queue, b->groupdq, 0, (size_t)planes * b->stride, err);
    if (code == RP_OK)
        code = rp_likely_start(l, rows, b->core, err);
    const uint8_t *groupdq = rp_buffer_host(b->groupdq);
    for (int64_t k = 0; k < planes && code == RP_OK; k++) {
        const size_t core = (size_t)(b->core.y0 - rows.y0) * l->words_per_row;
        rp_flags_pack(l->saturated, l->jump, groupdq + (size_t)k * b->stride + (rows.y0 - b->rect.y0) * rows.nx, rows.ny, rows.nx);
        code = rp_flag_store_put(e->flags, k, b->core.y0, b->core.ny, l->saturated + core, l->jump + core, err);
        if (e->kept_bytes)
            rp_likely_group(l, k % b->run->ngroups == 0);
    }
    return code != RP_OK || !e->kept_bytes ? code : rp_kept_put(worker, l, rows.y0, err);
}

static rp_code get_flags(rp_worker *worker, uint8_t *flags, rp_error *err)
{
    const rp_block *b = &worker->block;
    rp_flag_store *store = worker->engine->flags;
    if (worker->kind != RP_PASS_KEPT)
        return rp_flag_store_get(store, flags, b->stride, b->rect, err);
    rp_code code = RP_OK;
    for (size_t i = 0, at = 0; i < worker->ngranules && code == RP_OK;) {
        const rp_rect run = rp_kept_run(worker, &i);
        code = rp_flag_store_get(store, flags + at, b->stride, run, err);
        at += (size_t)run.nx;
    }
    return code;
}

rp_code rp_events_restore_flags(rp_worker *worker, rp_error *err)
{
    rp_block *b = &worker->block;
    const size_t planes = (size_t)(b->run->nints * b->run->ngroups), bytes = planes * b->stride;
    rp_code code = rp_buffer_reserve(&worker->final_flags, b->run->device, bytes, err);
    if (code == RP_OK)
        code = get_flags(worker, rp_buffer_host(worker->final_flags), err);
    if (code == RP_OK)
        code = rp_queue_push(b->queue, worker->final_flags, 0, bytes, err);
    const rp_ramp_io_params params = {b->stride, (uint32_t)planes, 0};
    rp_buffer *const buffers[] = {b->groupdq, worker->final_flags};
    return code != RP_OK ? code : rp_block_lanes(b, RP_K_restore_flags, &params, sizeof params, buffers, 2, err);
}

/* ------------------------------------------------------------------ tiles that are read again */
/* The rows of a tile with a dirty granule, a bit each; a tile is as wide as a word. */
static uint8_t rows_of_tile(const rp_engine *e, const uint8_t *dirty, int64_t ty, int64_t tx)
{
    const int64_t words = (e->run->nx + RP_TILE_NX - 1) / RP_TILE_NX, left = e->run->ny - ty * RP_TILE_NY;
    uint8_t rows = 0;
    for (int64_t y = 0; y < RP_TILE_NY && y < left; y++)
        rows |= (uint8_t)((dirty[(ty * RP_TILE_NY + y) * words + tx] != 0) << y);
    return rows;
}

/* Tiles to do again, neighbours in a row joined, and the rows of each that change. */
static size_t rects_of_tiles(const rp_engine *e, const uint8_t *dirty, rp_rect *out, uint8_t *dirty_rows)
{
    const int64_t rows = (e->run->ny + RP_TILE_NY - 1) / RP_TILE_NY, cols = (e->run->nx + RP_TILE_NX - 1) / RP_TILE_NX;
    size_t n = 0;
    for (int64_t ty = 0; ty < rows; ty++)
        for (int64_t tx = 0; tx < cols; tx++) {
            const int64_t first = tx;
            uint8_t marks = 0, more;
            for (; tx < cols && (more = rows_of_tile(e, dirty, ty, tx)) != 0; tx++)
                marks |= more;
            if (!marks)
                continue;
            const int64_t y0 = ty * RP_TILE_NY, x0 = first * RP_TILE_NX, y1 = y0 + RP_TILE_NY, x1 = tx * RP_TILE_NX;
            out[n] = (rp_rect){y0, x0, (y1 < e->run->ny ? y1 : e->run->ny) - y0, (x1 < e->run->nx ? x1 : e->run->nx) - x0};
            dirty_rows[n++] = marks;
        }
    return n;
}

static rp_code refit_tiles(rp_engine *e, const uint8_t *dirty, rp_error *err)
{
    const size_t tiles = (size_t)((e->run->ny + RP_TILE_NY - 1) / RP_TILE_NY) * (size_t)((e->run->nx + RP_TILE_NX - 1) / RP_TILE_NX);
    e->dirty_rows = calloc(tiles, 1);
    rp_rect *todo = calloc(tiles, sizeof *todo);
    rp_code code = e->dirty_rows && todo ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a list of tiles");
    if (code == RP_OK) {
        const size_t n = rects_of_tiles(e, dirty, todo, e->dirty_rows);
        if (n)
            code = rp_engine_pass(e, RP_PASS_REFIT, e->nstages, todo, n, NULL, NULL, err);
    }
    free(e->dirty_rows);
    e->dirty_rows = NULL;
    free(todo);
    return code;
}

/* ------------------------------------------------------------------ the search and what follows from it */
rp_code rp_events_run(rp_engine *e, rp_error *err)
{
    if (e->event_stage < 0)
        return RP_OK;
    uint8_t *dirty = calloc((size_t)e->run->ny * (size_t)((e->run->nx + 63) / 64), 1);
    if (!dirty)
        return rp_fail(err, RP_E_MEMORY, "no memory for a map of changed flags");
    const double start = rp_engine_clock_s();
    rp_code code = rp_flag_store_events(e->flags, e->stage[e->event_stage], dirty, err);
    e->events_s += rp_engine_clock_s() - start;
    if (code == RP_OK)
        code = rp_kept_refit(e, dirty, err);
    if (code == RP_OK)
        code = refit_tiles(e, dirty, err);
    free(dirty);
    return code;
}
