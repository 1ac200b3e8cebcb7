/* What a stage may ask of its run beside pixels: products of its own, and a draft of the count rate. */
#include <stdlib.h>
#include <string.h>

#include "host/pipelines/job.h"

static rp_job *job_of(rp_run *run)
{
    return (rp_job *)(void *)((char *)run - offsetof(rp_job, run));
}

static int index_of(const rp_job *job, const rp_stage *stage)
{
    for (int i = 0; i < job->nstages; i++)
        if (job->order[i] == stage)
            return i;
    return 0;
}

/* ------------------------------------------------------------------ products */
rp_code rp_run_side_product(rp_run *run, const rp_stage *stage, const char *suffix, rp_model model, const rp_meta *meta,
                            const rp_plane_spec *planes, size_t nplanes, rp_product **out, rp_error *err)
{
    rp_job *job = job_of(run);
    const char *name = stage->step->name;
    char *base = NULL, *path = NULL;
    rp_code code = rp_request_data_name(job->request, name, &base, err);
    if (code == RP_OK)
        code = rp_request_path_as(job->request, name, base, -1, suffix, &path, err);
    if (code == RP_OK) {
        code = rp_job_add_product(job, model, index_of(job, stage), path, suffix, meta, NULL, planes, nplanes, err);
        path = NULL;
    }
    if (code == RP_OK) {
        rp_job_product *p = &job->product[job->nproducts - 1];
        p->is_side = true;
        *out = p->product;
    }
    free(base);
    free(path);
    return code;
}

void rp_run_drop_side_products(rp_run *run, const rp_stage *stage)
{
    rp_job *job = job_of(run);
    const int index = index_of(job, stage);
    int kept = 0;
    for (int i = 0; i < job->nproducts; i++) {
        rp_job_product *p = &job->product[i];
        if (!p->is_side || p->stage != index) {
            job->product[kept++] = *p;
            continue;
        }
        rp_product_discard(p->product);
        free(p->path);
    }
    job->nproducts = kept;
}

/* ------------------------------------------------------------------ the draft */
/* A sink into memory of FITS elements of 4 bytes. */
typedef struct memory_sink {
    rp_sink base;
    uint32_t *words;
} memory_sink;

static rp_code memory_write(const rp_sink *self, int64_t plane, rp_rect rect, const void *src, rp_error *err)
{
    (void)err;
    const memory_sink *m = (const memory_sink *)(const void *)self;
    const int64_t ny = rp_shape_ny(&self->shape), nx = rp_shape_nx(&self->shape);
    for (int64_t y = 0; y < rect.ny; y++)
        memcpy(m->words + (plane * ny + rect.y0 + y) * nx + rect.x0, (const uint32_t *)src + y * rect.nx,
               (size_t)rect.nx * sizeof *m->words);
    return RP_OK;
}

static memory_sink sink_into(void *words, rp_dtype type, const rp_run *run, int64_t planes)
{
    const rp_shape shape = {.naxis = 3, .axis = {planes, run->ny, run->nx}};
    return (memory_sink){{type, shape, "draft rate", memory_write}, words};
}

/* ramp_fit with its defaults, as the only stage of a job of its own that shares the request. */
static rp_code set_up_draft(rp_job *draft, const rp_job *job, const rp_stage *stage, rp_values **values, rp_error *err)
{
    const rp_step *step = rp_step_find("ramp_fit");
    const rp_param *const tables[] = {step->params, rp_common_params};
    const size_t counts[] = {step->nparams, rp_common_param_count};
    const size_t planes = (size_t)(job->run.nints * job->run.ngroups);
    draft->request = job->request;
    draft->resume_after = -1;
    draft->run = job->run;
    draft->run.log = NULL; /* the reference is silent about it, too */
    draft->run.meta = NULL;
    draft->run.engine = NULL;
    draft->run.unusable_at_jump = calloc(planes, 1);
    draft->run.unusable_at_fit = calloc(planes, 1);
    if (!draft->run.unusable_at_jump || !draft->run.unusable_at_fit)
        return rp_fail(err, RP_E_MEMORY, "no memory for a draft of the rate");
    memcpy(draft->run.unusable_at_fit, job->run.unusable_at_fit, planes);
    rp_code code = rp_meta_copy(&draft->run.meta, stage->before, err);
    if (code == RP_OK)
        code = rp_values_new(values, tables, counts, 2, err);
    if (code != RP_OK)
        return code;
    draft->stage[0] = (rp_stage){.step = step, .values = *values, .run = &draft->run};
    draft->order[0] = &draft->stage[0];
    draft->nstages = 1;
    code = step->ops->setup(draft->order[0], err);
    return code == RP_OK ? rp_meta_set_string(draft->run.meta, step->status_key, "COMPLETE", err) : code;
}

static rp_code run_draft(rp_job *draft, const rp_frames *frames, bool per_integration, float *sci, uint32_t *dq,
                         rp_error *err)
{
    const rp_request *request = draft->request;
    const rp_run *run = &draft->run;
    const int64_t planes = per_integration ? run->nints : 1;
    const size_t n = (size_t)(planes * run->ny * run->nx);
    const memory_sink rate = sink_into(sci, RP_F32, run, planes), flags = sink_into(dq, RP_U32, run, planes);
    const rp_fit_tap tap = {.per_integration = per_integration, .sci = &rate.base, .dq = &flags.base};
    const rp_engine_options options = {.input = frames,
                                       .memory_bytes = request->memory_bytes,
                                       .strip_rows = request->strip_rows,
                                       .threads = request->device.threads,
                                       .scratch_dir = request->scratch_dir,
                                       .cancel = request->cancel};
    rp_code code = rp_engine_new(&draft->engine, &draft->run, draft->order, 1, &options, err);
    if (code == RP_OK)
        code = rp_engine_fit_tap(draft->engine, &tap, err);
    if (code == RP_OK)
        code = rp_engine_run(draft->engine, err);
    if (code == RP_OK && draft->run.no_product)
        code = rp_fail(err, RP_E_UNSUPPORTED, "%s: no draft of the count rate can be made; leave the step out",
                       run->exposure->path);
    if (code == RP_OK) {
        rp_elements_to_f32(sci, sci, RP_F32, n);
        rp_elements_to_u32(dq, dq, RP_U32, n);
    }
    rp_engine_free(draft->engine);
    draft->engine = NULL;
    return code;
}

rp_code rp_run_draft_rate(rp_run *run, const rp_stage *stage, const rp_frames *frames, bool per_integration, float *sci,
                          uint32_t *dq, rp_meta **meta, rp_error *err)
{
    rp_values *values = NULL;
    rp_job *draft = calloc(1, sizeof *draft);
    if (!draft)
        return rp_fail(err, RP_E_MEMORY, "no memory for a draft of the rate");
    rp_logf(run->log, RP_INFO, stage->log_name, "Creating draft rate file for scene masking");
    rp_code code = set_up_draft(draft, job_of(run), stage, &values, err);
    if (code == RP_OK)
        code = run_draft(draft, frames, per_integration, sci, dq, err);
    if (code == RP_OK && meta) {
        *meta = draft->run.meta;
        draft->run.meta = NULL;
    }
    rp_job_chain_clear(draft);
    rp_values_free(values);
    rp_meta_free(draft->run.meta);
    free(draft->run.unusable_at_jump);
    free(draft->run.unusable_at_fit);
    free(draft);
    return code;
}
