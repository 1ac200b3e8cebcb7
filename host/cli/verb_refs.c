/* `rampart refs`: host/cli/refs.h. */
#include <stdlib.h>
#include <string.h>

#include "host/cli/refs.h"
#include "io/params_text.h"

typedef struct subcommand {
    const char *name;
    int (*function)(int argc, char **argv);
    const char *arguments, *doc;
} subcommand;

static const subcommand subcommands[] = {
#define X(name, function, arguments, doc) {#name, function, arguments, doc},
#include "host/cli/refs.def"
#undef X
};

const char *rp_refs_path(const char *given)
{
    const char *set = getenv("CRDS_PATH");
    return given ? given : set && *set ? set : "/grp/crds/cache";
}

static void print_line(void *payload, rp_level level, const char *name, const char *text)
{
    (void)payload;
    (void)name;
    if (level >= RP_WARNING)
        (void)fprintf(stderr, "rampart refs: warning: %s\n", text);
}

rp_context_options rp_refs_options(bool ignore_checksum)
{
    static const rp_log log = {print_line, NULL};
    const char *set = getenv("CRDS_IGNORE_MAPPING_CHECKSUM");
    bool ignored = false;
    if (set)
        ignored = rp_text_bool(set, &ignored) && ignored;
    return (rp_context_options){.ignore_checksums = ignore_checksum || ignored, .log = &log};
}

int rp_refs_error(const char *name, const char *text, int exit_code)
{
    char verb[64];
    (void)snprintf(verb, sizeof verb, "refs %s", name);
    return rp_cli_error(verb, text, exit_code);
}

int rp_refs_usage_error(const char *name, const char *text)
{
    char verb[64];
    (void)snprintf(verb, sizeof verb, "refs %s", name);
    return rp_cli_usage_error(verb, text);
}

size_t rp_refs_several(int argc, char **argv, const char *const **first)
{
    const int begin = optind - 1;
    while (optind < argc && argv[optind][0] != '-')
        optind++;
    *first = (const char *const *)argv + begin;
    return (size_t)(optind - begin);
}

int rp_refs_finish(const char *name, int exit_code)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return rp_refs_error(name, "standard output cannot be written", RP_EXIT_FAILED);
    return exit_code;
}

static void print_help(FILE *out)
{
    (void)fputs("Usage: rampart refs SUBCOMMAND [arguments]\n\n"
                "Best references by the rules of CRDS contexts, and work on the rules.\n\nSubcommands:\n",
                out);
    for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++)
        (void)fprintf(out, "  %-10s%-28s%s\n", subcommands[i].name, subcommands[i].arguments, subcommands[i].doc);
    (void)fputs("\n\"rampart refs SUBCOMMAND --help\" says more.  Mappings lie in DIR/mappings/<observatory>/ of\n"
                "--crds-path DIR or $CRDS_PATH.  See docs/algorithms/crds-rules.md.\n",
                out);
}

int rp_verb_refs(int argc, char **argv)
{
    char text[160];
    if (argc < 2) {
        print_help(stderr);
        return RP_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return RP_EXIT_OK;
    }
    rp_nearest nearest = {.name = argv[1]};
    for (size_t i = 0; i < sizeof subcommands / sizeof *subcommands; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0)
            return subcommands[i].function(argc - 1, argv + 1);
        rp_nearest_try(&nearest, subcommands[i].name);
    }
    (void)snprintf(text, sizeof text, "unknown subcommand '%.60s'%s%s%s", argv[1],
                   nearest.best ? ": did you mean '" : "", nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
    return rp_cli_usage_error("refs", text);
}
