/* rampart man [PAGE]: manual pages in roff, from the same tables as the help. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/cli/help.h"

/* Text for roff: a leading point or quote is protected, and so are minus signs and backslashes. */
static void put(const char *text)
{
    if (text[0] == '.' || text[0] == '\'')
        (void)fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-')
            (void)fputs("\\-", stdout);
        else if (*text == '\\')
            (void)fputs("\\e", stdout);
        else
            (void)fputc(*text, stdout);
    }
}

static void head(const char *page, const char *title)
{
    char upper[64];
    size_t i = 0;
    for (; page[i] && i + 1 < sizeof upper; i++)
        upper[i] = (char)toupper((unsigned char)page[i]);
    upper[i] = '\0';
    (void)printf(".TH \"%s\" 1 \"\" \"rampart %s\" \"Rampart\"\n.SH NAME\n", upper, RP_VERSION);
    put(page);
    (void)fputs(" \\- ", stdout);
    put(title);
    (void)fputs("\n", stdout);
}

static void term(const char *name, const char *value, const char *text)
{
    (void)fputs(".TP\n.B ", stdout);
    put(name);
    if (value) {
        (void)fputs("=\\fI", stdout);
        put(value);
        (void)fputs("\\fR", stdout);
    }
    (void)fputs("\n", stdout);
    put(text);
    (void)fputs("\n", stdout);
}

static void option_term(const rp_option *option)
{
    char name[128], value[128] = "", text[512], about[192];
    (void)snprintf(name, sizeof name, "--%s", option->name);
    if (option->param) {
        rp_help_placeholder(value, sizeof value, option->param);
        rp_help_describe(about, sizeof about, option->param);
        (void)snprintf(text, sizeof text, "%s (%s).", option->doc, about);
        term(name, value, text);
    } else if (option->reftype) {
        (void)snprintf(text, sizeof text, "Use this %s reference; N/A: none.", option->reftype);
        term(name, option->value, text);
    } else {
        (void)snprintf(text, sizeof text, "%s.", option->doc);
        term(name, option->value, text);
    }
}

static void exit_section(void)
{
    (void)fputs(".SH EXIT STATUS\n", stdout);
    term("0", NULL, "Success; also after help and version.");
    term("1", NULL, "Any failure: a missing file, a wrong value, an unknown target, a failed step.");
    term("2", NULL, "Wrong usage: an unknown option, a missing argument.");
    term("64", NULL, "No science data on the detector.");
    term("130, 143", NULL, "Interrupted by SIGINT or SIGTERM.");
}

static void main_page(void)
{
    size_t n;
    const rp_verb *verbs = rp_verbs(&n);
    head("rampart", "calibrate exposures of the James Webb Space Telescope");
    (void)fputs(".SH SYNOPSIS\n.B rampart\n.I verb\n[arguments]\n.SH VERBS\n", stdout);
    for (size_t i = 0; i < n; i++) {
        char text[256];
        (void)snprintf(text, sizeof text, "%s.", verbs[i].doc);
        term(verbs[i].name, NULL, text);
    }
    exit_section();
    (void)fputs(
        ".SH SEE ALSO\n.BR rampart-run (1);\n\"rampart man\n.IR TARGET \\(dq\nprints the page of a pipeline or step.\n",
        stdout);
}

static void run_page(void)
{
    size_t n;
    const rp_option *options = rp_command_options(&n);
    head("rampart-run", "calibrate exposures with a pipeline or one step");
    (void)fputs(
        ".SH SYNOPSIS\n.B rampart run\n.I target input ...\n[options]\n.SH DESCRIPTION\n"
        "The target is a pipeline, a step, the Python class of one, or a parameter file in ASDF or configobj form.\n"
        "Options and parameters have the syntax and meaning of\n.BR strun ;\n"
        "called by that name, the command takes its place.\n"
        "Later sources win: default, parameter reference, parameter file, command line.\n.SH OPTIONS\n",
        stdout);
    for (size_t i = 0; i < n; i++)
        option_term(&options[i]);
    exit_section();
    (void)fputs(".SH ENVIRONMENT\n", stdout);
    term("STPIPE_DISABLE_CRDS_STEPPARS", NULL, "When true, as the option --disable-crds-steppars.");
    term("TMPDIR", NULL, "Where compressed inputs are unpacked.");
    (void)fputs(".SH SEE ALSO\n.BR rampart (1)\n", stdout);
}

static int target_page(const rp_target *target)
{
    rp_option *options;
    size_t n;
    rp_error err = {0};
    const rp_code code = rp_options_of(&options, &n, target, &err);
    if (code)
        return rp_cli_error("man", err.text, rp_exit_code(code));
    char page[96];
    (void)snprintf(page, sizeof page, "rampart-%s", rp_target_alias(target));
    head(page, rp_target_title(target));
    (void)fputs(".SH SYNOPSIS\n.B rampart run ", stdout);
    put(rp_target_alias(target));
    (void)fputs("\n.I input ...\n[options]\n.SH PARAMETERS\n", stdout);
    const rp_step *step = NULL;
    for (size_t i = 0; i < n; i++) {
        if (options[i].kind == RP_OPTION_FLAG || options[i].kind == RP_OPTION_VALUE)
            continue;
        if (options[i].step != step) {
            step = options[i].step;
            (void)printf(".SS %s\n", step->name);
            put(step->title);
            (void)fputs(step->ops ? ".\n" : ".  Not run by this release.\n", stdout);
        }
        option_term(&options[i]);
    }
    (void)fputs(".SH SEE ALSO\n.BR rampart-run (1)\n", stdout);
    free(options);
    return RP_EXIT_OK;
}

int rp_verb_man(int argc, char **argv)
{
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)puts("Usage: rampart man [run | TARGET]\n\nPrints a manual page in roff, for: rampart man | man -l -");
        return RP_EXIT_OK;
    }
    if (argc > 2)
        return rp_cli_usage_error("man", "one page at a time");
    if (argc < 2 || strcmp(argv[1], "rampart") == 0) {
        main_page();
        return RP_EXIT_OK;
    }
    const char *name = strncmp(argv[1], "rampart-", 8) == 0 ? argv[1] + 8 : argv[1];
    if (strcmp(name, "run") == 0) {
        run_page();
        return RP_EXIT_OK;
    }
    rp_target target;
    rp_error err = {0};
    if (rp_target_find(&target, name, &err))
        return rp_cli_error("man", err.text, RP_EXIT_FAILED);
    return target_page(&target);
}
