/* Input files opened for calibration: include/rampart/product.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "io/fits/cards.h"
#include "io/product/meta.h"
#include "rampart/product.h"

static bool primary_string(const rp_container *file, const char *keyword, char out[72])
{
    const rp_hdu *hdu = &file->hdu[0];
    return rp_cards_get_string(hdu->header, rp_cards_count(hdu->header, hdu->header_bytes), keyword, out, 72);
}

static bool is_guider_type(const char *exp_type)
{
    static const char *const types[] = {"FGS_ACQ1",     "FGS_ACQ2",     "FGS_FINEGUIDE",
                                        "FGS_ID-IMAGE", "FGS_ID-STACK", "FGS_TRACK"};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (!strcasecmp(types[k], exp_type))
            return true;
    return false;
}

/* Raw exposures become ramps or, for the guider, raw guider data; anything else is what DATAMODL says. */
static rp_schema choose_schema(const rp_container *file, const rp_hdu *sci)
{
    char datamodl[72] = "", exp_type[72] = "";
    const bool named = primary_string(file, "DATAMODL", datamodl);
    const rp_schema schema = named                   ? rp_schema_of_class(datamodl)
                             : sci->shape.naxis == 4 ? RP_SCHEMA_RAMP
                             : sci->shape.naxis == 3 ? RP_SCHEMA_CUBE
                             : sci->shape.naxis == 2 ? RP_SCHEMA_IMAGE
                                                     : RP_SCHEMA_ANY;
    const bool raw = schema == RP_SCHEMA_RAMP && (!named || strcmp(datamodl, "RampModel"));
    if (raw && primary_string(file, "EXP_TYPE", exp_type) && is_guider_type(exp_type))
        return RP_SCHEMA_GUIDER_RAW;
    return schema;
}

static rp_code read_shape(rp_exposure *x, rp_schema schema, const rp_hdu *sci, rp_error *err)
{
    const rp_shape *shape = &sci->shape;
    const rp_layout *plane = rp_schema_plane(schema, "SCI");
    if (!sci->is_image || shape->naxis < 2 || shape->naxis > 4)
        return rp_fail(err, RP_E_FORMAT, "%s[SCI]: an image of 2, 3 or 4 axes is needed", x->path);
    if (plane && plane->naxis && plane->naxis != shape->naxis)
        return rp_fail(err, RP_E_FORMAT, "%s[SCI]: %d axes, but a %s has %d", x->path, shape->naxis,
                       rp_schema_class(schema), plane->naxis);
    for (int k = 0; k < shape->naxis; k++)
        if (shape->axis[k] < 1)
            return rp_fail(err, RP_E_NO_DATA, "%s[SCI]: axis %d has no elements", x->path, shape->naxis - k);
    x->ny = rp_shape_ny(shape);
    x->nx = rp_shape_nx(shape);
    x->nints = shape->naxis > 2 ? shape->axis[0] : 1;
    x->ngroups = shape->naxis > 3 ? shape->axis[1] : 1;
    return RP_OK;
}

/* Headers that disagree with the data are worth a word; the data count, as in the reference. */
static void check_counts(const rp_exposure *x, const rp_log *log)
{
    int64_t nints = 0, ngroups = 0, first = 0, last = 0;
    const bool ramp = x->meta->schema == RP_SCHEMA_RAMP || x->meta->schema == RP_SCHEMA_GUIDER_RAW;
    if (ramp && rp_meta_get_int(x->meta, "NGROUPS", &ngroups) && ngroups != x->ngroups)
        rp_logf(log, RP_WARNING, "rampart.product", "%s: NGROUPS = %lld, but SCI has %lld groups", x->path,
                (long long)ngroups, (long long)x->ngroups);
    const bool segment =
        rp_meta_get_int(x->meta, "INTSTART", &first) && rp_meta_get_int(x->meta, "INTEND", &last) && last >= first;
    if (ramp && rp_meta_get_int(x->meta, "NINTS", &nints) && nints != x->nints &&
        !(segment && last - first + 1 == x->nints))
        rp_logf(log, RP_WARNING, "rampart.product", "%s: NINTS = %lld, but SCI has %lld integrations", x->path,
                (long long)nints, (long long)x->nints);
}

static rp_code open_exposure(rp_exposure *x, const char *path, const char *scratch_dir, const rp_log *log,
                             rp_error *err)
{
    rp_code code = rp_container_open(&x->file, path, scratch_dir, err);
    if (code != RP_OK)
        return code;
    x->path = x->file->path;
    const int sci = rp_container_find(x->file, "SCI", 1);
    if (sci < 0)
        return rp_fail(err, RP_E_MISSING, "%s: no SCI extension; an exposure of science data is needed", path);
    const rp_hdu *hdu = &x->file->hdu[sci];
    const rp_schema schema = choose_schema(x->file, hdu);
    code = read_shape(x, schema, hdu, err);
    if (code == RP_OK)
        code = rp_meta_load(&x->meta, x->file, schema, false, log, err);
    if (code != RP_OK)
        return code;
    const char *slash = strrchr(path, '/');
    code = rp_meta_set_string(x->meta, "FILENAME", slash ? slash + 1 : path, err);
    if (code == RP_OK)
        check_counts(x, log);
    return code;
}

rp_code rp_exposure_open(rp_exposure **out, const char *path, const char *scratch_dir, const rp_log *log, rp_error *err)
{
    *out = NULL;
    rp_exposure *x = calloc(1, sizeof *x);
    if (!x)
        return rp_fail(err, RP_E_MEMORY, "%s: no memory to open it", path);
    const rp_code code = open_exposure(x, path, scratch_dir, log, err);
    if (code == RP_OK)
        *out = x;
    else
        rp_exposure_close(x);
    return code;
}

void rp_exposure_close(rp_exposure *exposure)
{
    if (!exposure)
        return;
    rp_meta_free(exposure->meta);
    if (exposure->file)
        exposure->file->close(exposure->file);
    free(exposure);
}

rp_code rp_exposure_plane(const rp_exposure *exposure, const char *extname, rp_source **out, rp_error *err)
{
    *out = NULL;
    const int index = rp_container_find(exposure->file, extname, 1);
    if (index < 0 || !exposure->file->hdu[index].is_image || !exposure->file->hdu[index].shape.naxis)
        return RP_OK;
    return exposure->file->open_source(exposure->file, (size_t)index, out, err);
}
