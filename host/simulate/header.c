/* Cards with a sticky error, and binary tables. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/simulate/header.h"

void rp_sim_text(rp_sim_header *h, const char *keyword, const char *value, const char *comment)
{
    if (!h->code && value)
        h->code = rp_cards_add_string(&h->cards, keyword, value, comment, h->err);
}

void rp_sim_int(rp_sim_header *h, const char *keyword, int64_t value, const char *comment)
{
    if (!h->code)
        h->code = rp_cards_add_int(&h->cards, keyword, value, comment, h->err);
}

void rp_sim_real(rp_sim_header *h, const char *keyword, double value, const char *comment)
{
    if (!h->code)
        h->code = rp_cards_add_double(&h->cards, keyword, value, comment, h->err);
}

void rp_sim_bool(rp_sim_header *h, const char *keyword, bool value, const char *comment)
{
    if (!h->code)
        h->code = rp_cards_add_bool(&h->cards, keyword, value, comment, h->err);
}

void rp_sim_primary_cards(rp_sim_header *h)
{
    rp_sim_bool(h, "SIMPLE", true, "conforms to FITS standard");
    rp_sim_int(h, "BITPIX", 8, "array data type");
    rp_sim_int(h, "NAXIS", 0, "number of array dimensions");
    rp_sim_bool(h, "EXTEND", true, NULL);
}

static int bitpix(rp_dtype type)
{
    const int bits = (int)(8 * rp_dtype_size(type));
    return type == RP_F32 || type == RP_F64 ? -bits : bits;
}

void rp_sim_image_cards(rp_sim_header *h, const char *extname, rp_dtype type, const rp_shape *shape)
{
    rp_sim_text(h, "XTENSION", "IMAGE", "Image extension");
    rp_sim_int(h, "BITPIX", bitpix(type), "array data type");
    rp_sim_int(h, "NAXIS", shape->naxis, "number of array dimensions");
    for (int k = 0; k < shape->naxis; k++) {
        char keyword[24];
        (void)snprintf(keyword, sizeof keyword, "NAXIS%d", k + 1);
        rp_sim_int(h, keyword, shape->axis[shape->naxis - 1 - k], NULL);
    }
    rp_sim_int(h, "PCOUNT", 0, "number of parameters");
    rp_sim_int(h, "GCOUNT", 1, "number of groups");
    if (type == RP_U16 || type == RP_U32) {
        rp_sim_int(h, "BSCALE", 1, NULL);
        rp_sim_int(h, "BZERO", type == RP_U16 ? 32768 : 2147483648, NULL);
    }
    rp_sim_text(h, "EXTNAME", extname, "extension name");
}

static int column_bytes(const rp_sim_column *column)
{
    switch (column->form) {
    case 'A':
    case 'B':
        return column->width;
    case 'I':
        return 2;
    case 'D':
        return 8;
    default:
        return 4;
    }
}

size_t rp_sim_table_row_bytes(const rp_sim_table *table)
{
    size_t bytes = 0;
    for (int k = 0; k < table->ncolumns; k++)
        bytes += (size_t)column_bytes(&table->column[k]);
    return bytes;
}

/* Room for the next cell, or NULL once memory ran out. */
static uint8_t *next_cell(rp_sim_table *table)
{
    const size_t row = rp_sim_table_row_bytes(table);
    if (!table->failed && table->used + row > table->room) {
        const size_t room = 2 * table->room + 16 * row;
        uint8_t *grown = realloc(table->bytes, room);
        table->failed = !grown;
        if (grown) {
            table->bytes = grown;
            table->room = room;
        }
    }
    if (table->failed)
        return NULL;
    uint8_t *cell = table->bytes + table->used;
    table->used += (size_t)column_bytes(&table->column[table->at]);
    table->at = (table->at + 1) % table->ncolumns;
    table->nrows += table->at == 0;
    return cell;
}

static void put_big_endian(uint8_t *cell, uint64_t bits, int bytes)
{
    for (int k = bytes; k-- > 0; bits >>= 8)
        cell[k] = (uint8_t)bits;
}

void rp_sim_table_int(rp_sim_table *table, int64_t value)
{
    const rp_sim_column *column = &table->column[table->at];
    uint8_t *cell = next_cell(table);
    if (cell)
        put_big_endian(cell, column->form == 'U' ? (uint64_t)value ^ 0x80000000u : (uint64_t)value,
                       column_bytes(column));
}

void rp_sim_table_real(rp_sim_table *table, double value)
{
    uint8_t *cell = next_cell(table);
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (cell)
        put_big_endian(cell, bits, 8);
}

void rp_sim_table_text(rp_sim_table *table, const char *text)
{
    const size_t width = (size_t)table->column[table->at].width;
    uint8_t *cell = next_cell(table);
    if (!cell)
        return;
    const size_t n = strnlen(text, width);
    memset(cell, 0, width);
    memcpy(cell, text, n);
}

void rp_sim_table_cards(rp_sim_header *h, const rp_sim_table *table, const char *extname)
{
    char keyword[24], form[24];
    rp_sim_text(h, "XTENSION", "BINTABLE", "binary table extension");
    rp_sim_int(h, "BITPIX", 8, "array data type");
    rp_sim_int(h, "NAXIS", 2, "number of array dimensions");
    rp_sim_int(h, "NAXIS1", (int64_t)rp_sim_table_row_bytes(table), "length of dimension 1");
    rp_sim_int(h, "NAXIS2", table->nrows, "length of dimension 2");
    rp_sim_int(h, "PCOUNT", 0, "number of group parameters");
    rp_sim_int(h, "GCOUNT", 1, "number of groups");
    rp_sim_int(h, "TFIELDS", table->ncolumns, "number of table fields");
    for (int k = 0; k < table->ncolumns; k++) {
        const rp_sim_column *column = &table->column[k];
        (void)snprintf(keyword, sizeof keyword, "TTYPE%d", k + 1);
        rp_sim_text(h, keyword, column->name, NULL);
        if (column->form == 'A' || column->form == 'B')
            (void)snprintf(form, sizeof form, "%d%c", column->width, column->form);
        else
            (void)snprintf(form, sizeof form, "%c", column->form == 'U' ? 'J' : column->form);
        (void)snprintf(keyword, sizeof keyword, "TFORM%d", k + 1);
        rp_sim_text(h, keyword, form, NULL);
        if (column->form == 'U') {
            (void)snprintf(keyword, sizeof keyword, "TZERO%d", k + 1);
            rp_sim_int(h, keyword, 2147483648, NULL);
        }
    }
    rp_sim_text(h, "EXTNAME", extname, "extension name");
    rp_sim_int(h, "EXTVER", 1, "extension value");
}

/* Days since 1970-01-01 to a date of the Gregorian calendar (civil-from-days, H. Hinnant). */
static void civil_date(int64_t days, int *year, int *month, int *day)
{
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t doe = days - era * 146097;
    const int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    const int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

void rp_sim_iso_time(char out[32], double mjd, int digits)
{
    int64_t scale = 1;
    for (int k = 0; k < digits; k++)
        scale *= 10;
    const double whole = floor(mjd);
    int64_t ticks = llround((mjd - whole) * 86400.0 * (double)scale);
    int64_t days = (int64_t)whole - 40587;
    if (ticks >= 86400 * scale) {
        ticks -= 86400 * scale;
        days++;
    }
    int year, month, day;
    civil_date(days, &year, &month, &day);
    const int64_t second = ticks / scale;
    (void)snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d.%0*lld", year % 10000, month, day, (int)(second / 3600),
                   (int)(second / 60 % 60), (int)(second % 60), digits, (long long)(ticks % scale));
}
