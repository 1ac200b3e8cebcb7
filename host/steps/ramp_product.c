/* Products of steps that show what they did to a ramp: host/steps/ramp_reference.h. */
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

rp_code rp_step_ramp_product(rp_stage *stage, const char *suffix, rp_product **out, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_shape cube = {.naxis = 4, .axis = {run->nints, run->ngroups, run->ny, run->nx}};
    const rp_shape frame = {.naxis = 2, .axis = {run->ny, run->nx}};
    const rp_plane_spec planes[] = {{"SCI", RP_F32, cube}, {"PIXELDQ", RP_U32, frame}, {"GROUPDQ", RP_U8, cube}};
    rp_code code = rp_run_side_product(stage->run, stage, suffix, RP_MODEL_RAMP, stage->before, planes, 3, out, err);
    if (code != RP_OK)
        return code;
    const rp_sink *pixeldq = rp_product_sink(*out, "PIXELDQ"), *groupdq = rp_product_sink(*out, "GROUPDQ");
    const size_t n = (size_t)(run->ny * run->nx);
    const rp_rect all = {0, 0, run->ny, run->nx};
    uint32_t *zero = calloc(n, sizeof *zero);
    if (!zero)
        return rp_fail(err, RP_E_MEMORY, "no memory for a frame of flags");
    for (int64_t k = 0; code == RP_OK && k < run->nints * run->ngroups; k++)
        code = groupdq->write(groupdq, k, all, zero, err);
    rp_elements_from_u32(zero, zero, n);
    if (code == RP_OK)
        code = pixeldq->write(pixeldq, 0, all, zero, err);
    free(zero);
    return code;
}

rp_code rp_step_write_ramp(rp_block *b, const rp_product *product, rp_buffer *words, rp_error *err)
{
    const size_t planes = (size_t)(b->run->nints * b->run->ngroups);
    const rp_sink *sink = rp_product_sink(product, "SCI");
    if (b->core.nx != b->rect.nx)
        return RP_OK; /* tiles of large events: the ramp itself does not change */
    rp_code code = rp_queue_pull(b->queue, words, 0, planes * b->stride * sizeof(uint32_t), err);
    const uint32_t *host = rp_buffer_host(words);
    const size_t first = (size_t)((b->core.y0 - b->rect.y0) * b->rect.nx);
    for (size_t k = 0; code == RP_OK && k < planes; k++)
        code = sink->write(sink, (int64_t)k, b->core, host + k * b->stride + first, err);
    return code;
}
