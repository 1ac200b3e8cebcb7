/* Parser of expressions: host/reference/crds/expression.h. */
#include <string.h>

#include "host/reference/crds/expression_impl.h"
#include "host/reference/crds/literal_lex.h"

enum { MAX_DEPTH = 64, MAX_ITEMS = 4096 };

typedef struct reader {
    rp_parser p;
    const rp_scope *scope;
    int depth;
} reader;

static rp_code read_choice(reader *r, const rp_expression **out);

static rp_code fail(reader *r, const char *what)
{
    return rp_fail(r->p.err, RP_E_FORMAT, "Can't load file '%s' : expression: %s", r->p.name, what);
}

static rp_expression *node(reader *r, rp_operation operation, const rp_expression *a, const rp_expression *b)
{
    rp_expression *made = rp_arena_zero(r->p.arena, 1, sizeof *made);
    if (!made)
        (void)rp_fail(r->p.err, RP_E_MEMORY, "%s: no memory for an expression", r->p.name);
    else
        *made = (rp_expression){.operation = operation, .a = a, .b = b};
    return made;
}

static rp_code done(const rp_expression **out, const rp_expression *made)
{
    *out = made;
    return made ? RP_OK : RP_E_MEMORY;
}

/* Is the word at the reader's place this one?  Steps over it if so. */
static bool take_word(reader *r, const char *word)
{
    rp_parser_skip(&r->p);
    if (!rp_parser_at_word(&r->p))
        return false;
    rp_parser ahead = r->p;
    size_t length;
    const char *found = rp_parser_word(&ahead, &length);
    if (length != strlen(word) || memcmp(found, word, length) != 0)
        return false;
    r->p = ahead;
    return true;
}

static bool take(reader *r, const char *sign)
{
    const size_t n = strlen(sign);
    rp_parser_skip(&r->p);
    if ((size_t)(r->p.end - r->p.at) < n || memcmp(r->p.at, sign, n) != 0)
        return false;
    r->p.at += n;
    return true;
}

/* A tuple of constants is one itself, and need not be made anew for every header. */
static bool fold(reader *r, rp_expression *made)
{
    rp_value *item = rp_arena_get(r->p.arena, (made->count + 1) * sizeof *item);
    if (!item)
        return false;
    for (size_t i = 0; i < made->count; i++) {
        if (made->item[i]->operation != RP_OP_CONSTANT)
            return true;
        item[i] = made->item[i]->value;
    }
    made->value = (rp_value){
        .kind = made->operation == RP_OP_TUPLE ? RP_VALUE_TUPLE : RP_VALUE_LIST, .item = item, .count = made->count};
    made->operation = RP_OP_CONSTANT;
    return true;
}

static rp_code read_sequence(reader *r, const char *close, rp_operation operation, const rp_expression **out)
{
    const rp_expression **item = NULL, *one = NULL;
    size_t count = 0, room = 0;
    bool comma = false;
    rp_code code = RP_OK;
    while (!code && !take(r, close)) {
        if (count && !comma) {
            code = fail(r, "a closing bracket is missing");
            break;
        }
        code = count < MAX_ITEMS ? read_choice(r, &one) : fail(r, "too long");
        if (!code && !rp_grow(&item, &room, count, sizeof *item))
            code = rp_fail(r->p.err, RP_E_MEMORY, "%s: no memory for an expression", r->p.name);
        if (code)
            break;
        item[count++] = one;
        comma = take(r, ",");
    }
    if (!code && count == 1 && !comma && operation == RP_OP_TUPLE) {
        *out = item[0];
    } else if (!code) {
        rp_expression *made = node(r, operation, NULL, NULL);
        const rp_expression **kept = rp_arena_get(r->p.arena, (count + 1) * sizeof *kept);
        if (made && kept) {
            if (count)
                memcpy(kept, item, count * sizeof *kept);
            made->item = kept;
            made->count = count;
        }
        code = done(out, kept && made && fold(r, made) ? made : NULL);
    }
    free(item);
    return code;
}

static rp_code read_name(reader *r, const rp_expression **out)
{
    static const char *const reserved[] = {"and", "or", "not", "in", "is", "if", "else", "lambda", "for"};
    size_t length;
    const char *word = rp_parser_word(&r->p, &length);
    const char *name = rp_arena_copy(r->p.arena, word, length);
    rp_expression *made = name ? node(r, RP_OP_NAME, NULL, NULL) : NULL;
    if (!made)
        return done(out, NULL);
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcmp(name, reserved[i]) == 0)
            return fail(r, "a value is missing");
    const bool is_true = strcmp(name, "True") == 0;
    made->value = (rp_value){.kind = RP_VALUE_BOOL, .number = is_true, .text = name, .length = length};
    if (is_true || strcmp(name, "False") == 0) {
        made->operation = RP_OP_CONSTANT;
    } else if (strcmp(name, "None") == 0) {
        made->operation = RP_OP_CONSTANT;
        made->value.kind = RP_VALUE_NONE;
    } else {
        made->slot = r->scope->find(r->scope->payload, name);
    }
    return done(out, made);
}

static rp_code read_atom(reader *r, const rp_expression **out)
{
    rp_parser_skip(&r->p);
    if (take(r, "("))
        return read_sequence(r, ")", RP_OP_TUPLE, out);
    if (take(r, "["))
        return read_sequence(r, "]", RP_OP_LIST, out);
    const char c = rp_parser_peek(&r->p);
    const bool is_text = rp_parser_at_text(&r->p);
    if (!is_text && rp_parser_at_word(&r->p))
        return read_name(r, out);
    if (!is_text && !(c >= '0' && c <= '9') && c != '.')
        return fail(r, "a value is missing, or something that rules do not allow stands there");
    rp_expression *made = node(r, RP_OP_CONSTANT, NULL, NULL);
    if (!made)
        return RP_E_MEMORY;
    bool is_float = false;
    const rp_code code = is_text ? rp_parser_text(&r->p, &made->value.text, &made->value.length)
                                 : rp_parser_number(&r->p, &made->value.text, &made->value.number, &is_float);
    made->value.kind = is_text ? RP_VALUE_TEXT : is_float ? RP_VALUE_FLOAT : RP_VALUE_INT;
    *out = made;
    return code;
}

static rp_code read_unary(reader *r, const rp_expression **out)
{
    if (!take(r, "-"))
        return read_atom(r, out);
    const rp_expression *a = NULL;
    if (++r->depth > MAX_DEPTH)
        return fail(r, "nested too deeply");
    const rp_code code = read_unary(r, &a);
    r->depth--;
    return code ? code : done(out, node(r, RP_OP_MINUS, a, NULL));
}

static bool take_comparison(reader *r, rp_operation *operation)
{
    static const struct {
        const char *sign;
        rp_operation operation;
    } signs[] = {{"==", RP_OP_EQ}, {"!=", RP_OP_NE}, {"<=", RP_OP_LE},
                 {">=", RP_OP_GE}, {"<", RP_OP_LT},  {">", RP_OP_GT}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (take(r, signs[i].sign)) {
            *operation = signs[i].operation;
            return true;
        }
    const reader before = *r;
    const bool negated = take_word(r, "not");
    if (take_word(r, "in")) {
        *operation = negated ? RP_OP_NOT_IN : RP_OP_IN;
        return true;
    }
    *r = before;
    return false;
}

/* a < b < c is (a < b) and (b < c). */
static rp_code read_comparison(reader *r, const rp_expression **out)
{
    const rp_expression *left = NULL, *right = NULL, *whole = NULL;
    rp_operation operation;
    rp_code code = read_unary(r, &left);
    while (!code && take_comparison(r, &operation)) {
        code = read_unary(r, &right);
        const rp_expression *one = code ? NULL : node(r, operation, left, right);
        if (!code && one)
            whole = whole ? node(r, RP_OP_AND, whole, one) : one;
        if (!code && !(one && whole))
            return RP_E_MEMORY;
        left = right;
    }
    *out = whole ? whole : left;
    return code;
}

static rp_code read_not(reader *r, const rp_expression **out)
{
    if (!take_word(r, "not"))
        return read_comparison(r, out);
    const rp_expression *a = NULL;
    if (++r->depth > MAX_DEPTH)
        return fail(r, "nested too deeply");
    const rp_code code = read_not(r, &a);
    r->depth--;
    return code ? code : done(out, node(r, RP_OP_NOT, a, NULL));
}

static rp_code read_and(reader *r, const rp_expression **out)
{
    const rp_expression *b = NULL;
    rp_code code = read_not(r, out);
    while (!code && take_word(r, "and")) {
        code = read_not(r, &b);
        if (!code)
            code = done(out, node(r, RP_OP_AND, *out, b));
    }
    return code;
}

static rp_code read_or(reader *r, const rp_expression **out)
{
    const rp_expression *b = NULL;
    rp_code code = read_and(r, out);
    while (!code && take_word(r, "or")) {
        code = read_and(r, &b);
        if (!code)
            code = done(out, node(r, RP_OP_OR, *out, b));
    }
    return code;
}

/* a if condition else b */
static rp_code read_choice(reader *r, const rp_expression **out)
{
    const rp_expression *condition = NULL, *b = NULL;
    if (++r->depth > MAX_DEPTH)
        return fail(r, "nested too deeply");
    rp_code code = read_or(r, out);
    if (!code && take_word(r, "if")) {
        code = read_or(r, &condition);
        if (!code && !take_word(r, "else"))
            code = fail(r, "'else' is missing");
        if (!code)
            code = read_choice(r, &b);
        rp_expression *made = code ? NULL : node(r, RP_OP_IF, *out, b);
        if (!code && !made)
            code = RP_E_MEMORY;
        if (made)
            made->condition = condition;
        *out = made;
    }
    r->depth--;
    return code;
}

rp_code rp_expression_parse(const rp_expression **out, rp_arena *arena, const char *source, const char *text,
                            const rp_scope *scope, rp_error *err)
{
    reader r = {.p = {.at = text, .end = text + strlen(text), .line = 1, .name = source, .arena = arena, .err = err},
                .scope = scope};
    const rp_code code = read_choice(&r, out);
    if (code)
        return code;
    rp_parser_skip(&r.p);
    return r.p.at == r.p.end ? RP_OK : fail(&r, "something that rules do not allow stands behind it");
}
