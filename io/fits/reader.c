/* FITS files as containers: headers are parsed at once, data are read where they lie. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/fits/cards.h"
#include "io/fits/file.h"
#include "io/fits/reader.h"

enum {
    FIRST_READ_BLOCKS = 4,               /* most headers are shorter */
    MAX_HEADER_BYTES = 64 * 1024 * 1024, /* 800 000 cards */
};

/* Looks for END in whole blocks; *end is the number of header bytes, 0 when there is none yet. */
static rp_code find_end(const rp_fits_file *file, const char *header, size_t from, size_t to, size_t *end,
                        rp_error *err)
{
    *end = 0;
    for (size_t at = from; at < to; at += RP_CARD_BYTES) {
        const char *const card = header + at;
        if (memcmp(card, "END     ", 8) == 0) {
            *end = (at / RP_BLOCK_BYTES + 1) * RP_BLOCK_BYTES;
            return RP_OK;
        }
        for (int i = 0; i < 8; i++) {
            if (card[i] < ' ' || card[i] > '~')
                return rp_fail(err, RP_E_FORMAT,
                               "'%s' HDU %zu: card %zu of the header is not text; the file is damaged, fetch it again",
                               file->base.path, file->base.nhdu, at / RP_CARD_BYTES + 1);
        }
    }
    return RP_OK;
}

static rp_code read_header(const rp_fits_file *file, int64_t offset, char **out, size_t *out_bytes, rp_error *err)
{
    char *header = NULL;
    size_t have = 0, end = 0, want = (size_t)FIRST_READ_BLOCKS * RP_BLOCK_BYTES;
    rp_code code = RP_OK;
    while (!code && end == 0) {
        const int64_t left = (file->bytes - offset) / RP_BLOCK_BYTES * RP_BLOCK_BYTES;
        if ((int64_t)want > left)
            want = (size_t)left;
        if (want == have || want > MAX_HEADER_BYTES) {
            code = rp_fail(err, RP_E_FORMAT,
                           "'%s' HDU %zu: the header has no END card; the file is truncated, fetch it again",
                           file->base.path, file->base.nhdu);
            break;
        }
        char *const grown = realloc(header, want);
        if (!grown) {
            code = rp_fail(err, RP_E_MEMORY, "no memory for a header of %zu bytes of '%s'", want, file->base.path);
            break;
        }
        header = grown;
        code = rp_file_read_at(file->fd, file->base.path, header + have, want - have, offset + (int64_t)have, err);
        if (!code)
            code = find_end(file, header, have, want, &end, err);
        have = want;
        want *= 2;
    }
    if (code) {
        free(header);
        return code;
    }
    char *const fitted = realloc(header, end);
    *out = fitted ? fitted : header;
    *out_bytes = end;
    return RP_OK;
}

static rp_code grow(rp_fits_file *file, size_t *capacity, rp_error *err)
{
    if (file->base.nhdu < *capacity)
        return RP_OK;
    const size_t wanted = *capacity ? 2 * *capacity : 16;
    rp_fits_place *const place = realloc(file->place, wanted * sizeof *place);
    if (!place)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu HDUs of '%s'", wanted, file->base.path);
    file->place = place;
    *capacity = wanted;
    return RP_OK;
}

/* Parses the HDU at offset and appends it. */
static rp_code add_hdu(rp_fits_file *file, int64_t offset, rp_error *err)
{
    char *header = NULL;
    size_t header_bytes = 0;
    rp_fits_place *const place = &file->place[file->base.nhdu];
    rp_code code = read_header(file, offset, &header, &header_bytes, err);
    if (code)
        return code;
    code = rp_fits_layout_parse(&place->layout, header, header_bytes, file->base.path, file->base.nhdu, err);
    if (code) {
        free(header);
        return code;
    }
    const rp_hdu *const hdu = &place->layout.hdu;
    place->header_offset = offset;
    place->data_offset = offset + (int64_t)header_bytes;
    const int64_t data_end = place->data_offset + hdu->data_bytes;
    place->end_offset = place->data_offset + rp_fits_padded(hdu->data_bytes);
    if (place->end_offset > file->bytes)
        place->end_offset = file->bytes;
    if (data_end > file->bytes) {
        code = rp_fail(
            err, RP_E_FORMAT,
            "'%s' HDU %zu (%s): its data end at byte %lld, but the file has only %lld; it is truncated, fetch it again",
            file->base.path, file->base.nhdu, hdu->extname, (long long)data_end, (long long)file->bytes);
        free(header);
        return code;
    }
    file->base.nhdu++;
    return RP_OK;
}

/* Bytes after the last HDU that do not begin an extension are of no concern here. */
static rp_code another(const rp_fits_file *file, int64_t offset, bool *yes, rp_error *err)
{
    char word[8];
    *yes = false;
    if (file->bytes - offset < (int64_t)sizeof word)
        return RP_OK;
    const rp_code code = rp_file_read_at(file->fd, file->base.path, word, sizeof word, offset, err);
    *yes = !code && memcmp(word, "XTENSION", sizeof word) == 0;
    return code;
}

static rp_code scan_hdus(rp_fits_file *file, rp_error *err)
{
    size_t capacity = 0;
    int64_t offset = 0;
    bool more = true;
    rp_code code = RP_OK;
    while (more && !code) {
        code = grow(file, &capacity, err);
        if (!code)
            code = add_hdu(file, offset, err);
        if (code)
            break;
        offset = file->place[file->base.nhdu - 1].end_offset;
        code = another(file, offset, &more, err);
    }
    return code;
}

static void close_file(rp_container *self)
{
    rp_fits_file *const file = (rp_fits_file *)self;
    for (size_t i = 0; i < file->base.nhdu; i++)
        free((char *)file->place[i].layout.hdu.header);
    free(file->place);
    free(file->hdus);
    if (file->fd >= 0)
        close(file->fd);
    free((char *)file->base.path);
    free(file);
}

static rp_code open_source(rp_container *self, size_t hdu, rp_source **out, rp_error *err)
{
    const rp_fits_file *const file = (const rp_fits_file *)self;
    *out = NULL;
    if (hdu >= self->nhdu)
        return rp_fail(err, RP_E_INTERNAL, "'%s' has %zu HDUs, HDU %zu was asked for", self->path, self->nhdu, hdu);
    const rp_fits_place *const place = &file->place[hdu];
    char *const label = rp_fits_label(self->path, &place->layout.hdu);
    const rp_code code = label ? rp_fits_layout_readable(&place->layout, label, err)
                               : rp_fail(err, RP_E_MEMORY, "no memory for a label of '%s'", self->path);
    free(label);
    return code ? code : rp_fits_source_new(out, file->fd, place->data_offset, self->path, &place->layout.hdu, err);
}

static rp_code read_bytes(rp_container *self, size_t hdu, int64_t offset, size_t n, void *dst, rp_error *err)
{
    const rp_fits_file *const file = (const rp_fits_file *)self;
    if (hdu >= self->nhdu || offset < 0 || offset > self->hdu[hdu].data_bytes ||
        n > (uint64_t)(self->hdu[hdu].data_bytes - offset))
        return rp_fail(err, RP_E_INTERNAL, "'%s': bytes %lld+%zu of HDU %zu do not exist", self->path,
                       (long long)offset, n, hdu);
    return rp_file_read_at(file->fd, self->path, dst, n, file->place[hdu].data_offset + offset, err);
}

/* Takes fd in every case. */
static rp_code open_unpacked(rp_fits_file **out, int fd, int64_t bytes, const char *path, rp_error *err)
{
    rp_fits_file *const file = calloc(1, sizeof *file);
    if (!file) {
        close(fd);
        return rp_fail(err, RP_E_MEMORY, "no memory to open '%s'", path);
    }
    file->fd = fd;
    file->bytes = bytes;
    file->base.path = strdup(path);
    file->base.open_source = open_source;
    file->base.read_bytes = read_bytes;
    file->base.close = close_file;
    rp_code code = file->base.path ? scan_hdus(file, err) : rp_fail(err, RP_E_MEMORY, "no memory to open '%s'", path);
    if (!code) {
        file->hdus = calloc(file->base.nhdu, sizeof *file->hdus);
        if (!file->hdus)
            code = rp_fail(err, RP_E_MEMORY, "no memory for the HDUs of '%s'", path);
    }
    if (code) {
        close_file(&file->base);
        return code;
    }
    for (size_t i = 0; i < file->base.nhdu; i++)
        file->hdus[i] = file->place[i].layout.hdu;
    file->base.hdu = file->hdus;
    *out = file;
    return RP_OK;
}

/* Whether the file begins with these bytes. */
static rp_code begins(int fd, int64_t bytes, const char *path, const char *magic, bool *yes, rp_error *err)
{
    char head[16];
    const size_t n = strlen(magic);
    *yes = false;
    if (bytes < (int64_t)n)
        return RP_OK;
    const rp_code code = rp_file_read_at(fd, path, head, n, 0, err);
    *yes = !code && memcmp(head, magic, n) == 0;
    return code;
}

rp_code rp_fits_open(rp_fits_file **out, int fd, int64_t bytes, const char *path, const char *scratch_dir,
                     rp_error *err)
{
    bool gzip = false, fits = false;
    *out = NULL;
    rp_code code = begins(fd, bytes, path, "\x1f\x8b", &gzip, err);
    if (!code && gzip)
        code = rp_fits_gunzip(&fd, &bytes, path, scratch_dir, err);
    if (!code)
        code = begins(fd, bytes, path, "SIMPLE  =", &fits, err);
    if (!code && !fits)
        code = rp_fail(err, RP_E_FORMAT, "'%s' is not a FITS file (plain or gzipped); check the name", path);
    if (code) {
        close(fd);
        return code;
    }
    return open_unpacked(out, fd, bytes, path, err);
}
