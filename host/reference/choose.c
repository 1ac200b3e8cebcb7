/* --refs DIR: the reference file whose header fits an exposure: docs/algorithms/references.md. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/asdf/asdf.h"
#include "io/product/meta.h"
#include "rampart/reference.h"

static const char *const keywords[] = {"TELESCOP", "INSTRUME", "DETECTOR", "MODULE",  "CHANNEL",
                                       "BAND",     "FILTER",   "PUPIL",    "GRATING", "SUBARRAY",
                                       "READPATT", "EXP_TYPE", "CORONMSK", "LAMPMODE"};

/* Types whose full frame the pipeline cuts to any subarray. */
static const char *const cut_types[] = {"mask", "gain", "readnoise", "linearity", "saturation", "superbias", "flat"};

static bool ends_with(const char *name, const char *suffix)
{
    const size_t n = strlen(name), m = strlen(suffix);
    return n > m && !strcasecmp(name + n - m, suffix);
}

static bool is_cut(const char *type)
{
    for (size_t k = 0; k < sizeof cut_types / sizeof *cut_types; k++)
        if (!strcasecmp(type, cut_types[k]))
            return true;
    return false;
}

typedef enum match { MATCH_NONE, MATCH_ANY, MATCH_EXACT } match;

/* One value, or several between bars ("F150W|F200W|"), against the exposure's. */
static match match_value(const char *list, const char *ours)
{
    match best = MATCH_NONE;
    while (*list) {
        const size_t n = strcspn(list, "|");
        const char *const wild[] = {"N/A", "ANY", "GENERIC"};
        for (size_t k = 0; n && k < 3; k++)
            if (strlen(wild[k]) == n && !strncasecmp(list, wild[k], n))
                best = best == MATCH_NONE ? MATCH_ANY : best;
        if (n && ours && strlen(ours) == n && !strncasecmp(list, ours, n))
            return MATCH_EXACT;
        list += n + (list[n] == '|');
    }
    return best;
}

/* The value that the file asks of an exposure: P_<keyword>, a list, goes before the keyword itself. */
static const char *wanted(const rp_meta *file, const char *keyword)
{
    static const struct {
        const char *keyword, *pattern;
    } patterns[] = {{"DETECTOR", "P_DETECT"}, {"MODULE", "P_MODULE"},   {"CHANNEL", "P_CHANNE"},
                    {"BAND", "P_BAND"},       {"FILTER", "P_FILTER"},   {"PUPIL", "P_PUPIL"},
                    {"GRATING", "P_GRATIN"},  {"SUBARRAY", "P_SUBARR"}, {"READPATT", "P_READPA"},
                    {"EXP_TYPE", "P_EXP_TY"}};
    for (size_t k = 0; k < sizeof patterns / sizeof *patterns; k++) {
        const char *text = strcmp(patterns[k].keyword, keyword) ? NULL : rp_meta_get_string(file, patterns[k].pattern);
        if (text)
            return text;
    }
    return rp_meta_get_string(file, keyword);
}

/* Number of keywords that agree exactly, or -1 when one does not agree. */
static int score(const rp_meta *file, const char *type, const rp_meta *exposure)
{
    int exact = 0;
    for (size_t k = 0; k < sizeof keywords / sizeof *keywords; k++) {
        const char *theirs = wanted(file, keywords[k]), *ours = rp_meta_get_string(exposure, keywords[k]);
        if (!theirs || !*theirs)
            continue;
        const match m = match_value(theirs, ours);
        if (m == MATCH_EXACT)
            exact++;
        else if (m == MATCH_NONE && !(!strcmp(keywords[k], "SUBARRAY") && is_cut(type) && !strcasecmp(theirs, "FULL")))
            return -1;
    }
    return exact;
}

static rp_code load_fits(rp_meta **out, const char *path, rp_error *err)
{
    rp_container *file;
    rp_code code = rp_container_open(&file, path, NULL, err);
    if (code != RP_OK)
        return code;
    code = rp_meta_load(out, file, RP_SCHEMA_ANY, true, NULL, err);
    file->close(file);
    return code;
}

static rp_code load_asdf(rp_meta **out, const char *path, rp_error *err)
{
    rp_tree *tree;
    rp_code code = rp_asdf_read(&tree, path, err);
    if (code != RP_OK)
        return code;
    code = rp_meta_new(out, RP_SCHEMA_ANY, path, err);
    if (code != RP_OK) {
        rp_tree_free(tree);
        return code;
    }
    rp_tree_free((*out)->tree);
    (*out)->tree = tree;
    return RP_OK;
}

typedef struct best {
    char *path, *second; /* second: as good as the first */
    int score;
} best;

static rp_code consider(best *b, const char *path, const char *type, const rp_meta *exposure, rp_error *err)
{
    rp_meta *meta = NULL;
    rp_code code = ends_with(path, ".asdf") ? load_asdf(&meta, path, err) : load_fits(&meta, path, err);
    if (code == RP_E_FORMAT || code == RP_E_UNSUPPORTED || code == RP_E_IO)
        return RP_OK; /* no reference that could be used; others may fit */
    if (code != RP_OK)
        return code;
    const char *reftype = rp_meta_get_string(meta, "REFTYPE");
    if (!reftype)
        reftype = rp_meta_get_string(meta, "meta.reftype");
    const int points = reftype && !strcasecmp(reftype, type) ? score(meta, type, exposure) : -1;
    rp_meta_free(meta);
    if (points < 0 || points < b->score)
        return RP_OK;
    char *copy = strdup(path);
    if (!copy)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory to choose references", path);
    free(b->second);
    b->second = NULL;
    if (points == b->score) {
        b->second = copy;
    } else {
        free(b->path);
        b->path = copy;
        b->score = points;
    }
    return RP_OK;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_candidate(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && (ends_with(entry->d_name, ".fits") || ends_with(entry->d_name, ".fits.gz") ||
                                       ends_with(entry->d_name, ".asdf"));
}

rp_code rp_reference_choose(char **path, const char *dir, const char *type, const rp_meta *meta, rp_error *err)
{
    struct dirent **entries = NULL;
    best b = {.score = -1};
    rp_code code = RP_OK;
    *path = NULL;
    const int n = scandir(dir, &entries, is_candidate, by_name);
    if (n < 0)
        return rp_fail_errno(err, RP_E_IO, "folder of references %s cannot be read", dir);
    for (int k = 0; k < n; k++) {
        char *full = NULL;
        if (code == RP_OK && asprintf(&full, "%s/%s", dir, entries[k]->d_name) < 0) {
            full = NULL;
            code = rp_fail(err, RP_E_MEMORY, "%s: no memory to choose references", dir);
        }
        if (code == RP_OK)
            code = consider(&b, full, type, meta, err);
        free(full);
        free(entries[k]);
    }
    free(entries);
    if (code == RP_OK && b.second)
        code = rp_fail(err, RP_E_MISMATCH, "two %s references fit equally well: %s and %s; remove one or name one",
                       type, b.path, b.second);
    if (code == RP_OK) {
        *path = b.path;
        b.path = NULL;
    }
    free(b.path);
    free(b.second);
    return code;
}
