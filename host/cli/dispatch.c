/* From the first argument to a verb: host/cli/cli.h. */
#include <signal.h>
#include <string.h>

#include "host/cli/cli.h"
#include "io/params_text.h"

static const rp_verb verbs[] = {
#define X(name, function, doc) {#name, function, doc},
#include "host/cli/verbs.def"
#undef X
};

const rp_verb *rp_verbs(size_t *count)
{
    *count = sizeof verbs / sizeof *verbs;
    return verbs;
}

int rp_exit_code(rp_code code)
{
    switch (code) {
    case RP_OK:
        return RP_EXIT_OK;
    case RP_E_INTERRUPTED:
        return RP_EXIT_INTERRUPTED;
    case RP_E_NO_DATA:
        return RP_EXIT_NO_DATA;
    default:
        return RP_EXIT_FAILED;
    }
}

int rp_cli_error(const char *verb, const char *text, int exit_code)
{
    (void)fprintf(stderr, "rampart%s%s: error: %s\n", verb ? " " : "", verb ? verb : "", text);
    return exit_code;
}

int rp_cli_usage_error(const char *verb, const char *text)
{
    (void)rp_cli_error(verb, text, RP_EXIT_USAGE);
    (void)fprintf(stderr, "See \"rampart%s%s --help\".\n", verb ? " " : "", verb ? verb : "");
    return RP_EXIT_USAGE;
}

void rp_cli_print_version(FILE *out)
{
    (void)fprintf(out, "rampart %s (products and parameters of jwst 3.0.0)\n", RP_VERSION);
}

void rp_cli_print_help(FILE *out)
{
    (void)fputs(
        "Usage: rampart VERB [arguments]\n\nCalibrates exposures of the James Webb Space Telescope.\n\nVerbs:\n", out);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        (void)fprintf(out, "  %-12s%s\n", verbs[i].name, verbs[i].doc);
    (void)fputs("\n  --help, -h  this help\n  --version   the version\n\n"
                "\"rampart VERB --help\" says more; \"rampart man\" prints the manual page.\n"
                "Called by the name strun, the command is \"rampart run\".\n",
                out);
}

static int unknown_verb(const char *name)
{
    char text[256];
    rp_nearest nearest = {.name = name};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        rp_nearest_try(&nearest, verbs[i].name);
    if (nearest.best)
        (void)snprintf(text, sizeof text, "unknown verb '%.100s': did you mean '%s'?", name, nearest.best);
    else
        (void)snprintf(text, sizeof text, "unknown verb '%.100s'", name);
    return rp_cli_usage_error(NULL, text);
}

int rp_cli_main(int argc, char **argv)
{
    /* A limit on the size of files (ulimit -f) is then an error like a full disk. */
    (void)signal(SIGXFSZ, SIG_IGN);
    const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
    const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "";
    if (strcmp(name, "strun") == 0)
        return rp_verb_run(argc, argv);
    if (argc < 2) {
        rp_cli_print_help(stderr);
        return RP_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        rp_cli_print_help(stdout);
        return RP_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        rp_cli_print_version(stdout);
        return RP_EXIT_OK;
    }
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[1], verbs[i].name) == 0)
            return verbs[i].function(argc - 1, argv + 1);
    return unknown_verb(argv[1]);
}
