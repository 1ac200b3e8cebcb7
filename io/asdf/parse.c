/* YAML documents into trees, over libyaml's events: io/asdf/yaml.h. */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "io/asdf/yaml.h"

typedef struct anchor {
    char *name;
    const rp_node *node; /* NULL while the node is being read */
} anchor;

typedef struct frame {
    rp_node *node;
    const char *key; /* of a mapping: the key whose value comes next; NULL: a key comes next */
    bool key_is_text;
    size_t anchor; /* index + 1 of the anchor that names this node; 0: none */
} frame;

typedef struct parser {
    yaml_parser_t yaml;
    rp_tree *tree;
    const char *label;
    frame stack[RP_YAML_MAX_DEPTH];
    size_t depth;
    anchor *anchors;
    size_t nanchors, anchor_capacity;
    size_t nodes;
    bool ended;
    rp_error *err;
} parser;

static rp_code no_memory(parser *p)
{
    return rp_fail(p->err, RP_E_MEMORY, "%s: no memory for its metadata tree", p->label);
}

static rp_code bad(parser *p, const yaml_event_t *event, const char *what)
{
    return rp_fail(p->err, RP_E_FORMAT, "%s: YAML line %zu: %s", p->label, event->start_mark.line + 1, what);
}

/* Remembers an anchor name; *index is its number + 1. */
static rp_code open_anchor(parser *p, const yaml_char_t *name, size_t *index)
{
    *index = 0;
    if (!name)
        return RP_OK;
    if (p->nanchors == p->anchor_capacity) {
        const size_t capacity = p->anchor_capacity ? 2 * p->anchor_capacity : 16;
        anchor *fresh = realloc(p->anchors, capacity * sizeof *fresh);
        if (!fresh)
            return no_memory(p);
        p->anchors = fresh;
        p->anchor_capacity = capacity;
    }
    char *copy = strdup((const char *)name);
    if (!copy)
        return no_memory(p);
    p->anchors[p->nanchors++] = (anchor){.name = copy, .node = NULL};
    *index = p->nanchors;
    return RP_OK;
}

static void close_anchor(parser *p, size_t index, const rp_node *node)
{
    if (index)
        p->anchors[index - 1].node = node;
}

static rp_code place(parser *p, const yaml_event_t *event, rp_node *node)
{
    if (!node)
        return no_memory(p);
    if (!p->depth) {
        rp_tree_set_root(p->tree, node);
        return RP_OK;
    }
    frame *top = &p->stack[p->depth - 1];
    bool stored;
    if (top->node->kind == RP_NODE_SEQUENCE) {
        stored = rp_seq_append(p->tree, top->node, node);
    } else {
        if (!top->key)
            return bad(p, event, "a key must be a scalar");
        stored = rp_map_append(p->tree, top->node, top->key, top->key_is_text, node);
        top->key = NULL;
    }
    return stored ? RP_OK : no_memory(p);
}

static rp_node *plain_node(rp_tree *tree, const char *text, size_t length)
{
    bool truth = false;
    int64_t integer = 0;
    double number = 0.0;
    const char *tag;
    switch (rp_yaml_resolve(text, length, &truth, &integer, &number, &tag)) {
    case RP_NODE_NULL:
        return rp_new_null(tree);
    case RP_NODE_BOOL:
        return rp_new_bool(tree, truth);
    case RP_NODE_INT:
        return rp_new_int(tree, integer);
    case RP_NODE_FLOAT:
        return rp_new_float(tree, number);
    default:
        break;
    }
    rp_node *node = rp_new_string_n(tree, text, length);
    return tag ? rp_tagged(tree, node, tag) : node;
}

static rp_node *scalar_node(parser *p, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    const size_t length = event->data.scalar.length;
    const char *tag = (const char *)event->data.scalar.tag;
    static const char yaml_tag[] = "tag:yaml.org,2002:";
    if (!tag)
        return event->data.scalar.plain_implicit ? plain_node(p->tree, text, length)
                                                 : rp_new_string_n(p->tree, text, length);
    if (strncmp(tag, yaml_tag, sizeof yaml_tag - 1))
        return rp_tagged(p->tree, rp_new_string_n(p->tree, text, length), tag);
    const char *kind = tag + sizeof yaml_tag - 1;
    if (!strcmp(kind, "str") || !strcmp(kind, "binary") || !strcmp(kind, "timestamp")) {
        rp_node *node = rp_new_string_n(p->tree, text, length);
        return strcmp(kind, "str") ? rp_tagged(p->tree, node, tag) : node;
    }
    rp_node *node = plain_node(p->tree, text, length);
    if (node && !strcmp(kind, "float") && node->kind == RP_NODE_INT)
        return rp_new_float(p->tree, (double)node->integer);
    return node;
}

/* Is this scalar the key of the mapping on top? */
static bool wants_key(const parser *p)
{
    return p->depth && p->stack[p->depth - 1].node->kind == RP_NODE_MAPPING && !p->stack[p->depth - 1].key;
}

static rp_code take_key(parser *p, const yaml_event_t *event)
{
    frame *top = &p->stack[p->depth - 1];
    const char *text = (const char *)event->data.scalar.value;
    const size_t length = event->data.scalar.length;
    if (memchr(text, '\0', length))
        return bad(p, event, "a key holds a NUL character");
    bool truth;
    int64_t integer;
    double number;
    const char *tag;
    top->key_is_text = !event->data.scalar.plain_implicit ||
                       (rp_yaml_resolve(text, length, &truth, &integer, &number, &tag) == RP_NODE_STRING && !tag);
    top->key = rp_tree_text(p->tree, text, length);
    return top->key ? RP_OK : no_memory(p);
}

static rp_code take_scalar(parser *p, const yaml_event_t *event)
{
    size_t index;
    rp_code code = open_anchor(p, event->data.scalar.anchor, &index);
    if (code != RP_OK)
        return code;
    if (wants_key(p)) {
        code = take_key(p, event);
        if (code == RP_OK && index)
            close_anchor(p, index, scalar_node(p, event));
        return code;
    }
    rp_node *node = scalar_node(p, event);
    close_anchor(p, index, node);
    return place(p, event, node);
}

static rp_code take_alias(parser *p, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    for (size_t k = p->nanchors; k-- > 0;) {
        if (strcmp(p->anchors[k].name, name))
            continue;
        if (!p->anchors[k].node)
            return bad(p, event, "a node contains itself");
        if (wants_key(p))
            return bad(p, event, "an alias as a key is not supported");
        p->nodes += rp_node_count(p->anchors[k].node);
        if (p->nodes > RP_YAML_MAX_NODES)
            return bad(p, event, "too many nodes");
        if (p->depth + rp_node_depth(p->anchors[k].node) > RP_YAML_MAX_DEPTH + 1)
            return bad(p, event, "nested too deeply");
        return place(p, event, rp_node_copy(p->tree, p->anchors[k].node));
    }
    return bad(p, event, "alias without anchor");
}

static rp_code open_collection(parser *p, const yaml_event_t *event, bool mapping)
{
    if (p->depth == RP_YAML_MAX_DEPTH)
        return bad(p, event, "nested too deeply");
    size_t index;
    rp_code code =
        open_anchor(p, mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor, &index);
    if (code != RP_OK)
        return code;
    const char *tag = (const char *)(mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    rp_node *node = mapping ? rp_new_mapping(p->tree) : rp_new_sequence(p->tree);
    if (tag && strcmp(tag, YAML_MAP_TAG) && strcmp(tag, YAML_SEQ_TAG))
        node = rp_tagged(p->tree, node, tag);
    code = place(p, event, node);
    if (code == RP_OK)
        p->stack[p->depth++] = (frame){.node = node, .anchor = index};
    return code;
}

static rp_code close_collection(parser *p)
{
    p->depth--;
    close_anchor(p, p->stack[p->depth].anchor, p->stack[p->depth].node);
    return RP_OK;
}

static rp_code take_event(parser *p, const yaml_event_t *event)
{
    if (++p->nodes > RP_YAML_MAX_NODES)
        return bad(p, event, "too many nodes");
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(p, event);
    case YAML_ALIAS_EVENT:
        return take_alias(p, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(p, event, false);
    case YAML_MAPPING_START_EVENT:
        return open_collection(p, event, true);
    case YAML_SEQUENCE_END_EVENT:
        return close_collection(p);
    case YAML_MAPPING_END_EVENT:
        return rp_map_settle(p->stack[p->depth - 1].node) ? close_collection(p) : no_memory(p);
    case YAML_DOCUMENT_END_EVENT:
    case YAML_STREAM_END_EVENT:
        p->ended = true;
        return RP_OK;
    default:
        return RP_OK;
    }
}

rp_code rp_yaml_parse(rp_tree *tree, const char *text, size_t length, const char *label, rp_error *err)
{
    rp_code code = RP_OK;
    parser *p = calloc(1, sizeof *p);
    if (!p || !yaml_parser_initialize(&p->yaml)) {
        free(p);
        return rp_fail(err, RP_E_MEMORY, "%s: no memory for its metadata tree", label);
    }
    p->tree = tree;
    p->label = label;
    p->err = err;
    yaml_parser_set_input_string(&p->yaml, (const unsigned char *)text, length);
    while (code == RP_OK && !p->ended) {
        yaml_event_t event;
        if (!yaml_parser_parse(&p->yaml, &event)) {
            code = rp_fail(err, p->yaml.error == YAML_MEMORY_ERROR ? RP_E_MEMORY : RP_E_FORMAT, "%s: YAML line %zu: %s",
                           label, p->yaml.problem_mark.line + 1, p->yaml.problem ? p->yaml.problem : "bad syntax");
            break;
        }
        code = take_event(p, &event);
        yaml_event_delete(&event);
    }
    for (size_t k = 0; k < p->nanchors; k++)
        free(p->anchors[k].name);
    free(p->anchors);
    yaml_parser_delete(&p->yaml);
    free(p);
    return code;
}
