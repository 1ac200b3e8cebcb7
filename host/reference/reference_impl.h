/* Inside of rp_reference; used by host/reference alone. */
#ifndef RAMPART_HOST_REFERENCE_REFERENCE_IMPL_H
#define RAMPART_HOST_REFERENCE_REFERENCE_IMPL_H

#include "rampart/log.h"
#include "rampart/reference.h"

enum { RP_DQ_MAX_FLAGS = 64 };

/* One row of a DQ_DEF table that means something: private bits to standard bits. */
typedef struct rp_dq_flag {
    uint32_t private_bits, standard_bits;
} rp_dq_flag;

typedef struct rp_dq_map {
    bool present; /* without a table the bits are standard already */
    size_t count;
    rp_dq_flag flag[RP_DQ_MAX_FLAGS];
} rp_dq_map;

/* How rows of the detector, along its slow axis, make a frame of several stripes. */
typedef struct rp_stripes {
    int64_t reads1, skips1, reads2, skips2, repeat, interleave;
    int64_t start, size; /* first row that is read; rows of the frame */
    bool slow_is_y, reversed;
} rp_stripes;

struct rp_reference {
    rp_container *file;
    rp_meta *meta;
    char *type;
    const rp_log *log;
    int64_t ny, nx;         /* of the exposure's frames */
    bool has_corner;        /* of the exposure: SUBSTRT1, SUBSTRT2 */
    int64_t xstart, ystart; /* 1-based */
    bool irs2;              /* 3200 rows of data under SUBSIZE2 = 2048 */
    bool striped;           /* several stripes of the detector in one frame */
    bool superstriped;      /* and other ones in every integration */
    rp_stripes stripes;
    char *exposure;         /* name of the exposure, for messages */
    rp_dq_map dq;
    bool dq_read;
};

/* Where the exposure's frame lies in a plane of the reference: the same size and place, or a rectangle of it. */
typedef struct rp_cut {
    int64_t y0, x0, ny, nx;
} rp_cut;

/* Striped exposures: *as_stored when the plane has the exposure's own corner and size; else the cut takes the exposure's
 * part along the fast axis and all of the other, for rp_stripes_wrap. */
rp_code rp_reference_striped_cut(const rp_reference *reference, const rp_hdu *hdu, rp_cut *cut, bool *as_stored, rp_error *err);
rp_code rp_reference_cut(const rp_reference *reference, const rp_hdu *hdu, rp_cut *cut, rp_error *err);

/* Wraps a source (which it closes; also when it fails): rectangle, element type, flags.  Returns `inner` itself when
 * there is nothing to do.  map NULL: no translation. */
rp_code rp_reference_wrap(rp_source **out, rp_source *inner, const rp_cut *cut, rp_dtype type, const rp_dq_map *map,
                          rp_error *err);

rp_code rp_stripes_read(rp_stripes *stripes, const rp_meta *exposure, int64_t ny, int64_t nx, rp_error *err);
/* row[k], k 0 ... size-1: the detector's row of the exposure's row k, both in the exposure's direction. */
rp_code rp_stripes_rows(const rp_stripes *stripes, int32_t *row, const char *exposure, rp_error *err);
/* Rows of `inner` (closed with the result; also when this fails) in the order of the stripes; elements of 4 bytes. */
rp_code rp_stripes_wrap(rp_source **out, rp_source *inner, const rp_stripes *stripes, const char *exposure, rp_error *err);

/* Reads DQ_DEF into reference->dq, once. */
rp_code rp_reference_read_dq_def(rp_reference *reference, rp_error *err);
uint32_t rp_dq_translate(const rp_dq_map *map, uint32_t bits);

#endif
