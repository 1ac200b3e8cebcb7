/* Planes of references that stay on a device from block to block and from exposure to exposure.
 *
 * A device whose info.resident_bytes is not 0 keeps so much of them.  A buffer is known by what it holds: the identity
 * of its source (rp_source), planes, rectangle and the pixels that were filled. */
#ifndef RP_HOST_COMPUTE_RESIDENT_H
#define RP_HOST_COMPUTE_RESIDENT_H

#include "rampart/device.h"
#include "rampart/plane.h"

typedef struct rp_resident_key {
    uint64_t identity; /* 0: of nothing that lasts */
    int64_t plane, nplanes;
    rp_rect rect;
    size_t first, end, stride;
} rp_resident_key;

typedef struct rp_resident rp_resident;

/* NULL when the device has it not.  The buffer belongs to the device. */
rp_buffer *rp_resident_find(rp_device *device, const rp_resident_key *key);
/* Gives a buffer to the device, which frees it when it is closed; false when there is no room or it is there already:
 * the caller keeps it. */
bool rp_resident_give(rp_device *device, const rp_resident_key *key, rp_buffer *buffer);
/* Before the back end closes. */
void rp_resident_free(rp_device *device);

#endif
