/* Reading an argument list: host/cli/options.h. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/options.h"
#include "io/params_text.h"

/* ---- matching ---- */

typedef struct match {
    const rp_option *option; /* NULL: none */
    const char *value;       /* behind "=", else NULL */
    size_t candidates;       /* how many options a prefix could mean */
} match;

static bool is_prefix(const char *text, size_t length, const rp_option *option)
{
    return strncmp(option->name, text, length) == 0;
}

static size_t count_prefix(const rp_option *options, size_t n, const char *text, size_t length, bool ours, match *m)
{
    size_t found = 0;
    for (size_t i = 0; i < n; i++)
        if (options[i].ours == ours && is_prefix(text, length, &options[i])) {
            m->option = &options[i];
            found++;
        }
    return found;
}

/* `argument` begins with "--"; the exact name, then the only strun option, then the only one of ours with this prefix.
 */
static match find_long(const rp_option *options, size_t n, const char *argument)
{
    match m = {0};
    const char *text = argument + 2;
    const size_t length = strcspn(text, "=");
    m.value = text[length] == '=' ? text + length + 1 : NULL;
    for (size_t i = 0; i < n; i++)
        if (strlen(options[i].name) == length && is_prefix(text, length, &options[i])) {
            m.option = &options[i];
            m.candidates = 1;
            return m;
        }
    m.candidates = length ? count_prefix(options, n, text, length, false, &m) : 0;
    if (m.candidates == 0 && length)
        m.candidates = count_prefix(options, n, text, length, true, &m);
    if (m.candidates != 1)
        m.option = NULL;
    return m;
}

static const char *short_name(const char *argument)
{
    static const struct {
        const char *flag, *name;
    } flags[] = {{"-h", "--help"}, {"-v", "--verbose"}, {"-q", "--quiet"}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (strcmp(argument, flags[i].flag) == 0)
            return flags[i].name;
    return argument;
}

static bool is_negative_number(const char *text)
{
    double value;
    return text[0] == '-' && (isdigit((unsigned char)text[1]) || text[1] == '.') && rp_text_float(text, &value);
}

/* Could this argument be an option at all?  "-" and negative numbers are values. */
static bool looks_like_option(const char *text)
{
    return text[0] == '-' && text[1] != '\0' && !is_negative_number(text);
}

/* ---- messages ---- */

static rp_code ambiguous(const char *argument, const rp_option *options, size_t n, rp_error *err)
{
    char names[600] = "";
    size_t used = 0;
    const size_t length = strcspn(argument + 2, "=");
    match ignored;
    const bool ours = count_prefix(options, n, argument + 2, length, false, &ignored) == 0;
    for (size_t i = 0; i < n && used < sizeof names - 1; i++) {
        if (options[i].ours != ours || !is_prefix(argument + 2, length, &options[i]))
            continue;
        const int written = snprintf(names + used, sizeof names - used, "%s--%s", used ? ", " : "", options[i].name);
        used += written > 0 ? (size_t)written : 0;
    }
    return rp_fail(err, RP_E_ARGUMENT, "ambiguous option: %.200s could match %s", argument, names);
}

static rp_code unrecognized(const char *argument, const rp_option *options, size_t n, rp_error *err)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(argument, "="), argument);
    rp_nearest nearest = {.name = name + strspn(name, "-")};
    for (size_t i = 0; i < n; i++)
        rp_nearest_try(&nearest, options[i].name);
    if (nearest.best)
        return rp_fail(err, RP_E_ARGUMENT, "unrecognized arguments: %.200s (did you mean --%s?)", argument,
                       nearest.best);
    return rp_fail(err, RP_E_ARGUMENT, "unrecognized arguments: %.200s (see --help)", argument);
}

/* ---- reading ---- */

int rp_arguments_find_target(int argc, char **argv)
{
    size_t n;
    const rp_option *options = rp_command_options(&n);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return i + 1 < argc ? i + 1 : -1;
        if (!looks_like_option(argv[i]))
            return i;
        const char *argument = short_name(argv[i]);
        if (strncmp(argument, "--", 2) != 0 || strchr(argument, '='))
            continue;
        const match m = find_long(options, n, argument);
        if (!m.option || m.option->kind != RP_OPTION_FLAG)
            i++; /* its value; options of steps all have one */
    }
    return -1;
}

static rp_code take_option(rp_arguments *out, const rp_option *option, const char *value, const rp_option *options,
                           rp_error *err)
{
    if (option->kind == RP_OPTION_FLAG || option->kind == RP_OPTION_VALUE) {
        out->command[option - options] = value;
        return RP_OK;
    }
    char name[96];
    (void)snprintf(name, sizeof name, "%s%s", option->reftype ? "override_" : "",
                   option->reftype ? option->reftype : option->param->name);
    return rp_settings_add(&out->settings, option->step ? option->step->name : NULL, name, value, false, err);
}

/* One option at argv[*i]; moves *i to the last argument it took. */
static rp_code read_option(rp_arguments *out, int argc, char **argv, int *i, int target, const rp_option *options,
                           size_t noptions, rp_error *err)
{
    const char *argument = short_name(argv[*i]);
    if (strncmp(argument, "--", 2) != 0)
        return unrecognized(argument, options, noptions, err);
    const match m = find_long(options, noptions, argument);
    if (m.candidates > 1)
        return ambiguous(argument, options, noptions, err);
    if (!m.option)
        return unrecognized(argument, options, noptions, err);
    if (m.option->kind == RP_OPTION_FLAG && m.value)
        return rp_fail(err, RP_E_ARGUMENT, "argument --%s: takes no value", m.option->name);
    const char *value = m.option->kind == RP_OPTION_FLAG ? "" : m.value;
    if (!value) {
        const int next = *i + 1;
        if (next >= argc || next == target || looks_like_option(argv[next]))
            return rp_fail(err, RP_E_ARGUMENT, "argument --%s: expected one argument", m.option->name);
        value = argv[next];
        *i = next;
    }
    return take_option(out, m.option, value, options, err);
}

rp_code rp_arguments_read(rp_arguments *out, int argc, char **argv, int target, const rp_option *options,
                          size_t noptions, rp_error *err)
{
    size_t ncommand;
    (void)rp_command_options(&ncommand);
    *out = (rp_arguments){0};
    out->input = calloc((size_t)argc + 1, sizeof *out->input);
    out->command = calloc(ncommand, sizeof *out->command);
    if (!out->input || !out->command)
        return rp_fail(err, RP_E_MEMORY, "no memory for arguments");
    rp_code code = RP_OK;
    bool only_inputs = false;
    for (int i = 1; i < argc && !code; i++) {
        if (i == target)
            continue;
        if (!only_inputs && strcmp(argv[i], "--") == 0)
            only_inputs = true;
        else if (only_inputs || !looks_like_option(argv[i]))
            out->input[out->ninputs++] = argv[i];
        else
            code = read_option(out, argc, argv, &i, target, options, noptions, err);
    }
    return code;
}

void rp_arguments_clear(rp_arguments *arguments)
{
    rp_settings_clear(&arguments->settings);
    free(arguments->input);
    free(arguments->command);
    *arguments = (rp_arguments){0};
}

const char *rp_argument(const rp_arguments *arguments, const char *name)
{
    size_t n;
    const rp_option *options = rp_command_options(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(options[i].name, name) == 0)
            return arguments->command[i];
    return NULL;
}
