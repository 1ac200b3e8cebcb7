/* Differences of pmaps and imaps, and of headers: host/reference/crds/diff.h. */
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/diff_impl.h"
#include "host/reference/crds/rules.h"

/* ---- steps and messages ---- */

bool rp_differ_add(rp_differ *d, const rp_step *step, size_t nsteps, const char *message)
{
    rp_differences *out = d->out;
    rp_step *kept = rp_arena_get(&out->arena, (nsteps + 1) * sizeof *kept);
    if (!kept || !message || !rp_grow(&out->item, &out->room, out->count, sizeof *out->item)) {
        out->arena.failed = true;
        return false;
    }
    memcpy(kept, step, nsteps * sizeof *kept);
    out->item[out->count++] = (rp_difference){
        .step = kept, .nsteps = nsteps, .message = message, .instrument = d->instrument, .type = d->type};
    return true;
}

rp_step rp_differ_step(rp_differ *d, const char *a, const char *b, bool mappings)
{
    const char **text = rp_arena_zero(&d->out->arena, 2, sizeof *text);
    if (!text)
        return (rp_step){NULL, 0, false};
    text[0] = a;
    text[1] = b;
    return (rp_step){text, b ? 2 : 1, mappings};
}

const char *rp_differ_text(rp_differ *d, rp_buffer *text)
{
    const char *out = text->failed ? NULL : rp_arena_copy(&d->out->arena, rp_buffer_text(text), text->size);
    rp_buffer_clear(text);
    return out;
}

static void quote(rp_buffer *out, const char *text)
{
    rp_python_quote(out, text, strlen(text));
}

/* ---- headers ---- */

/* The client's header gives texts in lower case unless they stand in brackets. */
static void header_value(rp_buffer *out, const rp_literal *value)
{
    const bool bracketed = value->length > 1 && value->text[0] == '(' && value->text[value->length - 1] == ')';
    if (value->kind != RP_LITERAL_TEXT || bracketed) {
        rp_literal_repr(out, value);
        return;
    }
    rp_buffer lower = {0};
    for (size_t i = 0; i < value->length; i++)
        rp_buffer_putc(&lower, rp_lower(value->text[i]));
    if (lower.failed)
        rp_buffer_fail(out);
    else
        quote(out, rp_buffer_text(&lower));
    rp_buffer_clear(&lower);
}

static bool same_value(rp_differ *d, const rp_literal *a, const rp_literal *b)
{
    rp_buffer x = {0}, y = {0};
    header_value(&x, a);
    header_value(&y, b);
    const bool same = strcmp(rp_buffer_text(&x), rp_buffer_text(&y)) == 0;
    d->out->arena.failed = d->out->arena.failed || x.failed || y.failed;
    rp_buffer_clear(&x);
    rp_buffer_clear(&y);
    return same;
}

static void header_message(rp_differ *d, const rp_step *path, size_t npath, const char *what, const rp_literal *key,
                           const rp_literal *value, const rp_literal *with)
{
    rp_buffer text = {0};
    rp_buffer_puts(&text, what);
    rp_literal_repr(&text, key);
    rp_buffer_puts(&text, " = ");
    header_value(&text, value);
    if (with) {
        rp_buffer_puts(&text, " with ");
        header_value(&text, with);
    }
    (void)rp_differ_add(d, path, npath, rp_differ_text(d, &text));
}

static void compare_headers(rp_differ *d, const rp_mapping *a, const rp_mapping *b, const rp_step *path, size_t npath)
{
    const rp_literal *old = a->module.header, *new = b->module.header;
    for (size_t i = 0; i < old->count; i++) {
        const rp_literal *key = old->pair[i].key, *value = rp_literal_get(new, key->text);
        if (!value)
            header_message(d, path, npath, "deleted header ", key, old->pair[i].value, NULL);
        else if (!same_value(d, old->pair[i].value, value))
            header_message(d, path, npath, "header replaced ", key, old->pair[i].value, value);
    }
    for (size_t i = 0; i < new->count; i++)
        if (!rp_literal_get(old, new->pair[i].key->text))
            header_message(d, path, npath, "header added ", new->pair[i].key, new->pair[i].value, NULL);
}

/* ---- pmaps and imaps ---- */

static const rp_literal *entry(const rp_mapping *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->nentries; i++)
        if (rp_literal_is(mapping->entry[i].key, key))
            return mapping->entry[i].value;
    return NULL;
}

static bool is_file(const char *name)
{
    return !rp_is_na(name) && !rp_is_omit(name);
}

static void entry_message(rp_differ *d, const rp_step *path, size_t npath, const char *key, const char *what,
                          const char *name, const char *with)
{
    rp_step step[RP_DIFFER_STEPS];
    rp_buffer text = {0};
    memcpy(step, path, npath * sizeof *step);
    step[npath] = rp_differ_step(d, key, NULL, false);
    rp_buffer_puts(&text, what);
    quote(&text, name);
    if (with) {
        rp_buffer_puts(&text, " with ");
        quote(&text, with);
    }
    (void)rp_differ_add(d, step, npath + 1, rp_differ_text(d, &text));
}

static void compare_mappings(rp_differ *d, const rp_mapping *a, const char *name_a, const rp_mapping *b,
                             const char *name_b, const rp_step *path, size_t npath);

static void compare_entry(rp_differ *d, const char *key, const char *old, const char *new, const rp_step *path,
                          size_t npath)
{
    const rp_mapping *a = is_file(old) ? rp_context_mapping(d->old_context, old) : NULL;
    const rp_mapping *b = is_file(new) ? rp_context_mapping(d->new_context, new) : NULL;
    if (strcmp(old, new) == 0)
        return;
    const char *sum_a = a ? rp_mapping_header(a, "sha1sum") : old, *sum_b = b ? rp_mapping_header(b, "sha1sum") : new;
    if (!sum_a || !sum_b || strcmp(sum_a, sum_b) != 0)
        entry_message(d, path, npath, key, "replaced ", old, new);
    if (a && b)
        compare_mappings(d, a, a->name, b, b->name, path, npath);
}

static void compare_entries(rp_differ *d, const rp_mapping *a, const rp_mapping *b, const rp_step *path, size_t npath)
{
    const char *instrument = d->instrument;
    for (size_t i = 0; i < a->nentries; i++) {
        const char *key = a->entry[i].key->text;
        const rp_literal *new = entry(b, key);
        d->type = a->kind == RP_IMAP ? key : "";
        d->instrument = a->kind == RP_PMAP ? key : instrument;
        if (!new)
            entry_message(d, path, npath, key, "deleted ", a->entry[i].value->text, NULL);
        else
            compare_entry(d, key, a->entry[i].value->text, new->text, path, npath);
    }
    for (size_t i = 0; i < b->nentries; i++) {
        const char *key = b->entry[i].key->text;
        d->type = a->kind == RP_IMAP ? key : "";
        d->instrument = a->kind == RP_PMAP ? key : instrument;
        if (!entry(a, key))
            entry_message(d, path, npath, key, "added ", b->entry[i].value->text, NULL);
    }
    d->type = "";
    d->instrument = instrument;
}

static void compare_mappings(rp_differ *d, const rp_mapping *a, const char *name_a, const rp_mapping *b,
                             const char *name_b, const rp_step *path, size_t npath)
{
    rp_step step[RP_DIFFER_STEPS];
    if (npath + 2 > RP_DIFFER_STEPS)
        return;
    if (npath)
        memcpy(step, path, npath * sizeof *step);
    step[npath] = rp_differ_step(d, name_a, name_b, true);
    if (d->headers)
        compare_headers(d, a, b, step, npath + 1);
    if (a->kind != RP_RMAP)
        compare_entries(d, a, b, step, npath + 1);
    else
        rp_differ_selectors(d, a, b, step, npath + 1);
}

/* ---- order ---- */

/* The client: longer ones first, then by their steps. */
static int compare_differences(const void *x, const void *y)
{
    const rp_difference *a = x, *b = y;
    if (a->nsteps != b->nsteps)
        return a->nsteps > b->nsteps ? -1 : 1;
    for (size_t i = 0; i < a->nsteps; i++) {
        for (size_t k = 0; k < a->step[i].count && k < b->step[i].count; k++) {
            const int c = strcmp(a->step[i].text[k], b->step[i].text[k]);
            if (c)
                return c;
        }
        if (a->step[i].count != b->step[i].count)
            return a->step[i].count < b->step[i].count ? -1 : 1;
    }
    return strcmp(a->message, b->message);
}

rp_code rp_differences_find(rp_differences *out, const rp_context *old_context, const char *old_name,
                            const rp_context *new_context, const char *new_name, bool headers, rp_error *err)
{
    *out = (rp_differences){0};
    const rp_mapping *a = old_context->root, *b = new_context->root;
    rp_differ d = {.out = out,
                   .old_context = old_context,
                   .new_context = new_context,
                   .headers = headers,
                   .instrument = "",
                   .type = ""};
    if (a->kind != b->kind)
        return rp_fail(err, RP_E_MISMATCH, "%s and %s are mappings of different kinds", a->name, b->name);
    if (a->kind != RP_PMAP)
        d.instrument = old_context->instrument[0].name;
    if (a->kind == RP_RMAP)
        d.type = old_context->instrument[0].rule[0].type;
    compare_mappings(&d, a, old_name, b, new_name, NULL, 0);
    if (out->arena.failed)
        return rp_fail(err, RP_E_MEMORY, "no memory to compare %s and %s", a->name, b->name);
    if (out->count)
        qsort(out->item, out->count, sizeof *out->item, compare_differences);
    return RP_OK;
}

void rp_differences_clear(rp_differences *differences)
{
    free(differences->item);
    rp_arena_clear(&differences->arena);
    *differences = (rp_differences){0};
}
