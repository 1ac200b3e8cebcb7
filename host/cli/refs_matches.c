/* `rampart refs matches`. */
#include <string.h>

#include "host/cli/refs.h"
#include "host/reference/crds/pattern.h"
#include "host/reference/crds/python.h"
#include "host/reference/crds/walk.h"

static const char help[] =
    "Usage: rampart refs matches --contexts NAME ... --files NAME ... [options]\n\n"
    "The criteria by which contexts choose references.\n\n"
    "  --contexts NAME ...        the contexts                                  (also --context)\n"
    "  --files NAME ...           the references\n"
    "  --files-from-contexts      all references of the contexts\n"
    "  --filters KEY=VALUE ...    only criteria that hold this value, where they have the key\n"
    "  -b, --brief-paths          without instrument and type\n"
    "  -o, --omit-parameter-names values only\n"
    "  -t, --tuple-format         as Python tuples\n"
    "  --crds-path DIR            folder with mappings/<observatory>/ ($CRDS_PATH)\n";

enum { FROM_CONTEXTS = 256, FILTERS };

typedef struct choices {
    const char *path;
    const char *const *context, *const *file, *const *filter;
    size_t ncontexts, nfiles, nfilters;
    bool from_contexts, brief, omit_names, tuples;
} choices;

/* Is there a criterion of the filter's key whose alternatives lack its value? */
static bool fails(const char *filter, const rp_way *way)
{
    const char *equals = strchr(filter, '=');
    const size_t n = equals ? (size_t)(equals - filter) : 0;
    for (size_t i = 0; equals && i < way->count; i++) {
        const rp_criterion *c = &way->criterion[i];
        if (strlen(c->keyword) != n || strncasecmp(c->keyword, filter, n) != 0)
            continue;
        rp_arena arena = {0};
        size_t count;
        bool found = false;
        const char **value = rp_alternatives(&arena, c->value, &count);
        for (size_t k = 0; value && k < count; k++)
            found = found || rp_same_letters(value[k], equals + 1);
        rp_arena_clear(&arena);
        if (!found)
            return true;
    }
    return false;
}

static void put_upper(rp_buffer *out, const char *text)
{
    for (; *text; text++)
        rp_buffer_putc(out, rp_upper(*text));
}

static void put_pair(rp_buffer *out, const char *name, const char *value, bool upper)
{
    rp_buffer text = {0};
    for (const char *p = value; *p; p++)
        rp_buffer_putc(&text, upper ? rp_upper(*p) : *p);
    rp_buffer_puts(out, "('");
    rp_buffer_puts(out, name);
    rp_buffer_puts(out, "', ");
    rp_python_quote(out, rp_buffer_text(&text), text.size);
    rp_buffer_putc(out, ')');
    rp_buffer_clear(&text);
}

static void put_tuple(rp_buffer *out, const rp_way *way, const choices *wanted, const char *observatory)
{
    bool begun = !wanted->brief;
    rp_buffer_putc(out, '(');
    if (!wanted->brief) {
        put_pair(out, "OBSERVATORY", observatory, true);
        rp_buffer_puts(out, ", ");
        put_pair(out, "INSTRUMENT", way->instrument, true);
        rp_buffer_puts(out, ", ");
        put_pair(out, "FILEKIND", way->type, true);
    }
    for (size_t i = 0; i < way->count; i++, begun = true) {
        rp_buffer_puts(out, begun ? ", " : "");
        if (wanted->omit_names)
            rp_python_quote(out, way->criterion[i].value, strlen(way->criterion[i].value));
        else
            put_pair(out, way->criterion[i].keyword, way->criterion[i].value, false);
    }
    rp_buffer_puts(out, wanted->brief && way->count == 1 ? ",)" : ")");
}

static void put_words(rp_buffer *out, const rp_way *way, const choices *wanted)
{
    if (!wanted->brief) {
        put_upper(out, way->instrument);
        rp_buffer_putc(out, ' ');
        put_upper(out, way->type);
    }
    if (!way->count)
        rp_buffer_putc(out, ' ');
    for (size_t i = 0; i < way->count; i++) {
        rp_buffer_putc(out, ' ');
        if (!wanted->omit_names) {
            rp_buffer_puts(out, way->criterion[i].keyword);
            rp_buffer_putc(out, '=');
        }
        rp_python_quote(out, way->criterion[i].value, strlen(way->criterion[i].value));
    }
}

static rp_code print_ways(const choices *wanted, const rp_context *context, const char *file, rp_error *err)
{
    rp_arena arena = {0};
    rp_buffer out = {0};
    const rp_way *way;
    size_t count = 0;
    const char *observatory = rp_mapping_header(rp_context_mapping(context, rp_context_name(context)), "observatory");
    const rp_code code = rp_ways_to(&way, &count, &arena, context, file, err);
    for (size_t i = 0; i < count && !code; i++) {
        bool filtered = false;
        for (size_t k = 0; k < wanted->nfilters; k++)
            filtered = filtered || fails(wanted->filter[k], &way[i]);
        if (filtered)
            continue;
        out.size = 0;
        rp_buffer_puts(&out, wanted->ncontexts > 1 ? rp_context_name(context) : "");
        rp_buffer_putc(&out, ' ');
        rp_buffer_puts(&out, file);
        rp_buffer_puts(&out, " : ");
        if (wanted->tuples)
            put_tuple(&out, &way[i], wanted, observatory ? observatory : "");
        else
            put_words(&out, &way[i], wanted);
        (void)puts(rp_buffer_text(&out));
    }
    rp_buffer_clear(&out);
    rp_arena_clear(&arena);
    return code;
}

static rp_code print_context(const choices *wanted, const char *name, rp_error *err)
{
    rp_context *context = NULL;
    const rp_context_options options = rp_refs_options(false);
    rp_code code = rp_context_open(&context, rp_refs_path(wanted->path), name, &options, err);
    for (size_t i = 0; i < wanted->nfiles && !code; i++)
        code = print_ways(wanted, context, wanted->file[i], err);
    if (!code && wanted->from_contexts) {
        const rp_names references = rp_context_references(context);
        for (size_t i = 0; i < references.count && !code; i++)
            code = print_ways(wanted, context, references.name[i], err);
    }
    rp_context_close(context);
    return code;
}

static bool take_option(choices *wanted, int c, int argc, char **argv)
{
    switch (c) {
    case 'c':
        wanted->ncontexts = rp_refs_several(argc, argv, &wanted->context);
        return true;
    case 'f':
        wanted->nfiles = rp_refs_several(argc, argv, &wanted->file);
        return true;
    case FILTERS:
        wanted->nfilters = rp_refs_several(argc, argv, &wanted->filter);
        return true;
    case FROM_CONTEXTS:
        return wanted->from_contexts = true;
    case 'b':
        return wanted->brief = true;
    case 'o':
        return wanted->omit_names = true;
    case 't':
        return wanted->tuples = true;
    case 'p':
        wanted->path = optarg;
        return true;
    default:
        return false;
    }
}

int rp_refs_matches(int argc, char **argv)
{
    static const struct option longs[] = {{"contexts", required_argument, NULL, 'c'},
                                          {"context", required_argument, NULL, 'c'},
                                          {"files", required_argument, NULL, 'f'},
                                          {"files-from-contexts", no_argument, NULL, FROM_CONTEXTS},
                                          {"filters", required_argument, NULL, FILTERS},
                                          {"brief-paths", no_argument, NULL, 'b'},
                                          {"omit-parameter-names", no_argument, NULL, 'o'},
                                          {"tuple-format", no_argument, NULL, 't'},
                                          {"crds-path", required_argument, NULL, 'p'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted = {0};
    rp_error err = {0};
    rp_code code = RP_OK;
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "+hbot", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (!take_option(&wanted, c, argc, argv))
            return RP_EXIT_USAGE;
    }
    if (!wanted.ncontexts || (!wanted.nfiles && !wanted.from_contexts) || optind < argc)
        return rp_refs_usage_error("matches", "--contexts and --files (or --files-from-contexts) are needed");
    for (size_t i = 0; i < wanted.ncontexts && !code; i++)
        code = print_context(&wanted, wanted.context[i], &err);
    return code ? rp_refs_error("matches", err.text, rp_exit_code(code)) : rp_refs_finish("matches", RP_EXIT_OK);
}
