/* Exposures in, products out: the HDU layout, keywords and ASDF extension of the JWST data products.
 * Layouts: docs/formats.md; source: the products of the reference pipeline, release 3.0.0. */
#ifndef RAMPART_PRODUCT_H
#define RAMPART_PRODUCT_H

#include "rampart/container.h"
#include "rampart/log.h"
#include "rampart/meta.h"

/* An input file opened for calibration. */
typedef struct rp_exposure {
    rp_container *file;
    rp_meta *meta;
    const char *path;
    int64_t nints, ngroups, ny, nx; /* of SCI; ngroups 1 for images and cubes, nints 1 for images */
} rp_exposure;

/* Checks shape against NINTS/NGROUPS and sizes; `log` receives the warnings about dropped keywords. */
rp_code rp_exposure_open(rp_exposure **out, const char *path, const char *scratch_dir, const rp_log *log, rp_error *err);
void rp_exposure_close(rp_exposure *exposure);

/* Opens a plane by EXTNAME ("SCI", "GROUPDQ", "ZEROFRAME" ...); *out = NULL and RP_OK when the file has none. */
rp_code rp_exposure_plane(const rp_exposure *exposure, const char *extname, rp_source **out, rp_error *err);

/* What is written: decides layout, DATAMODL, and which tables are carried over. */
typedef enum rp_model {
    RP_MODEL_RAMP,         /* RampModel: SCI, PIXELDQ, GROUPDQ, [AVDRKCUR], [ZEROFRAME], [tables] */
    RP_MODEL_IMAGE,        /* ImageModel: SCI, ERR, DQ, VAR_POISSON, VAR_RNOISE */
    RP_MODEL_IFU_IMAGE,    /* IFUImageModel: the same planes */
    RP_MODEL_CUBE,         /* CubeModel: the same in 3-D, and INT_TIMES */
    RP_MODEL_FITOPT,       /* RampFitOutputModel */
    RP_MODEL_CHISQ,        /* ImageModel with SCI alone (likely_chisq) */
    RP_MODEL_GUIDER_RAW,   /* GuiderRawModel */
    RP_MODEL_GUIDER_CAL    /* GuiderCalModel */
} rp_model;

typedef struct rp_product rp_product;

typedef struct rp_plane_spec {
    const char *extname;
    rp_dtype type;
    rp_shape shape;
} rp_plane_spec;

/* Creates the temporary file of `path` with the given planes, in the order in which the reference would write them.
 * `meta` is copied: later changes go through rp_product_meta.  FILENAME, DATAMODL and DATE are set here.
 * Tables and unknown HDUs of `from` are carried over as the model does. */
rp_code rp_product_create(rp_product **out, rp_model model, const char *path, const rp_exposure *from,
                          const rp_meta *meta, const rp_plane_spec *planes, size_t nplanes, rp_error *err);

rp_meta *rp_product_meta(rp_product *product);

/* NULL when the product has no such plane. */
const rp_sink *rp_product_sink(const rp_product *product, const char *extname);

/* An array that only the ASDF extension holds (guider's var_flat): native float32, copied. */
rp_code rp_product_asdf_array(rp_product *product, const char *key, const float *data, const rp_shape *shape, rp_error *err);

/* Lines for cal_logs.<alias> of the ASDF tree; copied. */
rp_code rp_product_cal_logs(rp_product *product, const char *alias, const char *const *lines, size_t nlines, rp_error *err);

/* Writes final headers and the ASDF extension under the temporary name; so that of several products either all or none
 * appear, finish them all before the first commit.  The product stays the caller's. */
rp_code rp_product_finish(rp_product *product, rp_error *err);

/* Finishes if that was not done, renames into place, frees in every case. */
rp_code rp_product_commit(rp_product *product, bool durable, rp_error *err);

/* Frees and leaves no trace.  NULL is fine. */
void rp_product_discard(rp_product *product);

#endif
