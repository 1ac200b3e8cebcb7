/* Trials of the kernels that load, flag and correct ramps.  Parameters are such that every branch is taken. */
#include "host/compute/kernels.h"
#include "host/compute/selftest_trial.h"
#include "rampart/plane.h"

enum { STRIDE = RP_TRIAL_STRIDE, NPLANES = RP_TRIAL_NPLANES, CUBE = NPLANES * STRIDE };

static const rp_extent frame = {
    .nx = RP_TRIAL_NX, .npix = RP_TRIAL_NPIX, .y0 = 1, .y1 = RP_TRIAL_NY - 1, .x0 = 2, .x1 = RP_TRIAL_NX - 3};

/* ------------------------------------------------------------------ in and out */
void rp_trial_of_load_u16(rp_trial *t)
{
    const rp_ramp_io_params prm = {STRIDE, NPLANES, 1};
    rp_buffer *raw = rp_trial_f32(t, CUBE / 2, 1, 60000, false); /* any bits will do */
    rp_buffer *data = rp_trial_zeros(t, CUBE * sizeof(float)), *groupdq = rp_trial_flag_bytes(t, CUBE, 2, 0xff);
    RP_LAUNCH(t, t->kernel, prm, data, groupdq, raw);
    RP_HASH(t, data, groupdq);
}

void rp_trial_of_load_f32(rp_trial *t)
{
    const rp_ramp_io_params with = {STRIDE, NPLANES, 1}, without = {STRIDE, RP_TRIAL_NINTS, 0};
    rp_buffer *raw = rp_trial_words(t, CUBE, -100, 60000, true);
    rp_buffer *data = rp_trial_zeros(t, CUBE * sizeof(float)), *groupdq = rp_trial_flag_bytes(t, CUBE, 2, 0xff);
    rp_buffer *zeroframe = rp_trial_zeros(t, RP_TRIAL_NINTS * STRIDE * sizeof(float));
    RP_LAUNCH(t, t->kernel, with, data, groupdq, raw);
    RP_LAUNCH(t, t->kernel, without, zeroframe, NULL, raw);
    RP_HASH(t, data, groupdq, zeroframe);
}

void rp_trial_of_store_f32(rp_trial *t)
{
    const rp_ramp_io_params prm = {STRIDE, NPLANES, 0};
    rp_buffer *words = rp_trial_zeros(t, CUBE * sizeof(rp_u32)), *data = rp_trial_f32(t, CUBE, -100, 60000, true);
    RP_LAUNCH(t, t->kernel, prm, words, data);
    RP_HASH(t, words);
}

void rp_trial_of_store_u32(rp_trial *t)
{
    const rp_ramp_io_params prm = {STRIDE, NPLANES, 0};
    rp_buffer *words = rp_trial_zeros(t, CUBE * sizeof(rp_u32));
    rp_buffer *values = rp_trial_flag_words(t, CUBE, 2, 0xffffffffu, false);
    RP_LAUNCH(t, t->kernel, prm, words, values);
    RP_HASH(t, words);
}

void rp_trial_of_usable_groups(rp_trial *t)
{
    rp_usable_params prm = {.stride = STRIDE, .nx = RP_TRIAL_NX, .y0 = 1, .y1 = 2, .x0 = 3, .x1 = 5};
    rp_buffer *groupdq = rp_trial_flag_bytes(t, CUBE, 2, RP_DQ_DO_NOT_USE);
    rp_buffer *seen = rp_trial_flag_words(t, NPLANES, 9, 1, false), *later = rp_trial_zeros(t, NPLANES * sizeof(rp_u32));
    RP_LAUNCH_LAYERS(t, t->kernel, prm, NPLANES, seen, groupdq);
    prm.y1 = RP_TRIAL_NY;
    RP_LAUNCH_LAYERS(t, t->kernel, prm, RP_TRIAL_NGROUPS, later, groupdq);
    rp_buffer *rare = rp_trial_zeros(t, NPLANES * sizeof(rp_u32));
    prm = (rp_usable_params){.stride = STRIDE, .nx = RP_TRIAL_NX, .y1 = 1, .x1 = 3, .ramp = RP_TRIAL_NGROUPS};
    RP_LAUNCH_LAYERS(t, t->kernel, prm, NPLANES, rare, groupdq);
    RP_HASH(t, seen, later, rare);
}

void rp_trial_of_restore_flags(rp_trial *t)
{
    const rp_ramp_io_params prm = {STRIDE, NPLANES, 0};
    rp_buffer *groupdq = rp_trial_groupdq(t), *final_flags = rp_trial_groupdq(t);
    RP_LAUNCH(t, t->kernel, prm, groupdq, final_flags);
    RP_HASH(t, groupdq);
}

void rp_trial_of_scale_words(rp_trial *t)
{
    const rp_scale_words_params prm = {STRIDE, NPLANES, 1.1f};
    rp_buffer *words = rp_trial_words(t, CUBE, -50, 9000, true);
    RP_LAUNCH(t, t->kernel, prm, words);
    RP_HASH(t, words);
}

/* ------------------------------------------------------------------ flags */
void rp_trial_of_or_pixeldq(rp_trial *t)
{
    const rp_or_params prm = {STRIDE};
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 3, 0xffffffffu, false);
    rp_buffer *reference_dq = rp_trial_flag_words(t, 2 * STRIDE, 3, 0xffffffffu, true);
    RP_LAUNCH(t, t->kernel, prm, pixeldq, reference_dq);
    RP_HASH(t, pixeldq);
}

void rp_trial_of_apply_mask(rp_trial *t)
{
    const rp_mask_params prm = {STRIDE, STRIDE, NPLANES, 0};
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 5, 0xffffffffu, false), *groupdq = rp_trial_groupdq(t);
    rp_buffer *mask = rp_trial_flag_words(t, 2 * STRIDE, 6, RP_DQ_DO_NOT_USE | RP_DQ_REFERENCE_PIXEL | 0x400u, true);
    RP_LAUNCH(t, t->kernel, prm, pixeldq, groupdq, mask);
    RP_HASH(t, pixeldq, groupdq);
}

void rp_trial_of_flag_planes(rp_trial *t)
{
    const rp_flag_planes_params prm = {STRIDE, 1, RP_TRIAL_NGROUPS, RP_TRIAL_NINTS, RP_DQ_DO_NOT_USE};
    rp_buffer *groupdq = rp_trial_groupdq(t);
    RP_LAUNCH(t, t->kernel, prm, groupdq);
    RP_HASH(t, groupdq);
}

void rp_trial_of_firstframe(rp_trial *t)
{
    const rp_firstframe_params prm = {STRIDE, frame, RP_TRIAL_NINTS, RP_TRIAL_NGROUPS, 3, 0};
    rp_buffer *groupdq = rp_trial_groupdq(t), *counters = rp_trial_counters(t);
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 5, RP_DQ_DO_NOT_USE | RP_DQ_JUMP_DET, false);
    RP_LAUNCH(t, t->kernel, prm, groupdq, pixeldq, counters);
    RP_HASH(t, groupdq, pixeldq, counters);
}

void rp_trial_of_rscd(rp_trial *t)
{
    const rp_rscd_params first = {STRIDE, frame, 0, 1, RP_TRIAL_NGROUPS, 4, 0, 1};
    const rp_rscd_params later = {STRIDE, frame, 1, 1, RP_TRIAL_NGROUPS, 2, 1, 1};
    rp_buffer *groupdq = rp_trial_groupdq(t), *counters = rp_trial_counters(t);
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 5, RP_DQ_DO_NOT_USE | RP_DQ_JUMP_DET, false);
    RP_LAUNCH(t, t->kernel, first, groupdq, pixeldq, counters);
    RP_LAUNCH(t, t->kernel, later, groupdq, pixeldq, counters);
    RP_HASH(t, groupdq, pixeldq, counters);
}

void rp_trial_of_charge_find(rp_trial *t)
{
    const rp_charge_params prm = {.stride = STRIDE,
                                  .first_stride = RP_TRIAL_GUARDED,
                                  .guard = RP_TRIAL_GUARD,
                                  .extent = frame,
                                  .nints = RP_TRIAL_NINTS,
                                  .ngroups = RP_TRIAL_NGROUPS,
                                  .threshold = 12000.5f};
    rp_buffer *data = rp_trial_ramps(t), *groupdq = rp_trial_groupdq(t);
    rp_buffer *first = rp_trial_zeros(t, RP_TRIAL_NINTS * RP_TRIAL_GUARDED * sizeof(rp_u32));
    RP_LAUNCH(t, RP_K_charge_find, prm, data, groupdq, first);
    if (t->kernel == RP_K_charge_flag) {
        RP_LAUNCH(t, RP_K_charge_flag, prm, groupdq, first);
        RP_HASH(t, groupdq);
    }
    RP_HASH(t, first);
}

void rp_trial_of_charge_flag(rp_trial *t)
{
    rp_trial_of_charge_find(t);
}

/* ------------------------------------------------------------------ zero levels */
void rp_trial_of_superbias(rp_trial *t)
{
    const rp_superbias_params plain = {STRIDE, STRIDE, NPLANES, 0}, zeros = {STRIDE, 0, RP_TRIAL_NINTS, 1};
    rp_buffer *data = rp_trial_ramps(t), *bias = rp_trial_words(t, 2 * STRIDE, 7000, 9000, true);
    rp_buffer *zeroframe = rp_trial_words(t, RP_TRIAL_NINTS * STRIDE, 7000, 9000, true);
    RP_LAUNCH(t, t->kernel, plain, data, bias);
    RP_LAUNCH(t, t->kernel, zeros, zeroframe, bias);
    RP_HASH(t, data, zeroframe);
}

/* Rows of levels that repeat every `period` columns. */
static rp_buffer *levels(rp_trial *t, size_t nrows, size_t period)
{
    double values[NPLANES * 4 * RP_REFPIX_PATTERN];
    for (size_t row = 0; row < nrows; row++)
        for (size_t j = 0; j < RP_REFPIX_PATTERN; j++) {
            double *value = values + row * RP_REFPIX_PATTERN + j;
            *value = j < period ? (double)rp_trial_below(t, 1u << 30) / 0x1p26 - 8.0 : value[-(ptrdiff_t)period];
        }
    return rp_trial_copy(t, values, nrows * RP_REFPIX_PATTERN * sizeof(double));
}

/* A block at the corner of four amplifiers, along x and along y of the frame. */
void rp_trial_of_refpix(rp_trial *t)
{
    rp_refpix_params prm = {.stride = STRIDE,
                            .nplanes = NPLANES,
                            .width = RP_TRIAL_NX,
                            .height = RP_TRIAL_NY,
                            .j_origin = 500,
                            .j_step = 1,
                            .side_length = 64,
                            .side_origin = 5,
                            .round_first = 1};
    rp_buffer *level = levels(t, NPLANES * 4, 2), *side = rp_trial_f64(t, NPLANES * 64, -3, 3);
    rp_buffer *along_x = rp_trial_ramps(t), *along_y = rp_trial_ramps(t), *plain = rp_trial_ramps(t);
    RP_LAUNCH(t, t->kernel, prm, along_x, level, side);
    prm.fast_is_y = 1;
    prm.j_origin = 1029;
    prm.j_step = -1;
    RP_LAUNCH(t, t->kernel, prm, along_y, level, side);
    prm.side_length = prm.round_first = 0;
    prm.keep_zero = 1;
    RP_LAUNCH(t, t->kernel, prm, plain, level, level);
    RP_HASH(t, along_x, along_y, plain);
}

void rp_trial_of_refpix_columns(rp_trial *t)
{
    rp_refpix_params prm = {.stride = STRIDE,
                            .nplanes = NPLANES,
                            .width = RP_TRIAL_NX,
                            .height = RP_TRIAL_NY,
                            .j_origin = 1000,
                            .j_step = -1};
    rp_buffer *level = rp_trial_f32(t, 2 * NPLANES, -20, 20, false);
    rp_buffer *data = rp_trial_ramps(t), *turned = rp_trial_ramps(t);
    RP_LAUNCH(t, t->kernel, prm, data, level);
    prm.fast_is_y = prm.keep_zero = 1;
    RP_LAUNCH(t, t->kernel, prm, turned, level);
    RP_HASH(t, data, turned);
}

void rp_trial_of_refpix_miri(rp_trial *t)
{
    const rp_refpix_miri_params prm = {.stride = STRIDE,
                                       .nints = RP_TRIAL_NINTS,
                                       .ngroups = RP_TRIAL_NGROUPS,
                                       .width = RP_TRIAL_NX,
                                       .height = RP_TRIAL_NY,
                                       .x0 = 3,
                                       .y0 = 1};
    rp_buffer *data = rp_trial_ramps(t), *level = levels(t, NPLANES * 2, 4);
    RP_LAUNCH(t, t->kernel, prm, data, level);
    RP_HASH(t, data);
}

void rp_trial_of_refpix_stray(rp_trial *t)
{
    const rp_refpix_stray_params prm = {.width = RP_TRIAL_NX,
                                        .y0 = 1,
                                        .y1 = RP_TRIAL_NY,
                                        .x1 = RP_TRIAL_NX - 2,
                                        .counter = 2,
                                        .nrects = 2,
                                        .rect = {{0, 4, 0, 4}, {3, 7, 20, 30}}};
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 2, RP_DQ_REFERENCE_PIXEL | RP_DQ_DO_NOT_USE, false);
    rp_buffer *counters = rp_trial_counters(t);
    RP_LAUNCH(t, t->kernel, prm, pixeldq, counters);
    RP_HASH(t, counters);
}

void rp_trial_of_group_scale(rp_trial *t)
{
    const rp_group_scale_params prm = {STRIDE, NPLANES, 1.25f / 3.0f};
    rp_buffer *data = rp_trial_ramps(t);
    RP_LAUNCH(t, t->kernel, prm, data);
    RP_HASH(t, data);
}

void rp_trial_of_subtract_ramp(rp_trial *t)
{
    rp_subtract_params prm = {.stride = STRIDE,
                              .ramp_offset = STRIDE,
                              .ramp_stride = STRIDE,
                              .count = RP_TRIAL_NINTS,
                              .per_integration = RP_TRIAL_NGROUPS,
                              .ngroups = RP_TRIAL_NGROUPS,
                              .nramp = RP_TRIAL_NGROUPS};
    rp_buffer *ramp = rp_trial_words(t, (RP_TRIAL_NGROUPS + 1) * STRIDE, -2, 9, true);
    rp_buffer *data = rp_trial_ramps(t), *beyond = rp_trial_ramps(t);
    RP_LAUNCH(t, t->kernel, prm, data, ramp);
    prm.nramp = RP_TRIAL_NGROUPS - 3;
    prm.first = prm.count = 1;
    RP_LAUNCH(t, t->kernel, prm, beyond, ramp);
    RP_HASH(t, data, beyond);
}

void rp_trial_of_dark_average(rp_trial *t)
{
    const rp_dark_average_params plane = {STRIDE, 1, 0.0f}, value = {0, 0, 0.0123f};
    rp_buffer *from_plane = rp_trial_zeros(t, STRIDE * sizeof(float));
    rp_buffer *from_value = rp_trial_zeros(t, STRIDE * sizeof(float));
    rp_buffer *words = rp_trial_words(t, 2 * STRIDE, -1, 4, true);
    RP_LAUNCH(t, t->kernel, plane, from_plane, words);
    RP_LAUNCH(t, t->kernel, value, from_value, NULL);
    RP_HASH(t, from_plane, from_value);
}

/* ------------------------------------------------------------------ saturation */
typedef struct saturation_trial {
    rp_saturation_params prm;
    rp_buffer *data, *groupdq, *pixeldq, *threshold, *dq, *bias, *words, *grown, *partial, *counters;
} saturation_trial;

static saturation_trial start_saturation(rp_trial *t)
{
    const size_t words = (size_t)RP_TRIAL_NINTS * RP_TRIAL_GUARDED * sizeof(rp_u32);
    return (saturation_trial){.prm = {.stride = STRIDE,
                                      .dq_offset = STRIDE,
                                      .word_stride = RP_TRIAL_GUARDED,
                                      .guard = RP_TRIAL_GUARD,
                                      .extent = frame,
                                      .nints = RP_TRIAL_NINTS,
                                      .ngroups = RP_TRIAL_NGROUPS,
                                      .nwords = 1,
                                      .grow = 1,
                                      .nframes = 8,
                                      .has_dq = 1,
                                      .has_bias = 1,
                                      .counter = 2},
                              .data = rp_trial_ramps(t),
                              .groupdq = rp_trial_groupdq(t),
                              .pixeldq = rp_trial_flag_words(t, STRIDE, 7, 0xffffffffu, false),
                              .threshold = rp_trial_words(t, STRIDE, 40000, 64000, true),
                              .dq = rp_trial_flag_words(t, 2 * STRIDE, 9, RP_DQ_NO_SAT_CHECK | 0x400u, true),
                              .bias = rp_trial_words(t, STRIDE, 7000, 9000, false),
                              .words = rp_trial_zeros(t, words),
                              .grown = rp_trial_zeros(t, words),
                              .partial = rp_trial_zeros(t, words),
                              .counters = rp_trial_counters(t)};
}

static void find(rp_trial *t, const saturation_trial *s)
{
    RP_LAUNCH(t, RP_K_saturation_find, s->prm, s->data, s->groupdq, s->pixeldq, s->threshold, s->dq, s->words,
              s->counters);
}

static void grow(rp_trial *t, const saturation_trial *s)
{
    RP_LAUNCH(t, RP_K_saturation_grow, s->prm, s->data, s->groupdq, s->threshold, s->dq, s->words, s->grown,
              s->partial);
}

void rp_trial_of_saturation_find(rp_trial *t)
{
    const saturation_trial s = start_saturation(t);
    find(t, &s);
    RP_HASH(t, s.groupdq, s.pixeldq, s.words, s.counters);
}

void rp_trial_of_saturation_grow(rp_trial *t)
{
    saturation_trial s = start_saturation(t);
    find(t, &s);
    grow(t, &s);
    RP_HASH(t, s.grown, s.partial);
    s.prm.grow = 2;
    grow(t, &s);
    RP_HASH(t, s.grown, s.partial);
}

void rp_trial_of_saturation_mark(rp_trial *t)
{
    saturation_trial s = start_saturation(t);
    find(t, &s);
    grow(t, &s);
    RP_LAUNCH(t, RP_K_saturation_mark, s.prm, s.data, s.groupdq, s.threshold, s.dq, s.bias, s.grown, s.partial,
              s.counters);
    RP_HASH(t, s.groupdq, s.counters);
    s.prm.nframes = 1; /* no group saturates part of the way */
    s.prm.has_bias = 0;
    RP_LAUNCH(t, RP_K_saturation_mark, s.prm, s.data, s.groupdq, s.threshold, s.dq, NULL, s.grown, s.partial,
              s.counters);
    RP_HASH(t, s.groupdq, s.counters);
}

void rp_trial_of_saturation_zero_find(rp_trial *t)
{
    saturation_trial s = start_saturation(t);
    s.prm.ngroups = 1;
    rp_buffer *zeroframe = rp_trial_f32(t, RP_TRIAL_NINTS * STRIDE, -9000, 65000, false);
    RP_LAUNCH(t, RP_K_saturation_zero_find, s.prm, zeroframe, s.threshold, s.dq, s.words);
    RP_HASH(t, s.words);
    if (t->kernel != RP_K_saturation_zero_clear)
        return;
    RP_LAUNCH(t, RP_K_saturation_zero_clear, s.prm, zeroframe, s.words);
    RP_HASH(t, zeroframe);
}

void rp_trial_of_saturation_zero_clear(rp_trial *t)
{
    rp_trial_of_saturation_zero_find(t);
}

/* ------------------------------------------------------------------ shapes of the response */
void rp_trial_of_ipc_copy(rp_trial *t)
{
    rp_ipc_params prm = {.stride = STRIDE,
                         .copy_stride = RP_TRIAL_GUARDED,
                         .guard = RP_TRIAL_GUARD,
                         .kernel_stride = STRIDE,
                         .extent = frame,
                         .y0 = 1,
                         .y1 = RP_TRIAL_NY,
                         .x0 = 2,
                         .x1 = RP_TRIAL_NX - 1,
                         .ky = 3,
                         .kx = 3,
                         .nplanes = NPLANES};
    rp_buffer *data = rp_trial_ramps(t), *copy = rp_trial_zeros(t, (size_t)NPLANES * RP_TRIAL_GUARDED * sizeof(float));
    rp_buffer *weights = rp_trial_f32(t, 9, -1, 2, false), *by_pixel = rp_trial_words(t, 9 * STRIDE, -1, 2, false);
    RP_LAUNCH(t, RP_K_ipc_copy, prm, data, copy);
    if (t->kernel == RP_K_ipc_copy) {
        RP_HASH(t, copy);
        return;
    }
    RP_LAUNCH(t, RP_K_ipc_convolve, prm, data, copy, weights, NULL);
    RP_HASH(t, data);
    prm.per_pixel = 1;
    RP_LAUNCH(t, RP_K_ipc_convolve, prm, data, copy, NULL, by_pixel);
    RP_HASH(t, data);
}

void rp_trial_of_ipc_convolve(rp_trial *t)
{
    rp_trial_of_ipc_copy(t);
}

/* Coefficients of polynomials that are close to the identity: c[1] about 1, the others small; [n][STRIDE]. */
static rp_buffer *polynomials(rp_trial *t, rp_u32 n)
{
    static const int low[] = {-9, 1}, high[] = {9, 2};
    static const float scale[] = {1.0f, 1.0f, 0x1p-19f, 0x1p-35f, 0x1p-51f, 0x1p-67f, 0x1p-83f, 0x1p-99f, 0x1p-115f};
    float values[9 * STRIDE];
    for (rp_u32 j = 0; j < n; j++)
        for (size_t p = 0; p < STRIDE; p++) {
            const int steps = 256 * (high[j == 1] - low[j == 1]);
            const int step = 256 * low[j == 1] + (int)rp_trial_below(t, (uint32_t)steps);
            values[j * STRIDE + p] = (float)step / 256.0f * scale[j];
        }
    values[STRIDE + 40] = 0.0f; /* unusable */
    rp_elements_from_f32(values, values, n * STRIDE);
    return rp_trial_copy(t, values, n * STRIDE * sizeof(float));
}

void rp_trial_of_linearity(rp_trial *t)
{
    rp_linearity_params prm = {
        .stride = STRIDE, .coeff_stride = STRIDE, .nints = RP_TRIAL_NINTS, .ngroups = RP_TRIAL_NGROUPS, .has_dq = 1};
    rp_buffer *coeff = polynomials(t, 9), *groupdq = rp_trial_groupdq(t);
    rp_buffer *dq = rp_trial_flag_words(t, STRIDE, 9, RP_DQ_NO_LIN_CORR | 0x400u, true);
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 7, 0xffffffffu, false);
    for (prm.ncoeff = 3; prm.ncoeff <= 9; prm.ncoeff++) {
        rp_buffer *data = rp_trial_ramps(t);
        RP_LAUNCH(t, t->kernel, prm, data, groupdq, pixeldq, coeff, dq);
        RP_HASH(t, data, pixeldq);
    }
    rp_buffer *zeroframe = rp_trial_words(t, RP_TRIAL_NINTS * STRIDE, 1, 60000, true);
    prm.ncoeff = 6;
    prm.ngroups = prm.keep_zero = 1;
    prm.has_dq = 0;
    RP_LAUNCH(t, t->kernel, prm, zeroframe, NULL, NULL, coeff, NULL);
    RP_HASH(t, zeroframe);
}

void rp_trial_of_linearity_reads(rp_trial *t)
{
    rp_linearity_params prm = {.stride = STRIDE,
                               .coeff_stride = STRIDE,
                               .inverse_stride = STRIDE,
                               .nints = RP_TRIAL_NINTS,
                               .ngroups = RP_TRIAL_NGROUPS,
                               .ncoeff = 6,
                               .ninverse = 5,
                               .has_dq = 1};
    rp_buffer *coeff = polynomials(t, 6), *inverse = polynomials(t, 5), *groupdq = rp_trial_groupdq(t);
    rp_buffer *dq = rp_trial_flag_words(t, STRIDE, 9, RP_DQ_NO_LIN_CORR | 0x400u, true);
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 7, 0xffffffffu, false);
    for (prm.nframes = 4; prm.nframes <= 20; prm.nframes += 16) { /* fewer and more than fit into registers */
        rp_buffer *data = rp_trial_ramps(t);
        RP_LAUNCH(t, t->kernel, prm, data, groupdq, pixeldq, coeff, inverse, dq);
        RP_HASH(t, data, pixeldq);
    }
}

void rp_trial_of_persistence(rp_trial *t)
{
    rp_persistence_params prm = {.stride = STRIDE,
                                 .window_s = 25.0,
                                 .nints = RP_TRIAL_NINTS,
                                 .ngroups = RP_TRIAL_NGROUPS,
                                 .flag = RP_DQ_PERSISTENCE,
                                 .has_threshold = 1,
                                 .has_initial = 1,
                                 .has_final = 1,
                                 .threshold = 30000.0f};
    double times[NPLANES];
    for (int k = 0; k < NPLANES; k++)
        times[k] = 1.6e9 + 10.0 * k + (k >= RP_TRIAL_NGROUPS ? 3.0 : 0.0);
    rp_buffer *data = rp_trial_ramps(t), *groupdq = rp_trial_groupdq(t), *without = rp_trial_groupdq(t);
    rp_buffer *table = rp_trial_copy(t, times, sizeof times), *final = rp_trial_zeros(t, STRIDE * sizeof(double));
    rp_buffer *initial = rp_trial_f64(t, STRIDE, 1599999990, 1600000050);
    RP_LAUNCH(t, t->kernel, prm, data, groupdq, table, initial, final);
    prm.has_threshold = prm.has_initial = prm.has_final = 0;
    RP_LAUNCH(t, t->kernel, prm, data, without, table, NULL, NULL);
    RP_HASH(t, groupdq, without, final);
}

void rp_trial_of_flicker_sum(rp_trial *t)
{
    rp_flicker_params prm = {.stride = STRIDE,
                             .cleaned_offset = STRIDE,
                             .cleaned_stride = STRIDE,
                             .nints = RP_TRIAL_NINTS,
                             .ngroups = RP_TRIAL_NGROUPS,
                             .has_noise = 1};
    uint32_t is_cleaned[NPLANES];
    for (int k = 0; k < NPLANES; k++)
        is_cleaned[k] = k % RP_TRIAL_NGROUPS > 0 && k % 5 != 3;
    rp_buffer *data = rp_trial_ramps(t), *without = rp_trial_ramps(t), *noise = rp_trial_zeros(t, CUBE * sizeof(rp_u32));
    rp_buffer *cleaned = rp_trial_words(t, CUBE + STRIDE, -20, 300, true);
    rp_buffer *table = rp_trial_copy(t, is_cleaned, sizeof is_cleaned);
    RP_LAUNCH(t, t->kernel, prm, data, cleaned, table, noise);
    prm.has_noise = 0;
    RP_LAUNCH(t, t->kernel, prm, without, cleaned, table, NULL);
    RP_HASH(t, data, without, noise);
}

void rp_trial_of_picture_frame(rp_trial *t)
{
    rp_picture_frame_params prm = {.stride = STRIDE,
                                   .pattern_offset = STRIDE,
                                   .nints = RP_TRIAL_NINTS,
                                   .ngroups = RP_TRIAL_NGROUPS,
                                   .has_change = 1,
                                   .edge = 1.375f};
    rp_buffer *data = rp_trial_ramps(t), *without = rp_trial_ramps(t), *change = rp_trial_zeros(t, CUBE * sizeof(rp_u32));
    rp_buffer *pattern = rp_trial_words(t, 2 * STRIDE, -3, 9, true), *scales = rp_trial_f32(t, 2 * NPLANES, -4, 30, false);
    RP_LAUNCH(t, t->kernel, prm, data, pattern, scales, change);
    prm.has_change = 0;
    RP_LAUNCH(t, t->kernel, prm, without, pattern, scales, NULL);
    RP_HASH(t, data, without, change);
}
