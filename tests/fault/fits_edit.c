/* FITS files in memory, to be broken on purpose: tests/fault/fits_edit.h. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/fault/fits_edit.h"

enum { CARD = 80, BLOCK = 2880 };

fits_bytes fits_bytes_read(const char *path)
{
    fits_bytes file = {malloc(1 << 20), 0};
    size_t capacity = 1 << 20;
    gzFile in = gzopen(path, "rb");
    for (int got = 1; in && file.bytes && got > 0;) {
        if (capacity - file.n < 1 << 16)
            file.bytes = realloc(file.bytes, capacity *= 2);
        got = file.bytes ? gzread(in, file.bytes + file.n, 1 << 16) : -1;
        file.n += got > 0 ? (size_t)got : 0;
    }
    if (!in || !file.bytes || gzclose(in) != Z_OK) {
        fprintf(stderr, "test: cannot read %s\n", path);
        exit(2);
    }
    return file;
}

void fits_bytes_free(fits_bytes *file)
{
    free(file->bytes);
    *file = (fits_bytes){0};
}

/* ------------------------------------------------------------------ places */
static unsigned char *find_card(const fits_bytes *file, const fits_place *place, const char *keyword)
{
    char name[CARD];
    (void)snprintf(name, sizeof name, "%-8s", keyword);
    for (size_t at = place->header; at + CARD <= place->header + place->header_bytes; at += CARD)
        if (memcmp(file->bytes + at, name, 8) == 0)
            return file->bytes + at;
    return NULL;
}

static long long card_number(const fits_bytes *file, const fits_place *place, const char *keyword, long long if_none)
{
    char text[CARD + 1] = "";
    const unsigned char *card = find_card(file, place, keyword);
    if (!card)
        return if_none;
    memcpy(text, card + 10, CARD - 10);
    return strtoll(text, NULL, 10);
}

/* Header from `at` to the end of the block with END. */
static bool measure(const fits_bytes *file, size_t at, fits_place *out)
{
    *out = (fits_place){.header = at};
    for (size_t card = at; card + CARD <= file->n; card += CARD)
        if (memcmp(file->bytes + card, "END     ", 8) == 0) {
            out->header_bytes = (card - at + CARD + BLOCK - 1) / BLOCK * BLOCK;
            break;
        }
    if (out->header_bytes == 0)
        return false;
    out->data = at + out->header_bytes;
    long long bits = card_number(file, out, "BITPIX", 8), n = card_number(file, out, "NAXIS", 0);
    long long bytes = n > 0 ? (bits < 0 ? -bits : bits) / 8 : 0;
    for (long long k = 1; k <= n; k++) {
        char name[CARD];
        (void)snprintf(name, sizeof name, "NAXIS%lld", k);
        bytes *= card_number(file, out, name, 1);
    }
    out->data_bytes = (size_t)(bytes + card_number(file, out, "PCOUNT", 0));
    return true;
}

bool fits_find_index(const fits_bytes *file, size_t k, fits_place *out)
{
    size_t at = 0;
    for (size_t i = 0; at < file->n && measure(file, at, out); i++) {
        if (i == k)
            return true;
        at = out->data + (out->data_bytes + BLOCK - 1) / BLOCK * BLOCK;
    }
    return false;
}

bool fits_find(const fits_bytes *file, const char *extname, fits_place *out)
{
    char value[CARD];
    (void)snprintf(value, sizeof value, "'%s", extname);
    for (size_t k = 0; fits_find_index(file, k, out); k++) {
        const unsigned char *card = find_card(file, out, "EXTNAME");
        const size_t n = strlen(value);
        if ((k == 0 && !strcmp(extname, "PRIMARY")) ||
            (card && memcmp(card + 10, value, n) == 0 && (card[10 + n] == '\'' || card[10 + n] == ' ')))
            return true;
    }
    return false;
}

/* ------------------------------------------------------------------ changes */
bool fits_set(fits_bytes *file, const char *extname, const char *keyword, const char *value)
{
    char text[CARD + 1];
    fits_place place;
    unsigned char *card = fits_find(file, extname, &place) ? find_card(file, &place, keyword) : NULL;
    if (!card)
        return false;
    if (value)
        (void)snprintf(text, sizeof text, "%-8s= %-70s", keyword, value);
    else
        (void)snprintf(text, sizeof text, "%-80s", "COMMENT removed");
    memcpy(card, text, CARD);
    return true;
}

bool fits_fill(fits_bytes *file, const char *extname, float value)
{
    fits_place place;
    uint32_t word;
    if (!fits_find(file, extname, &place))
        return false;
    memcpy(&word, &value, sizeof word);
    for (size_t i = 0; i + 4 <= place.data_bytes; i += 4)
        for (size_t k = 0; k < 4; k++)
            file->bytes[place.data + i + k] = (unsigned char)(word >> (24 - 8 * k));
    return true;
}
