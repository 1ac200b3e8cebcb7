/* Log lines: include/rampart/log.h. */
#include <stdarg.h>
#include <stdio.h>

#include "rampart/log.h"

void rp_logf(const rp_log *log, rp_level level, const char *name, const char *format, ...)
{
    if (!log || !log->line)
        return;
    char text[2048];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log->line(log->payload, level, name, text);
}
