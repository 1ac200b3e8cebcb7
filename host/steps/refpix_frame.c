/* Where reference pixels are: the detector's frame and the exposure's, and pixels of the windows. */
#include <stdlib.h>
#include <string.h>

#include "host/steps/refpix.h"

static const char *const subarrays_without_reference_pixels[] = {"SUB512", "SUB512S", "SUB32"};

static bool lacks_reference_pixels(const char *subarray)
{
    for (size_t k = 0; subarray && k < sizeof subarrays_without_reference_pixels / sizeof(char *); k++)
        if (strcmp(subarray, subarrays_without_reference_pixels[k]) == 0)
            return true;
    return false;
}

rp_code rp_refpix_frame_read(rp_refpix_frame *out, const rp_meta *meta, int64_t ny, int64_t nx, rp_error *err)
{
    int64_t fast = 0, slow = 0, start_x = 1, start_y = 1, size_x = nx, size_y = ny;
    rp_code code = RP_OK;
    if ((code = rp_meta_need_int(meta, "FASTAXIS", &fast, err)) != RP_OK ||
        (code = rp_meta_need_int(meta, "SLOWAXIS", &slow, err)) != RP_OK ||
        (code = rp_meta_need_int(meta, "SUBSTRT1", &start_x, err)) != RP_OK ||
        (code = rp_meta_need_int(meta, "SUBSTRT2", &start_y, err)) != RP_OK ||
        (code = rp_meta_need_int(meta, "SUBSIZE1", &size_x, err)) != RP_OK ||
        (code = rp_meta_need_int(meta, "SUBSIZE2", &size_y, err)) != RP_OK)
        return code;
    const int64_t fast_size = fast < 0 ? -fast : fast, slow_size = slow < 0 ? -slow : slow;
    if (fast_size + slow_size != 3 || fast_size == 0 || slow_size == 0)
        return rp_fail(err, RP_E_FORMAT, "FASTAXIS %lld and SLOWAXIS %lld: one must be 1 or -1, the other 2 or -2",
                       (long long)fast, (long long)slow);
    *out = (rp_refpix_frame){
        .fast_is_y = fast_size == 2, .fast_reversed = fast < 0, .slow_reversed = slow < 0, .ny = ny, .nx = nx};
    if (ny >= RP_NIR_SIZE && nx >= RP_NIR_SIZE)
        return RP_OK;
    out->y0 = start_y - 1;
    out->x0 = start_x - 1;
    out->side_columns = lacks_reference_pixels(rp_meta_get_string(meta, "SUBARRAY"));
    if (size_x != nx || size_y != ny)
        return rp_fail(err, RP_E_MISMATCH,
                       "SUBSIZE1 x SUBSIZE2 is %lld x %lld, but the frames have %lld x %lld pixels: "
                       "correct the keywords",
                       (long long)size_x, (long long)size_y, (long long)nx, (long long)ny);
    return RP_OK;
}

static int64_t detector_index(int64_t at, bool reversed)
{
    return reversed ? RP_NIR_SIZE - 1 - at : at;
}

int64_t rp_refpix_i(const rp_refpix_frame *frame, int64_t y, int64_t x)
{
    return detector_index(frame->fast_is_y ? x + frame->x0 : y + frame->y0, frame->slow_reversed);
}

int64_t rp_refpix_j(const rp_refpix_frame *frame, int64_t y, int64_t x)
{
    return detector_index(frame->fast_is_y ? y + frame->y0 : x + frame->x0, frame->fast_reversed);
}

bool rp_refpix_pixel(const rp_refpix_frame *frame, int64_t i, int64_t j, int64_t *y, int64_t *x)
{
    const int64_t slow = detector_index(i, frame->slow_reversed), fast = detector_index(j, frame->fast_reversed);
    *y = (frame->fast_is_y ? fast : slow) - frame->y0;
    *x = (frame->fast_is_y ? slow : fast) - frame->x0;
    return *y >= 0 && *y < frame->ny && *x >= 0 && *x < frame->nx;
}

/* The part of rows or columns [from, to) of the detector that lies in [start, start+size), relative to start. */
static bool cut(int64_t from, int64_t to, int64_t start, int64_t size, int64_t *first, int64_t *count)
{
    const int64_t low = from > start ? from : start, high = to < start + size ? to : start + size;
    *first = low - start;
    *count = high - low;
    return high > low;
}

int rp_refpix_border(const rp_refpix_frame *frame, rp_rect *out)
{
    static const int64_t edge[2][2] = {{0, RP_NIR_BORDER}, {RP_NIR_SIZE - RP_NIR_BORDER, RP_NIR_SIZE}};
    int64_t first, count;
    int n = 0;
    for (int k = 0; k < 2; k++)
        if (cut(edge[k][0], edge[k][1], frame->y0, frame->ny, &first, &count))
            out[n++] = (rp_rect){first, 0, count, frame->nx};
    for (int k = 0; k < 2; k++)
        if (cut(edge[k][0], edge[k][1], frame->x0, frame->nx, &first, &count))
            out[n++] = (rp_rect){0, first, frame->ny, count};
    if (frame->side_columns) {
        const int64_t width = frame->nx < RP_NIR_BORDER ? frame->nx : RP_NIR_BORDER;
        out[n++] = (rp_rect){0, 0, frame->ny, width};
        out[n++] = (rp_rect){0, frame->nx - width, frame->ny, width};
    }
    return n;
}

/* ------------------------------------------------------------------ samples: window in the top bits, pixel below */
enum { SAMPLE_BITS = 28 };
#define SAMPLE_PIXEL ((1u << SAMPLE_BITS) - 1)

rp_refpix_sample rp_refpix_find(const rp_window *windows, int nwindows, int64_t y, int64_t x)
{
    for (int w = 0; w < nwindows; w++) {
        const rp_rect *r = &windows[w].rect;
        if (y >= r->y0 && y < r->y0 + r->ny && x >= r->x0 && x < r->x0 + r->nx)
            return (rp_refpix_sample)w << SAMPLE_BITS | (rp_refpix_sample)((y - r->y0) * r->nx + x - r->x0);
    }
    return RP_REFPIX_ABSENT;
}

uint32_t rp_refpix_dq(const rp_window *windows, rp_refpix_sample sample)
{
    return windows[sample >> SAMPLE_BITS].pixeldq[sample & SAMPLE_PIXEL];
}

float rp_refpix_read(const rp_refpix_source *source, rp_refpix_sample sample)
{
    const rp_window *window = &source->windows[sample >> SAMPLE_BITS];
    const float *values = source->zeroframe ? window->zeroframe : window->data;
    return values[source->plane * (size_t)(window->rect.ny * window->rect.nx) + (sample & SAMPLE_PIXEL)];
}

rp_code rp_refpix_list_add(rp_refpix_list *list, rp_refpix_sample sample, rp_error *err)
{
    if (list->n == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 1024;
        rp_refpix_sample *grown = realloc(list->sample, capacity * sizeof *grown);
        if (!grown)
            return rp_fail(err, RP_E_MEMORY, "no memory for a list of %zu reference pixels", capacity);
        list->sample = grown;
        list->capacity = capacity;
    }
    list->sample[list->n++] = sample;
    return RP_OK;
}

void rp_refpix_list_clear(rp_refpix_list *list)
{
    free(list->sample);
    *list = (rp_refpix_list){0};
}
