/* `rampart refs certify` and `rampart refs submit`. */
#include <stdlib.h>
#include <string.h>

#include "host/cli/refs.h"
#include "host/reference/crds/certify.h"
#include "host/reference/crds/submit.h"

static const char certify_help[] =
    "Usage: rampart refs certify [options] FILE ...\n\n"
    "Checks references (FITS, HDF5) and mappings before they are submitted.  Exit status 1 when one has errors.\n"
    "References: provenance keywords, the keywords that their rmap matches on, and what inserting them would do.\n"
    "Mappings: syntax, name, checksum, repeated keys, dates, derivation, and all mappings below.\n\n"
    "  -x, --comparison-context NAME   the context that references would go into\n"
    "  --constraints FILE              header constraints of a .tpn file\n"
    "  --crds-path DIR                 folder with mappings/<observatory>/ ($CRDS_PATH)\n";

static const char submit_help[] =
    "Usage: rampart refs submit --derive-from-context NAME [options] --files FILE ...\n\n"
    "Makes a new context from an old one with new references in it: new rmaps, imaps and a pmap with the next serial\n"
    "numbers, beside the old ones, which stay as they are.  Prints the new context's name.\n\n"
    "  --derive-from-context NAME   the .pmap to begin with\n"
    "  --files FILE ...             references (FITS, HDF5)\n"
    "  --dry-run                    say what would be made, write nothing\n"
    "  --crds-path DIR              folder with mappings/<observatory>/ ($CRDS_PATH)\n";

enum { CONSTRAINTS = 256, DERIVE, DRY_RUN };

typedef struct choices {
    const char *path, *context, *constraints;
    const char *const *file;
    size_t nfiles;
    bool dry_run;
} choices;

static void tell_finding(void *payload, rp_level level, const char *line)
{
    (void)payload;
    (void)printf("%s: %s\n", level == RP_ERROR ? "error" : level == RP_WARNING ? "warning" : "note", line);
}

static void tell_deed(void *payload, const char *line)
{
    (void)payload;
    (void)fprintf(stderr, "%s\n", line);
}

static bool is_mapping(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (!strcmp(dot, ".pmap") || !strcmp(dot, ".imap") || !strcmp(dot, ".rmap"));
}

static rp_code certify(const choices *wanted, size_t *errors, rp_error *err)
{
    rp_context *context = NULL;
    const rp_context_options options = rp_refs_options(false);
    rp_code code = RP_OK;
    if (wanted->context)
        code = rp_context_open(&context, rp_refs_path(wanted->path), wanted->context, &options, err);
    const rp_certify_request request = {.crds_path = rp_refs_path(wanted->path),
                                        .context = context,
                                        .constraints = wanted->constraints,
                                        .tell = tell_finding};
    for (size_t i = 0; i < wanted->nfiles && !code; i++) {
        rp_certify_counts counts = {0};
        code = is_mapping(wanted->file[i]) ? rp_certify_mapping(&counts, &request, wanted->file[i], err)
                                           : rp_certify_reference(&counts, &request, wanted->file[i], err);
        if (!code)
            (void)printf("%s: %zu errors, %zu warnings\n", wanted->file[i], counts.errors, counts.warnings);
        *errors += counts.errors;
    }
    rp_context_close(context);
    return code;
}

static bool take_option(choices *wanted, int c, int argc, char **argv)
{
    switch (c) {
    case 'x':
    case DERIVE:
        wanted->context = optarg;
        return true;
    case 'p':
        wanted->path = optarg;
        return true;
    case CONSTRAINTS:
        wanted->constraints = optarg;
        return true;
    case 'f':
        wanted->nfiles = rp_refs_several(argc, argv, &wanted->file);
        return true;
    case DRY_RUN:
        return wanted->dry_run = true;
    default:
        return false;
    }
}

/* -1: go on; else the exit code. */
static int parse(choices *wanted, int argc, char **argv, const struct option *longs, const char *help)
{
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "+hx:", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (!take_option(wanted, c, argc, argv))
            return RP_EXIT_USAGE;
    }
    if (optind < argc) {
        if (wanted->nfiles)
            return rp_refs_usage_error(argv[0], "files stand behind --files or at the end, not both");
        wanted->file = (const char *const *)argv + optind;
        wanted->nfiles = (size_t)(argc - optind);
    }
    return wanted->nfiles ? -1 : rp_refs_usage_error(argv[0], "a file is needed");
}

int rp_refs_certify(int argc, char **argv)
{
    static const struct option longs[] = {{"comparison-context", required_argument, NULL, 'x'},
                                          {"constraints", required_argument, NULL, CONSTRAINTS},
                                          {"files", required_argument, NULL, 'f'},
                                          {"crds-path", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted = {0};
    rp_error err = {0};
    size_t errors = 0;
    const int done = parse(&wanted, argc, argv, longs, certify_help);
    if (done >= 0)
        return done;
    const rp_code code = certify(&wanted, &errors, &err);
    if (code)
        return rp_refs_error("certify", err.text, rp_exit_code(code));
    return rp_refs_finish("certify", errors ? RP_EXIT_FAILED : RP_EXIT_OK);
}

int rp_refs_submit(int argc, char **argv)
{
    static const struct option longs[] = {{"derive-from-context", required_argument, NULL, DERIVE},
                                          {"files", required_argument, NULL, 'f'},
                                          {"dry-run", no_argument, NULL, DRY_RUN},
                                          {"crds-path", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted = {0};
    rp_error err = {0};
    char *pmap = NULL;
    const int done = parse(&wanted, argc, argv, longs, submit_help);
    if (done >= 0)
        return done;
    if (!wanted.context)
        return rp_refs_usage_error("submit", "--derive-from-context is needed");
    const rp_submit_request request = {.crds_path = rp_refs_path(wanted.path),
                                       .context = wanted.context,
                                       .file = wanted.file,
                                       .nfiles = wanted.nfiles,
                                       .dry_run = wanted.dry_run,
                                       .tell = tell_deed};
    const rp_code code = rp_submit(&pmap, &request, &err);
    if (code)
        return rp_refs_error("submit", err.text, rp_exit_code(code));
    (void)puts(pmap);
    free(pmap);
    return rp_refs_finish("submit", RP_EXIT_OK);
}
