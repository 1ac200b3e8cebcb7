/* Small FITS files for the tests of the containers: built from text, in a folder of their own. */
#ifndef RAMPART_TEST_FITS_FILES_H
#define RAMPART_TEST_FITS_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A growing file in memory. */
typedef struct blob {
    char *bytes;
    size_t n, capacity;
} blob;

static inline void blob_add(blob *b, const void *bytes, size_t n)
{
    if (b->n + n + 1 > b->capacity) {
        b->capacity = 2 * (b->n + n + 1);
        b->bytes = realloc(b->bytes, b->capacity);
    }
    if (!b->bytes)
        abort();
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
}

static inline void blob_pad(blob *b, char fill)
{
    while (b->n % 2880)
        blob_add(b, &fill, 1);
}

/* Cards separated by '|'; END and padding are added. */
static inline void blob_header(blob *b, const char *cards)
{
    char card[80];
    while (*cards) {
        const size_t n = strcspn(cards, "|");
        memset(card, ' ', sizeof card);
        memcpy(card, cards, n < sizeof card ? n : sizeof card);
        blob_add(b, card, sizeof card);
        cards += n + (cards[n] == '|');
    }
    memset(card, ' ', sizeof card);
    memcpy(card, "END", 3);
    blob_add(b, card, sizeof card);
    blob_pad(b, ' ');
}

static inline void blob_free(blob *b)
{
    free(b->bytes);
    *b = (blob){0};
}

static inline void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *const f = fopen(path, "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
        abort();
}

static inline blob read_file(const char *path)
{
    blob b = {0};
    char piece[4096];
    FILE *const f = fopen(path, "rb");
    if (!f)
        abort();
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        blob_add(&b, piece, n);
    fclose(f);
    return b;
}

/* A new folder that becomes the working directory. */
static inline int enter_folder(void **state)
{
    const char *const tmp = getenv("TMPDIR");
    char *name = NULL;
    if (asprintf(&name, "%s/rampart-test-XXXXXX", tmp ? tmp : "/tmp") < 0 || !mkdtemp(name) || chdir(name) != 0)
        return -1;
    *state = name;
    return 0;
}

static inline int count_files(const char *folder)
{
    int n = 0;
    DIR *const d = opendir(folder);
    for (struct dirent *e; d && (e = readdir(d));)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d)
        closedir(d);
    return n;
}

static inline int leave_folder(void **state)
{
    char *const name = *state;
    DIR *const d = opendir(name);
    for (struct dirent *e; d && (e = readdir(d));)
        (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
    const int failed = chdir("/") || rmdir(name);
    free(name);
    return failed;
}

#define PRIMARY_CARDS "SIMPLE  =                    T|BITPIX  =                    8|NAXIS   =                    0"
#define IMAGE_CARDS(bitpix, axes) "XTENSION= 'IMAGE   '|BITPIX  = " #bitpix "|" axes "|PCOUNT  = 0|GCOUNT  = 1"

#endif
