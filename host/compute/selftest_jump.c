/* Trials of the search for jumps and showers. */
#include "host/compute/kernels.h"
#include "host/compute/selftest_trial.h"

enum { STRIDE = RP_TRIAL_STRIDE, NPLANES = RP_TRIAL_NPLANES };

typedef struct jump_trial {
    rp_jump_params prm;
    rp_buffer *data, *groupdq, *pixeldq, *gain, *noise, *candidates, *median, *differences, *counters, *seen,
        *take_back;
} jump_trial;

/* nints * ngroups is the number of planes, whatever their order. */
static jump_trial start_jumps(rp_trial *t, rp_u32 mode, rp_u32 nints)
{
    const rp_u32 ngroups = NPLANES / nints;
    const bool is_clipped = mode == RP_JUMP_CLIP_INTS || mode == RP_JUMP_CLIP_ALL;
    return (jump_trial){
        .prm = {.threshold = is_clipped ? 1.5 : 4.0,
                .threshold_three = 5.0,
                .threshold_two = 6.0,
                .min_neighbour = 10.0,
                .max_neighbour = 200.0,
                .nframes = 4.0,
                .stride = STRIDE,
                .noise_offset = STRIDE,
                .word_stride = RP_TRIAL_GUARDED,
                .guard = RP_TRIAL_GUARD,
                .extent = {.nx = RP_TRIAL_NX, .npix = RP_TRIAL_NPIX, .y0 = 1, .y1 = RP_TRIAL_NY, .x1 = RP_TRIAL_NX - 2},
                .nints = nints,
                .ngroups = ngroups,
                .mode = mode,
                .flag_neighbours = 1,
                .keep_median = 1,
                .counter = 3},
        .data = rp_trial_ramps(t),
        .groupdq = rp_trial_groupdq(t),
        .pixeldq = rp_trial_flag_words(t, STRIDE, 7, 0xffffffffu, false),
        .gain = rp_trial_words(t, STRIDE, 1, 3, true),
        .noise = rp_trial_words(t, 2 * STRIDE, 4, 12, false),
        .candidates = rp_trial_zeros(t, RP_TRIAL_GUARDED * sizeof(rp_u32)),
        .median = rp_trial_zeros(t, STRIDE * sizeof(double)),
        .differences = rp_trial_zeros(t, (size_t)(nints + 2) * (ngroups - 1) * STRIDE * sizeof(float)),
        .counters = rp_trial_counters(t),
        .seen = is_clipped ? rp_trial_zeros(t, NPLANES * sizeof(rp_u32)) : NULL,
        .take_back = is_clipped ? rp_trial_flag_words(t, NPLANES, 2, 1, false) : NULL,
    };
}

static void find(rp_trial *t, const jump_trial *j)
{
    RP_LAUNCH(t, RP_K_jump_find, j->prm, j->data, j->groupdq, j->pixeldq, j->gain, j->noise, j->candidates,
              j->median, j->differences, j->counters, j->seen, j->take_back);
}

/* The median is left to the trial of jump_after: its zeros may have either sign. */
static void find_in_mode(rp_trial *t, rp_u32 mode, rp_u32 nints)
{
    const jump_trial j = start_jumps(t, mode, nints);
    find(t, &j);
    RP_HASH(t, j.groupdq, j.pixeldq, j.counters, j.candidates);
    if (j.seen)
        RP_HASH(t, j.seen);
    rp_trial_clear(t);
}

void rp_trial_of_flag_no_gain(rp_trial *t)
{
    const rp_or_params prm = {STRIDE};
    rp_buffer *pixeldq = rp_trial_flag_words(t, STRIDE, 3, 0xffffffffu, false);
    rp_buffer *gain = rp_trial_words(t, 2 * STRIDE, -2, 3, true);
    RP_LAUNCH(t, t->kernel, prm, pixeldq, gain);
    RP_HASH(t, pixeldq);
}

void rp_trial_of_jump_find(rp_trial *t)
{
    find_in_mode(t, RP_JUMP_NONE, 9);
    find_in_mode(t, RP_JUMP_ITERATIVE, RP_TRIAL_NINTS);
    find_in_mode(t, RP_JUMP_ITERATIVE, 1);
    find_in_mode(t, RP_JUMP_SINGLE, RP_TRIAL_NINTS);
    find_in_mode(t, RP_JUMP_SINGLE, 1);
    find_in_mode(t, RP_JUMP_CLIP_INTS, 6);
    find_in_mode(t, RP_JUMP_CLIP_ALL, 6);
}

void rp_trial_of_jump_neighbours(rp_trial *t)
{
    const jump_trial j = start_jumps(t, RP_JUMP_ITERATIVE, RP_TRIAL_NINTS);
    find(t, &j);
    RP_LAUNCH(t, RP_K_jump_neighbours, j.prm, j.groupdq, j.candidates);
    RP_HASH(t, j.groupdq);
}

void rp_trial_of_jump_after(rp_trial *t)
{
    const jump_trial j = start_jumps(t, RP_JUMP_ITERATIVE, RP_TRIAL_NINTS);
    const rp_jump_after_params prm = {.threshold_1 = 100.0,
                                      .threshold_2 = 1000.0,
                                      .stride = STRIDE,
                                      .nints = RP_TRIAL_NINTS,
                                      .ngroups = RP_TRIAL_NGROUPS,
                                      .groups_1 = 1,
                                      .groups_2 = 3};
    find(t, &j);
    RP_LAUNCH(t, RP_K_jump_after, prm, j.data, j.groupdq, j.gain, j.median);
    RP_HASH(t, j.groupdq);
}

/* ------------------------------------------------------------------ showers */
typedef struct shower_trial {
    rp_shower_params prm;
    rp_buffer *data, *groupdq, *pixeldq, *gain, *noise, *differences, *statistics, *ratio;
} shower_trial;

/* Statistics over all differences of a pixel, or of each over six integrations. */
static shower_trial start_shower(rp_trial *t, bool by_difference)
{
    const rp_u32 nints = by_difference ? 6 : RP_TRIAL_NINTS, ngroups = NPLANES / nints, ndiffs = ngroups - 1;
    const rp_u32 flags = RP_DQ_DO_NOT_USE | RP_DQ_SATURATED | RP_DQ_REFERENCE_PIXEL;
    return (shower_trial){
        .prm = {.inner_squared = 1.5,
                .outer_squared = 6.25,
                .threshold = 3.0,
                .stride = STRIDE,
                .noise_offset = STRIDE,
                .ratio_stride = RP_TRIAL_GUARDED,
                .guard = RP_TRIAL_GUARD,
                .extent = {.nx = RP_TRIAL_NX, .npix = RP_TRIAL_NPIX, .y1 = RP_TRIAL_NY, .x1 = RP_TRIAL_NX},
                .nints = nints,
                .ngroups = ngroups,
                .integration = 1,
                .first_group = by_difference ? 0 : 2,
                .by_difference = by_difference,
                .reach = 2,
                .nframes = 4.0f},
        .data = rp_trial_ramps(t),
        .groupdq = rp_trial_groupdq(t),
        .pixeldq = rp_trial_flag_words(t, STRIDE, 7, flags, false),
        .gain = rp_trial_words(t, STRIDE, 1, 3, false),
        .noise = rp_trial_words(t, 2 * STRIDE, 4, 12, false),
        .differences = rp_trial_zeros(t, (size_t)nints * ndiffs * STRIDE * sizeof(float)),
        .statistics = rp_trial_zeros(t, (size_t)2 * ndiffs * STRIDE * sizeof(float)),
        .ratio = rp_trial_zeros(t, (size_t)ndiffs * RP_TRIAL_GUARDED * sizeof(float)),
    };
}

static void try_shower(rp_trial *t, bool by_difference)
{
    const shower_trial s = start_shower(t, by_difference);
    const size_t ndiffs = s.prm.ngroups - 1;
    rp_buffer *marks = rp_trial_zeros(t, ndiffs * STRIDE);
    RP_LAUNCH(t, RP_K_shower_statistics, s.prm, s.data, s.groupdq, s.gain, s.noise, s.differences, s.statistics);
    RP_LAUNCH(t, RP_K_shower_ratio, s.prm, s.data, s.groupdq, s.pixeldq, s.gain, s.statistics, s.ratio);
    RP_LAUNCH(t, RP_K_shower_marks, s.prm, s.ratio, marks);
    if (t->kernel == RP_K_shower_marks)
        rp_trial_hash_planes(t, marks, 1, ndiffs);
    else /* statistics of nothing are any NaN; ratios have ours */
        RP_HASH(t, s.ratio);
    rp_trial_clear(t);
}

static void try_showers(rp_trial *t)
{
    try_shower(t, false);
    try_shower(t, true);
}

void rp_trial_of_shower_statistics(rp_trial *t)
{
    try_showers(t);
}

void rp_trial_of_shower_ratio(rp_trial *t)
{
    try_showers(t);
}

void rp_trial_of_shower_marks(rp_trial *t)
{
    try_showers(t);
}

void rp_trial_of_shower_electrons(rp_trial *t)
{
    const shower_trial s = start_shower(t, false);
    rp_buffer *electrons = rp_trial_zeros(t, (size_t)NPLANES * STRIDE * sizeof(float));
    RP_LAUNCH(t, t->kernel, s.prm, s.data, s.groupdq, s.pixeldq, s.gain, electrons);
    RP_HASH(t, electrons);
}
