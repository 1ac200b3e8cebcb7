/* Image planes as pictures: scaling to grey, flags in colour, a legend.  Pictures have y upwards. */
#ifndef RP_HOST_PREVIEW_PREVIEW_H
#define RP_HOST_PREVIEW_PREVIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "io/png/png.h"
#include "rampart/container.h"

typedef enum rp_stretch { RP_STRETCH_ZSCALE, RP_STRETCH_ASINH, RP_STRETCH_LINEAR, RP_STRETCH_LOG } rp_stretch;

typedef struct rp_preview_options {
    const char *plane;   /* EXTNAME or EXTNAME,EXTVER; NULL: SCI, else the first image */
    int64_t integration; /* from 1; 0: the first */
    int64_t group;       /* from 1; 0: the last */
    rp_stretch stretch;
    double low, high; /* black and white; NaN: from the data */
    int max_size;     /* longest side of the image in the picture */
    bool flags;       /* mark the pixels that the file's DQ planes flag */
    bool legend;      /* title, scale and names of the flags around the image */
} rp_preview_options;

rp_preview_options rp_preview_defaults(void);

/* Draws a plane of an open file. */
rp_code rp_preview_draw(rp_picture *out, rp_container *file, const rp_preview_options *options, rp_error *err);

/* ---- parts, for tests and other views ---- */

/* The interval that shows most of an image's sky, by the algorithm of IRAF with the parameters of astropy's
 * ZScaleInterval.  Values that are not finite are left out; 0 and 1 when none is left. */
rp_code rp_zscale(const float *values, size_t n, double *low, double *high, rp_error *err);

/* The value below which a share of the finite values lies (0 .. 1); 0 when there is none. */
rp_code rp_quantile(const float *values, size_t n, double share, double *out, rp_error *err);

/* Grey 0 .. 255 of a finite value. */
uint8_t rp_stretch_grey(rp_stretch stretch, double value, double low, double high);

/* A plane in memory, made smaller by whole factors: mean of the finite values of each block (NaN when there is none),
 * or all flags of the block. */
typedef struct rp_view {
    int64_t nx, ny;
    int64_t factor;  /* pixels of the plane per side of a block */
    float *values;   /* owned; NULL for flags */
    uint32_t *flags; /* owned; NULL for values */
} rp_view;

rp_code rp_view_read(rp_view *out, const rp_source *source, int64_t plane, int64_t max_size, bool as_flags,
                     rp_error *err);
void rp_view_free(rp_view *view);

/* Which flags a picture shows, rarest first: the rarest of a pixel's flags gives its colour. */
enum { RP_PREVIEW_FLAGS = 7 };

typedef struct rp_flag_count {
    int bit;
    int64_t pixels; /* of the view */
} rp_flag_count;

/* Fills at most RP_PREVIEW_FLAGS entries, the most frequent flags in ascending order; returns their number. */
int rp_flag_census(const uint32_t *flags, size_t n, rp_flag_count out[RP_PREVIEW_FLAGS]);

const char *rp_flag_name(int bit);

#endif
