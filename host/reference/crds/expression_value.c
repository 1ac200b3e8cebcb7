/* Evaluation of expressions: host/reference/crds/expression.h. */
#include <stdio.h>
#include <string.h>

#include "host/reference/crds/expression_impl.h"

typedef struct run {
    const rp_lookup *lookup;
    rp_arena *arena;
    const char *why; /* set: the evaluation has failed */
} run;

static rp_value evaluate(run *r, const rp_expression *e);

static rp_value truth(bool value)
{
    return (rp_value){.kind = RP_VALUE_BOOL, .number = value, .text = value ? "True" : "False"};
}

static rp_value fail(run *r, const char *format, const char *a, const char *b)
{
    const size_t room = strlen(format) + strlen(a) + (b ? strlen(b) : 0) + 1;
    char *text = rp_arena_get(r->arena, room);
    if (text) {
        const char *end = text + room;
        char *p = text;
        for (const char *f = format; *f && p < end - 1; f++) {
            if (*f != '%') {
                *p++ = *f;
                continue;
            }
            const char *word = *++f == 'a' ? a : b ? b : "";
            memcpy(p, word, strlen(word));
            p += strlen(word);
        }
        *p = '\0';
    }
    r->why = text ? text : "no memory";
    return truth(false);
}

static const char *type_name(const rp_value *v)
{
    static const char *const names[] = {"NoneType", "bool", "int", "float", "str", "tuple", "list"};
    return names[v->kind];
}

static bool is_number(const rp_value *v)
{
    return v->kind == RP_VALUE_BOOL || v->kind == RP_VALUE_INT || v->kind == RP_VALUE_FLOAT;
}

static bool is_true(const rp_value *v)
{
    switch (v->kind) {
    case RP_VALUE_NONE:
        return false;
    case RP_VALUE_TEXT:
        return v->length != 0;
    case RP_VALUE_TUPLE:
    case RP_VALUE_LIST:
        return v->count != 0;
    default:
        return v->number < 0 || v->number > 0;
    }
}

static bool equal(const rp_value *a, const rp_value *b)
{
    if (is_number(a) && is_number(b))
        return !(a->number < b->number) && !(a->number > b->number);
    if (a->kind != b->kind)
        return false;
    if (a->kind == RP_VALUE_TEXT)
        return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (!equal(&a->item[i], &b->item[i]))
            return false;
    return true;
}

/* -1, 0, 1; 2 where Python cannot order them, whose kinds are then at *x and *y. */
static int order(const rp_value *a, const rp_value *b, const rp_value **x, const rp_value **y)
{
    *x = a;
    *y = b;
    if (is_number(a) && is_number(b))
        return a->number < b->number ? -1 : a->number > b->number;
    if (a->kind != b->kind || a->kind == RP_VALUE_NONE)
        return 2;
    if (a->kind == RP_VALUE_TEXT) {
        const size_t n = a->length < b->length ? a->length : b->length;
        const int c = n ? memcmp(a->text, b->text, n) : 0;
        return c ? (c > 0) - (c < 0) : (a->length > b->length) - (a->length < b->length);
    }
    for (size_t i = 0; i < a->count && i < b->count; i++)
        if (!equal(&a->item[i], &b->item[i]))
            return order(&a->item[i], &b->item[i], x, y);
    return (a->count > b->count) - (a->count < b->count);
}

static rp_value compare(run *r, rp_operation operation, const rp_value *a, const rp_value *b)
{
    const rp_value *x, *y;
    const int c = order(a, b, &x, &y);
    switch (operation) {
    case RP_OP_LT:
        return c == 2 ? fail(r, "'<' not supported between instances of '%a' and '%b'", type_name(x), type_name(y))
                      : truth(c < 0);
    case RP_OP_LE:
        return c == 2 ? fail(r, "'<=' not supported between instances of '%a' and '%b'", type_name(x), type_name(y))
                      : truth(c <= 0);
    case RP_OP_GT:
        return c == 2 ? fail(r, "'>' not supported between instances of '%a' and '%b'", type_name(x), type_name(y))
                      : truth(c > 0);
    default:
        return c == 2 ? fail(r, "'>=' not supported between instances of '%a' and '%b'", type_name(x), type_name(y))
                      : truth(c >= 0);
    }
}

static rp_value contains(run *r, const rp_value *a, const rp_value *b, bool wanted)
{
    if (b->kind == RP_VALUE_TUPLE || b->kind == RP_VALUE_LIST) {
        for (size_t i = 0; i < b->count; i++)
            if (equal(a, &b->item[i]))
                return truth(wanted);
        return truth(!wanted);
    }
    if (b->kind != RP_VALUE_TEXT)
        return fail(r, "argument of type '%a' is not iterable", type_name(b), NULL);
    if (a->kind != RP_VALUE_TEXT)
        return fail(r, "'in <string>' requires string as left operand, not %a", type_name(a), NULL);
    return truth((memmem(b->text, b->length, a->text, a->length) != NULL) == wanted);
}

static rp_value evaluate_name(run *r, const rp_expression *e)
{
    rp_value out = {.kind = RP_VALUE_TEXT};
    if (e->slot == RP_NAME_FALSE)
        return truth(false);
    if (e->slot == RP_NAME_UNDEFINED) {
        out.text = "UNDEFINED";
        out.length = 9;
        return out;
    }
    if (e->slot == RP_NAME_UNKNOWN)
        return fail(r, "name '%a' is not defined", e->value.text, NULL);
    out.text = r->lookup->text(r->lookup->payload, e->slot, &out.length);
    return out;
}

static rp_value evaluate_items(run *r, const rp_expression *e)
{
    rp_value *item = rp_arena_get(r->arena, (e->count + 1) * sizeof *item);
    if (!item)
        return fail(r, "no memory", "", NULL);
    for (size_t i = 0; i < e->count && !r->why; i++)
        item[i] = e->item[i]->operation == RP_OP_CONSTANT ? e->item[i]->value : evaluate(r, e->item[i]);
    return (rp_value){
        .kind = e->operation == RP_OP_TUPLE ? RP_VALUE_TUPLE : RP_VALUE_LIST, .item = item, .count = e->count};
}

static rp_value evaluate(run *r, const rp_expression *e)
{
    switch (e->operation) {
    case RP_OP_CONSTANT:
        return e->value;
    case RP_OP_NAME:
        return evaluate_name(r, e);
    case RP_OP_TUPLE:
    case RP_OP_LIST:
        return evaluate_items(r, e);
    default:
        break;
    }
    if (e->operation == RP_OP_IF) {
        const rp_value condition = evaluate(r, e->condition);
        return r->why ? condition : evaluate(r, is_true(&condition) ? e->a : e->b);
    }
    rp_value a = evaluate(r, e->a);
    if (r->why)
        return a;
    switch (e->operation) {
    case RP_OP_NOT:
        return truth(!is_true(&a));
    case RP_OP_MINUS:
        if (!is_number(&a))
            return fail(r, "bad operand type for unary -: '%a'", type_name(&a), NULL);
        a.number = -a.number;
        a.kind = a.kind == RP_VALUE_BOOL ? RP_VALUE_INT : a.kind;
        return a;
    case RP_OP_AND:
        return is_true(&a) ? evaluate(r, e->b) : a;
    case RP_OP_OR:
        return is_true(&a) ? a : evaluate(r, e->b);
    default:
        break;
    }
    const rp_value b = evaluate(r, e->b);
    if (r->why)
        return b;
    switch (e->operation) {
    case RP_OP_EQ:
        return truth(equal(&a, &b));
    case RP_OP_NE:
        return truth(!equal(&a, &b));
    case RP_OP_IN:
        return contains(r, &a, &b, true);
    case RP_OP_NOT_IN:
        return contains(r, &a, &b, false);
    default:
        return compare(r, e->operation, &a, &b);
    }
}

bool rp_expression_evaluate(const rp_expression *expression, const rp_lookup *lookup, rp_arena *arena, bool *result,
                            const char **why)
{
    run r = {.lookup = lookup, .arena = arena};
    const rp_value value = evaluate(&r, expression);
    *why = r.why;
    *result = !r.why && is_true(&value);
    return !r.why;
}
