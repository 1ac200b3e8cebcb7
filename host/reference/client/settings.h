/* What the environment says about CRDS: the variables of the Python client, with its meanings and defaults, so that one
 * cache and one set of variables serve both.  docs/references-crds.md lists them. */
#ifndef RP_HOST_REFERENCE_CLIENT_SETTINGS_H
#define RP_HOST_REFERENCE_CLIENT_SETTINGS_H

#include <stdbool.h>

#include "rampart/status.h"

typedef struct rp_crds_settings {
    char *observatory;                              /* "jwst" */
    char *server_url;                               /* without a slash at its end; NULL: serverless */
    char *mapping_dir;                              /* rules */
    char *reference_dir;                            /* reference files, or their instruments' folders */
    char *config_dir;                               /* server_config, bad_files.txt, ref_cache_subdir_mode */
    char *context;                                  /* CRDS_CONTEXT; NULL: the default */
    char *mapping_uri, *reference_uri, *config_uri; /* where these come from instead of the server; NULL */
    bool readonly;
    bool ignore_mapping_checksum;
    bool check_sha1, check_length;
    bool allow_bad_rules, allow_bad_references;
    bool remote; /* CRDS_MODE=remote: the server applies the rules */
    int tries;   /* of one transaction, at least 1 */
    int delay_s; /* between them */
    int timeout_s;
} rp_crds_settings;

typedef const char *rp_environment(const char *name); /* as getenv */

/* RP_E_ARGUMENT names the variable that makes no sense.  Clear in every case. */
rp_code rp_crds_settings_read(rp_crds_settings *out, rp_environment *get, rp_error *err);
void rp_crds_settings_clear(rp_crds_settings *settings);

/* getenv in this form. */
const char *rp_crds_getenv(const char *name);

#endif
