/* The log as products keep it (cal_logs): include/rampart/pipeline.h.  Line form and scrubbing follow the reference. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "host/pipelines/scrub.h"
#include "rampart/pipeline.h"

struct rp_recorder {
    pthread_mutex_t lock;
    char *bytes; /* terminated lines, one after the other */
    size_t used, capacity, count;
    rp_scrubber scrubber;
};

rp_code rp_recorder_new(rp_recorder **out, rp_error *err)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return rp_fail(err, RP_E_MEMORY, "no memory for the log of a run");
    (void)pthread_mutex_init(&(*out)->lock, NULL);
    rp_scrubber_init(&(*out)->scrubber);
    return RP_OK;
}

void rp_recorder_free(rp_recorder *recorder)
{
    if (!recorder)
        return;
    (void)pthread_mutex_destroy(&recorder->lock);
    free(recorder->bytes);
    free(recorder);
}

static const char *level_name(rp_level level)
{
    return level >= RP_CRITICAL  ? "CRITICAL"
           : level >= RP_ERROR   ? "ERROR"
           : level >= RP_WARNING ? "WARNING"
           : level >= RP_INFO    ? "INFO"
                                 : "DEBUG";
}

static void append(rp_recorder *recorder, const char *line)
{
    const size_t bytes = strlen(line) + 1;
    if (recorder->capacity - recorder->used < bytes) {
        const size_t capacity = 2 * recorder->capacity + bytes + 4096;
        char *grown = realloc(recorder->bytes, capacity);
        if (!grown)
            return;
        recorder->bytes = grown;
        recorder->capacity = capacity;
    }
    memcpy(recorder->bytes + recorder->used, line, bytes);
    recorder->used += bytes;
    recorder->count++;
}

void rp_recorder_add(rp_recorder *recorder, rp_level level, const char *name, const char *text)
{
    struct timespec now;
    struct tm utc;
    char stamp[32], *line = NULL;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &utc);
    if (asprintf(&line, "%s.%03ld - %s - %s - %s", stamp, now.tv_nsec / 1000000, name, level_name(level), text) < 0)
        return;
    rp_scrub(&recorder->scrubber, line);
    (void)pthread_mutex_lock(&recorder->lock);
    append(recorder, line);
    (void)pthread_mutex_unlock(&recorder->lock);
    free(line);
}

rp_code rp_recorder_lines(const rp_recorder *recorder, char ***lines, size_t *count, rp_error *err)
{
    *lines = NULL;
    *count = 0;
    if (!recorder)
        return RP_OK;
    pthread_mutex_t *lock = (pthread_mutex_t *)&recorder->lock;
    (void)pthread_mutex_lock(lock);
    const size_t head = (recorder->count + 1) * sizeof **lines;
    char **out = malloc(head + recorder->used);
    if (out) {
        char *text = (char *)out + head;
        if (recorder->used > 0)
            memcpy(text, recorder->bytes, recorder->used);
        for (size_t i = 0; i < recorder->count; i++) {
            out[i] = text;
            text += strlen(text) + 1;
        }
        out[recorder->count] = NULL;
        *count = recorder->count;
    }
    (void)pthread_mutex_unlock(lock);
    *lines = out;
    return out ? RP_OK : rp_fail(err, RP_E_MEMORY, "no memory for the log of a product");
}
