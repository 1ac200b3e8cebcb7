/* Datasets from lines of JSON: include/rampart/dataset.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/reference/crds/json_line.h"
#include "rampart/dataset.h"

enum { BLOCK = 1 << 20, LONGEST_LINE = 64 << 20 };

typedef struct source {
    rp_dataset_source base;
    int fd;
    char *name;
    char *bytes; /* one byte more than `room` */
    size_t room, begin, size;
    bool ended;
    size_t number; /* of the line */
    rp_json_line line;
    char problem[256];
} source;

/* Makes room behind the bytes that are left, and reads some more. */
static rp_code refill(source *s, rp_error *err)
{
    memmove(s->bytes, s->bytes + s->begin, s->size - s->begin);
    s->size -= s->begin;
    s->begin = 0;
    if (s->size == s->room) {
        if (s->room >= LONGEST_LINE)
            return rp_fail(err, RP_E_FORMAT, "%s:%zu: a line of more than %d bytes", s->name, s->number + 1,
                           LONGEST_LINE);
        char *wider = realloc(s->bytes, 2 * s->room + 1);
        if (!wider)
            return rp_fail(err, RP_E_MEMORY, "%s: no memory for a line", s->name);
        s->bytes = wider;
        s->room *= 2;
    }
    ssize_t n;
    do
        n = read(s->fd, s->bytes + s->size, s->room - s->size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return rp_fail_errno(err, RP_E_IO, "%s: cannot be read", s->name);
    s->ended = n == 0;
    s->size += (size_t)n;
    s->bytes[s->size] = '\0';
    return RP_OK;
}

/* The next line that is not empty; *text NULL at the end. */
static rp_code next_line(source *s, char **text, size_t *length, rp_error *err)
{
    for (size_t seen = 0;;) {
        char *begin = s->bytes + s->begin, *newline = memchr(begin + seen, '\n', s->size - s->begin - seen);
        if (!newline && !s->ended) {
            seen = s->size - s->begin;
            const rp_code code = refill(s, err);
            if (code)
                return code;
            continue;
        }
        *length = newline ? (size_t)(newline - begin) : s->size - s->begin;
        s->begin += *length + (newline != NULL);
        s->number++;
        seen = 0;
        *text = begin;
        if (strspn(begin, " \t\r") < *length)
            return RP_OK;
        if (!newline) {
            *text = NULL;
            return RP_OK;
        }
    }
}

static rp_code next(rp_dataset_source *base, rp_dataset *out, bool *end, rp_error *err)
{
    source *s = (source *)base;
    char *text;
    size_t length;
    const rp_code code = next_line(s, &text, &length, err);
    *end = !code && !text;
    if (code || *end)
        return code;
    *out = (rp_dataset){.id = ""};
    if (!rp_json_line_read(&s->line, text, length)) {
        (void)snprintf(s->problem, sizeof s->problem, "line %zu: %.200s", s->number, s->line.problem);
        out->problem = s->problem;
        return RP_OK;
    }
    if (s->line.id)
        out->id = s->line.id;
    out->item = s->line.item;
    out->nitems = s->line.nitems;
    out->type = s->line.type;
    out->ntypes = s->line.ntypes;
    return RP_OK;
}

static void close_source(rp_dataset_source *base)
{
    source *s = (source *)base;
    rp_json_line_clear(&s->line);
    free(s->bytes);
    free(s->name);
    free(s);
}

rp_code rp_source_jsonl(rp_dataset_source **out, int fd, const char *name, rp_error *err)
{
    source *s = calloc(1, sizeof *s);
    if (s) {
        s->base = (rp_dataset_source){next, close_source};
        s->fd = fd;
        s->room = BLOCK;
        s->bytes = malloc(BLOCK + 1);
        s->name = strdup(name);
        *out = &s->base;
        if (s->bytes && s->name)
            return RP_OK;
        close_source(&s->base);
    }
    *out = NULL;
    return rp_fail(err, RP_E_MEMORY, "%s: no memory to read it", name);
}
