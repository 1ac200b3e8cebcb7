/* Pairwise sums: blocks of up to 128 values run in eight strands; longer arrays are halved at a multiple of eight. */
#include "host/steps/pairwise.h"

enum { STRANDS = 8, BLOCK = 128 };

float rp_pairwise_sum_f32(const float *values, size_t n)
{
    float strand[STRANDS] = {0}, sum = 0;
    size_t k = 0;
    if (n > BLOCK) {
        const size_t half = n / 2 - n / 2 % STRANDS;
        return rp_pairwise_sum_f32(values, half) + rp_pairwise_sum_f32(values + half, n - half);
    }
    if (n >= STRANDS) {
        for (; k < n - n % STRANDS; k += STRANDS)
            for (size_t s = 0; s < STRANDS; s++)
                strand[s] += values[k + s];
        sum = ((strand[0] + strand[1]) + (strand[2] + strand[3])) + ((strand[4] + strand[5]) + (strand[6] + strand[7]));
    }
    for (; k < n; k++)
        sum += values[k];
    return sum;
}

double rp_pairwise_sum_f64(const double *values, size_t n)
{
    double strand[STRANDS] = {0}, sum = 0;
    size_t k = 0;
    if (n > BLOCK) {
        const size_t half = n / 2 - n / 2 % STRANDS;
        return rp_pairwise_sum_f64(values, half) + rp_pairwise_sum_f64(values + half, n - half);
    }
    if (n >= STRANDS) {
        for (; k < n - n % STRANDS; k += STRANDS)
            for (size_t s = 0; s < STRANDS; s++)
                strand[s] += values[k + s];
        sum = ((strand[0] + strand[1]) + (strand[2] + strand[3])) + ((strand[4] + strand[5]) + (strand[6] + strand[7]));
    }
    for (; k < n; k++)
        sum += values[k];
    return sum;
}
