/* Nearest points of a plane, by a k-d tree.  Where several points are equally far, which of them are found, and in
 * which order, depends on how the tree was made; this one is made and searched as the reference's library does it. */
#ifndef RP_HOST_STEPS_NEAREST_H
#define RP_HOST_STEPS_NEAREST_H

#include <stddef.h>

typedef struct rp_nearest rp_nearest;

/* yx: n pairs, copied; n at least 1.  NULL: no memory. */
rp_nearest *rp_nearest_new(const double *yx, size_t n);
void rp_nearest_free(rp_nearest *tree); /* NULL is fine */

enum { RP_NEAREST_MAX = 16 };

/* The k (at most RP_NEAREST_MAX) nearest points, nearest first, and their squared distances; returns how many. */
size_t rp_nearest_find(const rp_nearest *tree, double y, double x, size_t k, size_t *index, double *squared);

#endif
