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

static void make_key(const opencl_device *device, const char *before, const char *options, char key[RP_CACHE_KEY])
{
    char version[128] = "";
    (void)clGetDeviceInfo(device->id, CL_DEVICE_VERSION, sizeof version - 1, version, NULL);
    const rp_device_info *info = &device->base.info;
    const char *const parts[] = {before, device->source, options, info->name, info->driver, version, RP_VERSION};
    (void)rp_opencl_cache_key(parts, sizeof parts / sizeof *parts, key);
}

/* False when nothing is to be kept: there is no place for it, or the driver does it (which needs no more than the
 * kernels used so far; a binary has all of them). */
static bool cache_path(const opencl_device *device, bool is_one_kernel, const char *key, char out[RP_CACHE_PATH])
{
    return (is_one_kernel || !device->keeps_own) && device->folder[0] && key[0] &&
           snprintf(out, RP_CACHE_PATH, "%s/kernels-%s.bin", device->folder, key) < RP_CACHE_PATH;
}

static cl_program load_binary(const opencl_device *device, const char *path, const char *key, const char *options)
{
    size_t size = 0;
    unsigned char *bytes = rp_opencl_cache_get(path, key, &size);
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

static void keep_binary(cl_program program, const char *path, const char *key)
{
    size_t size = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL) != CL_SUCCESS || !size)
        return;
    unsigned char *bytes = malloc(size);
    if (bytes && clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL) == CL_SUCCESS)
        rp_opencl_cache_put(path, key, bytes, size);
    free(bytes);
}

/* What the compiler said, from its first error on; caller frees. */
static char *build_log(const opencl_device *device, cl_program program, const char **first_error)
{
    size_t size = 0;
    *first_error = "no log";
    if (!program || clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size) != CL_SUCCESS)
        return NULL;
    char *log = calloc(size + 1, 1);
    if (log && clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL) == CL_SUCCESS) {
        const char *error = strstr(log, "error");
        *first_error = error ? error : log;
    }
    return log;
}

static rp_code build_source(const opencl_device *device, const char *before, const char *options, cl_program *program,
                            rp_error *err)
{
    const char *const texts[] = {before, device->source};
    cl_int status = CL_SUCCESS;
    *program = clCreateProgramWithSource(device->context, 2, (const char **)texts, NULL, &status);
    if (status == CL_SUCCESS)
        status = clBuildProgram(*program, 1, &device->id, options, NULL, NULL);
    if (status == CL_SUCCESS)
        return RP_OK;
    const char *first_error;
    char *log = build_log(device, *program, &first_error);
    const rp_code code = rp_fail(err, RP_E_DEVICE, "%s: kernels do not compile: %s (%d): %.600s",
                                 device->base.info.name, rp_opencl_error_name(status), status, first_error);
    free(log);
    if (*program)
        (void)clReleaseProgram(*program);
    *program = NULL;
    return code;
}

rp_code rp_opencl_build(const opencl_device *device, const char *before, cl_program *program, char key[RP_CACHE_KEY],
                        rp_error *err)
{
    char options[256], path[RP_CACHE_PATH];
    build_options(device, options, sizeof options);
    make_key(device, before, options, key);
    const bool is_kept = cache_path(device, before[0] != '\0', key, path);
    *program = is_kept ? load_binary(device, path, key, options) : NULL;
    if (*program)
        return RP_OK;
    rp_logf(device->base.log, device->keeps_own ? RP_DEBUG : RP_INFO, "rampart.device", "compiling kernels for %s",
            device->base.info.name);
    const rp_code code = build_source(device, before, options, program, err);
    if (code == RP_OK && is_kept)
        keep_binary(*program, path, key);
    return code;
}

rp_code rp_opencl_program(opencl_device *device, rp_error *err)
{
    return rp_opencl_build(device, "", &device->program, device->key, err);
}
