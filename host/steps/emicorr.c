/* emicorr: takes electromagnetic interference of known frequencies out of MIRI's ramps.
 * Behaviour of jwst 3.0.0; algorithms: docs/algorithms/emicorr.md. */
#include "host/steps/emicorr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/ramp_reference.h"

static void upper_case(char *out, size_t size, const char *text)
{
    size_t k = 0;
    for (; text && text[k] && k + 1 < size; k++)
        out[k] = (char)toupper((unsigned char)text[k]);
    out[k] = '\0';
}

static bool skips(rp_stage *stage, const char *readpatt)
{
    static const char *const allowed[] = {"FAST", "FASTR1", "SLOW", "SLOWR1"};
    const rp_run *run = stage->run;
    const char *instrument = rp_meta_get_string(run->meta, "INSTRUME");
    if (!instrument || strcmp(instrument, "MIRI") != 0) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "EMI correction not implemented for instrument: %s",
                instrument ? instrument : "None");
        return true;
    }
    for (size_t k = 0; k < sizeof allowed / sizeof *allowed; k++)
        if (!strcmp(allowed[k], readpatt))
            return false;
    rp_logf(run->log, RP_WARNING, stage->log_name, "EMI correction not implemented for read pattern: %s", readpatt);
    return true;
}

static void read_int(const rp_stage *stage, const char *name, bool *given, int64_t *value)
{
    const rp_value *v = rp_values_find(stage->values, name);
    *given = v && !v->is_none;
    *value = *given ? v->i : 0;
}

static rp_code read_options(const rp_stage *stage, rp_emi *emi, const char *readpatt, rp_error *err)
{
    const rp_run *run = stage->run;
    int64_t xsize = 0, xstart = 0;
    emi->joint = strcmp(rp_values_string(stage->values, "algorithm"), "joint") == 0;
    emi->scale_reference = rp_values_bool(stage->values, "scale_reference");
    emi->separate = rp_values_bool(stage->values, "fit_ints_separately");
    emi->resets_between = strstr(readpatt, "R1") != NULL;
    read_int(stage, "nints_to_phase", &emi->has_nints, &emi->nints_to_phase);
    read_int(stage, "use_n_cycles", &emi->has_cycles, &emi->ncycles);
    read_int(stage, "nbins", &emi->has_nbins, &emi->nbins);
    rp_code code = rp_meta_need_int(run->meta, "NSAMPLES", &emi->nsamples, err);
    if (code == RP_OK)
        code = rp_meta_need_int(run->meta, "SUBSIZE1", &xsize, err);
    if (code == RP_OK)
        code = rp_meta_need_int(run->meta, "SUBSTRT1", &xstart, err);
    emi->colstop = (int64_t)((double)xsize / 4.0 + (double)xstart - 1.0);
    if (code == RP_OK && run->nx % RP_EMI_OUTPUTS != 0)
        code =
            rp_fail(err, RP_E_FORMAT, "emicorr: rows of %lld pixels are not those of four outputs", (long long)run->nx);
    return code;
}

/* The file of waves.  *path = NULL: none, the step is skipped. */
static rp_code find_reference(rp_stage *stage, char **path, rp_error *err)
{
    const char *given = rp_values_string(stage->values, "user_supplied_reffile");
    if (given) { /* jwst 3.0.0: not recorded among the references */
        rp_logf(stage->run->log, RP_WARNING, stage->log_name,
                "The 'user_supplied_reffile' parameter is deprecated and will be removed in a future release. "
                "Use 'override_emicorr' instead.");
        *path = strdup(given);
        return *path ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a name");
    }
    return rp_run_reference_path(stage->run, stage, "emicorr", path, err);
}

static rp_code find_frequencies(rp_stage *stage, rp_emi *emi, const char *readpatt, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_value *given = rp_values_find(stage->values, "onthefly_corr_freq");
    const char *subarray = rp_meta_get_string(run->meta, "SUBARRAY"),
               *detector = rp_meta_get_string(run->meta, "DETECTOR");
    bool found = false;
    rp_code code = RP_OK;
    subarray = subarray ? subarray : "";
    if (given && !given->is_none) {
        rp_logf(run->log, RP_INFO, stage->log_name, "Correcting with reference file created on-the-fly.");
        code = rp_emi_on_the_fly(emi, given->list, given->n, subarray, readpatt, &found, err);
        emi->joint = false;
        emi->keep_wave = rp_values_bool(stage->values, "save_intermediate_results");
    } else {
        char *path = NULL;
        code = find_reference(stage, &path, err);
        if (code == RP_OK && !path) {
            rp_step_skip(stage, "No reference file found.", "EMICORR step");
            return RP_OK;
        }
        if (code == RP_OK) {
            rp_logf(run->log, RP_INFO, stage->log_name, "Using EMICORR reference file: %s", path);
            code = rp_emi_read_reference(emi, path, subarray, readpatt, detector ? detector : "", &found, err);
        }
        free(path);
    }
    if (code == RP_OK && !found) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "No correction match for this configuration");
        rp_logf(run->log, RP_WARNING, stage->log_name, "Step skipped");
        stage->skip = true;
    }
    return code;
}

static bool has_few_groups(rp_stage *stage)
{
    const rp_run *run = stage->run;
    if (run->ngroups < 3) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "EMI correction cannot be performed for ngroups=%lld",
                (long long)run->ngroups);
        rp_logf(run->log, RP_WARNING, stage->log_name, "Step skipped");
        return true;
    }
    if (run->ngroups < 10 && strcmp(rp_values_string(stage->values, "algorithm"), "sequential") == 0) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "The 'sequential' algorithm is selected and ngroups=%lld.",
                (long long)run->ngroups);
        rp_logf(run->log, RP_WARNING, stage->log_name, "The 'joint' algorithm is recommended for ngroups < 10.");
    }
    return false;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    char readpatt[32];
    upper_case(readpatt, sizeof readpatt, rp_meta_get_string(stage->run->meta, "READPATT"));
    if (skips(stage, readpatt)) {
        stage->skip = true;
        return RP_OK;
    }
    rp_emi *emi = calloc(1, sizeof *emi);
    if (!emi)
        return rp_fail(err, RP_E_MEMORY, "emicorr: no memory");
    stage->state = emi;
    rp_code code = read_options(stage, emi, readpatt, err);
    if (code == RP_OK)
        code = find_frequencies(stage, emi, readpatt, err);
    if (code == RP_OK && !stage->skip)
        stage->skip = has_few_groups(stage);
    return code;
}

static rp_code frames(rp_stage *stage, rp_frames *store, int threads, rp_error *err)
{
    rp_emi *emi = stage->state;
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "Running EMI fit with algorithm = '%s'.",
            emi->joint ? "joint" : "sequential");
    if (emi->joint)
        return rp_emi_joint(stage, emi, store, threads, err);
    rp_code code = rp_emi_sequential(stage, emi, store, threads, err);
    if (code != RP_OK || !emi->keep_wave)
        return code;
    char *path = NULL;
    code = rp_run_side_path(stage->run, stage, "emi_ref_waves", ".asdf", &path, err);
    if (code == RP_OK)
        code = rp_emi_write_reference(emi, stage->run->meta, path, err);
    free(path);
    return code;
}

static void clear(rp_stage *stage)
{
    rp_emi *emi = stage->state;
    for (size_t k = 0; emi && k < emi->nfrequencies; k++)
        free(emi->frequency[k].wave);
    free(emi);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_emicorr = {.setup = setup, .frames = frames, .clear = clear};
