/* Python literals as data: what `pprint` writes and `ast.literal_eval` reads, to and from JSON values.
 *
 * Dictionaries (keys are strings), lists, tuples and sets (as arrays), strings, numbers, True, False, None, comments.
 * The configuration of a CRDS cache is such a file. */
#ifndef RP_IO_PYTHON_LITERAL_H
#define RP_IO_PYTHON_LITERAL_H

#include <jansson.h>
#include <stddef.h>

#include "rampart/status.h"

/* `path` names the text in messages.  Of equal keys the last one counts, as in Python.  Caller decrefs *out. */
rp_code rp_python_read(json_t **out, const char *path, const char *text, size_t size, rp_error *err);

/* One key or element a line, indented; ends with a newline.  NULL without memory; caller frees. */
char *rp_python_write(const json_t *value);

#endif
