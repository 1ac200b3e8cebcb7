/* Small FITS files for the tests of metadata, products and references, made on the spot. */
#ifndef RAMPART_TESTS_UNIT_PRODUCT_FILES_H
#define RAMPART_TESTS_UNIT_PRODUCT_FILES_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fits/cards.h"
#include "rampart/container.h"
#include "rampart/log.h"

/* One HDU: structural cards are made from type and shape, or the table's are given in `table`. */
typedef struct test_hdu {
    const char *extname;
    const char *keywords; /* cards as text, one a line: "NINTS   =                    2" */
    rp_dtype type;
    rp_shape shape;       /* naxis 0: no data */
    const void *elements; /* big-endian, as stored */
    const char *table;    /* cards that describe the columns */
    int64_t width, rows;  /* of the table */
} test_hdu;

static inline void test_add_lines(rp_cards *cards, const char *lines)
{
    while (lines && *lines) {
        char card[RP_CARD_BYTES];
        const size_t n = strcspn(lines, "\n");
        memset(card, ' ', sizeof card);
        memcpy(card, lines, n < sizeof card ? n : sizeof card);
        (void)rp_cards_add_raw(cards, card, 1, NULL);
        lines += n + (lines[n] == '\n');
    }
}

static inline void test_add_structure(rp_cards *cards, const test_hdu *hdu, bool primary)
{
    static const int bitpix[] = {[RP_U8] = 8,   [RP_I16] = 16, [RP_U16] = 16,  [RP_I32] = 32,
                                 [RP_U32] = 32, [RP_I64] = 64, [RP_F32] = -32, [RP_F64] = -64};
    if (primary)
        (void)rp_cards_add_bool(cards, "SIMPLE", true, NULL, NULL);
    else
        (void)rp_cards_add_string(cards, "XTENSION", hdu->table ? "BINTABLE" : "IMAGE", NULL, NULL);
    (void)rp_cards_add_int(cards, "BITPIX", hdu->table || !hdu->shape.naxis ? 8 : bitpix[hdu->type], NULL, NULL);
    (void)rp_cards_add_int(cards, "NAXIS", hdu->table ? 2 : hdu->shape.naxis, NULL, NULL);
    if (hdu->table) {
        (void)rp_cards_add_int(cards, "NAXIS1", hdu->width, NULL, NULL);
        (void)rp_cards_add_int(cards, "NAXIS2", hdu->rows, NULL, NULL);
    }
    for (int k = 1; !hdu->table && k <= hdu->shape.naxis; k++) {
        char keyword[16];
        (void)snprintf(keyword, sizeof keyword, "NAXIS%d", k);
        (void)rp_cards_add_int(cards, keyword, hdu->shape.axis[hdu->shape.naxis - k], NULL, NULL);
    }
    if (primary)
        return;
    (void)rp_cards_add_int(cards, "PCOUNT", 0, NULL, NULL);
    (void)rp_cards_add_int(cards, "GCOUNT", 1, NULL, NULL);
    test_add_lines(cards, hdu->table);
    if (!hdu->table && hdu->shape.naxis && (hdu->type == RP_U16 || hdu->type == RP_U32))
        (void)rp_cards_add_int(cards, "BZERO", hdu->type == RP_U16 ? 32768 : 2147483648, NULL, NULL);
    (void)rp_cards_add_string(cards, "EXTNAME", hdu->extname, NULL, NULL);
}

static inline size_t test_elements(const rp_shape *shape)
{
    size_t n = shape->naxis ? 1 : 0;
    for (int k = 0; k < shape->naxis; k++)
        n *= (size_t)shape->axis[k];
    return n;
}

/* Writes the HDUs (PRIMARY first) block by block. */
static inline void test_write_fits(const char *path, const test_hdu *hdus, size_t n)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        abort();
    for (size_t k = 0; k < n; k++) {
        rp_cards cards = {0};
        char block[RP_BLOCK_BYTES];
        test_add_structure(&cards, &hdus[k], k == 0);
        test_add_lines(&cards, hdus[k].keywords);
        test_add_lines(&cards, "END");
        (void)fwrite(cards.text, RP_CARD_BYTES, cards.count, file);
        memset(block, ' ', sizeof block);
        (void)fwrite(block, 1, (size_t)(RP_BLOCK_BYTES - ftell(file) % RP_BLOCK_BYTES) % RP_BLOCK_BYTES, file);
        rp_cards_free(&cards);
        const size_t bytes = hdus[k].table ? (size_t)(hdus[k].width * hdus[k].rows)
                                           : test_elements(&hdus[k].shape) * rp_dtype_size(hdus[k].type);
        memset(block, 0, sizeof block);
        if (hdus[k].elements)
            (void)fwrite(hdus[k].elements, 1, bytes, file);
        else
            for (size_t b = 0; b < bytes; b++)
                (void)fputc(0, file);
        (void)fwrite(block, 1, (size_t)(RP_BLOCK_BYTES - ftell(file) % RP_BLOCK_BYTES) % RP_BLOCK_BYTES, file);
    }
    if (fclose(file))
        abort();
}

/* A folder for one test program; removed with everything in it (no subfolders). */
static inline char *test_folder(void)
{
    char *name = strdup("/tmp/rampart-test-XXXXXX");
    if (!name || !mkdtemp(name))
        abort();
    return name;
}

static inline size_t test_count_files(const char *folder)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
        n += strcmp(e->d_name, ".") && strcmp(e->d_name, "..");
    if (dir)
        (void)closedir(dir);
    return n;
}

static inline void test_remove_folder(char *folder)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(folder);
    free(folder);
}

static inline const char *test_path(const char *folder, const char *name)
{
    static char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Log lines, counted and kept. */
typedef struct test_log {
    int lines;
    char text[4096];
} test_log;

static inline void test_log_line(void *payload, rp_level level, const char *name, const char *text)
{
    test_log *log = payload;
    (void)level;
    (void)name;
    log->lines++;
    strncat(log->text, text, sizeof log->text - strlen(log->text) - 2);
    strcat(log->text, "\n");
}

#endif
