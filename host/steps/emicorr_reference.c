/* The emicorr reference: clocks of subarrays, frequencies and their waves.  Layout: docs/algorithms/emicorr.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/steps/emicorr.h"
#include "io/asdf/asdf.h"

/* Clocks that jwst 3.0.0 knows by itself, for waves made on the fly. */
static const struct {
    const char *subarray;
    int64_t rowclocks, frameclocks;
} known_clocks[] = {
    {"SLITLESSPRISM", 28, 15904}, {"MASKLYOT", 90, 32400},   {"SUB64", 28, 8512},     {"SUB128", 44, 11904},
    {"MASK1140", 82, 23968},      {"MASK1550", 82, 23968},   {"MASK1065", 82, 23968}, {"FULL_FAST", 271, 277504},
    {"FULL_SLOW", 2333, 2388992}, {"BRIGHTSKY", 162, 86528}, {"SUB256", 96, 29952},
};

static void case_name(char *out, size_t size, const char *subarray, const char *readpatt, bool full)
{
    const char *speed = strstr(readpatt, "SLOW") ? "SLOW" : "FAST";
    (void)snprintf(out, size, full ? "%s_%s" : "%s", subarray, speed);
}

static rp_code read_frequency(rp_emi_frequency *out, const rp_node *root, const char *name, const char *path,
                              rp_error *err)
{
    const rp_node *set = rp_map_get(rp_map_get(root, "frequencies"), name), *wave = rp_map_get(set, "phase_amplitudes");
    int naxis = 0;
    int64_t axis[RP_ARRAY_MAX_AXES] = {0};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    if (!wave || !rp_node_number(rp_map_get(set, "frequency"), &out->hertz) || !(out->hertz > 0.0))
        return rp_fail(err, RP_E_FORMAT, "%s: frequency %s is missing or has no wave; give another emicorr reference",
                       path, name);
    const rp_code code = rp_asdf_numbers(wave, path, &out->wave, &naxis, axis, err);
    out->nwave = code == RP_OK ? (size_t)axis[0] : 0;
    return code == RP_OK && naxis != 1
               ? rp_fail(err, RP_E_FORMAT, "%s: the wave of frequency %s has %d axes, not 1", path, name, naxis)
               : code;
}

static rp_code read_frequencies(rp_emi *emi, const rp_node *root, const rp_node *names, const char *path, rp_error *err)
{
    if (names->count > RP_EMI_MAX_FREQUENCIES)
        return rp_fail(err, RP_E_FORMAT, "%s: more than %d frequencies for one subarray", path, RP_EMI_MAX_FREQUENCIES);
    rp_code code = RP_OK;
    for (size_t k = 0; k < names->count && code == RP_OK; k++) {
        const char *name = rp_node_text(names->items[k]);
        code = name ? read_frequency(&emi->frequency[emi->nfrequencies++], root, name, path, err)
                    : rp_fail(err, RP_E_FORMAT, "%s: a frequency's name is no text", path);
    }
    return code;
}

rp_code rp_emi_read_reference(rp_emi *emi, const char *path, const char *subarray, const char *readpatt,
                              const char *detector, bool *found, rp_error *err)
{
    rp_tree *tree = NULL;
    char name[80];
    *found = false;
    rp_code code = rp_asdf_read(&tree, path, err);
    if (code != RP_OK)
        return code;
    const bool slow = strstr(readpatt, "SLOW") != NULL;
    case_name(name, sizeof name, subarray, readpatt, strstr(subarray, "FULL") != NULL);
    const rp_node *root = rp_tree_root(tree), *entry = rp_map_get(rp_map_get(root, "subarray_cases"), name);
    const rp_node *names = rp_map_get(rp_map_get(entry, "freqs"), slow ? "SLOW" : "FAST");
    if (slow)
        names = rp_map_get(names, detector);
    double rowclocks = 0, frameclocks = 0;
    if (names && names->kind == RP_NODE_SEQUENCE && names->count > 0 &&
        rp_node_number(rp_map_get(entry, "rowclocks"), &rowclocks) &&
        rp_node_number(rp_map_get(entry, "frameclocks"), &frameclocks)) {
        emi->rowclocks = (int64_t)rowclocks;
        emi->frameclocks = (int64_t)frameclocks;
        code = read_frequencies(emi, root, names, path, err);
        *found = true;
    }
    rp_tree_free(tree);
    return code;
}

rp_code rp_emi_on_the_fly(rp_emi *emi, const double *hertz, size_t n, const char *subarray, const char *readpatt,
                          bool *found, rp_error *err)
{
    char name[80];
    case_name(name, sizeof name, subarray, readpatt, strcmp(subarray, "FULL") == 0);
    *found = false;
    if (n > RP_EMI_MAX_FREQUENCIES)
        return rp_fail(err, RP_E_ARGUMENT, "onthefly_corr_freq: more than %d frequencies", RP_EMI_MAX_FREQUENCIES);
    for (size_t k = 0; k < sizeof known_clocks / sizeof *known_clocks; k++)
        if (!strcmp(known_clocks[k].subarray, name)) {
            emi->rowclocks = known_clocks[k].rowclocks;
            emi->frameclocks = known_clocks[k].frameclocks;
            *found = n > 0;
        }
    for (size_t k = 0; k < n; k++) {
        if (!(hertz[k] > 0.0))
            return rp_fail(err, RP_E_ARGUMENT, "onthefly_corr_freq: %g Hz is no frequency", hertz[k]);
        (void)snprintf(emi->frequency[k].name, sizeof emi->frequency[k].name, "%.15g", hertz[k]);
        emi->frequency[k].hertz = hertz[k];
    }
    emi->nfrequencies = n;
    return RP_OK;
}

/* ------------------------------------------------------------------ writing */
static rp_node *waves_node(rp_tree *tree, const rp_emi *emi)
{
    rp_node *all = rp_new_mapping(tree);
    for (size_t k = 0; all && k < emi->nfrequencies; k++) {
        const rp_emi_frequency *f = &emi->frequency[k];
        const rp_array array = {.datatype = "float64",
                                .item_bytes = 8,
                                .naxis = 1,
                                .axis = {(int64_t)f->nwave},
                                .data = f->wave,
                                .bytes = 8 * f->nwave};
        rp_node *set = rp_new_mapping(tree);
        if (!set || !rp_map_set(tree, set, "frequency", rp_new_float(tree, f->hertz)) ||
            !rp_map_set(tree, set, "phase_amplitudes", rp_new_array(tree, &array)) ||
            !rp_map_set(tree, all, f->name, set))
            return NULL;
    }
    return all;
}

static rp_node *clocks_node(rp_tree *tree, const rp_emi *emi, const rp_meta *meta)
{
    const char *readpatt = rp_meta_get_string(meta, "READPATT"), *subarray = rp_meta_get_string(meta, "SUBARRAY");
    const char *detector = rp_meta_get_string(meta, "DETECTOR");
    rp_node *cases = rp_new_mapping(tree), *one = rp_new_mapping(tree), *freqs = rp_new_mapping(tree);
    rp_node *names = rp_new_sequence(tree), *by_detector = rp_new_mapping(tree);
    bool ok = cases && one && freqs && names && by_detector && readpatt && subarray && detector;
    for (size_t k = 0; ok && k < emi->nfrequencies; k++)
        ok = rp_seq_append(tree, names, rp_new_string(tree, emi->frequency[k].name));
    if (ok && !strstr(readpatt, "FAST")) {
        ok = rp_map_set(tree, by_detector, detector, names);
        names = by_detector;
    }
    ok = ok && rp_map_set(tree, freqs, readpatt, names) &&
         rp_map_set(tree, one, "rowclocks", rp_new_int(tree, emi->rowclocks)) &&
         rp_map_set(tree, one, "frameclocks", rp_new_int(tree, emi->frameclocks)) &&
         rp_map_set(tree, one, "freqs", freqs) && rp_map_set(tree, cases, subarray, one);
    return ok ? cases : NULL;
}

static rp_node *meta_node(rp_tree *tree)
{
    char now[32] = "";
    const time_t seconds = time(NULL);
    struct tm utc;
    if (gmtime_r(&seconds, &utc))
        (void)strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%S", &utc);
    rp_node *meta = rp_new_mapping(tree);
    const bool ok = meta && rp_map_set(tree, meta, "reftype", rp_new_string(tree, "emicorr")) &&
                    rp_map_set(tree, meta, "author", rp_new_string(tree, "rampart")) &&
                    rp_map_set(tree, meta, "description", rp_new_string(tree, "EMI correction file")) &&
                    rp_map_set(tree, meta, "pedigree", rp_new_string(tree, "GROUND")) &&
                    rp_map_set(tree, meta, "telescope", rp_new_string(tree, "JWST")) &&
                    rp_map_set(tree, meta, "useafter", rp_new_string(tree, now));
    return ok ? meta : NULL;
}

rp_code rp_emi_write_reference(const rp_emi *emi, const rp_meta *meta, const char *path, rp_error *err)
{
    rp_tree *tree = rp_tree_new();
    rp_node *root = tree ? rp_new_mapping(tree) : NULL;
    rp_code code = RP_OK;
    if (!root || !rp_map_set(tree, root, "frequencies", waves_node(tree, emi)) ||
        !rp_map_set(tree, root, "subarray_cases", clocks_node(tree, emi, meta)) ||
        !rp_map_set(tree, root, "meta", meta_node(tree)))
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for an emicorr reference", path);
    if (code == RP_OK) {
        rp_tree_set_root(tree, root);
        code = rp_asdf_sign(tree, root, err);
    }
    if (code == RP_OK)
        code = rp_asdf_write(path, root, true, err);
    rp_tree_free(tree);
    return code;
}
