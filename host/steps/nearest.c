/* A balanced k-d tree with leaves of up to ten points: host/steps/nearest.h. */
#include "host/steps/nearest.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { LEAF = 10, AXES = 2, MAX_DEPTH = 64 };

typedef struct node {
    int axis; /* -1: a leaf */
    double split;
    size_t start, end, less, greater;
} node;

struct rp_nearest {
    double *yx;
    size_t *index; /* points in the order of the leaves */
    node *nodes;
    size_t n, nnodes;
};

static double coordinate(const rp_nearest *t, size_t place, int axis)
{
    return t->yx[t->index[place] * AXES + (size_t)axis];
}

static void swap(rp_nearest *t, size_t a, size_t b)
{
    const size_t i = t->index[a];
    t->index[a] = t->index[b];
    t->index[b] = i;
}

/* ------------------------------------------------------------------ making: selection about the middle place */
static void median_to_front(rp_nearest *t, int axis, size_t front, size_t a, size_t b, size_t c)
{
    const double va = coordinate(t, a, axis), vb = coordinate(t, b, axis), vc = coordinate(t, c, axis);
    size_t middle;
    if (va < vb)
        middle = vb < vc ? b : va < vc ? c : a;
    else
        middle = va < vc ? a : vb < vc ? c : b;
    swap(t, front, middle);
}

/* Splits [first, last) by the value at `pivot`, which lies outside of it. */
static size_t split_at(rp_nearest *t, int axis, size_t first, size_t last, size_t pivot)
{
    const double value = coordinate(t, pivot, axis);
    for (;;) {
        while (coordinate(t, first, axis) < value)
            first++;
        last--;
        while (value < coordinate(t, last, axis))
            last--;
        if (first >= last)
            return first;
        swap(t, first, last);
        first++;
    }
}

static void sort_few(rp_nearest *t, int axis, size_t first, size_t last)
{
    for (size_t i = first + 1; i < last; i++) {
        const size_t point = t->index[i];
        const double value = coordinate(t, i, axis);
        size_t k = i;
        for (; k > first && value < coordinate(t, k - 1, axis); k--)
            t->index[k] = t->index[k - 1];
        t->index[k] = point;
    }
}

static void select_place(rp_nearest *t, int axis, size_t first, size_t last, size_t place)
{
    while (last - first > 3) {
        const size_t middle = first + (last - first) / 2;
        median_to_front(t, axis, first, first + 1, middle, last - 1);
        const size_t cut = split_at(t, axis, first + 1, last, first);
        if (cut <= place)
            first = cut;
        else
            last = cut;
    }
    sort_few(t, axis, first, last);
}

/* Brings values below the split to the front of [first, last); returns where the others begin. */
static size_t gather_below(rp_nearest *t, int axis, size_t first, size_t last, double split)
{
    for (;;) {
        while (first < last && coordinate(t, first, axis) < split)
            first++;
        if (first == last)
            return first;
        do
            last--;
        while (first < last && !(coordinate(t, last, axis) < split));
        if (first == last)
            return first;
        swap(t, first, last);
        first++;
    }
}

/* The axis with the largest extent; -1 when all points are the same. */
static int longest_axis(const rp_nearest *t, size_t start, size_t end)
{
    int axis = -1;
    double extent = 0.0;
    for (int a = 0; a < AXES; a++) {
        double low = coordinate(t, start, a), high = low;
        for (size_t k = start + 1; k < end; k++) {
            const double v = coordinate(t, k, a);
            low = v < low ? v : low;
            high = v > high ? v : high;
        }
        if (high - low > extent) {
            axis = a;
            extent = high - low;
        }
    }
    return axis;
}

static size_t divide(rp_nearest *t, size_t start, size_t end, int axis, double *split)
{
    const size_t middle = start + (end - start) / 2;
    select_place(t, axis, start, end, middle);
    *split = coordinate(t, middle, axis);
    size_t p = gather_below(t, axis, start, middle, *split);
    if (p != start)
        return p;
    double least = coordinate(t, start, axis); /* half of the points or more share the smallest value */
    for (size_t k = start + 1; k < end; k++)
        least = coordinate(t, k, axis) < least ? coordinate(t, k, axis) : least;
    *split = nextafter(least, INFINITY);
    return gather_below(t, axis, start, end, *split);
}

static size_t build(rp_nearest *t, size_t start, size_t end)
{
    const size_t self = t->nnodes++;
    const int axis = end - start > LEAF ? longest_axis(t, start, end) : -1;
    t->nodes[self] = (node){.axis = axis, .start = start, .end = end};
    if (axis < 0)
        return self;
    double split = 0.0;
    const size_t p = divide(t, start, end, axis, &split);
    const size_t less = build(t, start, p), greater = build(t, p, end);
    t->nodes[self] = (node){axis, split, start, end, less, greater};
    return self;
}

rp_nearest *rp_nearest_new(const double *yx, size_t n)
{
    rp_nearest *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->n = n;
    t->yx = malloc(AXES * n * sizeof *t->yx);
    t->index = malloc(n * sizeof *t->index);
    t->nodes = malloc((2 * n + 1) * sizeof *t->nodes);
    if (!t->yx || !t->index || !t->nodes) {
        rp_nearest_free(t);
        return NULL;
    }
    memcpy(t->yx, yx, AXES * n * sizeof *t->yx);
    for (size_t k = 0; k < n; k++)
        t->index[k] = k;
    (void)build(t, 0, n);
    return t;
}

void rp_nearest_free(rp_nearest *tree)
{
    if (tree) {
        free(tree->yx);
        free(tree->index);
        free(tree->nodes);
    }
    free(tree);
}

/* ------------------------------------------------------------------ searching: two heaps, smallest first */
typedef struct item {
    double priority;
    size_t content;
} item;

typedef struct heap {
    size_t n;
    item *items;
} heap;

static void heap_swap(heap *h, size_t a, size_t b)
{
    const item t = h->items[a];
    h->items[a] = h->items[b];
    h->items[b] = t;
}

static void heap_push(heap *h, double priority, size_t content)
{
    size_t i = h->n++;
    h->items[i] = (item){priority, content};
    for (; i > 0 && h->items[i].priority < h->items[(i - 1) / 2].priority; i = (i - 1) / 2)
        heap_swap(h, i, (i - 1) / 2);
}

static item heap_pop(heap *h)
{
    const item first = h->items[0];
    h->items[0] = h->items[--h->n];
    for (size_t i = 0;;) {
        const size_t j = 2 * i + 1, k = 2 * i + 2;
        const bool left = j < h->n && h->items[i].priority > h->items[j].priority;
        const bool right = k < h->n && h->items[i].priority > h->items[k].priority;
        if (!left && !right)
            return first;
        const size_t next = k < h->n && h->items[j].priority > h->items[k].priority ? k : j;
        heap_swap(h, i, next);
        i = next;
    }
}

/* A part of the tree that is still to be looked at. */
typedef struct pending {
    size_t node;
    double distance, side[AXES];
} pending;

typedef struct search {
    const rp_nearest *tree;
    double at[AXES], bound;
    size_t k, nparts;
    heap found, parts;
    item found_items[RP_NEAREST_MAX + 1], part_items[MAX_DEPTH * MAX_DEPTH];
    pending part[MAX_DEPTH * MAX_DEPTH];
} search;

static void look_at_leaf(search *s, const node *leaf)
{
    const rp_nearest *t = s->tree;
    for (size_t place = leaf->start; place < leaf->end; place++) {
        const double dy = coordinate(t, place, 0) - s->at[0], dx = coordinate(t, place, 1) - s->at[1],
                     d = dy * dy + dx * dx;
        if (!(d < s->bound))
            continue;
        if (s->found.n == s->k)
            (void)heap_pop(&s->found);
        heap_push(&s->found, -d, t->index[place]);
        if (s->found.n == s->k)
            s->bound = -s->found.items[0].priority;
    }
}

/* Goes to the nearer child; keeps the other for later unless it is too far. */
static pending descend(search *s, pending here)
{
    const node *n = &s->tree->nodes[here.node];
    const double away = s->at[n->axis] - n->split;
    pending other = here;
    here.node = away < 0.0 ? n->less : n->greater;
    other.node = away < 0.0 ? n->greater : n->less;
    other.distance += away * away - other.side[n->axis];
    other.side[n->axis] = away * away;
    if (here.distance > other.distance) {
        const pending t = here;
        here = other;
        other = t;
    }
    if (other.distance <= s->bound && s->nparts < MAX_DEPTH * MAX_DEPTH) {
        s->part[s->nparts] = other;
        heap_push(&s->parts, other.distance, s->nparts++);
    }
    return here;
}

/* Distance of the point to the box of all points, along one axis, squared. */
static double outside(const rp_nearest *t, double at, int axis)
{
    double low = coordinate(t, 0, axis), high = low;
    for (size_t k = 1; k < t->n; k++) {
        const double v = coordinate(t, k, axis);
        low = v < low ? v : low;
        high = v > high ? v : high;
    }
    const double d = at < low ? low - at : at > high ? at - high : 0.0;
    return d * d;
}

size_t rp_nearest_find(const rp_nearest *tree, double y, double x, size_t k, size_t *index, double *squared)
{
    search s = {.tree = tree, .at = {y, x}, .bound = INFINITY, .k = k};
    s.found.items = s.found_items;
    s.parts.items = s.part_items;
    pending here = {0, 0.0, {outside(tree, y, 0), outside(tree, x, 1)}};
    here.distance = here.side[0] + here.side[1];
    for (;;) {
        const node *n = &tree->nodes[here.node];
        if (n->axis >= 0) {
            if (here.distance > s.bound)
                break;
            here = descend(&s, here);
            continue;
        }
        look_at_leaf(&s, n);
        if (s.parts.n == 0)
            break;
        here = s.part[heap_pop(&s.parts).content];
    }
    const size_t n = s.found.n;
    for (size_t i = n; i-- > 0;) {
        const item it = heap_pop(&s.found);
        index[i] = it.content;
        squared[i] = -it.priority;
    }
    return n;
}
