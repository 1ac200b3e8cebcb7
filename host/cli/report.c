/* Reports: host/cli/report.h. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/cli/cli.h"
#include "host/cli/report.h"

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void on_progress(void *payload, const char *stage, uint64_t done, uint64_t total)
{
    rp_console_progress(((rp_report *)payload)->console, stage, done, total);
}

/* A report that runs short of memory says less; the run goes on. */
static void add_step(rp_report *report, const char *name, const char *status, double seconds)
{
    rp_report_step *grown = realloc(report->step, (report->nsteps + 1) * sizeof *grown);
    if (!grown)
        return;
    report->step = grown;
    grown[report->nsteps++] = (rp_report_step){strdup(name), status ? strdup(status) : NULL, seconds};
}

static void on_step(void *payload, const char *name, const char *status, double seconds)
{
    add_step(payload, name, status, seconds);
}

static void on_stage(void *payload, const char *name, double seconds, uint64_t bytes)
{
    (void)bytes;
    add_step(payload, name, NULL, seconds);
}

static void on_product(void *payload, const char *suffix, const char *path, uint64_t bytes)
{
    rp_report *report = payload;
    (void)bytes;
    rp_report_product *grown = realloc(report->product, (report->nproducts + 1) * sizeof *grown);
    if (grown) {
        report->product = grown;
        grown[report->nproducts++] = (rp_report_product){strdup(suffix ? suffix : ""), strdup(path)};
    }
    rp_logf(rp_console_log(report->console), RP_INFO, "stpipe.step", "Saved model in %s", path);
}

void rp_report_begin(rp_report *report, rp_console *console, const char *input)
{
    *report = (rp_report){.console = console, .input = input, .seconds = now_s()};
    report->observer = (rp_observer){
        .payload = report, .progress = on_progress, .stage = on_stage, .step = on_step, .product = on_product};
}

void rp_report_end(rp_report *report, rp_code code, const rp_error *err)
{
    report->seconds = now_s() - report->seconds;
    report->code = code;
    report->message = code ? strdup(err->text) : NULL;
    rp_console_progress_end(report->console);
}

void rp_report_clear(rp_report *report)
{
    for (size_t i = 0; i < report->nsteps; i++) {
        free(report->step[i].name);
        free(report->step[i].status);
    }
    for (size_t i = 0; i < report->nproducts; i++) {
        free(report->product[i].suffix);
        free(report->product[i].path);
    }
    free(report->step);
    free(report->product);
    free(report->message);
    *report = (rp_report){0};
}

/* Text that is not UTF-8 (a path can be anything) becomes null rather than a broken object. */
static void put_text(json_t *object, const char *key, const char *text)
{
    json_t *value = text ? json_string(text) : NULL;
    (void)json_object_set_new(object, key, value ? value : json_null());
}

static json_t *steps_json(const rp_report *report, bool parts)
{
    json_t *list = json_array();
    for (size_t i = 0; i < report->nsteps; i++) {
        const rp_report_step *step = &report->step[i];
        if ((step->status == NULL) != parts)
            continue;
        json_t *item = json_object();
        put_text(item, "name", step->name);
        if (!parts)
            put_text(item, "status", step->status);
        (void)json_object_set_new(item, "seconds", json_real(step->seconds));
        (void)json_array_append_new(list, item);
    }
    return list;
}

void rp_report_json(const rp_report *report, FILE *out)
{
    json_t *object = json_object();
    put_text(object, "input", report->input);
    put_text(object, "status", report->code ? "failed" : "done");
    (void)json_object_set_new(object, "exit", json_integer(rp_exit_code(report->code)));
    if (report->code) {
        put_text(object, "error", rp_code_name(report->code));
        put_text(object, "message", report->message);
    }
    (void)json_object_set_new(object, "seconds", json_real(report->seconds));
    json_t *products = json_array();
    for (size_t i = 0; i < report->nproducts; i++) {
        json_t *item = json_object();
        put_text(item, "suffix", report->product[i].suffix);
        put_text(item, "path", report->product[i].path);
        (void)json_array_append_new(products, item);
    }
    (void)json_object_set_new(object, "products", products);
    (void)json_object_set_new(object, "steps", steps_json(report, false));
    (void)json_object_set_new(object, "parts", steps_json(report, true));
    if (json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(6)) == 0)
        (void)fputc('\n', out);
    (void)fflush(out);
    json_decref(object);
}
