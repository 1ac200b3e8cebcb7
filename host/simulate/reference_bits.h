/* The private bits of the reference files' DQ planes, as their DQ_DEF tables (reference_tables.c) define them. */
#ifndef RP_HOST_SIMULATE_REFERENCE_BITS_H
#define RP_HOST_SIMULATE_REFERENCE_BITS_H

enum {
    RP_SIM_MASK_DO_NOT_USE = 1,
    RP_SIM_MASK_DEAD = 2,
    RP_SIM_MASK_HOT = 4,
    RP_SIM_MASK_REFERENCE_PIXEL = 8,
    RP_SIM_MASK_LOW_QE = 16,
    RP_SIM_SATURATION_NO_SAT_CHECK = 2,
    RP_SIM_LINEARITY_NO_LIN_CORR = 4,
    RP_SIM_BIAS_UNRELIABLE = 2,
    RP_SIM_DARK_UNRELIABLE = 2
};

#endif
