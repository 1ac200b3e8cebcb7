/* Pixels kept from the main pass for the time after the search for large events.
 *
 * To refit a pixel whose flags changed, the pass over tiles reads its neighbourhood again and repeats all stages: hundreds
 * of megabytes for some ten thousand pixels.  Most of them lie where events are likely (engine_likely.c).  Their state
 * behind the event stage is kept, granule by granule, while there is room; what follows looks at single pixels only, so
 * granules from anywhere are gathered into blocks and need nothing but references.  What was not kept goes the other way.
 *
 * Each worker keeps in chunks of its own, without locks; the search runs when no worker does. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/engine_impl.h"

enum { PARTS = 5, MOST_GRANULES = 256 };
static const size_t most_bytes = (size_t)24 << 20, chunk_bytes = (size_t)1 << 20;

typedef struct rp_kept_chunk {
    struct rp_kept_chunk *next;
    size_t n, room;
    char *pixels;
    rp_kept_granule granule[];
} rp_kept_chunk;

/* ------------------------------------------------------------------ whether, and how much */
/* Behind the event stage: the fit and its scaling, which look at a pixel at a time, and no ramp to be written. */
static bool is_pointwise_after(const rp_engine *e)
{
    for (int i = e->event_stage + 1; i < e->nstages; i++)
        if (!e->stage[i]->skip && (e->stage[i]->halo || (i != e->fit_stage && strcmp(e->stage[i]->step->name, "gain_scale") != 0)))
            return false;
    for (int i = 0; i < e->ntaps; i++)
        if (e->tap[i].stage >= e->event_stage)
            return false;
    return e->fit_stage > e->event_stage;
}

size_t rp_kept_budget(const rp_engine *e, size_t needed_bytes)
{
    const size_t asked = e->options.kept_bytes, part = e->options.memory_bytes / 16;
    const size_t bytes = asked ? asked : part < most_bytes ? part : most_bytes;
    if (asked == RP_KEEP_NOTHING || e->event_stage < 0 || !is_pointwise_after(e))
        return 0;
    return needed_bytes < e->options.memory_bytes && bytes <= e->options.memory_bytes - needed_bytes ? bytes : 0;
}

/* ------------------------------------------------------------------ what is kept of a pixel */
typedef struct part {
    rp_buffer *buffer;
    size_t nplanes, element;
} part;

static size_t parts_of(const rp_block *b, part parts[PARTS])
{
    const size_t nints = (size_t)b->run->nints, planes = nints * (size_t)b->run->ngroups;
    size_t n = 0;
    parts[n++] = (part){b->data, planes, 4};
    parts[n++] = (part){b->groupdq, planes, 1};
    parts[n++] = (part){b->pixeldq, 1, 4};
    if (b->zeroframe)
        parts[n++] = (part){b->zeroframe, nints, 4};
    if (b->dark_current)
        parts[n++] = (part){b->dark_current, 1, 4};
    return n;
}

static size_t granule_bytes(const part *parts, size_t nparts)
{
    size_t bytes = 0;
    for (size_t i = 0; i < nparts; i++)
        bytes += parts[i].nplanes * parts[i].element * RP_GRANULE_NX;
    return bytes;
}

/* The last granule of a row may be shorter. */
static size_t granule_nx(const rp_run *run, int64_t x)
{
    return (size_t)(run->nx - x < RP_GRANULE_NX ? run->nx - x : RP_GRANULE_NX);
}

/* Nearly all copies are of one of two sizes, for which no call is worth while. */
static void copy(char *to, const char *from, size_t bytes)
{
    if (bytes == RP_GRANULE_NX * 4)
        memcpy(to, from, RP_GRANULE_NX * 4);
    else if (bytes == RP_GRANULE_NX)
        memcpy(to, from, RP_GRANULE_NX);
    else
        memcpy(to, from, bytes);
}

/* ------------------------------------------------------------------ keeping */
static rp_kept_chunk *new_chunk(rp_kept *kept, size_t pixels_bytes)
{
    const size_t each = sizeof(rp_kept_granule) + pixels_bytes, most = kept->left_bytes < chunk_bytes ? kept->left_bytes : chunk_bytes;
    size_t room = most > sizeof(rp_kept_chunk) ? (most - sizeof(rp_kept_chunk)) / each : 0;
    if (room == 0 && kept->left_bytes >= sizeof(rp_kept_chunk) + each)
        room = 1;
    rp_kept_chunk *c = room ? malloc(sizeof *c + room * each) : NULL;
    if (!c) {
        kept->left_bytes = 0; /* not asked again */
        return NULL;
    }
    *c = (rp_kept_chunk){.room = room, .pixels = (char *)(c->granule + room)};
    kept->left_bytes -= sizeof *c + room * each;
    if (kept->last)
        kept->last->next = c;
    else
        kept->first = c;
    kept->last = c;
    return c;
}

static bool keep_granule(rp_worker *worker, int64_t y, int64_t x, const part *parts, size_t nparts)
{
    const rp_block *b = &worker->block;
    const size_t bytes = granule_bytes(parts, nparts), nx = granule_nx(b->run, x);
    rp_kept_chunk *c = worker->kept.last;
    if (!c || c->n == c->room)
        c = new_chunk(&worker->kept, bytes);
    if (!c)
        return false;
    char *to = c->pixels + c->n * bytes;
    c->granule[c->n++] = (rp_kept_granule){y, x, to};
    const size_t at = (size_t)((y - b->rect.y0) * b->rect.nx + x);
    for (size_t i = 0; i < nparts; i++) {
        const char *host = rp_buffer_host(parts[i].buffer);
        for (size_t k = 0; k < parts[i].nplanes; k++, to += RP_GRANULE_NX * parts[i].element)
            copy(to, host + (k * b->stride + at) * parts[i].element, nx * parts[i].element);
    }
    return true;
}

rp_code rp_kept_put(rp_worker *worker, const rp_likely *likely, int64_t first_row, rp_error *err)
{
    const rp_block *b = &worker->block;
    part parts[PARTS];
    const size_t nparts = parts_of(b, parts);
    for (size_t i = 0; i < nparts; i++) {
        const rp_code code = rp_queue_pull(b->queue, parts[i].buffer, 0, parts[i].nplanes * b->stride * parts[i].element, err);
        if (code != RP_OK)
            return code;
    }
    for (int64_t y = b->core.y0; y < b->core.y0 + b->core.ny; y++)
        for (size_t w = 0; w < likely->words_per_row; w++) {
            unsigned granules = rp_likely_granules(likely, y - first_row, w);
            for (int64_t x = (int64_t)w * 64; granules && x < b->run->nx; x += RP_GRANULE_NX, granules >>= 1)
                if ((granules & 1) && !keep_granule(worker, y, x, parts, nparts))
                    return RP_OK; /* no room is no error */
        }
    return RP_OK;
}

void rp_kept_forget(rp_kept *kept, size_t share_bytes)
{
    for (rp_kept_chunk *c = kept->first, *next; c; c = next) {
        next = c->next;
        free(c);
    }
    *kept = (rp_kept){.left_bytes = share_bytes};
}

/* ------------------------------------------------------------------ blocks of gathered pixels */
/* How many granules make a block: it stays in cache, and is no larger than a strip. */
static size_t granules_of_block(const rp_engine *e)
{
    const size_t most = (size_t)(e->strip_rows * e->run->nx) / RP_GRANULE_NX;
    return most < 1 ? 1 : most < MOST_GRANULES ? most : MOST_GRANULES;
}

void rp_kept_take(rp_worker *worker, size_t item)
{
    const rp_engine *e = worker->engine;
    const size_t n = granules_of_block(e), first = item * n, left = e->nkept_todo - first;
    worker->granules = e->kept_todo + first;
    worker->ngranules = left < n ? left : n;
}

rp_rect rp_kept_run(const rp_worker *worker, size_t *next)
{
    const rp_kept_granule *g = worker->granules;
    const size_t first = *next;
    rp_rect run = {g[first].y, g[first].x, 1, 0};
    do {
        run.nx += (int64_t)granule_nx(worker->engine->run, g[*next].x);
        ++*next;
    } while (*next < worker->ngranules && g[*next].y == run.y0 && g[*next].x == run.x0 + run.nx);
    return run;
}

rp_code rp_kept_load(rp_worker *worker, rp_error *err)
{
    const rp_block *b = &worker->block;
    part parts[PARTS];
    const size_t nparts = parts_of(b, parts);
    rp_code code = RP_OK;
    for (size_t i = 0, from = 0; i < nparts && code == RP_OK; i++) {
        const size_t element = parts[i].element;
        char *host = rp_buffer_host(parts[i].buffer);
        for (size_t k = 0; k < parts[i].nplanes; k++, from += RP_GRANULE_NX * element) {
            char *to = host + k * b->stride * element;
            for (size_t g = 0; g < worker->ngranules; g++) {
                const size_t bytes = granule_nx(b->run, worker->granules[g].x) * element;
                copy(to, worker->granules[g].pixels + from, bytes);
                to += bytes;
            }
        }
        code = rp_queue_push(b->queue, parts[i].buffer, 0, parts[i].nplanes * b->stride * element, err);
    }
    return code;
}

rp_code rp_kept_read(const rp_worker *worker, const rp_source *source, int64_t plane, char *dst, rp_error *err)
{
    rp_code code = RP_OK;
    for (size_t i = 0; i < worker->ngranules && code == RP_OK;) {
        const rp_rect run = rp_kept_run(worker, &i);
        code = source->read(source, plane, run, dst, err);
        dst += (size_t)run.nx * rp_dtype_size(source->type);
    }
    return code;
}

rp_code rp_kept_write(const rp_worker *worker, const rp_sink *sink, int64_t plane, const char *src, rp_error *err)
{
    rp_code code = RP_OK;
    for (size_t i = 0; i < worker->ngranules && code == RP_OK;) {
        const rp_rect run = rp_kept_run(worker, &i);
        code = sink->write(sink, plane, run, src, err);
        src += (size_t)run.nx * rp_dtype_size(sink->type);
    }
    return code;
}

/* ------------------------------------------------------------------ the pass over what was kept */
static uint8_t *mark_of(const rp_engine *e, uint8_t *dirty, const rp_kept_granule *g, uint8_t *bit)
{
    *bit = (uint8_t)(1u << g->x % 64 / RP_GRANULE_NX);
    return dirty + g->y * ((e->run->nx + 63) / 64) + g->x / 64;
}

static size_t count_kept(const rp_engine *e)
{
    size_t n = 0;
    for (int i = 0; i < e->nworkers; i++)
        for (const rp_kept_chunk *c = e->worker[i].kept.first; c; c = c->next)
            n += c->n;
    return n;
}

/* The dirty granules among those that were kept. */
static size_t choose_granules(const rp_engine *e, uint8_t *dirty, rp_kept_granule *out)
{
    size_t n = 0;
    uint8_t bit;
    for (int i = 0; i < e->nworkers; i++)
        for (const rp_kept_chunk *c = e->worker[i].kept.first; c; c = c->next)
            for (size_t k = 0; k < c->n; k++)
                if (*mark_of(e, dirty, &c->granule[k], &bit) & bit)
                    out[n++] = c->granule[k];
    return n;
}

static int by_place(const void *a, const void *b)
{
    const rp_kept_granule *p = a, *q = b;
    if (p->y != q->y)
        return p->y < q->y ? -1 : 1;
    return p->x < q->x ? -1 : p->x > q->x;
}

/* Gathered pixels lie in one row. */
static size_t plan_blocks(const rp_engine *e, rp_rect *todo)
{
    size_t n = 0;
    for (size_t i = 0; i < e->nkept_todo; i++) {
        if (i % granules_of_block(e) == 0)
            todo[n++] = (rp_rect){.ny = 1};
        todo[n - 1].nx += (int64_t)granule_nx(e->run, e->kept_todo[i].x);
    }
    return n;
}

static rp_code refit_chosen(rp_engine *e, uint8_t *dirty, rp_rect *todo, rp_error *err)
{
    qsort(e->kept_todo, e->nkept_todo, sizeof *e->kept_todo, by_place);
    const size_t blocks = plan_blocks(e, todo);
    const rp_code code = blocks ? rp_engine_pass(e, RP_PASS_KEPT, e->nstages, todo, blocks, NULL, NULL, err) : RP_OK;
    for (size_t i = 0; i < e->nkept_todo; i++) {
        uint8_t bit, *mark = mark_of(e, dirty, &e->kept_todo[i], &bit);
        *mark &= (uint8_t)~bit;
    }
    return code;
}

rp_code rp_kept_refit(rp_engine *e, uint8_t *dirty, rp_error *err)
{
    rp_code code = RP_OK;
    const size_t n = count_kept(e);
    rp_rect *todo = n ? malloc((n / granules_of_block(e) + 1) * sizeof *todo) : NULL;
    e->kept_todo = n ? malloc(n * sizeof *e->kept_todo) : NULL;
    if (todo && e->kept_todo) { /* else all go the other way */
        e->nkept_todo = choose_granules(e, dirty, e->kept_todo);
        code = refit_chosen(e, dirty, todo, err);
    }
    free(todo);
    free(e->kept_todo);
    e->kept_todo = NULL;
    for (int i = 0; i < e->nworkers; i++)
        rp_kept_forget(&e->worker[i].kept, 0);
    return code;
}
