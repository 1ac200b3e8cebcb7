/* Columns of binary tables, and the table of private flags: include/rampart/reference.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/reference/reference_impl.h"
#include "io/fits/cards.h"
#include "rampart/dq.h"

typedef struct column {
    char letter;
    int64_t repeat, offset, row_bytes, rows;
    size_t item_bytes;
    double scale, zero;
} column;

static size_t letter_bytes(char letter)
{
    switch (letter) {
    case 'L':
    case 'B':
    case 'A':
        return 1;
    case 'I':
        return 2;
    case 'J':
    case 'E':
        return 4;
    case 'K':
    case 'D':
    case 'C':
    case 'P':
        return 8;
    case 'M':
    case 'Q':
        return 16;
    default:
        return 0;
    }
}

static bool read_format(const char *format, column *c)
{
    const char *p = format;
    c->repeat = 1;
    if (*p >= '0' && *p <= '9') {
        char *end;
        c->repeat = strtoll(p, &end, 10);
        p = end;
    }
    c->letter = *p;
    c->item_bytes = letter_bytes(c->letter);
    return c->repeat >= 0 && c->repeat < INT32_MAX;
}

/* A bit array takes a byte for each eight bits. */
static int64_t column_bytes(const column *c)
{
    return c->letter == 'X' ? (c->repeat + 7) / 8 : c->repeat * (int64_t)c->item_bytes;
}

/* Finds a column by name, whatever its case. */
static rp_code find_column(const char *path, const rp_hdu *hdu, const char *name, column *out, rp_error *err)
{
    const size_t count = rp_cards_count(hdu->header, hdu->header_bytes);
    int64_t columns = 0, offset = 0;
    *out = (column){.scale = 1.0};
    (void)rp_cards_get_int(hdu->header, count, "TFIELDS", &columns);
    (void)rp_cards_get_int(hdu->header, count, "NAXIS1", &out->row_bytes);
    (void)rp_cards_get_int(hdu->header, count, "NAXIS2", &out->rows);
    for (int64_t k = 1; k <= columns && k <= 999; k++) {
        char keyword[16], text[72] = "";
        (void)snprintf(keyword, sizeof keyword, "TFORM%d", (int)k);
        if (!rp_cards_get_string(hdu->header, count, keyword, text, sizeof text) || !read_format(text, out))
            break;
        (void)snprintf(keyword, sizeof keyword, "TTYPE%d", (int)k);
        text[0] = '\0';
        (void)rp_cards_get_string(hdu->header, count, keyword, text, sizeof text);
        if (strcasecmp(text, name)) {
            offset += column_bytes(out);
            continue;
        }
        (void)snprintf(keyword, sizeof keyword, "TSCAL%d", (int)k);
        (void)rp_cards_get_double(hdu->header, count, keyword, &out->scale);
        (void)snprintf(keyword, sizeof keyword, "TZERO%d", (int)k);
        (void)rp_cards_get_double(hdu->header, count, keyword, &out->zero);
        out->offset = offset;
        if (out->rows < 0 || out->row_bytes < 0 || offset + column_bytes(out) > out->row_bytes ||
            (out->row_bytes && out->rows > hdu->data_bytes / out->row_bytes))
            return rp_fail(err, RP_E_FORMAT, "%s[%s]: column %s does not fit the rows of %lld bytes", path,
                           hdu->extname, name, (long long)out->row_bytes);
        return RP_OK;
    }
    return rp_fail(err, RP_E_MISSING, "%s[%s]: the table has no column %s", path, hdu->extname, name);
}

static double element_value(const column *c, const unsigned char *p)
{
    double value = 0.0;
    if (c->letter == 'L')
        return *p == 'T';
    if (c->letter == 'B')
        value = *p;
    else
        rp_elements_to_f64(&value, p,
                           c->letter == 'I'   ? RP_I16
                           : c->letter == 'J' ? RP_I32
                           : c->letter == 'K' ? RP_I64
                           : c->letter == 'E' ? RP_F32
                                              : RP_F64,
                           1);
    return value * c->scale + c->zero;
}

static rp_code take_numbers(const column *c, const unsigned char *rows, double **values, rp_error *err)
{
    if (!strchr("LBIJKED", c->letter) || !c->letter)
        return rp_fail(err, RP_E_UNSUPPORTED, "a column of type %c where numbers are needed", c->letter);
    const size_t n = (size_t)(c->rows * c->repeat);
    *values = malloc((n ? n : 1) * sizeof **values);
    if (!*values)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu numbers", n);
    double *out = *values;
    for (int64_t row = 0; row < c->rows; row++)
        for (int64_t k = 0; k < c->repeat; k++)
            *out++ = element_value(c, rows + row * c->row_bytes + c->offset + k * (int64_t)c->item_bytes);
    return RP_OK;
}

static rp_code take_texts(const column *c, const unsigned char *rows, char **texts, rp_error *err)
{
    if (c->letter != 'A')
        return rp_fail(err, RP_E_UNSUPPORTED, "a column of type %c where texts are needed", c->letter);
    const size_t width = (size_t)c->repeat;
    *texts = malloc((size_t)c->rows * width + 1);
    if (!*texts)
        return rp_fail(err, RP_E_MEMORY, "no memory for %lld texts", (long long)c->rows);
    for (int64_t row = 0; row < c->rows; row++)
        memcpy(*texts + (size_t)row * width, rows + row * c->row_bytes + c->offset, width);
    (*texts)[(size_t)c->rows * width] = '\0';
    return RP_OK;
}

static rp_code read_rows(rp_container *file, size_t index, const column *c, unsigned char **rows, rp_error *err)
{
    const size_t bytes = (size_t)(c->rows * c->row_bytes);
    *rows = malloc(bytes ? bytes : 1);
    if (!*rows)
        return rp_fail(err, RP_E_MEMORY, "%s[%s]: no memory for its %zu bytes", file->path, file->hdu[index].extname,
                       bytes);
    return file->read_bytes(file, index, 0, bytes, *rows, err);
}

rp_code rp_table_column(rp_container *file, const char *extname, const char *name, double **values, char **texts,
                        size_t *width, size_t *nrows, rp_error *err)
{
    const int index = rp_container_find(file, extname, 1);
    column c;
    unsigned char *rows = NULL;
    if (values)
        *values = NULL;
    if (texts)
        *texts = NULL;
    if (index < 0 || file->hdu[index].is_image)
        return rp_fail(err, RP_E_MISSING, "%s: no table %s", file->path, extname);
    rp_code code = find_column(file->path, &file->hdu[index], name, &c, err);
    if (code != RP_OK)
        return code;
    code = read_rows(file, (size_t)index, &c, &rows, err);
    if (code == RP_OK && (values || texts)) {
        code = values ? take_numbers(&c, rows, values, err) : take_texts(&c, rows, texts, err);
        if (code != RP_OK)
            rp_error_prefix(err, "%s[%s] column %s", file->path, extname, name);
    }
    free(rows);
    if (width)
        *width = (size_t)c.repeat;
    if (nrows)
        *nrows = (size_t)c.rows;
    return code;
}

rp_code rp_reference_column(rp_reference *reference, const char *extname, const char *name, double **values,
                            char **texts, size_t *width, size_t *nrows, rp_error *err)
{
    const rp_code code = rp_table_column(reference->file, extname, name, values, texts, width, nrows, err);
    if (code != RP_OK)
        rp_error_prefix(err, "%s reference", reference->type);
    return code;
}

/* The standard bit of a mnemonic.  GOOD is no bit at all. */
static bool standard_bit(const char *name, uint32_t *bit)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } names[] = {
#define RP_NAME_AND_BIT(name, number) {#name, 1u << (number)},
        RP_DQ_BITS(RP_NAME_AND_BIT)
#undef RP_NAME_AND_BIT
            {"RESERVED", 1u << 8},
        {"GOOD", 0},
    };
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (!strcmp(names[k].name, name)) {
            *bit = names[k].bit;
            return true;
        }
    return false;
}

/* Copy without blanks at either end. */
static void trim(char *out, size_t capacity, const char *text, size_t length)
{
    while (length && (*text == ' ' || *text == '\0')) {
        text++;
        length--;
    }
    while (length && (text[length - 1] == ' ' || text[length - 1] == '\0'))
        length--;
    if (length >= capacity)
        length = capacity - 1;
    memcpy(out, text, length);
    out[length] = '\0';
}

static rp_code add_flag(rp_reference *r, double value, const char *name, rp_error *err)
{
    uint32_t bit;
    if (!standard_bit(name, &bit)) {
        rp_logf(r->log, RP_WARNING, "rampart.reference", "%s[DQ_DEF]: %s is no standard flag and is ignored",
                r->file->path, name);
        return RP_OK;
    }
    if (r->dq.count == RP_DQ_MAX_FLAGS || value < 0.0 || value > (double)UINT32_MAX)
        return rp_fail(err, RP_E_FORMAT, "%s[DQ_DEF]: more than %d flags, or a VALUE beyond 32 bits", r->file->path,
                       RP_DQ_MAX_FLAGS);
    r->dq.flag[r->dq.count++] = (rp_dq_flag){.private_bits = (uint32_t)value, .standard_bits = bit};
    return RP_OK;
}

rp_code rp_reference_read_dq_def(rp_reference *r, rp_error *err)
{
    double *values = NULL;
    char *names = NULL;
    size_t width = 0, rows = 0;
    const int index = rp_container_find(r->file, "DQ_DEF", 1);
    if (r->dq_read)
        return RP_OK;
    r->dq_read = true;
    if (index < 0 || r->file->hdu[index].is_image || !r->file->hdu[index].data_bytes)
        return RP_OK;
    rp_code code = rp_reference_column(r, "DQ_DEF", "VALUE", &values, NULL, NULL, &rows, err);
    if (code == RP_OK)
        code = rp_reference_column(r, "DQ_DEF", "NAME", NULL, &names, &width, &rows, err);
    for (size_t k = 0; code == RP_OK && k < rows; k++) {
        char name[64];
        trim(name, sizeof name, names + k * width, width);
        code = add_flag(r, values[k], name, err);
    }
    r->dq.present = code == RP_OK && rows > 0;
    free(values);
    free(names);
    return code;
}
