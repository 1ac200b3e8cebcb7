/* Status and error text: include/rampart/status.h. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "rampart/status.h"

static void set_text(rp_error *err, rp_code code, const char *format, va_list args)
{
    if (!err)
        return;
    err->code = code;
    (void)vsnprintf(err->text, sizeof err->text, format, args);
}

rp_code rp_fail(rp_error *err, rp_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set_text(err, code, format, args);
    va_end(args);
    return code;
}

rp_code rp_fail_errno(rp_error *err, rp_code code, const char *format, ...)
{
    const int saved = errno;
    va_list args;
    va_start(args, format);
    set_text(err, code, format, args);
    va_end(args);
    if (err) {
        const size_t used = strlen(err->text);
        char reason[128];
        (void)snprintf(err->text + used, sizeof err->text - used, ": %s", strerror_r(saved, reason, sizeof reason));
    }
    return code;
}

void rp_error_prefix(rp_error *err, const char *format, ...)
{
    if (!err)
        return;
    char front[RP_ERROR_TEXT], back[RP_ERROR_TEXT];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(front, sizeof front, format, args);
    va_end(args);
    memcpy(back, err->text, sizeof back);
    (void)snprintf(err->text, sizeof err->text, "%.400s: %.600s", front, back);
}

const char *rp_code_name(rp_code code)
{
    static const char *const names[] = {
        [RP_OK] = "ok",
        [RP_E_ARGUMENT] = "bad argument",
        [RP_E_IO] = "input/output error",
        [RP_E_FORMAT] = "bad format",
        [RP_E_MISMATCH] = "mismatch",
        [RP_E_MISSING] = "missing",
        [RP_E_MEMORY] = "out of memory",
        [RP_E_DEVICE] = "device error",
        [RP_E_UNSUPPORTED] = "not supported",
        [RP_E_INTERRUPTED] = "interrupted",
        [RP_E_NO_DATA] = "no data",
        [RP_E_INTERNAL] = "internal error",
    };
    return (size_t)code < sizeof names / sizeof *names && names[code] ? names[code] : "unknown";
}
