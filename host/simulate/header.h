/* Cards and binary tables of the simulator's files. */
#ifndef RP_HOST_SIMULATE_HEADER_H
#define RP_HOST_SIMULATE_HEADER_H

#include "host/simulate/internal.h"
#include "io/fits/cards.h"

/* A list of cards whose first error sticks: add everything, then look at `code`. */
typedef struct rp_sim_header {
    rp_cards cards;
    rp_code code;
    rp_error *err;
} rp_sim_header;

void rp_sim_text(rp_sim_header *h, const char *keyword, const char *value,
                 const char *comment); /* NULL value: no card */
void rp_sim_int(rp_sim_header *h, const char *keyword, int64_t value, const char *comment);
void rp_sim_real(rp_sim_header *h, const char *keyword, double value, const char *comment);
void rp_sim_bool(rp_sim_header *h, const char *keyword, bool value, const char *comment);

/* The cards with which every HDU begins. */
void rp_sim_primary_cards(rp_sim_header *h);
void rp_sim_image_cards(rp_sim_header *h, const char *extname, rp_dtype type, const rp_shape *shape);

/* A packed binary table, big-endian; grows row by row, in the order of the columns. */
typedef struct rp_sim_column {
    const char *name;
    char form; /* 'A', 'B', 'I', 'J', 'D'; 'U' is an unsigned 32-bit J */
    int width; /* characters of 'A', bytes of 'B', else 1 */
} rp_sim_column;

typedef struct rp_sim_table {
    const rp_sim_column *column;
    int ncolumns;
    int64_t nrows;
    uint8_t *bytes;
    size_t used, room;
    int at; /* column to be filled next */
    bool failed;
} rp_sim_table;

void rp_sim_table_int(rp_sim_table *table, int64_t value);
void rp_sim_table_real(rp_sim_table *table, double value);
void rp_sim_table_text(rp_sim_table *table, const char *text);
size_t rp_sim_table_row_bytes(const rp_sim_table *table);
void rp_sim_table_cards(rp_sim_header *h, const rp_sim_table *table, const char *extname);

/* "2022-08-09T02:24:00.000" with 0 to 6 digits after the second; out holds 32 characters. */
void rp_sim_iso_time(char out[32], double mjd, int digits);

/* Start of the exposure; length of one integration with its reset. */
double rp_sim_start_mjd(const rp_sim *sim);
double rp_sim_integration_s(const rp_sim *sim);

/* "jw01234001001_02101_00001_nrcb1" */
void rp_sim_root_name(const rp_sim *sim, char out[64]);

void rp_sim_uncal_primary(rp_sim_header *h, const rp_sim *sim);
void rp_sim_uncal_science(rp_sim_header *h, const rp_sim *sim); /* after rp_sim_image_cards */
void rp_sim_group_table(rp_sim_table *table, const rp_sim *sim);
void rp_sim_int_times_table(rp_sim_table *table, const rp_sim *sim);
/* A tree that says what the file is; readers take all else from the headers.  `column` must live as long as the table.
 */
void rp_sim_asdf_table(rp_sim_table *table, rp_sim_column *column, const rp_sim *sim);
void rp_sim_truth_primary(rp_sim_header *h, const rp_sim *sim);

#endif
