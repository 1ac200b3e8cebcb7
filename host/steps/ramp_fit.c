/* ramp_fit: count rates from ramps, for every integration and for the exposure.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/ramp_ols.h and kernels/ramp_likely.h. */
#include "host/steps/ramp_fit.h"

#include <stdlib.h>
#include <string.h>

enum { LIKELY_MIN_GROUPS = 4 };

/* ------------------------------------------------------------------ setup */
/* Groups before firstgroup and after lastgroup are not used; selectors that leave nothing are ignored. */
static void select_groups(const rp_stage *stage, rp_ramp_fit *fit)
{
    const rp_run *run = stage->run;
    const rp_value *first = rp_values_find(stage->values, "firstgroup"), *last = rp_values_find(stage->values, "lastgroup");
    const bool has_first = first && !first->is_none, has_last = last && !last->is_none;
    fit->first_group = has_first ? first->i : 0;
    fit->last_group = has_last ? last->i : run->ngroups - 1;
    if (!has_first && !has_last)
        return;
    if (fit->first_group < 0) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "first group < 0, reset to 0");
        fit->first_group = 0;
    }
    if (fit->last_group >= run->ngroups)
        rp_logf(run->log, RP_WARNING, stage->log_name, "Last group number >= #groups (%lld), reset to %lld",
                (long long)run->ngroups, (long long)run->ngroups - 1);
    if (fit->first_group >= fit->last_group) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "firstgroup (%lld) cannot be >= lastgroup (%lld)",
                (long long)fit->first_group, (long long)fit->last_group);
        rp_logf(run->log, RP_WARNING, stage->log_name, "Group selectors ignored");
        fit->first_group = 0;
        fit->last_group = run->ngroups - 1;
    }
    fit->is_cut = fit->first_group > 0 || fit->last_group < run->ngroups - 1;
}

static void choose_algorithm(const rp_stage *stage, rp_ramp_fit *fit)
{
    const char *algorithm = rp_values_string(stage->values, "algorithm");
    const long long ngroups = stage->run->ngroups;
    fit->is_likely = algorithm && !strcmp(algorithm, "LIKELY");
    if (fit->is_likely && ngroups < LIKELY_MIN_GROUPS) {
        rp_logf(stage->run->log, RP_INFO, stage->log_name,
                "When selecting the LIKELY ramp fitting algorithm the ngroups needs to be a minimum of %d, but ngroups = "
                "%lld.  Due to this, the ramp fitting algorithm is being changed to OLS_C",
                LIKELY_MIN_GROUPS, ngroups);
        fit->is_likely = false;
    }
}

static rp_code read_timing(const rp_stage *stage, rp_ramp_fit *fit, rp_error *err)
{
    const rp_meta *meta = stage->run->meta;
    const char *instrument = rp_meta_get_string(meta, "INSTRUME");
    fit->is_miri = instrument && !strcmp(instrument, "MIRI");
    (void)rp_meta_get_int(meta, "DRPFRMS1", &fit->dropframes);
    rp_code code = rp_meta_need_int(meta, "NFRAMES", &fit->nframes, err);
    if (code == RP_OK)
        code = rp_meta_need_int(meta, "GROUPGAP", &fit->groupgap, err);
    if (code == RP_OK)
        code = rp_meta_need_double(meta, "TGROUP", &fit->group_time_s, err);
    if (code == RP_OK)
        code = rp_meta_need_double(meta, "TFRAME", &fit->frame_time_s, err);
    fit->group_time_f32_s = (float)fit->group_time_s;
    fit->frame_time_f32_s = (float)fit->frame_time_s;
    if (code == RP_OK && (fit->nframes < 1 || fit->groupgap < 0 || !(fit->group_time_s > 0.0) || !(fit->frame_time_s > 0.0)))
        code = rp_fail(err, RP_E_FORMAT,
                       "%s: NFRAMES %lld, GROUPGAP %lld, TGROUP %g and TFRAME %g do not describe a ramp; correct the header",
                       stage->run->exposure->path, (long long)fit->nframes, (long long)fit->groupgap, fit->group_time_s,
                       fit->frame_time_s);
    return code;
}

static rp_code open_reference(rp_stage *stage, const char *type, rp_source **plane, rp_reference **reference, rp_error *err)
{
    rp_code code = rp_run_reference(stage->run, stage, type, reference, err);
    if (code == RP_OK && !*reference)
        code = rp_fail(err, RP_E_MISSING, "ramp_fit: no %s reference file; give one with --override_%s", type, type);
    return code == RP_OK ? rp_step_plane(stage, *reference, "SCI", true, plane, err) : code;
}

/* The gain file may carry the factor that gain_scale wants. */
static rp_code keep_gain_factor(rp_stage *stage, const rp_reference *gain, rp_error *err)
{
    double factor = 0.0;
    if (!rp_meta_get_double(rp_reference_meta(gain), "GAINFACT", &factor))
        return RP_OK;
    return rp_meta_set_double(stage->run->meta, "GAINFACT", factor, err);
}

static rp_code open_references(rp_stage *stage, rp_ramp_fit *fit, rp_error *err)
{
    const rp_run *run = stage->run;
    rp_reference *readnoise = NULL, *gain = NULL;
    rp_code code = open_reference(stage, "readnoise", &fit->readnoise, &readnoise, err);
    if (code == RP_OK)
        code = open_reference(stage, "gain", &fit->gain, &gain, err);
    if (code != RP_OK)
        return code;
    rp_logf(run->log, RP_INFO, stage->log_name, "Using READNOISE reference file: %s", rp_reference_path(readnoise));
    rp_logf(run->log, RP_INFO, stage->log_name, "Using GAIN reference file: %s", rp_reference_path(gain));
    return keep_gain_factor(stage, gain, err);
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_run *run = stage->run;
    rp_ramp_fit *fit = calloc(1, sizeof *fit);
    if (!fit)
        return rp_fail(err, RP_E_MEMORY, "ramp_fit: no memory");
    stage->state = fit;
    choose_algorithm(stage, fit);
    rp_code code = read_timing(stage, fit, err);
    if (code == RP_OK)
        code = open_references(stage, fit, err);
    if (code != RP_OK)
        return code;
    fit->save_opt = rp_values_bool(stage->values, "save_opt");
    /* a ramp of one group would never have more */
    fit->suppress_one_group = rp_values_bool(stage->values, "suppress_one_group") && run->ngroups > 1;
    run->drops_single_groups = fit->suppress_one_group;
    rp_logf(run->log, RP_INFO, stage->log_name, "Using algorithm = %s", fit->is_likely ? "LIKELY" : "OLS_C");
    rp_logf(run->log, RP_INFO, stage->log_name, "Using weighting = optimal");
    select_groups(stage, fit);
    code = fit->is_likely ? rp_ramp_fit_likely_tables(stage, err) : rp_ramp_fit_ols_tables(stage, err);
    if (code == RP_OK)
        code = rp_meta_set_string(run->meta, "SCI:BUNIT", "DN/s", err);
    return code == RP_OK ? rp_meta_set_string(run->meta, "ERR:BUNIT", "DN/s", err) : code;
}

/* ------------------------------------------------------------------ groups of the fit */
static bool is_unusable(const rp_stage *stage, int64_t group)
{
    const rp_run *run = stage->run;
    const rp_ramp_fit *fit = stage->state;
    if (group < fit->first_group || group > fit->last_group)
        return true;
    for (int64_t i = 0; i < run->nints; i++)
        if (!run->unusable_at_fit[i * run->ngroups + group])
            return false;
    return true;
}

rp_fit_range rp_ramp_fit_range(const rp_stage *stage)
{
    const rp_ramp_fit *fit = stage->state;
    rp_fit_range range = {0, stage->run->ngroups};
    if (fit->is_likely || !fit->is_miri || stage->run->ngroups < 2)
        return range;
    while (range.count > 0 && is_unusable(stage, range.first)) {
        range.first++;
        range.count--;
    }
    if (range.count > 0 && is_unusable(stage, range.first + range.count - 1))
        range.count--;
    return range;
}

/* ------------------------------------------------------------------ blocks and results */
void rp_ramp_fit_outputs(const rp_fit_planes *planes, rp_buffer *out[RP_FIT_PLANES])
{
    out[RP_FIT_SCI] = planes->sci;
    out[RP_FIT_ERR] = planes->err;
    out[RP_FIT_VAR_P] = planes->var_poisson;
    out[RP_FIT_VAR_R] = planes->var_rnoise;
    out[RP_FIT_DQ] = planes->dq;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const rp_ramp_fit *fit = stage->state;
    return fit->is_likely ? rp_ramp_fit_likely_block(stage, b, err) : rp_ramp_fit_ols_block(stage, b, err);
}

/* MIRI exposures of which too little is left have no product. */
static bool lacks_groups(const rp_stage *stage, rp_fit_range range)
{
    const rp_run *run = stage->run;
    if (range.count < 1 || !rp_stage_counter(stage, RP_OLS_COUNT_USABLE)) {
        rp_logf(run->log, RP_ERROR, stage->log_name, "1. All groups have all pixels flagged as DO_NOT_USE,");
        rp_logf(run->log, RP_ERROR, stage->log_name, "  so will not process this dataset.");
        return true;
    }
    rp_logf(run->log, RP_INFO, stage->log_name, "Number of leading groups that are flagged as DO_NOT_USE: %lld",
            (long long)range.first);
    if (range.first + range.count < run->ngroups)
        rp_logf(run->log, RP_INFO, stage->log_name,
                "MIRI dataset has all pixels in the final group flagged as DO_NOT_USE.");
    if (range.count >= 2)
        return false;
    rp_logf(run->log, RP_WARNING, stage->log_name, "MIRI datasets require at least 2 groups/integration");
    rp_logf(run->log, RP_WARNING, stage->log_name, "(NGROUPS), so will not process this dataset.");
    return true;
}

static rp_code finish(rp_stage *stage, rp_error *err)
{
    (void)err;
    const rp_ramp_fit *fit = stage->state;
    rp_run *run = stage->run;
    if (fit->is_likely)
        return RP_OK;
    if (fit->is_miri && run->ngroups > 1 && lacks_groups(stage, rp_ramp_fit_range(stage)))
        run->no_product = true;
    else if (!rp_stage_counter(stage, RP_OLS_COUNT_ALIVE)) /* every pixel of every integration saturated at once */
        run->no_product = true;
    return RP_OK;
}

static void clear(rp_stage *stage)
{
    rp_ramp_fit *fit = stage->state;
    if (fit) {
        rp_step_close(fit->gain);
        rp_step_close(fit->readnoise);
        free(fit->weights);
        free(fit->filters);
        free(fit->covariance);
    }
    free(fit);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_ramp_fit = {.setup = setup, .block = block, .finish = finish, .clear = clear};
