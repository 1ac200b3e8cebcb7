/* `rampart refs best`. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/refs.h"
#include "host/reference/crds/json_line.h"

static const char help[] =
    "Usage: rampart refs best --context NAME [options] FILE ...\n"
    "       rampart refs best --context NAME [options] --jsonl < HEADERS\n\n"
    "Prints the best references of exposures (FITS, HDF5) or of headers given as lines of JSON.\n\n"
    "  --context NAME       the context: jwst_1234.pmap, or a path to one      (also --new-context)\n"
    "  --crds-path DIR      folder with mappings/<observatory>/                ($CRDS_PATH)\n"
    "  --types NAME ...     these reference types only; with --jsonl for lines that name none\n"
    "  --jsonl              read {\"header\": {...}, \"types\": [...] or null} a line from standard input,\n"
    "                       write {type: file} or {\"error\": text} a line\n"
    "  --json               with files: one JSON object a file\n"
    "  --ignore-checksum    take mappings whose sha1sum is missing or wrong\n"
    "  --help, -h           this help\n\n"
    "Values are those of the CRDS client: a file name, a list of names for a tie, \"NOT FOUND n/a\", or\n"
    "\"NOT FOUND \" and why.  Exit status 1 when a header cannot be read.\n";

typedef struct choices {
    const char *context, *path;
    const char *const *type;
    size_t ntypes;
    bool jsonl, json, ignore_checksum;
} choices;

enum { FLUSH_BYTES = 1 << 18 };

static bool write_out(rp_buffer *out)
{
    const char *p = out->data;
    size_t left = out->failed ? 0 : out->size;
    while (left) {
        const ssize_t n = write(STDOUT_FILENO, p, left);
        if (n < 0)
            return false;
        p += n;
        left -= (size_t)n;
    }
    out->size = 0;
    return !out->failed;
}

static void put_text(rp_buffer *out, const rp_dataset *dataset, const rp_bests *bests)
{
    rp_buffer_puts(out, dataset->id);
    rp_buffer_puts(out, "\n");
    if (bests->failure) {
        rp_buffer_puts(out, "  ");
        rp_buffer_puts(out, bests->failure);
        rp_buffer_putc(out, '\n');
    }
    for (size_t i = 0; i < bests->count && !bests->failure; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "  %-20s", bests->best[i].type);
        rp_buffer_puts(out, line);
        for (size_t k = 0; k < bests->best[i].count; k++) {
            rp_buffer_putc(out, ' ');
            rp_buffer_puts(out, bests->best[i].text[k]);
        }
        rp_buffer_putc(out, '\n');
    }
}

/* {"id": ..., "references": {...}} */
static void put_json(rp_buffer *out, const rp_dataset *dataset, const rp_bests *bests)
{
    rp_buffer_puts(out, "{\"id\":");
    rp_json_put(out, dataset->id);
    rp_buffer_puts(out, ",\"references\":");
    rp_json_put_bests(out, bests);
    out->size--; /* the end of the line comes behind the outer brace */
    rp_buffer_puts(out, "}\n");
}

static rp_code answer(rp_query *query, const choices *wanted, const rp_dataset *dataset, rp_buffer *out, rp_error *err)
{
    rp_bests bests = {.failure = dataset->problem};
    rp_code code = RP_OK;
    if (!dataset->problem)
        code = dataset->ntypes
                   ? rp_query_best(query, dataset->item, dataset->nitems, dataset->type, dataset->ntypes, &bests, err)
                   : rp_query_best(query, dataset->item, dataset->nitems, wanted->type, wanted->ntypes, &bests, err);
    if (code)
        return code;
    if (wanted->jsonl)
        rp_json_put_bests(out, &bests);
    else if (wanted->json)
        put_json(out, dataset, &bests);
    else
        put_text(out, dataset, &bests);
    return RP_OK;
}

static rp_code answer_all(rp_query *query, const choices *wanted, rp_dataset_source *source, bool *bad, rp_error *err)
{
    rp_buffer out = {0};
    rp_dataset dataset;
    bool end = false;
    rp_code code = rp_buffer_room(&out, FLUSH_BYTES) ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for answers");
    while (!code) {
        code = source->next(source, &dataset, &end, err);
        if (code || end)
            break;
        *bad = *bad || dataset.problem;
        code = answer(query, wanted, &dataset, &out, err);
        if (!code && out.size > FLUSH_BYTES && !write_out(&out))
            code = rp_fail_errno(err, RP_E_IO, "standard output cannot be written");
    }
    if (!write_out(&out) && !code)
        code = rp_fail_errno(err, RP_E_IO, "standard output cannot be written");
    rp_buffer_clear(&out);
    return code;
}

static rp_code run(const choices *wanted, const char *const *file, size_t nfiles, bool *bad, rp_error *err)
{
    rp_context *context = NULL;
    rp_query *query = NULL;
    rp_dataset_source *source = NULL;
    const rp_context_options options = rp_refs_options(wanted->ignore_checksum);
    rp_code code = rp_context_open(&context, rp_refs_path(wanted->path), wanted->context, &options, err);
    if (!code)
        code = rp_query_new(&query, context, err);
    if (!code)
        code = wanted->jsonl ? rp_source_jsonl(&source, STDIN_FILENO, "standard input", err)
                             : rp_source_files(&source, file, nfiles, err);
    if (!code)
        code = answer_all(query, wanted, source, bad, err);
    if (source)
        source->close(source);
    rp_query_free(query);
    rp_context_close(context);
    return code;
}

static bool take_option(choices *wanted, int c, int argc, char **argv)
{
    switch (c) {
    case 'c':
        wanted->context = optarg;
        return true;
    case 'p':
        wanted->path = optarg;
        return true;
    case 't':
        wanted->ntypes = rp_refs_several(argc, argv, &wanted->type);
        return true;
    case 'l':
        wanted->jsonl = true;
        return true;
    case 'j':
        wanted->json = true;
        return true;
    case 'i':
        wanted->ignore_checksum = true;
        return true;
    default:
        return false;
    }
}

int rp_refs_best(int argc, char **argv)
{
    static const struct option longs[] = {{"context", required_argument, NULL, 'c'},
                                          {"new-context", required_argument, NULL, 'c'},
                                          {"crds-path", required_argument, NULL, 'p'},
                                          {"types", required_argument, NULL, 't'},
                                          {"jsonl", no_argument, NULL, 'l'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"ignore-checksum", no_argument, NULL, 'i'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted = {0};
    rp_error err = {0};
    bool bad = false;
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "+h", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (!take_option(&wanted, c, argc, argv))
            return RP_EXIT_USAGE;
    }
    if (!wanted.context)
        return rp_refs_usage_error("best", "--context is needed");
    if (!wanted.jsonl && optind >= argc)
        return rp_refs_usage_error("best", "a file or --jsonl is needed");
    if (wanted.jsonl && optind < argc)
        return rp_refs_usage_error("best", "--jsonl reads standard input, so no file can be given");
    const rp_code code = run(&wanted, (const char *const *)argv + optind, (size_t)(argc - optind), &bad, &err);
    if (code)
        return rp_refs_error("best", err.text, rp_exit_code(code));
    return bad ? RP_EXIT_FAILED : RP_EXIT_OK;
}
