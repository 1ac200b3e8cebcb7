/* Parts of the refpix step; private to host/steps/refpix*.c.
 *
 * Detector frame: i is the row (slow axis), j the column (fast axis) of the whole detector, whatever the exposure's
 * orientation and cut-out.  Pixels of the exposure are (y, x). */
#ifndef RP_HOST_STEPS_REFPIX_H
#define RP_HOST_STEPS_REFPIX_H

#include "host/compute/chain.h"

enum {
    RP_NIR_SIZE = 2048,    /* pixels of a near-infrared detector, in both axes */
    RP_NIR_BORDER = 4,     /* rows and columns of reference pixels on each of its edges */
    RP_NIR_AMPLIFIERS = 4, /* of 512 columns each */
    RP_MIRI_NY = 1024,
    RP_MIRI_NX = 1032,
    RP_MIRI_AMPLIFIERS = 4 /* of every fourth column */
};

/* ------------------------------------------------------------------ geometry: refpix_frame.c */
typedef struct rp_refpix_frame {
    bool fast_is_y;
    bool fast_reversed, slow_reversed;
    int64_t y0, x0; /* of the exposure on the detector, in the exposure's orientation */
    int64_t ny, nx;
    bool side_columns; /* NIRSpec subarrays without reference pixels: the first and last 4 columns stand in for them */
} rp_refpix_frame;

rp_code rp_refpix_frame_read(rp_refpix_frame *out, const rp_meta *meta, int64_t ny, int64_t nx, rp_error *err);

int64_t rp_refpix_i(const rp_refpix_frame *frame, int64_t y, int64_t x);
int64_t rp_refpix_j(const rp_refpix_frame *frame, int64_t y, int64_t x);

/* The pixel at (i, j); false when it is outside the exposure. */
bool rp_refpix_pixel(const rp_refpix_frame *frame, int64_t i, int64_t j, int64_t *y, int64_t *x);

/* Rectangles that hold the exposure's share of the detector's border, and the side columns; at most 6. */
int rp_refpix_border(const rp_refpix_frame *frame, rp_rect *out);

/* ------------------------------------------------------------------ samples: refpix_frame.c */
/* A pixel of the windows. */
typedef uint32_t rp_refpix_sample;
#define RP_REFPIX_ABSENT UINT32_MAX

rp_refpix_sample rp_refpix_find(const rp_window *windows, int nwindows, int64_t y, int64_t x);
uint32_t rp_refpix_dq(const rp_window *windows, rp_refpix_sample sample);

/* Where values of a plane are read: plane of data, or integration of the zero frame. */
typedef struct rp_refpix_source {
    const rp_window *windows;
    bool zeroframe;
    size_t plane;
} rp_refpix_source;

float rp_refpix_read(const rp_refpix_source *source, rp_refpix_sample sample);

typedef struct rp_refpix_list {
    size_t n, capacity;
    rp_refpix_sample *sample;
} rp_refpix_list;

rp_code rp_refpix_list_add(rp_refpix_list *list, rp_refpix_sample sample, rp_error *err);
void rp_refpix_list_clear(rp_refpix_list *list);

/* ------------------------------------------------------------------ clipped means: refpix_clip.c */
/* A mean in the reference's arithmetic. */
typedef struct rp_refpix_mean {
    bool exists;
    bool wide; /* a double there; else a float */
    double value;
} rp_refpix_mean;

/* Mean of what is left when values further than `limit` standard deviations from the mean have been dropped, again and
 * again until none is.  `wide`: in double, else in float.  n 0: does not exist.  `scratch`: 2 n doubles. */
rp_refpix_mean rp_refpix_clipped_mean(const float *values, size_t n, double limit, bool wide, double *scratch);

/* Half the sum; the other when one does not exist. */
rp_refpix_mean rp_refpix_average(rp_refpix_mean a, rp_refpix_mean b);

/* ------------------------------------------------------------------ side signal: refpix_side.c */
typedef struct rp_refpix_side rp_refpix_side;

/* Finds the side reference pixels in the windows.  smoothing_length: rows of the running median, 2 .. 4095. */
rp_code rp_refpix_side_new(rp_refpix_side **out, const rp_refpix_frame *frame, const rp_window *windows, int nwindows,
                           int64_t smoothing_length, rp_error *err);
void rp_refpix_side_free(rp_refpix_side *side);

size_t rp_refpix_side_good(const rp_refpix_side *side);   /* usable pixels on both sides */
size_t rp_refpix_side_length(const rp_refpix_side *side); /* detector rows of the exposure */

/* out[t] = gain * signal of the detector row at y or x = t of the exposure, DN.  Levels, DN, of the even and odd
 * columns of the outermost amplifiers are taken off first. */
void rp_refpix_side_signal(rp_refpix_side *side, const rp_refpix_source *source, const double *left_level,
                           const double *right_level, bool wide, double gain, double *out);

/* ------------------------------------------------------------------ side signal by kernels: refpix_sirs.c */
typedef struct rp_refpix_sirs rp_refpix_sirs;

/* Kernels of a detector from a sirskernel file.  half, smooth: half width and Gaussian of the kernels; reject: limit for
 * outliers among the reference pixels.  *out = NULL: the file has none for this detector. */
rp_code rp_refpix_sirs_new(rp_refpix_sirs **out, const char *path, const char *detector, size_t half, double smooth,
                           double reject, rp_error *err);
void rp_refpix_sirs_free(rp_refpix_sirs *sirs);

/* Finds the side reference pixels of a full frame in the windows; all take part, whatever their flags. */
rp_code rp_refpix_sirs_begin(rp_refpix_sirs *sirs, const rp_refpix_frame *frame, const rp_window *windows, int nwindows,
                             rp_error *err);
size_t rp_refpix_sirs_length(const rp_refpix_sirs *sirs);

/* out[amplifier][t]: signal of the detector row at y or x = t of the exposure.  Levels as for rp_refpix_side_signal. */
void rp_refpix_sirs_signal(rp_refpix_sirs *sirs, const rp_refpix_source *source, const double *left_level,
                           const double *right_level, bool wide, double *out);

/* ------------------------------------------------------------------ tables: refpix_nir.c, refpix_miri.c */
typedef struct rp_refpix_options {
    bool by_parity; /* odd_even_columns, odd_even_rows for MIRI */
    bool use_side;
    int64_t smoothing_length;
    double side_gain, clip_limit;
} rp_refpix_options;

/* What the kernels are given: of the groups, or of the zero frames. */
typedef struct rp_refpix_tables {
    size_t nplanes;
    double *level;       /* patterns of the kernels refpix and refpix_miri */
    float *column_level; /* of the kernel refpix_columns */
    double *side;        /* [nplanes][side_length], or NULL; with kernels [nplanes][amplifier][side_step] */
    bool round_first;    /* see kernels/refpix.h */
} rp_refpix_tables;

typedef struct rp_refpix_state {
    rp_refpix_frame frame;
    rp_refpix_options options;
    bool is_miri;
    bool is_subarray;
    bool four_outputs; /* near-infrared: amplifiers apart, and the sides */
    bool has_zeroframe;
    bool is_striped;  /* rows of stripes: amplifiers by column, each with the pixels that are flagged in it */
    int64_t fast_start, fast_size; /* striped: columns in the detector's direction, the first counted from the exposure's corner */
    bool whole_frame; /* the window is the whole frame */
    bool correct;     /* there are reference pixels */
    size_t side_length, side_step; /* side_step 0: the same signal for all amplifiers */
    rp_refpix_sirs *sirs;          /* NULL: running median */
    rp_refpix_tables groups, zeroframes;
} rp_refpix_state;

rp_code rp_refpix_prepare_nir(rp_stage *stage, const rp_window *windows, rp_error *err);
rp_code rp_refpix_prepare_miri(rp_stage *stage, const rp_window *windows, rp_error *err);

/* Which parameters have an effect, for so many usable pixels at top and bottom (one output: in all), and at the sides.
 */
void rp_refpix_log_subarray(const rp_stage *stage, size_t nrows, size_t nsides);

void rp_refpix_log_value(const rp_stage *stage, const char *name); /* "name = value" */

#endif
