/* Kernels compiled once more for a value of their parameters, when it is first met. */
#include <stdio.h>

#include "host/compute/kernels.h"
#include "host/compute/opencl/opencl_impl.h"

/* ------------------------------------------------------------------ what special.def says */
#define RP_SPECIAL(name, option, params, value, smallest, largest)                                                     \
    static uint32_t value_of_##name(const void *raw)                                                                   \
    {                                                                                                                  \
        const params *prm = raw;                                                                                       \
        const uint32_t v = value;                                                                                      \
        return v >= (smallest) && v <= (largest) ? v : 0;                                                              \
    }
#include "kernels/special.def"
#undef RP_SPECIAL

static const struct {
    const char *option;
    uint32_t (*value)(const void *params);
} specials[RP_K_COUNT] = {
#define RP_SPECIAL(name, option, params, value, smallest, largest) [RP_K_##name] = {#option, value_of_##name},
#include "kernels/special.def"
#undef RP_SPECIAL
};

/* Lines of kernels.def, as OpenCL C reads them. */
static const char *const lines[RP_K_COUNT] = {
#define RP_KERNEL_LANE(name, ...) [RP_K_##name] = "RP_KERNEL_LANE(" #name ", " #__VA_ARGS__ ")",
#define RP_KERNEL_PIXEL(name, ...) [RP_K_##name] = "RP_KERNEL_PIXEL(" #name ", " #__VA_ARGS__ ")",
#include "kernels/kernels.def"
#undef RP_KERNEL_LANE
#undef RP_KERNEL_PIXEL
};

uint32_t rp_opencl_special_value(rp_kernel kernel, const void *params)
{
    return specials[kernel].value ? specials[kernel].value(params) : 0;
}

/* ------------------------------------------------------------------ programs */
static rp_code add_special(opencl_device *device, rp_kernel kernel, uint32_t value, cl_program *out, rp_error *err)
{
    char before[1024], key[RP_CACHE_KEY];
    if (snprintf(before, sizeof before, "#define %s %u\n#define RP_ONE_KERNEL %s\n", specials[kernel].option, value,
                 lines[kernel]) >= (int)sizeof before)
        return rp_fail(err, RP_E_INTERNAL, "kernel %s has too long a line", rp_kernel_names[kernel]);
    const rp_code code = rp_opencl_build(device, before, out, key, err);
    if (code == RP_OK)
        device->special[device->nspecial++] = (opencl_special){kernel, value, *out};
    return code;
}

rp_code rp_opencl_special(opencl_device *device, rp_kernel kernel, uint32_t value, cl_program *out, rp_error *err)
{
    rp_code code = RP_OK;
    *out = value ? NULL : device->program;
    if (!value)
        return RP_OK;
    pthread_mutex_lock(&device->lock);
    for (size_t i = 0; i < device->nspecial && !*out; i++)
        if (device->special[i].kernel == kernel && device->special[i].value == value)
            *out = device->special[i].program;
    if (!*out && device->nspecial == RP_MAX_SPECIAL)
        *out = device->program;
    if (!*out)
        code = add_special(device, kernel, value, out, err);
    pthread_mutex_unlock(&device->lock);
    return code;
}
