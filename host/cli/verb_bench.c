/* rampart bench: how fast this machine calibrates, beside the speed of its memory. */
#include <errno.h>
#include <ftw.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/refs.h"
#include "host/measure/bench.h"

static const char help[] =
    "Usage: rampart bench [OPTION ...] [-- OPTION OF run ...]\n"
    "       rampart bench refs --context NAME [OPTION ...]      (see \"rampart bench refs --help\")\n\n"
    "Calibrates an exposure with calwebb_detector1 again and again, each time in a fresh process, on each back end in\n"
    "turn, and prints wall time, processor time, peak memory, and the share of the memory bandwidth measured in "
    "between.\n"
    "First it makes sure that all back ends give the same products.\n\n"
    "  --backend LIST      openmp, opencl, opencl:N, separated by commas, or all (openmp)\n"
    "  --repeat N          counted runs on each back end (5)\n"
    "  --dir FOLDER        exposure and references: used if there, else made there (a folder that is removed again)\n"
    "  --instrument NAME   of the exposure that is made (nircam)\n"
    "  --size N|NXxNY      its size (full frame)\n"
    "  --ngroups N         its groups (10)\n"
    "  --nints N           its integrations (1)\n"
    "  --threads N         worker threads (all cores)\n"
    "  --json FILE         append one JSON object per back end; - for standard output in place of the table\n"
    "  --plot FILE         draw a chart (PNG)\n"
    "  --stream            measure the memory bandwidth only\n";

enum { BACKEND = 256, REPEAT, DIR, INSTRUMENT, SIZE, NGROUPS, NINTS, THREADS, JSON, PLOT, STREAM };

static const struct option longs[] = {
    {"backend", required_argument, NULL, BACKEND},
    {"repeat", required_argument, NULL, REPEAT},
    {"dir", required_argument, NULL, DIR},
    {"instrument", required_argument, NULL, INSTRUMENT},
    {"size", required_argument, NULL, SIZE},
    {"ngroups", required_argument, NULL, NGROUPS},
    {"nints", required_argument, NULL, NINTS},
    {"threads", required_argument, NULL, THREADS},
    {"json", required_argument, NULL, JSON},
    {"plot", required_argument, NULL, PLOT},
    {"stream", no_argument, NULL, STREAM},
    {"help", no_argument, NULL, 'h'},
    {0},
};

typedef struct request {
    const char *backends, *folder, *json, *plot;
    long threads;
    bool stream_only;
    rp_bench bench;
} request;

static bool parse_count(const char *text, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *out >= 1 && *out <= 100000;
}

static bool apply(request *r, int option, const char *text)
{
    long count = 0;
    switch (option) {
    case BACKEND:
        r->backends = text;
        return true;
    case REPEAT:
        r->bench.repeat = parse_count(text, &count) ? (size_t)count : 0;
        return r->bench.repeat > 0;
    case DIR:
        r->folder = text;
        return true;
    case INSTRUMENT:
        r->bench.instrument = text;
        return true;
    case SIZE:
        r->bench.size = text;
        return true;
    case NGROUPS:
        r->bench.ngroups = text;
        return true;
    case NINTS:
        r->bench.nints = text;
        return true;
    case THREADS:
        r->bench.threads = text;
        return parse_count(text, &r->threads);
    case JSON:
        r->json = text;
        return true;
    case PLOT:
        r->plot = text;
        return true;
    default:
        r->stream_only = true;
        return true;
    }
}

/* -1: go on; else the exit code. */
static int parse(request *r, int argc, char **argv)
{
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (c == '?') /* getopt has said what is wrong */
            return RP_EXIT_USAGE;
        if (!apply(r, c, optarg)) {
            char text[160];
            (void)snprintf(text, sizeof text, "'%.100s' is not a value of this option", optarg);
            return rp_cli_usage_error("bench", text);
        }
    }
    if (optind < argc && strcmp(argv[optind - 1], "--") != 0)
        return rp_cli_usage_error("bench", "options of run come after \"--\"");
    r->bench.options = argv + optind;
    return -1;
}

static int stream_only(const request *r)
{
    rp_stream found;
    rp_error err = {0};
    const rp_code code = rp_stream_measure(&found, (int)r->threads, 0, 5, &err);
    if (code)
        return rp_cli_error("bench", err.text, rp_exit_code(code));
    if (r->json)
        (void)printf("{\"threads\":%d,\"copy_bytes_s\":%.0f,\"triad_bytes_s\":%.0f}\n", found.threads,
                     found.copy_bytes_s, found.triad_bytes_s);
    else
        (void)printf("%d threads: copy %.1f GB/s, triad %.1f GB/s\n", found.threads, found.copy_bytes_s / 1e9,
                     found.triad_bytes_s / 1e9);
    return RP_EXIT_OK;
}

static rp_code find_self(rp_bench *bench, rp_error *err)
{
    const ssize_t n = readlink("/proc/self/exe", bench->self, sizeof bench->self - 1);
    if (n < 0)
        return rp_fail_errno(err, RP_E_IO, "/proc/self/exe: cannot find this program");
    bench->self[n] = '\0';
    return RP_OK;
}

/* The folder asked for, or one of our own. */
static rp_code choose_folder(request *r, rp_error *err)
{
    const char *scratch = getenv("TMPDIR");
    const int n = r->folder ? snprintf(r->bench.folder, sizeof r->bench.folder, "%s", r->folder)
                            : snprintf(r->bench.folder, sizeof r->bench.folder, "%s/rampart-bench-XXXXXX",
                                       scratch && *scratch ? scratch : "/tmp");
    if (n < 0 || (size_t)n >= sizeof r->bench.folder)
        return rp_fail(err, RP_E_ARGUMENT, "the path of the folder is too long");
    if (!r->folder && !mkdtemp(r->bench.folder))
        return rp_fail_errno(err, RP_E_IO, "%s: cannot make a folder; use --dir", r->bench.folder);
    return RP_OK;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *place)
{
    (void)info;
    (void)type;
    (void)place;
    return remove(path);
}

static rp_code measure(request *r, rp_error *err)
{
    rp_code code = rp_bench_backends(&r->bench, r->backends, err);
    if (!code)
        code = rp_bench_prepare(&r->bench, err);
    if (!code)
        code = rp_bench_verify(&r->bench, err);
    for (size_t k = 0; k < r->bench.repeat && !code; k++)
        code = rp_bench_round(&r->bench, err);
    if (code)
        return code;
    if (!r->json || strcmp(r->json, "-") != 0)
        rp_bench_print(&r->bench, stdout);
    if (r->json)
        code = rp_bench_json(&r->bench, r->json, err);
    if (!code && r->plot)
        code = rp_bench_plot(&r->bench, r->plot, err);
    return code;
}

int rp_verb_bench(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "refs") == 0)
        return rp_bench_refs(argc - 1, argv + 1);
    request r = {.backends = "openmp", .bench = {.instrument = "nircam", .repeat = 5}};
    const int done = parse(&r, argc, argv);
    if (done >= 0)
        return done;
    if (r.stream_only)
        return stream_only(&r);
    rp_error err = {0};
    rp_code code = find_self(&r.bench, &err);
    if (!code)
        code = choose_folder(&r, &err);
    if (code)
        return rp_cli_error("bench", err.text, rp_exit_code(code));
    code = measure(&r, &err);
    rp_bench_clear(&r.bench);
    if (!r.folder)
        (void)nftw(r.bench.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return code ? rp_cli_error("bench", err.text, rp_exit_code(code)) : RP_EXIT_OK;
}
