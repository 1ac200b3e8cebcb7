/* Lists of settings and the choice of reader: host/cli/settings.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/cli/settings.h"

enum { MAX_FILE_BYTES = 16 << 20 };

rp_code rp_settings_add(rp_settings *settings, const char *step, const char *name, const char *text, bool is_null,
                        rp_error *err)
{
    if (settings->n == settings->capacity) {
        const size_t capacity = 2 * settings->capacity + 16;
        rp_setting *grown = realloc(settings->item, capacity * sizeof *grown);
        if (!grown)
            return rp_fail(err, RP_E_MEMORY, "no memory for settings");
        settings->item = grown;
        settings->capacity = capacity;
    }
    rp_setting *item = &settings->item[settings->n];
    *item = (rp_setting){step ? strdup(step) : NULL, strdup(name), strdup(text), is_null};
    settings->n++;
    if (item->name && item->text && (item->step || !step))
        return RP_OK;
    return rp_fail(err, RP_E_MEMORY, "no memory for settings");
}

void rp_settings_clear(rp_settings *settings)
{
    for (size_t i = 0; i < settings->n; i++) {
        free(settings->item[i].step);
        free(settings->item[i].name);
        free(settings->item[i].text);
    }
    free(settings->item);
    *settings = (rp_settings){0};
}

void rp_pars_clear(rp_pars *pars)
{
    free(pars->class_name);
    free(pars->name);
    rp_settings_clear(&pars->settings);
    *pars = (rp_pars){0};
}

/* A file that does not name its step is named after itself. */
static rp_code default_name(rp_pars *pars, const char *path, rp_error *err)
{
    if (pars->name && pars->name[0] != '\0')
        return RP_OK;
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    const char *point = strrchr(base, '.');
    free(pars->name);
    pars->name = strndup(base, point && point > base ? (size_t)(point - base) : strlen(base));
    return pars->name ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the name in %s", path);
}

rp_code rp_pars_parse(rp_pars *out, const char *path, const char *bytes, size_t size, rp_error *err)
{
    const bool is_asdf = size >= 5 && memcmp(bytes, "#ASDF", 5) == 0;
    *out = (rp_pars){0};
    const rp_code code =
        is_asdf ? rp_pars_parse_asdf(out, path, bytes, size, err) : rp_pars_parse_cfg(out, path, bytes, size, 0, err);
    return code ? code : default_name(out, path, err);
}

rp_code rp_pars_read(rp_pars *out, const char *path, rp_error *err)
{
    char *bytes = NULL;
    size_t size = 0;
    *out = (rp_pars){0};
    rp_code code = rp_read_small_file(&bytes, &size, path, err);
    if (!code)
        code = rp_pars_parse(out, path, bytes, size, err);
    free(bytes);
    return code;
}

rp_code rp_read_small_file(char **bytes, size_t *size, const char *path, rp_error *err)
{
    *bytes = NULL;
    FILE *file = fopen(path, "rb");
    if (!file)
        return rp_fail_errno(err, RP_E_IO, "cannot open parameter file %s", path);
    rp_code code = RP_OK;
    struct stat status;
    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > MAX_FILE_BYTES) {
        code = rp_fail(err, RP_E_FORMAT, "%s is no parameter file: not a regular file of at most 16 MiB", path);
    } else {
        *bytes = malloc((size_t)status.st_size + 1);
        if (!*bytes)
            code = rp_fail(err, RP_E_MEMORY, "no memory to read %s", path);
    }
    if (!code) {
        *size = fread(*bytes, 1, (size_t)status.st_size, file);
        (*bytes)[*size] = '\0';
        if (ferror(file))
            code = rp_fail_errno(err, RP_E_IO, "cannot read parameter file %s", path);
    }
    (void)fclose(file);
    if (code) {
        free(*bytes);
        *bytes = NULL;
    }
    return code;
}
