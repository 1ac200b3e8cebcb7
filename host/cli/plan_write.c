/* Writing a plan's parameters: as a parameter file, and as the log shows them.  host/cli/plan.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "host/cli/plan.h"
#include "host/pipelines/expand.h"
#include "io/asdf/asdf.h"
#include "io/fits/cards.h"
#include "io/params_text.h"

/* Calls `take` for each value: the common ones first, then the step's own, as the reference orders them. */
typedef bool (*take_value)(void *payload, const rp_param *param, const rp_value *value);

static bool is_common(const char *name)
{
    for (size_t i = 0; i < rp_common_param_count; i++)
        if (strcmp(rp_common_params[i].name, name) == 0)
            return true;
    return false;
}

static bool each_value(const rp_values *values, take_value take, void *payload)
{
    bool ok = true;
    for (size_t i = 0; i < rp_common_param_count && ok; i++)
        ok = take(payload, &rp_common_params[i], rp_values_find(values, rp_common_params[i].name));
    for (size_t i = 0; i < rp_values_count(values) && ok; i++)
        if (!is_common(rp_values_param(values, i)->name))
            ok = take(payload, rp_values_param(values, i), rp_values_at(values, i));
    return ok;
}

/* Names of files are kept from the root, so that they mean the same elsewhere. */
static char *shown_text(const rp_param *param, const rp_value *value)
{
    const bool is_file = strcmp(param->name, "output_file") == 0 || strcmp(param->name, "dark_output") == 0;
    return is_file && !value->is_none ? rp_absolute_path(value->s) : strdup(value->s);
}

/* ---- ASDF ---- */

typedef struct writer {
    rp_tree *tree;
    rp_node *map;
} writer;

static rp_node *list_node(rp_tree *tree, const rp_param *param, const rp_value *value)
{
    rp_node *list = rp_new_sequence(tree);
    bool ok = list != NULL;
    for (size_t i = 0; i < value->n && ok; i++) {
        rp_node *item = param->type == RP_PARAM_STRING_LIST ? rp_new_string(tree, value->names[i])
                        : param->type == RP_PARAM_INT_LIST  ? rp_new_int(tree, (int64_t)value->list[i])
                                                            : rp_new_float(tree, value->list[i]);
        ok = rp_seq_append(tree, list, item);
    }
    return ok ? list : NULL;
}

static rp_node *value_node(rp_tree *tree, const rp_param *param, const rp_value *value)
{
    if (value->is_none)
        return rp_new_null(tree);
    switch (param->type) {
    case RP_PARAM_BOOL:
        return rp_new_bool(tree, value->b);
    case RP_PARAM_INT:
        return rp_new_int(tree, value->i);
    case RP_PARAM_FLOAT:
        return rp_new_float(tree, value->f);
    case RP_PARAM_STRING:
    case RP_PARAM_OPTION:
        break;
    default:
        return list_node(tree, param, value);
    }
    char *text = shown_text(param, value);
    rp_node *node = text ? rp_new_string(tree, text) : NULL;
    free(text);
    return node;
}

static bool put_value(void *payload, const rp_param *param, const rp_value *value)
{
    writer *w = payload;
    return rp_map_set(w->tree, w->map, param->name, value_node(w->tree, param, value));
}

/* {class, name, parameters}; the whole or one step. */
static rp_node *step_node(rp_tree *tree, const char *class_name, const char *name, const rp_values *values)
{
    rp_node *node = rp_new_mapping(tree);
    writer w = {tree, rp_new_mapping(tree)};
    const bool ok = node && w.map && rp_map_set(tree, node, "class", rp_new_string(tree, class_name)) &&
                    rp_map_set(tree, node, "name", rp_new_string(tree, name)) && each_value(values, put_value, &w) &&
                    rp_map_set(tree, node, "parameters", w.map);
    return ok ? node : NULL;
}

static rp_node *steps_node(rp_tree *tree, const rp_plan *plan)
{
    rp_node *list = rp_new_sequence(tree);
    bool ok = list != NULL;
    for (size_t i = 0; i < plan->nsteps && ok; i++)
        ok = rp_seq_append(tree, list,
                           step_node(tree, plan->step[i].step->class_name, plan->step[i].name, plan->values[i]));
    return ok ? list : NULL;
}

/* What a parameter reference file must say and only its author knows is left to be filled in. */
static bool add_meta(rp_tree *tree, rp_node *root, const char *class_name)
{
    static const char *const open_keys[] = {"author",  "instrument.name", "origin",  "pedigree",
                                            "reftype", "telescope",       "useafter"};
    char date[32], description[256];
    const time_t now = time(NULL);
    struct tm utc;
    (void)gmtime_r(&now, &utc);
    (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(description, sizeof description, "Parameters for calibration step %s", class_name);
    rp_node *meta = rp_new_mapping(tree);
    bool ok = meta && rp_map_set(tree, root, "meta", meta) &&
              rp_map_set(tree, meta, "date", rp_new_string(tree, date)) &&
              rp_map_set(tree, meta, "description", rp_new_string(tree, description));
    for (size_t i = 0; i < sizeof open_keys / sizeof *open_keys && ok; i++)
        ok = rp_path_set(tree, meta, open_keys[i], rp_new_string(tree, "<SPECIFY>"));
    return ok;
}

rp_code rp_plan_save(const rp_plan *plan, const char *path, rp_error *err)
{
    const char *class_name = rp_target_class(&plan->target);
    rp_tree *tree = rp_tree_new();
    rp_node *root = tree ? step_node(tree, class_name, plan->name, rp_plan_top(plan)) : NULL;
    bool ok = root && add_meta(tree, root, class_name);
    if (ok && plan->target.pipeline)
        ok = rp_map_set(tree, root, "steps", steps_node(tree, plan));
    rp_code code = ok ? rp_asdf_sign(tree, root, err) : rp_fail(err, RP_E_MEMORY, "no memory to write %s", path);
    if (!code)
        code = rp_asdf_write(path, root, true, err);
    rp_tree_free(tree);
    return code;
}

/* ---- text ---- */

typedef struct printer {
    FILE *out;
    int indent;
} printer;

/* Would YAML read this text as something else than a text? */
static bool needs_quotes(const char *text)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "null", "None", "~"};
    double number;
    if (text[0] == '\0' || rp_text_float(text, &number) || strpbrk(text, ":#\"'{}[],&*!|>%@`\n") || text[0] == ' ' ||
        text[0] == '-' || text[0] == '?' || text[strlen(text) - 1] == ' ')
        return true;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static void print_text(FILE *out, const char *text)
{
    if (!needs_quotes(text)) {
        (void)fputs(text, out);
        return;
    }
    (void)fputc('\'', out);
    for (; *text; text++)
        (void)fprintf(out, *text == '\'' ? "''" : "%c", *text);
    (void)fputc('\'', out);
}

/* YAML wants a point before an exponent, and one before inf and nan. */
static void print_float(FILE *out, const char *text)
{
    const char *exponent = strchr(text, 'e');
    const size_t sign = text[0] == '-';
    if (strpbrk(text + sign, "in") == text + sign)
        (void)fprintf(out, "%.*s.%s", (int)sign, text, text + sign);
    else if (exponent && !strchr(text, '.'))
        (void)fprintf(out, "%.*s.0%s", (int)(exponent - text), text, exponent);
    else
        (void)fputs(text, out);
}

static void print_list(printer *p, const rp_param *param, const rp_value *value)
{
    (void)fputs(value->n == 0 ? " []" : "", p->out);
    for (size_t i = 0; i < value->n; i++) {
        char number[RP_NUMBER_TEXT];
        (void)fprintf(p->out, "\n%*s- ", p->indent, "");
        if (value->names) {
            print_text(p->out, value->names[i]);
        } else if (param->type == RP_PARAM_INT_LIST) {
            (void)fprintf(p->out, "%.0f", value->list[i]);
        } else {
            rp_double_repr(number, value->list[i]);
            print_float(p->out, number);
        }
    }
}

static bool print_value(void *payload, const rp_param *param, const rp_value *value)
{
    printer *p = payload;
    (void)fprintf(p->out, "\n%*s%s:", p->indent, "", param->name);
    if (value->is_none || param->type == RP_PARAM_BOOL || param->type == RP_PARAM_INT) {
        (void)fprintf(p->out, " %s", value->s);
    } else if (param->type == RP_PARAM_FLOAT) {
        (void)fputc(' ', p->out);
        print_float(p->out, value->s);
    } else if (param->type == RP_PARAM_STRING || param->type == RP_PARAM_OPTION) {
        char *text = shown_text(param, value);
        (void)fputc(' ', p->out);
        print_text(p->out, text ? text : "");
        free(text);
    } else {
        print_list(p, param, value);
    }
    return true;
}

char *rp_plan_text(const rp_plan *plan)
{
    char *text = NULL;
    size_t size = 0;
    printer p = {open_memstream(&text, &size), 2};
    if (!p.out)
        return NULL;
    (void)each_value(rp_plan_top(plan), print_value, &p);
    if (plan->target.pipeline) {
        (void)fputs("\n  steps:", p.out);
        p.indent = 6;
        for (size_t i = 0; i < plan->nsteps; i++) {
            (void)fprintf(p.out, "\n    %s:", plan->step[i].name);
            (void)each_value(plan->values[i], print_value, &p);
        }
    }
    if (fclose(p.out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
