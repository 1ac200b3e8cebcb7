/* calwebb_guider: dq_init, guider_cds, flat_field on a whole exposure in memory.  Contract: host/pipelines/guider.h.
 * Behaviour of jwst 3.0.0: docs/algorithms/guider.md. */
#include "host/pipelines/context.h"
#include "host/pipelines/guider.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/pipelines/guider_job.h"

enum { LOG_NAME = 96 };

typedef rp_code step_function(rp_guider_job *job, const rp_request_step *entry, const rp_guider_caller *caller,
                              bool *skipped, rp_error *err);

/* ------------------------------------------------------------------ references */
static rp_code record_reference(rp_guider_job *job, const char *type, const char *path, rp_error *err)
{
    char keyword[16];
    (void)snprintf(keyword, sizeof keyword, "R_%.6s", type);
    for (char *p = keyword; *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
    return rp_note_reference(job->meta, job->request->refs, keyword, path, err);
}

static rp_code open_reference(rp_guider_job *job, const char *type, const char *path, const rp_log *log,
                              rp_reference **out, rp_error *err)
{
    return rp_reference_open(out, type, path, job->meta, job->frames.ny, job->frames.nx, log, err);
}

/* The reference that the request gives the step, noted in the metadata; *out = NULL for N/A. */
static rp_code find_reference(rp_guider_job *job, const char *step, const char *type, const rp_guider_caller *caller,
                              rp_reference **out, rp_error *err)
{
    char *path = NULL;
    *out = NULL;
    rp_code code = rp_request_reference(job->request, step, type, job->meta, &path, err);
    if (code == RP_OK)
        code = record_reference(job, type, path, err);
    if (code == RP_OK && strcmp(path, "N/A") != 0)
        code = open_reference(job, type, path, caller->log, out, err);
    free(path);
    return code;
}

/* ------------------------------------------------------------------ dq_init */
/* Flags of a file of the user's: the image of the first HDU that has one. */
static rp_code or_user_dq(const rp_guider_job *job, const char *path, uint32_t *dq, rp_error *err)
{
    const rp_guider_frames *frames = &job->frames;
    const size_t npix = (size_t)(frames->ny * frames->nx);
    rp_container *file = NULL;
    rp_source *source = NULL;
    void *raw = NULL;
    uint32_t *user = malloc(npix * sizeof *user);
    rp_code code = user ? rp_container_open(&file, path, job->request->scratch_dir, err)
                        : rp_fail(err, RP_E_MEMORY, "%s: no memory to read it", path);
    if (code != RP_OK)
        goto done;
    const size_t index = file->hdu[0].is_image && file->hdu[0].shape.naxis > 0 ? 0 : 1;
    if (index >= file->nhdu || !file->hdu[index].is_image || file->hdu[index].shape.naxis != 2 ||
        rp_shape_ny(&file->hdu[index].shape) != frames->ny || rp_shape_nx(&file->hdu[index].shape) != frames->nx) {
        code = rp_fail(err, RP_E_MISMATCH, "%s: no image of %lld x %lld pixels; give user_supplied_dq another file",
                       path, (long long)frames->nx, (long long)frames->ny);
        goto done;
    }
    code = file->open_source(file, index, &source, err);
    raw = malloc(npix * 8);
    if (code == RP_OK && !raw)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory to read it", path);
    if (code == RP_OK)
        code = source->read(source, 0, (rp_rect){0, 0, frames->ny, frames->nx}, raw, err);
    if (code == RP_OK) {
        rp_elements_to_u32(user, raw, source->type, npix);
        for (size_t p = 0; p < npix; p++)
            dq[p] |= user[p];
    }
done:
    if (source)
        source->close(source);
    if (file)
        file->close(file);
    free(user);
    free(raw);
    return code;
}

static rp_code dq_init(rp_guider_job *job, const rp_request_step *entry, const rp_guider_caller *caller, bool *skipped,
                       rp_error *err)
{
    rp_guider_frames *frames = &job->frames;
    rp_reference *mask = NULL;
    rp_buffer *plane = NULL;
    rp_code code = find_reference(job, "dq_init", "mask", caller, &mask, err);
    if (code != RP_OK)
        return code;
    rp_logf(caller->log, RP_INFO, caller->log_name, "Using MASK reference file %s",
            mask ? rp_reference_path(mask) : "N/A");
    if (!mask) {
        rp_logf(caller->log, RP_WARNING, caller->log_name, "No MASK reference file found");
        rp_logf(caller->log, RP_WARNING, caller->log_name, "DQ initialization step will be skipped");
        *skipped = true;
        return RP_OK;
    }
    uint32_t *dq = rp_buffer_host(frames->dq);
    code = rp_guider_dq_plane(&plane, frames, mask, err);
    if (code == RP_OK) {
        const uint32_t *flags = rp_buffer_host(plane);
        for (size_t p = 0; p < frames->stride; p++)
            dq[p] |= flags[p];
    }
    const char *user = rp_values_string(entry->values, "user_supplied_dq");
    if (code == RP_OK && user) {
        rp_logf(caller->log, RP_INFO, caller->log_name, "User-supplied DQ %s given. Adding it to DQ initialization.",
                user);
        code = or_user_dq(job, user, dq, err);
    }
    if (code == RP_OK)
        code = rp_queue_push(frames->queue, frames->dq, 0, frames->stride * 4, err);
    rp_buffer_free(plane);
    rp_reference_close(mask);
    return code;
}

/* ------------------------------------------------------------------ guider_cds */
/* *missing is set when the reference is N/A. */
static rp_code cds_reference(rp_guider_job *job, const char *type, const char *name, const rp_guider_caller *caller,
                             rp_reference **out, bool *missing, rp_error *err)
{
    const rp_code code = find_reference(job, "guider_cds", type, caller, out, err);
    if (code != RP_OK)
        return code;
    *missing = !*out;
    if (*out) {
        rp_logf(caller->log, RP_INFO, caller->log_name, "Using %s reference file: %s", name, rp_reference_path(*out));
        return RP_OK;
    }
    rp_logf(caller->log, RP_WARNING, caller->log_name, "No %s reference file found!", name);
    rp_logf(caller->log, RP_WARNING, caller->log_name, "guider_cds step will be skipped.");
    return RP_OK;
}

static rp_code guider_cds(rp_guider_job *job, const rp_request_step *entry, const rp_guider_caller *caller,
                          bool *skipped, rp_error *err)
{
    rp_reference *gain = NULL, *read_noise = NULL;
    (void)entry;
    if (job->frames.is_rate)
        return rp_fail(err, RP_E_ARGUMENT, "%s: SCI holds count rates already; leave out guider_cds",
                       job->exposure->path);
    rp_code code = cds_reference(job, "gain", "GAIN", caller, &gain, skipped, err);
    if (code == RP_OK && !*skipped)
        code = cds_reference(job, "readnoise", "READNOISE", caller, &read_noise, skipped, err);
    if (code == RP_OK && !*skipped)
        code = rp_guider_count_rates(&job->frames, job->meta, gain, read_noise, caller, err);
    rp_reference_close(gain);
    rp_reference_close(read_noise);
    return code;
}

/* ------------------------------------------------------------------ flat_field */
/* The user's own flat, which takes the place of every reference type. */
static rp_code user_flat(rp_guider_job *job, const char *path, const rp_guider_caller *caller, rp_reference **out,
                         rp_error *err)
{
    rp_logf(caller->log, RP_INFO, caller->log_name,
            "User-supplied flat %s given. Ignoring all flat reference files and flat creation.", path);
    rp_code code = open_reference(job, "flat", path, caller->log, out, err);
    if (code != RP_OK)
        return code;
    const char *name = rp_meta_get_string(rp_reference_meta(*out), "FILENAME");
    rp_logf(caller->log, RP_INFO, caller->log_name, "Using flat field reference file: %s", name ? name : path);
    return record_reference(job, "flat", name ? name : path, err);
}

static rp_code find_flat(rp_guider_job *job, const rp_guider_caller *caller, rp_reference **flat, rp_error *err)
{
    static const char *const types[] = {"flat", "fflat", "sflat", "dflat"};
    static const char *const names[] = {"FLAT", "FFLAT", "SFLAT", "DFLAT"};
    rp_code code = RP_OK;
    for (int k = 0; k < 4 && code == RP_OK; k++) {
        rp_reference *reference = NULL;
        code = find_reference(job, "flat_field", types[k], caller, &reference, err);
        if (code == RP_OK && reference)
            rp_logf(caller->log, RP_INFO, caller->log_name, "Using %s reference file: %s", names[k],
                    rp_reference_path(reference));
        else if (code == RP_OK)
            rp_logf(caller->log, RP_INFO, caller->log_name, "No reference found for type %s", names[k]);
        if (k == 0)
            *flat = reference;
        else
            rp_reference_close(reference);
    }
    return code;
}

static rp_code flat_field(rp_guider_job *job, const rp_request_step *entry, const rp_guider_caller *caller,
                          bool *skipped, rp_error *err)
{
    const char *user = rp_values_string(entry->values, "user_supplied_flat");
    rp_reference *flat = NULL;
    bool applied = false;
    if (rp_values_bool(entry->values, "save_interpolated_flat"))
        return rp_fail(err, RP_E_UNSUPPORTED, "flat_field: save_interpolated_flat is not part of this release");
    rp_code code = user ? user_flat(job, user, caller, &flat, err) : find_flat(job, caller, &flat, err);
    if (code == RP_OK && !flat)
        rp_logf(caller->log, RP_WARNING, caller->log_name, "No flat found or supplied; step will be skipped.");
    if (code == RP_OK && flat && !job->frames.is_rate)
        code =
            rp_fail(err, RP_E_ARGUMENT, "%s: flat_field needs count rates: run guider_cds first", job->exposure->path);
    if (code == RP_OK && flat)
        code =
            rp_guider_flat_field(&job->frames, flat, rp_values_bool(entry->values, "inverse"), &applied, caller, err);
    *skipped = !applied;
    rp_reference_close(flat);
    return code;
}

static const struct guider_step {
    const char *name;
    step_function *run;
} guider_steps[] = {{"dq_init", dq_init}, {"guider_cds", guider_cds}, {"flat_field", flat_field}};

enum { NSTEPS = sizeof guider_steps / sizeof *guider_steps };

/* ------------------------------------------------------------------ steps */
static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static rp_code run_step(rp_guider_job *job, const struct guider_step *step, const rp_request_step *entry, rp_error *err)
{
    const rp_request *request = job->request;
    const rp_observer *observer = request->observer;
    const double start = seconds_now();
    char log_name[LOG_NAME];
    const rp_guider_caller caller = {request->log, log_name};
    if (request->pipeline)
        (void)snprintf(log_name, sizeof log_name, "stpipe.%.40s.%.40s", request->name, entry->name);
    else
        (void)snprintf(log_name, sizeof log_name, "stpipe.%.80s", entry->name);
    if (request->cancel && *request->cancel)
        return rp_fail(err, RP_E_INTERRUPTED, "interrupted before step %s", step->name);
    bool skipped = !rp_request_runs(request, step->name);
    const bool left_out = skipped;
    rp_code code = RP_OK;
    if (left_out) {
        rp_logf(request->log, RP_INFO, log_name, "Step skipped.");
    } else {
        rp_logf(request->log, RP_INFO, log_name, "Step %s running with args (%s).", entry->name, request->input_path);
        code = step->run(job, entry, &caller, &skipped, err);
        if (code == RP_OK)
            rp_logf(request->log, RP_INFO, log_name, "Step %s done", entry->name);
    }
    const char *status = skipped ? "SKIPPED" : "COMPLETE";
    if (code == RP_OK)
        code = rp_meta_set_string(job->meta, entry->step->status_key, status, err);
    if (code == RP_OK && observer && observer->step)
        observer->step(observer->payload, step->name, status, seconds_now() - start);
    return code != RP_OK || left_out || !request->pipeline ? code : rp_guider_save(job, step->name, NULL, err);
}

static rp_code run_steps(rp_guider_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    rp_code code = RP_OK;
    for (int k = 0; k < NSTEPS && code == RP_OK; k++) {
        const rp_request_step *entry = rp_request_step_of(request, guider_steps[k].name);
        if (entry)
            code = run_step(job, &guider_steps[k], entry, err);
    }
    return code != RP_OK ? code : rp_guider_save(job, NULL, request->pipeline ? "cal" : NULL, err);
}

/* ------------------------------------------------------------------ what can be refused before work begins */
static bool knows_guide_stars(const rp_request *request)
{
    if (request->pipeline)
        return !strcmp(request->pipeline->name, "calwebb_guider");
    for (int k = 0; k < NSTEPS; k++)
        if (!strcmp(request->steps[0].step->name, guider_steps[k].name))
            return true;
    return false;
}

static rp_code check_exposure(const rp_guider_job *job, rp_error *err)
{
    static const char *const types[] = {"FGS_ID-IMAGE", "FGS_ID-STACK", "FGS_ACQ1",
                                        "FGS_ACQ2",     "FGS_TRACK",    "FGS_FINEGUIDE"};
    const rp_request *request = job->request;
    const char *name = request->pipeline ? request->pipeline->name : request->steps[0].step->name, *type = NULL;
    const rp_code code = rp_meta_need_string(job->meta, "EXP_TYPE", &type, err);
    bool is_guider = false;
    if (code != RP_OK)
        return code;
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        is_guider = is_guider || !strcmp(type, types[k]);
    if (!is_guider)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: %s works on guide-star exposures only in this release, not on %s",
                       job->exposure->path, name, type);
    if (!knows_guide_stars(request))
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: %s does not work on guide-star exposures (%s): use calwebb_guider",
                       job->exposure->path, name, type);
    if (request->resume_path || request->checkpoint_step)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: guide-star exposures have no checkpoints", job->exposure->path);
    return RP_OK;
}

/* ------------------------------------------------------------------ a run */
static rp_code open_exposure(rp_guider_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    rp_guider_frames *f = &job->frames;
    rp_code code = rp_exposure_open(&job->exposure, request->input_path, request->scratch_dir, request->log, err);
    if (code == RP_OK)
        code = rp_meta_copy(&job->meta, job->exposure->meta, err);
    if (code != RP_OK)
        return code;
    const rp_exposure *exposure = job->exposure;
    const int index = rp_container_find(exposure->file, "SCI", 1);
    f->nints = exposure->nints;
    f->ngroups = exposure->ngroups;
    f->ny = exposure->ny;
    f->nx = exposure->nx;
    f->is_rate = index >= 0 && exposure->file->hdu[index].shape.naxis == 3;
    const int64_t npix = f->ny * f->nx, planes = f->nints * f->ngroups;
    if (npix <= 0 || planes <= 0 || (uint64_t)planes > SIZE_MAX / 64 / (uint64_t)npix)
        return rp_fail(err, RP_E_FORMAT, "%s: SCI has no pixels, or more than fit into memory", exposure->path);
    f->stride = ((size_t)npix + 63) / 64 * 64;
    return RP_OK;
}

static rp_code run(rp_guider_job *job, rp_error *err)
{
    const rp_request *request = job->request;
    rp_code code = open_exposure(job, err);
    if (code == RP_OK)
        code = check_exposure(job, err);
    if (code == RP_OK)
        code = rp_request_check(request, job->meta, err);
    if (code == RP_OK)
        code = rp_note_context(job->meta, request->refs, err);
    if (code == RP_OK)
        code = rp_request_prepare(request, err);
    if (code == RP_OK)
        code = rp_device_open(&job->frames.device, &request->device, err);
    if (code == RP_OK)
        code = rp_queue_new(&job->frames.queue, job->frames.device, err);
    if (code == RP_OK)
        code = rp_guider_read(job, err);
    if (code != RP_OK)
        return code;
    if (request->pipeline)
        rp_logf(request->log, RP_INFO, "stpipe", "Starting %s ...", request->pipeline->name);
    code = run_steps(job, err);
    if (code == RP_OK && request->pipeline)
        rp_logf(request->log, RP_INFO, "stpipe", "... ending %s", request->pipeline->name);
    return code != RP_OK ? code : rp_guider_commit(job, err);
}

rp_code rp_guider_run(const rp_request *request, rp_error *err)
{
    rp_guider_job job = {.request = request};
    const rp_code code = run(&job, err);
    rp_guider_discard(&job);
    rp_buffer_free(job.frames.sci);
    rp_buffer_free(job.frames.err);
    rp_buffer_free(job.frames.dq);
    rp_buffer_free(job.frames.var_flat);
    rp_queue_free(job.frames.queue);
    rp_device_close(job.frames.device);
    rp_meta_free(job.meta);
    rp_exposure_close(job.exposure);
    return code;
}
