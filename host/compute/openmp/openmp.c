/* The OpenMP back end: buffers are host memory, a launch is a call.  Threads are the engine's workers, one queue each. */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/compute/device_impl.h"
#include "host/compute/openmp/kernels_host.h"

#define VARIANT(isa, lanes) extern const rp_host_kernel *const rp_host_kernels_##isa##_##lanes;
VARIANT(v1, 1)
VARIANT(v1, 8)
VARIANT(v3, 8)
VARIANT(v4, 8)
VARIANT(v4, 16)
#undef VARIANT

typedef struct openmp_device {
    rp_device base;
    rp_host_kernel kernels[RP_K_COUNT];
} openmp_device;

/* Pointwise kernels wait until something else is asked for, and then run together, tile by tile: the tile stays in the
 * core's cache from one step to the next. */
enum { MAX_PENDING = 24, MAX_PARAMS_BYTES = 1024, TILE_PIXELS = 2048 };

typedef struct pending_launch {
    rp_kernel kernel;
    _Alignas(16) char params[MAX_PARAMS_BYTES];
    void *memory[RP_MAX_KERNEL_BUFFERS];
} pending_launch;

typedef struct openmp_queue {
    rp_queue base;
    pending_launch pending[MAX_PENDING];
    size_t npending;
    rp_range range;
} openmp_queue;

/* Instruction sets from best to most widely available; the lane width that fits each best. */
static const struct variant {
    const char *isa;
    int lanes;
    const rp_host_kernel *const *kernels;
} variants[] = {
    {"v4", 16, &rp_host_kernels_v4_16}, {"v4", 8, &rp_host_kernels_v4_8}, {"v3", 8, &rp_host_kernels_v3_8},
    {"v1", 8, &rp_host_kernels_v1_8},   {"v1", 1, &rp_host_kernels_v1_1},
};

static bool cpu_has(const char *isa)
{
#ifdef __x86_64__
    if (!strcmp(isa, "v4"))
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    if (!strcmp(isa, "v3"))
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#endif
    return !strcmp(isa, "v1");
}

static void cpu_name(char *out, size_t size)
{
    (void)snprintf(out, size, "CPU");
    FILE *f = fopen("/proc/cpuinfo", "re");
    if (!f)
        return;
    char line[256];
    while (fgets(line, sizeof line, f)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !colon)
            continue;
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(out, size, "%s", colon + 2);
        break;
    }
    (void)fclose(f);
}

static void openmp_close(rp_device *device)
{
    free(device);
}

static rp_code openmp_buffer_new(rp_buffer **out, rp_device *device, size_t bytes, rp_error *err)
{
    const size_t rounded = (bytes + RP_BUFFER_ALIGNMENT - 1) / RP_BUFFER_ALIGNMENT * RP_BUFFER_ALIGNMENT;
    rp_buffer *buffer = malloc(sizeof *buffer);
    void *memory = rounded < bytes ? NULL : aligned_alloc(RP_BUFFER_ALIGNMENT, rounded ? rounded : RP_BUFFER_ALIGNMENT);
    if (!buffer || !memory) {
        free(buffer);
        free(memory);
        return rp_fail(err, RP_E_MEMORY, "no memory for a buffer of %zu bytes; lower --memory or --threads", bytes);
    }
    *buffer = (rp_buffer){.device = device, .bytes = bytes, .host = memory};
    *out = buffer;
    return RP_OK;
}

static void openmp_buffer_free(rp_buffer *buffer)
{
    free(buffer->host);
    free(buffer);
}

static rp_code openmp_queue_new(rp_queue **out, rp_device *device, rp_error *err)
{
    openmp_queue *queue = calloc(1, sizeof *queue);
    if (!queue)
        return rp_fail(err, RP_E_MEMORY, "no memory for a queue");
    queue->base.device = device;
    *out = &queue->base;
    return RP_OK;
}

static void openmp_queue_free(rp_queue *queue)
{
    free(queue);
}

static unsigned long long now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long long)t.tv_sec * 1000000000ull + (unsigned long long)t.tv_nsec;
}

static void note_use(rp_device *device, rp_kernel kernel, unsigned long long calls, unsigned long long ns)
{
    atomic_fetch_add_explicit(&device->calls[kernel], calls, memory_order_relaxed);
    atomic_fetch_add_explicit(&device->nanoseconds[kernel], ns, memory_order_relaxed);
}

static void run_now(rp_device *device, const pending_launch *launch, size_t begin, size_t end)
{
    const rp_host_kernel *entry = &((const openmp_device *)device)->kernels[launch->kernel];
    const size_t extent[3] = {end, begin, 0};
    entry->run(launch->params, launch->memory, extent);
}

/* Runs what is pending, all of it on one tile after the other. */
static void flush(openmp_queue *queue)
{
    rp_device *device = queue->base.device;
    unsigned long long ns[MAX_PENDING] = {0};
    const size_t n = queue->range.n;
    for (size_t begin = queue->range.first; queue->npending && begin < n; begin += TILE_PIXELS) {
        const size_t end = begin + TILE_PIXELS < n ? begin + TILE_PIXELS : n;
        unsigned long long before = now_ns();
        for (size_t i = 0; i < queue->npending; i++) {
            run_now(device, &queue->pending[i], begin, end);
            const unsigned long long after = now_ns();
            ns[i] += after - before;
            before = after;
        }
    }
    for (size_t i = 0; i < queue->npending; i++)
        note_use(device, queue->pending[i].kernel, 1, ns[i]);
    queue->npending = 0;
}

static rp_code openmp_push(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err)
{
    (void)queue, (void)buffer, (void)offset, (void)bytes, (void)err;
    return RP_OK;
}

static rp_code openmp_pull(rp_queue *queue, rp_buffer *buffer, size_t offset, size_t bytes, rp_error *err)
{
    (void)buffer, (void)offset, (void)bytes, (void)err;
    flush((openmp_queue *)queue);
    return RP_OK;
}

static rp_code openmp_finish(rp_queue *queue, rp_error *err)
{
    (void)err;
    flush((openmp_queue *)queue);
    return RP_OK;
}

static bool is_pointwise(rp_kernel kernel)
{
    static const bool pointwise[RP_K_COUNT] = {
#define RP_POINTWISE(name) [RP_K_##name] = true,
#include "kernels/pointwise.def"
#undef RP_POINTWISE
    };
    return pointwise[kernel];
}

static void fill_launch(pending_launch *launch, rp_kernel kernel, const void *params, size_t params_bytes,
                        rp_buffer *const *buffers, size_t nbuffers)
{
    launch->kernel = kernel;
    memcpy(launch->params, params, params_bytes);
    memset(launch->memory, 0, sizeof launch->memory);
    for (size_t i = 0; i < nbuffers; i++)
        launch->memory[i] = buffers[i] ? buffers[i]->host : NULL;
}

static rp_code openmp_launch(rp_queue *base, rp_kernel kernel, const void *params, size_t params_bytes,
                             rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err)
{
    openmp_queue *queue = (openmp_queue *)base;
    if (params_bytes > MAX_PARAMS_BYTES)
        return rp_fail(err, RP_E_INTERNAL, "kernel %s: %zu bytes of parameters", rp_kernel_names[kernel], params_bytes);
    const bool wait = is_pointwise(kernel);
    if (!wait || queue->npending == MAX_PENDING || queue->range.n != range.n || queue->range.first != range.first)
        flush(queue);
    if (wait) {
        queue->range = range;
        fill_launch(&queue->pending[queue->npending++], kernel, params, params_bytes, buffers, nbuffers);
        return RP_OK;
    }
    pending_launch launch;
    fill_launch(&launch, kernel, params, params_bytes, buffers, nbuffers);
    const rp_host_kernel *entry = &((const openmp_device *)base->device)->kernels[kernel];
    const size_t lanes[3] = {range.n, range.first, 0}, pixels[3] = {range.nx, range.ny, range.nz};
    const unsigned long long start = now_ns();
    entry->run(launch.params, launch.memory, entry->is_lane ? lanes : pixels);
    note_use(base->device, kernel, 1, now_ns() - start);
    return RP_OK;
}

static const rp_backend openmp_backend = {
    .name = "openmp",
    .close = openmp_close,
    .buffer_new = openmp_buffer_new,
    .buffer_free = openmp_buffer_free,
    .queue_new = openmp_queue_new,
    .queue_free = openmp_queue_free,
    .push = openmp_push,
    .pull = openmp_pull,
    .finish = openmp_finish,
    .launch = openmp_launch,
};

static const struct variant *choose_variant(const rp_device_options *options)
{
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        const struct variant *v = &variants[i];
        if (options->isa && strcmp(options->isa, v->isa) != 0)
            continue;
        if (options->lanes && options->lanes != v->lanes)
            continue;
        if (cpu_has(v->isa))
            return v;
    }
    return NULL;
}

/* Kernels in double precision run better on 8 lanes, one register, than on 16; the bits are the same. */
static void prefer_narrow(openmp_device *device, const struct variant *chosen)
{
    static const rp_kernel in_double[] = {
#define RP_IN_DOUBLE(name) RP_K_##name,
#include "kernels/in_double.def"
#undef RP_IN_DOUBLE
    };
    if (strcmp(chosen->isa, "v4") != 0 || chosen->lanes != 16)
        return;
    for (size_t i = 0; i < sizeof in_double / sizeof *in_double; i++)
        device->kernels[in_double[i]] = rp_host_kernels_v4_8[in_double[i]];
}

rp_code rp_openmp_open(rp_device **out, const rp_device_options *options, rp_error *err)
{
    const struct variant *v = choose_variant(options);
    if (!v)
        return rp_fail(err, RP_E_DEVICE, "this CPU cannot run the host kernels asked for (isa %s, %d lanes)",
                       options->isa ? options->isa : "any", options->lanes);
    openmp_device *device = calloc(1, sizeof *device);
    if (!device)
        return rp_fail(err, RP_E_MEMORY, "no memory for a device");
    device->base.backend = &openmp_backend;
    device->base.log = options->log;
    memcpy(device->kernels, *v->kernels, sizeof device->kernels);
    if (!options->isa && !options->lanes)
        prefer_narrow(device, v);
    rp_device_info *info = &device->base.info;
    char name[96];
    cpu_name(name, sizeof name);
    (void)snprintf(info->backend, sizeof info->backend, "openmp");
    (void)snprintf(info->name, sizeof info->name, "%.90s (x86-64-%s, %d lanes)", name, v->isa, v->lanes);
    (void)snprintf(info->driver, sizeof info->driver, "OpenMP %d", _OPENMP);
    info->workers = options->threads > 0 ? options->threads : omp_get_num_procs();
    info->host_memory = true;
    *out = &device->base;
    return RP_OK;
}
