/* Random numbers of the simulator: one independent stream per (seed, purpose, a, b), so that no result depends on the
 * number of threads or on the order in which rows are made.
 *
 * Streams are xoshiro256++ (Blackman and Vigna 2018), started through splitmix64. */
#ifndef RP_HOST_SIMULATE_RANDOM_H
#define RP_HOST_SIMULATE_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rp_random {
    uint64_t s[4];
    double spare; /* second value of the last normal pair */
    bool has_spare;
} rp_random;

static inline uint64_t rp_random_mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline rp_random rp_random_stream(uint64_t seed, uint64_t purpose, uint64_t a, uint64_t b)
{
    rp_random r = {.has_spare = false};
    uint64_t key = rp_random_mix(seed);
    key = rp_random_mix(key ^ rp_random_mix(purpose));
    key = rp_random_mix(key ^ rp_random_mix(a));
    key = rp_random_mix(key ^ rp_random_mix(b));
    for (int k = 0; k < 4; k++)
        r.s[k] = key = rp_random_mix(key);
    return r;
}

static inline uint64_t rp_random_bits(rp_random *r)
{
    uint64_t *s = r->s;
    const uint64_t sum = s[0] + s[3];
    const uint64_t out = ((sum << 23) | (sum >> 41)) + s[0];
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);
    return out;
}

/* In (0, 1): never 0, so that its logarithm is finite. */
static inline double rp_random_uniform(rp_random *r)
{
    return ((double)(rp_random_bits(r) >> 11) + 0.5) * 0x1p-53;
}

static inline double rp_random_between(rp_random *r, double low, double high)
{
    return low + (high - low) * rp_random_uniform(r);
}

/* Standard normal: Marsaglia's polar method. */
static inline double rp_random_normal(rp_random *r)
{
    if (r->has_spare) {
        r->has_spare = false;
        return r->spare;
    }
    double u, v, q;
    do {
        u = 2.0 * rp_random_uniform(r) - 1.0;
        v = 2.0 * rp_random_uniform(r) - 1.0;
        q = u * u + v * v;
    } while (q >= 1.0 || q == 0.0);
    const double f = sqrt(-2.0 * log(q) / q);
    r->spare = v * f;
    r->has_spare = true;
    return u * f;
}

static inline double rp_random_exponential(rp_random *r)
{
    return -log(rp_random_uniform(r));
}

/* What Poisson draws of one mean share. */
typedef struct rp_poisson {
    double mean;
    double p0;                     /* exp(-mean), small means */
    double a, b, inverse_alpha, v; /* Hoermann's PTRS, means from 10 */
} rp_poisson;

static inline rp_poisson rp_poisson_of(double mean)
{
    rp_poisson p = {.mean = mean > 0.0 ? mean : 0.0};
    if (p.mean < 10.0) {
        p.p0 = exp(-p.mean);
    } else {
        p.b = 0.931 + 2.53 * sqrt(p.mean);
        p.a = -0.059 + 0.02483 * p.b;
        p.inverse_alpha = 1.1239 + 1.1328 / (p.b - 3.4);
        p.v = 0.9277 - 3.6224 / (p.b - 2.0);
    }
    return p;
}

/* Inversion below a mean of 10, transformed rejection (Hoermann 1993, PTRS) above: both are exact. */
static inline double rp_random_poisson(rp_random *r, const rp_poisson *p)
{
    if (p->mean < 10.0) {
        double u = rp_random_uniform(r), term = p->p0;
        int k = 0;
        while (u > term && k < 200) {
            u -= term;
            k++;
            term *= p->mean / k;
        }
        return k;
    }
    for (;;) {
        const double u = rp_random_uniform(r) - 0.5, v = rp_random_uniform(r);
        const double us = 0.5 - fabs(u);
        const double k = floor((2.0 * p->a / us + p->b) * u + p->mean + 0.43);
        if (us >= 0.07 && v <= p->v)
            return k;
        if (k < 0.0 || (us < 0.013 && v > us))
            continue;
        int sign;
        const double log_density = k * log(p->mean) - p->mean - lgamma_r(k + 1.0, &sign);
        if (log(v * p->inverse_alpha / (p->a / (us * us) + p->b)) <= log_density)
            return k;
    }
}

#endif
