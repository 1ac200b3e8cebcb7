/* Correction tables of MIRI full frames: drifts since the first group, from the columns at left and right.  The four
 * outputs take turns along a row, so that the first and last four columns belong to one output each. */
#include <math.h>
#include <stdlib.h>

#include "host/compute/kernels.h"
#include "host/steps/refpix.h"
#include "rampart/dq.h"

enum { SIDES = 2, PARITIES = 2 };

static const char amplifier_name[] = "ABCD";

/* Usable rows of one reference column, of one parity (or of both, by_parity false). */
static rp_code collect(rp_refpix_list *list, const rp_stage *stage, const rp_window *windows, int64_t x, int parity,
                       rp_error *err)
{
    const rp_refpix_state *state = stage->state;
    const int64_t step = state->options.by_parity ? 2 : 1;
    rp_code code = RP_OK;
    for (int64_t y = parity; y < RP_MIRI_NY && code == RP_OK; y += step) {
        const rp_refpix_sample sample = rp_refpix_find(windows, stage->nwindows, y, x);
        if (sample != RP_REFPIX_ABSENT && !(rp_refpix_dq(windows, sample) & RP_DQ_DO_NOT_USE))
            code = rp_refpix_list_add(list, sample, err);
    }
    return code;
}

/* Mean drift of the listed pixels since group 0 of the integration. */
static rp_refpix_mean drift(const rp_refpix_list *list, const rp_window *windows, size_t first_plane, size_t plane,
                            double limit)
{
    float values[RP_MIRI_NY];
    double scratch[2 * RP_MIRI_NY];
    const rp_refpix_source first = {windows, false, first_plane}, now = {windows, false, plane};
    for (size_t k = 0; k < list->n; k++)
        values[k] = rp_refpix_read(&now, list->sample[k]) - rp_refpix_read(&first, list->sample[k]);
    return rp_refpix_clipped_mean(values, list->n, limit, false, scratch);
}

typedef struct miri_lists {
    rp_refpix_list list[RP_MIRI_AMPLIFIERS][SIDES][PARITIES];
} miri_lists;

static void fill_levels(const rp_stage *stage, const miri_lists *lists, const rp_window *windows)
{
    const rp_refpix_state *state = stage->state;
    const size_t ngroups = (size_t)stage->run->ngroups;
    for (size_t plane = 0; plane < state->groups.nplanes; plane++) {
        const size_t first = plane - plane % ngroups;
        double *level = state->groups.level + plane * PARITIES * RP_REFPIX_PATTERN;
        if (plane == first)
            continue; /* the drift of the first group is 0 by definition */
        for (int a = 0; a < RP_MIRI_AMPLIFIERS; a++)
            for (int p = 0; p < PARITIES; p++) {
                const int q = state->options.by_parity ? p : 0;
                const rp_refpix_mean left =
                    drift(&lists->list[a][0][q], windows, first, plane, state->options.clip_limit);
                const rp_refpix_mean right =
                    drift(&lists->list[a][1][q], windows, first, plane, state->options.clip_limit);
                const double value = rp_refpix_average(left, right).value;
                for (int k = a; k < RP_REFPIX_PATTERN; k += RP_MIRI_AMPLIFIERS)
                    level[p * RP_REFPIX_PATTERN + k] = value;
            }
    }
}

/* A missing mean stops the reference before the first correction of every integration. */
static void log_missing(const rp_stage *stage, const miri_lists *lists)
{
    const rp_refpix_state *state = stage->state;
    for (int64_t i = 0; i < stage->run->nints; i++) {
        for (int a = 0; state->options.by_parity && a < RP_MIRI_AMPLIFIERS; a++)
            for (int s = 0; s < SIDES; s++)
                if (lists->list[a][s][0].n == 0 || lists->list[a][s][1].n == 0)
                    rp_logf(stage->run->log, RP_WARNING, stage->log_name,
                            "%s rows for amplifier %c have no good reference pixels",
                            lists->list[a][s][0].n == 0 ? "Odd" : "Even", amplifier_name[a]);
        rp_logf(stage->run->log, RP_WARNING, stage->log_name, "Group 1 has no reference pixels");
    }
}

rp_code rp_refpix_prepare_miri(rp_stage *stage, const rp_window *windows, rp_error *err)
{
    rp_refpix_state *state = stage->state;
    miri_lists lists = {0};
    rp_code code = RP_OK;
    state->correct = true;
    for (int a = 0; a < RP_MIRI_AMPLIFIERS; a++)
        for (int s = 0; s < SIDES; s++)
            for (int p = 0; p < (state->options.by_parity ? PARITIES : 1) && code == RP_OK; p++) {
                const int64_t x = a + (s == 0 ? 0 : RP_MIRI_NX - RP_MIRI_AMPLIFIERS);
                code = collect(&lists.list[a][s][p], stage, windows, x, p, err);
                state->correct = state->correct && lists.list[a][s][p].n > 0;
            }
    if (code != RP_OK)
        goto done;
    state->groups.nplanes = (size_t)(stage->run->nints * stage->run->ngroups);
    state->groups.level = calloc(state->groups.nplanes, PARITIES * RP_REFPIX_PATTERN * sizeof(double));
    if (!state->groups.level) {
        code = rp_fail(err, RP_E_MEMORY, "no memory for the reference levels of %zu groups", state->groups.nplanes);
        goto done;
    }
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "Subtracting initial read from each integration");
    if (state->correct)
        fill_levels(stage, &lists, windows);
    else if (stage->run->ngroups > 1)
        log_missing(stage, &lists);
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "Adding initial read back in");
done:
    for (int k = 0; k < RP_MIRI_AMPLIFIERS * SIDES * PARITIES; k++)
        rp_refpix_list_clear(&(&lists.list[0][0][0])[k]);
    return code;
}
