/* Planes of a guide-star exposure: from the file to memory, and from memory to products. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "host/pipelines/guider_job.h"
#include "io/hdf5/hdf5.h"

/* ------------------------------------------------------------------ reading */
/* Planes of an extension as native elements; zeros when the file has none. */
static rp_code load(rp_guider_job *job, const char *extname, int64_t nplanes, bool is_dq, rp_buffer **out,
                    rp_error *err)
{
    const rp_guider_frames *frames = &job->frames;
    const size_t npix = (size_t)(frames->ny * frames->nx), count = (size_t)nplanes * frames->stride;
    rp_source *source = NULL;
    void *raw = NULL;
    rp_code code = rp_guider_buffer(out, frames, count, err);
    if (code == RP_OK)
        code = rp_exposure_plane(job->exposure, extname, &source, err);
    if (code != RP_OK)
        return code;
    if (source && (rp_shape_planes(&source->shape) != nplanes || rp_shape_ny(&source->shape) != frames->ny ||
                   rp_shape_nx(&source->shape) != frames->nx))
        code = rp_fail(err, RP_E_MISMATCH, "%s: its shape does not follow from that of SCI", source->label);
    raw = malloc(npix * 8);
    if (code == RP_OK && !raw)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory to read %s", job->exposure->path, extname);
    for (int64_t k = 0; source && k < nplanes && code == RP_OK; k++) {
        uint32_t *words = (uint32_t *)rp_buffer_host(*out) + (size_t)k * frames->stride;
        code = source->read(source, k, (rp_rect){0, 0, frames->ny, frames->nx}, raw, err);
        if (code == RP_OK && is_dq)
            rp_elements_to_u32(words, raw, source->type, npix);
        else if (code == RP_OK)
            rp_elements_to_f32((float *)(void *)words, raw, source->type, npix);
    }
    if (code == RP_OK)
        code = rp_queue_push(frames->queue, *out, 0, count * 4, err);
    if (source)
        source->close(source);
    free(raw);
    return code;
}

rp_code rp_guider_read(rp_guider_job *job, rp_error *err)
{
    const rp_exposure *exposure = job->exposure;
    rp_guider_frames *frames = &job->frames;
    const int64_t planes = exposure->nints * exposure->ngroups;
    rp_code code;
    if ((code = load(job, "SCI", planes, false, &frames->sci, err)) != RP_OK ||
        (code = load(job, "ERR", planes, false, &frames->err, err)) != RP_OK)
        return code;
    return load(job, "DQ", 1, true, &frames->dq, err);
}

/* ------------------------------------------------------------------ products */
static rp_code add_product(rp_guider_job *job, char *path, const char *suffix, rp_error *err)
{
    const rp_guider_frames *f = &job->frames;
    const rp_shape reads = {4, {f->nints, f->ngroups, f->ny, f->nx}}, rates = {3, {f->nints, f->ny, f->nx}};
    const rp_shape cube = f->is_rate ? rates : reads, frame = {2, {f->ny, f->nx}};
    const rp_plane_spec planes[] = {{"SCI", RP_F32, cube}, {"ERR", RP_F32, cube}, {"DQ", RP_U32, frame}};
    rp_guider_product *p = &job->product[job->nproducts];
    *p = (rp_guider_product){NULL, path, strdup(suffix)};
    job->nproducts++;
    if (!p->suffix)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory", path);
    return rp_product_create(&p->product, f->is_rate ? RP_MODEL_GUIDER_CAL : RP_MODEL_GUIDER_RAW, path, job->exposure,
                             job->meta, planes, 3, err);
}

/* Every NaN becomes the one that products hold. */
static void clean(uint32_t *words, const float *values, size_t n)
{
    static const uint32_t nan_bits = 0x7fc00000u;
    for (size_t k = 0; k < n; k++) {
        memcpy(&words[k], &values[k], 4);
        if (values[k] != values[k])
            words[k] = nan_bits;
    }
}

static rp_code store(const rp_guider_frames *frames, const rp_sink *sink, rp_buffer *buffer, int64_t nplanes,
                     rp_error *err)
{
    const size_t npix = (size_t)(frames->ny * frames->nx);
    uint32_t *native = malloc(npix * 4), *words = malloc(npix * 4);
    rp_code code = native && words ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory to write it", sink->label);
    for (int64_t k = 0; k < nplanes && code == RP_OK; k++) {
        const void *plane = (const uint32_t *)rp_buffer_host(buffer) + (size_t)k * frames->stride;
        if (sink->type == RP_U32) {
            rp_elements_from_u32(words, plane, npix);
        } else {
            clean(native, plane, npix);
            rp_elements_from_f32(words, (const float *)(const void *)native, npix);
        }
        code = sink->write(sink, k, (rp_rect){0, 0, frames->ny, frames->nx}, words, err);
    }
    free(native);
    free(words);
    return code;
}

/* The flat's variance has no extension: only the ASDF tree holds it. */
static rp_code store_flat_variance(const rp_guider_frames *f, rp_product *product, rp_error *err)
{
    const size_t npix = (size_t)(f->ny * f->nx), count = (size_t)f->nints * npix;
    const rp_shape shape = {3, {f->nints, f->ny, f->nx}};
    uint32_t *packed = malloc(count * 4);
    if (!packed)
        return rp_fail(err, RP_E_MEMORY, "no memory for var_flat");
    for (size_t k = 0; k < (size_t)f->nints; k++)
        clean(packed + k * npix, (const float *)rp_buffer_host(f->var_flat) + k * f->stride, npix);
    const rp_code code = rp_product_asdf_array(product, "var_flat", (const float *)(const void *)packed, &shape, err);
    free(packed);
    return code;
}

static rp_code pull(const rp_guider_frames *frames, rp_buffer *buffer, rp_error *err)
{
    return rp_queue_pull(frames->queue, buffer, 0, rp_buffer_bytes(buffer), err);
}

/* Saves the frames as they are now; takes `path`. */
static rp_code save(rp_guider_job *job, char *path, const char *suffix, rp_error *err)
{
    const rp_guider_frames *f = &job->frames;
    const int64_t planes = f->nints * f->ngroups;
    rp_code code = add_product(job, path, suffix, err);
    if (code != RP_OK)
        return code;
    rp_product *product = job->product[job->nproducts - 1].product;
    if ((code = pull(f, f->sci, err)) != RP_OK || (code = pull(f, f->err, err)) != RP_OK ||
        (code = pull(f, f->dq, err)) != RP_OK || (f->var_flat && (code = pull(f, f->var_flat, err)) != RP_OK))
        return code;
    if ((code = store(f, rp_product_sink(product, "SCI"), f->sci, planes, err)) != RP_OK ||
        (code = store(f, rp_product_sink(product, "ERR"), f->err, planes, err)) != RP_OK ||
        (code = store(f, rp_product_sink(product, "DQ"), f->dq, 1, err)) != RP_OK)
        return code;
    return f->var_flat ? store_flat_variance(f, product, err) : RP_OK;
}

rp_code rp_guider_save(rp_guider_job *job, const char *step, const char *suffix, rp_error *err)
{
    char *path = NULL;
    if (!rp_request_saves(job->request, step))
        return RP_OK;
    const rp_code code = rp_request_path(job->request, step, suffix, &path, err);
    return code != RP_OK ? code
                         : save(job, path,
                                suffix ? suffix
                                : step ? step
                                       : job->request->steps[0].step->name,
                                err);
}

static rp_code keep_in_hdf5(const rp_request *request, const rp_guider_product *p, rp_error *err)
{
    const rp_hdf5_options options = {
        .threads = request->device.threads, .replace = true, .durable = true, .scratch_dir = request->scratch_dir};
    return rp_hdf5_import(request->intermediate_path, p->suffix, p->path, &options, err);
}

static rp_code commit(rp_guider_job *job, rp_guider_product *p, const char *const *lines, size_t nlines, rp_error *err)
{
    const rp_request *request = job->request;
    const rp_observer *observer = request->observer;
    const char *alias = request->pipeline ? request->pipeline->name : request->steps[0].step->name;
    rp_code code = nlines ? rp_product_cal_logs(p->product, alias, lines, nlines, err) : RP_OK;
    if (code != RP_OK)
        return code;
    rp_product *product = p->product;
    p->product = NULL; /* commit frees it in every case */
    code = rp_product_commit(product, request->durable, err);
    if (code == RP_OK && request->intermediate_path)
        code = keep_in_hdf5(request, p, err);
    if (code == RP_OK && observer && observer->product) {
        struct stat info;
        const uint64_t bytes = stat(p->path, &info) == 0 ? (uint64_t)info.st_size : 0;
        observer->product(observer->payload, p->suffix, p->path, bytes);
    }
    return code;
}

rp_code rp_guider_commit(rp_guider_job *job, rp_error *err)
{
    char **lines = NULL;
    size_t nlines = 0;
    rp_code code = rp_recorder_lines(job->request->recorder, &lines, &nlines, err);
    for (int k = 0; k < job->nproducts && code == RP_OK; k++)
        code = commit(job, &job->product[k], (const char *const *)lines, nlines, err);
    free(lines);
    return code;
}

void rp_guider_discard(rp_guider_job *job)
{
    for (int k = 0; k < job->nproducts; k++) {
        rp_product_discard(job->product[k].product);
        free(job->product[k].path);
        free(job->product[k].suffix);
    }
    job->nproducts = 0;
}
