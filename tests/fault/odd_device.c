/* The rampart command with a device that no machine has, for what only GPUs do.  RP_TEST_DEVICE says which:
 *
 *   breaks    what `auto` finds fails at its 20th launch; the work must go on with OpenMP.  `opencl` is this device too
 *   resident  a device on which references stay; the command runs twice with it, and must find some there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/compute/device_impl.h"
#include "host/compute/resident.h"

static rp_backend odd;
static rp_code (*sound_launch)(rp_queue *, rp_kernel, const void *, size_t, rp_buffer *const *, size_t, rp_range,
                               rp_error *);
static int launches, found;
static rp_device *kept;

rp_code __real_rp_device_open(rp_device **out, const rp_device_options *options, rp_error *err);
rp_code __wrap_rp_device_open(rp_device **out, const rp_device_options *options, rp_error *err);
void __wrap_rp_device_close(rp_device *device);
void __real_rp_device_close(rp_device *device);
rp_buffer *__real_rp_resident_find(rp_device *device, const rp_resident_key *key);
rp_buffer *__wrap_rp_resident_find(rp_device *device, const rp_resident_key *key);

static bool is(const char *kind)
{
    const char *wanted = getenv("RP_TEST_DEVICE");
    return wanted && !strcmp(wanted, kind);
}

static rp_code breaking_launch(rp_queue *queue, rp_kernel kernel, const void *params, size_t params_bytes,
                               rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err)
{
    if (++launches >= 20)
        return rp_fail(err, RP_E_DEVICE, "the device fell off the bus");
    return sound_launch(queue, kernel, params, params_bytes, buffers, nbuffers, range, err);
}

rp_code __wrap_rp_device_open(rp_device **out, const rp_device_options *options, rp_error *err)
{
    const char *backend = options->backend ? options->backend : "auto";
    if (kept) {
        *out = kept;
        return RP_OK;
    }
    rp_device_options host = *options;
    host.backend = "openmp";
    const rp_code code = __real_rp_device_open(out, &host, err);
    if (code != RP_OK || !strcmp(backend, "openmp"))
        return code;
    rp_device *device = *out;
    if (is("breaks")) {
        odd = *device->backend;
        sound_launch = odd.launch;
        odd.launch = breaking_launch;
        device->backend = &odd;
    } else if (is("resident")) {
        kept = device;
        device->resident = rp_resident_new();
        device->info.resident_bytes = (size_t)64 << 20;
    }
    return RP_OK;
}

void __wrap_rp_device_close(rp_device *device)
{
    if (device != kept)
        __real_rp_device_close(device);
}

rp_buffer *__wrap_rp_resident_find(rp_device *device, const rp_resident_key *key)
{
    rp_buffer *buffer = __real_rp_resident_find(device, key);
    found += buffer != NULL;
    return buffer;
}

int main(int argc, char **argv)
{
    int status = rp_cli_main(argc, argv);
    if (status != 0 || !kept)
        return status;
    status = rp_cli_main(argc, argv);
    if (status == 0 && !found) {
        (void)fprintf(stderr, "no reference was found on the device\n");
        status = 99;
    }
    __real_rp_device_close(kept);
    return status;
}
