/* Sums in the order of numpy's pairwise scheme, on which the last bit of a mean depends. */
#ifndef RP_HOST_STEPS_PAIRWISE_H
#define RP_HOST_STEPS_PAIRWISE_H

#include <stddef.h>

float rp_pairwise_sum_f32(const float *values, size_t n);
double rp_pairwise_sum_f64(const double *values, size_t n);

#endif
