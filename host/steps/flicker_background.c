/* Which pixels are background, and at what level: host/steps/flicker.h.  Behaviour of jwst 3.0.0. */
#include <math.h>

#include "host/steps/flicker.h"

static void clip_mask(const float *image, uint8_t *mask, size_t n, double low, double high)
{
    for (size_t k = 0; k < n; k++)
        mask[k] = mask[k] && !((double)image[k] < low || (double)image[k] > high);
}

void rp_clip_to_background(const float *image, uint8_t *mask, size_t n, const rp_clip_limits *limits, rp_sorted *sorted)
{
    rp_centre c = rp_sorted_clip(sorted, limits->fit_histogram);
    if (isnan(c.centre))
        return;
    if (limits->lower_half)
        c = rp_sorted_clip_lower(sorted, c.centre);
    if (limits->fit_histogram)
        c = rp_sorted_fit_histogram(sorted, c);
    const double low = c.centre - limits->lower * c.sigma, high = c.centre + limits->upper * c.sigma;
    clip_mask(image, mask, n, low, high);
    if (!isnan(low) && !isnan(high))
        rp_sorted_cut(sorted, low, high);
}

rp_code rp_background_level(const float *image, uint8_t *mask, rp_image_shape shape, rp_background_method method,
                            rp_background_box box, rp_sorted *sorted, rp_background *out, rp_error *err)
{
    static const rp_clip_limits limits = {.lower = 3.0, .upper = 3.0, .lower_half = true};
    out->is_image = false;
    out->level = 0.0f;
    if (method == RP_BACKGROUND_NONE)
        return RP_OK;
    rp_clip_to_background(image, mask, shape.ny * shape.nx, &limits, sorted);
    if (method == RP_BACKGROUND_MODEL) {
        const rp_code code = rp_background_model(image, mask, shape, box, out->image, &out->is_image, err);
        if (code != RP_OK || out->is_image)
            return code;
    }
    out->level = rp_sorted_median(sorted);
    return RP_OK;
}
