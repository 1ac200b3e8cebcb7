/* Products of a job: created with the metadata of their moment, filled by the engine, committed together. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/pipelines/job.h"
#include "io/hdf5/hdf5.h"
#include "rampart/provenance.h"

/* Keywords that depend on pixels, and so are known only after the last block. */
static const struct late_keyword {
    const char *name, *step; /* the step that sets it */
} late_keywords[] = {{"INT1BORS", "rscd"}, {"INT1UGP1", "rscd"}, {"INT2BORS", "rscd"}, {"INT2UGP1", "rscd"}, {"PRIMECRS", "jump"}, {"EXTNCRS", "jump"}};

static rp_shape shape_of(int naxis, int64_t a, int64_t b, int64_t c, int64_t d)
{
    const int64_t axes[4] = {a, b, c, d};
    rp_shape shape = {.naxis = naxis};
    for (int i = 0; i < naxis; i++)
        shape.axis[i] = axes[4 - naxis + i];
    return shape;
}

rp_code rp_job_add_product(rp_job *job, rp_model model, int stage, char *path, const char *suffix, const rp_meta *meta,
                           const rp_exposure *from, const rp_plane_spec *planes, size_t nplanes, rp_error *err)
{
    if (job->nproducts == RP_JOB_MAX_PRODUCTS) {
        free(path);
        return rp_fail(err, RP_E_INTERNAL, "more than %d products", RP_JOB_MAX_PRODUCTS);
    }
    rp_job_product *p = &job->product[job->nproducts];
    *p = (rp_job_product){.path = path, .suffix = suffix, .stage = stage};
    const rp_code code = rp_product_create(&p->product, model, path, from, meta, planes, nplanes, err);
    if (code != RP_OK) {
        free(path);
        return code;
    }
    job->nproducts++;
    return RP_OK;
}

rp_code rp_job_ramp_product(rp_job *job, int stage, const char *path, const char *suffix, rp_error *err)
{
    const rp_run *run = &job->run;
    const rp_shape cube = shape_of(4, run->nints, run->ngroups, run->ny, run->nx), frame = shape_of(2, 0, 0, run->ny, run->nx);
    rp_plane_spec planes[5] = {{"SCI", RP_F32, cube}, {"PIXELDQ", RP_U32, frame}, {"GROUPDQ", RP_U8, cube}};
    size_t n = 3;
    if (run->has_dark_current)
        planes[n++] = (rp_plane_spec){"AVDRKCUR", RP_F32, frame};
    if (run->has_zeroframe)
        planes[n++] = (rp_plane_spec){"ZEROFRAME", RP_F32, shape_of(3, 0, run->nints, run->ny, run->nx)};
    return rp_job_add_product(job, RP_MODEL_RAMP, stage, (char *)(uintptr_t)path, suffix, run->meta, job->run.exposure, planes, n, err);
}

static bool is_ifu(const rp_meta *meta)
{
    const char *type = rp_meta_get_string(meta, "EXP_TYPE"), *lamp = rp_meta_get_string(meta, "LAMP_MODE");
    if (!type)
        return false;
    if (!strcmp(type, "NRS_IFU") || !strcmp(type, "MIR_MRS"))
        return true;
    return (!strcmp(type, "NRS_AUTOWAVE") || !strcmp(type, "NRS_LAMP")) && lamp && !strcmp(lamp, "IFU");
}

rp_code rp_job_rate_product(rp_job *job, int stage, bool per_integration, bool scaled, char *path, const char *suffix, rp_error *err)
{
    const rp_run *run = &job->run;
    const rp_shape shape = shape_of(per_integration ? 3 : 2, 0, run->nints, run->ny, run->nx);
    const rp_plane_spec planes[] = {
        {"SCI", RP_F32, shape}, {"ERR", RP_F32, shape}, {"DQ", RP_U32, shape}, {"VAR_POISSON", RP_F32, shape}, {"VAR_RNOISE", RP_F32, shape},
    };
    (void)scaled;
    const rp_model model = per_integration ? RP_MODEL_CUBE : is_ifu(run->meta) ? RP_MODEL_IFU_IMAGE : RP_MODEL_IMAGE;
    return rp_job_add_product(job, model, stage, path, suffix, run->meta, job->run.exposure, planes, 5, err);
}

/* ------------------------------------------------------------------ optional results of the fit */
static rp_code create_chisq(rp_job *job, const char *base, int stage, rp_optional_sinks *sinks, rp_error *err)
{
    char *path = NULL;
    const rp_plane_spec plane = {"SCI", RP_F32, shape_of(2, 0, 0, job->run.ny, job->run.nx)};
    rp_code code = rp_request_path_as(job->request, "ramp_fit", base, -1, "likely_chisq", &path, err);
    if (code == RP_OK)
        code = rp_job_add_product(job, RP_MODEL_CHISQ, stage, path, "likely_chisq", job->before_fit, job->run.exposure, &plane, 1, err);
    if (code == RP_OK)
        sinks->chisq = rp_product_sink(job->product[job->nproducts - 1].product, "SCI");
    return code;
}

static rp_code create_fitopt(rp_job *job, const char *base, int stage, uint32_t nsegments, uint32_t njumps, rp_optional_sinks *sinks, rp_error *err)
{
    const rp_run *run = &job->run;
    const rp_shape segments = shape_of(4, run->nints, nsegments, run->ny, run->nx);
    const rp_plane_spec planes[] = {
        {"SLOPE", RP_F32, segments}, {"SIGSLOPE", RP_F32, segments}, {"VAR_POISSON", RP_F32, segments}, {"VAR_RNOISE", RP_F32, segments},
        {"YINT", RP_F32, segments}, {"SIGYINT", RP_F32, segments}, {"PEDESTAL", RP_F32, shape_of(3, 0, run->nints, run->ny, run->nx)},
        {"WEIGHTS", RP_F32, segments}, {"CRMAG", RP_F32, shape_of(4, run->nints, njumps, run->ny, run->nx)},
    };
    char *path = NULL;
    rp_code code = rp_request_path_as(job->request, "ramp_fit", base, -1, "fitopt", &path, err);
    if (code == RP_OK)
        code = rp_job_add_product(job, RP_MODEL_FITOPT, stage, path, "fitopt", job->before_fit, job->run.exposure, planes, sizeof planes / sizeof *planes, err);
    if (code != RP_OK)
        return code;
    const rp_product *p = job->product[job->nproducts - 1].product;
    const rp_sink **const slots[] = {&sinks->slope, &sinks->sigslope, &sinks->var_poisson, &sinks->var_rnoise, &sinks->yint,
                                     &sinks->sigyint, &sinks->pedestal, &sinks->weights, &sinks->crmag};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        *slots[i] = rp_product_sink(p, planes[i].extname);
    return RP_OK;
}

rp_code rp_job_optional(void *payload, uint32_t nsegments, uint32_t njumps, rp_optional_sinks *sinks, rp_error *err)
{
    rp_job *job = payload;
    int fit = 0;
    while (strcmp(job->stage[fit].step->name, "ramp_fit") != 0)
        fit++;
    const char *opt_name = rp_values_string(job->stage[fit].values, "opt_name");
    char *data_name = NULL;
    rp_code code = RP_OK;
    if (!opt_name || !opt_name[0])
        code = rp_request_data_name(job->request, "ramp_fit", &data_name, err);
    if (code != RP_OK)
        return code;
    const char *base = data_name ? data_name : opt_name;
    double gain_factor;
    if (rp_meta_get_double(job->run.meta, "GAINFACT", &gain_factor)) /* noted by the step before it saves anything */
        code = rp_meta_set_double(job->before_fit, "GAINFACT", gain_factor, err);
    if (code != RP_OK)
        goto done;
    const char *algorithm = rp_values_string(job->stage[fit].values, "algorithm");
    const bool likely = algorithm && !strcmp(algorithm, "LIKELY") && job->run.ngroups >= 4;
    *sinks = (rp_optional_sinks){0};
    code = likely ? create_chisq(job, base, fit, sinks, err) : create_fitopt(job, base, fit, nsegments, njumps, sinks, err);
done:
    free(data_name);
    return code;
}

/* ------------------------------------------------------------------ to and from the engine */
static rp_code open_tap(rp_job *job, const rp_job_product *p, int first, rp_error *err)
{
    const rp_sink *groupdq = rp_product_sink(p->product, "GROUPDQ");
    if (groupdq) {
        const rp_tap tap = {.stage = p->stage - first, .sci = rp_product_sink(p->product, "SCI"), .groupdq = groupdq,
                            .pixeldq = rp_product_sink(p->product, "PIXELDQ"), .zeroframe = rp_product_sink(p->product, "ZEROFRAME"),
                            .dark_current = rp_product_sink(p->product, "AVDRKCUR")};
        return rp_engine_tap(job->engine, &tap, err);
    }
    const rp_sink *dq = rp_product_sink(p->product, "DQ");
    const bool scaled = strcmp(job->stage[p->stage].step->name, "gain_scale") == 0;
    const rp_fit_tap tap = {.per_integration = dq->shape.naxis == 3, .scaled = scaled, .sci = rp_product_sink(p->product, "SCI"),
                            .err = rp_product_sink(p->product, "ERR"), .dq = dq,
                            .var_poisson = rp_product_sink(p->product, "VAR_POISSON"), .var_rnoise = rp_product_sink(p->product, "VAR_RNOISE")};
    return rp_engine_fit_tap(job->engine, &tap, err);
}

rp_code rp_job_open_taps(rp_job *job, int first, int end, rp_error *err)
{
    rp_code code = RP_OK;
    for (int i = 0; i < job->nproducts && code == RP_OK; i++)
        if (!job->product[i].is_side && job->product[i].stage >= first && job->product[i].stage < end)
            code = open_tap(job, &job->product[i], first, err);
    return code;
}

/* The stage of a step that ran; -1 when none did. */
static int stage_of(const rp_job *job, const char *step)
{
    for (int i = 0; i < job->nstages; i++)
        if (!job->stage[i].skip && !strcmp(job->stage[i].step->name, step))
            return i;
    return -1;
}

/* Gives one product the value that the run has now, or takes the keyword away when it has none. */
static void copy_late(rp_meta *to, const rp_meta *from, const char *name)
{
    int64_t whole = 0;
    double value = 0.0;
    if (rp_meta_get_int(from, name, &whole))
        (void)rp_meta_set_int(to, name, whole, NULL);
    else if (rp_meta_get_double(from, name, &value))
        (void)rp_meta_set_double(to, name, value, NULL);
    else
        rp_meta_unset(to, name);
}

/* A step that works on frames may find only then that it cannot. */
static void late_failures(rp_job *job)
{
    for (int s = 0; s < job->nstages; s++)
        for (int i = 0; job->stage[s].says_failed && i < job->nproducts; i++)
            if (!job->product[i].is_side && job->product[i].stage >= s)
                (void)rp_meta_set_string(rp_product_meta(job->product[i].product), job->stage[s].step->status_key, "FAILED", NULL);
}

void rp_job_late_keywords(rp_job *job)
{
    late_failures(job);
    for (size_t k = 0; k < sizeof late_keywords / sizeof *late_keywords; k++) {
        const int stage = stage_of(job, late_keywords[k].step);
        for (int i = 0; stage >= 0 && i < job->nproducts; i++)
            if (job->product[i].stage >= stage)
                copy_late(rp_product_meta(job->product[i].product), job->run.meta, late_keywords[k].name);
    }
}

static bool is_checkpoint(const rp_job_product *p)
{
    return !strcmp(p->suffix, "checkpoint");
}

/* Puts a finished product into the HDF5 file of the run; a checkpoint lives only there. */
static rp_code keep_in_hdf5(const rp_job *job, const rp_job_product *p, rp_error *err)
{
    const rp_request *request = job->request;
    const rp_hdf5_options options = {.threads = request->device.threads, .replace = true, .durable = true, .scratch_dir = request->scratch_dir};
    const rp_code code = rp_hdf5_import(request->intermediate_path, p->suffix, p->path, &options, err);
    if (is_checkpoint(p))
        (void)unlink(p->path);
    return code;
}

static rp_code finish_product(rp_job *job, rp_job_product *p, const char *const *lines, size_t nlines, rp_error *err)
{
    const rp_request *request = job->request;
    const char *alias = request->pipeline ? request->pipeline->name : request->steps[0].step->name;
    rp_device_info info;
    rp_device_describe(job->run.device, &info);
    char device[400];
    (void)snprintf(device, sizeof device, "%s: %s; %s", info.backend, info.name, info.driver);
    rp_code code = rp_product_provenance(p->product, "device", device, err);
    if (code == RP_OK && nlines)
        code = rp_product_cal_logs(p->product, alias, lines, nlines, err);
    return code != RP_OK ? code : rp_product_finish(p->product, err);
}

static rp_code commit_product(rp_job *job, rp_job_product *p, rp_error *err)
{
    const rp_request *request = job->request;
    rp_product *product = p->product;
    p->product = NULL; /* commit frees it in every case */
    rp_code code = rp_product_commit(product, request->durable, err);
    if (code == RP_OK && request->intermediate_path)
        code = keep_in_hdf5(job, p, err);
    if (code == RP_OK && !is_checkpoint(p) && request->observer && request->observer->product) {
        struct stat info;
        const uint64_t bytes = stat(p->path, &info) == 0 ? (uint64_t)info.st_size : 0;
        request->observer->product(request->observer->payload, p->suffix, p->path, bytes);
    }
    return code;
}

/* All products are complete before the first one gets its name: a full disk leaves the folder as it was. */
rp_code rp_job_commit(rp_job *job, rp_error *err)
{
    char **lines = NULL;
    size_t nlines = 0;
    rp_code code = rp_recorder_lines(job->request->recorder, &lines, &nlines, err);
    for (int i = 0; i < job->nproducts && code == RP_OK; i++)
        code = finish_product(job, &job->product[i], (const char *const *)lines, nlines, err);
    for (int i = 0; i < job->nproducts && code == RP_OK; i++)
        code = commit_product(job, &job->product[i], err);
    free(lines);
    return code;
}

void rp_job_discard(rp_job *job)
{
    for (int i = 0; i < job->nproducts; i++) {
        rp_product_discard(job->product[i].product);
        free(job->product[i].path);
    }
    job->nproducts = 0;
}
