/* Made-up exposures for the self-test.  Whole numbers and powers of two only, so that every compiler makes the same. */
#include <string.h>

#include "host/compute/selftest_trial.h"
#include "rampart/dq.h"

static const uint64_t fnv_start = 0xcbf29ce484222325u, fnv_prime = 0x100000001b3u;

void rp_trial_start(rp_trial *t, rp_device *device, rp_queue *queue, rp_kernel kernel, rp_error *err)
{
    *t = (rp_trial){
        .device = device, .queue = queue, .kernel = kernel, .random = fnv_start, .hash = fnv_start, .err = err};
    for (const char *c = rp_kernel_names[kernel]; *c; c++)
        t->random = (t->random ^ (uint64_t)*c) * fnv_prime;
}

void rp_trial_clear(rp_trial *t)
{
    while (t->nbuffers > 0)
        rp_buffer_free(t->buffer[--t->nbuffers]);
}

/* splitmix64 (Steele et al. 2014) */
static uint64_t next_random(rp_trial *t)
{
    uint64_t z = t->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint32_t rp_trial_below(rp_trial *t, uint32_t n)
{
    return (uint32_t)((next_random(t) >> 32) * n >> 32);
}

/* ------------------------------------------------------------------ buffers */
static rp_buffer *new_buffer(rp_trial *t, size_t bytes)
{
    rp_buffer *buffer = NULL;
    if (t->code != RP_OK)
        return NULL;
    if (t->nbuffers == RP_TRIAL_BUFFERS)
        t->code = rp_fail(t->err, RP_E_INTERNAL, "self-test: more than %d buffers", RP_TRIAL_BUFFERS);
    else
        t->code = rp_buffer_new(&buffer, t->device, bytes, t->err);
    if (t->code == RP_OK)
        t->buffer[t->nbuffers++] = buffer;
    return buffer;
}

static rp_buffer *pushed(rp_trial *t, rp_buffer *buffer)
{
    if (t->code == RP_OK)
        t->code = rp_queue_push(t->queue, buffer, 0, rp_buffer_bytes(buffer), t->err);
    return t->code == RP_OK ? buffer : NULL;
}

rp_buffer *rp_trial_zeros(rp_trial *t, size_t bytes)
{
    rp_buffer *buffer = new_buffer(t, bytes);
    if (buffer)
        memset(rp_buffer_host(buffer), 0, bytes);
    return pushed(t, buffer);
}

rp_buffer *rp_trial_copy(rp_trial *t, const void *data, size_t bytes)
{
    rp_buffer *buffer = new_buffer(t, bytes);
    if (buffer)
        memcpy(rp_buffer_host(buffer), data, bytes);
    return pushed(t, buffer);
}

rp_buffer *rp_trial_counters(rp_trial *t)
{
    return rp_trial_zeros(t, RP_TRIAL_COUNTERS * sizeof(uint32_t));
}

/* Between two whole numbers, in steps of 1/256. */
static int64_t value_256(rp_trial *t, int low, int high)
{
    return (int64_t)low * 256 + rp_trial_below(t, (uint32_t)(high - low) * 256);
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint32_t rare_bits(rp_trial *t, int low, int high, bool nan, bool zero)
{
    const float value = (float)value_256(t, low, high) / 256.0f;
    const uint32_t chance = rp_trial_below(t, 29);
    return nan && chance == 0 ? 0x7fc00000u : zero && chance == 1 ? 0u : bits_of(value);
}

static uint32_t swapped(uint32_t v)
{
    return v >> 24 | (v >> 8 & 0xff00u) | (v << 8 & 0xff0000u) | v << 24;
}

rp_buffer *rp_trial_f32(rp_trial *t, size_t n, int low, int high, bool rare)
{
    rp_buffer *buffer = new_buffer(t, n * sizeof(float));
    uint32_t *bits = buffer ? rp_buffer_host(buffer) : NULL;
    for (size_t i = 0; bits && i < n; i++)
        bits[i] = rare_bits(t, low, high, rare, false);
    return pushed(t, buffer);
}

rp_buffer *rp_trial_f64(rp_trial *t, size_t n, int low, int high)
{
    rp_buffer *buffer = new_buffer(t, n * sizeof(double));
    double *values = buffer ? rp_buffer_host(buffer) : NULL;
    for (size_t i = 0; values && i < n; i++) /* more digits than a float has */
        values[i] = (double)value_256(t, low, high) / 256.0 + (double)rp_trial_below(t, 1u << 20) / 0x1p40;
    return pushed(t, buffer);
}

rp_buffer *rp_trial_words(rp_trial *t, size_t n, int low, int high, bool rare)
{
    rp_buffer *buffer = new_buffer(t, n * sizeof(uint32_t));
    uint32_t *words = buffer ? rp_buffer_host(buffer) : NULL;
    for (size_t i = 0; words && i < n; i++)
        words[i] = swapped(rare_bits(t, low, high, rare, rare));
    return pushed(t, buffer);
}

/* ------------------------------------------------------------------ flags */
/* One of the flags, or none. */
static uint32_t some_flag(rp_trial *t, uint32_t one_in, uint32_t flags)
{
    if (rp_trial_below(t, one_in) != 0)
        return 0;
    for (;;) {
        const uint32_t bit = 1u << rp_trial_below(t, 32);
        if (bit & flags)
            return bit;
    }
}

rp_buffer *rp_trial_flag_bytes(rp_trial *t, size_t n, uint32_t one_in, uint32_t flags)
{
    rp_buffer *buffer = new_buffer(t, n);
    uint8_t *bytes = buffer ? rp_buffer_host(buffer) : NULL;
    for (size_t i = 0; bytes && i < n; i++)
        bytes[i] = (uint8_t)some_flag(t, one_in, flags);
    return pushed(t, buffer);
}

rp_buffer *rp_trial_flag_words(rp_trial *t, size_t n, uint32_t one_in, uint32_t flags, bool fits)
{
    rp_buffer *buffer = new_buffer(t, n * sizeof(uint32_t));
    uint32_t *words = buffer ? rp_buffer_host(buffer) : NULL;
    for (size_t i = 0; words && i < n; i++) {
        const uint32_t word = some_flag(t, one_in, flags);
        words[i] = fits ? swapped(word ^ 0x80000000u) : word;
    }
    return pushed(t, buffer);
}

/* Flags of one pixel in one integration. */
static void flag_pixel(rp_trial *t, uint8_t *flags)
{
    const bool is_plain = rp_trial_below(t, 5) != 0;
    const uint32_t full = rp_trial_below(t, 4 * RP_TRIAL_NGROUPS); /* often beyond the end */
    for (uint32_t g = 0; g < RP_TRIAL_NGROUPS; g++) {
        uint8_t *flag = flags + (size_t)g * RP_TRIAL_STRIDE;
        const uint32_t chance = rp_trial_below(t, 8);
        *flag = 0;
        if (is_plain)
            continue;
        if (chance == 0)
            *flag |= RP_DQ_DO_NOT_USE;
        if (chance == 1)
            *flag |= RP_DQ_JUMP_DET;
        if (g >= full)
            *flag = RP_DQ_SATURATED;
    }
}

rp_buffer *rp_trial_groupdq(rp_trial *t)
{
    rp_buffer *buffer = new_buffer(t, (size_t)RP_TRIAL_NPLANES * RP_TRIAL_STRIDE);
    uint8_t *flags = buffer ? rp_buffer_host(buffer) : NULL;
    for (size_t i = 0; flags && i < RP_TRIAL_NINTS; i++)
        for (size_t p = 0; p < RP_TRIAL_STRIDE; p++)
            flag_pixel(t, flags + i * RP_TRIAL_NGROUPS * RP_TRIAL_STRIDE + p);
    return pushed(t, buffer);
}

/* ------------------------------------------------------------------ ramps */
/* One pixel in one integration, in sixteenths of a DN. */
static void fill_ramp(rp_trial *t, float *ramp)
{
    const uint32_t kind = rp_trial_below(t, 24);
    int value = 16 * (int)(8000 + rp_trial_below(t, 4000));
    int rate = (int)rp_trial_below(t, kind < 12 ? 16 * 20 : 16 * 800);
    if (kind == 23)
        rate = 16 * (int)(6000 + rp_trial_below(t, 6000)); /* saturates */
    if (kind == 22)
        value = rate = 0; /* dark, at the floor */
    for (uint32_t g = 0; g < RP_TRIAL_NGROUPS; g++) {
        value += rate;
        if (kind > 8 && kind < 22 && rp_trial_below(t, RP_TRIAL_NGROUPS) == 0)
            value += 16 * (int)rp_trial_below(t, 3000); /* a jump */
        const int noisy = value + (int)rp_trial_below(t, 16 * 24) - 16 * 12, top = 16 * 65535;
        ramp[(size_t)g * RP_TRIAL_STRIDE] = (float)(noisy < top ? noisy : top) / 16.0f;
    }
}

rp_buffer *rp_trial_ramps(rp_trial *t)
{
    rp_buffer *buffer = new_buffer(t, (size_t)RP_TRIAL_NPLANES * RP_TRIAL_STRIDE * sizeof(float));
    float *ramps = buffer ? rp_buffer_host(buffer) : NULL;
    for (size_t i = 0; ramps && i < RP_TRIAL_NINTS; i++)
        for (size_t p = 0; p < RP_TRIAL_STRIDE; p++)
            fill_ramp(t, ramps + i * RP_TRIAL_NGROUPS * RP_TRIAL_STRIDE + p);
    return pushed(t, buffer);
}

/* ------------------------------------------------------------------ launches and hashes */
void rp_trial_launch(rp_trial *t, rp_kernel kernel, const void *params, size_t params_bytes, size_t nz,
                     rp_buffer *const *buffers, size_t nbuffers)
{
    const rp_range range = {.n = RP_TRIAL_STRIDE, .nx = RP_TRIAL_NX, .ny = RP_TRIAL_NY, .nz = nz};
    if (t->code == RP_OK)
        t->code = rp_queue_launch(t->queue, kernel, params, params_bytes, buffers, nbuffers, range, t->err);
}

void rp_trial_hash_part(rp_trial *t, rp_buffer *buffer, size_t offset, size_t bytes)
{
    if (t->code == RP_OK)
        t->code = rp_queue_pull(t->queue, buffer, offset, bytes, t->err);
    if (t->code != RP_OK)
        return;
    const uint8_t *p = (const uint8_t *)rp_buffer_host(buffer) + offset;
    for (size_t i = 0; i < bytes; i++)
        t->hash = (t->hash ^ p[i]) * fnv_prime;
}

void rp_trial_hash(rp_trial *t, rp_buffer *buffer)
{
    if (t->code == RP_OK)
        rp_trial_hash_part(t, buffer, 0, rp_buffer_bytes(buffer));
}

void rp_trial_hash_planes(rp_trial *t, rp_buffer *buffer, size_t element, size_t nplanes)
{
    for (size_t k = 0; k < nplanes; k++)
        rp_trial_hash_part(t, buffer, k * RP_TRIAL_STRIDE * element, RP_TRIAL_NPIX * element);
}

void rp_trial_hash_all(rp_trial *t, rp_buffer *const *buffers, size_t nbuffers)
{
    for (size_t i = 0; i < nbuffers; i++)
        rp_trial_hash(t, buffers[i]);
}
