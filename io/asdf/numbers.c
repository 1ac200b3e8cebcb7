/* Numbers out of array nodes and nested lists, as doubles: io/asdf/asdf.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/asdf/asdf.h"
#include "io/asdf/yaml.h"

typedef struct element {
    char kind; /* 'i' signed, 'u' unsigned, 'f' float */
    size_t bytes;
    size_t parts; /* 2 for complex numbers */
} element;

static bool element_of(const char *datatype, element *out)
{
    static const struct {
        const char *name;
        element type;
    } types[] = {{"int8", {'i', 1, 1}},      {"uint8", {'u', 1, 1}},   {"bool8", {'u', 1, 1}},
                 {"int16", {'i', 2, 1}},     {"uint16", {'u', 2, 1}},  {"int32", {'i', 4, 1}},
                 {"uint32", {'u', 4, 1}},    {"int64", {'i', 8, 1}},   {"uint64", {'u', 8, 1}},
                 {"float32", {'f', 4, 1}},   {"float64", {'f', 8, 1}}, {"complex64", {'f', 4, 2}},
                 {"complex128", {'f', 8, 2}}};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (!strcmp(datatype, types[k].name)) {
            *out = types[k].type;
            return true;
        }
    return false;
}

static double element_value(const unsigned char *p, element type, bool big_endian)
{
    uint64_t bits = 0;
    for (size_t k = 0; k < type.bytes; k++)
        bits |= (uint64_t)p[k] << 8 * (big_endian ? type.bytes - 1 - k : k);
    if (type.kind == 'f' && type.bytes == 8) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    if (type.kind == 'f') {
        const uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return (double)value;
    }
    if (type.kind == 'u')
        return (double)bits;
    const unsigned shift = 64u - 8u * (unsigned)type.bytes;
    return (double)((int64_t)(bits << shift) >> shift);
}

static rp_code add_axis(int *naxis, int64_t *axis, int64_t n, const char *label, rp_error *err)
{
    if (*naxis == RP_ARRAY_MAX_AXES)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: an array with more than %d axes", label, RP_ARRAY_MAX_AXES);
    axis[(*naxis)++] = n;
    return RP_OK;
}

static rp_code from_array(const rp_array *array, const char *label, double **values, int *naxis, int64_t *axis,
                          rp_error *err)
{
    element type;
    if (!element_of(array->datatype, &type))
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: an array of \"%s\" where numbers are needed", label,
                       array->datatype);
    const size_t n = array->bytes / type.bytes;
    if (n > SIZE_MAX / sizeof(double))
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for an array", label);
    memcpy(axis, array->axis, (size_t)array->naxis * sizeof *axis);
    *naxis = array->naxis;
    if (type.parts == 2) {
        const rp_code code = add_axis(naxis, axis, 2, label, err);
        if (code != RP_OK)
            return code;
    }
    *values = malloc((n ? n : 1) * sizeof **values);
    if (!*values)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for an array of %zu numbers", label, n);
    const unsigned char *p = array->data;
    for (size_t k = 0; k < n; k++)
        (*values)[k] = element_value(p + k * type.bytes, type, array->big_endian);
    return RP_OK;
}

/* "1.5-2j", "(1+2j)", "3j": as Python writes complex numbers. */
static bool parse_complex(const char *text, double parts[2])
{
    char copy[128], *end;
    const size_t length = strlen(text);
    if (length >= sizeof copy)
        return false;
    memcpy(copy, text, length + 1);
    char *p = copy + (*copy == '(');
    parts[0] = strtod(p, &end);
    parts[1] = 0.0;
    if (end == p)
        return false;
    if (*end == 'j' || *end == 'J') {
        parts[1] = parts[0];
        parts[0] = 0.0;
        return true;
    }
    if (*end != '+' && *end != '-')
        return *end == '\0' || *end == ')';
    parts[1] = strtod(end, &p);
    return p != end && (*p == 'j' || *p == 'J');
}

static bool number_parts(const rp_node *node, double parts[2], bool *complex_number)
{
    parts[1] = 0.0;
    if (rp_node_number(node, &parts[0]))
        return true;
    const char *text = rp_node_text(node);
    if (!text || !node->tag || !strstr(node->tag, "/core/complex-"))
        return false;
    *complex_number = true;
    return parse_complex(text, parts);
}

typedef struct flattener {
    const char *label;
    int naxis;
    int64_t axis[RP_ARRAY_MAX_AXES];
    double *parts; /* pairs */
    size_t count, capacity;
    bool complex_numbers;
    rp_error *err;
} flattener;

static rp_code flatten(flattener *f, const rp_node *node, int depth)
{
    if (node->kind == RP_NODE_SEQUENCE) {
        if (depth == f->naxis && f->count)
            return rp_fail(f->err, RP_E_FORMAT, "%s: a ragged list of numbers", f->label);
        if (depth == f->naxis) {
            const rp_code code = add_axis(&f->naxis, f->axis, (int64_t)node->count, f->label, f->err);
            if (code != RP_OK)
                return code;
        }
        if (f->axis[depth] != (int64_t)node->count)
            return rp_fail(f->err, RP_E_FORMAT, "%s: a ragged list of numbers", f->label);
        rp_code code = RP_OK;
        for (size_t k = 0; code == RP_OK && k < node->count; k++)
            code = flatten(f, node->items[k], depth + 1);
        return code;
    }
    double parts[2];
    if (depth != f->naxis || !number_parts(node, parts, &f->complex_numbers))
        return rp_fail(f->err, RP_E_FORMAT, "%s: a list where something is no number", f->label);
    if (f->count == f->capacity) {
        const size_t capacity = f->capacity ? 2 * f->capacity : 64;
        double *fresh = realloc(f->parts, capacity * 2 * sizeof *fresh);
        if (!fresh)
            return rp_fail(f->err, RP_E_MEMORY, "%s: no memory for a list of numbers", f->label);
        f->parts = fresh;
        f->capacity = capacity;
    }
    f->parts[2 * f->count] = parts[0];
    f->parts[2 * f->count + 1] = parts[1];
    f->count++;
    return RP_OK;
}

static rp_code from_list(const rp_node *node, const char *label, double **values, int *naxis, int64_t *axis,
                         rp_error *err)
{
    flattener f = {.label = label, .err = err};
    rp_code code = flatten(&f, node, 0);
    if (code == RP_OK && f.complex_numbers)
        code = add_axis(&f.naxis, f.axis, 2, label, err);
    if (code == RP_OK && !f.parts) {
        f.parts = malloc(sizeof *f.parts);
        code = f.parts ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory for a list of numbers", label);
    }
    if (code != RP_OK) {
        free(f.parts);
        return code;
    }
    if (!f.complex_numbers)
        for (size_t k = 0; k < f.count; k++)
            f.parts[k] = f.parts[2 * k];
    *values = f.parts;
    *naxis = f.naxis;
    memcpy(axis, f.axis, sizeof f.axis);
    return RP_OK;
}

rp_code rp_asdf_numbers(const rp_node *node, const char *label, double **values, int *naxis, int64_t *axis,
                        rp_error *err)
{
    *values = NULL;
    *naxis = 0;
    if (node && node->kind == RP_NODE_ARRAY)
        return from_array(node->array, label, values, naxis, axis, err);
    if (node && node->kind == RP_NODE_MAPPING)
        node = rp_map_get(node, "data");
    if (!node)
        return rp_fail(err, RP_E_MISSING, "%s: an array is missing", label);
    return from_list(node, label, values, naxis, axis, err);
}
