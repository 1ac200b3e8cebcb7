/* The OpenCL back end: platforms and devices. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/compute/opencl/opencl_impl.h"
#include "host/compute/resident.h"
#include "host/compute/selftest.h"

enum { MAX_PLATFORMS = 16, MAX_DEVICES = 256 };

static void device_text(cl_device_id id, cl_device_info what, char *out, size_t size)
{
    out[0] = '\0';
    if (clGetDeviceInfo(id, what, size - 1, out, NULL) != CL_SUCCESS)
        (void)snprintf(out, size, "unknown");
    out[size - 1] = '\0';
}

/* A CPU's buffers are host memory: nothing need be copied. */
static bool is_unified(cl_device_id id)
{
    cl_device_type type = 0;
    cl_bool unified = CL_FALSE;
    (void)clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    (void)clGetDeviceInfo(id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, NULL);
    return unified && (type & CL_DEVICE_TYPE_CPU) && !(type & CL_DEVICE_TYPE_GPU);
}

static bool is_pocl(cl_device_id id)
{
    char name[128] = "";
    cl_platform_id platform = NULL;
    (void)clGetDeviceInfo(id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    return platform && clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof name - 1, name, NULL) == CL_SUCCESS &&
           strcmp(name, "Portable Computing Language") == 0;
}

static void describe(cl_device_id id, rp_device_info *info)
{
    cl_device_type type = 0;
    cl_ulong memory = 0, largest = 0;
    *info = (rp_device_info){.workers = 2};
    (void)snprintf(info->backend, sizeof info->backend, "opencl");
    device_text(id, CL_DEVICE_NAME, info->name, sizeof info->name);
    device_text(id, CL_DRIVER_VERSION, info->driver, sizeof info->driver);
    (void)clGetDeviceInfo(id, CL_DEVICE_TYPE, sizeof type, &type, NULL);
    (void)clGetDeviceInfo(id, CL_DEVICE_GLOBAL_MEM_SIZE, sizeof memory, &memory, NULL);
    (void)clGetDeviceInfo(id, CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof largest, &largest, NULL);
    info->memory_bytes = memory;
    info->max_buffer_bytes = largest;
    info->is_gpu = (type & CL_DEVICE_TYPE_GPU) != 0;
    if (info->is_gpu)
        info->workers = 3; /* reading, computing, writing overlap */
}

/* ------------------------------------------------------------------ lists */
static bool has_doubles(cl_device_id id)
{
    cl_device_fp_config fp64 = 0;
    return clGetDeviceInfo(id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof fp64, &fp64, NULL) == CL_SUCCESS && fp64 != 0;
}

/* Appends the devices of one platform that compute in double precision. */
static void add_devices(cl_platform_id platform, cl_device_type type, cl_device_id *ids, size_t *count)
{
    cl_device_id found[MAX_DEVICES];
    cl_uint n = 0;
    if (clGetDeviceIDs(platform, type, MAX_DEVICES, found, &n) != CL_SUCCESS)
        return;
    for (cl_uint i = 0; i < n && i < MAX_DEVICES && *count < MAX_DEVICES; i++) {
        bool is_known = false; /* a device may be of several types */
        for (size_t k = 0; k < *count; k++)
            is_known |= ids[k] == found[i];
        if (!is_known && has_doubles(found[i]))
            ids[(*count)++] = found[i];
    }
}

/* GPUs first.  Caller frees. */
static rp_code all_devices(cl_device_id **out, size_t *count, rp_error *err)
{
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint n = 0;
    *count = 0;
    *out = calloc(MAX_DEVICES, sizeof **out);
    if (!*out)
        return rp_fail(err, RP_E_MEMORY, "no memory for the list of devices");
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &n) != CL_SUCCESS)
        return RP_OK; /* no driver: no device */
    n = n < MAX_PLATFORMS ? n : MAX_PLATFORMS;
    for (cl_uint p = 0; p < n; p++)
        add_devices(platforms[p], CL_DEVICE_TYPE_GPU, *out, count);
    for (cl_uint p = 0; p < n; p++)
        add_devices(platforms[p], CL_DEVICE_TYPE_CPU | CL_DEVICE_TYPE_ACCELERATOR, *out, count);
    return RP_OK;
}

/* PoCL keeps what it compiles: in our cache folder, unless the user chose one; and once per kernel, not once per size
 * of work-groups as well.  It reads its environment when the first platform is asked for. */
static void set_driver_environment(const char *cache_dir)
{
    char folder[RP_CACHE_PATH], pocl[RP_CACHE_PATH + 8];
    (void)setenv("POCL_WORK_GROUP_SPECIALIZATION", "0", 0);
    if (getenv("POCL_CACHE_DIR") || !rp_opencl_cache_folder(cache_dir, folder))
        return;
    (void)snprintf(pocl, sizeof pocl, "%s/pocl", folder);
    if (rp_opencl_cache_folder(pocl, folder))
        (void)setenv("POCL_CACHE_DIR", folder, 0);
}

bool rp_opencl_gpu_likely(void)
{
    static const char *const signs[] = {"/dev/nvidiactl", "/dev/kfd", "/dev/dxg"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (access(signs[i], F_OK) == 0)
            return true;
    return false;
}

rp_code rp_opencl_list(rp_device_info **out, size_t *count, rp_error *err)
{
    cl_device_id *ids = NULL;
    *out = NULL;
    set_driver_environment(NULL);
    rp_code code = all_devices(&ids, count, err);
    if (code != RP_OK)
        return code;
    *out = calloc(*count + 1, sizeof **out);
    if (!*out)
        code = rp_fail(err, RP_E_MEMORY, "no memory for the list of devices");
    for (size_t i = 0; code == RP_OK && i < *count; i++)
        describe(ids[i], &(*out)[i]);
    free(ids);
    return code;
}

/* ------------------------------------------------------------------ one device */
void rp_opencl_enter(opencl_device *device)
{
    if (!device->base.info.is_gpu)
        (void)pthread_mutex_lock(&device->turn);
}

void rp_opencl_leave(opencl_device *device)
{
    if (!device->base.info.is_gpu)
        (void)pthread_mutex_unlock(&device->turn);
}

static void opencl_close(rp_device *base)
{
    opencl_device *device = (opencl_device *)base;
    for (size_t i = 0; i < device->nspecial; i++)
        (void)clReleaseProgram(device->special[i].program);
    if (device->program)
        (void)clReleaseProgram(device->program);
    if (device->staging_queue)
        (void)clReleaseCommandQueue(device->staging_queue);
    if (device->context)
        (void)clReleaseContext(device->context);
    (void)pthread_mutex_destroy(&device->lock);
    (void)pthread_mutex_destroy(&device->turn);
    free(device);
}

static const rp_backend opencl_backend = {
    .name = "opencl",
    .close = opencl_close,
    .buffer_new = rp_opencl_buffer_new,
    .buffer_free = rp_opencl_buffer_free,
    .drop_staging = rp_opencl_drop_staging,
    .queue_new = rp_opencl_queue_new,
    .queue_free = rp_opencl_queue_free,
    .push = rp_opencl_push,
    .pull = rp_opencl_pull,
    .finish = rp_opencl_finish,
    .launch = rp_opencl_launch,
};

static rp_code prepare(opencl_device *device, const rp_device_options *options, rp_error *err)
{
    cl_int status = CL_SUCCESS;
    const rp_device_info *info = &device->base.info;
    device->source = rp_kernel_source;
    device->is_unified = is_unified(device->id);
    device->keeps_own = is_pocl(device->id);
    device->lanes = options->lanes ? options->lanes : info->is_gpu ? 1 : 8;
    (void)rp_opencl_cache_folder(options->cache_dir, device->folder);
    device->context = clCreateContext(NULL, 1, &device->id, NULL, NULL, &status);
    RP_CL_TRY(status, "making a context");
    device->staging_queue = clCreateCommandQueue(device->context, device->id, 0, &status);
    RP_CL_TRY(status, "making a queue");
    return rp_opencl_program(device, err);
}

/* Where copies to the device cost something, references stay there. */
static void keep_references(opencl_device *device)
{
    rp_device *base = &device->base;
    if (!base->info.is_gpu || device->is_unified)
        return;
    base->resident = rp_resident_new();
    if (base->resident)
        base->info.resident_bytes = base->info.memory_bytes / 4;
}

static rp_code choose(cl_device_id *out, int index, rp_error *err)
{
    cl_device_id *ids = NULL;
    size_t n = 0;
    const size_t wanted = index < 0 ? 0 : (size_t)index;
    rp_code code = all_devices(&ids, &n, err);
    if (code == RP_OK && !n)
        code = rp_fail(err, RP_E_DEVICE, "no OpenCL device with double precision; install a driver, or use --backend openmp");
    else if (code == RP_OK && wanted >= n)
        code = rp_fail(err, RP_E_DEVICE, "no OpenCL device %zu, they go from 0 to %zu; see `rampart devices`", wanted, n - 1);
    else if (code == RP_OK)
        *out = ids[wanted];
    free(ids);
    return code;
}

rp_code rp_opencl_open(rp_device **out, const rp_device_options *options, int index, bool gpu_only, rp_error *err)
{
    cl_device_id id = NULL;
    set_driver_environment(options->cache_dir);
    rp_code code = choose(&id, index, err);
    if (code != RP_OK)
        return code;
    opencl_device *device = calloc(1, sizeof *device);
    if (!device)
        return rp_fail(err, RP_E_MEMORY, "no memory for a device");
    (void)pthread_mutex_init(&device->lock, NULL); /* with default attributes they cannot fail */
    (void)pthread_mutex_init(&device->turn, NULL);
    device->base.backend = &opencl_backend;
    device->base.log = options->log;
    device->id = id;
    device->trusts_stamps = gpu_only;
    describe(id, &device->base.info);
    if (options->threads > 0 && !device->base.info.is_gpu)
        device->base.info.workers = options->threads;
    if (gpu_only && !device->base.info.is_gpu)
        code = rp_fail(err, RP_E_DEVICE, "no GPU with an OpenCL driver");
    if (code == RP_OK)
        code = prepare(device, options, err);
    if (code != RP_OK) {
        opencl_close(&device->base);
        return code;
    }
    keep_references(device);
    *out = &device->base;
    return RP_OK;
}

/* ------------------------------------------------------------------ self-tests that were passed */
static bool stamp_path(const opencl_device *device, char out[RP_CACHE_PATH])
{
    return device->folder[0] &&
           snprintf(out, RP_CACHE_PATH, "%s/selftest-%s", device->folder, device->key) < RP_CACHE_PATH;
}

bool rp_opencl_is_trusted(const rp_device *base, const char *answers)
{
    const opencl_device *device = (const opencl_device *)base;
    char path[RP_CACHE_PATH];
    size_t n = 0;
    if (!device->trusts_stamps || !stamp_path(device, path))
        return false;
    unsigned char *text = rp_opencl_cache_get(path, device->key, &n);
    const bool is_passed = text && n == strlen(answers) && memcmp(text, answers, n) == 0;
    free(text);
    return is_passed;
}

void rp_opencl_keep_trust(const rp_device *base, const char *answers)
{
    const opencl_device *device = (const opencl_device *)base;
    char path[RP_CACHE_PATH];
    if (stamp_path(device, path))
        rp_opencl_cache_put(path, device->key, (const unsigned char *)answers, strlen(answers));
}
