/* Devices: choice of a back end, and the thin layer over it.  Contract: include/rampart/device.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/compute/device_impl.h"
#include "host/compute/resident.h"

const char *const rp_kernel_names[RP_K_COUNT] = {
#define RP_KERNEL_LANE(name, ...) [RP_K_##name] = #name,
#define RP_KERNEL_PIXEL(name, ...) [RP_K_##name] = #name,
#include "kernels/kernels.def"
#undef RP_KERNEL_LANE
#undef RP_KERNEL_PIXEL
};

static rp_code open_auto(rp_device **out, const rp_device_options *options, rp_error *err)
{
#ifdef RP_HAVE_OPENCL
    if (rp_opencl_gpu_likely()) {
        rp_device *gpu = NULL;
        rp_error why = {0};
        rp_code code = rp_opencl_open(&gpu, options, -1, true, &why);
        if (code == RP_OK)
            code = rp_device_selftest(gpu, &why);
        if (code == RP_OK) {
            *out = gpu;
            return RP_OK;
        }
        rp_device_close(gpu);
        rp_logf(options->log, RP_WARNING, "rampart.device", "no GPU used: %s; going on with OpenMP", why.text);
    }
#endif
    return rp_openmp_open(out, options, err);
}

/* "openmp", "openmp:v3", "openmp:v3:8": instruction set and lanes, for tests and curiosity. */
static rp_code open_openmp(rp_device **out, const rp_device_options *options, const char *backend, rp_error *err)
{
    char isa[4] = "";
    int lanes = 0, used = 0;
    rp_device_options own = *options;
    if (backend[6] == ':') {
        const int n = sscanf(backend + 6, ":%3[v0-9]%n:%d%n", isa, &used, &lanes, &used);
        if (n < 1 || backend[6 + used] != '\0' || (n == 2 && lanes != 1 && lanes != 8 && lanes != 16))
            return rp_fail(err, RP_E_ARGUMENT, "--backend %s: write openmp:v1, v3 or v4, and :1, :8 or :16 for the lanes", backend);
        own.isa = isa;
        own.lanes = n == 2 ? lanes : own.lanes;
    }
    return rp_openmp_open(out, &own, err);
}

/* "opencl", "opencl:N", "opencl:N:LANES" */
static rp_code open_opencl(rp_device **out, const rp_device_options *options, const char *backend, rp_error *err)
{
#ifdef RP_HAVE_OPENCL
    int index = -1, lanes = options->lanes, used = 0;
    rp_device_options own = *options;
    if (backend[6] == ':') {
        const int n = sscanf(backend + 6, ":%d%n:%d%n", &index, &used, &lanes, &used);
        if (n < 1 || backend[6 + used] != '\0' || index < 0 || (n == 2 && lanes != 1 && lanes != 8 && lanes != 16))
            return rp_fail(err, RP_E_ARGUMENT, "--backend %s: give a device number, as listed by `rampart devices`", backend);
    }
    own.lanes = lanes;
    return rp_opencl_open(out, &own, index, false, err);
#else
    (void)out, (void)options;
    return rp_fail(err, RP_E_DEVICE, "--backend %s: this build has no OpenCL; use openmp", backend);
#endif
}

rp_code rp_device_open(rp_device **out, const rp_device_options *options, rp_error *err)
{
    const char *backend = options->backend ? options->backend : "auto";
    *out = NULL;
    if (!strcmp(backend, "auto"))
        return open_auto(out, options, err);
    if (!strncmp(backend, "openmp", 6) && (backend[6] == '\0' || backend[6] == ':'))
        return open_openmp(out, options, backend, err);
    if (!strncmp(backend, "opencl", 6) && (backend[6] == '\0' || backend[6] == ':'))
        return open_opencl(out, options, backend, err);
    return rp_fail(err, RP_E_ARGUMENT, "--backend %s: use auto, openmp, opencl or opencl:N", backend);
}

void rp_device_close(rp_device *device)
{
    if (!device)
        return;
    rp_resident_free(device);
    device->backend->close(device);
}

void rp_device_describe(const rp_device *device, rp_device_info *out)
{
    *out = device->info;
}

rp_code rp_device_list(rp_device_info **out, size_t *count, rp_error *err)
{
    const rp_device_options options = {.backend = "openmp"};
    rp_device *host = NULL;
    rp_device_info *cl = NULL;
    size_t ncl = 0;
    rp_code code = rp_openmp_open(&host, &options, err);
    if (code != RP_OK)
        return code;
#ifdef RP_HAVE_OPENCL
    code = rp_opencl_list(&cl, &ncl, err);
#endif
    rp_device_info *all = code == RP_OK ? calloc(ncl + 1, sizeof *all) : NULL;
    if (code == RP_OK && !all)
        code = rp_fail(err, RP_E_MEMORY, "no memory for the list of devices");
    if (code == RP_OK) {
        all[0] = host->info;
        if (ncl)
            memcpy(all + 1, cl, ncl * sizeof *all);
        *out = all;
        *count = ncl + 1;
    }
    free(cl);
    rp_device_close(host);
    return code;
}

rp_code rp_buffer_new(rp_buffer **out, rp_device *device, size_t bytes, rp_error *err)
{
    *out = NULL;
    if (device->info.max_buffer_bytes && bytes > device->info.max_buffer_bytes)
        return rp_fail(err, RP_E_MEMORY, "%s: a buffer of %zu bytes is more than the device allows (%zu)",
                       device->info.name, bytes, device->info.max_buffer_bytes);
    return device->backend->buffer_new(out, device, bytes, err);
}

void rp_buffer_free(rp_buffer *buffer)
{
    if (buffer)
        buffer->device->backend->buffer_free(buffer);
}

void *rp_buffer_host(rp_buffer *buffer)
{
    return buffer->host;
}

size_t rp_buffer_bytes(const rp_buffer *buffer)
{
    return buffer->bytes;
}

rp_code rp_queue_new(rp_queue **out, rp_device *device, rp_error *err)
{
    *out = NULL;
    return device->backend->queue_new(out, device, err);
}

void rp_queue_free(rp_queue *queue)
{
    if (queue)
        queue->device->backend->queue_free(queue);
}

rp_code rp_queue_push(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err)
{
    rp_device *device = queue->device;
    if (!device->info.host_memory)
        atomic_fetch_add_explicit(&device->pushed_bytes, bytes, memory_order_relaxed);
    return device->backend->push(queue, buffer, offset, bytes, err);
}

rp_code rp_queue_pull(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err)
{
    rp_device *device = queue->device;
    if (!device->info.host_memory)
        atomic_fetch_add_explicit(&device->pulled_bytes, bytes, memory_order_relaxed);
    return device->backend->pull(queue, buffer, offset, bytes, err);
}

rp_code rp_queue_finish(rp_queue *queue, rp_error *err)
{
    return queue->device->backend->finish(queue, err);
}

rp_code rp_queue_launch(rp_queue *queue, rp_kernel kernel, const void *params, size_t params_bytes,
                        rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err)
{
    if (kernel < 0 || kernel >= RP_K_COUNT || nbuffers > RP_MAX_KERNEL_BUFFERS)
        return rp_fail(err, RP_E_INTERNAL, "no such kernel: %d with %zu buffers", kernel, nbuffers);
    return queue->device->backend->launch(queue, kernel, params, params_bytes, buffers, nbuffers, range, err);
}

size_t rp_device_usage(const rp_device *device, rp_kernel_usage *out, size_t capacity)
{
    size_t n = 0;
    for (int k = 0; k < RP_K_COUNT && n < capacity; k++) {
        const unsigned long long calls = atomic_load_explicit(&device->calls[k], memory_order_relaxed);
        if (!calls)
            continue;
        const unsigned long long ns = atomic_load_explicit(&device->nanoseconds[k], memory_order_relaxed);
        out[n++] = (rp_kernel_usage){rp_kernel_names[k], calls, (double)ns * 1e-9};
    }
    return n;
}

void rp_device_traffic(const rp_device *device, uint64_t *pushed_bytes, uint64_t *pulled_bytes)
{
    *pushed_bytes = atomic_load_explicit(&device->pushed_bytes, memory_order_relaxed);
    *pulled_bytes = atomic_load_explicit(&device->pulled_bytes, memory_order_relaxed);
}
