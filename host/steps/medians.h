/* Medians of arrays, as numpy's: of an even number of values the mean of the two in the middle, in their own type. */
#ifndef RP_HOST_STEPS_MEDIANS_H
#define RP_HOST_STEPS_MEDIANS_H

#include <stddef.h>

/* The value of rank k (0: the smallest); reorders values so that those before k are not larger, those after not
 * smaller.  No NaN among them. */
float rp_select_f32(float *values, size_t n, size_t k);
double rp_select_f64(double *values, size_t n, size_t k);

/* NaN for n 0, and when any value is NaN.  Reorders values. */
float rp_median_f32(float *values, size_t n);
double rp_median_f64(double *values, size_t n);

#endif
