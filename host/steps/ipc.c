/* ipc: undoes the coupling of charge between neighbouring science pixels.
 * Behaviour of jwst 3.0.0; the arithmetic is in kernels/ipc.h. */
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

typedef struct ipc_state {
    uint32_t ky, kx;
    float *weights;              /* [ky][kx], one kernel for all pixels; else NULL */
    rp_source *weights_by_pixel; /* [ky][kx][ny][nx] */
    rp_rect science;             /* of the frame; the rest are reference pixels */
} ipc_state;

enum { SLOT_COPY, TABLE_WEIGHTS = 0, MAX_KERNEL = 31, DETECTOR_BORDER = 4 };

static int64_t at_least_0(int64_t n)
{
    return n > 0 ? n : 0;
}

/* What of the frame lies within the detector's border of reference pixels; MIRI has none above and below. */
static rp_code find_science(const rp_run *run, rp_rect *science, rp_error *err)
{
    int64_t xstart = 0, ystart = 0, xsize = 0, ysize = 0;
    const char *instrument = NULL;
    rp_code code = rp_meta_need_int(run->meta, "SUBSTRT1", &xstart, err);
    if (code == RP_OK)
        code = rp_meta_need_int(run->meta, "SUBSTRT2", &ystart, err);
    if (code == RP_OK)
        code = rp_meta_need_int(run->meta, "SUBSIZE1", &xsize, err);
    if (code == RP_OK)
        code = rp_meta_need_int(run->meta, "SUBSIZE2", &ysize, err);
    if (code == RP_OK)
        code = rp_meta_need_string(run->meta, "INSTRUME", &instrument, err);
    if (code != RP_OK)
        return code;
    const bool miri = instrument[0] == 'M';
    const int64_t left = at_least_0(DETECTOR_BORDER - (xstart - 1));
    const int64_t right = at_least_0(xstart - 1 + xsize - (miri ? 1028 : 2044));
    const int64_t bottom = miri ? 0 : at_least_0(DETECTOR_BORDER - (ystart - 1));
    const int64_t top = miri ? 0 : at_least_0(ystart - 1 + ysize - 2044);
    *science = (rp_rect){bottom, left, at_least_0(run->ny - bottom - top), at_least_0(run->nx - left - right)};
    return RP_OK;
}

static rp_code read_weights(ipc_state *state, const rp_source *source, rp_error *err)
{
    const size_t n = (size_t)state->ky * state->kx;
    void *raw = malloc(n * rp_dtype_size(source->type));
    state->weights = malloc(n * sizeof(float));
    rp_code code = raw && state->weights ? RP_OK : rp_fail(err, RP_E_MEMORY, "%s: no memory", source->label);
    if (code == RP_OK)
        code = source->read(source, 0, (rp_rect){0, 0, state->ky, state->kx}, raw, err);
    if (code == RP_OK)
        rp_elements_to_f32(state->weights, raw, source->type, n);
    free(raw);
    return code;
}

static rp_code open_kernel(rp_stage *stage, ipc_state *state, rp_reference *reference, rp_error *err)
{
    rp_source *source = NULL;
    rp_code code = rp_reference_plane(reference, "SCI", false, &source, err);
    if (code != RP_OK)
        return code;
    if (!source)
        return rp_fail(err, RP_E_MISSING, "%s: no extension SCI; give ipc another kernel",
                       rp_reference_path(reference));
    const rp_shape shape = source->shape;
    const int64_t ky = shape.axis[0], kx = shape.naxis > 1 ? shape.axis[1] : 0;
    if ((shape.naxis != 2 && shape.naxis != 4) || ky < 1 || kx < 1 || ky > MAX_KERNEL || kx > MAX_KERNEL)
        code = rp_fail(err, RP_E_FORMAT, "%s: a kernel has 2 or 4 axes and at most %d x %d elements", source->label,
                       MAX_KERNEL, MAX_KERNEL);
    state->ky = (uint32_t)ky;
    state->kx = (uint32_t)kx;
    if (code == RP_OK && shape.naxis == 2)
        code = read_weights(state, source, err);
    rp_step_close(source);
    if (code == RP_OK && shape.naxis == 4)
        code = rp_step_plane(stage, reference, "SCI", true, &state->weights_by_pixel, err);
    return code;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_reference *reference = NULL;
    rp_code code = rp_step_reference(stage, "ipc", &reference, err);
    if (code != RP_OK)
        return code;
    if (!reference) {
        rp_step_skip(stage, "No IPC reference file found", "IPC step");
        return RP_OK;
    }
    ipc_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "ipc: no memory");
    stage->state = state;
    code = rp_step_refuse_irs2(stage, err);
    if (code == RP_OK)
        code = open_kernel(stage, state, reference, err);
    if (code == RP_OK)
        code = find_science(stage->run, &state->science, err);
    stage->halo = (int)((state->ky > state->kx ? state->ky : state->kx) / 2);
    return code;
}

/* A coordinate of the frame within the block, cut to it. */
static int32_t within(int64_t frame, int64_t origin, int64_t size)
{
    const int64_t at = frame - origin;
    return (int32_t)(at < 0 ? 0 : at > size ? size : at);
}

static rp_ipc_params make_params(const ipc_state *state, const rp_block *b)
{
    const rp_rect *s = &state->science, *r = &b->rect;
    const uint32_t reach = (state->ky > state->kx ? state->ky : state->kx) / 2 + 1;
    rp_ipc_params params = {.stride = b->stride,
                            .guard = rp_step_guard(b, reach),
                            .extent = rp_step_extent(b),
                            .y0 = within(s->y0, r->y0, r->ny),
                            .y1 = within(s->y0 + s->ny, r->y0, r->ny),
                            .x0 = within(s->x0, r->x0, r->nx),
                            .x1 = within(s->x0 + s->nx, r->x0, r->nx),
                            .ky = state->ky,
                            .kx = state->kx,
                            .per_pixel = state->weights_by_pixel != NULL,
                            .nplanes = (uint32_t)(b->run->nints * b->run->ngroups)};
    params.copy_stride = params.stride + 2 * params.guard;
    return params;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const ipc_state *state = stage->state;
    rp_ipc_params params = make_params(state, b);
    rp_buffer *copy = NULL, *weights = NULL;
    rp_bound by_pixel = {0};
    const size_t nweights = (size_t)state->ky * state->kx;
    rp_code code = rp_step_scratch(b, stage, SLOT_COPY, params.nplanes, params.copy_stride, sizeof(float), &copy, err);
    if (code == RP_OK && state->weights)
        code = rp_block_table(b, stage, TABLE_WEIGHTS, state->weights, nweights * sizeof(float), 1, &weights, err);
    if (code == RP_OK && state->weights_by_pixel)
        code = rp_block_bind(b, state->weights_by_pixel, 0, (int64_t)nweights, &by_pixel, err);
    params.kernel_offset = by_pixel.offset;
    params.kernel_stride = by_pixel.stride;
    rp_buffer *const fill[] = {b->data, copy}, *const convolve[] = {b->data, copy, weights, by_pixel.buffer};
    if (code == RP_OK)
        code = rp_block_lanes(b, RP_K_ipc_copy, &params, sizeof params, fill, 2, err);
    return code == RP_OK ? rp_block_lanes(b, RP_K_ipc_convolve, &params, sizeof params, convolve, 4, err) : code;
}

static void clear(rp_stage *stage)
{
    ipc_state *state = stage->state;
    if (state) {
        free(state->weights);
        rp_step_close(state->weights_by_pixel);
    }
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_ipc = {.setup = setup, .block = block, .clear = clear};
