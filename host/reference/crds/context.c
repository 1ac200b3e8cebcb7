/* Contexts: reading the files and making the index; include/rampart/context.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/reference/crds/rules.h"
#include "io/product/dictionary.h"

typedef struct opening {
    rp_context *context;
    const char *crds_path;
    char *folder; /* of the mappings when the context was given by path; else NULL */
    rp_intern names;
    bool verify;
    const rp_log *log;
    rp_error *err;
} opening;

static rp_code no_memory(const opening *o)
{
    return rp_fail(o->err, RP_E_MEMORY, "%s: no memory for the context", o->context->name);
}

/* ---- files ---- */

static char *path_of(const opening *o, const char *name)
{
    if (!o->folder)
        return rp_mapping_path(o->crds_path, name);
    char *out = NULL;
    return asprintf(&out, "%s/%s", o->folder, name) < 0 ? NULL : out;
}

/* Reads a mapping once; `kind` is what its place asks for, so no chain of names can lead back. */
static rp_code load(opening *o, const char *name, rp_mapping_kind kind, const char *named_by, rp_mapping **out)
{
    static const char *const extensions[] = {".pmap", ".imap", ".rmap"};
    rp_context *context = o->context;
    const size_t before = o->names.count, length = strlen(name);
    if (strchr(name, '/') || length < 6 || strcmp(name + length - 5, extensions[kind]) != 0)
        return rp_fail(o->err, RP_E_FORMAT, "%s names '%.200s' where the name of a %s stands (a cycle, or damaged)",
                       named_by, name, extensions[kind] + 1);
    const uint32_t number = rp_intern_add(&o->names, &context->arena, name, length);
    if (!number)
        return no_memory(o);
    if (number <= before) {
        *out = context->mapping[number - 1];
        return RP_OK;
    }
    size_t room = context->nmappings;
    if ((room & (room - 1)) == 0) { /* full at powers of two */
        rp_mapping **wider = realloc(context->mapping, (room ? 2 * room : 1) * sizeof *wider);
        if (!wider)
            return no_memory(o);
        context->mapping = wider;
    }
    char *path = path_of(o, name);
    if (!path)
        return no_memory(o);
    rp_code code = rp_mapping_open(out, path, o->verify, o->log, o->err);
    free(path);
    if (code) {
        rp_error_prefix(o->err, "%s", named_by);
        return code;
    }
    context->mapping[context->nmappings++] = *out;
    return RP_OK;
}

static rp_code read_imap(opening *o, rp_instrument *in)
{
    const rp_mapping *imap = in->imap;
    rp_code code = RP_OK;
    in->rule = rp_arena_zero(&o->context->arena, imap->nentries + 1, sizeof *in->rule);
    if (!in->rule)
        return no_memory(o);
    for (size_t i = 0; i < imap->nentries && !code; i++) {
        const char *value = imap->entry[i].value->text;
        rp_rule *rule = &in->rule[in->nrules++];
        rule->type = imap->entry[i].key->text;
        if (rp_is_na(value) || rp_is_omit(value))
            rule->special = value;
        else
            code = load(o, value, RP_RMAP, imap->name, &rule->mapping);
    }
    return code;
}

static rp_code read_pmap(opening *o)
{
    rp_context *context = o->context;
    const rp_mapping *pmap = context->root;
    rp_code code = RP_OK;
    context->instrument = rp_arena_zero(&context->arena, pmap->nentries + 1, sizeof *context->instrument);
    if (!context->instrument)
        return no_memory(o);
    for (size_t i = 0; i < pmap->nentries && !code; i++) {
        const char *value = pmap->entry[i].value->text;
        rp_instrument *in = &context->instrument[context->ninstruments++];
        in->name = pmap->entry[i].key->text;
        if (rp_is_na(value) || rp_is_omit(value)) {
            in->special = value;
            continue;
        }
        code = load(o, value, RP_IMAP, pmap->name, &in->imap);
        if (!code)
            code = read_imap(o, in);
    }
    const rp_literal *parkey = rp_literal_get(pmap->module.header, "parkey");
    if (!code && (parkey->kind != RP_LITERAL_TUPLE || !parkey->count || parkey->item[0]->kind != RP_LITERAL_TEXT))
        return rp_fail(o->err, RP_E_FORMAT, "%s: parkey is not ('KEYWORD',)", pmap->name);
    if (!code) {
        char *upper = rp_arena_copy(&context->arena, parkey->item[0]->text, parkey->item[0]->length);
        context->instrument_key = upper;
        if (!upper)
            return no_memory(o);
        for (char *p = upper; *p; p++)
            *p = rp_upper(*p);
    }
    return code;
}

static rp_code read_lone(opening *o)
{
    rp_context *context = o->context;
    rp_instrument *in = context->instrument = rp_arena_zero(&context->arena, 1, sizeof *in);
    if (!in)
        return no_memory(o);
    context->ninstruments = 1;
    in->name = rp_mapping_lower(&context->arena, context->root, "instrument");
    if (context->root->kind == RP_IMAP) {
        in->imap = context->root;
        return read_imap(o, in);
    }
    in->rule = rp_arena_zero(&context->arena, 1, sizeof *in->rule);
    if (!in->rule)
        return no_memory(o);
    in->nrules = 1;
    in->rule->mapping = context->root;
    in->rule->type = rp_mapping_lower(&context->arena, context->root, "filekind");
    return in->rule->type ? RP_OK : no_memory(o);
}

static rp_code read_files(opening *o, const char *name)
{
    const char *dot = strrchr(name, '.');
    const rp_mapping_kind kind = dot && strcmp(dot, ".imap") == 0   ? RP_IMAP
                                 : dot && strcmp(dot, ".rmap") == 0 ? RP_RMAP
                                                                    : RP_PMAP;
    if (kind == RP_PMAP && (!dot || strcmp(dot, ".pmap") != 0))
        return rp_fail(o->err, RP_E_ARGUMENT, "%s: a context's name ends in .pmap, .imap or .rmap", name);
    rp_code code = load(o, name, kind, "context", &o->context->root);
    if (code)
        return code;
    return kind == RP_PMAP ? read_pmap(o) : read_lone(o);
}

/* ---- keywords ---- */

/* The FITS keyword's place in the data models; NULL: not a keyword of theirs. */
static const char *path_of_keyword(const char *keyword)
{
    size_t first;
    return rp_keyword_range(keyword, &first) ? rp_keyword_named(first)->path : NULL;
}

static bool is_path(const char *name)
{
    return strncasecmp(name, "meta.", 5) == 0;
}

typedef struct symbol_table {
    opening *o;
    bool jwst;
    rp_intern slots; /* names of symbols; number - 1 is the symbol */
    size_t *symbol_of;
    size_t room;
} symbol_table;

/* Makes `text` a spelling of the symbol. */
static bool add_spelling(symbol_table *t, const char *text, size_t symbol)
{
    rp_context *context = t->o->context;
    const uint32_t number = rp_intern_add(&context->symbols, &context->arena, text, strlen(text));
    while (number && number >= t->room)
        if (!rp_grow(&t->symbol_of, &t->room, t->room, sizeof *t->symbol_of))
            return false;
    if (number)
        t->symbol_of[number] = symbol;
    return number != 0;
}

/* crds 14.0.3 renames FITS keywords of JWST to paths before anything else, so rules that ask for such a keyword by its
 * FITS name never see it. */
static bool add_symbol(symbol_table *t, const char *name, size_t *symbol)
{
    const size_t before = t->slots.count;
    const uint32_t number = rp_intern_add(&t->slots, &t->o->context->arena, name, strlen(name));
    if (!number)
        return false;
    *symbol = number - 1;
    if (number <= before || (t->jwst && !is_path(name) && path_of_keyword(name)))
        return true;
    return add_spelling(t, name, *symbol);
}

static bool add_keywords(symbol_table *t)
{
    char upper[256];
    for (size_t i = 0; i < rp_keyword_count() && t->jwst; i++) {
        const rp_keyword *keyword = rp_keyword_at(i);
        size_t n = strlen(keyword->path);
        if (n >= sizeof upper || path_of_keyword(keyword->keyword) != keyword->path)
            continue;
        for (size_t k = 0; k <= n; k++)
            upper[k] = rp_upper(keyword->path[k]);
        const uint32_t number = rp_intern_find(&t->slots, upper, n);
        if (number && is_path(upper) && !add_spelling(t, keyword->keyword, number - 1))
            return false;
    }
    return true;
}

static bool add_slots(symbol_table *t)
{
    static const char *const keys[] = {"INSTRUME",
                                       "META.INSTRUMENT.NAME",
                                       "META_INSTRUMENT_NAME",
                                       "INSTRUMENT",
                                       "ROMAN.META.INSTRUMENT.NAME",
                                       "META.INSTRUMENT.TYPE",
                                       "META_INSTRUMENT_TYPE"};
    rp_context *context = t->o->context;
    for (size_t i = 0; i < context->ninstruments; i++)
        for (size_t k = 0; k < context->instrument[i].nslots; k++) {
            rp_slot *slot = &context->instrument[i].slot[k];
            if (slot->from_header && !add_symbol(t, slot->name, &slot->symbol))
                return false;
        }
    if (!context->instrument_key)
        return true;
    if (!add_symbol(t, context->instrument_key, &context->instrument_symbol[context->ninstrument_symbols++]))
        return false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!add_symbol(t, keys[i], &context->instrument_symbol[context->ninstrument_symbols++]))
            return false;
    return true;
}

static void find_key_slots(rp_context *context)
{
    for (size_t i = 0; i < context->ninstruments; i++) {
        rp_instrument *in = &context->instrument[i];
        for (size_t k = 0; k < context->ninstrument_symbols; k++) {
            in->key_slot[k] = RP_NO_SLOT;
            for (size_t j = 0; j < in->nslots; j++)
                if (in->slot[j].from_header && in->slot[j].symbol == context->instrument_symbol[k])
                    in->key_slot[k] = j;
        }
    }
}

static rp_code make_symbols(opening *o)
{
    rp_context *context = o->context;
    const char *observatory = rp_mapping_header(context->root, "observatory");
    symbol_table t = {.o = o, .jwst = observatory && rp_same_letters(observatory, "JWST")};
    const bool good = add_slots(&t) && add_keywords(&t);
    size_t *kept = good ? rp_arena_zero(&context->arena, context->symbols.count + 1, sizeof *kept) : NULL;
    if (kept && context->symbols.count)
        memcpy(kept, t.symbol_of, (context->symbols.count + 1) * sizeof *kept);
    context->symbol_of = kept;
    context->nsymbols = t.slots.count;
    rp_intern_clear(&t.slots);
    free(t.symbol_of);
    if (!kept)
        return no_memory(o);
    find_key_slots(context);
    return RP_OK;
}

/* ---- lists ---- */

static int compare_mappings(const void *a, const void *b)
{
    const rp_mapping *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static rp_code make_lists(opening *o)
{
    rp_context *context = o->context;
    size_t nreferences = 0, n = 0;
    qsort(context->mapping, context->nmappings, sizeof *context->mapping, compare_mappings);
    for (size_t i = 0; i < context->nmappings; i++)
        if (context->mapping[i]->kind == RP_RMAP)
            nreferences += context->mapping[i]->children.count;
    const char **mapping = rp_arena_zero(&context->arena, context->nmappings + 1, sizeof *mapping);
    const char **reference = rp_arena_zero(&context->arena, nreferences + 1, sizeof *reference);
    const char **instrument = rp_arena_zero(&context->arena, context->ninstruments + 1, sizeof *instrument);
    if (!mapping || !reference || !instrument)
        return no_memory(o);
    for (size_t i = 0; i < context->nmappings; i++) {
        const rp_mapping *m = context->mapping[i];
        mapping[i] = m->name;
        if (m->kind == RP_RMAP && m->children.count) {
            memcpy(reference + n, m->children.name, m->children.count * sizeof *reference);
            n += m->children.count;
        }
    }
    for (size_t i = 0; i < context->ninstruments; i++)
        instrument[i] = context->instrument[i].name;
    context->mapping_names = (rp_names){mapping, context->nmappings};
    context->reference_names = (rp_names){reference, rp_names_sort(reference, n)};
    context->instrument_names = (rp_names){instrument, rp_names_sort(instrument, context->ninstruments)};
    return RP_OK;
}

/* ---- opening ---- */

static rp_code open_all(opening *o, const char *name)
{
    rp_code code = read_files(o, name);
    for (size_t i = 0; i < o->context->ninstruments && !code; i++)
        if (!o->context->instrument[i].special)
            code = rp_compile_instrument(o->context, &o->context->instrument[i], o->err);
    if (!code)
        code = make_symbols(o);
    return code ? code : make_lists(o);
}

rp_code rp_context_open(rp_context **out, const char *crds_path, const char *name, const rp_context_options *options,
                        rp_error *err)
{
    const char *base = rp_base_name(name);
    opening o = {.crds_path = crds_path,
                 .verify = !options || !options->ignore_checksums,
                 .log = options ? options->log : NULL,
                 .err = err};
    *out = NULL;
    o.context = calloc(1, sizeof *o.context);
    if (!o.context)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for the context", name);
    o.context->name = rp_arena_copy(&o.context->arena, base, strlen(base));
    o.folder = base == name ? NULL : strndup(name, (size_t)(base - name - 1));
    rp_code code = RP_OK;
    if (!o.context->name || (base != name && !o.folder))
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for the context", name);
    else if (!o.folder && !crds_path)
        code = rp_fail(err, RP_E_ARGUMENT, "%s: no CRDS_PATH is given to find it in", name);
    if (!code)
        code = open_all(&o, base);
    rp_intern_clear(&o.names);
    free(o.folder);
    if (code) {
        rp_context_close(o.context);
        return code;
    }
    *out = o.context;
    return RP_OK;
}

void rp_context_close(rp_context *context)
{
    if (!context)
        return;
    for (size_t i = 0; i < context->ninstruments; i++) {
        rp_instrument *in = &context->instrument[i];
        for (size_t k = 0; k < in->nslots; k++)
            rp_intern_clear(&in->slot[k].values);
        free(in->slot);
        rp_intern_clear(&in->type_number);
    }
    for (size_t i = 0; i < context->nmappings; i++)
        rp_mapping_close(context->mapping[i]);
    free(context->mapping);
    rp_regexes_free(context->regex);
    rp_intern_clear(&context->symbols);
    rp_arena_clear(&context->arena);
    free(context);
}
