/* The chain of a request: which stages run, with which references, and what each one leaves in the metadata. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/pipelines/context.h"
#include "host/pipelines/job.h"

static rp_job *job_of(rp_run *run)
{
    return (rp_job *)(void *)((char *)run - offsetof(rp_job, run));
}

/* ------------------------------------------------------------------ references */
/* Keyword that records a reference type, where it is not "R_" and the first six letters. */
static void reference_keyword(char *out, size_t size, const char *type)
{
    static const struct {
        const char *type, *keyword;
    } odd[] = {{"emicorr", "R_MIREMI"}, {"sirskernel", "R_SIRSKL"}, {"pastasoss", "R_PSTSOS"}};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        if (!strcmp(type, odd[i].type)) {
            (void)snprintf(out, size, "%s", odd[i].keyword);
            return;
        }
    (void)snprintf(out, size, "R_%.6s", type);
    for (char *p = out; *p; p++)
        if (*p >= 'a' && *p <= 'z')
            *p = (char)(*p - 'a' + 'A');
}

static rp_code record_reference(rp_run *run, const char *type, const char *path, rp_error *err)
{
    char keyword[16];
    if (!strcmp(type, "pictureframe")) /* jwst 3.0.0 has no keyword for it */
        return RP_OK;
    reference_keyword(keyword, sizeof keyword, type);
    return rp_note_reference(run->meta, job_of(run)->request->refs, keyword, path, err);
}

rp_code rp_run_reference_path(rp_run *run, const rp_stage *stage, const char *type, char **path, rp_error *err)
{
    rp_job *job = job_of(run);
    rp_code code = rp_request_reference(job->request, stage->step->name, type, run->meta, path, err);
    if (code == RP_OK && (*path)[0] != '\0')
        code = record_reference(run, type, *path, err);
    if (code != RP_OK || (*path)[0] == '\0' || !strcmp(*path, "N/A")) {
        free(*path);
        *path = NULL;
    }
    return code;
}

rp_code rp_run_side_path(rp_run *run, const rp_stage *stage, const char *suffix, const char *extension, char **path,
                         rp_error *err)
{
    const rp_code code = rp_request_path(job_of(run)->request, stage->step->name, suffix, path, err);
    if (code != RP_OK)
        return code;
    char *name = *path, *point = strrchr(name, '.');
    if (asprintf(path, "%.*s%s", point ? (int)(point - name) : (int)strlen(name), name, extension) < 0)
        *path = NULL;
    free(name);
    return *path ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for a name");
}

rp_code rp_run_reference(rp_run *run, const rp_stage *stage, const char *type, rp_reference **out, rp_error *err)
{
    rp_job *job = job_of(run);
    char *path = NULL;
    *out = NULL;
    rp_code code = rp_request_reference(job->request, stage->step->name, type, run->meta, &path, err);
    if (code != RP_OK)
        return code;
    if (path[0] != '\0')
        code = record_reference(run, type, path, err);
    if (code != RP_OK || path[0] == '\0' || !strcmp(path, "N/A")) {
        free(path);
        return code;
    }
    for (rp_job_reference *r = job->references; r; r = r->next)
        if (!strcmp(r->path, path) && !strcmp(r->type, type)) {
            *out = r->reference;
            free(path);
            return RP_OK;
        }
    rp_job_reference *entry = calloc(1, sizeof *entry);
    char *own_type = strdup(type);
    if (!entry || !own_type)
        code = rp_fail(err, RP_E_MEMORY, "no memory to open %s", path);
    if (code == RP_OK)
        code = rp_reference_open(&entry->reference, type, path, run->meta, run->ny, run->nx, run->log, err);
    if (code != RP_OK) {
        free(path);
        free(own_type);
        free(entry);
        return code;
    }
    *entry = (rp_job_reference){own_type, path, entry->reference, job->references};
    job->references = entry;
    *out = entry->reference;
    return RP_OK;
}

/* ------------------------------------------------------------------ stages */
static rp_code add_stage(rp_job *job, const rp_request_step *entry, rp_error *err)
{
    if (job->nstages == RP_JOB_MAX_STAGES)
        return rp_fail(err, RP_E_INTERNAL, "more than %d steps", RP_JOB_MAX_STAGES);
    rp_stage *stage = &job->stage[job->nstages];
    *stage = (rp_stage){.step = entry->step, .values = entry->values, .run = &job->run};
    if (job->request->pipeline)
        (void)snprintf(stage->log_name, sizeof stage->log_name, "stpipe.%.40s.%.40s", job->request->name, entry->name);
    else
        (void)snprintf(stage->log_name, sizeof stage->log_name, "stpipe.%.80s", entry->name);
    job->order[job->nstages++] = stage;
    return RP_OK;
}

static rp_code list_stages(rp_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    if (!request->pipeline)
        return add_stage(job, &request->steps[0], err);
    const char *const *order = rp_pipeline_order(request->pipeline, rp_meta_get_string(job->run.meta, "INSTRUME"));
    for (; *order; order++) {
        const rp_request_step *entry = rp_request_step_of(request, *order);
        if (!entry)
            return rp_fail(err, RP_E_INTERNAL, "%s: step %s has no parameters", request->pipeline->name, *order);
        const rp_code code = add_stage(job, entry, err);
        if (code != RP_OK)
            return code;
    }
    return RP_OK;
}

/* A resumed ramp says by its status keywords which steps it has been through. */
static void find_resume(rp_job *job)
{
    job->resume_after = -1;
    if (!job->request->resume_path)
        return;
    for (int i = 0; i < job->nstages; i++)
        if (rp_meta_has(job->run.meta, job->stage[i].step->status_key))
            job->resume_after = i;
}

/* jwst 3.0.0: dark_current's own name is not that of its keyword, so a skip by parameter is seen in the tree only. */
static rp_code note_skip(rp_job *job, const rp_stage *stage, rp_error *err)
{
    const bool is_dark = !strcmp(stage->step->name, "dark_current");
    return rp_meta_set_string(job->run.meta, is_dark ? "meta.cal_step.dark_current" : stage->step->status_key, "SKIPPED", err);
}

static bool is_fit(const rp_stage *stage)
{
    return !strcmp(stage->step->name, "ramp_fit");
}

const char *rp_job_status(const rp_stage *stage)
{
    return stage->says_failed ? "FAILED" : stage->skip || stage->says_skipped ? "SKIPPED" : "COMPLETE";
}

static rp_code set_up_stage(rp_job *job, int index, rp_error *err)
{
    rp_stage *stage = &job->stage[index];
    const rp_request *request = job->request;
    const rp_log *log = job->run.log;
    if (index <= job->resume_after) {
        stage->skip = true;
        return RP_OK;
    }
    if (!rp_request_runs(request, stage->step->name)) {
        stage->skip = true;
        rp_logf(log, RP_INFO, stage->log_name, "Step skipped.");
        return note_skip(job, stage, err);
    }
    if (!stage->step->ops)
        return rp_fail(err, RP_E_UNSUPPORTED, "step %s is not part of this release; leave it skipped", stage->step->name);
    if (is_fit(stage)) {
        const rp_code copied = rp_meta_copy(&job->before_fit, job->run.meta, err);
        if (copied != RP_OK)
            return copied;
    }
    if (stage->step->ops->frames) {
        const rp_code copied = rp_meta_copy(&stage->before, job->run.meta, err);
        if (copied != RP_OK)
            return copied;
    }
    rp_logf(log, RP_INFO, stage->log_name, "Step %s running with args (%s).", stage->step->name, request->input_path);
    rp_code code = stage->step->ops->setup(stage, err);
    if (code == RP_OK)
        code = rp_meta_set_string(job->run.meta, stage->step->status_key, rp_job_status(stage), err);
    if (code == RP_OK)
        rp_logf(log, RP_INFO, stage->log_name, "Step %s done", stage->step->name);
    return code;
}

static bool was_fitted(const rp_job *job, int up_to)
{
    for (int i = 0; i <= up_to; i++)
        if (is_fit(&job->stage[i]) && !job->stage[i].skip)
            return true;
    return false;
}

/* Products that a step inside a pipeline saves. */
static rp_code step_products(rp_job *job, int index, rp_error *err)
{
    const rp_request *request = job->request;
    const rp_stage *stage = &job->stage[index];
    const char *name = stage->step->name;
    if (!request->pipeline || index <= job->resume_after || !rp_request_runs(request, name) || !rp_request_saves(request, name))
        return RP_OK;
    char *path = NULL;
    rp_code code = RP_OK;
    if (!was_fitted(job, index)) {
        code = rp_request_path(request, name, NULL, &path, err);
        return code != RP_OK ? code : rp_job_ramp_product(job, index, path, name, err);
    }
    if (is_fit(stage)) {
        for (int i = 0; i < 2 && code == RP_OK; i++) {
            code = rp_request_path_as(request, name, NULL, i, NULL, &path, err);
            if (code == RP_OK)
                code = rp_job_rate_product(job, index, i == 1, false, path, name, err);
        }
        return code;
    }
    /* gain_scale: the pipeline runs it twice, under two suffixes */
    code = rp_request_path(request, name, "gain_scale", &path, err);
    if (code == RP_OK)
        code = rp_job_rate_product(job, index, false, true, path, "gain_scale", err);
    if (code == RP_OK)
        code = rp_request_path(request, name, "gain_scaleints", &path, err);
    return code != RP_OK ? code : rp_job_rate_product(job, index, true, true, path, "gain_scaleints", err);
}

static bool before_fit(const rp_job *job, int index)
{
    return index + 1 < job->nstages ? is_fit(&job->stage[index + 1]) : false;
}

static rp_code calibrated_ramp(rp_job *job, int index, rp_error *err)
{
    const rp_request *request = job->request;
    const rp_value *wanted = request->pipeline ? rp_values_find(request->pipeline_values, "save_calibrated_ramp") : NULL;
    if (!wanted || !wanted->b || !before_fit(job, index))
        return RP_OK;
    char *path = NULL;
    const rp_code code = rp_request_path(request, NULL, "ramp", &path, err);
    return code != RP_OK ? code : rp_job_ramp_product(job, index, path, "ramp", err);
}

static rp_code checkpoint(rp_job *job, int index, rp_error *err)
{
    const rp_request *request = job->request;
    if (!request->intermediate_path || !request->checkpoint_step || strcmp(request->checkpoint_step, job->stage[index].step->name) != 0)
        return RP_OK;
    if (was_fitted(job, index))
        return rp_fail(err, RP_E_ARGUMENT, "--checkpoint %s: a checkpoint keeps a ramp; choose a step before ramp_fit", request->checkpoint_step);
    char *path = NULL;
    if (asprintf(&path, "%s.checkpoint.fits", request->intermediate_path) < 0)
        return rp_fail(err, RP_E_MEMORY, "no memory for a name");
    return rp_job_ramp_product(job, index, path, "checkpoint", err);
}

/* Products of the top: rate and rateints of a fit; else the ramp. */
static rp_code top_products(rp_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    const int last = job->nstages - 1;
    char *path = NULL;
    rp_code code = RP_OK;
    if (!rp_request_saves(request, NULL))
        return RP_OK;
    if (!was_fitted(job, last)) {
        /* jwst 3.0.0: only a pipeline that could have fitted calls its ramp so; calwebb_dark has no suffix of its own */
        const bool is_ramp = request->pipeline && rp_request_step_of(request, "ramp_fit");
        code = rp_request_path(request, NULL, is_ramp ? "ramp" : NULL, &path, err);
        return code != RP_OK ? code : rp_job_ramp_product(job, last, path, "ramp", err);
    }
    if (!request->pipeline) {
        for (int i = 0; i < 2 && code == RP_OK; i++) {
            code = rp_request_path_as(request, NULL, NULL, i, NULL, &path, err);
            if (code == RP_OK)
                code = rp_job_rate_product(job, last, i == 1, false, path, i ? "rateints" : "rate", err);
        }
        return code;
    }
    code = rp_request_path(request, NULL, "rateints", &path, err);
    if (code == RP_OK)
        code = rp_job_rate_product(job, last, true, true, path, "rateints", err);
    if (code == RP_OK)
        code = rp_request_path(request, NULL, "rate", &path, err);
    return code != RP_OK ? code : rp_job_rate_product(job, last, false, true, path, "rate", err);
}

rp_code rp_job_chain(rp_job *job, rp_error *err)
{
    rp_code code = list_stages(job, err);
    if (code == RP_OK)
        find_resume(job);
    for (int i = 0; i < job->nstages && code == RP_OK; i++) {
        code = set_up_stage(job, i, err);
        if (code == RP_OK)
            code = step_products(job, i, err);
        if (code == RP_OK)
            code = calibrated_ramp(job, i, err);
        if (code == RP_OK)
            code = checkpoint(job, i, err);
    }
    return code != RP_OK ? code : top_products(job, err);
}

void rp_job_chain_clear(rp_job *job)
{
    for (int i = 0; i < job->nstages; i++) {
        if (job->stage[i].step->ops && job->stage[i].step->ops->clear)
            job->stage[i].step->ops->clear(&job->stage[i]);
        rp_meta_free(job->stage[i].before);
    }
    while (job->references) {
        rp_job_reference *next = job->references->next;
        rp_reference_close(job->references->reference);
        free(job->references->path);
        free(job->references->type);
        free(job->references);
        job->references = next;
    }
}
