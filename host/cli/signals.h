/* SIGINT and SIGTERM ask a run to stop; the second one ends the process at once. */
#ifndef RP_HOST_CLI_SIGNALS_H
#define RP_HOST_CLI_SIGNALS_H

#include <signal.h>

/* Installs the handlers; the flag becomes non-zero (the signal's number) when one arrives. */
const volatile sig_atomic_t *rp_signals_catch(void);

#endif
