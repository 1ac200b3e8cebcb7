/* Log lines on a stream, in a file, and in the recorder: host/cli/console.h.  Line form: Python logging's default. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "host/cli/cfg.h"
#include "host/cli/console.h"
#include "host/cli/progress.h"
#include "host/cli/settings.h"
#include "io/params_text.h"

struct rp_console {
    pthread_mutex_t lock;
    rp_level level;
    rp_level stream_level;
    FILE *stream; /* NULL: none */
    FILE *file;
    rp_recorder *recorder;
    rp_progress progress;
    bool shows_progress;
    rp_log log;
};

static const struct {
    const char *name;
    rp_level level;
} levels[] = {{"DEBUG", RP_DEBUG}, {"INFO", RP_INFO},         {"WARNING", RP_WARNING}, {"WARN", RP_WARNING},
              {"ERROR", RP_ERROR}, {"CRITICAL", RP_CRITICAL}, {"FATAL", RP_CRITICAL}};

bool rp_level_parse(const char *text, rp_level *out)
{
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcasecmp(text, levels[i].name) == 0)
            return *out = levels[i].level, true;
    long long number;
    if (!rp_text_int(text, &number) || number < 0 || number > 1000)
        return false;
    *out = (rp_level)number;
    return true;
}

static const char *level_name(rp_level level)
{
    return level >= RP_CRITICAL  ? "CRITICAL"
           : level >= RP_ERROR   ? "ERROR"
           : level >= RP_WARNING ? "WARNING"
           : level >= RP_INFO    ? "INFO"
                                 : "DEBUG";
}

rp_console_options rp_console_defaults(void)
{
    return (rp_console_options){.level = RP_INFO, .stream = "stderr", .progress = true};
}

/* "2024-01-31 12:34:56,789": local time, as Python's asctime */
static void stamp(char out[64])
{
    struct timespec now;
    struct tm local;
    char seconds[32];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)localtime_r(&now.tv_sec, &local);
    (void)strftime(seconds, sizeof seconds, "%Y-%m-%d %H:%M:%S", &local);
    (void)snprintf(out, 64, "%s,%03d", seconds, (int)(now.tv_nsec / 1000000));
}

/* `record`: also for cal_logs. */
static void write_line(rp_console *console, rp_level level, const char *name, const char *text, bool record)
{
    if (level < console->level)
        return;
    char when[64];
    stamp(when);
    (void)pthread_mutex_lock(&console->lock);
    rp_progress_hide(&console->progress);
    FILE *const outs[] = {console->stream, console->file};
    for (size_t i = 0; i < 2; i++)
        if (outs[i] && (i == 1 || level >= console->stream_level)) {
            (void)fprintf(outs[i], "%s - %s - %s - %s\n", when, name, level_name(level), text);
            (void)fflush(outs[i]);
        }
    if (console->recorder && record)
        rp_recorder_add(console->recorder, level, name, text);
    rp_progress_show(&console->progress);
    (void)pthread_mutex_unlock(&console->lock);
}

static void take_line(void *payload, rp_level level, const char *name, const char *text)
{
    write_line(payload, level, name, text, true);
}

static rp_code pick_stream(FILE **out, const char *name, rp_error *err)
{
    *out = NULL;
    if (strcmp(name, "stdout") == 0)
        *out = stdout;
    else if (strcmp(name, "stderr") == 0)
        *out = stderr;
    else if (strcmp(name, "null") != 0)
        return rp_fail(err, RP_E_ARGUMENT, "log-stream: '%s' is not one of stdout, stderr, null", name);
    return RP_OK;
}

rp_code rp_console_open(rp_console **out, const rp_console_options *options, rp_error *err)
{
    *out = NULL;
    FILE *stream = NULL, *file = NULL;
    rp_code code = pick_stream(&stream, options->stream, err);
    if (!code && options->file) {
        file = fopen(options->file, options->append ? "a" : "w");
        if (!file)
            code = rp_fail_errno(err, RP_E_IO, "cannot write log file %s", options->file);
    }
    rp_console *console = code ? NULL : calloc(1, sizeof *console);
    if (!code && !console)
        code = rp_fail(err, RP_E_MEMORY, "no memory for the log");
    if (code) {
        if (file)
            (void)fclose(file);
        return code;
    }
    (void)pthread_mutex_init(&console->lock, NULL);
    console->level = options->level;
    console->stream_level = options->quiet && options->level < RP_ERROR ? RP_ERROR : options->level;
    console->stream = stream;
    console->file = file;
    console->log = (rp_log){take_line, console};
    console->shows_progress = options->progress;
    rp_progress_init(&console->progress, options->progress && isatty(STDERR_FILENO) ? stderr : NULL);
    *out = console;
    return RP_OK;
}

void rp_console_close(rp_console *console)
{
    if (!console)
        return;
    rp_progress_hide(&console->progress);
    if (console->file)
        (void)fclose(console->file);
    (void)pthread_mutex_destroy(&console->lock);
    free(console);
}

const rp_log *rp_console_log(rp_console *console)
{
    return &console->log;
}

void rp_console_record(rp_console *console, rp_recorder *recorder)
{
    (void)pthread_mutex_lock(&console->lock);
    console->recorder = recorder;
    (void)pthread_mutex_unlock(&console->lock);
}

void rp_console_progress(rp_console *console, const char *stage, uint64_t done, uint64_t total)
{
    char line[160] = "";
    if (!console->shows_progress)
        return;
    (void)pthread_mutex_lock(&console->lock);
    rp_progress_update(&console->progress, stage, done, total, line, sizeof line);
    (void)pthread_mutex_unlock(&console->lock);
    if (line[0] != '\0')
        write_line(console, RP_INFO, "rampart.progress", line, false);
}

void rp_console_progress_end(rp_console *console)
{
    (void)pthread_mutex_lock(&console->lock);
    rp_progress_reset(&console->progress);
    (void)pthread_mutex_unlock(&console->lock);
}

/* ---- stpipe-log.cfg ---- */

typedef struct logcfg {
    rp_console_options *options;
    char **handlers;
} logcfg;

static rp_code take_logcfg(void *payload, const rp_cfg_place *place, const char *key, const char *value, rp_error *err)
{
    const logcfg *cfg = payload;
    if (!key || place->depth != 1 || strcmp(place->section[0], "*") != 0)
        return RP_OK;
    if (strcmp(key, "level") == 0 && !rp_level_parse(value, &cfg->options->level))
        return rp_fail(err, RP_E_ARGUMENT, "level: '%s' is no log level", value);
    if (strcmp(key, "handler") == 0) {
        free(*cfg->handlers);
        *cfg->handlers = strdup(value);
        if (!*cfg->handlers)
            return rp_fail(err, RP_E_MEMORY, "no memory for the log");
    }
    return RP_OK;
}

/* "stderr, file:run.log": one stream and one file, wherever they stand */
static rp_code split_handlers(rp_console_options *options, char *handlers, rp_error *err)
{
    options->stream = "null";
    char *rest = handlers;
    for (char *item = strsep(&rest, ","); item; item = strsep(&rest, ",")) {
        item += strspn(item, " \t\"'");
        item[strcspn(item, " \t\"'")] = '\0';
        if (strncmp(item, "file:", 5) == 0 || strncmp(item, "append:", 7) == 0) {
            options->append = item[0] == 'a';
            options->file = strchr(item, ':') + 1;
        } else if (strcmp(item, "stdout") == 0 || strcmp(item, "stderr") == 0) {
            options->stream = item;
        } else if (strcmp(item, "null") != 0) {
            return rp_fail(err, RP_E_ARGUMENT,
                           "handler: '%s' is not one of stdout, stderr, null, file:NAME, append:NAME", item);
        }
    }
    return RP_OK;
}

rp_code rp_console_read_logcfg(rp_console_options *options, char **handlers, const char *path, rp_error *err)
{
    char *bytes = NULL;
    size_t size = 0;
    *handlers = NULL;
    logcfg cfg = {options, handlers};
    rp_code code = rp_read_small_file(&bytes, &size, path, err);
    if (!code)
        code = rp_cfg_parse(bytes, size, path, take_logcfg, &cfg, err);
    if (!code && *handlers)
        code = split_handlers(options, *handlers, err);
    free(bytes);
    return code;
}
