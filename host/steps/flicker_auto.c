#include "host/steps/clean_flicker_noise.h"
rp_code rp_flicker_choose(rp_stage *stage, rp_flicker *f, const rp_frames *frames, rp_error *err)
{
    (void)stage; (void)f; (void)frames;
    return rp_fail(err, RP_E_UNSUPPORTED, "autoparam");
}
