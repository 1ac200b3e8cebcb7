/* Flicker noise of NIRSpec in frequency space (NSClean): the background pixels of a line, or of a part of a subarray in
 * the order in which it is read, are fitted by a few slow waves.  Behaviour of jwst 3.0.0; what is solved, and how:
 * docs/algorithms/clean_flicker_noise.md.
 *
 * Images are in detector order here, [ny][nx], x along the fast axis; masks likewise. */
#ifndef RP_HOST_STEPS_NSCLEAN_H
#define RP_HOST_STEPS_NSCLEAN_H

#include "host/steps/flicker.h"
#include "rampart/meta.h"

/* Subtracts the noise that fits the background pixels from an image in the order of the exposure.
 * *ok = false: there is nothing to fit, or no solution. */
rp_code rp_nsclean(const rp_meta *meta, float *image, uint8_t *mask, rp_image_shape shape, bool *ok, rp_error *err);

/* model: the noise of a full frame. */
rp_code rp_nsclean_frame(const float *image, const uint8_t *mask, rp_image_shape shape, float *model, bool *ok,
                         rp_error *err);

/* The same of a subarray; band[4]: limits in Hz of what is fitted (see below).  The mask loses outliers. */
rp_code rp_nsclean_subarray(const float *image, uint8_t *mask, rp_image_shape shape, const float *band, double *model,
                            bool *ok, rp_error *err);

/* Waves with frequencies k[0] ... k[nk-1] of n, fitted to samples at places m of weight w (the square of the
 * reference's weight): amplitudes [nk][2], real and imaginary part, of the reference's fit: the sum over k of X e^(2 pi
 * i k m / n) / nsamples goes through the samples.  false: no solution. */
typedef struct rp_wave_fit {
    size_t n, nk, nsamples;
    const size_t *k;
    const size_t *place;
    const double *weight;
    const float *value;
    const double *cosine, *sine; /* [n] of 2 pi j / n */
    double *work;                /* rp_wave_work(nk) doubles */
} rp_wave_fit;
size_t rp_wave_work(size_t nk);
bool rp_wave_solve(const rp_wave_fit *fit, double *amplitude);

#endif
