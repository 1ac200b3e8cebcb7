/* `rampart refs list` and `rampart refs uses`. */
#include <string.h>

#include "host/cli/refs.h"
#include "host/reference/crds/folder.h"
#include "host/reference/crds/python.h"

static const char list_help[] =
    "Usage: rampart refs list [options]\n\n"
    "Names that contexts consist of, one a line.\n\n"
    "  --contexts NAME ...    the contexts                                      (also --context)\n"
    "  --mappings             their mappings\n"
    "  --references           their references\n"
    "  --types                their instruments and types, with the rmap of each\n"
    "  --required-parkeys     the keywords that each instrument's rules look at\n"
    "  --all                  the contexts that the folder holds\n"
    "  --crds-path DIR        folder with mappings/<observatory>/ ($CRDS_PATH)\n"
    "  --observatory NAME     which (jwst)\n";

static const char uses_help[] =
    "Usage: rampart refs uses --files NAME ... [options]\n\n"
    "Mappings of the folder that lead to a reference or mapping, directly or through others.\n\n"
    "  --files NAME ...       references, rmaps or imaps\n"
    "  -i, --include-used     with the name of the used file in front\n"
    "  --crds-path DIR        folder with mappings/<observatory>/ ($CRDS_PATH)\n"
    "  --observatory NAME     which (jwst)\n";

enum { MAPPINGS = 256, REFERENCES, TYPES, PARKEYS, ALL, OBSERVATORY };

typedef struct choices {
    const char *path, *observatory;
    const char *const *name; /* contexts or files */
    size_t nnames;
    bool mappings, references, types, parkeys, all, include_used;
} choices;

static void print_names(rp_names names)
{
    for (size_t i = 0; i < names.count; i++)
        (void)puts(names.name[i]);
}

static void print_types(const rp_context *context, const char *instrument)
{
    const rp_names types = rp_context_types(context, instrument);
    for (size_t i = 0; i < types.count; i++)
        (void)printf("%-10s %-20s %s\n", instrument, types.name[i],
                     rp_context_lookup(context, instrument, types.name[i]));
}

static void print_parkeys(const rp_context *context, const char *instrument)
{
    const rp_names parkeys = rp_context_parkeys(context, instrument);
    (void)printf("%s = [", instrument);
    for (size_t i = 0; i < parkeys.count; i++)
        (void)printf("%s'%s'", i ? ", " : "", parkeys.name[i]);
    (void)puts("]");
}

static rp_code list_context(const choices *wanted, const char *name, rp_error *err)
{
    rp_context *context = NULL;
    const rp_context_options options = rp_refs_options(false);
    const rp_code code = rp_context_open(&context, rp_refs_path(wanted->path), name, &options, err);
    if (code)
        return code;
    const rp_names instruments = rp_context_instruments(context);
    if (wanted->mappings)
        print_names(rp_context_mappings(context));
    if (wanted->references)
        print_names(rp_context_references(context));
    for (size_t i = 0; i < instruments.count; i++) {
        if (wanted->types)
            print_types(context, instruments.name[i]);
        if (wanted->parkeys)
            print_parkeys(context, instruments.name[i]);
    }
    rp_context_close(context);
    return RP_OK;
}

static rp_code list_all(const choices *wanted, rp_error *err)
{
    rp_arena arena = {0};
    rp_names all;
    const rp_code code = rp_folder_mappings(&all, &arena, rp_refs_path(wanted->path), wanted->observatory, err);
    for (size_t i = 0; i < all.count && !code; i++)
        if (strstr(all.name[i], ".pmap"))
            (void)puts(all.name[i]);
    rp_arena_clear(&arena);
    return code;
}

static rp_code print_users(const choices *wanted, const char *file, rp_error *err)
{
    rp_arena arena = {0};
    rp_names users;
    const rp_context_options options = rp_refs_options(true);
    const rp_code code =
        rp_folder_users(&users, &arena, rp_refs_path(wanted->path), wanted->observatory, file, options.log, err);
    for (size_t i = 0; i < users.count && !code; i++)
        (void)printf("%s%s%s\n", wanted->include_used ? file : "", wanted->include_used ? " " : "", users.name[i]);
    rp_arena_clear(&arena);
    return code;
}

static bool take_option(choices *wanted, int c, int argc, char **argv)
{
    switch (c) {
    case 'c':
    case 'f':
        wanted->nnames = rp_refs_several(argc, argv, &wanted->name);
        return true;
    case 'p':
        wanted->path = optarg;
        return true;
    case OBSERVATORY:
        wanted->observatory = optarg;
        return true;
    case MAPPINGS:
        return wanted->mappings = true;
    case REFERENCES:
        return wanted->references = true;
    case TYPES:
        return wanted->types = true;
    case PARKEYS:
        return wanted->parkeys = true;
    case ALL:
        return wanted->all = true;
    case 'i':
        return wanted->include_used = true;
    default:
        return false;
    }
}

/* -1: go on; else the exit code. */
static int parse(choices *wanted, int argc, char **argv, const char *shorts, const struct option *longs,
                 const char *help)
{
    int c;
    *wanted = (choices){.observatory = "jwst"};
    optind = 0;
    while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (!take_option(wanted, c, argc, argv))
            return RP_EXIT_USAGE;
    }
    return optind < argc ? rp_refs_usage_error(argv[0], "names come behind --contexts or --files") : -1;
}

int rp_refs_list(int argc, char **argv)
{
    static const struct option longs[] = {{"contexts", required_argument, NULL, 'c'},
                                          {"context", required_argument, NULL, 'c'},
                                          {"mappings", no_argument, NULL, MAPPINGS},
                                          {"references", no_argument, NULL, REFERENCES},
                                          {"types", no_argument, NULL, TYPES},
                                          {"required-parkeys", no_argument, NULL, PARKEYS},
                                          {"all", no_argument, NULL, ALL},
                                          {"crds-path", required_argument, NULL, 'p'},
                                          {"observatory", required_argument, NULL, OBSERVATORY},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted;
    rp_error err = {0};
    const int done = parse(&wanted, argc, argv, "+h", longs, list_help);
    if (done >= 0)
        return done;
    if (!wanted.all && (!wanted.nnames || !(wanted.mappings || wanted.references || wanted.types || wanted.parkeys)))
        return rp_refs_usage_error("list", "--all, or --contexts and what of them to list, are needed");
    rp_code code = wanted.all ? list_all(&wanted, &err) : RP_OK;
    for (size_t i = 0; i < wanted.nnames && !code; i++)
        code = list_context(&wanted, wanted.name[i], &err);
    return code ? rp_refs_error("list", err.text, rp_exit_code(code)) : rp_refs_finish("list", RP_EXIT_OK);
}

int rp_refs_uses(int argc, char **argv)
{
    static const struct option longs[] = {{"files", required_argument, NULL, 'f'},
                                          {"include-used", no_argument, NULL, 'i'},
                                          {"crds-path", required_argument, NULL, 'p'},
                                          {"observatory", required_argument, NULL, OBSERVATORY},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted;
    rp_error err = {0};
    rp_code code = RP_OK;
    const int done = parse(&wanted, argc, argv, "+hi", longs, uses_help);
    if (done >= 0)
        return done;
    if (!wanted.nnames)
        return rp_refs_usage_error("uses", "--files is needed");
    for (size_t i = 0; i < wanted.nnames && !code; i++)
        code = print_users(&wanted, wanted.name[i], &err);
    return code ? rp_refs_error("uses", err.text, rp_exit_code(code)) : rp_refs_finish("uses", RP_EXIT_OK);
}
