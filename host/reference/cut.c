/* Where an exposure's frame lies in a reference: docs/algorithms/references.md. */
#include <strings.h>

#include "host/reference/reference_impl.h"

enum { IRS2_ROWS = 3200, NIR_SIZE = 2048, MIRI_ROWS = 1024, MIRI_COLUMNS = 1032 };

/* Corner of a plane of the reference.  A full frame may go without keywords. */
static rp_code reference_corner(const rp_reference *r, const rp_hdu *hdu, int64_t *xstart, int64_t *ystart,
                                rp_error *err)
{
    const int64_t ny = rp_shape_ny(&hdu->shape), nx = rp_shape_nx(&hdu->shape);
    const char *instrument = rp_meta_get_string(r->meta, "INSTRUME");
    const bool miri = instrument && !strcasecmp(instrument, "MIRI");
    int64_t size;
    if (rp_meta_get_int(r->meta, "SUBSTRT1", xstart) && rp_meta_get_int(r->meta, "SUBSTRT2", ystart) &&
        rp_meta_get_int(r->meta, "SUBSIZE1", &size) && rp_meta_get_int(r->meta, "SUBSIZE2", &size)) {
        if (*xstart < 1 || *ystart < 1)
            return rp_fail(err, RP_E_MISMATCH, "%s (%s): SUBSTRT1, SUBSTRT2 = %lld, %lld, but corners count from 1",
                           r->file->path, r->type, (long long)*xstart, (long long)*ystart);
        return RP_OK;
    }
    *xstart = *ystart = 1;
    if (miri ? nx == MIRI_COLUMNS && ny == MIRI_ROWS : nx == NIR_SIZE && ny == NIR_SIZE) {
        rp_logf(r->log, RP_WARNING, "rampart.reference",
                "%s (%s): no SUBSTRT1, SUBSTRT2, SUBSIZE1, SUBSIZE2; a full frame is assumed", r->file->path, r->type);
        return RP_OK;
    }
    return rp_fail(err, RP_E_MISSING,
                   "%s (%s): SUBSTRT1, SUBSTRT2, SUBSIZE1 or SUBSIZE2 is missing, and its %s of %lld x %lld is no full "
                   "frame; add the keywords",
                   r->file->path, r->type, hdu->extname, (long long)nx, (long long)ny);
}

/* Interleaved reference pixels (NIRSpec IRS2): frames of 3200 rows under the corner and size of 2048; nothing is cut.
 */
static rp_code irs2_cut(const rp_reference *r, const rp_hdu *hdu, int64_t xstart, int64_t ystart, rp_error *err)
{
    const int64_t ny = rp_shape_ny(&hdu->shape), nx = rp_shape_nx(&hdu->shape);
    if (xstart == r->xstart && ystart == r->ystart && nx == r->nx && (ny == IRS2_ROWS || ny == NIR_SIZE))
        return RP_OK;
    return rp_fail(err, RP_E_MISMATCH,
                   "%s (%s): its %s of %lld x %lld at (%lld, %lld) does not fit the IRS2 frames of %lld x %lld of %s",
                   r->file->path, r->type, hdu->extname, (long long)nx, (long long)ny, (long long)xstart,
                   (long long)ystart, (long long)r->nx, (long long)r->ny, r->exposure);
}

rp_code rp_reference_cut(const rp_reference *r, const rp_hdu *hdu, rp_cut *cut, rp_error *err)
{
    const int64_t ny = rp_shape_ny(&hdu->shape), nx = rp_shape_nx(&hdu->shape);
    int64_t xstart, ystart;
    if (r->superstriped)
        return rp_fail(err, RP_E_UNSUPPORTED,
                       "%s: SSTR_NST is set: integrations of several superstripes are not supported by this release",
                       r->exposure);
    if (!r->has_corner)
        return rp_fail(err, RP_E_MISSING, "%s: SUBSTRT1 or SUBSTRT2 is missing; add it to place the %s reference",
                       r->exposure, r->type);
    if (r->xstart < 1 || r->ystart < 1)
        return rp_fail(err, RP_E_MISMATCH, "%s: SUBSTRT1, SUBSTRT2 = %lld, %lld, but corners count from 1", r->exposure,
                       (long long)r->xstart, (long long)r->ystart);
    const rp_code code = reference_corner(r, hdu, &xstart, &ystart, err);
    if (code != RP_OK)
        return code;
    if (r->irs2) {
        *cut = (rp_cut){.y0 = 0, .x0 = 0, .ny = ny, .nx = nx};
        return irs2_cut(r, hdu, xstart, ystart, err);
    }
    *cut = (rp_cut){.y0 = r->ystart - ystart, .x0 = r->xstart - xstart, .ny = r->ny, .nx = r->nx};
    if (cut->x0 >= 0 && cut->y0 >= 0 && cut->x0 <= nx - r->nx && cut->y0 <= ny - r->ny)
        return RP_OK;
    return rp_fail(
        err, RP_E_MISMATCH,
        "%s (%s): %s begins at (%lld, %lld) with %lld x %lld pixels, but %s needs %lld x %lld from (%lld, %lld)",
        r->file->path, r->type, hdu->extname, (long long)xstart, (long long)ystart, (long long)nx, (long long)ny,
        r->exposure, (long long)r->nx, (long long)r->ny, (long long)r->xstart, (long long)r->ystart);
}

rp_code rp_reference_striped_cut(const rp_reference *r, const rp_hdu *hdu, rp_cut *cut, bool *as_stored, rp_error *err)
{
    const int64_t ny = rp_shape_ny(&hdu->shape), nx = rp_shape_nx(&hdu->shape);
    int64_t xstart = 1, ystart = 1;
    const rp_code code = reference_corner(r, hdu, &xstart, &ystart, err);
    *as_stored = xstart == r->xstart && ystart == r->ystart && nx == r->nx && ny == r->ny;
    *cut = (rp_cut){.y0 = 0, .x0 = 0, .ny = ny, .nx = nx};
    if (code != RP_OK || *as_stored)
        return code;
    const bool rows = r->stripes.slow_is_y;
    if (rows)
        *cut = (rp_cut){.y0 = 0, .x0 = r->xstart - xstart, .ny = ny, .nx = r->nx};
    else
        *cut = (rp_cut){.y0 = r->ystart - ystart, .x0 = 0, .ny = r->ny, .nx = nx};
    if ((rows ? ny : nx) == NIR_SIZE && cut->x0 >= 0 && cut->y0 >= 0 && cut->x0 <= nx - cut->nx &&
        cut->y0 <= ny - cut->ny)
        return RP_OK;
    return rp_fail(
        err, RP_E_MISMATCH,
        "%s (%s): %s of %lld x %lld pixels at (%lld, %lld) does not hold the stripes of %s, which are cut from whole "
        "columns of the detector",
        r->file->path, r->type, hdu->extname, (long long)nx, (long long)ny, (long long)xstart, (long long)ystart,
        r->exposure);
}
