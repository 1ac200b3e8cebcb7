/* Texts numbered from 1 in the order of their arrival. */
#ifndef RP_HOST_REFERENCE_CRDS_INTERN_H
#define RP_HOST_REFERENCE_CRDS_INTERN_H

#include <stdint.h>

#include "host/reference/crds/memory.h"

typedef struct rp_intern {
    uint32_t *bucket; /* number or 0 */
    size_t buckets;
    const char **text; /* by number - 1 */
    uint32_t *length;
    size_t count, room;
} rp_intern;

/* 0: not there. */
uint32_t rp_intern_find(const rp_intern *intern, const char *text, size_t length);
/* Adds it when it is new; the text is copied to the arena.  0: no memory. */
uint32_t rp_intern_add(rp_intern *intern, rp_arena *arena, const char *text, size_t length);
void rp_intern_clear(rp_intern *intern);

/* The same for a text in any case, the stored ones being upper case. */
uint32_t rp_intern_find_upper(const rp_intern *intern, const char *text, size_t length);

#endif
