/* Equality of products. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/measure/measure.h"
#include "rampart/container.h"

enum { CHUNK = 1 << 20 };

/* Offset of the first byte that differs, or -1. */
static rp_code first_difference(rp_container *left, size_t l, rp_container *right, size_t r, char *buffer, int64_t *at,
                                rp_error *err)
{
    *at = -1;
    const int64_t bytes = left->hdu[l].data_bytes;
    for (int64_t done = 0; done < bytes && *at < 0; done += CHUNK) {
        const size_t n = bytes - done < CHUNK ? (size_t)(bytes - done) : CHUNK;
        rp_code code = left->read_bytes(left, l, done, n, buffer, err);
        if (!code)
            code = right->read_bytes(right, r, done, n, buffer + CHUNK, err);
        if (code)
            return code;
        if (memcmp(buffer, buffer + CHUNK, n) == 0)
            continue;
        for (size_t k = 0; k < n && *at < 0; k++)
            if (buffer[k] != buffer[CHUNK + k])
                *at = done + (int64_t)k;
    }
    return RP_OK;
}

static size_t count_images(const rp_container *file)
{
    size_t n = 0;
    for (size_t k = 0; k < file->nhdu; k++)
        n += file->hdu[k].is_image;
    return n;
}

static rp_code compare(rp_container *left, rp_container *right, char *buffer, bool *same, char why[160], rp_error *err)
{
    if (count_images(left) != count_images(right)) {
        (void)snprintf(why, 160, "%zu and %zu image planes", count_images(left), count_images(right));
        return RP_OK;
    }
    for (size_t k = 0; k < left->nhdu; k++) {
        const rp_hdu *a = &left->hdu[k];
        if (!a->is_image)
            continue;
        const int found = rp_container_find(right, a->extname, a->extver);
        const rp_hdu *b = found < 0 ? NULL : &right->hdu[found];
        if (!b || b->type != a->type || b->shape.naxis != a->shape.naxis || b->data_bytes != a->data_bytes) {
            (void)snprintf(why, 160, "plane %s is of another type or shape, or missing", a->extname);
            return RP_OK;
        }
        int64_t at;
        const rp_code code = first_difference(left, k, right, (size_t)found, buffer, &at, err);
        if (code)
            return code;
        if (at >= 0) {
            (void)snprintf(why, 160, "plane %s differs at element %lld", a->extname,
                           (long long)(at / (int64_t)rp_dtype_size(a->type)));
            return RP_OK;
        }
    }
    *same = true;
    return RP_OK;
}

rp_code rp_same_planes(const char *left, const char *right, bool *same, char why[160], rp_error *err)
{
    rp_container *a = NULL, *b = NULL;
    *same = false;
    why[0] = '\0';
    char *buffer = malloc((size_t)2 * CHUNK);
    if (!buffer)
        return rp_fail(err, RP_E_MEMORY, "no memory to compare %s", left);
    rp_code code = rp_container_open(&a, left, NULL, err);
    if (!code)
        code = rp_container_open(&b, right, NULL, err);
    if (!code)
        code = compare(a, b, buffer, same, why, err);
    if (b)
        b->close(b);
    if (a)
        a->close(a);
    free(buffer);
    return code;
}
