/* Signals: host/cli/signals.h.  The flag is the one variable of file scope here: a handler reaches nothing else. */
#include <string.h>

#include "host/cli/signals.h"

static volatile sig_atomic_t caught;

static void note_signal(int number)
{
    caught = number;
}

const volatile sig_atomic_t *rp_signals_catch(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note_signal;
    /* RESETHAND: a run that does not stop can still be ended by a second Ctrl-C */
    action.sa_flags = SA_RESTART | (int)SA_RESETHAND;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    return &caught;
}
