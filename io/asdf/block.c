/* Blocks of an ASDF file: finding and unpacking them, and making arrays of them: io/asdf/block.h. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "io/asdf/asdf.h"
#include "io/asdf/block.h"

enum { MAGIC_BYTES = 4, HEADER_BYTES = 48, FLAG_STREAMED = 1 };

static const unsigned char magic[MAGIC_BYTES] = {0xd3, 'B', 'L', 'K'};

static uint64_t big(const unsigned char *p, size_t n)
{
    uint64_t value = 0;
    for (size_t k = 0; k < n; k++)
        value = value << 8 | p[k];
    return value;
}

static rp_block *add_block(rp_blocks *blocks)
{
    if (blocks->count == blocks->capacity) {
        const size_t capacity = blocks->capacity ? 2 * blocks->capacity : 8;
        rp_block *fresh = realloc(blocks->items, capacity * sizeof *fresh);
        if (!fresh)
            return NULL;
        blocks->items = fresh;
        blocks->capacity = capacity;
    }
    rp_block *block = &blocks->items[blocks->count++];
    *block = (rp_block){0};
    return block;
}

/* One block at p; *next is where the following one begins. */
static rp_code read_block(rp_blocks *blocks, const unsigned char *p, size_t left, size_t *next, const char *label,
                          rp_error *err)
{
    if (left < MAGIC_BYTES + 2 + HEADER_BYTES)
        return rp_fail(err, RP_E_FORMAT, "%s: ASDF block %zu is cut off", label, blocks->count);
    const size_t header = (size_t)big(p + MAGIC_BYTES, 2);
    const unsigned char *h = p + MAGIC_BYTES + 2;
    if (header < HEADER_BYTES || header > left - MAGIC_BYTES - 2)
        return rp_fail(err, RP_E_FORMAT, "%s: ASDF block %zu has a header of %zu bytes", label, blocks->count, header);
    const bool streamed = big(h, 4) & FLAG_STREAMED;
    const size_t start = MAGIC_BYTES + 2 + header;
    const uint64_t room = left - start;
    const uint64_t allocated = streamed ? room : big(h + 8, 8);
    const uint64_t used = streamed ? room : big(h + 16, 8);
    const uint64_t data = streamed ? room : big(h + 24, 8);
    if (allocated > room || used > allocated || data > SIZE_MAX / 2)
        return rp_fail(err, RP_E_FORMAT, "%s: ASDF block %zu claims %llu bytes, the file has %llu", label,
                       blocks->count, (unsigned long long)allocated, (unsigned long long)room);
    rp_block *block = add_block(blocks);
    if (!block)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its ASDF blocks", label);
    memcpy(block->compression, h + 4, 4);
    block->used = p + start;
    block->used_bytes = (size_t)used;
    block->data_bytes = block->compression[0] ? (size_t)data : (size_t)used;
    *next = start + (size_t)allocated;
    return RP_OK;
}

rp_code rp_blocks_scan(rp_blocks *blocks, const unsigned char *bytes, size_t size, const char *label, rp_error *err)
{
    size_t at = 0;
    const unsigned char *first = memmem(bytes, size, magic, MAGIC_BYTES); /* padding may precede the first one */
    if (!first)
        return RP_OK;
    at = (size_t)(first - bytes);
    while (size - at >= MAGIC_BYTES && !memcmp(bytes + at, magic, MAGIC_BYTES)) {
        size_t next = 0;
        const rp_code code = read_block(blocks, bytes + at, size - at, &next, label, err);
        if (code != RP_OK)
            return code;
        at += next;
    }
    return RP_OK;
}

void rp_blocks_free(rp_blocks *blocks)
{
    for (size_t k = 0; k < blocks->count; k++)
        free(blocks->items[k].unpacked);
    free(blocks->items);
    *blocks = (rp_blocks){0};
}

static rp_code inflate_block(rp_block *block, const char *label, rp_error *err)
{
    unsigned char *out = malloc(block->data_bytes ? block->data_bytes : 1);
    if (!out)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for an ASDF block of %zu bytes", label, block->data_bytes);
    z_stream z = {0};
    int status = inflateInit(&z);
    size_t in_done = 0, out_done = 0;
    while (status == Z_OK) {
        const size_t in = block->used_bytes - in_done, room = block->data_bytes - out_done;
        z.next_in = (unsigned char *)(uintptr_t)(block->used + in_done); /* zlib reads only */
        z.avail_in = in > UINT32_MAX ? UINT32_MAX : (unsigned)in;
        z.next_out = out + out_done;
        z.avail_out = room > UINT32_MAX ? UINT32_MAX : (unsigned)room;
        const unsigned in_given = z.avail_in, out_given = z.avail_out;
        status = inflate(&z, Z_NO_FLUSH);
        in_done += in_given - z.avail_in;
        out_done += out_given - z.avail_out;
        if (status == Z_OK && in_given == z.avail_in && out_given == z.avail_out)
            status = Z_BUF_ERROR;
    }
    (void)inflateEnd(&z);
    if (status == Z_STREAM_END && out_done == block->data_bytes) {
        block->unpacked = out;
        return RP_OK;
    }
    free(out);
    return rp_fail(err, RP_E_FORMAT, "%s: a zlib-compressed ASDF block is damaged", label);
}

static rp_code block_data(rp_block *block, const unsigned char **data, const char *label, rp_error *err)
{
    if (!block->compression[0]) {
        *data = block->used;
        return RP_OK;
    }
    if (strcmp(block->compression, "zlib"))
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: ASDF block compressed with \"%.4s\"; rewrite it with zlib or none",
                       label, block->compression);
    if (block->data_bytes > RP_ASDF_MAX_BYTES)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: compressed ASDF block of %zu bytes", label, block->data_bytes);
    const rp_code code = block->unpacked ? RP_OK : inflate_block(block, label, err);
    *data = block->unpacked;
    return code;
}

size_t rp_datatype_bytes(const rp_node *datatype)
{
    static const struct {
        const char *name;
        size_t bytes;
    } types[] = {{"int8", 1},    {"uint8", 1}, {"int16", 2},     {"uint16", 2},     {"int32", 4},
                 {"uint32", 4},  {"int64", 8}, {"uint64", 8},    {"float16", 2},    {"float32", 4},
                 {"float64", 8}, {"bool8", 1}, {"complex64", 8}, {"complex128", 16}};
    const char *name = rp_node_text(datatype);
    for (size_t k = 0; name && k < sizeof types / sizeof *types; k++)
        if (!strcmp(name, types[k].name))
            return types[k].bytes;
    return 0;
}

/* Fixed-length texts ([ascii, 12]) and structures (a list of fields). */
static size_t item_bytes(const rp_node *datatype, int depth)
{
    const size_t simple = rp_datatype_bytes(datatype);
    if (simple || !datatype || depth > 4)
        return simple;
    if (datatype->kind == RP_NODE_MAPPING) {
        size_t bytes = item_bytes(rp_map_get(datatype, "datatype"), depth + 1);
        const rp_node *shape = rp_map_get(datatype, "shape");
        for (size_t k = 0; shape && shape->kind == RP_NODE_SEQUENCE && k < shape->count; k++) {
            int64_t n;
            if (!rp_node_integer(shape->items[k], &n) || n < 0 || n > 1 << 20 || bytes > 1 << 20)
                return 0;
            bytes *= (size_t)n;
        }
        return bytes;
    }
    if (datatype->kind != RP_NODE_SEQUENCE || !datatype->count)
        return 0;
    const char *first = rp_node_text(datatype->items[0]);
    int64_t n;
    if (first && datatype->count == 2 && rp_node_integer(datatype->items[1], &n) && n >= 0 && n < 1 << 20)
        return !strcmp(first, "ascii") ? (size_t)n : !strcmp(first, "ucs4") ? 4 * (size_t)n : 0;
    size_t bytes = 0;
    for (size_t k = 0; k < datatype->count && bytes < 1 << 24; k++) {
        const size_t field = item_bytes(datatype->items[k], depth + 1);
        if (!field)
            return 0;
        bytes += field;
    }
    return bytes;
}

typedef struct layout {
    int naxis;
    int64_t axis[RP_ARRAY_MAX_AXES];
    int64_t stride[RP_ARRAY_MAX_AXES]; /* bytes */
    int64_t offset;
    size_t items, item_bytes;
} layout;

static rp_code read_shape(layout *l, const rp_node *map, const char *label, rp_error *err)
{
    const rp_node *shape = rp_map_get(map, "shape");
    if (!shape || shape->kind != RP_NODE_SEQUENCE || shape->count > RP_ARRAY_MAX_AXES)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: an ASDF array without a plain shape of at most %d axes", label,
                       RP_ARRAY_MAX_AXES);
    l->naxis = (int)shape->count;
    l->items = 1;
    for (int k = 0; k < l->naxis; k++) {
        if (!rp_node_integer(shape->items[k], &l->axis[k]) || l->axis[k] < 0 ||
            (l->axis[k] && l->items > RP_ASDF_MAX_BYTES / (size_t)l->axis[k]))
            return rp_fail(err, RP_E_FORMAT, "%s: an ASDF array has an absurd shape", label);
        l->items *= (size_t)l->axis[k];
    }
    if (l->items > RP_ASDF_MAX_BYTES / l->item_bytes)
        return rp_fail(err, RP_E_FORMAT, "%s: an ASDF array is larger than %zu bytes", label, RP_ASDF_MAX_BYTES);
    return RP_OK;
}

/* Strides (given or those of C order) and offset, checked to stay inside `size` bytes. */
static rp_code read_strides(layout *l, const rp_node *map, size_t size, const char *label, rp_error *err)
{
    const rp_node *strides = rp_map_get(map, "strides");
    const rp_node *offset = rp_map_get(map, "offset");
    const int64_t limit = (int64_t)1 << 40;
    int64_t step = (int64_t)l->item_bytes;
    l->offset = 0;
    if (offset && (!rp_node_integer(offset, &l->offset) || l->offset < 0 || l->offset > limit))
        return rp_fail(err, RP_E_FORMAT, "%s: an ASDF array has a bad offset", label);
    int64_t low = l->offset, high = l->offset;
    for (int k = l->naxis; k-- > 0;) {
        l->stride[k] = step;
        step *= l->axis[k] ? l->axis[k] : 1;
        if (strides && (strides->kind != RP_NODE_SEQUENCE || strides->count != (size_t)l->naxis ||
                        !rp_node_integer(strides->items[k], &l->stride[k]) || llabs(l->stride[k]) > limit))
            return rp_fail(err, RP_E_FORMAT, "%s: an ASDF array has bad strides", label);
        if (!l->axis[k] || llabs(l->stride[k]) > limit / l->axis[k])
            continue;
        const int64_t reach = l->stride[k] * (l->axis[k] - 1);
        low += reach < 0 ? reach : 0;
        high += reach > 0 ? reach : 0;
    }
    for (int k = 0; k < l->naxis; k++)
        if (l->axis[k] && llabs(l->stride[k]) > limit / l->axis[k])
            return rp_fail(err, RP_E_FORMAT, "%s: an ASDF array has bad strides", label);
    if (l->items && (low < 0 || (uint64_t)high + l->item_bytes > size))
        return rp_fail(err, RP_E_FORMAT, "%s: an ASDF array reaches beyond its block of %zu bytes", label, size);
    return RP_OK;
}

static unsigned char *gather(const layout *l, int axis, const unsigned char *from, unsigned char *to)
{
    if (axis == l->naxis) {
        memcpy(to, from, l->item_bytes);
        return to + l->item_bytes;
    }
    if (axis == l->naxis - 1 && l->stride[axis] == (int64_t)l->item_bytes) {
        const size_t run = (size_t)l->axis[axis] * l->item_bytes;
        memcpy(to, from, run);
        return to + run;
    }
    for (int64_t k = 0; k < l->axis[axis]; k++)
        to = gather(l, axis + 1, from + k * l->stride[axis], to);
    return to;
}

static rp_code make_array(rp_blocks *blocks, rp_tree *tree, rp_node *node, int64_t source, const char *label,
                          rp_error *err)
{
    const rp_node *datatype = rp_map_get(node, "datatype");
    const char *byteorder = rp_node_text(rp_map_get(node, "byteorder"));
    layout l = {.item_bytes = item_bytes(datatype, 0)};
    const unsigned char *data = NULL;
    if (source < 0 || (uint64_t)source >= blocks->count)
        return rp_fail(err, RP_E_FORMAT, "%s: an ASDF array names block %lld of %zu", label, (long long)source,
                       blocks->count);
    if (!l.item_bytes)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: an ASDF array has an unknown datatype", label);
    rp_block *block = &blocks->items[source];
    rp_code code = read_shape(&l, node, label, err);
    if (code == RP_OK)
        code = read_strides(&l, node, block->data_bytes, label, err);
    if (code == RP_OK)
        code = block_data(block, &data, label, err);
    if (code != RP_OK)
        return code;
    rp_array *array = rp_tree_alloc(tree, sizeof *array);
    const size_t bytes = l.items * l.item_bytes;
    blocks->unfolded_bytes += bytes;
    if (blocks->unfolded_bytes > RP_ASDF_MAX_BYTES)
        return rp_fail(err, RP_E_UNSUPPORTED, "%s: its ASDF arrays exceed %zu bytes", label, RP_ASDF_MAX_BYTES);
    unsigned char *copy = rp_tree_alloc(tree, bytes ? bytes : 1);
    if (!array || !copy)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for an ASDF array of %zu bytes", label, bytes);
    if (l.items)
        (void)gather(&l, 0, data + l.offset, copy);
    const char *name = rp_node_text(datatype);
    *array = (rp_array){.datatype = name ? name : "",
                        .fields = name ? NULL : datatype,
                        .item_bytes = l.item_bytes,
                        .big_endian = byteorder && !strcmp(byteorder, "big"),
                        .naxis = l.naxis,
                        .data = copy,
                        .bytes = bytes};
    memcpy(array->axis, l.axis, sizeof array->axis);
    node->kind = RP_NODE_ARRAY;
    node->array = array;
    return RP_OK;
}

rp_code rp_blocks_resolve(rp_blocks *blocks, rp_tree *tree, rp_node *node, const char *label, rp_error *err)
{
    rp_code code = RP_OK;
    int64_t source;
    if (node->kind == RP_NODE_SEQUENCE)
        for (size_t k = 0; code == RP_OK && k < node->count; k++)
            code = rp_blocks_resolve(blocks, tree, node->items[k], label, err);
    if (node->kind != RP_NODE_MAPPING)
        return code;
    if (node->tag && strstr(node->tag, "/core/ndarray-") && rp_node_integer(rp_map_get(node, "source"), &source))
        return make_array(blocks, tree, node, source, label, err);
    for (size_t k = 0; code == RP_OK && k < node->nentries; k++)
        code = rp_blocks_resolve(blocks, tree, node->entries[k].value, label, err);
    return code;
}
