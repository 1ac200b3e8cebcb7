/* Compiled contexts: service_impl.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "archive/services/crds/service_impl.h"

enum { KEPT = 16 };

typedef struct slot {
    rp_context *context;
    char name[132];
    int users;
    uint64_t used; /* clock of the last use */
} slot;

struct rp_crds_contexts {
    pthread_mutex_t lock;
    char *crds_path;
    const rp_log *log;
    slot slot[KEPT];
    uint64_t clock;
};

rp_code rp_crds_contexts_new(rp_crds_contexts **out, const char *crds_path, const char *observatory, const rp_log *log,
                             rp_error *err)
{
    (void)observatory;
    rp_crds_contexts *contexts = calloc(1, sizeof *contexts);
    char *copy = strdup(crds_path);
    *out = contexts;
    if (!contexts || !copy) {
        free(contexts);
        free(copy);
        *out = NULL;
        return rp_fail(err, RP_E_MEMORY, "no memory for contexts");
    }
    contexts->crds_path = copy;
    contexts->log = log;
    (void)pthread_mutex_init(&contexts->lock, NULL);
    return RP_OK;
}

void rp_crds_contexts_free(rp_crds_contexts *contexts)
{
    if (!contexts)
        return;
    for (size_t i = 0; i < KEPT; i++)
        rp_context_close(contexts->slot[i].context);
    (void)pthread_mutex_destroy(&contexts->lock);
    free(contexts->crds_path);
    free(contexts);
}

/* The slot that holds the name; else an empty one, or the one out of use for longest; NULL when all are in use. */
static slot *choose(rp_crds_contexts *contexts, const char *name)
{
    slot *best = NULL;
    for (size_t i = 0; i < KEPT; i++) {
        slot *s = &contexts->slot[i];
        if (s->context && strcmp(s->name, name) == 0)
            return s;
        if (s->users == 0 && (!best || s->used < best->used))
            best = s;
    }
    return best;
}

static rp_code load(rp_crds_contexts *contexts, slot *s, const char *name, rp_error *err)
{
    const rp_context_options options = {.log = contexts->log};
    rp_context *context = NULL;
    rp_error why = {0};
    const rp_code code = rp_context_open(&context, contexts->crds_path, name, &options, &why);
    if (code) { /* the reason names our folders: it is for our log */
        rp_logf(contexts->log, RP_ERROR, "refs", "%s: %s", name, why.text);
        return rp_fail(err, code, "context '%s' cannot be loaded", name);
    }
    rp_context_close(s->context);
    *s = (slot){.context = context};
    (void)strncpy(s->name, name, sizeof s->name - 1);
    return RP_OK;
}

rp_code rp_crds_contexts_take(rp_crds_contexts *contexts, const char *name, const rp_context **out, rp_error *err)
{
    rp_code code = RP_OK;
    (void)pthread_mutex_lock(&contexts->lock);
    slot *s = choose(contexts, name);
    if (!s)
        code = rp_fail(err, RP_E_MEMORY, "too many contexts are asked for at once: try again");
    else if (!s->context || strcmp(s->name, name) != 0)
        code = load(contexts, s, name, err);
    if (!code) {
        s->users++;
        s->used = ++contexts->clock;
        *out = s->context;
    }
    (void)pthread_mutex_unlock(&contexts->lock);
    return code;
}

void rp_crds_contexts_release(rp_crds_contexts *contexts, const rp_context *context)
{
    (void)pthread_mutex_lock(&contexts->lock);
    for (size_t i = 0; i < KEPT; i++)
        if (contexts->slot[i].context == context)
            contexts->slot[i].users--;
    (void)pthread_mutex_unlock(&contexts->lock);
}
