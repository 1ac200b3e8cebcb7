/* The mappings of a folder. */
#ifndef RP_HOST_REFERENCE_CRDS_FOLDER_H
#define RP_HOST_REFERENCE_CRDS_FOLDER_H

#include "host/reference/crds/memory.h"
#include "rampart/context.h"

/* Names of the .pmap, .imap and .rmap files of CRDS_PATH/mappings/<observatory>, sorted; they lie in the arena. */
rp_code rp_folder_mappings(rp_names *out, rp_arena *arena, const char *crds_path, const char *observatory,
                           rp_error *err);

/* Mappings of the folder that lead to a file: rmaps that name a reference, imaps that name these, pmaps that name
 * those. Sorted.  Mappings that cannot be read are warnings to `log`. */
rp_code rp_folder_users(rp_names *out, rp_arena *arena, const char *crds_path, const char *observatory,
                        const char *file, const rp_log *log, rp_error *err);

#endif
