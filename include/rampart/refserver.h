/* A CRDS server: serves the rules and reference files of a folder, and answers the client's JSON-RPC.
 *
 * DIR holds mappings/<observatory>/ and references/<observatory>/ (flat, or with a folder for each instrument), and
 * perhaps server.json: operational_context, edit_context, context_history [[date, context, text] ...], bad_files.
 * Without it the newest .pmap serves.  What is served is what was there at the start; a file that changes afterwards is
 * refused until the next start.  Protocol and deployment: docs/refs-server.md. */
#ifndef RAMPART_REFSERVER_H
#define RAMPART_REFSERVER_H

#include <stddef.h>
#include <stdint.h>

#include "rampart/log.h"
#include "rampart/status.h"

typedef struct rp_refserver_options {
    const char *crds_path;   /* DIR */
    const char *index_path;  /* where checksums are kept from start to start; NULL: nowhere */
    const char *observatory; /* NULL: jwst */
    const char *host;        /* numeric address; NULL: 127.0.0.1 */
    uint16_t port;           /* 0: the system chooses */
    const char *public_url;  /* what clients call the server, with its base path; NULL: http://HOST:PORT/crds */
    int threads;             /* 0: 4 */
    const rp_log *log;       /* NULL: silent */
    /* One JSON object for each request; from several threads.  NULL: none. */
    void (*access)(void *payload, const char *line);
    void *payload;
} rp_refserver_options;

typedef struct rp_refserver rp_refserver;

/* Reads and checks everything, then answers until it is closed. */
rp_code rp_refserver_open(rp_refserver **out, const rp_refserver_options *options, rp_error *err);
void rp_refserver_close(rp_refserver *server); /* NULL is fine */

const char *rp_refserver_url(const rp_refserver *server);     /* "http://127.0.0.1:8000/crds" */
const char *rp_refserver_context(const rp_refserver *server); /* the operational one */
size_t rp_refserver_files(const rp_refserver *server, size_t *mappings);

#endif
