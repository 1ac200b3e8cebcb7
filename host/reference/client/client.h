/* The CRDS client: what the server or the cache says about files, and verified files in the cache. */
#ifndef RP_HOST_REFERENCE_CLIENT_CLIENT_H
#define RP_HOST_REFERENCE_CLIENT_CLIENT_H

#include <jansson.h>

#include "host/reference/client/files.h"
#include "host/reference/client/transport.h"

typedef struct rp_crds_client {
    rp_crds_settings settings;
    rp_crds_http *http;
    const rp_log *log;
    json_t *info;     /* get_server_info's answer, of now or of the last time; NULL when neither is known */
    json_t *metadata; /* name -> {"size", "sha1sum"}; NULL when the info has none */
    bool connected;
    bool saved;     /* the info was written to the cache */
    size_t fetched; /* files */
    uint64_t fetched_bytes;
} rp_crds_client;

/* Reads the environment, asks the server or, without one, the cache.  Neither answers: RP_E_MISSING, unless
 * CRDS_CONTEXT names a context, which then may be all that is needed.  Close in every case. */
rp_code rp_crds_client_open(rp_crds_client *out, rp_environment *get, const rp_log *log,
                            const volatile sig_atomic_t *cancel, rp_error *err);
void rp_crds_client_close(rp_crds_client *client);

/* Writes what the server said to the cache (server_config, bad_files.txt), once; nothing without a server or in a
 * read-only cache. */
rp_code rp_crds_client_save(rp_crds_client *client, rp_error *err);

/* The context's name that a specification means: "jwst_1234.pmap" itself, "latest", "build", "jwst-edit",
 * "jwst-2023-01-01T00:00:00" ...; NULL: the default, by CRDS_CONTEXT or the calibration software.  Caller frees. */
rp_code rp_crds_context_name(rp_crds_client *client, const char *specification, char **name, rp_error *err);

/* Is the file on the list of those that must not be used? */
bool rp_crds_is_bad(const rp_crds_client *client, const char *name);

/* What is known of a file; size -1 and sha1 "" when nothing is. */
typedef struct rp_crds_facts {
    int64_t size;
    char sha1[41];
} rp_crds_facts;
rp_crds_facts rp_crds_facts_of(const rp_crds_client *client, const char *name);

/* Does the file at `path` have this size and checksum, as far as they are known and to be checked?  RP_E_MISMATCH says
 * what is wrong; RP_E_IO when it cannot be read.  `sha1`: compute the checksum too. */
rp_code rp_crds_verify(const rp_crds_client *client, const char *name, const char *path, bool sha1, rp_error *err);

/* Has the file in the cache, sound: what is there is verified (its checksum once, then remembered), what is missing or
 * broken is fetched when there is a server and the cache may be written.  `again`: fetch it in any case.
 * Caller frees *path. */
rp_code rp_crds_obtain(rp_crds_client *client, const char *name, const char *instrument, bool again, char **path,
                       rp_error *err);

/* All mappings of a context, in the cache. */
rp_code rp_crds_obtain_mappings(rp_crds_client *client, const char *context, bool again, rp_error *err);

/* verified.c: files whose checksum was found right, by what the file system says of them, so that they are read once.
 */
bool rp_crds_verified_before(const char *path, const char *sha1);
void rp_crds_verified_note(const char *path, const char *sha1);

/* fetch.c: one file to its place, locked, checked before it gets its name. */
rp_code rp_crds_fetch(rp_crds_client *client, const char *name, const char *path, bool again, rp_error *err);

#endif
