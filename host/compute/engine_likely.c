/* Pixels that the search for large events is likely to change, guessed from one strip: host/compute/engine_impl.h.
 *
 * Snowballs and showers grow rings of flags around what they find.  Snowballs begin where pixels become SATURATED within
 * the ramp, all large events where jumps lie dense: what lies near such a place is likely to change.  The widest grow by
 * as much as they measure, so where jumps are solid the strip is kept from top to bottom, and the next one too.  A wrong
 * guess costs time only.  All is done on bit planes, a word at a time: the look at ten groups of a frame of 2048 squared
 * takes milliseconds. */
#include <stdlib.h>
#include <string.h>

#include "host/compute/engine_impl.h"

/* Jumps are counted in boxes of 16 pixels by 2 NEAR + 1 rows that begin at every 8th pixel: bytes of words. */
enum { NEAR = RP_LIKELY_NEAR, DENSE_JUMPS = 48, SOLID_JUMPS = 84, PARTS = 6 };
static const uint64_t every_byte = 0x0101010101010101ull;

/* ------------------------------------------------------------------ memory */
static rp_code reserve(rp_likely *l, size_t words, rp_error *err)
{
    if (words <= l->room)
        return RP_OK;
    rp_likely_clear(l);
    l->memory = calloc(PARTS * words, sizeof *l->memory);
    l->solid = calloc(2 * words, sizeof *l->solid);
    if (!l->memory || !l->solid)
        return rp_fail(err, RP_E_MEMORY, "no memory for the flags of a strip");
    l->room = words;
    return RP_OK;
}

rp_code rp_likely_start(rp_likely *l, rp_rect rows, rp_rect core, rp_error *err)
{
    const size_t words = (size_t)(rows.nx + 63) / 64, n = words * (size_t)rows.ny;
    const rp_code code = reserve(l, n, err);
    if (code != RP_OK)
        return code;
    l->words_per_row = words;
    l->ny = rows.ny;
    uint64_t **const part[PARTS] = {&l->saturated, &l->before, &l->jump, &l->counts, &l->sums, &l->seeds};
    for (size_t i = 0; i < PARTS; i++)
        *part[i] = l->memory + i * n;
    memset(l->seeds, 0, n * sizeof *l->seeds);
    l->solid_above = l->solid + l->room;
    if (l->next_row == core.y0)
        memcpy(l->solid_above, l->solid, words * sizeof *l->solid);
    else
        memset(l->solid_above, 0, words * sizeof *l->solid);
    memset(l->solid, 0, words * sizeof *l->solid);
    l->next_row = core.y0 + core.ny;
    return RP_OK;
}

void rp_likely_clear(rp_likely *l)
{
    free(l->memory);
    free(l->solid);
    *l = (rp_likely){0};
}

/* ------------------------------------------------------------------ where events may begin */
/* Number of bits of every byte. */
static uint64_t bits_of_bytes(uint64_t word)
{
    word -= word >> 1 & 0x5555555555555555ull;
    word = (word & 0x3333333333333333ull) + (word >> 2 & 0x3333333333333333ull);
    return (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
}

/* Bits of the bytes that hold at least `least`, which must be less than 128. */
static uint64_t bytes_from(uint64_t bytes, unsigned least)
{
    return ((bytes + (128 - least) * every_byte) >> 7 & every_byte) * 0xff;
}

/* Sums of the counts of the rows up to NEAR away, for one row. */
static void sum_rows(const rp_likely *l, int64_t y)
{
    const size_t words = l->words_per_row;
    const int64_t end = y + NEAR + 1 < l->ny ? y + NEAR + 1 : l->ny;
    memset(l->sums, 0, words * sizeof *l->sums);
    for (int64_t from = y > NEAR ? y - NEAR : 0; from < end; from++)
        for (size_t w = 0; w < words; w++)
            l->sums[w] += l->counts[(size_t)from * words + w];
}

static void seed_dense(const rp_likely *l, int64_t y)
{
    const size_t words = l->words_per_row;
    uint64_t *const seeds = l->seeds + (size_t)y * words;
    for (size_t w = 0; w < words; w++) {
        const uint64_t next = w + 1 < words ? l->sums[w + 1] << 56 : 0;
        const uint64_t box = l->sums[w] + (l->sums[w] >> 8 | next); /* at most 112 in a byte */
        const uint64_t dense = bytes_from(box, DENSE_JUMPS);
        if (!dense)
            continue;
        seeds[w] |= dense | dense << 8;
        if (w + 1 < words)
            seeds[w + 1] |= dense >> 56;
        l->solid[w] |= bytes_from(box, SOLID_JUMPS);
    }
}

void rp_likely_group(rp_likely *l, bool is_first)
{
    const size_t n = l->words_per_row * (size_t)l->ny;
    for (size_t w = 0; w < n; w++)
        l->counts[w] = bits_of_bytes(l->jump[w]);
    for (size_t w = 0; w < n && !is_first; w++)
        l->seeds[w] |= l->saturated[w] & ~l->before[w];
    for (int64_t y = 0; y < l->ny; y++) {
        sum_rows(l, y);
        seed_dense(l, y);
    }
    uint64_t *const room = l->before;
    l->before = l->saturated;
    l->saturated = room;
}

/* ------------------------------------------------------------------ what is near */
uint8_t rp_granules_of_word(uint64_t word)
{
    uint8_t granules = 0;
    for (unsigned k = 0; k < 64 / RP_GRANULE_NX; k++)
        granules |= (uint8_t)((word >> k * RP_GRANULE_NX & 0xffff) != 0 ? 1u << k : 0u);
    return granules;
}

/* The seeds of the rows up to NEAR away, together. */
static uint64_t seeds_near(const rp_likely *l, int64_t y, size_t word)
{
    const int64_t end = y + NEAR + 1 < l->ny ? y + NEAR + 1 : l->ny;
    uint64_t seeds = 0;
    for (int64_t from = y > NEAR ? y - NEAR : 0; from < end; from++)
        seeds |= l->seeds[(size_t)from * l->words_per_row + word];
    return seeds;
}

static uint64_t solid_at(const rp_likely *l, size_t word)
{
    return l->solid[word] | l->solid_above[word];
}

uint8_t rp_likely_granules(const rp_likely *l, int64_t y, size_t word)
{
    const bool has_left = word > 0, has_right = word + 1 < l->words_per_row;
    const uint64_t here = seeds_near(l, y, word), solid = solid_at(l, word);
    const uint64_t left = has_left ? seeds_near(l, y, word - 1) : 0, solid_left = has_left ? solid_at(l, word - 1) : 0;
    const uint64_t right = has_right ? seeds_near(l, y, word + 1) : 0, solid_right = has_right ? solid_at(l, word + 1) : 0;
    uint64_t near = here | solid;
    for (unsigned k = 1; k <= NEAR; k++)
        near |= here << k | here >> k | left >> (64 - k) | right << (64 - k);
    for (unsigned k = RP_GRANULE_NX; k <= 2 * RP_GRANULE_NX; k += RP_GRANULE_NX)
        near |= solid << k | solid >> k | solid_left >> (64 - k) | solid_right << (64 - k);
    return rp_granules_of_word(near);
}
