/* Status codes and error text.
 *
 * Every fallible function returns an rp_code and takes `rp_error *err` last; err may be NULL.
 * The message names the file, plane or keyword at fault and the remedy, in one line without newline.
 * The numeric exit status of the command is rp_exit_code(code): see docs/formats.md "Exit codes". */
#ifndef RAMPART_STATUS_H
#define RAMPART_STATUS_H

typedef enum rp_code {
    RP_OK = 0,
    RP_E_ARGUMENT,    /* a request that makes no sense: unknown option, value out of range */
    RP_E_IO,          /* the operating system refused: missing file, disk full, no permission */
    RP_E_FORMAT,      /* a file is not what it claims to be: truncated, absurd size, bad syntax */
    RP_E_MISMATCH,    /* files are sound but do not fit each other */
    RP_E_MISSING,     /* a needed keyword, plane or reference is absent */
    RP_E_MEMORY,      /* allocation failed or the memory budget is too small */
    RP_E_DEVICE,      /* a compute device is missing, failed, or gave wrong answers */
    RP_E_UNSUPPORTED, /* understood, and refused by name */
    RP_E_INTERRUPTED, /* cancelled by the user */
    RP_E_NO_DATA,     /* no science data on the detector */
    RP_E_INTERNAL     /* a broken promise inside Rampart */
} rp_code;

enum { RP_ERROR_TEXT = 1024 };

typedef struct rp_error {
    rp_code code;
    char text[RP_ERROR_TEXT];
} rp_error;

/* Fills err (if not NULL) and returns code, so that callers may write `return rp_fail(...)`. */
rp_code rp_fail(rp_error *err, rp_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* As rp_fail, with ": strerror(errno)" appended. */
rp_code rp_fail_errno(rp_error *err, rp_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Puts "text: " in front of the message already in err; for callers that know the file. */
void rp_error_prefix(rp_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

const char *rp_code_name(rp_code code);

#endif
