/* Parts of clean_flicker_noise that work on one image; shared with picture_frame.  Private to host/steps.
 *
 * Images are native float32 [ny][nx]; masks are bytes of the same shape, 1 where a pixel is background. */
#ifndef RP_HOST_STEPS_FLICKER_H
#define RP_HOST_STEPS_FLICKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

typedef struct rp_image_shape {
    size_t ny, nx;
} rp_image_shape;

/* ------------------------------------------------------------------ values in order: flicker_sorted.c
 * The background of an image is found by clipping again and again; once its values are sorted, what is left after a
 * clip is a range of them, and every further median, mean and standard deviation is at hand. */
typedef struct rp_sorted rp_sorted;

/* Memory for images of up to n pixels; NULL when there is none. */
rp_sorted *rp_sorted_new(size_t n);
void rp_sorted_free(rp_sorted *sorted); /* NULL is fine */

/* Takes the pixels of the mask that are finite. */
void rp_sorted_take(rp_sorted *sorted, const float *image, const uint8_t *mask, size_t n);
/* Subtracts a level from all values, in float32; their order stays. */
void rp_sorted_subtract(rp_sorted *sorted, float level);
/* Keeps the values between two limits (inclusive). */
void rp_sorted_cut(rp_sorted *sorted, double low, double high);
float rp_sorted_median(const rp_sorted *sorted); /* in float32 */

typedef struct rp_centre {
    double centre, sigma;
} rp_centre;

/* Median (or mean) and standard deviation of what a clip at 3 standard deviations, in 5 rounds at most, leaves. */
rp_centre rp_sorted_clip(const rp_sorted *sorted, bool use_mean);
/* The same of the values up to `centre` and their mirror images about it. */
rp_centre rp_sorted_clip_lower(const rp_sorted *sorted, double centre);
/* Mean and width of a Gaussian fitted to a histogram of the values (2000 bins, 4 sigma to both sides); unchanged when
 * there is nothing to fit. */
rp_centre rp_sorted_fit_histogram(const rp_sorted *sorted, rp_centre start);

/* ------------------------------------------------------------------ background: flicker_background.c */
typedef struct rp_clip_limits {
    double lower, upper; /* standard deviations */
    bool lower_half;     /* centre and width from the lower half of the values */
    bool fit_histogram;
} rp_clip_limits;

/* Takes pixels away from the mask that are no background.  `sorted` holds the values of the mask, and afterwards those
 * that are left. */
void rp_clip_to_background(const float *image, uint8_t *mask, size_t n, const rp_clip_limits *limits,
                           rp_sorted *sorted);

typedef enum rp_background_method {
    RP_BACKGROUND_NONE,
    RP_BACKGROUND_MEDIAN,
    RP_BACKGROUND_MODEL
} rp_background_method;

typedef struct rp_background_box {
    size_t ny, nx; /* 0: the largest divisor of the image's side up to 32 */
} rp_background_box;

/* A level for the whole image, or one for each pixel. */
typedef struct rp_background {
    bool is_image;
    float level;
    float *image; /* [ny][nx], owned by the caller; used when is_image */
} rp_background;

/* Clips the mask (and `sorted`) at three standard deviations of the lower half, then finds the background.
 * out->image must have room for an image when method is MODEL. */
rp_code rp_background_level(const float *image, uint8_t *mask, rp_image_shape shape, rp_background_method method,
                            rp_background_box box, rp_sorted *sorted, rp_background *out, rp_error *err);

/* The model alone: flicker_mesh.c.  *fits = false: no box has enough pixels. */
rp_code rp_background_model(const float *image, const uint8_t *mask, rp_image_shape shape, rp_background_box box,
                            float *out, bool *fits, rp_error *err);

/* ------------------------------------------------------------------ stripes: flicker_median.c */
/* Subtracts from each row (along_x) or column the median of its background pixels; in `channels` parts of 512 pixels,
 * or 1.  scratch: 16 columns, or a row. */
void rp_median_clean(float *image, const uint8_t *mask, rp_image_shape shape, bool along_x, size_t channels,
                     float *scratch);

#endif
