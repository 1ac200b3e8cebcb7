/* The self-test of devices: its stored answers hold for every host build, and a device that errs does not pass.
 *
 *   test_selftest --print   writes host/compute/selftest_answers.h to standard output, after a kernel was changed */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "host/compute/selftest.h"

static rp_device *open_host(const char *backend)
{
    rp_device *device = NULL;
    rp_error err = {0};
    const rp_device_options options = {.backend = backend, .threads = 1};
    return rp_device_open(&device, &options, &err) == RP_OK ? device : NULL;
}

static int print_answers(void)
{
    rp_device *device = open_host("openmp:v1:1");
    rp_queue *queue = NULL;
    rp_error err = {0};
    int failed = !device || rp_queue_new(&queue, device, &err) != RP_OK;
    (void)puts("/* Made by `test_selftest --print`. */");
    for (int k = 0; k < RP_K_COUNT && !failed; k++) {
        uint64_t hash = 0;
        failed = rp_selftest_hash(device, queue, k, &hash, &err) != RP_OK;
        (void)printf("    [RP_K_%s] = 0x%016" PRIx64 "u,\n", rp_kernel_names[k], hash);
    }
    if (failed)
        (void)fprintf(stderr, "test_selftest: %s\n", err.text);
    rp_queue_free(queue);
    rp_device_close(device);
    return failed;
}

/* ------------------------------------------------------------------ */
static void answers_hold_for(const char *backend)
{
    rp_device *device = open_host(backend);
    rp_queue *queue = NULL;
    rp_error err = {0};
    if (!device)
        return; /* this CPU has no such instructions */
    assert_int_equal(rp_queue_new(&queue, device, &err), RP_OK);
    for (int k = 0; k < RP_K_COUNT; k++) {
        uint64_t hash = 0;
        const rp_code code = rp_selftest_hash(device, queue, k, &hash, &err);
        if (code != RP_OK)
            fail_msg("%s: %s", backend, err.text);
        if (hash != rp_selftest_answer(k))
            fail_msg("%s: kernel %s gives %016" PRIx64 ", the stored answer is %016" PRIx64
                     " (changed on purpose? run test_selftest --print)",
                     backend, rp_kernel_names[k], hash, rp_selftest_answer(k));
    }
    rp_queue_free(queue);
    assert_int_equal(rp_device_selftest(device, &err), RP_OK);
    rp_device_close(device);
}

static void test_every_host_build_gives_the_stored_answers(void **state)
{
    static const char *const backends[] = {"openmp:v1:1", "openmp:v1:8", "openmp:v3:8", "openmp:v4:8", "openmp:v4:16"};
    (void)state;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
        answers_hold_for(backends[i]);
}

static void test_every_kernel_has_its_own_answer(void **state)
{
    (void)state;
    for (int k = 0; k < RP_K_COUNT; k++) {
        if (rp_selftest_answer(k) == 0)
            fail_msg("kernel %s has no stored answer", rp_kernel_names[k]);
        for (int other = 0; other < k; other++)
            assert_true(rp_selftest_answer(other) != rp_selftest_answer(k));
    }
}

/* ------------------------------------------------------------------ a device that errs */
static rp_code (*sound_launch)(rp_queue *, rp_kernel, const void *, size_t, rp_buffer *const *, size_t, rp_range,
                               rp_error *);
static rp_kernel idle_kernel;

/* Leaves one kernel out. */
static rp_code lazy_launch(rp_queue *queue, rp_kernel kernel, const void *params, size_t params_bytes,
                           rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err)
{
    return kernel == idle_kernel
               ? RP_OK
               : sound_launch(queue, kernel, params, params_bytes, buffers, nbuffers, range, err);
}

static rp_code failing_launch(rp_queue *queue, rp_kernel kernel, const void *params, size_t params_bytes,
                              rp_buffer *const *buffers, size_t nbuffers, rp_range range, rp_error *err)
{
    (void)queue, (void)params, (void)params_bytes, (void)buffers, (void)nbuffers, (void)range;
    return rp_fail(err, RP_E_DEVICE, "kernel %d does not start", kernel);
}

static void test_a_kernel_that_does_nothing_is_found(void **state)
{
    (void)state;
    rp_device *device = open_host("openmp");
    rp_backend lazy = *device->backend;
    const rp_backend *const sound = device->backend;
    sound_launch = lazy.launch;
    lazy.launch = lazy_launch;
    device->backend = &lazy;
    for (idle_kernel = 0; idle_kernel < RP_K_COUNT; idle_kernel++) {
        rp_error err = {0};
        if (rp_device_selftest(device, &err) != RP_E_DEVICE)
            fail_msg("kernel %s may do nothing", rp_kernel_names[idle_kernel]);
        assert_non_null(strstr(err.text, "gives wrong answers"));
    }
    device->backend = sound;
    rp_device_close(device);
}

static void test_a_launch_that_fails_is_told(void **state)
{
    (void)state;
    rp_error err = {0};
    rp_device *device = open_host("openmp");
    rp_backend broken = *device->backend;
    const rp_backend *const sound = device->backend;
    broken.launch = failing_launch;
    device->backend = &broken;
    assert_int_equal(rp_device_selftest(device, &err), RP_E_DEVICE);
    assert_string_equal(err.text, "self-test: kernel 0 does not start");
    device->backend = sound;
    rp_device_close(device);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kernel_has_its_own_answer),
        cmocka_unit_test(test_every_host_build_gives_the_stored_answers),
        cmocka_unit_test(test_a_kernel_that_does_nothing_is_found),
        cmocka_unit_test(test_a_launch_that_fails_is_told),
    };
    if (argc > 1 && strcmp(argv[1], "--print") == 0)
        return print_answers();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
