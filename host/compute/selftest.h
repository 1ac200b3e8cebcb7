/* The self-test of a device, and what the OpenCL back end remembers of it.  Contract: rp_device_selftest. */
#ifndef RP_HOST_COMPUTE_SELFTEST_H
#define RP_HOST_COMPUTE_SELFTEST_H

#include "host/compute/device_impl.h"

/* Runs the stored trials of one kernel and gives the hash (FNV-1a, 64 bits) of all that it wrote.  RP_E_INTERNAL for a
 * kernel without a trial. */
rp_code rp_selftest_hash(rp_device *device, rp_queue *queue, rp_kernel kernel, uint64_t *hash, rp_error *err);

/* The stored answer of a kernel; 0 when there is none. */
uint64_t rp_selftest_answer(rp_kernel kernel);

/* Whether this device, opened by "auto", passed with the same kernels, driver and answers before; `answers` is text
 * that stands for the answers.  Only for devices of the OpenCL back end. */
bool rp_opencl_is_trusted(const rp_device *device, const char *answers);
void rp_opencl_keep_trust(const rp_device *device, const char *answers);

#endif
