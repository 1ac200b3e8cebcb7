/* Memory of the rules engine: an arena for what lives as long as its owner, and a growing text.
 * Both remember a failed allocation (`failed`), so that callers may check once at the end. */
#ifndef RP_HOST_REFERENCE_CRDS_MEMORY_H
#define RP_HOST_REFERENCE_CRDS_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct rp_arena {
    struct rp_arena_chunk *chunk;
    size_t next_bytes; /* of the next chunk */
    bool failed;
} rp_arena;

/* Aligned for any type; NULL when memory is short.  Zeroed memory: rp_arena_zero. */
void *rp_arena_get(rp_arena *arena, size_t bytes);
void *rp_arena_zero(rp_arena *arena, size_t count, size_t bytes);
char *rp_arena_copy(rp_arena *arena, const char *text, size_t length);
/* Forgets everything but one chunk, for reuse. */
void rp_arena_reset(rp_arena *arena);
void rp_arena_clear(rp_arena *arena);

typedef struct rp_buffer {
    char *data; /* not ended by a zero */
    size_t size, room;
    bool failed;
} rp_buffer;

char *rp_buffer_widen(rp_buffer *buffer, size_t bytes);

/* At least `bytes` more fit behind; NULL when memory is short. */
static inline char *rp_buffer_room(rp_buffer *buffer, size_t bytes)
{
    return buffer->room - buffer->size >= bytes && buffer->data ? buffer->data + buffer->size
                                                                : rp_buffer_widen(buffer, bytes);
}

static inline void rp_buffer_add(rp_buffer *buffer, const char *text, size_t length)
{
    char *out = rp_buffer_room(buffer, length + 1);
    if (!out)
        return;
    if (length)
        memcpy(out, text, length);
    buffer->size += length;
}

static inline void rp_buffer_puts(rp_buffer *buffer, const char *text)
{
    rp_buffer_add(buffer, text, strlen(text));
}

static inline void rp_buffer_putc(rp_buffer *buffer, char c)
{
    char *out = rp_buffer_room(buffer, 2);
    if (!out)
        return;
    *out = c;
    buffer->size++;
}

/* As if memory had been short: the buffer stays empty. */
void rp_buffer_fail(rp_buffer *buffer);
/* Ends the text by a zero (not counted) and returns it; "" when memory was short. */
const char *rp_buffer_text(rp_buffer *buffer);
/* A copy of the text; NULL, and the arena has failed, when memory was short for either. */
char *rp_buffer_keep(rp_buffer *buffer, rp_arena *arena);
void rp_buffer_clear(rp_buffer *buffer);

/* Arrays that grow: makes room for one more element of `bytes`; false when memory is short. */
bool rp_grow(void *array, size_t *room, size_t count, size_t bytes);

#endif
