/* Fuzzer of everything that reads a FITS file: gzip, headers, cards, images.
 *
 * The input is a file.  With -DRP_FUZZ_STANDALONE this is a program that runs the files given as arguments. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/fits/cards.h"
#include "rampart/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parses every card, and writes it again: that must succeed or be refused, never crash. */
static void walk_cards(const rp_hdu *hdu)
{
    rp_card card = {0};
    rp_cards again = {0};
    const size_t n = rp_cards_count(hdu->header, hdu->header_bytes);
    for (size_t i = 0; i < n; i += card.ncards) {
        if (rp_card_parse(&card, hdu->header + i * RP_CARD_BYTES, n - i, NULL))
            break;
        if (card.kind == RP_CARD_STRING)
            (void)rp_cards_add_string(&again, card.keyword, card.text, card.comment, NULL);
        else if (card.kind == RP_CARD_FLOAT)
            (void)rp_cards_add_double(&again, card.keyword, card.f, card.comment, NULL);
        else if (card.kind == RP_CARD_COMMENTARY)
            (void)rp_cards_add_commentary(&again, card.keyword, card.text, NULL);
        else
            (void)rp_cards_add_number_text(&again, card.keyword, card.text, card.comment, NULL);
    }
    rp_card_clear(&card);
    rp_cards_free(&again);
}

/* Reads rectangles of the first and the last plane. */
static void walk_image(rp_source *s)
{
    const int64_t ny = rp_shape_ny(&s->shape), nx = rp_shape_nx(&s->shape), last = rp_shape_planes(&s->shape) - 1;
    const int64_t rows = ny < 64 ? ny : 64, columns = nx < 8 ? nx : 8;
    char *const row = malloc((size_t)nx * rp_dtype_size(s->type));
    char *const column = malloc((size_t)(rows * columns) * rp_dtype_size(s->type));
    double *const values = malloc((size_t)columns * sizeof *values);
    if (row && column && values) {
        (void)s->read(s, last, (rp_rect){ny - 1, 0, 1, nx}, row, NULL);
        if (s->read(s, 0, (rp_rect){0, nx - columns, rows, columns}, column, NULL) == RP_OK)
            rp_elements_to_f64(values, column, s->type, (size_t)columns);
    }
    free(values);
    free(column);
    free(row);
}

static void walk(rp_container *file)
{
    for (size_t i = 0; i < file->nhdu; i++) {
        char bytes[64];
        rp_source *s = NULL;
        const rp_hdu *const hdu = &file->hdu[i];
        walk_cards(hdu);
        (void)rp_container_find(file, hdu->extname, hdu->extver);
        (void)file->read_bytes(file, i, 0, hdu->data_bytes < 64 ? (size_t)hdu->data_bytes : 64, bytes, NULL);
        if (file->open_source(file, i, &s, NULL) == RP_OK) {
            walk_image(s);
            s->close(s);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    rp_container *file = NULL;
    rp_error err = {0};
    const int fd = memfd_create("fuzz.fits", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    const rp_code code =
        size > 4 && memcmp(data, "\x89HDF", 4) == 0 ? RP_E_UNSUPPORTED : rp_container_open(&file, path, NULL, &err);
    if (code == RP_OK) {
        walk(file);
        file->close(file);
    }
    close(fd);
    return 0;
}

#ifdef RP_FUZZ_STANDALONE
int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *const f = fopen(argv[i], "rb");
        if (!f || fseek(f, 0, SEEK_END) != 0)
            return 1;
        const long size = ftell(f);
        uint8_t *const data = size >= 0 ? malloc((size_t)size + 1) : NULL;
        rewind(f);
        if (!data || fread(data, 1, (size_t)size, f) != (size_t)size)
            return 1;
        (void)LLVMFuzzerTestOneInput(data, (size_t)size);
        free(data);
        fclose(f);
    }
    return 0;
}
#endif
