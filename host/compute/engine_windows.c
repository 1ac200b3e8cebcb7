/* Windows: pixels of some rectangles as they are at the input of a stage, before its first block. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/engine_impl.h"

/* Windows are computed in pieces of some rows; pieces of the same rows share what is read. */
typedef struct pieces {
    rp_window *window; /* arrays owned here, const to the stage */
    rp_rect *rect;
    int *of; /* the window of each piece */
    size_t n;
} pieces;

static rp_code new_window(rp_window *w, rp_rect rect, const rp_run *run, rp_error *err)
{
    const size_t planes = (size_t)(run->nints * run->ngroups), size = (size_t)(rect.ny * rect.nx);
    *w = (rp_window){rect, malloc(planes * size * 4), malloc(planes * size), malloc(size * 4),
                     run->has_zeroframe ? malloc((size_t)run->nints * size * 4) : NULL};
    if (!w->data || !w->groupdq || !w->pixeldq || (run->has_zeroframe && !w->zeroframe))
        return rp_fail(err, RP_E_MEMORY, "no memory for the reference pixels of %zu groups", planes);
    return RP_OK;
}

static void clear_pieces(pieces *p, int nwindows)
{
    for (int i = 0; p->window && i < nwindows; i++) {
        free((void *)(uintptr_t)p->window[i].data);
        free((void *)(uintptr_t)p->window[i].groupdq);
        free((void *)(uintptr_t)p->window[i].pixeldq);
        free((void *)(uintptr_t)p->window[i].zeroframe);
    }
    free(p->window);
    free(p->rect);
    free(p->of);
}

static rp_code plan_pieces(pieces *p, const rp_stage *stage, const rp_run *run, rp_error *err)
{
    const size_t bands = (size_t)((run->ny + RP_WINDOW_NY - 1) / RP_WINDOW_NY), most = bands * (size_t)stage->nwindows;
    p->window = calloc((size_t)stage->nwindows, sizeof *p->window);
    p->rect = calloc(most, sizeof *p->rect);
    p->of = calloc(most, sizeof *p->of);
    if (!p->window || !p->rect || !p->of)
        return rp_fail(err, RP_E_MEMORY, "no memory for windows");
    for (int64_t y = 0; y < run->ny; y += RP_WINDOW_NY)
        for (int i = 0; i < stage->nwindows; i++) {
            const rp_rect w = stage->window[i];
            const int64_t y0 = w.y0 > y ? w.y0 : y, end = w.y0 + w.ny < y + RP_WINDOW_NY ? w.y0 + w.ny : y + RP_WINDOW_NY;
            if (y0 >= end)
                continue;
            p->rect[p->n] = (rp_rect){y0, w.x0, end - y0, w.nx};
            p->of[p->n++] = i;
        }
    rp_code code = RP_OK;
    for (int i = 0; i < stage->nwindows && code == RP_OK; i++)
        code = new_window(&p->window[i], stage->window[i], run, err);
    return code;
}

static rp_code pull_block(rp_block *b, rp_error *err)
{
    const size_t planes = (size_t)(b->run->nints * b->run->ngroups), nints = (size_t)b->run->nints;
    rp_code code = rp_queue_pull(b->queue, b->data, 0, planes * b->stride * 4, err);
    if (code == RP_OK)
        code = rp_queue_pull(b->queue, b->groupdq, 0, planes * b->stride, err);
    if (code == RP_OK)
        code = rp_queue_pull(b->queue, b->pixeldq, 0, b->stride * 4, err);
    if (code == RP_OK && b->zeroframe)
        code = rp_queue_pull(b->queue, b->zeroframe, 0, nints * b->stride * 4, err);
    return code;
}

static rp_code collect_piece(rp_worker *worker, size_t item, void *payload, rp_error *err)
{
    const pieces *p = payload;
    const rp_window *w = &p->window[p->of[item]];
    rp_block *b = &worker->block;
    const size_t planes = (size_t)(b->run->nints * b->run->ngroups), nints = (size_t)b->run->nints, row = (size_t)w->rect.nx;
    const rp_code code = pull_block(b, err);
    if (code != RP_OK)
        return code;
    const float *data = rp_buffer_host(b->data), *zero = b->zeroframe ? rp_buffer_host(b->zeroframe) : NULL;
    const uint8_t *groupdq = rp_buffer_host(b->groupdq);
    const uint32_t *pixeldq = rp_buffer_host(b->pixeldq);
    const size_t size = (size_t)w->rect.ny * row;
    for (int64_t y = b->core.y0; y < b->core.y0 + b->core.ny; y++) {
        const size_t from = (size_t)((y - b->rect.y0) * b->rect.nx + w->rect.x0 - b->rect.x0);
        const size_t to = (size_t)(y - w->rect.y0) * row;
        memcpy((uint32_t *)(uintptr_t)w->pixeldq + to, pixeldq + from, row * 4);
        for (size_t k = 0; k < planes; k++) {
            memcpy((float *)(uintptr_t)w->data + k * size + to, data + k * b->stride + from, row * 4);
            memcpy((uint8_t *)(uintptr_t)w->groupdq + k * size + to, groupdq + k * b->stride + from, row);
        }
        for (size_t i = 0; zero && i < nints; i++)
            memcpy((float *)(uintptr_t)w->zeroframe + i * size + to, zero + i * b->stride + from, row * 4);
    }
    return RP_OK;
}

static rp_code prepare_stage(rp_engine *e, int index, rp_error *err)
{
    rp_stage *stage = e->stage[index];
    pieces p = {0};
    rp_code code = plan_pieces(&p, stage, e->run, err);
    if (code == RP_OK)
        code = rp_engine_pass(e, RP_PASS_WINDOW, index, p.rect, p.n, collect_piece, &p, err);
    const double start = rp_engine_clock_s();
    if (code == RP_OK)
        code = stage->step->ops->prepare(stage, p.window, err);
    e->windows_s += rp_engine_clock_s() - start;
    clear_pieces(&p, stage->nwindows);
    return code;
}

rp_code rp_engine_prepare(rp_engine *e, rp_error *err)
{
    rp_code code = RP_OK;
    for (int i = 0; i < e->nstages && code == RP_OK; i++)
        if (!e->stage[i]->skip && e->stage[i]->nwindows > 0)
            code = prepare_stage(e, i, err);
    return code;
}
