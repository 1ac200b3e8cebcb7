/* Devices: choice of a back end, buffers, queues, launches; OpenCL gives the bits of OpenMP at every number of lanes. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/compute/device_impl.h"
#include "host/compute/kernels.h"
#ifdef RP_HAVE_OPENCL
#include "host/compute/opencl/opencl_impl.h"
#include "host/compute/selftest.h"
#endif

enum { N = 640, NPLANES = 6, THREADS = 4, ROUNDS = 20 };

static rp_device *open_device(const char *backend)
{
    rp_device *device = NULL;
    rp_error err = {0};
    const rp_device_options options = {.backend = backend, .threads = 2};
    return rp_device_open(&device, &options, &err) == RP_OK ? device : NULL;
}

/* A device, or the end of the test where this machine has no OpenCL. */
static rp_device *open_or_skip(const char *backend)
{
    rp_device *device = open_device(backend);
    if (!device && strncmp(backend, "opencl", 6) == 0)
        skip();
    assert_non_null(device);
    return device;
}

static rp_queue *new_queue(rp_device *device)
{
    rp_queue *queue = NULL;
    assert_int_equal(rp_queue_new(&queue, device, NULL), RP_OK);
    return queue;
}

static rp_buffer *new_buffer(rp_device *device, size_t bytes)
{
    rp_buffer *buffer = NULL;
    assert_int_equal(rp_buffer_new(&buffer, device, bytes, NULL), RP_OK);
    assert_int_equal(rp_buffer_bytes(buffer), bytes);
    assert_int_equal((uintptr_t)rp_buffer_host(buffer) % 64, 0);
    return buffer;
}

static rp_buffer *filled(rp_queue *queue, const void *data, size_t bytes)
{
    rp_buffer *buffer = new_buffer(queue->device, bytes);
    memcpy(rp_buffer_host(buffer), data, bytes);
    assert_int_equal(rp_queue_push(queue, buffer, 0, bytes, NULL), RP_OK);
    return buffer;
}

/* ------------------------------------------------------------------ choosing */
static void fails_with(const char *backend, rp_code code, const char *text)
{
    rp_device *device = (rp_device *)1;
    rp_error err = {0};
    const rp_device_options options = {.backend = backend};
    assert_int_equal(rp_device_open(&device, &options, &err), code);
    assert_null(device);
    if (!strstr(err.text, text))
        fail_msg("%s: \"%s\" does not say \"%s\"", backend, err.text, text);
}

static void test_backends_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    fails_with("cuda", RP_E_ARGUMENT, "--backend cuda: use auto, openmp, opencl or opencl:N");
    fails_with("openmpx", RP_E_ARGUMENT, "--backend openmpx");
    fails_with("openmp:v1:7", RP_E_ARGUMENT, "openmp:v1, v3 or v4");
    fails_with("openmp:v9", RP_E_DEVICE, "isa v9");
#ifdef RP_HAVE_OPENCL
    fails_with("opencl:x", RP_E_ARGUMENT, "give a device number");
    fails_with("opencl:-1", RP_E_ARGUMENT, "give a device number");
    fails_with("opencl:0:4", RP_E_ARGUMENT, "give a device number");
    fails_with("opencl:99", RP_E_DEVICE, "no OpenCL device");
#else
    fails_with("opencl", RP_E_DEVICE, "this build has no OpenCL");
#endif
}

static void test_openmp_says_what_it_is(void **state)
{
    (void)state;
    rp_device_info info;
    rp_device *device = open_device("openmp:v1:8");
    rp_device_describe(device, &info);
    assert_string_equal(info.backend, "openmp");
    assert_non_null(strstr(info.name, "(x86-64-v1, 8 lanes)"));
    assert_int_equal(info.workers, 2);
    assert_true(info.host_memory);
    assert_false(info.is_gpu);
    rp_device_close(device);
}

static void test_the_list_starts_with_openmp(void **state)
{
    (void)state;
    rp_device_info *infos = NULL;
    size_t count = 0, opencl = 0;
    assert_int_equal(rp_device_list(&infos, &count, NULL), RP_OK);
    assert_true(count >= 1);
    assert_string_equal(infos[0].backend, "openmp");
    for (size_t i = 1; i < count; i++)
        opencl += strcmp(infos[i].backend, "opencl") == 0 && infos[i].name[0] && infos[i].max_buffer_bytes > 0;
    assert_int_equal(opencl, count - 1);
    free(infos);
}

static void test_auto_always_finds_a_device(void **state)
{
    (void)state;
    rp_device *device = open_device(NULL);
    assert_non_null(device);
    rp_device_close(device);
}

/* ------------------------------------------------------------------ buffers */
/* Part of a buffer goes to the device and back; the rest of the host's view is left alone. */
static void check_parts(const char *backend)
{
    rp_device *device = open_or_skip(backend);
    rp_queue *queue = new_queue(device);
    rp_buffer *buffer = new_buffer(device, 1000), *empty = new_buffer(device, 0);
    uint8_t *host = rp_buffer_host(buffer);
    for (size_t i = 0; i < 1000; i++)
        host[i] = (uint8_t)i;
    assert_int_equal(rp_queue_push(queue, buffer, 0, 1000, NULL), RP_OK);
    assert_int_equal(rp_queue_pull(queue, buffer, 100, 200, NULL), RP_OK);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(host[i], (uint8_t)i);
    assert_int_equal(rp_queue_push(queue, empty, 0, 0, NULL), RP_OK);
    assert_int_equal(rp_queue_pull(queue, empty, 0, 0, NULL), RP_OK);
    assert_int_equal(rp_queue_finish(queue, NULL), RP_OK);
    rp_buffer_free(buffer);
    rp_buffer_free(empty);
    rp_buffer_free(NULL);
    rp_queue_free(queue);
    rp_queue_free(NULL);
    rp_device_close(device);
}

static void test_buffers(void **state)
{
    (void)state;
    check_parts("openmp");
    check_parts("opencl");
}

static void test_a_buffer_larger_than_the_device_allows(void **state)
{
    (void)state;
    rp_device *device = open_or_skip("opencl");
    rp_device_info info;
    rp_error err = {0};
    rp_buffer *buffer = (rp_buffer *)1;
    rp_device_describe(device, &info);
    assert_int_equal(rp_buffer_new(&buffer, device, info.max_buffer_bytes + 1, &err), RP_E_MEMORY);
    assert_null(buffer);
    assert_non_null(strstr(err.text, "more than the device allows"));
    rp_device_close(device);
}

/* ------------------------------------------------------------------ kernels */
typedef struct answers {
    float ramp[NPLANES * N], other[NPLANES * N];
    uint8_t groupdq[NPLANES * N];
    uint32_t pixeldq[N], counter[4];
} answers;

static uint32_t fits_word(float value)
{
    uint32_t word;
    memcpy(&word, &value, sizeof word);
    return __builtin_bswap32(word);
}

/* superbias, a reference ramp with NaN, or_pixeldq, usable_groups (work items) and load_f32 with a null buffer. */
static void compute(rp_device *device, answers *out)
{
    static uint32_t words[NPLANES * N], mask[N], seen[NPLANES];
    static float ramp[NPLANES * N];
    static uint8_t flags[NPLANES * N];
    for (size_t i = 0; i < NPLANES * N; i++) {
        words[i] = i % 17 == 0 ? 0x0000c07fu /* NaN, big-endian */ : fits_word((float)i * 0.37f);
        ramp[i] = (float)(i % 1000) * 1.7f + 9000.0f;
        flags[i] = i / N == 2;
    }
    for (size_t i = 0; i < N; i++)
        mask[i] = __builtin_bswap32((uint32_t)i ^ 0x80000000u);
    rp_queue *q = new_queue(device);
    rp_buffer *bias = filled(q, words, sizeof words), *data = filled(q, ramp, sizeof ramp);
    rp_buffer *groupdq = filled(q, flags, sizeof flags), *dq = filled(q, mask, sizeof mask);
    rp_buffer *pixeldq = filled(q, mask, sizeof mask), *groups = filled(q, seen, sizeof seen);
    rp_buffer *other = filled(q, ramp, sizeof ramp);
    const rp_range lanes = {.n = N}, items = {.nx = 37, .ny = 17, .nz = NPLANES};
    const rp_superbias_params superbias = {N, N, NPLANES, 0};
    const rp_subtract_params subtract = {N, 0, N, 0, 1, NPLANES, NPLANES, 4, 0};
    const rp_or_params or_dq = {0};
    const rp_usable_params usable = {N, 37, 3, 9, 2, 30, 0};
    const rp_ramp_io_params load = {N, 2, 0};
    rp_error err = {0};
    assert_int_equal(rp_queue_launch(q, RP_K_superbias, &superbias, sizeof superbias, (rp_buffer *[]){data, bias}, 2,
                                     lanes, &err), RP_OK);
    assert_int_equal(rp_queue_launch(q, RP_K_subtract_ramp, &subtract, sizeof subtract, (rp_buffer *[]){data, bias}, 2,
                                     lanes, &err), RP_OK);
    assert_int_equal(rp_queue_launch(q, RP_K_or_pixeldq, &or_dq, sizeof or_dq, (rp_buffer *[]){pixeldq, dq}, 2, lanes,
                                     &err), RP_OK);
    assert_int_equal(rp_queue_launch(q, RP_K_usable_groups, &usable, sizeof usable, (rp_buffer *[]){groups, groupdq}, 2,
                                     items, &err), RP_OK);
    assert_int_equal(rp_queue_launch(q, RP_K_load_f32, &load, sizeof load, (rp_buffer *[]){other, NULL, bias}, 3, lanes,
                                     &err), RP_OK);
    assert_int_equal(rp_queue_launch(q, RP_K_superbias, &superbias, sizeof superbias, (rp_buffer *[]){data, bias}, 2,
                                     (rp_range){0}, &err), RP_OK); /* nothing to do */
    assert_int_equal(rp_queue_pull(q, data, 0, sizeof ramp, &err), RP_OK);
    assert_int_equal(rp_queue_pull(q, pixeldq, 0, sizeof mask, &err), RP_OK);
    assert_int_equal(rp_queue_pull(q, groups, 0, sizeof seen, &err), RP_OK);
    assert_int_equal(rp_queue_pull(q, other, 0, sizeof ramp, &err), RP_OK);
    memset(out, 0, sizeof *out);
    memcpy(out->ramp, rp_buffer_host(data), sizeof out->ramp);
    memcpy(out->other, rp_buffer_host(other), sizeof out->other);
    memcpy(out->pixeldq, rp_buffer_host(pixeldq), sizeof out->pixeldq);
    memcpy(out->groupdq, rp_buffer_host(groups), sizeof seen);
    rp_buffer *const all[] = {bias, data, groupdq, dq, pixeldq, groups, other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        rp_buffer_free(all[i]);
    rp_queue_free(q);
}

static void test_opencl_gives_the_bits_of_openmp(void **state)
{
    static const char *const backends[] = {"opencl:0:1", "opencl:0:8", "opencl:0:16"};
    static answers host, device;
    (void)state;
    rp_device *openmp = open_device("openmp:v1:1");
    compute(openmp, &host);
    rp_device_close(openmp);
    /* 1 of 1000 pixels by hand: 9000 + 1.7 - word 641 (1 plane on) - word 1 */
    const float by_hand = (9000.0f + 1.7f - 641.0f * 0.37f) - 0.37f;
    assert_memory_equal(&host.ramp[1], &by_hand, sizeof by_hand);
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        rp_device *opencl = open_or_skip(backends[i]);
        compute(opencl, &device);
        assert_memory_equal(&host, &device, sizeof host);
        rp_device_close(opencl);
    }
}

static void test_opencl_passes_the_self_test(void **state)
{
    static const char *const backends[] = {"opencl:0:1", "opencl:0:8", "opencl:0:16"};
    (void)state;
    for (size_t i = 0; i < sizeof backends / sizeof *backends; i++) {
        rp_error err = {0};
        rp_device *opencl = open_or_skip(backends[i]);
        if (rp_device_selftest(opencl, &err) != RP_OK)
            fail_msg("%s: %s", backends[i], err.text);
        rp_device_close(opencl);
    }
}

static void test_usage_and_traffic_are_counted(void **state)
{
    static answers out;
    (void)state;
    rp_device *device = open_or_skip("opencl");
    rp_kernel_usage usage[RP_K_COUNT];
    uint64_t pushed = 0, pulled = 0, calls = 0;
    compute(device, &out);
    const size_t n = rp_device_usage(device, usage, RP_K_COUNT);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++) {
        calls += usage[i].calls;
        assert_true(usage[i].seconds > 0.0 && usage[i].seconds < 100.0);
    }
    assert_int_equal(calls, 5);
    rp_device_traffic(device, &pushed, &pulled);
    rp_device_info info;
    rp_device_describe(device, &info);
    assert_true(info.host_memory ? pushed == 0 && pulled == 0 : pushed > pulled && pulled > 0);
    rp_device_close(device);
}

/* ------------------------------------------------------------------ threads */
typedef struct worker {
    pthread_t thread;
    rp_device *device;
    float start;
    int wrong;
} worker;

/* Subtracts a plane of ones ROUNDS times; every worker has its own queue, buffers and start. */
static void *subtract_ones(void *payload)
{
    worker *w = payload;
    rp_queue *q = NULL;
    rp_buffer *data = NULL, *ones = NULL;
    const rp_superbias_params params = {N, 0, 1, 0};
    if (rp_queue_new(&q, w->device, NULL) || rp_buffer_new(&data, w->device, N * 4, NULL) ||
        rp_buffer_new(&ones, w->device, N * 4, NULL)) {
        w->wrong = 1;
        return NULL;
    }
    for (size_t i = 0; i < N; i++) {
        ((float *)rp_buffer_host(data))[i] = w->start + (float)i;
        ((uint32_t *)rp_buffer_host(ones))[i] = fits_word(1.0f);
    }
    w->wrong |= rp_queue_push(q, data, 0, N * 4, NULL) || rp_queue_push(q, ones, 0, N * 4, NULL);
    for (int k = 0; k < ROUNDS; k++)
        w->wrong |= rp_queue_launch(q, RP_K_superbias, &params, sizeof params, (rp_buffer *[]){data, ones}, 2,
                                    (rp_range){.n = N}, NULL) != RP_OK;
    w->wrong |= rp_queue_pull(q, data, 0, N * 4, NULL) != RP_OK;
    for (size_t i = 0; i < N; i++)
        w->wrong |= ((float *)rp_buffer_host(data))[i] != w->start + (float)i - (float)ROUNDS;
    rp_buffer_free(data);
    rp_buffer_free(ones);
    rp_queue_free(q);
    return NULL;
}

static void check_threads(const char *backend)
{
    worker workers[THREADS] = {0};
    rp_device *device = open_or_skip(backend);
    for (int i = 0; i < THREADS; i++) {
        workers[i].device = device;
        workers[i].start = 1000.0f * (float)i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, subtract_ones, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    rp_kernel_usage usage[RP_K_COUNT];
    assert_int_equal(rp_device_usage(device, usage, RP_K_COUNT), 1);
    assert_string_equal(usage[0].name, "superbias");
    assert_int_equal(usage[0].calls, THREADS * ROUNDS);
    rp_device_close(device);
}

static void test_queues_of_several_threads(void **state)
{
    (void)state;
    check_threads("openmp");
    check_threads("opencl");
}

/* ------------------------------------------------------------------ failures */
static void test_launches_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    rp_error err = {0};
    rp_device *device = open_or_skip("opencl");
    rp_queue *q = new_queue(device);
    rp_buffer *data = new_buffer(device, N * 4);
    const rp_superbias_params params = {N, 0, 1, 0};
    rp_buffer *const buffers[13] = {data, data};
    assert_int_equal(rp_queue_launch(q, RP_K_COUNT, &params, sizeof params, buffers, 2, (rp_range){.n = N}, &err),
                     RP_E_INTERNAL);
    assert_int_equal(rp_queue_launch(q, RP_K_superbias, &params, sizeof params, buffers, 13, (rp_range){.n = N}, &err),
                     RP_E_INTERNAL);
    assert_int_equal(rp_queue_launch(q, RP_K_superbias, &params, 4, buffers, 2, (rp_range){.n = N}, &err),
                     RP_E_INTERNAL);
    assert_non_null(strstr(err.text, "superbias takes 24 bytes of parameters and 2 buffers, not 4 and 2"));
    assert_int_equal(rp_queue_launch(q, RP_K_superbias, &params, sizeof params, buffers, 2, (rp_range){.n = N}, &err),
                     RP_OK);
    rp_buffer_free(data);
    rp_queue_free(q);
    rp_device_close(device);
}

#ifdef RP_HAVE_OPENCL
/* ------------------------------------------------------------------ compiled kernels on disk */
typedef struct cache_test {
    char folder[64], path[RP_CACHE_PATH];
    rp_device *device;
    int compiled; /* log lines that say so */
    rp_log log;
} cache_test;

static void count_lines(void *payload, rp_level level, const char *name, const char *text)
{
    cache_test *c = payload;
    c->compiled += level == RP_INFO && strcmp(name, "rampart.device") == 0 && strncmp(text, "compiling", 9) == 0;
}

/* The program of another, tiny source, with our own cache even where the driver has one. */
static rp_code build(cache_test *c, const char *source, rp_error *err)
{
    opencl_device *device = (opencl_device *)c->device;
    if (device->program)
        (void)clReleaseProgram(device->program);
    device->program = NULL;
    device->source = source;
    device->keeps_own = false;
    device->base.log = &c->log;
    const rp_code code = rp_opencl_program(device, err);
    (void)snprintf(c->path, sizeof c->path, "%s/kernels-%s.bin", c->folder, device->key);
    return code;
}

static ino_t inode_of(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? info.st_ino : 0;
}

/* Changes one byte of a file. */
static void damage(const char *path, long offset)
{
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    const int byte = fgetc(f);
    assert_int_equal(fseek(f, offset, SEEK_SET), 0);
    (void)fputc(byte ^ 1, f);
    assert_int_equal(fclose(f), 0);
}

static void open_cache_test(cache_test *c)
{
    *c = (cache_test){.folder = "/tmp/rampart-cache-XXXXXX"};
    c->log = (rp_log){count_lines, c};
    assert_non_null(mkdtemp(c->folder));
    const rp_device_options options = {.backend = "opencl:0:8", .cache_dir = c->folder};
    if (rp_device_open(&c->device, &options, NULL) != RP_OK)
        skip();
}

static void close_cache_test(cache_test *c)
{
    char command[128];
    rp_device_close(c->device);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", c->folder);
    assert_int_equal(system(command), 0);
}

static const char one_kernel[] = "__kernel void rp_k_one(__global int *x) { x[get_global_id(0)] = 1; }\n";
static const char two_kernel[] = "__kernel void rp_k_two(__global int *x) { x[get_global_id(0)] = 2; }\n";

static void test_compiled_kernels_are_kept(void **state)
{
    (void)state;
    cache_test c;
    rp_error err = {0};
    open_cache_test(&c);
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    const ino_t first = inode_of(c.path);
    assert_int_not_equal(first, 0);
    assert_int_equal(c.compiled, 1);
    assert_int_equal(build(&c, one_kernel, &err), RP_OK); /* a hit */
    assert_int_equal(c.compiled, 1);
    assert_int_equal(inode_of(c.path), first);
    damage(c.path, 500); /* of the binary: compiled again and replaced */
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    assert_int_equal(c.compiled, 2);
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    assert_int_equal(c.compiled, 2);
    damage(c.path, 12); /* of the key in it */
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    assert_int_equal(c.compiled, 3);
    assert_int_equal(truncate(c.path, 300), 0);
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    assert_int_equal(c.compiled, 4);
    close_cache_test(&c);
}

static void test_kernels_of_another_key_are_not_taken(void **state)
{
    (void)state;
    cache_test c;
    char other[RP_CACHE_PATH];
    rp_error err = {0};
    open_cache_test(&c);
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    (void)snprintf(other, sizeof other, "%s", c.path);
    assert_int_equal(build(&c, two_kernel, &err), RP_OK);
    assert_string_not_equal(c.path, other);
    assert_int_equal(c.compiled, 2);
    assert_int_equal(rename(other, c.path), 0); /* the first program under the name of the second */
    assert_int_equal(build(&c, two_kernel, &err), RP_OK);
    assert_int_equal(c.compiled, 3);
    close_cache_test(&c);
}

static void test_a_launch_that_the_driver_refuses(void **state)
{
    (void)state;
    cache_test c;
    rp_error err = {0};
    open_cache_test(&c);
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    rp_queue *q = new_queue(c.device);
    rp_buffer *data = new_buffer(c.device, N * 4);
    const rp_superbias_params params = {N, 0, 1, 0};
    assert_int_equal(rp_queue_launch(q, RP_K_superbias, &params, sizeof params, (rp_buffer *[]){data, data}, 2,
                                     (rp_range){.n = N}, &err),
                     RP_E_DEVICE);
    assert_non_null(strstr(err.text, ": rp_k_superbias failed: CL_INVALID_KERNEL_NAME (-46); --backend openmp does"));
    assert_int_equal(rp_queue_finish(q, &err), RP_OK);
    rp_buffer_free(data);
    rp_queue_free(q);
    close_cache_test(&c);
}

static void test_kernels_that_do_not_compile_are_told(void **state)
{
    (void)state;
    cache_test c;
    rp_error err = {0};
    open_cache_test(&c);
    assert_int_equal(build(&c, "__kernel void broken(__global int *x) { x[0] = nonsense; }\n", &err), RP_E_DEVICE);
    assert_non_null(strstr(err.text, "kernels do not compile: CL_BUILD_PROGRAM_FAILURE"));
    assert_non_null(strstr(err.text, "nonsense"));
    assert_int_equal(inode_of(c.path), 0);
    close_cache_test(&c);
}

static void test_a_cache_folder_that_cannot_be_is_done_without(void **state)
{
    (void)state;
    char folder[RP_CACHE_PATH];
    assert_false(rp_opencl_cache_folder("/dev/null/cache", folder));
    assert_string_equal(folder, "");
    const rp_device_options options = {.backend = "opencl:0:8", .cache_dir = "/dev/null/cache"};
    rp_device *device = NULL;
    if (rp_device_open(&device, &options, NULL) != RP_OK)
        skip();
    assert_string_equal(((opencl_device *)device)->folder, "");
    rp_device_close(device);
}

/* A passed self-test is remembered, for this program and these answers, and only "auto" takes its word for it. */
static void test_a_passed_self_test_is_remembered(void **state)
{
    (void)state;
    cache_test c;
    rp_error err = {0};
    open_cache_test(&c);
    opencl_device *device = (opencl_device *)c.device;
    device->trusts_stamps = true;
    assert_false(rp_opencl_is_trusted(c.device, "passed 1\n"));
    rp_opencl_keep_trust(c.device, "passed 1\n");
    assert_true(rp_opencl_is_trusted(c.device, "passed 1\n"));
    assert_false(rp_opencl_is_trusted(c.device, "passed 2\n"));
    device->trusts_stamps = false;
    assert_false(rp_opencl_is_trusted(c.device, "passed 1\n"));
    device->trusts_stamps = true;
    assert_int_equal(build(&c, one_kernel, &err), RP_OK);
    assert_false(rp_opencl_is_trusted(c.device, "passed 1\n"));
    close_cache_test(&c);
}
#endif

/* What PoCL compiles is kept in the build folder, unless the caller has chosen. */
static int keep_compiled_kernels(void **state)
{
    char folder[4096];
    (void)state;
    if (!getcwd(folder, sizeof folder - 16))
        return -1;
    strcat(folder, "/pocl-cache");
    (void)mkdir(folder, 0777);
    return setenv("POCL_CACHE_DIR", folder, 0) || setenv("XDG_CACHE_HOME", folder, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backends_that_make_no_sense_are_refused),
        cmocka_unit_test(test_openmp_says_what_it_is),
        cmocka_unit_test(test_the_list_starts_with_openmp),
        cmocka_unit_test(test_auto_always_finds_a_device),
        cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_a_buffer_larger_than_the_device_allows),
        cmocka_unit_test(test_opencl_gives_the_bits_of_openmp),
        cmocka_unit_test(test_opencl_passes_the_self_test),
        cmocka_unit_test(test_usage_and_traffic_are_counted),
        cmocka_unit_test(test_queues_of_several_threads),
        cmocka_unit_test(test_launches_that_make_no_sense_are_refused),
#ifdef RP_HAVE_OPENCL
        cmocka_unit_test(test_compiled_kernels_are_kept),
        cmocka_unit_test(test_kernels_of_another_key_are_not_taken),
        cmocka_unit_test(test_a_launch_that_the_driver_refuses),
        cmocka_unit_test(test_kernels_that_do_not_compile_are_told),
        cmocka_unit_test(test_a_cache_folder_that_cannot_be_is_done_without),
        cmocka_unit_test(test_a_passed_self_test_is_remembered),
#endif
    };
    return cmocka_run_group_tests(tests, keep_compiled_kernels, NULL);
}
