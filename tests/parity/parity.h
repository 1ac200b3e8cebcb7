/* One golden case computed in many ways: tests/parity/parity.c. */
#ifndef RP_TESTS_PARITY_PARITY_H
#define RP_TESTS_PARITY_PARITY_H

#include "tests/common/case.h"

typedef struct parity {
    const char *bin, *case_dir, *work;
    char *exposure, *base, *out, *log; /* folders of the exposure and of products; where standard error goes */
} parity;

/* Runs the case into folder `out` with up to three further options; ends the program when it fails. */
void parity_run(const parity *p, const char *out, const char *o1, const char *o2, const char *o3);

/* The pipeline at once against its steps run one by one.  True when all planes are the same. */
bool parity_chain(const parity *p);

/* A run that stops at a checkpoint and goes on from it, after each step in turn that may be one. */
bool parity_resume(const parity *p);

#endif
