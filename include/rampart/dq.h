/* Data-quality bits of PIXELDQ, DQ (uint32) and GROUPDQ (uint8), as in the JWST data products. */
#ifndef RAMPART_DQ_H
#define RAMPART_DQ_H

/* X(name, bit) */
#define RP_DQ_BITS(X)                                                                                                  \
    X(DO_NOT_USE, 0) X(SATURATED, 1) X(JUMP_DET, 2) X(DROPOUT, 3) X(OUTLIER, 4) X(PERSISTENCE, 5) X(AD_FLOOR, 6)       \
    X(CHARGELOSS, 7) X(RESERVED_4, 8) X(NON_SCIENCE, 9) X(DEAD, 10) X(HOT, 11) X(WARM, 12) X(LOW_QE, 13) X(RC, 14)     \
    X(TELEGRAPH, 15) X(NONLINEAR, 16) X(BAD_REF_PIXEL, 17) X(NO_FLAT_FIELD, 18) X(NO_GAIN_VALUE, 19)                   \
    X(NO_LIN_CORR, 20) X(NO_SAT_CHECK, 21) X(UNRELIABLE_BIAS, 22) X(UNRELIABLE_DARK, 23) X(UNRELIABLE_SLOPE, 24)       \
    X(UNRELIABLE_FLAT, 25) X(OPEN, 26) X(ADJ_OPEN, 27) X(FLUX_ESTIMATED, 28) X(MSA_FAILED_OPEN, 29)                    \
    X(OTHER_BAD_PIXEL, 30) X(REFERENCE_PIXEL, 31)

/* Preprocessor constants, since kernels and OpenCL C read this header too. */
#define RP_DQ_DO_NOT_USE 0x1u
#define RP_DQ_SATURATED 0x2u
#define RP_DQ_JUMP_DET 0x4u
#define RP_DQ_DROPOUT 0x8u
#define RP_DQ_OUTLIER 0x10u
#define RP_DQ_PERSISTENCE 0x20u
#define RP_DQ_AD_FLOOR 0x40u
#define RP_DQ_CHARGELOSS 0x80u
#define RP_DQ_NON_SCIENCE 0x200u
#define RP_DQ_BAD_REF_PIXEL 0x20000u
#define RP_DQ_NO_FLAT_FIELD 0x40000u
#define RP_DQ_NO_GAIN_VALUE 0x80000u
#define RP_DQ_NO_LIN_CORR 0x100000u
#define RP_DQ_NO_SAT_CHECK 0x200000u
#define RP_DQ_UNRELIABLE_BIAS 0x400000u
#define RP_DQ_UNRELIABLE_DARK 0x800000u
#define RP_DQ_UNRELIABLE_SLOPE 0x1000000u
#define RP_DQ_FLUX_ESTIMATED 0x10000000u
#define RP_DQ_REFERENCE_PIXEL 0x80000000u

#endif
