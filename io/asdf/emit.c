/* Trees to YAML 1.1 text that Python's asdf reads back with the same types: io/asdf/yaml.h.
 *
 * Block style throughout, but for sequences of scalars; every string is double-quoted, keys only where needed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/asdf/yaml.h"
#include "io/fits/cards.h"

static const char asdf_prefix[] = "tag:stsci.edu:asdf/";

typedef struct emitter {
    rp_text *out;
    bool sorted;
    rp_array_list *arrays;
} emitter;

void rp_text_add(rp_text *out, const char *text, size_t length)
{
    if (out->failed)
        return;
    if (length > out->capacity - out->length) {
        size_t capacity = out->capacity ? out->capacity : 4096;
        while (capacity - out->length < length) {
            if (capacity > SIZE_MAX / 2) {
                out->failed = true;
                return;
            }
            capacity *= 2;
        }
        char *fresh = realloc(out->text, capacity);
        if (!fresh) {
            out->failed = true;
            return;
        }
        out->text = fresh;
        out->capacity = capacity;
    }
    if (length)
        memcpy(out->text + out->length, text, length);
    out->length += length;
}

void rp_text_puts(rp_text *out, const char *text)
{
    rp_text_add(out, text, strlen(text));
}

/* Length of the UTF-8 sequence at p (1 for an invalid byte) and its code point (the byte itself when invalid). */
static size_t decode(const unsigned char *p, size_t left, unsigned *point)
{
    *point = p[0];
    const size_t n = p[0] < 0xc2 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : p[0] < 0xf5 ? 4 : 1;
    if (n == 1 || n > left)
        return 1;
    unsigned value = p[0] & (0x7fu >> n);
    for (size_t k = 1; k < n; k++) {
        if ((p[k] & 0xc0u) != 0x80u)
            return 1;
        value = value << 6 | (p[k] & 0x3fu);
    }
    if ((n == 3 && value < 0x800u) || (n == 4 && (value < 0x10000u || value > 0x10ffffu)) ||
        (value >= 0xd800u && value <= 0xdfffu))
        return 1;
    *point = value;
    return n;
}

/* YAML's printable characters, less those that a double-quoted scalar would fold or end at. */
static bool stays(unsigned point)
{
    if (point < 0x80u)
        return point >= 0x20u && point != 0x7fu && point != '"' && point != '\\';
    return point >= 0xa0u && point != 0x2028u && point != 0x2029u && point != 0xfeffu && point != 0xfffeu &&
           point != 0xffffu;
}

static void add_escape(rp_text *out, unsigned point)
{
    char text[16];
    switch (point) {
    case '"':
        rp_text_puts(out, "\\\"");
        return;
    case '\\':
        rp_text_puts(out, "\\\\");
        return;
    case '\n':
        rp_text_puts(out, "\\n");
        return;
    case '\t':
        rp_text_puts(out, "\\t");
        return;
    default:
        (void)snprintf(text, sizeof text, point < 0x100u ? "\\x%02x" : "\\u%04x", point);
        rp_text_puts(out, text);
    }
}

static void add_quoted(rp_text *out, const char *text, size_t length)
{
    rp_text_add(out, "\"", 1);
    const unsigned char *p = (const unsigned char *)text;
    size_t start = 0;
    for (size_t k = 0; k < length;) {
        unsigned point;
        const size_t n = decode(p + k, length - k, &point);
        const bool valid = n > 1 || p[k] < 0x80u;
        if (!valid || !stays(point)) {
            rp_text_add(out, text + start, k - start);
            add_escape(out, point);
            start = k + n;
        }
        k += n;
    }
    rp_text_add(out, text + start, length - start);
    rp_text_add(out, "\"", 1);
}

static bool is_plain_word(const char *text, size_t length)
{
    if (!length || length > 64)
        return false;
    for (size_t k = 0; k < length; k++) {
        const char c = text[k];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(k && ((c >= '0' && c <= '9') || c == '-' || c == '.')))
            return false;
    }
    bool truth;
    int64_t integer;
    double number;
    const char *tag;
    return rp_yaml_resolve(text, length, &truth, &integer, &number, &tag) == RP_NODE_STRING;
}

static void add_key(rp_text *out, const rp_entry *entry)
{
    const size_t length = strlen(entry->key);
    if (!entry->key_is_text && !length) /* nothing at all is null, but as a key it has to be written */
        rp_text_puts(out, "~");
    else if (!entry->key_is_text || is_plain_word(entry->key, length))
        rp_text_add(out, entry->key, length);
    else
        add_quoted(out, entry->key, length);
    rp_text_add(out, ":", 1);
}

static void add_number(rp_text *out, double value)
{
    if (isnan(value) || isinf(value)) {
        rp_text_puts(out, isnan(value) ? ".nan" : value > 0.0 ? ".inf" : "-.inf");
        return;
    }
    char text[RP_NUMBER_TEXT];
    rp_double_repr(text, value);
    const char *e = strchr(text, 'e');
    const size_t digits = e ? (size_t)(e - text) : strlen(text);
    rp_text_add(out, text, digits);
    if (!memchr(text, '.', digits))
        rp_text_puts(out, ".0"); /* without a point YAML 1.1 takes it for a text */
    rp_text_puts(out, text + digits);
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_short_suffix(const char *suffix)
{
    for (const char *p = suffix; *p; p++)
        if (!is_letter_or_digit(*p) && !strchr("/._-", *p))
            return false;
    return *suffix != '\0';
}

static void add_tag(rp_text *out, const char *tag)
{
    const size_t prefix = sizeof asdf_prefix - 1;
    if (!strncmp(tag, asdf_prefix, prefix) && is_short_suffix(tag + prefix)) {
        rp_text_puts(out, " !");
        rp_text_puts(out, tag + prefix);
        return;
    }
    rp_text_puts(out, " !<");
    for (const char *p = tag; *p; p++) {
        char escaped[8];
        (void)snprintf(escaped, sizeof escaped, "%%%02X", (unsigned char)*p);
        if (is_letter_or_digit(*p) || strchr("-;/?:@&=+$,_.!~*'()[]", *p))
            rp_text_add(out, p, 1);
        else
            rp_text_puts(out, escaped);
    }
    rp_text_puts(out, ">");
}

static void add_scalar(rp_text *out, const rp_node *node)
{
    char text[32];
    switch (node->kind) {
    case RP_NODE_NULL:
        rp_text_puts(out, "null");
        break;
    case RP_NODE_BOOL:
        rp_text_puts(out, node->truth ? "true" : "false");
        break;
    case RP_NODE_INT:
        (void)snprintf(text, sizeof text, "%lld", (long long)node->integer);
        rp_text_puts(out, text);
        break;
    case RP_NODE_FLOAT:
        add_number(out, node->number);
        break;
    default:
        add_quoted(out, node->text, node->length);
        break;
    }
}

static bool is_scalar(const rp_node *node)
{
    return node->kind < RP_NODE_SEQUENCE;
}

static bool is_simple_sequence(const rp_node *node)
{
    for (size_t k = 0; k < node->count; k++)
        if (!is_scalar(node->items[k]) || node->items[k]->tag)
            return false;
    return true;
}

static void indent(rp_text *out, size_t columns)
{
    static const char blanks[] = "                                                                ";
    rp_text_add(out, "\n", 1);
    while (columns) {
        const size_t n = columns < sizeof blanks - 1 ? columns : sizeof blanks - 1;
        rp_text_add(out, blanks, n);
        columns -= n;
    }
}

static void add_node(emitter *e, const rp_node *node, size_t column);

static void add_sequence(emitter *e, const rp_node *node, size_t column)
{
    if (is_simple_sequence(node)) {
        rp_text_puts(e->out, " [");
        for (size_t k = 0; k < node->count; k++) {
            if (k)
                rp_text_puts(e->out, ", ");
            add_scalar(e->out, node->items[k]);
        }
        rp_text_puts(e->out, "]");
        return;
    }
    for (size_t k = 0; k < node->count; k++) {
        indent(e->out, column);
        rp_text_puts(e->out, "-");
        add_node(e, node->items[k], column + 2);
    }
}

static int by_key(const void *a, const void *b)
{
    const rp_entry *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

static void add_mapping(emitter *e, const rp_node *node, size_t column)
{
    if (!node->nentries) {
        rp_text_puts(e->out, " {}");
        return;
    }
    const rp_entry **order = malloc(node->nentries * sizeof *order);
    if (!order) {
        e->out->failed = true;
        return;
    }
    for (size_t k = 0; k < node->nentries; k++)
        order[k] = &node->entries[k];
    if (e->sorted)
        qsort(order, node->nentries, sizeof *order, by_key);
    for (size_t k = 0; k < node->nentries; k++) {
        indent(e->out, column);
        add_key(e->out, order[k]);
        add_node(e, order[k]->value, column + 2);
    }
    free(order);
}

static size_t array_source(rp_array_list *list, const rp_array *array)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 8;
        const rp_array **fresh = realloc(list->items, capacity * sizeof *fresh);
        if (!fresh) {
            list->failed = true;
            return 0;
        }
        list->items = fresh;
        list->capacity = capacity;
    }
    list->items[list->count] = array;
    return list->count++;
}

static void add_array(emitter *e, const rp_array *array, size_t column)
{
    char text[64];
    indent(e->out, column);
    (void)snprintf(text, sizeof text, "source: %zu", array_source(e->arrays, array));
    rp_text_puts(e->out, text);
    indent(e->out, column);
    rp_text_puts(e->out, "datatype:");
    if (array->fields) {
        add_node(e, array->fields, column + 2);
    } else {
        rp_text_puts(e->out, " ");
        rp_text_puts(e->out, array->datatype);
    }
    indent(e->out, column);
    rp_text_puts(e->out, array->big_endian ? "byteorder: big" : "byteorder: little");
    indent(e->out, column);
    rp_text_puts(e->out, "shape: [");
    for (int k = 0; k < array->naxis; k++) {
        (void)snprintf(text, sizeof text, k ? ", %lld" : "%lld", (long long)array->axis[k]);
        rp_text_puts(e->out, text);
    }
    rp_text_puts(e->out, "]");
}

/* After "key:" or "-": the value, on this line or on the following ones from `column` on. */
static void add_node(emitter *e, const rp_node *node, size_t column)
{
    static const char timestamp[] = "tag:yaml.org,2002:timestamp";
    if (node->tag && !strcmp(node->tag, timestamp)) { /* what it was read from: plain */
        rp_text_puts(e->out, " ");
        rp_text_add(e->out, node->text, node->length);
        return;
    }
    if (node->tag)
        add_tag(e->out, node->tag);
    switch (node->kind) {
    case RP_NODE_SEQUENCE:
        add_sequence(e, node, column);
        break;
    case RP_NODE_MAPPING:
        add_mapping(e, node, column);
        break;
    case RP_NODE_ARRAY:
        if (!node->tag)
            add_tag(e->out, "tag:stsci.edu:asdf/core/ndarray-1.1.0");
        add_array(e, node->array, column);
        break;
    default:
        rp_text_puts(e->out, " ");
        add_scalar(e->out, node);
        break;
    }
}

void rp_yaml_emit(rp_text *out, const rp_node *root, const char *tag, bool sorted, rp_array_list *arrays)
{
    emitter e = {.out = out, .sorted = sorted, .arrays = arrays};
    rp_text_puts(out, "%YAML 1.1\n%TAG ! tag:stsci.edu:asdf/\n---");
    add_tag(out, tag);
    add_mapping(&e, root, 0);
    rp_text_puts(out, "\n...\n");
}
