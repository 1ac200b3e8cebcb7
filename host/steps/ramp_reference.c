/* References of the ramp steps and shared launches: see ramp_reference.h. */
#include "host/steps/ramp_reference.h"

#include <ctype.h>
#include <string.h>

rp_code rp_step_reference(rp_stage *stage, const char *type, rp_reference **out, rp_error *err)
{
    const rp_code code = rp_run_reference(stage->run, stage, type, out, err);
    if (code != RP_OK)
        return code;
    char upper[32] = "";
    for (size_t i = 0; i + 1 < sizeof upper && type[i]; i++)
        upper[i] = (char)toupper((unsigned char)type[i]);
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "Using %s reference file %s", upper,
            *out ? rp_reference_path(*out) : "N/A");
    return RP_OK;
}

void rp_step_skip(rp_stage *stage, const char *reason, const char *step)
{
    stage->skip = true;
    rp_logf(stage->run->log, RP_WARNING, stage->log_name, "%s", reason);
    rp_logf(stage->run->log, RP_WARNING, stage->log_name, "%s will be skipped", step);
}

void rp_step_close(rp_source *source)
{
    if (source)
        source->close(source);
}

static rp_code check_frame(const rp_stage *stage, rp_source **source, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_source *s = *source;
    if (!s || (rp_shape_ny(&s->shape) == run->ny && rp_shape_nx(&s->shape) == run->nx))
        return RP_OK;
    const rp_code code = rp_fail(
        err, RP_E_MISMATCH,
        "%s: frames of %lld x %lld pixels do not fit the exposure's %lld x %lld; give %s a reference for this subarray",
        s->label, (long long)rp_shape_nx(&s->shape), (long long)rp_shape_ny(&s->shape), (long long)run->nx,
        (long long)run->ny, stage->step->name);
    rp_step_close(*source);
    *source = NULL;
    return code;
}

rp_code rp_step_optional_plane(rp_stage *stage, rp_reference *reference, const char *extname, bool cut, rp_source **out,
                               rp_error *err)
{
    const rp_code code = rp_reference_plane(reference, extname, cut, out, err);
    return code == RP_OK ? check_frame(stage, out, err) : code;
}

rp_code rp_step_plane(rp_stage *stage, rp_reference *reference, const char *extname, bool cut, rp_source **out,
                      rp_error *err)
{
    const rp_code code = rp_step_optional_plane(stage, reference, extname, cut, out, err);
    if (code == RP_OK && !*out)
        return rp_fail(err, RP_E_MISSING, "%s: no extension %s; give %s another reference file",
                       rp_reference_path(reference), extname, stage->step->name);
    return code;
}

rp_code rp_step_dq(rp_stage *stage, rp_reference *reference, const char *extname, bool cut, rp_source **out,
                   rp_error *err)
{
    const rp_code code = rp_reference_dq(reference, extname, cut, out, err);
    return code == RP_OK ? check_frame(stage, out, err) : code;
}

bool rp_step_is_miri(const rp_run *run)
{
    const char *detector = rp_meta_get_string(run->meta, "DETECTOR");
    return detector && strncmp(detector, "MIR", 3) == 0;
}

rp_code rp_step_refuse_irs2(const rp_stage *stage, rp_error *err)
{
    const rp_run *run = stage->run;
    if (run->ny <= 2048 && run->nx <= 2048)
        return RP_OK;
    return rp_fail(err, RP_E_UNSUPPORTED,
                   "%s: frames of %lld x %lld pixels (IRS2 readout) are not part of this release", stage->step->name,
                   (long long)run->nx, (long long)run->ny);
}

bool rp_step_has_zeroframe(const rp_stage *stage)
{
    bool said = false;
    return stage->run->has_zeroframe && rp_meta_get_bool(stage->run->meta, "ZEROFRAM", &said) && said;
}

rp_code rp_step_subtract(rp_block *block, const rp_source *source, int64_t plane, int64_t available, int64_t ngroups,
                         int64_t first, int64_t count, rp_error *err)
{
    if (count <= 0 || ngroups <= 0)
        return RP_OK;
    const int64_t needed = available < ngroups ? available : ngroups;
    rp_bound ramp;
    const rp_code code = rp_block_bind(block, source, plane, needed, &ramp, err);
    if (code != RP_OK)
        return code;
    const rp_subtract_params params = {.stride = block->stride,
                                       .ramp_offset = ramp.offset,
                                       .ramp_stride = ramp.stride,
                                       .first = (uint32_t)first,
                                       .count = (uint32_t)count,
                                       .per_integration = (uint32_t)block->run->ngroups,
                                       .ngroups = (uint32_t)ngroups,
                                       .nramp = (uint32_t)needed};
    rp_buffer *const buffers[] = {block->data, ramp.buffer};
    return rp_block_lanes(block, RP_K_subtract_ramp, &params, sizeof params, buffers, 2, err);
}

rp_code rp_step_or_pixeldq(rp_block *block, const rp_source *dq, int64_t plane, rp_error *err)
{
    if (!dq)
        return RP_OK;
    rp_bound bound;
    const rp_code code = rp_block_bind(block, dq, plane, 1, &bound, err);
    if (code != RP_OK)
        return code;
    const rp_or_params params = {bound.offset};
    rp_buffer *const buffers[] = {block->pixeldq, bound.buffer};
    return rp_block_lanes(block, RP_K_or_pixeldq, &params, sizeof params, buffers, 2, err);
}

rp_code rp_step_flag_group(rp_block *block, int64_t group, uint32_t flag, rp_error *err)
{
    const rp_flag_planes_params params = {.stride = block->stride,
                                          .first = (uint32_t)group,
                                          .step = (uint32_t)block->run->ngroups,
                                          .count = (uint32_t)block->run->nints,
                                          .flag = flag};
    return rp_block_lanes(block, RP_K_flag_planes, &params, sizeof params, &block->groupdq, 1, err);
}

void rp_step_unusable(rp_run *run, int64_t first, int64_t end, int64_t group)
{
    for (int64_t i = first; i < end; i++) {
        run->unusable_at_jump[i * run->ngroups + group] = 1;
        run->unusable_at_fit[i * run->ngroups + group] = 1;
    }
}

rp_extent rp_step_extent(const rp_block *block)
{
    rp_extent extent = {.nx = (uint32_t)block->rect.nx, .npix = (uint32_t)block->npix};
    rp_block_core(block, &extent.y0, &extent.y1, &extent.x0, &extent.x1);
    return extent;
}

uint64_t rp_step_guard(const rp_block *block, uint32_t reach)
{
    return ((uint64_t)reach * ((uint64_t)block->rect.nx + 1) + 63) / 64 * 64;
}

rp_code rp_step_scratch(rp_block *block, const rp_stage *stage, int slot, uint64_t planes, uint64_t stride,
                        size_t element, rp_buffer **out, rp_error *err)
{
    size_t bytes = 0;
    if (__builtin_mul_overflow(planes, stride, &bytes) || __builtin_mul_overflow(bytes, element, &bytes))
        return rp_fail(err, RP_E_MEMORY, "%s: scratch of %llu planes is too large", stage->step->name,
                       (unsigned long long)planes);
    return rp_block_scratch(block, stage, slot, bytes, out, err);
}
