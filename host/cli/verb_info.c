/* rampart info FILE: what a file is, what was done to it, and what is in it.  Everything is gathered as one JSON
 * object, which --json prints as it is and the text is made from. */
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/preview/preview.h"
#include "io/asdf/asdf.h"
#include "io/fits/cards.h"
#include "rampart/container.h"
#include "rampart/step.h"

static const char help[] =
    "Usage: rampart info [--stats] [--log] [--json] FILE ...\n\n"
    "Describes FITS and HDF5 files: the exposure, planes, steps that ran, references, software.\n\n"
    "  --stats   read the pixels: range, mean and deviation, invalid values, flags by name\n"
    "  --log     print the lines that the pipeline logged while it made the product\n"
    "  --json    one JSON object per file\n";

typedef struct choices {
    bool stats, log, json;
} choices;

/* Text that is not UTF-8 becomes null rather than a broken object. */
static void put(json_t *object, const char *key, json_t *value)
{
    (void)json_object_set_new(object, key, value ? value : json_null());
}

/* ------------------------------------------------------------------ keywords */

static json_t *card_value(const rp_card *card)
{
    switch (card->kind) {
    case RP_CARD_STRING:
        return json_string(card->text);
    case RP_CARD_BOOL:
        return json_boolean(card->b);
    case RP_CARD_INT:
        return json_integer(card->i);
    case RP_CARD_FLOAT:
        return json_real(card->f);
    default:
        return NULL;
    }
}

static const struct {
    const char *keyword, *name;
} identity[] = {
    {"DATAMODL", "model"},
    {"REFTYPE", "reference_type"},
    {"TELESCOP", "telescope"},
    {"INSTRUME", "instrument"},
    {"DETECTOR", "detector"},
    {"CHANNEL", "channel"},
    {"FILTER", "filter"},
    {"PUPIL", "pupil"},
    {"GRATING", "grating"},
    {"BAND", "band"},
    {"EXP_TYPE", "exp_type"},
    {"SUBARRAY", "subarray"},
    {"PROGRAM", "program"},
    {"OBSERVTN", "observation"},
    {"VISIT", "visit"},
    {"EXPOSURE", "exposure"},
    {"TARGNAME", "target"},
    {"DATE-OBS", "date_obs"},
    {"TIME-OBS", "time_obs"},
    {"READPATT", "readpatt"},
    {"NINTS", "nints"},
    {"NGROUPS", "ngroups"},
    {"NFRAMES", "nframes"},
    {"TGROUP", "group_time_s"},
    {"EFFEXPTM", "exposure_time_s"},
    {"USEAFTER", "useafter"},
    {"PEDIGREE", "pedigree"},
    {"DATE", "date"},
    {"CAL_VER", "cal_version"},
    {"CRDS_CTX", "crds_context"},
    {"CRDS_VER", "crds_version"},
};

static const char *step_of_key(const char *key)
{
    size_t count;
    const rp_step *const *steps = rp_step_all(&count);
    for (size_t k = 0; k < count; k++)
        if (steps[k]->status_key && strcmp(steps[k]->status_key, key) == 0)
            return steps[k]->name;
    return key;
}

/* One card of the primary header into the object where it belongs. */
static void sort_card(json_t *about, const rp_card *card)
{
    if (card->kind == RP_CARD_COMMENTARY) {
        if (strcmp(card->keyword, "HISTORY") == 0)
            (void)json_array_append_new(json_object_get(about, "history"), json_string(card->text));
        return;
    }
    if (strncmp(card->keyword, "S_", 2) == 0 && card->kind == RP_CARD_STRING &&
        strcmp(card->keyword, "S_REGION") != 0) {
        json_t *step = json_object();
        put(step, "name", json_string(step_of_key(card->keyword)));
        put(step, "keyword", json_string(card->keyword));
        put(step, "status", card_value(card));
        (void)json_array_append_new(json_object_get(about, "steps"), step);
    } else if (strncmp(card->keyword, "R_", 2) == 0 && card->kind == RP_CARD_STRING) {
        json_t *reference = json_object();
        put(reference, "keyword", json_string(card->keyword));
        put(reference, "file", card_value(card));
        (void)json_array_append_new(json_object_get(about, "references"), reference);
    }
    for (size_t k = 0; k < sizeof identity / sizeof *identity; k++)
        if (strcmp(identity[k].keyword, card->keyword) == 0)
            put(about, identity[k].name, card_value(card));
}

static rp_code read_header(json_t *about, const rp_hdu *hdu, rp_error *err)
{
    const size_t ncards = rp_cards_count(hdu->header, hdu->header_bytes);
    rp_card card = {0};
    rp_code code = RP_OK;
    for (size_t k = 0; k < ncards && !code; k += card.ncards) {
        code = rp_card_parse(&card, hdu->header + k * RP_CARD_BYTES, ncards - k, err);
        if (!code)
            sort_card(about, &card);
    }
    rp_card_clear(&card);
    return code;
}

/* ------------------------------------------------------------------ pixels */

typedef struct tally {
    int64_t valid, invalid; /* invalid: not finite */
    int64_t flags[32];
    double low, high, shift, sum, squares; /* sums of value - shift */
} tally;

static bool is_flag_plane(const rp_hdu *hdu)
{
    const size_t n = strlen(hdu->extname);
    return n >= 2 && strcmp(hdu->extname + n - 2, "DQ") == 0 && hdu->type != RP_F32 && hdu->type != RP_F64;
}

static void count_values(tally *t, const double *values, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const double v = values[k];
        if (!isfinite(v)) {
            t->invalid++;
            continue;
        }
        if (t->valid++ == 0)
            t->shift = t->low = t->high = v;
        t->low = fmin(t->low, v);
        t->high = fmax(t->high, v);
        t->sum += v - t->shift;
        t->squares += (v - t->shift) * (v - t->shift);
    }
}

static void count_flags(tally *t, const uint32_t *flags, size_t n)
{
    t->valid += (int64_t)n;
    for (size_t k = 0; k < n; k++)
        for (uint32_t left = flags[k]; left; left &= left - 1)
            t->flags[__builtin_ctz(left)]++;
}

static json_t *tally_json(const tally *t, bool flags)
{
    json_t *out = json_object();
    put(out, "pixels", json_integer(t->valid + t->invalid));
    if (flags) {
        json_t *counts = json_object();
        for (int bit = 0; bit < 32; bit++)
            if (t->flags[bit])
                put(counts, rp_flag_name(bit), json_integer(t->flags[bit]));
        put(out, "flags", counts);
        return out;
    }
    put(out, "invalid", json_integer(t->invalid));
    if (t->valid) {
        const double n = (double)t->valid, mean = t->sum / n;
        put(out, "min", json_real(t->low));
        put(out, "max", json_real(t->high));
        put(out, "mean", json_real(t->shift + mean));
        put(out, "deviation", json_real(sqrt(fmax(0.0, t->squares / n - mean * mean))));
    }
    return out;
}

/* Row by row: a ramp need not fit in memory. */
static rp_code read_stats(json_t *plane, rp_container *file, size_t hdu, rp_error *err)
{
    const bool flags = is_flag_plane(&file->hdu[hdu]);
    rp_source *source = NULL;
    rp_code code = file->open_source(file, hdu, &source, err);
    if (code)
        return code;
    const int64_t nx = rp_shape_nx(&source->shape), ny = rp_shape_ny(&source->shape);
    const int64_t planes = rp_shape_planes(&source->shape);
    void *elements = malloc((size_t)nx * 8), *values = malloc((size_t)nx * 8);
    tally t = {0};
    if (!elements || !values) {
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for a row of %lld pixels", source->label, (long long)nx);
        goto done;
    }
    for (int64_t row = 0; row < planes * ny && !code; row++) {
        code = source->read(source, row / ny, (rp_rect){.y0 = row % ny, .x0 = 0, .ny = 1, .nx = nx}, elements, err);
        if (code)
            break;
        if (flags) {
            rp_elements_to_u32(values, elements, source->type, (size_t)nx);
            count_flags(&t, values, (size_t)nx);
        } else {
            rp_elements_to_f64(values, elements, source->type, (size_t)nx);
            count_values(&t, values, (size_t)nx);
        }
    }
    if (!code)
        put(plane, "stats", tally_json(&t, flags));
done:
    free(elements);
    free(values);
    source->close(source);
    return code;
}

/* ------------------------------------------------------------------ parts of the file */

static json_t *plane_json(const rp_hdu *hdu)
{
    char unit[72];
    json_t *out = json_object(), *shape = json_array();
    const size_t ncards = rp_cards_count(hdu->header, hdu->header_bytes);
    put(out, "extname", json_string(hdu->extname));
    put(out, "extver", json_integer(hdu->extver));
    put(out, "kind", json_string(hdu->is_image ? "image" : "table"));
    if (hdu->is_image) {
        for (int a = 0; a < hdu->shape.naxis; a++)
            (void)json_array_append_new(shape, json_integer(hdu->shape.axis[a]));
        if (hdu->shape.naxis)
            put(out, "dtype", json_string(rp_dtype_name(hdu->type)));
    } else {
        int64_t rows = 0, columns = 0;
        if (rp_cards_get_int(hdu->header, ncards, "NAXIS2", &rows))
            (void)json_array_append_new(shape, json_integer(rows));
        if (rp_cards_get_int(hdu->header, ncards, "TFIELDS", &columns))
            (void)json_array_append_new(shape, json_integer(columns));
    }
    put(out, "shape", shape);
    if (rp_cards_get_string(hdu->header, ncards, "BUNIT", unit, sizeof unit))
        put(out, "unit", json_string(unit));
    put(out, "bytes", json_integer(hdu->data_bytes));
    return out;
}

static void put_text_of(json_t *object, const char *key, const rp_node *node)
{
    const char *text = rp_node_text(node);
    if (text)
        put(object, key, json_string(text));
}

/* Who wrote the tree, and the log of the pipeline. */
static void describe_tree(json_t *about, const rp_node *root)
{
    put_text_of(about, "asdf_writer", rp_path_get(root, "asdf_library.name"));
    put_text_of(about, "asdf_writer_version", rp_path_get(root, "asdf_library.version"));
    const rp_node *logs = rp_map_get(root, "cal_logs");
    json_t *out = json_object();
    for (size_t k = 0; logs && logs->kind == RP_NODE_MAPPING && k < logs->nentries; k++) {
        const rp_node *lines = logs->entries[k].value;
        json_t *list = json_array();
        for (size_t i = 0; lines && lines->kind == RP_NODE_SEQUENCE && i < lines->count; i++)
            (void)json_array_append_new(list, json_string(rp_node_text(lines->items[i])));
        put(out, logs->entries[k].key, list);
    }
    put(about, "logs", out);
}

static rp_code read_tree(json_t *about, rp_container *file, rp_error *err)
{
    const int found = rp_container_find(file, "ASDF", 1);
    if (found < 0 || file->hdu[found].data_bytes < 1 || (uint64_t)file->hdu[found].data_bytes > RP_ASDF_MAX_BYTES)
        return RP_OK;
    const size_t size = (size_t)file->hdu[found].data_bytes;
    char *bytes = malloc(size);
    if (!bytes)
        return rp_fail(err, RP_E_MEMORY, "%s[ASDF]: no memory for %zu bytes", file->path, size);
    rp_tree *tree = NULL;
    rp_code code = file->read_bytes(file, (size_t)found, 0, size, bytes, err);
    if (!code)
        code = rp_asdf_parse(&tree, bytes, size, file->path, err);
    if (!code)
        describe_tree(about, rp_tree_root(tree));
    rp_tree_free(tree);
    free(bytes);
    return code;
}

static rp_code describe(json_t *about, rp_container *file, const choices *wanted, rp_error *err)
{
    put(about, "path", json_string(file->path));
    put(about, "steps", json_array());
    put(about, "references", json_array());
    put(about, "history", json_array());
    json_t *planes = json_array();
    put(about, "planes", planes);
    rp_code code = file->nhdu ? read_header(about, &file->hdu[0], err) : RP_OK;
    for (size_t k = 0; k < file->nhdu && !code; k++) {
        json_t *plane = plane_json(&file->hdu[k]);
        (void)json_array_append_new(planes, plane);
        const rp_hdu *hdu = &file->hdu[k];
        if (wanted->stats && hdu->is_image && hdu->shape.naxis >= 1 && hdu->data_bytes > 0)
            code = read_stats(plane, file, k, err);
    }
    return code ? code : read_tree(about, file, err);
}

/* ------------------------------------------------------------------ text */

static const char *text_of(const json_t *about, const char *key)
{
    const char *text = json_string_value(json_object_get(about, key));
    return text ? text : "";
}

/* The words of the named values with blanks between them; nothing for absent ones. */
static void print_words(const json_t *about, const char *label, const char *const *keys)
{
    bool begun = false;
    for (; *keys; keys++) {
        const json_t *value = json_object_get(about, *keys);
        if (!value || json_is_null(value))
            continue;
        printf("%s", begun ? " " : label);
        if (json_is_string(value))
            printf("%s", json_string_value(value));
        else
            printf("%g", json_number_value(value));
        begun = true;
    }
    if (begun)
        (void)putchar('\n');
}

static void print_identity(const json_t *about)
{
    static const char *const what[] = {"model", "reference_type", "telescope", NULL};
    static const char *const with[] = {"instrument", "detector", "channel", "filter", "pupil", "grating", "band", NULL};
    static const char *const how[] = {"exp_type", "subarray", "readpatt", NULL};
    static const char *const when[] = {"date_obs", "time_obs", NULL};
    static const char *const which[] = {"program", "observation", "visit", "exposure", "target", NULL};
    static const char *const valid[] = {"pedigree", "useafter", NULL};
    static const char *const by[] = {"cal_version", "crds_version", "crds_context", "date", NULL};
    printf("%s\n", text_of(about, "path"));
    print_words(about, "  what        ", what);
    print_words(about, "  instrument  ", with);
    print_words(about, "  mode        ", how);
    if (json_object_get(about, "group_time_s"))
        printf("  ramps       %g integrations of %g groups of %g frames, %g s per group, %g s in all\n",
               json_number_value(json_object_get(about, "nints")), json_number_value(json_object_get(about, "ngroups")),
               json_number_value(json_object_get(about, "nframes")),
               json_number_value(json_object_get(about, "group_time_s")),
               json_number_value(json_object_get(about, "exposure_time_s")));
    print_words(about, "  start       ", when);
    print_words(about, "  program     ", which);
    print_words(about, "  validity    ", valid);
    print_words(about, "  made by     ", by);
}

static void print_stats(const json_t *stats)
{
    const char *name;
    json_t *flags = json_object_get(stats, "flags"), *count;
    const double pixels = json_number_value(json_object_get(stats, "pixels"));
    if (flags) {
        json_object_foreach(flags, name, count)
            printf("        %-20s %12lld  %.4g %%\n", name, (long long)json_integer_value(count),
                   100.0 * (double)json_integer_value(count) / pixels);
        return;
    }
    if (json_object_get(stats, "mean"))
        printf("        min %g  max %g  mean %g  deviation %g  invalid %lld\n",
               json_number_value(json_object_get(stats, "min")), json_number_value(json_object_get(stats, "max")),
               json_number_value(json_object_get(stats, "mean")),
               json_number_value(json_object_get(stats, "deviation")),
               (long long)json_integer_value(json_object_get(stats, "invalid")));
    else
        printf("        no valid pixel\n");
}

static void print_planes(const json_t *planes)
{
    size_t k, a;
    json_t *plane, *length;
    json_array_foreach(planes, k, plane)
    {
        char shape[128] = "";
        const char *dtype = text_of(plane, "dtype");
        const bool table = strcmp(text_of(plane, "kind"), "table") == 0;
        json_array_foreach(json_object_get(plane, "shape"), a, length)(void)
            snprintf(shape + strlen(shape), sizeof shape - strlen(shape), "%s%lld", *shape ? " x " : "",
                     (long long)json_integer_value(length));
        printf("  %3zu %-18s %2lld  %-8s %-26s %12lld bytes  %s\n", k, text_of(plane, "extname"),
               (long long)json_integer_value(json_object_get(plane, "extver")), table ? "table" : dtype, shape,
               (long long)json_integer_value(json_object_get(plane, "bytes")), text_of(plane, "unit"));
        if (json_object_get(plane, "stats"))
            print_stats(json_object_get(plane, "stats"));
    }
}

static void print_processing(const json_t *about, bool with_log)
{
    size_t k;
    json_t *item;
    json_array_foreach(json_object_get(about, "steps"), k, item)
        printf("  step        %-22s %s\n", text_of(item, "name"), text_of(item, "status"));
    json_array_foreach(json_object_get(about, "references"), k, item)
        printf("  reference   %-22s %s\n", text_of(item, "keyword"), text_of(item, "file"));
    json_array_foreach(json_object_get(about, "history"), k, item)
        printf("  history     %s\n", json_string_value(item) ? json_string_value(item) : "");
    if (json_object_get(about, "asdf_writer"))
        printf("  metadata by %s %s\n", text_of(about, "asdf_writer"), text_of(about, "asdf_writer_version"));
    const char *name;
    json_t *lines;
    json_object_foreach(json_object_get(about, "logs"), name, lines)
    {
        printf("  log of      %s: %zu lines\n", name, json_array_size(lines));
        json_array_foreach(lines, k, item) if (with_log && json_string_value(item))
            printf("    %s\n", json_string_value(item));
    }
}

static rp_code info(const char *path, const choices *wanted, rp_error *err)
{
    rp_container *file = NULL;
    rp_code code = rp_container_open(&file, path, NULL, err);
    if (code)
        return code;
    json_t *about = json_object();
    code = describe(about, file, wanted, err);
    if (!code && wanted->json) {
        if (!wanted->log)
            (void)json_object_del(about, "logs");
        if (json_dumpf(about, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF)
            code = rp_fail(err, RP_E_IO, "%s: the description cannot be printed", path);
    } else if (!code) {
        print_identity(about);
        print_planes(json_object_get(about, "planes"));
        print_processing(about, wanted->log);
    }
    json_decref(about);
    file->close(file);
    return code;
}

int rp_verb_info(int argc, char **argv)
{
    static const struct option longs[] = {{"stats", no_argument, NULL, 's'},
                                          {"log", no_argument, NULL, 'l'},
                                          {"json", no_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {0}};
    choices wanted = {false, false, false};
    int c, exit_code = RP_EXIT_OK;
    optind = 0;
    while ((c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (c == 'h') {
            (void)fputs(help, stdout);
            return RP_EXIT_OK;
        }
        if (c == '?') /* getopt has said what is wrong */
            return RP_EXIT_USAGE;
        wanted.stats |= c == 's';
        wanted.log |= c == 'l';
        wanted.json |= c == 'j';
    }
    if (optind >= argc)
        return rp_cli_usage_error("info", "a file is needed");
    for (int k = optind; k < argc; k++) {
        rp_error err = {0};
        const rp_code code = info(argv[k], &wanted, &err);
        if (code)
            exit_code = rp_cli_error("info", err.text, rp_exit_code(code));
    }
    return exit_code;
}
