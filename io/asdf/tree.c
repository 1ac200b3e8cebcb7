/* Trees of values and their arena: io/asdf/tree.h. */
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "io/asdf/tree.h"

enum { FIRST_CHUNK = 8192, LARGEST_CHUNK = 1 << 20 };

typedef struct chunk chunk;
struct chunk {
    chunk *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

struct rp_tree {
    chunk *chunks; /* the one being filled first */
    rp_node *root;
};

rp_tree *rp_tree_new(void)
{
    return calloc(1, sizeof(rp_tree));
}

void rp_tree_free(rp_tree *tree)
{
    if (!tree)
        return;
    for (chunk *c = tree->chunks; c;) {
        chunk *next = c->next;
        free(c);
        c = next;
    }
    free(tree);
}

rp_node *rp_tree_root(const rp_tree *tree)
{
    return tree->root;
}

void rp_tree_set_root(rp_tree *tree, rp_node *root)
{
    tree->root = root;
}

static chunk *add_chunk(rp_tree *tree, size_t bytes)
{
    size_t size = tree->chunks ? tree->chunks->size * 2 : FIRST_CHUNK;
    if (size > LARGEST_CHUNK)
        size = LARGEST_CHUNK;
    const bool alone = bytes > size / 2; /* a large object gets its own chunk, the one being filled stays first */
    if (alone)
        size = bytes;
    if (size > SIZE_MAX - sizeof(chunk))
        return NULL;
    chunk *c = malloc(sizeof(chunk) + size);
    if (!c)
        return NULL;
    c->used = 0;
    c->size = size;
    if (alone && tree->chunks) {
        c->next = tree->chunks->next;
        tree->chunks->next = c;
    } else {
        c->next = tree->chunks;
        tree->chunks = c;
    }
    return c;
}

void *rp_tree_alloc(rp_tree *tree, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    if (bytes > SIZE_MAX - align)
        return NULL;
    const size_t rounded = (bytes + align - 1) / align * align;
    chunk *c = tree->chunks;
    if (!c || c->size - c->used < rounded)
        c = add_chunk(tree, rounded);
    if (!c)
        return NULL;
    void *memory = c->bytes + c->used;
    c->used += rounded;
    return memory;
}

const char *rp_tree_text(rp_tree *tree, const char *text, size_t length)
{
    if (length == SIZE_MAX)
        return NULL;
    char *copy = rp_tree_alloc(tree, length + 1);
    if (!copy)
        return NULL;
    if (length)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static rp_node *new_node(rp_tree *tree, rp_node_kind kind)
{
    rp_node *node = rp_tree_alloc(tree, sizeof *node);
    if (!node)
        return NULL;
    memset(node, 0, sizeof *node);
    node->kind = kind;
    return node;
}

rp_node *rp_new_null(rp_tree *tree)
{
    return new_node(tree, RP_NODE_NULL);
}

rp_node *rp_new_bool(rp_tree *tree, bool value)
{
    rp_node *node = new_node(tree, RP_NODE_BOOL);
    if (node)
        node->truth = value;
    return node;
}

rp_node *rp_new_int(rp_tree *tree, int64_t value)
{
    rp_node *node = new_node(tree, RP_NODE_INT);
    if (node)
        node->integer = value;
    return node;
}

rp_node *rp_new_float(rp_tree *tree, double value)
{
    rp_node *node = new_node(tree, RP_NODE_FLOAT);
    if (node)
        node->number = value;
    return node;
}

rp_node *rp_new_string_n(rp_tree *tree, const char *text, size_t length)
{
    rp_node *node = new_node(tree, RP_NODE_STRING);
    const char *copy = node ? rp_tree_text(tree, text, length) : NULL;
    if (!copy)
        return NULL;
    node->text = copy;
    node->length = length;
    return node;
}

rp_node *rp_new_string(rp_tree *tree, const char *text)
{
    return rp_new_string_n(tree, text, strlen(text));
}

rp_node *rp_new_sequence(rp_tree *tree)
{
    return new_node(tree, RP_NODE_SEQUENCE);
}

rp_node *rp_new_mapping(rp_tree *tree)
{
    return new_node(tree, RP_NODE_MAPPING);
}

rp_node *rp_new_array(rp_tree *tree, const rp_array *array)
{
    rp_node *node = new_node(tree, RP_NODE_ARRAY);
    rp_array *copy = node ? rp_tree_alloc(tree, sizeof *copy) : NULL;
    void *data = copy ? rp_tree_alloc(tree, array->bytes ? array->bytes : 1) : NULL;
    if (!data)
        return NULL;
    *copy = *array;
    if (array->bytes)
        memcpy(data, array->data, array->bytes);
    copy->data = data;
    copy->datatype = rp_tree_text(tree, array->datatype, strlen(array->datatype));
    copy->fields = array->fields ? rp_node_copy(tree, array->fields) : NULL;
    if (!copy->datatype || (array->fields && !copy->fields))
        return NULL;
    node->array = copy;
    return node;
}

rp_node *rp_tagged(rp_tree *tree, rp_node *node, const char *tag)
{
    if (!node)
        return NULL;
    node->tag = rp_tree_text(tree, tag, strlen(tag));
    return node->tag ? node : NULL;
}

static rp_entry *find_entry(const rp_node *map, const char *key)
{
    if (!map || map->kind != RP_NODE_MAPPING)
        return NULL;
    for (size_t k = 0; k < map->nentries; k++)
        if (!strcmp(map->entries[k].key, key))
            return &map->entries[k];
    return NULL;
}

rp_node *rp_map_get(const rp_node *map, const char *key)
{
    const rp_entry *entry = find_entry(map, key);
    return entry ? entry->value : NULL;
}

/* Doubles an array in the arena; the old one is left to it. */
static void *grow(rp_tree *tree, const void *old, size_t count, size_t *capacity, size_t size)
{
    const size_t wanted = *capacity ? *capacity * 2 : 4;
    if (wanted > SIZE_MAX / size)
        return NULL;
    void *fresh = rp_tree_alloc(tree, wanted * size);
    if (!fresh)
        return NULL;
    if (count)
        memcpy(fresh, old, count * size);
    *capacity = wanted;
    return fresh;
}

bool rp_map_append(rp_tree *tree, rp_node *map, const char *key, bool key_is_text, rp_node *value)
{
    if (!map || !value)
        return false;
    if (map->nentries == map->entry_capacity) {
        rp_entry *fresh = grow(tree, map->entries, map->nentries, &map->entry_capacity, sizeof *fresh);
        if (!fresh)
            return false;
        map->entries = fresh;
    }
    const char *copy = rp_tree_text(tree, key, strlen(key));
    if (!copy)
        return false;
    map->entries[map->nentries++] = (rp_entry){.key = copy, .key_is_text = key_is_text, .value = value};
    return true;
}

bool rp_map_set_key(rp_tree *tree, rp_node *map, const char *key, bool key_is_text, rp_node *value)
{
    rp_entry *entry = value ? find_entry(map, key) : NULL;
    if (!entry)
        return rp_map_append(tree, map, key, key_is_text, value);
    entry->value = value;
    return true;
}

bool rp_map_set(rp_tree *tree, rp_node *map, const char *key, rp_node *value)
{
    return rp_map_set_key(tree, map, key, true, value);
}

bool rp_map_remove(rp_node *map, const char *key)
{
    rp_entry *entry = find_entry(map, key);
    if (!entry)
        return false;
    const size_t after = (size_t)(map->entries + map->nentries - (entry + 1));
    memmove(entry, entry + 1, after * sizeof *entry);
    map->nentries--;
    return true;
}

static int by_key_then_place(const void *a, const void *b)
{
    const rp_entry *const *x = a, *const *y = b;
    const int order = strcmp((*x)->key, (*y)->key);
    return order ? order : *x < *y ? -1 : *x > *y;
}

bool rp_map_settle(rp_node *map)
{
    const size_t n = map->nentries;
    if (n < 2)
        return true;
    rp_entry **sorted = malloc(n * sizeof *sorted);
    if (!sorted)
        return false;
    for (size_t k = 0; k < n; k++)
        sorted[k] = &map->entries[k];
    qsort(sorted, n, sizeof(rp_entry *), by_key_then_place);
    size_t first = 0, dropped = 0; /* the first of equal keys keeps its place and gets the last value */
    for (size_t k = 1; k < n; k++) {
        if (strcmp(sorted[first]->key, sorted[k]->key)) {
            first = k;
            continue;
        }
        sorted[first]->value = sorted[k]->value;
        sorted[k]->value = NULL;
        dropped++;
    }
    free(sorted);
    if (!dropped)
        return true;
    size_t kept = 0;
    for (size_t k = 0; k < n; k++)
        if (map->entries[k].value)
            map->entries[kept++] = map->entries[k];
    map->nentries = kept;
    return true;
}

void rp_map_clear(rp_node *map)
{
    map->nentries = 0;
}

bool rp_seq_append(rp_tree *tree, rp_node *seq, rp_node *value)
{
    if (!seq || !value)
        return false;
    if (seq->count == seq->capacity) {
        rp_node **fresh = grow(tree, seq->items, seq->count, &seq->capacity, sizeof *fresh);
        if (!fresh)
            return false;
        seq->items = fresh;
    }
    seq->items[seq->count++] = value;
    return true;
}
