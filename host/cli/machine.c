/* Choices that concern the machine: host/cli/machine.h. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "host/cli/machine.h"
#include "io/params_text.h"

static const size_t default_memory_bytes = (size_t)2 << 30;
static const size_t least_memory_bytes = (size_t)1 << 20;
enum { MOST_THREADS = 1024 };

bool rp_size_parse(const char *text, size_t *out)
{
    static const char units[] = "KMGT";
    char number[64];
    const size_t digits = strspn(text, "0123456789.");
    if (digits == 0 || digits >= sizeof number)
        return false;
    memcpy(number, text, digits);
    number[digits] = '\0';
    double value;
    if (!rp_text_float(number, &value))
        return false;
    const char *rest = text + digits;
    const char *unit = *rest ? strchr(units, toupper((unsigned char)*rest)) : NULL;
    if (unit) {
        for (const char *u = units; u <= unit; u++)
            value *= 1024.0;
        rest++;
        if (strcasecmp(rest, "iB") == 0)
            rest += 2;
    }
    if (strcasecmp(rest, "B") == 0)
        rest++;
    if (*rest != '\0' || value >= (double)(SIZE_MAX / 2))
        return false;
    *out = (size_t)value;
    return true;
}

static rp_code read_numbers(rp_machine *out, const rp_arguments *arguments, rp_error *err)
{
    long long number;
    const char *memory = rp_argument(arguments, "memory"), *threads = rp_argument(arguments, "threads"),
               *rows = rp_argument(arguments, "strip-rows");
    out->memory_bytes = default_memory_bytes;
    if (memory && (!rp_size_parse(memory, &out->memory_bytes) || out->memory_bytes < least_memory_bytes))
        return rp_fail(err, RP_E_ARGUMENT, "argument --memory: '%s' is not a size of at least 1M, as 500M or 2G",
                       memory);
    if (threads && (!rp_text_int(threads, &number) || number < 1 || number > MOST_THREADS))
        return rp_fail(err, RP_E_ARGUMENT, "argument --threads: '%s' is not a number from 1 to %d", threads,
                       MOST_THREADS);
    out->threads = threads ? (int)number : 0;
    if (rows && (!rp_text_int(rows, &number) || number < 1 || number > 1 << 20))
        return rp_fail(err, RP_E_ARGUMENT, "argument --strip-rows: '%s' is not a number of rows", rows);
    out->strip_rows = rows ? number : 0;
    return RP_OK;
}

static rp_code check_backend(const char *name, rp_error *err)
{
    static const char *const known[] = {"auto", "openmp", "opencl"};
    if (!name)
        return RP_OK;
    rp_nearest nearest = {.name = name};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, known[i]) == 0)
            return RP_OK;
        rp_nearest_try(&nearest, known[i]);
    }
    /* what follows the colon is the device's business: include/rampart/device.h */
    if ((strncmp(name, "opencl:", 7) == 0 || strncmp(name, "openmp:", 7) == 0) && name[7] != '\0')
        return RP_OK;
    return rp_fail(err, RP_E_ARGUMENT, "argument --backend: '%s' is not one of auto, openmp, opencl, opencl:N%s%s%s",
                   name, nearest.best ? " (did you mean " : "", nearest.best ? nearest.best : "",
                   nearest.best ? "?)" : "");
}

static rp_code check_checkpoint(const char *name, const rp_target *target, rp_error *err)
{
    if (!name)
        return RP_OK;
    const rp_step *steps[RP_TARGET_STEPS];
    const size_t n = rp_target_steps(target, steps);
    rp_nearest nearest = {.name = name};
    for (size_t i = 0; i < n; i++) {
        if (strcmp(steps[i]->name, name) == 0)
            return RP_OK;
        rp_nearest_try(&nearest, steps[i]->name);
    }
    return rp_fail(err, RP_E_ARGUMENT, "argument --checkpoint: %s has no step '%s'%s%s%s", rp_target_alias(target),
                   name, nearest.best ? " (did you mean " : "", nearest.best ? nearest.best : "",
                   nearest.best ? "?)" : "");
}

static rp_code check_folder(const char *path, rp_error *err)
{
    struct stat status;
    if (!path)
        return RP_OK;
    if (stat(path, &status) != 0)
        return rp_fail_errno(err, RP_E_ARGUMENT, "argument --refs: %s", path);
    return S_ISDIR(status.st_mode) ? RP_OK : rp_fail(err, RP_E_ARGUMENT, "argument --refs: %s is not a folder", path);
}

/* The environment variable that strun reads, with the values that it takes for true. */
static bool pars_disabled(const rp_arguments *arguments)
{
    static const char *const yes[] = {"true", "True", "t", "yes", "y"};
    const char *value = getenv("STPIPE_DISABLE_CRDS_STEPPARS");
    for (size_t i = 0; value && i < sizeof yes / sizeof *yes; i++)
        if (strcmp(value, yes[i]) == 0)
            return true;
    return rp_argument(arguments, "disable-crds-steppars") != NULL;
}

rp_code rp_machine_read(rp_machine *out, const rp_arguments *arguments, const rp_target *target, rp_error *err)
{
    *out = (rp_machine){
        .backend = rp_argument(arguments, "backend"),
        .refs_dir = rp_argument(arguments, "refs"),
        .intermediate = rp_argument(arguments, "intermediate"),
        .checkpoint = rp_argument(arguments, "checkpoint"),
        .resume = rp_argument(arguments, "resume"),
        .save_parameters = rp_argument(arguments, "save-parameters"),
        .durable = rp_argument(arguments, "durable") != NULL,
        .json = rp_argument(arguments, "json") != NULL,
        .dry_run = rp_argument(arguments, "dry-run") != NULL,
        .quiet = rp_argument(arguments, "quiet") != NULL,
        .no_reference_pars = pars_disabled(arguments),
    };
    rp_code code = read_numbers(out, arguments, err);
    if (!code)
        code = check_backend(out->backend, err);
    if (!code)
        code = check_checkpoint(out->checkpoint, target, err);
    if (!code)
        code = check_folder(out->refs_dir, err);
    if (!code && out->checkpoint && !out->intermediate)
        code = rp_fail(err, RP_E_ARGUMENT,
                       "argument --checkpoint: --intermediate FILE must say where the checkpoint goes");
    return code;
}
