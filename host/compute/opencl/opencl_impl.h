/* Inside of the OpenCL back end: devices.c, buffers.c, queues.c, program.c, special.c, cache.c. */
#ifndef RP_HOST_COMPUTE_OPENCL_IMPL_H
#define RP_HOST_COMPUTE_OPENCL_IMPL_H

#include <CL/cl.h>
#include <pthread.h>

#include "host/compute/device_impl.h"

/* Launches of a queue whose device times are still to be asked for. */
enum { RP_QUEUE_EVENTS = 256 };

/* The largest work-groups: of one pixel a work item, and of vectors of 8 or 16.  Strides are multiples of 64 pixels. */
enum { RP_GROUP_ITEMS = 128, RP_GROUP_VECTORS = 8 };

enum { RP_CACHE_KEY = 33, RP_CACHE_PATH = 4096, RP_MAX_SPECIAL = 16 };

/* A kernel compiled for one value of its option: kernels/special.def. */
typedef struct opencl_special {
    rp_kernel kernel;
    uint32_t value;
    cl_program program;
} opencl_special;

typedef struct opencl_device {
    rp_device base; /* first */
    cl_device_id id;
    cl_context context;
    cl_command_queue staging_queue;
    cl_program program;
    const char *source;
    pthread_mutex_t lock; /* of the special kernels */
    /* PoCL 3.1 can abort when several threads are in it at once; on a CPU they take turns. */
    pthread_mutex_t turn;
    opencl_special special[RP_MAX_SPECIAL];
    size_t nspecial;
    int lanes;
    bool is_unified;    /* a CPU: buffers are host memory */
    bool keeps_own;     /* the driver keeps what it compiles (PoCL): our cache would only add to that */
    bool trusts_stamps; /* opened by "auto": a self-test that was passed before need not be repeated */
    char key[RP_CACHE_KEY];     /* of the compiled kernels: source, options, device, driver; hexadecimal */
    char folder[RP_CACHE_PATH]; /* where they are kept; "" when there is no such place */
} opencl_device;

typedef struct opencl_buffer {
    rp_buffer base; /* first */
    cl_mem memory, staging;
} opencl_buffer;

typedef struct opencl_queue {
    rp_queue base; /* first */
    cl_command_queue queue;
    cl_kernel kernel[RP_K_COUNT]; /* own objects: arguments are not shared between threads */
    uint32_t special[RP_K_COUNT]; /* the value for which each was compiled, or 0 */
    cl_event event[RP_QUEUE_EVENTS];
    rp_kernel event_kernel[RP_QUEUE_EVENTS];
    size_t nevents;
} opencl_queue;

/* kernels/kernels.cl with its includes in place; made at build time by cmake/embed.c. */
extern const char rp_kernel_source[];

/* "CL_OUT_OF_RESOURCES"; the number where it has no well-known name. */
const char *rp_opencl_error_name(cl_int status);

/* Fails with RP_E_DEVICE, naming device, deed and OpenCL's reason. */
rp_code rp_opencl_fail(const rp_device *device, const char *what, cl_int status, rp_error *err);

#define RP_CL_TRY(call, what)                                                                                          \
    do {                                                                                                               \
        const cl_int status_ = (call);                                                                                 \
        if (status_ != CL_SUCCESS)                                                                                     \
            return rp_opencl_fail(&device->base, what, status_, err);                                                  \
    } while (0)

rp_code rp_opencl_buffer_new(rp_buffer **out, rp_device *base, size_t bytes, rp_error *err);
void rp_opencl_buffer_free(rp_buffer *base);
void rp_opencl_drop_staging(rp_buffer *base);
rp_code rp_opencl_push(rp_queue *base, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err);
rp_code rp_opencl_pull(rp_queue *base, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err);

rp_code rp_opencl_queue_new(rp_queue **out, rp_device *base, rp_error *err);
void rp_opencl_queue_free(rp_queue *base);
rp_code rp_opencl_finish(rp_queue *base, rp_error *err);
rp_code rp_opencl_launch(rp_queue *base, rp_kernel kernel, const void *params, size_t params_bytes,
                         rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err);

/* Around calls of the driver; nothing on a GPU. */
void rp_opencl_enter(opencl_device *device);
void rp_opencl_leave(opencl_device *device);

/* Builds device->program from device->source, or takes it from the cache; sets device->key. */
rp_code rp_opencl_program(opencl_device *device, rp_error *err);
/* The same with a line or two before the source, for another program of the device. */
rp_code rp_opencl_build(const opencl_device *device, const char *before, cl_program *program, char key[RP_CACHE_KEY],
                        rp_error *err);

/* The value of a kernel's option for these parameters; 0 when it has none, or the value is out of its range. */
uint32_t rp_opencl_special_value(rp_kernel kernel, const void *params);
/* The program that holds the kernel for `value`; 0: the program of all kernels.  Owned by the device. */
rp_code rp_opencl_special(opencl_device *device, rp_kernel kernel, uint32_t value, cl_program *out, rp_error *err);

/* Where compiled kernels are kept: makes the folder and its parents.  False, and "", when there is no such place. */
bool rp_opencl_cache_folder(const char *cache_dir, char out[RP_CACHE_PATH]);

/* A kept file: `bytes` as they were put under `key`.  Returns NULL when there is none, or when it is damaged or was
 * kept under another key.  Caller frees. */
unsigned char *rp_opencl_cache_get(const char *path, const char *key, size_t *bytes);
/* Failing to keep something costs time at the next start and nothing else. */
void rp_opencl_cache_put(const char *path, const char *key, const unsigned char *bytes, size_t n);

/* Hexadecimal SHA-256, cut to 128 bits, of the parts and the ends between them. */
bool rp_opencl_cache_key(const char *const *parts, size_t nparts, char out[RP_CACHE_KEY]);

#endif
