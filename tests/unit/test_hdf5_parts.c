/* Parts of the HDF5 form: chunk geometry, the codec, the cache, the workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/hdf5/cache.h"
#include "io/hdf5/chunks.h"
#include "io/hdf5/codec.h"
#include "io/hdf5/workers.h"

static void chooses_chunks(void **state)
{
    (void)state;
    static const struct {
        rp_shape shape;
        size_t element_bytes;
        hsize_t dims[5];
        int64_t count, last_bytes;
    } rows[] = {
        {{4, {2, 10, 2048, 2048}}, 2, {1, 1, 64, 2048}, 640, 64 * 4096},
        {{2, {2048, 2048}}, 4, {32, 2048}, 64, 32 * 8192},
        {{4, {50, 5, 64, 64}}, 2, {6, 5, 64, 64}, 9, 2 * 5 * 8192}, /* small frames: whole integrations together */
        {{3, {7, 100, 1000}}, 4, {1, 50, 1000}, 14, 50 * 4000},
        {{2, {33, 2048}}, 8, {11, 2048}, 3, 11 * 16384},
        {{2, {100, 2048}}, 4, {25, 2048}, 4, 25 * 8192},
        {{1, {1000001}}, 1, {250001}, 4, 249998}, /* the last is shorter */
        {{2, {3, 1000000}}, 8, {1, 32259}, 93, (1000000 - 30 * 32259) * 8},
        {{1, {10}}, 1, {10}, 1, 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rp_chunks c, again;
        hsize_t dims[RP_MAX_AXES];
        int64_t offset = 0;
        rp_chunks_choose(&c, &rows[i].shape, rows[i].element_bytes);
        rp_chunks_dims(&c, dims);
        for (int k = 0; k < rows[i].shape.naxis; k++)
            assert_int_equal(dims[k], rows[i].dims[k]);
        assert_int_equal(c.count, rows[i].count);
        assert_int_equal(rp_chunk_length(&c, c.count - 1), rows[i].last_bytes);
        assert_true(rp_chunks_match(&again, &rows[i].shape, rows[i].element_bytes, dims));
        assert_int_equal(again.count, c.count);
        /* Chunks follow each other without gap, and every byte knows its chunk. */
        for (int64_t k = 0; k < c.count; k++) {
            const int64_t n = rp_chunk_length(&c, k);
            assert_int_equal(rp_chunk_offset(&c, k), offset);
            assert_int_equal(rp_chunk_at(&c, offset), k);
            assert_int_equal(rp_chunk_at(&c, offset + n - 1), k);
            offset += n;
        }
    }
}

static void tells_boxes(void **state)
{
    (void)state;
    const rp_shape shape = {4, {2, 3, 100, 2048}};
    rp_chunks c;
    hsize_t start[RP_MAX_AXES], extent[RP_MAX_AXES];
    static const hsize_t dims[4] = {1, 1, 64, 2048}, odd[4] = {1, 1, 64, 1024}, skewed[4] = {2, 1, 64, 2048};
    static const hsize_t want_start[4] = {1, 2, 64, 0}, want_extent[4] = {1, 1, 36, 2048};
    assert_true(rp_chunks_match(&c, &shape, 2, dims));
    assert_int_equal(c.count, 12);
    rp_chunk_box(&c, 11, start, extent);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(start[i], want_start[i]);
        assert_int_equal(extent[i], want_extent[i]);
    }
    assert_false(rp_chunks_match(&c, &shape, 2, odd));
    assert_false(rp_chunks_match(&c, &shape, 2, skewed));
}

static void packs(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 2, 4, 8};
    enum { N = 4096 };
    unsigned char raw[N], back[N], scratch[N];
    for (size_t i = 0; i < 4; i++) {
        for (int noisy = 0; noisy < 2; noisy++) {
            rp_packer *const packer = rp_packer_new(N, RP_ZSTD_LEVEL);
            const void *packed = NULL;
            size_t n = 0;
            uint32_t mask = 9;
            uint32_t seed = 1;
            for (size_t k = 0; k < N; k++) {
                seed = seed * 1664525u + 1013904223u;
                raw[k] = (unsigned char)(noisy ? seed >> 24 : k / 64);
            }
            rp_pack(packer, raw, N, sizes[i], &packed, &n, &mask);
            assert_int_equal(mask, noisy ? (sizes[i] > 1 ? 3 : 1) : 0);
            assert_true(noisy ? n == N : n < N / 4);
            assert_true(rp_unpack(back, N, packed, n, sizes[i], mask, scratch));
            assert_memory_equal(back, raw, N);
            assert_false(rp_unpack(back, N, packed, n - 1, sizes[i], mask, scratch));
            assert_false(rp_unpack(back, N - 8, packed, n, sizes[i], mask, scratch));
            rp_packer_free(packer);
        }
    }
}

/* Loads chunk i as bytes of value i, and counts. */
typedef struct loads {
    int count, fail;
} loads;

static rp_code load(void *payload, int64_t index, void *raw, rp_error *err)
{
    loads *const l = payload;
    l->count++;
    if (l->fail)
        return rp_fail(err, RP_E_IO, "no");
    memset(raw, (int)index, 16);
    return RP_OK;
}

static void use(rp_cache *cache, loads *l, int64_t index, int want_count)
{
    unsigned char got[4];
    assert_int_equal(rp_cache_copy(cache, index, 3, 4, got, load, l, NULL), RP_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(got[i], index);
    assert_int_equal(l->count, want_count);
}

static void caches(void **state)
{
    (void)state;
    rp_cache *const cache = rp_cache_new(2, 16);
    loads l = {0};
    unsigned char got[4];
    rp_error err = {0};
    use(cache, &l, 1, 1);
    use(cache, &l, 2, 2);
    use(cache, &l, 1, 2);
    use(cache, &l, 3, 3); /* 2 goes: 1 was used later */
    use(cache, &l, 1, 3);
    use(cache, &l, 2, 4);
    l.fail = 1;
    assert_int_equal(rp_cache_copy(cache, 9, 0, 1, got, load, &l, &err), RP_E_IO);
    assert_int_equal(rp_cache_copy(cache, 9, 0, 1, got, load, &l, &err), RP_E_IO);
    l.fail = 0;
    use(cache, &l, 9, 7);
    use(cache, &l, 2, 7);
    rp_cache_free(cache);
    rp_cache_free(NULL);
}

typedef struct ledger {
    int prepared[100], delivered[100], n;
    int64_t stop;
} ledger;

static rp_code prepare(void *payload, int worker, int64_t index, rp_error *err)
{
    ledger *const l = payload;
    (void)err;
    l->prepared[index] = worker + 1;
    if (index % 7 == 0)
        usleep(1000); /* others overtake */
    return RP_OK;
}

static rp_code deliver(void *payload, int worker, int64_t index, rp_error *err)
{
    ledger *const l = payload;
    if (index == l->stop)
        return rp_fail(err, RP_E_IO, "stopped at %d", (int)index);
    if (l->prepared[index] != worker + 1)
        return RP_E_INTERNAL;
    l->delivered[l->n++] = (int)index;
    return RP_OK;
}

static void works_in_order(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        ledger l = {.stop = -1};
        rp_error err = {0};
        assert_int_equal(rp_workers_run(threads, 100, prepare, deliver, &l, &err), RP_OK);
        assert_int_equal(l.n, 100);
        for (int i = 0; i < 100; i++)
            assert_int_equal(l.delivered[i], i);
        ledger stopped = {.stop = 40};
        assert_int_equal(rp_workers_run(threads, 100, prepare, deliver, &stopped, &err), RP_E_IO);
        assert_string_equal(err.text, "stopped at 40");
        assert_int_equal(stopped.n, 40);
        ledger plain = {.stop = 40};
        assert_int_equal(rp_workers_run(threads, 100, prepare, NULL, &plain, &err), RP_OK);
        for (int i = 0; i < 100; i++)
            assert_true(plain.prepared[i] > 0);
        assert_int_equal(rp_workers_run(threads, 0, prepare, deliver, &plain, &err), RP_OK);
    }
    assert_int_equal(rp_workers_count(3), 3);
    assert_true(rp_workers_count(0) >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chooses_chunks), cmocka_unit_test(tells_boxes),    cmocka_unit_test(packs),
        cmocka_unit_test(caches),         cmocka_unit_test(works_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
