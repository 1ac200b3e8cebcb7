/* Elements of Match keys: host/reference/crds/pattern.h.
 *
 * The form of an element decides, in this order: (regular expression), {literal}, #relations#, BETWEEN, NOT, glob,
 * N/A, inequality, equality.  Whatever the form, a value "*" matches and a value "N/A" is of no concern. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/reference/crds/mapping.h"
#include "host/reference/crds/pattern.h"

enum { MAX_DEPTH = 32, MATCH_LIMIT = 200000 };

static rp_code compile(const rp_pattern **out, rp_arena *arena, rp_regex **regexes, const char *element, int depth,
                       rp_error *err);

static bool begins(const char *text, const char *with)
{
    for (; *with; text++, with++)
        if (rp_upper(*text) != *with)
            return false;
    return true;
}

static bool encloses(const char *text, size_t length, char open, char close)
{
    return length > 1 && text[0] == open && text[length - 1] == close;
}

bool rp_is_esoteric(const char *text)
{
    const size_t n = strlen(text);
    /* crds 14.0.3: the brackets need not belong together. */
    return (n && strchr("{(#", text[0]) && strchr("})#", text[n - 1])) || begins(text, "BETWEEN") ||
           begins(text, "NOT");
}

const char **rp_alternatives(rp_arena *arena, const char *text, size_t *count)
{
    size_t bars = 1;
    for (const char *p = text; *p; p++)
        bars += *p == '|';
    const char **out = rp_arena_get(arena, bars * sizeof *out);
    *count = 0;
    if (!out)
        return NULL;
    if (bars == 1 || rp_is_esoteric(text)) {
        out[0] = rp_arena_copy(arena, text, strlen(text));
        *count = 1;
        return out[0] ? out : NULL;
    }
    for (const char *p = text;; p++) {
        size_t n = strcspn(p, "|");
        const char *part = p;
        p += n;
        rp_python_strip(&part, &n);
        if (n && !(out[(*count)++] = rp_arena_copy(arena, part, n)))
            return NULL;
        if (!*p)
            break;
    }
    if (*count)
        qsort(out, *count, sizeof *out, rp_compare_names);
    return out;
}

/* ---- compiling ---- */

static rp_code no_memory(rp_error *err)
{
    return rp_fail(err, RP_E_MEMORY, "no memory for a match key");
}

static rp_code compile_regex(rp_pattern *made, rp_arena *arena, rp_regex **regexes, rp_error *err)
{
    int number;
    PCRE2_SIZE offset;
    PCRE2_UCHAR reason[128];
    rp_regex *regex = rp_arena_zero(arena, 1, sizeof *regex);
    if (!regex)
        return no_memory(err);
    made->kind = RP_PATTERN_REGEX;
    regex->code = pcre2_compile((PCRE2_SPTR)made->key, made->length, PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED, &number,
                                &offset, NULL);
    if (!regex->code) {
        (void)pcre2_get_error_message(number, reason, sizeof reason);
        return rp_fail(err, RP_E_FORMAT, "match key '(%.200s)' is not a regular expression: %s", made->key,
                       (const char *)reason);
    }
    regex->next = *regexes;
    *regexes = regex;
    made->regex = regex;
    return RP_OK;
}

static rp_code compile_glob(rp_pattern *made, rp_arena *arena, rp_error *err)
{
    made->kind = RP_PATTERN_GLOB;
    made->part = rp_alternatives(arena, made->key, &made->nparts);
    if (!made->part)
        return no_memory(err);
    made->key = NULL; /* crds 14.0.3 compares with its regular expression, which no value equals */
    made->literal = true;
    for (size_t i = 0; i < made->nparts; i++)
        made->literal = made->literal && !strpbrk(made->part[i], "*?[");
    return RP_OK;
}

static rp_code compile_relation(rp_pattern *made, rp_error *err)
{
    const char *p = made->key + 1;
    made->kind = RP_PATTERN_RELATION;
    made->greater = made->key[0] == '>';
    made->or_equal = *p == '=';
    p += made->or_equal;
    p += strspn(p, " \t\n\r\f\v");
    /* crds 14.0.3: what stands behind the number is not looked at. */
    const char *number = p;
    p += *p == '-' || *p == '+';
    const size_t whole = strspn(p, "0123456789");
    size_t n = (size_t)(p - number) + whole;
    size_t fraction = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
    n += fraction ? 1 + fraction : 0;
    const char *e = number + n;
    if ((whole || fraction) && (*e == 'e' || *e == 'E')) {
        const size_t sign = e[1] == '-' || e[1] == '+' ? 1 : 0;
        const size_t digits = strspn(e + 1 + sign, "0123456789");
        n += digits ? 1 + sign + digits : 0;
    }
    if ((!whole && !fraction) || !rp_python_parse_float(number, n, &made->number))
        return rp_fail(err, RP_E_FORMAT, "match key '%.200s' compares with no number", made->key);
    return RP_OK;
}

/* The two parts around the first `operator`; what stands behind a second one is not looked at. */
static rp_code compile_binary(rp_pattern *made, rp_arena *arena, rp_regex **regexes, const char *inside, size_t length,
                              const char *operator, int depth, rp_error *err)
{
    const size_t n = strlen(operator);
    const char *first = memmem(inside, length, operator, n);
    if (!first)
        return rp_fail(err, RP_E_FORMAT, "match key '%.200s' lacks a part", made->key);
    const char *end = inside + length, *second = first + n;
    const char *third = memmem(second, (size_t)(end - second), operator, n);
    size_t na = (size_t)(first - inside), nb = (size_t)((third ? third : end) - second);
    rp_python_strip(&inside, &na);
    rp_python_strip(&second, &nb);
    const char *a = rp_arena_copy(arena, inside, na), *b = rp_arena_copy(arena, second, nb);
    if (!a || !b)
        return no_memory(err);
    made->kind = operator[0] == 'A' ? RP_PATTERN_BOTH : RP_PATTERN_EITHER;
    const rp_code code = compile(&made->a, arena, regexes, a, depth + 1, err);
    return code ? code : compile(&made->b, arena, regexes, b, depth + 1, err);
}

static rp_code compile_hash(const rp_pattern **out, rp_pattern *made, rp_arena *arena, rp_regex **regexes, int depth,
                            rp_error *err)
{
    char *upper = rp_arena_copy(arena, made->key, made->length);
    if (!upper)
        return no_memory(err);
    for (char *p = upper; *p; p++)
        *p = rp_upper(*p);
    made->key = upper;
    const char *operator= strstr(upper, " AND ") ? "AND" : strstr(upper, " OR ") ? "OR" : NULL;
    if (operator) {
        *out = made;
        return compile_binary(made, arena, regexes, upper + 1, made->length - 2, operator, depth, err);
    }
    const char *inside = rp_arena_copy(arena, upper + 1, made->length - 2);
    return inside ? compile(out, arena, regexes, inside, depth + 1, err) : no_memory(err);
}

static rp_code compile_between(rp_pattern *made, rp_arena *arena, rp_regex **regexes, int depth, rp_error *err)
{
    char *copy = rp_arena_copy(arena, made->key, made->length), *word[4] = {0}, *save = NULL;
    size_t n = 0;
    if (!copy)
        return no_memory(err);
    for (char *w = strtok_r(copy, " \t\n\r\f\v", &save); w && n < 4; w = strtok_r(NULL, " \t\n\r\f\v", &save))
        word[n++] = w;
    double low, high;
    if (n != 3)
        return rp_fail(err, RP_E_FORMAT, "Invalid between relation '%.200s'", made->key);
    if (!rp_python_parse_float(word[1], strlen(word[1]), &low) ||
        !rp_python_parse_float(word[2], strlen(word[2]), &high) || !(low <= high))
        return rp_fail(err, RP_E_FORMAT,
                       "Invalid between relation '%.200s' should be 'between lower_bound upper_bound'", made->key);
    const size_t room = made->length + 16;
    char *key = rp_arena_get(arena, room);
    if (!key)
        return no_memory(err);
    (void)snprintf(key, room, ">=%s AND <%s", word[1], word[2]);
    made->key = key;
    made->length = strlen(key);
    return compile_binary(made, arena, regexes, key, made->length, "AND", depth, err);
}

static rp_code compile_not(rp_pattern *made, rp_arena *arena, rp_regex **regexes, int depth, rp_error *err)
{
    const char *rest = made->key + 4;
    size_t n = strlen(rest);
    rp_python_strip(&rest, &n);
    const char *copy = rp_arena_copy(arena, rest, n);
    made->kind = RP_PATTERN_NOT;
    return copy ? compile(&made->a, arena, regexes, copy, depth + 1, err) : no_memory(err);
}

static rp_code compile(const rp_pattern **out, rp_arena *arena, rp_regex **regexes, const char *element, int depth,
                       rp_error *err)
{
    const size_t length = strlen(element);
    rp_pattern *made = rp_arena_zero(arena, 1, sizeof *made);
    if (!made)
        return no_memory(err);
    if (depth > MAX_DEPTH)
        return rp_fail(err, RP_E_FORMAT, "match key '%.200s' is nested too deeply", element);
    *out = made;
    made->key = element;
    made->length = length;
    const bool is_regex = encloses(element, length, '(', ')');
    if (is_regex || encloses(element, length, '{', '}')) {
        made->key = rp_arena_copy(arena, element + 1, length - 2);
        made->length = length - 2;
        if (!made->key)
            return no_memory(err);
        if (is_regex)
            return compile_regex(made, arena, regexes, err);
        made->kind = RP_PATTERN_EQUAL;
    } else if (encloses(element, length, '#', '#')) {
        return compile_hash(out, made, arena, regexes, depth, err);
    } else if (begins(element, "BETWEEN")) {
        return compile_between(made, arena, regexes, depth, err);
    } else if (begins(element, "NOT ")) {
        return compile_not(made, arena, regexes, depth, err);
    } else if (strpbrk(element, "|*")) {
        return compile_glob(made, arena, err);
    } else if (strcmp(element, "N/A") == 0) {
        made->kind = RP_PATTERN_NA;
        return RP_OK;
    } else if (element[0] == '>' || element[0] == '<') {
        return compile_relation(made, err);
    }
    made->literal = true;
    made->nparts = 1;
    made->part = &made->key;
    return RP_OK;
}

rp_code rp_pattern_compile(const rp_pattern **out, rp_arena *arena, rp_regex **regexes, const char *element,
                           rp_error *err)
{
    return compile(out, arena, regexes, element, 0, err);
}

void rp_regexes_free(rp_regex *regexes)
{
    for (; regexes; regexes = regexes->next) /* the links lie in the arena */
        pcre2_code_free(regexes->code);
}

/* ---- matching ---- */

typedef struct matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
} matcher;

void *rp_match_data_new(void)
{
    matcher *m = calloc(1, sizeof *m);
    if (!m)
        return NULL;
    m->data = pcre2_match_data_create(1, NULL);
    m->context = pcre2_match_context_create(NULL);
    if (!m->data || !m->context) {
        rp_match_data_free(m);
        return NULL;
    }
    (void)pcre2_set_match_limit(m->context, MATCH_LIMIT); /* no expression of a file may hang a query */
    (void)pcre2_set_heap_limit(m->context, 16 * 1024);
    return m;
}

void rp_match_data_free(void *match_data)
{
    matcher *m = match_data;
    if (!m)
        return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    free(m);
}

static bool matches_regex(const rp_pattern *p, const matcher *m, const char *value, size_t length)
{
    return pcre2_match(p->regex->code, (PCRE2_SPTR)value, length, 0, 0, m->data, m->context) >= 0;
}

static bool matches_relation(const rp_pattern *p, const char *value, size_t length)
{
    double number;
    if (!rp_python_parse_float(value, length, &number))
        return false;
    if (p->greater)
        return p->or_equal ? number >= p->number : number > p->number;
    return p->or_equal ? number <= p->number : number < p->number;
}

static bool matches_part(const rp_pattern *p, const char *value, size_t length)
{
    for (size_t i = 0; i < p->nparts; i++)
        if (rp_glob(p->part[i], strlen(p->part[i]), value, length))
            return true;
    return false;
}

int rp_pattern_match(const rp_pattern *p, void *match_data, const char *value, size_t length)
{
    if (p->kind == RP_PATTERN_NA)
        return 0;
    if (p->kind == RP_PATTERN_NOT)
        return -rp_pattern_match(p->a, match_data, value, length);
    if ((p->key && length == p->length && memcmp(value, p->key, length) == 0) || (length == 1 && value[0] == '*'))
        return 1;
    if (length == 3 && memcmp(value, "N/A", 3) == 0)
        return 0;
    switch (p->kind) {
    case RP_PATTERN_GLOB:
        return matches_part(p, value, length) ? 1 : -1;
    case RP_PATTERN_REGEX:
        return matches_regex(p, match_data, value, length) ? 1 : -1;
    case RP_PATTERN_RELATION:
        return matches_relation(p, value, length) ? 1 : -1;
    case RP_PATTERN_BOTH:
        return rp_pattern_match(p->a, match_data, value, length) == 1 &&
                       rp_pattern_match(p->b, match_data, value, length) == 1
                   ? 1
                   : -1;
    case RP_PATTERN_EITHER:
        return rp_pattern_match(p->a, match_data, value, length) == 1 ||
                       rp_pattern_match(p->b, match_data, value, length) == 1
                   ? 1
                   : -1;
    default:
        return -1;
    }
}
