/* Connected regions of a bit plane: labels, areas, moments and the ellipse of equal second moments.
 *
 * A plane is ny rows of words_per_row words; pixel x is bit x % 64 of word x / 64; bits from nx on are zero.
 * Pixels are connected over their eight neighbours.  Behaviour of scikit-image 0.26 (label, regionprops). */
#ifndef RP_HOST_STEPS_REGIONS_H
#define RP_HOST_STEPS_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rampart/status.h"

/* Pixels [x0, x1) of a row. */
typedef struct rp_region_run {
    uint16_t x0, x1;
} rp_region_run;

typedef struct rp_region {
    int64_t sum_y, sum_x;    /* over the pixels */
    int32_t area;            /* pixels, holes not counted */
    int32_t label;           /* what the labels of its runs lead to */
    uint16_t y0, y1, x0, x1; /* bounding box, ends exclusive */
} rp_region;

/* Regions of one plane, in raster order of their first pixels; memory is used again from plane to plane. */
typedef struct rp_regions {
    rp_region *region;
    size_t nregions, region_capacity;
    rp_region_run *run;
    size_t run_capacity;
    int32_t *label; /* of every run */
    size_t label_capacity;
    int32_t *parent; /* of every label; of the first of a region, itself */
    size_t parent_capacity;
    uint32_t *row; /* [rows + 1] first runs */
    size_t row_capacity;
    double *columns; /* scratch of rp_region_ellipse */
    size_t columns_capacity;
    uint8_t *box; /* scratch of rp_region_filled_area */
    size_t box_capacity;
} rp_regions;

/* Width along the minor and the major axis, each less 1 (so -1 for a single pixel); angle of the major axis to the
 * rows' direction in degrees. */
typedef struct rp_ellipse {
    double x, y;
    double minor, major;
    double angle_deg;
} rp_ellipse;

/* Finds the regions of `plane`, at most 65535 pixels wide and high.  On failure there are none. */
rp_code rp_regions_find(rp_regions *regions, const uint64_t *plane, int64_t ny, size_t words_per_row, rp_error *err);

/* Pixels of a region with its holes filled; a hole is background that cannot leave the bounding box, not even
 * diagonally. */
rp_code rp_region_filled_area(rp_regions *regions, const rp_region *region, int64_t *area, rp_error *err);

/* The ellipse; sums run in the order of the library's, since symmetric regions depend on the last bit. */
rp_code rp_region_ellipse(rp_regions *regions, const rp_region *region, rp_ellipse *ellipse, rp_error *err);

/* Mean of the pixels. */
double rp_region_x(const rp_region *region);
double rp_region_y(const rp_region *region);

void rp_regions_clear(rp_regions *regions);

/* A filled ellipse as bits, to be laid over planes: rows y0 .. y0+ny-1, words word0 .. word0+nwords-1 of a row. */
typedef struct rp_oval {
    int64_t y0, ny, word0;
    size_t nwords;
    uint64_t *bits; /* [ny][nwords] */
    size_t capacity;
} rp_oval;

/* Draws the ellipse around the pixel nearest to (x, y) with half axes round(minor / 2) and round(major / 2), cut at the
 * frame of ny x nx pixels.  Axes may be negative, as regions of a pixel or a line have them; with an axis of 0 nothing
 * is drawn (ny is 0).  Behaviour of scikit-image's draw.ellipse. */
rp_code rp_oval_draw(rp_oval *stamp, const rp_ellipse *ellipse, int64_t ny, int64_t nx, rp_error *err);

void rp_oval_set(const rp_oval *oval, uint64_t *plane, size_t words_per_row);    /* plane |= oval */
void rp_oval_erase(const rp_oval *oval, uint64_t *plane, size_t words_per_row);  /* plane &= ~oval */
void rp_oval_remove(rp_oval *oval, const uint64_t *plane, size_t words_per_row); /* oval &= ~plane */
void rp_oval_clear(rp_oval *stamp);

#endif
