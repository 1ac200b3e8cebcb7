/* The self-test of a device: every kernel on stored inputs, its output's hash compared with the stored answer.
 *
 * The answers are those of the plainest host build (x86-64-v1, one lane).  tests/unit/test_selftest.c computes them
 * again with every host build, so a changed kernel cannot leave them stale; `test_selftest --print` writes new ones. */
#include "host/compute/selftest.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/compute/selftest_trial.h"

typedef void trial_function(rp_trial *t);

static trial_function *const trials[RP_K_COUNT] = {
#define ENTRY(name) [RP_K_##name] = rp_trial_of_##name,
    RP_TRIALS(ENTRY)
#undef ENTRY
};

static const uint64_t answers[RP_K_COUNT] = {
#include "host/compute/selftest_answers.h"
};

uint64_t rp_selftest_answer(rp_kernel kernel)
{
    return answers[kernel];
}

rp_code rp_selftest_hash(rp_device *device, rp_queue *queue, rp_kernel kernel, uint64_t *hash, rp_error *err)
{
    rp_trial t;
    if (!trials[kernel])
        return rp_fail(err, RP_E_INTERNAL, "the self-test has no trial of kernel %s", rp_kernel_names[kernel]);
    rp_trial_start(&t, device, queue, kernel, err);
    trials[kernel](&t);
    if (t.code == RP_OK)
        t.code = rp_queue_finish(queue, err);
    rp_trial_clear(&t);
    *hash = t.hash;
    return t.code;
}

static rp_code try_kernel(rp_device *device, rp_queue *queue, rp_kernel kernel, rp_error *err)
{
    uint64_t hash = 0;
    const rp_code code = rp_selftest_hash(device, queue, kernel, &hash, err);
    if (code != RP_OK)
        rp_error_prefix(err, "self-test");
    if (code == RP_OK && hash != answers[kernel])
        return rp_fail(err, RP_E_DEVICE,
                       "%s (driver %s): kernel %s gives wrong answers (%016" PRIx64 ", not %016" PRIx64
                       "); use --backend openmp",
                       device->info.name, device->info.driver, rp_kernel_names[kernel], hash, answers[kernel]);
    return code;
}

/* All answers in one line of text: what a passed test is remembered by. */
static void describe_answers(char text[32])
{
    uint64_t all = 0;
    for (int k = 0; k < RP_K_COUNT; k++)
        all = all * 0x100000001b3u ^ answers[k];
    (void)snprintf(text, 32, "passed %016" PRIx64 "\n", all);
}

rp_code rp_device_selftest(rp_device *device, rp_error *err)
{
    rp_queue *queue = NULL;
    char stamp[32];
    describe_answers(stamp);
#ifdef RP_HAVE_OPENCL
    const bool is_opencl = strcmp(device->info.backend, "opencl") == 0;
    if (is_opencl && rp_opencl_is_trusted(device, stamp))
        return RP_OK;
#endif
    rp_code code = rp_queue_new(&queue, device, err);
    for (int kernel = 0; kernel < RP_K_COUNT && code == RP_OK; kernel++)
        code = try_kernel(device, queue, kernel, err);
    rp_queue_free(queue);
#ifdef RP_HAVE_OPENCL
    if (code == RP_OK && is_opencl)
        rp_opencl_keep_trust(device, stamp);
#endif
    return code;
}
