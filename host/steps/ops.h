/* What the step table knows of the steps' implementations: host/steps/<name>.c defines rp_ops_<name>.
 * A step of host/steps/table.c that is missing here is known by name and refused when a request would run it. */
#ifndef RP_HOST_STEPS_OPS_H
#define RP_HOST_STEPS_OPS_H

struct rp_step_ops;

/* X(name), in the running order of Detector1 */
#define RP_STEPS_WITH_OPS(X)                                                                             \
    X(group_scale)                                                                                       \
    X(dq_init) X(emicorr)                                                                                           \
    X(saturation) X(ipc) X(superbias) X(refpix) X(firstframe) X(lastframe) X(reset) X(linearity) X(rscd) \
        X(dark_current) X(charge_migration) X(jump) X(picture_frame) X(clean_flicker_noise) X(persistence) X(ramp_fit) X(gain_scale) X(guider_cds) X(flat_field)

#define RP_DECLARE_OPS(name) extern const struct rp_step_ops rp_ops_##name;
RP_STEPS_WITH_OPS(RP_DECLARE_OPS)
#undef RP_DECLARE_OPS

#endif
