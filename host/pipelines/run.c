/* Runs a request from its input to its products.  Contract: include/rampart/pipeline.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/pipelines/context.h"
#include "host/pipelines/guider.h"
#include "host/pipelines/rate.h"
#include "host/pipelines/job.h"

/* "file.h5" stands for the checkpoint in it. */
static rp_code open_input(rp_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    if (!request->resume_path)
        return rp_exposure_open(&job->run.exposure, request->input_path, request->scratch_dir, request->log, err);
    char *spec = NULL;
    if (asprintf(&spec, "%s%s", request->resume_path, strstr(request->resume_path, ":/") ? "" : ":/checkpoint") < 0)
        return rp_fail(err, RP_E_MEMORY, "no memory for a name");
    const rp_code code = rp_exposure_open(&job->run.exposure, spec, request->scratch_dir, request->log, err);
    free(spec);
    if (code == RP_E_MISSING)
        rp_error_prefix(err, "no checkpoint to resume from (a run with --intermediate FILE --checkpoint STEP keeps one)");
    return code;
}

static rp_code open_exposure(rp_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    rp_run *run = &job->run;
    const rp_code code = open_input(job, err);
    if (code != RP_OK)
        return code;
    const char *path = run->exposure->path;
    run->log = request->log;
    run->nints = run->exposure->nints;
    run->ngroups = run->exposure->ngroups;
    run->ny = run->exposure->ny;
    run->nx = run->exposure->nx;
    run->gain_factor = 1.0;
    run->scratch_dir = request->scratch_dir;
    run->has_zeroframe = rp_container_find(run->exposure->file, "ZEROFRAME", 1) >= 0;
    run->has_dark_current = rp_container_find(run->exposure->file, "AVDRKCUR", 1) >= 0;
    run->unusable_at_jump = calloc((size_t)(run->nints * run->ngroups), 1);
    run->unusable_at_fit = calloc((size_t)(run->nints * run->ngroups), 1);
    if (!run->unusable_at_jump || !run->unusable_at_fit)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for %lld groups", path, (long long)(run->nints * run->ngroups));
    return rp_meta_copy(&run->meta, run->exposure->meta, err);
}

/* The reference leaves no rate product where there is nothing to fit; ramps stay. */
static void drop_rates(rp_job *job)
{
    int kept = 0;
    for (int i = 0; i < job->nproducts; i++) {
        rp_job_product *p = &job->product[i];
        if (p->is_side || rp_product_sink(p->product, "GROUPDQ")) {
            job->product[kept++] = *p;
            continue;
        }
        rp_product_discard(p->product);
        free(p->path);
    }
    job->nproducts = kept;
}

/* What this run added to the counters of the device. */
static void tell_kernels(const rp_job *job)
{
    const rp_observer *observer = job->request->observer;
    rp_kernel_usage usage[RP_JOB_KERNELS];
    const size_t n = rp_device_usage(job->run.device, usage, RP_JOB_KERNELS);
    for (size_t i = 0; i < n; i++) {
        double seconds = usage[i].seconds;
        uint64_t calls = usage[i].calls;
        for (size_t k = 0; k < job->usage_before; k++)
            if (!strcmp(job->before[k].name, usage[i].name)) {
                seconds -= job->before[k].seconds;
                calls -= job->before[k].calls;
            }
        if (calls)
            observer->stage(observer->payload, usage[i].name, seconds, 0);
    }
}

static void tell_observer(rp_job *job)
{
    const rp_observer *observer = job->request->observer;
    if (!observer || !observer->step)
        return;
    const rp_job_times *times = &job->times;
    for (int i = 0; i < job->nstages; i++)
        observer->step(observer->payload, job->stage[i].step->name, rp_job_status(&job->stage[i]), times->stage_s[i]);
    if (observer->stage) {
        observer->stage(observer->payload, "read", times->read_s, times->read_bytes);
        observer->stage(observer->payload, "write", times->write_s, times->written_bytes);
        observer->stage(observer->payload, "large_events", times->events_s, 0);
        observer->stage(observer->payload, "windows", times->windows_s, 0);
        observer->stage(observer->payload, "frames", times->frames_s, 0);
        tell_kernels(job);
    }
}

/* Guide-star data are calibrated by steps of their own, whatever the step's name. */
static bool is_guider(const rp_request *request, const rp_meta *meta)
{
    static const char *const types[] = {"FGS_ID-IMAGE", "FGS_ID-STACK", "FGS_ACQ1", "FGS_ACQ2", "FGS_TRACK", "FGS_FINEGUIDE"};
    const char *type = rp_meta_get_string(meta, "EXP_TYPE");
    for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
        if (!strcmp(type, types[i]))
            return true;
    const char *name = request->pipeline ? request->pipeline->name : request->steps[0].step->name;
    return !strcmp(name, "calwebb_guider") || !strcmp(name, "guider_cds") || !strcmp(name, "flat_field");
}

/* Better to know before the work that its last act will fail. */
static rp_code check_intermediate(const rp_request *request, rp_error *err)
{
    const char *path = request->intermediate_path;
    if (!path)
        return RP_OK;
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!folder)
        return rp_fail(err, RP_E_MEMORY, "no memory for a name");
    const bool ok = access(folder, W_OK | X_OK) == 0;
    free(folder);
    return ok ? RP_OK : rp_fail_errno(err, RP_E_IO, "--intermediate %s: its folder must exist and be writable", path);
}

static rp_code open_device(rp_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    if (request->kept_device && *request->kept_device)
        job->run.device = *request->kept_device;
    const rp_code code = job->run.device ? RP_OK : rp_device_open(&job->run.device, &request->device, err);
    if (code == RP_OK && request->kept_device)
        *request->kept_device = job->run.device;
    job->usage_before = code == RP_OK ? rp_device_usage(job->run.device, job->before, RP_JOB_KERNELS) : 0;
    return code;
}

static rp_code run_job(rp_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    rp_code code = open_exposure(job, err);
    if (code == RP_OK && is_guider(request, job->run.meta))
        return rp_guider_run(request, err);
    if (code == RP_OK && rp_rate_wants(request, job->run.exposure))
        return rp_rate_run(request, job->run.exposure, err);
    if (code == RP_OK)
        code = rp_request_check(request, job->run.meta, err);
    if (code == RP_OK)
        code = rp_note_context(job->run.meta, request->refs, err);
    if (code == RP_OK)
        code = check_intermediate(request, err);
    if (code == RP_OK)
        code = rp_request_prepare(request, err);
    if (code == RP_OK)
        code = open_device(job, err);
    if (code == RP_OK)
        code = rp_job_chain(job, err);
    if (code == RP_OK)
        code = rp_job_run_engine(job, err);
    if (code != RP_OK)
        return code;
    if (job->run.no_product)
        drop_rates(job);
    rp_job_late_keywords(job);
    code = rp_job_commit(job, err);
    if (code == RP_OK)
        tell_observer(job);
    return code;
}

static void clear_job(rp_job *job)
{
    rp_engine_free(job->engine);
    rp_job_discard(job);
    rp_job_chain_clear(job);
    if (!job->request->kept_device)
        rp_device_close(job->run.device);
    rp_meta_free(job->before_fit);
    rp_meta_free(job->run.meta);
    rp_exposure_close(job->run.exposure);
    free(job->run.unusable_at_jump);
    free(job->run.unusable_at_fit);
}

static rp_code attempt(const rp_request *request, rp_error *err)
{
    rp_job *job = calloc(1, sizeof *job);
    if (!job)
        return rp_fail(err, RP_E_MEMORY, "no memory for a run");
    job->request = request;
    const rp_code code = run_job(job, err);
    clear_job(job);
    free(job);
    return code;
}

/* A named back end is strict; one that was found for the user is replaced when it fails. */
static bool may_change_device(const rp_request *request)
{
    return !request->device.backend || !strcmp(request->device.backend, "auto");
}

rp_code rp_pipeline_run(const rp_request *request, rp_error *err)
{
    if (request->pipeline && request->pipeline->refusal)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s", request->pipeline->refusal);
    rp_error why = {0};
    rp_code code = attempt(request, &why);
    if (code == RP_E_DEVICE && may_change_device(request)) {
        rp_logf(request->log, RP_WARNING, "rampart.device", "%s; the work goes on with OpenMP", why.text);
        rp_request again = *request;
        again.device.backend = "openmp";
        if (request->kept_device) { /* later requests do not try it again */
            rp_device_close(*request->kept_device);
            *request->kept_device = NULL;
        }
        why = (rp_error){0};
        code = attempt(&again, &why);
    }
    if (code != RP_OK && err)
        *err = why;
    return code;
}
