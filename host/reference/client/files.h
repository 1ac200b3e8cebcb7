/* The CRDS cache as files: where each one belongs, how it is put there, and who may write it now.
 *
 * Folders, the file that tells flat from instrument mode, lock files and temporary names are those of the Python client
 * (crds 14.0.3), so that both can work on one cache at the same time. */
#ifndef RP_HOST_REFERENCE_CLIENT_FILES_H
#define RP_HOST_REFERENCE_CLIENT_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "host/reference/client/settings.h"
#include "rampart/log.h"

/* A plain name of a rules or reference file: no path can be made from anything else. */
bool rp_crds_is_name(const char *name);
bool rp_crds_is_mapping(const char *name); /* .pmap, .imap, .rmap */

typedef enum rp_crds_mode { RP_CRDS_INSTRUMENT, RP_CRDS_FLAT } rp_crds_mode;

/* How references lie: what ref_cache_subdir_mode says; without that file more than 20 entries in the folder mean flat,
 * and the answer is written down where the cache can be written. */
rp_code rp_crds_mode_read(rp_crds_mode *out, const rp_crds_settings *settings, rp_error *err);
rp_code rp_crds_mode_write(rp_crds_mode mode, const rp_crds_settings *settings, rp_error *err);

/* Where a file is, or belongs.  `instrument`: of the exposure or catalogue, for references whose name does not say it;
 * may be NULL.  Caller frees *path. */
rp_code rp_crds_locate(char **path, const rp_crds_settings *settings, const char *name, const char *instrument,
                       rp_error *err);

/* Where a reference belongs in a cache of this mode, whether it is there or not. */
rp_code rp_crds_place(char **path, const rp_crds_settings *settings, const char *name, rp_crds_mode mode,
                      rp_error *err);

/* The folders in front of the last slash. */
rp_code rp_crds_make_folders(const char *path, rp_error *err);

/* Replaces a small file at once: readers see the old one or the new one. */
rp_code rp_crds_write(const char *path, const char *text, size_t size, rp_error *err);

/* Reads a file whole; *text is terminated; caller frees. */
rp_code rp_crds_read(char **text, size_t *size, const char *path, rp_error *err);

/* The lock of one cached file: flock on "<path>.lock", removed afterwards. */
typedef struct rp_crds_lock {
    int fd;
    char *path;
} rp_crds_lock;

/* Waits while another process holds it, at most seconds (RP_E_IO). */
rp_code rp_crds_lock_take(rp_crds_lock *out, const char *path, int seconds, rp_error *err);
void rp_crds_lock_release(rp_crds_lock *lock);

#endif
