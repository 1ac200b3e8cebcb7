/* `rampart refs diff`. */
#include <stdlib.h>
#include <string.h>

#include "host/cli/refs.h"
#include "host/reference/crds/diff.h"
#include "host/reference/crds/json_line.h"

static const char help[] =
    "Usage: rampart refs diff [options] OLD NEW\n\n"
    "Logical differences of two mappings of one kind, and of all that they name.  Exit status 1 when there are any.\n\n"
    "  --crds-path DIR                folder with mappings/<observatory>/ ($CRDS_PATH)\n"
    "  -i, --include-header-diffs     also differences of headers\n"
    "  -B, --hide-boring-diffs        without those of names, checksums and derivation\n"
    "  -L, --lowest-mapping-only      name the lowest mapping only\n"
    "  -Q, --squash-tuples            with \" -- \" between the steps, not as tuples\n"
    "  -F, --brief                    -i -B -L\n"
    "  -N, --print-new-files          names of mappings and references that only NEW has\n"
    "  --print-affected-instruments   instruments that differ\n"
    "  --print-affected-types         instruments and types that differ\n";

enum { INSTRUMENTS = 256, TYPES };

typedef struct choices {
    const char *path, *old_name, *new_name;
    bool headers, hide_boring, lowest, squash, new_files;
    int affected; /* INSTRUMENTS, TYPES or 0 */
} choices;

/* Header entries that every new version changes. */
static bool is_boring(const rp_difference *d)
{
    static const char *const names[] = {"name", "derived_from", "sha1sum"};
    char pattern[32];
    if (!strstr(d->message, "header"))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        (void)snprintf(pattern, sizeof pattern, " '%s' = ", names[i]);
        if (strstr(d->message, pattern))
            return true;
    }
    return false;
}

static void put_tuple(rp_buffer *out, const rp_step *step)
{
    rp_buffer_putc(out, '(');
    for (size_t i = 0; i < step->count; i++) {
        rp_buffer_puts(out, i ? ", " : "");
        rp_python_quote(out, step->text[i], strlen(step->text[i]));
    }
    rp_buffer_puts(out, step->count == 1 ? ",)" : ")");
}

static void put_message(rp_buffer *out, const rp_difference *d, bool quoted)
{
    rp_buffer text = {0};
    const bool header = strstr(d->message, "header") != NULL;
    for (const char *p = d->message; *p; p++) /* the client takes the quotes away, except in headers */
        if (header || *p != '\'')
            rp_buffer_putc(&text, *p);
    if (quoted)
        rp_python_quote(out, rp_buffer_text(&text), text.size);
    else
        rp_buffer_puts(out, rp_buffer_text(&text));
    rp_buffer_clear(&text);
}

static void print_difference(const rp_difference *d, const choices *wanted)
{
    rp_buffer out = {0};
    size_t last = 0;
    for (size_t i = 0; i < d->nsteps; i++)
        if (d->step[i].mappings)
            last = i;
    rp_buffer_puts(&out, wanted->squash ? "" : "(");
    for (size_t i = 0; i < d->nsteps; i++) {
        if (wanted->lowest && d->step[i].mappings && i != last)
            continue;
        if (wanted->squash)
            for (size_t k = 0; k < d->step[i].count; k++) {
                rp_buffer_puts(&out, k ? " " : "");
                rp_buffer_puts(&out, d->step[i].text[k]);
            }
        else
            put_tuple(&out, &d->step[i]);
        rp_buffer_puts(&out, wanted->squash ? " -- " : ", ");
    }
    put_message(&out, d, !wanted->squash);
    rp_buffer_puts(&out, wanted->squash ? "\n" : ")\n");
    (void)fwrite(rp_buffer_text(&out), 1, out.size, stdout);
    rp_buffer_clear(&out);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* crds 14.0.3: a type is affected when two rmaps differ, or one was added or deleted; not when 'N/A' gives way to one.
 */
static bool affects_type(const rp_difference *d)
{
    const bool moved = strncmp(d->message, "added ", 6) == 0 || strncmp(d->message, "deleted ", 8) == 0;
    for (size_t i = 0; i < d->nsteps; i++)
        if (d->step[i].mappings && ends_with(d->step[i].text[0], ".rmap"))
            return !is_boring(d);
    return moved && ends_with(d->message, ".rmap'");
}

static int compare_affected(const void *a, const void *b)
{
    const rp_difference *x = *(const rp_difference *const *)a, *y = *(const rp_difference *const *)b;
    const int c = strcmp(x->instrument, y->instrument);
    return c ? c : strcmp(x->type, y->type);
}

static rp_code print_affected(const rp_differences *all, int what, rp_error *err)
{
    const rp_difference **list = calloc(all->count + 1, sizeof *list), *before = NULL;
    size_t n = 0;
    if (!list)
        return rp_fail(err, RP_E_MEMORY, "no memory to list differences");
    for (size_t i = 0; i < all->count; i++)
        if (*all->item[i].type && affects_type(&all->item[i]))
            list[n++] = &all->item[i];
    if (n)
        qsort(list, n, sizeof *list, compare_affected);
    for (size_t i = 0; i < n; before = list[i++]) {
        const bool same = before && strcmp(before->instrument, list[i]->instrument) == 0;
        if (what == INSTRUMENTS && !same)
            (void)puts(list[i]->instrument);
        else if (what == TYPES && !(same && strcmp(before->type, list[i]->type) == 0))
            (void)printf("%-10s %-10s\n", list[i]->instrument, list[i]->type);
    }
    free(list);
    return RP_OK;
}

static size_t print_new(rp_names old, rp_names new)
{
    size_t printed = 0;
    for (size_t i = 0, k = 0; i < new.count; i++) {
        while (k < old.count && strcmp(old.name[k], new.name[i]) < 0)
            k++;
        if (k == old.count || strcmp(old.name[k], new.name[i]) != 0) {
            (void)puts(new.name[i]);
            printed++;
        }
    }
    return printed;
}

static rp_code compare(const choices *wanted, const rp_context *old, const rp_context *new, size_t *found,
                       rp_error *err)
{
    rp_differences all;
    if (wanted->new_files) {
        *found = print_new(rp_context_mappings(old), rp_context_mappings(new));
        *found += print_new(rp_context_references(old), rp_context_references(new));
        return RP_OK;
    }
    rp_code code = rp_differences_find(&all, old, wanted->old_name, new, wanted->new_name, wanted->headers, err);
    *found = 0;
    if (!code && wanted->affected)
        code = print_affected(&all, wanted->affected, err);
    for (size_t i = 0; i < all.count && !code; i++) {
        if (wanted->hide_boring && is_boring(&all.item[i]))
            continue;
        (*found)++;
        if (!wanted->affected)
            print_difference(&all.item[i], wanted);
    }
    rp_differences_clear(&all);
    return code;
}

static bool take_option(choices *wanted, int c)
{
    switch (c) {
    case 'p':
        wanted->path = optarg;
        return true;
    case 'i':
        return wanted->headers = true;
    case 'B':
        return wanted->hide_boring = true;
    case 'L':
        return wanted->lowest = true;
    case 'Q':
        return wanted->squash = true;
    case 'F':
        return wanted->headers = wanted->hide_boring = wanted->lowest = true;
    case 'N':
        return wanted->new_files = true;
    case INSTRUMENTS:
    case TYPES:
        wanted->affected = c;
        return true;
    default:
        return false;
    }
}

int rp_refs_diff(int argc, char **argv)
{
    static const struct option longs[] = {{"crds-path", required_argument, NULL, 'p'},
                                          {"include-header-diffs", no_argument, NULL, 'i'},
                                          {"hide-boring-diffs", no_argument, NULL, 'B'},
                                          {"lowest-mapping-only", no_argument, NULL, 'L'},
                                          {"squash-tuples", no_argument, NULL, 'Q'},
                                          {"brief", no_argument, NULL, 'F'},
                                          {"print-new-files", no_argument, NULL, 'N'},
                                          {"print-affected-instruments", no_argument, NULL, INSTRUMENTS},
                                          {"print-affected-types", no_argument, NULL, TYPES},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted = {0};
    rp_error err = {0};
    rp_context *old = NULL, *new = NULL;
    size_t found = 0;
    int c;
    optind = 0;
    while ((c = getopt_long(argc, argv, "hiBLQFN", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (!take_option(&wanted, c))
            return RP_EXIT_USAGE;
    }
    if (argc - optind != 2)
        return rp_refs_usage_error("diff", "two mappings are needed");
    wanted.old_name = argv[optind];
    wanted.new_name = argv[optind + 1];
    const rp_context_options options =
        rp_refs_options(true); /* as the client: a difference is one whatever the sums say */
    rp_code code = rp_context_open(&old, rp_refs_path(wanted.path), wanted.old_name, &options, &err);
    if (!code)
        code = rp_context_open(&new, rp_refs_path(wanted.path), wanted.new_name, &options, &err);
    if (!code)
        code = compare(&wanted, old, new, &found, &err);
    rp_context_close(old);
    rp_context_close(new);
    if (code)
        return rp_refs_error("diff", err.text, 2);
    return rp_refs_finish("diff", found ? 1 : RP_EXIT_OK);
}
