/* `rampart bench refs`: how many headers a second the rules answer, without reading or writing any. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/cli/refs.h"
#include "host/reference/crds/json_line.h"
#include "host/reference/crds/made.h"

static const char help[] =
    "Usage: rampart bench refs --context NAME [options]\n\n"
    "Loads a context, holds headers in memory, and looks up the best references of each with one thread.\n"
    "Times are processor time.\n\n"
    "  --context NAME     the context: jwst_1234.pmap, or a path to one\n"
    "  --crds-path DIR    folder with mappings/<observatory>/ ($CRDS_PATH)\n"
    "  --jsonl            take the headers (and their types) from lines of JSON on standard input\n"
    "  --headers N        else make N headers from the rules (100000)\n"
    "  --seed S           of the headers that are made (1)\n"
    "  --repeat N         look all of them up N times (1)\n"
    "  --write            write the headers as lines of JSON, and measure nothing\n"
    "  --json             print one JSON object in place of a sentence\n";

typedef struct request {
    const char *context, *path;
    long headers, seed, repeat;
    bool jsonl, write, json;
} request;

/* Headers held in memory. */
typedef struct held {
    rp_arena arena;
    rp_dataset *dataset;
    size_t count, room;
} held;

/* Of the processor: other work on the machine shall not count. */
static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static rp_code hold(held *h, const rp_dataset *d, rp_error *err)
{
    rp_header_item *item = rp_arena_get(&h->arena, (d->nitems + 1) * sizeof *item);
    const char **type = rp_arena_get(&h->arena, (d->ntypes + 1) * sizeof *type);
    if (!item || !type || !rp_grow(&h->dataset, &h->room, h->count, sizeof *h->dataset))
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu headers", h->count);
    for (size_t i = 0; i < d->nitems; i++) {
        item[i].name = rp_arena_copy(&h->arena, d->item[i].name, strlen(d->item[i].name));
        item[i].value = rp_arena_copy(&h->arena, d->item[i].value, strlen(d->item[i].value));
    }
    for (size_t i = 0; i < d->ntypes; i++)
        type[i] = rp_arena_copy(&h->arena, d->type[i], strlen(d->type[i]));
    h->dataset[h->count++] = (rp_dataset){.item = item, .nitems = d->nitems, .type = type, .ntypes = d->ntypes};
    return h->arena.failed ? rp_fail(err, RP_E_MEMORY, "no memory for %zu headers", h->count) : RP_OK;
}

static void write_header(rp_buffer *out, const rp_dataset *d)
{
    out->size = 0;
    rp_buffer_puts(out, "{\"id\":");
    rp_json_put(out, d->id);
    rp_buffer_puts(out, ",\"header\":{");
    for (size_t i = 0; i < d->nitems; i++) {
        if (i)
            rp_buffer_putc(out, ',');
        rp_json_put(out, d->item[i].name);
        rp_buffer_putc(out, ':');
        rp_json_put(out, d->item[i].value);
    }
    rp_buffer_puts(out, "},\"types\":null}\n");
    (void)fwrite(out->data, 1, out->size, stdout);
}

static rp_code read_headers(const request *r, rp_dataset_source *source, held *h, rp_error *err)
{
    rp_dataset dataset;
    rp_buffer line = {0};
    bool end = false;
    rp_code code = RP_OK;
    while (!code) {
        code = source->next(source, &dataset, &end, err);
        if (code || end)
            break;
        if (dataset.problem)
            code = rp_fail(err, RP_E_FORMAT, "%s", dataset.problem);
        else if (r->write)
            write_header(&line, &dataset);
        else
            code = hold(h, &dataset, err);
    }
    rp_buffer_clear(&line);
    return code;
}

static rp_code look_up(const request *r, const rp_context *context, const held *h, double loading_s, rp_error *err)
{
    rp_query *query = NULL;
    rp_bests bests;
    unsigned long long lookups = 0;
    rp_code code = rp_query_new(&query, context, err);
    const double begin_s = now_s();
    for (long turn = 0; turn < r->repeat && !code; turn++)
        for (size_t i = 0; i < h->count && !code; i++) {
            const rp_dataset *d = &h->dataset[i];
            code = rp_query_best(query, d->item, d->nitems, d->type, d->ntypes, &bests, err);
            lookups += code ? 0 : bests.count;
        }
    const double spent_s = now_s() - begin_s, n = (double)h->count * (double)r->repeat;
    rp_query_free(query);
    if (code)
        return code;
    if (r->json)
        (void)printf("{\"context\":\"%s\",\"headers\":%.0f,\"lookups\":%llu,\"load_s\":%.6f,\"seconds\":%.6f,"
                     "\"headers_per_s\":%.1f}\n",
                     rp_context_name(context), n, lookups, loading_s, spent_s, n / spent_s);
    else
        (void)printf(
            "%s: loaded in %.1f ms; %.0f headers, %llu look-ups in %.3f s: %.0f headers/s, %.1f ns a look-up\n",
            rp_context_name(context), 1e3 * loading_s, n, lookups, spent_s, n / spent_s,
            lookups ? 1e9 * spent_s / (double)lookups : 0.0);
    return RP_OK;
}

static rp_code measure(const request *r, rp_error *err)
{
    rp_context *context = NULL;
    rp_dataset_source *source = NULL;
    held h = {0};
    const rp_context_options options = rp_refs_options(false);
    const double begin_s = now_s();
    rp_code code = rp_context_open(&context, rp_refs_path(r->path), r->context, &options, err);
    const double loading_s = now_s() - begin_s;
    if (!code)
        code = r->jsonl ? rp_source_jsonl(&source, STDIN_FILENO, "standard input", err)
                        : rp_source_made(&source, context, (uint64_t)r->headers, (uint64_t)r->seed, err);
    if (!code)
        code = read_headers(r, source, &h, err);
    if (!code && !r->write)
        code = look_up(r, context, &h, loading_s, err);
    if (source)
        source->close(source);
    free(h.dataset);
    rp_arena_clear(&h.arena);
    rp_context_close(context);
    return code;
}

static bool parse_number(const char *text, long least, long *out)
{
    char *end;
    errno = 0;
    *out = strtol(text, &end, 10);
    return end != text && !*end && errno == 0 && *out >= least;
}

static bool take_option(request *r, int c)
{
    switch (c) {
    case 'c':
        r->context = optarg;
        return true;
    case 'p':
        r->path = optarg;
        return true;
    case 'n':
        return parse_number(optarg, 1, &r->headers);
    case 's':
        return parse_number(optarg, 0, &r->seed);
    case 'r':
        return parse_number(optarg, 1, &r->repeat);
    case 'l':
        r->jsonl = true;
        return true;
    case 'w':
        r->write = true;
        return true;
    default:
        r->json = true;
        return true;
    }
}

int rp_bench_refs(int argc, char **argv)
{
    static const struct option longs[] = {
        {"context", required_argument, NULL, 'c'}, {"crds-path", required_argument, NULL, 'p'},
        {"headers", required_argument, NULL, 'n'}, {"seed", required_argument, NULL, 's'},
        {"repeat", required_argument, NULL, 'r'},  {"jsonl", no_argument, NULL, 'l'},
        {"write", no_argument, NULL, 'w'},         {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {0}};
    request r = {.headers = 100000, .seed = 1, .repeat = 1};
    rp_error err = {0};
    char text[160];
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (c == '?') /* getopt has said what is wrong */
            return RP_EXIT_USAGE;
        if (!take_option(&r, c)) {
            (void)snprintf(text, sizeof text, "'%.100s' is not a value of this option", optarg);
            return rp_cli_usage_error("bench refs", text);
        }
    }
    if (!r.context || optind < argc)
        return rp_cli_usage_error("bench refs", r.context ? "it takes options only" : "--context is needed");
    const rp_code code = measure(&r, &err);
    if (code)
        return rp_cli_error("bench refs", err.text, rp_exit_code(code));
    return fflush(stdout) == 0 ? RP_EXIT_OK : rp_cli_error("bench refs", "cannot write", RP_EXIT_FAILED);
}
