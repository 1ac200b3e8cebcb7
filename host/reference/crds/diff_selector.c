/* Differences of selectors: host/reference/crds/diff.h. */
#include <stdio.h>
#include <string.h>

#include "host/reference/crds/diff_impl.h"
#include "host/reference/crds/walk.h"

typedef struct place {
    const rp_mapping *rmap;
    size_t depth;
    const rp_step *path;
    size_t npath;
    bool top;
} place;

/* repr() of a choice, as the client's objects have it. */
static void put_choice(rp_buffer *out, const rp_mapping *rmap, size_t depth, const rp_literal *choice)
{
    char count[32];
    if (choice->kind != RP_LITERAL_CALL) {
        rp_literal_repr(out, choice);
        return;
    }
    const rp_literal *keywords = rp_keywords_at(rmap, depth);
    rp_buffer_puts(out, choice->text);
    rp_buffer_puts(out, "Selector(");
    if (keywords)
        rp_literal_repr(out, keywords);
    (void)snprintf(count, sizeof count, ", nselections=%zu)", choice->item[0]->count);
    rp_buffer_puts(out, count);
}

/* The path and the key; returns the number of steps. */
static size_t with_key(rp_differ *d, const place *at, const rp_literal *call, const rp_literal *key, rp_step *step)
{
    if (at->npath + 1 >= RP_DIFFER_STEPS)
        return at->npath;
    const rp_key_text text = rp_key_values(&d->out->arena, call, rp_keywords_at(at->rmap, at->depth), key);
    memcpy(step, at->path, at->npath * sizeof *step);
    step[at->npath] = (rp_step){text.value, text.count, false};
    return at->npath + 1;
}

static void tell(rp_differ *d, const place *at, const rp_literal *call, const rp_literal *key, const char *what,
                 const rp_literal *choice, const place *with_at, const rp_literal *with)
{
    rp_step step[RP_DIFFER_STEPS];
    rp_buffer text = {0};
    const bool empty = key->kind == RP_LITERAL_TUPLE ? key->count == 0 : key->length == 0;
    size_t n = with_key(d, at, call, key, step);
    if (empty) /* crds 14.0.3 names no key then */
        n = at->npath;
    rp_buffer_puts(&text, what);
    rp_buffer_putc(&text, ' ');
    put_choice(&text, at->rmap, at->depth + 1, choice);
    if (with) {
        rp_buffer_puts(&text, " with ");
        put_choice(&text, with_at->rmap, with_at->depth + 1, with);
    }
    (void)rp_differ_add(d, step, n, rp_differ_text(d, &text));
}

/* All that lies below a selector that came or went. */
static void tell_all(rp_differ *d, const place *at, const rp_literal *call, const char *what)
{
    size_t n;
    const rp_pair *row = rp_rows(&d->out->arena, call, &n);
    for (size_t i = 0; row && i < n; i++) {
        if (row[i].value->kind != RP_LITERAL_CALL) {
            tell(d, at, call, row[i].key, what, row[i].value, NULL, NULL);
            continue;
        }
        rp_step step[RP_DIFFER_STEPS];
        const size_t nsteps = with_key(d, at, call, row[i].key, step);
        const place below = {at->rmap, at->depth + 1, step, nsteps, false};
        tell_all(d, &below, row[i].value, what);
    }
}

/* A row that only one side has. */
static void tell_lone(rp_differ *d, const place *at, const rp_literal *call, const rp_pair *row, const char *verb)
{
    char what[80];
    (void)snprintf(what, sizeof what, "%s %.40s rule for", verb, call->text);
    if (row->value->kind != RP_LITERAL_CALL) {
        if (!at->top)
            (void)snprintf(what, sizeof what, "%s terminal", verb);
        tell(d, at, call, row->key, what, row->value, NULL, NULL);
        return;
    }
    rp_step step[RP_DIFFER_STEPS];
    const size_t n = with_key(d, at, call, row->key, step);
    const place below = {at->rmap, at->depth + 1, step, n, false};
    tell_all(d, &below, row->value, what);
}

static const rp_literal *choice_of(const rp_pair *row, size_t count, const rp_literal *key)
{
    for (size_t i = 0; i < count; i++)
        if (rp_literal_equal(row[i].key, key))
            return row[i].value;
    return NULL;
}

static bool same_keywords(const place *a, const place *b)
{
    const rp_literal *x = rp_keywords_at(a->rmap, a->depth), *y = rp_keywords_at(b->rmap, b->depth);
    return x && y ? rp_literal_equal(x, y) : x == y;
}

static const char *class_name(const rp_literal *choice)
{
    if (choice->kind == RP_LITERAL_CALL)
        return choice->text;
    return rp_literal_is(choice, "N/A") ? "N/A" : choice->kind == RP_LITERAL_TEXT ? "str" : "tuple";
}

static void compare(rp_differ *d, const place *a, const rp_literal *old, const place *b, const rp_literal *new)
{
    rp_buffer text = {0};
    if (new->kind != RP_LITERAL_CALL || strcmp(old->text, new->text) != 0) {
        rp_buffer_puts(&text, "different classes ");
        rp_buffer_puts(&text, old->text);
        rp_buffer_puts(&text, " : ");
        rp_buffer_puts(&text, class_name(new));
        (void)rp_differ_add(d, a->path, a->npath, rp_differ_text(d, &text));
        return;
    }
    if (!same_keywords(a, b)) {
        const rp_literal *x = rp_keywords_at(a->rmap, a->depth), *y = rp_keywords_at(b->rmap, b->depth);
        rp_buffer_puts(&text, "different parameter lists  ");
        if (x)
            rp_literal_repr(&text, x);
        rp_buffer_puts(&text, " : ");
        if (y)
            rp_literal_repr(&text, y);
        (void)rp_differ_add(d, a->path, a->npath, rp_differ_text(d, &text));
        return;
    }
    size_t na, nb;
    const rp_pair *row_a = rp_rows(&d->out->arena, old, &na), *row_b = rp_rows(&d->out->arena, new, &nb);
    for (size_t i = 0; row_a && row_b && i < na; i++) {
        const rp_literal *choice = row_a[i].value, *other = choice_of(row_b, nb, row_a[i].key);
        if (!other) {
            tell_lone(d, a, old, &row_a[i], "deleted");
        } else if (choice->kind == RP_LITERAL_CALL) {
            rp_step step[RP_DIFFER_STEPS];
            const size_t n = with_key(d, a, old, row_a[i].key, step);
            const place below_a = {a->rmap, a->depth + 1, step, n, false},
                        below_b = {b->rmap, b->depth + 1, step, n, false};
            compare(d, &below_a, choice, &below_b, other);
        } else if (!rp_literal_equal(choice, other)) {
            tell(d, a, old, row_a[i].key, "replaced", choice, b, other);
        }
    }
    for (size_t i = 0; row_a && row_b && i < nb; i++)
        if (!choice_of(row_a, na, row_b[i].key))
            tell_lone(d, b, new, &row_b[i], "added");
}

void rp_differ_selectors(rp_differ *d, const rp_mapping *a, const rp_mapping *b, const rp_step *path, size_t npath)
{
    const place at_a = {a, 0, path, npath, true}, at_b = {b, 0, path, npath, true};
    compare(d, &at_a, a->module.selector, &at_b, b->module.selector);
}
