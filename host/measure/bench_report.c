/* The benchmark's results as a table, as JSON lines and as a chart. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "host/measure/bench.h"

static double median_of(const double *values, size_t n)
{
    double *copy = malloc((n ? n : 1) * sizeof *copy);
    if (!copy)
        return rp_minimum(values, n);
    memcpy(copy, values, n * sizeof *copy);
    const double median = rp_median(copy, n);
    free(copy);
    return median;
}

/* Bytes that go through the program (files read and written) per second of its best run. */
static double throughput(const rp_bench *bench, const rp_series *series)
{
    return (bench->input_bytes + series->product_bytes) / rp_minimum(series->wall_s, series->nruns);
}

void rp_bench_print(const rp_bench *bench, FILE *out)
{
    (void)fprintf(out, "%s\n", bench->exposure);
    (void)fprintf(out,
                  "exposure and references %.1f MB; memory bandwidth with %d threads: copy %.1f, triad %.1f GB/s\n\n",
                  bench->input_bytes / 1e6, bench->stream.threads, bench->stream.copy_bytes_s / 1e9,
                  bench->stream.triad_bytes_s / 1e9);
    (void)fprintf(out, "%-12s %5s  %18s  %18s  %10s  %8s  %9s\n", "back end", "runs", "wall s min/median",
                  "CPU s min/median", "memory MiB", "GB/s", "of triad");
    for (size_t k = 0; k < bench->nseries; k++) {
        const rp_series *s = &bench->series[k];
        const double rate = throughput(bench, s);
        (void)fprintf(out, "%-12s %5zu  %8.3f / %7.3f  %8.3f / %7.3f  %10.1f  %8.2f  %8.1f%%\n", s->backend, s->nruns,
                      rp_minimum(s->wall_s, s->nruns), median_of(s->wall_s, s->nruns), rp_minimum(s->cpu_s, s->nruns),
                      median_of(s->cpu_s, s->nruns), rp_minimum(s->memory_bytes, s->nruns) / 1048576.0, rate / 1e9,
                      100.0 * rate / bench->stream.triad_bytes_s);
    }
    for (size_t k = 0; k < bench->nseries; k++) {
        const rp_series *s = &bench->series[k];
        if (s->nstages)
            (void)fprintf(out, "\nthread seconds of the fastest run on %s\n", s->backend);
        for (size_t i = 0; i < s->nstages; i++)
            (void)fprintf(out, "  %-24s %8.4f\n", s->stage[i].name, s->stage[i].seconds);
    }
}

static json_t *statistics(const double *values, size_t n)
{
    return json_pack("{s:f, s:f}", "min", rp_minimum(values, n), "median", median_of(values, n));
}

static void processor_name(char *out, size_t size)
{
    char line[256];
    (void)snprintf(out, size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strncmp(line, "model name", 10) == 0 ? strchr(line, ':') : NULL;
        if (!colon)
            continue;
        (void)snprintf(out, size, "%s", colon + 2);
        out[strcspn(out, "\n")] = '\0';
        break;
    }
    if (file)
        (void)fclose(file);
}

static json_t *series_json(const rp_bench *bench, const rp_series *s)
{
    char processor[128], date[32];
    struct utsname system;
    struct tm utc;
    const time_t now = time(NULL);
    processor_name(processor, sizeof processor);
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_t *stages = json_array();
    for (size_t i = 0; i < s->nstages; i++)
        (void)json_array_append_new(stages,
                                    json_pack("{s:s, s:f}", "name", s->stage[i].name, "seconds", s->stage[i].seconds));
    const char *slash = strrchr(bench->exposure, '/');
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:f, s:f, s:i, s:f, s:f, s:f, s:o}", "date",
                     date, "version", RP_VERSION, "processor", processor, "system",
                     uname(&system) == 0 ? system.release : "", "exposure", slash ? slash + 1 : bench->exposure,
                     "backend", s->backend, "runs", (json_int_t)s->nruns, "wall_s", statistics(s->wall_s, s->nruns),
                     "cpu_s", statistics(s->cpu_s, s->nruns), "peak_memory_bytes",
                     statistics(s->memory_bytes, s->nruns), "input_bytes", bench->input_bytes, "product_bytes",
                     s->product_bytes, "stream_threads", bench->stream.threads, "copy_bytes_s",
                     bench->stream.copy_bytes_s, "triad_bytes_s", bench->stream.triad_bytes_s, "share_of_triad",
                     throughput(bench, s) / bench->stream.triad_bytes_s, "stages", stages);
}

rp_code rp_bench_json(const rp_bench *bench, const char *path, rp_error *err)
{
    const bool to_stdout = strcmp(path, "-") == 0;
    FILE *file = to_stdout ? stdout : fopen(path, "a");
    if (!file)
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be written", path);
    bool good = true;
    for (size_t k = 0; k < bench->nseries; k++) {
        json_t *line = series_json(bench, &bench->series[k]);
        good = good && line && json_dumpf(line, file, JSON_COMPACT) == 0 && fputc('\n', file) != EOF;
        json_decref(line);
    }
    good = (to_stdout ? fflush(file) == 0 : fclose(file) == 0) && good;
    return good ? RP_OK : rp_fail(err, RP_E_IO, "%s: cannot be written", path);
}

/* One bar of every back end, in one group. */
static void fill_group(rp_bar_group *group, rp_bar *bars, const rp_bench *bench, const char *title, const char *format,
                       double (*value)(const rp_bench *, const rp_series *))
{
    (void)snprintf(group->title, sizeof group->title, "%s", title);
    group->bar = bars;
    group->nbars = bench->nseries;
    for (size_t k = 0; k < bench->nseries; k++) {
        bars[k].value = value(bench, &bench->series[k]);
        (void)snprintf(bars[k].label, sizeof bars[k].label, "%s", bench->series[k].backend);
        if (strcmp(format, "s") == 0)
            (void)snprintf(bars[k].note, sizeof bars[k].note, "%.3f s", bars[k].value);
        else
            (void)snprintf(bars[k].note, sizeof bars[k].note, "%.1f %s", bars[k].value, format);
    }
}

static double wall_s(const rp_bench *bench, const rp_series *s)
{
    (void)bench;
    return rp_minimum(s->wall_s, s->nruns);
}

static double cpu_s(const rp_bench *bench, const rp_series *s)
{
    (void)bench;
    return rp_minimum(s->cpu_s, s->nruns);
}

static double memory_mib(const rp_bench *bench, const rp_series *s)
{
    (void)bench;
    return rp_minimum(s->memory_bytes, s->nruns) / 1048576.0;
}

static double triad_percent(const rp_bench *bench, const rp_series *s)
{
    return 100.0 * throughput(bench, s) / bench->stream.triad_bytes_s;
}

rp_code rp_bench_plot(const rp_bench *bench, const char *path, rp_error *err)
{
    rp_bar bars[4][RP_BENCH_BACKENDS], stages[RP_BENCH_BACKENDS][RP_BENCH_STAGES];
    rp_bar_group groups[4 + RP_BENCH_BACKENDS] = {0};
    size_t n = 4;
    fill_group(&groups[0], bars[0], bench, "wall time, best run", "s", wall_s);
    fill_group(&groups[1], bars[1], bench, "processor time, best run", "s", cpu_s);
    fill_group(&groups[2], bars[2], bench, "peak memory", "MiB", memory_mib);
    fill_group(&groups[3], bars[3], bench, "files moved, share of memory bandwidth (triad)", "%", triad_percent);
    for (size_t k = 0; k < bench->nseries; k++) {
        const rp_series *s = &bench->series[k];
        if (s->nstages == 0)
            continue;
        (void)snprintf(groups[n].title, sizeof groups[n].title, "thread seconds on %s", s->backend);
        for (size_t i = 0; i < s->nstages; i++) {
            rp_bar *bar = &stages[k][i];
            bar->value = s->stage[i].seconds;
            (void)snprintf(bar->label, sizeof bar->label, "%s", s->stage[i].name);
            (void)snprintf(bar->note, sizeof bar->note, "%.4f s", bar->value);
        }
        groups[n].bar = stages[k];
        groups[n++].nbars = s->nstages;
    }
    const char *slash = strrchr(bench->exposure, '/');
    rp_picture picture;
    rp_code code = rp_chart_draw(&picture, slash ? slash + 1 : bench->exposure, groups, n, err);
    if (!code)
        code = rp_png_write(&picture, path, err);
    rp_picture_free(&picture);
    return code;
}
