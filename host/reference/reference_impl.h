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
    char *exposure;         /* name of the exposure, for messages */
    rp_dq_map dq;
    bool dq_read;
};

/* Where the exposure's frame lies in a plane of the reference: the same size and place, or a rectangle of it. */
typedef struct rp_cut {
    int64_t y0, x0, ny, nx;
} rp_cut;

rp_code rp_reference_cut(const rp_reference *reference, const rp_hdu *hdu, rp_cut *cut, rp_error *err);

/* Wraps a source (which it closes; also when it fails): rectangle, element type, flags.  Returns `inner` itself when
 * there is nothing to do.  map NULL: no translation. */
rp_code rp_reference_wrap(rp_source **out, rp_source *inner, const rp_cut *cut, rp_dtype type, const rp_dq_map *map,
                          rp_error *err);

/* Reads DQ_DEF into reference->dq, once. */
rp_code rp_reference_read_dq_def(rp_reference *reference, rp_error *err);
uint32_t rp_dq_translate(const rp_dq_map *map, uint32_t bits);

#endif
