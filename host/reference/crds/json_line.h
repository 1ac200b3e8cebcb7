/* A JSON object on one line: header values as text and names of types, without a tree.
 * jansson builds the whole tree of each line, which alone costs more than a query. */
#ifndef RP_HOST_REFERENCE_CRDS_JSON_LINE_H
#define RP_HOST_REFERENCE_CRDS_JSON_LINE_H

#include "host/reference/crds/memory.h"
#include "rampart/context.h"

typedef struct rp_json_line {
    const char *id; /* NULL: none */
    rp_header_item *item;
    size_t nitems, items_room;
    const char **type;
    size_t ntypes, types_room;
    rp_arena arena; /* spelled numbers */
    const char *problem;
} rp_json_line;

/* Takes apart text[0 .. length), which is overwritten: texts are unescaped where they stand.  text[length] is a byte of
 * the caller's that may be overwritten too.  false: `problem` says what is wrong. */
bool rp_json_line_read(rp_json_line *line, char *text, size_t length);
void rp_json_line_clear(rp_json_line *line);

/* A text as a JSON string. */
void rp_json_put(rp_buffer *out, const char *text);
/* The answer to a query as an object, with "\n" behind. */
void rp_json_put_bests(rp_buffer *out, const rp_bests *bests);

#endif
