/* Log lines.  The library never prints: it hands lines to the sink that the caller set.
 * A NULL rp_log is silent.  Thread-safe when the sink is. */
#ifndef RAMPART_LOG_H
#define RAMPART_LOG_H

typedef enum rp_level { RP_DEBUG = 10, RP_INFO = 20, RP_WARNING = 30, RP_ERROR = 40, RP_CRITICAL = 50 } rp_level;

typedef struct rp_log {
    void (*line)(void *payload, rp_level level, const char *name, const char *text);
    void *payload;
} rp_log;

/* `name` is the logger's name in the field's habit: "stpipe.Detector1Pipeline.jump", "stpipe". */
void rp_logf(const rp_log *log, rp_level level, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
