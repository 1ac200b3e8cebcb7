/* rscd: flags the first groups of MIRI integrations, disturbed by the switch that ends a reset.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/rscd.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "host/steps/ramp_reference.h"

/* One set of integrations: the exposure's first, or the later ones. */
typedef struct rscd_part {
    bool wanted;          /* the reference reports on it, even when this file holds none of them */
    int64_t first, count; /* integrations of this file */
    int64_t skip;         /* groups */
} rscd_part;

typedef struct rscd_state {
    rscd_part part[2];
} rscd_state;

static const struct rscd_keywords {
    const char *skip, *first_group_kept, *backed_off;
} keywords[2] = {{"INT1SKIP", "INT1UGP1", "INT1BORS"}, {"INT2SKIP", "INT2UGP1", "INT2BORS"}};

/* A text of a table column: fixed width, padded with blanks or NUL. */
static bool text_is(const char *text, size_t width, const char *wanted)
{
    size_t n = strnlen(text, width);
    while (n > 0 && text[n - 1] == ' ')
        n--;
    return strlen(wanted) == n && memcmp(text, wanted, n) == 0;
}

typedef struct skip_table {
    char *subarray, *readpatt;
    double *later, *first;
    size_t subarray_width, readpatt_width, nrows;
} skip_table;

static void free_table(skip_table *t)
{
    free(t->subarray);
    free(t->readpatt);
    free(t->later);
    free(t->first);
}

static rp_code read_table(rp_reference *reference, skip_table *t, rp_error *err)
{
    static const char extname[] = "RSCD_GROUP_SKIP";
    rp_code code =
        rp_reference_column(reference, extname, "subarray", NULL, &t->subarray, &t->subarray_width, &t->nrows, err);
    if (code == RP_OK)
        code =
            rp_reference_column(reference, extname, "readpatt", NULL, &t->readpatt, &t->readpatt_width, &t->nrows, err);
    if (code == RP_OK)
        code = rp_reference_column(reference, extname, "group_skip", &t->later, NULL, NULL, &t->nrows, err);
    if (code == RP_OK) { /* a column that older files lack */
        rp_error ignored;
        if (rp_reference_column(reference, extname, "group_skip1", &t->first, NULL, NULL, &t->nrows, &ignored) != RP_OK)
            t->first = NULL;
    }
    return code;
}

/* Skips of the row for this subarray and read pattern; *found is false when there is none. */
static rp_code find_skips(const rp_run *run, rp_reference *reference, rscd_state *state, bool *found, rp_error *err)
{
    const char *subarray = NULL, *readpatt = NULL;
    skip_table t = {0};
    rp_code code = rp_meta_need_string(run->meta, "SUBARRAY", &subarray, err);
    if (code == RP_OK)
        code = rp_meta_need_string(run->meta, "READPATT", &readpatt, err);
    if (code == RP_OK)
        code = read_table(reference, &t, err);
    if (code == RP_OK && strcasecmp(subarray, "SUBPRISM") == 0) /* its name in older exposures */
        subarray = "SLITLESSPRISM";
    *found = false;
    for (size_t row = 0; code == RP_OK && !*found && row < t.nrows; row++) {
        *found = text_is(t.subarray + row * t.subarray_width, t.subarray_width, subarray) &&
                 text_is(t.readpatt + row * t.readpatt_width, t.readpatt_width, readpatt);
        if (*found) {
            state->part[0].skip = t.first ? (int64_t)t.first[row] : -1;
            state->part[1].skip = (int64_t)t.later[row];
        }
    }
    free_table(&t);
    return code;
}

/* At least three groups must remain: the last one is lost to lastframe, and a slope needs two. */
static void limit_skips(const rp_stage *stage, rscd_state *state, int64_t nints)
{
    const rp_run *run = stage->run;
    const int64_t most = run->ngroups > 3 ? run->ngroups - 3 : 0;
    if (run->ngroups <= 5) {
        state->part[0].skip = state->part[1].skip = 1;
        rp_logf(run->log, RP_INFO, stage->log_name,
                "Number of groups to skip for integration 1 (for data with <= 5 groups): 1");
        rp_logf(run->log, RP_INFO, stage->log_name,
                "Number of groups to skip for integration 2+ (for data with <= 5 groups): 1");
    }
    if (state->part[0].skip > most) {
        state->part[0].skip = most;
        rp_logf(run->log, RP_INFO, stage->log_name, "Changing the # of groups to skip in int 1 to %lld",
                (long long)most);
    }
    if (nints > 1 && state->part[1].skip > most) {
        state->part[1].skip = most;
        rp_logf(run->log, RP_INFO, stage->log_name, "Changing the # of groups to skip in int 2 and higher to %lld",
                (long long)most);
    }
}

static rp_code set_keywords(rp_run *run, const rscd_state *state, rp_error *err)
{
    rp_code code = RP_OK;
    for (int k = 0; k < 2 && code == RP_OK; k++) {
        if (!state->part[k].wanted)
            continue;
        code = rp_meta_set_int(run->meta, keywords[k].first_group_kept, 0, err);
        if (code == RP_OK)
            code = rp_meta_set_int(run->meta, keywords[k].backed_off, 0, err);
        if (code == RP_OK)
            code = rp_meta_set_int(run->meta, keywords[k].skip, state->part[k].skip, err);
    }
    return code;
}

/* Which integrations of this file are the exposure's first, and which are later ones. */
static rp_code plan(rp_stage *stage, rscd_state *state, rp_error *err)
{
    rp_run *run = stage->run;
    int64_t start = 1, nints = run->nints;
    const rp_code code = rp_meta_need_int(run->meta, "NINTS", &nints, err);
    if (code != RP_OK)
        return code;
    (void)rp_meta_get_int(run->meta, "INTSTART", &start);
    limit_skips(stage, state, nints);
    rscd_part *first = &state->part[0], *later = &state->part[1];
    first->wanted = start == 1;
    first->count = first->wanted;
    later->wanted = nints > 1;
    later->first = first->count;
    later->count = later->wanted ? run->nints - later->first : 0;
    for (int k = 0; k < 2; k++) /* an assumption: a pixel that saturates early makes these groups usable */
        for (int64_t g = 0; g < state->part[k].skip; g++)
            rp_step_unusable(run, state->part[k].first, state->part[k].first + state->part[k].count, g);
    return set_keywords(run, state, err);
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_reference *reference = NULL;
    bool found = false;
    const rp_run *run = stage->run;
    if (!rp_step_is_miri(run)) {
        rp_step_skip(stage, "RSCD correction is only for MIRI data", "RSCD step");
        return RP_OK;
    }
    rp_code code = rp_step_reference(stage, "rscd", &reference, err);
    if (code != RP_OK)
        return code;
    if (!reference) {
        rp_step_skip(stage, "No RSCD reference file found", "RSCD step");
        return RP_OK;
    }
    rscd_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "rscd: no memory");
    stage->state = state;
    code = find_skips(run, reference, state, &found, err);
    if (code == RP_OK && !found) {
        rp_logf(run->log, RP_WARNING, stage->log_name,
                "READPATT, SUBARRAY combination not found in ref file: RSCD correction will be skipped");
        stage->skip = true;
    }
    if (code != RP_OK || !found)
        return code;
    if (state->part[0].skip < 0) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "RSCD reference file is of a deprecated model.");
        rp_logf(run->log, RP_WARNING, stage->log_name, "There are no values for first integration");
        rp_logf(run->log, RP_WARNING, stage->log_name, "Setting number of groups to skip in first integration to 1");
        state->part[0].skip = 1;
    }
    if (state->part[1].skip < 0)
        return rp_fail(err, RP_E_FORMAT, "%s: group_skip is negative", rp_reference_path(reference));
    rp_logf(run->log, RP_INFO, stage->log_name, "# groups from RSCD reference file for int 1 to flag: %lld",
            (long long)state->part[0].skip);
    rp_logf(run->log, RP_INFO, stage->log_name, "# groups from RSCD reference file for int 2 and higher to flag: %lld",
            (long long)state->part[1].skip);
    if (run->ngroups < 3) {
        rp_step_skip(stage, "Too few groups to apply RSCD correction", "RSCD step");
        return RP_OK;
    }
    return plan(stage, state, err);
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const rscd_state *state = stage->state;
    rp_code code = RP_OK;
    for (uint32_t k = 0; k < 2 && code == RP_OK; k++) {
        const rscd_part *part = &state->part[k];
        if (part->count <= 0)
            continue;
        const rp_rscd_params params = {.stride = b->stride,
                                       .extent = rp_step_extent(b),
                                       .first = (uint32_t)part->first,
                                       .count = (uint32_t)part->count,
                                       .ngroups = (uint32_t)b->run->ngroups,
                                       .skip = (uint32_t)part->skip,
                                       .later = k,
                                       .counter = rp_block_counter(b, stage)};
        rp_buffer *const buffers[] = {b->groupdq, b->pixeldq, b->counters};
        code = rp_block_lanes(b, RP_K_rscd, &params, sizeof params, buffers, 3, err);
    }
    return code;
}

static rp_code finish(rp_stage *stage, rp_error *err)
{
    const rscd_state *state = stage->state;
    rp_run *run = stage->run;
    rp_code code = RP_OK;
    for (int k = 0; k < 2 && code == RP_OK; k++) {
        const rscd_part *part = &state->part[k];
        if (!part->wanted)
            continue;
        const int64_t backed_off = (int64_t)rp_stage_counter(stage, k);
        /* with nothing to skip the reference counts every pixel, once it has met one that saturates early */
        const int64_t kept = part->skip                       ? (int64_t)rp_stage_counter(stage, 2 + k)
                             : rp_stage_counter(stage, 4 + k) ? run->ny * run->nx
                                                              : 0;
        rp_logf(run->log, RP_INFO, stage->log_name,
                "Number of usable bright pixels with rscd flag groups not set to DO_NOT_USE: %lld",
                (long long)backed_off);
        code = rp_meta_set_int(run->meta, keywords[k].backed_off, backed_off, err);
        if (code == RP_OK)
            code = rp_meta_set_int(run->meta, keywords[k].first_group_kept, kept, err);
    }
    return code;
}

static void clear(rp_stage *stage)
{
    free(stage->state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_rscd = {.setup = setup, .block = block, .finish = finish, .clear = clear};
