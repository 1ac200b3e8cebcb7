/* The rules of one instrument: host/reference/crds/rules.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/rules.h"

/* ---- slots ---- */

static bool is_upper(const char *text)
{
    for (; *text; text++)
        if (rp_upper(*text) != *text)
            return false;
    return true;
}

static bool fill_slot(rp_compiler *c, rp_slot *slot, const char *name)
{
    static const char *const first[] = {"UNDEFINED", "N/A", "*"}; /* RP_NUMBER_UNDEFINED, ... */
    rp_arena *arena = &c->context->arena;
    *slot = (rp_slot){.name = rp_arena_copy(arena, name, strlen(name)), .from_header = is_upper(name)};
    for (size_t i = 0; i < 3; i++)
        if (!rp_intern_add(&slot->values, arena, first[i], strlen(first[i])))
            return false;
    return slot->name != NULL;
}

size_t rp_slot_of(rp_compiler *c, const char *name)
{
    rp_instrument *in = c->instrument;
    for (size_t i = 0; i < in->nslots; i++)
        if (strcmp(in->slot[i].name, name) == 0)
            return i;
    const bool room = rp_grow(&in->slot, &in->slots_room, in->nslots, sizeof *in->slot);
    if (!room || !fill_slot(c, &in->slot[in->nslots], name)) {
        if (room)
            rp_intern_clear(&in->slot[in->nslots].values);
        c->context->arena.failed = true;
        return 0;
    }
    return in->nslots++;
}

/* The keywords of a header are in upper case, whatever the rules say. */
static size_t header_slot(rp_compiler *c, const char *name)
{
    char *upper = rp_arena_copy(&c->context->arena, name, strlen(name));
    if (!upper)
        return 0;
    for (char *p = upper; *p; p++)
        *p = rp_upper(*p);
    return rp_slot_of(c, upper);
}

/* ---- required keywords ---- */

typedef struct keywords {
    const char **name;
    size_t count, room;
} keywords;

static rp_code add_keyword(rp_compiler *c, keywords *k, const char *name)
{
    if (!rp_grow(&k->name, &k->room, k->count, sizeof *k->name))
        return rp_compile_no_memory(c);
    k->name[k->count++] = name;
    return RP_OK;
}

static rp_code add_literals(rp_compiler *c, keywords *k, const rp_literal *value, int depth)
{
    if (!value)
        return RP_OK;
    if (value->kind == RP_LITERAL_TEXT)
        return add_keyword(c, k, value->text);
    if ((value->kind != RP_LITERAL_TUPLE && value->kind != RP_LITERAL_LIST) || depth > 1)
        return rp_compile_fail(c, value, "a keyword that is not a text");
    rp_code code = RP_OK;
    for (size_t i = 0; i < value->count && !code; i++)
        code = add_literals(c, k, value->item[i], depth + 1);
    return code;
}

/* The client's get_required_parkeys of an rmap: parkey, reffile_switch, extra_keys, and two that JWST always adds. */
static rp_code rmap_keywords(rp_compiler *c, keywords *k)
{
    const rp_literal *header = c->mapping->module.header;
    rp_arena *arena = &c->context->arena;
    rp_code code = add_literals(c, k, rp_literal_get(header, "parkey"), 0);
    const char *given = rp_mapping_header(c->mapping, "reffile_switch");
    char *upper = rp_arena_copy(arena, given ? given : "", given ? strlen(given) : 0);
    if (!upper)
        return rp_compile_no_memory(c);
    for (char *p = upper; *p; p++)
        *p = rp_upper(*p);
    if (!code && *upper && strcmp(upper, "NONE") != 0)
        code = add_keyword(c, k, upper);
    if (!code)
        code = add_literals(c, k, rp_literal_get(header, "extra_keys"), 0);
    const char *observatory = rp_mapping_header(c->mapping, "observatory");
    if (!code && observatory && rp_same_letters(observatory, "JWST")) {
        code = add_keyword(c, k, "META.VISIT.TSOVISIT");
        if (!code)
            code = add_keyword(c, k, "META.INSTRUMENT.LAMP_STATE");
    }
    return code;
}

static rp_code keep_keywords(rp_compiler *c, keywords *k)
{
    rp_instrument *in = c->instrument;
    const size_t n = rp_names_sort(k->name, k->count);
    in->required = rp_arena_zero(&c->context->arena, n + 1, sizeof *in->required);
    if (!in->required)
        return rp_compile_no_memory(c);
    for (size_t i = 0; i < n; i++) {
        in->required[i] = k->name[i];
        (void)header_slot(c, k->name[i]);
    }
    in->nrequired = n;
    if (c->context->instrument_key)
        (void)header_slot(c, c->context->instrument_key);
    return c->context->arena.failed ? rp_compile_no_memory(c) : RP_OK;
}

static rp_code find_keywords(rp_compiler *c)
{
    rp_instrument *in = c->instrument;
    keywords k = {0};
    rp_code code = RP_OK;
    if (in->imap) {
        c->mapping = in->imap;
        code = add_literals(c, &k, rp_literal_get(in->imap->module.header, "parkey"), 0);
        if (!code)
            code = add_literals(c, &k, rp_literal_get(in->imap->module.header, "extra_keys"), 0);
    }
    for (size_t i = 0; i < in->nrules && !code; i++)
        if (in->rule[i].mapping) {
            c->mapping = in->rule[i].mapping;
            code = rmap_keywords(c, &k);
        }
    if (!code)
        code = keep_keywords(c, &k);
    free(k.name);
    return code;
}

/* ---- expressions ---- */

typedef struct naming {
    rp_compiler *c;
    const keywords *own; /* of the rmap */
    bool of_parkey;
} naming;

static bool spells(const char *keyword, const char *name)
{
    for (; *keyword; keyword++, name++)
        if (*name != *keyword && !(*keyword == '.' && *name == '_'))
            return false;
    return !*name;
}

/* crds 14.0.3: keywords that an rmap spells in lower case are "UNDEFINED" for parkey_relevance, unknown elsewhere. */
static int find_name(void *payload, const char *name)
{
    const naming *n = payload;
    const rp_instrument *in = n->c->instrument;
    if (n->of_parkey && strcmp(name, "keep_comments") == 0)
        return RP_NAME_FALSE;
    for (size_t i = 0; i < in->nslots; i++)
        if (in->slot[i].from_header && spells(in->slot[i].name, name))
            return (int)i;
    for (size_t i = 0; n->of_parkey && i < n->own->count; i++)
        if (spells(n->own->name[i], name))
            return RP_NAME_UNDEFINED;
    return RP_NAME_UNKNOWN;
}

/* Replaces all keywords of the rmap in the text by the names that they have in expressions. */
static const char *evaluable(rp_compiler *c, const keywords *own, const char *text)
{
    char *out = rp_arena_copy(&c->context->arena, text, strlen(text));
    for (size_t i = 0; out && i < own->count; i++) {
        const size_t n = strlen(own->name[i]);
        for (char *at = out; n && (at = strstr(at, own->name[i])) != NULL; at += n)
            for (size_t k = 0; k < n; k++)
                if (at[k] == '.')
                    at[k] = '_';
    }
    return out;
}

static rp_code parse_expression(rp_compiler *c, const keywords *own, bool of_parkey, const char *text,
                                const rp_expression **out)
{
    naming n = {c, own, of_parkey};
    const rp_scope scope = {find_name, &n};
    const char *source = evaluable(c, own, text);
    return source ? rp_expression_parse(out, &c->context->arena, c->mapping->name, source, &scope, c->err)
                  : rp_compile_no_memory(c);
}

static rp_code read_relevance(rp_compiler *c, rp_rule *rule, const keywords *own)
{
    rp_arena *arena = &c->context->arena;
    rp_code code = RP_OK;
    const char *omit = rp_mapping_lower(arena, c->mapping, "rmap_omit");
    const char *relevance = rp_mapping_lower(arena, c->mapping, "rmap_relevance");
    if (omit)
        code = parse_expression(c, own, false, omit, &rule->omit);
    if (!code && relevance) {
        rp_buffer text = {0};
        for (const char *at = relevance, *found;; at = found + 6) {
            found = strstr(at, "always");
            rp_buffer_add(&text, at, found ? (size_t)(found - at) : strlen(at));
            if (!found)
                break;
            rp_buffer_puts(&text, "True");
        }
        code = text.failed ? rp_compile_no_memory(c)
                           : parse_expression(c, own, false, rp_buffer_text(&text), &rule->relevance);
        rp_buffer_clear(&text);
    }
    return code;
}

static const char *parkey_expression(const rp_literal *relevance, const char *keyword)
{
    for (size_t i = relevance ? relevance->count : 0; i-- > 0;)
        if (relevance->kind == RP_LITERAL_DICT && rp_same_letters(relevance->pair[i].key->text, keyword))
            return relevance->pair[i].value->text;
    return NULL;
}

static bool is_comment(const rp_literal *comments, const char *keyword)
{
    for (size_t i = 0; comments && i < comments->count && comments->item; i++)
        if (rp_same_letters(comments->item[i]->text, keyword))
            return true;
    return false;
}

/* crds 14.0.3: a comment, in lower case, takes the place of an expression. */
static bool gives_way(const rp_literal *comments, const rp_literal *key)
{
    for (const char *p = key->text; *p; p++)
        if (rp_lower(*p) != *p)
            return false;
    return is_comment(comments, key->text);
}

/* Expressions of keywords that the rmap does not have are of no use, but must be sound. */
static rp_code check_parkey_relevance(rp_compiler *c, const rp_literal *relevance, const rp_literal *comments,
                                      const keywords *own)
{
    const rp_expression *unused;
    rp_code code = RP_OK;
    if (relevance && relevance->kind != RP_LITERAL_DICT)
        return rp_compile_fail(c, relevance, "parkey_relevance is not a dictionary");
    for (size_t i = 0; relevance && i < relevance->count && !code; i++)
        if (gives_way(comments, relevance->pair[i].key))
            continue;
        else if (relevance->pair[i].value->kind == RP_LITERAL_TEXT && relevance->pair[i].key->kind == RP_LITERAL_TEXT)
            code = parse_expression(c, own, true, relevance->pair[i].value->text, &unused);
        else
            code = rp_compile_fail(c, relevance->pair[i].key, "parkey_relevance is {'KEYWORD' : 'expression'}");
    return code;
}

static rp_code read_parkey_rules(rp_compiler *c, rp_rule *rule, const keywords *own)
{
    const rp_literal *relevance = rp_literal_get(c->mapping->module.header, "parkey_relevance");
    const rp_literal *comments = rp_literal_get(c->mapping->module.header, "comment_parkeys");
    rp_parkey_rule *made = rp_arena_zero(&c->context->arena, own->count + 1, sizeof *made);
    rp_code code = made ? check_parkey_relevance(c, relevance, comments, own) : rp_compile_no_memory(c);
    for (size_t i = 0; i < own->count && !code; i++) {
        const bool comment = is_comment(comments, own->name[i]);
        const char *text = parkey_expression(relevance, own->name[i]);
        if (!comment && !text)
            continue;
        rp_parkey_rule *r = &made[rule->nparkeys++];
        r->slot = rp_slot_of(c, own->name[i]);
        if (!comment)
            code = parse_expression(c, own, true, text, &r->relevance);
    }
    rule->parkey = made;
    return code;
}

/* ---- rules ---- */

static rp_code compile_rule(rp_compiler *c, rp_rule *rule)
{
    const rp_module *module = &rule->mapping->module;
    const rp_literal *parkey = rp_literal_get(module->header, "parkey");
    const char *merges = NULL, *required = rp_mapping_header(rule->mapping, "reffile_required");
    const rp_literal *overlaps = rp_literal_get(module->header, "merge_overlaps");
    c->mapping = rule->mapping;
    c->substitutions = rp_literal_get(module->header, "substitutions");
    merges = overlaps ? overlaps->text : "TRUE";
    c->merges = rp_same_letters(merges, "TRUE") || strcmp(merges, "1") == 0;
    rule->optional = required && !rp_same_letters(required, "YES") && !rp_same_letters(required, "NONE");
    if (!parkey || (parkey->kind != RP_LITERAL_TUPLE && parkey->kind != RP_LITERAL_LIST))
        return rp_compile_fail(c, parkey, "parkey is a tuple of tuples of keywords");
    if (module->selector->kind != RP_LITERAL_CALL)
        return rp_compile_fail(c, module->selector, "the selector of an rmap is Match, UseAfter or another of these");
    keywords own = {0};
    rp_code code = rmap_keywords(c, &own);
    if (!code)
        code = read_relevance(c, rule, &own);
    if (!code)
        code = read_parkey_rules(c, rule, &own);
    if (!code)
        code = rp_compile_selector(c, module->selector, parkey->item, parkey->count, &rule->selector);
    free(own.name);
    return code;
}

static int compare_types(const void *a, const void *b)
{
    return rp_compare_names(a, b);
}

static rp_code list_types(rp_compiler *c)
{
    rp_instrument *in = c->instrument;
    rp_arena *arena = &c->context->arena;
    const char **type = rp_arena_zero(arena, in->nrules + 1, sizeof *type);
    const char **parkey = rp_arena_zero(arena, in->nrequired + 2, sizeof *parkey);
    if (!type || !parkey)
        return rp_fail(c->err, RP_E_MEMORY, "%s: no memory for its types", in->name);
    size_t n = 0;
    for (size_t i = 0; i < in->nrules; i++) {
        type[i] = in->rule[i].type;
        if (rp_intern_add(&in->type_number, arena, type[i], strlen(type[i])) != i + 1)
            return rp_fail(c->err, RP_E_MEMORY, "%s: no memory for its types", in->name);
    }
    if (in->nrules)
        qsort(type, in->nrules, sizeof *type, compare_types);
    if (c->context->instrument_key)
        parkey[n++] = c->context->instrument_key;
    for (size_t i = 0; i < in->nrequired; i++)
        parkey[n++] = in->required[i];
    in->types = (rp_names){type, in->nrules};
    in->parkeys = (rp_names){parkey, n};
    return RP_OK;
}

rp_code rp_compile_instrument(rp_context *context, rp_instrument *instrument, rp_error *err)
{
    rp_compiler c = {.context = context, .instrument = instrument, .mapping = context->root, .err = err};
    rp_code code = find_keywords(&c);
    for (size_t i = 0; i < instrument->nrules && !code; i++)
        if (instrument->rule[i].mapping)
            code = compile_rule(&c, &instrument->rule[i]);
    for (size_t i = 0; i < instrument->nrules && !code; i++)
        if (instrument->rule[i].mapping) {
            c.mapping = instrument->rule[i].mapping;
            code = rp_finish_matches(&c, instrument->rule[i].selector);
        }
    return code ? code : list_types(&c);
}
