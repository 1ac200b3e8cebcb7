/* A file of HDUs, whatever its format: FITS, gzipped FITS, or our HDF5 form of it.
 *
 * Every implementation keeps header blocks verbatim, so that the FITS file is always the concatenation
 * header + data + padding of its HDUs.  Thread-safe for reading once open. */
#ifndef RAMPART_CONTAINER_H
#define RAMPART_CONTAINER_H

#include "rampart/plane.h"

typedef struct rp_hdu {
    char extname[72]; /* upper case; "PRIMARY" for the first */
    int extver;       /* 1 when the header does not say */
    bool is_image;    /* IMAGE or primary; else a table, compressed image or foreign extension: bytes only */
    const char *header;  /* the header blocks, a multiple of 2880 bytes, not terminated */
    size_t header_bytes;
    rp_dtype type;       /* images only */
    rp_shape shape;      /* images only; naxis 0 when there are no data */
    int64_t data_bytes;  /* without padding */
} rp_hdu;

typedef struct rp_container rp_container;
struct rp_container {
    const char *path;
    size_t nhdu;
    const rp_hdu *hdu;
    /* Caller owns the source; it must be closed before the container. */
    rp_code (*open_source)(rp_container *self, size_t hdu, rp_source **out, rp_error *err);
    /* Raw data bytes of any HDU. */
    rp_code (*read_bytes)(rp_container *self, size_t hdu, int64_t offset, size_t n, void *dst, rp_error *err);
    void (*close)(rp_container *self); /* frees self */
};

/* Opens by content, not by name.  scratch_dir: where a gzipped file is unpacked (unlinked at once); NULL: TMPDIR or /tmp. */
rp_code rp_container_open(rp_container **out, const char *path, const char *scratch_dir, rp_error *err);

/* Index of EXTNAME,EXTVER or -1. */
int rp_container_find(const rp_container *self, const char *extname, int extver);

/* ---- writing ---- */

/* One HDU to be written.  `header` are 80-byte cards without END; the writer adds END and padding.
 * Images: data come later through sinks.  Others: `bytes` is written as it is (copied by the writer). */
typedef struct rp_hdu_plan {
    const char *extname;
    int extver;
    const char *cards;
    size_t ncards;
    bool is_image;
    rp_dtype type;
    rp_shape shape;
    const void *bytes;
    size_t nbytes;
} rp_hdu_plan;

typedef struct rp_writer rp_writer;

/* Creates a temporary file beside `path` (same folder, so that rename is atomic) and lays the HDUs out. */
rp_code rp_fits_writer_new(rp_writer **out, const char *path, const rp_hdu_plan *plan, size_t nhdu, rp_error *err);

/* Owned by the writer. NULL when there is no such image. */
const rp_sink *rp_writer_sink(const rp_writer *writer, size_t hdu);

/* Replaces the cards of an HDU before commit; data are moved if the header needs another block. */
rp_code rp_writer_set_cards(rp_writer *writer, size_t hdu, const char *cards, size_t ncards, rp_error *err);

/* Appends a further HDU (the ASDF extension comes last, when all headers are known). */
rp_code rp_writer_append(rp_writer *writer, const rp_hdu_plan *plan, rp_error *err);

/* Completes the file under its temporary name, so that commit has nothing left to fail but the renaming.  May be left
 * out; nothing may be changed afterwards.  The writer stays the caller's, also after an error. */
rp_code rp_writer_finish(rp_writer *writer, rp_error *err);

/* Renames into place (fsync of file and folder first if durable); frees the writer in every case. */
rp_code rp_writer_commit(rp_writer *writer, bool durable, rp_error *err);

/* Removes the temporary file and frees.  NULL is fine. */
void rp_writer_discard(rp_writer *writer);

#endif
