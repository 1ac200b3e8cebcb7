/* YAML 1.1 trees and ASDF files: io/asdf. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "io/asdf/asdf.h"
#include "io/asdf/yaml.h"

static rp_node_kind kind_of(const char *text, int64_t *integer, double *number)
{
    bool truth;
    const char *tag;
    return rp_yaml_resolve(text, strlen(text), &truth, integer, number, &tag);
}

/* What Python's YAML 1.1 loader makes of plain scalars. */
static void plain_scalars(void **state)
{
    static const struct {
        const char *text;
        rp_node_kind kind;
        double value;
    } cases[] = {
        {"12", RP_NODE_INT, 12},
        {"-7", RP_NODE_INT, -7},
        {"0", RP_NODE_INT, 0},
        {"010", RP_NODE_INT, 8},
        {"0x1F", RP_NODE_INT, 31},
        {"0b101", RP_NODE_INT, 5},
        {"1_000", RP_NODE_INT, 1000},
        {"12:30:00", RP_NODE_INT, 45000},
        {"-190:20:30", RP_NODE_INT, -685230},
        {"08", RP_NODE_STRING, 0},
        {"1.5", RP_NODE_FLOAT, 1.5},
        {"1.", RP_NODE_FLOAT, 1},
        {".5", RP_NODE_FLOAT, 0.5},
        {"-.5", RP_NODE_STRING, 0},
        {"1e-05", RP_NODE_STRING, 0},
        {"1.0e-05", RP_NODE_FLOAT, 1e-5},
        {"1.0e5", RP_NODE_STRING, 0},
        {"1.0E+5", RP_NODE_FLOAT, 1e5},
        {"190:20:30.15", RP_NODE_FLOAT, 685230.15},
        {"1.2.3", RP_NODE_STRING, 0},
        {"2022-01-01", RP_NODE_STRING, 0},
        {"+12", RP_NODE_INT, 12},
        {"0o7", RP_NODE_STRING, 0},
        {"3.0.0", RP_NODE_STRING, 0},
        {"9223372036854775808", RP_NODE_FLOAT, 9223372036854775808.0},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int64_t integer = 0;
        double number = 0;
        const rp_node_kind kind = kind_of(cases[k].text, &integer, &number);
        if (kind != cases[k].kind)
            fail_msg("%s is of kind %d, not %d", cases[k].text, kind, cases[k].kind);
        if (kind == RP_NODE_INT)
            assert_int_equal(integer, (int64_t)cases[k].value);
        if (kind == RP_NODE_FLOAT)
            assert_true(fabs(number - cases[k].value) <= 1e-15 * fabs(cases[k].value));
    }
}

static void plain_words(void **state)
{
    bool truth = true;
    int64_t integer;
    double number;
    const char *tag;
    (void)state;
    assert_int_equal(rp_yaml_resolve("NO", 2, &truth, &integer, &number, &tag), RP_NODE_BOOL);
    assert_false(truth);
    assert_int_equal(rp_yaml_resolve("on", 2, &truth, &integer, &number, &tag), RP_NODE_BOOL);
    assert_true(truth);
    assert_int_equal(rp_yaml_resolve("y", 1, &truth, &integer, &number, &tag), RP_NODE_STRING);
    assert_int_equal(rp_yaml_resolve("~", 1, &truth, &integer, &number, &tag), RP_NODE_NULL);
    assert_int_equal(rp_yaml_resolve("", 0, &truth, &integer, &number, &tag), RP_NODE_NULL);
    assert_int_equal(rp_yaml_resolve("-.inf", 5, &truth, &integer, &number, &tag), RP_NODE_FLOAT);
    assert_true(isinf(number) && number < 0);
    assert_int_equal(rp_yaml_resolve(".nan", 4, &truth, &integer, &number, &tag), RP_NODE_FLOAT);
    assert_true(isnan(number));
    assert_int_equal(rp_yaml_resolve("2022-01-01", 10, &truth, &integer, &number, &tag), RP_NODE_STRING);
    assert_string_equal(tag, "tag:yaml.org,2002:timestamp");
}

static rp_tree *parse(const char *yaml)
{
    rp_tree *tree = rp_tree_new();
    rp_error err = {0};
    assert_non_null(tree);
    if (rp_yaml_parse(tree, yaml, strlen(yaml), "test", &err) != RP_OK)
        fail_msg("%s", err.text);
    return tree;
}

static rp_code refusal(const char *yaml, const char *part)
{
    rp_tree *tree = rp_tree_new();
    rp_error err = {0};
    assert_non_null(tree);
    const rp_code code = rp_yaml_parse(tree, yaml, strlen(yaml), "test", &err);
    rp_tree_free(tree);
    if (!strstr(err.text, part))
        fail_msg("\"%s\" does not say \"%s\"", err.text, part);
    return code;
}

static void documents(void **state)
{
    (void)state;
    rp_tree *tree = parse("%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"
                          "a: &one {x: 1, y: [2.5, yes, null, '7']}\nb: *one\na2: !core/software-1.0.0 {name: n}\n"
                          "5: five\nd: first\nd: second\n...\n");
    const rp_node *root = rp_tree_root(tree);
    int64_t n = 0;
    double f = 0;
    assert_string_equal(root->tag, "tag:stsci.edu:asdf/core/asdf-1.1.0");
    assert_true(rp_node_integer(rp_path_get(root, "b.x"), &n));
    assert_int_equal(n, 1);
    const rp_node *list = rp_path_get(root, "a.y");
    assert_int_equal(list->count, 4);
    assert_true(rp_node_number(list->items[0], &f) && f == 2.5);
    assert_int_equal(list->items[1]->kind, RP_NODE_BOOL);
    assert_int_equal(list->items[2]->kind, RP_NODE_NULL);
    assert_string_equal(rp_node_text(list->items[3]), "7");
    assert_true(rp_path_get(root, "a") != rp_path_get(root, "b")); /* aliases are copies */
    assert_string_equal(rp_map_get(root, "a2")->tag, "tag:stsci.edu:asdf/core/software-1.0.0");
    assert_string_equal(rp_node_text(rp_map_get(root, "5")), "five");
    assert_string_equal(rp_node_text(rp_map_get(root, "d")), "second");
    assert_int_equal(root->nentries, 5);
    rp_tree_free(tree);
}

static void bad_documents(void **state)
{
    char deep[400] = "";
    (void)state;
    assert_int_equal(refusal("a: &x [1, *x]\n", "contains itself"), RP_E_FORMAT);
    assert_int_equal(refusal("a: *nobody\n", "alias without anchor"), RP_E_FORMAT);
    assert_int_equal(refusal("? [1, 2]\n: 3\n", "key must be a scalar"), RP_E_FORMAT);
    assert_int_equal(refusal("a: [1, 2\n", "YAML line"), RP_E_FORMAT);
    for (int k = 0; k < 100; k++)
        strcat(deep, "[");
    assert_int_equal(refusal(deep, "nested too deeply"), RP_E_FORMAT);
    /* Ten thousand million nodes by way of ten aliases. */
    assert_int_equal(refusal("a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                             "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
                             "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
                             "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f]\n",
                             "too many nodes"),
                     RP_E_FORMAT);
}

/* The writer's text, which Python's asdf reads back with these types. */
static void emitted_text(void **state)
{
    rp_tree *tree = rp_tree_new();
    rp_node *root = rp_new_mapping(tree), *list = rp_new_sequence(tree);
    rp_text out = {0};
    rp_array_list arrays = {0};
    (void)state;
    assert_true(rp_map_set(tree, root, "zeta", rp_new_float(tree, 1e-5)));
    assert_true(rp_map_set(tree, root, "no", rp_new_string(tree, "NO")));
    assert_true(rp_map_set(tree, root, "date", rp_new_string(tree, "2022-01-01")));
    assert_true(rp_map_set(tree, root, "big", rp_new_float(tree, 1e22)));
    assert_true(rp_map_set(tree, root, "two", rp_new_float(tree, 2.0)));
    assert_true(rp_map_set(tree, root, "int", rp_new_int(tree, -3)));
    assert_true(rp_map_set(tree, root, "odd", rp_new_string(tree, "a\"b\\c\n\t\x01\x7f\xc3\xa9\xe2\x80\xa8\xff")));
    assert_true(rp_seq_append(tree, list, rp_new_bool(tree, true)) && rp_seq_append(tree, list, rp_new_null(tree)));
    assert_true(rp_map_set(tree, root, "list", list));
    assert_true(rp_map_set(tree, root, "empty", rp_new_mapping(tree)));
    assert_true(rp_map_set(tree, root, "nan", rp_new_float(tree, NAN)));
    rp_yaml_emit(&out, root, "tag:stsci.edu:asdf/core/asdf-1.1.0", true, &arrays);
    assert_false(out.failed);
    rp_text_add(&out, "", 1);
    assert_string_equal(out.text, "%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n--- !core/asdf-1.1.0\n"
                                  "big: 1.0e+22\n"
                                  "date: \"2022-01-01\"\n"
                                  "empty: {}\n"
                                  "int: -3\n"
                                  "list: [true, null]\n"
                                  "nan: .nan\n"
                                  "\"no\": \"NO\"\n"
                                  "odd: \"a\\\"b\\\\c\\n\\t\\x01\\x7f\xc3\xa9\\u2028\\xff\"\n"
                                  "two: 2.0\n"
                                  "zeta: 1.0e-05\n"
                                  "...\n");
    free(out.text);
    free(arrays.items);
    rp_tree_free(tree);
}

static bool equal(const rp_node *a, const rp_node *b)
{
    if (a->kind != b->kind || !a->tag != !b->tag || (a->tag && strcmp(a->tag, b->tag)))
        return false;
    switch (a->kind) {
    case RP_NODE_NULL:
        return true;
    case RP_NODE_BOOL:
        return a->truth == b->truth;
    case RP_NODE_INT:
        return a->integer == b->integer;
    case RP_NODE_FLOAT:
        return !memcmp(&a->number, &b->number, sizeof a->number);
    case RP_NODE_STRING:
        return a->length == b->length && !memcmp(a->text, b->text, a->length);
    case RP_NODE_SEQUENCE:
        for (size_t k = 0; k < a->count; k++)
            if (a->count != b->count || !equal(a->items[k], b->items[k]))
                return false;
        return a->count == b->count;
    case RP_NODE_MAPPING:
        for (size_t k = 0; k < a->nentries; k++)
            if (a->nentries != b->nentries || strcmp(a->entries[k].key, b->entries[k].key) ||
                a->entries[k].key_is_text != b->entries[k].key_is_text ||
                !equal(a->entries[k].value, b->entries[k].value))
                return false;
        return a->nentries == b->nentries;
    case RP_NODE_ARRAY:
        return a->array->bytes == b->array->bytes && !memcmp(a->array->data, b->array->data, a->array->bytes) &&
               a->array->naxis == b->array->naxis && !strcmp(a->array->datatype, b->array->datatype) &&
               a->array->big_endian == b->array->big_endian;
    }
    return false;
}

static void round_trip(void **state)
{
    static const float pixels[6] = {1.5f, -2.0f, 3.0f, 0.0f, 5.0f, 6.25f};
    rp_array array = {.datatype = "float32", .item_bytes = 4, .naxis = 2, .axis = {2, 3}, .data = pixels, .bytes = 24};
    char *bytes = NULL;
    size_t size = 0;
    rp_error err = {0};
    (void)state;
    rp_tree *tree =
        parse("a: [{b: 1, c: [[1, 2], [3.5, x]]}, [], !t/u-1.0 {d: e}]\nf: '12:30:00'\n7: {8.5: x, true: y}\n"
              "when: 2022-01-01\n\"quoted\": \"line\\nbreak\"\nempty: ''\nlong key with: colon\n");
    rp_node *root = rp_tree_root(tree);
    assert_true(rp_map_set(tree, root, "flat",
                           rp_tagged(tree, rp_new_array(tree, &array), "tag:stsci.edu:asdf/core/ndarray-1.1.0")));
    assert_int_equal(rp_asdf_sign(tree, root, &err), RP_OK);
    assert_int_equal(rp_asdf_format(&bytes, &size, root, false, &err), RP_OK);
    rp_tree *again = NULL;
    if (rp_asdf_parse(&again, bytes, size, "test", &err) != RP_OK)
        fail_msg("%s", err.text);
    rp_tree_root(again)->tag = NULL;
    assert_true(equal(root, rp_tree_root(again)));
    double *values;
    int naxis;
    int64_t axis[RP_ARRAY_MAX_AXES];
    assert_int_equal(rp_asdf_numbers(rp_map_get(rp_tree_root(again), "flat"), "test", &values, &naxis, axis, &err),
                     RP_OK);
    assert_int_equal(naxis, 2);
    assert_int_equal(axis[1], 3);
    assert_true(values[5] == 6.25);
    free(values);
    free(bytes);
    rp_tree_free(tree);
    rp_tree_free(again);
}

/* ---- blocks ---- */

static size_t put_block(unsigned char *out, const char *compression, const void *data, size_t used, size_t unpacked)
{
    memset(out, 0, 54);
    memcpy(out,
           "\xd3"
           "BLK",
           4);
    out[5] = 48;
    memcpy(out + 10, compression, strlen(compression));
    out[20] = out[28] = 0;
    out[21] = (unsigned char)used;
    out[29] = (unsigned char)used;
    out[37] = (unsigned char)unpacked;
    memcpy(out + 54, data, used);
    return 54 + used;
}

static rp_tree *parse_with_block(const char *yaml, const unsigned char *block, size_t block_bytes, rp_code *code,
                                 rp_error *err)
{
    char file[4096];
    const int n = snprintf(file, sizeof file,
                           "#ASDF 1.0.0\n#ASDF_STANDARD 1.6.0\n%%YAML 1.1\n%%TAG ! tag:stsci.edu:asdf/\n"
                           "--- !core/asdf-1.1.0\n%s\n...\n",
                           yaml);
    rp_tree *tree = NULL;
    memcpy(file + n, block, block_bytes);
    *code = rp_asdf_parse(&tree, file, (size_t)n + block_bytes, "test", err);
    return tree;
}

static void check_numbers(const rp_tree *tree, const char *path, const double *expected, size_t count)
{
    double *values;
    int naxis;
    int64_t axis[RP_ARRAY_MAX_AXES], n = 1;
    rp_error err = {0};
    if (rp_asdf_numbers(rp_path_get(rp_tree_root(tree), path), path, &values, &naxis, axis, &err) != RP_OK)
        fail_msg("%s", err.text);
    for (int k = 0; k < naxis; k++)
        n *= axis[k];
    assert_int_equal(n, count);
    for (size_t k = 0; k < count; k++)
        assert_true(values[k] == expected[k]);
    free(values);
}

static void blocks(void **state)
{
    static const unsigned char data[12] = {0, 1, 0, 2, 0xff, 0xfd, 0, 4, 0, 5, 0, 6}; /* int16, big-endian */
    unsigned char block[200], packed[64];
    uLongf packed_bytes = sizeof packed;
    rp_error err = {0};
    rp_code code;
    (void)state;
    static const char yaml[] =
        "a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [2, 3]}\n"
        "t: !core/ndarray-1.0.0 {source: 0, datatype: int16, byteorder: big, shape: [3, 2], strides: [2, 6]}\n"
        "r: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [2], strides: [-4], offset: 10}\n"
        "f: !core/ndarray-1.1.0 {source: 'fits:SCI,1', datatype: float32, byteorder: big, shape: [2]}\n"
        "inline: !core/ndarray-1.1.0 {data: [[1, 2], [3, 4.5]], datatype: float64}\n"
        "c: !core/ndarray-1.1.0 [!core/complex-1.0.0 1+2j, !core/complex-1.0.0 3j]";
    rp_tree *tree = parse_with_block(yaml, block, put_block(block, "", data, 12, 12), &code, &err);
    if (code != RP_OK)
        fail_msg("%s", err.text);
    check_numbers(tree, "a", (double[]){1, 2, -3, 4, 5, 6}, 6);
    check_numbers(tree, "t", (double[]){1, 4, 2, 5, -3, 6}, 6);
    check_numbers(tree, "r", (double[]){6, 4}, 2);
    check_numbers(tree, "inline", (double[]){1, 2, 3, 4.5}, 4);
    check_numbers(tree, "c", (double[]){1, 2, 0, 3}, 4);
    assert_int_equal(rp_map_get(rp_tree_root(tree), "f")->kind, RP_NODE_MAPPING);
    rp_tree_free(tree);

    assert_int_equal(compress(packed, &packed_bytes, data, 12), Z_OK);
    tree = parse_with_block("a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [6]}", block,
                            put_block(block, "zlib", packed, packed_bytes, 12), &code, &err);
    assert_int_equal(code, RP_OK);
    check_numbers(tree, "a", (double[]){1, 2, -3, 4, 5, 6}, 6);
    rp_tree_free(tree);
}

static void bad_blocks(void **state)
{
    static const unsigned char data[12] = {0};
    unsigned char block[200];
    rp_error err = {0};
    rp_code code;
    static const struct {
        const char *yaml, *compression;
        rp_code code;
    } cases[] = {
        {"a: !core/ndarray-1.1.0 {source: 1, datatype: int16, byteorder: big, shape: [6]}", "", RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [7]}", "", RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [-1]}", "", RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [4000000000, 4000000000]}", "",
         RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [2], strides: [9000000000000]}",
         "", RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [2], strides: [-2]}", "",
         RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [2], offset: 9}", "", RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: nonsense, byteorder: big, shape: [2]}", "", RP_E_UNSUPPORTED},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [6]}", "zlib", RP_E_FORMAT},
        {"a: !core/ndarray-1.1.0 {source: 0, datatype: int16, byteorder: big, shape: [6]}", "lz4", RP_E_UNSUPPORTED},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        rp_tree *tree =
            parse_with_block(cases[k].yaml, block, put_block(block, cases[k].compression, data, 12, 12), &code, &err);
        assert_null(tree);
        if (code != cases[k].code)
            fail_msg("case %zu: code %d, %s", k, code, err.text);
    }
    (void)put_block(block, "", data, 12, 12);
    assert_null(parse_with_block("a: 1", block, 40, &code, &err)); /* cut off in its header */
    assert_int_equal(code, RP_E_FORMAT);
    assert_null(parse_with_block("a: 1", block, 60, &code, &err)); /* claims more than there is */
    assert_int_equal(code, RP_E_FORMAT);
    rp_tree *tree;
    assert_int_equal(rp_asdf_parse(&tree, "SIMPLE  =", 9, "x.fits", &err), RP_E_FORMAT);
    assert_non_null(strstr(err.text, "x.fits"));
    assert_int_equal(rp_asdf_read(&tree, "/nonexistent/x.asdf", &err), RP_E_IO);
}

static void files(void **state)
{
    char path[] = "/tmp/test_asdf_XXXXXX";
    rp_error err = {0};
    (void)state;
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)close(fd);
    rp_tree *tree = parse("class: a.b.C\nparameters: {threshold: 5.0, on: false}\n"), *again = NULL;
    assert_int_equal(rp_asdf_write(path, rp_tree_root(tree), true, &err), RP_OK);
    assert_int_equal(rp_asdf_read(&again, path, &err), RP_OK);
    assert_string_equal(rp_node_text(rp_map_get(rp_tree_root(again), "class")), "a.b.C");
    double threshold = 0;
    assert_true(rp_node_number(rp_path_get(rp_tree_root(again), "parameters.threshold"), &threshold));
    assert_true(threshold == 5.0);
    rp_tree_free(tree);
    rp_tree_free(again);
    (void)unlink(path);
}

static void paths(void **state)
{
    rp_tree *tree = rp_tree_new();
    rp_node *root = rp_new_mapping(tree);
    int64_t n = 0;
    (void)state;
    assert_true(rp_path_set(tree, root, "a.b.c", rp_new_int(tree, 4)));
    assert_true(rp_path_set(tree, root, "a.b.d", rp_new_int(tree, 5)));
    assert_true(rp_path_set(tree, root, "a.b.c", rp_new_int(tree, 6)));
    assert_int_equal(rp_path_get(root, "a.b")->nentries, 2);
    assert_true(rp_node_integer(rp_path_get(root, "a.b.c"), &n) && n == 6);
    assert_null(rp_path_get(root, "a.x.c"));
    assert_null(rp_path_get(root, "a.b.c.d"));
    assert_true(rp_path_remove(root, "a.b.c"));
    assert_false(rp_path_remove(root, "a.b.c"));
    assert_false(rp_map_set(tree, root, "x", NULL));
    rp_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars), cmocka_unit_test(plain_words),  cmocka_unit_test(documents),
        cmocka_unit_test(bad_documents), cmocka_unit_test(emitted_text), cmocka_unit_test(round_trip),
        cmocka_unit_test(blocks),        cmocka_unit_test(bad_blocks),   cmocka_unit_test(files),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
