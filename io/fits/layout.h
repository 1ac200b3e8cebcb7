/* What a FITS header says about the data behind it.  Internal to io: shared by the FITS and HDF5 containers. */
#ifndef RAMPART_IO_FITS_LAYOUT_H
#define RAMPART_IO_FITS_LAYOUT_H

#include "rampart/container.h"

typedef struct rp_fits_layout {
    rp_hdu hdu; /* header and header_bytes as given */
    int bitpix;
    bool scaled; /* BSCALE, BZERO give an image no type of ours: it cannot be opened as a source */
    double bscale, bzero;
    char fill; /* padding byte after the data: blank for ASCII tables, else 0 */
} rp_fits_layout;

/* Parses a whole header (with END).  index 0 must be a primary header, others extensions.
 * Messages name path, HDU and keyword. */
rp_code rp_fits_layout_parse(rp_fits_layout *out, const char *header, size_t header_bytes, const char *path,
                             size_t index, rp_error *err);

/* Bytes rounded up to whole blocks of 2880. */
int64_t rp_fits_padded(int64_t bytes);

/* RP_OK when the HDU can be read as pixels, else an error that says why not. */
rp_code rp_fits_layout_readable(const rp_fits_layout *layout, const char *label, rp_error *err);

/* "path[SCI]", "path[SCI,2]"; free().  NULL without memory. */
char *rp_fits_label(const char *path, const rp_hdu *hdu);

/* RP_OK when the rectangle lies inside plane `plane` of the shape. */
rp_code rp_fits_check_rect(const rp_shape *shape, int64_t plane, rp_rect rect, const char *label, rp_error *err);

#endif
