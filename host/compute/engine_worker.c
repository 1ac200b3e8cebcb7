/* One worker on one block: stages, taps, results. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/compute/engine_impl.h"
#include "host/compute/kernels.h"

double rp_engine_clock_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t); /* the CPU clock of a thread is a system call */
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static size_t planes_of(const rp_run *run)
{
    return (size_t)(run->nints * run->ngroups);
}

/* ------------------------------------------------------------------ rectangles */
/* Flags of the event stage are there already. */
static bool is_replay(const rp_worker *worker)
{
    return worker->kind == RP_PASS_REFIT || worker->kind == RP_PASS_KEPT || worker->kind == RP_PASS_OPTIONAL;
}

/* What stages from `first` on read beyond their pixels. */
static int halo_from(const rp_worker *worker, int first)
{
    const rp_engine *engine = worker->engine;
    int halo = 0;
    for (int i = first; i < engine->stop; i++) {
        if (!engine->stage[i]->skip && !(is_replay(worker) && i == engine->event_stage))
            halo += engine->stage[i]->halo;
    }
    return halo;
}

static rp_rect grown(rp_rect r, int64_t halo, const rp_run *run)
{
    const int64_t y1 = r.y0 + r.ny + halo < run->ny ? r.y0 + r.ny + halo : run->ny;
    const int64_t x1 = r.x0 + r.nx + halo < run->nx ? r.x0 + r.nx + halo : run->nx;
    r.y0 = r.y0 > halo ? r.y0 - halo : 0;
    r.x0 = r.x0 > halo ? r.x0 - halo : 0;
    r.ny = y1 - r.y0;
    r.nx = x1 - r.x0;
    return r;
}

/* Rows of the block that later stages still look at, as pixels. */
static void shrink_to(rp_worker *worker, int halo)
{
    rp_block *b = &worker->block;
    const rp_rect need = grown(b->core, halo, b->run);
    const size_t nx = (size_t)b->rect.nx, end = ((size_t)(need.y0 - b->rect.y0 + need.ny) * nx + 63) / 64 * 64;
    b->first = (size_t)(need.y0 - b->rect.y0) * nx / 64 * 64;
    b->end = end < b->stride ? end : b->stride;
}

/* ------------------------------------------------------------------ buffers */
static rp_code reserve_planes(rp_fit_planes *planes, rp_device *device, size_t bytes, rp_error *err)
{
    TRY(rp_buffer_reserve(&planes->sci, device, bytes, err));
    TRY(rp_buffer_reserve(&planes->err, device, bytes, err));
    TRY(rp_buffer_reserve(&planes->var_poisson, device, bytes, err));
    TRY(rp_buffer_reserve(&planes->var_rnoise, device, bytes, err));
    return rp_buffer_reserve(&planes->dq, device, bytes, err);
}

static rp_code reserve_optional(rp_worker *worker, size_t stride, rp_error *err)
{
    rp_fit_optional *o = &worker->optional;
    rp_device *device = worker->engine->run->device;
    const size_t nints = (size_t)worker->engine->run->nints;
    o->nsegments = worker->engine->nsegments;
    o->njumps = worker->engine->njumps;
    rp_buffer **const by_segment[] = {&o->slope, &o->sigslope, &o->var_poisson, &o->var_rnoise, &o->yint, &o->sigyint, &o->weights};
    for (size_t i = 0; i < sizeof by_segment / sizeof *by_segment; i++)
        TRY(rp_buffer_reserve(by_segment[i], device, nints * o->nsegments * stride * 4, err));
    TRY(rp_buffer_reserve(&o->pedestal, device, nints * stride * 4, err));
    TRY(rp_buffer_reserve(&o->crmag, device, nints * o->njumps * stride * 4, err));
    return rp_buffer_reserve(&o->chisq, device, stride * 4, err);
}

static rp_code reserve_block(rp_worker *worker, rp_error *err)
{
    rp_engine *engine = worker->engine;
    const rp_run *run = engine->run;
    rp_device *device = run->device;
    const size_t stride = worker->block.stride, n = planes_of(run) * stride, nints = (size_t)run->nints;
    TRY(rp_buffer_reserve(&worker->raw, device, n * rp_dtype_size(engine->sci->type), err));
    TRY(rp_buffer_reserve(&worker->data, device, n * 4, err));
    TRY(rp_buffer_reserve(&worker->groupdq, device, n, err));
    TRY(rp_buffer_reserve(&worker->pixeldq, device, stride * 4, err));
    TRY(rp_buffer_reserve(&worker->counters, device, sizeof(uint32_t) * RP_MAX_STAGES * RP_COUNTERS, err));
    if (run->has_zeroframe)
        TRY(rp_buffer_reserve(&worker->zeroframe, device, nints * stride * 4, err));
    if (run->has_dark_current)
        TRY(rp_buffer_reserve(&worker->dark_current, device, stride * 4, err));
    if (engine->fit_stage >= 0 && worker->kind != RP_PASS_WINDOW) {
        TRY(reserve_planes(&worker->rate, device, stride * 4, err));
        TRY(reserve_planes(&worker->rateints, device, nints * stride * 4, err));
    }
    return worker->kind == RP_PASS_OPTIONAL ? reserve_optional(worker, stride, err) : RP_OK;
}

/* ------------------------------------------------------------------ the buffers of stages */
/* Buffers as stages see them, counters at zero. */
static rp_code begin_block(rp_worker *worker, rp_error *err)
{
    const rp_run *run = worker->engine->run;
    rp_block *b = &worker->block;
    b->data = worker->data;
    b->groupdq = worker->groupdq;
    b->pixeldq = worker->pixeldq;
    b->counters = worker->counters;
    b->zeroframe = run->has_zeroframe ? worker->zeroframe : NULL;
    b->dark_current = run->has_dark_current ? worker->dark_current : NULL;
    memset(rp_buffer_host(b->counters), 0, rp_buffer_bytes(b->counters));
    return rp_queue_push(b->queue, b->counters, 0, rp_buffer_bytes(b->counters), err);
}

/* ------------------------------------------------------------------ storing */
static rp_code reserve_pack(rp_worker *worker, size_t bytes, const char *label, rp_error *err)
{
    if (worker->pack_bytes >= bytes)
        return RP_OK;
    free(worker->pack);
    worker->pack = malloc(bytes);
    worker->pack_bytes = worker->pack ? bytes : 0;
    return worker->pack ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory to pack a strip", label);
}

/* Writes rows of the core that lie packed in `rows`: all, or those that the refit pass changed. */
static rp_code write_rows(const rp_worker *worker, const rp_sink *sink, int64_t plane, const char *rows, size_t row_bytes, rp_error *err)
{
    const rp_rect core = worker->block.core;
    if (worker->kind != RP_PASS_REFIT)
        return sink->write(sink, plane, core, rows, err);
    for (int64_t y = 0; y < core.ny; y++)
        if (worker->dirty_rows >> y & 1u)
            TRY(sink->write(sink, plane, (rp_rect){core.y0 + y, core.x0, 1, core.nx}, rows + (size_t)y * row_bytes, err));
    return RP_OK;
}

/* Writes the core of planes [0, nplanes) that lie in `host` with the block's stride. */
static rp_code write_core(rp_worker *worker, const rp_sink *sink, const void *host, size_t nplanes, rp_error *err)
{
    const rp_block *b = &worker->block;
    const size_t element = rp_dtype_size(sink->type), row = (size_t)b->core.nx * element;
    const bool whole_rows = b->core.nx == b->rect.nx;
    if (!whole_rows)
        TRY(reserve_pack(worker, row * (size_t)b->core.ny, sink->label, err));
    const double start = rp_engine_clock_s();
    const size_t first = (size_t)((b->core.y0 - b->rect.y0) * b->rect.nx + (b->core.x0 - b->rect.x0));
    for (size_t k = 0; k < nplanes; k++) {
        const char *src = (const char *)host + (k * b->stride + first) * element;
        if (worker->kind == RP_PASS_KEPT) {
            TRY(rp_kept_write(worker, sink, (int64_t)k, src, err));
            continue;
        }
        if (!whole_rows) {
            for (int64_t y = 0; y < b->core.ny; y++)
                memcpy((char *)worker->pack + (size_t)y * row, src + (size_t)(y * b->rect.nx) * element, row);
            src = worker->pack;
        }
        TRY(write_rows(worker, sink, (int64_t)k, src, row, err));
    }
    worker->write_s += rp_engine_clock_s() - start;
    worker->written_bytes += (uint64_t)nplanes * row * (uint64_t)b->core.ny;
    return RP_OK;
}

static rp_code pull_and_write(rp_worker *worker, const rp_sink *sink, rp_buffer *buffer, size_t nplanes, rp_error *err)
{
    if (!sink)
        return RP_OK;
    TRY(rp_queue_pull(worker->block.queue, buffer, 0, nplanes * worker->block.stride * rp_dtype_size(sink->type), err));
    return write_core(worker, sink, rp_buffer_host(buffer), nplanes, err);
}

/* Native values to words, in slices of at most 64 planes so that a tap needs little memory. */
static rp_code write_native(rp_worker *worker, const rp_sink *sink, rp_buffer *values, size_t nplanes, rp_kernel kernel, rp_error *err)
{
    if (!sink)
        return RP_OK;
    rp_block *b = &worker->block;
    TRY(rp_buffer_reserve(&worker->words, b->run->device, nplanes * b->stride * 4, err));
    const rp_ramp_io_params params = {b->stride, (uint32_t)nplanes, 0};
    rp_buffer *const buffers[] = {worker->words, values};
    TRY(rp_block_lanes(b, kernel, &params, sizeof params, buffers, 2, err));
    return pull_and_write(worker, sink, worker->words, nplanes, err);
}

static rp_code write_tap(rp_worker *worker, const rp_tap *tap, rp_error *err)
{
    rp_block *b = &worker->block;
    const size_t planes = planes_of(b->run);
    if (worker->kind == RP_PASS_REFIT) /* the ramp itself does not depend on the flags of large events */
        return pull_and_write(worker, tap->groupdq, b->groupdq, planes, err);
    TRY(write_native(worker, tap->sci, b->data, planes, RP_K_store_f32, err));
    TRY(pull_and_write(worker, tap->groupdq, b->groupdq, planes, err));
    TRY(write_native(worker, tap->pixeldq, b->pixeldq, 1, RP_K_store_u32, err));
    if (b->zeroframe)
        TRY(write_native(worker, tap->zeroframe, b->zeroframe, (size_t)b->run->nints, RP_K_store_f32, err));
    if (b->dark_current)
        TRY(write_native(worker, tap->dark_current, b->dark_current, 1, RP_K_store_f32, err));
    return RP_OK;
}

static rp_code write_taps(rp_worker *worker, int stage, rp_error *err)
{
    const rp_engine *engine = worker->engine;
    if (worker->kind != RP_PASS_MAIN && worker->kind != RP_PASS_REFIT)
        return RP_OK;
    if (worker->kind == RP_PASS_REFIT && stage < engine->event_stage)
        return RP_OK;
    for (int i = 0; i < engine->ntaps; i++)
        if (engine->tap[i].stage == stage)
            TRY(write_tap(worker, &engine->tap[i], err));
    return RP_OK;
}

static rp_code scale_planes(rp_worker *worker, const rp_fit_planes *planes, size_t nplanes, rp_error *err)
{
    rp_block *b = &worker->block;
    const double factor = b->run->gain_factor;
    const rp_scale_words_params once = {b->stride, (uint32_t)nplanes, (float)factor};
    const rp_scale_words_params twice = {b->stride, (uint32_t)nplanes, (float)(factor * factor)};
    rp_buffer *const values[] = {planes->sci, planes->err, planes->var_poisson, planes->var_rnoise};
    for (int i = 0; i < 4; i++)
        TRY(rp_block_lanes(b, RP_K_scale_words, i < 2 ? &once : &twice, sizeof once, &values[i], 1, err));
    return RP_OK;
}

static rp_code write_fit_taps(rp_worker *worker, bool scaled, rp_error *err)
{
    const rp_engine *engine = worker->engine;
    for (int i = 0; i < engine->nfit_taps; i++) {
        const rp_fit_tap *tap = &engine->fit_tap[i];
        if (tap->scaled != scaled)
            continue;
        const rp_fit_planes *p = tap->per_integration ? &worker->rateints : &worker->rate;
        const size_t n = tap->per_integration ? (size_t)engine->run->nints : 1;
        TRY(pull_and_write(worker, tap->sci, p->sci, n, err));
        TRY(pull_and_write(worker, tap->err, p->err, n, err));
        TRY(pull_and_write(worker, tap->dq, p->dq, n, err));
        TRY(pull_and_write(worker, tap->var_poisson, p->var_poisson, n, err));
        TRY(pull_and_write(worker, tap->var_rnoise, p->var_rnoise, n, err));
    }
    return RP_OK;
}

static rp_code write_fit(rp_worker *worker, rp_error *err)
{
    const rp_run *run = worker->engine->run;
    TRY(write_fit_taps(worker, false, err));
    if (run->gain_factor != 1.0) { /* NaN and 1.0 differ from "none": the reference multiplies whenever GAINFACT is there */
        TRY(scale_planes(worker, &worker->rate, 1, err));
        TRY(scale_planes(worker, &worker->rateints, (size_t)run->nints, err));
    }
    return write_fit_taps(worker, true, err);
}

static rp_code write_optional(rp_worker *worker, rp_error *err)
{
    const rp_optional_sinks *s = &worker->engine->optional_sinks;
    const rp_fit_optional *o = &worker->optional;
    const size_t nints = (size_t)worker->engine->run->nints, by_segment = nints * o->nsegments;
    TRY(pull_and_write(worker, s->slope, o->slope, by_segment, err));
    TRY(pull_and_write(worker, s->sigslope, o->sigslope, by_segment, err));
    TRY(pull_and_write(worker, s->var_poisson, o->var_poisson, by_segment, err));
    TRY(pull_and_write(worker, s->var_rnoise, o->var_rnoise, by_segment, err));
    TRY(pull_and_write(worker, s->yint, o->yint, by_segment, err));
    TRY(pull_and_write(worker, s->sigyint, o->sigyint, by_segment, err));
    TRY(pull_and_write(worker, s->weights, o->weights, by_segment, err));
    TRY(pull_and_write(worker, s->pedestal, o->pedestal, nints, err));
    TRY(pull_and_write(worker, s->crmag, o->crmag, nints * o->njumps, err));
    return pull_and_write(worker, s->chisq, o->chisq, 1, err);
}

/* ------------------------------------------------------------------ flags of whole groups */
static rp_code note_usable(rp_worker *worker, uint8_t *seen, atomic_int *unseen, uint32_t ramp, rp_error *err)
{
    rp_engine *engine = worker->engine;
    rp_block *b = &worker->block;
    const size_t planes = planes_of(b->run);
    if (!atomic_load(unseen))
        return RP_OK;
    TRY(rp_buffer_reserve(&worker->seen, b->run->device, planes * 4, err));
    uint32_t *host = rp_buffer_host(worker->seen);
    pthread_mutex_lock(&engine->lock);
    for (size_t k = 0; k < planes; k++)
        host[k] = seen[k];
    pthread_mutex_unlock(&engine->lock);
    TRY(rp_queue_push(b->queue, worker->seen, 0, planes * 4, err));
    rp_usable_params params = {.stride = b->stride, .nx = (uint32_t)b->rect.nx, .ramp = ramp};
    rp_block_core(b, &params.y0, &params.y1, &params.x0, &params.x1);
    rp_buffer *const buffers[] = {worker->seen, b->groupdq};
    TRY(rp_block_pixels(b, RP_K_usable_groups, &params, sizeof params, buffers, 2, planes, err));
    TRY(rp_queue_pull(b->queue, worker->seen, 0, planes * 4, err));
    pthread_mutex_lock(&engine->lock);
    for (size_t k = 0; k < planes; k++)
        if (host[k] && !seen[k]) {
            seen[k] = 1;
            atomic_fetch_sub(unseen, 1);
        }
    pthread_mutex_unlock(&engine->lock);
    return RP_OK;
}

/* ------------------------------------------------------------------ the block */
static rp_code run_stage(rp_worker *worker, int i, rp_error *err)
{
    rp_engine *engine = worker->engine;
    rp_stage *stage = engine->stage[i];
    const bool first_time = worker->kind == RP_PASS_MAIN;
    if (first_time && i == engine->jump_stage)
        TRY(note_usable(worker, engine->seen_at_jump, &engine->unseen_at_jump, 0, err));
    const uint32_t ramp = engine->run->drops_single_groups ? (uint32_t)engine->run->ngroups : 0;
    if (first_time && i == engine->fit_stage)
        TRY(note_usable(worker, engine->seen_at_fit, &engine->unseen_at_fit, ramp, err));
    if (is_replay(worker) && i == engine->event_stage) {
        TRY(rp_events_restore_flags(worker, err));
        /* what was kept has passed the stage */
        const bool is_left = stage->step->ops->replay && worker->kind != RP_PASS_KEPT;
        return is_left ? stage->step->ops->replay(stage, &worker->block, err) : RP_OK;
    }
    if (stage->skip || !stage->step->ops->block)
        return RP_OK;
    shrink_to(worker, halo_from(worker, i));
    const double start = rp_engine_clock_s(), io = worker->read_s;
    const rp_code code = stage->step->ops->block(stage, &worker->block, err);
    worker->stage_s[i] += rp_engine_clock_s() - start - (worker->read_s - io);
    if (code == RP_OK && first_time && i == engine->event_stage)
        return rp_events_keep_flags(worker, err);
    return code;
}

static rp_code add_counters(rp_worker *worker, rp_error *err)
{
    TRY(rp_queue_pull(worker->block.queue, worker->counters, 0, rp_buffer_bytes(worker->counters), err));
    const uint32_t *counts = rp_buffer_host(worker->counters);
    const rp_engine *engine = worker->engine;
    for (int i = 0; i < engine->nstages; i++) {
        /* in a second pass over some pixels only the maxima stay meaningful */
        for (int c = worker->kind == RP_PASS_MAIN ? 0 : RP_FIRST_MAX_COUNTER; c < RP_COUNTERS; c++) {
            const uint64_t value = counts[i * RP_COUNTERS + c];
            uint64_t *sum = &worker->sums[i][c];
            *sum = c < RP_FIRST_MAX_COUNTER ? *sum + value : (value > *sum ? value : *sum);
        }
    }
    return RP_OK;
}

rp_code rp_worker_process(rp_worker *worker, rp_rect core, rp_error *err)
{
    rp_engine *engine = worker->engine;
    rp_block *b = &worker->block;
    worker->kind = engine->kind;
    worker->serial++;
    b->run = engine->run;
    b->engine = worker;
    const bool is_kept = worker->kind == RP_PASS_KEPT;
    const int begin = is_kept ? engine->event_stage : 0;
    b->core = core;
    worker->halo = halo_from(worker, begin);
    b->rect = is_kept ? core : grown(core, worker->halo, engine->run);
    b->npix = (size_t)(b->rect.ny * b->rect.nx);
    b->stride = (b->npix + 63) / 64 * 64;
    if (b->stride % 1024 == 0) /* planes a multiple of 4096 bytes apart look like the same address to the CPU's load queue */
        b->stride += 64;
    shrink_to(worker, worker->halo);
    TRY(reserve_block(worker, err));
    TRY(begin_block(worker, err));
    TRY(is_kept ? rp_kept_load(worker, err) : rp_worker_load(worker, err));
    TRY(write_taps(worker, -1, err));
    for (int i = begin; i < engine->stop; i++) {
        TRY(run_stage(worker, i, err));
        TRY(write_taps(worker, i, err));
    }
    if (worker->kind == RP_PASS_OPTIONAL)
        TRY(write_optional(worker, err));
    else if (worker->kind != RP_PASS_WINDOW && engine->fit_stage >= 0)
        TRY(write_fit(worker, err));
    TRY(rp_queue_finish(b->queue, err));
    return worker->kind == RP_PASS_WINDOW ? RP_OK : add_counters(worker, err);
}

void rp_worker_clear(rp_worker *worker)
{
    rp_buffer *const own[] = {worker->raw, worker->data, worker->groupdq, worker->pixeldq, worker->zeroframe, worker->dark_current,
                              worker->counters, worker->words, worker->seen, worker->final_flags};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        rp_buffer_free(own[i]);
    const rp_fit_planes *const sets[] = {&worker->rate, &worker->rateints};
    for (size_t i = 0; i < 2; i++) {
        rp_buffer_free(sets[i]->sci);
        rp_buffer_free(sets[i]->err);
        rp_buffer_free(sets[i]->var_poisson);
        rp_buffer_free(sets[i]->var_rnoise);
        rp_buffer_free(sets[i]->dq);
    }
    const rp_fit_optional *o = &worker->optional;
    rp_buffer *const optional[] = {o->slope, o->sigslope, o->var_poisson, o->var_rnoise, o->yint, o->sigyint, o->weights, o->pedestal, o->crmag, o->chisq};
    for (size_t i = 0; i < sizeof optional / sizeof *optional; i++)
        rp_buffer_free(optional[i]);
    for (int s = 0; s < RP_MAX_STAGES; s++)
        for (int k = 0; k < RP_SCRATCH_SLOTS; k++) {
            rp_buffer_free(worker->scratch[s][k]);
            rp_buffer_free(worker->table[s][k].buffer);
        }
    for (int i = 0; i < RP_MAX_BINDS; i++)
        if (!worker->bind[i].is_resident)
            rp_buffer_free(worker->bind[i].buffer);
    free(worker->pack);
    rp_band_clear(&worker->band);
    rp_likely_clear(&worker->likely);
    rp_kept_forget(&worker->kept, 0);
    rp_queue_free(worker->block.queue);
}
