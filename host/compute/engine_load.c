/* Raw elements of a block, as far as they are read: the ramp, its flags and what comes with it. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/engine_impl.h"
#include "host/compute/kernels.h"

/* Reads planes as float32 words; other number types are converted here (raw uint16 has its own way). */
static rp_code read_words(rp_worker *worker, const rp_source *source, size_t nplanes, rp_buffer *into, rp_error *err)
{
    const rp_block *b = &worker->block;
    const size_t element = rp_dtype_size(source->type);
    const bool as_is = source->type == RP_F32 || source->type == RP_U16;
    char *host = rp_buffer_host(into);
    const size_t out_element = as_is ? element : 4;
    void *mixed = as_is ? NULL : malloc(b->npix * (element + 4));
    if (!as_is && !mixed)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory to convert a strip", source->label);
    const double start = rp_engine_clock_s();
    rp_code code = RP_OK;
    for (size_t k = 0; k < nplanes && code == RP_OK; k++) {
        char *dst = host + k * b->stride * out_element;
        code = rp_worker_read(worker, source, (int64_t)k, as_is ? (void *)dst : mixed, err);
        if (code == RP_OK && !as_is) {
            float *values = (float *)(void *)((char *)mixed + b->npix * element);
            rp_elements_to_f32(values, mixed, source->type, b->npix);
            rp_elements_from_f32(dst, values, b->npix);
        }
    }
    free(mixed);
    worker->read_s += rp_engine_clock_s() - start;
    if (code == RP_OK)
        code = rp_queue_push(b->queue, into, 0, nplanes * b->stride * out_element, err);
    return code;
}

static rp_code load_planes(rp_worker *worker, const rp_source *source, size_t nplanes, rp_buffer *data, rp_buffer *groupdq, rp_error *err)
{
    TRY(read_words(worker, source, nplanes, worker->raw, err));
    const rp_ramp_io_params params = {worker->block.stride, (uint32_t)nplanes, groupdq != NULL};
    rp_buffer *const buffers[] = {data, groupdq, worker->raw};
    return rp_block_lanes(&worker->block, source->type == RP_U16 ? RP_K_load_u16 : RP_K_load_f32, &params, sizeof params, buffers, 3, err);
}

static rp_code load_groupdq(rp_worker *worker, rp_error *err)
{
    const rp_source *source = worker->engine->groupdq;
    const rp_block *b = &worker->block;
    const size_t planes = (size_t)(b->run->nints * b->run->ngroups);
    uint8_t *host = rp_buffer_host(worker->groupdq);
    for (size_t k = 0; k < planes; k++)
        TRY(rp_worker_read(worker, source, (int64_t)k, host + k * b->stride, err));
    return rp_queue_push(b->queue, worker->groupdq, 0, planes * b->stride, err);
}

static rp_code load_pixeldq(rp_worker *worker, rp_error *err)
{
    rp_block *b = &worker->block;
    memset(rp_buffer_host(worker->pixeldq), 0, b->stride * 4);
    TRY(rp_queue_push(b->queue, worker->pixeldq, 0, b->stride * 4, err));
    if (!worker->engine->pixeldq)
        return RP_OK;
    rp_bound bound;
    TRY(rp_block_bind(b, worker->engine->pixeldq, 0, 1, &bound, err));
    const rp_or_params params = {bound.offset};
    rp_buffer *const buffers[] = {worker->pixeldq, bound.buffer};
    return rp_block_lanes(b, RP_K_or_pixeldq, &params, sizeof params, buffers, 2, err);
}

static rp_code load_dark_current(rp_worker *worker, rp_error *err)
{
    if (worker->engine->dark_current)
        return load_planes(worker, worker->engine->dark_current, 1, worker->dark_current, NULL, err);
    memset(rp_buffer_host(worker->dark_current), 0, worker->block.stride * 4);
    return rp_queue_push(worker->block.queue, worker->dark_current, 0, worker->block.stride * 4, err);
}

rp_code rp_worker_load(rp_worker *worker, rp_error *err)
{
    rp_engine *engine = worker->engine;
    const rp_run *run = engine->run;
    rp_block *b = &worker->block;
    const size_t planes = (size_t)(run->nints * run->ngroups);
    /* the staging memory of `raw` is used again each time */
    if (run->has_dark_current) {
        TRY(load_dark_current(worker, err));
        TRY(rp_queue_finish(b->queue, err));
    }
    if (run->has_zeroframe) {
        TRY(load_planes(worker, engine->zeroframe, (size_t)run->nints, worker->zeroframe, NULL, err));
        TRY(rp_queue_finish(b->queue, err));
    }
    TRY(load_planes(worker, engine->sci, planes, worker->data, engine->groupdq ? NULL : worker->groupdq, err));
    if (engine->groupdq)
        TRY(load_groupdq(worker, err));
    return load_pixeldq(worker, err);
}
