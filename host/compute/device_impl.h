/* What a back end implements; private to host/compute. */
#ifndef RP_HOST_COMPUTE_DEVICE_IMPL_H
#define RP_HOST_COMPUTE_DEVICE_IMPL_H

#include <stdatomic.h>

#include "rampart/device.h"

#include "kernels/kernel_ids.h"

struct rp_device {
    const struct rp_backend *backend;
    rp_device_info info;
    const rp_log *log;
    struct rp_resident *resident; /* NULL: nothing stays */
    atomic_ullong calls[RP_K_COUNT];
    atomic_ullong nanoseconds[RP_K_COUNT];
    atomic_ullong pushed_bytes, pulled_bytes;
};

struct rp_buffer {
    rp_device *device;
    size_t bytes;
    void *host; /* staging view; the buffer itself on host memory */
};

struct rp_queue {
    rp_device *device;
};

typedef struct rp_backend {
    const char *name;
    void (*close)(rp_device *device);
    rp_code (*buffer_new)(rp_buffer **out, rp_device *device, size_t bytes, rp_error *err);
    void (*buffer_free)(rp_buffer *buffer);
    void (*drop_staging)(rp_buffer *buffer); /* the host will not touch the buffer again; NULL: nothing to do */
    rp_code (*queue_new)(rp_queue **out, rp_device *device, rp_error *err);
    void (*queue_free)(rp_queue *queue);
    rp_code (*push)(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err);
    rp_code (*pull)(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err);
    rp_code (*finish)(rp_queue *queue, rp_error *err);
    rp_code (*launch)(rp_queue *queue, rp_kernel kernel, const void *params, size_t params_bytes,
                      rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err);
} rp_backend;

enum { RP_MAX_KERNEL_BUFFERS = 12, RP_BUFFER_ALIGNMENT = 64 };

extern const char *const rp_kernel_names[RP_K_COUNT];

/* For a back end whose info.resident_bytes is not 0; NULL without memory: then nothing stays. */
struct rp_resident *rp_resident_new(void);

rp_code rp_openmp_open(rp_device **out, const rp_device_options *options, rp_error *err);

/* index: the N of "opencl:N", or -1 for the first (GPUs first). */
rp_code rp_opencl_open(rp_device **out, const rp_device_options *options, int index, bool gpu_only, rp_error *err);
rp_code rp_opencl_list(rp_device_info **out, size_t *count, rp_error *err);
/* Whether the machine shows signs of a GPU with an OpenCL driver; looks at files only and loads no driver. */
bool rp_opencl_gpu_likely(void);

#endif
