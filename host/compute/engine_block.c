/* What stages may do with a block: bind references, get scratch, launch kernels.  Contract: host/compute/chain.h. */
#include <string.h>

#include "host/compute/engine_impl.h"
#include "host/compute/resident.h"

static rp_worker *worker_of(const rp_block *block)
{
    return block->engine;
}

static int stage_index(const rp_engine *engine, const rp_stage *stage)
{
    for (int i = 0; i < engine->nstages; i++)
        if (engine->stage[i] == stage)
            return i;
    return 0;
}

rp_code rp_buffer_reserve(rp_buffer **buffer, rp_device *device, size_t bytes, rp_error *err)
{
    if (*buffer && rp_buffer_bytes(*buffer) >= bytes)
        return RP_OK;
    rp_buffer_free(*buffer);
    *buffer = NULL;
    return rp_buffer_new(buffer, device, bytes, err);
}

static rp_bind_slot *find_slot(rp_worker *worker, const rp_source *source, int64_t plane, int64_t nplanes)
{
    for (int i = 0; i < RP_MAX_BINDS; i++) {
        rp_bind_slot *slot = &worker->bind[i];
        if (slot->source == source && slot->plane == plane && slot->nplanes == nplanes)
            return slot;
    }
    for (int i = 0; i < RP_MAX_BINDS; i++) /* a free one, or one that this block does not use */
        if (!worker->bind[i].source || worker->bind[i].block_serial != worker->serial)
            return &worker->bind[i];
    return NULL;
}

static rp_code read_planes(rp_block *block, rp_bind_slot *slot, const rp_source *source, int64_t plane, int64_t nplanes,
                           rp_error *err)
{
    rp_worker *worker = worker_of(block);
    const size_t plane_bytes = block->stride * rp_dtype_size(source->type);
    rp_code code = rp_buffer_reserve(&slot->buffer, block->run->device, (size_t)nplanes * plane_bytes, err);
    if (code != RP_OK)
        return code;
    const double start = rp_engine_clock_s();
    char *host = rp_buffer_host(slot->buffer);
    for (int64_t k = 0; k < nplanes && code == RP_OK; k++)
        code = rp_worker_read(worker, source, plane + k, host + (size_t)k * plane_bytes, err);
    worker->read_s += rp_engine_clock_s() - start;
    return code != RP_OK ? code : rp_queue_push(block->queue, slot->buffer, 0, (size_t)nplanes * plane_bytes, err);
}

rp_code rp_block_bind(rp_block *block, const rp_source *source, int64_t plane, int64_t nplanes, rp_bound *out, rp_error *err)
{
    rp_worker *worker = worker_of(block);
    rp_bind_slot *slot = find_slot(worker, source, plane, nplanes);
    if (!slot)
        return rp_fail(err, RP_E_INTERNAL, "more than %d reference bindings in one block", RP_MAX_BINDS);
    *out = (rp_bound){.stride = block->stride};
    if (slot->source == source && slot->plane == plane && slot->nplanes == nplanes && slot->block_serial == worker->serial) {
        out->buffer = slot->buffer;
        return RP_OK;
    }
    if (slot->is_resident)
        slot->buffer = NULL;
    slot->source = NULL;
    slot->is_resident = false;
    const rp_resident_key key = {worker->kind == RP_PASS_MAIN ? source->identity : 0, plane, nplanes, block->rect,
                                 block->first, block->end, block->stride};
    rp_buffer *resident = rp_resident_find(block->run->device, &key);
    const rp_code code = resident ? RP_OK : read_planes(block, slot, source, plane, nplanes, err);
    if (code != RP_OK)
        return code;
    const bool given = !resident && rp_resident_give(block->run->device, &key, slot->buffer);
    if (resident) {
        rp_buffer_free(slot->buffer);
        slot->buffer = resident;
    }
    *slot = (rp_bind_slot){source, plane, nplanes, worker->serial, slot->buffer, resident || given};
    out->buffer = slot->buffer;
    return RP_OK;
}

rp_code rp_block_scratch(rp_block *block, const rp_stage *stage, int slot, size_t bytes, rp_buffer **out, rp_error *err)
{
    rp_worker *worker = worker_of(block);
    if (slot < 0 || slot >= RP_SCRATCH_SLOTS)
        return rp_fail(err, RP_E_INTERNAL, "scratch slot %d", slot);
    rp_buffer **buffer = &worker->scratch[stage_index(worker->engine, stage)][slot];
    const rp_code code = rp_buffer_reserve(buffer, block->run->device, bytes, err);
    *out = *buffer;
    return code;
}

rp_code rp_block_table(rp_block *block, const rp_stage *stage, int slot, const void *data, size_t bytes, uint64_t version,
                       rp_buffer **out, rp_error *err)
{
    rp_worker *worker = worker_of(block);
    if (slot < 0 || slot >= RP_SCRATCH_SLOTS)
        return rp_fail(err, RP_E_INTERNAL, "table slot %d", slot);
    rp_table_slot *table = &worker->table[stage_index(worker->engine, stage)][slot];
    rp_code code = RP_OK;
    if (!table->valid || table->version != version || rp_buffer_bytes(table->buffer) < bytes) {
        table->valid = false;
        code = rp_buffer_reserve(&table->buffer, block->run->device, bytes, err);
        if (code == RP_OK) {
            memcpy(rp_buffer_host(table->buffer), data, bytes);
            code = rp_queue_push(block->queue, table->buffer, 0, bytes, err);
        }
        table->valid = code == RP_OK;
        table->version = version;
    }
    *out = table->buffer;
    return code;
}

rp_code rp_block_lanes(rp_block *block, rp_kernel kernel, const void *params, size_t params_bytes,
                       rp_buffer *const *buffers, size_t nbuffers, rp_error *err)
{
    const rp_range range = {.n = block->end, .first = block->first};
    return rp_queue_launch(block->queue, kernel, params, params_bytes, buffers, nbuffers, range, err);
}

rp_code rp_block_slots(rp_block *block, rp_kernel kernel, const void *params, size_t params_bytes,
                       rp_buffer *const *buffers, size_t nbuffers, rp_error *err)
{
    const rp_range range = {.n = block->stride};
    return rp_queue_launch(block->queue, kernel, params, params_bytes, buffers, nbuffers, range, err);
}

rp_code rp_block_pixels(rp_block *block, rp_kernel kernel, const void *params, size_t params_bytes,
                        rp_buffer *const *buffers, size_t nbuffers, size_t nz, rp_error *err)
{
    const rp_range range = {.nx = (size_t)block->rect.nx, .ny = (size_t)block->rect.ny, .nz = nz};
    return rp_queue_launch(block->queue, kernel, params, params_bytes, buffers, nbuffers, range, err);
}

uint32_t rp_block_counter(const rp_block *block, const rp_stage *stage)
{
    return (uint32_t)(stage_index(worker_of(block)->engine, stage) * RP_COUNTERS);
}

void rp_block_core(const rp_block *block, uint32_t *y0, uint32_t *y1, uint32_t *x0, uint32_t *x1)
{
    *y0 = (uint32_t)(block->core.y0 - block->rect.y0);
    *y1 = *y0 + (uint32_t)block->core.ny;
    *x0 = (uint32_t)(block->core.x0 - block->rect.x0);
    *x1 = *x0 + (uint32_t)block->core.nx;
}

const rp_fit_planes *rp_block_rate(const rp_block *block)
{
    return &worker_of(block)->rate;
}

const rp_fit_planes *rp_block_rateints(const rp_block *block)
{
    return &worker_of(block)->rateints;
}

const rp_fit_optional *rp_block_optional(const rp_block *block)
{
    const rp_worker *worker = worker_of(block);
    return worker->kind == RP_PASS_OPTIONAL ? &worker->optional : NULL;
}
