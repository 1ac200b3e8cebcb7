/* Reader of configobj files: "key = value", [section], [[subsection]], comments, triple quotes. */
#ifndef RP_HOST_CLI_CFG_H
#define RP_HOST_CLI_CFG_H

#include <stddef.h>

#include "rampart/status.h"

enum { RP_CFG_DEPTH = 4, RP_CFG_NAME = 128 };

/* Where an entry stands. */
typedef struct rp_cfg_place {
    char section[RP_CFG_DEPTH][RP_CFG_NAME];
    size_t depth;
    size_t line;
} rp_cfg_place;

/* Gets each entry in order; `value` is as written (quotes, commas, comment), fit for rp_words_parse.
 * A section without entries gets one call with key NULL. */
typedef rp_code (*rp_cfg_entry)(void *payload, const rp_cfg_place *place, const char *key, const char *value,
                                rp_error *err);

/* `text` need not be terminated.  Messages begin with "label, line N". */
rp_code rp_cfg_parse(const char *text, size_t length, const char *label, rp_cfg_entry entry, void *payload,
                     rp_error *err);

#endif
