/* Suffixes of products that a new suffix replaces. */
#ifndef RP_HOST_PIPELINES_SUFFIXES_H
#define RP_HOST_PIPELINES_SUFFIXES_H

#include <stddef.h>

/* Length of name[0..length) without a known suffix and the "_" or "-" before it, which goes to *separator
 * ("_" when there is no suffix). */
size_t rp_suffix_strip(const char *name, size_t length, char *separator);

#endif
