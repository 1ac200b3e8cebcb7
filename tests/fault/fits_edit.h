/* FITS files in memory, to be broken on purpose.  Positions come from an honest reading of an honest file. */
#ifndef RP_TESTS_FAULT_FITS_EDIT_H
#define RP_TESTS_FAULT_FITS_EDIT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fits_bytes {
    unsigned char *bytes;
    size_t n;
} fits_bytes;

/* Reads a file, unpacked if it is gzipped.  Ends the program when that fails. */
fits_bytes fits_bytes_read(const char *path);
void fits_bytes_free(fits_bytes *file);

typedef struct fits_place {
    size_t header, header_bytes, data, data_bytes; /* data without padding */
} fits_place;

/* The k-th HDU; false when there is none. */
bool fits_find_index(const fits_bytes *file, size_t k, fits_place *out);
/* The HDU of this EXTNAME ("PRIMARY": the first). */
bool fits_find(const fits_bytes *file, const char *extname, fits_place *out);

/* Replaces the value field of a card, or removes the card when `value` is NULL.  False when there is no such card. */
bool fits_set(fits_bytes *file, const char *extname, const char *keyword, const char *value);

/* Fills the data of an HDU with one big-endian float32. */
bool fits_fill(fits_bytes *file, const char *extname, float value);

#endif
