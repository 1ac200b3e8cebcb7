/* rampart refs sync: fills and checks the CRDS cache, with the options of `crds sync`. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/cli/console.h"
#include "host/cli/refs.h"
#include "host/cli/signals.h"
#include "host/reference/client/sync.h"

static const char help[] =
    "Usage: rampart refs sync --contexts CONTEXT ... [OPTION ...]\n\n"
    "Brings the rules of contexts, and with --fetch-references their reference files, from the server "
    "(CRDS_SERVER_URL)\n"
    "into the cache (CRDS_PATH).  Options are those of \"crds sync\"; both programs can work on one cache.\n\n"
    "  --contexts CONTEXT ...  jwst_1234.pmap, latest, build, jwst-edit, jwst-2023-01-01T00:00:00\n"
    "  --all                   every context of the server\n"
    "  --last N                the N newest contexts\n"
    "  --range MIN:MAX         contexts with these serial numbers\n"
    "  --files FILE ...        these rules or reference files\n"
    "  --fetch-references      the reference files of the contexts too\n"
    "  --ignore-cache          fetch what is in the cache already\n"
    "  --check-files, -k       compare sizes (and checksums of rules) with the server's\n"
    "  --check-sha1sum, -s     compare the checksums of reference files too\n"
    "  --repair-files, -r      fetch again what differs\n"
    "  --purge-mappings        remove rules that these contexts do not use\n"
    "  --purge-references      remove references that these contexts do not use (with --fetch-references)\n"
    "  --organize MODE         flat or instrument: move the references of a cache that nobody uses meanwhile\n"
    "  --clear-locks           remove lock files that nobody holds, and leave\n"
    "  --readonly-cache        write nothing\n"
    "  --dry-run               say what would be done\n"
    "  --quiet, -q             say nothing but errors\n";

enum {
    CONTEXTS = 256,
    ALL,
    LAST,
    RANGE,
    FILES,
    FETCH,
    IGNORE,
    PURGE_MAPPINGS,
    PURGE_REFERENCES,
    ORGANIZE,
    CLEAR,
    READONLY,
    DRY
};

typedef struct options {
    rp_crds_sync sync;
    const char **context, **file;
    bool clear_locks, readonly, quiet;
} options;

/* "--contexts A B C": the words up to the next option; the first is optarg. */
static void take_words(int argc, char **argv, const char **list, size_t *n)
{
    list[(*n)++] = optarg;
    while (optind < argc && argv[optind][0] != '-')
        list[(*n)++] = argv[optind++];
}

static bool parse_number(const char *text, const char **end, long *out)
{
    char *stop;
    *out = strtol(text, &stop, 10);
    *end = stop;
    return stop != text && *out >= 0;
}

static bool take_last(options *o)
{
    const char *end;
    long value;
    if (!parse_number(optarg, &end, &value) || *end || value < 1)
        return false;
    o->sync.last = (size_t)value;
    return true;
}

static bool take_range(options *o)
{
    const char *end;
    return parse_number(optarg, &end, &o->sync.first_serial) && *end == ':' &&
           parse_number(end + 1, &end, &o->sync.last_serial) && !*end && o->sync.last_serial >= o->sync.first_serial;
}

static bool take_mode(options *o)
{
    o->sync.organize = strcmp(optarg, "flat") == 0         ? RP_CRDS_FLAT
                       : strcmp(optarg, "instrument") == 0 ? RP_CRDS_INSTRUMENT
                                                           : -1;
    return o->sync.organize >= 0;
}

static void take_flag(options *o, int c)
{
    const struct {
        int option;
        bool *flag;
    } flags[] = {{ALL, &o->sync.all},
                 {FETCH, &o->sync.references},
                 {IGNORE, &o->sync.again},
                 {'k', &o->sync.check},
                 {'s', &o->sync.check_sha1},
                 {'r', &o->sync.repair},
                 {PURGE_MAPPINGS, &o->sync.purge_mappings},
                 {PURGE_REFERENCES, &o->sync.purge_references},
                 {CLEAR, &o->clear_locks},
                 {READONLY, &o->readonly},
                 {DRY, &o->sync.dry_run},
                 {'q', &o->quiet}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].option == c)
            *flags[i].flag = true;
}

/* RP_EXIT_OK: go on; else the exit code, or -1 after help. */
static int read_options(options *o, int argc, char **argv)
{
    static const struct option longs[] = {{"contexts", required_argument, NULL, CONTEXTS},
                                          {"all", no_argument, NULL, ALL},
                                          {"last", required_argument, NULL, LAST},
                                          {"range", required_argument, NULL, RANGE},
                                          {"files", required_argument, NULL, FILES},
                                          {"fetch-references", no_argument, NULL, FETCH},
                                          {"ignore-cache", no_argument, NULL, IGNORE},
                                          {"check-files", no_argument, NULL, 'k'},
                                          {"check-sha1sum", no_argument, NULL, 's'},
                                          {"repair-files", no_argument, NULL, 'r'},
                                          {"purge-mappings", no_argument, NULL, PURGE_MAPPINGS},
                                          {"purge-references", no_argument, NULL, PURGE_REFERENCES},
                                          {"organize", required_argument, NULL, ORGANIZE},
                                          {"clear-locks", no_argument, NULL, CLEAR},
                                          {"readonly-cache", no_argument, NULL, READONLY},
                                          {"dry-run", no_argument, NULL, DRY},
                                          {"quiet", no_argument, NULL, 'q'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    for (int c; (c = getopt_long(argc, argv, "hksrq", longs, NULL)) != -1;) {
        bool good = c != '?';
        if (c == 'h')
            return fputs(help, stdout) < 0 ? RP_EXIT_FAILED : -1;
        if (c == CONTEXTS)
            take_words(argc, argv, o->context, &o->sync.ncontexts);
        else if (c == FILES)
            take_words(argc, argv, o->file, &o->sync.nfiles);
        else if (c == LAST)
            good = take_last(o);
        else if (c == RANGE)
            good = take_range(o);
        else if (c == ORGANIZE)
            good = take_mode(o);
        else
            take_flag(o, c);
        if (!good)
            return rp_refs_usage_error("sync", "an option is unknown or its value out of range");
    }
    return optind == argc ? RP_EXIT_OK : rp_refs_usage_error("sync", "a word stands behind no option");
}

static bool has_work(const rp_crds_sync *s)
{
    return s->ncontexts > 0 || s->all || s->last > 0 || s->last_serial > 0 || s->nfiles > 0 || s->organize >= 0;
}

static int clear_locks(const rp_crds_settings *settings, rp_error *err)
{
    size_t count;
    const rp_code code = rp_crds_clear_locks(settings, &count, err);
    if (code)
        return rp_refs_error("sync", err->text, RP_EXIT_FAILED);
    (void)printf("%zu locks removed\n", count);
    return RP_EXIT_OK;
}

static void print_summary(const options *o, const rp_crds_client *client, const rp_crds_sync_report *r)
{
    if (o->quiet)
        return;
    if (o->sync.dry_run)
        (void)printf("%zu errors, %zu files would be fetched\n", r->errors, r->would_fetch);
    else
        (void)printf("%zu errors, %zu files fetched (%llu bytes), %zu checked, %zu moved, %zu removed\n", r->errors,
                     client->fetched, (unsigned long long)client->fetched_bytes, r->checked, r->moved, r->removed);
}

static int sync_now(options *o, rp_console *console)
{
    rp_error err = {0};
    rp_crds_client client;
    rp_crds_sync_report report = {0};
    int exit_code;
    if (o->clear_locks) {
        rp_crds_settings settings;
        const rp_code code = rp_crds_settings_read(&settings, rp_crds_getenv, &err);
        exit_code = code ? rp_refs_error("sync", err.text, RP_EXIT_FAILED) : clear_locks(&settings, &err);
        rp_crds_settings_clear(&settings);
        return exit_code;
    }
    rp_code code = rp_crds_client_open(&client, rp_crds_getenv, rp_console_log(console), rp_signals_catch(), &err);
    if (!code) {
        client.settings.readonly = client.settings.readonly || o->readonly || o->sync.dry_run;
        code = rp_crds_sync_run(&client, &o->sync, &report, &err);
    }
    if (!code)
        print_summary(o, &client, &report);
    rp_crds_client_close(&client);
    if (code)
        return rp_refs_error("sync", err.text, rp_exit_code(code));
    return report.errors ? RP_EXIT_FAILED : RP_EXIT_OK;
}

int rp_refs_sync(int argc, char **argv)
{
    options o = {.sync = {.organize = -1},
                 .context = calloc((size_t)argc + 1, sizeof(char *)),
                 .file = calloc((size_t)argc + 1, sizeof(char *))};
    rp_error err = {0};
    rp_console *console = NULL;
    rp_console_options log = rp_console_defaults();
    int exit_code =
        o.context && o.file ? read_options(&o, argc, argv) : rp_refs_error("sync", "no memory", RP_EXIT_FAILED);
    o.sync.context = o.context;
    o.sync.file = o.file;
    log.quiet = o.quiet;
    log.progress = false;
    if (exit_code == RP_EXIT_OK && !o.clear_locks && !has_work(&o.sync))
        exit_code = rp_refs_usage_error("sync", "give --contexts, --all, --last, --range, --files or --organize");
    if (exit_code == RP_EXIT_OK && o.sync.purge_references && !o.sync.references)
        exit_code = rp_refs_usage_error(
            "sync", "--purge-references goes with --fetch-references: it keeps what these contexts use");
    if (exit_code == RP_EXIT_OK)
        exit_code = rp_console_open(&console, &log, &err) ? rp_refs_error("sync", err.text, RP_EXIT_FAILED)
                                                          : sync_now(&o, console);
    rp_console_close(console);
    free(o.context);
    free(o.file);
    return exit_code == -1 ? RP_EXIT_OK : exit_code;
}
