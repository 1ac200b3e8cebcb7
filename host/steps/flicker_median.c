/* Stripes along the slow axis, by medians: host/steps/flicker.h.  Behaviour of jwst 3.0.0. */
#include <math.h>

#include "host/steps/flicker.h"
#include "host/steps/medians.h"

enum { COLUMNS = 16 };

static float stripe(float *values, size_t n)
{
    return n ? rp_median_f32(values, n) : 0.0f;
}

static void clean_rows(float *image, const uint8_t *mask, rp_image_shape shape, size_t channels, float *scratch)
{
    const size_t part = shape.nx / channels;
    for (size_t y = 0; y < shape.ny; y++)
        for (size_t c = 0; c < channels; c++) {
            float *row = image + y * shape.nx + c * part;
            const uint8_t *use = mask + y * shape.nx + c * part;
            size_t n = 0;
            for (size_t x = 0; x < part; x++) {
                scratch[n] = row[x];
                n += use[x];
            }
            const float level = stripe(scratch, n);
            for (size_t x = 0; x < part; x++)
                row[x] -= level;
        }
}

/* Some columns at once, since a column alone would fetch a line of cache for every pixel. */
static void clean_columns(float *image, const uint8_t *mask, rp_image_shape shape, size_t channels, float *scratch)
{
    const size_t part = shape.ny / channels;
    for (size_t x0 = 0; x0 < shape.nx; x0 += COLUMNS) {
        const size_t width = shape.nx - x0 < COLUMNS ? shape.nx - x0 : COLUMNS;
        for (size_t c = 0; c < channels; c++) {
            size_t n[COLUMNS] = {0};
            float level[COLUMNS];
            for (size_t y = c * part; y < (c + 1) * part; y++)
                for (size_t x = 0; x < width; x++) {
                    const size_t p = y * shape.nx + x0 + x;
                    scratch[x * part + n[x]] = image[p];
                    n[x] += mask[p];
                }
            for (size_t x = 0; x < width; x++)
                level[x] = stripe(scratch + x * part, n[x]);
            for (size_t y = c * part; y < (c + 1) * part; y++)
                for (size_t x = 0; x < width; x++)
                    image[y * shape.nx + x0 + x] -= level[x];
        }
    }
}

void rp_median_clean(float *image, const uint8_t *mask, rp_image_shape shape, bool along_x, size_t channels,
                     float *scratch)
{
    if (along_x)
        clean_rows(image, mask, shape, channels, scratch);
    else
        clean_columns(image, mask, shape, channels, scratch);
}
