/* refpix: drifts of the bias, followed by reference pixels.  Algorithm and sources: docs/algorithms/refpix.md.
 *
 * prepare (one pass over the border of the detector) leaves tables of levels; block only subtracts them. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/kernels.h"
#include "host/steps/refpix.h"

/* One-output subarrays up to this many samples are looked through as a whole, since any pixel may be flagged as a
 * reference pixel; of larger ones only the detector's border is. */
#define WHOLE_FRAME_SAMPLES ((int64_t)4 << 20)
/* Frames of stripes have their reference pixels anywhere, and are always looked through. */
#define STRIPED_SAMPLES ((int64_t)64 << 20)

void rp_refpix_log_value(const rp_stage *stage, const char *name)
{
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "%s = %s", name, rp_values_find(stage->values, name)->s);
}

static void log_values(const rp_stage *stage, const char *heading, const char *const *names, size_t n)
{
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "%s", heading);
    for (size_t k = 0; k < n; k++)
        rp_refpix_log_value(stage, names[k]);
}

static const char *const near_infrared[] = {"use_side_ref_pixels", "odd_even_columns", "side_smoothing_length",
                                            "side_gain"};

static void log_full_frame(const rp_stage *stage, const rp_refpix_state *state)
{
    static const char *const rows[] = {"odd_even_rows"}, *const kernel[] = {"sigreject", "gaussmooth", "halfwidth"};
    rp_logf(stage->run->log, RP_INFO, stage->log_name, "%s full frame data", state->is_miri ? "MIRI" : "NIR");
    if (state->is_miri) {
        log_values(stage, "The following parameter is valid for this mode:", rows, 1);
        log_values(stage, "The following parameters are not applicable and are ignored:", near_infrared, 4);
    } else if (strcmp(rp_values_string(stage->values, "refpix_algorithm"), "sirs") == 0) {
        log_values(stage, "The following parameters are valid for this mode:", kernel, 3);
    } else {
        log_values(stage, "The following parameters are valid for this mode:", near_infrared, 4);
        log_values(stage, "The following parameter is not applicable and is ignored:", rows, 1);
    }
}

/* Modes of a later release. */
static rp_code refuse(const rp_stage *stage, rp_error *err)
{
    const rp_run *run = stage->run;
    int64_t stripes = 0;
    if (run->ny > RP_NIR_SIZE || run->nx > RP_NIR_SIZE)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "refpix: IRS2 read-outs (%lld x %lld pixels) are not supported yet: "
                       "use --steps.refpix.skip=True",
                       (long long)run->nx, (long long)run->ny);
    if (rp_meta_get_int(run->meta, "SSTR_NST", &stripes) && stripes > 0)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "refpix: superstripe read-outs (SSTR_NST) are not supported yet: "
                       "use --steps.refpix.skip=True");
    return RP_OK;
}

static rp_code open_kernels(const rp_stage *stage, rp_refpix_state *state, const char *path, rp_error *err)
{
    const rp_run *run = stage->run;
    const char *detector = NULL;
    const long long half = rp_values_int(stage->values, "halfwidth", 30);
    const double smooth = rp_values_float(stage->values, "gaussmooth", 1.0);
    if (half < 0 || half > RP_NIR_SIZE / 4)
        return rp_fail(err, RP_E_ARGUMENT, "halfwidth is %lld: it must lie between 0 and %d", half, RP_NIR_SIZE / 4);
    rp_code code = rp_meta_need_string(run->meta, "DETECTOR", &detector, err);
    if (code == RP_OK)
        code = rp_refpix_sirs_new(&state->sirs, path, detector, (size_t)half, smooth,
                                  rp_values_float(stage->values, "sigreject", 4.0), err);
    if (code == RP_OK && !state->sirs) {
        rp_logf(run->log, RP_INFO, stage->log_name,
                "Optimized convolution kernel coefficients NOT found for detector %s", detector);
        rp_logf(run->log, RP_INFO, stage->log_name, "The REFPIX step will use the running median");
    }
    return code;
}

/* The sirs algorithm: for near-infrared full frames. */
static rp_code consider_sirs(rp_stage *stage, rp_refpix_state *state, rp_error *err)
{
    const rp_run *run = stage->run;
    const char *subarray = rp_meta_get_string(run->meta, "SUBARRAY");
    const bool full = subarray && strstr(subarray, "FULL");
    if (strcmp(rp_values_string(stage->values, "refpix_algorithm"), "sirs") != 0)
        return RP_OK;
    if (state->is_miri || !full) {
        rp_logf(run->log, RP_INFO, stage->log_name,
                state->is_miri ? "Simple Improved Reference Subtraction (SIRS) not applied for MIRI data."
                               : "Simple Improved Reference Subtraction (SIRS) not applied for subarray data.");
        return RP_OK;
    }
    char *path = NULL;
    rp_code code = rp_run_reference_path(stage->run, stage, "sirskernel", &path, err);
    if (code != RP_OK)
        return code;
    if (path) {
        rp_logf(run->log, RP_INFO, stage->log_name, "Using SIRS reference file: %s", path);
        code = open_kernels(stage, state, path, err);
    } else {
        rp_logf(run->log, RP_WARNING, stage->log_name, "No reference file found for the optimized convolution kernel.");
        rp_logf(run->log, RP_WARNING, stage->log_name,
                "REFPIX step will use the running median algorithm for side pixels.");
    }
    free(path);
    return code;
}

static void declare_windows(rp_stage *stage, rp_refpix_state *state)
{
    const rp_run *run = stage->run;
    const rp_rect all = {0, 0, run->ny, run->nx};
    if (state->is_miri) {
        stage->window[0] = (rp_rect){0, 0, RP_MIRI_NY, RP_MIRI_AMPLIFIERS};
        stage->window[1] = (rp_rect){0, RP_MIRI_NX - RP_MIRI_AMPLIFIERS, RP_MIRI_NY, RP_MIRI_AMPLIFIERS};
        stage->nwindows = 2;
        return;
    }
    if (state->is_striped) {
        state->whole_frame = true;
        stage->window[0] = all;
        stage->nwindows = 1;
        return;
    }
    state->whole_frame = !state->four_outputs && run->nints * run->ngroups <= WHOLE_FRAME_SAMPLES / (run->ny * run->nx);
    stage->window[0] = all;
    stage->nwindows = state->whole_frame ? 1 : rp_refpix_border(&state->frame, stage->window);
    if (stage->nwindows == 0)
        rp_refpix_log_subarray(stage, 0, 0);
}

static rp_code setup_near_infrared(rp_stage *stage, rp_refpix_state *state, rp_error *err)
{
    const rp_run *run = stage->run;
    int64_t noutputs = 0;
    const rp_code code = rp_refpix_frame_read(&state->frame, run->meta, run->ny, run->nx, err);
    if (code != RP_OK)
        return code;
    const rp_refpix_frame *f = &state->frame;
    state->is_striped = rp_meta_has(run->meta, "MSTR_RD1");
    if (state->is_striped) {
        state->fast_start = f->fast_is_y ? f->y0 : f->x0;
        state->fast_size = f->fast_is_y ? f->ny : f->nx;
        if (run->nints * run->ngroups > STRIPED_SAMPLES / (run->ny * run->nx))
            return rp_fail(err, RP_E_UNSUPPORTED,
                           "refpix: stripes of more than %lld samples are not part of this release; split the exposure",
                           (long long)STRIPED_SAMPLES);
        rp_logf(run->log, RP_INFO, stage->log_name, "NIR subarray data");
        return RP_OK;
    }
    if (f->y0 < 0 || f->x0 < 0 || f->y0 + f->ny > RP_NIR_SIZE || f->x0 + f->nx > RP_NIR_SIZE) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "Subarray doesn't fit in full-sized array");
        stage->skip = true;
        return RP_OK;
    }
    rp_meta_get_int(run->meta, "NOUTPUTS", &noutputs);
    state->four_outputs = !state->is_subarray || noutputs == RP_NIR_AMPLIFIERS;
    if (f->side_columns)
        rp_logf(run->log, RP_INFO, stage->log_name,
                "Subarray %s has no reference pixels: assigning top and bottom four rows as reference pixels.",
                rp_meta_get_string(run->meta, "SUBARRAY"));
    if (!state->is_subarray) {
        log_full_frame(stage, state);
        return RP_OK;
    }
    rp_logf(run->log, RP_INFO, stage->log_name, "NIR subarray data");
    rp_logf(run->log, RP_INFO, stage->log_name,
            state->four_outputs ? "4 readout amplifiers used" : "Single readout amplifier used");
    return RP_OK;
}

static rp_code setup_miri(rp_stage *stage, rp_refpix_state *state, rp_error *err)
{
    const rp_run *run = stage->run;
    if (state->is_subarray) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "Refpix correction skipped for MIRI subarrays");
        stage->skip = true;
        return RP_OK;
    }
    if (run->ny != RP_MIRI_NY || run->nx != RP_MIRI_NX)
        return rp_fail(err, RP_E_MISMATCH,
                       "refpix: frames of %lld x %lld pixels are not MIRI's: %d x %d is a full frame",
                       (long long)run->nx, (long long)run->ny, RP_MIRI_NX, RP_MIRI_NY);
    log_full_frame(stage, state);
    return RP_OK;
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    const rp_run *run = stage->run;
    const rp_values *values = stage->values;
    const char *instrument = NULL;
    rp_code code = rp_meta_need_string(run->meta, "INSTRUME", &instrument, err);
    if (code != RP_OK)
        return code;
    rp_refpix_state *state = calloc(1, sizeof *state);
    if (!state)
        return rp_fail(err, RP_E_MEMORY, "no memory for refpix");
    stage->state = state;
    state->is_miri = strcmp(instrument, "MIRI") == 0;
    state->is_subarray =
        state->is_miri ? run->ny < RP_MIRI_NY || run->nx < RP_MIRI_NX : run->ny < RP_NIR_SIZE || run->nx < RP_NIR_SIZE;
    state->options = (rp_refpix_options){
        .by_parity = rp_values_bool(values, state->is_miri ? "odd_even_rows" : "odd_even_columns"),
        .use_side = rp_values_bool(values, "use_side_ref_pixels"),
        .smoothing_length = rp_values_int(values, "side_smoothing_length", 11),
        .side_gain = rp_values_float(values, "side_gain", 1.0),
        .clip_limit = rp_values_float(values, "siglimit", 3.0),
    };
    bool zeroframe_valid = false;
    rp_meta_get_bool(run->meta, "ZEROFRAM", &zeroframe_valid);
    state->has_zeroframe = run->has_zeroframe && zeroframe_valid;
    if ((code = refuse(stage, err)) != RP_OK || (code = consider_sirs(stage, state, err)) != RP_OK)
        return code;
    code = state->is_miri ? setup_miri(stage, state, err) : setup_near_infrared(stage, state, err);
    if (code == RP_OK && !stage->skip)
        declare_windows(stage, state);
    return code;
}

static rp_code prepare(rp_stage *stage, const rp_window *windows, rp_error *err)
{
    rp_refpix_state *state = stage->state;
    const rp_code code =
        state->is_miri ? rp_refpix_prepare_miri(stage, windows, err) : rp_refpix_prepare_nir(stage, windows, err);
    if (code == RP_OK && state->has_zeroframe)
        rp_logf(stage->run->log, RP_INFO, stage->log_name, "Processing the zero frame");
    return code;
}

/* The block as the near-infrared kernels see it. */
static rp_refpix_params geometry(const rp_stage *stage, const rp_block *block)
{
    const rp_refpix_state *state = stage->state;
    const rp_refpix_frame *frame = &state->frame;
    const int64_t fast = frame->fast_is_y ? block->rect.y0 : block->rect.x0;
    const int64_t striped = state->fast_start + (frame->fast_reversed ? state->fast_size - 1 - fast : fast);
    return (rp_refpix_params){
        .stride = block->stride,
        .width = (rp_u32)block->rect.nx,
        .height = (rp_u32)block->rect.ny,
        .fast_is_y = frame->fast_is_y,
        .j_origin = (rp_i32)(state->is_striped ? striped : rp_refpix_j(frame, block->rect.y0, block->rect.x0)),
        .j_step = frame->fast_reversed ? -1 : 1,
        .side_origin = (rp_u32)(frame->fast_is_y ? block->rect.x0 : block->rect.y0),
    };
}

/* slot: of the two device tables. */
static rp_code subtract(rp_stage *stage, rp_block *block, const rp_refpix_tables *tables, int slot, rp_buffer *data,
                        rp_error *err)
{
    const rp_refpix_state *state = stage->state;
    rp_refpix_params params = geometry(stage, block);
    params.nplanes = (rp_u32)tables->nplanes;
    params.keep_zero = data == block->zeroframe;
    params.round_first = tables->round_first;
    params.side_length = tables->side ? (rp_u32)state->side_length : 0;
    params.side_step = (rp_u32)state->side_step;
    rp_buffer *buffers[3] = {data, NULL, NULL};
    if (!state->four_outputs && !state->is_striped) {
        const rp_code code = rp_block_table(block, stage, slot, tables->column_level,
                                            tables->nplanes * 2 * sizeof(float), 1, &buffers[1], err);
        return code != RP_OK ? code
                             : rp_block_lanes(block, RP_K_refpix_columns, &params, sizeof params, buffers, 2, err);
    }
    const size_t level_bytes = tables->nplanes * RP_NIR_AMPLIFIERS * RP_REFPIX_PATTERN * sizeof(double);
    rp_code code = rp_block_table(block, stage, slot, tables->level, level_bytes, 1, &buffers[1], err);
    buffers[2] = buffers[1];
    if (code == RP_OK && tables->side)
        code = rp_block_table(block, stage, slot + 1, tables->side,
                              tables->nplanes * state->side_length * sizeof(double), 1, &buffers[2], err);
    return code != RP_OK ? code : rp_block_lanes(block, RP_K_refpix, &params, sizeof params, buffers, 3, err);
}

static rp_code subtract_miri(rp_stage *stage, rp_block *block, rp_buffer *data, int64_t ngroups, rp_error *err)
{
    const rp_refpix_state *state = stage->state;
    const size_t level_bytes = state->groups.nplanes * 2 * RP_REFPIX_PATTERN * sizeof(double);
    rp_buffer *buffers[2] = {data, NULL};
    const rp_code code = rp_block_table(block, stage, 0, state->groups.level, level_bytes, 1, &buffers[1], err);
    if (code != RP_OK)
        return code;
    const rp_refpix_miri_params params = {
        .stride = block->stride,
        .nints = (rp_u32)block->run->nints,
        .ngroups = (rp_u32)ngroups,
        .width = (rp_u32)block->rect.nx,
        .height = (rp_u32)block->rect.ny,
        .x0 = (rp_u32)block->rect.x0,
        .y0 = (rp_u32)block->rect.y0,
    };
    return rp_block_lanes(block, RP_K_refpix_miri, &params, sizeof params, buffers, 2, err);
}

static rp_code count_stray(rp_stage *stage, rp_block *block, rp_error *err)
{
    rp_refpix_stray_params params = {
        .width = (rp_u32)block->rect.nx,
        .counter = rp_block_counter(block, stage),
        .nrects = (rp_u32)stage->nwindows,
    };
    rp_block_core(block, &params.y0, &params.y1, &params.x0, &params.x1);
    for (int k = 0; k < stage->nwindows; k++) {
        const rp_rect *r = &stage->window[k];
        params.rect[k][0] = (rp_i32)(r->y0 - block->rect.y0);
        params.rect[k][1] = params.rect[k][0] + (rp_i32)r->ny;
        params.rect[k][2] = (rp_i32)(r->x0 - block->rect.x0);
        params.rect[k][3] = params.rect[k][2] + (rp_i32)r->nx;
    }
    rp_buffer *const buffers[] = {block->pixeldq, block->counters};
    return rp_block_pixels(block, RP_K_refpix_stray, &params, sizeof params, buffers, 2, 1, err);
}

static rp_code block(rp_stage *stage, rp_block *block, rp_error *err)
{
    const rp_refpix_state *state = stage->state;
    rp_buffer *zeroframe = state->has_zeroframe ? block->zeroframe : NULL;
    rp_code code = RP_OK;
    if (state->is_miri) {
        code = subtract_miri(stage, block, block->data, block->run->ngroups, err);
        if (code == RP_OK && zeroframe)
            code = subtract_miri(stage, block, zeroframe, 1, err);
        return code;
    }
    if (!state->four_outputs && !state->whole_frame)
        code = count_stray(stage, block, err);
    if (code == RP_OK && state->correct)
        code = subtract(stage, block, &state->groups, 0, block->data, err);
    if (code == RP_OK && state->correct && zeroframe)
        code = subtract(stage, block, &state->zeroframes, 2, zeroframe, err);
    return code;
}

static rp_code finish(rp_stage *stage, rp_error *err)
{
    const rp_refpix_state *state = stage->state;
    const unsigned long long stray = rp_stage_counter(stage, 0);
    if (state->is_miri || state->four_outputs || state->whole_frame || stray == 0)
        return RP_OK;
    return rp_fail(err, RP_E_UNSUPPORTED,
                   "refpix: PIXELDQ flags %llu REFERENCE_PIXEL pixels away from the detector's border, which are "
                   "only found in exposures of up to %lld samples: correct the mask reference",
                   stray, (long long)WHOLE_FRAME_SAMPLES);
}

static void clear(rp_stage *stage)
{
    rp_refpix_state *state = stage->state;
    if (!state)
        return;
    rp_refpix_sirs_free(state->sirs);
    free(state->groups.level);
    free(state->groups.column_level);
    free(state->groups.side);
    free(state->zeroframes.level);
    free(state->zeroframes.column_level);
    free(state->zeroframes.side);
    free(state);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_refpix = {
    .setup = setup, .prepare = prepare, .block = block, .finish = finish, .clear = clear};
