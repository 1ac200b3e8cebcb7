/* Parser of mapping files: host/reference/crds/literal.h. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "host/reference/crds/literal_lex.h"

enum { MAX_DEPTH = 64 };

static rp_code parse_value(rp_parser *p, int depth, const rp_literal **out);

static rp_code no_memory(rp_parser *p)
{
    return rp_fail(p->err, RP_E_MEMORY, "%s: no memory to parse it", p->name);
}

rp_code rp_parser_fail(rp_parser *p, const char *what)
{
    return rp_fail(p->err, RP_E_FORMAT, "%s:%d: %s; a mapping holds header, comment and selector only", p->name,
                   p->line, what);
}

static rp_literal *new_literal(rp_parser *p, rp_literal_kind kind)
{
    rp_literal *out = rp_arena_zero(p->arena, 1, sizeof *out);
    if (out) {
        out->kind = kind;
        out->line = p->line;
        out->text = "";
    }
    return out;
}

/* Behind an item: a comma, or the closing character. */
static rp_code item_end(rp_parser *p, char close, bool *more)
{
    rp_parser_skip(p);
    const char c = rp_parser_peek(p);
    if (c != ',' && c != close)
        return rp_parser_fail(p,
                              p->at == p->end ? "the file ends inside brackets" : "',' or a closing bracket missing");
    *more = c == ',';
    if (*more)
        p->at++;
    return RP_OK;
}

/* The elements up to `close`; `comma` tells whether one stood behind the first. */
static rp_code parse_items(rp_parser *p, char close, int depth, rp_literal *out, bool *comma)
{
    const rp_literal **item = NULL;
    size_t room = 0, count = 0;
    rp_code code = RP_OK;
    bool more = true;
    *comma = false;
    for (p->at++; more && !code;) {
        rp_parser_skip(p);
        if (rp_parser_peek(p) == close)
            break;
        if (!rp_grow(&item, &room, count, sizeof *item)) {
            code = no_memory(p);
            break;
        }
        code = parse_value(p, depth, &item[count]);
        count += !code;
        if (!code)
            code = item_end(p, close, &more);
        *comma = *comma || more;
    }
    if (!code) {
        const rp_literal **kept = rp_arena_get(p->arena, count * sizeof *kept);
        if (kept && count)
            memcpy(kept, item, count * sizeof *kept);
        code = kept ? RP_OK : no_memory(p);
        out->item = kept;
        out->count = count;
        p->at++;
    }
    free(item);
    return code;
}

static rp_code parse_sequence(rp_parser *p, int depth, const rp_literal **out)
{
    const bool tuple = *p->at == '(';
    rp_literal *made = new_literal(p, tuple ? RP_LITERAL_TUPLE : RP_LITERAL_LIST);
    bool comma;
    if (!made)
        return no_memory(p);
    const rp_code code = parse_items(p, tuple ? ')' : ']', depth, made, &comma);
    if (code)
        return code;
    *out = tuple && made->count == 1 && !comma ? made->item[0] : made; /* brackets around one value */
    return RP_OK;
}

static rp_code parse_pair(rp_parser *p, int depth, rp_pair *pair)
{
    rp_code code = parse_value(p, depth, &pair->key);
    if (code)
        return code;
    rp_parser_skip(p);
    if (rp_parser_peek(p) != ':')
        return rp_parser_fail(p, "':' missing behind a key (sets are not allowed)");
    if (pair->key->kind > RP_LITERAL_TUPLE)
        return rp_parser_fail(p, "a key is a text, a number or a tuple");
    p->at++;
    return parse_value(p, depth, &pair->value);
}

static rp_code parse_dict(rp_parser *p, int depth, const rp_literal **out)
{
    rp_literal *made = new_literal(p, RP_LITERAL_DICT);
    rp_pair *pair = NULL;
    size_t room = 0, count = 0;
    bool more = true;
    if (!made)
        return no_memory(p);
    rp_code code = RP_OK;
    for (p->at++; more && !code;) {
        rp_parser_skip(p);
        if (rp_parser_peek(p) == '}')
            break;
        if (!rp_grow(&pair, &room, count, sizeof *pair)) {
            code = no_memory(p);
            break;
        }
        code = parse_pair(p, depth, &pair[count]);
        count += !code;
        if (!code)
            code = item_end(p, '}', &more);
    }
    if (!code) {
        rp_pair *kept = rp_arena_get(p->arena, count * sizeof *kept);
        if (kept && count)
            memcpy(kept, pair, count * sizeof *kept);
        code = kept ? RP_OK : no_memory(p);
        made->pair = kept;
        made->count = count;
        p->at++;
        *out = made;
    }
    free(pair);
    return code;
}

static rp_code parse_text(rp_parser *p, const rp_literal **out)
{
    rp_literal *made = new_literal(p, RP_LITERAL_TEXT);
    if (!made)
        return no_memory(p);
    const rp_code code = rp_parser_text(p, &made->text, &made->length);
    *out = made;
    return code;
}

static rp_code parse_number(rp_parser *p, const rp_literal **out)
{
    rp_literal *made = new_literal(p, RP_LITERAL_INT);
    if (!made)
        return no_memory(p);
    bool is_float;
    const rp_code code = rp_parser_number(p, &made->text, &made->number, &is_float);
    if (code)
        return code;
    made->kind = is_float ? RP_LITERAL_FLOAT : RP_LITERAL_INT;
    made->length = strlen(made->text);
    *out = made;
    return RP_OK;
}

static bool word_is(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && memcmp(word, text, length) == 0;
}

/* True, False, None, or a selector with its dictionary. */
static rp_code parse_word(rp_parser *p, int depth, const rp_literal **out)
{
    static const char *const constants[] = {"None", "False", "True"};
    size_t length;
    const char *word = rp_parser_word(p, &length);
    for (size_t i = 0; i < 3; i++)
        if (word_is(word, length, constants[i])) {
            rp_literal *made = new_literal(p, i ? RP_LITERAL_BOOL : RP_LITERAL_NONE);
            if (!made)
                return no_memory(p);
            made->text = constants[i];
            made->length = length;
            made->number = i == 2;
            *out = made;
            return RP_OK;
        }
    rp_literal *made = new_literal(p, RP_LITERAL_CALL);
    if (!made || !(made->text = rp_arena_copy(p->arena, word, length)))
        return no_memory(p);
    made->length = length;
    rp_parser_skip(p);
    if (rp_parser_peek(p) != '(')
        return rp_parser_fail(p, "a bare name; texts stand in quotes");
    bool comma;
    const rp_code code = parse_items(p, ')', depth, made, &comma);
    if (code)
        return code;
    if (made->count != 1 || made->item[0]->kind != RP_LITERAL_DICT)
        return rp_parser_fail(p, "a selector has one dictionary in its brackets");
    *out = made;
    return RP_OK;
}

static rp_code parse_value(rp_parser *p, int depth, const rp_literal **out)
{
    if (depth >= MAX_DEPTH)
        return rp_parser_fail(p, "brackets nested too deeply");
    rp_parser_skip(p);
    const char c = rp_parser_peek(p);
    if (c == '{')
        return parse_dict(p, depth + 1, out);
    if (c == '(' || c == '[')
        return parse_sequence(p, depth + 1, out);
    if (rp_parser_at_text(p))
        return parse_text(p, out);
    if ((c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+')
        return parse_number(p, out);
    if (rp_parser_at_word(p))
        return parse_word(p, depth + 1, out);
    return rp_parser_fail(p, p->at == p->end ? "the file ends where a value is expected" : "not a value");
}

static rp_code parse_section(rp_parser *p, rp_module *out)
{
    size_t length;
    if (!rp_parser_at_word(p))
        return rp_parser_fail(p, "not an assignment");
    const char *word = rp_parser_word(p, &length);
    const rp_literal **section = word_is(word, length, "header")     ? &out->header
                                 : word_is(word, length, "selector") ? &out->selector
                                 : word_is(word, length, "comment")  ? &out->comment
                                                                     : NULL;
    if (!section)
        return rp_parser_fail(p, "only header, comment and selector can be assigned");
    rp_parser_skip(p);
    if (rp_parser_peek(p) != '=')
        return rp_parser_fail(p, "'=' missing");
    p->at++;
    rp_code code = parse_value(p, 0, section);
    if (code)
        return code;
    rp_parser_skip(p);
    if (rp_parser_peek(p) == ';')
        p->at++;
    return RP_OK;
}

static rp_code check_sections(rp_parser *p, const rp_module *module)
{
    if (!module->header || module->header->kind != RP_LITERAL_DICT)
        return rp_fail(p->err, RP_E_FORMAT, "%s: no header dictionary; is it a mapping, and whole?", p->name);
    if (!module->selector || (module->selector->kind != RP_LITERAL_DICT && module->selector->kind != RP_LITERAL_CALL))
        return rp_fail(p->err, RP_E_FORMAT, "%s: no selector; is it a mapping, and whole?", p->name);
    if (module->comment && module->comment->kind != RP_LITERAL_TEXT)
        return rp_fail(p->err, RP_E_FORMAT, "%s:%d: the comment is not a text", p->name, module->comment->line);
    return RP_OK;
}

rp_code rp_literal_parse(rp_module *out, rp_arena *arena, const char *name, const char *text, size_t size,
                         rp_error *err)
{
    rp_parser p = {.at = text, .end = text + size, .line = 1, .name = name, .arena = arena, .err = err};
    *out = (rp_module){0};
    if (memchr(text, '\0', size))
        return rp_fail(err, RP_E_FORMAT, "%s: holds zero bytes, so it is not a mapping", name);
    if (!rp_is_utf8(text, size))
        return rp_fail(err, RP_E_FORMAT, "%s: is not UTF-8 text, so it is not a mapping", name);
    rp_code code = RP_OK;
    for (rp_parser_skip(&p); p.at < p.end && !code; rp_parser_skip(&p))
        code = parse_section(&p, out);
    return code ? code : check_sections(&p, out);
}
