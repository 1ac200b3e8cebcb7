/* What the writer keeps of an HDU, and the pure layout functions.  Internal to io/fits. */
#ifndef RAMPART_IO_FITS_WRITER_H
#define RAMPART_IO_FITS_WRITER_H

#include "rampart/container.h"

typedef struct rp_writer_hdu {
    char *name;   /* EXTNAME, for messages */
    char *header; /* whole blocks with END and padding */
    size_t header_bytes;
    bool is_image;
    rp_dtype type;
    rp_shape shape;
    int64_t data_bytes;
    char fill;           /* of the padding after the data */
    int64_t data_offset; /* where the pixels lie now; final after rp_writer_settle */
    void *bytes;         /* of HDUs without pixels, written at commit */
    rp_sink *sink;       /* images with pixels */
} rp_writer_hdu;

/* Header blocks from cards: adds END and padding.  free(*out). */
rp_code rp_writer_header(char **out, size_t *out_bytes, const char *cards, size_t ncards, const char *name,
                         rp_error *err);

/* Fills an HDU from its plan; checks that the cards describe the planned data.  Clear it in every case. */
rp_code rp_writer_hdu_init(rp_writer_hdu *out, const rp_hdu_plan *plan, size_t index, const char *path, rp_error *err);
void rp_writer_hdu_clear(rp_writer_hdu *hdu);

/* Checks that a header of ncards cards describes the HDU's data. */
rp_code rp_writer_check(const rp_writer_hdu *hdu, const char *header, size_t header_bytes, size_t ncards, size_t index,
                        const char *path, rp_error *err);

/* Moves pixels to their final places when headers changed their number of blocks. *end: size of the file. */
rp_code rp_writer_settle(rp_writer_hdu *const *hdu, size_t nhdu, int fd, const char *path, int64_t *end, rp_error *err);

/* A sink for pixels at *data_offset of fd; both must outlive it.  free() it with rp_writer_sink_free. */
rp_code rp_writer_sink_new(rp_sink **out, const int *fd, const int64_t *data_offset, const char *path,
                           const rp_hdu_plan *plan, rp_error *err);
void rp_writer_sink_free(rp_sink *sink);

#endif
