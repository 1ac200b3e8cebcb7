/* One golden case under every misfortune: tests/fault/fault.c. */
#ifndef RP_TESTS_FAULT_FAULT_H
#define RP_TESTS_FAULT_FAULT_H

#include "tests/common/case.h"

typedef struct fault {
    const char *bin;     /* the program as it is shipped */
    const char *wrapped; /* the program whose calls can be made to fail (inject.c) */
    const char *case_dir, *work, *mode;
    char *exposure; /* folder of the unpacked exposure */
    char *base;    /* products of an undisturbed run */
    char *out;     /* products of a disturbed one, and what was there before */
    char *scratch; /* TMPDIR of the runs; must be empty after each */
    char *log;
    long runs, refused, harmless, failures;
} fault;

/* How much of a run that failed may be visible. */
typedef enum leftover {
    LEAVES_NOTHING,       /* every file is as it was before */
    LEAVES_WHOLE_PRODUCTS /* or a complete product: the trouble came while they were renamed one after another */
} leftover;

/* Writes what stands for a product of an earlier run. */
void fault_old_product(const char *path);

/* Fills f->out with what an earlier run and its owner left there. */
void fault_prepare(const fault *f);

/* "BIN run ..." of the case into f->out, on one thread of the host, with up to two further options (NULL: none). */
test_command fault_command(const fault *f, const char *bin, const char *o1, const char *o2);

/* Judges one run by its exit code, its log and the folders, and counts it: a failure must have a documented exit code and a
 * message that holds each of `words` (NULL: none), a success must have left all products.  `what` names the run. */
bool fault_judge(fault *f, const char *what, int status, leftover allowed, const char *const *words);

/* Judges a run that went through with data of another content: only leftovers and sanitizers can speak against it. */
void fault_passed(fault *f, const char *what);

/* Runs and judges: the command may be changed in between. */
bool fault_run(fault *f, const char *what, const test_command *command, leftover allowed, const char *const *words);

/* The modes.  Each returns ctest's exit code. */
int fault_injected(fault *f);  /* injected.c */
int fault_file_size(fault *f); /* surroundings.c */
int fault_full_disk(fault *f);
int fault_folders(fault *f);
int fault_signals(fault *f); /* signals.c */
int fault_truncated(fault *f); /* inputs.c */
int fault_inputs(fault *f);
int fault_bits(fault *f);

/* The same pseudo-random numbers everywhere: 0 <= result < n. */
unsigned long fault_random(unsigned long *state, unsigned long n);

#endif
