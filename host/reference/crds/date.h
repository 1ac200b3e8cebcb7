/* Dates of headers and rules, in all the spellings that the client reads (crds.core.timestamp). */
#ifndef RP_HOST_REFERENCE_CRDS_DATE_H
#define RP_HOST_REFERENCE_CRDS_DATE_H

#include "host/reference/crds/memory.h"

typedef struct rp_date {
    int year, month, day, hour, minute, second, microsecond;
} rp_date;

enum { RP_DATE_TEXT = 32 };

/* false: *why (emptied first) says what Python's exception says. */
bool rp_date_parse(rp_date *out, const char *text, size_t length, rp_buffer *why);

/* "2022-05-15 03:04:05", with six digits of a fraction when there is one; returns the length. */
size_t rp_date_format(char out[RP_DATE_TEXT], const rp_date *date);

/* |a - b| */
double rp_date_distance_s(const rp_date *a, const rp_date *b);

#endif
