/* Parameter files in ASDF form, today's and the legacy layout: host/cli/settings.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/settings.h"
#include "io/asdf/asdf.h"
#include "io/fits/cards.h"
#include "io/params_text.h"

/* A scalar in strun's spelling; NULL when it has none.  Caller frees. */
static char *scalar_text(const rp_node *node)
{
    char text[RP_NUMBER_TEXT];
    switch (node->kind) {
    case RP_NODE_NULL:
        return strdup("None");
    case RP_NODE_BOOL:
        return strdup(node->truth ? "True" : "False");
    case RP_NODE_INT:
        (void)snprintf(text, sizeof text, "%lld", (long long)node->integer);
        return strdup(text);
    case RP_NODE_FLOAT:
        rp_double_repr(text, node->number);
        return strdup(text);
    case RP_NODE_STRING:
        return strlen(node->text) == node->length ? rp_words_quote(node->text) : NULL;
    default:
        return NULL;
    }
}

/* Items joined by commas; one item gets a comma behind it, none is a lone comma. */
static char *list_text(const rp_node *node)
{
    char *out = strdup("");
    for (size_t i = 0; out && i < node->count; i++) {
        char *item = scalar_text(node->items[i]), *longer = NULL;
        if (!item || asprintf(&longer, "%s%s,", out, item) < 0)
            longer = NULL;
        free(item);
        free(out);
        out = longer;
    }
    if (out && node->count == 0) {
        free(out);
        out = strdup(",");
    }
    return out;
}

static rp_code add_node(rp_settings *settings, const char *step, const char *name, const rp_node *node, rp_error *err)
{
    char *text = node->kind == RP_NODE_SEQUENCE ? list_text(node) : scalar_text(node);
    if (!text)
        return rp_fail(err, RP_E_FORMAT, "%s%s%s: neither a value nor a list of values", step ? step : "",
                       step ? "." : "", name);
    const rp_code code = rp_settings_add(settings, step, name, text, node->kind == RP_NODE_NULL, err);
    free(text);
    return code;
}

/* The parameters of one step or of the top; what names other things is left to the caller. */
static rp_code add_parameters(rp_settings *settings, const char *step, const rp_node *parameters, rp_error *err)
{
    static const char *const not_parameters[] = {"steps", "name", "class", "config_file"};
    if (!parameters || parameters->kind != RP_NODE_MAPPING)
        return rp_fail(err, RP_E_FORMAT, "%s: no mapping named parameters", step ? step : "top level");
    rp_code code = RP_OK;
    for (size_t i = 0; i < parameters->nentries && !code; i++) {
        const rp_entry *entry = &parameters->entries[i];
        bool parameter = true;
        for (size_t k = 0; k < sizeof not_parameters / sizeof *not_parameters; k++)
            parameter = parameter && strcmp(entry->key, not_parameters[k]) != 0;
        if (parameter)
            code = add_node(settings, step, entry->key, entry->value, err);
    }
    return code;
}

static rp_code add_steps(rp_settings *settings, const rp_node *steps, rp_error *err)
{
    rp_code code = RP_OK;
    if (steps->kind != RP_NODE_SEQUENCE)
        return rp_fail(err, RP_E_FORMAT, "steps is not a list");
    for (size_t i = 0; i < steps->count && !code; i++) {
        const char *name = rp_node_text(rp_map_get(steps->items[i], "name"));
        if (!name)
            return rp_fail(err, RP_E_FORMAT, "entry %zu of steps has no name", i);
        code = add_parameters(settings, name, rp_map_get(steps->items[i], "parameters"), err);
    }
    return code;
}

/* Layout 0.1.0: everything stands in `parameters`, steps as a mapping. */
static rp_code add_legacy_steps(rp_settings *settings, const rp_node *steps, rp_error *err)
{
    rp_code code = RP_OK;
    if (steps->kind != RP_NODE_MAPPING)
        return rp_fail(err, RP_E_FORMAT, "steps is not a mapping");
    for (size_t i = 0; i < steps->nentries && !code; i++)
        code = add_parameters(settings, steps->entries[i].key, steps->entries[i].value, err);
    return code;
}

static rp_code take_text(char **out, const rp_node *node, rp_error *err)
{
    const char *text = rp_node_text(node);
    if (!text)
        return RP_OK;
    free(*out);
    *out = strdup(text);
    return *out ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a parameter file");
}

static rp_code take_tree(rp_pars *out, const rp_node *root, rp_error *err)
{
    const rp_node *parameters = rp_map_get(root, "parameters");
    const bool legacy = !rp_map_get(root, "class") && rp_map_get(parameters, "name");
    const rp_node *head = legacy ? parameters : root;
    const rp_node *steps = rp_map_get(head, "steps");
    rp_code code = take_text(&out->class_name, rp_map_get(head, "class"), err);
    if (!code)
        code = take_text(&out->name, rp_map_get(head, "name"), err);
    if (!code)
        code = add_parameters(&out->settings, NULL, parameters, err);
    if (!code && steps)
        code = legacy ? add_legacy_steps(&out->settings, steps, err) : add_steps(&out->settings, steps, err);
    return code;
}

rp_code rp_pars_parse_asdf(rp_pars *out, const char *path, const char *bytes, size_t size, rp_error *err)
{
    rp_tree *tree = NULL;
    rp_code code = rp_asdf_parse(&tree, bytes, size, path, err);
    if (code)
        return code;
    code = take_tree(out, rp_tree_root(tree), err);
    if (code)
        rp_error_prefix(err, "%s", path);
    rp_tree_free(tree);
    return code;
}
