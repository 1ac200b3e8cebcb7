/* From arguments to plans and requests: host/cli/session.h. */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/cli/session.h"
#include "io/params_text.h"
#include "rampart/reference.h"

static bool is_file(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

rp_code rp_session_target(rp_session *session, const char *name, rp_error *err)
{
    if (!is_file(name))
        return rp_target_find(&session->target, name, err);
    session->pars_path = name;
    rp_code code = rp_pars_read(&session->pars, name, err);
    if (code)
        return code;
    const char *class_name = session->pars.class_name;
    if (!class_name || class_name[0] == '\0')
        return rp_fail(err, RP_E_FORMAT, "%s names no class: it is not a parameter file of a pipeline or step", name);
    code = rp_target_find(&session->target, class_name, err);
    if (code)
        rp_error_prefix(err, "%s", name);
    return code;
}

void rp_session_clear(rp_session *session)
{
    rp_device_close(session->device);
    rp_bestrefs_free(session->refs);
    rp_pars_clear(&session->pars);
    rp_arguments_clear(&session->arguments);
    rp_console_close(session->console);
    free(session->options);
    free(session->log_handlers);
    *session = (rp_session){0};
}

/* ---- log ---- */

rp_code rp_session_log(rp_session *session, rp_error *err)
{
    const rp_arguments *arguments = &session->arguments;
    const char *level = rp_argument(arguments, "log-level"), *file = rp_argument(arguments, "log-file"),
               *stream = rp_argument(arguments, "log-stream"), *logcfg = rp_argument(arguments, "logcfg");
    const bool verbose = rp_argument(arguments, "verbose") || rp_argument(arguments, "debug");
    rp_console_options options = rp_console_defaults();
    /* as strun: any of the newer options makes the file count for nothing */
    if (logcfg && !verbose && !level && !file && !stream) {
        const rp_code code = rp_console_read_logcfg(&options, &session->log_handlers, logcfg, err);
        if (code)
            return code;
    }
    if (verbose)
        options.level = RP_DEBUG;
    else if (level && !rp_level_parse(level, &options.level))
        return rp_fail(err, RP_E_ARGUMENT, "log-level: '%s' is not one of DEBUG, INFO, WARNING, ERROR, CRITICAL",
                       level);
    if (stream)
        options.stream = stream;
    if (file)
        options.file = file;
    options.quiet = session->machine.quiet;
    options.progress = !session->machine.quiet && !session->machine.dry_run && strcmp(options.stream, "null") != 0;
    return rp_console_open(&session->console, &options, err);
}

/* ---- pars-* references ---- */

rp_code rp_session_refs(rp_session *session, const volatile sig_atomic_t *cancel, rp_error *err)
{
    return rp_bestrefs_configured() ? rp_bestrefs_new(&session->refs, rp_console_log(session->console), cancel, err)
                                    : RP_OK;
}

bool rp_session_wants_pars(const rp_session *session)
{
    return (session->machine.refs_dir || session->refs) && !session->machine.no_reference_pars;
}

/* Parameter references are ASDF files: a folder without any need not be searched once for each step. */
static bool holds_asdf(const char *folder)
{
    DIR *dir = opendir(folder);
    bool found = false;
    for (const struct dirent *entry; dir && !found && (entry = readdir(dir));) {
        const size_t length = strlen(entry->d_name);
        found = length > 5 && strcmp(entry->d_name + length - 5, ".asdf") == 0;
    }
    if (dir)
        (void)closedir(dir);
    return found;
}

/* From the folder of --refs, else by rules; *path NULL when there is none. */
static rp_code find_reference_pars(const rp_session *session, const char *type, const rp_meta *meta, char **path,
                                   rp_error *err)
{
    const char *folder = session->machine.refs_dir;
    rp_code code = RP_OK;
    *path = NULL;
    if (folder && holds_asdf(folder))
        code = rp_reference_choose(path, folder, type, meta, err);
    if (!code && !*path && session->refs)
        code = rp_bestrefs_find(session->refs, meta, type, path, err);
    if (*path && strcmp(*path, "N/A") == 0) {
        free(*path);
        *path = NULL;
    }
    return code;
}

/* Finds and reads the parameter reference of a class.  None, or one that cannot be chosen, is no error: as in the
 * reference pipeline, the run goes on without it. */
static rp_code read_reference_pars(const rp_session *session, const char *class_name, const rp_meta *meta, rp_pars *out,
                                   bool *found, rp_error *err)
{
    char type[96], *path = NULL;
    rp_error ignored = {0};
    *found = false;
    (void)snprintf(type, sizeof type, "pars-%s", rp_class_last(class_name));
    for (char *p = type; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    const rp_code missing = find_reference_pars(session, type, meta, &path, &ignored);
    if (missing == RP_E_INTERRUPTED)
        return rp_fail(err, missing, "%s", ignored.text);
    if (missing || !path) {
        rp_logf(rp_console_log(session->console), RP_DEBUG, "stpipe.step", "%s: No parameters found%s%s", type,
                missing ? ": " : "", missing ? ignored.text : "");
        return RP_OK;
    }
    rp_logf(rp_console_log(session->console), RP_INFO, "stpipe.step", "%s parameters found: %s", type, path);
    const rp_code code = rp_pars_read(out, path, err);
    *found = !code;
    free(path);
    return code;
}

static rp_code apply_reference_pars(const rp_session *session, rp_plan *plan, const char *step, const char *class_name,
                                    const rp_meta *meta, rp_error *err)
{
    rp_pars pars = {0};
    rp_settings settings = {0};
    bool found = false;
    rp_code code = read_reference_pars(session, class_name, meta, &pars, &found, err);
    for (size_t i = 0; found && i < pars.settings.n && !code; i++) {
        const rp_setting *item = &pars.settings.item[i];
        code = rp_settings_add(&settings, item->step ? item->step : step, item->name, item->text, item->is_null, err);
    }
    if (!code)
        code = rp_plan_apply(plan, &settings, RP_FROM_REFERENCE, err);
    rp_settings_clear(&settings);
    rp_pars_clear(&pars);
    return code;
}

static rp_code apply_all_reference_pars(const rp_session *session, rp_plan *plan, const rp_meta *meta, rp_error *err)
{
    rp_code code = RP_OK;
    if (!meta || !rp_session_wants_pars(session))
        return RP_OK;
    for (size_t i = 0; i < plan->nsteps && !code && plan->target.pipeline; i++)
        code = apply_reference_pars(session, plan, plan->step[i].step->name, plan->step[i].step->class_name, meta, err);
    return code ? code : apply_reference_pars(session, plan, NULL, rp_target_class(&plan->target), meta, err);
}

/* ---- plan and request ---- */

rp_code rp_session_plan(const rp_session *session, rp_plan *plan, const char *input, const rp_meta *meta, rp_error *err)
{
    rp_code code = rp_plan_new(plan, &session->target, session->pars.name, err);
    if (!code)
        code = apply_all_reference_pars(session, plan, meta, err);
    if (!code) {
        code = rp_plan_apply(plan, &session->pars.settings, RP_FROM_FILE, err);
        if (code)
            rp_error_prefix(err, "%s", session->pars_path);
    }
    if (!code)
        code = rp_plan_apply(plan, &session->arguments.settings, RP_FROM_COMMAND, err);
    return code || !input ? code : rp_plan_set_input(plan, input, err);
}

rp_code rp_session_input_path(const rp_plan *plan, const char *input, char **path, rp_error *err)
{
    const rp_value *folder = rp_values_find(rp_plan_top(plan), "input_dir");
    const bool applies = !strchr(input, '/') && !folder->is_none && folder->s[0] != '\0' &&
                         (folder->origin == RP_FROM_COMMAND || !is_file(input));
    *path = NULL;
    if (applies && asprintf(path, "%s/%s", folder->s, input) < 0)
        *path = NULL;
    if (!applies)
        *path = strdup(input);
    return *path ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the path of %s", input);
}

void rp_session_request(const rp_session *session, const rp_plan *plan, const char *input_path, rp_request *out)
{
    const rp_machine *machine = &session->machine;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    *out = (rp_request){
        .input_path = input_path,
        .refs_dir = machine->refs_dir,
        .refs = session->refs,
        .save_top = true,
        .durable = machine->durable,
        .intermediate_path = machine->intermediate,
        .checkpoint_step = machine->checkpoint,
        .resume_path = machine->resume,
        .device = {.backend = machine->backend, .threads = machine->threads, .log = rp_console_log(session->console)},
        .memory_bytes = machine->memory_bytes,
        .strip_rows = machine->strip_rows,
        .log = rp_console_log(session->console),
    };
    rp_plan_request(plan, out);
    if (out->device.threads == 0)
        out->device.threads = rp_plan_threads(plan, cores > 0 ? (int)cores : 1);
}
