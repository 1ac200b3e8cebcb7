/* Numbered texts: host/reference/crds/intern.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/intern.h"
#include "host/reference/crds/python.h"

/* Does not tell upper from lower case, so that one function serves both ways of looking up. */
static inline size_t hash(const char *text, size_t length)
{
    const uint64_t fold = 0x2020202020202020ULL, odd = 0x9e3779b97f4a7c15ULL;
    uint64_t h = length * odd, word = 0;
    if (length >= 8) {
        for (size_t i = 0; i + 8 < length; i += 8) {
            memcpy(&word, text + i, 8);
            h = (h ^ (word | fold)) * odd;
            h ^= h >> 29;
        }
        memcpy(&word, text + length - 8, 8); /* may overlap the one before */
    } else {
        for (size_t i = 0; i < length; i++)
            word = word << 8 | (unsigned char)text[i];
    }
    h = (h ^ (word | fold)) * odd;
    return (size_t)(h ^ h >> 32);
}

uint32_t rp_intern_find(const rp_intern *intern, const char *text, size_t length)
{
    if (!intern->buckets)
        return 0;
    const size_t mask = intern->buckets - 1;
    for (size_t at = hash(text, length) & mask; intern->bucket[at]; at = (at + 1) & mask) {
        const uint32_t number = intern->bucket[at];
        if (intern->length[number - 1] == length && memcmp(intern->text[number - 1], text, length) == 0)
            return number;
    }
    return 0;
}

static bool same_upper(const char *stored, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (stored[i] != text[i] && stored[i] != rp_upper(text[i]))
            return false;
    return true;
}

uint32_t rp_intern_find_upper(const rp_intern *intern, const char *text, size_t length)
{
    if (!intern->buckets)
        return 0;
    const size_t mask = intern->buckets - 1;
    for (size_t at = hash(text, length) & mask; intern->bucket[at]; at = (at + 1) & mask) {
        const uint32_t number = intern->bucket[at];
        const char *stored = intern->text[number - 1];
        if (intern->length[number - 1] == length &&
            (memcmp(stored, text, length) == 0 || same_upper(stored, text, length)))
            return number;
    }
    return 0;
}

static bool rehash(rp_intern *intern)
{
    const size_t buckets = intern->buckets ? 2 * intern->buckets : 32;
    uint32_t *bucket = calloc(buckets, sizeof *bucket);
    if (!bucket)
        return false;
    for (size_t i = 0; i < intern->count; i++) {
        size_t at = hash(intern->text[i], intern->length[i]) & (buckets - 1);
        while (bucket[at])
            at = (at + 1) & (buckets - 1);
        bucket[at] = (uint32_t)(i + 1);
    }
    free(intern->bucket);
    intern->bucket = bucket;
    intern->buckets = buckets;
    return true;
}

static bool widen(rp_intern *intern)
{
    const size_t room = intern->room ? 2 * intern->room : 16;
    const char **text = realloc(intern->text, room * sizeof *text);
    if (text)
        intern->text = text;
    uint32_t *length = realloc(intern->length, room * sizeof *length);
    if (length)
        intern->length = length;
    if (!text || !length)
        return false;
    intern->room = room;
    return true;
}

uint32_t rp_intern_add(rp_intern *intern, rp_arena *arena, const char *text, size_t length)
{
    const uint32_t known = rp_intern_find(intern, text, length);
    if (known)
        return known;
    if (length >= UINT32_MAX || intern->count >= UINT32_MAX - 1 ||
        (2 * (intern->count + 1) > intern->buckets && !rehash(intern)) ||
        (intern->count == intern->room && !widen(intern)))
        return 0;
    char *copy = rp_arena_copy(arena, text, length);
    if (!copy)
        return 0;
    intern->text[intern->count] = copy;
    intern->length[intern->count++] = (uint32_t)length;
    size_t at = hash(text, length) & (intern->buckets - 1);
    while (intern->bucket[at])
        at = (at + 1) & (intern->buckets - 1);
    intern->bucket[at] = (uint32_t)intern->count;
    return (uint32_t)intern->count;
}

void rp_intern_clear(rp_intern *intern)
{
    free(intern->bucket);
    free(intern->text);
    free(intern->length);
    *intern = (rp_intern){0};
}
