/* Runs of the benchmark.  Everything heavy happens in child processes: a child's peak memory is never reported smaller
 * than its parent's, so the parent stays small. */
#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/measure/bench.h"

enum { MAX_ARGUMENTS = 64 };

/* Runs the program itself; a child that fails is an error that shows the end of what it said. */
static rp_code run_self(const rp_bench *bench, char **arguments, rp_child *child, rp_error *err)
{
    char log[RP_BENCH_PATH + 16];
    (void)snprintf(log, sizeof log, "%s/bench.log", bench->folder);
    rp_code code = rp_child_run(child, arguments, log, err);
    if (code || child->exit_code == 0)
        return code;
    char tail[400] = "";
    FILE *file = fopen(log, "r");
    if (file) {
        if (fseek(file, -(long)(sizeof tail - 1), SEEK_END) != 0)
            rewind(file);
        tail[fread(tail, 1, sizeof tail - 1, file)] = '\0';
        (void)fclose(file);
    }
    for (char *c = tail; *c; c++)
        *c = (char)(*c == '\n' ? ' ' : *c);
    code = rp_fail(err, RP_E_INTERNAL, "'rampart %s' ended with exit code %d: ... %s", arguments[1], child->exit_code,
                   tail);
    rp_child_clear(child);
    return code;
}

static rp_code make_folder(const char *path, rp_error *err)
{
    struct stat info;
    if (mkdir(path, 0777) == 0 || (stat(path, &info) == 0 && S_ISDIR(info.st_mode)))
        return RP_OK;
    return rp_fail_errno(err, RP_E_IO, "%s: cannot make this folder", path);
}

static rp_code add_series(rp_bench *bench, const char *backend, rp_error *err)
{
    if (bench->nseries == RP_BENCH_BACKENDS)
        return rp_fail(err, RP_E_ARGUMENT, "more than %d back ends", RP_BENCH_BACKENDS);
    rp_series *series = &bench->series[bench->nseries++];
    (void)snprintf(series->backend, sizeof series->backend, "%s", backend);
    series->wall_s = calloc(bench->repeat, sizeof *series->wall_s);
    series->cpu_s = calloc(bench->repeat, sizeof *series->cpu_s);
    series->memory_bytes = calloc(bench->repeat, sizeof *series->memory_bytes);
    if (!series->wall_s || !series->cpu_s || !series->memory_bytes)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu runs", bench->repeat);
    return RP_OK;
}

static rp_code add_all_devices(rp_bench *bench, rp_error *err)
{
    rp_child child;
    char *arguments[] = {bench->self, "devices", "--json", NULL};
    rp_code code = run_self(bench, arguments, &child, err);
    if (code)
        return code;
    json_t *list = json_loads(child.output, 0, NULL), *item;
    size_t k;
    json_array_foreach(list, k, item)
    {
        const char *name = json_string_value(json_object_get(item, "backend"));
        if (name && !code)
            code = add_series(bench, name, err);
    }
    json_decref(list);
    rp_child_clear(&child);
    if (!code && bench->nseries == 0)
        code = rp_fail(err, RP_E_DEVICE, "no device was found");
    return code;
}

rp_code rp_bench_backends(rp_bench *bench, const char *names, rp_error *err)
{
    rp_code code = make_folder(bench->folder, err);
    if (code || strcmp(names, "all") == 0)
        return code ? code : add_all_devices(bench, err);
    char list[256];
    if ((size_t)snprintf(list, sizeof list, "%s", names) >= sizeof list)
        return rp_fail(err, RP_E_ARGUMENT, "too many back ends");
    for (char *save = NULL, *name = strtok_r(list, ",", &save); name && !code; name = strtok_r(NULL, ",", &save))
        code = add_series(bench, name, err);
    return code ? code : bench->nseries ? RP_OK : rp_fail(err, RP_E_ARGUMENT, "no back end is named");
}

/* Total size of the files that match; the first of them in `first` (NULL: not wanted). */
static double matching_bytes(const char *folder, const char *pattern, const char *without, char *first)
{
    char path[RP_BENCH_PATH + 64];
    glob_t found;
    double bytes = 0.0;
    (void)snprintf(path, sizeof path, "%s/%s", folder, pattern);
    if (glob(path, 0, NULL, &found) != 0)
        return 0.0;
    for (size_t k = 0; k < found.gl_pathc; k++) {
        struct stat info;
        if ((without && strstr(found.gl_pathv[k], without)) || stat(found.gl_pathv[k], &info) != 0)
            continue;
        if (first && !*first)
            (void)snprintf(first, RP_BENCH_PATH, "%s", found.gl_pathv[k]);
        bytes += (double)info.st_size;
    }
    globfree(&found);
    return bytes;
}

static rp_code simulate(rp_bench *bench, rp_error *err)
{
    char *arguments[MAX_ARGUMENTS] = {bench->self, "simulate",    (char *)bench->instrument,
                                      "-o",        bench->folder, "--no-truth"};
    size_t n = 6;
    const struct {
        const char *option, *value;
    } further[] = {{"--size", bench->size}, {"--ngroups", bench->ngroups}, {"--nints", bench->nints}};
    for (size_t k = 0; k < sizeof further / sizeof *further; k++) {
        if (further[k].value) {
            arguments[n++] = (char *)further[k].option;
            arguments[n++] = (char *)further[k].value;
        }
    }
    rp_child child;
    const rp_code code = run_self(bench, arguments, &child, err);
    if (!code)
        rp_child_clear(&child);
    return code;
}

rp_code rp_bench_prepare(rp_bench *bench, rp_error *err)
{
    rp_code code = make_folder(bench->folder, err);
    (void)matching_bytes(bench->folder, "*_uncal.fits", NULL, bench->exposure);
    if (!code && !*bench->exposure) {
        code = simulate(bench, err);
        (void)matching_bytes(bench->folder, "*_uncal.fits", NULL, bench->exposure);
    }
    if (code)
        return code;
    struct stat info;
    if (!*bench->exposure || stat(bench->exposure, &info) != 0)
        return rp_fail(err, RP_E_MISSING, "%s: no exposure (*_uncal.fits) here", bench->folder);
    bench->input_bytes = (double)info.st_size + matching_bytes(bench->folder, "jwst_*.fits", NULL, NULL);
    for (size_t k = 0; k < bench->nseries && !code; k++) {
        rp_series *series = &bench->series[k];
        const int n =
            snprintf(series->products, sizeof series->products, "%s/bench-%s", bench->folder, series->backend);
        if (n < 0 || (size_t)n >= sizeof series->products)
            code = rp_fail(err, RP_E_ARGUMENT, "%s: the path is too long", bench->folder);
        else
            code = make_folder(series->products, err);
    }
    return code;
}

/* Whatever the report calls its parts: lists of objects with a name and seconds. */
static void read_stages(rp_series *series, const char *output)
{
    static const char *const lists[] = {"stages", "steps", "parts"};
    json_t *report = json_loads(output, JSON_DISABLE_EOF_CHECK, NULL), *item;
    size_t i;
    series->nstages = 0;
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        json_array_foreach(json_object_get(report, lists[k]), i, item)
        {
            const char *name = json_string_value(json_object_get(item, "name"));
            const double seconds = json_number_value(json_object_get(item, "seconds"));
            if (!name || seconds <= 0.0 || series->nstages == RP_BENCH_STAGES)
                continue;
            rp_bench_stage *stage = &series->stage[series->nstages++];
            (void)snprintf(stage->name, sizeof stage->name, "%s", name);
            stage->seconds = seconds;
        }
    }
    json_decref(report);
}

static rp_code run_once(rp_bench *bench, rp_series *series, rp_child *child, rp_error *err)
{
    char output[RP_BENCH_PATH + 16], backend[64], threads[64];
    (void)snprintf(output, sizeof output, "--output_dir=%s", series->products);
    (void)snprintf(backend, sizeof backend, "--backend=%s", series->backend);
    char *arguments[MAX_ARGUMENTS] = {
        bench->self, "run",    "calwebb_detector1", bench->exposure, "--refs", bench->folder, output, backend,
        "--json",    "--quiet"};
    size_t n = 10;
    if (bench->threads) {
        (void)snprintf(threads, sizeof threads, "--threads=%s", bench->threads);
        arguments[n++] = threads;
    }
    for (char *const *option = bench->options; option && *option; option++) {
        if (n + 1 == MAX_ARGUMENTS)
            return rp_fail(err, RP_E_ARGUMENT, "more than %d arguments", MAX_ARGUMENTS);
        arguments[n++] = *option;
    }
    return run_self(bench, arguments, child, err);
}

static rp_code same_products(const rp_series *left, const rp_series *right, rp_error *err)
{
    char path[RP_BENCH_PATH + 64], other[2 * RP_BENCH_PATH], why[160];
    glob_t found;
    rp_code code = RP_OK;
    (void)snprintf(path, sizeof path, "%s/*.fits", left->products);
    if (glob(path, 0, NULL, &found) != 0)
        return rp_fail(err, RP_E_MISSING, "%s: the run left no products", left->products);
    for (size_t k = 0; k < found.gl_pathc && !code; k++) {
        const char *slash = strrchr(found.gl_pathv[k], '/');
        bool same = false;
        (void)snprintf(other, sizeof other, "%s%s", right->products, slash);
        code = rp_same_planes(found.gl_pathv[k], other, &same, why, err);
        if (!code && !same)
            code = rp_fail(err, RP_E_DEVICE, "%s and %s give different products, so no time counts: %s: %s",
                           left->backend, right->backend, slash + 1, why);
    }
    globfree(&found);
    return code;
}

rp_code rp_bench_verify(rp_bench *bench, rp_error *err)
{
    for (size_t k = 0; k < bench->nseries; k++) {
        rp_series *series = &bench->series[k];
        rp_child child;
        rp_code code = run_once(bench, series, &child, err);
        if (code)
            return code;
        rp_child_clear(&child);
        series->product_bytes = matching_bytes(series->products, "*.fits", NULL, NULL);
        if (k > 0)
            code = same_products(&bench->series[0], series, err);
        if (code)
            return code;
    }
    return RP_OK;
}

static rp_code measure_stream(rp_bench *bench, rp_error *err)
{
    rp_child child;
    char *arguments[] = {
        bench->self, "bench", "--stream", "--json", "-", bench->threads ? "--threads" : NULL, (char *)bench->threads,
        NULL};
    const rp_code code = run_self(bench, arguments, &child, err);
    if (code)
        return code;
    json_t *found = json_loads(child.output, JSON_DISABLE_EOF_CHECK, NULL);
    const double copy = json_number_value(json_object_get(found, "copy_bytes_s"));
    const double triad = json_number_value(json_object_get(found, "triad_bytes_s"));
    bench->stream.threads = (int)json_integer_value(json_object_get(found, "threads"));
    bench->stream.copy_bytes_s = copy > bench->stream.copy_bytes_s ? copy : bench->stream.copy_bytes_s;
    bench->stream.triad_bytes_s = triad > bench->stream.triad_bytes_s ? triad : bench->stream.triad_bytes_s;
    json_decref(found);
    rp_child_clear(&child);
    return RP_OK;
}

rp_code rp_bench_round(rp_bench *bench, rp_error *err)
{
    rp_code code = measure_stream(bench, err);
    for (size_t k = 0; k < bench->nseries && !code; k++) {
        rp_series *series = &bench->series[k];
        rp_child child;
        if (series->nruns == bench->repeat)
            return rp_fail(err, RP_E_INTERNAL, "more than %zu rounds", bench->repeat);
        code = run_once(bench, series, &child, err);
        if (code)
            break;
        if (series->nruns == 0 || child.wall_s < rp_minimum(series->wall_s, series->nruns))
            read_stages(series, child.output);
        series->wall_s[series->nruns] = child.wall_s;
        series->cpu_s[series->nruns] = child.cpu_s;
        series->memory_bytes[series->nruns++] = (double)child.peak_memory_bytes;
        rp_child_clear(&child);
    }
    return code;
}

void rp_bench_clear(rp_bench *bench)
{
    for (size_t k = 0; k < bench->nseries; k++) {
        free(bench->series[k].wall_s);
        free(bench->series[k].cpu_s);
        free(bench->series[k].memory_bytes);
    }
    bench->nseries = 0;
}
