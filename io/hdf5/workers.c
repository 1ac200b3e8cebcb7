/* Pieces of work for several threads: io/hdf5/workers.h. */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>

#include "io/hdf5/workers.h"

typedef struct run {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int64_t count, next, turn; /* the piece to be taken, and to be delivered, next */
    rp_work prepare, deliver;
    void *payload;
    rp_code code;
    rp_error err;
} run;

typedef struct worker {
    run *run;
    int number;
    bool started;
    pthread_t thread;
} worker;

int rp_workers_count(int wish)
{
    enum { MOST = 256 };
    cpu_set_t allowed;
    if (wish <= 0)
        wish = sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
    return wish < MOST ? wish : MOST;
}

/* The next piece, or -1 at the end or after an error. */
static int64_t take(run *r)
{
    (void)pthread_mutex_lock(&r->lock);
    const int64_t index = r->code || r->next == r->count ? -1 : r->next++;
    (void)pthread_mutex_unlock(&r->lock);
    return index;
}

/* Waits until all earlier pieces are delivered; false after an error. */
static bool await_turn(run *r, int64_t index)
{
    (void)pthread_mutex_lock(&r->lock);
    while (!r->code && r->turn != index)
        (void)pthread_cond_wait(&r->moved, &r->lock);
    const bool go = !r->code;
    (void)pthread_mutex_unlock(&r->lock);
    return go;
}

static void end_turn(run *r)
{
    (void)pthread_mutex_lock(&r->lock);
    r->turn++;
    (void)pthread_cond_broadcast(&r->moved);
    (void)pthread_mutex_unlock(&r->lock);
}

static void fail(run *r, rp_code code, const rp_error *err)
{
    (void)pthread_mutex_lock(&r->lock);
    if (!r->code) {
        r->code = code;
        r->err = *err;
    }
    (void)pthread_cond_broadcast(&r->moved);
    (void)pthread_mutex_unlock(&r->lock);
}

static void *work(void *payload)
{
    const worker *const w = payload;
    run *const r = w->run;
    for (int64_t index = take(r); index >= 0; index = take(r)) {
        rp_error err = {0};
        rp_code code = r->prepare(r->payload, w->number, index, &err);
        if (!code && r->deliver) {
            if (!await_turn(r, index))
                break;
            code = r->deliver(r->payload, w->number, index, &err);
            if (!code)
                end_turn(r);
        }
        if (code) {
            fail(r, code, &err);
            break;
        }
    }
    return NULL;
}

rp_code rp_workers_run(int threads, int64_t count, rp_work prepare, rp_work deliver, void *payload, rp_error *err)
{
    run r = {.count = count, .prepare = prepare, .deliver = deliver, .payload = payload};
    worker *const workers = calloc((size_t)threads, sizeof *workers);
    if (!workers)
        return rp_fail(err, RP_E_MEMORY, "no memory for %d threads", threads);
    (void)pthread_mutex_init(&r.lock, NULL);
    (void)pthread_cond_init(&r.moved, NULL);
    /* The caller is worker 0; where a thread cannot be had, fewer do the work. */
    for (int i = 0; i < threads; i++) {
        workers[i] = (worker){.run = &r, .number = i};
        if (i > 0 && i < count)
            workers[i].started = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
    }
    (void)work(&workers[0]);
    for (int i = 1; i < threads; i++) {
        if (workers[i].started)
            (void)pthread_join(workers[i].thread, NULL);
    }
    if (r.code && err)
        *err = r.err;
    (void)pthread_mutex_destroy(&r.lock);
    (void)pthread_cond_destroy(&r.moved);
    free(workers);
    return r.code;
}
