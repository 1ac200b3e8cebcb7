/* Settings as they were written somewhere, before anybody knows what they mean; and the files that hold them. */
#ifndef RP_HOST_CLI_SETTINGS_H
#define RP_HOST_CLI_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "rampart/status.h"

/* One "name = text" of a step, or of the top when `step` is NULL. */
typedef struct rp_setting {
    char *step;
    char *name;
    char *text;   /* in strun's spelling */
    bool is_null; /* an ASDF null, which is not the text None */
} rp_setting;

typedef struct rp_settings {
    rp_setting *item; /* later ones win */
    size_t n, capacity;
} rp_settings;

/* Copies its texts. */
rp_code rp_settings_add(rp_settings *settings, const char *step, const char *name, const char *text, bool is_null,
                        rp_error *err);
void rp_settings_clear(rp_settings *settings);

/* A parameter file: what it configures, and how.  Texts are "" when the file does not say. */
typedef struct rp_pars {
    char *class_name;
    char *name; /* the file's, else the file name without extension */
    rp_settings settings;
} rp_pars;

/* Reads an ASDF or configobj file, told apart by content.  Clear in every case. */
rp_code rp_pars_read(rp_pars *out, const char *path, rp_error *err);
/* The same from memory; `path` names the file in messages, and its folder is that of included files. */
rp_code rp_pars_parse(rp_pars *out, const char *path, const char *bytes, size_t size, rp_error *err);
void rp_pars_clear(rp_pars *pars);

/* The readers behind them.  They add to `out`, which has been zeroed or read into before. */
rp_code rp_pars_parse_cfg(rp_pars *out, const char *path, const char *bytes, size_t size, int depth, rp_error *err);
rp_code rp_pars_parse_asdf(rp_pars *out, const char *path, const char *bytes, size_t size, rp_error *err);

/* Reads a small text file whole; *bytes is terminated; caller frees. */
rp_code rp_read_small_file(char **bytes, size_t *size, const char *path, rp_error *err);

#endif
