/* Showers in the flags of a whole frame: see jump_showers.h and docs/algorithms/jump.md. */
#include "host/steps/jump_showers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/steps/regions.h"

typedef struct shower {
    int64_t group;
    rp_ellipse ellipse;
} shower;

typedef struct search {
    const rp_shower_settings *settings;
    rp_regions regions;
    rp_oval oval;
    shower *shower;
    size_t n, capacity;
} search;

static rp_code add_shower(search *s, int64_t group, const rp_ellipse *ellipse, rp_error *err)
{
    if (s->n == s->capacity) {
        const size_t more = s->capacity ? 2 * s->capacity : 64;
        shower *bigger = realloc(s->shower, more * sizeof *bigger);
        if (!bigger)
            return rp_fail(err, RP_E_MEMORY, "no memory for %zu showers", more);
        s->shower = bigger;
        s->capacity = more;
    }
    s->shower[s->n++] = (shower){group, *ellipse};
    return RP_OK;
}

static rp_code find_in_group(search *s, const rp_frame_flags *flags, int64_t group, const uint64_t *marks,
                             rp_error *err)
{
    rp_code code = rp_regions_find(&s->regions, marks, flags->ny, flags->words_per_row, err);
    for (size_t k = 0; k < s->regions.nregions && code == RP_OK; k++) {
        const rp_region *region = &s->regions.region[k];
        const int64_t box = (int64_t)(region->y1 - region->y0) * (region->x1 - region->x0),
                      least = s->settings->min_area;
        int64_t area = region->area;
        if (area < least && box >= least)
            code = rp_region_filled_area(&s->regions, region, &area, err);
        if (code != RP_OK || area < least)
            continue;
        rp_ellipse ellipse;
        code = rp_region_ellipse(&s->regions, region, &ellipse, err);
        if (code == RP_OK)
            code = add_shower(s, group, &ellipse, err);
    }
    return code;
}

/* Flags the enlarged ellipse in the shower's group and those that follow.  A pixel once saturated stays out. */
static rp_code flag_shower(search *s, rp_frame_flags *flags, const shower *found, rp_error *err)
{
    const double ratio = s->settings->expand_ratio, cap = 2.0 * (double)s->settings->max_extended_radius;
    rp_ellipse larger = found->ellipse;
    larger.minor = fmin(found->ellipse.minor * ratio, cap);
    larger.major = fmin(found->ellipse.major + (ratio - 1.0) * found->ellipse.minor, cap);
    const rp_code code = rp_oval_draw(&s->oval, &larger, flags->ny, flags->nx, err);
    if (code != RP_OK)
        return code;
    const int64_t after = flags->ngroups - 1 - found->group;
    const int64_t last = found->group + (s->settings->groups_masked < after ? s->settings->groups_masked : after);
    for (int64_t g = found->group; g <= last; g++) {
        rp_oval_remove(&s->oval, flags->saturated[g], flags->words_per_row);
        rp_oval_set(&s->oval, flags->jump[g], flags->words_per_row);
    }
    return RP_OK;
}

/* ------------------------------------------------------------------ the last look at flagged pixels */
/* Mean difference of a pixel between neighbouring groups without a flag of `jump` (all of them: NULL); float32 as the
 * reference has it. */
static float mean_difference(const float *electrons, const rp_frame_flags *flags, size_t pixel, size_t word,
                             uint64_t bit, bool with_jumps)
{
    const size_t frame = (size_t)flags->ny * (size_t)flags->nx;
    float before = NAN, sum = 0.0f;
    int64_t n = 0;
    for (int64_t g = 0; g < flags->ngroups; g++) {
        const bool left_out = with_jumps && (flags->jump[g][word] & bit);
        const float now = left_out ? NAN : electrons[(size_t)g * frame + pixel], difference = now - before;
        if (g > 0 && !isnan(difference)) {
            sum += difference;
            n++;
        }
        before = now;
    }
    return n ? (float)((double)sum / (double)n) : NAN;
}

static bool is_sound(const rp_shower_settings *settings, const float *electrons, const rp_frame_flags *flags, int64_t y,
                     size_t word, uint64_t bit, int64_t x)
{
    const size_t pixel = (size_t)(y * flags->nx + x);
    const float before = mean_difference(electrons, flags, pixel, word, bit, false);
    const float after = mean_difference(electrons, flags, pixel, word, bit, true);
    const float change = fabsf(before - after);
    return isfinite(change) && !(change > settings->max_change_e);
}

/* Gives pixels their old flags back where the new ones leave no difference or change the mean too much. */
static void undo_unsound(const rp_shower_settings *settings, const float *electrons, rp_frame_flags *flags,
                         const uint64_t *old)
{
    const size_t plane = flags->words_per_row * (size_t)flags->ny;
    for (int64_t y = 0; y < flags->ny; y++)
        for (size_t w = 0; w < flags->words_per_row; w++) {
            const size_t at = (size_t)y * flags->words_per_row + w;
            uint64_t changed = 0, undone = 0;
            for (int64_t g = 0; g < flags->ngroups; g++)
                changed |= flags->jump[g][at] ^ old[(size_t)g * plane + at];
            for (uint64_t left = changed; left; left &= left - 1) {
                const int x = __builtin_ctzll(left);
                if (!is_sound(settings, electrons, flags, y, at, (uint64_t)1 << x, (int64_t)w * 64 + x))
                    undone |= (uint64_t)1 << x;
            }
            for (int64_t g = 0; g < flags->ngroups && undone; g++)
                flags->jump[g][at] = (flags->jump[g][at] & ~undone) | (old[(size_t)g * plane + at] & undone);
        }
}

rp_code rp_showers_flag(const rp_shower_settings *settings, const uint64_t *const *marks, const float *electrons,
                        rp_frame_flags *flags, uint64_t *nshowers, rp_error *err)
{
    search s = {.settings = settings};
    const size_t plane = flags->words_per_row * (size_t)flags->ny;
    uint64_t *old = NULL;
    rp_code code = RP_OK;
    /* all are found before any is flagged: flags of later groups would hide showers */
    for (int64_t g = 1; g < flags->ngroups && code == RP_OK; g++)
        code = find_in_group(&s, flags, g, marks[g], err);
    if (code != RP_OK || !s.n)
        goto done;
    old = malloc((size_t)flags->ngroups * plane * sizeof *old);
    if (!old) {
        code = rp_fail(err, RP_E_MEMORY, "no memory for the flags of %lld groups", (long long)flags->ngroups);
        goto done;
    }
    for (int64_t g = 0; g < flags->ngroups; g++)
        memcpy(old + (size_t)g * plane, flags->jump[g], plane * sizeof *old);
    for (size_t k = 0; k < s.n && code == RP_OK; k++)
        code = flag_shower(&s, flags, &s.shower[k], err);
    if (code == RP_OK)
        undo_unsound(settings, electrons, flags, old);
    *nshowers += s.n;
done:
    free(old);
    free(s.shower);
    rp_regions_clear(&s.regions);
    rp_oval_clear(&s.oval);
    return code;
}
