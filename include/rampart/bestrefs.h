/* Best references for exposures, as `crds.getreferences` gives them: by the rules of a context, from the CRDS cache,
 * and fetched into it from the server where they are missing.  Everything is taken from the environment that the Python
 * client reads (CRDS_PATH, CRDS_SERVER_URL, CRDS_CONTEXT ...): docs/references-crds.md. */
#ifndef RAMPART_BESTREFS_H
#define RAMPART_BESTREFS_H

#include <signal.h>
#include <stdbool.h>

#include "rampart/log.h"
#include "rampart/meta.h"
#include "rampart/status.h"

/* The release of the CRDS client whose rules, cache and protocol these are; products name it (CRDS_VER). */
#define RP_CRDS_VERSION "14.0.3"

typedef struct rp_bestrefs rp_bestrefs;

/* Does the environment name a cache or a server? */
bool rp_bestrefs_configured(void);

/* Only notes what it is given; the cache and the server are asked when a reference is. */
rp_code rp_bestrefs_new(rp_bestrefs **out, const rp_log *log, const volatile sig_atomic_t *cancel, rp_error *err);
void rp_bestrefs_free(rp_bestrefs *refs); /* NULL is fine */

/* The context whose rules choose: "jwst_1234.pmap"; NULL while nothing has been asked. */
const char *rp_bestrefs_context(const rp_bestrefs *refs);

/* The best reference of a type for an exposure, in the cache and verified: *path is its path, or "N/A" where the rules
 * say that there is none.  Refused (RP_E_MISSING ...) with the reason otherwise.  Answers are remembered, so that
 * asking again costs nothing.  Caller frees *path.  Not thread-safe. */
rp_code rp_bestrefs_find(rp_bestrefs *refs, const rp_meta *meta, const char *type, char **path, rp_error *err);

/* Did rp_bestrefs_find give this path? */
bool rp_bestrefs_gave(const rp_bestrefs *refs, const char *path);

#endif
