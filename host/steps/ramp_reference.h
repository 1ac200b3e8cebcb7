/* What the steps that correct ramps share: their references, and launches that several of them need. */
#ifndef RP_HOST_STEPS_RAMP_REFERENCE_H
#define RP_HOST_STEPS_RAMP_REFERENCE_H

#include "host/compute/chain.h"
#include "host/compute/kernels.h"

/* The reference of `type`, NULL for N/A, and the line that says which one is used ("Using MASK reference file ..."). */
rp_code rp_step_reference(rp_stage *stage, const char *type, rp_reference **out, rp_error *err);

/* Marks the stage as skipped, with the two lines of warning; `step` as the reference writes it ("Linearity step"). */
void rp_step_skip(rp_stage *stage, const char *reason, const char *step);

/* A plane of a reference whose last two axes must be those of the frame.  `cut`: cut to the subarray.
 * Absent: RP_E_MISSING from rp_step_plane, *out = NULL from rp_step_optional_plane and rp_step_dq.
 * The caller closes the source with rp_step_close. */
rp_code rp_step_plane(rp_stage *stage, rp_reference *reference, const char *extname, bool cut, rp_source **out,
                      rp_error *err);
rp_code rp_step_optional_plane(rp_stage *stage, rp_reference *reference, const char *extname, bool cut, rp_source **out,
                               rp_error *err);
rp_code rp_step_dq(rp_stage *stage, rp_reference *reference, const char *extname, bool cut, rp_source **out,
                   rp_error *err);
void rp_step_close(rp_source *source); /* NULL is fine */

/* Is the detector one of MIRI's? */
bool rp_step_is_miri(const rp_run *run);

/* Rows longer than a detector's: NIRSpec frames with interleaved reference pixels (IRS2). */
rp_code rp_step_refuse_irs2(const rp_stage *stage, rp_error *err);

/* Does the zero frame take part?  The keyword says so, as for the reference. */
bool rp_step_has_zeroframe(const rp_stage *stage);

/* data -= the reference's groups [0, ngroups); `available` groups are in the source from plane `plane` on. */
rp_code rp_step_subtract(rp_block *block, const rp_source *source, int64_t plane, int64_t available, int64_t ngroups,
                         int64_t first, int64_t count, rp_error *err);

/* pixeldq |= plane of a DQ source; NULL source: nothing. */
rp_code rp_step_or_pixeldq(rp_block *block, const rp_source *dq, int64_t plane, rp_error *err);

/* groupdq |= flag in one group of every integration. */
rp_code rp_step_flag_group(rp_block *block, int64_t group, uint32_t flag, rp_error *err);

/* Notes that a group holds no usable pixel from now on, in integrations [first, end). */
void rp_step_unusable(rp_run *run, int64_t first, int64_t end, int64_t group);

/* Shape of a block for kernels that look at neighbours or count. */
rp_extent rp_step_extent(const rp_block *block);

/* Elements before and after a plane of scratch in which pixels `reach` away are read. */
uint64_t rp_step_guard(const rp_block *block, uint32_t reach);

/* Scratch of `planes` planes of `stride` elements of `element` bytes. */
rp_code rp_step_scratch(rp_block *block, const rp_stage *stage, int slot, uint64_t planes, uint64_t stride,
                        size_t element, rp_buffer **out, rp_error *err);

/* A side product that holds a ramp's worth of values, its flags zero; SCI is left to the caller. */
rp_code rp_step_ramp_product(rp_stage *stage, const char *suffix, rp_product **out, rp_error *err);

/* Writes SCI of such a product from words [nints*ngroups][stride] of a block of whole rows. */
rp_code rp_step_write_ramp(rp_block *block, const rp_product *product, rp_buffer *words, rp_error *err);

#endif
