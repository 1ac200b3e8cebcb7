/* What a FITS header says about the data behind it: io/fits/layout.h. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"
#include "io/fits/layout.h"

enum { MAX_NAXIS = 999 /* of the FITS standard */ };

static const char damaged[] = "the header is damaged, fetch the file again";

/* Data sizes stay below this, so that offsets never overflow. */
static const int64_t max_data_bytes = INT64_MAX / 4;

typedef struct scan {
    const char *cards;
    size_t ncards;
    const char *path;
    size_t index;
    rp_error *err;
} scan;

static rp_code need_int(const scan *s, const char *keyword, int64_t low, int64_t high, int64_t *out)
{
    if (!rp_cards_get_int(s->cards, s->ncards, keyword, out))
        return rp_fail(s->err, RP_E_FORMAT, "'%s' HDU %zu: keyword %s is missing or not a whole number; %s", s->path,
                       s->index, keyword, damaged);
    if (*out < low || *out > high)
        return rp_fail(s->err, RP_E_FORMAT, "'%s' HDU %zu: keyword %s = %lld is out of range; %s", s->path, s->index,
                       keyword, (long long)*out, damaged);
    return RP_OK;
}

static int64_t optional_int(const scan *s, const char *keyword, int64_t otherwise)
{
    (void)rp_cards_get_int(s->cards, s->ncards, keyword, &otherwise);
    return otherwise;
}

static rp_code optional_in_range(const scan *s, const char *keyword, int64_t low, int64_t *out)
{
    return rp_cards_find(s->cards, s->ncards, keyword) ? need_int(s, keyword, low, max_data_bytes, out) : RP_OK;
}

/* Primary or extension; *image: the data are an array.  Random groups and foreign primaries are refused. */
static rp_code parse_kind(const scan *s, rp_fits_layout *out, bool *image)
{
    char kind[RP_CARD_BYTES];
    bool flag = false;
    if (s->index == 0) {
        if (!rp_cards_get_bool(s->cards, s->ncards ? 1 : 0, "SIMPLE", &flag))
            return rp_fail(s->err, RP_E_FORMAT, "'%s' does not begin with the keyword SIMPLE; %s", s->path, damaged);
        if (!flag)
            return rp_fail(s->err, RP_E_UNSUPPORTED,
                           "'%s': SIMPLE = F, the file does not claim to follow the FITS standard", s->path);
        if (rp_cards_get_bool(s->cards, s->ncards, "GROUPS", &flag) && flag && optional_int(s, "NAXIS1", -1) == 0)
            return rp_fail(s->err, RP_E_UNSUPPORTED,
                           "'%s': random groups (GROUPS = T) are not supported; convert it to a table", s->path);
        *image = true;
        return RP_OK;
    }
    if (!rp_cards_get_string(s->cards, s->ncards ? 1 : 0, "XTENSION", kind, sizeof kind))
        return rp_fail(s->err, RP_E_FORMAT, "'%s' HDU %zu does not begin with the keyword XTENSION; %s", s->path,
                       s->index, damaged);
    *image = strcmp(kind, "IMAGE") == 0;
    out->fill = strcmp(kind, "TABLE") == 0 ? ' ' : '\0';
    return RP_OK;
}

static void parse_name(const scan *s, rp_hdu *hdu)
{
    char name[sizeof hdu->extname];
    if (s->index == 0) {
        (void)snprintf(hdu->extname, sizeof hdu->extname, "PRIMARY");
    } else if (rp_cards_get_string(s->cards, s->ncards, "EXTNAME", name, sizeof name)) {
        size_t i = 0;
        for (; name[i]; i++)
            hdu->extname[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
        hdu->extname[i] = '\0';
    }
    const int64_t version = optional_int(s, "EXTVER", 1);
    hdu->extver = version >= INT_MIN && version <= INT_MAX ? (int)version : 1;
}

/* Type of an image; scaled when BSCALE and BZERO leave none. */
static void parse_type(const scan *s, rp_fits_layout *out)
{
    out->bscale = 1.0;
    out->bzero = 0.0;
    const bool bad_scale = rp_cards_find(s->cards, s->ncards, "BSCALE") &&
                           !rp_cards_get_double(s->cards, s->ncards, "BSCALE", &out->bscale);
    const bool bad_zero =
        rp_cards_find(s->cards, s->ncards, "BZERO") && !rp_cards_get_double(s->cards, s->ncards, "BZERO", &out->bzero);
    const int bitpix = out->bitpix;
    rp_hdu *const hdu = &out->hdu;
    hdu->type = bitpix == 8     ? RP_U8
                : bitpix == 16  ? RP_I16
                : bitpix == 32  ? RP_I32
                : bitpix == 64  ? RP_I64
                : bitpix == -32 ? RP_F32
                                : RP_F64;
    out->scaled = bad_scale || bad_zero || out->bscale != 1.0 || out->bzero != 0.0;
    if (!out->scaled || bad_scale || bad_zero || out->bscale != 1.0)
        return;
    if (bitpix == 16 && out->bzero == 32768.0)
        hdu->type = RP_U16;
    else if (bitpix == 32 && out->bzero == 2147483648.0)
        hdu->type = RP_U32;
    else
        return;
    out->scaled = false;
}

/* Axes and size of the data: |BITPIX|/8 * GCOUNT * (PCOUNT + product of NAXISn). */
static rp_code parse_size(const scan *s, rp_fits_layout *out, bool image)
{
    int64_t bitpix, naxis, axis[RP_MAX_AXES] = {0}, bytes = 1, pcount = 0, gcount = 1;
    rp_code code = need_int(s, "BITPIX", -64, 64, &bitpix);
    if (!code)
        code = need_int(s, "NAXIS", 0, MAX_NAXIS, &naxis);
    if (code)
        return code;
    if (bitpix != 8 && bitpix != 16 && bitpix != 32 && bitpix != 64 && bitpix != -32 && bitpix != -64)
        return rp_fail(s->err, RP_E_FORMAT, "'%s' HDU %zu: BITPIX = %lld is not a FITS type; %s", s->path, s->index,
                       (long long)bitpix, damaged);
    bool over = false;
    for (int i = 0; i < (int)naxis && !code; i++) {
        char keyword[24];
        int64_t n = 0;
        (void)snprintf(keyword, sizeof keyword, "NAXIS%d", i + 1);
        code = need_int(s, keyword, 0, max_data_bytes, &n);
        over = over || __builtin_mul_overflow(bytes, n, &bytes) || bytes > max_data_bytes;
        if (i < RP_MAX_AXES)
            axis[i] = n;
    }
    if (!code && s->index > 0)
        code = optional_in_range(s, "PCOUNT", 0, &pcount);
    if (!code && s->index > 0)
        code = optional_in_range(s, "GCOUNT", 1, &gcount);
    if (code)
        return code;
    if (image && (pcount != 0 || gcount != 1))
        return rp_fail(s->err, RP_E_FORMAT,
                       "'%s' HDU %zu: PCOUNT = %lld, GCOUNT = %lld of an image must be 0 and 1; %s", s->path, s->index,
                       (long long)pcount, (long long)gcount, damaged);
    if (naxis == 0)
        bytes = 0;
    over = over || __builtin_add_overflow(bytes, pcount, &bytes) || __builtin_mul_overflow(bytes, gcount, &bytes) ||
           __builtin_mul_overflow(bytes, (bitpix < 0 ? -bitpix : bitpix) / 8, &bytes) || bytes > max_data_bytes;
    if (over)
        return rp_fail(s->err, RP_E_FORMAT, "'%s' HDU %zu: NAXISn describe data larger than any file; %s", s->path,
                       s->index, damaged);
    out->bitpix = (int)bitpix;
    out->hdu.data_bytes = bytes;
    /* More axes than a shape holds: the bytes can still be copied. */
    out->hdu.is_image = image && naxis <= RP_MAX_AXES;
    if (out->hdu.is_image && bytes > 0) {
        out->hdu.shape.naxis = (int)naxis;
        for (int i = 0; i < (int)naxis; i++)
            out->hdu.shape.axis[i] = axis[(int)naxis - 1 - i];
    }
    return RP_OK;
}

rp_code rp_fits_layout_parse(rp_fits_layout *out, const char *header, size_t header_bytes, const char *path,
                             size_t index, rp_error *err)
{
    const scan s = {header, rp_cards_count(header, header_bytes), path, index, err};
    bool image = false;
    memset(out, 0, sizeof *out);
    out->hdu.header = header;
    out->hdu.header_bytes = header_bytes;
    rp_code code = parse_kind(&s, out, &image);
    if (!code)
        code = parse_size(&s, out, image);
    if (code)
        return code;
    parse_name(&s, &out->hdu);
    if (out->hdu.is_image)
        parse_type(&s, out);
    return RP_OK;
}

int64_t rp_fits_padded(int64_t bytes)
{
    return (bytes + RP_BLOCK_BYTES - 1) / RP_BLOCK_BYTES * RP_BLOCK_BYTES;
}

rp_code rp_fits_layout_readable(const rp_fits_layout *layout, const char *label, rp_error *err)
{
    if (!layout->hdu.is_image)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "%s is not an image of at most %d axes (a table, a compressed image or a foreign extension); "
                       "uncompress it first",
                       label, RP_MAX_AXES);
    if (layout->hdu.shape.naxis == 0)
        return rp_fail(err, RP_E_MISSING,
                       "%s has no pixels (NAXIS or one of NAXISn is 0); check that this is the right file", label);
    if (layout->scaled)
        return rp_fail(
            err, RP_E_UNSUPPORTED,
            "%s: BITPIX %d with BSCALE %g, BZERO %g is not supported; store the image as float32 or as plain or "
            "unsigned integers",
            label, layout->bitpix, layout->bscale, layout->bzero);
    return RP_OK;
}

char *rp_fits_label(const char *path, const rp_hdu *hdu)
{
    char *label = NULL;
    const int n = hdu->extver == 1 ? asprintf(&label, "%s[%s]", path, hdu->extname)
                                   : asprintf(&label, "%s[%s,%d]", path, hdu->extname, hdu->extver);
    return n < 0 ? NULL : label;
}

rp_code rp_fits_check_rect(const rp_shape *shape, int64_t plane, rp_rect rect, const char *label, rp_error *err)
{
    const int64_t planes = rp_shape_planes(shape), ny = rp_shape_ny(shape), nx = rp_shape_nx(shape);
    if (plane < 0 || plane >= planes || rect.y0 < 0 || rect.x0 < 0 || rect.ny < 0 || rect.nx < 0 || rect.y0 > ny ||
        rect.x0 > nx || rect.ny > ny - rect.y0 || rect.nx > nx - rect.x0)
        return rp_fail(err, RP_E_INTERNAL,
                       "%s: rows %lld+%lld, columns %lld+%lld of plane %lld lie outside %lld planes of %lld x %lld",
                       label, (long long)rect.y0, (long long)rect.ny, (long long)rect.x0, (long long)rect.nx,
                       (long long)plane, (long long)planes, (long long)ny, (long long)nx);
    return RP_OK;
}
