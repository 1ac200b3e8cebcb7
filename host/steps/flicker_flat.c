/* The flat field that clean_flicker_noise divides by for its fit: host/steps/clean_flicker_noise.h. */
#include <math.h>
#include <stdlib.h>

#include "host/steps/clean_flicker_noise.h"

static rp_code read_plane(const rp_source *source, rp_image_shape shape, float *out, rp_error *err)
{
    const size_t n = shape.ny * shape.nx;
    void *words = malloc(n * rp_dtype_size(source->type));
    rp_code code = words ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory for a frame", source->label);
    if (code == RP_OK)
        code = source->read(source, 0, (rp_rect){0, 0, (int64_t)shape.ny, (int64_t)shape.nx}, words, err);
    if (code == RP_OK)
        rp_elements_to_f32(out, words, source->type, n);
    free(words);
    return code;
}

/* Zeros and what is not finite become what a smooth flat would be there. */
static rp_code fill_bad(float *flat, rp_image_shape shape, rp_error *err)
{
    const size_t n = shape.ny * shape.nx;
    uint8_t *mask = malloc(2 * n);
    rp_sorted *sorted = rp_sorted_new(n);
    rp_background smooth = {.image = malloc(n * sizeof(float))};
    rp_code code = mask && sorted && smooth.image ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory to fill a flat");
    size_t nbad = 0;
    for (size_t k = 0; code == RP_OK && k < n; k++) {
        mask[k] = mask[n + k] = flat[k] != 0.0f && isfinite(flat[k]);
        nbad += !mask[k];
    }
    if (code == RP_OK && nbad) {
        rp_sorted_take(sorted, flat, mask, n);
        code =
            rp_background_level(flat, mask, shape, RP_BACKGROUND_MODEL, (rp_background_box){0}, sorted, &smooth, err);
        for (size_t k = 0; code == RP_OK && k < n; k++)
            if (!mask[n + k])
                flat[k] = smooth.is_image ? smooth.image[k] : smooth.level;
    }
    free(mask);
    rp_sorted_free(sorted);
    free(smooth.image);
    return code;
}

rp_code rp_flicker_read_flat(rp_stage *stage, rp_image_shape shape, float **out, rp_error *err)
{
    rp_reference *reference = NULL;
    rp_source *plane = NULL;
    *out = NULL;
    rp_code code = rp_run_reference(stage->run, stage, "flat", &reference, err);
    if (code != RP_OK || !reference)
        return code;
    code = rp_step_plane(stage, reference, "SCI", true, &plane, err);
    if (code != RP_OK)
        return code;
    float *flat = malloc(shape.ny * shape.nx * sizeof *flat);
    code = flat ? read_plane(plane, shape, flat, err) : rp_fail(err, RP_E_MEMORY, "no memory for a flat");
    rp_step_close(plane);
    if (code == RP_OK)
        code = fill_bad(flat, shape, err);
    if (code == RP_OK)
        *out = flat;
    else
        free(flat);
    return code;
}
