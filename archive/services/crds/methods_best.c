/* Methods that need a compiled context: its files and keywords, and best references. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/services/crds/service_impl.h"
#include "io/fits/cards.h"

enum { MAX_ITEMS = 1000, MAX_HEADERS = 1000 };

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for an answer");
}

/* The context that the first parameter names; only files of ours, never a path. */
static rp_code take(rp_crds_service *s, const json_t *parameters, const rp_context **out, rp_error *err)
{
    const char *name;
    const rp_code code = rp_crds_text(parameters, 0, "context", NULL, &name, err);
    if (code)
        return code;
    if (strcmp(name, "latest") == 0)
        name = s->state.operational;
    const rp_crds_file *file = rp_crds_catalog_find(&s->catalog, name);
    if (!file || !file->mapping)
        return rp_fail(err, RP_E_MISSING, "no context '%.130s' is known", name);
    return rp_crds_contexts_take(s->contexts, file->name, out, err);
}

static json_t *array_of(rp_names names)
{
    json_t *out = json_array();
    for (size_t i = 0; i < names.count; i++)
        if (json_array_append_new(out, json_string(names.name[i])) != 0) {
            json_decref(out);
            return NULL;
        }
    return out;
}

static rp_code give_names(rp_crds_service *s, const json_t *parameters, rp_names (*names_of)(const rp_context *),
                          json_t **result, rp_error *err)
{
    const rp_context *context;
    const rp_code code = take(s, parameters, &context, err);
    if (code)
        return code;
    *result = array_of(names_of(context));
    rp_crds_contexts_release(s->contexts, context);
    return *result ? RP_OK : no_memory(err);
}

rp_code rp_crds_get_mapping_names(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    return give_names(s, parameters, rp_context_mappings, result, err);
}

rp_code rp_crds_get_reference_names(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    return give_names(s, parameters, rp_context_references, result, err);
}

rp_code rp_crds_get_required_parkeys(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const rp_context *context;
    rp_code code = take(s, parameters, &context, err);
    if (code)
        return code;
    *result = json_object();
    const rp_names instruments = rp_context_instruments(context);
    for (size_t i = 0; !code && i < instruments.count; i++)
        if (json_object_set_new(*result, instruments.name[i],
                                array_of(rp_context_parkeys(context, instruments.name[i]))) != 0)
            code = no_memory(err);
    rp_crds_contexts_release(s->contexts, context);
    return code;
}

/* ---- headers ---- */

/* A header as the rules want it; texts of numbers are made here. */
typedef struct header {
    rp_header_item item[MAX_ITEMS];
    size_t count;
    char *made[MAX_ITEMS];
    size_t nmade;
} header;

static char *print_real(double value)
{
    char text[RP_NUMBER_TEXT];
    rp_double_repr(text, value);
    return strdup(text);
}

static const char *text_of(header *h, const json_t *value)
{
    char *made = NULL;
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_boolean(value))
        return json_is_true(value) ? "True" : "False";
    if (json_is_real(value))
        made = print_real(json_real_value(value));
    else if (json_is_integer(value) && asprintf(&made, "%" JSON_INTEGER_FORMAT, json_integer_value(value)) < 0)
        made = NULL;
    if (made)
        h->made[h->nmade++] = made;
    return made;
}

static rp_code read_header(header *h, const json_t *given, rp_error *err)
{
    const char *key;
    json_t *value;
    h->count = h->nmade = 0;
    if (!json_is_object(given))
        return rp_fail(err, RP_E_ARGUMENT, "a header must be an object of keywords and values");
    if (json_object_size(given) > MAX_ITEMS)
        return rp_fail(err, RP_E_ARGUMENT, "a header has more than %d keywords", MAX_ITEMS);
    json_object_foreach((json_t *)given, key, value)
    {
        const char *text = text_of(h, value);
        if (text) /* other values are dropped, as the client does */
            h->item[h->count++] = (rp_header_item){key, text};
    }
    return RP_OK;
}

static void clear_header(header *h)
{
    for (size_t i = 0; i < h->nmade; i++)
        free(h->made[i]);
    h->nmade = 0;
}

/* ---- answers ---- */

/* Types as an array of texts; *out NULL and *n 0 for all.  Caller frees *out, not the texts. */
static rp_code read_types(const json_t *given, const char ***out, size_t *n, rp_error *err)
{
    *out = NULL;
    *n = 0;
    if (json_is_null(given))
        return RP_OK;
    if (!json_is_array(given) || json_array_size(given) == 0 || json_array_size(given) > MAX_ITEMS)
        return rp_fail(err, RP_E_ARGUMENT, "reftypes must be a list of types, or null for all");
    *out = calloc(json_array_size(given), sizeof **out);
    if (!*out)
        return no_memory(err);
    for (; *n < json_array_size(given); (*n)++) {
        (*out)[*n] = json_string_value(json_array_get(given, *n));
        if (!(*out)[*n])
            return rp_fail(err, RP_E_ARGUMENT, "reftypes must be names");
    }
    return RP_OK;
}

static json_t *answer_of(const rp_best *best)
{
    if (best->kind == RP_BEST_ODD) /* never to be taken for a name */
        return json_sprintf("NOT FOUND %s", best->count ? best->text[0] : "");
    if (best->kind != RP_BEST_FILES)
        return json_string(best->count ? best->text[0] : "NOT FOUND");
    json_t *names = json_array();
    for (size_t i = 0; i < best->count; i++)
        (void)json_array_append_new(names, json_string(best->text[i]));
    return names;
}

static rp_code ask(rp_query *query, const json_t *given, const char *const *types, size_t ntypes, json_t **result,
                   rp_error *err)
{
    header *h = calloc(1, sizeof *h);
    rp_bests bests = {0};
    *result = NULL;
    rp_code code = h ? read_header(h, given, err) : no_memory(err);
    if (!code)
        code = rp_query_best(query, h->item, h->count, types, ntypes, &bests, err);
    if (!code && bests.failure)
        code = rp_fail(err, RP_E_MISMATCH, "%s", bests.failure);
    if (!code && !(*result = json_object()))
        code = no_memory(err);
    for (size_t i = 0; !code && i < bests.count; i++)
        if (json_object_set_new(*result, bests.best[i].type, answer_of(&bests.best[i])) != 0)
            code = no_memory(err);
    if (h)
        clear_header(h);
    free(h);
    return code;
}

rp_code rp_crds_get_best_references(rp_crds_service *s, const json_t *parameters, json_t **result, rp_error *err)
{
    const rp_context *context;
    rp_query *query = NULL;
    const char **types = NULL;
    size_t ntypes = 0;
    rp_code code = take(s, parameters, &context, err);
    if (code)
        return code;
    code = read_types(json_array_get(parameters, 2), &types, &ntypes, err);
    if (!code)
        code = rp_query_new(&query, context, err);
    if (!code)
        rp_query_keep_absent(query, true);
    if (!code)
        code = ask(query, json_array_get(parameters, 1), types, ntypes, result, err);
    rp_query_free(query);
    rp_crds_contexts_release(s->contexts, context);
    free(types);
    return code;
}

/* A header that the rules refuse does not spoil the others: each type asked for gets the reason. */
static json_t *refusal(const rp_error *why, const char *const *types, size_t ntypes)
{
    json_t *out = json_object();
    for (size_t i = 0; i < ntypes; i++)
        (void)json_object_set_new(out, types[i], json_sprintf("NOT FOUND %s", why->text));
    return out;
}

static rp_code ask_all(rp_query *query, const json_t *map, const char *const *types, size_t ntypes, json_t *result,
                       rp_error *err)
{
    const char *id;
    json_t *given;
    json_object_foreach((json_t *)map, id, given)
    {
        json_t *answer = NULL;
        rp_error why = {0};
        const rp_code code = ask(query, given, types, ntypes, &answer, &why);
        if (code == RP_E_MEMORY)
            return no_memory(err);
        if (code) {
            json_decref(answer);
            answer = refusal(&why, types, ntypes);
        }
        if (json_object_set_new(result, id, answer) != 0)
            return no_memory(err);
    }
    return RP_OK;
}

rp_code rp_crds_get_best_references_by_header_map(rp_crds_service *s, const json_t *parameters, json_t **result,
                                                  rp_error *err)
{
    const json_t *map = json_array_get(parameters, 1);
    const rp_context *context;
    rp_query *query = NULL;
    const char **types = NULL;
    size_t ntypes = 0;
    if (!json_is_object(map) || json_object_size(map) > MAX_HEADERS)
        return rp_fail(err, RP_E_ARGUMENT, "header_map must be an object of at most %d headers", MAX_HEADERS);
    rp_code code = take(s, parameters, &context, err);
    if (code)
        return code;
    code = read_types(json_array_get(parameters, 2), &types, &ntypes, err);
    if (!code)
        code = rp_query_new(&query, context, err);
    if (!code && !(*result = json_object()))
        code = no_memory(err);
    if (!code)
        rp_query_keep_absent(query, true);
    if (!code)
        code = ask_all(query, map, types, ntypes, *result, err);
    rp_query_free(query);
    rp_crds_contexts_release(s->contexts, context);
    free(types);
    return code;
}
