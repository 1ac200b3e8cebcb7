/* Parameter values of one step: include/rampart/params.h.  Acceptance follows validate of configobj 5, with one
 * addition: None (unquoted) is accepted wherever None is the default. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/fits/cards.h"
#include "io/params_text.h"
#include "rampart/params.h"

struct rp_values {
    size_t n;
    const rp_param **param;
    rp_value *value;
};

static void value_clear(rp_value *value)
{
    free(value->s);
    free(value->list);
    for (size_t i = 0; value->names && i < value->n; i++)
        free(value->names[i]);
    free(value->names);
    *value = (rp_value){0};
}

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for parameter values");
}

/* ---- checks of one item ---- */

static rp_code wrong_type(const rp_param *param, const char *text, const char *wanted, rp_error *err)
{
    return rp_fail(err, RP_E_ARGUMENT, "%s: '%s' is not %s", param->name, text, wanted);
}

static rp_code check_bounds(const rp_param *param, double value, const char *text, rp_error *err)
{
    double bound;
    if (param->minimum && rp_text_float(param->minimum, &bound) && value < bound)
        return rp_fail(err, RP_E_ARGUMENT, "%s: %s is too small, the least is %s", param->name, text, param->minimum);
    if (param->maximum && rp_text_float(param->maximum, &bound) && value > bound)
        return rp_fail(err, RP_E_ARGUMENT, "%s: %s is too big, the most is %s", param->name, text, param->maximum);
    return RP_OK;
}

static rp_code set_bool(rp_value *out, const rp_param *param, const char *text, rp_error *err)
{
    if (!rp_text_bool(text, &out->b))
        return wrong_type(param, text, "true or false", err);
    out->s = strdup(out->b ? "True" : "False");
    return out->s ? RP_OK : no_memory(err);
}

static rp_code set_int(rp_value *out, const rp_param *param, const char *text, rp_error *err)
{
    if (!rp_text_int(text, &out->i))
        return wrong_type(param, text, "an integer", err);
    char normal[32];
    (void)snprintf(normal, sizeof normal, "%lld", out->i);
    out->f = (double)out->i;
    out->s = strdup(normal);
    return out->s ? check_bounds(param, out->f, normal, err) : no_memory(err);
}

static rp_code set_float(rp_value *out, const rp_param *param, const char *text, rp_error *err)
{
    if (!rp_text_float(text, &out->f))
        return wrong_type(param, text, "a number", err);
    char normal[RP_NUMBER_TEXT];
    rp_double_repr(normal, out->f);
    out->s = strdup(normal);
    return out->s ? check_bounds(param, out->f, normal, err) : no_memory(err);
}

/* Expansion of %(name)s is a feature of configobj that nobody uses for steps; a silent difference would be worse. */
static rp_code set_string(rp_value *out, const rp_param *param, const char *text, rp_error *err)
{
    const char *mark = strstr(text, "%(");
    if (mark && strstr(mark, ")s"))
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: '%s': %%(name)s is not expanded here; write the value out",
                       param->name, text);
    out->s = strdup(text);
    return out->s ? RP_OK : no_memory(err);
}

static bool in_options(const char *options, const char *text)
{
    const size_t length = strlen(text);
    for (const char *p = options; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (length == strcspn(p, ",") && strncmp(p, text, length) == 0)
            return true;
    }
    return false;
}

static rp_code set_option(rp_value *out, const rp_param *param, const char *text, rp_error *err)
{
    if (!in_options(param->options, text))
        return rp_fail(err, RP_E_ARGUMENT, "%s: '%s' is not one of %s", param->name, text, param->options);
    return set_string(out, param, text, err);
}

/* ---- lists ---- */

static rp_code join_items(rp_value *out, const rp_words *words, rp_error *err)
{
    size_t bytes = 1;
    for (size_t i = 0; i < words->n; i++)
        bytes += strlen(words->item[i]) + 2;
    out->s = malloc(bytes);
    if (!out->s)
        return no_memory(err);
    out->s[0] = '\0';
    char *end = out->s;
    for (size_t i = 0; i < words->n; i++)
        end += sprintf(end, "%s%s", i ? ", " : "", words->item[i]);
    return RP_OK;
}

static rp_code check_length(const rp_param *param, size_t n, rp_error *err)
{
    double bound;
    if (param->minimum && rp_text_float(param->minimum, &bound) && (double)n < bound)
        return rp_fail(err, RP_E_ARGUMENT, "%s: %zu items are too few, the least is %s", param->name, n,
                       param->minimum);
    if (param->maximum && rp_text_float(param->maximum, &bound) && (double)n > bound)
        return rp_fail(err, RP_E_ARGUMENT, "%s: %zu items are too many, the most is %s", param->name, n,
                       param->maximum);
    return RP_OK;
}

static rp_code set_numbers(rp_value *out, const rp_param *param, const rp_words *words, rp_error *err)
{
    out->list = calloc(words->n ? words->n : 1, sizeof *out->list);
    if (!out->list)
        return no_memory(err);
    for (size_t i = 0; i < words->n; i++) {
        long long whole = 0;
        const bool ok = param->type == RP_PARAM_INT_LIST ? rp_text_int(words->item[i], &whole)
                                                         : rp_text_float(words->item[i], &out->list[i]);
        if (!ok)
            return wrong_type(param, words->item[i], param->type == RP_PARAM_INT_LIST ? "an integer" : "a number", err);
        if (param->type == RP_PARAM_INT_LIST)
            out->list[i] = (double)whole;
    }
    return RP_OK;
}

static rp_code set_names(rp_value *out, const rp_words *words, rp_error *err)
{
    out->names = calloc(words->n ? words->n : 1, sizeof *out->names);
    if (!out->names)
        return no_memory(err);
    for (size_t i = 0; i < words->n; i++) {
        out->names[i] = strdup(words->item[i]);
        if (!out->names[i])
            return no_memory(err);
    }
    return RP_OK;
}

static rp_code set_list(rp_value *out, const rp_param *param, const rp_words *words, const char *text, rp_error *err)
{
    if (!words->is_list)
        return rp_fail(err, RP_E_ARGUMENT,
                       "%s: '%s' is not a list: separate items by commas, and write one item as '%s,'", param->name,
                       text, text);
    rp_code code = check_length(param, words->n, err);
    if (code)
        return code;
    out->n = words->n;
    code = param->type == RP_PARAM_STRING_LIST ? set_names(out, words, err) : set_numbers(out, param, words, err);
    return code ? code : join_items(out, words, err);
}

/* ---- one value ---- */

static bool is_list_type(rp_param_type type)
{
    return type == RP_PARAM_INT_LIST || type == RP_PARAM_FLOAT_LIST || type == RP_PARAM_STRING_LIST;
}

static bool may_be_none(const rp_param *param)
{
    return strcmp(param->initial, "None") == 0;
}

static rp_code set_words(rp_value *out, const rp_param *param, const rp_words *words, const char *text, rp_error *err)
{
    if (!words->is_list && !words->quoted && may_be_none(param) && strcmp(words->item[0], "None") == 0) {
        out->is_none = true;
        out->s = strdup("None");
        return out->s ? RP_OK : no_memory(err);
    }
    if (is_list_type(param->type))
        return set_list(out, param, words, text, err);
    if (words->is_list)
        return wrong_type(param, text, "a single value (quote it if it holds a comma)", err);
    switch (param->type) {
    case RP_PARAM_BOOL:
        return set_bool(out, param, words->item[0], err);
    case RP_PARAM_INT:
        return set_int(out, param, words->item[0], err);
    case RP_PARAM_FLOAT:
        return set_float(out, param, words->item[0], err);
    case RP_PARAM_OPTION:
        return set_option(out, param, words->item[0], err);
    default:
        return set_string(out, param, words->item[0], err);
    }
}

static rp_code parse_value(rp_value *out, const rp_param *param, const char *text, rp_error *err)
{
    *out = (rp_value){0};
    rp_words words;
    rp_code code = rp_words_parse(&words, text, err);
    if (code) {
        rp_error_prefix(err, "%s", param->name);
        return code;
    }
    code = set_words(out, param, &words, text, err);
    rp_words_clear(&words);
    if (code)
        value_clear(out);
    return code;
}

/* ---- all values of a step ---- */

static rp_code add_param(rp_values *values, const rp_param *param, rp_error *err)
{
    if (rp_values_find(values, param->name))
        return RP_OK; /* a step's own row takes the place of the common one: skip */
    rp_code code = parse_value(&values->value[values->n], param, param->initial, err);
    if (code)
        return rp_fail(err, RP_E_INTERNAL, "the table's default of %s is not accepted by its own row", param->name);
    values->param[values->n++] = param;
    return RP_OK;
}

rp_code rp_values_new(rp_values **out, const rp_param *const *tables, const size_t *counts, size_t ntables,
                      rp_error *err)
{
    *out = NULL;
    size_t total = 0;
    for (size_t t = 0; t < ntables; t++)
        total += counts[t];
    rp_values *values = calloc(1, sizeof *values);
    if (!values)
        return no_memory(err);
    values->param = calloc(total + 1, sizeof *values->param);
    values->value = calloc(total + 1, sizeof *values->value);
    rp_code code = values->param && values->value ? RP_OK : no_memory(err);
    for (size_t t = 0; t < ntables && !code; t++)
        for (size_t i = 0; i < counts[t] && !code; i++)
            code = add_param(values, &tables[t][i], err);
    if (code)
        rp_values_free(values);
    else
        *out = values;
    return code;
}

void rp_values_free(rp_values *values)
{
    if (!values)
        return;
    for (size_t i = 0; i < values->n; i++)
        value_clear(&values->value[i]);
    free(values->value);
    free(values->param);
    free(values);
}

static rp_code unknown_name(const rp_values *values, const char *name, rp_error *err)
{
    rp_nearest nearest = {.name = name};
    for (size_t i = 0; i < values->n; i++)
        rp_nearest_try(&nearest, values->param[i]->name);
    if (nearest.best)
        return rp_fail(err, RP_E_ARGUMENT, "unknown parameter '%s': did you mean '%s'?", name, nearest.best);
    return rp_fail(err, RP_E_ARGUMENT, "unknown parameter '%s'", name);
}

rp_code rp_values_set(rp_values *values, const char *name, const char *text, rp_origin origin, rp_error *err)
{
    for (size_t i = 0; i < values->n; i++) {
        if (strcmp(values->param[i]->name, name) != 0)
            continue;
        rp_value value;
        rp_code code = parse_value(&value, values->param[i], text, err);
        if (code)
            return code;
        value.origin = origin;
        if (origin < values->value[i].origin) {
            value_clear(&value);
            return RP_OK;
        }
        value_clear(&values->value[i]);
        values->value[i] = value;
        return RP_OK;
    }
    return unknown_name(values, name, err);
}

size_t rp_values_count(const rp_values *values)
{
    return values->n;
}

const rp_param *rp_values_param(const rp_values *values, size_t index)
{
    return index < values->n ? values->param[index] : NULL;
}

const rp_value *rp_values_at(const rp_values *values, size_t index)
{
    return index < values->n ? &values->value[index] : NULL;
}

const rp_value *rp_values_find(const rp_values *values, const char *name)
{
    for (size_t i = 0; i < values->n; i++)
        if (strcmp(values->param[i]->name, name) == 0)
            return &values->value[i];
    return NULL;
}

/* ---- typed getters ---- */

static const rp_value *need(const rp_values *values, const char *name, rp_param_type a, rp_param_type b)
{
    for (size_t i = 0; i < values->n; i++)
        if (strcmp(values->param[i]->name, name) == 0 && (values->param[i]->type == a || values->param[i]->type == b))
            return &values->value[i];
    assert(0 && "the step's table has no parameter of this name and type");
    return NULL;
}

bool rp_values_bool(const rp_values *values, const char *name)
{
    const rp_value *value = need(values, name, RP_PARAM_BOOL, RP_PARAM_BOOL);
    return value && value->b;
}

long long rp_values_int(const rp_values *values, const char *name, long long if_none)
{
    const rp_value *value = need(values, name, RP_PARAM_INT, RP_PARAM_INT);
    return value && !value->is_none ? value->i : if_none;
}

double rp_values_float(const rp_values *values, const char *name, double if_none)
{
    const rp_value *value = need(values, name, RP_PARAM_FLOAT, RP_PARAM_INT);
    return value && !value->is_none ? value->f : if_none;
}

const char *rp_values_string(const rp_values *values, const char *name)
{
    const rp_value *value = need(values, name, RP_PARAM_STRING, RP_PARAM_OPTION);
    return value && !value->is_none ? value->s : NULL;
}
