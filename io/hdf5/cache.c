/* A cache of chunks, least recently used out first: io/hdf5/cache.h. */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "io/hdf5/cache.h"

typedef struct slot {
    int64_t index; /* -1: empty */
    bool loading;
    int users;     /* threads that copy from it or load it: it must stay */
    uint64_t used; /* clock of the last use */
    char *raw;
} slot;

struct rp_cache {
    pthread_mutex_t lock;
    pthread_cond_t loaded;
    uint64_t clock;
    size_t nslots, chunk_bytes;
    slot *slots;
};

rp_cache *rp_cache_new(size_t slots, size_t chunk_bytes)
{
    rp_cache *const cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->nslots = slots;
    cache->chunk_bytes = chunk_bytes;
    cache->slots = calloc(slots, sizeof *cache->slots);
    if (!cache->slots) {
        free(cache);
        return NULL;
    }
    for (size_t i = 0; i < slots; i++)
        cache->slots[i].index = -1;
    (void)pthread_mutex_init(&cache->lock, NULL);
    (void)pthread_cond_init(&cache->loaded, NULL);
    return cache;
}

void rp_cache_free(rp_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->nslots; i++)
        free(cache->slots[i].raw);
    (void)pthread_mutex_destroy(&cache->lock);
    (void)pthread_cond_destroy(&cache->loaded);
    free(cache->slots);
    free(cache);
}

static slot *find(rp_cache *cache, int64_t index)
{
    for (size_t i = 0; i < cache->nslots; i++) {
        if (cache->slots[i].index == index)
            return &cache->slots[i];
    }
    return NULL;
}

/* An unused slot: empty ones first, then the one not used for longest; NULL when all are in use. */
static slot *victim(rp_cache *cache)
{
    slot *best = NULL;
    for (size_t i = 0; i < cache->nslots; i++) {
        slot *const s = &cache->slots[i];
        if (s->users == 0 && (!best || s->used < best->used))
            best = s;
    }
    return best;
}

/* Every slot is in use by another thread: load for this call alone. */
static rp_code copy_uncached(const rp_cache *cache, int64_t index, size_t within, size_t n, void *dst,
                             rp_cache_load load, void *payload, rp_error *err)
{
    char *const raw = malloc(cache->chunk_bytes);
    if (!raw)
        return rp_fail(err, RP_E_MEMORY, "no memory for a chunk of %zu bytes", cache->chunk_bytes);
    const rp_code code = load(payload, index, raw, err);
    if (!code)
        memcpy(dst, raw + within, n);
    free(raw);
    return code;
}

/* Loads into s, which this thread holds.  Takes and returns the lock held. */
static rp_code fill(rp_cache *cache, slot *s, int64_t index, rp_cache_load load, void *payload, rp_error *err)
{
    rp_code code = RP_OK;
    s->index = index;
    s->loading = true;
    (void)pthread_mutex_unlock(&cache->lock);
    if (!s->raw)
        s->raw = malloc(cache->chunk_bytes);
    if (!s->raw)
        code = rp_fail(err, RP_E_MEMORY, "no memory for a chunk of %zu bytes", cache->chunk_bytes);
    else
        code = load(payload, index, s->raw, err);
    (void)pthread_mutex_lock(&cache->lock);
    s->loading = false;
    if (code) {
        s->index = -1;
        s->used = 0;
    }
    (void)pthread_cond_broadcast(&cache->loaded);
    return code;
}

rp_code rp_cache_copy(rp_cache *cache, int64_t index, size_t within, size_t n, void *dst, rp_cache_load load,
                      void *payload, rp_error *err)
{
    rp_code code = RP_OK;
    (void)pthread_mutex_lock(&cache->lock);
    slot *s = find(cache, index);
    /* A load that failed empties its slot: then this thread tries itself. */
    while (s && s->loading) {
        (void)pthread_cond_wait(&cache->loaded, &cache->lock);
        s = find(cache, index);
    }
    const bool found = s != NULL;
    if (!s)
        s = victim(cache);
    if (!s) {
        (void)pthread_mutex_unlock(&cache->lock);
        return copy_uncached(cache, index, within, n, dst, load, payload, err);
    }
    s->users++;
    if (!found)
        code = fill(cache, s, index, load, payload, err);
    if (!code)
        s->used = ++cache->clock;
    (void)pthread_mutex_unlock(&cache->lock);
    if (!code)
        memcpy(dst, s->raw + within, n);
    (void)pthread_mutex_lock(&cache->lock);
    s->users--;
    (void)pthread_mutex_unlock(&cache->lock);
    return code;
}
