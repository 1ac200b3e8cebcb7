/* Correction tables of near-infrared detectors: levels of columns from the rows at top and bottom (or from all
 * reference pixels of a one-output subarray), then the signal of rows from the columns at the sides. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/kernels.h"
#include "host/steps/refpix.h"
#include "rampart/dq.h"

enum { EDGES = 2, PARITIES = 2 };

/* Reference pixels to be averaged together.  One output: group 0, edge 0 only. */
typedef struct sample_lists {
    rp_refpix_list list[RP_NIR_AMPLIFIERS][EDGES][PARITIES];
    size_t longest, total;
    float *values;   /* [longest] */
    double *scratch; /* [2*longest] */
} sample_lists;

static void clear_lists(sample_lists *lists)
{
    for (int a = 0; a < RP_NIR_AMPLIFIERS; a++)
        for (int e = 0; e < EDGES; e++)
            for (int p = 0; p < PARITIES; p++)
                rp_refpix_list_clear(&lists->list[a][e][p]);
    free(lists->values);
    free(lists->scratch);
}

/* Adds the usable pixels of detector rows [i0, i1), columns [j0, j1). */
static rp_code collect(sample_lists *lists, const rp_refpix_state *state, const rp_window *windows, int nwindows,
                       int edge, int64_t i0, int64_t i1, rp_error *err)
{
    rp_code code = RP_OK;
    for (int64_t i = i0; i < i1; i++)
        for (int64_t j = 0; j < RP_NIR_SIZE && code == RP_OK; j++) {
            int64_t y, x;
            if (!rp_refpix_pixel(&state->frame, i, j, &y, &x))
                continue;
            const rp_refpix_sample sample = rp_refpix_find(windows, nwindows, y, x);
            if (sample == RP_REFPIX_ABSENT || (rp_refpix_dq(windows, sample) & RP_DQ_DO_NOT_USE))
                continue;
            const int parity = state->options.by_parity ? (int)(j & 1) : 0;
            code = rp_refpix_list_add(&lists->list[j / (RP_NIR_SIZE / RP_NIR_AMPLIFIERS)][edge][parity], sample, err);
        }
    return code;
}

/* Amplifier and parity of a column; stripes count columns from the exposure's own, jwst 3.0.0. */
static void place_column(const rp_refpix_state *state, int64_t y, int64_t x, int64_t fast, int *amplifier, int *parity)
{
    const int64_t j = state->is_striped ? state->fast_start + fast : rp_refpix_j(&state->frame, y, x);
    *amplifier = state->is_striped ? (int)(j / (RP_NIR_SIZE / RP_NIR_AMPLIFIERS)) : 0;
    *parity = state->options.by_parity ? (int)((state->is_striped ? fast : j) & 1) : 0;
}

/* One output, and stripes: whatever is flagged as a reference pixel, in the order of the detector's frame. */
static rp_code collect_flagged(sample_lists *lists, const rp_refpix_state *state, const rp_window *windows,
                               int nwindows, rp_error *err)
{
    const rp_refpix_frame *frame = &state->frame;
    const int64_t rows = frame->fast_is_y ? frame->nx : frame->ny, columns = frame->fast_is_y ? frame->ny : frame->nx;
    rp_code code = RP_OK;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns && code == RP_OK; c++) {
            const int64_t slow = frame->slow_reversed ? rows - 1 - r : r,
                          fast = frame->fast_reversed ? columns - 1 - c : c;
            const int64_t y = frame->fast_is_y ? fast : slow, x = frame->fast_is_y ? slow : fast;
            const rp_refpix_sample sample = rp_refpix_find(windows, nwindows, y, x);
            if (sample == RP_REFPIX_ABSENT)
                continue;
            uint32_t dq = rp_refpix_dq(windows, sample);
            if (frame->side_columns && (x < RP_NIR_BORDER || x >= frame->nx - RP_NIR_BORDER))
                dq |= RP_DQ_REFERENCE_PIXEL;
            if ((dq & (RP_DQ_REFERENCE_PIXEL | RP_DQ_DO_NOT_USE)) != RP_DQ_REFERENCE_PIXEL)
                continue;
            int amplifier = 0, parity = 0;
            place_column(state, y, x, c, &amplifier, &parity);
            code = amplifier < RP_NIR_AMPLIFIERS ? rp_refpix_list_add(&lists->list[amplifier][0][parity], sample, err)
                                                 : RP_OK;
        }
    return code;
}

static rp_code fill_lists(sample_lists *lists, const rp_refpix_state *state, const rp_window *windows, int nwindows,
                          rp_error *err)
{
    rp_code code = RP_OK;
    if (state->four_outputs) {
        code = collect(lists, state, windows, nwindows, 0, RP_NIR_SIZE - RP_NIR_BORDER, RP_NIR_SIZE, err);
        if (code == RP_OK)
            code = collect(lists, state, windows, nwindows, 1, 0, RP_NIR_BORDER, err);
    } else {
        code = collect_flagged(lists, state, windows, nwindows, err);
    }
    for (int k = 0; k < RP_NIR_AMPLIFIERS * EDGES * PARITIES; k++) {
        const size_t n = (&lists->list[0][0][0])[k].n;
        lists->total += n;
        lists->longest = n > lists->longest ? n : lists->longest;
    }
    if (code != RP_OK || lists->longest == 0)
        return code;
    lists->values = malloc(lists->longest * sizeof *lists->values);
    lists->scratch = malloc(2 * lists->longest * sizeof *lists->scratch);
    if (!lists->values || !lists->scratch)
        return rp_fail(err, RP_E_MEMORY, "no memory for %zu reference pixels", lists->total);
    return RP_OK;
}

static rp_refpix_mean mean_of(sample_lists *lists, const rp_refpix_list *list, const rp_refpix_source *source,
                              double limit, bool wide)
{
    for (size_t k = 0; k < list->n; k++)
        lists->values[k] = rp_refpix_read(source, list->sample[k]);
    return rp_refpix_clipped_mean(lists->values, list->n, limit, wide, lists->scratch);
}

/* level[amplifier][parity] of one plane; 0 where nothing is to be subtracted. */
static void find_levels(sample_lists *lists, const rp_refpix_state *state, const rp_refpix_source *source, bool wide,
                        double level[RP_NIR_AMPLIFIERS][PARITIES])
{
    for (int a = 0; a < (state->four_outputs || state->is_striped ? RP_NIR_AMPLIFIERS : 1); a++) {
        rp_refpix_mean mean[PARITIES];
        for (int p = 0; p < PARITIES; p++) {
            if (p == 1 && !state->options.by_parity) {
                mean[1] = mean[0];
                continue;
            }
            const rp_refpix_mean top = mean_of(lists, &lists->list[a][0][p], source, state->options.clip_limit, wide);
            const rp_refpix_mean bottom =
                mean_of(lists, &lists->list[a][1][p], source, state->options.clip_limit, wide);
            mean[p] = rp_refpix_average(top, bottom);
        }
        const bool both = mean[0].exists && mean[1].exists;
        for (int p = 0; p < PARITIES; p++)
            level[a][p] = both ? mean[p].value : 0.0;
    }
}

static rp_code allocate_tables(rp_refpix_tables *tables, const rp_refpix_state *state, size_t nplanes, rp_error *err)
{
    tables->nplanes = nplanes;
    if (state->four_outputs || state->is_striped)
        tables->level = malloc(nplanes * RP_NIR_AMPLIFIERS * RP_REFPIX_PATTERN * sizeof *tables->level);
    else
        tables->column_level = malloc(nplanes * PARITIES * sizeof *tables->column_level);
    if (state->side_length > 0)
        tables->side = malloc(nplanes * state->side_length * sizeof *tables->side);
    if ((!tables->level && !tables->column_level) || (state->side_length > 0 && !tables->side))
        return rp_fail(err, RP_E_MEMORY, "no memory for the reference levels of %zu groups", nplanes);
    return RP_OK;
}

static void store_levels(rp_refpix_tables *tables, const rp_refpix_state *state, size_t plane,
                         double level[RP_NIR_AMPLIFIERS][PARITIES])
{
    if (!state->four_outputs && !state->is_striped) { /* means of floats, in float */
        for (int p = 0; p < PARITIES; p++)
            tables->column_level[plane * PARITIES + (size_t)p] = (float)level[0][p];
        return;
    }
    double *pattern = tables->level + plane * RP_NIR_AMPLIFIERS * RP_REFPIX_PATTERN;
    for (int a = 0; a < RP_NIR_AMPLIFIERS; a++)
        for (int k = 0; k < RP_REFPIX_PATTERN; k++)
            pattern[a * RP_REFPIX_PATTERN + k] =
                level[a][(k + (state->is_striped ? (int)(state->fast_start & 1) : 0)) % PARITIES];
}

/* The reference keeps its working frame in float until the first side correction has made it double: for good, the
 * zero frames included.  Without the side correction it stays float. */
static rp_code fill_tables(rp_refpix_tables *tables, const rp_refpix_state *state, sample_lists *lists,
                           rp_refpix_side *side, const rp_window *windows, bool zeroframe, size_t nplanes,
                           rp_error *err)
{
    const rp_code code = allocate_tables(tables, state, nplanes, err);
    if (code != RP_OK)
        return code;
    const bool widens = state->four_outputs && state->options.use_side;
    tables->round_first = widens && !zeroframe;
    for (size_t k = 0; k < nplanes; k++) {
        const bool wide = widens && (k > 0 || zeroframe);
        const rp_refpix_source source = {windows, zeroframe, k};
        double level[RP_NIR_AMPLIFIERS][PARITIES];
        find_levels(lists, state, &source, wide, level);
        store_levels(tables, state, k, level);
        if (state->sirs && state->side_step)
            rp_refpix_sirs_signal(state->sirs, &source, level[0], level[RP_NIR_AMPLIFIERS - 1], wide,
                                  tables->side + k * state->side_length);
        else if (side)
            rp_refpix_side_signal(side, &source, level[0], level[RP_NIR_AMPLIFIERS - 1], wide, state->options.side_gain,
                                  tables->side + k * state->side_length);
    }
    return RP_OK;
}

void rp_refpix_log_subarray(const rp_stage *stage, size_t nrows, size_t nsides)
{
    const rp_refpix_state *state = stage->state;
    const rp_log *log = stage->run->log;
    if (nrows + (state->four_outputs ? nsides : 0) == 0) {
        rp_logf(log, RP_INFO, stage->log_name, "No valid reference pixels.  This step will have no effect%s",
                state->four_outputs ? "" : ".");
        return;
    }
    rp_logf(log, RP_INFO, stage->log_name,
            "The following parameter%s valid for this mode:", state->four_outputs ? "s are" : " is");
    const bool usable[] = {nrows > 0, state->four_outputs && nsides > 0, state->four_outputs && nsides > 0,
                           state->four_outputs && nsides > 0, false};
    static const char *const name[] = {"odd_even_columns", "use_side_ref_pixels", "side_smoothing_length", "side_gain",
                                       "odd_even_rows"};
    for (int pass = 1; pass >= 0; pass--) {
        if (pass == 0)
            rp_logf(log, RP_INFO, stage->log_name, "The following parameters are not applicable and are ignored%s",
                    state->four_outputs ? "" : ":");
        for (int k = 0; k < 5; k++)
            if (usable[k] == (pass == 1))
                rp_refpix_log_value(stage, name[k]);
    }
}

/* Both parities must exist: the reference stops with an exception. */
static rp_code check_parities(const sample_lists *lists, const rp_refpix_state *state, rp_error *err)
{
    const size_t even = lists->list[0][0][0].n, odd = lists->list[0][0][1].n;
    if (state->four_outputs || state->is_striped || !state->options.by_parity || (even > 0) == (odd > 0))
        return RP_OK;
    return rp_fail(err, RP_E_NO_DATA,
                   "refpix: there are usable reference pixels in %s detector columns only: "
                   "use --steps.refpix.odd_even_columns=False",
                   even > 0 ? "even" : "odd");
}

rp_code rp_refpix_prepare_nir(rp_stage *stage, const rp_window *windows, rp_error *err)
{
    rp_refpix_state *state = stage->state;
    const rp_run *run = stage->run;
    sample_lists lists = {0};
    rp_refpix_side *side = NULL;
    rp_code code = fill_lists(&lists, state, windows, stage->nwindows, err);
    if (code == RP_OK && state->four_outputs && (state->options.use_side || state->is_subarray)) {
        const int64_t length = state->options.use_side ? state->options.smoothing_length : RP_NIR_BORDER;
        if (length % 2 == 0 && state->options.use_side)
            rp_logf(run->log, RP_INFO, stage->log_name, "Smoothing length must be odd, adding 1");
        code = rp_refpix_side_new(&side, &state->frame, windows, stage->nwindows, length, err);
    }
    if (code != RP_OK)
        goto done;
    const size_t nsides = side ? rp_refpix_side_good(side) : 0;
    if (state->is_subarray)
        rp_refpix_log_subarray(stage, lists.total, nsides);
    code = check_parities(&lists, state, err);
    if (side && (!state->options.use_side || nsides == 0)) {
        rp_refpix_side_free(side);
        side = NULL;
    }
    state->side_length = side ? rp_refpix_side_length(side) : 0;
    if (code == RP_OK && state->sirs && state->options.use_side && !state->is_subarray) {
        code = rp_refpix_sirs_begin(state->sirs, &state->frame, windows, stage->nwindows, err);
        state->side_step = rp_refpix_sirs_length(state->sirs);
        state->side_length = RP_NIR_AMPLIFIERS * state->side_step;
    }
    state->correct = lists.total > 0 || state->side_length > 0;
    if (code != RP_OK || !state->correct)
        goto done;
    code = fill_tables(&state->groups, state, &lists, side, windows, false, (size_t)(run->nints * run->ngroups), err);
    if (code == RP_OK && state->has_zeroframe)
        code = fill_tables(&state->zeroframes, state, &lists, side, windows, true, (size_t)run->nints, err);
done:
    rp_refpix_side_free(side);
    clear_lists(&lists);
    return code;
}
