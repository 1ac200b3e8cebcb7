/* Private to archive/services/crds: the parts of the CRDS server. */
#ifndef RP_ARCHIVE_SERVICES_CRDS_SERVICE_IMPL_H
#define RP_ARCHIVE_SERVICES_CRDS_SERVICE_IMPL_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "archive/http/http.h"
#include "rampart/context.h"
#include "rampart/refserver.h"

/* ---- catalog.c: the files ---- */

typedef struct rp_crds_file {
    char *name;
    char *path;
    struct stat status; /* as it was when it was hashed */
    char sha1[RP_SHA1_TEXT];
    char instrument[12]; /* "" when neither name nor folder says it */
    char type[40];       /* "dark"; "" likewise */
    bool mapping;
} rp_crds_file;

typedef struct rp_crds_catalog {
    rp_crds_file *file; /* sorted by name */
    size_t count, capacity;
    size_t mappings;
    const struct rp_crds_index *index; /* while files are listed; may be NULL */
} rp_crds_catalog;

/* ---- index.c: checksums of an earlier start, in a file ---- */

enum { RP_CRDS_INDEX_KEY = 160 };

typedef struct rp_crds_index_entry {
    char key[RP_CRDS_INDEX_KEY]; /* device, inode, size, times */
    char sha1[RP_SHA1_TEXT];
} rp_crds_index_entry;

typedef struct rp_crds_index {
    rp_crds_index_entry *entry;
    size_t count, capacity;
} rp_crds_index;

/* A path NULL, or no such file: an empty index.  Clear in every case. */
rp_code rp_crds_index_read(rp_crds_index *out, const char *path, rp_error *err);
const char *rp_crds_index_find(const rp_crds_index *index, const struct stat *status); /* NULL: not known */
void rp_crds_index_clear(rp_crds_index *index);
/* Nothing when the path is NULL. */
rp_code rp_crds_index_write(const rp_crds_catalog *catalog, const char *path, rp_error *err);

/* Lists all files, and hashes those that the index (may be NULL) does not know.  Two of one name are RP_E_MISMATCH.
 * Clear in every case. */
rp_code rp_crds_catalog_read(rp_crds_catalog *out, const char *crds_path, const char *observatory,
                             const rp_crds_index *index, const rp_log *log, rp_error *err);
void rp_crds_catalog_clear(rp_crds_catalog *catalog);
const rp_crds_file *rp_crds_catalog_find(const rp_crds_catalog *catalog, const char *name);

/* ---- contexts.c: compiled contexts, loaded when first asked for ---- */

typedef struct rp_crds_contexts rp_crds_contexts;

rp_code rp_crds_contexts_new(rp_crds_contexts **out, const char *crds_path, const char *observatory, const rp_log *log,
                             rp_error *err);
void rp_crds_contexts_free(rp_crds_contexts *contexts);
/* Give each back with rp_crds_contexts_release.  The name must be that of a mapping in the catalogue. */
rp_code rp_crds_contexts_take(rp_crds_contexts *contexts, const char *name, const rp_context **out, rp_error *err);
void rp_crds_contexts_release(rp_crds_contexts *contexts, const rp_context *context);

/* ---- state.c: server.json ---- */

typedef struct rp_crds_state {
    char *operational, *edit;
    json_t *history;   /* [[date, context, text] ...] in order of date */
    json_t *bad_files; /* [name ...] */
} rp_crds_state;

rp_code rp_crds_state_read(rp_crds_state *out, const char *crds_path, const char *observatory,
                           const rp_crds_catalog *catalog, rp_error *err);
void rp_crds_state_clear(rp_crds_state *state);

/* ---- the service ---- */

typedef struct rp_crds_service {
    const char *observatory;
    const rp_log *log;
    char *url; /* public, without a slash at its end */
    rp_crds_catalog catalog;
    rp_crds_contexts *contexts;
    rp_crds_state state;
    json_t *info;      /* answer of get_server_info */
    char *config_text; /* the same as a Python literal: server_config */
    char started[32];
} rp_crds_service;

/* service.c: everything but HTTP.  Clear in every case. */
rp_code rp_crds_service_open(rp_crds_service *out, const rp_refserver_options *options, const char *url, rp_error *err);
void rp_crds_service_clear(rp_crds_service *service);

/* info.c */
rp_code rp_crds_service_info(rp_crds_service *service, rp_error *err);

/* rpc.c: the answer to one call, whatever its body is; caller frees.  NULL without memory. */
char *rp_crds_service_call(rp_crds_service *service, const char *body, size_t size);

/* methods_*.c.  `parameters`: an array, as long as the method takes, with null for what was not given. */
typedef rp_code rp_crds_method(rp_crds_service *service, const json_t *parameters, json_t **result, rp_error *err);
rp_crds_method rp_crds_get_server_info, rp_crds_get_default_context, rp_crds_get_build_context,
    rp_crds_get_context_by_date, rp_crds_get_context_history, rp_crds_get_remote_context;
rp_crds_method rp_crds_list_mappings, rp_crds_list_references, rp_crds_get_file_info, rp_crds_get_file_info_map,
    rp_crds_get_url;
rp_crds_method rp_crds_get_mapping_names, rp_crds_get_reference_names, rp_crds_get_required_parkeys,
    rp_crds_get_best_references, rp_crds_get_best_references_by_header_map;

/* For methods: a parameter as text; RP_E_ARGUMENT names it when it is none.  Absent ones: `initial`, or an error. */
rp_code rp_crds_text(const json_t *parameters, size_t index, const char *name, const char *initial, const char **out,
                     rp_error *err);
/* The first parameter as observatory: only ours is served. */
rp_code rp_crds_check_observatory(const rp_crds_service *service, const json_t *parameters, size_t index,
                                  rp_error *err);

/* files.c: GET of mappings, references and configuration. */
extern const rp_http_route rp_crds_routes[];
extern const size_t rp_crds_nroutes;

#endif
