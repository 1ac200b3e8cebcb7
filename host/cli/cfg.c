/* Reader of configobj files: host/cli/cfg.h.  Follows configobj 5; values stay as written. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cfg.h"
#include "io/params_text.h"

typedef struct reader {
    char *next; /* rest of the terminated copy */
    const char *label;
    rp_cfg_place place;
    rp_cfg_entry entry;
    void *payload;
} reader;

static rp_code bad(const reader *r, const char *what, rp_error *err)
{
    return rp_fail(err, RP_E_FORMAT, "%s, line %zu: %s", r->label, r->place.line, what);
}

static char *take_line(reader *r)
{
    char *line = r->next;
    if (!line)
        return NULL;
    char *end = strchr(line, '\n');
    r->next = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    size_t length = strlen(line);
    while (length > 0 && isspace((unsigned char)line[length - 1]))
        line[--length] = '\0';
    r->place.line++;
    while (isspace((unsigned char)*line))
        line++;
    return line;
}

/* Trims [begin, end) and takes one pair of quotes off, in place. */
static char *unquoted(char *begin, char *end)
{
    while (begin < end && isspace((unsigned char)*begin))
        begin++;
    while (end > begin && isspace((unsigned char)end[-1]))
        end--;
    if (end - begin >= 2 && (*begin == '"' || *begin == '\'') && end[-1] == *begin) {
        begin++;
        end--;
    }
    *end = '\0';
    return begin;
}

static rp_code read_section(reader *r, char *line, rp_error *err)
{
    const size_t depth = strspn(line, "[");
    char *close = strchr(line + depth, ']');
    const size_t closing = close ? strspn(close, "]") : 0;
    if (!close || closing != depth)
        return bad(r, "a section name needs as many ] as [", err);
    const char *after = close + closing;
    while (isspace((unsigned char)*after))
        after++;
    if (*after != '\0' && *after != '#')
        return bad(r, "text after a section name", err);
    if (depth > r->place.depth + 1)
        return bad(r, "a section is nested deeper than the one before it allows", err);
    if (depth > RP_CFG_DEPTH)
        return bad(r, "sections are nested too deep", err);
    const char *name = unquoted(line + depth, close);
    if (name[0] == '\0' || strlen(name) >= RP_CFG_NAME)
        return bad(r, "a section name is empty or too long", err);
    (void)strcpy(r->place.section[depth - 1], name);
    r->place.depth = depth;
    return r->entry(r->payload, &r->place, NULL, NULL, err);
}

/* Collects a value in triple quotes, which may go on over lines; *out is fit for rp_words_parse; caller frees. */
static rp_code read_long_value(reader *r, char *value, char **out, rp_error *err)
{
    const char mark[4] = {value[0], value[0], value[0], '\0'};
    char *begin = value + 3, *close = strstr(begin, mark);
    while (!close && r->next) {
        char *end = begin + strlen(begin);
        char *line = r->next;
        char *stop = strchr(line, '\n');
        r->next = stop ? stop + 1 : NULL;
        r->place.line++;
        *end++ = '\n';
        const size_t length = stop ? (size_t)(stop - line) : strlen(line);
        memmove(end, line, length);
        end[length] = '\0';
        close = strstr(begin, mark);
    }
    if (!close)
        return bad(r, "a value in triple quotes is not closed", err);
    const char *after = close + 3;
    while (isspace((unsigned char)*after))
        after++;
    if (*after != '\0' && *after != '#')
        return bad(r, "text after a value in triple quotes", err);
    *close = '\0';
    *out = rp_words_quote(begin);
    return *out ? RP_OK : bad(r, "a value holds both kinds of quotes, or memory is short", err);
}

static rp_code read_entry(reader *r, char *line, rp_error *err)
{
    char *search = line;
    if (*line == '"' || *line == '\'') { /* a quoted key may hold "=" */
        char *close = strchr(line + 1, *line);
        search = close ? close : line;
    }
    char *equals = strchr(search, '=');
    if (!equals || equals == line)
        return bad(r, "neither a [section] nor \"key = value\"", err);
    char *value = equals + 1;
    while (isspace((unsigned char)*value))
        value++;
    const char *key = unquoted(line, equals);
    if (key[0] == '\0' || strlen(key) >= RP_CFG_NAME)
        return bad(r, "a key is empty or too long", err);
    if (strncmp(value, "\"\"\"", 3) != 0 && strncmp(value, "'''", 3) != 0)
        return r->entry(r->payload, &r->place, key, value, err);
    char *joined = NULL;
    rp_code code = read_long_value(r, value, &joined, err);
    if (!code)
        code = r->entry(r->payload, &r->place, key, joined, err);
    free(joined);
    return code;
}

rp_code rp_cfg_parse(const char *text, size_t length, const char *label, rp_cfg_entry entry, void *payload,
                     rp_error *err)
{
    if (memchr(text, '\0', length))
        return rp_fail(err, RP_E_FORMAT, "%s: binary data in a parameter file", label);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        length -= 3;
    }
    char *copy = malloc(length + 1);
    if (!copy)
        return rp_fail(err, RP_E_MEMORY, "no memory to read %s", label);
    memcpy(copy, text, length);
    copy[length] = '\0';
    reader r = {.next = copy, .label = label, .entry = entry, .payload = payload};
    rp_code code = RP_OK;
    for (char *line = take_line(&r); line && !code; line = code ? NULL : take_line(&r)) {
        if (*line == '\0' || *line == '#')
            continue;
        code = *line == '[' ? read_section(&r, line, err) : read_entry(&r, line, err);
    }
    free(copy);
    return code;
}
