/* clean_flicker_noise, inside: what setup finds out, and the parts that see the whole ramp. */
#ifndef RP_HOST_STEPS_CLEAN_FLICKER_NOISE_H
#define RP_HOST_STEPS_CLEAN_FLICKER_NOISE_H

#include "host/steps/flicker.h"
#include "host/steps/ramp_reference.h"

typedef struct rp_flicker {
    rp_image_shape shape;
    bool fft;
    bool along_x; /* stripes are rows */
    bool by_channel;
    bool single_mask, fit_histogram, mask_science;
    double n_sigma;
    rp_background_method background;
    rp_background_box box;
    bool by_image; /* background_method median_image: groups themselves are cleaned, less a median over integrations */
    const char *user_mask;
    bool save_mask, save_background, save_noise;
    bool apply_flat, autoparam;
    /* while frames are worked on */
    float *flat;        /* [ny][nx], bad pixels filled; or NULL */
    uint8_t *mask;      /* [nmasks][ny][nx] */
    size_t nmasks;      /* 1, or one for each integration */
    rp_frames *cleaned; /* SCI: differences to the group before, cleaned */
    rp_source *cleaned_source;
    rp_frames *median;    /* by_image: SCI [ngroups], the median over integrations of each group */
    float *scale;         /* [nints]: brightness of the draft, then what the median is scaled by */
    uint32_t *is_cleaned; /* [nints*ngroups] */
    rp_product *background_product, *noise_product; /* owned by the run */
    int threads;
} rp_flicker;

/* The flat field, with zeros and values that are not finite replaced by a smooth one: flicker_flat.c.  *out = NULL
 * when there is none. */
rp_code rp_flicker_read_flat(rp_stage *stage, rp_image_shape shape, float **out, rp_error *err);

/* The scene mask, from a file or from a draft of the count rate: flicker_mask.c.  *fits = false: another shape. */
rp_code rp_flicker_make_mask(rp_stage *stage, rp_flicker *f, const rp_frames *frames, bool *fits, rp_error *err);

/* autoparam: parameters from a quick look at the count rate: flicker_auto.c */
rp_code rp_flicker_choose(rp_stage *stage, rp_flicker *f, const rp_frames *frames, rp_error *err);

/* Cleans the differences of neighbouring groups, with the masks of `f`: flicker_groups.c.
 * *failed: an image could not be cleaned, and the reference leaves the whole ramp as it was. */
rp_code rp_flicker_clean_groups(rp_stage *stage, rp_flicker *f, const rp_frames *frames, bool *failed, rp_error *err);

/* by_image: the medians and their scales: flicker_median_image.c.  *failed: no integration has a brightness. */
rp_code rp_flicker_make_median(rp_stage *stage, rp_flicker *f, const rp_frames *frames, bool *failed, rp_error *err);

#endif
