/* OpenCL queues and launches. */
#include <stdio.h>
#include <stdlib.h>

#include "host/compute/kernels.h"
#include "host/compute/opencl/opencl_impl.h"
#include "kernels/launch.h"

/* What kernels.def says of a kernel. */
typedef struct kernel_shape {
    size_t params_bytes, nbuffers;
    bool is_lane;
} kernel_shape;

#undef RP_KERNEL_LANE
#undef RP_KERNEL_PIXEL
static const kernel_shape shapes[RP_K_COUNT] = {
#define RP_KERNEL_LANE(name, params, body, ...) [RP_K_##name] = {sizeof(params), RP_COUNT(__VA_ARGS__), true},
#define RP_KERNEL_PIXEL(name, params, body, ...) [RP_K_##name] = {sizeof(params), RP_COUNT(__VA_ARGS__), false},
#include "kernels/kernels.def"
#undef RP_KERNEL_LANE
#undef RP_KERNEL_PIXEL
};

rp_code rp_opencl_queue_new(rp_queue **out, rp_device *base, rp_error *err)
{
    const opencl_device *device = (opencl_device *)base;
    opencl_queue *q = calloc(1, sizeof *q);
    if (!q)
        return rp_fail(err, RP_E_MEMORY, "no memory for a queue");
    cl_int status = CL_SUCCESS;
    q->base.device = base;
    q->queue = clCreateCommandQueue(device->context, device->id, CL_QUEUE_PROFILING_ENABLE, &status);
    if (status != CL_SUCCESS) {
        free(q);
        return rp_opencl_fail(base, "making a queue", status, err);
    }
    *out = &q->base;
    return RP_OK;
}

/* Adds device times of finished launches to the device's counters.  Returns the first launch that failed, or -1. */
static rp_kernel collect_events(opencl_queue *q, cl_int *why)
{
    rp_device *device = q->base.device;
    rp_kernel failed = -1;
    for (size_t i = 0; i < q->nevents; i++) {
        cl_ulong start = 0, end = 0;
        cl_int state = CL_COMPLETE;
        (void)clGetEventInfo(q->event[i], CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
        if (state < 0 && failed < 0) {
            failed = q->event_kernel[i];
            *why = state;
        }
        if (clGetEventProfilingInfo(q->event[i], CL_PROFILING_COMMAND_START, sizeof start, &start, NULL) ==
                CL_SUCCESS &&
            clGetEventProfilingInfo(q->event[i], CL_PROFILING_COMMAND_END, sizeof end, &end, NULL) == CL_SUCCESS &&
            end > start)
            atomic_fetch_add_explicit(&device->nanoseconds[q->event_kernel[i]], end - start, memory_order_relaxed);
        (void)clReleaseEvent(q->event[i]);
    }
    q->nevents = 0;
    return failed;
}

void rp_opencl_queue_free(rp_queue *base)
{
    opencl_queue *q = (opencl_queue *)base;
    cl_int why = CL_SUCCESS;
    (void)clFinish(q->queue);
    (void)collect_events(q, &why);
    for (int k = 0; k < RP_K_COUNT; k++)
        if (q->kernel[k])
            (void)clReleaseKernel(q->kernel[k]);
    (void)clReleaseCommandQueue(q->queue);
    free(q);
}

static rp_code finish(opencl_queue *q, rp_error *err)
{
    const opencl_device *device = (opencl_device *)q->base.device;
    cl_int why = CL_SUCCESS;
    const cl_int status = clFinish(q->queue);
    const rp_kernel failed = collect_events(q, &why);
    if (failed >= 0)
        return rp_opencl_fail(&device->base, rp_kernel_names[failed], why, err);
    RP_CL_TRY(status, "waiting for the device");
    return RP_OK;
}

rp_code rp_opencl_finish(rp_queue *base, rp_error *err)
{
    opencl_device *device = (opencl_device *)base->device;
    rp_opencl_enter(device);
    const rp_code code = finish((opencl_queue *)base, err);
    rp_opencl_leave(device);
    return code;
}

/* The queue's own object of the kernel that was compiled for these parameters. */
static rp_code own_kernel(opencl_queue *q, rp_kernel kernel, const void *params, rp_error *err)
{
    opencl_device *device = (opencl_device *)q->base.device;
    const uint32_t value = rp_opencl_special_value(kernel, params);
    cl_program program = NULL;
    if (q->kernel[kernel] && q->special[kernel] == value)
        return RP_OK;
    if (q->kernel[kernel])
        (void)clReleaseKernel(q->kernel[kernel]);
    q->kernel[kernel] = NULL;
    const rp_code code = rp_opencl_special(device, kernel, value, &program, err);
    if (code != RP_OK)
        return code;
    char name[80];
    cl_int status = CL_SUCCESS;
    (void)snprintf(name, sizeof name, "rp_k_%s", rp_kernel_names[kernel]);
    q->kernel[kernel] = clCreateKernel(program, name, &status);
    q->special[kernel] = value;
    if (status != CL_SUCCESS)
        q->kernel[kernel] = NULL;
    RP_CL_TRY(status, name);
    return RP_OK;
}

/* The largest divisor of n that is at most `limit`. */
static size_t divisor(size_t n, size_t limit)
{
    for (size_t d = limit < n ? limit : n; d > 1; d--)
        if (n % d == 0)
            return d;
    return 1;
}

/* Work items and work-group sizes of a launch; false when there is nothing to do. */
static bool choose_sizes(const opencl_device *device, rp_kernel kernel, rp_range range, size_t global[3],
                         size_t local[3])
{
    if (shapes[kernel].is_lane) {
        global[0] = (range.n - range.first) / (size_t)device->lanes;
        local[0] = divisor(global[0], device->lanes == 1 ? RP_GROUP_ITEMS : RP_GROUP_VECTORS);
        global[1] = global[2] = local[1] = local[2] = 1;
    } else {
        global[0] = range.nx;
        global[1] = range.ny;
        global[2] = range.nz;
        local[0] = divisor(range.nx, RP_GROUP_ITEMS);
        local[1] = divisor(range.ny, RP_GROUP_ITEMS / local[0]);
        local[2] = 1;
    }
    return global[0] && global[1] && global[2];
}

static rp_code set_arguments(opencl_queue *q, rp_kernel kernel, const void *params, size_t params_bytes,
                             rp_buffer *const *buffers, size_t nbuffers, rp_error *err)
{
    const opencl_device *device = (opencl_device *)q->base.device;
    const kernel_shape *shape = &shapes[kernel];
    if (params_bytes != shape->params_bytes || nbuffers != shape->nbuffers)
        return rp_fail(err, RP_E_INTERNAL, "kernel %s takes %zu bytes of parameters and %zu buffers, not %zu and %zu",
                       rp_kernel_names[kernel], shape->params_bytes, shape->nbuffers, params_bytes, nbuffers);
    const rp_code code = own_kernel(q, kernel, params, err);
    if (code != RP_OK)
        return code;
    RP_CL_TRY(clSetKernelArg(q->kernel[kernel], 0, params_bytes, params), rp_kernel_names[kernel]);
    for (size_t i = 0; i < nbuffers; i++) {
        const cl_mem memory = buffers[i] ? ((opencl_buffer *)buffers[i])->memory : NULL;
        RP_CL_TRY(clSetKernelArg(q->kernel[kernel], (cl_uint)(i + 1), sizeof memory, memory ? &memory : NULL),
                  rp_kernel_names[kernel]);
    }
    return RP_OK;
}

static rp_code launch(opencl_queue *q, rp_kernel kernel, const void *params, size_t params_bytes,
                      rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err)
{
    const opencl_device *device = (opencl_device *)q->base.device;
    size_t global[3], local[3];
    const size_t offset[3] = {range.first / (size_t)device->lanes, 0, 0};
    const rp_code code = set_arguments(q, kernel, params, params_bytes, buffers, nbuffers, err);
    if (code != RP_OK)
        return code;
    if (!choose_sizes(device, kernel, range, global, local))
        return RP_OK;
    RP_CL_TRY(clEnqueueNDRangeKernel(q->queue, q->kernel[kernel], shapes[kernel].is_lane ? 1 : 3, offset, global, local,
                                     0, NULL, &q->event[q->nevents]),
              rp_kernel_names[kernel]);
    q->event_kernel[q->nevents++] = kernel;
    atomic_fetch_add_explicit(&q->base.device->calls[kernel], 1, memory_order_relaxed);
    return q->nevents == RP_QUEUE_EVENTS ? finish(q, err) : RP_OK;
}

rp_code rp_opencl_launch(rp_queue *base, rp_kernel kernel, const void *params, size_t params_bytes,
                         rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err)
{
    opencl_device *device = (opencl_device *)base->device;
    rp_opencl_enter(device);
    const rp_code code = launch((opencl_queue *)base, kernel, params, params_bytes, buffers, nbuffers, range, err);
    rp_opencl_leave(device);
    return code;
}
