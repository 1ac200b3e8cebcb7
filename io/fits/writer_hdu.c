/* HDUs of a FITS file being made: headers, checks, and moving pixels when headers grow. */
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"
#include "io/fits/file.h"
#include "io/fits/layout.h"
#include "io/fits/writer.h"

enum { MOVE_BYTES = 1024 * 1024 };

rp_code rp_writer_header(char **out, size_t *out_bytes, const char *cards, size_t ncards, const char *name,
                         rp_error *err)
{
    if (ncards > SIZE_MAX / (2 * RP_CARD_BYTES))
        return rp_fail(err, RP_E_ARGUMENT, "HDU %s: %zu header cards", name, ncards);
    const size_t used = ncards * RP_CARD_BYTES;
    const size_t bytes = (size_t)rp_fits_padded((int64_t)(used + RP_CARD_BYTES));
    char *const header = malloc(bytes);
    if (!header)
        return rp_fail(err, RP_E_MEMORY, "no memory for the header of HDU %s", name);
    if (used)
        memcpy(header, cards, used);
    memset(header + used, ' ', bytes - used);
    memcpy(header + used, "END", 3);
    *out = header;
    *out_bytes = bytes;
    return RP_OK;
}

static bool same_shape(const rp_shape *a, const rp_shape *b)
{
    bool same = a->naxis == b->naxis;
    for (int i = 0; same && i < a->naxis; i++)
        same = a->axis[i] == b->axis[i];
    return same;
}

rp_code rp_writer_check(const rp_writer_hdu *hdu, const char *header, size_t header_bytes, size_t ncards, size_t index,
                        const char *path, rp_error *err)
{
    rp_fits_layout layout;
    rp_code code = rp_fits_layout_parse(&layout, header, header_bytes, path, index, err);
    if (code) {
        rp_error_prefix(err, "header to be written");
        return code;
    }
    const rp_hdu *const told = &layout.hdu;
    if (rp_cards_count(header, header_bytes) != ncards)
        return rp_fail(err, RP_E_INTERNAL, "'%s' HDU %zu (%s): the cards contain END; leave it to the writer", path,
                       index, hdu->name);
    if (told->data_bytes != hdu->data_bytes || (hdu->sink && (told->type != hdu->type || layout.scaled)) ||
        (hdu->sink && !same_shape(&told->shape, &hdu->shape)))
        return rp_fail(
            err, RP_E_INTERNAL,
            "'%s' HDU %zu (%s): the cards describe %lld bytes of %s, the plan %lld bytes of %s; set BITPIX, NAXISn "
            "and BZERO to the planned data",
            path, index, hdu->name, (long long)told->data_bytes, rp_dtype_name(told->type), (long long)hdu->data_bytes,
            rp_dtype_name(hdu->type));
    return RP_OK;
}

/* Bytes of the planned data; -1 when no file could hold them. */
static int64_t planned_bytes(const rp_hdu_plan *plan)
{
    int64_t bytes = (int64_t)rp_dtype_size(plan->type);
    if (!plan->is_image)
        return plan->nbytes > INT64_MAX / 4 ? -1 : (int64_t)plan->nbytes;
    if (plan->shape.naxis < 0 || plan->shape.naxis > RP_MAX_AXES)
        return -1;
    if (plan->shape.naxis == 0)
        return 0;
    for (int i = 0; i < plan->shape.naxis; i++) {
        if (plan->shape.axis[i] < 0 || __builtin_mul_overflow(bytes, plan->shape.axis[i], &bytes))
            return -1;
    }
    return bytes > INT64_MAX / 4 ? -1 : bytes;
}

rp_code rp_writer_hdu_init(rp_writer_hdu *out, const rp_hdu_plan *plan, size_t index, const char *path, rp_error *err)
{
    memset(out, 0, sizeof *out);
    out->is_image = plan->is_image;
    out->type = plan->type;
    out->shape = plan->shape;
    out->data_bytes = planned_bytes(plan);
    out->name = strdup(plan->extname ? plan->extname : "");
    if (!out->name)
        return rp_fail(err, RP_E_MEMORY, "no memory to write '%s'", path);
    if (out->data_bytes < 0)
        return rp_fail(err, RP_E_ARGUMENT, "'%s' HDU %zu (%s): no file can hold the planned shape", path, index,
                       out->name);
    rp_code code = rp_writer_header(&out->header, &out->header_bytes, plan->cards, plan->ncards, out->name, err);
    if (code)
        return code;
    if (!plan->is_image && plan->nbytes > 0) {
        out->bytes = malloc(plan->nbytes);
        if (!out->bytes)
            return rp_fail(err, RP_E_MEMORY, "no memory for %zu bytes of HDU %s of '%s'", plan->nbytes, out->name,
                           path);
        memcpy(out->bytes, plan->bytes, plan->nbytes);
    }
    rp_fits_layout layout;
    code = rp_fits_layout_parse(&layout, out->header, out->header_bytes, path, index, err);
    out->fill = code ? '\0' : layout.fill;
    return code;
}

void rp_writer_hdu_clear(rp_writer_hdu *hdu)
{
    free(hdu->name);
    free(hdu->header);
    free(hdu->bytes);
    rp_writer_sink_free(hdu->sink);
    memset(hdu, 0, sizeof *hdu);
}

/* Moves n bytes within the file, in the order that overlapping ranges need. */
static rp_code move(int fd, const char *path, int64_t from, int64_t to, int64_t n, rp_error *err)
{
    char *const piece = malloc(MOVE_BYTES);
    if (!piece)
        return rp_fail(err, RP_E_MEMORY, "no memory to move pixels of '%s'", path);
    rp_code code = RP_OK;
    for (int64_t done = 0; done < n && !code;) {
        const int64_t step = n - done < MOVE_BYTES ? n - done : MOVE_BYTES;
        const int64_t at = to > from ? n - done - step : done;
        code = rp_file_read_at(fd, path, piece, (size_t)step, from + at, err);
        if (!code)
            code = rp_file_write_at(fd, path, piece, (size_t)step, to + at, err);
        done += step;
    }
    free(piece);
    return code;
}

/* HDUs keep their order, so those that move up are safe from last to first, then the others from first to last. */
rp_code rp_writer_settle(rp_writer_hdu *const *hdu, size_t nhdu, int fd, const char *path, int64_t *end, rp_error *err)
{
    int64_t *const to = calloc(nhdu ? nhdu : 1, sizeof *to);
    if (!to)
        return rp_fail(err, RP_E_MEMORY, "no memory to lay out '%s'", path);
    int64_t offset = 0;
    for (size_t i = 0; i < nhdu; i++) {
        to[i] = offset + (int64_t)hdu[i]->header_bytes;
        offset = to[i] + rp_fits_padded(hdu[i]->data_bytes);
    }
    rp_code code = RP_OK;
    for (size_t k = nhdu; k-- > 0 && !code;) {
        if (hdu[k]->sink && to[k] > hdu[k]->data_offset)
            code = move(fd, path, hdu[k]->data_offset, to[k], hdu[k]->data_bytes, err);
    }
    for (size_t i = 0; i < nhdu && !code; i++) {
        if (hdu[i]->sink && to[i] < hdu[i]->data_offset)
            code = move(fd, path, hdu[i]->data_offset, to[i], hdu[i]->data_bytes, err);
    }
    for (size_t i = 0; i < nhdu; i++)
        hdu[i]->data_offset = to[i];
    *end = offset;
    free(to);
    return code;
}
