/* The strip engine: plans blocks and drives workers through the passes.  Contract: host/compute/engine.h. */
#include "host/compute/engine.h"

#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/compute/engine_impl.h"

/* What a worker may hold at a time.  On the host a share of the last-level cache, more where a driver spreads a launch over
 * all cores; a GPU wants large launches. */
static const size_t host_block_bytes = (size_t)3 << 20, cpu_driver_block_bytes = (size_t)14 << 20, gpu_block_bytes = (size_t)192 << 20,
                    most_for_halo_bytes = (size_t)16 << 20;
/* Flags of large events rest in memory up to this size. */
static const size_t flags_in_memory_bytes = (size_t)32 << 20;

/* ------------------------------------------------------------------ construction */
static rp_code open_frames(rp_engine *e, const rp_frames *input, rp_error *err)
{
    rp_code code = rp_frames_source(input, RP_FRAMES_SCI, &e->sci, err);
    if (code == RP_OK)
        code = rp_frames_source(input, RP_FRAMES_GROUPDQ, &e->groupdq, err);
    if (code == RP_OK)
        code = rp_frames_source(input, RP_FRAMES_PIXELDQ, &e->pixeldq, err);
    if (code == RP_OK && e->run->has_zeroframe)
        code = rp_frames_source(input, RP_FRAMES_ZEROFRAME, &e->zeroframe, err);
    if (code == RP_OK && e->run->has_dark_current)
        code = rp_frames_source(input, RP_FRAMES_DARK_CURRENT, &e->dark_current, err);
    return code;
}

static rp_code open_sources(rp_engine *e, rp_error *err)
{
    if (e->options.input)
        return open_frames(e, e->options.input, err);
    const rp_exposure *x = e->run->exposure;
    rp_code code = rp_exposure_plane(x, "SCI", &e->sci, err);
    if (code == RP_OK && !e->sci)
        code = rp_fail(err, RP_E_MISSING, "%s: no SCI plane; give a ramp (an _uncal or _ramp file)", x->path);
    if (code == RP_OK)
        code = rp_exposure_plane(x, "GROUPDQ", &e->groupdq, err);
    if (code == RP_OK)
        code = rp_exposure_plane(x, "PIXELDQ", &e->pixeldq, err);
    if (code == RP_OK && e->run->has_zeroframe)
        code = rp_exposure_plane(x, "ZEROFRAME", &e->zeroframe, err);
    if (code == RP_OK && e->run->has_dark_current)
        code = rp_exposure_plane(x, "AVDRKCUR", &e->dark_current, err);
    if (code == RP_OK && e->run->has_zeroframe && !e->zeroframe)
        e->run->has_zeroframe = false;
    return code;
}

static rp_code check_plane(const rp_source *plane, const rp_run *run, int64_t planes, rp_dtype type, rp_error *err)
{
    if (!plane)
        return RP_OK;
    if (rp_shape_planes(&plane->shape) != planes || rp_shape_ny(&plane->shape) != run->ny || rp_shape_nx(&plane->shape) != run->nx)
        return rp_fail(err, RP_E_FORMAT, "%s: shape does not fit the SCI array of %lld x %lld x %lld x %lld", plane->label,
                       (long long)run->nints, (long long)run->ngroups, (long long)run->ny, (long long)run->nx);
    if ((type == RP_U8 || type == RP_U32) && plane->type != type)
        return rp_fail(err, RP_E_FORMAT, "%s: elements are %s, expected %s", plane->label, rp_dtype_name(plane->type), rp_dtype_name(type));
    return RP_OK;
}

static rp_code check_sources(rp_engine *e, rp_error *err)
{
    const rp_run *run = e->run;
    rp_code code = check_plane(e->sci, run, run->nints * run->ngroups, RP_F32, err);
    if (code == RP_OK)
        code = check_plane(e->groupdq, run, run->nints * run->ngroups, RP_U8, err);
    if (code == RP_OK)
        code = check_plane(e->pixeldq, run, 1, RP_U32, err);
    if (code == RP_OK)
        code = check_plane(e->zeroframe, run, run->nints, RP_F32, err);
    return code != RP_OK ? code : check_plane(e->dark_current, run, 1, RP_F32, err);
}

static void find_special_stages(rp_engine *e)
{
    e->event_stage = e->fit_stage = e->jump_stage = -1;
    for (int i = 0; i < e->nstages; i++) {
        const rp_stage *s = e->stage[i];
        if (s->skip)
            continue;
        if (s->step->ops->wants_frame_flags && s->step->ops->wants_frame_flags(s))
            e->event_stage = i;
        if (!strcmp(s->step->name, "ramp_fit"))
            e->fit_stage = i;
        if (!strcmp(s->step->name, "jump"))
            e->jump_stage = i;
    }
}

/* Bytes that one pixel of a block needs on the device, references included (an estimate from above). */
static size_t bytes_per_pixel(const rp_engine *e)
{
    const size_t planes = (size_t)(e->run->nints * e->run->ngroups), ngroups = (size_t)e->run->ngroups, nints = (size_t)e->run->nints;
    size_t bytes = planes * (rp_dtype_size(e->sci->type) + 4 + 1 + 1) + ngroups * 4 + 100 + nints * 4;
    if (e->fit_stage >= 0)
        bytes += 20 * (nints + 1);
    if (e->event_stage >= 0)
        bytes += planes;
    for (int i = 0; i < e->ntaps; i++)
        if (e->tap[i].sci)
            return bytes + planes * 4;
    return bytes;
}

static rp_code choose_strips(rp_engine *e, rp_error *err)
{
    const rp_run *run = e->run;
    rp_device_info info;
    rp_device_describe(run->device, &info);
    e->nworkers = e->options.threads > 0 ? e->options.threads : info.workers;
    /* an OpenCL driver for the CPU uses all cores by itself: one worker reads and writes while another computes */
    if (!info.host_memory && !info.is_gpu && e->nworkers > 2)
        e->nworkers = 2;
    if (e->nworkers < 1)
        e->nworkers = 1;
    int halo = 0;
    for (int i = 0; i < e->nstages; i++)
        halo += e->stage[i]->skip ? 0 : e->stage[i]->halo;
    const size_t row = bytes_per_pixel(e) * (size_t)run->nx, least = (size_t)(1 + 2 * halo) * row;
    e->kept_bytes = info.host_memory ? rp_kept_budget(e, least * (size_t)e->nworkers) : 0;
    size_t budget = (e->options.memory_bytes - e->kept_bytes) / (size_t)e->nworkers;
    const size_t free_bytes = (info.memory_bytes - info.resident_bytes) / (size_t)(e->nworkers + 1);
    if (info.memory_bytes && free_bytes < budget)
        budget = free_bytes;
    const size_t target = info.host_memory ? host_block_bytes : info.is_gpu ? gpu_block_bytes : cpu_driver_block_bytes;
    int64_t rows = (int64_t)((target < budget ? target : budget) / row) - 2 * halo;
    /* a halo costs its share of rows: better a larger block, but with many integrations not a very large one */
    const int64_t affordable = (int64_t)(most_for_halo_bytes / row) - 2 * halo;
    const int64_t wanted_rows = 8 * halo < affordable ? 8 * halo : affordable;
    if (rows < wanted_rows)
        rows = wanted_rows;
    if (rows < 4)
        rows = 4;
    while (rows > 1 && (size_t)(rows + 2 * halo) * row > budget)
        rows--;
    if ((size_t)(rows + 2 * halo) * row > budget)
        return rp_fail(err, RP_E_MEMORY, "one row of %lld pixels with %lld integrations of %lld groups needs %zu MiB for each of %d workers; "
                       "raise --memory (now %zu MiB) or lower --threads", (long long)run->nx, (long long)run->nints, (long long)run->ngroups,
                       (least >> 20) + 1, e->nworkers, e->options.memory_bytes >> 20);
    if (e->options.strip_rows > 0)
        rows = e->options.strip_rows;
    /* the same number of strips for every worker */
    const int64_t per_worker = (run->ny + e->nworkers - 1) / e->nworkers;
    if (e->options.strip_rows <= 0 && rows > per_worker)
        rows = per_worker;
    e->strip_rows = rows < run->ny ? rows : run->ny;
    return RP_OK;
}

rp_code rp_engine_new(rp_engine **out, rp_run *run, rp_stage *const *stages, int nstages, const rp_engine_options *options, rp_error *err)
{
    if (nstages > RP_MAX_STAGES)
        return rp_fail(err, RP_E_INTERNAL, "%d stages", nstages);
    rp_engine *e = calloc(1, sizeof *e);
    if (!e)
        return rp_fail(err, RP_E_MEMORY, "no memory for the engine");
    e->run = run;
    e->nstages = nstages;
    e->options = *options;
    memcpy(e->stage, stages, (size_t)nstages * sizeof *stages);
    pthread_mutex_init(&e->lock, NULL);
    run->engine = e;
    find_special_stages(e);
    const size_t planes = (size_t)(run->nints * run->ngroups);
    e->seen_at_jump = calloc(planes, 1);
    e->seen_at_fit = calloc(planes, 1);
    rp_code code = RP_OK;
    if (!e->seen_at_jump || !e->seen_at_fit)
        code = rp_fail(err, RP_E_MEMORY, "no memory for the engine");
    if (code == RP_OK)
        code = open_sources(e, err);
    if (code == RP_OK)
        code = check_sources(e, err);
    if (code == RP_OK && e->event_stage >= 0)
        code = rp_flag_store_new(&e->flags, run, flags_in_memory_bytes, options->scratch_dir, err);
    if (code != RP_OK) {
        rp_engine_free(e);
        return code;
    }
    *out = e;
    return RP_OK;
}

rp_code rp_engine_tap(rp_engine *e, const rp_tap *tap, rp_error *err)
{
    if (e->ntaps == RP_MAX_TAPS)
        return rp_fail(err, RP_E_INTERNAL, "more than %d step products", RP_MAX_TAPS);
    e->tap[e->ntaps++] = *tap;
    return RP_OK;
}

rp_code rp_engine_fit_tap(rp_engine *e, const rp_fit_tap *tap, rp_error *err)
{
    if (e->nfit_taps == (int)(sizeof e->fit_tap / sizeof *e->fit_tap))
        return rp_fail(err, RP_E_INTERNAL, "too many rate products");
    e->fit_tap[e->nfit_taps++] = *tap;
    return RP_OK;
}

/* ------------------------------------------------------------------ driving workers */
static void note_failure(rp_engine *e, const rp_error *error)
{
    pthread_mutex_lock(&e->lock);
    if (!atomic_load(&e->failed))
        e->first_error = *error;
    atomic_store(&e->failed, true);
    pthread_mutex_unlock(&e->lock);
}

static void note_progress(rp_engine *e, rp_rect core)
{
    if (!e->options.progress || e->kind != RP_PASS_MAIN)
        return;
    pthread_mutex_lock(&e->lock);
    e->done_bytes += (uint64_t)(core.ny * core.nx * e->run->nints * e->run->ngroups) * rp_dtype_size(e->sci->type);
    e->options.progress(e->options.payload, e->done_bytes, e->total_bytes);
    pthread_mutex_unlock(&e->lock);
}

/* The next core, or all cores of a band, which share what is read. */
static bool take_items(rp_engine *e, size_t *first, size_t *end)
{
    pthread_mutex_lock(&e->lock);
    *first = *end = e->next;
    const int64_t band = rp_band_height(e->kind);
    do {
        *end += *end < e->ntodo;
    } while (band && *end < e->ntodo && e->todo[*end].y0 / band == e->todo[*first].y0 / band);
    e->next = *end;
    pthread_mutex_unlock(&e->lock);
    return *end > *first;
}

static rp_code do_item(rp_engine *e, rp_worker *worker, size_t item, rp_collect_fn collect, void *payload, rp_error *err)
{
    if (e->options.cancel && *e->options.cancel)
        return rp_fail(err, RP_E_INTERRUPTED, "interrupted; no product was written");
    worker->dirty_rows = e->kind == RP_PASS_REFIT ? e->dirty_rows[item] : UINT8_MAX;
    if (e->kind == RP_PASS_KEPT)
        rp_kept_take(worker, item);
    rp_code code = rp_worker_process(worker, e->todo[item], err);
    if (code == RP_OK && collect)
        code = collect(worker, item, payload, err);
    if (code == RP_OK)
        note_progress(e, e->todo[item]);
    return code;
}

static void work(rp_engine *e, rp_worker *worker, rp_collect_fn collect, void *payload)
{
    rp_error error = {0};
    size_t item, end;
    while (!atomic_load(&e->failed) && take_items(e, &item, &end))
        for (; item < end && !atomic_load(&e->failed); item++) {
            const rp_code code = do_item(e, worker, item, collect, payload, &error);
            if (code != RP_OK) {
                error.code = code;
                note_failure(e, &error);
            }
        }
}

rp_code rp_engine_pass(rp_engine *e, rp_pass_kind kind, int stop, rp_rect *todo, size_t ntodo, rp_collect_fn collect,
                       void *payload, rp_error *err)
{
    e->kind = kind;
    e->stop = stop;
    e->todo = todo;
    e->ntodo = ntodo;
    e->next = 0;
    atomic_store(&e->failed, false);
    const int threads = ntodo < (size_t)e->nworkers ? (int)ntodo : e->nworkers;
    if (threads <= 1) {
        work(e, &e->worker[0], collect, payload);
    } else {
#pragma omp parallel num_threads(threads)
        work(e, &e->worker[omp_get_thread_num()], collect, payload);
    }
    if (!atomic_load(&e->failed))
        return RP_OK;
    if (err)
        *err = e->first_error;
    return e->first_error.code;
}

static rp_code make_workers(rp_engine *e, rp_error *err)
{
    e->worker = calloc((size_t)e->nworkers, sizeof *e->worker);
    if (!e->worker)
        return rp_fail(err, RP_E_MEMORY, "no memory for %d workers", e->nworkers);
    for (int i = 0; i < e->nworkers; i++) {
        e->worker[i].engine = e;
        const rp_code code = rp_queue_new(&e->worker[i].block.queue, e->run->device, err);
        if (code != RP_OK)
            return code;
    }
    return RP_OK;
}

static rp_code plan_strips(rp_engine *e, rp_rect **out, size_t *count, rp_error *err)
{
    const size_t n = (size_t)((e->run->ny + e->strip_rows - 1) / e->strip_rows);
    rp_rect *strips = calloc(n, sizeof *strips);
    if (!strips)
        return rp_fail(err, RP_E_MEMORY, "no memory for a list of %zu strips", n);
    for (size_t i = 0; i < n; i++) {
        const int64_t y0 = (int64_t)i * e->strip_rows, left = e->run->ny - y0;
        strips[i] = (rp_rect){y0, 0, left < e->strip_rows ? left : e->strip_rows, e->run->nx};
    }
    *out = strips;
    *count = n;
    return RP_OK;
}

/* ------------------------------------------------------------------ the main pass and its assumptions */
static void forget_pass(rp_engine *e)
{
    const size_t planes = (size_t)(e->run->nints * e->run->ngroups);
    memset(e->seen_at_jump, 0, planes);
    memset(e->seen_at_fit, 0, planes);
    atomic_store(&e->unseen_at_jump, (int)planes);
    atomic_store(&e->unseen_at_fit, (int)planes);
    for (int i = 0; i < e->nworkers; i++) {
        memset(e->worker[i].sums, 0, sizeof e->worker[i].sums);
        rp_kept_forget(&e->worker[i].kept, e->kept_bytes / (size_t)e->nworkers);
    }
    e->done_bytes = 0;
    e->total_bytes = (uint64_t)(e->run->ny * e->run->nx) * planes * rp_dtype_size(e->sci->type);
}

/* true when the assumption held; else it is corrected. */
static bool check_assumption(uint8_t *unusable, const uint8_t *seen, size_t planes)
{
    bool held = true;
    for (size_t k = 0; k < planes; k++)
        if (unusable[k] == seen[k]) {
            unusable[k] = !seen[k];
            held = false;
        }
    return held;
}

static void merge_counters(rp_engine *e)
{
    memset(e->sums, 0, sizeof e->sums);
    for (int w = 0; w < e->nworkers; w++)
        for (int i = 0; i < e->nstages; i++)
            for (int c = 0; c < RP_COUNTERS; c++) {
                const uint64_t value = e->worker[w].sums[i][c];
                uint64_t *sum = &e->sums[i][c];
                *sum = c < RP_FIRST_MAX_COUNTER ? *sum + value : (value > *sum ? value : *sum);
            }
}

static rp_code main_passes(rp_engine *e, rp_rect *strips, size_t nstrips, rp_error *err)
{
    const size_t planes = (size_t)(e->run->nints * e->run->ngroups);
    /* each repetition settles one of the assumptions for good */
    for (int round = 0; round < 6; round++) {
        forget_pass(e);
        rp_code code = rp_engine_pass(e, RP_PASS_MAIN, e->nstages, strips, nstrips, NULL, NULL, err);
        if (code != RP_OK)
            return code;
        bool again = false;
        for (int i = 0; i < e->nstages; i++)
            if (!e->stage[i]->skip && e->stage[i]->step->ops->again && e->stage[i]->step->ops->again(e->stage[i]))
                again = true;
        const bool jump_held = e->jump_stage < 0 || check_assumption(e->run->unusable_at_jump, e->seen_at_jump, planes);
        if (jump_held && !again) {
            merge_counters(e); /* large events may ask for sums */
            code = rp_events_run(e, err);
            if (code != RP_OK)
                return code;
        }
        const bool fit_held = e->fit_stage < 0 || check_assumption(e->run->unusable_at_fit, e->seen_at_fit, planes);
        if (jump_held && fit_held && !again)
            return RP_OK;
    }
    return rp_fail(err, RP_E_INTERNAL, "the set of unusable groups does not settle");
}

/* Numbers of segments and jumps after large events: maxima of the main pass may come from pixels that lost theirs. */
static rp_code count_again(rp_engine *e, rp_rect *strips, size_t nstrips, rp_error *err)
{
    if (e->event_stage < 0)
        return RP_OK;
    for (int w = 0; w < e->nworkers; w++)
        memset(e->worker[w].sums[e->fit_stage] + RP_FIRST_MAX_COUNTER, 0,
               (RP_COUNTERS - RP_FIRST_MAX_COUNTER) * sizeof(uint64_t));
    e->optional_sinks = (rp_optional_sinks){0};
    const rp_code code = rp_engine_pass(e, RP_PASS_OPTIONAL, e->nstages, strips, nstrips, NULL, NULL, err);
    merge_counters(e);
    return code;
}

static rp_code optional_pass(rp_engine *e, rp_rect *strips, size_t nstrips, rp_error *err)
{
    if (!e->options.optional || e->fit_stage < 0 || e->run->no_product)
        return RP_OK;
    rp_code code = count_again(e, strips, nstrips, err);
    if (code != RP_OK)
        return code;
    const uint64_t segments = e->sums[e->fit_stage][RP_FIRST_MAX_COUNTER], jumps = e->sums[e->fit_stage][RP_FIRST_MAX_COUNTER + 1];
    e->nsegments = (uint32_t)segments; /* planes without pixels where no ramp has any */
    e->njumps = (uint32_t)jumps; /* CRMAG without planes where there is none */
    code = e->options.optional(e->options.payload, e->nsegments, e->njumps, &e->optional_sinks, err);
    return code != RP_OK ? code : rp_engine_pass(e, RP_PASS_OPTIONAL, e->nstages, strips, nstrips, NULL, NULL, err);
}

rp_code rp_engine_run(rp_engine *e, rp_error *err)
{
    rp_rect *strips = NULL;
    size_t nstrips = 0;
    rp_code code = choose_strips(e, err);
    if (code == RP_OK)
        code = make_workers(e, err);
    if (code == RP_OK)
        code = rp_engine_prepare(e, err);
    if (code == RP_OK)
        code = plan_strips(e, &strips, &nstrips, err);
    if (code == RP_OK)
        code = main_passes(e, strips, nstrips, err);
    if (code == RP_OK) {
        merge_counters(e);
        for (int i = 0; i < e->nstages && code == RP_OK; i++)
            if (!e->stage[i]->skip && e->stage[i]->step->ops->finish)
                code = e->stage[i]->step->ops->finish(e->stage[i], err);
    }
    if (code == RP_OK)
        code = optional_pass(e, strips, nstrips, err);
    free(strips);
    return code;
}

uint64_t rp_stage_counter(const rp_stage *stage, int index)
{
    const rp_engine *e = stage->run->engine;
    for (int i = 0; i < e->nstages; i++)
        if (e->stage[i] == stage)
            return e->sums[i][index];
    return 0;
}

void rp_engine_times_get(const rp_engine *engine, rp_engine_times *out)
{
    rp_engine *e = (rp_engine *)(uintptr_t)engine;
    *out = (rp_engine_times){.events_s = e->events_s, .windows_s = e->windows_s, .stage_s = e->stage_s, .workers = e->nworkers, .strip_rows = e->strip_rows};
    memset(e->stage_s, 0, sizeof e->stage_s);
    for (int w = 0; e->worker && w < e->nworkers; w++) {
        out->read_s += e->worker[w].read_s;
        out->write_s += e->worker[w].write_s;
        out->read_bytes += e->worker[w].read_bytes;
        out->written_bytes += e->worker[w].written_bytes;
        for (int i = 0; i < e->nstages; i++)
            e->stage_s[i] += e->worker[w].stage_s[i];
    }
}

static void close_source(rp_source *source)
{
    if (source)
        source->close(source);
}

void rp_engine_free(rp_engine *e)
{
    if (!e)
        return;
    for (int i = 0; e->worker && i < e->nworkers; i++)
        rp_worker_clear(&e->worker[i]);
    free(e->worker);
    close_source(e->sci);
    close_source(e->groupdq);
    close_source(e->pixeldq);
    close_source(e->zeroframe);
    close_source(e->dark_current);
    rp_flag_store_free(e->flags);
    free(e->seen_at_jump);
    free(e->seen_at_fit);
    pthread_mutex_destroy(&e->lock);
    e->run->engine = NULL;
    free(e);
}
