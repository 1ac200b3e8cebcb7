/* rampart run TARGET INPUT... [options]: docs/cli.md. */
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/cli/help.h"
#include "host/cli/report.h"
#include "host/cli/session.h"
#include "host/cli/signals.h"

static bool has_argument(int argc, char **argv, const char *text)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], text) == 0)
            return true;
    return false;
}

/* ---- one input ---- */

/* Lines that strun logs when a step is made and started. */
static void log_start(const rp_session *session, const rp_plan *plan, const char *input)
{
    const rp_log *log = rp_console_log(session->console);
    rp_logf(log, RP_INFO, "stpipe.step", "%s instance created.", rp_class_last(rp_target_class(&plan->target)));
    for (size_t i = 0; i < plan->nsteps && plan->target.pipeline; i++)
        rp_logf(log, RP_INFO, "stpipe.step", "%s instance created.", rp_class_last(plan->step[i].step->class_name));
    rp_logf(log, RP_INFO, "stpipe.step", "Step %s running with args ('%s',).", plan->name, input);
    char *text = rp_plan_text(plan);
    if (text) { /* longer than rp_logf's lines */
        char *line = NULL;
        if (asprintf(&line, "Step %s parameters are:%s", plan->name, text) >= 0)
            log->line(log->payload, RP_INFO, "stpipe.step", line);
        free(line);
    }
    free(text);
    for (size_t i = 0; i < plan->noverrides; i++)
        rp_logf(log, RP_INFO, "stpipe.pipeline", "Override for %s reference file of %s is '%s'.",
                plan->override[i].reftype, plan->override[i].step, plan->override[i].path);
}

static rp_code save_parameters(rp_session *session, const rp_plan *plan, rp_error *err)
{
    const char *path = session->machine.save_parameters;
    if (!path || session->parameters_saved)
        return RP_OK;
    const rp_code code = rp_plan_save(plan, path, err);
    session->parameters_saved = true;
    if (!code)
        rp_logf(rp_console_log(session->console), RP_INFO, "stpipe.cmdline", "Step/Pipeline parameters saved to '%s'",
                path);
    return code;
}

/* Is a product named after an earlier one, and so depends on the order of steps? */
static bool names_need_instrument(const rp_plan *plan)
{
    for (size_t i = 0; i < plan->nsteps && plan->target.pipeline; i++) {
        const rp_value *fitopt = rp_values_find(plan->values[i], "save_opt");
        if (rp_values_bool(plan->values[i], "output_use_model") ||
            !rp_values_bool(plan->values[i], "search_output_file") || (fitopt && fitopt->b))
            return true;
    }
    return plan->target.pipeline &&
           (rp_values_bool(plan->top, "output_use_model") || !rp_values_bool(plan->top, "search_output_file"));
}

/* The plan depends on the metadata only through pars-* references. */
static rp_code plan_input(rp_session *session, rp_plan *plan, const char *input, char **path, rp_exposure **exposure,
                          rp_error *err)
{
    rp_code code = rp_session_plan(session, plan, input, NULL, err);
    if (!code)
        code = rp_session_input_path(plan, input, path, err);
    const bool wants_meta = rp_session_wants_pars(session);
    if (code || (!wants_meta && !session->machine.dry_run && !names_need_instrument(plan)))
        return code;
    code = rp_exposure_open(exposure, *path, NULL, rp_console_log(session->console), err);
    if (code || !wants_meta)
        return code;
    rp_plan_clear(plan);
    return rp_session_plan(session, plan, input, (*exposure)->meta, err);
}

static rp_code run_request(rp_session *session, rp_request *request, const rp_plan *plan, const char *input,
                           rp_error *err)
{
    rp_recorder *recorder = NULL;
    const rp_log *log = rp_console_log(session->console);
    rp_code code = rp_recorder_new(&recorder, err);
    if (code)
        return code;
    rp_console_record(session->console, recorder);
    request->recorder = recorder;
    log_start(session, plan, input);
    code = rp_pipeline_run(request, err);
    if (!code) {
        rp_logf(log, RP_INFO, "stpipe.step", "Step %s done", plan->name);
        rp_logf(log, RP_INFO, "rampart", "Results used rampart version: %s", RP_VERSION);
    }
    rp_console_record(session->console, NULL);
    rp_recorder_free(recorder);
    return code;
}

static rp_code run_input(rp_session *session, const char *input, const volatile sig_atomic_t *cancel,
                         const rp_observer *observer, rp_error *err)
{
    rp_plan plan = {0};
    rp_exposure *exposure = NULL;
    char *path = NULL;
    rp_request request;
    rp_code code = plan_input(session, &plan, input, &path, &exposure, err);
    if (!code)
        code = save_parameters(session, &plan, err);
    if (!code) {
        rp_session_request(session, &plan, path, &request);
        request.instrument = exposure ? rp_meta_get_string(exposure->meta, "INSTRUME") : NULL;
        request.observer = observer;
        request.kept_device = &session->device;
        request.cancel = cancel;
    }
    if (!code && session->machine.dry_run)
        code = rp_session_dry_run(session, &request, exposure, err);
    if (!code && !session->machine.dry_run)
        code = run_request(session, &request, &plan, input, err);
    rp_exposure_close(exposure);
    free(path);
    rp_plan_clear(&plan);
    return code;
}

/* ---- all inputs ---- */

static void print_summary(const rp_session *session, size_t failed)
{
    const size_t n = session->arguments.ninputs;
    if (n > 1 && !session->machine.quiet && !session->machine.json)
        (void)fprintf(stderr, "%zu inputs: %zu done, %zu failed\n", n, n - failed, failed);
}

/* The exit code of several inputs is that of the failure they share, else 1. */
static int merge_exit(int so_far, int next)
{
    return next == RP_EXIT_OK || so_far == next ? so_far : so_far == RP_EXIT_OK ? next : RP_EXIT_FAILED;
}

static int run_inputs(rp_session *session)
{
    const volatile sig_atomic_t *cancel = rp_signals_catch();
    int exit_code = RP_EXIT_OK;
    size_t failed = 0;
    for (size_t i = 0; i < session->arguments.ninputs; i++) {
        rp_report report;
        rp_error err = {0};
        const char *input = session->arguments.input[i];
        rp_report_begin(&report, session->console, input);
        const rp_code code = *cancel ? rp_fail(&err, RP_E_INTERRUPTED, "%s: not started", input)
                                     : run_input(session, input, cancel, &report.observer, &err);
        rp_report_end(&report, code, &err);
        if (session->machine.json && !(session->machine.dry_run && !code))
            rp_report_json(&report, stdout);
        if (code) {
            failed++;
            (void)rp_cli_error("run", err.text, 0);
        }
        rp_report_clear(&report);
        exit_code = merge_exit(exit_code, rp_exit_code(code));
    }
    print_summary(session, failed);
    return *cancel && exit_code != RP_EXIT_OK ? 128 + (int)*cancel : exit_code;
}

/* ---- checks before the first input ---- */

static bool names_output(const rp_values *values)
{
    return rp_values_string(values, "output_file") != NULL;
}

/* What would let several inputs overwrite each other. */
static rp_code check_several(const rp_session *session, const rp_plan *plan, rp_error *err)
{
    const size_t n = session->arguments.ninputs;
    bool named = names_output(rp_plan_top(plan));
    for (size_t i = 0; i < plan->nsteps; i++)
        named = named || names_output(plan->values[i]);
    if (n > 1 && named)
        return rp_fail(err, RP_E_ARGUMENT, "output_file names the products of one input, but there are %zu", n);
    if (n > 1 && (session->machine.intermediate || session->machine.resume))
        return rp_fail(err, RP_E_ARGUMENT, "--intermediate and --resume go with one input, but there are %zu", n);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(basename(session->arguments.input[i]), basename(session->arguments.input[k])) == 0)
                return rp_fail(err, RP_E_ARGUMENT,
                               "%s and %s would leave products of the same names: run them apart, with an "
                               "--output_dir each",
                               session->arguments.input[k], session->arguments.input[i]);
    return RP_OK;
}

static int run_session(rp_session *session)
{
    rp_error err = {0};
    rp_code code = rp_machine_read(&session->machine, &session->arguments, &session->target, &err);
    if (code)
        return rp_cli_usage_error("run", err.text);
    code = rp_session_log(session, &err);
    if (code)
        return rp_cli_error("run", err.text, RP_EXIT_FAILED);
    rp_plan plan = {0};
    code = rp_session_refs(session, rp_signals_catch(), &err);
    if (!code)
        code = rp_session_plan(session, &plan, NULL, NULL, &err);
    int exit_code = code ? rp_cli_error("run", err.text, RP_EXIT_FAILED) : RP_EXIT_OK;
    if (!code) {
        code = check_several(session, &plan, &err);
        if (code)
            exit_code = rp_cli_usage_error("run", err.text);
    }
    if (!code && session->arguments.ninputs == 0) {
        code = save_parameters(session, &plan, &err);
        if (code)
            exit_code = rp_cli_error("run", err.text, RP_EXIT_FAILED);
        else if (!session->machine.save_parameters)
            exit_code = rp_cli_error("run", "no input: give at least one file to calibrate", RP_EXIT_FAILED);
    }
    rp_plan_clear(&plan);
    return code || session->arguments.ninputs == 0 ? exit_code : run_inputs(session);
}

static int run_target(rp_session *session, int argc, char **argv, int target)
{
    rp_error err = {0};
    if (rp_session_target(session, argv[target], &err))
        return rp_cli_error("run", err.text, RP_EXIT_FAILED);
    if (rp_options_of(&session->options, &session->noptions, &session->target, &err))
        return rp_cli_error("run", err.text, RP_EXIT_FAILED);
    if (rp_arguments_read(&session->arguments, argc, argv, target, session->options, session->noptions, &err))
        return rp_cli_usage_error("run", err.text);
    if (rp_argument(&session->arguments, "help")) {
        rp_help_target(stdout, &session->target, session->options, session->noptions);
        return RP_EXIT_OK;
    }
    return run_session(session);
}

int rp_verb_run(int argc, char **argv)
{
    if (has_argument(argc, argv, "--version")) {
        rp_cli_print_version(stdout);
        return RP_EXIT_OK;
    }
    const int target = rp_arguments_find_target(argc, argv);
    if (target < 0) {
        if (!has_argument(argc, argv, "--help") && !has_argument(argc, argv, "-h"))
            return rp_cli_usage_error("run", "a pipeline, a step or a parameter file must be named");
        rp_help_run(stdout);
        return RP_EXIT_OK;
    }
    rp_session session = {0};
    const int exit_code = run_target(&session, argc, argv, target);
    rp_session_clear(&session);
    return exit_code;
}
