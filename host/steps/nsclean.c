/* NSClean in the order of the exposure: host/steps/nsclean.h. */
#include "host/steps/nsclean.h"

#include <stdlib.h>
#include <string.h>

enum { FULL = 2048 };

/* Place in the detector's order of pixel (y, x) of the exposure: axes exchanged, and for NRS2 the slow axis turned. */
static size_t turned(rp_image_shape shape, bool reversed, size_t y, size_t x)
{
    return (reversed ? shape.nx - 1 - x : x) * shape.ny + y;
}

static rp_code clean_subarray(const float *image, uint8_t *mask, rp_image_shape shape, bool all_slits, float *noise,
                              bool *ok, rp_error *err)
{
    static const float usual[] = {1061, 1211, 49943, 49957}, wide[] = {150, 200, 49943, 49957};
    const size_t n = shape.ny * shape.nx;
    double *model = malloc(n * sizeof *model);
    if (!model)
        return rp_fail(err, RP_E_MEMORY, "no memory for a model of the noise");
    const rp_code code = rp_nsclean_subarray(image, mask, shape, all_slits ? wide : usual, model, ok, err);
    for (size_t p = 0; code == RP_OK && *ok && p < n; p++)
        noise[p] = (float)((double)image[p] - model[p]);
    free(model);
    return code;
}

rp_code rp_nsclean(const rp_meta *meta, float *image, uint8_t *mask, rp_image_shape shape, bool *ok, rp_error *err)
{
    const char *detector = rp_meta_get_string(meta, "DETECTOR"), *subarray = rp_meta_get_string(meta, "SUBARRAY");
    const bool reversed = !detector || strcmp(detector, "NRS1") != 0, is_frame = shape.ny == FULL && shape.nx == FULL;
    const rp_image_shape on_detector = {shape.nx, shape.ny};
    const size_t n = shape.ny * shape.nx;
    float *ordered = malloc(n * sizeof *ordered), *result = malloc(n * sizeof *result);
    uint8_t *usable = malloc(n);
    rp_code code = ordered && result && usable ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for an image");
    for (size_t y = 0; code == RP_OK && y < shape.ny; y++)
        for (size_t x = 0; x < shape.nx; x++) {
            const size_t at = turned(shape, reversed, y, x);
            ordered[at] = image[y * shape.nx + x];
            usable[at] = mask[y * shape.nx + x];
        }
    if (code == RP_OK && is_frame)
        code = rp_nsclean_frame(ordered, usable, on_detector, result, ok, err);
    else if (code == RP_OK)
        code = clean_subarray(ordered, usable, on_detector, subarray && !strcmp(subarray, "ALLSLITS"), result, ok, err);
    for (size_t y = 0; code == RP_OK && *ok && y < shape.ny; y++)
        for (size_t x = 0; x < shape.nx; x++) {
            const size_t at = turned(shape, reversed, y, x);
            float *pixel = image + y * shape.nx + x;
            *pixel = is_frame ? *pixel - result[at] : result[at];
        }
    free(ordered);
    free(result);
    free(usable);
    return code;
}
