/* dq_init: starts the data-quality planes from the bad-pixel mask, and from a file of the user's.
 * Behaviour of jwst 3.0.0; the arithmetic is rp_apply_mask of kernels/flags.h. */
#include <stdlib.h>

#include "host/steps/ramp_reference.h"

/* A mask with the flags of the user's file in it. */
typedef struct joined_mask {
    rp_source base;
    rp_source *mask;
    rp_container *file;
    rp_source *user;
} joined_mask;

typedef struct dq_init_state {
    rp_source *mask;
} dq_init_state;

static rp_code joined_read(const rp_source *self, int64_t plane, rp_rect rect, void *dst, rp_error *err)
{
    const joined_mask *joined = (const joined_mask *)(const void *)self;
    const size_t n = (size_t)(rect.ny * rect.nx);
    uint32_t *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);
    void *raw = malloc(n * rp_dtype_size(joined->user->type));
    rp_code code = RP_OK;
    if (!a || !b || !raw)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory to read a strip", joined->user->label);
    if (code == RP_OK)
        code = joined->mask->read(joined->mask, plane, rect, dst, err);
    if (code == RP_OK)
        code = joined->user->read(joined->user, 0, rect, raw, err);
    if (code == RP_OK) {
        rp_elements_to_u32(a, dst, RP_U32, n);
        rp_elements_to_u32(b, raw, joined->user->type, n);
        for (size_t i = 0; i < n; i++)
            a[i] |= b[i];
        rp_elements_from_u32(dst, a, n);
    }
    free(a);
    free(b);
    free(raw);
    return code;
}

static void joined_close(rp_source *self)
{
    joined_mask *joined = (joined_mask *)(void *)self;
    rp_step_close(joined->mask);
    rp_step_close(joined->user);
    if (joined->file)
        joined->file->close(joined->file);
    free(joined);
}

/* The first HDU's image, or the second's when the first holds none. */
static rp_code open_user_image(joined_mask *joined, const char *path, rp_error *err)
{
    rp_code code = rp_container_open(&joined->file, path, NULL, err);
    if (code != RP_OK)
        return code;
    const rp_hdu *hdu = joined->file->hdu;
    const size_t index = hdu[0].is_image && hdu[0].shape.naxis ? 0 : 1;
    if (index >= joined->file->nhdu || !hdu[index].is_image || hdu[index].shape.naxis != 2)
        return rp_fail(err, RP_E_FORMAT,
                       "%s: no two-dimensional image in the first two HDUs; give user_supplied_dq another file", path);
    if (hdu[index].shape.axis[0] != rp_shape_ny(&joined->mask->shape) ||
        hdu[index].shape.axis[1] != rp_shape_nx(&joined->mask->shape))
        return rp_fail(err, RP_E_MISMATCH, "%s: user_dq has shape=(%lld, %lld) but expecting (%lld, %lld)", path,
                       (long long)hdu[index].shape.axis[0], (long long)hdu[index].shape.axis[1],
                       (long long)rp_shape_ny(&joined->mask->shape), (long long)rp_shape_nx(&joined->mask->shape));
    return joined->file->open_source(joined->file, index, &joined->user, err);
}

/* Replaces *mask by itself and the user's flags; *mask stays valid to close in every case. */
static rp_code join_user_dq(rp_source **mask, const char *path, rp_error *err)
{
    joined_mask *joined = calloc(1, sizeof *joined);
    if (!joined)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory", path);
    joined->mask = *mask;
    joined->base = (rp_source){.type = RP_U32, .shape = (*mask)->shape, .label = (*mask)->label, .read = joined_read, .close = joined_close};
    *mask = &joined->base;
    return open_user_image(joined, path, err);
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_reference *reference = NULL;
    rp_code code = rp_step_reference(stage, "mask", &reference, err);
    if (code != RP_OK)
        return code;
    if (!reference) {
        rp_step_skip(stage, "No MASK reference file found", "DQ initialization step");
        return RP_OK;
    }
    dq_init_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "dq_init: no memory");
    stage->state = state;
    code = rp_step_dq(stage, reference, "DQ", true, &state->mask, err);
    if (code == RP_OK && !state->mask)
        code =
            rp_fail(err, RP_E_MISSING, "%s: no extension DQ; give dq_init another mask", rp_reference_path(reference));
    const char *user = rp_values_string(stage->values, "user_supplied_dq");
    if (code == RP_OK && user) {
        rp_logf(stage->run->log, RP_INFO, stage->log_name, "User-supplied DQ %s given. Adding it to DQ initialization.",
                user);
        code = join_user_dq(&state->mask, user, err);
    }
    return code;
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    const dq_init_state *state = stage->state;
    rp_bound mask;
    const rp_code code = rp_block_bind(b, state->mask, 0, 1, &mask, err);
    if (code != RP_OK)
        return code;
    const rp_mask_params params = {.stride = b->stride,
                                   .offset = mask.offset,
                                   .nplanes = b->groupdq ? (uint32_t)(b->run->nints * b->run->ngroups) : 0};
    rp_buffer *const buffers[] = {b->pixeldq, b->groupdq, mask.buffer};
    return rp_block_lanes(b, RP_K_apply_mask, &params, sizeof params, buffers, 3, err);
}

static void clear(rp_stage *stage)
{
    dq_init_state *state = stage->state;
    if (state)
        rp_step_close(state->mask);
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_dq_init = {.setup = setup, .block = block, .clear = clear};
