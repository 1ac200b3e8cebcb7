/* Threads over a source of datasets: host/reference/crds/affected.h.
 *
 * A worker takes a batch from the source under a lock, compares it, and waits for its turn to report. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/affected_impl.h"

enum { BATCH = 256, MAX_JOBS = 256 };

typedef struct shared {
    pthread_mutex_t reading, reporting;
    pthread_cond_t turn;
    rp_dataset_source *source;
    size_t next_batch, next_report;
    bool ended;
    rp_code code;
    rp_error *err;
    rp_affected_counts counts;
    const rp_affected_plan *plan;
} shared;

typedef struct worker {
    shared *common;
    rp_comparer comparer;
    rp_arena arena;
    rp_dataset dataset[BATCH];
    rp_affected affected[BATCH];
    size_t count;
} worker;

const char *rp_change_name(rp_change_kind kind)
{
    static const char *const names[] = {"replaced", "found", "lost", "failed"};
    return names[kind];
}

static const char *keep(rp_arena *arena, const char *text)
{
    return text ? rp_arena_copy(arena, text, strlen(text)) : NULL;
}

/* A copy: the source's own is gone with its next dataset. */
static rp_code keep_dataset(worker *w, const rp_dataset *d, rp_error *err)
{
    rp_header_item *item = rp_arena_get(&w->arena, (d->nitems + 1) * sizeof *item);
    const char **type = rp_arena_get(&w->arena, (d->ntypes + 1) * sizeof *type);
    if (!item || !type)
        return rp_fail(err, RP_E_MEMORY, "no memory for headers");
    for (size_t i = 0; i < d->nitems; i++)
        item[i] = (rp_header_item){keep(&w->arena, d->item[i].name), keep(&w->arena, d->item[i].value)};
    for (size_t i = 0; i < d->ntypes; i++)
        type[i] = keep(&w->arena, d->type[i]);
    w->dataset[w->count++] = (rp_dataset){.id = keep(&w->arena, d->id),
                                          .item = item,
                                          .nitems = d->nitems,
                                          .type = type,
                                          .ntypes = d->ntypes,
                                          .problem = keep(&w->arena, d->problem)};
    return w->arena.failed ? rp_fail(err, RP_E_MEMORY, "no memory for headers") : RP_OK;
}

/* The next batch and its number; false when there are no more. */
static bool take_batch(worker *w, size_t *number)
{
    shared *s = w->common;
    rp_dataset dataset;
    w->count = 0;
    rp_arena_reset(&w->arena);
    (void)pthread_mutex_lock(&s->reading);
    while (!s->ended && !s->code && w->count < BATCH) {
        s->code = s->source->next(s->source, &dataset, &s->ended, s->err);
        if (!s->code && !s->ended)
            s->code = keep_dataset(w, &dataset, s->err);
    }
    const bool some = !s->code && w->count;
    if (some)
        *number = s->next_batch++;
    (void)pthread_mutex_unlock(&s->reading);
    return some;
}

static void count(rp_affected_counts *counts, const rp_affected *a)
{
    counts->datasets++;
    counts->unreadable += a->problem != NULL;
    counts->failed += a->failed;
    counts->affected += a->nchanges && !a->failed;
}

/* Every batch that was taken reports, an error included, so that later ones do not wait for ever. */
static void report(worker *w, size_t number, rp_code code, const rp_error *err)
{
    shared *s = w->common;
    const rp_affected_options *o = s->plan->options;
    (void)pthread_mutex_lock(&s->reporting);
    while (s->next_report != number)
        (void)pthread_cond_wait(&s->turn, &s->reporting);
    for (size_t i = 0; i < w->count && !code; i++) {
        count(&s->counts, &w->affected[i]);
        if (w->affected[i].nchanges || w->affected[i].problem)
            o->report(o->payload, &w->affected[i]);
    }
    s->next_report++;
    (void)pthread_cond_broadcast(&s->turn);
    (void)pthread_mutex_unlock(&s->reporting);
    if (!code)
        return;
    (void)pthread_mutex_lock(&s->reading);
    if (!s->code) {
        s->code = code;
        if (s->err)
            *s->err = *err;
    }
    (void)pthread_mutex_unlock(&s->reading);
}

static void *work(void *payload)
{
    worker *w = payload;
    size_t number;
    while (take_batch(w, &number)) {
        rp_error err = {0};
        rp_code code = RP_OK;
        for (size_t i = 0; i < w->count && !code; i++)
            code = rp_comparer_compare(&w->comparer, &w->dataset[i], &w->arena, &w->affected[i], &err);
        report(w, number, code, &err);
    }
    return NULL;
}

/* The caller's thread is one of the workers. */
static rp_code run(shared *s, worker **workers, size_t jobs)
{
    pthread_t thread[MAX_JOBS];
    size_t started = 0;
    while (started + 1 < jobs && pthread_create(&thread[started], NULL, work, workers[started + 1]) == 0)
        started++;
    (void)work(workers[0]);
    for (size_t i = 0; i < started; i++)
        (void)pthread_join(thread[i], NULL);
    return s->code;
}

rp_code rp_affected_find(rp_affected_counts *out, const rp_context *old_context, const rp_context *new_context,
                         rp_dataset_source *source, const rp_affected_options *options, rp_error *err)
{
    rp_affected_plan plan = {.old_context = old_context, .new_context = new_context, .options = options};
    shared s = {.reading = PTHREAD_MUTEX_INITIALIZER,
                .reporting = PTHREAD_MUTEX_INITIALIZER,
                .turn = PTHREAD_COND_INITIALIZER,
                .source = source,
                .err = err,
                .plan = &plan};
    const size_t jobs = options->jobs < 1 ? 1 : options->jobs > MAX_JOBS ? MAX_JOBS : options->jobs;
    worker *workers[MAX_JOBS] = {NULL};
    rp_code code = rp_affected_plan_make(&plan, err);
    for (size_t i = 0; i < jobs && !code; i++) {
        workers[i] = calloc(1, sizeof **workers);
        if (workers[i])
            workers[i]->common = &s;
        code = workers[i] ? rp_comparer_open(&workers[i]->comparer, &plan, err)
                          : rp_fail(err, RP_E_MEMORY, "no memory for %zu threads", jobs);
    }
    if (!code)
        code = run(&s, workers, jobs);
    *out = s.counts;
    for (size_t i = 0; i < jobs && workers[i]; i++) {
        rp_comparer_close(&workers[i]->comparer);
        rp_arena_clear(&workers[i]->arena);
        free(workers[i]);
    }
    rp_arena_clear(&plan.arena);
    return code;
}
