/* Element types, shapes and conversions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rampart/plane.h"

static void types(void **state)
{
    (void)state;
    static const struct {
        rp_dtype type;
        size_t bytes;
        const char *name;
    } rows[] = {{RP_U8, 1, "uint8"},   {RP_I16, 2, "int16"}, {RP_U16, 2, "uint16"},  {RP_I32, 4, "int32"},
                {RP_U32, 4, "uint32"}, {RP_I64, 8, "int64"}, {RP_F32, 4, "float32"}, {RP_F64, 8, "float64"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(rp_dtype_size(rows[i].type), rows[i].bytes);
        assert_string_equal(rp_dtype_name(rows[i].type), rows[i].name);
    }
}

static void shapes(void **state)
{
    (void)state;
    const rp_shape ramp = {4, {3, 10, 2048, 512}}, image = {2, {5, 7}}, line = {1, {9}}, none = {0, {0}};
    assert_int_equal(rp_shape_planes(&ramp), 30);
    assert_int_equal(rp_shape_ny(&ramp), 2048);
    assert_int_equal(rp_shape_nx(&ramp), 512);
    assert_int_equal(rp_shape_planes(&image), 1);
    assert_int_equal(rp_shape_ny(&image), 5);
    assert_int_equal(rp_shape_nx(&image), 7);
    assert_int_equal(rp_shape_ny(&line), 1);
    assert_int_equal(rp_shape_nx(&line), 9);
    assert_int_equal(rp_shape_nx(&none), 0);
}

/* Three stored elements of each type and their values. */
static const struct {
    rp_dtype type;
    unsigned char stored[24];
    double values[3];
    uint32_t whole[3];
} samples[] = {
    {RP_U8, {0, 200, 255}, {0, 200, 255}, {0, 200, 255}},
    {RP_I16, {0x80, 0, 0, 5, 0x7f, 0xff}, {-32768, 5, 32767}, {0xffff8000u, 5, 32767}},
    {RP_U16, {0x80, 0, 0, 0, 0x7f, 0xff}, {0, 32768, 65535}, {0, 32768, 65535}},
    {RP_I32,
     {0x80, 0, 0, 0, 0, 0, 1, 0, 0xff, 0xff, 0xff, 0xff},
     {-2147483648.0, 256, -1},
     {0x80000000u, 256, 0xffffffffu}},
    {RP_U32,
     {0x80, 0, 0, 1, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff},
     {1, 2147483648.0, 4294967295.0},
     {1, 0x80000000u, 0xffffffffu}},
    {RP_I64,
     {0, 0, 0, 0, 0, 0, 1, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 1, 0, 0, 0, 0},
     {258, -2, 4294967296.0},
     {258, 0xfffffffeu, 0}},
    {RP_F32, {0x3f, 0xc0, 0, 0, 0xc1, 0x20, 0, 0, 0x4b, 0x7f, 0xff, 0xff}, {1.5, -10, 16777215}, {1, 0, 16777215}},
    {RP_F64,
     {0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xc0, 0x24, 0, 0, 0, 0, 0, 0, 0x42, 0x02, 0xa0, 0x5f, 0x20, 0, 0, 0},
     {1.5, -10, 1e10},
     {1, 0, 0xffffffffu}},
};

static void to_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        unsigned char shifted[25];
        float f[3];
        double d[3];
        uint32_t u[3];
        memcpy(shifted + 1, samples[i].stored, 24); /* elements need not be aligned */
        rp_elements_to_f32(f, shifted + 1, samples[i].type, 3);
        rp_elements_to_f64(d, shifted + 1, samples[i].type, 3);
        rp_elements_to_u32(u, shifted + 1, samples[i].type, 3);
        for (int k = 0; k < 3; k++) {
            assert_true(f[k] == (float)samples[i].values[k]);
            assert_true(d[k] == samples[i].values[k]);
            assert_int_equal(u[k], samples[i].whole[k]);
        }
    }
}

static void keeps_nan_bits(void **state)
{
    (void)state;
    const unsigned char stored[4] = {0x7f, 0xc0, 0x12, 0x34};
    unsigned char back[4];
    float value;
    rp_elements_to_f32(&value, stored, RP_F32, 1);
    rp_elements_from_f32(back, &value, 1);
    assert_memory_equal(back, stored, 4);
}

static void from_host(void **state)
{
    (void)state;
    static const float floats[2] = {1.5f, -10.0f};
    static const uint32_t words[2] = {1, 0x80000000u};
    static const unsigned char want_floats[8] = {0x3f, 0xc0, 0, 0, 0xc1, 0x20, 0, 0};
    static const unsigned char want_words[8] = {0x80, 0, 0, 1, 0, 0, 0, 0};
    unsigned char got[8];
    rp_elements_from_f32(got, floats, 2);
    assert_memory_equal(got, want_floats, 8);
    rp_elements_from_u32(got, words, 2);
    assert_memory_equal(got, want_words, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types),          cmocka_unit_test(shapes),    cmocka_unit_test(to_host),
        cmocka_unit_test(keeps_nan_bits), cmocka_unit_test(from_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
