/* OpenCL buffers.  On a device that shares the host's memory a buffer is its own staging memory, and the host may touch
 * it when the queue has finished; elsewhere staging is a buffer that the driver pins. */
#include <stdlib.h>

#include "host/compute/opencl/opencl_impl.h"

enum { PAGE = 4096, LINE = 64 };

static size_t rounded(size_t bytes, size_t unit)
{
    return (bytes + unit - 1) / unit * unit;
}

/* The driver's last word on a buffer: no kernel uses it any more. */
static void CL_CALLBACK free_host_memory(cl_mem memory, void *host)
{
    (void)memory;
    free(host);
}

static cl_int share_memory(const opencl_device *device, opencl_buffer *b, size_t size)
{
    cl_int status = CL_SUCCESS;
    void *host = aligned_alloc(PAGE, rounded(size, PAGE));
    if (!host)
        return CL_OUT_OF_HOST_MEMORY;
    b->memory = clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, size, host, &status);
    if (status == CL_SUCCESS)
        status = clSetMemObjectDestructorCallback(b->memory, free_host_memory, host);
    if (status != CL_SUCCESS)
        free(host);
    else
        b->base.host = host;
    return status;
}

/* Memory and staging of b; what was made stays in b, also on failure. */
static cl_int make_memory(const opencl_device *device, opencl_buffer *b, size_t size)
{
    cl_int status = CL_SUCCESS;
    if (device->is_unified)
        return share_memory(device, b, size);
    b->memory = clCreateBuffer(device->context, CL_MEM_READ_WRITE, size, NULL, &status);
    if (status != CL_SUCCESS)
        return status;
    b->staging = clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, size, NULL, &status);
    if (status != CL_SUCCESS)
        return status;
    b->base.host = clEnqueueMapBuffer(device->staging_queue, b->staging, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, size,
                                      0, NULL, NULL, &status);
    return status;
}

rp_code rp_opencl_buffer_new(rp_buffer **out, rp_device *base, size_t bytes, rp_error *err)
{
    opencl_device *device = (opencl_device *)base;
    if (bytes > SIZE_MAX - PAGE)
        return rp_fail(err, RP_E_MEMORY, "a buffer of %zu bytes cannot be", bytes);
    opencl_buffer *b = calloc(1, sizeof *b);
    if (!b)
        return rp_fail(err, RP_E_MEMORY, "no memory for a buffer");
    b->base = (rp_buffer){.device = base, .bytes = bytes};
    rp_opencl_enter(device);
    const cl_int status = make_memory(device, b, rounded(bytes ? bytes : 1, LINE));
    rp_opencl_leave(device);
    if (status != CL_SUCCESS) {
        rp_opencl_buffer_free(&b->base);
        return rp_fail(err, RP_E_DEVICE, "%s: no buffer of %zu bytes: %s (%d); lower --memory or --threads",
                       base->info.name, bytes, rp_opencl_error_name(status), status);
    }
    *out = &b->base;
    return RP_OK;
}

static void release_staging(const opencl_device *device, opencl_buffer *b)
{
    if (!b->staging)
        return;
    if (b->base.host)
        (void)clEnqueueUnmapMemObject(device->staging_queue, b->staging, b->base.host, 0, NULL, NULL);
    (void)clFinish(device->staging_queue);
    (void)clReleaseMemObject(b->staging);
    b->staging = NULL;
    b->base.host = NULL;
}

void rp_opencl_drop_staging(rp_buffer *base)
{
    opencl_device *device = (opencl_device *)base->device;
    rp_opencl_enter(device);
    release_staging(device, (opencl_buffer *)base);
    rp_opencl_leave(device);
}

void rp_opencl_buffer_free(rp_buffer *base)
{
    opencl_buffer *b = (opencl_buffer *)base;
    opencl_device *device = (opencl_device *)base->device;
    rp_opencl_enter(device);
    release_staging(device, b);
    if (b->memory)
        (void)clReleaseMemObject(b->memory);
    rp_opencl_leave(device);
    free(b);
}

/* Waits for the copy, so that the host may fill the staging memory again at once: other workers keep the device busy. */
rp_code rp_opencl_push(rp_queue *base, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err)
{
    const opencl_queue *q = (opencl_queue *)base;
    const opencl_device *device = (opencl_device *)base->device;
    if (!bytes || device->is_unified)
        return RP_OK;
    RP_CL_TRY(clEnqueueWriteBuffer(q->queue, ((opencl_buffer *)buffer)->memory, CL_TRUE, offset, bytes,
                                   (const char *)buffer->host + offset, 0, NULL, NULL),
              "upload");
    return RP_OK;
}

rp_code rp_opencl_pull(rp_queue *base, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err)
{
    const opencl_queue *q = (opencl_queue *)base;
    const opencl_device *device = (opencl_device *)base->device;
    if (!bytes || device->is_unified)
        return rp_opencl_finish(base, err);
    RP_CL_TRY(clEnqueueReadBuffer(q->queue, ((opencl_buffer *)buffer)->memory, CL_TRUE, offset, bytes,
                                  (char *)buffer->host + offset, 0, NULL, NULL),
              "download");
    return RP_OK;
}
