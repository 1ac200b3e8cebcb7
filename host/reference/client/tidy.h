/* Moving and removing files of the CRDS cache. */
#ifndef RP_HOST_REFERENCE_CLIENT_TIDY_H
#define RP_HOST_REFERENCE_CLIENT_TIDY_H

#include <jansson.h>

#include "host/reference/client/files.h"

/* Moves references to where `mode` wants them, and notes the mode.  Only on a cache that nobody uses meanwhile. */
rp_code rp_crds_organize(const rp_crds_settings *settings, rp_crds_mode mode, bool dry_run, const rp_log *log,
                         size_t *moved, rp_error *err);

/* Removes mappings, or references, whose names are not keys of `keep`. */
rp_code rp_crds_purge(const rp_crds_settings *settings, bool mappings, const json_t *keep, bool dry_run,
                      const rp_log *log, size_t *removed, rp_error *err);

#endif
