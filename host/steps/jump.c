/* jump: cosmic-ray hits in ramps, and large events of the frame.
 * Behaviour of jwst 3.0.0; the search is in kernels/jump*.h, snowballs and showers in jump_snowballs.c, jump_showers.c.
 */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/jump_showers.h"
#include "host/steps/jump_snowballs.h"
#include "host/steps/ramp_reference.h"

typedef struct jump_state {
    rp_source *gain, *noise;
    rp_jump_params params;      /* what does not depend on the block */
    rp_jump_after_params after; /* groups_1 and groups_2 are 0 when nothing follows jumps */
    rp_snowballs *snowballs;    /* NULL when not wanted, as showers */
    rp_showers *showers;
    uint64_t events;  /* snowballs or showers found so far */
    int64_t reopened; /* groups that snowballs have freed of DO_NOT_USE somewhere */
    /* Sigma clipping: groups in which no core pixel is free of JUMP_DET and DO_NOT_USE lose their JUMP_DET again; known
     * after a whole pass.  [nints * ngroups], uint32 as the kernel has them. */
    uint32_t *seen, *take_back;
    uint64_t take_back_version;
    pthread_mutex_t lock; /* guards seen */
} jump_state;

static size_t planes_of(const rp_run *run)
{
    return (size_t)(run->nints * run->ngroups);
}

static bool clips(uint32_t mode)
{
    return mode == RP_JUMP_CLIP_INTS || mode == RP_JUMP_CLIP_ALL;
}

/* ------------------------------------------------------------------ set-up */
/* Groups in use decide how jumps are sought. */
static uint32_t choose_mode(const rp_stage *stage)
{
    const rp_run *run = stage->run;
    int64_t flagged = 0, most_flagged = 0;
    for (int64_t i = 0; i < run->nints; i++) {
        int64_t n = 0;
        for (int64_t g = 0; g < run->ngroups; g++)
            n += run->unusable_at_jump[i * run->ngroups + g] != 0;
        flagged += n;
        most_flagged = n > most_flagged ? n : most_flagged;
    }
    const bool only_ints = rp_values_bool(stage->values, "only_use_ints");
    const int64_t least = rp_values_int(stage->values, "minimum_sigclip_groups", 100);
    const int64_t to_clip = only_ints ? run->nints : run->nints * run->ngroups - flagged,
                  usable = run->ngroups - most_flagged;
    if (to_clip >= least)
        return only_ints ? RP_JUMP_CLIP_INTS : RP_JUMP_CLIP_ALL;
    if (usable < 3)
        return RP_JUMP_NONE;
    return usable - 1 >= rp_values_int(stage->values, "min_diffs_single_pass", 10) ? RP_JUMP_SINGLE : RP_JUMP_ITERATIVE;
}

/* Bits of a float32 as an unsigned number in the same order. */
static uint32_t ordered(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static float from_ordered(uint32_t order)
{
    const uint32_t bits = order >> 31 ? order & 0x7fffffffu : ~order;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The value of a rank, by its upper and then its lower half; counts has 65536 elements. */
static float value_of_rank(const float *values, size_t n, size_t rank, size_t *counts)
{
    uint32_t upper = 0, lower = 0;
    memset(counts, 0, 65536 * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        counts[ordered(values[i]) >> 16]++;
    for (; counts[upper] <= rank; upper++)
        rank -= counts[upper];
    memset(counts, 0, 65536 * sizeof *counts);
    for (size_t i = 0; i < n; i++)
        if (ordered(values[i]) >> 16 == upper)
            counts[ordered(values[i]) & 0xffff]++;
    for (; counts[lower] <= rank; lower++)
        rank -= counts[lower];
    return from_ordered(upper << 16 | lower);
}

/* Median of the numbers among the frame's gains, in float32 as numpy does it. */
static rp_code median_gain(const rp_stage *stage, const rp_source *gain, float *out, rp_error *err)
{
    const rp_run *run = stage->run;
    const size_t n = (size_t)(run->ny * run->nx);
    void *words = malloc(n * sizeof(float));
    float *values = malloc(n * sizeof *values);
    size_t *counts = malloc(65536 * sizeof *counts), used = 0;
    rp_code code = RP_OK;
    if (!words || !values || !counts)
        code = rp_fail(err, RP_E_MEMORY, "%s: no memory for the median", gain->label);
    if (code == RP_OK)
        code = gain->read(gain, 0, (rp_rect){0, 0, run->ny, run->nx}, words, err);
    if (code == RP_OK) {
        rp_elements_to_f32(values, words, RP_F32, n);
        for (size_t i = 0; i < n; i++)
            if (!isnan(values[i]))
                values[used++] = values[i];
        *out = NAN;
        if (used)
            *out =
                (value_of_rank(values, used, (used - 1) / 2, counts) + value_of_rank(values, used, used / 2, counts)) /
                2.0f;
    }
    free(words);
    free(values);
    free(counts);
    return code;
}

/* time // group_time as Python has it: the remainder is taken first, so that 1.0 // 0.1 is 9. */
static double whole_groups(double time_s, double group_time_s)
{
    double rest = fmod(time_s, group_time_s);
    if (rest < 0.0)
        rest += group_time_s;
    const double quotient = (time_s - rest) / group_time_s, whole = floor(quotient);
    return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

/* int(time // group_time), not more than the groups that can follow. */
static uint32_t groups_of(const rp_stage *stage, const char *parameter, double group_time_s, int64_t most)
{
    const double n = whole_groups(rp_values_float(stage->values, parameter, 0.0), group_time_s);
    if (!(n > 0.0) || most <= 0)
        return 0;
    return n < (double)most ? (uint32_t)n : (uint32_t)most;
}

static rp_code set_up_after(rp_stage *stage, jump_state *s, double group_time_s, rp_error *err)
{
    const rp_run *run = stage->run;
    float gain = 0.0f;
    rp_jump_after_params *a = &s->after;
    a->nints = (uint32_t)run->nints;
    a->ngroups = (uint32_t)run->ngroups;
    a->groups_1 = groups_of(stage, "after_jump_flag_time1", group_time_s, run->ngroups - 2);
    a->groups_2 = groups_of(stage, "after_jump_flag_time2", group_time_s, run->ngroups - 2);
    if (!a->groups_1 && !a->groups_2)
        return RP_OK;
    const rp_code code = median_gain(stage, s->gain, &gain, err);
    a->threshold_1 = (double)((float)rp_values_float(stage->values, "after_jump_flag_dn1", 0.0) * gain);
    a->threshold_2 = (double)((float)rp_values_float(stage->values, "after_jump_flag_dn2", 0.0) * gain);
    return code;
}

static rp_code set_up_snowballs(const rp_stage *stage, jump_state *s, double group_time_s, rp_error *err)
{
    const rp_values *v = stage->values;
    const rp_snowball_params params = {
        .min_sat_area = rp_values_float(v, "min_sat_area", 1.0),
        .min_jump_area = rp_values_float(v, "min_jump_area", 5.0),
        .expand_factor = rp_values_float(v, "expand_factor", 2.0),
        .min_sat_radius_extend = rp_values_float(v, "min_sat_radius_extend", 2.5),
        .sat_expand = rp_values_int(v, "sat_expand", 2),
        .edge_size = rp_values_int(v, "edge_size", 25),
        .max_extended_radius = rp_values_int(v, "max_extended_radius", 200),
        .masked_groups =
            (int64_t)whole_groups((double)rp_values_int(v, "snowball_time_masked_next_int", 4000), group_time_s),
        .sat_required_snowball = rp_values_bool(v, "sat_required_snowball"),
        .mask_snowball_core_next_int = rp_values_bool(v, "mask_snowball_core_next_int"),
    };
    return rp_snowballs_new(&s->snowballs, &params, stage->run->ny, stage->run->nx, err);
}

static rp_code set_up_showers(const rp_stage *stage, jump_state *s, double group_time_s, rp_error *err)
{
    const rp_values *v = stage->values;
    const rp_shower_settings settings = {
        .snr_threshold = rp_values_float(v, "extend_snr_threshold", 1.2),
        .min_area = rp_values_int(v, "extend_min_area", 90),
        .inner_radius = rp_values_float(v, "extend_inner_radius", 1.0),
        .width = rp_values_float(v, "extend_outer_radius", 2.6),
        .expand_ratio = rp_values_float(v, "extend_ellipse_expand_ratio", 1.1),
        .max_extended_radius = rp_values_int(v, "max_extended_radius", 200),
        .groups_masked = (int64_t)whole_groups(rp_values_float(v, "time_masked_after_shower", 15.0), group_time_s),
        .max_change_e = (float)(6.0 * group_time_s), /* max_shower_amplitude is without effect in jwst 3.0.0 */
        .min_ints_to_clip = rp_values_int(v, "minimum_sigclip_groups", 100),
    };
    return rp_showers_new(&s->showers, stage, &settings, s->gain, s->noise, err);
}

static rp_code set_up_events(const rp_stage *stage, jump_state *s, double group_time_s, rp_error *err)
{
    const bool snowballs = rp_values_bool(stage->values, "expand_large_events");
    const bool showers = rp_values_bool(stage->values, "find_showers");
    if (snowballs && showers)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "jump: expand_large_events (near-infrared detectors) and find_showers (MIRI) in one run are not "
                       "part of this release; turn one of them off");
    if (snowballs)
        return set_up_snowballs(stage, s, group_time_s, err);
    return showers ? set_up_showers(stage, s, group_time_s, err) : RP_OK;
}

static rp_code open_references(rp_stage *stage, jump_state *s, rp_error *err)
{
    rp_reference *gain = NULL, *noise = NULL;
    rp_code code = rp_step_reference(stage, "gain", &gain, err);
    if (code == RP_OK)
        code = rp_step_reference(stage, "readnoise", &noise, err);
    if (code == RP_OK && (!gain || !noise))
        code = rp_fail(err, RP_E_MISSING, "jump: the step needs a %s reference; give --steps.jump.override_%s",
                       gain ? "readnoise" : "gain", gain ? "readnoise" : "gain");
    if (code == RP_OK)
        code = rp_step_plane(stage, gain, "SCI", true, &s->gain, err);
    return code != RP_OK ? code : rp_step_plane(stage, noise, "SCI", true, &s->noise, err);
}

static void set_up_search(const rp_stage *stage, jump_state *s)
{
    const rp_values *v = stage->values;
    int64_t nframes = 1;
    (void)rp_meta_get_int(stage->run->meta, "NFRAMES", &nframes);
    s->params = (rp_jump_params){
        .threshold = rp_values_float(v, "rejection_threshold", 4.0),
        /* by differences left: the parameters count groups */
        .threshold_three = rp_values_float(v, "four_group_rejection_threshold", 5.0),
        .threshold_two = rp_values_float(v, "three_group_rejection_threshold", 6.0),
        .min_neighbour = rp_values_float(v, "min_jump_to_flag_neighbors", 10.0),
        .max_neighbour = rp_values_float(v, "max_jump_to_flag_neighbors", 1000.0),
        .nframes = (double)nframes,
        .nints = (uint32_t)stage->run->nints,
        .ngroups = (uint32_t)stage->run->ngroups,
        .flag_neighbours = rp_values_bool(v, "flag_4_neighbors"),
    };
}

static rp_code setup(rp_stage *stage, rp_error *err)
{
    rp_run *run = stage->run;
    double group_time_s = 0.0;
    if (run->ngroups <= 2) {
        rp_logf(run->log, RP_WARNING, stage->log_name, "Cannot apply jump detection when NGROUPS<=2;");
        rp_logf(run->log, RP_WARNING, stage->log_name, "Jump step will be skipped");
        stage->skip = true;
        return RP_OK;
    }
    rp_logf(run->log, RP_INFO, stage->log_name, "CR rejection threshold = %g sigma",
            rp_values_float(stage->values, "rejection_threshold", 4.0));
    jump_state *s = calloc(1, sizeof *s);
    if (!s)
        return rp_fail(err, RP_E_MEMORY, "jump: no memory");
    stage->state = s;
    pthread_mutex_init(&s->lock, NULL);
    set_up_search(stage, s);
    s->seen = calloc(planes_of(run), sizeof *s->seen);
    s->take_back = calloc(planes_of(run), sizeof *s->take_back);
    rp_code code =
        s->seen && s->take_back ? RP_OK : rp_fail(err, RP_E_MEMORY, "jump: no memory for %zu groups", planes_of(run));
    if (code == RP_OK)
        code = rp_meta_need_double(run->meta, "TGROUP", &group_time_s, err);
    if (code == RP_OK && !(group_time_s > 0.0))
        code = rp_fail(err, RP_E_FORMAT, "%s: TGROUP is %g s; it must be positive", run->exposure->path, group_time_s);
    if (code == RP_OK)
        code = open_references(stage, s, err);
    if (code == RP_OK)
        code = set_up_after(stage, s, group_time_s, err);
    if (code == RP_OK)
        code = set_up_events(stage, s, group_time_s, err);
    if (code == RP_OK)
        code = rp_meta_set_double(run->meta, "PRIMECRS", 0.0, err);
    if (code == RP_OK)
        code = rp_meta_set_double(run->meta, "EXTNCRS", 0.0, err);
    stage->halo = (s->params.flag_neighbours ? 1 : 0) + (s->showers ? rp_showers_halo(s->showers) : 0);
    return code;
}

/* ------------------------------------------------------------------ blocks */
/* Adds what this block has seen of the groups. */
static rp_code note_seen(jump_state *s, rp_block *b, rp_buffer *seen, rp_error *err)
{
    const rp_code code = rp_queue_pull(b->queue, seen, 0, planes_of(b->run) * sizeof(uint32_t), err);
    const uint32_t *own = rp_buffer_host(seen);
    pthread_mutex_lock(&s->lock);
    for (size_t k = 0; code == RP_OK && k < planes_of(b->run); k++)
        s->seen[k] |= own[k];
    pthread_mutex_unlock(&s->lock);
    return code;
}

static rp_code clear_seen(rp_stage *stage, rp_block *b, rp_buffer **seen, rp_buffer **take_back, rp_error *err)
{
    jump_state *s = stage->state;
    const size_t bytes = planes_of(b->run) * sizeof(uint32_t);
    rp_code code = rp_block_scratch(b, stage, 0, bytes, seen, err);
    if (code != RP_OK)
        return code;
    memset(rp_buffer_host(*seen), 0, bytes);
    code = rp_queue_push(b->queue, *seen, 0, bytes, err);
    return code != RP_OK ? code
                         : rp_block_table(b, stage, 0, s->take_back, bytes, s->take_back_version, take_back, err);
}

/* Scratch of the selection from memory: one tile on the host, one for every 16 pixels on a device. */
static size_t difference_bytes(const rp_block *b)
{
    rp_device_info info;
    rp_device_describe(b->run->device, &info);
    const size_t tile = (size_t)((b->run->nints + 2) * (b->run->ngroups - 1)) * 64;
    return info.host_memory ? tile : tile * (b->stride / 16);
}

static rp_code find(rp_stage *stage, rp_block *b, const rp_jump_params *params, rp_buffer *candidates,
                    rp_buffer *median, const rp_bound *gain, rp_error *err)
{
    jump_state *s = stage->state;
    rp_bound noise;
    rp_buffer *differences = NULL, *seen = NULL, *take_back = NULL;
    rp_jump_params p = *params;
    rp_code code = rp_block_bind(b, s->noise, 0, 1, &noise, err);
    if (code == RP_OK)
        code = rp_block_scratch(b, stage, 1, difference_bytes(b), &differences, err);
    if (code == RP_OK && clips(p.mode))
        code = clear_seen(stage, b, &seen, &take_back, err);
    if (code != RP_OK)
        return code;
    p.gain_offset = gain->offset;
    p.noise_offset = noise.offset;
    rp_buffer *const buffers[] = {b->data, b->groupdq,  b->pixeldq,  gain->buffer, noise.buffer, candidates,
                                  median,  differences, b->counters, seen,         take_back};
    code = rp_block_lanes(b, RP_K_jump_find, &p, sizeof p, buffers, sizeof buffers / sizeof *buffers, err);
    return code == RP_OK && seen ? note_seen(s, b, seen, err) : code;
}

/* What is left of `block` besides group flags. */
static rp_code replay(rp_stage *stage, rp_block *b, rp_error *err)
{
    const jump_state *s = stage->state;
    rp_bound gain;
    const rp_code code = rp_block_bind(b, s->gain, 0, 1, &gain, err);
    const rp_or_params params = {gain.offset};
    rp_buffer *const buffers[] = {b->pixeldq, gain.buffer};
    return code != RP_OK ? code : rp_block_lanes(b, RP_K_flag_no_gain, &params, sizeof params, buffers, 2, err);
}

static rp_code block(rp_stage *stage, rp_block *b, rp_error *err)
{
    jump_state *s = stage->state;
    rp_jump_params p = s->params;
    rp_jump_after_params after = s->after;
    rp_bound gain;
    rp_buffer *candidates = NULL, *median = NULL;
    p.mode = choose_mode(stage);
    p.flag_neighbours = p.flag_neighbours && p.mode != RP_JUMP_NONE;
    p.keep_median = p.mode != RP_JUMP_NONE && (after.groups_1 || after.groups_2);
    p.stride = b->stride;
    p.guard = rp_step_guard(b, 1);
    p.word_stride = b->stride + 2 * p.guard;
    p.extent = rp_step_extent(b);
    p.counter = rp_block_counter(b, stage);
    const uint64_t words = ((uint64_t)p.nints * (p.ngroups - 1) + 31) / 32;
    rp_code code = rp_step_scratch(b, stage, 2, words, p.word_stride, sizeof(uint32_t), &candidates, err);
    if (code == RP_OK && p.keep_median)
        code = rp_step_scratch(b, stage, 3, 1, b->stride, sizeof(double), &median, err);
    if (code == RP_OK)
        code = rp_block_bind(b, s->gain, 0, 1, &gain, err);
    if (code == RP_OK)
        code = find(stage, b, &p, candidates, median, &gain, err);
    rp_buffer *const neighbours[] = {b->groupdq, candidates};
    if (code == RP_OK && p.flag_neighbours)
        code = rp_block_lanes(b, RP_K_jump_neighbours, &p, sizeof p, neighbours, 2, err);
    if (code == RP_OK && p.keep_median) {
        after.stride = b->stride;
        after.gain_offset = gain.offset;
        rp_buffer *const follow[] = {b->data, b->groupdq, gain.buffer, median};
        code = rp_block_lanes(b, RP_K_jump_after, &after, sizeof after, follow, 4, err);
    }
    return code == RP_OK && s->showers ? rp_showers_block(s->showers, stage, b, p.mode != RP_JUMP_NONE, err) : code;
}

/* ------------------------------------------------------------------ after the blocks */
/* Sigma clipping: which groups lose their jumps again is known only now. */
static bool again(rp_stage *stage)
{
    jump_state *s = stage->state;
    const rp_run *run = stage->run;
    const bool clipped = clips(choose_mode(stage));
    bool more = false;
    for (size_t k = 0; clipped && k < planes_of(run); k++)
        if (!s->seen[k] && !run->unusable_at_jump[k] && !s->take_back[k]) {
            s->take_back[k] = 1;
            more = true;
        }
    memset(s->seen, 0, planes_of(run) * sizeof *s->seen);
    s->take_back_version += more;
    return more;
}

static bool wants_frame_flags(const rp_stage *stage)
{
    const jump_state *s = stage->state;
    return s->snowballs || s->showers;
}

/* Snowballs take DO_NOT_USE away inside a core: a group that had it everywhere no longer has. */
static void note_reopened(jump_state *s, const rp_run *run, int64_t integration, const rp_frame_flags *flags)
{
    const size_t words = (size_t)flags->ny * flags->words_per_row;
    for (int64_t g = 0; g < flags->ngroups; g++) {
        size_t w = run->unusable_at_jump[integration * run->ngroups + g] ? 0 : words;
        while (w < words && !flags->assigned[g][w])
            w++;
        s->reopened += w < words;
    }
}

static rp_code frame_flags(rp_stage *stage, int64_t integration, rp_frame_flags *flags, rp_error *err)
{
    jump_state *s = stage->state;
    if (integration == 0) {
        s->events = 0;
        s->reopened = 0;
    }
    if (s->showers)
        return rp_showers_find(s->showers, stage, integration, flags, &s->events, err);
    rp_snowballs_note_assigned(s->snowballs, flags->assigned);
    const rp_code code = rp_snowballs_find(s->snowballs, integration, flags, &s->events, err);
    if (code == RP_OK)
        note_reopened(s, stage->run, integration, flags);
    return code;
}

static void log_results(const rp_stage *stage, const jump_state *s)
{
    const rp_log *log = stage->run->log;
    if (choose_mode(stage) == RP_JUMP_NONE)
        rp_logf(log, RP_INFO, stage->log_name,
                "Jump Step was skipped because exposure has less than the minimum number of usable groups");
    if (s->snowballs)
        rp_logf(log, RP_INFO, stage->log_name, "Total snowballs = %llu", (unsigned long long)s->events);
    if (s->showers && !rp_showers_possible(stage))
        rp_logf(log, RP_WARNING, stage->log_name, "Not enough differences for shower detections");
    if (s->showers)
        rp_logf(log, RP_INFO, stage->log_name, "Total showers= %llu", (unsigned long long)s->events);
}

static rp_code finish(rp_stage *stage, rp_error *err)
{
    jump_state *s = stage->state;
    rp_run *run = stage->run;
    double group_time_s = 0.0;
    int64_t groups = run->nints * run->ngroups - run->nints + s->reopened;
    for (size_t k = 0; k < planes_of(run); k++)
        groups -= run->unusable_at_jump[k] != 0;
    log_results(stage, s);
    (void)rp_meta_get_double(run->meta, "TGROUP", &group_time_s);
    if (groups < 1) {
        rp_meta_unset(run->meta, "PRIMECRS");
        rp_meta_unset(run->meta, "EXTNCRS");
        return RP_OK;
    }
    /* jwst 3.0.0: a search that was not possible counts -99 jumps */
    const double jumps = choose_mode(stage) == RP_JUMP_NONE ? -99.0 : (double)rp_stage_counter(stage, 0);
    const double exposed = group_time_s * (double)groups * (double)(run->ny * run->nx);
    const rp_code code = rp_meta_set_double(run->meta, "PRIMECRS", 1000.0 * jumps / exposed, err);
    return code != RP_OK ? code : rp_meta_set_double(run->meta, "EXTNCRS", 1e6 * (double)s->events / exposed, err);
}

static void clear(rp_stage *stage)
{
    jump_state *s = stage->state;
    if (s) {
        rp_snowballs_free(s->snowballs);
        rp_showers_free(s->showers);
        rp_step_close(s->gain);
        rp_step_close(s->noise);
        free(s->seen);
        free(s->take_back);
        pthread_mutex_destroy(&s->lock);
    }
    free(s);
    stage->state = NULL;
}

const struct rp_step_ops rp_ops_jump = {
    .setup = setup,
    .block = block,
    .replay = replay,
    .again = again,
    .wants_frame_flags = wants_frame_flags,
    .frame_flags = frame_flags,
    .finish = finish,
    .clear = clear,
};
