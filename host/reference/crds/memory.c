/* Arena and growing text: host/reference/crds/memory.h. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/memory.h"

enum { FIRST_CHUNK = 16 * 1024, LARGEST_CHUNK = 1024 * 1024, ALIGNMENT = 16 };

struct rp_arena_chunk {
    struct rp_arena_chunk *before;
    size_t used, size;
    _Alignas(ALIGNMENT) char bytes[];
};

static bool add_chunk(rp_arena *arena, size_t bytes)
{
    size_t size = arena->next_bytes ? arena->next_bytes : FIRST_CHUNK;
    if (bytes > SIZE_MAX / 2)
        return false;
    if (size < bytes)
        size = bytes;
    struct rp_arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk)
        return false;
    *chunk = (struct rp_arena_chunk){.before = arena->chunk, .size = size};
    arena->chunk = chunk;
    arena->next_bytes = size < LARGEST_CHUNK ? 2 * size : LARGEST_CHUNK;
    return true;
}

void *rp_arena_get(rp_arena *arena, size_t bytes)
{
    const size_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (rounded < bytes ||
        ((!arena->chunk || arena->chunk->size - arena->chunk->used < rounded) && !add_chunk(arena, rounded))) {
        arena->failed = true;
        return NULL;
    }
    void *out = arena->chunk->bytes + arena->chunk->used;
    arena->chunk->used += rounded;
    return out;
}

void *rp_arena_zero(rp_arena *arena, size_t count, size_t bytes)
{
    if (bytes && count > SIZE_MAX / bytes) {
        arena->failed = true;
        return NULL;
    }
    void *out = rp_arena_get(arena, count * bytes);
    if (out)
        memset(out, 0, count * bytes);
    return out;
}

char *rp_arena_copy(rp_arena *arena, const char *text, size_t length)
{
    char *out = rp_arena_get(arena, length + 1);
    if (!out)
        return NULL;
    if (length)
        memcpy(out, text, length);
    out[length] = '\0';
    return out;
}

void rp_arena_reset(rp_arena *arena)
{
    while (arena->chunk && arena->chunk->before) {
        struct rp_arena_chunk *before = arena->chunk->before;
        arena->chunk->before = before->before;
        free(before);
    }
    if (arena->chunk)
        arena->chunk->used = 0;
    arena->failed = false;
}

void rp_arena_clear(rp_arena *arena)
{
    while (arena->chunk) {
        struct rp_arena_chunk *before = arena->chunk->before;
        free(arena->chunk);
        arena->chunk = before;
    }
    *arena = (rp_arena){0};
}

/* A failed buffer stays empty, so that its size never goes beyond what rp_buffer_text gives. */
void rp_buffer_fail(rp_buffer *buffer)
{
    rp_buffer_clear(buffer);
    buffer->failed = true;
}

static char *give_up(rp_buffer *buffer)
{
    rp_buffer_fail(buffer);
    return NULL;
}

char *rp_buffer_widen(rp_buffer *buffer, size_t bytes)
{
    size_t room = buffer->room ? buffer->room : 256;
    if (buffer->failed)
        return NULL;
    while (room - buffer->size < bytes) {
        if (room > SIZE_MAX / 2)
            return give_up(buffer);
        room *= 2;
    }
    char *data = realloc(buffer->data, room);
    if (!data)
        return give_up(buffer);
    buffer->data = data;
    buffer->room = room;
    return data + buffer->size;
}

const char *rp_buffer_text(rp_buffer *buffer)
{
    char *end = rp_buffer_room(buffer, 1);
    if (!end)
        return "";
    *end = '\0';
    return buffer->failed ? "" : buffer->data;
}

char *rp_buffer_keep(rp_buffer *buffer, rp_arena *arena)
{
    if (buffer->failed) {
        arena->failed = true;
        return NULL;
    }
    return rp_arena_copy(arena, buffer->data, buffer->size);
}

void rp_buffer_clear(rp_buffer *buffer)
{
    free(buffer->data);
    *buffer = (rp_buffer){0};
}

bool rp_grow(void *array, size_t *room, size_t count, size_t bytes)
{
    if (count < *room)
        return true;
    const size_t wanted = *room ? 2 * *room : 16;
    if (wanted > SIZE_MAX / bytes)
        return false;
    void *old;
    memcpy(&old, array, sizeof old);
    void *grown = realloc(old, wanted * bytes);
    if (!grown)
        return false;
    memcpy(array, &grown, sizeof grown);
    *room = wanted;
    return true;
}
