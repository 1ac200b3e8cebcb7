/* Compute devices, their buffers and queues, and the kernels that run on them.
 *
 * A kernel is one entry of kernels/kernels.def: a parameter struct passed by value, and buffers.
 * OpenMP and OpenCL run the same text and give the same bits. */
#ifndef RAMPART_DEVICE_H
#define RAMPART_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/log.h"
#include "rampart/status.h"

typedef struct rp_device rp_device;
typedef struct rp_queue rp_queue;   /* in-order; one per worker thread */
typedef struct rp_buffer rp_buffer; /* device memory with a host view for staging */

typedef struct rp_device_options {
    const char *backend;   /* "auto", "openmp", "opencl", "opencl:N"; NULL is auto */
    int threads;           /* worker threads; 0: all cores */
    int lanes;             /* host SIMD width for tests: 0 (best), 1, 8, 16 */
    const char *isa;       /* host variant for tests: NULL (best), "v1", "v3", "v4" */
    const char *cache_dir; /* compiled kernels and self-test results; NULL: $XDG_CACHE_HOME/rampart */
    const rp_log *log;
} rp_device_options;

/* Named back ends are strict.  "auto": a GPU that passed its self-test, else OpenMP. */
rp_code rp_device_open(rp_device **out, const rp_device_options *options, rp_error *err);
void rp_device_close(rp_device *device);

typedef struct rp_device_info {
    char backend[16];  /* "openmp", "opencl" */
    char name[128];    /* "AMD EPYC (x86-64-v4, 16 lanes)" */
    char driver[128];
    size_t memory_bytes;     /* what the device says it has; 0: host memory */
    size_t max_buffer_bytes;
    size_t resident_bytes;   /* how much of references stays on it between exposures; 0: nothing */
    int workers;             /* how many queues pay off */
    bool host_memory;        /* buffers are host memory: push and pull cost nothing */
    bool is_gpu;
} rp_device_info;

void rp_device_describe(const rp_device *device, rp_device_info *out);

/* Every device that could be opened; caller frees *out with free(). */
rp_code rp_device_list(rp_device_info **out, size_t *count, rp_error *err);

/* Runs every kernel on stored inputs and compares with stored answers, bit for bit. */
rp_code rp_device_selftest(rp_device *device, rp_error *err);

rp_code rp_buffer_new(rp_buffer **out, rp_device *device, size_t bytes, rp_error *err);
void rp_buffer_free(rp_buffer *buffer);
void *rp_buffer_host(rp_buffer *buffer); /* 64-byte aligned staging memory of the whole buffer */
size_t rp_buffer_bytes(const rp_buffer *buffer);

rp_code rp_queue_new(rp_queue **out, rp_device *device, rp_error *err);
void rp_queue_free(rp_queue *queue);

/* host view -> device, and back.  No-ops on host memory.  pull returns when the bytes are there. */
rp_code rp_queue_push(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err);
rp_code rp_queue_pull(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err);
rp_code rp_queue_finish(rp_queue *queue, rp_error *err);

/* Number of a kernel: kernels/kernel_ids.h. */
typedef int rp_kernel;

/* Extent of a launch.  LANE kernels: pixels first .. n-1 (multiples of 16) in flat order.
 * PIXEL kernels: nx * ny * nz work items. */
typedef struct rp_range {
    size_t n, first;
    size_t nx, ny, nz;
} rp_range;

/* Enqueues one kernel.  `buffers[i]` may be NULL: the kernel then gets a null pointer, and must not touch it. */
rp_code rp_queue_launch(rp_queue *queue, rp_kernel kernel, const void *params, size_t params_bytes,
                        rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err);

/* Counters since the device was opened, per kernel: calls, seconds (device time where known), bytes pushed and pulled. */
typedef struct rp_kernel_usage {
    const char *name;
    uint64_t calls;
    double seconds;
} rp_kernel_usage;
size_t rp_device_usage(const rp_device *device, rp_kernel_usage *out, size_t capacity);
void rp_device_traffic(const rp_device *device, uint64_t *pushed_bytes, uint64_t *pulled_bytes);

#endif
