/* Ramps for the tests of the fits: 20 pixels with every kind of flag, repeated over the frame of kernel_run.h. */
#ifndef RP_TESTS_RAMP_FIT_DATA_H
#define RP_TESTS_RAMP_FIT_DATA_H

#include "kernel_run.h"
#include "ramp_fit_truth.h"

/* Flags of groups [first, last] of one pixel; integration -1: of all. */
typedef struct ramp_flag {
    int pixel, integration, first, last;
    uint8_t flag;
} ramp_flag;

enum { SAT = RP_DQ_SATURATED, JUMP = RP_DQ_JUMP_DET, DNU = RP_DQ_DO_NOT_USE };

static const ramp_flag ramp_flags[] = {
    {2, 0, 3, 3, JUMP},
    {3, -1, 5, 7, SAT},
    {4, 1, 0, 7, DNU},
    {6, 0, 2, 2, JUMP},
    {6, 0, 5, 5, JUMP},
    {7, -1, 1, 7, SAT}, /* one group is left */
    {8, 0, 0, 7, SAT},
    {9, 0, 4, 4, JUMP | DNU},
    {10, 1, 0, 0, DNU},
    {10, 1, 4, 4, RP_DQ_AD_FLOOR},
    {11, 0, 2, 4, RP_DQ_PERSISTENCE}, /* cuts nothing */
    {12, -1, 4, 7, RP_DQ_CHARGELOSS | DNU},
    {13, 0, 1, 1, JUMP},
    {13, 0, 2, 7, SAT},
    {14, 1, 0, 0, JUMP},
    {15, 0, 1, 1, DNU}, /* four segments of one group */
    {15, 0, 3, 3, DNU},
    {15, 0, 5, 5, DNU},
    {15, 0, 7, 7, DNU},
    {16, 1, 0, 0, SAT}, /* saturated from the start, and good afterwards */
    {17, 0, 0, 7, JUMP}, /* nothing but jumps: no segment, yet usable groups */
    {18, 1, 7, 7, JUMP},
};

typedef struct ramp_frame {
    uint32_t nints, ngroups;
    float *data, *dark;
    uint8_t *groupdq;
    uint32_t *pixeldq, *gain, *noise;
} ramp_frame;

static inline void fill_values(ramp_frame *f)
{
    static const int step[RAMPS] = {3, 40, 700, 9000, 0, -5, 250, 60, 1, 2000, 33, 90, 500, 12, 4, 7, 6000, 20, 150, 0};
    uint32_t seed = 1;
    for (uint32_t i = 0; i < f->nints; i++)
        for (size_t p = 0; p < RAMPS; p++) {
            int value = 4000;
            for (uint32_t g = 0; g < f->ngroups; g++) {
                seed = (seed * UINT32_C(1103515245) + 12345) & UINT32_C(0x7fffffff);
                value += step[p] * 4 + (int)((seed >> 16) % 41) - 20;
                for (size_t y = 0; y < NY; y++)
                    f->data[(i * f->ngroups + g) * STRIDE + at(y, p)] = (float)value * 0.25f;
            }
        }
}

static inline void fill_flags(ramp_frame *f)
{
    for (size_t k = 0; k < sizeof ramp_flags / sizeof *ramp_flags; k++) {
        const ramp_flag *r = &ramp_flags[k];
        for (uint32_t i = 0; i < f->nints; i++)
            for (int g = r->first; g <= r->last && g < (int)f->ngroups && (r->integration < 0 || r->integration == (int)i); g++)
                for (size_t y = 0; y < NY; y++)
                    f->groupdq[(i * f->ngroups + (uint32_t)g) * STRIDE + at(y, (size_t)r->pixel)] |= r->flag;
    }
}

static inline ramp_frame new_ramp_frame(uint32_t nints, uint32_t ngroups)
{
    const size_t n = (size_t)nints * ngroups * STRIDE;
    ramp_frame f = {nints, ngroups, new_plane(n, 4), new_f32(STRIDE, 0.25f), new_plane(n, 1), new_plane(STRIDE, 4),
                    new_fits_f32(STRIDE, 2.0f), new_fits_f32(STRIDE, 10.0f)};
    fill_values(&f);
    fill_flags(&f);
    for (size_t y = 0; y < NY; y++) {
        f.pixeldq[at(y, 5)] = 0x1000;
        f.pixeldq[at(y, 19)] = RP_DQ_DO_NOT_USE;
        f.gain[at(y, 1)] = fits_f32(1.5f);
        f.gain[at(y, 18)] = __builtin_bswap32(UINT32_C(0x7fc00000));
        f.noise[at(y, 0)] = fits_f32(6.0f);
    }
    return f;
}

static inline void free_ramp_frame(ramp_frame *f)
{
    free(f->data), free(f->dark), free(f->groupdq), free(f->pixeldq), free(f->gain), free(f->noise);
}

/* Results: sci, err, var_poisson, var_rnoise, dq of the exposure, and of nints integrations. */
typedef struct ramp_results {
    uint32_t nints;
    uint32_t *rate[5], *ints[5];
} ramp_results;

static inline ramp_results new_ramp_results(uint32_t nints)
{
    ramp_results r = {.nints = nints};
    for (int k = 0; k < 5; k++) {
        r.rate[k] = new_plane(STRIDE, 4);
        r.ints[k] = new_plane((size_t)nints * STRIDE, 4);
    }
    return r;
}

static inline void free_ramp_results(ramp_results *r)
{
    for (int k = 0; k < 5; k++)
        free(r->rate[k]), free(r->ints[k]);
}

static inline uint32_t result_word(const uint32_t *plane, size_t p, bool is_dq)
{
    return __builtin_bswap32(plane[p]) ^ (is_dq ? UINT32_C(0x80000000) : 0);
}

/* Every pixel against the rows of the truth. */
static inline void expect_results(const ramp_results *r, const uint32_t (*truth)[RAMPS])
{
    for (int k = 0; k < 5; k++)
        for (size_t p = 0; p < NPIX; p++) {
            assert_int_equal(result_word(r->rate[k], p, k == 4), truth[k][p % NX]);
            for (uint32_t i = 0; i < r->nints; i++)
                assert_int_equal(result_word(r->ints[k], i * STRIDE + p, k == 4), truth[5 + (uint32_t)k * r->nints + i][p % NX]);
        }
}

#endif
