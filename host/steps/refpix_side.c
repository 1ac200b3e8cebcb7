/* Running median of the side reference pixels.
 *
 * The window of a row has 4 * smoothing_length pixels, the usable ones of which count.  Sixteen neighbouring rows are
 * sorted at once by one network of compare-exchanges (merge exchange, Knuth 5.2.2 M), cut down to what the middle
 * depends on; unusable pixels are +infinity and so end up behind the others. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "host/steps/refpix.h"
#include "rampart/dq.h"

enum { LANES = 16, SIDES = 2 };

typedef struct exchange {
    uint32_t low, high;
} exchange;

struct rp_refpix_side {
    const rp_refpix_frame *frame;
    int64_t window; /* rows of the running median */
    int64_t before; /* of them before the row itself */
    int64_t first;  /* detector rows of the exposure: first .. first+nrows-1 */
    int64_t nrows;
    int64_t npadded; /* rows with those of the windows beyond, and padding to LANES */
    size_t good;
    rp_refpix_sample *sample[SIDES]; /* [4][npadded] */
    uint32_t *count[SIDES];          /* [nrows] usable pixels in the window */
    exchange *network;
    size_t nexchanges;
    double *value;  /* [4][npadded] */
    double *sorted; /* [4*window][LANES] */
    double *median[SIDES];
};

static int64_t reflected(int64_t i)
{
    if (i < 0)
        return -i;
    return i >= RP_NIR_SIZE ? 2 * (RP_NIR_SIZE - 1) - i : i;
}

static rp_refpix_sample side_sample(const rp_refpix_frame *frame, const rp_window *windows, int nwindows, int64_t i,
                                    int64_t j)
{
    int64_t y, x;
    if (!rp_refpix_pixel(frame, i, j, &y, &x))
        return RP_REFPIX_ABSENT;
    const rp_refpix_sample sample = rp_refpix_find(windows, nwindows, y, x);
    if (sample == RP_REFPIX_ABSENT || (rp_refpix_dq(windows, sample) & RP_DQ_DO_NOT_USE))
        return RP_REFPIX_ABSENT;
    return sample;
}

static void find_samples(rp_refpix_side *side, const rp_window *windows, int nwindows)
{
    for (int s = 0; s < SIDES; s++) {
        for (int64_t c = 0; c < RP_NIR_BORDER; c++) {
            const int64_t j = s == 0 ? c : RP_NIR_SIZE - RP_NIR_BORDER + c;
            rp_refpix_sample *column = side->sample[s] + c * side->npadded;
            for (int64_t r = 0; r < side->npadded; r++)
                column[r] =
                    r < side->nrows + side->window - 1
                        ? side_sample(side->frame, windows, nwindows, reflected(side->first - side->before + r), j)
                        : RP_REFPIX_ABSENT;
            for (int64_t r = 0; r < side->nrows; r++) {
                side->good += column[r + side->before] != RP_REFPIX_ABSENT;
                for (int64_t w = 0; w < side->window; w++)
                    side->count[s][r] += column[r + w] != RP_REFPIX_ABSENT;
            }
        }
    }
}

/* All exchanges that sort n elements, in order; counts only when `out` is NULL. */
static size_t merge_exchange(exchange *out, uint32_t n)
{
    size_t count = 0;
    uint32_t top = 1;
    while (2 * top < n)
        top *= 2;
    for (uint32_t p = top; p > 0; p /= 2) {
        uint32_t q = top, r = 0, d = p;
        for (;;) {
            for (uint32_t i = 0; i + d < n; i++)
                if ((i & p) == r) {
                    if (out)
                        out[count] = (exchange){i, i + d};
                    count++;
                }
            if (q == p)
                break;
            d = q - p;
            q /= 2;
            r = p;
        }
    }
    return count;
}

/* Ranks [low, high] that some row's median needs. */
static void needed_ranks(const rp_refpix_side *side, uint32_t *low, uint32_t *high)
{
    *low = UINT32_MAX;
    *high = 0;
    for (int s = 0; s < SIDES; s++)
        for (int64_t r = 0; r < side->nrows; r++) {
            const uint32_t n = side->count[s][r];
            if (n > 0 && (n - 1) / 2 < *low)
                *low = (n - 1) / 2;
            if (n > 0 && n / 2 > *high)
                *high = n / 2;
        }
}

static rp_code make_network(rp_refpix_side *side, rp_error *err)
{
    const uint32_t n = (uint32_t)side->window * RP_NIR_BORDER;
    uint32_t low, high;
    needed_ranks(side, &low, &high);
    const size_t all = merge_exchange(NULL, n);
    side->network = malloc(all * sizeof *side->network);
    bool *needed = calloc(n, sizeof *needed);
    if (!side->network || !needed) {
        free(needed);
        return rp_fail(err, RP_E_MEMORY, "no memory for a running median of %lld rows", (long long)side->window);
    }
    merge_exchange(side->network, n);
    for (uint32_t k = low; k <= high && k < n; k++)
        needed[k] = true;
    size_t kept = all; /* from the end: an exchange matters if one of its results does */
    for (size_t k = all; k-- > 0;) {
        const exchange e = side->network[k];
        if (needed[e.low] || needed[e.high]) {
            needed[e.low] = needed[e.high] = true;
            side->network[--kept] = e;
        }
    }
    side->nexchanges = all - kept;
    memmove(side->network, side->network + kept, side->nexchanges * sizeof *side->network);
    free(needed);
    return RP_OK;
}

static rp_code allocate(rp_refpix_side *side, rp_error *err)
{
    const size_t padded = (size_t)side->npadded, rows = (size_t)(side->npadded - side->window);
    bool ok = true;
    for (int s = 0; s < SIDES; s++) {
        side->sample[s] = malloc(RP_NIR_BORDER * padded * sizeof *side->sample[s]);
        side->count[s] = calloc(rows, sizeof *side->count[s]);
        side->median[s] = malloc(rows * sizeof *side->median[s]);
        ok = ok && side->sample[s] && side->count[s] && side->median[s];
    }
    side->value = malloc(RP_NIR_BORDER * padded * sizeof *side->value);
    side->sorted = aligned_alloc(64, (size_t)side->window * RP_NIR_BORDER * LANES * sizeof *side->sorted);
    if (!ok || !side->value || !side->sorted)
        return rp_fail(err, RP_E_MEMORY, "no memory for the side reference pixels of %lld rows",
                       (long long)side->nrows);
    return RP_OK;
}

rp_code rp_refpix_side_new(rp_refpix_side **out, const rp_refpix_frame *frame, const rp_window *windows, int nwindows,
                           int64_t smoothing_length, rp_error *err)
{
    if (smoothing_length < 2 || smoothing_length >= 2 * RP_NIR_SIZE)
        return rp_fail(err, RP_E_ARGUMENT, "side_smoothing_length is %lld: it must lie between 2 and %d",
                       (long long)smoothing_length, 2 * RP_NIR_SIZE - 1);
    rp_refpix_side *side = calloc(1, sizeof *side);
    if (!side)
        return rp_fail(err, RP_E_MEMORY, "no memory for the side reference pixels");
    const int64_t last_y = frame->fast_is_y ? 0 : frame->ny - 1, last_x = frame->fast_is_y ? frame->nx - 1 : 0;
    const int64_t a = rp_refpix_i(frame, 0, 0), b = rp_refpix_i(frame, last_y, last_x);
    side->frame = frame;
    side->window = smoothing_length;
    side->before = smoothing_length / 2;
    side->first = a < b ? a : b;
    side->nrows = (a < b ? b - a : a - b) + 1;
    side->npadded = (side->nrows + LANES - 1) / LANES * LANES + side->window;
    rp_code code = allocate(side, err);
    if (code == RP_OK) {
        find_samples(side, windows, nwindows);
        code = make_network(side, err);
    }
    if (code != RP_OK) {
        rp_refpix_side_free(side);
        side = NULL;
    }
    *out = side;
    return code;
}

void rp_refpix_side_free(rp_refpix_side *side)
{
    if (!side)
        return;
    for (int s = 0; s < SIDES; s++) {
        free(side->sample[s]);
        free(side->count[s]);
        free(side->median[s]);
    }
    free(side->network);
    free(side->value);
    free(side->sorted);
    free(side);
}

size_t rp_refpix_side_good(const rp_refpix_side *side)
{
    return side->good;
}

size_t rp_refpix_side_length(const rp_refpix_side *side)
{
    return (size_t)side->nrows;
}

/* Values of one side less the level of their columns; returns whether any of them is NaN. */
static bool read_values(rp_refpix_side *side, int s, const rp_refpix_source *source, const double *level, bool wide)
{
    bool any_nan = false;
    for (int64_t c = 0; c < RP_NIR_BORDER; c++) {
        const rp_refpix_sample *sample = side->sample[s] + c * side->npadded;
        double *value = side->value + c * side->npadded;
        for (int64_t r = 0; r < side->npadded; r++) {
            value[r] = INFINITY;
            if (sample[r] == RP_REFPIX_ABSENT)
                continue;
            const double v = (double)rp_refpix_read(source, sample[r]) - level[c & 1];
            value[r] = wide ? v : (double)(float)v;
            any_nan |= isnan(v);
        }
    }
    return any_nan;
}

/* One exchange on LANES rows.  Compilers leave the plain loop scalar, because of NaN. */
static inline void order(double *restrict low, double *restrict high)
{
#ifdef __SSE2__
    for (int k = 0; k < LANES; k += 2) {
        const __m128d a = _mm_load_pd(low + k), b = _mm_load_pd(high + k);
        _mm_store_pd(low + k, _mm_min_pd(a, b));
        _mm_store_pd(high + k, _mm_max_pd(a, b));
    }
#else
    for (int k = 0; k < LANES; k++) {
        const double a = low[k], b = high[k];
        low[k] = a < b ? a : b;
        high[k] = a > b ? a : b;
    }
#endif
}

static bool window_has_nan(const rp_refpix_side *side, int64_t r)
{
    for (int64_t c = 0; c < RP_NIR_BORDER; c++)
        for (int64_t w = 0; w < side->window; w++)
            if (isnan(side->value[c * side->npadded + r + w]))
                return true;
    return false;
}

static double middle(const double *sorted, uint32_t n, bool wide)
{
    const double upper = sorted[(size_t)(n / 2) * LANES];
    if (n % 2)
        return upper;
    const double lower = sorted[(size_t)(n / 2 - 1) * LANES];
    return wide ? (lower + upper) / 2 : (double)(((float)lower + (float)upper) / 2);
}

static void find_medians(rp_refpix_side *side, int s, bool any_nan, bool wide)
{
    for (int64_t r = 0; r < side->nrows; r += LANES) {
        for (int64_t w = 0; w < side->window; w++)
            for (int64_t c = 0; c < RP_NIR_BORDER; c++)
                memcpy(side->sorted + (w * RP_NIR_BORDER + c) * LANES, side->value + c * side->npadded + r + w,
                       LANES * sizeof(double));
        for (size_t k = 0; k < side->nexchanges; k++)
            order(side->sorted + side->network[k].low * LANES, side->sorted + side->network[k].high * LANES);
        for (int64_t k = 0; k < LANES && r + k < side->nrows; k++) {
            const uint32_t n = side->count[s][r + k];
            const bool unknown = n == 0 || (any_nan && window_has_nan(side, r + k));
            side->median[s][r + k] = unknown ? NAN : middle(side->sorted + k, n, wide);
        }
    }
}

void rp_refpix_side_signal(rp_refpix_side *side, const rp_refpix_source *source, const double *left_level,
                           const double *right_level, bool wide, double gain, double *out)
{
    for (int s = 0; s < SIDES; s++)
        find_medians(side, s, read_values(side, s, source, s == 0 ? left_level : right_level, wide), wide);
    for (int64_t r = 0; r < side->nrows; r++) {
        const double left = side->median[0][r], right = side->median[1][r];
        double signal = 0.5 * (left + right);
        if (isnan(left) || isnan(right))
            signal = isnan(left) ? (isnan(right) ? 0.0 : right) : left;
        out[side->frame->slow_reversed ? side->nrows - 1 - r : r] = gain * signal;
    }
}
