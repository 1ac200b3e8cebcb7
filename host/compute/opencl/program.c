/* Compiled kernels: from the cache where they are kept for this device, driver, set of options and source; else from
 * source.  A kept binary that the driver refuses is compiled anew and replaced. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/compute/opencl/opencl_impl.h"

static void build_options(const opencl_device *device, char *out, size_t size)
{
    cl_device_fp_config fp32 = 0;
    (void)clGetDeviceInfo(device->id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof fp32, &fp32, NULL);
    (void)snprintf(out, size, "-cl-std=CL1.2 -DRP_LANES=%d%s", device->lanes,
                   fp32 & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT ? " -cl-fp32-correctly-rounded-divide-sqrt" : "");
}

static void set_key(opencl_device *device, const char *options)
{
    char version[128] = "";
    (void)clGetDeviceInfo(device->id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    const char *const parts[] = {device->source,           options, device->base.info.name,
                                 device->base.info.driver, version, RP_VERSION};
    if (!rp_opencl_cache_key(parts, sizeof parts / sizeof *parts, device->key))
        device->folder[0] = '\0';
}

static bool cache_path(const opencl_device *device, char out[RP_CACHE_PATH])
{
    return !device->keeps_own && device->folder[0] &&
           snprintf(out, RP_CACHE_PATH, "%s/kernels-%s.bin", device->folder, device->key) < RP_CACHE_PATH;
}

static cl_program load_binary(const opencl_device *device, const char *path, const char *options)
{
    size_t size = 0;
    unsigned char *bytes = rp_opencl_cache_get(path, device->key, &size);
    const unsigned char *view = bytes;
    cl_int loaded = CL_SUCCESS, status = CL_SUCCESS;
    if (!bytes)
        return NULL;
    cl_program program = clCreateProgramWithBinary(device->context, 1, &device->id, &size, &view, &loaded, &status);
    if (status == CL_SUCCESS)
        status = loaded;
    if (status == CL_SUCCESS)
        status = clBuildProgram(program, 1, &device->id, options, NULL, NULL);
    if (program && status != CL_SUCCESS) {
        (void)clReleaseProgram(program);
        program = NULL;
    }
    free(bytes);
    return program;
}

static void keep_binary(const opencl_device *device, const char *path)
{
    size_t size = 0;
    if (clGetProgramInfo(device->program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != CL_SUCCESS || !size)
        return;
    unsigned char *bytes = malloc(size);
    if (bytes && clGetProgramInfo(device->program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL) == CL_SUCCESS)
        rp_opencl_cache_put(path, device->key, bytes, size);
    free(bytes);
}

/* What the compiler said, from its first error on; caller frees. */
static char *build_log(const opencl_device *device, const char **first_error)
{
    size_t size = 0;
    *first_error = "no log";
    if (!device->program ||
        clGetProgramBuildInfo(device->program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) != CL_SUCCESS)
        return NULL;
    char *log = calloc(size + 1, 1);
    if (log && clGetProgramBuildInfo(device->program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL) == CL_SUCCESS) {
        const char *error = strstr(log, "error");
        *first_error = error ? error : log;
    }
    return log;
}

static rp_code build_source(opencl_device *device, const char *options, rp_error *err)
{
    cl_int status = CL_SUCCESS;
    device->program = clCreateProgramWithSource(device->context, 1, &device->source, NULL, &status);
    if (status == CL_SUCCESS)
        status = clBuildProgram(device->program, 1, &device->id, options, NULL, NULL);
    if (status == CL_SUCCESS)
        return RP_OK;
    const char *first_error;
    char *log = build_log(device, &first_error);
    const rp_code code = rp_fail(err, RP_E_DEVICE, "%s: kernels do not compile: %s (%d): %.600s",
                                 device->base.info.name, rp_opencl_error_name(status), status, first_error);
    free(log);
    return code;
}

rp_code rp_opencl_program(opencl_device *device, const rp_log *log, rp_error *err)
{
    char options[256], path[RP_CACHE_PATH];
    build_options(device, options, sizeof options);
    set_key(device, options);
    const bool is_kept = cache_path(device, path);
    if (is_kept)
        device->program = load_binary(device, path, options);
    if (device->program)
        return RP_OK;
    rp_logf(log, device->keeps_own ? RP_DEBUG : RP_INFO, "rampart.device", "compiling kernels for %s",
            device->base.info.name);
    const rp_code code = build_source(device, options, err);
    if (code == RP_OK && is_kept)
        keep_binary(device, path);
    return code;
}
