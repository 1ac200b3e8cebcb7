/* `rampart refs affected`. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/refs.h"
#include "host/reference/crds/affected.h"
#include "host/reference/crds/json_line.h"

static const char help[] =
    "Usage: rampart refs affected --old-context NAME --new-context NAME [options] FILE ...\n"
    "       rampart refs affected --old-context NAME --new-context NAME [options] --jsonl < HEADERS\n\n"
    "Lists the datasets whose best references a new context changes, with the reasons: one line per dataset and type,\n"
    "ID INSTRUMENT TYPE OLD --> NEW KIND OLD-MAPPING NEW-MAPPING.  KIND is replaced, found, lost or failed.\n\n"
    "  --old-context NAME               the context that the datasets were calibrated with\n"
    "  --new-context NAME               the context to come\n"
    "  --crds-path DIR                  folder with mappings/<observatory>/ ($CRDS_PATH)\n"
    "  --jsonl                          headers from lines {\"id\": ..., \"header\": {...}} on standard input\n"
    "  --types NAME ...                 these reference types only\n"
    "  --skip-types NAME ...            without these\n"
    "  --undefined-differences-matter   no match is not the same as N/A\n"
    "  --print-affected                 print sorted ids only\n"
    "  --print-affected-details         print id, instrument and types\n"
    "  --print-update-counts            print how many datasets change, by instrument and type\n"
    "  --json                           one JSON object per dataset\n"
    "  --jobs N                         threads (all cores)\n"
    "  --ignore-checksum                take mappings whose sha1sum is missing or wrong\n\n"
    "A dataset for which the new context fails is reported, and is not among the affected.  All types are compared,\n"
    "or those that a line names.\n";

enum { UNDEFINED = 256, AFFECTED, DETAILS, COUNTS, SKIP, JOBS };

typedef enum form { FORM_LINES, FORM_IDS, FORM_DETAILS, FORM_COUNTS, FORM_JSON } form;

typedef struct tally {
    const char *instrument, *type;
    size_t count;
} tally;

typedef struct request {
    const char *old_context, *new_context, *path;
    bool jsonl, ignore_checksum;
    form form;
    rp_affected_options options;
    char **id; /* FORM_IDS */
    size_t nids, ids_room;
    tally *tally; /* FORM_COUNTS */
    size_t ntallies, tallies_room;
    rp_buffer line;
    bool failed;
} request;

/* ---- reports ---- */

static void put_line(request *r, const rp_affected *a, const rp_change *c)
{
    (void)printf("%s %s %s %s --> %s %s %s %s\n", a->id, a->instrument, c->type, c->before, c->after,
                 rp_change_name(c->kind), c->old_mapping, c->new_mapping);
    (void)r;
}

static void put_member(rp_buffer *out, const char *name, const char *value)
{
    rp_buffer_putc(out, out->data[out->size - 1] == '{' ? '"' : ',');
    if (out->data[out->size - 1] == ',')
        rp_buffer_putc(out, '"');
    rp_buffer_puts(out, name);
    rp_buffer_puts(out, "\":");
    rp_json_put(out, value);
}

static void put_json(request *r, const rp_affected *a)
{
    rp_buffer *out = &r->line;
    out->size = 0;
    rp_buffer_putc(out, '{');
    put_member(out, "id", a->id);
    if (a->problem) {
        put_member(out, "error", a->problem);
    } else {
        put_member(out, "instrument", a->instrument);
        rp_buffer_puts(out, ",\"changes\":[");
        for (size_t i = 0; i < a->nchanges; i++) {
            const rp_change *c = &a->change[i];
            rp_buffer_puts(out, i ? ",{" : "{");
            put_member(out, "type", c->type);
            put_member(out, "kind", rp_change_name(c->kind));
            put_member(out, "old", c->before);
            put_member(out, "new", c->after);
            put_member(out, "old_mapping", c->old_mapping);
            put_member(out, "new_mapping", c->new_mapping);
            rp_buffer_putc(out, '}');
        }
        rp_buffer_putc(out, ']');
    }
    rp_buffer_puts(out, "}\n");
    (void)fwrite(out->data, 1, out->size, stdout);
}

static void keep_id(request *r, const rp_affected *a)
{
    char *id = rp_grow(&r->id, &r->ids_room, r->nids, sizeof *r->id) ? strdup(a->id) : NULL;
    if (id)
        r->id[r->nids++] = id;
    else
        r->failed = true;
}

static void add_tally(request *r, const rp_affected *a, const char *type)
{
    for (size_t i = 0; i < r->ntallies; i++)
        if (strcmp(r->tally[i].type, type) == 0 && strcmp(r->tally[i].instrument, a->instrument) == 0) {
            r->tally[i].count++;
            return;
        }
    if (!rp_grow(&r->tally, &r->tallies_room, r->ntallies, sizeof *r->tally))
        r->failed = true;
    else /* instruments and types are texts of the contexts */
        r->tally[r->ntallies++] = (tally){a->instrument, type, 1};
}

static void report(void *payload, const rp_affected *a)
{
    request *r = payload;
    if (r->form == FORM_JSON) {
        put_json(r, a);
        return;
    }
    if (a->problem) {
        (void)fprintf(stderr, "rampart refs affected: %s%s%s\n", a->id, *a->id ? ": " : "", a->problem);
        return;
    }
    if (r->form == FORM_IDS && !a->failed)
        keep_id(r, a);
    if (r->form == FORM_DETAILS)
        (void)printf("%s %s", a->id, a->instrument);
    for (size_t i = 0; i < a->nchanges; i++) {
        if (r->form == FORM_DETAILS && a->change[i].kind != RP_CHANGE_FAILED)
            (void)printf(" %s", a->change[i].type);
        else if (r->form == FORM_COUNTS && a->change[i].kind != RP_CHANGE_FAILED)
            add_tally(r, a, a->change[i].type);
        else if (r->form == FORM_LINES)
            put_line(r, a, &a->change[i]);
    }
    if (r->form == FORM_DETAILS)
        (void)putchar('\n');
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int compare_tallies(const void *a, const void *b)
{
    const tally *x = a, *y = b;
    const int c = strcmp(x->instrument, y->instrument);
    return c ? c : strcmp(x->type, y->type);
}

static void print_collected(request *r)
{
    if (r->nids)
        qsort(r->id, r->nids, sizeof *r->id, compare_ids);
    for (size_t i = 0; i < r->nids; i++)
        if (i == 0 || strcmp(r->id[i], r->id[i - 1]) != 0)
            (void)puts(r->id[i]);
    if (r->ntallies)
        qsort(r->tally, r->ntallies, sizeof *r->tally, compare_tallies);
    for (size_t i = 0; i < r->ntallies; i++)
        (void)printf("%-10s %-20s %zu\n", r->tally[i].instrument, r->tally[i].type, r->tally[i].count);
}

/* ---- the work ---- */

static rp_code find(request *r, const char *const *file, size_t nfiles, rp_affected_counts *counts, rp_error *err)
{
    rp_context *old_context = NULL, *new_context = NULL;
    rp_dataset_source *source = NULL;
    const rp_context_options options = rp_refs_options(r->ignore_checksum);
    rp_code code = rp_context_open(&old_context, rp_refs_path(r->path), r->old_context, &options, err);
    if (!code)
        code = rp_context_open(&new_context, rp_refs_path(r->path), r->new_context, &options, err);
    if (!code)
        code = r->jsonl ? rp_source_jsonl(&source, STDIN_FILENO, "standard input", err)
                        : rp_source_files(&source, file, nfiles, err);
    if (!code)
        code = rp_affected_find(counts, old_context, new_context, source, &r->options, err);
    if (!code)
        print_collected(r);
    if (!code && r->failed)
        code = rp_fail(err, RP_E_MEMORY, "no memory for the list of datasets");
    if (source)
        source->close(source);
    rp_context_close(old_context);
    rp_context_close(new_context);
    return code;
}

static bool parse_jobs(const char *text, unsigned *out)
{
    char *end;
    errno = 0;
    const long value = strtol(text, &end, 10);
    *out = (unsigned)value;
    return end != text && !*end && errno == 0 && value >= 1 && value <= 256;
}

static bool take_option(request *r, int c, int argc, char **argv)
{
    switch (c) {
    case 'o':
        r->old_context = optarg;
        return true;
    case 'n':
        r->new_context = optarg;
        return true;
    case 'p':
        r->path = optarg;
        return true;
    case 'l':
        return r->jsonl = true;
    case 't':
        r->options.ntypes = rp_refs_several(argc, argv, &r->options.type);
        return true;
    case SKIP:
        r->options.nskip_types = rp_refs_several(argc, argv, &r->options.skip_type);
        return true;
    case UNDEFINED:
        return r->options.undefined_matters = true;
    case AFFECTED:
        r->form = FORM_IDS;
        return true;
    case DETAILS:
        r->form = FORM_DETAILS;
        return true;
    case COUNTS:
        r->form = FORM_COUNTS;
        return true;
    case 'j':
        r->form = FORM_JSON;
        return true;
    case JOBS:
        return parse_jobs(optarg, &r->options.jobs);
    default:
        return r->ignore_checksum = c == 'i';
    }
}

static void clear(request *r)
{
    for (size_t i = 0; i < r->nids; i++)
        free(r->id[i]);
    free(r->id);
    free(r->tally);
    rp_buffer_clear(&r->line);
}

int rp_refs_affected(int argc, char **argv)
{
    static const struct option longs[] = {{"old-context", required_argument, NULL, 'o'},
                                          {"new-context", required_argument, NULL, 'n'},
                                          {"crds-path", required_argument, NULL, 'p'},
                                          {"jsonl", no_argument, NULL, 'l'},
                                          {"types", required_argument, NULL, 't'},
                                          {"skip-types", required_argument, NULL, SKIP},
                                          {"undefined-differences-matter", no_argument, NULL, UNDEFINED},
                                          {"print-affected", no_argument, NULL, AFFECTED},
                                          {"print-affected-details", no_argument, NULL, DETAILS},
                                          {"print-update-counts", no_argument, NULL, COUNTS},
                                          {"json", no_argument, NULL, 'j'},
                                          {"jobs", required_argument, NULL, JOBS},
                                          {"ignore-checksum", no_argument, NULL, 'i'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    request r = {.options = {.report = report, .jobs = cores > 0 ? (unsigned)cores : 1}};
    rp_affected_counts counts = {0};
    rp_error err = {0};
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "+ho:n:", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (c == '?')
            return RP_EXIT_USAGE;
        if (!take_option(&r, c, argc, argv))
            return rp_refs_usage_error("affected", "--jobs takes a number from 1 to 256");
    }
    if (!r.old_context || !r.new_context)
        return rp_refs_usage_error("affected", "--old-context and --new-context are needed");
    if (r.jsonl == (optind < argc))
        return rp_refs_usage_error("affected", "either files or --jsonl are needed");
    r.options.payload = &r;
    const rp_code code = find(&r, (const char *const *)argv + optind, (size_t)(argc - optind), &counts, &err);
    clear(&r);
    if (code)
        return rp_refs_error("affected", err.text, rp_exit_code(code));
    (void)fprintf(stderr, "%zu datasets: %zu affected, %zu failed, %zu unreadable\n", counts.datasets, counts.affected,
                  counts.failed, counts.unreadable);
    return rp_refs_finish("affected", counts.failed || counts.unreadable ? RP_EXIT_FAILED : RP_EXIT_OK);
}
