/* Guide-star exposures: count rates from few reads, and the flat field.
 *
 *   guider_cds   count rates
 *     Given      data [nints*ngroups][stride] DN; gain [stride] electron/DN; read noise of a difference [stride] DN
 *     Returned   rate [nrates][stride] DN/s; error [nrates][stride] DN/s
 *     Method     of each integration the second read less the first; or the mean of the last reads less that of the
 *                first ones; or, for identification, the smaller of the differences of two integrations.
 *                error = sqrt(2 (read noise/t)^2 + max(difference/(gain t), 0)), t: time of a group.  All in float.
 *   guider_flat
 *     Given      rate, error [nrates][stride]; dq [stride]; flat, flat_error [stride]; flat_dq [stride]
 *     Returned   rate / flat; variance of the flat's part [nrates][stride]; error with it in quadrature; dq | flat_dq.
 *                Where one of the three is NaN all are.  Inverse: rate * flat, no variance, error as it was.
 *   Source       behaviour of jwst 3.0.0 (guider_cds, flat_field), order of the arithmetic included.  The variance is
 *                computed from the rate that has been divided already.  DO_NOT_USE does not make a rate NaN. */
#ifndef RP_GUIDER_H
#define RP_GUIDER_H

#include "../include/rampart/dq.h"
#include "dialect.h"

#define RP_GUIDER_DIFFERENCE 0
#define RP_GUIDER_FINE 1     /* means of the first and last `averaged` groups */
#define RP_GUIDER_IDENTIFY 2 /* smaller of two integrations: one rate */

typedef struct rp_guider_cds_params {
    rp_u64 stride;
    rp_u32 nints, ngroups;
    rp_u32 mode;
    rp_u32 averaged;
    float group_time_s;
    rp_u32 reserved;
} rp_guider_cds_params;

typedef struct rp_guider_flat_params {
    rp_u64 stride;
    rp_u32 nrates;
    rp_u32 inverse;
} rp_guider_flat_params;

/* Mean of `count` planes from element e on. */
RP_FN vf32 rp_guider_mean(RP_G(const float) data, rp_u64 stride, rp_index e, rp_u32 count)
{
    vf32 sum = rp_load_f32(data, e);
    for (rp_u32 k = 1; k < count; k++)
        sum = sum + rp_load_f32(data, e + k * stride);
    return sum / rp_all32((float)count);
}

RP_FN vf32 rp_guider_difference(const rp_guider_cds_params *prm, RP_G(const float) data, rp_u32 integration, rp_index p)
{
    const rp_index first = (rp_u64)integration * prm->ngroups * prm->stride + p;
    if (prm->mode != RP_GUIDER_FINE)
        return rp_load_f32(data, first + prm->stride) - rp_load_f32(data, first);
    const rp_index last = first + (prm->ngroups - prm->averaged) * prm->stride;
    return rp_guider_mean(data, prm->stride, last, prm->averaged) -
           rp_guider_mean(data, prm->stride, first, prm->averaged);
}

RP_FN void rp_guider_cds(const rp_guider_cds_params *prm, RP_G(const float) data, RP_G(const float) gain,
                         RP_G(const float) read_noise, RP_G(float) rate, RP_G(float) error, rp_index p)
{
    const vf32 time = rp_all32(prm->group_time_s);
    const vf32 noise = rp_load_f32(read_noise, p) / time;
    const vf32 read_variance = rp_all32(2.0f) * (noise * noise);
    const vf32 scale = rp_load_f32(gain, p) * time;
    const rp_u32 nrates = prm->mode == RP_GUIDER_IDENTIFY ? 1u : prm->nints;
    for (rp_u32 i = 0; i < nrates; i++) {
        vf32 difference = rp_guider_difference(prm, data, i, p);
        if (prm->mode == RP_GUIDER_IDENTIFY) {
            const vf32 second = rp_guider_difference(prm, data, 1, p);
            const vi32 take_second = RP_M32(second < difference) | rp_isnan32(second);
            difference = rp_sel32(take_second, second, difference);
        }
        const vf32 poisson = difference / scale;
        const vf32 variance = read_variance + rp_sel32(RP_M32(poisson < rp_all32(0.0f)), rp_all32(0.0f), poisson);
        rp_store_f32(rate, i * prm->stride + p, difference / time);
        rp_store_f32(error, i * prm->stride + p, rp_sqrt32(variance));
    }
}

/* Flags of the flat: a pixel without a value has no flat field, and is not to be used. */
RP_FN vu32 rp_guider_flat_flags(vf32 flat, vu32 flat_dq)
{
    const vu32 none = rp_allu32(RP_DQ_NO_FLAT_FIELD), unusable = rp_allu32(RP_DQ_DO_NOT_USE);
    const vu32 absent = rp_u32_of_i32(rp_isnan32(flat) | RP_M32(flat == rp_all32(0.0f)));
    const vu32 dq = flat_dq | (absent & none);
    const vu32 flagged = rp_u32_of_i32(RP_M32((dq & none) != rp_allu32(0u)));
    return dq | (flagged & unusable);
}

RP_FN void rp_guider_flat(const rp_guider_flat_params *prm, RP_G(float) rate, RP_G(float) error, RP_G(rp_u32) dq,
                          RP_G(const float) flat, RP_G(const float) flat_error, RP_G(const rp_u32) flat_dq,
                          RP_G(float) flat_variance, rp_index p)
{
    const vf32 raw = rp_load_f32(flat, p), spread = rp_load_f32(flat_error, p);
    const vu32 flags = rp_guider_flat_flags(raw, rp_load_u32(flat_dq, p));
    const vi32 bad = RP_M32((flags & rp_allu32(RP_DQ_DO_NOT_USE)) != rp_allu32(0u));
    const vf32 f = rp_sel32(bad, rp_all32(1.0f), raw), zero = rp_all32(0.0f);
    for (rp_u32 i = 0; i < prm->nrates; i++) {
        const rp_index e = i * prm->stride + p;
        vf32 value = rp_load_f32(rate, e), sigma = rp_load_f32(error, e), variance = zero;
        if (prm->inverse) {
            value = value * f;
        } else {
            value = value / f;
            variance = value * value / (f * f) * (spread * spread);
            sigma = rp_sqrt32(sigma * sigma + variance);
        }
        const vi32 lost = rp_isnan32(value) | rp_isnan32(sigma) | rp_isnan32(variance);
        rp_store_f32(rate, e, rp_sel32(lost, rp_nan32(), value));
        rp_store_f32(error, e, rp_sel32(lost, rp_nan32(), sigma));
        rp_store_f32(flat_variance, e, rp_sel32(lost, rp_nan32(), variance));
    }
    rp_store_u32(dq, p, rp_load_u32(dq, p) | flags);
}

#endif
