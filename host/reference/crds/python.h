/* What the rules inherit from Python: how numbers and texts are spelled, compared and quoted.
 * Letters and blanks beyond ASCII are left as they are. */
#ifndef RP_HOST_REFERENCE_CRDS_PYTHON_H
#define RP_HOST_REFERENCE_CRDS_PYTHON_H

#include "host/reference/crds/memory.h"

enum { RP_FLOAT_TEXT = 32 };

/* repr(float): the shortest text that reads back the same. */
size_t rp_python_float(char out[RP_FLOAT_TEXT], double value);

/* float(text) of a text of given length; false where Python raises ValueError. */
bool rp_python_parse_float(const char *text, size_t length, double *out);
/* int(text); false where Python raises ValueError, values beyond long long are held at its limits. */
bool rp_python_parse_int(const char *text, size_t length, long long *out);

/* repr(str). */
void rp_python_quote(rp_buffer *out, const char *text, size_t length);

/* false: some byte is not UTF-8, which Python would not read. */
bool rp_is_utf8(const char *text, size_t length);

/* str.strip(): moves the ends inwards. */
void rp_python_strip(const char **text, size_t *length);

char rp_upper(char c);
char rp_lower(char c);
bool rp_same_letters(const char *a, const char *b); /* equal but for case */

/* The normal form that header values and match keys are compared in (crds.core.utils.condition_value).
 * `out` has room for length + RP_FLOAT_TEXT bytes; returns the length of the result, which is ended by a zero. */
size_t rp_condition(char *out, const char *text, size_t length);

/* fnmatch.fnmatchcase: *, ?, [seq], [!seq] against the whole text. */
bool rp_glob(const char *pattern, size_t pattern_length, const char *text, size_t length);

#endif
