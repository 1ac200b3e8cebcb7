/* Planes that stay on a device.  Contract: host/compute/resident.h. */
#include "host/compute/resident.h"

#include <pthread.h>
#include <stdlib.h>

#include "host/compute/device_impl.h"

typedef struct entry {
    rp_resident_key key;
    rp_buffer *buffer;
    struct entry *next;
} entry;

enum { CHAINS = 256 };

struct rp_resident {
    pthread_mutex_t lock;
    entry *chain[CHAINS];
    size_t bytes;
};

rp_resident *rp_resident_new(void)
{
    rp_resident *r = calloc(1, sizeof *r);
    if (r)
        (void)pthread_mutex_init(&r->lock, NULL);
    return r;
}

static bool same_rect(rp_rect a, rp_rect b)
{
    return a.y0 == b.y0 && a.x0 == b.x0 && a.ny == b.ny && a.nx == b.nx;
}

static bool same(const rp_resident_key *a, const rp_resident_key *b)
{
    return a->identity == b->identity && a->plane == b->plane && a->nplanes == b->nplanes && a->first == b->first &&
           a->end == b->end && a->stride == b->stride && same_rect(a->rect, b->rect);
}

static entry **chain_of(rp_resident *r, const rp_resident_key *key)
{
    const uint64_t mixed = (key->identity ^ (uint64_t)key->rect.y0 * 0x9e3779b97f4a7c15u) + (uint64_t)key->plane;
    return &r->chain[(mixed * 0xff51afd7ed558ccdu) >> 56];
}

static rp_buffer *look_up(rp_resident *r, const rp_resident_key *key)
{
    for (const entry *e = *chain_of(r, key); e; e = e->next)
        if (same(&e->key, key))
            return e->buffer;
    return NULL;
}

rp_buffer *rp_resident_find(rp_device *device, const rp_resident_key *key)
{
    rp_resident *r = device->resident;
    if (!r || !key->identity)
        return NULL;
    (void)pthread_mutex_lock(&r->lock);
    rp_buffer *buffer = look_up(r, key);
    (void)pthread_mutex_unlock(&r->lock);
    return buffer;
}

bool rp_resident_give(rp_device *device, const rp_resident_key *key, rp_buffer *buffer)
{
    rp_resident *r = device->resident;
    entry *e = r && key->identity ? malloc(sizeof *e) : NULL;
    if (!e)
        return false;
    (void)pthread_mutex_lock(&r->lock);
    const bool fits = !look_up(r, key) && r->bytes + rp_buffer_bytes(buffer) <= device->info.resident_bytes;
    if (fits) {
        entry **chain = chain_of(r, key);
        *e = (entry){*key, buffer, *chain};
        *chain = e;
        r->bytes += rp_buffer_bytes(buffer);
    }
    (void)pthread_mutex_unlock(&r->lock);
    if (!fits)
        free(e);
    else if (device->backend->drop_staging)
        device->backend->drop_staging(buffer);
    return fits;
}

void rp_resident_free(rp_device *device)
{
    rp_resident *r = device->resident;
    if (!r)
        return;
    for (int i = 0; i < CHAINS; i++)
        for (entry *e = r->chain[i], *next; e; e = next) {
            next = e->next;
            rp_buffer_free(e->buffer);
            free(e);
        }
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
    device->resident = NULL;
}
