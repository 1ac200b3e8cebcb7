/* Help: host/cli/help.h. */
#include <string.h>

#include "host/cli/help.h"

enum { COLUMN = 28, WIDTH = 100 };

void rp_help_placeholder(char *out, size_t capacity, const rp_param *param)
{
    static const char *const texts[] = {
        [RP_PARAM_BOOL] = "true|false",
        [RP_PARAM_INT] = "INTEGER",
        [RP_PARAM_FLOAT] = "NUMBER",
        [RP_PARAM_STRING] = "TEXT",
        [RP_PARAM_OPTION] = "",
        [RP_PARAM_INT_LIST] = "INTEGER,...",
        [RP_PARAM_FLOAT_LIST] = "NUMBER,...",
        [RP_PARAM_STRING_LIST] = "TEXT,...",
    };
    (void)snprintf(out, capacity, "%s", param->type == RP_PARAM_OPTION ? param->options : texts[param->type]);
    for (char *p = out; param->type == RP_PARAM_OPTION && *p; p++)
        if (*p == ',')
            *p = '|';
}

void rp_help_describe(char *out, size_t capacity, const rp_param *param)
{
    const bool list =
        param->type == RP_PARAM_INT_LIST || param->type == RP_PARAM_FLOAT_LIST || param->type == RP_PARAM_STRING_LIST;
    const char *initial = param->initial[0] == '\0'          ? "empty"
                          : strcmp(param->initial, ",") == 0 ? "empty list"
                                                             : param->initial;
    size_t used = (size_t)snprintf(out, capacity, "default %s", initial);
    if (param->unit[0] != '\0' && used < capacity)
        used += (size_t)snprintf(out + used, capacity - used, "; in %s", param->unit);
    if (param->minimum && used < capacity)
        used += (size_t)snprintf(out + used, capacity - used, "; at least %s%s", param->minimum, list ? " items" : "");
    if (param->maximum && used < capacity)
        (void)snprintf(out + used, capacity - used, "; at most %s%s", param->maximum, list ? " items" : "");
}

/* Words of `text` from column `column` on, which is where the cursor stands. */
static void print_wrapped(FILE *out, const char *text, int column)
{
    int at = column;
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (at + length + 1 > WIDTH && at > column) {
            (void)fprintf(out, "\n%*s", column, "");
            at = column;
        }
        (void)fprintf(out, "%s%.*s", at > column ? " " : "", length, text);
        at += length + (at > column);
        text += length;
        text += *text == ' ';
    }
    (void)fputc('\n', out);
}

static void print_option(FILE *out, const char *left, const char *right)
{
    const int length = (int)strlen(left);
    if (length > COLUMN - 4)
        (void)fprintf(out, "  %s\n%*s", left, COLUMN, "");
    else
        (void)fprintf(out, "  %-*s", COLUMN - 2, left);
    print_wrapped(out, right, COLUMN);
}

static void print_one(FILE *out, const rp_option *option)
{
    char left[256], right[512], placeholder[128] = "", about[192] = "";
    if (option->param) {
        rp_help_placeholder(placeholder, sizeof placeholder, option->param);
        rp_help_describe(about, sizeof about, option->param);
        (void)snprintf(right, sizeof right, "%s (%s)", option->doc, about);
    } else if (option->reftype) {
        (void)snprintf(right, sizeof right, "Use this %s reference; N/A: none", option->reftype);
    } else {
        (void)snprintf(right, sizeof right, "%s", option->doc);
    }
    const char *value = option->param ? placeholder : option->value;
    (void)snprintf(left, sizeof left, "--%s%s%s", option->name, value ? "=" : "", value ? value : "");
    print_option(out, left, right);
}

static void print_command_options(FILE *out, bool ours)
{
    size_t n;
    const rp_option *options = rp_command_options(&n);
    for (size_t i = 0; i < n; i++)
        if (options[i].ours == ours)
            print_one(out, &options[i]);
}

void rp_help_run(FILE *out)
{
    (void)fputs(
        "Usage: rampart run TARGET INPUT... [options]\n\n"
        "Calibrates exposures.  TARGET is a pipeline, a step (see \"rampart list\"), a Python class of these, or a\n"
        "parameter file (ASDF or configobj).  \"rampart run TARGET --help\" lists the parameters of the target.\n\n"
        "Options that strun has too:\n",
        out);
    print_command_options(out, false);
    (void)fputs("  --version                 The version\n\nOptions of rampart:\n", out);
    print_command_options(out, true);
}

void rp_help_target(FILE *out, const rp_target *target, const rp_option *options, size_t noptions)
{
    (void)fprintf(out, "Usage: rampart run %s INPUT... [options]\n\n%s.\n", rp_target_alias(target),
                  rp_target_title(target));
    if (target->pipeline && target->pipeline->refusal)
        (void)fprintf(out, "Not run by this release: %s.\n", target->pipeline->refusal);
    if (target->step && !target->step->ops)
        (void)fputs("Not run by this release.\n", out);
    (void)fputs("\nOptions of the command:\n", out);
    print_command_options(out, false);
    print_command_options(out, true);
    (void)fputs("\nParameters:\n", out);
    const rp_step *step = NULL;
    for (size_t i = 0; i < noptions; i++) {
        if (options[i].kind == RP_OPTION_FLAG || options[i].kind == RP_OPTION_VALUE)
            continue;
        if (options[i].step != step) {
            step = options[i].step;
            (void)fprintf(out, "\n%s: %s%s\n", step->name, step->title, step->ops ? "" : " (not run by this release)");
        }
        print_one(out, &options[i]);
    }
}
