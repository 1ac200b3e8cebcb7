#include "host/steps/nsclean.h"
rp_code rp_nsclean(const rp_meta *meta, float *image, uint8_t *mask, rp_image_shape shape, bool *ok, rp_error *err)
{
    (void)meta; (void)image; (void)mask; (void)shape; (void)ok;
    return rp_fail(err, RP_E_UNSUPPORTED, "clean_flicker_noise: fit_method fft is not part of this release");
}
