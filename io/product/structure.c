/* Structural cards of a product's HDUs, and tables of other files in cards and in ASDF: io/product/build.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/product/build.h"

/* Text of a card by keyword; "" when there is none. */
static const char *table_text(const rp_hdu *table, const char *stem, int column, char out[72])
{
    char keyword[16];
    (void)snprintf(keyword, sizeof keyword, "%s%d", stem, column);
    const size_t count = rp_cards_count(table->header, table->header_bytes);
    if (!rp_cards_get_string(table->header, count, keyword, out, 72))
        out[0] = '\0';
    return out;
}

static bool header_int(const rp_hdu *hdu, const char *keyword, int64_t *out)
{
    return rp_cards_get_int(hdu->header, rp_cards_count(hdu->header, hdu->header_bytes), keyword, out);
}

int64_t rp_table_rows(const rp_hdu *table)
{
    int64_t rows = 0;
    (void)header_int(table, "NAXIS2", &rows);
    return rows;
}

static int table_columns(const rp_hdu *table)
{
    int64_t n = 0;
    (void)header_int(table, "TFIELDS", &n);
    return n < 0 || n > 999 ? 0 : (int)n;
}

/* "1J" is written "J". */
static const char *shortest_format(const char *format)
{
    return format[0] == '1' && format[1] && !strchr("0123456789A", format[1]) ? format + 1 : format;
}

static rp_code column_card(rp_cards *out, const rp_hdu *table, const char *stem, int column, rp_error *err)
{
    char keyword[16];
    (void)snprintf(keyword, sizeof keyword, "%s%d", stem, column);
    const size_t count = rp_cards_count(table->header, table->header_bytes);
    const char *record = rp_cards_find(table->header, count, keyword);
    if (!record)
        return RP_OK;
    rp_card card = {0};
    const size_t left = count - (size_t)(record - table->header) / RP_CARD_BYTES;
    rp_code code = rp_card_parse(&card, record, left, err);
    if (code == RP_OK && card.kind == RP_CARD_STRING)
        code = rp_cards_add_string(out, keyword, strcmp(stem, "TFORM") ? card.text : shortest_format(card.text), NULL,
                                   err);
    else if (code == RP_OK && card.kind == RP_CARD_INT)
        code = rp_cards_add_int(out, keyword, card.i, NULL, err);
    else if (code == RP_OK && card.kind == RP_CARD_FLOAT)
        code = rp_cards_add_double(out, keyword, card.f, NULL, err);
    rp_card_clear(&card);
    return code;
}

rp_code rp_table_cards(rp_cards *out, const rp_hdu *table, rp_error *err)
{
    static const char *const stems[] = {"TTYPE", "TFORM", "TUNIT", "TNULL", "TSCAL", "TZERO", "TDISP", "TDIM"};
    int64_t width = 0, heap = 0, theap;
    (void)header_int(table, "NAXIS1", &width);
    (void)header_int(table, "PCOUNT", &heap);
    const int columns = table_columns(table);
    rp_code code = rp_cards_add_string(out, "XTENSION", "BINTABLE", "binary table extension", err);
    const struct {
        const char *keyword, *comment;
        int64_t value;
    } sizes[] = {{"BITPIX", "array data type", 8},
                 {"NAXIS", "number of array dimensions", 2},
                 {"NAXIS1", "length of dimension 1", width},
                 {"NAXIS2", "length of dimension 2", rp_table_rows(table)},
                 {"PCOUNT", "number of group parameters", heap},
                 {"GCOUNT", "number of groups", 1},
                 {"TFIELDS", "number of table fields", columns}};
    for (size_t k = 0; code == RP_OK && k < sizeof sizes / sizeof *sizes; k++)
        code = rp_cards_add_int(out, sizes[k].keyword, sizes[k].value, sizes[k].comment, err);
    for (int column = 1; code == RP_OK && column <= columns; column++)
        for (size_t k = 0; code == RP_OK && k < sizeof stems / sizeof *stems; k++)
            code = column_card(out, table, stems[k], column, err);
    if (code == RP_OK && header_int(table, "THEAP", &theap))
        code = rp_cards_add_int(out, "THEAP", theap, NULL, err);
    return code;
}

/* Integer columns with the offset that makes them unsigned have the unsigned type. */
static const char *simple_type(char letter, const rp_hdu *table, int column)
{
    char keyword[16];
    double zero = 0.0;
    (void)snprintf(keyword, sizeof keyword, "TZERO%d", column);
    (void)rp_cards_get_double(table->header, rp_cards_count(table->header, table->header_bytes), keyword, &zero);
    switch (letter) {
    case 'L':
        return "bool8";
    case 'B':
        return zero == -128.0 ? "int8" : "uint8";
    case 'I':
        return zero == 32768.0 ? "uint16" : "int16";
    case 'J':
        return zero == 2147483648.0 ? "uint32" : "int32";
    case 'K':
        return "int64";
    case 'E':
        return "float32";
    case 'D':
        return "float64";
    case 'C':
        return "complex64";
    case 'M':
        return "complex128";
    default:
        return NULL;
    }
}

static rp_node *column_field(rp_tree *tree, const rp_hdu *table, int column)
{
    char name[72], format[72];
    char *letter;
    (void)table_text(table, "TTYPE", column, name);
    (void)table_text(table, "TFORM", column, format);
    const long repeat = format[0] >= '0' && format[0] <= '9' ? strtol(format, &letter, 10) : (letter = format, 1);
    rp_node *field = rp_new_mapping(tree), *type;
    bool done = rp_map_set(tree, field, "name", rp_new_string(tree, name)) &&
                rp_map_set(tree, field, "byteorder", rp_new_string(tree, "big"));
    if (*letter == 'A') {
        type = rp_new_sequence(tree);
        done = done && rp_seq_append(tree, type, rp_new_string(tree, "ascii")) &&
               rp_seq_append(tree, type, rp_new_int(tree, repeat));
    } else {
        const char *simple = simple_type(*letter, table, column);
        type = simple ? rp_new_string(tree, simple) : NULL;
        if (type && repeat != 1) {
            rp_node *shape = rp_new_sequence(tree);
            done =
                done && rp_seq_append(tree, shape, rp_new_int(tree, repeat)) && rp_map_set(tree, field, "shape", shape);
        }
    }
    return done && rp_map_set(tree, field, "datatype", type) ? field : NULL;
}

rp_node *rp_table_datatype(rp_tree *tree, const rp_hdu *table)
{
    rp_node *fields = rp_new_sequence(tree);
    const int columns = table_columns(table);
    for (int column = 1; fields && column <= columns; column++)
        if (!rp_seq_append(tree, fields, column_field(tree, table, column)))
            return NULL;
    return fields;
}

static rp_code image_cards(rp_cards *out, rp_dtype type, const rp_shape *shape, rp_error *err)
{
    static const int bitpix[] = {[RP_U8] = 8,   [RP_I16] = 16, [RP_U16] = 16,  [RP_I32] = 32,
                                 [RP_U32] = 32, [RP_I64] = 64, [RP_F32] = -32, [RP_F64] = -64};
    rp_code code = rp_cards_add_string(out, "XTENSION", "IMAGE", "Image extension", err);
    if (code == RP_OK)
        code = rp_cards_add_int(out, "BITPIX", shape->naxis ? bitpix[type] : 8, "array data type", err);
    if (code == RP_OK)
        code = rp_cards_add_int(out, "NAXIS", shape->naxis, "number of array dimensions", err);
    for (int k = 1; code == RP_OK && k <= shape->naxis; k++) {
        char keyword[16];
        (void)snprintf(keyword, sizeof keyword, "NAXIS%d", k);
        code = rp_cards_add_int(out, keyword, shape->axis[shape->naxis - k], NULL, err);
    }
    if (code == RP_OK)
        code = rp_cards_add_int(out, "PCOUNT", 0, "number of parameters", err);
    if (code == RP_OK)
        code = rp_cards_add_int(out, "GCOUNT", 1, "number of groups", err);
    const bool is_unsigned = shape->naxis && (type == RP_U16 || type == RP_U32);
    if (code == RP_OK && is_unsigned)
        code = rp_cards_add_int(out, "BSCALE", 1, NULL, err);
    if (code == RP_OK && is_unsigned)
        code = rp_cards_add_int(out, "BZERO", type == RP_U16 ? 32768 : 2147483648, NULL, err);
    return code;
}

/* The cards that say how the data of a foreign HDU are stored, as they are. */
static rp_code foreign_cards(rp_cards *out, const rp_hdu *hdu, rp_error *err)
{
    static const char *const not_these[] = {"", "EXTNAME", "EXTVER", "CHECKSUM", "DATASUM", "HISTORY", "EXTLEVEL"};
    const size_t count = rp_cards_count(hdu->header, hdu->header_bytes);
    rp_card card = {0};
    rp_code code = RP_OK;
    for (size_t k = 0; code == RP_OK && k < count; k += card.ncards) {
        const char *record = hdu->header + k * RP_CARD_BYTES;
        code = rp_card_parse(&card, record, count - k, err);
        if (code != RP_OK)
            break;
        bool wanted = rp_is_structural(card.keyword);
        for (size_t n = 0; n < sizeof not_these / sizeof *not_these; n++)
            wanted = wanted && strcmp(card.keyword, not_these[n]);
        if (wanted)
            code = rp_cards_add_raw(out, record, card.ncards, err);
    }
    rp_card_clear(&card);
    return code;
}

static rp_code primary_cards(rp_cards *out, rp_error *err)
{
    rp_code code = rp_cards_add_bool(out, "SIMPLE", true, "conforms to FITS standard", err);
    if (code == RP_OK)
        code = rp_cards_add_int(out, "BITPIX", 8, "array data type", err);
    if (code == RP_OK)
        code = rp_cards_add_int(out, "NAXIS", 0, "number of array dimensions", err);
    return code == RP_OK ? rp_cards_add_bool(out, "EXTEND", true, NULL, err) : code;
}

rp_code rp_build_cards(rp_cards *out, const rp_built *hdu, bool primary, rp_error *err)
{
    const rp_shape none = {0};
    const rp_piece *piece = hdu->piece;
    rp_code code;
    if (primary)
        code = primary_cards(out, err);
    else if (piece && piece->kind == RP_PIECE_TABLE)
        code = rp_table_cards(out, piece->hdu, err);
    else if (piece && piece->kind == RP_PIECE_FOREIGN)
        code = foreign_cards(out, piece->hdu, err);
    else
        code = image_cards(out, piece ? piece->type : RP_U8, piece ? &piece->shape : &none, err);
    if (code == RP_OK && !primary)
        code = rp_cards_add_string(out, "EXTNAME", hdu->extname, "extension name", err);
    if (code == RP_OK && hdu->body.count)
        code = rp_cards_add_raw(out, hdu->body.text, hdu->body.count, err);
    return code;
}
